//! Legacy sessions whose format an operator declares: a cookie with a MAC becomes an [`Identity`].
//!
//! Floor 2. Given `now`; never asks for it. No I/O, no async.
//!
//! ```text
//! cookie ─outer encoding, MAC─▶ Proven ─cut, decode─▶ Session ─times(now)─▶ Verified<_> ─▶ Identity
//! ```
//!
//! **Invariant.** Fields are cut only from a payload whose MAC was verified, with every key tried in the same time.
//!
//! **Invariant.** The session's id, on which its reuse is counted, is the digest of the very bytes that the MAC covers:
//! writing the rest of the token in another way does not make another session.
//!
//! **Absent on purpose.** `hash(secret + data)` (it can be extended), serialised objects, and any look at whether the
//! old application has ended the session: offline it cannot be seen, so declare a short `max_age`.

mod declaration;
mod encoding;
mod fields;
mod rejection;
mod source;
#[cfg(test)]
mod tests;
mod token;

pub use declaration::{
    Covers, DeclarationRejection, FieldDeclaration, KeyDeclaration, Layout, ListSplit, MacDeclaration, MacPlace, Role,
    SessionDeclaration, TimeUnit, mac_algorithm,
};
pub use encoding::Encoding;
pub use rejection::SessionRejection;
pub use source::SessionSource;
pub use token::MAX_TOKEN_BYTES;

use crate::crypto::digest::{hex, sha256};
use crate::decision::{Fact, Stage, Trail};
use crate::ground::attribute::NameId;
use crate::ground::id::ClientId;
use crate::ground::time::Timestamp;
use crate::store::UseRule;

use super::identity::Established;
use super::{Authentication, CredentialKind, Facts, Identity, Verified};
use fields::Session;

/// Proves a session token of this source and reads it. The subject field becomes a `NameID` of the format
/// `urn:drawbridge:session:<namespace>`.
///
/// Each step goes into the trail, with the reason where one fails.
pub fn establish(
    presented: &str,
    source: &SessionSource,
    client: &ClientId,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identity, SessionRejection> {
    trail.known.source = Some(source.id().clone());
    trail.known.credential_digest = Some(hex(&sha256(presented.as_bytes())));
    let proven = token::verify(presented, source, now).inspect_err(|error| trail.failed(stage_of(error), error))?;
    trail.passed(Stage::Signature, vec![Fact::public("key", &proven.key.id)]);
    let session = fields::parse(&proven, &source.declaration).inspect_err(|error| trail.failed(Stage::Parse, error))?;
    trail.passed(Stage::Parse, vec![Fact::public("fields", source.declaration.fields.len())]);
    let ends = check_times(&session, source, now).inspect_err(|error| trail.failed(Stage::Conditions, error))?;
    let issued = session.issued_at.map(|issued| Fact::public("issued", issued));
    trail.passed(Stage::Conditions, issued.into_iter().chain([Fact::public("ends", ends)]).collect());
    Ok(identity(&proven.covered, session, source, client, ends))
}

/// The earlier of the declared ends, exclusive. The skew excuses an issue time in the future and nothing else: what
/// is issued for a session could not outlive it, so one that has ended by our clock is worth nothing.
fn check_times(session: &Session, source: &SessionSource, now: Timestamp) -> Result<Timestamp, SessionRejection> {
    let declared = &source.declaration;
    let skew = declared.clock_skew;
    if let Some(issued) = session.issued_at.filter(|issued| *issued > now.after(skew)) {
        return Err(SessionRejection::NotYetValid { issued, now, skew });
    }
    let oldest = session.issued_at.zip(declared.max_age).map(|(issued, max_age)| issued.after(max_age));
    // A source without an expiry cannot be built; if one ever were, its sessions would have ended.
    let ends = session.expires_at.into_iter().chain(oldest).min().unwrap_or(now);
    if now >= ends { Err(SessionRejection::Expired { ends, now }) } else { Ok(ends) }
}

fn identity(covered: &[u8], session: Session, source: &SessionSource, client: &ClientId, ends: Timestamp) -> Identity {
    let namespace = source.namespace().clone();
    let format = format!("urn:drawbridge:session:{namespace}");
    let name_id = session.subject.map(|value| NameId {
        value,
        format: Some(format),
        name_qualifier: None,
        sp_name_qualifier: None,
    });
    let facts = Facts {
        source: source.id().clone(),
        namespace,
        name_id,
        attributes: session.attributes,
        authentication: Authentication { instant: session.issued_at, ..Authentication::default() },
    };
    Identity::establish(Verified::vouch(Established {
        kind: CredentialKind::Session,
        facts,
        id: hex(&sha256(covered)),
        presenter: client.as_str().to_owned(),
        until: ends,
        rule: UseRule::AtMost(source.reuse_at_most()),
        ends: Some(ends),
        targets: None,
    }))
}

/// Which part of the stream a failure of [`token::verify`] belongs to.
const fn stage_of(rejection: &SessionRejection) -> Stage {
    match rejection {
        SessionRejection::MacInvalid { .. }
        | SessionRejection::KeyEnded { .. }
        | SessionRejection::KeyIdMismatch { .. }
        | SessionRejection::MacLength { .. } => Stage::Signature,
        SessionRejection::TooLarge { .. }
        | SessionRejection::Encoding { .. }
        | SessionRejection::PartMissing { .. }
        | SessionRejection::FieldCount { .. }
        | SessionRejection::FieldUnknown
        | SessionRejection::FieldRepeated { .. }
        | SessionRejection::FieldMalformed { .. }
        | SessionRejection::SubjectEmpty { .. }
        | SessionRejection::TimeMalformed { .. }
        | SessionRejection::NotYetValid { .. }
        | SessionRejection::Expired { .. } => Stage::Decode,
    }
}
