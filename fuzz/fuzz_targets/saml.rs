//! Any bytes through every stage up to the signature: no panic, and nothing is accepted without one.
#![no_main]

use base64::Engine as _;
use drawbridge::credential::saml::{Document, decode, verify_signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = decode(text);
        if let Ok(document) = Document::parse(text) {
            let signed = verify_signature(&document, &[]);
            assert!(signed.is_err(), "accepted without a key");
        }
    }
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let decoded = decode(&encoded);
    assert_eq!(decoded.is_ok(), std::str::from_utf8(bytes).is_ok() && bytes.len() <= 128 * 1024 && !bytes.is_empty());
});
