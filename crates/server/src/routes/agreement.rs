//! How far independent readers agree.

use axum::{Json, extract::State};
use countersign_model::ProjectId;
use countersign_pipeline::agreement::{AgreementReport, DisputeReason};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, extract::Ids};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(agreement)).routes(routes!(dispute_reasons))
}

/// How far the independent readers of a project agree: by item and class, by pairs of readers, finding by finding.
#[utoipa::path(
    get, path = "/projects/{project}/agreement", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = AgreementReport))
)]
async fn agreement(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<AgreementReport>, Problem> {
    Ok(Json(app.pipeline.agreement(&caller, project).await?))
}

/// Why the reads of a project differed, as those who decided between them said, with the newest items of each reason.
#[utoipa::path(
    get, path = "/projects/{project}/dispute-reasons", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<DisputeReason>))
)]
async fn dispute_reasons(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<DisputeReason>>, Problem> {
    Ok(Json(app.pipeline.dispute_reasons(&caller, project).await?))
}
