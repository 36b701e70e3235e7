//! The identifier of a link as it is kept: sealed, so that an export can say whom a `sub` stands for, and nobody else can.
//!
//! ```text
//! plain:  1 │ length (4) · namespace │ … format │ … NameQualifier │ … SPNameQualifier │ … value
//! sealed: under Purpose::SubjectLink and the key of the link, as hexadecimal digits
//! ```

use zeroize::Zeroizing;

use crate::ground::entropy::Entropy;

use super::seal::{MasterKeys, OpenError, Purpose};

const VERSION: u8 = 1;

/// Namespace, format, `NameQualifier`, `SPNameQualifier` and value: what a `sub` and the key of a link are made of.
pub type Identifier<'a> = [&'a str; 5];

/// Why the identifier of a link cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// It does not unseal.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was sealed is no identifier of a known version.
    #[error("the sealed identifier is not of a known form")]
    Malformed,
}

/// Seals an identifier for the link of that key.
pub fn seal(master: &MasterKeys, key: &str, identifier: &Identifier<'_>, entropy: &dyn Entropy) -> Vec<u8> {
    // Room for all of it: a buffer that grows would leave the identifier behind.
    let length = 1 + identifier.iter().map(|part| 4 + part.len()).sum::<usize>();
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    plain.push(VERSION);
    for part in identifier {
        // A link has at most 16 KiB; what is longer is refused when its size is checked.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(part.as_bytes());
    }
    master.seal(Purpose::SubjectLink, key, &plain, entropy)
}

/// The identifier of the link of that key.
pub fn open(master: &MasterKeys, key: &str, sealed: &[u8]) -> Result<[String; 5], IdentifierError> {
    let plain = master.open(Purpose::SubjectLink, key, sealed)?;
    // Into the hands of an administrator who has asked for it.
    match plain.expose().split_first() {
        Some((&VERSION, rest)) => split(rest).ok_or(IdentifierError::Malformed),
        Some(_) | None => Err(IdentifierError::Malformed),
    }
}

fn split(mut rest: &[u8]) -> Option<[String; 5]> {
    let mut parts: [String; 5] = Default::default();
    for part in &mut parts {
        let (length, behind) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (text, behind) = behind.split_at_checked(length)?;
        *part = String::from_utf8(text.to_vec()).ok()?;
        rest = behind;
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::crypto::entropy::SystemEntropy;

    use super::*;

    fn master() -> MasterKeys {
        MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()
    }

    proptest! {
        #[test]
        fn an_identifier_is_opened_as_it_was_sealed(parts: [String; 5]) {
            let master = master();
            let sealed = seal(&master, "key", &parts.each_ref().map(String::as_str), &SystemEntropy);
            prop_assert_eq!(open(&master, "key", &sealed), Ok(parts));
        }

        #[test]
        fn garbage_is_no_identifier_and_never_a_panic(bytes: Vec<u8>) {
            let master = master();
            let sealed = master.seal(Purpose::SubjectLink, "key", &bytes, &SystemEntropy);
            let _ = open(&master, "key", &sealed);
            prop_assert!(open(&master, "key", &bytes).is_err());
        }
    }

    #[test]
    fn a_link_that_was_moved_or_sealed_as_something_else_does_not_open() {
        let master = master();
        let identifier = ["https://idp.example", "persistent", "", "", "ana"];
        let sealed = seal(&master, "one", &identifier, &SystemEntropy);
        assert!(!sealed.windows(3).any(|bytes| bytes == b"ana"));
        assert!(matches!(open(&master, "other", &sealed), Err(IdentifierError::Open(OpenError::Moved { .. }))));
        let sealed = master.seal(Purpose::SubjectKey, "one", b"", &SystemEntropy);
        assert!(matches!(open(&master, "one", &sealed), Err(IdentifierError::Open(OpenError::Moved { .. }))));
    }

    #[test]
    fn no_shorter_longer_or_newer_form_is_read() {
        let master = master();
        let plain = {
            let sealed = seal(&master, "k", &["n", "f", "", "", "v"], &SystemEntropy);
            master.open(Purpose::SubjectLink, "k", &sealed).unwrap().expose().clone()
        };
        let of = |plain: &[u8]| open(&master, "k", &master.seal(Purpose::SubjectLink, "k", plain, &SystemEntropy));
        assert_eq!(of(&plain), Ok(["n", "f", "", "", "v"].map(str::to_owned)));
        let longer = [plain.as_slice(), &[0]].concat();
        let newer = [&[2], &plain[1..]].concat();
        for bad in (0..plain.len()).map(|length| &plain[..length]).chain([longer.as_slice(), &newer]) {
            assert_eq!(of(bad), Err(IdentifierError::Malformed), "{bad:?}");
        }
    }
}
