//! The real binary, served from a folder of its own, for tests that kill it, watch it, or let others verify what it says.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use drawbridge::config::master_key;
use drawbridge::credential::saml::signer::{AssertionDraft, render_metadata};
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use drawbridge::ground::attribute::NameId;
use drawbridge::ground::clock::{Clock as _, SystemClock};
use drawbridge::ground::id::EntityId;

const CLIENT: &str = "portal";
const SECRET: &str = "wGhx1UpzM0Qd7qkZb3oT9yVr";
const PROVIDER: &str = "https://idp.example";
pub(crate) const ISSUER: &str = "https://bridge.example";
pub(crate) const AUDIENCE: &str = "https://payroll.example";

const CONFIGURATION: &str = "\
issuer: https://bridge.example
listen: 127.0.0.1:0
master_key: { file: ./master.key }
mappings: ./mappings
storage: { sled: { path: ./data } }
saml:
  entity_id: https://bridge.example/saml
  identity_providers:
    - { id: own, metadata: { file: ./own.xml } }
    - { id: idp-a, metadata: { file: ./idp-a.xml } }
clients:
  - id: portal
    secret: { file: ./secret }
    grants: [saml2-bearer, token-exchange]
    sources: [own, idp-a]
    audiences: [https://payroll.example]
apis:
  - audience: https://payroll.example
    scopes: [payroll.read]
";

const OF_OWN: &str = "\
kind: mapping
version: 1
id: own
source: own
subject: { from: name_id, email_proven: true }
scopes: { payroll.read: \"true\" }
";

const OF_IDP_A: &str = "\
kind: mapping
version: 1
id: idp-a
source: idp-a
attributes:
  role: { name: role }
subject: { from: name_id, email_proven: true }
claims:
  role: { from: role, required: true }
scopes: { payroll.read: \"true\" }
release:
  https://payroll.example: [role]
";

/// By which of the two grants an assertion is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Bearer,
    Exchange,
}

impl Door {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Bearer => Self::Exchange,
            Self::Exchange => Self::Bearer,
        }
    }

    fn form(self, parameter: &str) -> Vec<(&str, &str)> {
        let credential = match self {
            Self::Bearer => {
                vec![("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer"), ("assertion", parameter)]
            }
            Self::Exchange => vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"),
                ("subject_token", parameter),
            ],
        };
        [credential, vec![("client_id", CLIENT), ("client_secret", SECRET)]].concat()
    }
}

/// A folder with everything that `serve` needs, and an identity provider of its own.
pub(crate) struct Bridge {
    folder: tempfile::TempDir,
    provider: RawSigningKey,
}

impl Bridge {
    pub(crate) fn new() -> Self {
        let provider = RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap();
        let now = SystemClock.now();
        let certificate = provider.certificate("TEST", now, now.after(Duration::from_secs(3600))).unwrap();
        let own = render_metadata(&EntityId::new(PROVIDER), "https://idp.example/sso", &[certificate]).unwrap();
        let idp_a = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml/metadata/idp-a.xml");
        let bridge = Self { folder: tempfile::tempdir().unwrap(), provider };
        for (name, text) in [
            ("drawbridge.yaml", CONFIGURATION),
            ("own.xml", &own),
            ("idp-a.xml", &fs::read_to_string(idp_a).unwrap()),
            ("secret", SECRET),
            ("mappings/own.yaml", OF_OWN),
            ("mappings/idp-a.yaml", OF_IDP_A),
        ] {
            bridge.write(name, text);
        }
        master_key::init(&bridge.at("master.key"), &SystemEntropy).unwrap();
        bridge
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A fresh assertion of the bridge's own provider, as the parameter of a request.
    pub(crate) fn assertion(&self, id: &str) -> String {
        let now = SystemClock.now();
        let draft = AssertionDraft {
            id: id.to_owned(),
            issuer: EntityId::new(PROVIDER),
            issue_instant: now,
            name_id: NameId { value: "ana".to_owned(), format: None, name_qualifier: None, sp_name_qualifier: None },
            recipient: format!("{ISSUER}/token"),
            in_response_to: None,
            audiences: vec![ISSUER.to_owned()],
            not_before: now,
            not_on_or_after: now.after(Duration::from_secs(600)),
            authentication: None,
            attributes: Vec::new(),
        };
        BASE64_URL_SAFE_NO_PAD.encode(draft.sign(&self.provider).unwrap())
    }

    /// The words of a command that serves this folder.
    pub(crate) fn serve(&self) -> [String; 6] {
        let configuration = self.at("drawbridge.yaml").into_os_string().into_string().unwrap();
        let words = [env!("CARGO_BIN_EXE_drawbridge"), "serve", "--config", &configuration, "--listen", "127.0.0.1:0"];
        words.map(str::to_owned)
    }

    pub(crate) fn start(&self) -> Running {
        self.spawn().serving()
    }

    /// Starts it and does not wait for anything.
    pub(crate) fn spawn(&self) -> Process {
        let [program, words @ ..] = self.serve();
        Process::of(Command::new(program).args(words))
    }
}

/// A process. Killed with the test, however that ends.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn of(command: &mut Command) -> Self {
        // Where a test fails, cargo shows the log.
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).env("RUST_LOG", "warn").spawn().unwrap())
    }

    /// SIGKILL as soon as it has opened a file whose path ends so.
    pub(crate) fn kill_once_it_holds(mut self, end: &str) {
        let open = format!("/proc/{}/fd", self.0.id());
        let holds = || {
            let Ok(entries) = fs::read_dir(&open) else { return false };
            let mut paths = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
            paths.any(|path| path.to_str().is_some_and(|path| path.ends_with(end)))
        };
        while !holds() {
            assert!(self.0.try_wait().unwrap().is_none(), "the server ended before it opened {end}");
            std::thread::yield_now();
        }
    }

    /// Waits until it says where it listens.
    pub(crate) fn serving(mut self) -> Running {
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        let mut said = Vec::new();
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the server ended: {said:?}");
            if let Some(address) = line.trim_end().strip_prefix("listening on http://") {
                return Running { address: address.parse().unwrap(), process: self, said };
            }
            said.push(line.trim_end().to_owned());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL; without effect on what has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that serves.
pub(crate) struct Running {
    process: Process,
    pub(crate) address: SocketAddr,
    /// The lines before the address.
    pub(crate) said: Vec<String>,
}

impl Running {
    /// SIGKILL, now.
    pub(crate) fn kill(self) {
        drop(self.process);
    }

    /// Waits for the end that somebody else brings about.
    pub(crate) fn wait(mut self) {
        assert!(self.process.0.wait().unwrap().success());
    }

    pub(crate) fn post(&self, door: Door, parameter: &str) -> Answer {
        post(self.address, door, parameter).expect("the server answers")
    }

    /// The body of a page.
    pub(crate) fn page(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        let answer = exchange(self.address, &request).expect("the server answers");
        assert_eq!(answer.status, 200, "{path}");
        answer.body
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap_or_default().to_owned()
    }
}

/// Presents an assertion; `None` where no whole answer comes back, because the server is gone.
pub(crate) fn post(address: SocketAddr, door: Door, parameter: &str) -> Option<Answer> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(door.form(parameter)).finish();
    let length = body.len();
    exchange(
        address,
        &format!(
            "POST /token HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        ),
    )
}

fn exchange(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    // A token of which only a part came is no token.
    (length == Some(body.len())).then(|| Answer { status, body: body.to_owned() })
}
