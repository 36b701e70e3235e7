//! By which way an assertion reaches us: under our own names, or under those that a client may forward.
//!
//! A way is taken whole: every `AudienceRestriction` and the recipient of one bearer confirmation belong to it.

use crate::ground::time::Timestamp;

use super::super::assertion::{Assertion, Conditions, SubjectConfirmation, SubjectConfirmationData};
use super::super::trust::TrustSource;
use super::{BEARER, Clock, ConditionsRejection, Expected, Forward, check_not_too_far};
use crate::ground::oauth::GrantType;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Our own names.
    Own,
    /// The names of a legacy service provider that this client forwards for.
    Forwarded,
}

impl Way {
    /// The word in records.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Forwarded => "forwarded",
        }
    }
}

/// The way, and the confirmation that satisfied.
#[derive(Debug)]
pub(super) struct Accepted<'a> {
    pub way: Way,
    pub confirmation: &'a SubjectConfirmation,
}

/// Checks the audiences, then the confirmations, of each way that is open.
pub(super) fn find<'a>(
    assertion: &'a Assertion,
    conditions: &Conditions,
    source: &TrustSource,
    expected: &Expected<'_>,
    clock: Clock,
) -> Result<Accepted<'a>, ConditionsRejection> {
    if conditions.audience_restrictions.is_empty() {
        return Err(ConditionsRejection::AudienceMissing { expected: expected.audiences.to_vec() });
    }
    let forward = expected.forward.filter(|_| expected.door == GrantType::TokenExchange);
    let closed = forward.and_then(|forward| closed(forward, source, expected, clock.now));
    let open = forward.filter(|_| closed.is_none());
    let ways = [
        Some((Way::Own, expected.audiences, expected.recipients)),
        open.map(|forward| (Way::Forwarded, forward.audiences.as_slice(), forward.recipients.as_slice())),
    ];
    let meant: Vec<_> =
        ways.into_iter().flatten().filter(|(_, audiences, _)| stray(conditions, audiences).is_none()).collect();
    if meant.is_empty() {
        return Err(audience_rejection(conditions, expected, open, forward.zip(closed)));
    }
    let mut nearest = None;
    for (way, _, recipients) in meant {
        let door = Door { way, recipients, source, expected, clock };
        match door.confirm(assertion, conditions) {
            Ok(confirmation) => return Ok(Accepted { way, confirmation }),
            Err(miss) => nearest = Some(nearer(nearest, miss)),
        }
    }
    Err(nearest.unwrap_or(ConditionsRejection::ConfirmationMissing { found: Vec::new() }))
}

/// Why a forward does not apply. One that names our own assertion consumer service, or any name of ours, is an error
/// of the configuration; should it get here, it opens nothing.
fn closed(forward: &Forward, source: &TrustSource, expected: &Expected<'_>, now: Timestamp) -> Option<&'static str> {
    let ours =
        |name: &String| name == expected.acs || expected.recipients.contains(name) || expected.audiences.contains(name);
    if forward.source != *source.id() {
        Some("the forward is for another source")
    } else if now >= forward.until {
        Some("the forward has ended")
    } else if forward.recipients.iter().chain(&forward.audiences).any(ours) {
        Some("the forward names an address of the bridge itself")
    } else {
        None
    }
}

/// The first restriction that names none of these (SAML Core 2.5.1.4: all restrictions must hold, and of each one
/// audience is enough), compared character by character.
fn stray<'c>(conditions: &'c Conditions, audiences: &[String]) -> Option<&'c Vec<String>> {
    let names_none = |restriction: &&Vec<String>| !restriction.iter().any(|audience| audiences.contains(audience));
    conditions.audience_restrictions.iter().find(names_none)
}

fn audience_rejection(
    conditions: &Conditions,
    expected: &Expected<'_>,
    open: Option<&Forward>,
    closed: Option<(&Forward, &'static str)>,
) -> ConditionsRejection {
    let found = stray(conditions, expected.audiences).cloned().unwrap_or_default();
    if let Some((_, fault)) = closed.filter(|(forward, _)| stray(conditions, &forward.audiences).is_none()) {
        return ConditionsRejection::AudienceOfAnother { fault, found };
    }
    let forwarded = open.map(|forward| forward.audiences.as_slice()).unwrap_or_default();
    ConditionsRejection::AudienceMismatch { expected: [expected.audiences, forwarded].concat(), found }
}

/// One way with what its confirmations must say.
struct Door<'a> {
    way: Way,
    recipients: &'a [String],
    source: &'a TrustSource,
    expected: &'a Expected<'a>,
    clock: Clock,
}

