//! Holds.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{HoldId, ItemId};
use countersign_pipeline::views::HoldView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hold)).routes(routes!(lift))
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
