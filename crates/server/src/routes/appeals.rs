//! Appeals: what readers say against reviews of their reads, and what a third person decides.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{AppealId, ProjectId};
use countersign_pipeline::appeals::{AppealCase, AppealDecision, AppealView, OwnAppeal, ReturnedList};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(returned))
        .routes(routes!(appeal))
        .routes(routes!(list))
        .routes(routes!(case))
        .routes(routes!(decide))
}

/// What somebody says against a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgainstReview {
    words: String,
}

/// Reviews that changed the caller's reads or sent them back, and how the caller stands.
#[utoipa::path(get, path = "/me/returned", tag = "appeals", responses((status = 200, body = ReturnedList)))]
async fn returned(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<ReturnedList>, Problem> {
    Ok(Json(app.pipeline.returned_work(&caller).await?))
}

/// Speaks against a review of one's own read, once.
#[utoipa::path(
    post, path = "/reviews/{review}/appeal", tag = "appeals", params(("review" = Uuid, Path)),
    request_body = AgainstReview, responses((status = 201, body = OwnAppeal))
)]
async fn appeal(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(review): Ids<Uuid>,
    Body(body): Body<AgainstReview>,
) -> Result<(StatusCode, Json<OwnAppeal>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.appeal_review(&caller, review, body.words).await?)))
}

/// The appeals of a project, those that wait first. Nobody is named.
#[utoipa::path(
    get, path = "/projects/{project}/appeals", tag = "appeals", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<AppealView>))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<AppealView>>, Problem> {
    Ok(Json(app.pipeline.appeals(&caller, project).await?))
}

/// What an appeal is about: the marks as they were handed in, and as the reviewer left them.
#[utoipa::path(
    get, path = "/appeals/{appeal}", tag = "appeals", params(("appeal" = AppealId, Path)),
    responses((status = 200, body = AppealCase))
)]
async fn case(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(appeal): Ids<AppealId>,
) -> Result<Json<AppealCase>, Problem> {
    Ok(Json(app.pipeline.appeal_case(&caller, appeal).await?))
}

/// Decides an appeal. Neither the reader nor the reviewer may.
#[utoipa::path(
    post, path = "/appeals/{appeal}/decision", tag = "appeals", params(("appeal" = AppealId, Path)),
    request_body = AppealDecision, responses((status = 200, body = AppealView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(appeal): Ids<AppealId>,
    Body(decision): Body<AppealDecision>,
) -> Result<Json<AppealView>, Problem> {
    Ok(Json(app.pipeline.decide_appeal(&caller, appeal, decision).await?))
}
