//! What the language can get wrong, beside what [`super`] has: one line for each problem.

use super::*;

/// Problems of a whole set of files.
pub(super) fn of_files(files: &[(&str, &str)]) -> String {
    let sources: Vec<_> = files.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect();
    let found = match compile(&sources, &CompileContext::default()) {
        Ok(mappings) => mappings.warnings().clone(),
        Err(found) => found,
    };
    let line = |problem: &crate::diagnostic::Diagnostic| {
        format!("{} {} | {}", problem.file, one_line(problem), problem.help.join(" | "))
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn rules_that_cannot_be_meant_are_found() {
    let parts = [
        "claims: { a: { from: g, join: '' } }",
        "claims: { a: { from: u, sort: true, take: one }, b: { from: g, take: one, join: x } }",
        "claims: { a: { from: g, case: lower, table: { HR: x, it: y } }, b: { from: u, split: ';', table: { 'a;b': 1, ' c': 2 } } }",
        "claims: { a: { from: g, table: rolls } }\ntables: { roles: { a: b } }",
        "claims: { a: { from: g, table: roles } }\ntables: { roles: { a: b }, other: { c: d } }",
        "claims: { a: { value: x, type: int }, b: { cel: '1', type: bool }, c: { from: u, type: object }, d: { value: { x: 1 }, type: string } }",
        "claims: { a: { from: u, on_missing: default }, b: { from: u, required: true, default: x }, c: { from: u, on_missing: refuse, default: 1 }, d: { from: g, default: x }, e: { from: u, required: true, on_missing: omit } }",
        "claims: { a: { object: {} }, b: { object: { x: nobody } }, c: { value: 1, split: x }, d: { from: u, case: lwoer, take: two } }",
        "authentication: { levels: [] }",
        "authentication: { levels: [{ acr: a, contexts: [x, y] }, { acr: b, contexts: [y] }, { acr: c }] }",
        "budget: 4kb",
        "budget: 1KiB\nclaims: { g: g, u: u }\nrelease: { p: [g, u], q: [] }",
        "stage: shadwo",
        "vocabulary: [eduprson, none]",
        "tests: [{ name: a, given: { name_id: x, attributes: { u: x } }, expect: { sub_same_as: b } }, { name: b, given: { credential: x.xml, name_id: y }, expect: { released: [nothing] } }]",
    ];
    let text = |part: &str| {
        with(&format!(
            "attributes: {{ u: {{ name: u, optional: true }}, g: {{ name: g, many: true, optional: true }} }}\n{part}\n"
        ))
    };
    let lines: Vec<_> = parts.iter().map(|part| without_release(&of_files(&[("m", &text(part))]))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    m mapping.join_without_separator 7:31 joined without a separator, `ab` and `c` would be the same as `a` and `bc` | write one that no value has: `join: " "`

    m mapping.step_idle 7:31 `sort` has nothing to work on: the attribute has exactly one value | declare the attribute with `many: true`, add `split`, or remove it
    m mapping.step_idle 7:43 `take` has nothing to work on: the attribute has exactly one value | declare the attribute with `many: true`, add `split`, or remove it
    m mapping.rule_ambiguous 7:81 both `take` and `join` | one of them makes a single value: keep that

    m mapping.table_key_shadowed 7:47 the row `HR` is never found: after `case: lower` no value has capitals | write the key as values look at this point
    m mapping.table_key_shadowed 7:100 the row `a;b` is never found: after `split` no value has the separator | write the key as values look at this point
    m mapping.table_key_shadowed 7:110 the row ` c` is never found: after `split` no value has white space at its ends | write the key as values look at this point

    m mapping.table_unknown 7:32 there is no table `rolls` | did you mean `roles`?

    m mapping.table_unused 8:28 nothing uses the table `other` | use it in a claim, `table: …`, or remove it

    m mapping.type_mismatch 7:32 `type: int` cannot be made of text | write the type that the rule yields, or another rule
    m mapping.type_mismatch 7:60 `type: bool` cannot be made of a whole number | write the type that the rule yields, or another rule
    m mapping.type_mismatch 7:88 `type: object` cannot be made of text | an object is written `object:` with its members, or made by an expression
    m mapping.type_mismatch 7:126 `type: string` cannot be made of an object | leave `type` out, or write `type: object`

    m file.key_missing 7:25 the claim `a` has `on_missing: default` and no `default` | add `default:` with the value
    m mapping.rule_ambiguous 7:78 the claim `b` has a `default` that is never used | write `on_missing: default`, or remove it
    m mapping.rule_ambiguous 7:126 the claim `c` has a `default` that is never used | write `on_missing: default`, or remove it
    m mapping.type_mismatch 7:163 the default is text, and the claim is otherwise a list | a claim has one type: whoever reads it should not have to ask
    m mapping.rule_ambiguous 7:198 the claim `e` has both `required` and `on_missing` | `required: true` is short for `on_missing: refuse`

    m file.empty 7:24 an `object` without members is never there | write its members: `{ locality: city }`
    m mapping.attribute_unknown 7:48 `nobody` is not among the declared attributes | declare it: `attributes: { nobody: { name: … } }`
    m mapping.rule_ambiguous 7:75 the claim `c` has a `split` but no `from` | it works on the values of an attribute: add `from`, or do it in the expression
    m file.wrong_value 7:107 `case` cannot be `lwoer` | did you mean `lower`?
    m file.wrong_value 7:120 `take` cannot be `two` | it is one of one, first

    m file.empty 7:27 `levels` is empty: nothing could be said of a login | write the lowest level first: `- { acr: … }`

    m mapping.context_repeated 7:79 `y` stands on two levels | keep it on the level that it proves
    m mapping.level_unreachable 7:92 nobody can reach the level `c`: it has no `contexts` | list what the source says for it; only the first level needs nothing

    m file.wrong_value 7:9 `budget` cannot be `4kb` | a size such as `900B` or `4KiB`, at most 64KiB

    m mapping.budget_too_small 7:9 the claims for `p` may take 824512 bytes, and the budget is 1024 | lower `max` and `max_bytes` of the attributes, release less, or raise the budget

    m file.wrong_value 7:8 `stage` cannot be `shadwo` | did you mean `shadow`?

    m mapping.vocabulary_unknown 7:14 there is no vocabulary `eduprson` | did you mean `eduperson`?
    m mapping.vocabulary_unknown 7:24 there is no vocabulary `none` | there are adfs, eduperson, entra, keycloak, okta, pingfederate, simplesamlphp; your own is included as a file

    m mapping.test_unknown 7:88 no test above has the name `b` | `sub_same_as` compares with a test that stands before this one
    m mapping.test_without_clock 7:115 a recorded credential needs `now`: without it the test fails as soon as the credential expires | add `now:` with a moment at which it was valid
    m mapping.rule_ambiguous 7:134 the credential says `name_id` by itself | remove one of the two
    m mapping.claim_unknown 7:169 `nothing` is not among the claims | define it: `claims: { nothing: … }`
    "#);
}

/// Claims without a `release` are not what these cases are about.
fn without_release(lines: &str) -> String {
    let about = |line: &&str| !line.contains("claim_unreleased") && !line.contains("attribute_unused");
    lines.lines().filter(about).collect::<Vec<_>>().join("\n")
}

#[test]
fn attributes_that_cannot_be_meant_are_found() {
    let parts = [
        "attributes: { a: { name: n, friendly_name: mail }, b: {}, c: { friendly_name: mail }, d: { name: k, max_bytes: 0, repeated: merge } }",
        "vocabulary: [eduprson]\nattributes: { a: { friendly_name: mail } }\nclaims: { a: a }\nrelease: { x: [a] }",
        "vocabulary: [eduperson]\nattributes: { a: { friendly_name: eduPersonPrincipleName }, b: { friendly_name: nothingOfTheKind } }",
        "attributes: { a: { name: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailadress' } }\nclaims: { a: a }\nrelease: { x: [a] }",
        "attributes: { a: { name: a }, b: { name: b, optional: true } }",
    ];
    let lines: Vec<_> = parts.iter().map(|part| of_files(&[("m", &with(part))])).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    m mapping.rule_ambiguous 6:29 the attribute `a` has both `name` and `friendly_name` | keep one: a friendly name stands for a name
    m file.key_missing 6:55 the attribute `b` lacks the key `name` | add `name:`
    m mapping.friendly_name_unknown 6:79 a friendly name needs a `vocabulary` to look in | `vocabulary: [adfs]` has it
    m file.wrong_value 6:112 `max_bytes` must be from 1 to 65536 | unless told it is 4096
    m mapping.rule_ambiguous 6:125 several attributes cannot be merged into exactly one value | add `many: true`, or remove `repeated`

    m mapping.vocabulary_unknown 6:14 there is no vocabulary `eduprson` | did you mean `eduperson`?

    m mapping.friendly_name_unknown 7:35 the vocabularies of this file have no `eduPersonPrincipleName` | did you mean `eduPersonPrincipalName`?
    m mapping.friendly_name_unknown 7:81 the vocabularies of this file have no `nothingOfTheKind` | write the `name` that the source sends

    m mapping.name_suspect 6:26 `http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailadress` is nearly a name that products send | did you mean `http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress`?

    m mapping.attribute_unused 6:15 no rule uses the attribute `a` | use it, or remove it: as it stands, people without it are refused
    m mapping.attribute_unused 6:31 no rule uses the attribute `b` | use it, or remove it: what is not declared is reported, and never read
    "#);
}

#[test]
fn subjects_that_cannot_be_meant_are_found() {
    let mail = "attributes: { m: { name: 'urn:oid:0.9.2342.19200300.100.1.3' } }";
    let subject =
        |rule: &str| format!("kind: mapping\nversion: 1\nid: m\nsource: s\n{mail}\nsubject: {rule}\nscopes: {{}}\n");
    let rules = [
        "{ from: m }",
        "{ cel: 'attr.m.lowerAscii()' }",
        "{ from: m, email_proven: true }",
        "{ from: name_id, link: { source: s, from: m } }",
        "{ from: name_id, link: { source: t, from: name_id, format: x } }",
        "{ from: name_id, link: { from: m, cel: name_id } }",
    ];
    let lines: Vec<_> = rules.iter().map(|rule| without_release(&of_files(&[("m", &subject(rule))]))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    m mapping.email_identity 6:18 `m` is an e-mail address, and nothing says that this source proves it | choose an identifier that is never given to another person | or, if this source proves addresses and never reassigns them, say `email_proven: true` beside it

    m mapping.email_identity 6:17 `m` is an e-mail address, and nothing says that this source proves it | choose an identifier that is never given to another person | or, if this source proves addresses and never reassigns them, say `email_proven: true` beside it



    m mapping.link_to_itself 6:43 a source names the same people as itself anyway | name the source that people come from, or remove the link

    m mapping.rule_ambiguous 6:69 `from: name_id` brings its own format along | remove `format`, or read the value by `{ cel: name_id }`

    m file.key_missing 6:33 `link` lacks the key `source` | add `source:`
    m mapping.rule_ambiguous 6:33 `link` needs `from` or `cel`, and has both | for instance `{ from: name_id }` or `{ cel: "attr.upn.lowerAscii()" }`
    "#);
}

#[test]
fn includes_lead_somewhere_and_never_back() {
    let tables =
        |include: &str| format!("kind: tables\nversion: 1\nid: t\ninclude: [{include}]\ntables: {{ t: {{ a: b }} }}\n");
    let mapping = |include: &str| {
        with(&format!(
            "include: [{include}]\nattributes: {{ g: {{ name: g, many: true }} }}\nclaims: {{ g: {{ from: g, table: t }} }}\nrelease: {{ x: [g] }}\n"
        ))
    };
    let sets = [
        vec![("d/m.yaml", mapping("tabels.yaml")), ("d/tables.yaml", tables(""))],
        vec![("d/m.yaml", mapping("/etc/passwd, m.yaml, ../../x.yaml"))],
        vec![
            ("m.yaml", mapping("a.yaml")),
            ("a.yaml", tables("b.yaml")),
            ("b.yaml", tables("a.yaml").replace("t: {", "u: {")),
        ],
        vec![("m.yaml", mapping("a.yaml")), ("a.yaml", tables("a.yaml"))],
        vec![("m.yaml", mapping("a.yaml, b.yaml")), ("a.yaml", tables("")), ("b.yaml", tables(""))],
        vec![("m.yaml", mapping("a.yaml")), ("a.yaml", tables("")), ("lonely.yaml", tables(""))],
        vec![("m.yaml", mapping("a.yaml")), ("a.yaml", "kind: tabels\nversion: 1\n".into())],
    ];
    let lines: Vec<_> = sets
        .iter()
        .map(|files| of_files(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>()))
        .collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    d/m.yaml mapping.include_unknown 6:11 there is no file `tabels.yaml` below the folder of mappings | did you mean `tables.yaml`?

    d/m.yaml mapping.include_unknown 6:11 there is no file `/etc/passwd` below the folder of mappings | paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`
    d/m.yaml mapping.include_unknown 6:24 `m.yaml` is not a file of tables or a vocabulary | paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`
    d/m.yaml mapping.include_unknown 6:32 there is no file `../../x.yaml` below the folder of mappings | paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`

    a.yaml mapping.include_cycle 4:11 `b.yaml` includes this file in turn | put what both need into a third file
    b.yaml mapping.include_cycle 4:11 `a.yaml` includes this file in turn | put what both need into a third file

    a.yaml mapping.include_cycle 4:11 `a.yaml` includes this file in turn | put what both need into a third file

    m.yaml mapping.table_repeated 6:19 the table `t` of `b.yaml` is there already | rename one of the two: which one counts would be chance

    lonely.yaml mapping.include_unused 0:0 no mapping includes this file | name it under `include` of a mapping, or remove it

    a.yaml mapping.kind_unknown 1:7 there is no kind `tabels` | did you mean `tables`?
    "#);
}

#[test]
fn rules_that_do_nothing_for_anybody_are_found() {
    let parts = [
        "claims: { r: { from: g, table: { a: admin, b: reader } }, k: { value: corp }, n: { cel: 'null' }, f: { cel: 'int(\"x\")' } }\n\
         scopes: { one: \"'admn' in claims.r\", two: \"claims.k == 'corp'\", three: \"'x' in claims.r\", four: 'false && size(claims.r) > 0', five: '1 / 0 == 1' }",
        "require: [{ id: all, cel: 'false', message: m }, { id: none, cel: 'true', message: m }]\nclaims: { u: u, g: g }",
        "claims: { r: { from: g, case: upper, table: { A: Admin }, default: [none] } }\n\
         scopes: { one: \"claims.r.exists(r, r.lowerAscii() == 'admin')\", two: \"'none' in claims.r\", three: \"'Admin' in claims.r.map(r, r.lowerAscii())\" }",
    ];
    let text = |part: &str| {
        with(&format!("attributes: {{ u: {{ name: u }}, g: {{ name: g, many: true, optional: true }} }}\n{part}\n"))
    };
    let lines: Vec<_> = parts.iter().map(|part| without_release(&of_files(&[("m", &text(part))]))).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    m mapping.claim_never 7:89 the claim `n` can never have a value: its rule yields nothing for everybody | mend the rule, or remove the claim
    m mapping.claim_never 7:109 the claim `f` can never have a value: its rule fails for everybody | mend the rule, or remove the claim
    m mapping.value_impossible 8:17 `claims.r` never has the value `admn` | did you mean `admin`?
    m mapping.optional_unguarded 8:27 `claims.r` is optional, and the expression fails where it is absent | ask first: `has(claims.r) && …` or `has(claims.r) ? … : …`
    m mapping.value_impossible 8:73 `claims.r` never has the value `x` | it can be admin, reader
    m mapping.optional_unguarded 8:80 `claims.r` is optional, and the expression fails where it is absent | ask first: `has(claims.r) && …` or `has(claims.r) ? … : …`
    m mapping.scope_unreachable 8:97 nobody can get the scope `four`: its rule is false for everybody | mend the rule, or remove the scope
    m mapping.optional_unguarded 8:112 `claims.r` is optional, and the expression fails where it is absent | ask first: `has(claims.r) && …` or `has(claims.r) ? … : …`
    m mapping.scope_unreachable 8:134 nobody can get the scope `five`: its rule fails for everybody | mend the rule, or remove the scope

    m mapping.rule_constant 7:27 this rule refuses everybody, whoever it is | ask something of the person; a mapping is switched off by removing it
    m mapping.rule_constant 7:67 this rule refuses nobody, whoever it is | remove it, or ask something of the person

    m mapping.never_equal 8:100 what is in lower case never has the capital letters of `Admin` | write `admin`
    "#);
}

#[test]
fn a_guard_does_not_tell_apart_what_the_subject_does_not() {
    let file = |subject: &str, guard: &str| {
        format!(
            "kind: mapping\nversion: 1\nid: m\nsource: s\nattributes: {{ u: {{ name: u }}, v: {{ name: v }} }}\n\
             require: [{{ id: x, cel: \"{guard}\", message: m }}]\nsubject: {subject}\nclaims: {{ v: v }}\nrelease: {{ a: [v] }}\nscopes: {{}}\n"
        )
    };
    let folds = "{ cel: 'attr.u.lowerAscii()' }";
    let cases = [
        (folds, "!attr.u.endsWith('@guest')"),
        (folds, "attr.u != 'bob'"),
        (folds, "!(attr.u in ['bob'])"),
        (folds, "!attr.u.lowerAscii().endsWith('@guest')"),
        (folds, "attr.v != 'bob'"),
        (folds, "attr.u != '7'"),
        ("{ from: u }", "attr.u != 'bob'"),
    ];
    let lines: Vec<_> = cases.iter().map(|(subject, guard)| of_files(&[("m", &file(subject, guard))])).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    m mapping.guard_case 6:27 the subject takes `attr.u` in one case, and this rule as it comes | compare what the subject is made of: `attr.u.lowerAscii()`
    m mapping.guard_case 6:26 the subject takes `attr.u` in one case, and this rule as it comes | compare what the subject is made of: `attr.u.lowerAscii()`
    m mapping.guard_case 6:28 the subject takes `attr.u` in one case, and this rule as it comes | compare what the subject is made of: `attr.u.lowerAscii()`
    "#);
}
