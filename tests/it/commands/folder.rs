//! A folder of files that are all good, and the binary run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use drawbridge::config::master_key;
use drawbridge::crypto::digest::hex;
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::mac::{MacAlgorithm, MacKey};

const KEY: &str = "an-intranet-key-of-32-characters";
const CONFIGURATION: &str = "\
issuer: https://bridge.example
listen: 127.0.0.1:8080
master_key: { file: ./master.key }
mappings: ./mappings
storage: { sled: { path: ./data } }
saml:
  identity_providers:
    - { id: corp, metadata: { file: ./idp-a.xml }, clock_skew: 30s }
sessions:
  - id: intranet
    kind: hmac
    namespace: intranet.corp.example
    mac: { algorithm: hmac-sha256, encoding: hex, separator: \".\" }
    keys: [{ id: k1, secret: { env: INTRANET_KEY } }]
    layout: { separator: \"|\" }
    fields: [{ name: user, role: subject }, { name: expires, role: expires_at }]
    reuse: { at_most: 5 }
clients:
  - id: portal
    secret: { file: ./secrets/portal }
    grants: [saml2-bearer, token-exchange]
    sources: [corp, intranet]
    audiences: [https://payroll.example]
    forwards:
      source: corp
      recipients: [https://portal.example/saml/acs]
      audiences: [https://portal.example/saml]
      until: 2026-12-31
apis:
  - audience: https://payroll.example
    scopes: [payroll.read, payroll.write]
";
pub(crate) const MAPPING: &str = "\
kind: mapping
version: 1
id: payroll
source: corp
attributes:
  mail: { name: mail }
subject: { from: name_id, email_proven: true }
claims:
  email: mail
scopes:
  payroll.read: \"true\"
release:
  https://payroll.example: [email]
tests:
  - name: somebody
    given: { name_id: ana, attributes: { mail: [ana@corp.example] } }
    expect: { claims: { email: ana@corp.example } }
";

pub(crate) struct Folder(tempfile::TempDir);

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("drawbridge.yaml", CONFIGURATION);
        folder.write("mappings/payroll.yaml", MAPPING);
        folder.write("secrets/portal", "wGhx1UpzM0Qd7qkZb3oT9yVr\n");
        let metadata = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml/metadata/idp-a.xml");
        folder.write("idp-a.xml", &fs::read_to_string(metadata).unwrap());
        master_key::init(&folder.at("master.key"), &SystemEntropy).unwrap();
        folder
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.at(name)).unwrap();
        assert!(text.contains(from), "{from}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// A document of the fixtures.
    pub(crate) fn fixture(case: &str) -> String {
        format!("{}/fixtures/saml/{case}/document.xml", env!("CARGO_MANIFEST_DIR"))
    }

    /// A session token of the intranet: the payload and its MAC.
    pub(crate) fn session(payload: &str) -> String {
        let key = MacKey::new(MacAlgorithm::HmacSha256, KEY.as_bytes());
        let mac = hex(&key.mac(payload.as_bytes()));
        format!("{payload}.{mac}")
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_at("2026-03-01T12:00:00Z", words)
    }

    pub(crate) fn run_at(&self, now: &str, words: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
            .args(words)
            .current_dir(self.0.path())
            .env("DRAWBRIDGE_NOW", now)
            .env("INTRANET_KEY", KEY)
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
