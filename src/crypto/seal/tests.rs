use crate::crypto::entropy::SystemEntropy;

use super::*;

const NAME: &str = "signing/abc";

fn keys() -> MasterKeys {
    MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()
}

fn seal(keys: &MasterKeys) -> Vec<u8> {
    keys.seal(Purpose::SigningKey, NAME, b"a private key", &SystemEntropy)
}

fn open(keys: &MasterKeys, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    keys.open(Purpose::SigningKey, NAME, sealed).map(|plain| plain.expose().clone())
}

#[test]
fn what_is_sealed_opens_and_does_not_show() {
    let keys = keys();
    let (first, second) = (seal(&keys), seal(&keys));
    assert_ne!(first, second, "the nonce is fresh");
    assert!(!first.windows(7).any(|window| window == b"private"));
    for sealed in [first, second] {
        assert_eq!(open(&keys, &sealed).unwrap(), b"a private key");
    }
    assert_eq!(open(&keys, &keys.seal(Purpose::SigningKey, NAME, b"", &SystemEntropy)).unwrap(), b"");
}

#[test]
fn a_new_first_key_seals_while_the_old_one_still_opens() {
    let (old, new) = (MasterKeys::new_line(&SystemEntropy), MasterKeys::new_line(&SystemEntropy));
    let before = MasterKeys::parse(&old).unwrap();
    let sealed = seal(&before);
    let rollover = MasterKeys::parse(&format!("{}\n\n{}", *new, *old)).unwrap();
    assert_eq!(rollover.ids().count(), 2);
    assert_eq!(open(&rollover, &sealed).unwrap(), b"a private key");
    assert!(before.is_current(&sealed) && !rollover.is_current(&sealed));
    let again = seal(&rollover);
    assert!(rollover.is_current(&again));
    assert!(matches!(open(&before, &again), Err(OpenError::MissingKey { .. })));
    assert_eq!(open(&MasterKeys::parse(&new).unwrap(), &again).unwrap(), b"a private key");
}

#[test]
fn another_place_another_key_and_an_altered_value_are_told_apart() {
    let keys = keys();
    let sealed = seal(&keys);
    for (purpose, name) in [(Purpose::SubjectKey, NAME), (Purpose::SigningKey, "signing/abd")] {
        let moved = keys.open(purpose, name, &sealed).unwrap_err();
        assert_eq!(moved, OpenError::Moved { purpose, name: name.into() });
    }
    let id = keys.ids().next().unwrap().to_owned();
    let other = MasterKeys::parse(&format!("{LINE_WORD} {id} {}", URL_SAFE_NO_PAD.encode([9; 32]))).unwrap();
    assert_eq!(open(&other, &sealed), Err(OpenError::WrongKey { id: id.clone() }));
    assert!(matches!(open(&self::keys(), &sealed), Err(OpenError::MissingKey { id: found }) if found == id));
    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(open(&keys, &altered), Err(OpenError::Altered));
    assert_eq!(open(&keys, &[2, 0]), Err(OpenError::Version { found: 2 }));
    assert_eq!(open(&keys, &[]), Err(OpenError::Malformed));
}

#[test]
fn no_altered_bit_and_no_shorter_value_opens() {
    let keys = keys();
    let sealed = seal(&keys);
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[place] ^= 1 << bit;
            assert!(open(&keys, &altered).is_err(), "byte {place}, bit {bit}");
        }
        assert!(open(&keys, &sealed[..place]).is_err(), "cut to {place}");
    }
}

#[test]
fn the_header_and_the_place_are_bound_by_the_cipher_itself() {
    // The checks in the header only explain; here they are made to agree, and AES-GCM still refuses.
    let keys = keys();
    let sealed = seal(&keys);
    let mut moved = sealed.clone();
    let start = 2 + keys.sealing.id.len() + CHECK_LENGTH;
    moved[start..start + CHECK_LENGTH].copy_from_slice(&place_check(Purpose::SigningKey, "signing/abd"));
    assert_eq!(keys.open(Purpose::SigningKey, "signing/abd", &moved).unwrap_err(), OpenError::Altered);
    // Purpose and name are bound apart, not as one text.
    assert_ne!(associated_data(b"h", Purpose::SigningKey, "x"), associated_data(b"hx", Purpose::SigningKey, ""));
}

#[test]
fn a_master_key_file_is_read_strictly() {
    let key = URL_SAFE_NO_PAD.encode([0xfb; 32]);
    assert_eq!(MasterKeys::parse("\n \n").unwrap_err(), MasterKeyRejection::Empty);
    for (text, rejection) in [
        ("drawbridge-master-key-v2 a KEY".to_owned(), MasterKeyRejection::Line { line: 1 }),
        ("\ndrawbridge-master-key-v1 KEY".to_owned(), MasterKeyRejection::Line { line: 2 }),
        ("drawbridge-master-key-v1 a KEY more".to_owned(), MasterKeyRejection::Line { line: 1 }),
        ("# a comment".to_owned(), MasterKeyRejection::Line { line: 1 }),
        ("drawbridge-master-key-v1 a/b KEY".to_owned(), MasterKeyRejection::Id { line: 1 }),
        (format!("drawbridge-master-key-v1 {} KEY", "a".repeat(65)), MasterKeyRejection::Id { line: 1 }),
        ("drawbridge-master-key-v1 a KEY=".to_owned(), MasterKeyRejection::Key { line: 1 }),
        ("drawbridge-master-key-v1 a AAAA".to_owned(), MasterKeyRejection::Key { line: 1 }),
        (format!("drawbridge-master-key-v1 a {}", "A".repeat(44)), MasterKeyRejection::Key { line: 1 }),
        (format!("drawbridge-master-key-v1 a {}", "+".repeat(43)), MasterKeyRejection::Key { line: 1 }),
        (
            "drawbridge-master-key-v1 a KEY\ndrawbridge-master-key-v1 a KEY".to_owned(),
            MasterKeyRejection::Repeated { line: 2, id: "a".into() },
        ),
    ] {
        assert_eq!(MasterKeys::parse(&text.replace("KEY", &key)).unwrap_err(), rejection, "{text}");
    }
    assert!(MasterKeys::parse(&format!("drawbridge-master-key-v1 2026-03.a_B {key}\r\n")).is_ok());
}

#[test]
fn nothing_of_a_master_key_is_printed() {
    let line = MasterKeys::new_line(&SystemEntropy);
    let key = line.split_whitespace().last().unwrap();
    let shown = format!("{:?}", MasterKeys::parse(&line).unwrap());
    assert!(!shown.contains(key), "{shown}");
    let broken = line.replace(key, &format!("{key}!"));
    assert!(!format!("{:?}", MasterKeys::parse(&broken).unwrap_err()).contains(key));
}
