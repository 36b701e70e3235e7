//! A grant becomes tokens.
