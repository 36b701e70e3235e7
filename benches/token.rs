//! What a token costs beyond its signature: `cargo bench --bench token`.
//!
//! `floor` signs as many octets with the bare library; `token` writes the claims, encodes and signs. The aim is
//! `token` ≤ 1.15 × `floor` for ES256.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::collections::BTreeMap;
use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use criterion::{Criterion, criterion_group, criterion_main};
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::jws::{self, TokenType};
use drawbridge::crypto::keys::{SigningAlgorithm, SigningKey};
use drawbridge::crypto::subject::SubjectKey;
use drawbridge::ground::claim::{ClaimName, ClaimValue};
use drawbridge::ground::id::{Audience, ClientId, Jti};
use drawbridge::ground::scope::ScopeSet;
use drawbridge::ground::time::Timestamp;
use drawbridge::token::AccessTokenClaims;

fn released() -> BTreeMap<ClaimName, ClaimValue> {
    let text = |text: &str| ClaimValue::Text(text.to_owned());
    [
        ("email", text("ana.ruiz@corp.example")),
        ("login", text("ana.ruiz")),
        ("roles", ClaimValue::List(vec![text("payroll-admin"), text("payroll-reader")])),
        ("tenant", text("corp")),
    ]
    .map(|(name, value)| (ClaimName::new(name), value))
    .into()
}

fn token(c: &mut Criterion) {
    let (audience, client) = (Audience::new("https://payroll.example"), ClientId::new("payroll-portal"));
    let (jti, scope) = (Jti::new("BwcHBwcHBwcHBwcHBwcHBw"), ScopeSet::parse("payroll.read payroll.write").unwrap());
    let released = released();
    let claims = AccessTokenClaims {
        issuer: "https://bridge.example",
        subject: "A5wMzd6rcPNjsMfVpQRpqrBZsLuZZ3W3Lr6Hnz7RZWo",
        audience: &audience,
        client: &client,
        issued_at: Timestamp::from_unix_seconds(1_772_366_400),
        expires: Timestamp::from_unix_seconds(1_772_367_000),
        jti: &jti,
        scope: &scope,
        auth_time: Some(Timestamp::from_unix_seconds(1_772_366_000)),
        acr: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
        amr: &[],
        released: &released,
    };

    let mut group = c.benchmark_group("token");
    group.bench_function("claims", |b| b.iter(|| black_box(&claims).to_json().unwrap()));
    let subject_key = SubjectKey::generate(&SystemEntropy);
    group.bench_function("sub", |b| {
        b.iter(|| subject_key.derive(black_box(&["https://idp.example", "mapped", "", "", "ana.ruiz@corp.example"])));
    });
    for algorithm in SigningAlgorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        if algorithm == SigningAlgorithm::Es256 {
            let message = jws::sign(&key, TokenType::AccessToken, &claims.to_json().unwrap()).unwrap();
            let message = message.expose().rsplit_once('.').unwrap().0;
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let random = SystemRandom::new();
            group.bench_function("floor ES256", |b| {
                b.iter(|| pair.sign(&random, black_box(message.as_bytes())).unwrap());
            });
        }
        group.bench_function(format!("token {algorithm}"), |b| {
            b.iter(|| jws::sign(&key, TokenType::AccessToken, &black_box(&claims).to_json().unwrap()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, token);
criterion_main!(benches);
