//! A small world, and the admission of a credential in it. Tests only.

use std::time::Duration;

use async_trait::async_trait;

use crate::credential::Identity;
use crate::crypto::client_secret::ClientSecretDigest;
use crate::decision::{Detail, Trail};
use crate::ground::id::{Audience, ClientId, SourceId, TraceId};
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::store::{Admission, Commit, CommitError, Committed, Ledger, StoreError, admit};

use super::{Api, Client, SubjectType};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_772_366_400_900);
pub(crate) const PAYROLL: &str = "https://payroll.example";

pub(crate) fn trail() -> Trail {
    Trail::open(TraceId::from_bytes([1; 16]), NOW, Detail::Record)
}

pub(crate) fn client() -> Client {
    Client {
        id: ClientId::new("payroll-portal"),
        secret: ClientSecretDigest::of(b"correct horse"),
        grants: vec![GrantType::Saml2Bearer],
        sources: vec![SourceId::new("corp-adfs")],
        audiences: vec![Audience::new(PAYROLL)],
        scopes: None,
        subject_type: SubjectType::Public,
    }
}

pub(crate) fn api(audience: &str, scopes: &str) -> Api {
    Api {
        audience: Audience::new(audience),
        scopes: if scopes.is_empty() { ScopeSet::default() } else { ScopeSet::parse(scopes).unwrap() },
        lifetime: Duration::from_secs(600),
        algorithm: None,
    }
}

/// Admits whatever is committed: what a store does is the store's own test.
struct Yes;

#[async_trait]
impl Ledger for Yes {
    async fn commit(&self, _: Commit) -> Result<Committed, CommitError> {
        Ok(Committed { uses: 1 })
    }

    async fn sweep(&self, _: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

pub(crate) fn admission(identity: &Identity) -> Admission {
    let trace_id = TraceId::from_bytes([1; 16]);
    let record = Commit { consume: None, trace_id, record: Vec::new(), links: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(admit(&Yes, identity.consumption().clone(), record)).unwrap()
}
