mod beginners;
mod bounds;
mod doubts;
mod examples;
mod findings;
mod language;
mod refused;

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::credential::{Authentication, Facts};
use crate::decision::{Detail, Finding, Rejection, Shown, Stage, Trail};
use crate::diagnostic::{Color, one_line, render};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Namespace, TraceId};
use crate::ground::reason::Reason;
use crate::ground::scope::ScopeSet;

const PAYROLL: &str = include_str!("../../mappings/examples/payroll.yaml");
const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

fn context() -> CompileContext {
    let scopes = ScopeSet::parse("payroll.read payroll.write").unwrap();
    CompileContext {
        sources: Some(BTreeSet::from([SourceId::new("corp-adfs"), SourceId::new("intranet")])),
        clients: Some(BTreeSet::from([ClientId::new("payroll-portal")])),
        apis: Some(BTreeMap::from([(Audience::new("https://payroll.example"), scopes)])),
    }
}

fn compiled(text: &str) -> Result<Mappings, Diagnostics> {
    compile(&[SourceFile::new("m.yaml", text)], &CompileContext::default())
}

fn problems(text: &str) -> String {
    let found = match compiled(text) {
        Ok(mappings) => mappings.warnings().clone(),
        Err(diagnostics) => diagnostics,
    };
    found.iter().map(one_line).collect::<Vec<_>>().join("\n")
}

/// A mapping with one part of its own.
fn with(part: &str) -> String {
    // That it grants nothing is meant.
    let scopes = if part.contains("scopes:") { "" } else { "\nscopes: {}\n" };
    format!("kind: mapping\nversion: 1\nid: m\nsource: s\nsubject: {{ from: name_id }}\n{part}{scopes}")
}

fn mapping(text: &str) -> Mapping {
    let mappings = compiled(text)
        .unwrap_or_else(|found| panic!("{}", render(&found, &[SourceFile::new("m.yaml", text)], Color::Never)));
    mappings.in_order.into_iter().next().unwrap()
}

fn sent(name: &str, values: &[&str]) -> Attribute {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Attribute { name: name.to_owned(), name_format: None, friendly_name: None, values }
}

fn facts(attributes: Vec<Attribute>) -> Facts {
    let name_id = NameId {
        value: "ana".into(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        name_qualifier: Some("idp".into()),
        sp_name_qualifier: None,
    };
    Facts {
        source: SourceId::new("s"),
        namespace: Namespace::new("https://idp.example"),
        name_id: Some(name_id),
        attributes,
        authentication: Authentication::default(),
    }
}

fn applied(mapping: &Mapping, facts: &Facts) -> (Result<Claims, MappingRefusal>, Trail) {
    let (client, audience) = (ClientId::new("portal"), Audience::new("https://a.example"));
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, Detail::Explain);
    let claims = mapping.apply(facts, &RequestFacts { client: &client, audience: &audience, now: NOW }, &mut trail);
    (claims, trail)
}

/// The code of a refusal, or the claims as JSON.
fn outcome(mapping: &Mapping, attributes: Vec<Attribute>) -> String {
    let (claims, trail) = applied(mapping, &facts(attributes));
    match claims {
        Ok(claims) => {
            let fields = claims.all().iter().map(|(name, value)| (name.to_string(), value.to_json()));
            serde_json::Value::Object(fields.collect()).to_string()
        }
        Err(refusal) => {
            let failed = trail.steps().last().unwrap();
            assert_eq!(failed.finding, Finding::Failed(refusal.code()), "the trail ends with the refusal");
            refusal.code().to_string()
        }
    }
}

