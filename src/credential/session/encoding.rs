//! The encodings that legacy cookies wrap things in, each read strictly: what an encoder would not have written is
//! refused, but for the case of hexadecimal digits and the padding of base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Bits behind the last byte must be zero; padding may be there or not, since cookies often lose it.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// How a text stands in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// `%41` (RFC 3986 section 2.1); `+` is a plus.
    Percent,
    /// `%41`, and `+` is a space (`application/x-www-form-urlencoded`).
    Form,
    /// RFC 4648 section 4.
    Base64,
    /// RFC 4648 section 5.
    Base64Url,
    /// RFC 4648 section 8, either case.
    Hex,
}

impl Encoding {
    /// The bytes; `None` for what no encoder of this kind writes.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(text.as_bytes().to_vec()),
            Self::Percent => percent(text, b'+'),
            Self::Form => percent(text, b' '),
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Base64Url => BASE64URL.decode(text).ok(),
            Self::Hex => hex(text),
        }
    }

    /// The bytes as text; `None` also where they are not UTF-8.
    pub(super) fn decode_text(self, text: &str) -> Option<String> {
        String::from_utf8(self.decode(text)?).ok()
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { hex_byte(*high, *low) } else { None }).collect()
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

fn percent(text: &str, plus: u8) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_byte(bytes.next()?, bytes.next()?)?,
            b'+' => plus,
            0x21..=0x7E => byte,
            _ => return None,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_read() {
        let cases = [
            (Encoding::Plain, "a b%41", "a b%41"),
            (Encoding::Percent, "a%20b+c%7C", "a b+c|"),
            (Encoding::Form, "a+b%2Bc", "a b+c"),
            (Encoding::Base64, "w7w/", "ü?"),
            (Encoding::Base64, "YQ==", "a"),
            (Encoding::Base64, "YQ", "a"),
            (Encoding::Base64Url, "w7w_", "ü?"),
            (Encoding::Hex, "c3bC", "ü"),
            (Encoding::Hex, "", ""),
        ];
        for (encoding, text, expected) in cases {
            assert_eq!(encoding.decode_text(text).as_deref(), Some(expected), "{encoding:?} {text}");
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        let cases = [
            (Encoding::Percent, "%4"),
            (Encoding::Percent, "%"),
            (Encoding::Percent, "%+1"),
            (Encoding::Percent, "a b"),
            (Encoding::Percent, "ü"),
            (Encoding::Percent, "%ff"),
            (Encoding::Form, "a\nb"),
            (Encoding::Base64, "YR=="),
            (Encoding::Base64, "YQ==="),
            (Encoding::Base64, "YQ =="),
            (Encoding::Base64, "w7w_"),
            (Encoding::Base64Url, "w7w/"),
            (Encoding::Base64Url, "Y"),
            (Encoding::Hex, "c3b"),
            (Encoding::Hex, "+3bc"),
            (Encoding::Hex, "0x41"),
        ];
        for (encoding, text) in cases {
            assert_eq!(encoding.decode_text(text), None, "{encoding:?} {text}");
        }
    }
}
