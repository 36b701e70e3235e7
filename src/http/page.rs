//! `GET /errors/{code}`: a page that explains a reason code to whoever met it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::ground::reason::ReasonCode;

use super::{Public, error};

const PAGE_POLICY: &str = "default-src 'none'; style-src 'sha256-Ft5bg0dmJuiOvYb3v3uq77LhMdM2DsdLezesgAL5VGM='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}code{font-size:1.1em}";

pub(super) async fn reason(State(public): State<Public>, Path(code): Path<String>) -> Response {
    let Some(found) = ReasonCode::parse(&code) else {
        return error::not_found(State(public)).await;
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (StatusCode::OK, headers, page(&found)).into_response()
}

/// Only text of the table, and the code, whose rule id is escaped.
fn page(code: &ReasonCode) -> String {
    let reason = code.reason();
    let (code, sentence) = (escaped(&code.to_string()), escaped(reason.sentence()));
    let (cause, remedy) = (escaped(reason.cause()), escaped(reason.remedy()));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{code}</title>\n<style>{STYLE}</style>\n<h1><code>{code}</code></h1>\n\
         <p>{sentence}.</p>\n<h2>Cause</h2>\n<p>{cause}</p>\n<h2>What to do</h2>\n<p>{remedy}</p>\n<p>The support desk \
         finds the whole story under the <code>trace_id</code> of the answer: <code>drawbridge trace TRACE_ID</code>.</p>\n\
         </html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