#[test]
fn the_mapping_of_the_contract_compiles_and_passes_its_tests() {
    let mappings = compile(&[SourceFile::new("payroll.yaml", PAYROLL)], &context()).unwrap();
    assert_eq!(mappings.warnings().iter().map(one_line).collect::<Vec<_>>(), Vec::<String>::new());
    let reports = mappings.run_tests(NOW);
    assert_eq!(reports.len(), 3);
    for report in &reports {
        assert_eq!(report.lines(), Vec::<String>::new(), "{}", report.name);
    }
    let (source, client) = (SourceId::new("corp-adfs"), ClientId::new("payroll-portal"));
    let audience = Audience::new("https://payroll.example");
    let payroll = mappings.select(&source, &client, &audience).unwrap();
    assert_eq!(payroll.id(), &MappingId::new("payroll"));
    assert!(mappings.select(&source, &ClientId::new("other"), &audience).is_none());
    assert!(mappings.select(&source, &client, &Audience::new("https://other.example")).is_none());
    assert!(mappings.select(&SourceId::new("intranet"), &client, &audience).is_none());
    assert_eq!(mappings.by_id(&MappingId::new("payroll")).unwrap().hash().len(), 64);
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what an operator reads")]
fn ten_mistakes_are_ten_diagnostics() {
    let text = r#"kind: mapping
version: 1
id: payroll
source: corp-adf
atributes: {}
attributes:
  upn:    { name: "urn:upn" }
  groups: { name: "urn:groups", many: yes }
require:
  - id: employees_only
    cel: "!attr.unp.lowerAscii().endsWith('@guest')"
    message: no guests
subject: { cel: "attr.upn.lowerAsci()" }
claims:
  email: mail
  sub: upn
  early: { cel: "claims.late == 'x'" }
  late: { value: x }
  late: { value: y }
scopes:
  payroll.raed: "size(attr.groups) > 0"
release:
  https://payroll.example: [email, sub, early, late]
"#;
    let source = SourceFile::new("mappings/payroll.yaml", text);
    let found = compile(std::slice::from_ref(&source), &context()).unwrap_err();
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|problem| problem.span.line > 0 && problem.span.column > 0 && !problem.help.is_empty()));
    assert_snapshot!(render(&found, &[source], Color::Never), @r#"
    error[mapping.source_unknown]: the configuration has no source `corp-adf`
     --> mappings/payroll.yaml:4:9
      |
    4 | source: corp-adf
      |         ^^^^^^^^
      |
      = help: did you mean `corp-adfs`?

    error[file.key_unknown]: a mapping has no key `atributes`
     --> mappings/payroll.yaml:5:1
      |
    5 | atributes: {}
      | ^^^^^^^^^ unknown key
      |
      = help: did you mean `attributes`?

    error[file.wrong_type]: `many` must be true or false, not text
     --> mappings/payroll.yaml:8:39
      |
    8 |   groups: { name: "urn:groups", many: yes }
      |                                       ^^^ this is text
      |
      = help: write `true`

    error[mapping.attribute_unknown]: `attr.unp` is not among the declared attributes
      --> mappings/payroll.yaml:11:12
       |
    11 |     cel: "!attr.unp.lowerAscii().endsWith('@guest')"
       |            ^^^^^^^^ no attribute of this name
       |
       = help: did you mean `attr.upn`?

    error[mapping.function_unknown]: there is no function `lowerAsci`
      --> mappings/payroll.yaml:13:27
       |
    13 | subject: { cel: "attr.upn.lowerAsci()" }
       |                           ^^^^^^^^^
       |
       = help: did you mean `lowerAscii`?

    error[mapping.attribute_unknown]: `mail` is not among the declared attributes
      --> mappings/payroll.yaml:15:10
       |
    15 |   email: mail
       |          ^^^^ no attribute of this name
       |
       = help: declare it: `attributes: { mail: { name: … } }`

    error[mapping.claim_reserved]: the claim `sub` belongs to the issuer
      --> mappings/payroll.yaml:16:3
       |
    16 |   sub: upn
       |   ^^^ reserved
       |
       = help: whom a token is about is said by `subject`
       = note: reserved are iss, sub, aud, exp, iat, nbf, jti, client_id, scope, act, may_act, cnf, acr, amr, auth_time, sid, txn, typ, authorization_details

    error[mapping.claim_below]: `claims.late` is not made yet: an expression sees the claims above it
      --> mappings/payroll.yaml:17:18
       |
    17 |   early: { cel: "claims.late == 'x'" }
       |                  ^^^^^^^^^^^ made later
       |
       = help: move `late` up

    error[file.key_repeated]: key `late` stands here twice
      --> mappings/payroll.yaml:19:3
       |
    18 |   late: { value: x }
       |   ---- first
    19 |   late: { value: y }
       |   ^^^^ again
       |
       = help: remove one of the two

    error[mapping.scope_unknown]: no API that this mapping applies to offers the scope `payroll.raed`
      --> mappings/payroll.yaml:21:3
       |
    21 |   payroll.raed: "size(attr.groups) > 0"
       |   ^^^^^^^^^^^^
       |
       = help: did you mean `payroll.read`?

    10 errors
    "#);
}

