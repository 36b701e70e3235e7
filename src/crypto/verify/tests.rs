use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PSS_SHA384, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};

use super::*;

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let spki = spki.as_ref().to_vec();
    (pair, spki)
}

/// A `SubjectPublicKeyInfo` with a modulus of that many bits; nobody knows its factors, and nobody needs to.
fn rsa_spki(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let mut n = vec![0xA5; bits.div_ceil(8)];
    n[0] = 1 << ((bits - 1) % 8);
    *n.last_mut().unwrap() = 0xF1;
    let der: PublicKeyX509Der<'_> = RsaPublicKeyComponents { n, e: exponent.to_vec() }.as_der().unwrap();
    der.as_ref().to_vec()
}

#[test]
fn rsa_keys_are_bounded_when_they_are_loaded() {
    for (bits, accepted) in [
        (512, false),
        (1024, false),
        (2040, false),
        (2047, false),
        (2048, true),
        (2049, true),
        (4096, true),
        (8192, true),
        (8200, false),
    ] {
        let loaded = PublicKey::from_spki(&rsa_spki(bits, &[1, 0, 1]));
        assert_eq!(loaded.is_ok(), accepted, "{bits} bits");
        assert!(accepted || loaded.unwrap_err() == KeyRejection::UnsupportedKey);
    }
}

#[test]
fn an_rsa_key_with_a_worthless_exponent_is_refused() {
    for exponent in [[1].as_slice(), &[2], &[1, 0, 0]] {
        assert_eq!(
            PublicKey::from_spki(&rsa_spki(2048, exponent)).unwrap_err(),
            KeyRejection::UnsupportedKey,
            "{exponent:?}"
        );
    }
}

#[test]
fn the_three_nist_curves_verify_with_their_own_digest_only() {
    for (signing, digest) in [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Sha2::Sha256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Sha2::Sha384),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, Sha2::Sha512),
    ] {
        let (pair, spki) = ecdsa(signing);
        let key = PublicKey::from_spki(&spki).unwrap();
        let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
        for other in [Sha2::Sha256, Sha2::Sha384, Sha2::Sha512] {
            let algorithm = SignatureAlgorithm::Ecdsa(other);
            assert_eq!(key.fits(algorithm), other == digest);
            assert_eq!(key.verifies(algorithm, b"message", signature.as_ref()), other == digest);
            assert!(!key.fits(SignatureAlgorithm::RsaPkcs1(other)) && !key.fits(SignatureAlgorithm::RsaPss(other)));
        }
        assert!(!key.verifies(SignatureAlgorithm::Ecdsa(digest), b"massage", signature.as_ref()));
    }
}

#[test]
fn an_rsa_key_verifies_with_both_paddings_and_each_only_its_own() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = PublicKey::from_spki(spki.as_ref()).unwrap();
    let sign = |padding: &'static dyn RsaEncoding| {
        let mut signature = vec![0; 256];
        pair.sign(padding, &SystemRandom::new(), b"message", &mut signature).unwrap();
        signature
    };
    let signed = [
        (SignatureAlgorithm::RsaPkcs1(Sha2::Sha256), sign(&RSA_PKCS1_SHA256)),
        (SignatureAlgorithm::RsaPss(Sha2::Sha384), sign(&RSA_PSS_SHA384)),
    ];
    for (algorithm, signature) in &signed {
        for (name, _) in RSA {
            assert!(key.fits(name));
            assert_eq!(key.verifies(name, b"message", signature), name == *algorithm, "{name:?}");
        }
        assert!(!key.verifies(*algorithm, b"message", &signature[1..]));
        assert!(!key.verifies(*algorithm, b"message", b""));
    }
}

#[test]
fn other_kinds_of_keys_are_refused() {
    let (_, secp256k1) = ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING);
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let ed25519: PublicKeyX509Der<'_> = ed25519.public_key().as_der().unwrap();
    for spki in [secp256k1.as_slice(), ed25519.as_ref()] {
        assert_eq!(PublicKey::from_spki(spki).unwrap_err(), KeyRejection::UnsupportedKey);
    }
}

#[test]
fn what_is_not_a_subject_public_key_info_is_not_a_key() {
    let (pair, spki) = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let trailing = [spki.as_slice(), &[0]].concat();
    // A bare point and a bare RSAPublicKey, which the library by itself would take, are among them.
    for bytes in [b"".as_slice(), pair.public_key().as_ref(), rsa.public_key().as_ref(), &trailing, &spki[1..]] {
        assert_eq!(PublicKey::from_spki(bytes).unwrap_err(), KeyRejection::NotAKey);
        assert_eq!(PublicKey::from_certificate(bytes).unwrap_err(), KeyRejection::NotACertificate);
    }
    // Off the curve.
    let mut off = spki.clone();
    *off.last_mut().unwrap() ^= 1;
    assert_eq!(PublicKey::from_spki(&off).unwrap_err(), KeyRejection::UnsupportedKey);
}

#[test]
fn a_fingerprint_is_the_sha_256_of_what_was_given() {
    let (_, spki) = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let expected = hex(&sha256(&spki));
    let key = PublicKey::from_spki(&spki).unwrap();
    assert_eq!(key.fingerprint(), expected);
    assert_eq!(format!("{key:?}"), format!("PublicKey({expected})"));
}
