//! Secrets, out of their files and variables.

use zeroize::Zeroizing;

use crate::diagnostic::Span;

use super::super::raw::{KeyEncoding, RawSecret, RawSessionKey};
use super::super::snapshot::report_unread;
use super::super::word::{bytes_of_base64, bytes_of_hex};
use super::Resolving;

/// 128 bits, if every bit counts.
const MIN_SECRET_BYTES: usize = 16;
/// 128 bits in base64: shorter text has fewer, unless it is not text.
const GOOD_TEXT_BYTES: usize = 22;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const READABLE_BY_OTHERS: u32 = 0o004;

impl Resolving<'_> {
    /// What a client proves itself with: text of at least 16 bytes.
    pub(super) fn client_secret(&mut self, secret: &RawSecret) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = self.secret(secret)?;
        let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains(char::is_control));
        if !is_text {
            // RFC 6749 appendix A.2: client_secret is *VSCHAR; what is read generously is text in one line.
            self.findings
                .error("config.secret_malformed", secret.span(), "the secret is not one line of text")
                .help("a client sends it in a form: keep random bytes as hex or base64, in one line");
            return None;
        }
        self.check_length(&bytes, secret.span())?;
        if bytes.len() < GOOD_TEXT_BYTES {
            self.findings
                .warning("config.secret_weak", secret.span(), "the secret is short for text")
                .help("`openssl rand -base64 32` makes a good one");
        }
        Some(bytes)
    }

    /// The bytes of a MAC key.
    pub(super) fn session_key(&mut self, key: &RawSessionKey) -> Option<Zeroizing<Vec<u8>>> {
        let written = self.secret(&key.secret)?;
        let (bytes, name) = match key.encoding {
            KeyEncoding::Text => (Some(written), "text"),
            KeyEncoding::Hex => (bytes_of_hex(&written), "hex"),
            KeyEncoding::Base64 => (bytes_of_base64(&written), "base64"),
        };
        let Some(bytes) = bytes else {
            let message = format!("the secret of key `{}` is not {name}", key.id.value);
            self.findings
                .error("config.secret_malformed", key.secret.span(), message)
                .help("`encoding` says how the key is written in its file: `text`, `hex` or `base64`");
            return None;
        };
        self.check_length(&bytes, key.secret.span())?;
        Some(bytes)
    }

    fn check_length(&mut self, bytes: &[u8], span: Span) -> Option<()> {
        if bytes.len() >= MIN_SECRET_BYTES {
            return Some(());
        }
        let message = format!("the secret has {} bytes; it must have at least {MIN_SECRET_BYTES}", bytes.len());
        self.findings.error("config.secret_short", span, message).help("`openssl rand -base64 32` makes a good one");
        None
    }

    /// The secret as kept, without the line break that editors put at the end of a file.
    fn secret(&mut self, secret: &RawSecret) -> Option<Zeroizing<Vec<u8>>> {
        match secret {
            RawSecret::File(file) => {
                let content = match self.snapshot.files.get(&file.value)? {
                    Ok(content) => content,
                    Err(why) => {
                        report_unread(&mut self.findings, file.span, &file.value, why);
                        return None;
                    }
                };
                self.check_mode(content.mode, &file.value, file.span)?;
                let line_break: &[u8] = if content.bytes.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
                let bytes = content.bytes.strip_suffix(line_break).unwrap_or(&content.bytes);
                Some(Zeroizing::new(bytes.to_vec()))
            }
            RawSecret::Env(name) => {
                let value = self.snapshot.variables.get(&name.value)?;
                if value.is_none() {
                    let message = format!("the environment variable `{}` is not set", name.value);
                    self.findings.error("config.variable_missing", name.span, message);
                }
                value.as_ref().map(|value| Zeroizing::new(value.as_bytes().to_vec()))
            }
        }
    }

    /// Whoever may write the file chooses the secret: an error. Whoever may read it knows the secret: a warning only,
    /// because that is how Kubernetes and Compose mount secrets into a container that nobody else lives in, and an
    /// error would drive people to environment variables, which leak more easily.
    fn check_mode(&mut self, mode: u32, path: &str, span: Span) -> Option<()> {
        if mode & WRITABLE_BY_OTHERS != 0 {
            self.findings
                .error("config.secret_writable", span, format!("every user of this machine may change `{path}`"))
                .label(format!("mode {mode:04o}"))
                .help(format!("chmod 0600 {path}"));
            return None;
        }
        if mode & READABLE_BY_OTHERS != 0 {
            self.findings
                .warning("config.secret_readable", span, format!("every user of this machine may read `{path}`"))
                .label(format!("mode {mode:04o}"))
                .help(format!("chmod 0600 {path}; for a Kubernetes secret `defaultMode: 0400`"));
        }
        Some(())
    }
}
