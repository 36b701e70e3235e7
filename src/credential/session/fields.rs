//! A verified payload becomes the declared fields.
//!
//! **Invariant.** Cut first, then decode: a separator inside a decoded value cannot move a field. Every declared
//! field stands exactly once, and nothing else stands there.

use crate::ground::attribute::Attribute;
use crate::ground::time::Timestamp;

use super::declaration::{FieldDeclaration, Layout, ListSplit, Role, SessionDeclaration, TimeUnit};
use super::rejection::SessionRejection;
use super::token::Proven;

/// The year 9999 ends here: later moments cannot be written.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// What the fields say.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub subject: Option<String>,
    pub attributes: Vec<Attribute>,
    pub issued_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

/// Cuts the payload and reads each field.
pub(super) fn parse(proven: &Proven<'_>, declared: &SessionDeclaration) -> Result<Session, SessionRejection> {
    let texts = cut(&proven.payload, declared)?;
    let mut session = Session::default();
    for (field, text) in declared.fields.iter().zip(texts) {
        let malformed = || SessionRejection::FieldMalformed { name: field.name.clone() };
        match field.role {
            Role::Attribute => session.attributes.push(Attribute {
                name: field.name.clone(),
                name_format: None,
                friendly_name: None,
                values: values(field, text).ok_or_else(malformed)?,
            }),
            Role::Subject => {
                let value = field.encoding.decode_value(text).ok_or_else(malformed)?;
                if value.trim().is_empty() {
                    return Err(SessionRejection::SubjectEmpty { name: field.name.clone() });
                }
                session.subject = Some(value);
            }
            Role::IssuedAt => session.issued_at = Some(time(field, text, declared.time_unit)?),
            Role::ExpiresAt => session.expires_at = Some(time(field, text, declared.time_unit)?),
            Role::KeyId => {
                if field.encoding.decode_value(text).ok_or_else(malformed)? != proven.key.id {
                    return Err(SessionRejection::KeyIdMismatch { key: proven.key.id.clone() });
                }
            }
            Role::Ignore => {}
        }
    }
    Ok(session)
}

/// The text of every declared field, in the order of the declaration.
fn cut<'p>(payload: &'p str, declared: &SessionDeclaration) -> Result<Vec<&'p str>, SessionRejection> {
    let expected = declared.fields.len();
    let (separator, assign) = match &declared.layout {
        Layout::Ordered { separator } => (separator, None),
        Layout::Pairs { separator, assign } => (separator, Some(assign)),
    };
    // One more than declared is enough to know that there are too many.
    let parts: Vec<&str> = payload.split(separator.as_str()).take(expected + 1).collect();
    if parts.len() != expected {
        return Err(SessionRejection::FieldCount { expected, found: parts.len() });
    }
    let Some(assign) = assign else { return Ok(parts) };
    let mut texts: Vec<Option<&str>> = vec![None; expected];
    for part in parts {
        let (name, text) = part.split_once(assign.as_str()).ok_or(SessionRejection::FieldUnknown)?;
        let place = declared.fields.iter().position(|field| field.name == name);
        let slot = place.and_then(|place| texts.get_mut(place)).ok_or(SessionRejection::FieldUnknown)?;
        if slot.replace(text).is_some() {
            return Err(SessionRejection::FieldRepeated { name: name.to_owned() });
        }
    }
    // As many distinct declared names as fields, so none is missing; should one be, nothing may take its place.
    texts.into_iter().collect::<Option<Vec<_>>>().ok_or(SessionRejection::FieldUnknown)
}

fn values(field: &FieldDeclaration, text: &str) -> Option<Vec<String>> {
    match &field.list {
        None => field.encoding.decode_value(text).map(|value| vec![value]),
        Some(ListSplit::BeforeDecoding(separator)) => {
            items(text, separator).map(|item| field.encoding.decode_value(item)).collect()
        }
        Some(ListSplit::AfterDecoding(separator)) => {
            let whole = field.encoding.decode_value(text)?;
            Some(items(&whole, separator).map(str::to_owned).collect())
        }
    }
}

/// An empty text is an empty list.
fn items<'t>(text: &'t str, separator: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(separator).filter(move |_| !text.is_empty())
}

fn time(field: &FieldDeclaration, text: &str, unit: TimeUnit) -> Result<Timestamp, SessionRejection> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| digits)
    };
    let parse = |text: String| match unit {
        TimeUnit::Seconds => number(&text).map(Timestamp::from_unix_seconds),
        TimeUnit::Milliseconds => number(&text).map(Timestamp::from_unix_millis),
        TimeUnit::Rfc3339 => Timestamp::parse_utc(&text).ok(),
    };
    field
        .encoding
        .decode_value(text)
        .and_then(parse)
        .filter(|time| (0..=LAST_MILLIS).contains(&time.unix_millis()))
        .ok_or_else(|| SessionRejection::TimeMalformed { name: field.name.clone() })
}
