//! Values that cannot be printed, stored or compared by accident.
//!
//! Floor 0.

use std::fmt;

use zeroize::Zeroize;

/// Held until dropped, then zeroed. No `Display`, `Serialize`, `Clone` or `PartialEq`, on purpose.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value over.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Each caller says in a comment where the value goes next.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