impl Door<'_> {
    /// The first bearer confirmation that satisfies; else why the nearest does not.
    fn confirm<'s>(
        &self,
        assertion: &'s Assertion,
        conditions: &Conditions,
    ) -> Result<&'s SubjectConfirmation, ConditionsRejection> {
        let mut nearest = None;
        for confirmation in assertion.subject.confirmations.iter().filter(|c| c.method == BEARER) {
            match self.check(confirmation, conditions) {
                Ok(()) => return Ok(confirmation),
                Err(miss) => nearest = Some(nearer(nearest, miss)),
            }
        }
        Err(nearest.unwrap_or_else(|| ConditionsRejection::ConfirmationMissing {
            found: assertion.subject.confirmations.iter().map(|c| c.method.clone()).collect(),
        }))
    }

    /// In the order of [`nearness`].
    fn check(&self, confirmation: &SubjectConfirmation, conditions: &Conditions) -> Result<(), ConditionsRejection> {
        match &confirmation.data {
            Some(data) => self.check_data(data)?,
            // RFC 7522 section 3 item 5: the data may be absent where Conditions says until when. A forward is bound to
            // a recipient, so there it may not.
            None if self.way == Way::Forwarded => return Err(self.mismatch("")),
            None if conditions.not_on_or_after.is_none() => {
                return Err(ConditionsRejection::ConfirmationMalformed { fault: "no SubjectConfirmationData" });
            }
            None => {}
        }
        match &confirmation.name_id {
            Some(delegate) if delegate.value != self.expected.client.as_str() => {
                Err(ConditionsRejection::DelegateMismatch {
                    client: self.expected.client.to_string(),
                    found: delegate.value.clone(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// RFC 7522 section 3 item 5; SAML Profiles 4.1.4.2.
    fn check_data(&self, data: &SubjectConfirmationData) -> Result<(), ConditionsRejection> {
        let malformed = |fault| Err(ConditionsRejection::ConfirmationMalformed { fault });
        if data.not_before.is_some() {
            return malformed("NotBefore must not be there");
        }
        let Some(recipient) = &data.recipient else { return malformed("no Recipient") };
        let Some(not_on_or_after) = data.not_on_or_after else { return malformed("no NotOnOrAfter") };
        if !self.recipients.contains(recipient) {
            return Err(self.mismatch(recipient));
        }
        let clock = self.clock;
        if clock.now.before(clock.skew) >= not_on_or_after {
            return Err(ConditionsRejection::ConfirmationExpired { not_on_or_after, clock });
        }
        let limit = self.source.settings().max_confirmation_lifetime;
        check_not_too_far("SubjectConfirmationData", Some(not_on_or_after), limit, clock)
    }

    fn mismatch(&self, found: &str) -> ConditionsRejection {
        ConditionsRejection::RecipientMismatch { expected: self.recipients.to_vec(), found: found.to_owned() }
    }
}

/// Of two misses the nearer one; of equals the first.
fn nearer(so_far: Option<ConditionsRejection>, miss: ConditionsRejection) -> ConditionsRejection {
    match so_far {
        Some(so_far) if nearness(&so_far) >= nearness(&miss) => so_far,
        Some(_) | None => miss,
    }
}

/// How far a confirmation came: the one that failed the latest check is the one that was meant for us.
const fn nearness(miss: &ConditionsRejection) -> u8 {
    match miss {
        ConditionsRejection::ConfirmationMalformed { .. } => 1,
        ConditionsRejection::RecipientMismatch { .. } => 2,
        ConditionsRejection::ConfirmationExpired { .. } => 3,
        ConditionsRejection::ExpiryTooFar { .. } => 4,
        ConditionsRejection::DelegateMismatch { .. } => 5,
        // Not of a confirmation.
        ConditionsRejection::MeantForAcs { .. }
        | ConditionsRejection::ConditionsMissing
        | ConditionsRejection::ConditionUnknown { .. }
        | ConditionsRejection::NotYetValid { .. }
        | ConditionsRejection::Expired { .. }
        | ConditionsRejection::WindowEmpty { .. }
        | ConditionsRejection::ExpiryMissing
        | ConditionsRejection::IssuedInFuture { .. }
        | ConditionsRejection::TooOld { .. }
        | ConditionsRejection::AudienceMissing { .. }
        | ConditionsRejection::AudienceMismatch { .. }
        | ConditionsRejection::AudienceOfAnother { .. }
        | ConditionsRejection::ConfirmationMissing { .. }
        | ConditionsRejection::StatementsRepeated { .. }
        | ConditionsRejection::SessionExpired { .. } => 0,
    }
}
