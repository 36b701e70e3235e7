//! Signed nodes to an [`Assertion`], strictly by the schema of SAML Core.
//!
//! Floor 2.
//!
//! What is optional in the schema is optional here; what is unknown, twice or out of order is refused; what this bridge
//! has no use for (`Advice`, `SubjectLocality`, `xsi:type`, `SPProvidedID`) is left unread.
//!
//! An attribute value is text. Two exceptions are read: a value that `xsi:nil` says is nothing is empty, and a value that
//! holds one `NameID` and nothing else (as `eduPersonTargetedID` does) is that name's text. Any other element in a value
//! is refused: nobody could say what its text means.

use super::super::arena::Namespace;
use super::super::rejection::SamlRejection;
use super::super::signature::{Signed, SignedChildren, SignedElement};
use super::statement::{attribute_statement, authn_statement};
use super::{Assertion, Conditions, Envelope, ProxyRestriction, Subject, SubjectConfirmation, SubjectConfirmationData};
use crate::ground::attribute::NameId;
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;

const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// Reads what was signed. The envelope may not have been: see [`Envelope`].
pub fn read(signed: &Signed<'_>) -> Result<(Envelope, Assertion), SamlRejection> {
    let assertion = assertion(signed.assertion())?;
    if let Some(response) = signed.response_issuer().filter(|response| *response != assertion.issuer.as_str()) {
        return Err(SamlRejection::IssuerMismatch {
            response: response.to_owned(),
            assertion: assertion.issuer.as_str().to_owned(),
        });
    }
    Ok((signed.envelope(), assertion))
}

fn assertion(element: SignedElement<'_>) -> Result<Assertion, SamlRejection> {
    // Its form is the gate's to check.
    let id = element.attribute("ID").ok_or(SamlRejection::IdMalformed { of: "Assertion" })?.to_owned();
    let issue_instant = required_time(element, "IssueInstant")?;
    let mut parts = Sequence::of(element, "Assertion")?;
    let issuer = issuer(parts.take("Issuer"))?;
    let subject = subject(parts.take("Subject").ok_or(SamlRejection::SubjectMissing { fault: "no Subject" })?)?;
    let conditions = parts.take("Conditions").map(conditions).transpose()?;
    parts.take("Advice");
    let (mut authn_statements, mut attributes) = (Vec::new(), Vec::new());
    for statement in parts.rest() {
        if statement.is(Namespace::ASSERTION, "AuthnStatement") {
            authn_statements.push(authn_statement(statement)?);
        } else if statement.is(Namespace::ASSERTION, "AttributeStatement") {
            attribute_statement(statement, &mut attributes)?;
        } else {
            return Err(SamlRejection::StatementRefused { found: statement.expanded_name(), fault: "of unknown kind" });
        }
    }
    Ok(Assertion { id, issuer, issue_instant, subject, conditions, authn_statements, attributes })
}

/// SAML Core 2.2.5 and 8.3.6.
fn issuer(element: Option<SignedElement<'_>>) -> Result<EntityId, SamlRejection> {
    let unknown = |found: &str| SamlRejection::IssuerUnknown { found: found.to_owned() };
    let element = element.ok_or_else(|| unknown(""))?;
    let text = element.text().unwrap_or_default();
    if text.is_empty() || element.attribute("Format").is_some_and(|format| format != ENTITY) {
        return Err(unknown(text));
    }
    Ok(EntityId::new(text))
}

/// SAML Core 2.4.1.
fn subject(element: SignedElement<'_>) -> Result<Subject, SamlRejection> {
    let mut parts = Sequence::of(element, "Subject")?;
    let name_id = identifier(&mut parts)?.ok_or(SamlRejection::SubjectMissing { fault: "no NameID" })?;
    let mut confirmations = Vec::new();
    while let Some(confirmation) = parts.take("SubjectConfirmation") {
        confirmations.push(subject_confirmation(confirmation)?);
    }
    parts.end()?;
    Ok(Subject { name_id, confirmations })
}

/// `BaseID`, `NameID` or `EncryptedID` (SAML Core 2.2).
fn identifier(parts: &mut Sequence<'_>) -> Result<Option<NameId>, SamlRejection> {
    if parts.take("EncryptedID").is_some() {
        return Err(SamlRejection::EncryptionUnsupported { found: "EncryptedID" });
    }
    if parts.take("BaseID").is_some() {
        return Err(SamlRejection::SubjectMalformed { fault: "a BaseID" });
    }
    parts.take("NameID").map(name_id).transpose()
}

/// SAML Core 2.2.3. The text is taken exactly as signed, or not at all.
fn name_id(element: SignedElement<'_>) -> Result<NameId, SamlRejection> {
    let value = element.text().ok_or(SamlRejection::SubjectMalformed { fault: "elements inside NameID" })?;
    if value.trim().is_empty() {
        return Err(SamlRejection::SubjectMissing { fault: "an empty NameID" });
    }
    if value.contains(char::is_control) {
        return Err(SamlRejection::SubjectMalformed { fault: "control characters in NameID" });
    }
    let attribute = |local| element.attribute(local).map(str::to_owned);
    Ok(NameId {
        value: value.to_owned(),
        format: attribute("Format"),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
    })
}

