//! The parameter of a request to the text of a document.
//!
//! Floor 2.
//!
//! ```text
//! base64url or base64 (RFC 4648) ─▶ bytes, at most 128 KiB ─▶ strict UTF-8
//! ```
//!
//! RFC 7522 section 2.1 demands base64url without padding and line breaks; what applications have is often the base64
//! of the browser binding, with both. One of the two alphabets, never a mixture: a blank in the text is a plus sign that
//! form encoding ate, and guessing would hide it.
//!
//! **Absent on purpose.** Other character encodings: whatever the XML declaration says, the bytes are UTF-8 or refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::arena::Limits;
use super::rejection::SamlRejection;

/// Decodes the `assertion` or `subject_token` parameter.
///
/// Line breaks (RFC 2045 section 6.8) are skipped, padding is whole or absent, unused bits are zero.
pub fn decode(parameter: &str) -> Result<String, SamlRejection> {
    let limit = Limits::MESSAGE.bytes;
    let longest = limit.div_ceil(3) * 4;
    // RFC 2045 breaks lines after at most 76 characters; sixteenths leave room for shorter ones.
    if parameter.len() > longest + longest / 16 {
        return Err(SamlRejection::TooLarge { found: parameter.len() / 4 * 3, limit });
    }
    let bytes = match bytes(parameter) {
        Err(_) if parameter.contains(['\r', '\n']) => bytes(&parameter.replace(['\r', '\n'], "")),
        decoded => decoded,
    }?;
    if bytes.len() > limit {
        return Err(SamlRejection::TooLarge { found: bytes.len(), limit });
    }
    if bytes.is_empty() {
        return Err(encoding("nothing in it"));
    }
    String::from_utf8(bytes).map_err(|_| encoding("the bytes are not UTF-8"))
}

/// In one alphabet or the other (RFC 4648 sections 4 and 5).
fn bytes(digits: &str) -> Result<Vec<u8>, SamlRejection> {
    let digits = unpadded(digits)?;
    let decoded = URL_SAFE_NO_PAD.decode(digits).or_else(|_| STANDARD_NO_PAD.decode(digits));
    decoded.map_err(|_| encoding("foreign characters, both alphabets at once, or bits left over"))
}

/// RFC 4648 section 3.2: where there is padding it fills the last group.
fn unpadded(digits: &str) -> Result<&str, SamlRejection> {
    let bare = digits.trim_end_matches('=');
    let padding = digits.len() - bare.len();
    let whole = padding <= 2 && digits.len().is_multiple_of(4);
    if padding == 0 || whole { Ok(bare) } else { Err(encoding("wrong padding")) }
}

const fn encoding(fault: &'static str) -> SamlRejection {
    SamlRejection::Encoding { fault }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const TEXT: &str = "<a>\u{fc}\u{fb}\u{ffff}?>~</a>";

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            assert_eq!(decode(&engine.encode(TEXT)).unwrap(), TEXT);
        }
    }

    #[test]
    fn line_breaks_of_mime_are_skipped() {
        let encoded = STANDARD.encode(TEXT.repeat(9));
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
        assert_eq!(decode(&(lines.join("\r\n") + "\r\n")).unwrap(), TEXT.repeat(9));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "=", "====", "YQ=", "YQ===", "YWE==", "YR==", "YQ==YQ==", "Y Q", "YQ\t", "YQ%3D%3D", "+_8A", "é"]
        {
            assert!(matches!(decode(text), Err(SamlRejection::Encoding { .. })), "{text}");
        }
        assert!(matches!(decode(&STANDARD.encode(b"\xff\xfe<")), Err(SamlRejection::Encoding { .. })));
    }

    #[test]
    fn what_decodes_to_more_than_the_limit_is_refused_before_and_after_decoding() {
        let limit = Limits::MESSAGE.bytes;
        assert_eq!(decode(&STANDARD.encode("x".repeat(limit))).unwrap().len(), limit);
        for length in [limit + 1, 10_000_000] {
            let refused = decode(&STANDARD.encode("x".repeat(length)));
            assert!(matches!(refused, Err(SamlRejection::TooLarge { .. })), "{length}");
        }
    }

    #[test]
    fn line_breaks_may_add_a_sixteenth_and_no_more() {
        let limit = Limits::MESSAGE.bytes;
        // 174,764 digits for 131,072 bytes, and 10,922 more.
        let padded = |length: usize| {
            let digits = STANDARD.encode("x".repeat(limit));
            assert_eq!(digits.len(), 174_764);
            digits.clone() + &"\n".repeat(length - digits.len())
        };
        assert_eq!(decode(&padded(185_686)).unwrap().len(), limit);
        let refused = decode(&padded(185_687));
        assert_eq!(refused, Err(SamlRejection::TooLarge { found: 139_263, limit }));
    }
}
