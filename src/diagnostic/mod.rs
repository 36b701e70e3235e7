//! Problems in an operator's file.
