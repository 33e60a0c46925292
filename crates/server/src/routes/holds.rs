//! Holds.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{HoldId, ItemId, ProjectId, WideHoldId};
use countersign_pipeline::{
    holds::wide::{HoldScope, WideHoldCheck, WideHoldView},
    views::HoldView,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(hold))
        .routes(routes!(lift))
        .routes(routes!(wide_holds, hold_all))
        .routes(routes!(check_wide_hold))
        .routes(routes!(lift_all))
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoldReason {
    reason: String,
}

/// Keeps an item out of work and releases.
#[utoipa::path(
    post, path = "/items/{item}/holds", tag = "holds", params(("item" = ItemId, Path)), request_body = HoldReason,
    responses((status = 201, body = HoldView))
)]
async fn hold(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Body(body): Body<HoldReason>,
) -> Result<(StatusCode, Json<HoldView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.hold(&caller, item, body.reason).await?)))
}

/// Lifts a hold.
#[utoipa::path(
    post, path = "/holds/{hold}/lift", tag = "holds", params(("hold" = HoldId, Path)), request_body = HoldReason,
    responses((status = 200, body = HoldView))
)]
async fn lift(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(hold): Ids<HoldId>,
    Body(body): Body<HoldReason>,
) -> Result<Json<HoldView>, Problem> {
    Ok(Json(app.pipeline.lift(&caller, hold, body.reason).await?))
}

/// A hold on more than one item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WideHoldDraft {
    /// On what.
    on: HoldScope,
    /// Why.
    reason: String,
}

/// The holds on a lot, a batch, a delivery, a release or a person's work, with the releases that they reach into.
#[utoipa::path(
    get, path = "/projects/{project}/holds", tag = "holds", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<WideHoldView>))
)]
async fn wide_holds(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<WideHoldView>>, Problem> {
    Ok(Json(app.pipeline.wide_holds(&caller, project).await?))
}

/// Keeps all items of a lot, a batch, a delivery, a release or a person's work out of work and releases.
#[utoipa::path(
    post, path = "/projects/{project}/holds", tag = "holds", params(("project" = ProjectId, Path)),
    request_body = WideHoldDraft, responses((status = 201, body = WideHoldView))
)]
async fn hold_all(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<WideHoldDraft>,
) -> Result<(StatusCode, Json<WideHoldView>), Problem> {
    let made = app.pipeline.hold_all(&caller, project, body.on, body.reason).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// What a hold would reach.
#[utoipa::path(
    post, path = "/projects/{project}/holds/check", tag = "holds", params(("project" = ProjectId, Path)),
    request_body = HoldScope, responses((status = 200, body = WideHoldCheck))
)]
async fn check_wide_hold(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<HoldScope>,
) -> Result<Json<WideHoldCheck>, Problem> {
    Ok(Json(app.pipeline.check_wide_hold(&caller, project, body).await?))
}

/// Lifts a hold on more than one item.
#[utoipa::path(
    post, path = "/wide-holds/{wide_hold}/lift", tag = "holds", params(("wide_hold" = WideHoldId, Path)),
    request_body = HoldReason, responses((status = 200, body = WideHoldView))
)]
async fn lift_all(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(hold): Ids<WideHoldId>,
    Body(body): Body<HoldReason>,
) -> Result<Json<WideHoldView>, Problem> {
    Ok(Json(app.pipeline.lift_all(&caller, hold, body.reason).await?))
}
