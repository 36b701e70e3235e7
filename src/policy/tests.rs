use std::time::Duration;

use proptest::prelude::*;

use crate::credential::testing::Said;
use crate::crypto::client_secret::ClientSecretDigest;
use crate::decision::{Finding, Rejection as _, Shown, Stage, Trail};
use crate::ground::claim::ClaimValue;
use crate::ground::id::{Audience, ClientId, SourceId};
use crate::ground::oauth::{ErrorCode, GrantType};
use crate::ground::scope::{Scope, ScopeSet};
use crate::ground::time::Timestamp;
use crate::mapping::Claims;
use crate::mapping::testing::claims;
use crate::store::UseRule;

use super::testing::{NOW, PAYROLL, admission, api, client, trail};
use super::*;

const ORDERS: &str = "https://orders.example";

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn codes(denial: &Denial) -> (String, ErrorCode) {
    (denial.code().to_string(), denial.oauth_error(GrantType::TokenExchange))
}

/// Both APIs, and a client that may ask for these.
fn world(audiences: &[&str]) -> (Policy, Client) {
    let client = Client { audiences: audiences.iter().map(|name| Audience::new(*name)).collect(), ..client() };
    let apis = vec![api(PAYROLL, "payroll.read payroll.write"), api(ORDERS, "orders.read"), api("plain-name", "")];
    (Policy::new(vec![client.clone()], apis).unwrap(), client)
}

fn asked_target(audiences: &[&str], resources: &[&str]) -> AskedTarget {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    AskedTarget { audiences: owned(audiences), resources: owned(resources) }
}

fn decided(asked: &Asked<'_>, said: Said, claims: &Claims) -> (Result<Permit, Denial>, Trail) {
    let mut trail = trail();
    (decide(asked, &said.identity(), claims, NOW, &mut trail), trail)
}

#[test]
fn a_client_uses_the_grants_and_sources_that_it_lists() {
    let client = client();
    assert_eq!(client.check_grant(GrantType::Saml2Bearer), Ok(()));
    let denial = client.check_grant(GrantType::TokenExchange).unwrap_err();
    assert_eq!(codes(&denial), ("client.grant_refused".into(), ErrorCode::UnauthorizedClient));
    assert_eq!(client.check_source(&SourceId::new("corp-adfs")), Ok(()));
    let denial = client.check_source(&SourceId::new("intranet")).unwrap_err();
    assert_eq!(codes(&denial), ("policy.source_refused".into(), ErrorCode::UnauthorizedClient));
}

#[test]
fn a_client_is_authenticated_by_its_own_secret_alone() {
    let other = Client { id: ClientId::new("other"), secret: ClientSecretDigest::of(b"battery staple"), ..client() };
    let open = Client { id: ClientId::new("open"), secret: ClientSecretDigest::none(), ..client() };
    let policy = Policy::new(vec![client(), other, open], vec![api(PAYROLL, "")]).unwrap();
    let found =
        |id: &str, secret: &[u8]| policy.authenticate(&ClientId::new(id), secret).map(|client| client.id.to_string());
    assert_eq!(found("payroll-portal", b"correct horse").as_deref(), Some("payroll-portal"));
    for (id, secret) in [
        ("payroll-portal", b"battery staple".as_slice()),
        ("payroll-portal", b""),
        ("other", b"correct horse"),
        ("Payroll-Portal", b"correct horse"),
        ("nobody", b"correct horse"),
        ("nobody", b""),
        ("open", b""),
    ] {
        assert_eq!(found(id, secret), None, "{id}");
    }
}

#[test]
fn a_target_is_one_api_of_the_client_however_often_it_is_named() {
    let (policy, client) = world(&[PAYROLL, ORDERS, "plain-name"]);
    for (audiences, resources, expected) in [
        ([PAYROLL].as_slice(), [].as_slice(), PAYROLL),
        (&[], &[ORDERS], ORDERS),
        (&[PAYROLL, PAYROLL], &[PAYROLL], PAYROLL),
        (&["plain-name"], &[], "plain-name"),
    ] {
        let api = policy.target(&client, &asked_target(audiences, resources)).unwrap();
        assert_eq!(api.audience.as_str(), expected);
    }
}

