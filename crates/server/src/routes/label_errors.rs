//! Label errors: accepted labels that something speaks against.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{DoubtId, ProjectId};
use countersign_pipeline::label_errors::{DoubtDecision, DoubtQuery, DoubtView, LabelErrors};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(label_errors, begin_label_search)).routes(routes!(decide_doubt))
}

/// What the newest search for wrong labels doubts, the weightiest first, and how far a running search is.
#[utoipa::path(
    get, path = "/projects/{project}/label-errors", tag = "label-errors",
    params(("project" = ProjectId, Path), DoubtQuery), responses((status = 200, body = LabelErrors))
)]
async fn label_errors(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(query): Search<DoubtQuery>,
) -> Result<Json<LabelErrors>, Problem> {
    Ok(Json(app.pipeline.label_errors(&caller, project, query).await?))
}

/// Begins a search for wrong labels over all accepted items of a project.
#[utoipa::path(
    post, path = "/projects/{project}/label-errors", tag = "label-errors",
    params(("project" = ProjectId, Path)), responses((status = 202, body = LabelErrors))
)]
async fn begin_label_search(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<(StatusCode, Json<LabelErrors>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(app.pipeline.begin_label_search(&caller, project).await?)))
}

/// Decides about a doubt: sends the item back, says that the labels are right, or takes that back.
#[utoipa::path(
    post, path = "/label-doubts/{doubt}/decision", tag = "label-errors",
    params(("doubt" = DoubtId, Path)), request_body = DoubtDecision,
    responses((status = 200, body = DoubtView))
)]
async fn decide_doubt(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<DoubtId>,
    Body(body): Body<DoubtDecision>,
) -> Result<Json<DoubtView>, Problem> {
    Ok(Json(app.pipeline.decide_doubt(&caller, id, body).await?))
}
