//! Alerts about accounts that were locked after wrong passwords.

use axum::{Json, extract::State};
use countersign_model::AccessAlertId;
use countersign_pipeline::alerts::AccessAlert;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alerts)).routes(routes!(close))
}

/// What was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertFinding {
    reason: String,
}

/// Locked accounts of the people whom the caller answers for; those that nobody has looked into come first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", responses((status = 200, body = Vec<AccessAlert>)))]
async fn alerts(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<AccessAlert>>, Problem> {
    Ok(Json(app.pipeline.alerts(&caller).await?))
}

/// Closes an alert with what was found.
#[utoipa::path(
    post, path = "/alerts/{alert}/close", tag = "alerts", params(("alert" = AccessAlertId, Path)),
    request_body = AlertFinding, responses((status = 200, body = AccessAlert))
)]
async fn close(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(alert): Ids<AccessAlertId>,
    Body(body): Body<AlertFinding>,
) -> Result<Json<AccessAlert>, Problem> {
    Ok(Json(app.pipeline.close_alert(&caller, alert, body.reason).await?))
}
