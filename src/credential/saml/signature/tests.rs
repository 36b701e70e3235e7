use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::testing::{ES256, ES256_URI, SHA256_URI, assertion, judge, response, sign, signature, signed};
use super::super::{Assertion, read, vectors};
use super::*;
use crate::crypto::digest::Sha2;
use crate::crypto::testing::TestKey;
use crate::crypto::verify::SignatureAlgorithm;
use crate::decision::Rejection as _;

const RS256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1(Sha2::Sha256);

fn both_signed(key: &TestKey) -> String {
    let of = |id| signature(id, ES256_URI, SHA256_URI);
    // The assertion first: the response's signature is over it, its signature included.
    let inner = sign(&assertion(&of("_a1")), "_a1", key);
    sign(&response(&of("_r1"), &inner), "_r1", key)
}

fn verified(text: &str, keys: &[PublicKey]) -> Result<String, SamlRejection> {
    let document = Document::parse(text)?;
    verify_signature(&document, keys).map(|signed| signed.fingerprint())
}

#[test]
fn every_accepted_algorithm_verifies() {
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha";
    let ecdsa = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha";
    for (digest, bits, digest_uri) in [
        (Sha2::Sha256, 256, SHA256_URI),
        (Sha2::Sha384, 384, "http://www.w3.org/2001/04/xmldsig-more#sha384"),
        (Sha2::Sha512, 512, "http://www.w3.org/2001/04/xmlenc#sha512"),
    ] {
        for (algorithm, uri) in [
            (SignatureAlgorithm::RsaPkcs1(digest), format!("{rsa}{bits}")),
            (SignatureAlgorithm::RsaPss(digest), format!("http://www.w3.org/2007/05/xmldsig-more#sha{bits}-rsa-MGF1")),
            (SignatureAlgorithm::Ecdsa(digest), format!("{ecdsa}{bits}")),
        ] {
            let key = TestKey::new(algorithm);
            let text = sign(&assertion(&signature("_a1", &uri, digest_uri)), "_a1", &key);
            assert_eq!(judge(&text, &key).unwrap().id, "_a1", "{uri}");
            let changed = text.replace("ana &amp; ruiz", "ana");
            assert_eq!(judge(&changed, &key).unwrap_err(), "saml.signature_invalid", "{uri}");
        }
    }
}

#[test]
fn either_element_or_both_may_be_signed_and_every_signature_counts() {
    let key = TestKey::new(ES256);
    let of_response = sign(&response(&signature("_r1", ES256_URI, SHA256_URI), &assertion("")), "_r1", &key);
    let of_assertion = response("", &signed(&key));
    let both = both_signed(&key);
    let expected = judge(&signed(&key), &key).unwrap();
    for text in [&of_response, &of_assertion, &both] {
        assert_eq!(judge(text, &key).unwrap(), expected);
    }
    let covered = |text: &str| {
        let document = Document::parse(text).unwrap();
        verify_signature(&document, std::slice::from_ref(&key.public)).unwrap().covers_response()
    };
    assert!(covered(&of_response) && covered(&both) && !covered(&of_assertion));
    // What only the response's signature covers: its own attributes, and the assertion's signature.
    let destination = |text: &str| text.replace("https://sp.example/acs", "https://e.example/acs");
    assert_eq!(judge(&destination(&of_response), &key).unwrap_err(), "saml.signature_invalid");
    assert_eq!(judge(&destination(&both), &key).unwrap_err(), "saml.signature_invalid");
    assert_eq!(judge(&destination(&of_assertion), &key).unwrap(), expected);
    let hint = both.replacen(
        "</ds:SignatureValue></ds:Signature><saml:Subject",
        "</ds:SignatureValue><ds:KeyInfo/></ds:Signature><saml:Subject",
        1,
    );
    assert_ne!(hint, both);
    assert_eq!(judge(&hint, &key).unwrap_err(), "saml.signature_invalid");
    // A response signed over an assertion whose own signature is of another key.
    let other = TestKey::new(ES256);
    let mixed = sign(&response(&signature("_r1", ES256_URI, SHA256_URI), &signed(&other)), "_r1", &key);
    assert_eq!(judge(&mixed, &key).unwrap_err(), "saml.signature_invalid");
    assert_eq!(verified(&mixed, &[key.public.clone(), other.public.clone()]).unwrap(), other.public.fingerprint());
}

