//! What chance looks like. It comes in as an argument; `crypto::SystemEntropy` is the only real one.
//!
//! Floor 0.

/// Fills buffers with bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Overwrites the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` fresh bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }
}

/// Counts upwards. For tests: never wired into a server.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct CountingEntropy(std::sync::atomic::AtomicU64);

#[cfg(test)]
impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (place, byte) in buffer.iter_mut().zip(count.to_be_bytes().into_iter().cycle()) {
            *place = byte;
        }
    }
}
