//! Sealing at rest: AES-256-GCM under a master key that lives in a file, never under the store's folder.
//!
//! ```text
//! file:    drawbridge-master-key-v1 <id> <base64url of 32 bytes>     one or more lines; the first seals, all open
//! sealed:  1 │ len(id) │ id │ key check (8) │ place check (8) │ nonce (12) │ ciphertext and tag
//! ```
//!
//! Everything before the nonce, with purpose and name in full, is associated data, each part behind its length: a
//! value that is moved to another name, or whose header is altered, does not open. The two checks are there to say
//! *why* something does not open; the decision is AES-GCM's alone. The key check also commits to the key, which
//! AES-GCM by itself does not.
//!
//! Nonces are 96 random bits: safe for far more values than an installation will ever seal (2³² under one master key: a
//! few keys, and one identifier for each person and source).
//!
//! **Absent on purpose.** Making a master key where none is found: a bridge never makes new keys over old state.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::ground::entropy::Entropy;
use crate::ground::secret::Secret;

use super::digest::sha256_of_parts;
use super::mac::{MacAlgorithm, MacKey, equal_in_constant_time};

const LINE_WORD: &str = "drawbridge-master-key-v1";
const VERSION: u8 = 1;
const KEY_LENGTH: usize = 32;
const CHECK_LENGTH: usize = 8;
const MAX_ID_LENGTH: usize = 64;

/// What a sealed value is for: part of its associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A [`StoredKey`](super::stored::StoredKey).
    SigningKey,
    /// The [`SubjectKey`](super::subject::SubjectKey).
    SubjectKey,
    /// The [`RecordingKey`](super::recording::RecordingKey).
    RecordingKey,
    /// What was recorded of a request, under the recording key.
    Recording,
    /// The identifier of a link, see [`super::link`].
    SubjectLink,
}

impl Purpose {
    /// The word in the associated data and in messages. Never changes: what is sealed hangs on it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SigningKey => "signing-key",
            Self::SubjectKey => "subject-key",
            Self::RecordingKey => "recording-key",
            Self::Recording => "recording",
            Self::SubjectLink => "subject-link",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a master key file cannot be used. Lines are counted from 1; nothing of a key is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyRejection {
    /// No line with a key.
    #[error("the master key file holds no key; `drawbridge keys init` makes one")]
    Empty,
    /// Not three words, the first of them the format's.
    #[error("line {line} is not `drawbridge-master-key-v1 <id> <base64url of 32 bytes>`")]
    Line {
        /// Which line.
        line: usize,
    },
    /// An id of another form.
    #[error("line {line}: the id is not 1 to 64 letters, digits, `.`, `_` or `-`")]
    Id {
        /// Which line.
        line: usize,
    },
    /// Not the base64url of 32 bytes, without padding.
    #[error("line {line}: the key is not base64url (without padding) of 32 bytes")]
    Key {
        /// Which line.
        line: usize,
    },
    /// One id twice.
    #[error("line {line}: the id `{id}` stands on an earlier line as well")]
    Repeated {
        /// Which line.
        line: usize,
        /// The id.
        id: String,
    },
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or not of this form at all.
    #[error("the value is not a sealed one")]
    Malformed,
    /// Sealed by another version of the bridge.
    #[error("the value is sealed in form {found}, which this version does not know")]
    Version {
        /// The version found.
        found: u8,
    },
    /// Sealed under a master key that is not in the file.
    #[error("the value is sealed under master key `{id}`, which is not in the master key file")]
    MissingKey {
        /// The id of that key.
        id: String,
    },
    /// The file has a key of that id, but another one.
    #[error("the value is sealed under another master key that also had the id `{id}`")]
    WrongKey {
        /// The id of both.
        id: String,
    },
    /// Sealed for another purpose or under another name.
    #[error("the value was not sealed as {purpose} `{name}`: it was moved here from another place")]
    Moved {
        /// What it was taken for.
        purpose: Purpose,
        /// Under which name.
        name: String,
    },
    /// The bytes were altered.
    #[error("the sealed value was altered")]
    Altered,
}

struct MasterKey {
    id: String,
    check: [u8; CHECK_LENGTH],
    cipher: LessSafeKey,
}

/// The keys of a master key file, prepared once. `Debug` shows their ids.
pub struct MasterKeys {
    sealing: MasterKey,
    others: Vec<MasterKey>,
}

impl MasterKeys {
    /// Reads the content of a master key file. Blank lines are skipped; nothing else is.
    pub fn parse(content: &str) -> Result<Self, MasterKeyRejection> {
        let mut keys: Vec<MasterKey> = Vec::new();
        let lines = content.lines().enumerate().map(|(place, text)| (place + 1, text));
        for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            let key = MasterKey::parse(line, text)?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(MasterKeyRejection::Repeated { line, id: key.id });
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let sealing = keys.next().ok_or(MasterKeyRejection::Empty)?;
        Ok(Self { sealing, others: keys.collect() })
    }

    /// A line with a fresh key and a fresh id, for a new file or, put first, for a rollover. Ends with a line feed.
    pub fn new_line(entropy: &dyn Entropy) -> Zeroizing<String> {
        let id = u32::from_be_bytes(entropy.bytes());
        let key: Zeroizing<[u8; KEY_LENGTH]> = Zeroizing::new(entropy.bytes());
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(*key));
        Zeroizing::new(format!("{LINE_WORD} {id:08x} {}\n", *encoded))
    }

