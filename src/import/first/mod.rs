//! A first mapping from one credential: everything that it carries is declared, and a test of it passes.
//!
//! **Invariant.** No value of a person gets into the file: the test has values of the same shape. Only the names of
//! groups, roles and the like stay, because rules are written about them.

mod synthetic;
#[cfg(test)]
mod tests;

use super::draft::{Attribute, ClaimRule, Draft, Subject, SubjectRule, Trial};
use super::names;
use super::seen::{Seen, SeenAttribute};
use crate::ground::attribute::format::{EMAIL, TRANSIENT};
use crate::ground::claim::ClaimValue;
use crate::mapping::vocabulary;
use synthetic::Synthetic;

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// Why a subject that is an e-mail address is refused.
const EMAIL_UNPROVEN: &str = "mapping.email_unproven";
/// The `NameID` that the bridge makes of a session.
const SESSION: &str = "urn:drawbridge:session:";

/// Friendly names of attributes that speak of groups, roles and rights, not of one person.
const OF_GROUPS: [&str; 16] = [
    "group",
    "groups",
    "role",
    "roles",
    "directoryroles",
    "memberof",
    "ismemberof",
    "member",
    "edupersonaffiliation",
    "edupersonprimaryaffiliation",
    "edupersonentitlement",
    "edupersonassurance",
    "entitlement",
    "authnmethods",
    "groupsids",
    "affiliation",
];

/// Writes the mapping.
pub fn first(seen: &Seen, id: &str, source: &str) -> Draft {
    let of = if seen.issuer.is_empty() { "a source" } else { &seen.issuer };
    let mut draft = Draft::new(id, source, &format!("First draft from a credential of {of}."));
    draft.notes = notes(seen);
    draft.notes.extend(undeclared(seen));
    let mut columns: Vec<Column> = Vec::new();
    for attribute in merged(seen) {
        columns.extend(column(&mut draft, &attribute, seen));
    }
    let subject = subject(&mut draft, seen, &columns);
    let mut synthetic = Synthetic::default();
    let name_id = seen.name_id.as_deref().map(|value| synthetic.of(value));
    for column in &mut columns {
        for value in &mut column.values {
            match column.keeps {
                Keeps::All => {}
                Keeps::BeforeTheAt => {
                    let role = value.split('@').next().unwrap_or_default();
                    *value = format!("{role}@{}", synthetic::DOMAIN);
                }
                Keeps::Shape => *value = synthetic.of(value),
            }
        }
    }
    draft.tests = tests(&draft, seen, &columns, name_id.as_deref(), subject);
    draft
}

/// A declared attribute, and what the credential holds of it.
struct Column {
    short: String,
    claim: String,
    values: Vec<String>,
    kind: Option<&'static str>,
    many: bool,
    keeps: Keeps,
}

/// What of a value may stand in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    All,
    /// `staff@campus.example` names a role of many people.
    BeforeTheAt,
    Shape,
}

fn notes(seen: &Seen) -> Vec<String> {
    let mut notes = vec![
        "Written by `drawbridge mapping new` from one credential. What that one did not carry is not declared, and what \
         it carried once may come several times: look at the guesses."
            .to_owned(),
    ];
    if !seen.verified {
        notes.push(
            "The assertion was read as it lies there: nobody has verified its signature, its times, its audience or its \
             recipient."
                .into(),
        );
    }
    notes.push(
        "In the tests every value is replaced by one of the same shape; only names of groups, roles and rights are as \
         they were sent."
            .into(),
    );
    notes
}

/// What the credential carries and no mapping can declare.
fn undeclared(seen: &Seen) -> Vec<String> {
    let unnamed = seen.attributes.iter().filter(|attribute| attribute.name.is_empty());
    let note = |attribute: &SeenAttribute| {
        let friendly = attribute.friendly.as_deref().map(|friendly| format!(" (FriendlyName `{friendly}`)"));
        format!(
            "An attribute{} has no `Name`, so it cannot be declared, and is left out.",
            friendly.unwrap_or_default()
        )
    };
    unnamed.map(note).collect()
}

