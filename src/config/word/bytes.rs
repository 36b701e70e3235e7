//! Bytes that are written as text. What is decoded may be a key: it is zeroed when dropped.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Base64 or base64url (RFC 4648 sections 4 and 5), padded or not, in one alphabet.
pub(in crate::config) fn bytes_of_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok().map(Zeroizing::new)
}

/// Hexadecimal digits of either case, in pairs.
pub(in crate::config) fn bytes_of_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for chunk in text.chunks(2) {
        bytes.push(pair(chunk)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_either_alphabet_and_nothing_else() {
        assert_eq!(*bytes_of_base64(b"+/+/AA==").unwrap(), *bytes_of_base64(b"-_-_AA").unwrap());
        assert_eq!(*bytes_of_hex(b"00fFa1").unwrap(), [0, 0xff, 0xa1]);
        for text in [&b"+_+_"[..], b"a b=", b"a"] {
            assert!(bytes_of_base64(text).is_none());
        }
        for text in [&b"0"[..], b"0g", b"+1", b"0x10"] {
            assert!(bytes_of_hex(text).is_none());
        }
    }
}
