//! Storage and audit backends.
