//! What is measured with: files as an operator writes them, a provider that signs as many responses as are asked for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tempfile::TempDir;

use crate::cli::exit::Failure;
use crate::cli::report::not_loaded;
use crate::config::{Extent, LoadError, Loaded, load, master_key};
use crate::credential::saml::AuthnStatement;
use crate::credential::saml::signer::{AssertionDraft, ResponseDraft, fresh_id, render_metadata};
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::SigningAlgorithm;
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::verify::PublicKey;
use crate::flow::Presented;
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::clock::{Clock as _, SystemClock};
use crate::ground::entropy::Entropy;
use crate::ground::id::EntityId;
use crate::ground::oauth::GrantType;
use crate::ground::time::Timestamp;

use super::CACHE;

const CONFIGURATION: &str = include_str!("drawbridge.yaml");
const MAPPING: &str = include_str!("mapping.yaml");
const ISSUER: &str = "https://bridge.bench.example";
const PROVIDER: &str = "https://idp.bench.example";
/// The one client.
pub(super) const CLIENT: &str = "bench-client";
/// What tokens are signed with unless something else is measured.
pub(super) const ES256: SigningAlgorithm = SigningAlgorithm::Es256;
/// Each has an API of its own.
const AUDIENCES: [SigningAlgorithm; 4] =
    [ES256, SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256, SigningAlgorithm::Ps256];
/// So many values of the last attribute make a response of about 7 KB.
const GROUPS: usize = 18;

/// The folder goes when the stage does.
pub(super) struct Stage {
    folder: TempDir,
    client_secret: String,
    rsa: RawSigningKey,
    ec: RawSigningKey,
}

impl Stage {
    /// Writes everything that a bridge needs, below `beneath` or where the system puts temporary files.
    pub(super) fn build(beneath: Option<&Path>) -> Result<Self, Failure> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("drawbridge-bench-");
        let folder = beneath.map_or_else(|| builder.tempdir(), |path| builder.tempdir_in(path)).map_err(failed)?;
        let entropy: &dyn Entropy = &SystemEntropy;
        let rsa = RawSigningKey::generate(RawKeyKind::RsaSha256).map_err(failed)?;
        let ec = RawSigningKey::generate(RawKeyKind::EcdsaSha256).map_err(failed)?;
        let stage = Self { folder, client_secret: URL_SAFE_NO_PAD.encode(entropy.bytes::<24>()), rsa, ec };
        stage.write().map_err(failed)?;
        master_key::init(&stage.at("master.key"), entropy).map_err(failed)?;
        Ok(stage)
    }

    fn write(&self) -> io::Result<()> {
        let now = SystemClock.now();
        let year = now.after(Duration::from_secs(365 * 24 * 3600));
        fs::create_dir(self.at("mappings"))?;
        fs::write(self.at("mappings/bench.yaml"), MAPPING)?;
        let certificate = |key: &RawSigningKey| key.certificate("TEST identity provider of the bench", now, year);
        let certificates = [&self.rsa, &self.ec].map(certificate).into_iter().collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(io::Error::other)?;
        let metadata = render_metadata(&EntityId::new(PROVIDER), &format!("{PROVIDER}/sso"), &certificates);
        fs::write(self.at("idp.xml"), metadata.map_err(io::Error::other)?)?;
        let mut secret = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.at("client-secret"))?;
        writeln!(secret, "{}", self.client_secret)
    }

    /// What the provider signs with.
    pub(super) const fn key(&self, kind: RawKeyKind) -> &RawSigningKey {
        match kind {
            RawKeyKind::RsaSha256 => &self.rsa,
            RawKeyKind::EcdsaSha256 => &self.ec,
        }
    }

    /// The provider's RSA key, as its metadata shows it.
    pub(super) fn public_key(&self) -> Result<PublicKey, Failure> {
        let now = SystemClock.now();
        let certificate = self.rsa.certificate("TEST", now, now.after(Duration::from_secs(60))).map_err(failed)?;
        PublicKey::from_certificate(&certificate).map_err(failed)
    }

    /// A path of the folder.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The set of files, read and judged; with a data folder of its own for each name.
    pub(super) fn load(&self, data: &str, cache: &str) -> Result<Loaded, Failure> {
        let path = self.at(&format!("{data}.yaml"));
        let text = CONFIGURATION.replace("./data", &format!("./{data}")).replace("CACHE", cache);
        fs::write(&path, text).map_err(failed)?;
        // Secrets are in files, so the environment is not asked.
        let nothing = std::collections::BTreeMap::new();
        load(&path, Extent::Start, &nothing, SystemClock.now()).map_err(|error| match error {
            LoadError::Refused(refused) => failed(format!("{:?}", refused.diagnostics)),
            LoadError::Unreadable { .. } | LoadError::Changing => not_loaded(&error),
        })
    }

    /// The files of a set of so many mappings, most of which are about other APIs: the path of its configuration.
    pub(super) fn many(&self, count: usize) -> Result<PathBuf, Failure> {
        let folder = self.at("many");
        fs::create_dir(&folder).map_err(failed)?;
        let [es256, others @ ..] = AUDIENCES.map(audience);
        let of = |api: &str| format!("source: bench-idp\nfor: {{ audiences: [{api}] }}");
        let own = [es256.as_str()].into_iter().chain(others.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
        let head = |apis: &str| MAPPING.replace("source: bench-idp", &of(apis));
        fs::write(folder.join("bench.yaml"), head(&own)).map_err(failed)?;
        let mut text = CONFIGURATION.replace("./mappings", "./many").replace("CACHE", CACHE);
        for number in 1..count {
            let api = format!("https://{number}.bench.example");
            text.extend(["  - { audience: ", &api, ", scopes: [payroll.read, payroll.write] }\n"]);
            let mapping = head(&api).replace("id: bench\n", &format!("id: bench-{number}\n"));
            let is_of_others = |line: &&str| others.iter().any(|other| line.contains(other.as_str()));
            let lines: Vec<&str> = mapping.lines().filter(|line| !is_of_others(line)).collect();
            fs::write(folder.join(format!("{number}.yaml")), lines.join("\n").replace(&es256, &api)).map_err(failed)?;
        }
        let path = self.at("many.yaml");
        fs::write(&path, text).map_err(failed)?;
        Ok(path)
    }

    /// So many different requests, each with a response signed by RSA-2048 as a provider does.
    pub(super) fn requests(&self, count: usize) -> Result<Vec<Request>, Failure> {
        let half = count / 2;
        // Signing costs many times what is measured: two threads at least halve the wait.
        std::thread::scope(|scope| {
            let other = scope.spawn(|| self.signed(half, RawKeyKind::RsaSha256));
            let mut requests = self.signed(count - half, RawKeyKind::RsaSha256)?;
            requests.extend(other.join().map_err(|_| failed("a thread that signs ended early"))??);
            Ok(requests)
        })
    }

    fn signed(&self, count: usize, kind: RawKeyKind) -> Result<Vec<Request>, Failure> {
        (0..count).map(|_| self.request(kind)).collect()
    }

    /// A response that nobody has presented yet.
    pub(super) fn request(&self, kind: RawKeyKind) -> Result<Request, Failure> {
        let now = SystemClock.now();
        let response = ResponseDraft {
            id: fresh_id(&SystemEntropy),
            issuer: EntityId::new(PROVIDER),
            issue_instant: now,
            destination: None,
            in_response_to: None,
        };
        let xml = response.wrap(&draft(now).sign(self.key(kind)).map_err(failed)?).map_err(failed)?;
        Ok(Request { assertion: STANDARD.encode(xml), client_secret: self.client_secret.clone() })
    }
}

