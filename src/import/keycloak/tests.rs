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
fn every_mapper_of_a_client_is_carried_or_told() {
    let text = r#"{"identityProviders": [{"alias": "a", "providerId": "saml"}],
"identityProviderMappers": [{"identityProviderAlias": "a", "identityProviderMapper": "saml-user-attribute-idp-mapper",
  "config": {"user.attribute": "Level", "attribute.name": "x:level"}}],
"clients": [{"clientId": "c", "protocolMappers": [
{"name": "1", "protocolMapper": "oidc-audience-mapper"},
{"name": "2", "protocolMapper": "oidc-new-mapper"},
{"name": "3"},
{"name": "4", "protocol": "saml", "protocolMapper": "saml-role-list-mapper"},
{"name": "5", "protocolMapper": "oidc-usermodel-attribute-mapper", "config": {"user.attribute": "level", "claim.name": "lvl"}},
{"name": "6", "protocolMapper": "oidc-usermodel-attribute-mapper", "config": {"user.attribute": "level", "claim.name": "rank"}},
{"name": "7", "protocolMapper": "oidc-usermodel-attribute-mapper", "config": {"user.attribute": "other", "claim.name": "o"}},
{"name": "8", "protocolMapper": "oidc-usermodel-attribute-mapper", "config": {"user.attribute": "x", "claim.name": "x", "access.token.claim": "false"}}
]}]}"#;
    let imported = import(text).unwrap();
    assert_eq!(imported.drafts[0].claims[0].name, "lvl");
    let told: Vec<String> = losses(&imported);
    for (told, expected) in told.iter().zip([
        "5 mapper `1` of `c` (oidc-audience-mapper): the audience of a token is the API's, in the configuration",
        "6 mapper `2` of `c` (oidc-new-mapper): mappers of this kind are not read",
        "7 mapper `3` of `c` (no kind): mappers of this kind are not read",
        "8 mapper `4` of `c` (saml-role-list-mapper): it fills assertions that Keycloak makes; only tokens are made here",
        "10 mapper `6` of `c` (oidc-usermodel-attribute-mapper): the attribute `level` is the claim `lvl` already",
        "11 mapper `7` of `c` (oidc-usermodel-attribute-mapper): no mapper of a provider fills the attribute `other` of users",
        "12 mapper `8` of `c` (oidc-usermodel-attribute-mapper): its claim is in no access token",
    ]) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.len(), 7, "{told:?}");
}

#[test]
fn what_is_lost_of_one_provider_is_told_with_its_mapping() {
    let imported = import(FILE).unwrap();
    let of = |what: &str| imported.losses.iter().find(|loss| loss.what.contains(what)).map(|loss| loss.mapping);
    assert_eq!(of("mapper `numbers`"), Some(Some(0)));
    assert_eq!(of("the NameID as subject"), Some(Some(1)));
    assert_eq!(of("identity provider `github`"), Some(None));
}

#[test]
fn roles_that_another_mapper_hides_are_told() {
    let text = r#"{"identityProviders": [{"alias": "a", "providerId": "saml"}], "identityProviderMappers": [
{"identityProviderAlias": "a", "identityProviderMapper": "hardcoded-attribute-idp-mapper", "config": {"attribute": "roles", "attribute.value": "x"}},
{"identityProviderAlias": "a", "identityProviderMapper": "oidc-hardcoded-role-idp-mapper", "config": {"role": "admin"}}]}"#;
    assert_eq!(losses(&import(text).unwrap()), ["1 roles of mappers: another mapper makes this claim already"]);
}

#[test]
fn mappers_are_not_gone_through_for_every_provider() {
    let provider = |alias: usize| format!(r#"{{"alias": "p{alias}", "providerId": "saml"}},"#) + "\n";
    let many = |alias: fn(usize) -> usize| (0..4_000).map(|n| provider(alias(n))).collect::<String>();
    let mapper = r#"{"identityProviderAlias": "p0", "identityProviderMapper": "oidc-hardcoded-role-idp-mapper", "config": {"role": "r"}},"#;
    let of = |providers: String| {
        let text = format!(
            r#"{{"identityProviders": [{}0], "identityProviderMappers": [{}0]}}"#,
            providers,
            mapper.repeat(4_000)
        );
        import(&text).unwrap()
    };
    // 16 million steps would take minutes.
    assert_eq!(of(many(|n| n)).drafts.len(), 4_000);
    let same = of(many(|_| 0));
    assert_eq!(same.drafts.len(), 1);
    assert_eq!(same.losses.iter().filter(|loss| loss.why == "there is another with this alias").count(), 3_999);
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
