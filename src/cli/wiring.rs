//! Where everything meets: files, keys, store and flow become a bridge.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::backends::audit::{AuditFile, AuditOptions, Audited};
use crate::backends::sled::{OpenError as StoreOpenError, SledOptions, SledStore};
use crate::config::{self, Loaded, Settings, master_key};
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::SigningAlgorithm;
use crate::crypto::seal::MasterKeys;
use crate::diagnostic::placed_line;
use crate::flow::{
    Addresses, Bridge, KeepFacts, Keeping, KeyMaker, Keys, OpenError, Parts, Recorder, Revision, SubjectRuleChanged,
};
use crate::ground::clock::{Clock, SystemClock};
use crate::ground::id::SourceId;
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;
use crate::store::Store;
use crate::token::{Issuer, Offered, ServerMetadata};

use super::exit::Failure;

/// An audit file is put aside at this size, as `audit.jsonl.1` and so on; those are the operator's to keep or delete.
const AUDIT_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A bridge with what belongs to it.
pub(super) struct Wired {
    /// The flow.
    pub(super) bridge: Arc<Bridge>,
    /// Opens keys.
    pub(super) master_keys: Arc<MasterKeys>,
    /// Records older than this go.
    pub(super) keep_records: Duration,
}

/// Opens store and keys and puts the revision in force. Blocks while the store reads its log.
pub(super) async fn wire(loaded: Loaded) -> Result<Wired, Failure> {
    // Before a data folder is made: without its master key a bridge has no business there.
    let master_keys = load_master_keys(&loaded.settings)?;
    let store = open_store(&loaded.settings).await?;
    Box::pin(put_together(loaded, master_keys, store)).await
}

/// The same over a store that is open: `bench` measures with one that has no disk.
pub(super) async fn wire_over(loaded: Loaded, store: Arc<dyn Store>) -> Result<Wired, Failure> {
    let master_keys = load_master_keys(&loaded.settings)?;
    Box::pin(put_together(loaded, master_keys, store)).await
}

fn load_master_keys(settings: &Settings) -> Result<MasterKeys, Failure> {
    master_key::load(&settings.master_key).map_err(|error| Failure::could_not_run(error.to_string()).help(error.help()))
}

async fn put_together(loaded: Loaded, master_keys: MasterKeys, store: Arc<dyn Store>) -> Result<Wired, Failure> {
    let settings = &loaded.settings;
    let keep_records = settings.audit.keep;
    let now = SystemClock.now();
    let keys = open_keys(store.as_ref(), &master_keys, settings).await?;
    let issuer = Issuer::new(settings.issuer.as_str().to_owned(), keys.subject, settings.signing);
    let revision = revision(loaded)?;
    let recorder = Recorder::new(keys.recording, keys.audit.clone(), Arc::clone(&store), Arc::new(SystemEntropy));
    let master_keys = Arc::new(master_keys);
    let parts = Parts {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        store,
        recorder,
        ring: keys.ring,
        master_keys: Arc::clone(&master_keys),
        issuer,
        audit_key: keys.audit,
        revision,
    };
    let bridge = Bridge::open(parts).await.map_err(|error| match error {
        OpenError::Store(error) => Failure::could_not_run(error.to_string()),
        OpenError::SubjectRule(SubjectRuleChanged(problem)) => {
            problem.help.iter().fold(Failure::no(placed_line(&problem)), Failure::help)
        }
    })?;
    tracing::info!(revision = %bridge.revision().hash, at = %now, "the bridge is open");
    Ok(Wired { bridge: Arc::new(bridge), master_keys, keep_records })
}

/// Every key that the settings need; makes what is missing.
pub(super) async fn open_keys(
    store: &dyn Store,
    master_keys: &MasterKeys,
    settings: &Settings,
) -> Result<Keys, Failure> {
    let maker = KeyMaker { store, master: master_keys, entropy: &SystemEntropy };
    let opened = maker.open(&algorithms(settings), SystemClock.now()).await;
    opened.map_err(|error| Failure::could_not_run(format!("the keys cannot be opened: {error}")))
}