#[test]
fn without_a_named_target_the_only_audience_is_taken() {
    let nothing = AskedTarget::default();
    let (policy, client) = world(&[PAYROLL]);
    assert_eq!(policy.target(&client, &nothing).unwrap().audience.as_str(), PAYROLL);
    for (audiences, code) in
        [([PAYROLL, ORDERS].as_slice(), "policy.audience_needed"), (&[], "policy.audience_refused")]
    {
        let (policy, client) = world(audiences);
        let denial = policy.target(&client, &nothing).unwrap_err();
        assert_eq!(codes(&denial), (code.into(), ErrorCode::InvalidTarget));
    }
}

#[test]
fn any_other_target_is_refused() {
    let (policy, client) = world(&[PAYROLL, ORDERS]);
    for (audiences, resources) in [
        (["https://unknown.example"].as_slice(), [].as_slice()),
        (&["plain-name"], &[]),               // an API, but not of this client
        (&["https://payroll.example/"], &[]), // a trailing slash counts
        (&["HTTPS://payroll.example"], &[]),
        (&[""], &[]),
        (&[PAYROLL, ORDERS], &[]), // two APIs
        (&[PAYROLL], &[ORDERS]),
        (&[PAYROLL], &["https://unknown.example"]),
        (&[], &["https://payroll.example#"]), // RFC 8707: no fragment
        (&[], &["payroll"]),                  // RFC 8707: absolute
    ] {
        let denial = policy.target(&client, &asked_target(audiences, resources)).unwrap_err();
        let expected = ("policy.audience_refused".into(), ErrorCode::InvalidTarget);
        assert_eq!(codes(&denial), expected, "{audiences:?} {resources:?}");
    }
    // A name that is no URI may be an audience, never a resource.
    let (policy, client) = world(&["plain-name"]);
    assert!(policy.target(&client, &asked_target(&[], &["plain-name"])).is_err());
}

#[test]
fn a_client_of_another_policy_gets_nothing_here() {
    let (_, client) = world(&[PAYROLL]);
    let policy = Policy::new(vec![], vec![]).unwrap();
    let denial = policy.target(&client, &asked_target(&[PAYROLL], &[])).unwrap_err();
    assert!(matches!(denial, Denial::AudienceRefused { .. }));
}

#[test]
fn clients_and_apis_must_fit() {
    let payroll = || api(PAYROLL, "");
    let short = Api { lifetime: Duration::from_millis(999), ..payroll() };
    for (clients, apis, expected) in [
        (vec![client(), client()], vec![payroll()], PolicyError::ClientRepeated(client().id)),
        (vec![], vec![payroll(), payroll()], PolicyError::AudienceRepeated(payroll().audience)),
        (vec![client()], vec![], PolicyError::AudienceUnknown { client: client().id, audience: payroll().audience }),
        (vec![], vec![short], PolicyError::LifetimeTooShort(payroll().audience)),
    ] {
        assert_eq!(Policy::new(clients, apis).unwrap_err(), expected);
    }
}

#[test]
fn a_permit_says_who_for_whom_what_and_until_when() {
    let (client, api) = (client(), api(PAYROLL, "payroll.read payroll.write"));
    let asked = Asked { client: &client, api: &api, scope: None };
    let email = [("email", ClaimValue::Text("ana@corp.example".into()))];
    let mapped = claims(&["payroll.read"], &email, &[PAYROLL]);
    let (permit, trail) = decided(&asked, Said::PLAINLY, &mapped);
    let permit = permit.unwrap();
    assert_eq!((permit.client(), permit.audience()), (&client.id, &api.audience));
    assert_eq!((permit.subject(), permit.scope()), (mapped.subject(), &scopes("payroll.read")));
    assert_eq!(permit.claims(), &mapped.released_to(&api.audience));
    assert_eq!(permit.claims().len(), 1);
    assert_eq!((permit.acr(), permit.auth_time()), (mapped.acr(), mapped.auth_time()));
    assert_eq!(permit.decided(), NOW);
    assert_eq!(permit.expires(), Timestamp::from_unix_seconds(1_772_366_400 + 600));
    assert_eq!(permit.use_key(), &Said::PLAINLY.identity().consumption().key);
    assert_eq!(trail.known.scope_granted.as_ref(), Some(permit.scope()));
    assert_eq!(trail.known.expires, Some(permit.expires()));
    assert!(trail.steps().iter().any(|step| step.stage == Stage::Policy && step.finding == Finding::Passed));
}

