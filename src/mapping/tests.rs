use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;

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
    format!("kind: mapping\nversion: 1\nid: m\nsource: s\nsubject: {{ from: name_id }}\n{part}")
}

fn mapping(text: &str) -> Mapping {
    let mappings = compiled(text)
        .unwrap_or_else(|found| panic!("{}", render(&found, &[SourceFile::new("m.yaml", text)], Color::Never)));
    mappings.mappings.into_iter().next().unwrap()
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
    let client = ClientId::new("portal");
    let mut trail = Trail::open(TraceId::new([0; 16]), NOW, Detail::Explain);
    let claims = mapping.apply(facts, &RequestFacts { client: &client, now: NOW }, &mut trail);
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
    assert_eq!(reports.len(), 2);
    for report in &reports {
        assert_eq!(report.differences, Vec::<String>::new(), "{}", report.name);
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
