//! Batches: submitted together, inspected by a sample, accepted or sent back together. Items of a sample are given out and
//! looked at by the routes of audits; only what is decided is another.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{BatchId, ProjectId};
use countersign_pipeline::{
    batches::{
        BatchDetail, BatchDraft, BatchRecord, BatchView, BatchesView, PlanDesigns, PlanDraft, PlanPreview,
        PlanWish,
    },
    certification::Judgement,
};
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
        .routes(routes!(list))
        .routes(routes!(plan))
        .routes(routes!(design))
        .routes(routes!(resume))
        .routes(routes!(batch))
        .routes(routes!(draw))
        .routes(routes!(judge))
        .routes(routes!(withdraw))
        .routes(routes!(record))
}

/// Routes that may take long: every label of the batch is hashed again.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(submit))
}

/// What is added to the noise that the order of a sample is drawn from.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchOrderDraft {
    /// Any words: dice, a lottery number, a newspaper's headline. They come on top of noise of our own.
    #[serde(default)]
    words: String,
}

/// Why a batch is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchWithdrawal {
    reason: String,
}

/// Of whom batches are taken again, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchResumption {
    /// Key of the supplier.
    supplier: String,
    /// What has changed since.
    reason: String,
}

/// Batches of a project: what waits for a decision first.
#[utoipa::path(
    get, path = "/projects/{project}/batches", operation_id = "batches", tag = "batches",
    params(("project" = ProjectId, Path)), responses((status = 200, body = BatchesView))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<BatchesView>, Problem> {
    Ok(Json(app.pipeline.batches(&caller, project).await?))
}

/// How a plan would decide about the items of a choice. Changes nothing.
#[utoipa::path(
    post, path = "/projects/{project}/batches/plan", operation_id = "look_at_plan", tag = "batches",
    params(("project" = ProjectId, Path)), request_body = PlanDraft,
    responses((status = 200, body = PlanPreview))
)]
async fn plan(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<PlanDraft>,
) -> Result<Json<PlanPreview>, Problem> {
    Ok(Json(app.pipeline.look_at_plan(&caller, project, draft).await?))
}

/// The smallest plans that accept what should be accepted and return what should be returned. Changes nothing.
#[utoipa::path(
    post, path = "/projects/{project}/batches/design", operation_id = "design_plan", tag = "batches",
    params(("project" = ProjectId, Path)), request_body = PlanWish,
    responses((status = 200, body = PlanDesigns))
)]
async fn design(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(wish): Body<PlanWish>,
) -> Result<Json<PlanDesigns>, Problem> {
    Ok(Json(app.pipeline.design_plan(&caller, project, wish).await?))
}

/// Submits a batch: items, labels and plan are fixed from here on.
#[utoipa::path(
    post, path = "/projects/{project}/batches", operation_id = "submit_batch", tag = "batches",
    params(("project" = ProjectId, Path)), request_body = BatchDraft,
    responses((status = 201, body = BatchView))
)]
async fn submit(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<BatchDraft>,
) -> Result<(StatusCode, Json<BatchView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.submit_batch(&caller, project, draft).await?)))
}

/// Takes batches of a supplier again after inspection was discontinued.
#[utoipa::path(
    post, path = "/projects/{project}/batches/resume", operation_id = "resume_inspection", tag = "batches",
    params(("project" = ProjectId, Path)), request_body = BatchResumption,
    responses((status = 200, body = BatchesView))
)]
async fn resume(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<BatchResumption>,
) -> Result<Json<BatchesView>, Problem> {
    Ok(Json(app.pipeline.resume_inspection(&caller, project, body.supplier, body.reason).await?))
}

/// One batch with the curve of its plan.
#[utoipa::path(
    get, path = "/batches/{batch}", operation_id = "batch", tag = "batches",
    params(("batch" = BatchId, Path)), responses((status = 200, body = BatchDetail))
)]
async fn batch(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<BatchId>,
) -> Result<Json<BatchDetail>, Problem> {
    Ok(Json(app.pipeline.batch(&caller, id).await?))
}

/// Draws the order of the sample; the batch was submitted before.
#[utoipa::path(
    post, path = "/batches/{batch}/order", operation_id = "draw_batch", tag = "batches",
    params(("batch" = BatchId, Path)), request_body = BatchOrderDraft, responses((status = 200, body = BatchDetail))
)]
async fn draw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<BatchId>,
    Body(draft): Body<BatchOrderDraft>,
) -> Result<Json<BatchDetail>, Problem> {
    Ok(Json(app.pipeline.draw_batch(&caller, id, &draft.words).await?))
}

/// Judges an item of the sample whose labels were shown; the batch as it stands after that.
#[utoipa::path(
    post, path = "/batches/{batch}/units/{position}/judgement", operation_id = "judge_batch_unit", tag = "batches",
    params(("batch" = BatchId, Path), ("position" = u32, Path)), request_body = Judgement,
    responses((status = 200, body = BatchDetail))
)]
async fn judge(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position)): Ids<(BatchId, u32)>,
    Body(judgement): Body<Judgement>,
) -> Result<Json<BatchDetail>, Problem> {
    Ok(Json(app.pipeline.judge_batch_unit(&caller, id, position, judgement).await?))
}

/// Takes an open batch back.
#[utoipa::path(
    post, path = "/batches/{batch}/withdraw", operation_id = "withdraw_batch", tag = "batches",
    params(("batch" = BatchId, Path)), request_body = BatchWithdrawal,
    responses((status = 200, body = BatchDetail))
)]
async fn withdraw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<BatchId>,
    Body(body): Body<BatchWithdrawal>,
) -> Result<Json<BatchDetail>, Problem> {
    Ok(Json(app.pipeline.withdraw_batch(&caller, id, body.reason).await?))
}

/// Everything that it takes to draw the sample and to decide again: for `countersign verify`.
#[utoipa::path(
    get, path = "/batches/{batch}/record", operation_id = "batch_record", tag = "batches",
    params(("batch" = BatchId, Path)), responses((status = 200, body = BatchRecord))
)]
async fn record(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<BatchId>,
) -> Result<Response, Problem> {
    let record = app.pipeline.batch_record(&caller, id).await?;
    let mut headers = HeaderMap::new();
    let name = HeaderValue::from_static("attachment; filename=\"batch.json\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok((headers, Json(record)).into_response())
}
