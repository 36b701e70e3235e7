//! Whether a signed assertion holds: here, now, for this client.
//!
//! Floor 2. Pure; given `now`. All of it is ours, because libraries read the wall clock for it.
//!
//! ```text
//! (Envelope, Assertion) + TrustSource + Expected ─check(now)─▶ Conclusion
//! ```
//!
//! **Invariant.** What was meant for our own assertion consumer service is refused first, whatever else it says: else
//! a stolen browser response could be redeemed by any client, past `InResponseTo`.
//!
//! **Invariant.** Own names and forwarded names are two ways, each taken whole: the audience of one with the
//! recipient of the other is neither.
//!
//! **Absent on purpose.** `InResponseTo` means nothing at this door, and `Address` is not compared, since the client
//! presents what a person's browser got: both are only recorded. `ProxyRestriction@Count` limits assertions issued on,
//! not tokens (SAML Core 2.5.1.6); its audiences become the only targets. `OneTimeUse` asks for what every assertion
//! gets: a single use. `holder-of-key` and `sender-vouches` never satisfy.

mod rejection;
#[cfg(test)]
mod tests;
mod way;

use std::time::Duration;

use crate::decision::Fact;
use crate::ground::id::{ClientId, SourceId};
use crate::ground::oauth::GrantType;
use crate::ground::time::Timestamp;

use super::assertion::{Assertion, AuthnStatement, Conditions, Envelope};
use super::trust::{LONGEST_MAX_AGE, MAX_CLOCK_SKEW, TrustSource};
pub use rejection::{Clock, ConditionsRejection};
use way::Way;

/// The only confirmation method that satisfies (SAML Profiles 3.3).
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// What this door expects.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Our own identities: issuer, token endpoint, SAML entity ID.
    pub audiences: &'a [String],
    /// The addresses of this door.
    pub recipients: &'a [String],
    /// Our own assertion consumer service: never at this door.
    pub acs: &'a str,
    /// Who presents it, authenticated.
    pub client: &'a ClientId,
    /// The door.
    pub door: GrantType,
    /// What this client may pass on.
    pub forward: Option<&'a Forward>,
}

/// A legacy application that can only pass on what its own service provider received: token exchange only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Its assertion consumer services.
    pub recipients: Vec<String>,
    /// Its entity IDs.
    pub audiences: Vec<String>,
    /// From then on it may not.
    pub until: Timestamp,
    /// The one provider whose assertions it may pass on.
    pub source: SourceId,
}

/// What follows from an assertion that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conclusion {
    /// The last moment at which it could still be accepted, under the greatest skew that a source may be set to, so
    /// that a changed setting does not reopen what memory has forgotten.
    pub until: Timestamp,
    /// `SessionNotOnOrAfter`: nothing issued outlives it.
    pub ends: Option<Timestamp>,
    /// `ProxyRestriction` audiences: the only targets.
    pub targets: Option<Vec<String>>,
    /// Whether it came by the client's forward.
    pub forwarded: bool,
    /// What was found, for the trail.
    pub facts: Vec<Fact>,
}