/// SAML Core 2.4.1.1.
fn subject_confirmation(element: SignedElement<'_>) -> Result<SubjectConfirmation, SamlRejection> {
    let malformed = |fault| SamlRejection::ConfirmationMalformed { fault };
    let method = element.attribute("Method").ok_or(malformed("no Method"))?.to_owned();
    let mut parts = Sequence::of(element, "SubjectConfirmation")?;
    let name_id = identifier(&mut parts)?;
    let data = parts.take("SubjectConfirmationData").map(confirmation_data).transpose()?;
    parts.end()?;
    Ok(SubjectConfirmation { method, name_id, data })
}

/// SAML Core 2.4.1.2. Its content, a holder's key for instance, is left unread.
fn confirmation_data(element: SignedElement<'_>) -> Result<SubjectConfirmationData, SamlRejection> {
    let attribute = |local| element.attribute(local).map(str::to_owned);
    Ok(SubjectConfirmationData {
        not_before: time(element, "NotBefore")?,
        not_on_or_after: time(element, "NotOnOrAfter")?,
        recipient: attribute("Recipient"),
        in_response_to: attribute("InResponseTo"),
        address: attribute("Address"),
    })
}

/// SAML Core 2.5.1.
fn conditions(element: SignedElement<'_>) -> Result<Conditions, SamlRejection> {
    let twice = |fault| SamlRejection::Structure { of: "Conditions", fault };
    let mut found = Conditions {
        not_before: time(element, "NotBefore")?,
        not_on_or_after: time(element, "NotOnOrAfter")?,
        audience_restrictions: Vec::with_capacity(1),
        one_time_use: false,
        proxy: None,
        unknown: Vec::new(),
    };
    for condition in Sequence::of(element, "Conditions")?.rest() {
        if condition.is(Namespace::ASSERTION, "AudienceRestriction") {
            found.audience_restrictions.push(audiences(condition, "AudienceRestriction")?);
        } else if condition.is(Namespace::ASSERTION, "OneTimeUse") {
            // SAML Core 2.5.1.5 and 2.5.1.6: at most one of each.
            if std::mem::replace(&mut found.one_time_use, true) {
                return Err(twice("a second OneTimeUse"));
            }
        } else if condition.is(Namespace::ASSERTION, "ProxyRestriction") {
            if found.proxy.replace(proxy_restriction(condition)?).is_some() {
                return Err(twice("a second ProxyRestriction"));
            }
        } else {
            found.unknown.push(condition.expanded_name());
        }
    }
    Ok(found)
}

/// SAML Core 2.5.1.6.
fn proxy_restriction(element: SignedElement<'_>) -> Result<ProxyRestriction, SamlRejection> {
    let count = element.attribute("Count").map(str::parse).transpose();
    let count = count.map_err(|_| SamlRejection::Structure { of: "ProxyRestriction", fault: "Count is no number" })?;
    Ok(ProxyRestriction { count, audiences: audiences(element, "ProxyRestriction")? })
}

/// SAML Core 2.5.1.4. Compared character by character later, so taken character by character here.
fn audiences(element: SignedElement<'_>, of: &'static str) -> Result<Vec<String>, SamlRejection> {
    let audience = |child: SignedElement<'_>| {
        let text = child.is(Namespace::ASSERTION, "Audience").then(|| child.text()).flatten();
        text.map(str::to_owned).ok_or(SamlRejection::Structure { of, fault: "something else than an Audience" })
    };
    Sequence::of(element, of)?.rest().map(audience).collect()
}

/// An optional time (SAML Core 1.3.3).
pub(super) fn time(element: SignedElement<'_>, of: &'static str) -> Result<Option<Timestamp>, SamlRejection> {
    let parse = |found| {
        Timestamp::parse_utc(found).map_err(|_| SamlRejection::TimestampMalformed { of, found: found.to_owned() })
    };
    element.attribute(of).map(parse).transpose()
}

/// A required time (SAML Core 1.3.3).
pub(super) fn required_time(element: SignedElement<'_>, of: &'static str) -> Result<Timestamp, SamlRejection> {
    time(element, of)?.ok_or(SamlRejection::TimestampMalformed { of, found: String::new() })
}

/// The children of an element, taken in the order of its schema.
pub(super) struct Sequence<'d> {
    of: &'static str,
    children: SignedChildren<'d>,
    next: Option<SignedElement<'d>>,
}

impl<'d> Sequence<'d> {
    /// Refuses text between them, but for white space.
    pub(super) fn of(element: SignedElement<'d>, of: &'static str) -> Result<Self, SamlRejection> {
        if !element.is_element_only() {
            return Err(SamlRejection::Structure { of, fault: "text between the elements" });
        }
        let mut children = element.children();
        Ok(Self { of, next: children.next(), children })
    }

    /// The next child, if it is a SAML element of that name.
    pub(super) fn take(&mut self, local: &str) -> Option<SignedElement<'d>> {
        let taken = self.next.filter(|next| next.is(Namespace::ASSERTION, local))?;
        self.next = self.children.next();
        Some(taken)
    }

    /// All that are left.
    pub(super) fn rest(self) -> impl Iterator<Item = SignedElement<'d>> {
        self.next.into_iter().chain(self.children)
    }

    /// Refuses any that is left.
    pub(super) fn end(&self) -> Result<(), SamlRejection> {
        match self.next {
            None => Ok(()),
            Some(_) => Err(SamlRejection::Structure { of: self.of, fault: "a child out of place" }),
        }
    }
}

#[cfg(test)]
mod tests;