#[test]
fn a_key_is_tried_only_where_it_fits_and_at_most_eight_are() {
    let key = TestKey::new(ES256);
    let (rsa, p384) = (TestKey::new(RS256), TestKey::new(SignatureAlgorithm::Ecdsa(Sha2::Sha384)));
    let text = signed(&key);
    for keys in [vec![], vec![rsa.public.clone()], vec![p384.public.clone(), rsa.public.clone()]] {
        let refused = verified(&text, &keys).unwrap_err();
        assert_eq!(refused, SamlRejection::Algorithm { found: ES256_URI.to_owned() });
    }
    let others: Vec<_> = (0..8).map(|_| TestKey::new(ES256).public).collect();
    let fingerprints: Vec<_> = others.iter().map(PublicKey::fingerprint).collect();
    let refused = verified(&text, &others).unwrap_err();
    let expected = SamlRejection::SignatureInvalid { part: SignaturePart::Value, of: "Assertion", keys: fingerprints };
    assert_eq!(refused, expected);
    let ninth: Vec<_> = others.iter().cloned().chain([key.public.clone()]).collect();
    assert!(verified(&text, &ninth).is_err());
    let unfit = vec![rsa.public.clone(); 9];
    let eighth: Vec<_> = unfit.into_iter().chain(others.into_iter().skip(1)).chain([key.public.clone()]).collect();
    assert_eq!(verified(&text, &eighth).unwrap(), key.public.fingerprint());
}

#[test]
fn the_algorithm_is_judged_before_anything_is_computed() {
    let key = TestKey::new(ES256);
    let inner = signed(&key).replace("ana &amp; ruiz", "admin");
    let rs256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    // The digest of the assertion is wrong and would be found first; the response's algorithm fits no key.
    let text = response(&signature("_r1", rs256, SHA256_URI), &inner);
    assert_eq!(judge(&text, &key).unwrap_err(), "saml.algorithm_refused");
    let text = response(&signature("_r1", ES256_URI, SHA256_URI), &inner);
    assert_eq!(judge(&text, &key).unwrap_err(), "saml.signature_invalid");
}

