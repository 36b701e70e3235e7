//! The whole of this floor for SAML in one call: a parameter becomes an [`Identity`], each step in the trail.
//!
//! ```text
//! decode ─▶ Document ─▶ source by claimed issuer ─▶ Signed ─▶ Assertion ─▶ (second opinion) ─▶ conditions ─▶ Identity
//! ```

#[cfg(test)]
mod tests;

use crate::crypto::digest::{hex, sha256};
use crate::decision::{Fact, Stage, Trail};
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;
use crate::store::UseRule;

use super::super::identity::Established;
use super::super::{Authentication, CredentialKind, Facts, Identity, Verified};
use super::assertion::{Assertion, read};
use super::conditions::{self, Conclusion, Expected};
use super::decode::decode;
use super::gate::Document;
use super::rejection::SamlRejection;
use super::signature::verify_signature;
use super::trust::{TrustSource, TrustSources};

/// Proves an assertion or a response and reads it. Nothing of it is acted on before its signature was verified but the
/// claimed issuer, which chooses the keys.
pub fn establish(
    presented: &str,
    sources: &TrustSources,
    expected: &Expected<'_>,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identity, SamlRejection> {
    let decoded = decode(presented);
    // Of the XML: whoever has the document finds its record, however it was encoded on its way.
    let digested = decoded.as_ref().map_or(presented, |text| text.as_str());
    trail.known.credential_digest = Some(hex(&sha256(digested.as_bytes())));
    let text = decoded.inspect_err(|error| trail.failed(Stage::Decode, error))?;
    trail.passed(Stage::Decode, vec![Fact::public("bytes", text.len())]);
    let document = Document::parse(&text).inspect_err(|error| trail.failed(Stage::Parse, error))?;
    trail.passed(Stage::Parse, vec![Fact::public("issuer", document.issuer())]);
    let source = find_source(&document, sources, now).inspect_err(|error| trail.failed(Stage::Trust, error))?;
    trail.known.source = Some(source.id().clone());
    trail.passed(Stage::Trust, vec![Fact::public("source", source.id()), Fact::public("keys", source.keys().len())]);
    check_algorithms(&document, source).inspect_err(|error| trail.failed(Stage::Signature, error))?;
    let signed =
        verify_signature(&document, source.keys()).inspect_err(|error| trail.failed(Stage::Signature, error))?;
    let covers = if signed.covers_response() { "Response" } else { "Assertion" };
    trail.passed(Stage::Signature, vec![Fact::public("key", signed.fingerprint()), Fact::public("covers", covers)]);
    let (envelope, assertion) = read(&signed)
        .and_then(|read| check_issuer(&read.1, source).map(|()| read))
        .inspect_err(|error| trail.failed(Stage::Parse, error))?;
    #[cfg(feature = "second-opinion")]
    if sources.wants_second_opinion() {
        super::second_opinion::check(&text, &document, &signed, &assertion, source)
            .inspect_err(|error| trail.failed(Stage::SecondOpinion, error))?;
        trail.passed(Stage::SecondOpinion, vec![Fact::public("by", "samael")]);
    }
    let conclusion = conditions::check(&assertion, &envelope, source, expected, now)
        .map_err(SamlRejection::from)
        .inspect_err(|error| trail.failed(Stage::Conditions, error))?;
    trail.passed(Stage::Conditions, conclusion.facts.clone());
    Ok(identity(assertion, source, conclusion))
}

/// The source whose entity ID is exactly the claimed one, while its metadata holds. No skew: the date is the
/// operator's, and what has ended must not be stretched.
fn find_source<'s>(
    document: &Document<'_>,
    sources: &'s TrustSources,
    now: Timestamp,
) -> Result<&'s TrustSource, SamlRejection> {
    let claimed = document.issuer();
    let source = sources
        .by_entity_id(&EntityId::new(claimed))
        .ok_or_else(|| SamlRejection::IssuerUnknown { found: claimed.to_owned() })?;
    match source.valid_until() {
        Some(valid_until) if now >= valid_until => Err(SamlRejection::MetadataExpired { valid_until, now }),
        Some(_) | None => Ok(source),
    }
}

/// A source may be held to a shorter list than the verifier knows.
fn check_algorithms(document: &Document<'_>, source: &TrustSource) -> Result<(), SamlRejection> {
    match document.signatures().find(|(_, form)| !source.allows(form.algorithm)) {
        Some((_, form)) => Err(SamlRejection::Algorithm { found: form.algorithm_uri.to_owned() }),
        None => Ok(()),
    }
}

/// What was signed must name the provider whose key signed it.
fn check_issuer(assertion: &Assertion, source: &TrustSource) -> Result<(), SamlRejection> {
    if assertion.issuer == *source.entity_id() {
        return Ok(());
    }
    Err(SamlRejection::IssuerMismatch {
        response: source.entity_id().to_string(),
        assertion: assertion.issuer.to_string(),
    })
}

fn identity(assertion: Assertion, source: &TrustSource, conclusion: Conclusion) -> Identity {
    let statement = assertion.authn_statements.into_iter().next();
    let authentication = statement.map_or_else(Authentication::default, |statement| Authentication {
        instant: Some(statement.instant),
        context_class: statement.context_class,
        session_index: statement.session_index,
    });
    let facts = Facts {
        source: source.id().clone(),
        namespace: source.namespace(),
        name_id: Some(assertion.subject.name_id),
        attributes: assertion.attributes,
        authentication,
    };
    Identity::establish(Verified::vouch(Established {
        kind: CredentialKind::Saml2,
        facts,
        id: assertion.id,
        presenter: String::new(),
        until: conclusion.until,
        rule: UseRule::Once,
        ends: conclusion.ends,
        targets: conclusion.targets,
    }))
}
