//! Keys for tests, made anew in each run: what signs here is trusted nowhere else.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};

use super::super::digest::Sha2;
use super::super::verify::{PublicKey, SignatureAlgorithm};

/// A private key that signs by one algorithm.
pub(crate) struct TestKey {
    algorithm: SignatureAlgorithm,
    pair: Pair,
    /// The other half.
    pub(crate) public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(&'static RsaKeyPair),
}

impl TestKey {
    /// A fresh key; one RSA key serves them all, because it takes long to make.
    pub(crate) fn new(algorithm: SignatureAlgorithm) -> Self {
        static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
        let ecdsa = |curve: &'static EcdsaSigningAlgorithm| {
            let pair = EcdsaKeyPair::generate(curve).unwrap();
            let spki = pair.public_key().as_der().unwrap();
            (PublicKey::from_spki(spki.as_ref()).unwrap(), Pair::Ecdsa(pair))
        };
        let (public, pair) = match algorithm {
            SignatureAlgorithm::Ecdsa(Sha2::Sha256) => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            SignatureAlgorithm::Ecdsa(Sha2::Sha384) => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            SignatureAlgorithm::Ecdsa(Sha2::Sha512) => ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING),
            SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => {
                let pair = RSA.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
                let spki = pair.public_key().as_der().unwrap();
                (PublicKey::from_spki(spki.as_ref()).unwrap(), Pair::Rsa(pair))
            }
        };
        Self { algorithm, pair, public }
    }

    /// Signs `message`; ECDSA as `r || s`.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(self.rsa_encoding(), &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn rsa_encoding(&self) -> &'static dyn RsaEncoding {
        match self.algorithm {
            SignatureAlgorithm::RsaPkcs1(Sha2::Sha256) => &RSA_PKCS1_SHA256,
            SignatureAlgorithm::RsaPkcs1(Sha2::Sha384) => &RSA_PKCS1_SHA384,
            SignatureAlgorithm::RsaPkcs1(Sha2::Sha512) => &RSA_PKCS1_SHA512,
            SignatureAlgorithm::RsaPss(Sha2::Sha256) => &RSA_PSS_SHA256,
            SignatureAlgorithm::RsaPss(Sha2::Sha384) => &RSA_PSS_SHA384,
            SignatureAlgorithm::RsaPss(Sha2::Sha512) => &RSA_PSS_SHA512,
            SignatureAlgorithm::Ecdsa(_) => unreachable!("an EC key"),
        }
    }
}
