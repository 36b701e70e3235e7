//! Drawbridge: SAML assertions and legacy session tokens in, OAuth access tokens out.
//!
//! The modules are floors; imports go down only (`tests/architecture.rs` holds us to it).
//!
//! ```text
//! 0 ground        words: types without I/O
//! 1 crypto        keys, JWS, digests, sealing       decision  the record of one request
//!   diagnostic    problems in an operator's file    store     the storage contract
//! 2 credential    bytes -> Verified<_> -> Identity
//! 3 mapping       Identity -> Claims
//! 4 policy        Claims + what was asked -> Grant
//! 5 token         Grant -> IssuedTokens
//! 6 flow          one request from start to end     backends  sled, memory, the audit file
//!   config        drawbridge.yaml -> Settings      import    files of other products -> mapping files
//! 7 http          one handler per file
//! 8 cli           commands; `serve` is the wiring
//! ```
//!
//! `docs/ARCHITECTURE.md` tells the story.

pub mod ground;

pub mod crypto;
pub mod decision;
pub mod diagnostic;
pub mod store;

pub mod credential;

pub mod mapping;

pub mod policy;

pub mod token;

pub mod backends;
pub mod config;
pub mod flow;
pub mod import;

pub mod http;

pub mod cli;
