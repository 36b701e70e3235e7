//! placeholder header, replaced by its author
