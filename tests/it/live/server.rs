//! A bridge in a process of its own, ended with the test however that ends.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Files;
use super::files::SECRET;
use crate::wire::{self, Answer};

pub(super) const BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
pub(super) const INTRANET: &str = "urn:drawbridge:token-type:session:intranet";
/// A server that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The two doors for an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Bearer,
    Exchange,
}

impl Door {
    pub(super) const BOTH: [Self; 2] = [Self::Bearer, Self::Exchange];

    /// The parameters that carry an assertion.
    pub(super) fn form(self, assertion: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Bearer => vec![("grant_type", BEARER.into()), ("assertion", assertion.into())],
            Self::Exchange => exchange(SAML2, assertion),
        }
    }

    /// What an unacceptable credential is here: RFC 7522 section 3.1, RFC 8693 section 2.2.2.
    pub(super) const fn error(self) -> &'static str {
        match self {
            Self::Bearer => "invalid_grant",
            Self::Exchange => "invalid_request",
        }
    }
}

/// The parameters of a token exchange.
pub(super) fn exchange(kind: &str, token: &str) -> Vec<(&'static str, String)> {
    vec![("grant_type", EXCHANGE.into()), ("subject_token_type", kind.into()), ("subject_token", token.into())]
}

/// `Authorization: Basic`, both halves form-encoded (RFC 6749 section 2.3.1).
pub(super) fn basic(client: &str, secret: &str) -> String {
    let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", half(client), half(secret))))
}

/// The lines that a process has written so far.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Log {
    fn follow(&self, output: impl Read + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let (lines, more) = &*log.0;
                lines.lock().unwrap().push(line.unwrap());
                more.notify_all();
            }
        })
    }

    pub(super) fn text(&self) -> String {
        self.0.0.lock().unwrap().join("\n")
    }

    /// How many lines there are: what is waited for comes after them.
    pub(super) fn len(&self) -> usize {
        self.0.0.lock().unwrap().len()
    }

    /// The first line behind `after` that holds `text`, when it comes.
    pub(super) fn wait_for(&self, after: usize, text: &str) -> String {
        let (lines, more) = &*self.0;
        let is_there = |lines: &[String]| lines.iter().skip(after).find(|line| line.contains(text)).cloned();
        let (lines, _) =
            more.wait_timeout_while(lines.lock().unwrap(), PATIENCE, |lines| is_there(lines).is_none()).unwrap();
        is_there(&lines).unwrap_or_else(|| panic!("`{text}` did not come:\n{}", lines.join("\n")))
    }
}

/// How a server that did not start ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

/// A running server.
pub(super) struct Server {
    child: Child,
    readers: Vec<JoinHandle<()>>,
    pub(super) address: SocketAddr,
    pub(super) log: Log,
}

impl Server {
    /// On any free port of IPv4 loopback.
    pub(super) fn start(files: &Files) -> Self {
        Self::start_by(files.command(&["serve", "--listen", "127.0.0.1:0"])).unwrap()
    }

    /// By this command; the error is how it ended instead.
    pub(super) fn start_by(mut command: Command) -> Result<Self, Ended> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::default();
        let reader = log.follow(child.stderr.take().unwrap());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        if let Some(address) = line.strip_prefix("listening on http://") {
            let address = address.trim().parse().unwrap();
            let readers = vec![reader, Log::default().follow(output)];
            return Ok(Self { child, readers, address, log });
        }
        output.read_to_string(&mut line).unwrap();
        let code = child.wait().unwrap().code();
        reader.join().unwrap();
        Err(Ended { code, out: line, err: log.text() })
    }

    /// Sends a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Waits for the end, and for everything that it wrote.
    pub(super) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        (status, self.log.text())
    }

    /// Asks it to stop, as an init system does.
    pub(super) fn stop(self) -> String {
        self.signal("TERM");
        let (status, log) = self.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        wire::get(self.address, path, &[])
    }

    /// `POST /token` as this client, authenticated by HTTP Basic.
    pub(super) fn post(&self, client: &str, form: &[(&str, String)]) -> Answer {
        self.post_with(&[("Authorization", &basic(client, SECRET))], form)
    }

    /// `POST /token` with these headers.
    pub(super) fn post_with(&self, headers: &[(&str, &str)], form: &[(&str, String)]) -> Answer {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        wire::post_form(self.address, "/token", headers, &form)
    }

    /// An answer with a token, or none.
    pub(super) fn token(&self, client: &str, form: &[(&str, String)]) -> Value {
        let answer = self.post(client, form);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
