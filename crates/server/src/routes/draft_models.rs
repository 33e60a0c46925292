//! Models that draft in a project, and stopping one.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::ProjectId;
use countersign_pipeline::draft_models::DraftModelView;
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
        .routes(routes!(draft_models))
        .routes(routes!(stop_draft_model))
        .routes(routes!(resume_draft_model))
        .routes(routes!(draft_models_everywhere))
        .routes(routes!(stop_model_everywhere))
        .routes(routes!(resume_model_everywhere))
}

/// Which model, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftModelReason {
    model: String,
    reason: String,
}

/// The models that drafted in a project, and those that were stopped.
#[utoipa::path(
    get, path = "/projects/{project}/draft-models", tag = "holds", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<DraftModelView>))
)]
async fn draft_models(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<DraftModelView>>, Problem> {
    Ok(Json(app.pipeline.draft_models(&caller, project).await?))
}

/// Stops a model: from now on nobody who works is shown what it drafted, and it drafts nothing more.
#[utoipa::path(
    post, path = "/projects/{project}/draft-models/stop", tag = "holds", params(("project" = ProjectId, Path)),
    request_body = DraftModelReason, responses((status = 204))
)]
async fn stop_draft_model(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<DraftModelReason>,
) -> Result<StatusCode, Problem> {
    app.pipeline.stop_draft_model(&caller, project, body.model, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a stopped model draft again.
#[utoipa::path(
    post, path = "/projects/{project}/draft-models/resume", tag = "holds", params(("project" = ProjectId, Path)),
    request_body = DraftModelReason, responses((status = 204))
)]
async fn resume_draft_model(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<DraftModelReason>,
) -> Result<StatusCode, Problem> {
    app.pipeline.resume_draft_model(&caller, project, body.model, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The models that drafted in any project, with the stops that hold in all of them.
#[utoipa::path(get, path = "/draft-models", tag = "holds", responses((status = 200, body = Vec<DraftModelView>)))]
async fn draft_models_everywhere(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<DraftModelView>>, Problem> {
    Ok(Json(app.pipeline.draft_models_everywhere(&caller).await?))
}

/// Stops a model in every project at once.
#[utoipa::path(
    post, path = "/draft-models/stop", tag = "holds", request_body = DraftModelReason,
    responses((status = 204))
)]
async fn stop_model_everywhere(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<DraftModelReason>,
) -> Result<StatusCode, Problem> {
    app.pipeline.stop_model_everywhere(&caller, body.model, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a model that was stopped in every project draft again.
#[utoipa::path(
    post, path = "/draft-models/resume", tag = "holds", request_body = DraftModelReason,
    responses((status = 204))
)]
async fn resume_model_everywhere(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<DraftModelReason>,
) -> Result<StatusCode, Problem> {
    app.pipeline.resume_model_everywhere(&caller, body.model, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
