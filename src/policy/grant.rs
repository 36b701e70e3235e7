//! The right to issue.

use crate::store::Admission;

use super::permit::Permit;

/// A permit whose credential has been admitted: the only thing that tokens are made from.
#[derive(Debug)]
pub struct Grant {
    permit: Permit,
    admission: Admission,
}

/// The admission is of another credential than the permit: a fault of the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the admission is of another credential")]
pub struct AdmissionOfAnother;

impl Grant {
    /// Needs both proofs and consumes both: what policy permits, and that this very credential has been consumed.
    pub fn admit(permit: Permit, admission: Admission) -> Result<Self, AdmissionOfAnother> {
        if admission.is_of(permit.use_key()) { Ok(Self { permit, admission }) } else { Err(AdmissionOfAnother) }
    }

    /// What was permitted.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// How the credential was admitted.
    pub const fn admission(&self) -> &Admission {
        &self.admission
    }
}
