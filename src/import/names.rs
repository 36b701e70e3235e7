//! Names: what something on the wire is called, as short names, claims and subjects.
//!
//! The built-in vocabularies know the usual attributes; everything else gets a name from its last segment.

use crate::ground::claim::RESERVED;
use crate::mapping::RESERVED_WORDS;
use crate::mapping::vocabulary::{self, Name};

/// Longer short names are cut.
const LONGEST: usize = 40;

/// What the vocabularies say of a name on the wire; the first of `preferred` that knows it, else any.
pub(super) fn of_wire(name: &str, preferred: &[&str]) -> Option<&'static Name> {
    let known = vocabulary::known_as(name, None);
    let of = |id: &&str| known.iter().find(|(vocabulary, _)| vocabulary.id == **id);
    preferred.iter().find_map(of).or_else(|| known.first()).map(|(_, name)| *name)
}

/// What the vocabularies `preferred` send for a friendly name, whatever its case.
pub(super) fn of_friendly(friendly: &str, preferred: &[&str]) -> Option<&'static Name> {
    preferred.iter().filter_map(|id| vocabulary::built_in_by_id(id)).find_map(|vocabulary| {
        vocabulary
            .get(friendly)
            .or_else(|| vocabulary.names.iter().find(|name| name.friendly.eq_ignore_ascii_case(friendly)))
    })
}

/// What stands behind the last `/`, `:`, `#` or `.`; the whole of an object identifier, whose last arc says nothing.
pub(super) fn last_segment(name: &str) -> &str {
    let last = name.trim_end_matches(['/', ':', '#', '.']).rsplit(['/', ':', '#', '.']).next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return last;
    }
    name.strip_prefix("urn:").unwrap_or(name)
}

/// A short name from what is wished: letters, digits and `_`, not a word of expressions, and not taken.
pub(super) fn short(wish: &str, taken: impl Fn(&str) -> bool) -> String {
    free(&identifier(wish), "_", taken)
}

/// The name itself, or with the first number that makes it free.
pub(super) fn free(name: &str, separator: &str, taken: impl Fn(&str) -> bool) -> String {
    let (mut found, mut number) = (name.to_owned(), 1_usize);
    while taken(&found) {
        number += 1;
        found = format!("{name}{separator}{number}");
    }
    found
}

/// Text as a name that expressions can read.
pub(super) fn identifier(wish: &str) -> String {
    let mut name = String::with_capacity(wish.len().min(LONGEST));
    for c in wish.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        if name.len() < LONGEST && !(c == '_' && name.ends_with('_')) {
            name.push(c);
        }
    }
    let mut name = name.trim_end_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, if name.starts_with('_') || name.is_empty() { "a" } else { "a_" });
    }
    // A mapping gives `name_id` another meaning.
    if RESERVED_WORDS.contains(&name.as_str()) || name == "name_id" {
        name.push('_');
    }
    name
}

/// The claim that `OpenID` Connect Core 5.1 has for a friendly name; any other keeps its name.
pub(super) fn claim(friendly: &str) -> &str {
    let lower = friendly.to_ascii_lowercase();
    let found = CLAIMS.iter().find(|(names, _)| names.contains(&lower.as_str()));
    found.map_or(friendly, |(_, claim)| *claim)
}

const CLAIMS: [(&[&str], &str); 7] = [
    (&["mail", "email", "emailaddress"], "email"),
    (&["givenname", "firstname", "gn"], "given_name"),
    (&["sn", "surname", "lastname"], "family_name"),
    (&["displayname"], "name"),
    (&["telephonenumber", "phone"], "phone_number"),
    (&["role"], "roles"),
    (&["group"], "groups"),
];

/// Longer names of claims are not carried.
const LONGEST_KEY: usize = 200;

/// Refuses the name of a claim that no reader of YAML would take as a key, or that nobody could read.
pub(super) fn check_key(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_KEY {
        return Err(format!("the name of the claim is longer than {LONGEST_KEY} bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err("the name of the claim has control characters".into());
    }
    Ok(())
}

/// Whether the issuer alone sets this claim.
pub(super) fn is_reserved(claim: &str) -> bool {
    RESERVED.contains(&claim)
}

/// Of these friendly names the one that best says who somebody is: made to be an identifier, and kept when a person
/// marries or moves. An e-mail address is none of them.
pub(super) fn identifying<'a>(friendly: &[&'a str]) -> Option<&'a str> {
    IDENTIFYING.iter().find_map(|best| friendly.iter().copied().find(|name| name.eq_ignore_ascii_case(best)))
}

const IDENTIFYING: [&str; 17] = [
    "samlSubjectID",
    "subject_id",
    "eduPersonUniqueId",
    "objectId",
    "objectidentifier",
    "oid",
    "immutableId",
    "onPremObjectGuid",
    "samlPairwiseID",
    "swissEduPersonUniqueID",
    "eduPersonPrincipalName",
    "eppn",
    "upn",
    "userPrincipalName",
    "primarySid",
    "uid",
    "username",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_can_be_read_by_expressions() {
        for (wish, expected) in [
            ("mail", "mail"),
            ("e-mail address", "e_mail_address"),
            ("2.5.4.3", "a_2_5_4_3"),
            ("", "a"),
            ("--", "a"),
            ("in", "in_"),
            ("name_id", "name_id_"),
            ("größe", "gr_e"),
            ("x".repeat(99).as_str(), "x".repeat(LONGEST).as_str()),
        ] {
            assert_eq!(identifier(wish), expected, "{wish}");
        }
        let taken = ["mail", "mail_2"];
        assert_eq!(short("mail", |name| taken.contains(&name)), "mail_3");
    }

    #[test]
    fn the_last_segment_of_a_name_says_what_it_is() {
        for (name, expected) in [
            ("http://schemas.xmlsoap.org/claims/Group", "Group"),
            ("urn:mace:dir:attribute-def:mail", "mail"),
            ("urn:oid:2.5.4.3", "oid:2.5.4.3"),
            ("mail", "mail"),
            ("https://x.example/attributes/", "attributes"),
            ("", ""),
        ] {
            assert_eq!(last_segment(name), expected, "{name}");
        }
    }

    #[test]
    fn the_vocabularies_are_asked_in_the_order_of_preference() {
        let upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
        assert_eq!(of_wire(upn, &["adfs"]).unwrap().friendly, "upn");
        assert_eq!(of_wire("no such name", &["adfs"]), None);
        let mail = of_friendly("MAIL", &["eduperson", "adfs"]).unwrap();
        assert_eq!(mail.name, "urn:oid:0.9.2342.19200300.100.1.3");
        assert_eq!(of_friendly("mail", &["no such vocabulary"]), None);
    }

    #[test]
    fn an_identifier_is_preferred_to_a_name_that_may_change() {
        let names = ["mail", "upn", "objectId"];
        assert_eq!(identifying(&names), Some("objectId"));
        assert_eq!(identifying(&["mail", "UPN"]), Some("UPN"));
        assert_eq!(identifying(&["mail"]), None);
    }

    #[test]
    fn claims_get_the_names_of_openid_connect_where_there_are_some() {
        assert_eq!(claim("givenName"), "given_name");
        assert_eq!(claim("emailaddress"), "email");
        assert_eq!(claim("costCenter"), "costCenter");
    }
}
