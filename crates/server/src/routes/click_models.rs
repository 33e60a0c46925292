//! Models that segment by clicks: registered, retired, and asked by whoever draws.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{ClickModelId, ProjectId, TaskId};
use countersign_pipeline::clicks::{ClickModelDraft, ClickModelView, ClickModels, Clicks, Segmented};
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
        .routes(routes!(click_models))
        .routes(routes!(register_click_model))
        .routes(routes!(retire_click_model))
        .routes(routes!(segment))
}

/// Why a model is not asked any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClickModelEnd {
    reason: String,
}

/// The models of a project that segment by clicks, with the addresses that the server may call.
#[utoipa::path(
    get, path = "/projects/{project}/click-models", tag = "gate", params(("project" = ProjectId, Path)),
    responses((status = 200, body = ClickModels))
)]
async fn click_models(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<ClickModels>, Problem> {
    Ok(Json(app.pipeline.click_models(&caller, project).await?))
}

/// Registers a model that segments by clicks. A project has at most one in force.
#[utoipa::path(
    post, path = "/projects/{project}/click-models", tag = "gate", params(("project" = ProjectId, Path)),
    request_body = ClickModelDraft, responses((status = 201, body = ClickModelView))
)]
async fn register_click_model(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<ClickModelDraft>,
) -> Result<(StatusCode, Json<ClickModelView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.register_click_model(&caller, project, draft).await?)))
}

/// Retires a model that segments by clicks: it is not asked any more. What was drawn with it stays.
#[utoipa::path(
    post, path = "/click-models/{click_model}/retire", tag = "gate",
    params(("click_model" = ClickModelId, Path)),
    request_body = ClickModelEnd, responses((status = 200, body = ClickModelView))
)]
async fn retire_click_model(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(model): Ids<ClickModelId>,
    Body(body): Body<ClickModelEnd>,
) -> Result<Json<ClickModelView>, Problem> {
    Ok(Json(app.pipeline.retire_click_model(&caller, model, body.reason).await?))
}

/// Asks the project's model for the object around points on a frame of a task that the caller holds. Nothing is saved.
#[utoipa::path(
    post, path = "/tasks/{task}/segment", tag = "work", params(("task" = TaskId, Path)), request_body = Clicks,
    responses((status = 200, body = Segmented))
)]
async fn segment(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(task): Ids<TaskId>,
    Body(clicks): Body<Clicks>,
) -> Result<Json<Segmented>, Problem> {
    Ok(Json(app.pipeline.segment(&caller, task, clicks).await?))
}