#[test]
fn a_claim_that_is_released_to_another_audience_stays() {
    let (client, api) = (client(), api(PAYROLL, ""));
    let asked = Asked { client: &client, api: &api, scope: None };
    let email = [("email", ClaimValue::Text("ana@corp.example".into()))];
    let permit = decided(&asked, Said::PLAINLY, &claims(&[], &email, &[ORDERS])).0.unwrap();
    assert!(permit.claims().is_empty());
}

#[test]
fn source_and_target_are_checked_again() {
    let stranger = Client { sources: vec![SourceId::new("intranet")], ..client() };
    let api = api(PAYROLL, "");
    let asked = Asked { client: &stranger, api: &api, scope: None };
    let (denial, trail) = decided(&asked, Said::PLAINLY, &claims(&[], &[], &[]));
    assert_eq!(codes(&denial.unwrap_err()).0, "policy.source_refused");
    assert!(
        matches!(&trail.steps().last().unwrap().finding, Finding::Failed(code) if code.to_string() == "policy.source_refused")
    );
    let elsewhere = Client { audiences: vec![Audience::new(ORDERS)], ..client() };
    let asked = Asked { client: &elsewhere, ..asked };
    let denial = decided(&asked, Said::PLAINLY, &claims(&[], &[], &[])).0.unwrap_err();
    assert_eq!(codes(&denial).0, "policy.audience_refused");
}

#[test]
fn a_proxy_restriction_limits_the_targets() {
    let (client, api) = (client(), api(PAYROLL, ""));
    let asked = Asked { client: &client, api: &api, scope: None };
    let said = |targets: &[&str]| Said {
        targets: Some(targets.iter().map(|target| (*target).to_owned()).collect()),
        ..Said::PLAINLY
    };
    assert!(decided(&asked, said(&[ORDERS, PAYROLL]), &claims(&[], &[], &[])).0.is_ok());
    for targets in [[ORDERS].as_slice(), &["https://payroll.example/"], &[]] {
        let denial = decided(&asked, said(targets), &claims(&[], &[], &[])).0.unwrap_err();
        assert_eq!(denial.code().to_string(), "saml.proxy_restricted");
        assert_eq!(denial.oauth_error(GrantType::Saml2Bearer), ErrorCode::InvalidGrant);
        assert_eq!(denial.oauth_error(GrantType::TokenExchange), ErrorCode::InvalidRequest);
    }
}

#[test]
fn nothing_outlives_the_identity() {
    let (client, api) = (client(), api(PAYROLL, ""));
    let asked = Asked { client: &client, api: &api, scope: None };
    let with_end = |millis: i64, rule: UseRule| {
        let ends = Some(Timestamp::from_unix_millis(NOW.unix_millis() + millis));
        decided(&asked, Said { rule, ends, ..Said::PLAINLY }, &claims(&[], &[], &[])).0
    };
    let start = NOW.unix_seconds(); // now is 900 ms into that second
    for (millis, expected) in
        [(1_100, start + 2), (2_050, start + 2), (30_000, start + 30), (599_100, start + 600), (900_000, start + 600)]
    {
        assert_eq!(with_end(millis, UseRule::Once).unwrap().expires().unix_seconds(), expected, "{millis}");
    }
    for millis in [1_099, 1_000, 0, -1, -30_000] {
        let denial = with_end(millis, UseRule::Once).unwrap_err();
        assert_eq!(codes(&denial), ("saml.session_expired".into(), ErrorCode::InvalidRequest), "{millis}");
        let denial = with_end(millis, UseRule::AtMost(3)).unwrap_err();
        assert_eq!(codes(&denial).0, "session.expired", "{millis}");
    }
}

#[test]
fn the_trail_says_who_removed_each_scope() {
    let client = Client { scopes: Some(scopes("a b c")), ..client() };
    let api = api(PAYROLL, "a b d");
    let mapped = claims(&["a", "c", "d"], &[], &[]);
    let asked = scopes("a b c d e");
    let (permit, trail) = decided(&Asked { client: &client, api: &api, scope: Some(&asked) }, Said::PLAINLY, &mapped);
    assert_eq!(permit.unwrap().scope(), &scopes("a"));
    let removed: Vec<_> = trail
        .steps()
        .iter()
        .filter(|step| step.stage == Stage::Scope && step.finding == Finding::Noted)
        .map(|step| (step.subject.clone().unwrap(), step.facts[0].value.clone()))
        .collect();
    let expected = [("b", "mapping"), ("c", "api"), ("d", "client"), ("e", "mapping, client, api")];
    assert_eq!(removed, expected.map(|(scope, by)| (scope.into(), Shown::Public(by.to_owned()))));
}

