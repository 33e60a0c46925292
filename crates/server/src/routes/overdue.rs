//! What waits for an answer longer than the protocol gives it.

use axum::{Json, extract::State};
use countersign_model::ProjectId;
use countersign_pipeline::overdue::OverdueEntry;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, extract::Ids};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(overdue))
}

/// Findings, appeals and alarms that wait longer than the protocol gives them and that the caller may answer, the longest first.
#[utoipa::path(
    get, path = "/projects/{project}/overdue", tag = "home", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<OverdueEntry>))
)]
async fn overdue(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<OverdueEntry>>, Problem> {
    Ok(Json(app.pipeline.overdue(&caller, project).await?))
}
