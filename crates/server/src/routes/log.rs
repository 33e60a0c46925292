//! The evidence log as an outsider checks it: checkpoint, tiles, key.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, extract::Ids};

const TEXT: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
const BYTES: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/octet-stream")];

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(checkpoint)).routes(routes!(key)).routes(routes!(tile))
}

/// The signed checkpoint.
#[utoipa::path(
    get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn checkpoint(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Problem> {
    Ok((TEXT, app.pipeline.log_file(&caller, "checkpoint").await?))
}

/// The public key of the log.
#[utoipa::path(
    get, path = "/log/key", tag = "log", responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn key(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    Ok((TEXT, app.pipeline.log_key(&caller)?))
}

/// A tile of the log.
#[utoipa::path(
    get, path = "/log/tile/{*path}", tag = "log", params(("path" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"))
)]
async fn tile(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(path): Ids<String>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Problem> {
    Ok((BYTES, app.pipeline.log_file(&caller, &format!("tile/{path}")).await?))
}
