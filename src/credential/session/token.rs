//! A token's MAC: text becomes [`Proven`] bytes, or nothing.
//!
//! **Invariant.** The payload is cut into fields only after the MAC over it was verified.

use crate::crypto::mac::equal_in_constant_time;
use crate::ground::time::Timestamp;

use super::declaration::{Covers, MacPlace};
use super::encoding::Encoding;
use super::rejection::SessionRejection;
use super::source::{Key, SessionSource};

/// No token is longer, in bytes as presented.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a MAC has vouched for.
pub(super) struct Proven<'a> {
    /// The bytes that the MAC covers: the session's identity. Another writing of the same token (the case of a
    /// hexadecimal MAC, padding, percent-encoding) has the same.
    pub covered: Vec<u8>,
    /// The payload with its encoding removed.
    pub payload: String,
    /// The key that made the MAC.
    pub key: &'a Key,
}

/// Removes the outer encoding, cuts off the MAC and verifies it with every key.
pub(super) fn verify<'a>(
    presented: &str,
    source: &'a SessionSource,
    now: Timestamp,
) -> Result<Proven<'a>, SessionRejection> {
    if presented.len() > MAX_TOKEN_BYTES {
        return Err(SessionRejection::TooLarge { found: presented.len(), limit: MAX_TOKEN_BYTES });
    }
    let declared = &source.declaration;
    let token = declared.outer.decode_text(presented).ok_or(SessionRejection::Encoding { part: "token" })?;
    let (mac, rest) = cut_mac(&token, source).ok_or(SessionRejection::PartMissing { part: "mac" })?;
    let mac = declared.mac.encoding.decode(mac).ok_or(SessionRejection::Encoding { part: "mac" })?;
    if mac.len() != source.mac_bytes {
        return Err(SessionRejection::MacLength { expected: source.mac_bytes, found: mac.len() });
    }
    let (key_id, payload) = match &declared.key_id_separator {
        None => (None, rest),
        Some(separator) => {
            let (id, payload) =
                rest.split_once(separator.as_str()).ok_or(SessionRejection::PartMissing { part: "key id" })?;
            (Some(id), payload)
        }
    };
    let decoded = declared.payload.decode(payload);
    let covered = match declared.mac.covers {
        Covers::Received => rest.as_bytes().to_vec(),
        Covers::Decoded => decoded.clone().ok_or(SessionRejection::Encoding { part: "payload" })?,
    };
    let key = key_of(&mac, &covered, source, now)?;
    if key_id.is_some_and(|id| id != key.id) {
        return Err(SessionRejection::KeyIdMismatch { key: key.id.clone() });
    }
    let payload = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(SessionRejection::Encoding { part: "payload" })?;
    Ok(Proven { covered, payload, key })
}

/// The MAC's text and the rest.
fn cut_mac<'t>(token: &'t str, source: &SessionSource) -> Option<(&'t str, &'t str)> {
    let mac = &source.declaration.mac;
    // Only a hexadecimal MAC stands without a separator: two digits for a byte.
    let digits = source.mac_bytes * 2;
    match (mac.place, mac.separator.as_str()) {
        (MacPlace::Start, "") => token.split_at_checked(digits),
        (MacPlace::End, "") => token.split_at_checked(token.len().checked_sub(digits)?).map(|(rest, mac)| (mac, rest)),
        // The separator has no character of the MAC's alphabet: the first (last) one is the one beside the MAC.
        (MacPlace::Start, separator) => token.split_once(separator),
        (MacPlace::End, separator) => token.rsplit_once(separator).map(|(rest, mac)| (mac, rest)),
    }
}

/// Every key is tried, whichever fits: the time tells nothing.
fn key_of<'a>(
    mac: &[u8],
    covered: &[u8],
    source: &'a SessionSource,
    now: Timestamp,
) -> Result<&'a Key, SessionRejection> {
    let mut found = None;
    for key in &source.keys {
        let whole = key.mac.mac(covered);
        let fits = equal_in_constant_time(whole.get(..source.mac_bytes).unwrap_or_default(), mac);
        found = if fits { Some(key) } else { found };
    }
    let key = found.ok_or(SessionRejection::MacInvalid { tried: source.keys.len() })?;
    match key.until {
        Some(until) if now >= until => Err(SessionRejection::KeyEnded { key: key.id.clone(), until }),
        Some(_) | None => Ok(key),
    }
}

impl Encoding {
    /// Decodes, then refuses control characters: no honest session carries them, and they break logs and headers.
    pub(super) fn decode_value(self, text: &str) -> Option<String> {
        self.decode_text(text).filter(|value| !value.contains(char::is_control))
    }
}
