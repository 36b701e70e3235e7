use super::super::testing::{self, losses, outcome};
use super::*;

const GRAPH: &str = include_str!("../../../fixtures/import/entra/claims-mapping-policies.json");
const POLICY: &str = include_str!("../../../fixtures/import/entra/policy.json");

fn imported(text: &str) -> Imported {
    let imported = import(text).unwrap();
    testing::compiles(&imported);
    imported
}

#[test]
fn a_policy_becomes_a_mapping() {
    insta::assert_snapshot!(testing::shown(&imported(POLICY)));
}

#[test]
fn policies_inside_of_texts_of_graph_are_read() {
    insta::assert_snapshot!(testing::shown(&imported(GRAPH)));
}

#[test]
fn transformations_make_what_entra_made() {
    let draft = &imported(POLICY).drafts[0];
    let upn = ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", &["Ana.Ruiz@corp.example"][..]);
    let office = ("https://payroll.example/claims/office", &["Lisbon"][..]);
    let id = (OBJECT_ID, &["9d0f"][..]);
    assert_eq!(
        outcome(draft, None, &[id, upn, office]),
        concat!(
            r#"9d0f {"desk":"Lisbon-hr","env":"production","login":"Ana.Ruiz","office":"Lisbon","#,
            r#""office_upper":"LISBON","upn":"Ana.Ruiz@corp.example"}"#
        )
    );
    assert_eq!(
        outcome(draft, None, &[id, upn]),
        r#"9d0f {"env":"production","login":"Ana.Ruiz","upn":"Ana.Ruiz@corp.example"}"#
    );
}

#[test]
fn several_policies_are_told_to_be_of_one_source() {
    let imported = super::super::import(super::super::Kind::Entra, &[GRAPH]).unwrap();
    let told: Vec<_> =
        imported.losses.iter().filter(|loss| loss.what.starts_with("two mappings of one source")).collect();
    assert_eq!(told.iter().map(|loss| (loss.line, loss.mapping)).collect::<Vec<_>>(), [(9, Some(0)), (16, Some(1))]);
    assert!(told[0].why.contains("a `for` with its audiences"), "{:?}", told[0]);
}

#[test]
fn what_holds_no_policy_is_told() {
    for (text, expected) in [
        ("{}", "1 this holds no `ClaimsMappingPolicy`"),
        ("[1, {\"definition\": [\"{\"]}]", "1 this holds no `ClaimsMappingPolicy`"),
        ("\n{", "2 this is no JSON: EOF while parsing an object"),
    ] {
        let error = import(text).unwrap_err();
        assert_eq!(format!("{} {}", error.line, error.message), expected);
    }
    let text = "{\"value\": [\n{\"definition\": [\"{\\\"ClaimsMappingPolicy\\\": {}}\"]},\n{\"displayName\": \"b\", \"definition\": [\"x\"]}]}";
    assert_eq!(losses(&imported(text)), ["3 the definition of `b`: this is no JSON: expected value"]);
}

testing::survives_garbage!(GRAPH);

mod bare {
    use super::*;
    testing::survives_garbage!(POLICY);
}
