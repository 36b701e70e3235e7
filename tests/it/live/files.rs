//! A folder that a bridge can be run in: configuration, mappings, metadata, secrets, master key.
//!
//! Every value that belongs to a person or is a secret holds the word `marker`, so that one search finds a leak.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use drawbridge::config::master_key;
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::mac::{MacAlgorithm, MacKey};

use super::provider::{self, now};

pub(super) const ISSUER: &str = "https://bridge.example";
pub(super) const TOKEN_ENDPOINT: &str = "https://bridge.example/token";
pub(super) const ACS: &str = "https://bridge.example/saml/acs";
pub(super) const PAYROLL: &str = "https://payroll.example";
pub(super) const EXPENSES: &str = "https://expenses.example";
/// Characters that HTTP Basic and forms must encode (RFC 6749 section 2.3.1).
pub(super) const SECRET: &str = "marker-secret %:+&=/?#7kZb3oT9yVr";
pub(super) const COOKIE_KEY: &str = "marker-cookie-key-of-the-intranet-1";

const CONFIGURATION: &str = r#"issuer: https://bridge.example
listen: 127.0.0.1:0
master_key: { file: ./master.key }
mappings: ./mappings
storage: { sled: { path: ./data, cache: 8MiB } }
saml:
  entity_id: https://bridge.example/saml
  identity_providers:
    - { id: corp, metadata: { file: ./corp.xml } }
    - { id: partner, metadata: { file: ./partner.xml } }
    - { id: sunset, metadata: { file: ./sunset.xml } }
sessions:
  - id: intranet
    kind: hmac
    namespace: intranet.corp.example
    mac: { algorithm: hmac-sha256, encoding: hex, separator: "." }
    keys: [{ id: k1, secret: { file: ./secrets/cookie } }]
    layout: { separator: "|" }
    fields:
      - { name: user, role: subject }
      - { name: mail }
      - { name: issued, role: issued_at }
      - { name: expires, role: expires_at }
    reuse: { at_most: 3 }
clients:
  - id: portal
    secret: { file: ./secrets/client }
    grants: [saml2-bearer, token-exchange]
    sources: [corp, partner, sunset, intranet]
    audiences: [https://payroll.example]
  - id: suite
    secret: { file: ./secrets/client }
    grants: [saml2-bearer, token-exchange]
    sources: [corp]
    audiences: [https://payroll.example, https://expenses.example]
    scopes: [payroll.read, expenses.read]
  - id: narrow
    secret: { file: ./secrets/client }
    grants: [saml2-bearer]
    sources: [partner]
    audiences: [https://payroll.example]
  - id: other
    secret: { file: ./secrets/client }
    grants: [token-exchange]
    sources: [partner]
    audiences: [https://payroll.example]
  - id: legacy
    secret: { file: ./secrets/client }
    grants: [saml2-bearer, token-exchange]
    sources: [corp, partner]
    audiences: [https://payroll.example]
    forwards:
      source: corp
      recipients: [https://legacy.example/acs]
      audiences: [https://legacy.example/saml]
      until: UNTIL
  - id: former
    secret: { file: ./secrets/client }
    grants: [token-exchange]
    sources: [corp]
    audiences: [https://payroll.example]
    forwards:
      source: corp
      recipients: [https://former.example/acs]
      audiences: [https://former.example/saml]
      until: 2020-01-01
apis:
  - audience: https://payroll.example
    scopes: [payroll.read, payroll.write]
    token: { format: jwt, lifetime: 10m }
  - audience: https://expenses.example
    scopes: [expenses.read]
    token: { format: jwt, lifetime: 5m, algorithm: EdDSA }
"#;

pub(super) const MAPPING: &str = r#"kind: mapping
version: 1
id: payroll
source: corp
attributes:
  upn: { name: "urn:example:upn" }
  mail: { name: "urn:example:mail", optional: true }
  groups: { name: "urn:example:groups", many: true, optional: true }
  badge: { name: "urn:example:badge", optional: true, max_bytes: 64 }
  site: { name: "urn:example:site", many: true, optional: true }
  notes: { name: "urn:example:notes", many: true, optional: true }
require:
  - id: employees_only
    cel: "!attr.upn.lowerAscii().endsWith('@guest.example')"
    message: guests are not migrated yet
subject: { cel: "attr.upn.lowerAscii()" }
claims:
  roles:
    from: groups
    table: { HR-Admins: payroll-admin, HR-Readers: payroll-reader }
    required: true
  login: { cel: "attr.upn.split('@')[0]" }
  domain: { cel: "attr.upn.split('@')[1]" }
  badge: { from: badge, type: int }
  site: { from: site, take: one }
  notes: notes
scopes:
  payroll.read: "size(claims.roles) > 0"
  payroll.write: "'payroll-admin' in claims.roles"
  expenses.read: "true"
release:
  https://payroll.example: [roles, login, badge, site, notes]
"#;

const INTRANET: &str = r#"kind: mapping
version: 1
id: intranet
source: intranet
attributes:
  mail: { name: mail }
subject: { from: name_id }
claims:
  email: mail
scopes:
  payroll.read: "true"
release:
  https://payroll.example: [email]
"#;

const PARTNER: &str = r#"kind: mapping
version: 1
id: partner
source: partner
for: { clients: [narrow] }
subject: { from: name_id }
scopes:
  payroll.read: "true"
"#;

/// How a command ended.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// The folder; it goes when the value does.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let until = now().after(Duration::from_secs(200 * 24 * 3600)).to_string();
        files.write("drawbridge.yaml", &CONFIGURATION.replace("UNTIL", until.get(..10).unwrap()));
        files.write("mappings/payroll.yaml", MAPPING);
        files.write("mappings/intranet.yaml", INTRANET);
        files.write("mappings/partner.yaml", PARTNER);
        files.write("corp.xml", &provider::CORP.metadata());
        files.write("partner.xml", &provider::PARTNER.metadata());
        let ended = "<md:EntityDescriptor validUntil=\"2020-01-01T00:00:00Z\"";
        files.write("sunset.xml", &provider::SUNSET.metadata().replace("<md:EntityDescriptor", ended));
        files.write("secrets/client", SECRET);
        files.write("secrets/cookie", COOKIE_KEY);
        master_key::init(&files.at("master.key"), &SystemEntropy).unwrap();
        files
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// In one step: a running server never sees half a file.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let beside = self.at("being-written");
        fs::write(&beside, text).unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(beside, path).unwrap();
    }

    pub(super) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{from}");
        self.write(name, &text.replace(from, to));
    }

    /// The binary, in this folder.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawbridge"));
        command.args(words).current_dir(self.path()).env_remove("RUST_LOG").env_remove("DRAWBRIDGE_NOW");
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, words: &[&str]) -> Ran {
        let output = self.command(words).output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A cookie of the intranet for this user, from now for an hour.
pub(super) fn session(user: &str) -> String {
    let now = now().unix_seconds();
    sealed_session(&format!("{user}|marker-mail@corp.example|{now}|{}", now + 3600))
}

/// Any payload under the intranet's MAC.
pub(super) fn sealed_session(payload: &str) -> String {
    let mac = MacKey::new(MacAlgorithm::HmacSha256, COOKIE_KEY.as_bytes()).mac(payload.as_bytes());
    format!("{payload}.{}", drawbridge::crypto::digest::hex(&mac))
}