/// Attributes that were sent in pieces, put together.
fn merged(seen: &Seen) -> Vec<SeenAttribute> {
    let mut merged: Vec<SeenAttribute> = Vec::new();
    for attribute in &seen.attributes {
        match merged.iter_mut().find(|known| known.name == attribute.name && known.format == attribute.format) {
            Some(known) => {
                known.values.extend(attribute.values.iter().cloned());
                known.has_xml |= attribute.has_xml;
            }
            None => merged.push(attribute.clone()),
        }
    }
    merged
}

/// Declares an attribute and makes a claim of it.
fn column(draft: &mut Draft, attribute: &SeenAttribute, seen: &Seen) -> Option<Column> {
    if attribute.name.is_empty() {
        return None;
    }
    let known = names::of_wire(&attribute.name, &[]);
    let friendly = known.map(|known| known.friendly.as_str()).or(attribute.friendly.as_deref());
    let friendly = friendly.unwrap_or_else(|| names::last_segment(&attribute.name)).to_owned();
    let short = names::short(&friendly, |short| draft.by_short(short).is_some());
    // The format tells apart what shares a name.
    let same_name = seen.attributes.iter().filter(|other| other.name == attribute.name);
    let several = same_name.clone().any(|other| other.format != attribute.format);
    let many = attribute.values.len() > 1 || known.is_some_and(|known| known.many);
    let note = attribute.has_xml.then(|| "a value is XML, which no rule can read".to_owned());
    draft.attributes.push(Attribute {
        short: short.clone(),
        name: attribute.name.clone(),
        format: attribute.format.clone().filter(|_| several),
        many,
        optional: true,
        note,
    });
    if attribute.values.is_empty() {
        return None;
    }
    let claim = names::claim(&friendly);
    let claim = if names::is_reserved(claim) { format!("source_{claim}") } else { claim.to_owned() };
    let is_no_key = draft.has_claim(&claim) || names::check_key(&claim).is_err();
    let claim = if is_no_key { names::short(&short, |name| draft.has_claim(name)) } else { claim };
    let kind = guessed(&attribute.values);
    let rule = match kind {
        Some(kind) => ClaimRule::Typed(short.clone(), kind),
        None => ClaimRule::From(short.clone()),
    };
    draft.claim(&claim, rule);
    if let (Some(made), Some(_)) = (draft.claims.last_mut(), kind) {
        made.note = Some("a guess: all values of the credential look like it".into());
    }
    let keeps = match friendly.to_lowercase().as_str() {
        "edupersonscopedaffiliation" => Keeps::BeforeTheAt,
        friendly if OF_GROUPS.contains(&friendly) || kind == Some("bool") => Keeps::All,
        _ => Keeps::Shape,
    };
    Some(Column { short, claim, values: attribute.values.clone(), kind, many, keeps })
}

/// The type that every value has, where it is not just text. A number with zeros in front is one of those that name
/// something.
fn guessed(values: &[String]) -> Option<&'static str> {
    let is_int = |value: &String| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        let plain = digits == "0" || !digits.starts_with('0');
        plain && (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if values.iter().all(|value| matches!(value.as_str(), "true" | "false")) {
        return Some("bool");
    }
    values.iter().all(is_int).then_some("int")
}

