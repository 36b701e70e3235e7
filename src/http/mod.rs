//! The public listener: parse, run a flow, render.
//!
//! Floor 7. One handler per file; `error` alone turns refusals into HTTP. Handlers decide nothing.
//!
//! **Invariant.** No address, issuer or audience is ever taken from `Host` or `X-Forwarded-*`.
//!
//! **Invariant.** The body is bounded before it is read, in size and in time.

mod error;
mod form;
mod page;
mod server;
#[cfg(test)]
mod tests;
mod token;
mod wellknown;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};

use tokio::sync::Semaphore;

use crate::config::Network;
use crate::flow::Bridge;
use crate::ground::id::TraceId;

pub use server::{Peer, ServerLimits, serve, serve_unix};

/// What the handlers share.
#[derive(Clone)]
pub struct Public {
    bridge: Arc<Bridge>,
    trusted_proxies: Arc<[Network]>,
    room_for_bodies: Arc<Semaphore>,
}

impl Public {
    /// `trusted_proxies`: peers whose `X-Forwarded-For` says who sent a request (for the limit on failures only).
    pub fn new(bridge: Arc<Bridge>, trusted_proxies: Vec<Network>) -> Self {
        let room_for_bodies = Arc::new(Semaphore::new(form::MAX_BYTES_UNDER_WAY));
        Self { bridge, trusted_proxies: trusted_proxies.into(), room_for_bodies }
    }

    /// A page of ours begins with it.
    fn issuer(&self) -> String {
        self.bridge.revision().addresses.issuer.clone()
    }

    /// For an answer that no flow gives.
    fn fresh_trace_id(&self) -> TraceId {
        TraceId::new(self.bridge.clock().now(), self.bridge.entropy().bytes())
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
        .route(&format!("{prefix}/healthz"), get(wellknown::alive).fallback(error::method_not_allowed))
        .route(&format!("{prefix}/readyz"), get(wellknown::ready).fallback(error::method_not_allowed))
        .fallback(error::not_found)
        .layer(axum::middleware::map_response(error::with_security_headers))
        .with_state(public)
}
