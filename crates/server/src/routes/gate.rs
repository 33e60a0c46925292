//! The gate: the privacy officer's queue, what waits in it, its pictures on both sides, and the decision.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use countersign_model::{GateEntryId, ProjectId};
use countersign_pipeline::{
    gate::{GateChoice, GateEntryView, GateFilter, GateSide, GateSummary},
    pixels::Picture,
    views::Page,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, Search, etag},
    routes::pixels::Rendering,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queue))
        .routes(routes!(summary))
        .routes(routes!(entry))
        .routes(routes!(image))
        .routes(routes!(decide))
}

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Waiting {
    /// `open` (as when absent), `waiver` (open, and a waiver waits for a second person), `cleared`, `waived`, `rejected`
    /// or `replaced`.
    state: Option<String>,
    /// Only entries with this reason.
    reason: Option<String>,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// Which picture.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Looking {
    /// `before` for the source, `after` for the cleaned copy.
    #[param(inline)]
    side: GateSide,
    /// Revision that the cleaned copy is wanted of; any other one is refused.
    revision: Option<u64>,
    /// Centre and width in modality units, as `centre,width`; for DICOM.
    window: Option<String>,
}

/// A decision with its reason.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GateDecision {
    decision: GateChoice,
    reason: String,
}

/// What waits for a privacy officer, the greatest risk first, then the oldest.
#[utoipa::path(
    get, path = "/projects/{project}/gate", tag = "gate", params(("project" = ProjectId, Path), Waiting),
    responses((status = 200, body = Page<GateEntryView>))
)]
async fn queue(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Waiting>,
) -> Result<Json<Page<GateEntryView>>, Problem> {
    let filter = GateFilter { state: page.state, reason: page.reason };
    Ok(Json(app.pipeline.gate_queue(&caller, project, filter, page.limit, page.cursor).await?))
}

/// The queue in numbers.
#[utoipa::path(
    get, path = "/projects/{project}/gate/summary", tag = "gate", params(("project" = ProjectId, Path)),
    responses((status = 200, body = GateSummary))
)]
async fn summary(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<GateSummary>, Problem> {
    Ok(Json(app.pipeline.gate_summary(&caller, project).await?))
}

/// One entry with what was done to the item; the entity tag is its revision.
#[utoipa::path(
    get, path = "/gate/{entry}", tag = "gate", params(("entry" = GateEntryId, Path)),
    responses((status = 200, body = GateEntryView))
)]
async fn entry(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
) -> Result<Response, Problem> {
    let entry = app.pipeline.gate_entry(&caller, entry).await?;
    Ok((etag(entry.revision), Json(entry)).into_response())
}

/// A picture of what waits, from either side of the gate. It is never kept by the browser.
#[utoipa::path(
    get, path = "/gate/{entry}/images/{frame}", tag = "gate",
    params(("entry" = GateEntryId, Path), ("frame" = u32, Path), Looking),
    responses((status = 200, content_type = "image/png"))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((entry, frame)): Ids<(GateEntryId, u32)>,
    Search(looking): Search<Looking>,
) -> Result<Response, Problem> {
    let window = Rendering { window: looking.window }.window()?;
    Ok(shown(app.pipeline.gate_image(&caller, entry, frame, looking.side, looking.revision, window).await?))
}

/// A picture as an answer; what the gate shows has no cache header of its own and is therefore never stored.
pub fn shown(picture: Picture) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    (headers, picture.bytes).into_response()
}

/// Approves, rejects or waives what waits, against the revision in `If-Match` that was looked at.
#[utoipa::path(
    post, path = "/gate/{entry}/decision", tag = "gate",
    params(("entry" = GateEntryId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = GateDecision, responses((status = 200, body = GateEntryView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<GateDecision>,
) -> Result<Json<GateEntryView>, Problem> {
    Ok(Json(app.pipeline.decide_entry(&caller, entry, body.decision, body.reason, revision).await?))
}
