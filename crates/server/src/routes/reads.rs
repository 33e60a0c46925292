//! Reads: one of them, and saving into a draft.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use countersign_model::{AnnotationId, ReadId};
use countersign_pipeline::{
    history::{AnnotationHistory, RemovedAnnotations},
    views::ReadView,
    work::{Change, Saved},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, etag, is_known},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(save))
        .routes(routes!(history))
        .routes(routes!(removed))
}

/// Changes to save.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Save {
    /// Fencing token of the claim.
    fence: u64,
    changes: Vec<Change>,
}

/// A read with its annotations; the entity tag is its revision.
#[utoipa::path(
    get, path = "/reads/{read}", tag = "reads", params(("read" = ReadId, Path)),
    responses((status = 200, body = ReadView), (status = 304))
)]
async fn read(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(read): Ids<ReadId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let read = app.pipeline.read(&caller, read).await?;
    let tag = etag(read.revision);
    if is_known(&headers, &tag[0].1) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(read)).into_response())
}

/// Saves changes into the caller's draft, made against the revision in `If-Match`.
#[utoipa::path(
    put, path = "/reads/{read}/annotations", tag = "reads",
    params(("read" = ReadId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = Save, responses((status = 200, body = Saved))
)]
async fn save(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(read): Ids<ReadId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<Save>,
) -> Result<Response, Problem> {
    let saved = app.pipeline.save(&caller, read, body.fence, revision, body.changes).await?;
    Ok((etag(saved.revision), Json(saved)).into_response())
}

/// The versions of one annotation, from the reads before this one as far as the caller may see them, oldest first.
#[utoipa::path(
    get, path = "/reads/{read}/annotations/{annotation}/history", tag = "reads",
    params(("read" = ReadId, Path), ("annotation" = AnnotationId, Path)),
    responses((status = 200, body = AnnotationHistory))
)]
async fn history(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((read, annotation)): Ids<(ReadId, AnnotationId)>,
) -> Result<Json<AnnotationHistory>, Problem> {
    Ok(Json(app.pipeline.history(&caller, read, annotation).await?))
}

/// The annotations that were taken out of a read and are not in it now, the newest removal first.
#[utoipa::path(
    get, path = "/reads/{read}/removed", tag = "reads", params(("read" = ReadId, Path)),
    responses((status = 200, body = RemovedAnnotations))
)]
async fn removed(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(read): Ids<ReadId>,
) -> Result<Json<RemovedAnnotations>, Problem> {
    Ok(Json(app.pipeline.removed(&caller, read).await?))
}