/// What the subject rule makes of the credential.
enum Known {
    /// The `NameID`.
    NameId,
    /// The attribute with this short name.
    Attribute(String),
    /// Nothing: this reason code.
    Refused(&'static str),
}

/// A persistent `NameID`, else the best identifier, else the `NameID` where it can be one.
fn subject(draft: &mut Draft, seen: &Seen, columns: &[Column]) -> Known {
    let format = seen.name_id_format.as_deref().unwrap_or_default();
    let note = |text: &str| Subject { rule: SubjectRule::From("name_id".into()), note: Some(text.into()) };
    if seen.name_id.is_some() && (format == PERSISTENT || format.starts_with(SESSION)) {
        draft.subject = note("the NameID is made to be kept");
        return Known::NameId;
    }
    let is_email = |short: &str| draft.by_short(short).is_some_and(|attribute| vocabulary::is_email(&attribute.name));
    let single = columns.iter().filter(|column| column.values.len() == 1 && !is_email(&column.short));
    let best = names::identifying(&single.map(|column| column.short.as_str()).collect::<Vec<_>>()).map(str::to_owned);
    if let Some(short) = best {
        draft.subject_from(&short);
        draft.subject.note = Some("a proposal: the best identifier of this credential".into());
        return Known::Attribute(short);
    }
    match (seen.name_id.is_some(), format) {
        (true, TRANSIENT) => {
            draft.subject = note("refused, because the NameID is transient: choose an attribute");
            Known::Refused("mapping.subject_missing")
        }
        (true, EMAIL) => {
            draft.subject = note(
                "refused, because an address may be given to somebody else: choose an attribute; or write \
                 `{ from: name_id, email_proven: true }`, and change the test below as it says",
            );
            Known::Refused(EMAIL_UNPROVEN)
        }
        (true, _) => {
            draft.subject = note("a guess: is this NameID kept, and never given to somebody else?");
            Known::NameId
        }
        (false, _) => {
            draft.subject = note("refused, because there is no NameID: choose an attribute");
            Known::Refused("mapping.subject_missing")
        }
    }
}

fn tests(draft: &Draft, seen: &Seen, columns: &[Column], name_id: Option<&str>, subject: Known) -> Vec<Trial> {
    let mut given: Vec<(&'static str, String)> = Vec::new();
    given.extend(name_id.map(|value| ("name_id", value.to_owned())));
    given.extend(seen.name_id_format.clone().filter(|_| name_id.is_some()).map(|format| ("name_id_format", format)));
    let attributes = columns.iter().map(|column| (column.short.clone(), column.values.clone())).collect();
    let all = Trial { name: "as it was sent".into(), given: given.clone(), attributes, ..Trial::default() };
    let value_of =
        |short: &str| columns.iter().find(|column| column.short == short).and_then(|c| c.values.first()).cloned();
    let (value, needed) = match subject {
        Known::Refused(code) => {
            let refused = Trial { refused: Some(code.into()), ..all };
            let accepted = Trial { claims: claims_of(columns), subject: name_id.map(str::to_owned), ..refused };
            let mended =
                "Once `email_proven: true` stands beside `subject`: remove the line above, and uncomment these.";
            let once_mended = (code == EMAIL_UNPROVEN).then(|| mended.to_owned());
            return vec![Trial { once_mended, ..accepted }];
        }
        Known::NameId => (name_id.map(str::to_owned), Vec::new()),
        Known::Attribute(short) => {
            let value = value_of(&short);
            (value.clone(), vec![(short, value.into_iter().collect())])
        }
    };
    let all = Trial { claims: claims_of(columns), subject: value.clone(), ..all };
    let is_needed = |column: &&Column| needed.iter().any(|(short, _)| *short == column.short);
    let absent: Vec<String> = columns.iter().filter(|c| !is_needed(c)).map(|column| column.claim.clone()).collect();
    if absent.is_empty() || draft.attributes.is_empty() {
        return vec![all];
    }
    let name = "somebody of whom nothing else is known".into();
    vec![all, Trial { name, given, attributes: needed, absent, subject: value, ..Trial::default() }]
}

fn claims_of(columns: &[Column]) -> Vec<(String, ClaimValue)> {
    columns.iter().map(|column| (column.claim.clone(), column.value())).collect()
}

impl Column {
    /// The claim that the mapping makes of the values.
    fn value(&self) -> ClaimValue {
        let one = |value: &String| match self.kind {
            Some("bool") => ClaimValue::Bool(value == "true"),
            Some("int") => value.parse().map_or_else(|_| ClaimValue::Text(value.clone()), ClaimValue::Int),
            Some(_) | None => ClaimValue::Text(value.clone()),
        };
        match self.values.as_slice() {
            [only] if !self.many => one(only),
            values => ClaimValue::List(values.iter().map(one).collect()),
        }
    }
}
