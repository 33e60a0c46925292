//! The gate: the privacy officer's queue, what waits in it, and the decision.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use countersign_model::{GateEntryId, ProjectId};
use countersign_pipeline::{gate::GateEntryView, views::Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
    routes::pixels::Rendering,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queue))
        .routes(routes!(entry))
        .routes(routes!(image))
        .routes(routes!(decide))
}

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Waiting {
    /// `open` (as when absent), `cleared` or `rejected`.
    state: Option<String>,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// What a privacy officer can decide.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GateChoice {
    /// Nobody in it can be told: it may be worked on.
    Clear,
    /// It stays in quarantine for good.
    Reject,
}

/// A decision with its reason.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GateDecision {
    decision: GateChoice,
    reason: String,
}

/// What waits for a privacy officer.
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
    Ok(Json(app.pipeline.gate(&caller, project, page.state, page.limit, page.cursor).await?))
}

/// One entry with what was done to the item.
#[utoipa::path(
    get, path = "/gate/{entry}", tag = "gate", params(("entry" = GateEntryId, Path)),
    responses((status = 200, body = GateEntryView))
)]
async fn entry(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
) -> Result<Json<GateEntryView>, Problem> {
    Ok(Json(app.pipeline.gate_entry(&caller, entry).await?))
}

/// A picture of the copy that waits. It is never kept by the browser.
#[utoipa::path(
    get, path = "/gate/{entry}/frames/{frame}/image", tag = "gate",
    params(("entry" = GateEntryId, Path), ("frame" = u32, Path), Rendering),
    responses((status = 200, content_type = "image/png"))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((entry, frame)): Ids<(GateEntryId, u32)>,
    Search(rendering): Search<Rendering>,
) -> Result<Response, Problem> {
    let picture = app.pipeline.gate_image(&caller, entry, frame, rendering.window()?).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    Ok((headers, picture.bytes).into_response())
}

/// Clears or rejects what waits.
#[utoipa::path(
    post, path = "/gate/{entry}/decision", tag = "gate", params(("entry" = GateEntryId, Path)),
    request_body = GateDecision, responses((status = 200, body = GateEntryView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
    Body(body): Body<GateDecision>,
) -> Result<Json<GateEntryView>, Problem> {
    let clear = matches!(body.decision, GateChoice::Clear);
    Ok(Json(app.pipeline.decide_gate(&caller, entry, clear, body.reason).await?))
}
