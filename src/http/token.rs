//! `POST /token`: RFC 6749 section 3.2, RFC 7522, RFC 8693.

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::flow::token::{Answer, Issued};
use crate::flow::{Presented, token};
use crate::ground::id::TraceId;

use super::error::{HttpRejection, OAuthError, TRACE_ID, no_store, refused};
use super::server::Peer;
use super::{Public, form};

/// RFC 6749 section 5.1, RFC 8693 section 2.2.1.
#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

pub(super) async fn answer(State(public): State<Public>, request: Request) -> Response {
    let issuer = public.issuer();
    let presented = match parse(&public, request).await {
        Ok(presented) => presented,
        Err(rejection) => return refused_before_flow(&public, rejection),
    };
    let Answer { trace_id, grant, result } = token::run(public.bridge.clone(), presented).await;
    match result {
        Ok(tokens) => render(&tokens, trace_id),
        Err(refusal) => refused(&refusal, grant, trace_id, &issuer),
    }
}

async fn parse(public: &Public, request: Request) -> Result<Presented, HttpRejection> {
    if request.method() != Method::POST {
        return Err(HttpRejection::Method);
    }
    let (parts, body) = request.into_parts();
    let peer = Peer::of(&parts, &public.trusted_proxies);
    let authorization = authorization(&parts.headers)?;
    Ok(Presented { form: form::read(&parts.headers, body, &public.room_for_bodies).await?, authorization, peer })
}

/// RFC 9110 section 5.3: the header is no list, so two are no request.
fn authorization(headers: &HeaderMap) -> Result<Option<String>, HttpRejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(HttpRejection::MediaType),
        },
        (Some(_), Some(_)) => Err(HttpRejection::AuthorizationRepeated),
    }
}

fn refused_before_flow(public: &Public, rejection: HttpRejection) -> Response {
    let trace_id = public.fresh_trace_id();
    // Not `info`: whoever can connect can send as many as they like.
    tracing::debug!(%trace_id, reason = rejection.wire().1.code(), "refused before the flow");
    let mut response = OAuthError::before_flow(rejection, trace_id).render(&public.issuer());
    if rejection == HttpRejection::Method {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if rejection == HttpRejection::Overloaded {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn render(issued: &Issued, trace_id: TraceId) -> Response {
    let tokens = &issued.tokens;
    let body = TokenBody {
        // The token goes to the client that was authenticated, over its own connection.
        access_token: tokens.access_token().expose(),
        issued_token_type: issued.issued_type,
        token_type: "Bearer",
        expires_in: tokens.expires_in().as_secs(),
        scope: (!tokens.scope().is_empty()).then(|| tokens.scope().to_string()),
    };
    let json = serde_json::to_string(&body).unwrap_or_default();
    // The body is the RFC's; the record of a success is found by this.
    let head = [(CONTENT_TYPE, "application/json".to_owned()), (TRACE_ID, trace_id.to_string())];
    (no_store(), head, json).into_response()
}
