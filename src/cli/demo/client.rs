//! A small HTTP client for the bridge next door.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::cli::exit::Failure;

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// An answer.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Heard {
    /// A text of the JSON object, empty where it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

pub(super) async fn get(address: SocketAddr, path: &str) -> Result<Heard, Failure> {
    send(address, Request::builder().method(Method::GET).uri(path), String::new()).await
}

/// Posts a form, authenticated by HTTP Basic.
pub(super) async fn post(
    address: SocketAddr,
    path: &str,
    basic: &str,
    form: &[(&str, &str)],
) -> Result<Heard, Failure> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(AUTHORIZATION, format!("Basic {basic}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(address, request, body).await
}

async fn send(address: SocketAddr, request: hyper::http::request::Builder, body: String) -> Result<Heard, Failure> {
    let request = request.header(HOST, address.to_string()).body(Full::new(Bytes::from(body))).map_err(failed)?;
    let conversation = async {
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| failed(error.as_ref()))?.to_bytes();
        drop(sender);
        connection.abort();
        Ok(Heard { status, body: String::from_utf8_lossy(&body).into_owned() })
    };
    tokio::time::timeout(DEADLINE, conversation).await.map_err(failed)?
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::could_not_run(format!("the bridge did not answer: {error}"))
}
