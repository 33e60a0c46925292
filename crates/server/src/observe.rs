//! One line of log per request, a number to find it by, and a limit on how long an answer may take.

use std::time::{Duration, Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use countersign_pipeline::refused::{Asking, Denial, RefusedRequest};
use countersign_store::Actor;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    App,
    caller::client,
    problem::{Forbidden, Problem},
};

/// The header that carries the number of a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long an ordinary request may take, body included, seconds.
const ANSWER_SECONDS: u64 = 60;

/// Logs method, route pattern, status and duration. Never the address itself, a query or a body: they can name
/// people and files.
///
/// Requests that were refused for want of a right are kept in the evidence log.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.pipeline.store.ids().fresh().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(page)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let began = Instant::now();
    let asking = Asking::default();
    request.extensions_mut().insert(asking.clone());
    let client = client(&app, request.headers(), request.extensions());
    let called = format!("{} {route}", request.method());
    let named = named(&route, request.uri().path());
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, millis) = (response.status().as_u16(), began.elapsed().as_millis());
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(status, duration_ms = millis, "answered");
        } else {
            tracing::debug!(status, duration_ms = millis, "answered");
        }
    });
    if let Some((actor, denial)) = refused(&asking, &response, named) {
        let refused = RefusedRequest { actor, denial, client, route: called };
        if let Err(error) = app.pipeline.keep_request_refused(refused).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Refusals that have events of their own.
const KEPT_ELSEWHERE: [&str; 3] = ["separation_of_duties", "qualification_missing", "qualification_expired"];

/// Who was refused what, if the answer is a refusal for want of a right and somebody known asked.
fn refused(asking: &Asking, response: &Response, named: Denial) -> Option<(Actor, Denial)> {
    let actor = asking.actor()?;
    let denial = match response.status() {
        StatusCode::NOT_FOUND => asking.denied()?,
        StatusCode::FORBIDDEN => {
            let Forbidden(code) = response.extensions().get()?;
            if KEPT_ELSEWHERE.contains(&code.as_ref()) {
                return None;
            }
            // What comes before any look at what the address names says nothing about it.
            let named = if code.as_ref() == "must_change_password" { Denial::unnamed() } else { named };
            Denial { lacks: code.to_string(), ..named }
        }
        _ => return None,
    };
    Some((actor, denial))
}

/// The object that the address of a request names: the last id in it, by the word before.
fn named(route: &str, path: &str) -> Denial {
    let mut found = Denial::unnamed();
    let mut word = "";
    for (pattern, segment) in route.split('/').zip(path.split('/')) {
        if pattern.starts_with('{') {
            if let Ok(id) = segment.parse::<Uuid>() {
                found.names(word.strip_suffix('s').unwrap_or(word), id);
            }
        } else {
            word = pattern;
        }
    }
    found
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
