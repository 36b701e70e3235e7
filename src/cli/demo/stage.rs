//! What the demo is played with: files as an operator writes them, an identity provider of its own, and a cookie.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tempfile::TempDir;

use crate::cli::exit::Failure;
use crate::config::master_key;
use crate::credential::saml::AuthnStatement;
use crate::credential::saml::signer::{AssertionDraft, ResponseDraft, fresh_id, render_metadata};
use crate::crypto::digest::hex;
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::mac::{MacAlgorithm, MacKey};
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::clock::{Clock as _, SystemClock};
use crate::ground::entropy::Entropy;
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;

const CONFIGURATION: &str = include_str!("drawbridge.yaml");
const PAYROLL: &str = include_str!("payroll.yaml");
const INTRANET: &str = include_str!("intranet.yaml");
const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const GROUPS: &str = "http://schemas.xmlsoap.org/claims/Group";
/// The test identity provider; it exists as long as the demo.
pub(super) const PROVIDER: &str = "https://idp.demo.example";
/// The API that tokens are for.
pub(super) const AUDIENCE: &str = "https://payroll.demo.example";
/// The application that crosses.
pub(super) const CLIENT: &str = "payroll-portal";

/// The folder goes when the stage does.
pub(super) struct Stage {
    folder: TempDir,
    pub(super) address: SocketAddr,
    pub(super) client_secret: String,
    provider_key: RawSigningKey,
    cookie_key: Vec<u8>,
}

impl Stage {
    /// Writes everything that `serve` needs, for a bridge at that address.
    pub(super) fn build(address: SocketAddr) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("drawbridge-demo-").tempdir().map_err(failed)?;
        let entropy: &dyn Entropy = &SystemEntropy;
        let provider_key = RawSigningKey::generate(RawKeyKind::RsaSha256).map_err(failed)?;
        let client_secret = URL_SAFE_NO_PAD.encode(entropy.bytes::<24>());
        let cookie_key = entropy.bytes::<32>().to_vec();
        let stage = Self { folder, address, client_secret, provider_key, cookie_key };
        stage.write().map_err(failed)?;
        master_key::init(&stage.at("master.key"), entropy).map_err(failed)?;
        Ok(stage)
    }

    fn write(&self) -> io::Result<()> {
        let now = SystemClock.now();
        fs::create_dir(self.at("mappings"))?;
        fs::write(self.configuration(), CONFIGURATION.replace("ISSUER", &self.issuer()))?;
        fs::write(self.at("mappings/payroll.yaml"), PAYROLL)?;
        fs::write(self.at("mappings/intranet.yaml"), INTRANET)?;
        let year = Duration::from_secs(365 * 24 * 3600);
        let certificate = self.provider_key.certificate("TEST identity provider of the demo", now, now.after(year));
        let certificates = [certificate.map_err(io::Error::other)?];
        let sign_on = format!("{PROVIDER}/sso");
        let metadata = render_metadata(&EntityId::new(PROVIDER), &sign_on, &certificates).map_err(io::Error::other)?;
        fs::write(self.at("idp.xml"), metadata)?;
        write_secret(&self.at("client-secret"), &self.client_secret)?;
        write_secret(&self.at("cookie-key"), &hex(&self.cookie_key))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file that `serve` is given.
    pub(super) fn configuration(&self) -> PathBuf {
        self.at("drawbridge.yaml")
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `client:secret` for HTTP Basic.
    pub(super) fn basic(&self) -> String {
        STANDARD.encode(format!("{CLIENT}:{}", self.client_secret))
    }

    /// A really signed response, as the identity provider would post it: base64 of XML.
    pub(super) fn response(&self) -> Result<(String, String), Failure> {
        let now = SystemClock.now();
        let assertion = self.assertion(now).sign(&self.provider_key).map_err(failed)?;
        let response = ResponseDraft {
            id: fresh_id(&SystemEntropy),
            issuer: EntityId::new(PROVIDER),
            issue_instant: now,
            destination: None,
            in_response_to: None,
        };
        let xml = response.wrap(&assertion).map_err(failed)?;
        Ok((STANDARD.encode(&xml), xml))
    }

    fn assertion(&self, now: Timestamp) -> AssertionDraft {
        let attribute = |name: &str, values: &[&str]| Attribute {
            name: name.to_owned(),
            name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri".to_owned()),
            friendly_name: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        AssertionDraft {
            id: fresh_id(&SystemEntropy),
            issuer: EntityId::new(PROVIDER),
            issue_instant: now,
            name_id: NameId {
                value: "8f14e45f-ceea-467f".to_owned(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            recipient: format!("{}/token", self.issuer()),
            in_response_to: None,
            audiences: vec![self.issuer()],
            not_before: now,
            not_on_or_after: now.after(Duration::from_secs(300)),
            authentication: Some(AuthnStatement {
                instant: now,
                session_index: Some(fresh_id(&SystemEntropy)),
                session_not_on_or_after: Some(now.after(Duration::from_secs(8 * 3600))),
                context_class: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned()),
            }),
            attributes: vec![
                attribute(UPN, &["Ana.Ruiz@CORP.example"]),
                attribute(GROUPS, &["Domain Users", "HR-Readers"]),
            ],
        }
    }

    /// A cookie as the old intranet writes it: user, groups, issued, expires, and an HMAC-SHA256 over them.
    pub(super) fn cookie(&self) -> String {
        let now = SystemClock.now().unix_seconds();
        let payload = format!("ana.ruiz|hr-readers,staff|{now}|{}", now + 8 * 3600);
        let mac = MacKey::new(MacAlgorithm::HmacSha256, &self.cookie_key).mac(payload.as_bytes());
        format!("{payload}.{}", hex(&mac))
    }
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::could_not_run(format!("the stage of the demo could not be built: {error}"))
}
