//! Everything that can end a request without a token, in the order of the stream.

use std::time::Duration;

use crate::credential::saml::SamlRejection;
use crate::credential::session::SessionRejection;
use crate::decision::{Fact, Outcome, Rejection};
use crate::ground::id::{Audience, ClientId, SourceId, TraceId};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::time::Timestamp;
use crate::mapping::MappingRefusal;
use crate::policy::Denial;
use crate::store::{AdmissionError, StoreError};
use crate::token::IssueError;

use super::client::ClientRejection;
use super::request::RequestRejection;
use super::subject::SubjectRejection;

/// Why no token was issued.
#[derive(Debug)]
pub enum Refusal {
    /// The parameters.
    Request(RequestRejection),
    /// The client.
    Client(ClientRejection),
    /// What this client may do or get.
    Denied(Denial),
    /// An administrator ended the trust in the source.
    Distrusted(SourceId),
    /// The assertion.
    Saml(SamlRejection),
    /// The session.
    Session(SessionRejection),
    /// No mapping covers source, client and audience.
    MappingMissing {
        /// The source of the credential.
        source: SourceId,
        /// Who presents it.
        client: ClientId,
        /// The API that is asked for.
        audience: Audience,
        /// Each mapping of the source, and why it does not apply.
        others: Vec<String>,
    },
    /// The identity lacks what the mapping needs.
    Mapping(MappingRefusal),
    /// An assertion that was used before, and by which request.
    Replayed(TraceId),
    /// A session that was exchanged too often.
    UsedUp(u32),
    /// A credential that ended before uses were last forgotten: the clock has gone back.
    Forgotten(Timestamp),
    /// Nobody knows which `sub` the person has.
    Subject(SubjectRejection),
    /// The store failed.
    Store(StoreError),
    /// The signature failed.
    Issue(IssueError),
    /// The flow's task ended without an answer.
    Abandoned,
}

impl Refusal {
    /// How the record is closed: our own failures are told apart from refusals.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Store(_) | Self::Issue(_) => Outcome::Failed(self.code()),
            Self::Abandoned => Outcome::Abandoned,
            Self::Request(_)
            | Self::Client(_)
            | Self::Denied(_)
            | Self::Distrusted(_)
            | Self::Saml(_)
            | Self::Session(_)
            | Self::MappingMissing { .. }
            | Self::Mapping(_)
            | Self::Replayed(_)
            | Self::UsedUp(_)
            | Self::Forgotten(_)
            | Self::Subject(_) => Outcome::Refused(self.code()),
        }
    }

    /// How long to wait before another try, where waiting helps.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Client(ClientRejection::TooManyFailures { retry_after }) => Some(*retry_after),
            Self::Store(_) => Some(Duration::from_secs(5)),
            Self::Request(_)
            | Self::Client(_)
            | Self::Denied(_)
            | Self::Distrusted(_)
            | Self::Saml(_)
            | Self::Session(_)
            | Self::MappingMissing { .. }
            | Self::Mapping(_)
            | Self::Replayed(_)
            | Self::UsedUp(_)
            | Self::Forgotten(_)
            | Self::Subject(_)
            | Self::Issue(_)
            | Self::Abandoned => None,
        }
    }
}

impl Rejection for Refusal {
    fn code(&self) -> ReasonCode {
        match self {
            Self::Request(rejection) => rejection.code(),
            Self::Client(rejection) => rejection.code(),
            Self::Denied(denial) => denial.code(),
            Self::Distrusted(_) => Reason::SourceDistrusted.into(),
            Self::Saml(rejection) => rejection.code(),
            Self::Session(rejection) => rejection.code(),
            Self::MappingMissing { .. } => Reason::MappingMissing.into(),
            Self::Mapping(refusal) => refusal.code(),
            Self::Replayed(_) => Reason::SamlReplayed.into(),
            Self::UsedUp(_) => Reason::SessionReuseExceeded.into(),
            Self::Forgotten(_) => Reason::UseForgotten.into(),
            Self::Subject(rejection) => rejection.code(),
            Self::Store(_) => Reason::StoreUnavailable.into(),
            Self::Issue(error) => error.code(),
            Self::Abandoned => Reason::Abandoned.into(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Request(rejection) => rejection.facts(),
            Self::Client(rejection) => rejection.facts(),
            Self::Denied(denial) => denial.facts(),
            Self::Distrusted(source) => vec![Fact::public("found", source)],
            Self::Saml(rejection) => rejection.facts(),
            Self::Session(rejection) => rejection.facts(),
            Self::Mapping(refusal) => refusal.facts(),
            Self::Replayed(first) => vec![
                Fact::public("expected", "a first use"),
                Fact::public("used_at", first.began()),
                Fact::public("used_by", first),
            ],
            Self::UsedUp(uses) => vec![Fact::public("expected", format!("at most {uses} exchanges"))],
            Self::Forgotten(before) => vec![Fact::public("expected", format!("one that ends at {before} or later"))],
            Self::Subject(rejection) => rejection.facts(),
            Self::Store(error) => vec![Fact::public("found", error)],
            Self::Issue(error) => vec![Fact::public("found", error)],
            Self::MappingMissing { source, client, audience, others } => {
                let asked = [
                    Fact::public("source", source),
                    Fact::public("client", client),
                    Fact::public("audience", audience),
                ];
                asked.into_iter().chain((!others.is_empty()).then(|| Fact::public("not", others.join("; ")))).collect()
            }
            Self::Abandoned => Vec::new(),
        }
    }
}

impl From<AdmissionError> for Refusal {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::SeenBefore(first) => Self::Replayed(first),
            AdmissionError::Forgotten { before } => Self::Forgotten(before),
            AdmissionError::UsedUp { uses } => Self::UsedUp(uses),
            AdmissionError::LinkConflict { .. } => Self::Subject(SubjectRejection::Raced),
            AdmissionError::Store(error) => Self::Store(error),
        }
    }
}

/// Each part says what it is; the variant says whose fault.
macro_rules! refusals {
    ($($part:ty => $variant:ident;)+) => {$(
        impl From<$part> for Refusal {
            fn from(part: $part) -> Self {
                Self::$variant(part)
            }
        }
    )+};
}

refusals! {
    RequestRejection => Request;
    ClientRejection => Client;
    Denial => Denied;
    SamlRejection => Saml;
    SessionRejection => Session;
    MappingRefusal => Mapping;
    SubjectRejection => Subject;
    StoreError => Store;
    IssueError => Issue;
}
