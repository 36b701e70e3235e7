//! drawbridge.yaml, as written and as meant.
