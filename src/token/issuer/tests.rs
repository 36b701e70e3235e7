use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde_json::{Value, json};

use crate::credential::testing::Said;
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::stored::{KeyState, StoredKey};
use crate::crypto::testing;
use crate::ground::claim::ClaimValue;
use crate::ground::id::Sector;
use crate::mapping::testing::claims;
use crate::policy::testing::{NOW, PAYROLL, admission, api, client, trail};
use crate::policy::{Api, Asked, Client, SubjectType, decide};

use super::*;

const URL: &str = "https://bridge.example";

fn ring(algorithms: &[SigningAlgorithm]) -> KeyRing {
    let make = |algorithm: &SigningAlgorithm| {
        StoredKey::of(&SigningKey::generate(*algorithm).unwrap(), KeyState::Active(NOW), NOW).unwrap()
    };
    KeyRing::load(&algorithms.iter().map(make).collect::<Vec<_>>()).unwrap()
}

fn issuer() -> Issuer {
    Issuer::new(URL.into(), SubjectKey::generate(&SystemEntropy), SigningAlgorithm::Es256)
}

fn permit(scopes: &[&str], algorithm: Option<SigningAlgorithm>, ends: Option<Timestamp>) -> Permit {
    let (client, api) = (client(), Api { algorithm, ..api(PAYROLL, &scopes.join(" ")) });
    let email = [("email", ClaimValue::Text("ana@corp.example".into())), ("iss", ClaimValue::Text("evil".into()))];
    let identity = Said { ends, ..Said::PLAINLY }.identity();
    let mapped = claims(scopes, &email, &[PAYROLL]);
    decide(&Asked { client: &client, api: &api, scope: None }, &identity, &mapped, NOW, &mut trail()).unwrap()
}

fn issued(issuer: &Issuer, permit: Permit, ring: &KeyRing) -> IssuedTokens {
    let draft = issuer.prepare(permit, &Sub::new("s"), [7; 16], ring).unwrap();
    issuer.issue(draft, admission(&Said::PLAINLY.identity())).unwrap()
}

