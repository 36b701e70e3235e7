//! `application/x-www-form-urlencoded`, strictly (RFC 6749 appendix B): what is not validly encoded is refused, not
//! repaired, so that two readers of one body see the same.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::HttpRejection;

/// `docs/reference`: an assertion of 128 KiB in base64, percent-encoded, fits.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024;
const MAX_PAIRS: usize = 64;
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Bodies of all requests together may take so many bytes while they arrive.
pub(super) const MAX_BYTES_UNDER_WAY: usize = 64 * 1024 * 1024;

/// Reads the body, bounded in size and time, into pairs in order.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    room: &Semaphore,
) -> Result<Vec<(String, String)>, HttpRejection> {
    if !is_form(headers) {
        return Err(HttpRejection::MediaType);
    }
    // A length that is declared is enough to know: nothing of such a body is read, or asked for by `100 Continue`.
    let most = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX);
    let expected = body.size_hint().upper().unwrap_or(most);
    if expected > most {
        return Err(HttpRejection::TooLarge);
    }
    let (bytes, _place) =
        tokio::time::timeout(BODY_TIMEOUT, collected(body, room)).await.map_err(|_| HttpRejection::Timeout)??;
    parse(&bytes).ok_or(HttpRejection::MediaType)
}

/// The bytes, and the room that they take: as much as has come, so that what is only announced takes none.
async fn collected(body: Body, room: &Semaphore) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), HttpRejection> {
    let mut body = Limited::new(body, MAX_BODY_BYTES);
    let (mut bytes, mut place) = (Vec::new(), None::<SemaphorePermit<'_>>);
    while let Some(frame) = body.frame().await {
        let data = match frame {
            // Trailers say nothing here.
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) if error.is::<LengthLimitError>() => return Err(HttpRejection::TooLarge),
            Err(_) => return Err(HttpRejection::Timeout),
        };
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let more = room.try_acquire_many(size).map_err(|_| HttpRejection::Overloaded)?;
        match &mut place {
            None => place = Some(more),
            Some(place) => place.merge(more),
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, place))
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next().and_then(|value| value.to_str().ok()), values.next()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let is_form = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let charset = |part: &str| {
        part.split_once('=')
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches('"').to_ascii_lowercase()))
    };
    is_form && parts.filter_map(charset).all(|(name, value)| name != "charset" || value == "utf-8")
}

/// `None` where a percent sign lacks its digits, the bytes are not UTF-8, or there are absurdly many pairs.
fn parse(body: &[u8]) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = Some(body);
    while let Some(body) = rest {
        let (piece, after) = cut(body, b'&');
        rest = after;
        if piece.is_empty() {
            continue;
        }
        if pairs.len() == MAX_PAIRS {
            return None;
        }
        pairs.push(pair(piece)?);
    }
    Some(pairs)
}

/// What stands before the first such byte, and behind it where there is one.
fn cut(bytes: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let Some((before, after)) = memchr::memchr(at, bytes).and_then(|at| bytes.split_at_checked(at)) else {
        return (bytes, None);
    };
    (before, after.get(1..))
}

fn pair(piece: &[u8]) -> Option<(String, String)> {
    let (name, value) = cut(piece, b'=');
    Some((decoded(name)?, decoded(value.unwrap_or_default())?))
}

fn decoded(encoded: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    // An assertion is long, and little of it is escaped: what is not is copied in runs.
    while let Some(at) = memchr::memchr2(b'+', b'%', rest) {
        let (plain, escape) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(plain);
        let (sign, after) = escape.split_first()?;
        rest = if *sign == b'+' {
            bytes.push(b' ');
            after
        } else {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(hexadecimal(digits)?);
            after
        };
    }
    bytes.extend_from_slice(rest);
    String::from_utf8(bytes).ok()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.iter().try_fold(0_u8, |value, byte| Some((value << 4) | digit(*byte)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Option<Vec<(String, String)>> {
        parse(body.as_bytes())
    }

    #[test]
    fn a_form_is_read() {
        let found = pairs("a=1&b=x%2By+z&c&&d=%C3%A9=").unwrap();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("a", "1"), ("b", "x+y z"), ("c", ""), ("d", "é=")]);
    }

    #[test]
    fn what_is_not_validly_encoded_is_refused() {
        for body in ["a=%", "a=%2", "a=%zz", "a=%+1", "a=%C3", "%ff=1"] {
            assert_eq!(pairs(body), None, "{body}");
        }
        assert_eq!(parse(b"a=\xff"), None);
        assert_eq!(pairs(&"a=1&".repeat(MAX_PAIRS + 1)), None);
    }

    #[test]
    fn only_a_form_in_utf_8_is_a_form() {
        let is = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            is_form(&headers)
        };
        assert!(is("application/x-www-form-urlencoded"));
        assert!(is("Application/X-WWW-Form-Urlencoded; charset=\"UTF-8\""));
        assert!(!is("application/json"));
        assert!(!is("application/x-www-form-urlencoded; charset=iso-8859-1"));
        assert!(!is_form(&HeaderMap::new()));
    }
}
