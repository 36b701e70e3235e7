use super::super::Weight;
use super::super::testing::{self, losses};
use super::*;

const RESOLVER: &str = include_str!("../../../fixtures/import/shibboleth/attribute-resolver.xml");
const FILTER: &str = include_str!("../../../fixtures/import/shibboleth/attribute-filter.xml");
const MAP: &str = include_str!("../../../fixtures/import/shibboleth/attribute-map.xml");

fn imported(texts: &[&str]) -> Imported {
    let imported = super::import(texts).unwrap();
    testing::compiles(&imported);
    imported
}

#[test]
fn resolver_and_filter_become_one_mapping() {
    insta::assert_snapshot!(testing::shown(&imported(&[RESOLVER, FILTER])));
}

#[test]
fn the_mapping_of_the_fixture_narrows_as_the_filter_did() {
    let draft = &imported(&[RESOLVER, FILTER]).drafts[0];
    let eppn = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", &["ana@campus.example"][..]);
    let entitlement = (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
        &["urn:mace:dir:entitlement:common-lib-terms", "urn:mace:dir:entitlement:test", "urn:other"][..],
    );
    let role = ("https://campus.example/attributes/payroll-role", &["clerk", "auditor", "chief"][..]);
    let outcome = |affiliation: &[&str]| {
        let affiliation = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", affiliation);
        testing::outcome(draft, None, &[eppn, entitlement, role, affiliation])
    };
    assert_eq!(
        outcome(&["member", "alum"]),
        concat!(
            r#"ana@campus.example {"eduPersonAffiliation":["member"],"#,
            r#""eduPersonEntitlement":["urn:mace:dir:entitlement:common-lib-terms"],"#,
            r#""eduPersonPrincipalName":"ana@campus.example","libraryCard":[],"payrollRole":["clerk"],"payroll_level":["2"]}"#
        )
    );
    assert!(outcome(&["alum"]).contains(r#""eduPersonEntitlement":[]"#), "{}", outcome(&["alum"]));
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let (one, other) = (imported(&[RESOLVER, FILTER]), imported(&[FILTER, RESOLVER]));
    assert_eq!(one.drafts, other.drafts);
    assert_eq!(
        other.losses.iter().filter(|loss| loss.file == 0).count(),
        one.losses.iter().filter(|loss| loss.file == 1).count()
    );
}

#[test]
fn a_resolver_alone_makes_claims_of_all_that_is_sent() {
    insta::assert_snapshot!(testing::shown(&imported(&[RESOLVER])));
}

#[test]
fn a_filter_alone_is_read_with_the_vocabulary() {
    let imported = imported(&[FILTER]);
    let mail = imported.drafts[0].attributes.iter().find(|attribute| attribute.short == "mail").unwrap();
    assert_eq!(mail.name, "urn:oid:0.9.2342.19200300.100.1.3");
    assert!(
        losses(&imported)
            .iter()
            .any(|loss| loss.contains("attribute `payrollRole`: its name on the wire is not known"))
    );
}

#[test]
fn the_map_of_a_service_provider_becomes_a_mapping() {
    insta::assert_snapshot!(testing::shown(&imported(&[MAP])));
}

/// A filter with one policy for `https://api.example`.
fn filter(requirement: &str, rule: &str) -> Imported {
    imported(&[&format!(
        r#"<AttributeFilterPolicyGroup xmlns="urn:mace:shibboleth:2.0:afp" xmlns:xsi="x"><AttributeFilterPolicy id="p">
{requirement}
<AttributeRule attributeID="eduPersonAffiliation">{rule}</AttributeRule>
<AttributeRule attributeID="mail"><PermitValueRule xsi:type="ANY"/></AttributeRule>
</AttributeFilterPolicy></AttributeFilterPolicyGroup>"#
    )])
}

const API: &str = r#"<PolicyRequirementRule xsi:type="Requester" value="https://api.example"/>"#;

fn claims(imported: &Imported) -> Vec<String> {
    imported.drafts[0].claims.iter().map(|claim| format!("{} {:?}", claim.name, claim.rule)).collect()
}

#[test]
fn values_are_narrowed_as_the_filter_says() {
    for (rule, expected) in [
        (r#"<PermitValueRule xsi:type="ANY"/>"#, r#"From("eduPersonAffiliation")"#),
        (
            r#"<PermitValueRule xsi:type="OR"><Rule xsi:type="Value" value="staff"/><Rule xsi:type="basic:AttributeValueString" value="student"/></PermitValueRule>"#,
            r#"Table("eduPersonAffiliation", [("staff", "staff"), ("student", "student")])"#,
        ),
        (
            r#"<PermitValueRule xsi:type="Value" value="Staff" caseSensitive="false"/>"#,
            r#"Cel("(has(attr.eduPersonAffiliation) ? attr.eduPersonAffiliation : []).filter(v, v.lowerAscii() == 'staff')")"#,
        ),
        (
            r#"<PermitValueRule xsi:type="ANY"/><DenyValueRule xsi:type="Value" value="alum"/>"#,
            r#"Cel("(has(attr.eduPersonAffiliation) ? attr.eduPersonAffiliation : []).filter(v, !(v == 'alum'))")"#,
        ),
        (
            r#"<PermitValueRule xsi:type="AND"><Rule xsi:type="ValueRegex" regex="^st.*"/><Rule xsi:type="NOT"><Rule xsi:type="Value" value="student"/></Rule></PermitValueRule>"#,
            r#"Cel("(has(attr.eduPersonAffiliation) ? attr.eduPersonAffiliation : []).filter(v, (v.startsWith('st') && !(v == 'student')))")"#,
        ),
    ] {
        let imported = filter(API, rule);
        assert_eq!(claims(&imported)[0], format!("eduPersonAffiliation {expected}"), "{rule}");
        assert_eq!(losses(&imported), Vec::<String>::new(), "{rule}");
        assert_eq!(imported.drafts[0].release[0].1, ["eduPersonAffiliation", "email"]);
    }
}

#[test]
fn letters_beyond_ascii_are_not_compared_without_regard_to_case() {
    for rule in [
        r#"<PermitValueRule xsi:type="ANY"/><DenyValueRule xsi:type="Value" value="GÄSTE" ignoreCase="true"/>"#,
        r#"<PermitValueRule xsi:type="ANY"/><DenyValueRule xsi:type="Value" value="GÄSTE" caseSensitive="false"/>"#,
    ] {
        let imported = filter(API, rule);
        assert!(claims(&imported).iter().all(|claim| !claim.starts_with("eduPersonAffiliation")), "{rule}");
        let told = losses(&imported).join(" ");
        assert!(told.contains("`GÄSTE` has letters beyond ASCII"), "{told}");
    }
}

#[test]
fn what_is_not_understood_releases_nothing() {
    for (rule, lost) in [
        (
            r#"<PermitValueRule xsi:type="ValueRegex" regex="[a-z]+"/>"#,
            "3 values of `eduPersonAffiliation`: the regular expression",
        ),
        (
            r#"<PermitValueRule xsi:type="Scripted"/>"#,
            "3 values of `eduPersonAffiliation`: rules of the type `Scripted`",
        ),
        (
            r#"<PermitValueRule xsi:type="AND"><Rule xsi:type="OR"><Rule xsi:type="ANY"/><Rule xsi:type="X"/></Rule></PermitValueRule>"#,
            "3 values of",
        ),
        (
            r#"<PermitValueRule xsi:type="ANY"/><DenyValueRule xsi:type="Scripted"/>"#,
            "3 denied values of `eduPersonAffiliation`",
        ),
        (r#"<PermitValueRule xsi:type="Value" attributeID="mail" value="x"/>"#, "3 values of"),
        (r#"<PermitValueRuleReference ref="gone"/>"#, "3 values of `eduPersonAffiliation`: there is no rule `gone`"),
        (r#"<PermitValueRuleReference id="a" ref="b"/>"#, "3 values of `eduPersonAffiliation`: there is no rule `b`"),
    ] {
        let imported = filter(API, rule);
        assert_eq!(claims(&imported), [r#"email From("mail")"#], "{rule}");
        assert!(losses(&imported)[0].starts_with(lost), "{:?}", losses(&imported));
        assert_eq!(imported.drafts[0].release, [("https://api.example".to_owned(), vec!["email".to_owned()])]);
    }
}

#[test]
fn an_attribute_that_no_policy_releases_is_told_where_it_is_defined() {
    let imported = super::import(&[FILTER, RESOLVER]).unwrap();
    let told: Vec<_> =
        imported.losses.iter().filter(|loss| loss.why == "no policy of the filter releases it").collect();
    let named: Vec<_> = told.iter().map(|loss| (loss.file, loss.line, loss.what.as_str(), loss.weight)).collect();
    assert!(named.contains(&(1, 61, "attribute `fullName`", Weight::Know)), "{named:?}");
    // What a policy speaks of is told with the policy.
    assert!(!named.iter().any(|(.., what, _)| *what == "attribute `surname`"), "{named:?}");
}

#[test]
fn an_attribute_of_a_policy_for_nobody_at_all_is_told() {
    let nobody = r#"<PolicyRequirementRule xsi:type="AND"><Rule xsi:type="Requester" value="https://a.example"/>
<Rule xsi:type="Requester" value="https://b.example"/></PolicyRequirementRule>"#;
    let imported = filter(nobody, r#"<PermitValueRule xsi:type="ANY"/>"#);
    assert!(imported.drafts[0].claims.is_empty(), "{:?}", imported.drafts[0].claims);
    assert_eq!(losses(&imported).len(), 2, "{:?}", losses(&imported));
}

#[test]
fn a_policy_for_nobody_that_is_known_releases_nothing() {
    for requirement in [
        r#"<PolicyRequirementRule xsi:type="InEntityGroup" groupID="urn:x:group"/>"#,
        r#"<PolicyRequirementRule xsi:type="AND"><Rule xsi:type="Requester" value="https://api.example"/><Rule xsi:type="X"/></PolicyRequirementRule>"#,
        r#"<PolicyRequirementRule xsi:type="NOT"><Rule xsi:type="Requester" value="https://api.example"/></PolicyRequirementRule>"#,
        r#"<PolicyRequirementRule xsi:type="OR"><Rule xsi:type="RegistrationAuthority" registrars="x"/></PolicyRequirementRule>"#,
        "",
    ] {
        let imported = filter(requirement, r#"<PermitValueRule xsi:type="ANY"/>"#);
        assert_eq!((claims(&imported), imported.drafts[0].release.len()), (vec![], 0), "{requirement}");
        assert!(losses(&imported).iter().any(|loss| loss.contains("releases nothing")), "{:?}", losses(&imported));
    }
}

#[test]
fn a_condition_on_the_person_stays_one() {
    let requirement = r#"<PolicyRequirementRule xsi:type="AND"><Rule xsi:type="Requester" value="https://api.example"/>
<Rule xsi:type="Value" attributeID="eduPersonAffiliation" value="staff"/></PolicyRequirementRule>"#;
    let imported = filter(requirement, r#"<PermitValueRule xsi:type="ANY"/>"#);
    assert_eq!(
        claims(&imported)[1],
        concat!(
            r#"email Cel("has(attr.mail) && (has(attr.eduPersonAffiliation) && 'staff' in attr.eduPersonAffiliation) "#,
            r#"? attr.mail : null")"#
        )
    );
}

#[test]
fn what_is_no_file_of_shibboleth_is_told() {
    for (text, expected) in [
        (
            "<EntityDescriptor/>",
            "1 `EntityDescriptor` is none of AttributeResolver, Attributes and AttributeFilterPolicyGroup",
        ),
        ("<Attributes/>", "1 `Attributes` is none of AttributeResolver, Attributes and AttributeFilterPolicyGroup"),
        ("{}", "1 this is no XML: there is no element"),
    ] {
        let error = super::import(&[RESOLVER, text]).unwrap_err();
        assert_eq!(format!("{} {} {}", error.file, error.line, error.message), format!("1 {expected}"));
    }
}

mod resolver {
    use super::*;
    fn import(text: &str) -> Result<Imported, ImportError> {
        super::super::import(&[text])
    }
    testing::survives_garbage!(RESOLVER);
}

mod filter_file {
    use super::*;
    fn import(text: &str) -> Result<Imported, ImportError> {
        super::super::import(&[RESOLVER, text])
    }
    testing::survives_garbage!(FILTER);
}