#[test]
fn attributes_are_a_closed_world() {
    let mapping = mapping(&with(
        "attributes:\n  upn: { name: 'urn:upn' }\n  mail: { name: 'urn:mail', optional: true }\n  \
         groups: { name: 'urn:groups', many: true, optional: true, max: 3 }\n\
         claims: { upn: upn, mail: mail, groups: groups }\nrelease: { a: [upn, mail, groups] }\n",
    ));
    let upn = || sent("urn:upn", &["ana"]);
    for (name, attributes, expected) in [
        ("one value", vec![upn()], r#"{"upn":"ana"}"#),
        (
            "everything",
            vec![upn(), sent("urn:mail", &["m"]), sent("urn:groups", &["a"])],
            r#"{"groups":["a"],"mail":"m","upn":"ana"}"#,
        ),
        ("what is not declared", vec![upn(), sent("urn:other", &["x"])], r#"{"upn":"ana"}"#),
        ("nothing", vec![], "mapping.attribute_missing"),
        ("a name without a value", vec![sent("urn:upn", &[])], "mapping.attribute_missing"),
        ("an optional name without a value", vec![upn(), sent("urn:mail", &[])], r#"{"upn":"ana"}"#),
        ("two values", vec![sent("urn:upn", &["ana", "bob"])], "mapping.attribute_repeated"),
        ("the same name twice", vec![upn(), upn()], "mapping.attribute_repeated"),
        (
            "an optional one twice",
            vec![upn(), sent("urn:mail", &["m"]), sent("urn:mail", &["n"])],
            "mapping.attribute_repeated",
        ),
        (
            "a list in two parts",
            vec![upn(), sent("urn:groups", &["a"]), sent("urn:groups", &["b"])],
            r#"{"groups":["a","b"],"upn":"ana"}"#,
        ),
        ("an empty list", vec![upn(), sent("urn:groups", &[])], r#"{"groups":[],"upn":"ana"}"#),
        (
            "a list as long as allowed",
            vec![upn(), sent("urn:groups", &["a", "b", "c"])],
            r#"{"groups":["a","b","c"],"upn":"ana"}"#,
        ),
        ("a longer list", vec![upn(), sent("urn:groups", &["a", "b", "c", "d"])], "mapping.attribute_repeated"),
        ("an empty text", vec![sent("urn:upn", &[""])], r#"{"upn":""}"#),
    ] {
        assert_eq!(outcome(&mapping, attributes), expected, "{name}");
    }
}

#[test]
fn a_declared_format_is_part_of_the_name() {
    let mapping = mapping(&with(
        "attributes: { a: { name: n, format: 'urn:uri' }, b: { name: n, format: 'urn:basic', optional: true } }\n\
         claims: { a: a, b: b }\nrelease: { x: [a, b] }\n",
    ));
    let of = |format: Option<&str>, value| Attribute { name_format: format.map(str::to_owned), ..sent("n", &[value]) };
    assert_eq!(outcome(&mapping, vec![of(Some("urn:uri"), "1")]), r#"{"a":"1"}"#);
    assert_eq!(outcome(&mapping, vec![of(Some("urn:basic"), "2"), of(Some("urn:uri"), "1")]), r#"{"a":"1","b":"2"}"#);
    assert_eq!(outcome(&mapping, vec![of(None, "1")]), "mapping.attribute_missing");
    assert_eq!(outcome(&mapping, vec![of(Some("urn:other"), "1")]), "mapping.attribute_missing");
}

#[test]
fn a_missing_attribute_names_the_nearest_that_was_sent() {
    let mapping = mapping(&with("attributes: { upn: { name: 'http://schemas.example/claims/upn' } }\n"));
    let attributes = vec![sent("http://schemas.example/2005/claims/UPN", &["ana"]), sent("urn:oid:2.5.4.20", &["1"])];
    let (refused, trail) = applied(&mapping, &facts(attributes));
    let refusal = refused.unwrap_err();
    let facts: Vec<_> = refusal.facts().into_iter().map(|fact| (fact.label, fact.value)).collect();
    assert!(
        facts.contains(&("nearest", Shown::Public("`http://schemas.example/2005/claims/UPN`".into()))),
        "{facts:?}"
    );
    let noted = trail.steps().iter().filter(|step| step.finding == Finding::Noted);
    let noted: Vec<_> = noted.map(|step| step.subject.as_deref().unwrap()).collect();
    assert_eq!(noted, ["http://schemas.example/2005/claims/UPN", "urn:oid:2.5.4.20"]);
}

#[test]
fn claims_come_from_attributes_tables_values_and_expressions() {
    let mapping = mapping(&with(
        "attributes: { dept: { name: d, optional: true }, groups: { name: g, many: true, optional: true } }\n\
         claims:\n  unit: { from: dept, table: { HR: people, IT: machines } }\n  \
         roles: { from: groups, table: { A: admin, B: admin, C: 3, D: true } }\n  \
         fixed: { value: { list: [a, 1, true], text: x } }\n  \
         maybe: { cel: 'has(attr.dept) ? attr.dept.lowerAscii() : null' }\n  \
         count: { cel: 'has(claims.roles) ? size(claims.roles) : 0' }\n\
         release: { x: [unit, roles, fixed, maybe, count] }\n",
    ));
    let fixed = r#""fixed":{"list":["a",1,true],"text":"x"}"#;
    assert_eq!(outcome(&mapping, vec![]), format!(r#"{{"count":0,{fixed}}}"#));
    assert_eq!(
        outcome(&mapping, vec![sent("d", &["HR"]), sent("g", &["C", "B", "Z", "A", "D"])]),
        format!(r#"{{"count":3,{fixed},"maybe":"hr","roles":[3,"admin",true],"unit":"people"}}"#),
        "what is not in the table is dropped, and what comes out twice is said once"
    );
    assert_eq!(
        outcome(&mapping, vec![sent("d", &["ZZ"]), sent("g", &["Z"])]),
        format!(r#"{{"count":0,{fixed},"maybe":"zz","roles":[]}}"#)
    );
}

#[test]
fn a_required_claim_is_never_empty() {
    let mapping = mapping(&with(
        "attributes: { a: { name: a, optional: true }, l: { name: l, many: true, optional: true } }\n\
         claims: { a: { from: a, required: true }, l: { from: l, table: { x: y }, required: true }, \
         c: { cel: 'claims.l[0] == \"y\" ? \"\" : null', required: false }, d: { cel: 'claims.a.trim()', required: true } }\n\
         release: { x: [a, l, c, d] }\n",
    ));
    let a = |value| sent("a", &[value]);
    assert_eq!(outcome(&mapping, vec![a("1"), sent("l", &["x"])]), r#"{"a":"1","c":"","d":"1","l":["y"]}"#);
    for (name, attributes) in [
        ("absent", vec![sent("l", &["x"])]),
        ("empty text", vec![a(""), sent("l", &["x"])]),
        ("nothing in the table", vec![a("1"), sent("l", &["z"])]),
        ("an empty list", vec![a("1"), sent("l", &[])]),
        ("empty after the expression", vec![a(" "), sent("l", &["x"])]),
    ] {
        assert_eq!(outcome(&mapping, attributes), "mapping.claim_missing", "{name}");
    }
}

#[test]
fn rules_refuse_with_their_own_code_and_message() {
    let mapping = mapping(&with(
        "attributes: { upn: { name: u, optional: true } }\nrequire:\n  \
         - { id: first, cel: 'has(attr.upn)', message: nobody }\n  \
         - { id: second, cel: 'attr.upn != \"bob\"', message: not bob }\n",
    ));
    assert_eq!(outcome(&mapping, vec![]), "mapping.require.first");
    assert_eq!(outcome(&mapping, vec![sent("u", &["bob"])]), "mapping.require.second");
    assert_eq!(outcome(&mapping, vec![sent("u", &["ana"])]), "{}");
    let (refused, _) = applied(&mapping, &facts(vec![sent("u", &["bob"])]));
    assert_eq!(refused.unwrap_err().to_string(), "the rule `second` is not met: not bob");
}

#[test]
fn an_expression_that_fails_refuses_without_showing_values() {
    let mapping = mapping(&with(
        "attributes: { a: { name: a, optional: true } }\n\
         claims: { c: { cel: 'attr.a + \"x\"' }, n: { cel: 'has(attr.a) ? int(attr.a) : 0' } }\nrelease: { x: [c, n] }\n",
    ));
    assert_eq!(outcome(&mapping, vec![]), "mapping.expression_failed");
    let (refused, trail) = applied(&mapping, &facts(vec![sent("a", &["marker-value"])]));
    let refusal = refused.unwrap_err();
    assert_eq!(refusal.code(), Reason::MappingExpressionFailed.into());
    assert!(!format!("{refusal} {refusal:?}").contains("marker"));
    let private = |fact: &crate::decision::Fact| matches!(&fact.value, Shown::Public(text) if text.contains("marker"));
    assert!(!trail.steps().iter().flat_map(|step| &step.facts).any(private));
    let json = trail.close(crate::decision::Outcome::Refused(refusal.code())).to_json();
    assert!(!json.contains("marker"), "{json}");
    let long = "x".repeat(4097);
    assert_eq!(outcome(&mapping, vec![sent("a", &[&long])]), "mapping.attribute_too_long");
}

#[test]
fn a_subject_lasts_or_is_refused() {
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let from_name_id = mapping(&with(""));
    let subject = |mapping: &Mapping, facts: &Facts| match applied(mapping, facts).0 {
        Ok(claims) => {
            let Subject { namespace, format, qualifiers, value } = claims.subject();
            format!("{namespace} {format} {qualifiers:?} {value}")
        }
        Err(refusal) => refusal.code().to_string(),
    };
    let mut given = facts(vec![sent("u", &["Ana"])]);
    assert_eq!(subject(&from_name_id, &given), format!(r#"https://idp.example {persistent} ["idp", ""] ana"#));
    for (format, value, expected) in [
        (None, "ana", format!(r#"https://idp.example {unspecified} ["idp", ""] ana"#)),
        (Some("urn:oasis:names:tc:SAML:2.0:nameid-format:transient"), "ana", "mapping.subject_missing".into()),
        (None, "", "mapping.subject_missing".into()),
        (None, " \n", "mapping.subject_missing".into()),
    ] {
        let name_id = given.name_id.as_mut().unwrap();
        (name_id.format, name_id.value) = (format.map(str::to_owned), value.to_owned());
        assert_eq!(subject(&from_name_id, &given), expected, "{value:?}");
    }
    given.name_id = None;
    assert_eq!(subject(&from_name_id, &given), "mapping.subject_missing");

    let rule = |rule: &str, optional: bool| {
        let head = "kind: mapping\nversion: 1\nid: m\nsource: s\n";
        mapping(&format!("{head}attributes: {{ u: {{ name: u, optional: {optional} }} }}\nsubject: {rule}\n"))
    };
    let (attribute, cel) = (rule("{ from: u }", true), rule("{ cel: 'attr.u.lowerAscii()' }", false));
    assert_eq!(subject(&attribute, &given), r#"https://idp.example mapped ["", ""] Ana"#);
    assert_eq!(subject(&cel, &given), r#"https://idp.example mapped ["", ""] ana"#);
    assert_eq!(subject(&attribute, &facts(vec![])), "mapping.subject_missing");
    assert_eq!(subject(&attribute, &facts(vec![sent("u", &[""])])), "mapping.subject_missing");
    assert_eq!(
        subject(&rule("{ cel: 'name_id' }", true), &facts(vec![])),
        r#"https://idp.example mapped ["", ""] ana"#
    );
    assert_eq!(subject(&rule("{ cel: 'acr' }", true), &facts(vec![])), "mapping.subject_missing");
    assert_eq!(
        subject(&rule("{ cel: 'auth_time == null ? 7 : acr' }", true), &facts(vec![])),
        "mapping.subject_missing"
    );
}

#[test]
fn the_hash_of_the_subject_rule_follows_what_it_means() {
    let hash = |attributes: &str, subject: &str, rest: &str| {
        let text = format!(
            "kind: mapping\nversion: 1\nid: m\nsource: s\nattributes: {attributes}\nsubject: {subject}\n{rest}\n"
        );
        mapping(&text).subject_rule_hash().to_owned()
    };
    let upn = "{ u: { name: n }, v: { name: m, optional: true } }";
    let base = hash(upn, "{ cel: 'attr.u.lowerAscii()' }", "");
    assert_eq!(base.len(), 64);
    assert_eq!(base, hash(upn, "{ cel: ' attr . u.lowerAscii( ) // why' }", "claims: { x: { value: 1 } }"));
    assert_eq!(base, hash("{ u: { name: n }, w: { name: k, optional: true } }", "{ cel: 'attr.u.lowerAscii()' }", ""));
    for (attributes, subject) in [
        ("{ u: { name: other } }", "{ cel: 'attr.u.lowerAscii()' }"),
        ("{ u: { name: n, format: f } }", "{ cel: 'attr.u.lowerAscii()' }"),
        (upn, "{ cel: 'attr.u.upperAscii()' }"),
        (upn, "{ from: u }"),
        (upn, "{ from: name_id }"),
    ] {
        assert_ne!(base, hash(attributes, subject, ""), "{attributes} {subject}");
    }
    assert_eq!(hash(upn, "{ from: u }", ""), hash("{ other: { name: n } }", "{ from: other }", ""));
    assert_ne!(hash(upn, "{ from: u }", ""), hash(upn, "{ from: name_id }", ""));
}

#[test]
fn scopes_and_release_narrow_what_leaves() {
    let mapping = mapping(&with(
        "attributes: { g: { name: g, many: true } }\nclaims: { g: g, h: { value: 1 } }\n\
         scopes: { read: 'size(attr.g) > 0', write: \"'w' in claims.g\" }\n\
         release: { 'https://a.example': [g, h, g], 'https://b.example': [] }\n",
    ));
    let (claims, trail) = applied(&mapping, &facts(vec![sent("g", &["r"])]));
    let claims = claims.unwrap();
    assert_eq!(claims.scopes().to_string(), "read");
    let released = |audience: &str| claims.released_to(&Audience::new(audience)).into_keys().collect::<Vec<_>>();
    assert_eq!(released("https://a.example"), [ClaimName::new("g"), ClaimName::new("h")]);
    assert_eq!(released("https://b.example"), []);
    assert_eq!(released("https://c.example"), []);
    let scopes = trail.steps().iter().filter(|step| step.stage == Stage::Scope);
    let scopes: Vec<_> = scopes.map(|step| (step.subject.as_deref().unwrap(), &step.finding)).collect();
    assert_eq!(scopes, [("read", &Finding::Passed), ("write", &Finding::Noted)]);
    assert_eq!(trail.known.mapping, Some((MappingId::new("m"), mapping.hash().into())));
    assert_eq!(claims.all().get(&ClaimName::new("h")), Some(&ClaimValue::Int(1)));
}

#[test]
fn two_mappings_that_could_both_apply_are_found() {
    let file =
        |path: &str, id: &str, part: &str| SourceFile::new(path, with(part).replace("id: m", &format!("id: {id}")));
    let both = |a: &str, b: &str| {
        let found = compile(&[file("a.yaml", "a", a), file("b.yaml", "b", b)], &CompileContext::default());
        found
            .err()
            .map(|found| found.iter().map(|d| format!("{} {:?}", one_line(d), d.label)).collect::<Vec<_>>().join("\n"))
    };
    let apart = "for: { clients: [x], audiences: [p] }";
    assert_eq!(both(apart, "for: { clients: [y], audiences: [p] }"), None);
    assert_eq!(both(apart, "for: { clients: [x], audiences: [q] }"), None);
    assert_eq!(both("for: { clients: [x] }", "for: { clients: [y] }"), None);
    let message = "mapping.overlap 4:9 `a` and `b` could both apply to one request";
    for (a, b, label) in [
        ("", "", "source `s`, any client, any audience"),
        (apart, "", "source `s`, client `x`, audience `p`"),
        (apart, "for: { clients: [y, x], audiences: [q, p] }", "source `s`, client `x`, audience `p`"),
        ("for: { clients: [x] }", "for: { audiences: [q] }", "source `s`, client `x`, audience `q`"),
    ] {
        assert_eq!(both(a, b), Some(format!("{message} {:?}", Some(label))), "{a} {b}");
    }
    let same_id = compile(
        &[file("a.yaml", "a", apart), file("b.yaml", "a", "for: { clients: [y] }")],
        &CompileContext::default(),
    );
    assert_eq!(
        one_line(same_id.unwrap_err().iter().next().unwrap()),
        "mapping.id_repeated 4:9 two mappings have the id `a`"
    );
}

#[test]
fn a_failing_test_says_what_differs() {
    let text = with(
        "attributes: { g: { name: g, many: true, optional: true }, u: { name: u } }\n\
         require: [{ id: known, cel: 'attr.u != \"bob\"', message: no bob }]\n\
         claims: { g: g, late: { cel: 'now > 10' } }\nscopes: { read: 'has(claims.g)' }\nrelease: { x: [g, late] }\ntests:\n  \
         - name: right\n    given: { attributes: { u: ana, g: [a] }, name_id: ana, now: 1970-01-01T00:00:05Z }\n    \
           expect: { claims: { g: [a], late: false }, scopes: [read], subject: ana }\n  \
         - name: wrong\n    given: { attributes: { u: ana, g: [a] }, name_id: ana }\n    \
           expect: { claims: { g: [b] }, scopes: [], absent: [late], subject: bob }\n  \
         - name: not refused\n    given: { attributes: { u: ana }, name_id: ana }\n    \
           expect: { refused: mapping.require.known }\n  \
         - name: refused\n    given: { attributes: { u: bob }, name_id: bob }\n    expect: { scopes: [] }\n  \
         - name: refused otherwise\n    given: { name_id: bob }\n    expect: { refused: mapping.require.known }\n",
    );
    let reports = mapping(&text).run_tests(NOW);
    assert!(reports[0].passed() && reports[0].diagnostic().is_none() && !reports[0].steps.is_empty());
    let mut found = Diagnostics::new();
    for diagnostic in reports.iter().filter_map(TestReport::diagnostic) {
        found.push(diagnostic);
    }
    assert_snapshot!(render(&found, &[SourceFile::new("m.yaml", text)], Color::Never), @r#"
    error[mapping.test_failed]: the test `wrong` of `m` fails
      --> m.yaml:15:11
       |
    15 |   - name: wrong
       |           ^^^^^
       |
       = note: claim `g`: expected ["b"], found ["a"]
       = note: claim `late`: expected to be left out, found true
       = note: scopes: expected [], found [read]
       = note: subject: expected `bob`, found `ana`

    error[mapping.test_failed]: the test `not refused` of `m` fails
      --> m.yaml:18:11
       |
    18 |   - name: not refused
       |           ^^^^^^^^^^^
       |
       = note: expected the refusal mapping.require.known, but it is accepted

    error[mapping.test_failed]: the test `refused` of `m` fails
      --> m.yaml:21:11
       |
    21 |   - name: refused
       |           ^^^^^^^
       |
       = note: refused with mapping.require.known: the rule `known` is not met: no bob

    error[mapping.test_failed]: the test `refused otherwise` of `m` fails
      --> m.yaml:24:11
       |
    24 |   - name: refused otherwise
       |           ^^^^^^^^^^^^^^^^^
       |
       = note: expected the refusal mapping.require.known, found mapping.attribute_missing: the attribute `u` was not sent

    4 errors
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of mistakes and of what is said of them")]
fn what_a_file_can_get_wrong_is_found_where_it_stands() {
    let whole = [
        "kind: mappin\nversion: 1\n",
        "kind: Deployment\n",
        "version: 1\n",
        "- a\n",
        "a: [\n",
        "kind: mapping\nversion: 2\n",
        "kind: mapping\nversion: '1'\nid: 'a b'\nsource: ''\nsubject: { from: name_id, cel: x }\n",
    ];
    let parts = [
        "for: { clients: [], audience: [x] }",
        "attributes: { a-b: { name: n }, name_id: { name: m }, in: { name: k }, x: { nam: y }, y: z }",
        "attributes: { a: { name: n }, b: { name: n }, c: { name: o, max: 5 }, d: { name: p, many: true, max: 5000 } }",
        "require: [{ id: Bad, cel: '1', message: m }, { id: a, cel: 'name_id != null', message: m }, { id: a, cel: 'name_id != null', message: '' }]",
        "claims: { a: 7, b: {}, c: { value: 1.5 }, d: { value: x, table: { a: b } }, e: { from: name_id } }",
        "attributes: { g: { name: g, many: true } }\nclaims: { a: { from: g, table: { a: [b], c: 1.5 } }, b: { from: g, table: {} } }",
        "scopes: { 'a b': 'true', b: '', c: 'claims.x', d: 7 }",
        "claims: { a: { value: 1 } }\nrelease: { x: [b], y: a }",
        "tests: [{ name: n, given: { attributes: { u: x }, now: yesterday }, expect: {} }, { name: n, given: {}, expect: { refused: saml.expired, scopes: [x], absent: [y] } }, { nam: n }]",
        "claims: { a: { cel: \"attr.x +\\n 'é' + 1\" }, b: { cel: 'name_id' }, c: { cel: 'claims.b.size()' } }\nrelease: { x: [a, b, c] }",
    ];
    let texts = whole.iter().map(|text| (*text).to_owned()).chain(parts.iter().map(|part| with(part)));
    let lines: Vec<_> = texts.map(|text| problems(&text)).collect();
    assert_snapshot!(lines.join("\n\n"), @r#"
    mapping.kind_unknown 1:7 there is no kind `mappin`

    mapping.kind_unknown 1:7 a file of kind `Deployment` is left out

    file.key_missing 1:1 the file does not say its `kind`

    file.wrong_type 1:1 a mapping file holds keys and values, not a list

    file.syntax 1:4 unclosed bracket '['

    file.key_missing 1:1 a mapping lacks the key `id`
    file.key_missing 1:1 a mapping lacks the key `source`
    file.key_missing 1:1 a mapping lacks the key `subject`
    mapping.version_unknown 2:10 version 2 of mapping files is not known here

    file.wrong_type 2:10 `version` must be a whole number, not text
    mapping.name_malformed 3:5 `id` is not a plain word
    file.empty 4:9 `source` must not be empty
    mapping.rule_ambiguous 5:10 `subject` needs `from` or `cel`, and has both

    file.empty 6:17 `clients` is empty: the mapping would never apply
    file.key_unknown 6:21 `for` has no key `audience`

    mapping.name_malformed 6:15 `a-b` cannot be a short name
    mapping.name_malformed 6:33 `name_id` means the NameID and cannot name an attribute
    mapping.name_malformed 6:55 `in` is a word of CEL and cannot be a short name
    file.key_unknown 6:77 the attribute `x` has no key `nam`
    file.wrong_type 6:90 the attribute `y` must be keys and values, not text

    mapping.attribute_ambiguous 6:42 `a` already stands for what is sent under this name
    mapping.rule_ambiguous 6:66 `max` has a meaning only with `many: true`
    file.wrong_value 6:102 `max` must be from 1 to 1000

    mapping.name_malformed 6:17 the id `Bad` cannot be the last word of a reason code
    mapping.expression_type 6:27 a rule of `require` must be true or false, and this is a whole number
    mapping.id_repeated 6:99 two rules of `require` have the id `a`
    file.empty 6:135 `message` must not be empty

    file.wrong_type 6:14 the claim `a` must be an attribute or a rule, not a whole number
    mapping.rule_ambiguous 6:17 the claim `b` has none of `from`, `value`, `cel` and `object`
    file.wrong_type 6:36 `value` cannot be a number
    mapping.rule_ambiguous 6:58 the claim `d` has a `table` but no `from`
    mapping.attribute_unknown 6:88 `name_id` is not among the declared attributes

    file.wrong_type 7:37 a table translates to single values, not to a list
    file.wrong_type 7:45 a value of a table cannot be a number
    file.empty 7:75 an empty table drops every value

    mapping.name_malformed 6:11 `a b` is not a scope
    file.empty 6:29 the rule of a scope must not be empty
    mapping.claim_unknown 6:37 `claims.x` is not among the claims
    file.wrong_type 6:51 the rule of a scope must be text, not a whole number

    mapping.claim_unknown 7:16 `b` is not among the claims
    file.wrong_type 7:23 what is released must be a list, not text

    mapping.attribute_unknown 6:43 `u` is not among the declared attributes
    file.wrong_value 6:56 `now` is not a moment in UTC
    mapping.test_empty 6:77 a test that expects nothing proves nothing
    mapping.test_repeated 6:91 two tests have the name `n`
    mapping.reason_unknown 6:124 this mapping never refuses with `saml.expired`
    mapping.rule_ambiguous 6:138 a test that expects a refusal cannot expect `scopes` as well
    mapping.scope_unknown 6:147 the mapping has no scope `x`
    mapping.claim_unknown 6:160 `y` is not among the claims
    file.key_missing 6:168 a test lacks the key `given`
    file.key_missing 6:168 a test lacks the key `expect`
    file.key_unknown 6:170 a test has no key `nam`

    mapping.attribute_unknown 6:21 `attr.x` is not among the declared attributes
    mapping.optional_unguarded 6:79 `claims.b` is optional, and the expression fails where it is absent
    "#);
}

#[test]
fn a_scope_whose_rule_is_unsound_is_still_a_scope() {
    let text = with("scopes: { s: 'attr.nobody' }\ntests: [{ name: n, given: {}, expect: { scopes: [s] } }]");
    let found = problems(&text);
    assert!(found.contains("attr.nobody") && !found.contains("scope_unknown"), "{found}");
}

#[test]
fn a_hostile_file_is_not_read_to_its_end() {
    let scopes = |rule: &str, count: usize| {
        (0..count).map(|at| format!("  s{at}: \"{rule}\"\n")).fold(with("scopes:\n"), |text, line| text + &line)
    };
    let large = problems(&scopes("client.matches('(x{100}){100}')", 100));
    assert_eq!(large.matches("mapping.regex_too_large").count(), 17, "{large}");
    let costly = problems(&scopes("[1,2,3,4,5,6].all(x, client.split('').all(y, y.startsWith('a')))", 100));
    assert!(costly.starts_with("mapping.expression_too_costly 3:5 the expressions may take 20"), "{costly}");
    assert_eq!(costly.lines().count(), 1, "{costly}");
}

#[test]
fn every_code_is_explained_and_none_is_a_reason() {
    let mut sources = vec![include_str!("../diagnostic/node.rs").to_owned()];
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/mapping"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                "tests" | "tests.rs" | "problems.rs" | "refusal.rs" => {}
                _ if path.is_dir() => folders.push(path),
                _ => sources
                    .push(std::fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap().to_owned()),
            }
        }
    }
    let is_code = |text: &&str| {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        text.split_once('.').is_some_and(|(area, what)| ["mapping", "file"].contains(&area) && word(what))
    };
    let used: BTreeSet<_> = sources.iter().flat_map(|source| source.split('"')).filter(is_code).collect();
    // Whoever opens files says this one.
    let foreign = ["file.unreadable"];
    let explained: BTreeSet<_> =
        PROBLEMS.iter().chain(&crate::diagnostic::PROBLEMS).map(|problem| problem.code).collect();
    assert_eq!(used.union(&foreign.into()).copied().collect::<BTreeSet<_>>(), explained);
    for code in explained {
        assert!(crate::ground::reason::ReasonCode::parse(code).is_none(), "{code} is a reason of a refusal");
    }
}

/// The contract's file with pieces cut out, doubled, moved or replaced by noise.
fn damaged() -> impl Strategy<Value = String> {
    let noise = prop::sample::select(vec![
        "", " ", "\n", "\t", ":", "- ", "{", "}", "[", "]", "'", "\"", "|", ">", "*a", "&a ", "!x ", "#", "é", "\u{0}",
        "\u{2028}", "cel: ", "~", "<<: ", "---\n", "? ", "attr.", "claims.", "\r", "\u{feff}", "%", "@", "`",
    ]);
    let cut = (0..PAYROLL.len(), 0..40_usize, noise);
    prop::collection::vec(cut, 0..6).prop_map(|cuts| {
        cuts.into_iter().fold(PAYROLL.to_owned(), |text, (start, length, noise)| {
            let border = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let (start, end) = (border(start), border(start + length));
            format!("{}{noise}{}", &text[..start], &text[end..])
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_a_file_makes_us_panic(text in prop_oneof![4 => damaged(), 1 => any::<String>()]) {
        let source = SourceFile::new("m.yaml", text);
        let found = match compile(std::slice::from_ref(&source), &context()) {
            Ok(mappings) => {
                mappings.run_tests(NOW);
                mappings.warnings().clone()
            }
            Err(found) => found,
        };
        for problem in &found {
            prop_assert!(source.text.get(problem.span.start..problem.span.end).is_some(), "{problem:?}");
        }
        render(&found, std::slice::from_ref(&source), Color::Always);
        crate::diagnostic::to_json(&found);
    }
}
