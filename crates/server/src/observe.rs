//! One line of log per request, a number to find it by, and a limit on how long an answer may take.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::{App, problem::Problem};

/// The header that carries the number of a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long an ordinary request may take, body included, seconds.
const ANSWER_SECONDS: u64 = 60;

/// Logs method, route pattern, status and duration. Never the address itself, a query or a body: they can name
/// people and files.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.pipeline.store.ids().fresh().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(page)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, millis) = (response.status().as_u16(), began.elapsed().as_millis());
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(status, duration_ms = millis, "answered");
        } else {
            tracing::debug!(status, duration_ms = millis, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Gives up on a request that takes too long; a write that was begun still commits as a whole or not at all.
pub async fn bounded(request: Request, next: Next) -> Response {
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let slow = "This took too long; look whether it happened before you try again.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", slow).into_response()
        }
    }
}
