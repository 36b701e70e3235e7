//! Any text as metadata: no panic.
#![no_main]

use drawbridge::credential::saml::metadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = metadata::parse(text, None);
    let _ = metadata::parse_all(text);
});
