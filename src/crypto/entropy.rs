//! Chance from the operating system, through aws-lc-rs.

use crate::ground::entropy::Entropy;

/// The generator of aws-lc-rs (CTR-DRBG, seeded by the operating system). The only real source of chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// If the generator fails: nothing may go on with bytes that somebody could guess.
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask")]
    #[expect(clippy::expect_used, reason = "going on without chance would hand out guessable keys and nonces")]
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).expect("the random generator of aws-lc-rs does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let entropy: &dyn Entropy = &SystemEntropy;
        let (first, second): ([u8; 32], [u8; 32]) = (entropy.bytes(), entropy.bytes());
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