    /// The ids, the sealing one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|key| key.id.as_str())
    }

    fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.sealing).chain(&self.others)
    }

    /// Seals a value for one purpose under one name, with the first key.
    ///
    /// # Panics
    /// Never in practice: AES-GCM refuses only values of more than 64 GiB.
    #[expect(clippy::expect_used, reason = "a vault value is at most 16 KiB")]
    pub fn seal(&self, purpose: Purpose, name: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let header = self.sealing.header(purpose, name);
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        // Room for the tag from the start: encrypted in place, nothing of the value is left behind in another buffer.
        let mut body = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(plain);
        self.sealing
            .cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated_data(&header, purpose, name)),
                &mut body,
            )
            .expect("the value is short");
        [header.as_slice(), &nonce, &body].concat()
    }

    /// Opens what [`MasterKeys::seal`] made for the same purpose and name, with whichever key sealed it.
    pub fn open(&self, purpose: Purpose, name: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let parts = Parts::parse(sealed)?;
        let missing = || OpenError::MissingKey { id: parts.id.to_owned() };
        let key = self.iter().find(|key| key.id == parts.id).ok_or_else(missing)?;
        if !equal_in_constant_time(&key.check, parts.key_check) {
            return Err(OpenError::WrongKey { id: parts.id.to_owned() });
        }
        if parts.place_check != place_check(purpose, name) {
            return Err(OpenError::Moved { purpose, name: name.to_owned() });
        }
        let nonce = Nonce::try_assume_unique_for_key(parts.nonce).map_err(|_| OpenError::Malformed)?;
        let associated = Aad::from(associated_data(parts.header, purpose, name));
        let mut body = Zeroizing::new(parts.body.to_vec());
        let plain = key.cipher.open_in_place(nonce, associated, &mut body).map_err(|_| OpenError::Altered)?;
        Ok(Secret::new(plain.to_vec()))
    }

    /// Whether a value is sealed under the first key; if not, a rollover still has to seal it again.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        Parts::parse(sealed).is_ok_and(|parts| parts.id == self.sealing.id)
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKeys").field(&self.ids().collect::<Vec<_>>()).finish()
    }
}

impl MasterKey {
    fn parse(line: usize, text: &str) -> Result<Self, MasterKeyRejection> {
        let mut words = text.split_ascii_whitespace();
        let (Some(LINE_WORD), Some(id), Some(key), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(MasterKeyRejection::Line { line });
        };
        let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if id.len() > MAX_ID_LENGTH || !id.bytes().all(is_id_byte) {
            return Err(MasterKeyRejection::Id { line });
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(key).map_err(|_| MasterKeyRejection::Key { line })?);
        // The cipher refuses a key of any other length than 32 bytes.
        let cipher = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| MasterKeyRejection::Key { line })?;
        let mac = MacKey::new(MacAlgorithm::HmacSha256, &bytes).mac(b"drawbridge master key check v1");
        Ok(Self { id: id.to_owned(), check: first_bytes(&mac), cipher: LessSafeKey::new(cipher) })
    }

    fn header(&self, purpose: Purpose, name: &str) -> Vec<u8> {
        // An id has at most 64 bytes.
        let length = u8::try_from(self.id.len()).unwrap_or(u8::MAX);
        [&[VERSION, length], self.id.as_bytes(), &self.check, &place_check(purpose, name)].concat()
    }
}

/// A sealed value in its parts; nothing of it is believed yet.
struct Parts<'a> {
    header: &'a [u8],
    id: &'a str,
    key_check: &'a [u8],
    place_check: &'a [u8],
    nonce: &'a [u8],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, OpenError> {
        match sealed.first() {
            None => return Err(OpenError::Malformed),
            Some(&VERSION) => {}
            Some(&found) => return Err(OpenError::Version { found }),
        }
        Self::split(sealed).ok_or(OpenError::Malformed)
    }

    fn split(sealed: &'a [u8]) -> Option<Self> {
        let (&length, rest) = sealed.get(1..)?.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(length))?;
        let (key_check, rest) = rest.split_at_checked(CHECK_LENGTH)?;
        let (place_check, rest) = rest.split_at_checked(CHECK_LENGTH)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        let header = sealed.get(..2 + usize::from(length) + 2 * CHECK_LENGTH)?;
        Some(Self { header, id: std::str::from_utf8(id).ok()?, key_check, place_check, nonce, body })
    }
}

fn place_check(purpose: Purpose, name: &str) -> [u8; CHECK_LENGTH] {
    first_bytes(&sha256_of_parts(&[b"drawbridge sealed place v1", purpose.as_str().as_bytes(), name.as_bytes()]))
}

fn associated_data(header: &[u8], purpose: Purpose, name: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(128);
    for part in [purpose.as_str().as_bytes(), name.as_bytes(), header] {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

fn first_bytes(bytes: &[u8]) -> [u8; CHECK_LENGTH] {
    let mut first = [0; CHECK_LENGTH];
    for (place, byte) in first.iter_mut().zip(bytes) {
        *place = *byte;
    }
    first
}

#[cfg(test)]
mod tests;