fn algorithms(settings: &Settings) -> Vec<SigningAlgorithm> {
    let asked = settings.policy.apis().filter_map(|api| api.algorithm);
    std::iter::once(settings.signing).chain(asked).collect()
}

/// The store, with the audit file behind it.
async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    make_folder(&settings.storage.data)
        .map_err(|error| could_not(&settings.storage.data, "the data folder cannot be made", &error))?;
    let options = SledOptions { path: settings.storage.store(), cache_bytes: settings.storage.cache_bytes };
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&options)).await;
    let opened = opened.map_err(|fault| Failure::could_not_run(format!("the store could not be opened: {fault}")))?;
    let store: Arc<dyn Store> = Arc::new(opened.map_err(|error| {
        let failure = Failure::could_not_run(error.to_string());
        match error {
            StoreOpenError::Locked { .. } => failure.help("is another bridge running on this data folder?"),
            StoreOpenError::Damaged { .. }
            | StoreOpenError::NewerFormat { .. }
            | StoreOpenError::OlderFormat { .. }
            | StoreOpenError::Foreign { .. }
            | StoreOpenError::Io { .. } => failure,
        }
    })?);
    let path = &settings.audit.file;
    let file = AuditFile::open(AuditOptions { path: path.clone(), rotate_at: Some(AUDIT_FILE_BYTES) })
        .map_err(|error| could_not(path, "the audit file cannot be opened", &error))?;
    let caught_up = file.catch_up(store.as_ref()).await;
    caught_up
        .map_err(|error| Failure::could_not_run(format!("the audit file cannot be brought up to date: {error}")))?;
    Ok(Arc::new(Audited::new(store, Arc::new(file))))
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // Also where somebody else made it: the admin socket relies on it.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

fn could_not(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::could_not_run(format!("{what}: `{}`: {error}", path.display()))
}

/// What the files say, as the flow needs it.
pub(super) fn revision(loaded: Loaded) -> Result<Revision, Failure> {
    let settings = loaded.settings;
    let metadata = metadata(&settings)
        .map_err(|error| Failure::could_not_run(format!("the metadata document cannot be written: {error}")))?;
    let addresses = Addresses {
        issuer: settings.issuer.as_str().to_owned(),
        audiences: settings.saml_audiences(),
        recipients: settings.saml_recipients(),
        acs: settings.addresses.acs.clone(),
    };
    Ok(Revision {
        hash: loaded.revision.into(),
        addresses,
        metadata,
        trust: settings.trust,
        sessions: settings.sessions,
        forwards: settings.forwards,
        mappings: loaded.mappings,
        keeping: keeping(&settings.keeping),
        policy: settings.policy,
    })
}

fn keeping(settings: &config::Keeping) -> Keeping {
    let facts = |keep| KeepFacts { keep, at_most: settings.facts_at_most, redact: settings.redact.clone() };
    Keeping { values: settings.values, facts: settings.facts.map(facts) }
}

/// The RFC 8414 document of these settings.
fn metadata(settings: &Settings) -> Result<String, serde_json::Error> {
    let is_used = |grant: &GrantType| settings.policy.clients().any(|client| client.grants.contains(grant));
    let grants: Vec<GrantType> = GrantType::ALL.into_iter().filter(is_used).collect();
    let sessions: Vec<SourceId> = settings.sessions.keys().cloned().collect();
    let scopes: ScopeSet = settings.policy.apis().flat_map(|api| api.scopes.iter().cloned()).collect();
    let offered = Offered {
        issuer: settings.issuer.as_str(),
        grants: &grants,
        saml: settings.trust.iter().next().is_some(),
        sessions: &sessions,
        scopes: &scopes,
        service_documentation: None,
    };
    ServerMetadata::of(&offered).to_json()
}
