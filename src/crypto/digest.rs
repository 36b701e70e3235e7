//! SHA-2.

use aws_lc_rs::digest::{self, Algorithm};

/// A member of SHA-2 (FIPS 180-4) that signatures and digests here may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sha2 {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Sha2 {
    const fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// Whether `expected` is the digest of `bytes`. Digests are public: no constant time is needed.
    pub fn matches(self, bytes: &[u8], expected: &[u8]) -> bool {
        digest::digest(self.algorithm(), bytes).as_ref() == expected
    }

    /// The digest; as long as the algorithm says.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), bytes).as_ref().to_vec()
    }
}

/// SHA-256 of one piece.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    finished(digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 of several pieces, each behind its length as eight bytes, big-endian: no two lists collide by moving a
/// border (`ab`, `c` and `a`, `bc`).
pub fn sha256_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    finished(context.finish())
}

/// SHA-256 of what comes piece by piece, without borders: the digest of the pieces put together.
#[derive(Clone)]
pub struct RunningSha256(digest::Context);

impl RunningSha256 {
    /// Of nothing yet.
    pub fn begin() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of all pieces.
    pub fn finish(self) -> [u8; 32] {
        finished(self.0.finish())
    }
}

/// Two lower-case hexadecimal digits for each byte: how digests stand in records and on the screen.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
        text
    })
}

fn finished(digest: digest::Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(digest.as_ref()) {
        *place = *byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_abc_is_that_of_fips_180_4() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(b"abc")), expected);
        assert!(Sha2::Sha256.matches(b"abc", &sha256(b"abc")));
        assert!(!Sha2::Sha384.matches(b"abc", &sha256(b"abc")));
    }

    #[test]
    fn pieces_put_together_have_the_digest_of_the_whole() {
        let mut running = RunningSha256::begin();
        for piece in [b"a".as_slice(), b"", b"bc"] {
            running.update(piece);
        }
        assert_eq!(running.finish(), sha256(b"abc"));
    }

    #[test]
    fn a_border_between_parts_counts() {
        assert_ne!(sha256_of_parts(&[b"ab", b"c"]), sha256_of_parts(&[b"a", b"bc"]));
        assert_ne!(sha256_of_parts(&[b"ab"]), sha256_of_parts(&[b"ab", b""]));
    }
}