#[test]
fn an_empty_scope_is_granted_only_where_nobody_speaks_of_scopes() {
    let client = client();
    let ask = |asked: Option<&str>, mapping: &[&str], offered: &str| {
        let (api, asked) = (api(PAYROLL, offered), asked.map(scopes));
        decided(&Asked { client: &client, api: &api, scope: asked.as_ref() }, Said::PLAINLY, &claims(mapping, &[], &[]))
            .0
    };
    assert!(ask(None, &[], "").unwrap().scope().is_empty());
    assert!(ask(None, &["a"], "").unwrap().scope().is_empty());
    assert_eq!(ask(None, &["a"], "a b").unwrap().scope(), &scopes("a"));
    for (asked, mapping, offered) in [
        (None, [].as_slice(), "a"),
        (None, &["b"], "a"),
        (Some("a"), &[], ""),
        (Some("a"), &["a"], ""),
        (Some("b"), &["a"], "a b"),
    ] {
        let denial = ask(asked, mapping, offered).unwrap_err();
        assert_eq!(
            codes(&denial),
            ("policy.scope_exceeds".into(), ErrorCode::InvalidScope),
            "{asked:?} {mapping:?} {offered}"
        );
    }
}

#[test]
fn a_misspelt_scope_is_answered_with_the_one_that_was_meant() {
    let (client, api) = (client(), api(PAYROLL, "payroll.read payroll.write"));
    let help = |asked: &str| {
        let asked = scopes(asked);
        let asked = Asked { client: &client, api: &api, scope: Some(&asked) };
        let denial = decided(&asked, Said::PLAINLY, &claims(&[], &[], &[])).0.unwrap_err();
        denial.facts().into_iter().find(|fact| fact.label == "help").map(|fact| fact.value)
    };
    let meant = Shown::Public("`payroll.raed`: did you mean `payroll.read`?".into());
    assert_eq!(help("payroll.raed"), Some(meant));
    assert_eq!((help("payroll.read"), help("zebra")), (None, None));
}

#[test]
fn a_malformed_scope_is_a_denial() {
    let denial = Denial::from(ScopeSet::parse("a  b").unwrap_err());
    assert_eq!(codes(&denial), ("policy.scope_malformed".into(), ErrorCode::InvalidScope));
}

#[test]
fn a_grant_needs_the_admission_of_its_own_credential() {
    let (client, api) = (client(), api(PAYROLL, ""));
    let asked = Asked { client: &client, api: &api, scope: None };
    let permit = || decided(&asked, Said::PLAINLY, &claims(&[], &[], &[])).0.unwrap();
    let own = admission(&Said::PLAINLY.identity());
    assert_eq!(Grant::admit(permit(), own).unwrap().admission().uses(), 1);
    let another = admission(&Said { id: "_a2", ..Said::PLAINLY }.identity());
    assert_eq!(Grant::admit(permit(), another).unwrap_err(), AdmissionOfAnother);
}

fn some_scopes() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-f]", 0..6)
}

fn set(names: &[String]) -> ScopeSet {
    names.iter().map(|name| Scope::parse(name).unwrap()).collect()
}

proptest! {
    #[test]
    fn what_is_granted_is_in_each_of_the_four_sets_and_nothing_of_it_is_lost(
        asked in proptest::option::of(some_scopes()),
        mapping in some_scopes(),
        limit in proptest::option::of(some_scopes()),
        offered in some_scopes(),
    ) {
        let asked = asked.as_deref().map(set);
        let client = Client { scopes: limit.as_deref().map(set), ..client() };
        let api = Api { scopes: set(&offered), ..api(PAYROLL, "") };
        let names: Vec<&str> = mapping.iter().map(String::as_str).collect();
        let mapped = claims(&names, &[], &[]);
        let (permit, _) = decided(&Asked { client: &client, api: &api, scope: asked.as_ref() }, Said::PLAINLY, &mapped);
        let mut expected = mapped.scopes().intersection(&api.scopes);
        for limit in [&asked, &client.scopes].into_iter().flatten() {
            expected = expected.intersection(limit);
        }
        match permit {
            Ok(permit) => prop_assert_eq!(permit.scope(), &expected),
            Err(denial) => {
                prop_assert_eq!(denial.code().to_string(), "policy.scope_exceeds");
                prop_assert!(expected.is_empty() && (asked.is_some() || !api.scopes.is_empty()));
            }
        }
    }
}
