//! The doors over a bridge in memory: what a store that fails looks like from outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::backends::memory::MemoryStore;
use crate::credential::saml::trust::TrustSources;
use crate::credential::{Authentication, Facts};
use crate::crypto::client_secret::ClientSecretDigest;
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::SigningAlgorithm;
use crate::crypto::recording::RecordingKey;
use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::crypto::subject::SubjectKey;
use crate::flow::{Addresses, Bridge, Parts, Revision};
use crate::ground::clock::FixedClock;
use crate::ground::id::{Audience, ClientId, Namespace, SourceId, TraceId};
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::Mappings;
use crate::policy::{Api, Client, Policy, SubjectType};
use crate::store::{Mark, MarkKind, Marks as _, Records as _};
use crate::token::Issuer;

use super::{Public, public_router};

const ISSUER: &str = "https://bridge.example";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

fn revision() -> Revision {
    let client = Client {
        id: ClientId::new("portal"),
        secret: ClientSecretDigest::of(b"a TEST secret of the portal"),
        grants: GrantType::ALL.to_vec(),
        sources: Vec::new(),
        audiences: vec![Audience::new("https://payroll.example")],
        scopes: None,
        subject_type: SubjectType::Public,
    };
    let api = Api {
        audience: Audience::new("https://payroll.example"),
        scopes: ScopeSet::default(),
        lifetime: Duration::from_secs(600),
        algorithm: None,
    };
    Revision {
        hash: "of a test".into(),
        addresses: Addresses {
            issuer: ISSUER.into(),
            audiences: vec![ISSUER.into()],
            recipients: vec![format!("{ISSUER}/token")],
            acs: format!("{ISSUER}/saml/acs"),
        },
        metadata: "{}".into(),
        trust: TrustSources::default(),
        sessions: BTreeMap::new(),
        forwards: BTreeMap::new(),
        mappings: Mappings::default(),
        keeping: crate::flow::Keeping::default(),
        policy: Policy::new(vec![client], vec![api]).unwrap(),
    }
}

async fn router_over(store: &Arc<MemoryStore>) -> Router {
    public_router(Public::new(bridge_over(store).await, Vec::new()), "")
}

async fn bridge_over(store: &Arc<MemoryStore>) -> Arc<Bridge> {
    let subject_key = SubjectKey::generate(&SystemEntropy);
    let parts = Parts {
        clock: Arc::new(FixedClock(NOW)),
        entropy: Arc::new(SystemEntropy),
        store: store.clone(),
        recorder: crate::flow::Recorder::new(
            RecordingKey::generate(&SystemEntropy).unwrap(),
            subject_key.audit_key(),
            store.clone(),
            Arc::new(SystemEntropy),
        ),
        ring: Arc::new(KeyRing::load(&[]).unwrap()),
        master_keys: Arc::new(MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()),
        audit_key: subject_key.audit_key(),
        issuer: Issuer::new(ISSUER.into(), subject_key, SigningAlgorithm::Es256),
        revision: revision(),
    };
    Arc::new(Bridge::open(parts).await.unwrap())
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Response<()>, String) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (parts.status, Response::from_parts(parts, ()), text)
}

fn token_request() -> Request<Body> {
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:saml2-bearer&assertion=x";
    let form = format!("{grant}&client_id=portal&client_secret=a+TEST+secret+of+the+portal");
    let request = Request::post("/token").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(form)).unwrap()
}

#[tokio::test]
async fn a_store_that_fails_is_503_at_every_door_until_it_is_reopened() {
    let store = Arc::new(MemoryStore::new());
    let router = router_over(&store).await;
    let (status, _, body) = send(&router, token_request()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    assert!(body.contains(r#""reason":"saml.encoding""#), "{body}");
    assert_eq!(send(&router, Request::get("/readyz").body(Body::empty()).unwrap()).await.0, StatusCode::OK);

    store.poison("a sync failed");
    let (status, response, body) = send(&router, token_request()).await;
    let json: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (&json["error"], &json["reason"]),
        (&"temporarily_unavailable".into(), &"bridge.store_unavailable".into())
    );
    assert!(response.headers().contains_key(RETRY_AFTER));
    let ready = send(&router, Request::get("/readyz").body(Body::empty()).unwrap()).await;
    assert_eq!(ready.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(send(&router, Request::get("/healthz").body(Body::empty()).unwrap()).await.0, StatusCode::OK);

    let reopened = router_over(&Arc::new(store.reopened())).await;
    assert_eq!(send(&reopened, token_request()).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_that_panics_is_on_record_as_abandoned() {
    let store = Arc::new(MemoryStore::new());
    let router = router_over(&store).await;
    store.panic_once();
    let (status, _, body) = send(&router, token_request()).await;
    let json: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &json["reason"]), (StatusCode::INTERNAL_SERVER_ERROR, &"bridge.abandoned".into()));
    let trace_id = TraceId::parse(json["trace_id"].as_str().unwrap()).unwrap();
    let record: Value = serde_json::from_slice(&store.record(trace_id).await.unwrap().unwrap().record).unwrap();
    assert_eq!((&record["outcome"], &record["door"]), (&"abandoned".into(), &"saml2-bearer".into()));
}

#[tokio::test]
async fn trust_that_was_ended_under_an_id_stays_ended_when_a_reload_brings_the_source() {
    let store = Arc::new(MemoryStore::new());
    let mark = |key: &str, value: &str| Mark { kind: MarkKind::Distrust, key: key.into(), value: value.into() };
    store.mark(mark("later", "2026-03-01T12:00:00Z")).await.unwrap();
    store.mark(mark("renamed", "2026-03-01T12:00:00Z urn:lasting")).await.unwrap();
    let bridge = bridge_over(&store).await;
    let facts = |source: &str, namespace: &str| Facts {
        source: SourceId::new(source),
        namespace: Namespace::new(namespace),
        name_id: None,
        attributes: Vec::new(),
        authentication: Authentication::default(),
    };
    assert!(bridge.is_distrusted(&facts("later", "urn:any")));
    assert!(bridge.is_distrusted(&facts("another-id", "urn:lasting")));
    assert!(!bridge.is_distrusted(&facts("renamed", "urn:other")), "the name lasts, not the id");
}
