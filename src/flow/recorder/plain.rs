//! The form in which a request is sealed. It is read by later versions too: a field that is added has a default.

use serde::{Deserialize, Serialize};

use crate::credential::{Authentication, Facts};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::{Audience, ClientId, Namespace, SourceId};
use crate::ground::time::Timestamp;
use crate::store::Recording;

use super::{Asked, Recorded};

/// What is sealed of a request.
#[derive(Serialize, Deserialize)]
pub(super) struct Plain {
    source: String,
    namespace: String,
    name_id: Option<PlainNameId>,
    attributes: Vec<PlainAttribute>,
    instant_ms: Option<i64>,
    context_class: Option<String>,
    client: String,
    audience: String,
    now_ms: i64,
    redacted: u64,
}

#[derive(Serialize, Deserialize)]
struct PlainNameId {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct PlainAttribute {
    name: String,
    name_format: Option<String>,
    values: Vec<String>,
}

impl Plain {
    pub(super) fn of(asked: &Asked<'_>, redact: &[String]) -> Self {
        let Asked { request, facts, .. } = asked;
        let is_kept = |attribute: &&Attribute| !redact.contains(&attribute.name);
        let attributes: Vec<PlainAttribute> = facts
            .attributes
            .iter()
            .filter(is_kept)
            .map(|attribute| PlainAttribute {
                name: attribute.name.clone(),
                name_format: attribute.name_format.clone(),
                values: attribute.values.clone(),
            })
            .collect();
        Self {
            source: facts.source.to_string(),
            namespace: facts.namespace.to_string(),
            name_id: facts.name_id.as_ref().map(|name_id| PlainNameId {
                value: name_id.value.clone(),
                format: name_id.format.clone(),
                name_qualifier: name_id.name_qualifier.clone(),
                sp_name_qualifier: name_id.sp_name_qualifier.clone(),
            }),
            redacted: (facts.attributes.len() - attributes.len()) as u64,
            attributes,
            instant_ms: facts.authentication.instant.map(Timestamp::unix_millis),
            context_class: facts.authentication.context_class.clone(),
            client: request.client.to_string(),
            audience: request.audience.to_string(),
            now_ms: request.now.unix_millis(),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Of texts and numbers, into memory: nothing in it can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn read(json: &[u8], recording: &Recording) -> Option<Recorded> {
        let plain: Self = serde_json::from_slice(json).ok()?;
        let attribute = |attribute: PlainAttribute| Attribute {
            name: attribute.name,
            name_format: attribute.name_format,
            friendly_name: None,
            values: attribute.values,
        };
        Some(Recorded {
            trace_id: recording.trace_id,
            person: recording.person,
            facts: Facts {
                source: SourceId::new(plain.source),
                namespace: Namespace::new(plain.namespace),
                name_id: plain.name_id.map(|name_id| NameId {
                    value: name_id.value,
                    format: name_id.format,
                    name_qualifier: name_id.name_qualifier,
                    sp_name_qualifier: name_id.sp_name_qualifier,
                }),
                attributes: plain.attributes.into_iter().map(attribute).collect(),
                authentication: Authentication {
                    instant: plain.instant_ms.map(Timestamp::from_unix_millis),
                    context_class: plain.context_class,
                    session_index: None,
                },
            },
            client: ClientId::new(plain.client),
            audience: Audience::new(plain.audience),
            now: Timestamp::from_unix_millis(plain.now_ms),
            redacted: plain.redacted,
        })
    }
}

/// Whether the values of steps, as they were sealed, have this one as a whole.
pub(super) fn says(json: &[u8], value: &str) -> bool {
    fn has(found: &serde_json::Value, value: &str) -> bool {
        match found {
            serde_json::Value::String(text) => text == value,
            serde_json::Value::Array(items) => items.iter().any(|item| has(item, value)),
            serde_json::Value::Object(fields) => fields.values().any(|field| has(field, value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
        }
    }
    serde_json::from_slice(json).is_ok_and(|found| has(&found, value))
}
