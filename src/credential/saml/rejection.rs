//! Why a SAML credential is refused, in the order of the checks.
//!
//! Floor 2. Every variant carries what was expected and found; nothing of a person among it.

use std::fmt;

use crate::decision::{Fact, Rejection};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::time::Timestamp;

use super::conditions::ConditionsRejection;

/// Why a SAML credential is refused. In the order of the checks, so the first true one is the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamlRejection {
    /// The parameter is not base64url or base64 of UTF-8.
    #[error("not base64url or base64 of UTF-8 text: {fault}")]
    Encoding {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// More bytes than a document may have.
    #[error("{found} bytes are over the limit of {limit}")]
    TooLarge {
        /// Bytes; of what is refused before it is decoded, about.
        found: usize,
        /// Bytes, at most.
        limit: usize,
    },
    /// Not XML of the accepted kind.
    #[error("refused at byte {at}: {fault}")]
    Xml {
        /// What was met.
        fault: XmlFault,
        /// Where: a byte offset into the decoded text.
        at: usize,
        /// Whether it lies inside a `Signature`.
        in_signature: bool,
    },
    /// The root is neither a SAML 2.0 `Assertion` nor a `Response`.
    #[error("the root element is `{found}`")]
    Root {
        /// `{namespace}local`.
        found: String,
    },
    /// Another version than 2.0 (SAML Core 4.1).
    #[error("the version is `{found}`, not `2.0`")]
    Version {
        /// As written; empty where it is absent.
        found: String,
    },
    /// Two elements carry one ID.
    #[error("the ID `{id}` appears more than once")]
    IdRepeated {
        /// The ID.
        id: String,
    },
    /// `ID` is absent or not an `NCName` (SAML Core 1.3.4).
    #[error("the ID of `{of}` is absent or not an NCName")]
    IdMalformed {
        /// Local name of the element.
        of: &'static str,
    },
    /// A `Signature` that is not of the profile (SAML Core 5.4).
    #[error("the signature is not of the accepted form: {part}")]
    SignatureProfile {
        /// What is wrong with it.
        part: &'static str,
    },
    /// A signature or digest algorithm that is not accepted.
    #[error("the algorithm `{found}` is not accepted")]
    Algorithm {
        /// Its URI, as written.
        found: String,
    },
    /// The provider reports a failure (SAML Core 3.2.2.2).
    #[error("the status is `{found}`")]
    Status {
        /// The status codes, outermost first; empty where there is none.
        found: String,
    },
    /// Not exactly one assertion, directly inside the `Response` or alone.
    #[error("{found} assertions, not 1 where it belongs")]
    AssertionCount {
        /// How many there are.
        found: usize,
    },
    /// Something is encrypted.
    #[error("`{found}` is not supported")]
    EncryptionUnsupported {
        /// Local name of the element.
        found: &'static str,
    },
    /// Elements of the message are not where the schema has them, or twice.
    #[error("the content of `{of}` is not as SAML 2.0 has it: {fault}")]
    Structure {
        /// Local name of the element.
        of: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// No signature covers the assertion.
    #[error("no signature covers the assertion")]
    SignatureMissing,
    /// No configured provider has this entity ID, or `Issuer` is not an entity ID.
    #[error("the issuer `{found}` is not trusted")]
    IssuerUnknown {
        /// As claimed.
        found: String,
    },
    /// The provider's metadata is over.
    #[error("the metadata was valid until {valid_until}, now {now}")]
    MetadataExpired {
        /// End of the metadata.
        valid_until: Timestamp,
        /// The moment of the request.
        now: Timestamp,
    },
    /// The digest or the signature does not verify.
    #[error("the {part} does not verify")]
    SignatureInvalid {
        /// Which of the two.
        part: SignaturePart,
        /// Which element carries the signature.
        of: &'static str,
        /// Fingerprints of the keys that were tried.
        keys: Vec<String>,
    },
    /// The second verifier disagrees.
    #[error("the second verifier disagrees: {about}")]
    SecondOpinion {
        /// About what.
        about: &'static str,
    },
    /// `Response` and `Assertion` name different issuers.
    #[error("the response is from `{response}`, its assertion from `{assertion}`")]
    IssuerMismatch {
        /// `Response/Issuer`.
        response: String,
        /// `Assertion/Issuer`.
        assertion: String,
    },
    /// A time is absent where it is required, or not `xs:dateTime` in UTC (SAML Core 1.3.3).
    #[error("`{of}` is `{found}`, not a moment in UTC")]
    TimestampMalformed {
        /// The attribute.
        of: &'static str,
        /// As written; empty where it is absent.
        found: String,
    },
    /// `Subject` or its `NameID` is absent or blank.
    #[error("no subject: {fault}")]
    SubjectMissing {
        /// What is absent.
        fault: &'static str,
    },
    /// `NameID` holds what a name cannot hold.
    #[error("the subject is malformed: {fault}")]
    SubjectMalformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// A `SubjectConfirmation` is malformed.
    #[error("the confirmation is malformed: {fault}")]
    ConfirmationMalformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// A statement of a kind that is not understood, or malformed.
    #[error("the statement `{found}` is refused: {fault}")]
    StatementRefused {
        /// `{namespace}local`.
        found: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// An `Attribute` is malformed.
    #[error("the attribute `{attribute}` is malformed: {fault}")]
    AttributeMalformed {
        /// `Attribute@Name`; empty where it is absent.
        attribute: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// It is signed, and does not hold here and now.
    #[error(transparent)]
    Conditions(#[from] ConditionsRejection),
}

/// The two halves of an XML signature (XML Signature 1.1 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePart {
    /// `DigestValue`, over the signed element.
    Digest,
    /// `SignatureValue`, over `SignedInfo`.
    Value,
}

impl fmt::Display for SignaturePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "digest",
            Self::Value => "signature value",
        })
    }
}

