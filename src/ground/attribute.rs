//! What a source says of a person: named lists of values, as received.
//!
//! Floor 0.

use std::fmt;

/// One attribute as the source sent it. `Debug` shows its name and how many values, never a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// SAML `Attribute@Name`, or the field name of a session.
    pub name: String,
    /// SAML `Attribute@NameFormat`, where one was sent.
    pub name_format: Option<String>,
    /// SAML `Attribute@FriendlyName`: a hint for people, never used for matching.
    pub friendly_name: Option<String>,
    /// In the order received; empty where the source sent the name with no value.
    pub values: Vec<String>,
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({} × {})", self.name, self.values.len())
    }
}

/// `NameID` formats (SAML Core 8.3).
pub mod format {
    /// Another identifier at each login (8.3.8).
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    /// An address (8.3.2).
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// What an absent `Format` means (2.2.2).
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
}

/// A SAML `NameID` with its qualifiers (SAML Core 2.2.3), or the identifier of a session.
/// `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct NameId {
    /// The text, exactly as signed.
    pub value: String,
    /// `NameID@Format`; absent means `unspecified` (SAML Core 2.2.2).
    pub format: Option<String>,
    /// `NameID@NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `NameID@SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameId({})", self.format.as_deref().unwrap_or("unspecified"))
    }
}
