//! Consensus: what independent readers' answers say that is true.

use axum::{Json, extract::State};
use countersign_model::ProjectId;
use countersign_pipeline::consensus::{ConsensusQuery, ConsensusReport};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search},
};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(consensus))
}

/// What the answers of a project's independent readers say that is true, with its probability, the least certain item first.
#[utoipa::path(
    get, path = "/projects/{project}/consensus", tag = "tiers",
    params(("project" = ProjectId, Path), ConsensusQuery), responses((status = 200, body = ConsensusReport))
)]
async fn consensus(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(query): Search<ConsensusQuery>,
) -> Result<Json<ConsensusReport>, Problem> {
    Ok(Json(app.pipeline.consensus(&caller, project, query).await?))
}
