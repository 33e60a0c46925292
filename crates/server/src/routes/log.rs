//! The evidence log as an outsider checks it: checkpoint, tiles, key.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_model::{EventId, ReleaseId, SignatureId};
use countersign_pipeline::{log::CheckpointView, views::Page, witness::LogStanding};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
    routes::evidence::Paging,
};

const TEXT: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
const BYTES: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/octet-stream")];

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(key))
        .routes(routes!(tile))
        .routes(routes!(standing))
        .routes(routes!(checkpoints))
        .routes(routes!(kept_checkpoint))
        .routes(routes!(consistency, consistency_of))
        .routes(routes!(signature_proof))
        .routes(routes!(release_proof))
        .routes(routes!(exposure_proof))
        .routes(routes!(event_proof))
}

/// Between which two sizes of the log consistency is to be proved.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Sizes {
    /// The older size.
    old: u64,
    /// The newer size, of a checkpoint that was kept; the newest checkpoint if absent.
    new: Option<u64>,
}

/// The newest checkpoint, and who vouches for it.
#[utoipa::path(get, path = "/log/standing", tag = "log", responses((status = 200, body = LogStanding)))]
async fn standing(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<LogStanding>, Problem> {
    Ok(Json(app.pipeline.log_standing(&caller).await?))
}

/// Checkpoints that were kept, one a minute at most, newest first.
#[utoipa::path(
    get, path = "/log/checkpoints", tag = "log", params(Paging),
    responses((status = 200, body = Page<CheckpointView>))
)]
async fn checkpoints(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Search(page): Search<Paging>,
) -> Result<Json<Page<CheckpointView>>, Problem> {
    Ok(Json(app.pipeline.checkpoints(&caller, page.limit, page.cursor).await?))
}

/// A kept checkpoint, word for word.
#[utoipa::path(
    get, path = "/log/checkpoints/{size}", tag = "log", params(("size" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn kept_checkpoint(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(size): Ids<u64>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    Ok((TEXT, app.pipeline.kept_checkpoint(&caller, size).await?))
}

/// The proof that the log at one size continues the log at an older size, with the newer checkpoint: the text that a
/// witness is asked with (C2SP tlog-witness).
#[utoipa::path(
    get, path = "/log/consistency", tag = "log", params(Sizes),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn consistency(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Search(sizes): Search<Sizes>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    Ok((TEXT, app.pipeline.log_consistency(&caller, sizes.old, sizes.new).await?))
}

/// Which checkpoint is to be proved to continue which size.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FetchedCheckpoint {
    /// The older size.
    old: u64,
    /// The newer checkpoint, word for word as it was fetched.
    checkpoint: String,
}

/// The proof that a checkpoint that was fetched, kept here or not, continues the log at an older size.
#[utoipa::path(
    post, path = "/log/consistency", operation_id = "log_consistency_of", tag = "log", request_body = FetchedCheckpoint,
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn consistency_of(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(asked): Body<FetchedCheckpoint>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    Ok((TEXT, app.pipeline.log_consistency_of(&caller, asked.old, asked.checkpoint).await?))
}

/// The proof that a signature is in the log: a file that is checked without a server (C2SP tlog-proof).
#[utoipa::path(
    get, path = "/signatures/{signature}/proof", tag = "log", params(("signature" = SignatureId, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn signature_proof(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(signature): Ids<SignatureId>,
) -> Result<Response, Problem> {
    let proof = app.pipeline.signature_proof(&caller, signature).await?;
    proof_file(&format!("signature-{signature}"), proof)
}

/// The proof that a finished release is in the log (C2SP tlog-proof).
#[utoipa::path(
    get, path = "/releases/{release}/proof", tag = "log", params(("release" = ReleaseId, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn release_proof(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(release): Ids<ReleaseId>,
) -> Result<Response, Problem> {
    let proof = app.pipeline.release_proof(&caller, release).await?;
    proof_file(&format!("release-{release}"), proof)
}

/// The proof that an exposure, that somebody was shown something, is in the log (C2SP tlog-proof).
#[utoipa::path(
    get, path = "/exposures/{exposure}/proof", tag = "log", params(("exposure" = uuid::Uuid, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn exposure_proof(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(exposure): Ids<uuid::Uuid>,
) -> Result<Response, Problem> {
    let proof = app.pipeline.exposure_proof(&caller, exposure).await?;
    proof_file(&format!("exposure-{exposure}"), proof)
}

/// The proof that a signed act is in the log: of a protocol, a guideline, classes, rules, a decision, a release (C2SP
/// tlog-proof).
#[utoipa::path(
    get, path = "/events/{event}/proof", tag = "log", params(("event" = EventId, Path)),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn event_proof(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(event): Ids<EventId>,
) -> Result<Response, Problem> {
    let proof = app.pipeline.event_proof(&caller, event).await?;
    proof_file(&format!("event-{event}"), proof)
}

/// A proof as a file to keep.
fn proof_file(name: &str, proof: String) -> Result<Response, Problem> {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.tlog-proof\""));
    let disposition = (header::CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    Ok(([disposition], TEXT, proof).into_response())
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
