//! What an access token says (RFC 9068 section 2.2), in one order, so that equal claims are equal octets.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, ClientId, Jti};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

/// The claims of an access token. Plain data: by itself it issues nothing; `explain` shows it.
#[derive(Debug, Clone, Copy)]
pub struct AccessTokenClaims<'a> {
    /// `iss`: the issuer, character by character as in the metadata document.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a str,
    /// `aud`: the one API.
    pub audience: &'a Audience,
    /// `client_id` (RFC 8693 section 4.3).
    pub client: &'a ClientId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires: Timestamp,
    /// `jti`.
    pub jti: &'a Jti,
    /// `scope` (RFC 8693 section 4.2), left out where it is empty.
    pub scope: &'a ScopeSet,
    /// `auth_time`, where the source says it.
    pub auth_time: Option<Timestamp>,
    /// `acr`, where the source says it.
    pub acr: Option<&'a str>,
    /// `amr` (RFC 8176), left out where it is empty.
    pub amr: &'a [String],
    /// What the mapping releases. A reserved name is left out.
    pub released: &'a BTreeMap<ClaimName, ClaimValue>,
}

impl AccessTokenClaims<'_> {
    /// The JSON object, in UTF-8, without white space.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::with_capacity(512);
        serde_json::to_writer(&mut json, self)?;
        Ok(json)
    }
}

impl Serialize for AccessTokenClaims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("iss", self.issuer)?;
        object.serialize_entry("sub", self.subject)?;
        object.serialize_entry("aud", self.audience.as_str())?;
        object.serialize_entry("client_id", self.client.as_str())?;
        object.serialize_entry("iat", &self.issued_at.unix_seconds())?;
        object.serialize_entry("exp", &self.expires.unix_seconds())?;
        object.serialize_entry("jti", self.jti.as_str())?;
        if !self.scope.is_empty() {
            object.serialize_entry("scope", &Text(self.scope))?;
        }
        if let Some(auth_time) = self.auth_time {
            object.serialize_entry("auth_time", &auth_time.unix_seconds())?;
        }
        if let Some(acr) = self.acr {
            object.serialize_entry("acr", acr)?;
        }
        if !self.amr.is_empty() {
            object.serialize_entry("amr", self.amr)?;
        }
        for (name, value) in self.released.iter().filter(|(name, _)| !name.is_reserved()) {
            object.serialize_entry(name.as_str(), &Json(value))?;
        }
        object.end()
    }
}

/// Written as text, without a copy.
struct Text<'a, T>(&'a T);

impl<T: Display> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// A claim's value, without a copy.
struct Json<'a>(&'a ClaimValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ClaimValue::Text(text) => serializer.serialize_str(text),
            ClaimValue::Bool(truth) => serializer.serialize_bool(*truth),
            ClaimValue::Int(number) => serializer.serialize_i64(*number),
            ClaimValue::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Json(item)))?;
                list.end()
            }
            ClaimValue::Object(fields) => {
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| object.serialize_entry(name, &Json(value)))?;
                object.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use crate::ground::claim::RESERVED;

    use super::*;

    fn json(released: &BTreeMap<ClaimName, ClaimValue>, with_all: bool) -> String {
        let amr = ["pwd".to_owned(), "otp".to_owned()];
        let claims = AccessTokenClaims {
            issuer: "https://bridge.example",
            subject: "s",
            audience: &Audience::new("https://payroll.example"),
            client: &ClientId::new("payroll-portal"),
            issued_at: Timestamp::from_unix_millis(1_772_366_400_900),
            expires: Timestamp::from_unix_seconds(1_772_367_000),
            jti: &Jti::new("j"),
            scope: &if with_all { ScopeSet::parse("b a").unwrap() } else { ScopeSet::default() },
            auth_time: with_all.then(|| Timestamp::from_unix_seconds(1_772_366_000)),
            acr: with_all.then_some("urn:loa:2"),
            amr: if with_all { &amr } else { &[] },
            released,
        };
        String::from_utf8(claims.to_json().unwrap()).unwrap()
    }

    #[test]
    fn the_claims_stand_in_one_order() {
        let roles = ClaimValue::List(vec![ClaimValue::Text("a\"\u{e9}".into()), ClaimValue::Int(-1)]);
        let place = ClaimValue::Object([("z".into(), ClaimValue::Bool(true)), ("a".into(), roles)].into());
        let released = [("place", place), ("admin", ClaimValue::Bool(false))];
        let released = released.map(|(name, value)| (ClaimName::new(name), value)).into();
        let head = r#"{"iss":"https://bridge.example","sub":"s","aud":"https://payroll.example","client_id":"payroll-portal","iat":1772366400,"exp":1772367000,"jti":"j""#;
        let tail = r#","admin":false,"place":{"a":["a\"é",-1],"z":true}}"#;
        assert_eq!(
            json(&released, true),
            format!(r#"{head},"scope":"a b","auth_time":1772366000,"acr":"urn:loa:2","amr":["pwd","otp"]{tail}"#)
        );
        assert_eq!(json(&released, false), format!("{head}{tail}"));
        assert_eq!(json(&BTreeMap::new(), false), format!("{head}}}"));
    }

    #[test]
    fn a_released_claim_never_speaks_for_the_issuer() {
        let evil = |name| (ClaimName::new(name), ClaimValue::Text("evil".into()));
        let released: BTreeMap<_, _> = RESERVED.into_iter().chain(["email"]).map(evil).collect();
        for with_all in [true, false] {
            let honest: Value = serde_json::from_str(&json(&BTreeMap::new(), with_all)).unwrap();
            let text = json(&released, with_all);
            assert_eq!(text.matches("evil").count(), 1, "{text}");
            let mut found: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(found.as_object_mut().unwrap().remove("email"), Some("evil".into()));
            assert_eq!(found, honest);
        }
    }

    #[test]
    fn every_name_that_the_issuer_writes_is_reserved() {
        let all: Value = serde_json::from_str(&json(&BTreeMap::new(), true)).unwrap();
        for name in all.as_object().unwrap().keys() {
            assert!(RESERVED.contains(&name.as_str()), "{name}");
        }
        assert_eq!(all.as_object().unwrap().len(), 11);
    }

    fn some_value() -> impl Strategy<Value = ClaimValue> {
        let leaf = prop_oneof![
            ".*".prop_map(ClaimValue::Text),
            any::<bool>().prop_map(ClaimValue::Bool),
            any::<i64>().prop_map(ClaimValue::Int),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(ClaimValue::List),
                proptest::collection::btree_map(".*", inner, 0..4).prop_map(ClaimValue::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_released_is_read_back_as_it_was(name in "[a-z]{1,8}_x", value in some_value()) {
            let expected = value.to_json();
            let text = json(&[(ClaimName::new(name.clone()), value)].into(), true);
            let found: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&found[name], &expected);
        }
    }
}
