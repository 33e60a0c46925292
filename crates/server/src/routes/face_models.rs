//! Models that find faces and plates: registered, measured on the customer's labelled frames, retired.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use countersign_model::{FaceModelId, FaceRunId, ProjectId};
use countersign_pipeline::models::{
    FaceModelDraft, FaceModelView, FaceModels, FaceRunView, ModelCheck, SampleDraft,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

/// Largest sample, bytes: 100 000 labels of 100 bytes, and the frames.
const SAMPLE_BYTES_MAX: usize = 16 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(models))
        .routes(routes!(register))
        .routes(routes!(model))
        .routes(routes!(check))
        .routes(routes!(retire))
        .routes(routes!(run))
        .routes(routes!(look_again))
}

/// Checking a sample reads each of its frames.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open_run)).layer(DefaultBodyLimit::max(SAMPLE_BYTES_MAX))
}

/// The models of a project, with the addresses that the server may call and what the protocol says.
#[utoipa::path(
    get, path = "/projects/{project}/face-models", tag = "gate", params(("project" = ProjectId, Path)),
    responses((status = 200, body = FaceModels))
)]
async fn models(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<FaceModels>, Problem> {
    Ok(Json(app.pipeline.face_models(&caller, project).await?))
}

/// Registers a model. The same name with another configuration is a new revision, which has to be measured anew.
#[utoipa::path(
    post, path = "/projects/{project}/face-models", tag = "gate", params(("project" = ProjectId, Path)),
    request_body = FaceModelDraft, responses((status = 201, body = FaceModelView))
)]
async fn register(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<FaceModelDraft>,
) -> Result<(StatusCode, Json<FaceModelView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.register_face_model(&caller, project, draft).await?)))
}

/// One model with its runs.
#[utoipa::path(
    get, path = "/face-models/{model}", tag = "gate", params(("model" = FaceModelId, Path)),
    responses((status = 200, body = FaceModelView))
)]
async fn model(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(model): Ids<FaceModelId>,
) -> Result<Json<FaceModelView>, Problem> {
    Ok(Json(app.pipeline.face_model(&caller, model).await?))
}

/// Asks the model's server whether it is ready. No pixel is sent.
#[utoipa::path(
    post, path = "/face-models/{model}/check", tag = "gate", params(("model" = FaceModelId, Path)),
    responses((status = 200, body = ModelCheck))
)]
async fn check(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(model): Ids<FaceModelId>,
) -> Result<Json<ModelCheck>, Problem> {
    Ok(Json(app.pipeline.check_face_model(&caller, model).await?))
}

/// Retires a model: the gate does not believe it any more. What it cleared stays.
#[utoipa::path(
    post, path = "/face-models/{model}/retire", tag = "gate", params(("model" = FaceModelId, Path)),
    responses((status = 200, body = FaceModelView))
)]
async fn retire(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(model): Ids<FaceModelId>,
) -> Result<Json<FaceModelView>, Problem> {
    Ok(Json(app.pipeline.retire_face_model(&caller, model).await?))
}

/// Measures a model on a labelled sample, in the background. Its newest finished run counts.
#[utoipa::path(
    post, path = "/face-models/{model}/runs", tag = "gate", params(("model" = FaceModelId, Path)),
    request_body = SampleDraft, responses((status = 202, body = FaceRunView))
)]
async fn open_run(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(model): Ids<FaceModelId>,
    Body(sample): Body<SampleDraft>,
) -> Result<(StatusCode, Json<FaceRunView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(app.pipeline.open_face_run(&caller, model, sample).await?)))
}

/// How far a run is, and what it came to.
#[utoipa::path(
    get, path = "/face-runs/{run}", tag = "gate", params(("run" = FaceRunId, Path)),
    responses((status = 200, body = FaceRunView))
)]
async fn run(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(run): Ids<FaceRunId>,
) -> Result<Json<FaceRunView>, Problem> {
    Ok(Json(app.pipeline.face_run(&caller, run).await?))
}

/// Has the gate look again at everything that waits, such as after a model server came back.
#[utoipa::path(
    post, path = "/projects/{project}/gate/again", tag = "gate", params(("project" = ProjectId, Path)),
    responses((status = 204))
)]
async fn look_again(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<StatusCode, Problem> {
    app.pipeline.look_again(&caller, project).await?;
    Ok(StatusCode::NO_CONTENT)
}