/// Every check of what was signed against this door, in the order of `ConditionsRejection`.
pub(crate) fn check(
    assertion: &Assertion,
    envelope: &Envelope,
    source: &TrustSource,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Conclusion, ConditionsRejection> {
    let clock = Clock { now, skew: source.settings().clock_skew };
    check_not_meant_for_acs(assertion, envelope, expected.acs)?;
    let conditions = assertion.conditions.as_ref().ok_or(ConditionsRejection::ConditionsMissing)?;
    if let Some(found) = conditions.unknown.first() {
        return Err(ConditionsRejection::ConditionUnknown { found: found.clone() });
    }
    check_window(conditions, clock)?;
    let until = last_moment(assertion, conditions, source).ok_or(ConditionsRejection::ExpiryMissing)?;
    check_not_too_far("Conditions", conditions.not_on_or_after, source.settings().max_lifetime, clock)?;
    check_issue_instant(assertion, source.settings().max_age, clock)?;
    let accepted = way::find(assertion, conditions, source, expected, clock)?;
    let ends = check_authentication(&assertion.authn_statements, clock)?;
    let targets =
        conditions.proxy.as_ref().map(|proxy| proxy.audiences.clone()).filter(|audiences| !audiences.is_empty());
    Ok(Conclusion {
        until,
        ends,
        targets,
        forwarded: accepted.way == Way::Forwarded,
        facts: facts(assertion, envelope, conditions, &accepted),
    })
}

/// Also where another confirmation would do, and whether or not the `Response` is signed.
fn check_not_meant_for_acs(assertion: &Assertion, envelope: &Envelope, acs: &str) -> Result<(), ConditionsRejection> {
    let meant = |of| Err(ConditionsRejection::MeantForAcs { of, acs: acs.to_owned() });
    let mut recipients = assertion.subject.confirmations.iter().filter_map(|c| c.data.as_ref()?.recipient.as_deref());
    if recipients.any(|recipient| recipient == acs) {
        return meant("Recipient");
    }
    if envelope.destination.as_deref() == Some(acs) { meant("Destination") } else { Ok(()) }
}

/// SAML Core 2.5.1.2: `NotBefore` is inclusive, `NotOnOrAfter` exclusive, and the first must be before the second.
fn check_window(conditions: &Conditions, clock: Clock) -> Result<(), ConditionsRejection> {
    if let Some(not_before) = conditions.not_before.filter(|not_before| clock.now.after(clock.skew) < *not_before) {
        return Err(ConditionsRejection::NotYetValid { not_before, clock });
    }
    if let Some(not_on_or_after) = conditions.not_on_or_after.filter(|end| clock.now.before(clock.skew) >= *end) {
        return Err(ConditionsRejection::Expired { not_on_or_after, clock });
    }
    match (conditions.not_before, conditions.not_on_or_after) {
        (Some(not_before), Some(not_on_or_after)) if not_before >= not_on_or_after => {
            Err(ConditionsRejection::WindowEmpty { not_before, not_on_or_after })
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// The latest `NotOnOrAfter` of the conditions and of all bearer confirmations, with the greatest skew; but not beyond
/// the greatest age at which any setting accepts an assertion: a confirmation of the year 9999 must not be remembered
/// until then. `None` where nothing ends.
fn last_moment(assertion: &Assertion, conditions: &Conditions, source: &TrustSource) -> Option<Timestamp> {
    let bearers = assertion.subject.confirmations.iter().filter(|confirmation| confirmation.method == BEARER);
    let ends = bearers.filter_map(|bearer| bearer.data.as_ref()?.not_on_or_after);
    let end = conditions.not_on_or_after.into_iter().chain(ends).max()?;
    let oldest = assertion.issue_instant.after(LONGEST_MAX_AGE.max(source.settings().max_age));
    Some(end.min(oldest).after(MAX_CLOCK_SKEW))
}

/// RFC 7521 section 5.2: an expiry unreasonably far in the future may be refused.
fn check_not_too_far(
    of: &'static str,
    end: Option<Timestamp>,
    limit: Duration,
    clock: Clock,
) -> Result<(), ConditionsRejection> {
    match end {
        Some(not_on_or_after) if not_on_or_after > clock.now.after(clock.skew).after(limit) => {
            Err(ConditionsRejection::ExpiryTooFar { of, not_on_or_after, limit, clock })
        }
        Some(_) | None => Ok(()),
    }
}

/// RFC 7521 section 5.1, "Issued At": neither in the future nor too long ago.
fn check_issue_instant(assertion: &Assertion, max_age: Duration, clock: Clock) -> Result<(), ConditionsRejection> {
    let issued = assertion.issue_instant;
    check_not_in_future("IssueInstant", issued, clock)?;
    if clock.now.before(clock.skew) > issued.after(max_age) {
        return Err(ConditionsRejection::TooOld { issued, max_age, clock });
    }
    Ok(())
}

fn check_not_in_future(of: &'static str, instant: Timestamp, clock: Clock) -> Result<(), ConditionsRejection> {
    if instant > clock.now.after(clock.skew) {
        return Err(ConditionsRejection::IssuedInFuture { of, instant, clock });
    }
    Ok(())
}

/// None (an autonomous client) or exactly one (RFC 7522 section 3 item 7). The skew does not lengthen a session: what
/// is issued could not outlive it.
fn check_authentication(statements: &[AuthnStatement], clock: Clock) -> Result<Option<Timestamp>, ConditionsRejection> {
    let statement = match statements {
        [] => return Ok(None),
        [statement] => statement,
        [_, _, ..] => return Err(ConditionsRejection::StatementsRepeated { found: statements.len() }),
    };
    check_not_in_future("AuthnInstant", statement.instant, clock)?;
    match statement.session_not_on_or_after {
        Some(not_on_or_after) if clock.now >= not_on_or_after => {
            Err(ConditionsRejection::SessionExpired { not_on_or_after, now: clock.now })
        }
        ends @ (Some(_) | None) => Ok(ends),
    }
}

fn facts(
    assertion: &Assertion,
    envelope: &Envelope,
    conditions: &Conditions,
    accepted: &way::Accepted<'_>,
) -> Vec<Fact> {
    let data = accepted.confirmation.data.as_ref();
    let in_response_to = data.and_then(|data| data.in_response_to.as_ref()).or(envelope.in_response_to.as_ref());
    let audiences: Vec<_> = conditions.audience_restrictions.iter().map(|any| any.join(" ")).collect();
    let mut facts = vec![
        Fact::public("way", accepted.way.as_str()),
        Fact::public("audience", audiences.join(", ")),
        Fact::public("issued", assertion.issue_instant),
    ];
    facts.extend(data.and_then(|data| data.recipient.as_ref()).map(|found| Fact::public("recipient", found)));
    facts.extend(conditions.not_on_or_after.map(|end| Fact::public("not_on_or_after", end)));
    facts.extend(data.and_then(|d| d.not_on_or_after).map(|end| Fact::public("confirmation_not_on_or_after", end)));
    facts.extend(in_response_to.map(|_| Fact::public("in_response_to", "present, not checked at this door")));
    // The address of a person's machine.
    facts.extend(data.and_then(|data| data.address.as_ref()).map(|address| Fact::private("address", address)));
    facts.extend(conditions.one_time_use.then(|| Fact::public("one_time_use", "asked for")));
    facts
}
