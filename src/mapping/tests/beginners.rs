//! What those who begin get wrong: the cause is told, with what to do, and what follows from it is not.

use super::findings::of_files;
use super::*;
use crate::diagnostic::Diagnostic;

/// Each problem of a file, with its help; `context` is what the configuration knows.
fn told(text: &str, context: &CompileContext) -> String {
    let source = SourceFile::new("m", text);
    let found = match compile(std::slice::from_ref(&source), context) {
        Ok(mappings) => mappings.warnings().clone(),
        Err(found) => found,
    };
    let line = |problem: &Diagnostic| format!("{} | {}", one_line(problem), problem.help.join(" | "));
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Of one file whose configuration is not known.
fn alone(text: &str) -> String {
    told(text, &CompileContext::default())
}

const HEAD: &str = "kind: mapping\nversion: 1\nid: m\nsource: s\nsubject: { from: name_id }\n";

#[test]
fn a_live_mapping_without_scopes_is_warned_of_where_an_api_has_some() {
    let context = CompileContext {
        apis: Some(BTreeMap::from([
            (Audience::new("https://open.example"), ScopeSet::default()),
            (Audience::new("https://payroll.example"), ScopeSet::parse("payroll.read").unwrap()),
        ])),
        ..CompileContext::default()
    };
    let code = "mapping.scopes_none";
    let is_warned = |part: &str, context: &CompileContext| told(&format!("{HEAD}{part}"), context).contains(code);
    let unknown = CompileContext::default();
    for (part, known, alone) in [
        ("", true, true),
        ("scopes: {}\n", true, false),
        ("scopes: { payroll.read: 'true' }\n", false, false),
        ("stage: shadow\n", false, false),
        ("for: { audiences: ['https://open.example'] }\n", false, true),
        ("for: { audiences: ['https://open.example', 'https://payroll.example'] }\n", true, true),
        ("claims: { a: { value: x } }\nrelease: { https://open.example: [a] }\n", false, true),
        ("claims: { a: { value: x } }\nrelease: { https://payroll.example: [a] }\n", true, true),
        // It has worse to mend first.
        ("stage: lvie\n", false, false),
    ] {
        assert_eq!((is_warned(part, &context), is_warned(part, &unknown)), (known, alone), "{part}");
    }
    assert_snapshot!(format!("{}\n{}", told(HEAD, &context), alone(HEAD)), @r#"
    mapping.scopes_none 3:5 no scope is declared, so no token for `https://payroll.example` comes of it | say who can get what: `scopes: { payroll.read: "'HR' in attr.groups" }`, or `"true"` for all
    mapping.scopes_none 3:5 no scope is declared, so no token for an API that has scopes comes of it | say who can get what: `scopes: { api.read: "'HR' in attr.groups" }`, or `"true"` for all | if the API has none, say so: `scopes: {}`
    "#);
}

#[test]
fn a_file_that_releases_nothing_is_one_warning() {
    let parts = [
        "claims: { a: { value: x }, b: { value: y }, c: { value: z }, d: { value: w } }",
        "claims: { a: { value: x }, b: { value: y } }\nscopes: { s: \"claims.a == 'x'\" }",
        "claims: { a: { value: x }, b: { value: y } }\nrelease: { https://a.example: [] }",
        "claims: { a: { value: x } }",
        "claims: { a: { value: x }, b: { cel: 'claims.a' } }",
    ];
    let lines: Vec<_> = parts.iter().map(|part| alone(&with(part))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    mapping.claim_unreleased 6:11 the file has no `release`: none of its 4 claims leaves | say which API may see which: `release: { https://…: [a, b, c, …] }`

    mapping.claim_unreleased 6:28 no audience may see the claim `b`, and no expression reads it | list it under `release`, or remove it

    mapping.claim_unreleased 6:11 no audience may see the claim `a`, and no expression reads it | list it under `release`, or remove it
    mapping.claim_unreleased 6:28 no audience may see the claim `b`, and no expression reads it | list it under `release`, or remove it

    mapping.claim_unreleased 6:11 no audience may see the claim `a`, and no expression reads it | list it under `release`, or remove it

    mapping.claim_unreleased 6:28 no audience may see the claim `b`, and no expression reads it | list it under `release`, or remove it
    "#);
}

#[test]
fn what_hangs_on_a_broken_part_is_not_told_as_well() {
    let claims = "attributes: { g: { name: g, many: true }, u: { name: u } }\n\
                  claims: { r: { from: g, table: roles }, u: u }\nrelease: { p: [r, u] }\nbudget: 8KiB\n";
    let cases = [
        format!("include: [roles.yaml]\nvocabulary: [ours]\n{claims}"),
        claims.to_owned(),
        format!("tabels: {{ roles: {{ a: b }} }}\n{claims}"),
        format!("tables: [roles]\n{claims}"),
        "vocabulary: adfs\nattributes: { a: { friendly_name: upn }, b: { friendly_name: sid } }".to_owned(),
        "vocabluary: [adfs]\nattributes: { a: { friendly_name: upn } }".to_owned(),
        "claims: { a: { value: x } }\nrelase: { p: [a] }".to_owned(),
        "claims: { a: { value: x } }\nrelease: [a]".to_owned(),
        "claims: { iss: { value: x }, a: { value: y } }\nrelease: { p: [a] }".to_owned(),
        "atributes: { u: { name: u } }\nclaims: { a: u, b: { cel: attr.u } }\nrelease: { p: [a, b] }".to_owned(),
        "clams: { a: { value: x } }\nrelease: { p: [a] }\nscopes: { s: \"claims.a == 'x'\" }".to_owned(),
        "scoeps: { s: 'true' }\ntests: [{ name: t, given: { name_id: x }, expect: { scopes: [s] } }]".to_owned(),
        "claims: { a: { form: u }, b: { cell: '1' } }\nattributes: { u: { naem: u } }\nrelease: { p: [a, b] }"
            .to_owned(),
    ];
    let lines: Vec<_> = cases.iter().map(|part| alone(&with(part))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    mapping.include_unknown 6:11 there is no file `roles.yaml` below the folder of mappings | paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`

    mapping.table_unknown 7:32 there is no table `roles` | define it under `tables`, or include the file that has it

    file.key_unknown 6:1 a mapping has no key `tabels` | did you mean `tables`?

    file.wrong_type 6:9 `tables` must be keys and values, not a list | write `key: value` pairs: `{ key: value }`, or one a line

    file.wrong_type 6:13 `vocabulary` must be a list, not text | write a list: `[one, two]`, or one `- element` a line

    file.key_unknown 6:1 a mapping has no key `vocabluary` | did you mean `vocabulary`?

    file.key_unknown 7:1 a mapping has no key `relase` | did you mean `release`?

    file.wrong_type 7:10 `release` must be keys and values, not a list | write `key: value` pairs: `{ key: value }`, or one a line

    mapping.claim_reserved 6:11 the claim `iss` belongs to the issuer | choose another name

    file.key_unknown 6:1 a mapping has no key `atributes` | did you mean `attributes`?

    file.key_unknown 6:1 a mapping has no key `clams` | did you mean `claims`?

    file.key_unknown 6:1 a mapping has no key `scoeps` | did you mean `scopes`?

    file.key_unknown 6:16 the claim `a` has no key `form` | did you mean `from`?
    file.key_unknown 6:32 the claim `b` has no key `cell` | did you mean `cel`?
    file.key_unknown 7:20 the attribute `u` has no key `naem` | did you mean `name`?
    "#);
}

#[test]
fn an_include_that_is_broken_itself_is_told_once() {
    let mapping = with(
        "include: [a.yaml]\nattributes: { g: { name: g, many: true } }\n\
         claims: { g: { from: g, table: t } }\nrelease: { x: [g] }\nbudget: 1KiB\n",
    );
    let sets = [
        "kind: tables\nversion: 1\nid: t\ntables: { t: { a: b }\n",
        "kind: tables\nversion: 1\nid: t\ninclude: [b.yaml]\ntables: { u: { a: b } }\n",
    ];
    let lines: Vec<_> = sets.iter().map(|tables| of_files(&[("m.yaml", &mapping), ("a.yaml", tables)])).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    a.yaml file.syntax 4:9 unclosed bracket '{' | close it behind the last of what belongs to it

    a.yaml mapping.include_unknown 4:11 there is no file `b.yaml` below the folder of mappings | paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`
    "#);
}

#[test]
fn a_test_of_a_request_that_never_comes_here_is_told() {
    let text = |given: &str| {
        with(&format!(
            "for: {{ clients: [payroll-portal], audiences: ['https://payroll.example'] }}\n\
             tests: [{{ name: t, given: {{ name_id: x, {given} }}, expect: {{ subject: x }} }}]\n"
        ))
        .replace("source: s\n", "source: intranet\n")
        .replace("scopes: {}\n", "scopes: { payroll.read: 'true' }\n")
    };
    let mut context = context();
    if let (Some(clients), Some(apis)) = (&mut context.clients, &mut context.apis) {
        clients.insert(ClientId::new("desk"));
        apis.insert(Audience::new("https://desk.example"), ScopeSet::default());
    }
    let given = [
        "client: payroll-portal, audience: 'https://payroll.example'",
        "client: payrol-portal, audience: 'https://payroll.exampel'",
        "client: desk, audience: 'https://desk.example'",
    ];
    let lines: Vec<_> = given.iter().map(|given| told(&text(given), &context)).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    mapping.client_unknown 7:49 the configuration has no client `payrol-portal` | did you mean `payroll-portal`?
    mapping.audience_unknown 7:74 the configuration has no API with the audience `https://payroll.exampel` | did you mean `https://payroll.example`?

    mapping.client_unknown 7:49 this mapping does not apply to the client `desk` | `for.clients` has payroll-portal
    mapping.audience_unknown 7:65 this mapping does not apply to the audience `https://desk.example` | `for.audiences` has https://payroll.example
    "#);
    // What `for` says is known without a configuration.
    assert_eq!(alone(&text(given[2])).lines().count(), 2);
    // The refusal of a recorded credential may be just that.
    let recorded = text("client: desk").replace("name_id: x", "credential: x.xml, now: 2026-03-01T12:00:00Z");
    assert_eq!(told(&recorded.replace("subject: x", "refused: policy.scope_exceeds"), &context), "");
}

#[test]
fn the_usual_mistakes_of_values_have_a_help() {
    let parts = [
        "require: [{ id: a, message: guests, go away, cel: 'name_id == null' }]",
        "claims: { a: { value: 07 } }\nrelease: { p: [a] }",
        "budget: 1024",
        "attributes: { in: { name: x } }",
    ];
    let lines: Vec<_> = parts.iter().map(|part| alone(&with(part))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    file.key_unknown 6:37 a rule of `require` has no key `go away` | the keys are id, cel, message | or is it the rest of a text with a comma? put that in quotes: `message: "…, go away"`

    file.wrong_type 6:23 `value` cannot be a number | a number has no leading zero; a text of digits stands in quotes

    file.wrong_type 6:9 `budget` must be a size with its unit, not a whole number | a size such as `900B` or `4KiB`

    mapping.name_malformed 6:15 `in` is a word of CEL and cannot be a short name | choose another: expressions read it as `attr.<name>`
    "#);
}

#[test]
fn the_usual_mistakes_of_expressions_have_a_help() {
    // As it is written in the file, quotes included.
    let rules = [
        r#""attr.u == 'a' and attr.u == 'b'""#,
        r#""attr.u == 'a' or attr.u == 'b'""#,
        r#""not has(attr.m)""#,
        r#""attr.u not in ['x']""#,
        r#""attr.u = 'x'""#,
        r#""attr.u is null""#,
        r#""attr.u == 'a' & attr.u == 'b'""#,
        r#""attr.u.contains('\\')""#,
        r#""attr.u.contains('\\\\')""#,
        r#"'attr.u.contains("\")'"#,
        r#""attr.u.matches('^\\d+$')""#,
        r#""attr.u.matches(r'^\\d+$') && attr.uu == ''""#,
    ];
    let text = |rule: &str| {
        with(&format!(
            "attributes: {{ u: {{ name: u }}, m: {{ name: m, optional: true }} }}\nrequire:\n  - id: a\n    message: m\n    cel: {rule}\n"
        ))
    };
    let without = |line: &&str| !line.contains("attribute_unused");
    let told = |rule: &&str| alone(&text(rule)).lines().filter(without).collect::<Vec<_>>().join("\n");
    let lines: Vec<_> = rules.iter().map(|rule| format!("{rule}\n{}", told(rule))).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    "attr.u == 'a' and attr.u == 'b'"
    mapping.expression_syntax 10:25 mismatched input 'and' expecting the end | CEL writes `&&`
    "attr.u == 'a' or attr.u == 'b'"
    mapping.expression_syntax 10:25 mismatched input 'or' expecting the end | CEL writes `||`
    "not has(attr.m)"
    mapping.expression_syntax 10:15 mismatched input 'has' expecting the end | CEL writes `!` for `not`
    "attr.u not in ['x']"
    mapping.expression_syntax 10:18 mismatched input 'not' expecting the end | CEL writes `!(a in b)`
    "attr.u = 'x'"
    mapping.expression_syntax 10:18 mismatched input '=' expecting the end | CEL compares with `==`
    "attr.u is null"
    mapping.expression_syntax 10:18 mismatched input 'is' expecting the end | CEL compares with `==`, also with `null`
    "attr.u == 'a' & attr.u == 'b'"
    mapping.expression_syntax 10:25 unexpected single '&', expected '&&' | CEL writes `&&`
    "attr.u.contains('\\')"
    mapping.expression_syntax 10:27 unterminated string literal | in double quotes YAML halves backslashes: a literal one is written `'\\\\'`
    "attr.u.contains('\\\\')"

    'attr.u.contains("\")'
    mapping.expression_syntax 10:27 unterminated string literal | a backslash in a text is written twice: `'\\'`
    "attr.u.matches('^\\d+$')"
    mapping.expression_syntax 10:26 the text has a backslash before something that is not escaped | a regular expression is written `r'…'`, in double quotes of YAML with each backslash twice: `r'\\d'`
    "attr.u.matches(r'^\\d+$') && attr.uu == ''"
    mapping.attribute_unknown 10:40 `attr.uu` is not among the declared attributes | declare it: `attributes: { uu: { name: … } }`
    "#);
}

#[test]
fn an_element_that_may_not_be_there_is_asked_for_first() {
    let text = |rule: &str, require: &str| {
        with(&format!(
            "attributes: {{ u: {{ name: u }}, g: {{ name: g, many: true }} }}\nrequire: [{{ id: a, message: m, cel: \"{require}\" }}]\n\
             claims: {{ a: {{ cel: \"{rule}\" }} }}\nrelease: {{ p: [a] }}\n"
        ))
    };
    let other = "attr.g != [attr.u]";
    for (rule, require, warned) in [
        ("attr.u.split('@')[1]", other, true),
        ("attr.g[2]", other, true),
        ("rdns(attr.u, 'ou')[1]", other, true),
        ("attr.g.map(g, g)[1]", other, true),
        ("attr.u.split('@')[0]", other, false),
        ("['a', attr.u][1]", other, false),
        ("size(attr.u.split('@')) > 1 ? attr.u.split('@')[1] : null", other, false),
        ("attr.g.size() > 2 ? attr.g[2] : null", other, false),
        ("attr.u.contains('@') ? attr.u.split('@')[1] : null", other, false),
        ("attr.u.split('@')[1]", "attr.u.matches('^[a-z]+@[a-z]+$')", false),
        ("attr.u.split('@')[1]", "size(attr.g) > 1", true),
    ] {
        let found = problems(&text(rule, require));
        assert_eq!(found.contains("mapping.index_unguarded"), warned, "{rule} {require}: {found}");
    }
    assert_snapshot!(alone(&text("attr.u.split('@')[1]", other)), @r#"
    mapping.index_unguarded 8:22 the list may be shorter, and then the expression fails | ask first: `size(…) > 1 && …` or `size(…) > 1 ? … : null`
    "#);
}
