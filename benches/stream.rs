//! Each step from a parameter to what a provider signed, beside the cryptographic floor:
//! `cargo bench --bench stream`.
//!
//! The document is `fixtures/saml/good/bench-7k`: 7 KB, twelve attributes, signed by xmlsec1. The aim is `verification`
//! ≤ 2 × `floor`. What comes behind it, and load, `drawbridge bench` measures.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use drawbridge::credential::saml::{Document, decode, metadata, read, verify_signature};
use drawbridge::crypto::verify::PublicKey;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml").join(name);
    fs::read_to_string(path).expect("a fixture")
}

/// The keys of the provider that signed it.
fn keys() -> Vec<PublicKey> {
    let metadata = fixture("metadata/idp-a.xml");
    metadata::parse(&metadata, None).expect("metadata").keys
}

fn verification(criterion: &mut Criterion) {
    let xml = fixture("good/bench-7k/document.xml");
    let parameter = STANDARD.encode(&xml);
    let keys = keys();
    let document = Document::parse(&xml).expect("an admissible document");
    let signed = verify_signature(&document, &keys).expect("a good signature");
    let mut group = criterion.benchmark_group("stream");
    group.bench_function("decode", |b| b.iter(|| decode(black_box(&parameter))));
    group.bench_function("parse and gate", |b| b.iter(|| Document::parse(black_box(&xml))));
    group.bench_function("canonicalize, digest, verify", |b| {
        b.iter(|| verify_signature(black_box(&document), &keys).is_ok());
    });
    group.bench_function("read", |b| b.iter(|| read(black_box(&signed))));
    group.bench_function("verification", |b| {
        b.iter(|| {
            let text = decode(black_box(&parameter)).expect("base64");
            let document = Document::parse(&text).expect("an admissible document");
            let signed = verify_signature(&document, &keys).expect("a good signature");
            read(&signed).expect("an assertion")
        });
    });
    group.finish();
}

/// The bare libraries, on as many octets: the signed ones are about the whole document without its signature.
fn floor(criterion: &mut Criterion) {
    let xml = fixture("good/bench-7k/document.xml");
    let parameter = STANDARD.encode(&xml);
    let signature = xml.find("Signature>").zip(xml.rfind("Signature>")).map_or(0, |(from, to)| to - from);
    let hashed = xml.as_bytes().get(signature..).expect("more than a signature");
    let info = vec![b'x'; 1024];
    let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
    let mut value = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), &info, &mut value).expect("a signature");
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).expect("a key, read once");
    let mut group = criterion.benchmark_group("stream");
    group.bench_function("floor", |b| {
        b.iter(|| {
            black_box(STANDARD.decode(black_box(&parameter))).expect("base64");
            black_box(digest(&SHA256, black_box(hashed)));
            key.verify_sig(black_box(&info), &value).expect("a good signature");
        });
    });
    group.finish();
}

criterion_group!(benches, floor, verification);
criterion_main!(benches);