#[test]
fn a_token_of_every_algorithm_verifies_against_the_published_keys() {
    let ring = ring(&SigningAlgorithm::ALL);
    let issuer = issuer();
    for algorithm in SigningAlgorithm::ALL {
        let tokens = issued(&issuer, permit(&["payroll.read"], Some(algorithm), None), &ring);
        let token = tokens.access_token().expose();
        let claims = testing::verified_by_document(ring.jwks().json(), token).unwrap();
        let expected = json!({
            "iss": URL,
            "sub": "s",
            "aud": PAYROLL,
            "client_id": "payroll-portal",
            "iat": 1_772_366_400,
            "exp": 1_772_367_000,
            "jti": "BwcHBwcHBwcHBwcHBwcHBw",
            "scope": "payroll.read",
            "auth_time": 1_772_366_000,
            "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "amr": ["pwd"],
            "email": "ana@corp.example",
        });
        assert_eq!(claims, expected, "{algorithm}");
        assert!(testing::payload(token).starts_with(r#"{"iss":"https://bridge.example","sub":""#));
        assert_eq!(testing::header(token)["alg"], algorithm.as_str());
    }
}

#[test]
fn another_implementation_verifies_it_as_well() {
    // openidconnect brings its own cryptography (RustCrypto); jsonwebtoken verifies with the library that we sign with.
    let ring = ring(&SigningAlgorithm::ALL);
    let document: CoreJsonWebKeySet = serde_json::from_str(ring.jwks().json()).unwrap();
    for (algorithm, name) in [
        (SigningAlgorithm::Es256, CoreJwsSigningAlgorithm::EcdsaP256Sha256),
        (SigningAlgorithm::EdDsa, CoreJwsSigningAlgorithm::EdDsa),
        (SigningAlgorithm::Rs256, CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
        (SigningAlgorithm::Ps256, CoreJwsSigningAlgorithm::RsaSsaPssSha256),
    ] {
        let tokens = issued(&issuer(), permit(&["payroll.read"], Some(algorithm), None), &ring);
        let token = tokens.access_token().expose();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let kid = testing::header(token)["kid"].as_str().unwrap().to_owned();
        let key = document.keys().iter().find(|key| key.key_id().is_some_and(|id| id.as_str() == kid)).unwrap();
        assert!(key.verify_signature(&name, message.as_bytes(), &signature).is_ok(), "{algorithm}");
        signature[7] ^= 1;
        assert!(key.verify_signature(&name, message.as_bytes(), &signature).is_err(), "{algorithm}");
    }
}

#[test]
fn an_api_without_a_wish_gets_the_issuers_algorithm() {
    let ring = ring(&SigningAlgorithm::ALL);
    let tokens = issued(&issuer(), permit(&[], None, None), &ring);
    assert_eq!(testing::header(tokens.access_token().expose())["alg"], "ES256");
}

#[test]
fn the_answer_tells_what_the_token_tells() {
    let ring = ring(&[SigningAlgorithm::Es256]);
    let tokens = issued(&issuer(), permit(&["a", "b"], None, None), &ring);
    assert_eq!(tokens.expires_in(), Duration::from_secs(600));
    assert_eq!((tokens.scope().to_string(), tokens.audience().as_str()), ("a b".to_owned(), PAYROLL));
    assert_eq!(tokens.jti().as_str(), "BwcHBwcHBwcHBwcHBwcHBw");
    let ends = Timestamp::from_unix_seconds(NOW.unix_seconds() + 90);
    let tokens = issued(&issuer(), permit(&[], None, Some(ends)), &ring);
    assert_eq!(tokens.expires_in(), Duration::from_secs(90));
    let claims: Value = serde_json::from_str(&testing::payload(tokens.access_token().expose())).unwrap();
    assert_eq!(claims["exp"], ends.unix_seconds());
    assert_eq!(claims.get("scope"), None);
}

#[test]
fn what_the_record_says_is_known_before_the_credential_is_consumed() {
    let ring = ring(&[SigningAlgorithm::Es256]);
    let issuer = issuer();
    let draft = issuer.prepare(permit(&["a"], None, None), &Sub::new("s"), [7; 16], &ring).unwrap();
    let (subject, jti, expires) = (draft.subject().to_owned(), draft.jti().clone(), draft.expires());
    assert_eq!(draft.key_id(), ring.signer(SigningAlgorithm::Es256).unwrap().key_id());
    let tokens = issuer.issue(draft, admission(&Said::PLAINLY.identity())).unwrap();
    let claims: Value = serde_json::from_str(&testing::payload(tokens.access_token().expose())).unwrap();
    assert_eq!((&claims["sub"], &claims["jti"]), (&subject.into(), &jti.as_str().into()));
    assert_eq!(claims["exp"], expires.unix_seconds());
}

#[test]
fn without_a_key_nothing_is_prepared() {
    let asked = permit(&[], Some(SigningAlgorithm::Ps256), None);
    let error = issuer().prepare(asked, &Sub::new("s"), [7; 16], &ring(&[SigningAlgorithm::Es256])).unwrap_err();
    assert!(matches!(error, IssueError::NoKey { algorithm: SigningAlgorithm::Ps256 }));
    assert_eq!(error.code().to_string(), "bridge.signing_failed");
}

#[test]
fn the_admission_of_another_credential_issues_nothing() {
    let ring = ring(&[SigningAlgorithm::Es256]);
    let issuer = issuer();
    let draft = issuer.prepare(permit(&[], None, None), &Sub::new("s"), [7; 16], &ring).unwrap();
    let another = admission(&Said { id: "_a2", ..Said::PLAINLY }.identity());
    let error = issuer.issue(draft, another).unwrap_err();
    assert!(matches!(error, IssueError::Admission(_)));
    assert_eq!(error.code().to_string(), "bridge.internal");
}

#[test]
fn a_client_with_pairwise_subjects_sees_those_of_its_sector() {
    let (ring, issuer, identity) = (ring(&[SigningAlgorithm::Es256]), issuer(), Said::PLAINLY.identity());
    let sub_at = |subject_type: SubjectType| {
        let (client, api) = (Client { subject_type, ..client() }, api(PAYROLL, ""));
        let (asked, mapped) = (Asked { client: &client, api: &api, scope: None }, claims(&[], &[], &[]));
        let permit = decide(&asked, &identity, &mapped, NOW, &mut trail()).unwrap();
        let tokens = issued(&issuer, permit, &ring);
        let claims: Value = serde_json::from_str(&testing::payload(tokens.access_token().expose())).unwrap();
        claims["sub"].as_str().unwrap().to_owned()
    };
    let pairwise = |sector: &str| SubjectType::Pairwise(Sector::new(sector));
    assert_eq!(sub_at(SubjectType::Public), "s");
    let payroll = sub_at(pairwise("payroll.example"));
    assert_eq!(payroll, issuer.subjects().shown(&Sub::new("s"), &pairwise("payroll.example")));
    assert_eq!(payroll, sub_at(pairwise("payroll.example")));
    assert_ne!(payroll, sub_at(pairwise("wiki.example")));
}

#[test]
fn a_token_is_not_printed() {
    let ring = ring(&[SigningAlgorithm::Es256]);
    let issuer = issuer();
    let tokens = issued(&issuer, permit(&[], None, None), &ring);
    let shown = format!("{tokens:?} {issuer:?}");
    assert!(!shown.contains("eyJ"), "{shown}");
}

#[test]
fn a_request_may_carry_these_across_threads() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<Draft<'static>>();
    assert_send_and_sync::<IssuedTokens>();
    assert_send_and_sync::<Issuer>();
    assert_send_and_sync::<KeyRing>();
    assert_send_and_sync::<crate::crypto::seal::MasterKeys>();
    assert_send_and_sync::<crate::policy::Policy>();
}