/// What the arena met and does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// XML 1.0 section 2.1 and the productions below it.
    #[error("not well-formed: {0}")]
    IllFormed(&'static str),
    /// XML 1.0 section 2.2.
    #[error("a character that XML 1.0 does not allow")]
    Character,
    /// XML 1.0 section 4.1: only the five predefined entities and character references.
    #[error("a reference to an entity or character that is not allowed")]
    Reference,
    /// XML 1.0 section 2.8: version 1.0 and UTF-8.
    #[error("an XML declaration that is not of version 1.0 and UTF-8, or not at the start")]
    Declaration,
    /// XML 1.0 section 2.8.
    #[error("a document type declaration")]
    Doctype,
    /// XML 1.0 section 2.6.
    #[error("a processing instruction")]
    ProcessingInstruction,
    /// XML 1.0 section 2.5.
    #[error("a comment")]
    Comment,
    /// XML 1.0 section 2.7.
    #[error("a CDATA section")]
    Cdata,
    /// XML 1.0 section 3.1 and Namespaces in XML section 6.3.
    #[error("an attribute that stands twice on one element")]
    AttributeRepeated,
    /// Namespaces in XML section 5.
    #[error("a prefix that is not declared")]
    PrefixUndeclared,
    /// Namespaces in XML sections 3 and 5.
    #[error("a namespace declaration that is not allowed: {0}")]
    Namespace(&'static str),
    /// Canonical XML 1.0 section 1.3 forbids to canonicalise it: its signatures mean nothing.
    #[error("a namespace name that is relative or no URI")]
    NamespaceRelative,
    /// A limit of this bridge.
    #[error("over the limit of {limit} {of}")]
    Limit {
        /// Of what.
        of: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl SamlRejection {
    /// The entry of the reason table.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Encoding { .. } => Reason::SamlEncoding,
            Self::TooLarge { .. } => Reason::SamlTooLarge,
            Self::Xml { fault, in_signature, .. } => fault.reason(*in_signature),
            Self::Root { .. } => Reason::SamlRootRefused,
            Self::Version { .. } => Reason::SamlVersionRefused,
            Self::IdRepeated { .. } | Self::IdMalformed { .. } => Reason::SamlIdRepeated,
            Self::SignatureProfile { .. } => Reason::SamlSignatureProfile,
            Self::Algorithm { .. } => Reason::SamlAlgorithmRefused,
            Self::Status { .. } => Reason::SamlStatusRefused,
            Self::AssertionCount { .. } => Reason::SamlAssertionCount,
            Self::EncryptionUnsupported { .. } => Reason::SamlEncryptionUnsupported,
            Self::Structure { .. } => Reason::SamlXmlRefused,
            Self::SignatureMissing => Reason::SamlSignatureMissing,
            Self::IssuerUnknown { .. } => Reason::SamlIssuerUnknown,
            Self::MetadataExpired { .. } => Reason::SamlMetadataExpired,
            Self::SignatureInvalid { .. } => Reason::SamlSignatureInvalid,
            Self::SecondOpinion { .. } => Reason::SamlSecondOpinion,
            Self::IssuerMismatch { .. } => Reason::SamlIssuerMismatch,
            Self::TimestampMalformed { .. } => Reason::SamlTimestampMalformed,
            Self::SubjectMissing { .. } => Reason::SamlSubjectMissing,
            Self::SubjectMalformed { .. } => Reason::SamlSubjectMalformed,
            Self::ConfirmationMalformed { .. } => Reason::SamlConfirmationMalformed,
            Self::StatementRefused { .. } => Reason::SamlStatementRefused,
            Self::AttributeMalformed { .. } => Reason::SamlAttributeMalformed,
            Self::Conditions(rejection) => rejection.reason(),
        }
    }
}

impl XmlFault {
    /// A comment or processing instruction inside a `Signature`, and a relative namespace name anywhere, are attacks on
    /// the signature, and named as such.
    const fn reason(self, in_signature: bool) -> Reason {
        match self {
            Self::NamespaceRelative => Reason::SamlSignatureProfile,
            Self::Comment | Self::ProcessingInstruction | Self::Cdata if in_signature => Reason::SamlSignatureProfile,
            Self::IllFormed(_)
            | Self::Character
            | Self::Reference
            | Self::Declaration
            | Self::Doctype
            | Self::ProcessingInstruction
            | Self::Comment
            | Self::Cdata
            | Self::AttributeRepeated
            | Self::PrefixUndeclared
            | Self::Namespace(_)
            | Self::Limit { .. } => Reason::SamlXmlRefused,
        }
    }
}

impl Rejection for SamlRejection {
    fn code(&self) -> ReasonCode {
        self.reason().into()
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Encoding { fault } | Self::SubjectMissing { fault } => vec![Fact::public("found", fault)],
            Self::TooLarge { found, limit } => vec![Fact::public("expected", limit), Fact::public("found", found)],
            Self::Xml { fault, at, in_signature } => {
                let mut facts = vec![Fact::public("found", fault), Fact::public("at_byte", at)];
                facts.extend(in_signature.then(|| Fact::public("inside", "Signature")));
                facts
            }
            Self::Root { found } => expected_found("Assertion or Response of SAML 2.0", found),
            Self::Version { found } => expected_found("2.0", found),
            // It may stand in an attribute value, and nothing has been verified yet.
            Self::IdRepeated { id } => vec![Fact::private("found", id)],
            Self::IdMalformed { of } => expected_found("an NCName as ID", of),
            Self::SignatureProfile { part } => vec![Fact::public("found", part)],
            Self::Algorithm { found } => expected_found("RSA or ECDSA with SHA-256, SHA-384 or SHA-512", found),
            Self::Status { found } => expected_found("urn:oasis:names:tc:SAML:2.0:status:Success", found),
            Self::AssertionCount { found } => expected_found("1", &found.to_string()),
            Self::EncryptionUnsupported { found } => vec![Fact::public("found", found)],
            Self::Structure { of, fault } => vec![Fact::public("of", of), Fact::public("found", fault)],
            Self::SignatureMissing => vec![Fact::public("expected", "Signature in Assertion or Response")],
            Self::IssuerUnknown { found } => vec![Fact::public("found", found)],
            Self::MetadataExpired { valid_until, now } => {
                vec![Fact::public("valid_until", valid_until), Fact::public("now", now)]
            }
            Self::SignatureInvalid { part, of, keys } => {
                vec![Fact::public("failed", part), Fact::public("of", of), Fact::public("keys_tried", keys.join(" "))]
            }
            Self::SecondOpinion { about } => vec![Fact::public("about", about)],
            Self::IssuerMismatch { response, assertion } => expected_found(response, assertion),
            Self::TimestampMalformed { of, found } => {
                vec![
                    Fact::public("of", of),
                    Fact::public("expected", "xs:dateTime in UTC"),
                    Fact::public("found", found),
                ]
            }
            Self::SubjectMalformed { fault } | Self::ConfirmationMalformed { fault } => {
                vec![Fact::public("found", fault)]
            }
            Self::StatementRefused { found, fault } => vec![Fact::public("of", found), Fact::public("found", fault)],
            Self::AttributeMalformed { attribute, fault } => {
                vec![Fact::public("attribute", attribute), Fact::public("found", fault)]
            }
            Self::Conditions(rejection) => rejection.facts(),
        }
    }
}

fn expected_found(expected: &str, found: &str) -> Vec<Fact> {
    vec![Fact::public("expected", expected), Fact::public("found", found)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_was_expected_and_what_was_found() {
        let mismatch = SamlRejection::IssuerMismatch { response: "https://a".into(), assertion: "https://b".into() };
        assert_eq!(mismatch.facts(), [Fact::public("expected", "https://a"), Fact::public("found", "https://b")]);
        for (part, word) in [(SignaturePart::Digest, "digest"), (SignaturePart::Value, "signature value")] {
            let invalid =
                SamlRejection::SignatureInvalid { part, of: "Assertion", keys: vec!["k1".into(), "k2".into()] };
            let expected = [("failed", word), ("of", "Assertion"), ("keys_tried", "k1 k2")];
            assert_eq!(invalid.facts(), expected.map(|(label, value)| Fact::public(label, value)));
        }
    }
}
