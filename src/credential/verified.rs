//! What a check has vouched for.

/// A value that the checks of this floor have vouched for. There is no way to make one outside `credential`.
#[derive(Debug)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Called where trust begins, and nowhere else.
    pub(super) const fn vouch(value: T) -> Self {
        Self(value)
    }

    /// Looks at it.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Takes it.
    pub fn into_inner(self) -> T {
        self.0
    }
}
