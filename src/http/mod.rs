//! The public listener: parse, run a flow, render.
//!
//! Floor 7. One handler per file; [`error`] alone turns refusals into HTTP. Handlers decide nothing.
//!
//! **Invariant.** No address, issuer or audience is ever taken from `Host` or `X-Forwarded-*`.
//!
//! **Invariant.** The body is bounded before it is read, in size and in time.

mod error;
mod form;
mod page;
mod server;
mod token;
mod wellknown;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

use crate::flow::Bridge;
use crate::config::Network;
use crate::token::ServerMetadata;

pub use server::{Peer, ServerLimits, serve, serve_unix};

/// What the handlers share.
#[derive(Clone)]
pub struct Public {
    bridge: Arc<Bridge>,
    documents: Arc<Documents>,
    trusted_proxies: Arc<[Network]>,
}

/// Answers that are the same for everybody.
struct Documents {
    issuer: String,
    metadata: String,
}

impl Public {
    /// `trusted_proxies`: peers whose `X-Forwarded-For` says who sent a request (for the limit on failures only).
    pub fn new(
        bridge: Arc<Bridge>,
        metadata: &ServerMetadata,
        trusted_proxies: Vec<Network>,
    ) -> Result<Self, serde_json::Error> {
        let issuer = bridge.revision().addresses.issuer.clone();
        let documents = Documents { issuer, metadata: metadata.to_json()? };
        Ok(Self { bridge, documents: Arc::new(documents), trusted_proxies: trusted_proxies.into() })
    }
}

/// Every public address. `prefix` is the path of the issuer, empty for most.
pub fn public_router(public: Public, prefix: &str) -> Router {
    // RFC 8414 section 3.1: the well-known part goes between host and path of the issuer.
    let metadata = format!("/.well-known/oauth-authorization-server{prefix}");
    Router::new()
        .route(&metadata, get(wellknown::metadata).fallback(error::method_not_allowed))
        .route(&format!("{prefix}/jwks"), get(wellknown::jwks).fallback(error::method_not_allowed))
        .route(&format!("{prefix}/token"), any(token::answer))
        .route(&format!("{prefix}/errors/{{code}}"), get(page::reason).fallback(error::method_not_allowed))
        .route(&format!("{prefix}/healthz"), get(wellknown::alive))
        .route(&format!("{prefix}/readyz"), get(wellknown::ready))
        .fallback(error::not_found)
        .layer(axum::middleware::map_response(error::with_security_headers))
        .with_state(public)
}
