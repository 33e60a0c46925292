//! Ways out of rework: what an owner decides about an item that came back too often, and a task freed for anybody.

use axum::{Json, extract::State};
use countersign_model::ItemId;
use countersign_pipeline::views::ItemDetail;
use countersign_workflow::OwnerDecision;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(owner_decision)).routes(routes!(unreserve))
}

/// What becomes of an item that came back too often.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnerDecisionBody {
    /// One more round for anybody who may do the stage, or out of work for good.
    decision: OwnerDecision,
    /// Why; kept in the evidence.
    reason: String,
}

/// Decides about an item that came back more often than its protocol allows.
#[utoipa::path(
    post, path = "/items/{item}/owner-decision", tag = "items", params(("item" = ItemId, Path)),
    request_body = OwnerDecisionBody, responses((status = 200, body = ItemDetail))
)]
async fn owner_decision(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Body(body): Body<OwnerDecisionBody>,
) -> Result<Json<ItemDetail>, Problem> {
    Ok(Json(app.pipeline.owner_decision(&caller, item, body.decision, body.reason).await?))
}

/// Why a task is freed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnreserveReason {
    reason: String,
}

/// Gives the task of an item that waits for one person to anybody who may do its stage.
#[utoipa::path(
    post, path = "/items/{item}/unreserve", tag = "items", params(("item" = ItemId, Path)),
    request_body = UnreserveReason, responses((status = 200, body = ItemDetail))
)]
async fn unreserve(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Body(body): Body<UnreserveReason>,
) -> Result<Json<ItemDetail>, Problem> {
    Ok(Json(app.pipeline.unreserve(&caller, item, body.reason).await?))
}
