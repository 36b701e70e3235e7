use super::super::testing::{self, losses};
use super::*;

const FILE: &str = include_str!("../../../fixtures/import/keycloak/realm-export.json");

#[test]
fn the_fixture_becomes_these_mappings() {
    let imported = import(FILE).unwrap();
    testing::compiles(&imported);
    insta::assert_snapshot!(testing::shown(&imported));
}

#[test]
fn the_mapping_of_the_fixture_does_what_the_mappers_did() {
    let imported = import(FILE).unwrap();
    let id = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.13", &["28c5@campus.example"][..]);
    let affiliation = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["staff", "member"][..]);
    let member = ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", &["payroll:admins", "faculty:law"][..]);
    assert_eq!(
        testing::outcome(&imported.drafts[0], None, &[id, affiliation, member]),
        concat!(
            r#"28c5@campus.example {"groups":["/faculties"],"organisation":"campus","#,
            r#""roles":["employee","payroll-web.admin","user"]}"#
        )
    );
    assert_eq!(
        testing::outcome(&imported.drafts[0], None, &[id]),
        r#"28c5@campus.example {"groups":[],"organisation":"campus","roles":["user"]}"#
    );
}

fn with(mapper: &str) -> Imported {
    let text = format!(
        r#"{{"identityProviders": [{{"alias": "a b", "providerId": "saml"}}],
"identityProviderMappers": [{{"identityProviderAlias": "a b", "name": "m", {mapper}}}]}}"#
    );
    let imported = import(&text).unwrap();
    testing::compiles(&imported);
    imported
}

#[test]
fn a_template_becomes_an_expression() {
    let cases = [
        ("${ATTRIBUTE.uid | lowercase}", "attr.uid.lowerAscii()"),
        ("${ALIAS}.${NAMEID}", "'a b' + '.' + name_id"),
        ("u-${ATTRIBUTE.cn|localpart}-x", "'u-' + attr.cn.split('@')[0] + '-x'"),
        ("constant", "'constant'"),
    ];
    for (template, expected) in cases {
        let imported = with(&format!(
            r#""identityProviderMapper": "saml-username-idp-mapper", "config": {{"template": "{template}", "target": "BROKER_ID"}}"#
        ));
        assert_eq!(imported.drafts[0].subject.rule, SubjectRule::Cel(expected.into()), "{template}");
        assert_eq!(losses(&imported), Vec::<String>::new());
    }
    let imported = with(r#""identityProviderMapper": "saml-username-idp-mapper", "config": {"template": "${UUID}"}"#);
    assert_eq!(losses(&imported), ["2 mapper `m` (saml-username-idp-mapper): `${UUID}` has no counterpart"]);
    assert!(imported.drafts[0].attributes.is_empty());
}

#[test]
fn an_email_address_is_not_taken_over_as_subject() {
    let imported = with(
        r#""identityProviderMapper": "saml-username-idp-mapper", "config": {"template": "${ATTRIBUTE.mail}", "target": "BROKER_ID"}"#,
    );
    assert_eq!(imported.drafts[0].subject.rule, SubjectRule::From("name_id".into()));
    assert!(losses(&imported)[0].starts_with("1 the e-mail address `mail` as subject: "), "{:?}", losses(&imported));
}

#[test]
fn a_role_for_everybody_by_accident_is_not_carried() {
    let imported = with(
        r#""identityProviderMapper": "saml-advanced-role-idp-mapper", "config": {"attributes": "[]", "role": "admin"}"#,
    );
    assert!(imported.drafts[0].claims.is_empty());
    assert!(losses(&imported)[0].contains("everybody would get it"), "{:?}", losses(&imported));
}

#[test]
fn what_is_no_export_is_told() {
    for (text, expected) in [
        ("{\"a\": 1}", "1 this is no export of a realm: it has no `identityProviders`"),
        ("7", "1 this is no export of a realm: it has no `identityProviders`"),
        ("{", "1 this is no JSON: EOF while parsing an object"),
    ] {
        let error = import(text).unwrap_err();
        assert_eq!(format!("{} {}", error.line, error.message), expected);
    }
}

testing::survives_garbage!(FILE);