/// A request that waits to be sent.
pub(super) struct Request {
    /// The `assertion` parameter: base64.
    pub(super) assertion: String,
    client_secret: String,
}

impl Request {
    /// As a parsed form, for the flow.
    pub(super) fn presented(self, algorithm: SigningAlgorithm) -> Presented {
        let audience = audience(algorithm);
        let pairs = [
            ("grant_type", GrantType::Saml2Bearer.as_str().to_owned()),
            ("resource", audience),
            ("client_id", CLIENT.to_owned()),
            ("client_secret", self.client_secret),
            ("assertion", self.assertion),
        ];
        let form = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Presented { form, authorization: None, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) }
    }

    /// As the body of a POST.
    pub(super) fn body(self) -> String {
        let form = self.presented(ES256).form;
        form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
    }
}

/// The API whose tokens are signed so.
pub(super) fn audience(algorithm: SigningAlgorithm) -> String {
    format!("https://{}.bench.example", algorithm.as_str().to_ascii_lowercase())
}

fn draft(now: Timestamp) -> AssertionDraft {
    AssertionDraft {
        id: fresh_id(&SystemEntropy),
        issuer: EntityId::new(PROVIDER),
        issue_instant: now,
        name_id: NameId {
            value: "alice@example.com".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        recipient: format!("{ISSUER}/token"),
        in_response_to: None,
        audiences: vec![ISSUER.to_owned()],
        not_before: now,
        not_on_or_after: now.after(Duration::from_secs(300)),
        authentication: Some(AuthnStatement {
            instant: now,
            session_index: Some(fresh_id(&SystemEntropy)),
            session_not_on_or_after: Some(now.after(Duration::from_secs(8 * 3600))),
            context_class: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned()),
        }),
        attributes: attributes(),
    }
}

/// Twelve, as a corporate directory has them.
fn attributes() -> Vec<Attribute> {
    let groups: Vec<String> =
        (0..GROUPS).map(|number| format!("CN=Group {number:02},OU=Groups,DC=corp,DC=example,DC=com")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let entitlements =
        ["urn:mace:example.com:entitlement:payroll-read", "urn:mace:example.com:entitlement:payroll-write"];
    let sent: [(&str, &str, &[&str]); 12] = [
        ("uid", "urn:oid:0.9.2342.19200300.100.1.1", &["alice"]),
        ("mail", "urn:oid:0.9.2342.19200300.100.1.3", &["alice.example@payroll.example.com"]),
        ("givenName", "urn:oid:2.5.4.42", &["Alice"]),
        ("sn", "urn:oid:2.5.4.4", &["Example-Þórsdóttir"]),
        ("displayName", "urn:oid:2.16.840.1.113730.3.1.241", &["Alice Example-Þórsdóttir"]),
        ("o", "urn:oid:2.5.4.10", &["Example Manufacturing & Sons Ltd."]),
        ("ou", "urn:oid:2.5.4.11", &["Accounting", "Payroll"]),
        ("employeeNumber", "urn:oid:2.16.840.1.113730.3.1.3", &["1047283"]),
        ("eduPersonPrincipalName", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", &["Alice@example.com"]),
        (
            "eduPersonScopedAffiliation",
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
            &["member@example.com", "employee@example.com"],
        ),
        ("eduPersonEntitlement", "urn:oid:1.3.6.1.4.1.5923.1.1.1.7", &entitlements),
        ("isMemberOf", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", &groups),
    ];
    let attribute = |(friendly, name, values): (&str, &str, &[&str])| Attribute {
        name: name.to_owned(),
        name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri".to_owned()),
        friendly_name: Some(friendly.to_owned()),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    sent.into_iter().map(attribute).collect()
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::could_not_run(format!("the bench could not be set up: {error}"))
}
