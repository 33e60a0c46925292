//! Leaks: reporting one, what it recalled, who saw it, the decision.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{ItemId, LeakId, ProjectId};
use countersign_pipeline::{
    oversight::{LeakChoice, LeakItemView, LeakPlace, LeakView},
    views::Page,
};
use serde::{Deserialize, Serialize};
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
        .routes(routes!(report))
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(items))
        .routes(routes!(image))
        .routes(routes!(decide))
}

/// What was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeakReport {
    /// Where.
    #[serde(default)]
    place: LeakPlace,
    /// What kind of thing; not the thing itself.
    reason: String,
}

/// A leak that was noted. Who reports one may not see the list of leaks.
#[derive(Serialize, ToSchema)]
struct LeakNoted {
    /// Leak.
    id: LeakId,
}

/// What becomes of recalled items.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeakDecision {
    /// Which.
    items: Vec<ItemId>,
    /// What.
    decision: LeakChoice,
    /// Why.
    reason: String,
}

/// Which leaks or items to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Items in this state: `recalled`, `restored` or `rejected`.
    state: Option<String>,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Paging {
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// Says that something in an item identifies a person: its batch is recalled.
#[utoipa::path(
    post, path = "/items/{item}/leaks", tag = "leaks", params(("item" = ItemId, Path)), request_body = LeakReport,
    responses((status = 201, body = LeakNoted))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Body(body): Body<LeakReport>,
) -> Result<(StatusCode, Json<LeakNoted>), Problem> {
    let id = app.pipeline.report_leak(&caller, item, body.place, body.reason).await?;
    Ok((StatusCode::CREATED, Json(LeakNoted { id })))
}

/// Leaks of a project, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/leaks", tag = "leaks", params(("project" = ProjectId, Path), Paging),
    responses((status = 200, body = Page<LeakView>))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<LeakView>>, Problem> {
    Ok(Json(app.pipeline.leaks(&caller, project, page.limit, page.cursor).await?))
}

/// One leak: what it recalled, who was shown it, which releases contain it.
#[utoipa::path(
    get, path = "/leaks/{leak}", tag = "leaks", params(("leak" = LeakId, Path)),
    responses((status = 200, body = LeakView))
)]
async fn one(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(leak): Ids<LeakId>,
) -> Result<Json<LeakView>, Problem> {
    Ok(Json(app.pipeline.leak(&caller, leak).await?))
}

/// The items that a leak recalled.
#[utoipa::path(
    get, path = "/leaks/{leak}/items", tag = "leaks", params(("leak" = LeakId, Path), Listing),
    responses((status = 200, body = Page<LeakItemView>))
)]
async fn items(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(leak): Ids<LeakId>,
    Search(page): Search<Listing>,
) -> Result<Json<Page<LeakItemView>>, Problem> {
    Ok(Json(app.pipeline.leak_items(&caller, leak, page.state, page.limit, page.cursor).await?))
}

/// A picture of a recalled item, for who decides about it. It is never kept by the browser.
#[utoipa::path(
    get, path = "/leaks/{leak}/items/{item}/frames/{frame}/image", tag = "leaks",
    params(("leak" = LeakId, Path), ("item" = ItemId, Path), ("frame" = u32, Path), Rendering),
    responses((status = 200, content_type = "image/png"))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((leak, item, frame)): Ids<(LeakId, ItemId, u32)>,
    Search(rendering): Search<Rendering>,
) -> Result<Response, Problem> {
    let picture = app.pipeline.leak_image(&caller, leak, item, frame, rendering.window()?).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    Ok((headers, picture.bytes).into_response())
}

/// Gives recalled items back or rejects them for good.
#[utoipa::path(
    post, path = "/leaks/{leak}/decision", tag = "leaks", params(("leak" = LeakId, Path)),
    request_body = LeakDecision, responses((status = 200, body = LeakView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(leak): Ids<LeakId>,
    Body(body): Body<LeakDecision>,
) -> Result<Json<LeakView>, Problem> {
    Ok(Json(app.pipeline.decide_leak(&caller, leak, body.items, body.decision, body.reason).await?))
}
