//! Guideline tickets: where several people disagree in one way.

use axum::{Json, extract::State};
use countersign_model::{ProjectId, TicketId};
use countersign_pipeline::tickets::TicketView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tickets)).routes(routes!(close_ticket))
}

/// Why a ticket needs no other guideline.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TicketClosing {
    reason: String,
}

/// Guideline tickets of a project: the open ones first.
#[utoipa::path(
    get, path = "/projects/{project}/tickets", tag = "tickets",
    params(("project" = ProjectId, Path)), responses((status = 200, body = Vec<TicketView>))
)]
async fn tickets(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<TicketView>>, Problem> {
    Ok(Json(app.pipeline.tickets(&caller, project).await?))
}

/// Closes a ticket without another guideline.
#[utoipa::path(
    post, path = "/tickets/{ticket}/close", tag = "tickets",
    params(("ticket" = TicketId, Path)), request_body = TicketClosing,
    responses((status = 200, body = TicketView))
)]
async fn close_ticket(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<TicketId>,
    Body(body): Body<TicketClosing>,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(app.pipeline.close_ticket(&caller, id, body.reason).await?))
}
