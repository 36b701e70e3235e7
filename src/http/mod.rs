//! One handler per file.