#[test]
fn degenerate_signature_values_verify_nothing() {
    let (ecdsa, rsa) = (TestKey::new(ES256), TestKey::new(RS256));
    let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let value = |text: &str, bytes: &[u8]| {
        let (before, rest) = text.split_once("<ds:SignatureValue>").unwrap();
        let (_, after) = rest.split_once('<').unwrap();
        format!("{before}<ds:SignatureValue>{}<{after}", encode(bytes))
    };
    // CVE-2022-21449 is the first.
    for bytes in [&[0; 64][..], &[0; 63], &[0; 65], &[255; 64], &[0; 1], &[1; 96]] {
        assert_eq!(judge(&value(&signed(&ecdsa), bytes), &ecdsa).unwrap_err(), "saml.signature_invalid");
    }
    let text = assertion(&signature("_a1", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", SHA256_URI));
    let text = sign(&text, "_a1", &rsa);
    for bytes in [&[0; 256][..], &[0, 1], &[255; 256], &[0; 255], &[0; 257]] {
        assert_eq!(judge(&value(&text, bytes), &rsa).unwrap_err(), "saml.signature_invalid");
    }
}

#[test]
fn a_digest_of_other_length_or_of_nothing_is_wrong() {
    let key = TestKey::new(ES256);
    let text = signed(&key);
    let (before, rest) = text.split_once("<ds:DigestValue>").unwrap();
    let (digest, after) = rest.split_once('<').unwrap();
    let truncated = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, digest).unwrap();
    let truncated = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &truncated[..16]);
    for digest in [truncated.as_str(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "AAAA"] {
        let text = format!("{before}<ds:DigestValue>{digest}<{after}");
        let refused = verified(&text, std::slice::from_ref(&key.public)).unwrap_err();
        let expected = SamlRejection::SignatureInvalid { part: SignaturePart::Digest, of: "Assertion", keys: vec![] };
        assert_eq!(refused, expected);
    }
}

#[test]
fn a_canonical_form_over_the_limit_is_refused() {
    let name = format!("urn:{}", "x".repeat(250));
    let used = "<p:b/>".repeat(9_000);
    let attribute = format!("<saml:AttributeValue>{used}</saml:AttributeValue>");
    let text = super::super::testing::unsigned()
        .replace("<saml:AttributeValue>a&lt;b</saml:AttributeValue>", &attribute)
        .replace(" ID=\"_a1\"", &format!(" xmlns:p=\"{name}\" ID=\"_a1\""));
    let refused = verified(&text, &[TestKey::new(ES256).public]).unwrap_err();
    assert_eq!(refused.code().to_string(), "saml.signature_profile");
}

#[test]
fn prefix_lists_and_other_shapes_verify() {
    let key = TestKey::new(ES256);
    let c14n = "\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xs samlp #default\"/>";
    let c14n_with = |end: &str| format!("\"http://www.w3.org/2001/10/xml-exc-c14n#\">{list}</ds:{end}>");
    let template = signature("_a1", ES256_URI, SHA256_URI)
        .replacen(c14n, &c14n_with("CanonicalizationMethod"), 1)
        .replacen(c14n, &c14n_with("Transform"), 1);
    let text = sign(&response("", &assertion(&template)), "_a1", &key);
    assert_eq!(judge(&text, &key).unwrap().id, "_a1");
    // The list puts `samlp` of the response into the canonical form of the assertion, so it is signed as well.
    let alone = &text[text.find("<saml:Assertion").unwrap()..text.find("</samlp:Response>").unwrap()];
    assert_eq!(judge(alone, &key).unwrap_err(), "saml.signature_invalid");
    // Without the list an assertion may be taken out of its response.
    let text = response("", &signed(&key));
    let alone = &text[text.find("<saml:Assertion").unwrap()..text.find("</samlp:Response>").unwrap()];
    assert_eq!(judge(alone, &key).unwrap().id, "_a1");
}

/// The reader sees no part of a `Signature`, and nothing beside what was signed.
#[test]
fn what_was_signed_is_what_can_be_seen() {
    let key = TestKey::new(ES256);
    let text = both_signed(&key);
    let document = Document::parse(&text).unwrap();
    let keys = [key.public.clone()];
    let signed = verify_signature(&document, &keys).unwrap();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![signed.assertion()];
    while let Some(element) = waiting.pop() {
        seen.insert(element.expanded_name());
        waiting.extend(element.children());
    }
    assert!(seen.contains("{urn:oasis:names:tc:SAML:2.0:assertion}AudienceRestriction"));
    assert!(seen.iter().all(|name| name.starts_with("{urn:oasis:names:tc:SAML:2.0:assertion}")), "{seen:?}");
    assert!(!format!("{signed:?}").contains("ana"));
}

/// What is made of a document with `key`; equal assertions compare equal.
fn read_with(text: &str, keys: &[PublicKey]) -> Result<Assertion, SamlRejection> {
    let document = Document::parse(text)?;
    let signed = verify_signature(&document, keys)?;
    read(&signed).map(|(_, assertion)| assertion)
}

/// Documents that others signed and that we signed, with their keys.
fn honest() -> Vec<(String, [PublicKey; 1])> {
    let key = TestKey::new(ES256);
    let mut honest = vec![(both_signed(&key), [key.public.clone()]), (response("", &signed(&key)), [key.public])];
    for name in ["00_assertion_signed", "01_response_with_signed_assertion", "02_response_signed"] {
        honest.push((vectors::vector(name).to_owned(), [vectors::key()]));
    }
    honest
}

/// A byte at a time, everywhere: taken away, doubled, or with markup put before it.
#[test]
fn no_small_change_makes_another_assertion() {
    let key = TestKey::new(ES256);
    let (text, keys) = (response("", &signed(&key)), [key.public]);
    let original = read_with(&text, &keys).unwrap();
    let same = |changed: &str| match read_with(changed, &keys) {
        Ok(found) => assert_eq!(found, original, "{changed}"),
        Err(SamlRejection::MetadataExpired { .. } | SamlRejection::SecondOpinion { .. }) => {
            panic!("not for the reader")
        }
        Err(_) => {}
    };
    for at in 0..text.len() {
        let (before, after) = text.split_at(at);
        same(&format!("{before}{}", &after[1..]));
        for inserted in ["<!---->", "&amp;", " ", "\r\n", "<x/>", &after[..1]] {
            same(&format!("{before}{inserted}{after}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_changed_document_is_refused_or_says_the_same(
        document in 0usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..4),
    ) {
        thread_local!(static HONEST: Vec<(String, [PublicKey; 1])> = honest());
        HONEST.with(|honest| {
            let (text, keys) = &honest[document];
            let mut bytes = text.clone().into_bytes();
            for (at, byte, how) in &changes {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] ^= 1 << (byte % 8),
                    1 => bytes.insert(at, *byte),
                    2 => drop(bytes.remove(at)),
                    _ => {
                        let end = (at + usize::from(*byte)).min(bytes.len());
                        let copied = bytes[at..end].to_vec();
                        bytes.splice(at..at, copied);
                    }
                }
            }
            if let Ok(changed) = String::from_utf8(bytes)
                && let Ok(found) = read_with(&changed, keys)
            {
                assert_eq!(found, read_with(text, keys).unwrap(), "{changed}");
            }
        });
    }

    #[test]
    fn no_text_makes_the_stream_panic(text in ".{0,200}") {
        let _ = read_with(&text, &[]);
        let _ = super::super::decode(&text);
    }

    #[test]
    fn no_markup_makes_the_stream_panic(
        parts in prop::collection::vec(prop::sample::select(&[
            "<a", "<a>", "</a>", "/>", ">", "<", " b='", "'", "\"", "=", "&", "&amp;", "&#x", ";", "<!--", "-->", "--", "<![CDATA[",
            "]]>", "<?xml", "?>", "<?", "<!DOCTYPE", "[", "]", " xmlns='urn:x'", " xmlns:p='urn:y'", "p:", ":", "\r", "\n", " ",
            "é", "\u{FEFF}", "\u{FFFE}", "\0", "x", " version='1.0'", " ID='_1'",
            "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion' Version='2.0' ID='_1'>", "</Assertion>", "<Issuer>", "</Issuer>",
            "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>", "<SignedInfo>", "</SignedInfo>", "</Signature>",
        ][..]), 0..24),
    ) {
        let _ = read_with(&parts.concat(), &[]);
    }
}
