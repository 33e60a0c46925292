//! Guidelines: cards with pictures, drafts, versions, and the rounds of rework that follow from a correction.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use countersign_model::{ExampleId, GuidelineId, ProjectId};
use countersign_pipeline::{
    campaigns::CampaignView,
    guidelines::{
        GuidelineDocument, GuidelineDraft, GuidelineText, GuidelineView, Impact, PICTURE_BYTES_MAX,
        Publication, Published, UploadedPicture,
    },
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::pixels::answer;
use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch},
};

pub fn routes() -> OpenApiRouter<App> {
    let uploads =
        OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::max(PICTURE_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(guideline_version))
        .routes(routes!(withdraw_guideline))
        .routes(routes!(guideline))
        .routes(routes!(save))
        .routes(routes!(impact))
        .routes(routes!(publish))
        .routes(routes!(acknowledge))
        .routes(routes!(example))
        .routes(routes!(campaigns))
        .merge(uploads)
}

/// Which version somebody has read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    guideline: GuidelineId,
}

/// The guideline of a project: the version in force, its history, and the draft for those who may change it.
#[utoipa::path(
    get, path = "/projects/{project}/guideline", tag = "guidelines", params(("project" = ProjectId, Path)),
    responses((status = 200, body = GuidelineView))
)]
async fn guideline(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<GuidelineView>, Problem> {
    Ok(Json(app.pipeline.guideline(&caller, project).await?))
}

/// A published version with its text and cards, in force or not.
#[utoipa::path(
    get, path = "/guidelines/{guideline}", tag = "guidelines", params(("guideline" = GuidelineId, Path)),
    responses((status = 200, body = GuidelineText))
)]
async fn guideline_version(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(guideline): Ids<GuidelineId>,
) -> Result<Json<GuidelineText>, Problem> {
    Ok(Json(app.pipeline.guideline_version(&caller, guideline).await?))
}

/// Saves the draft; revision 0 begins one.
#[utoipa::path(
    put, path = "/projects/{project}/guideline/draft", tag = "guidelines",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "revision in quotes; \"0\" begins a draft")),
    request_body = GuidelineDocument, responses((status = 200, body = GuidelineDraft))
)]
async fn save(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(revision): IfMatch,
    Body(document): Body<GuidelineDocument>,
) -> Result<Json<GuidelineDraft>, Problem> {
    Ok(Json(app.pipeline.save_guideline(&caller, project, revision, document).await?))
}

/// What publishing the draft would touch.
#[utoipa::path(
    get, path = "/projects/{project}/guideline/impact", tag = "guidelines", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Impact))
)]
async fn impact(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Impact>, Problem> {
    Ok(Json(app.pipeline.guideline_impact(&caller, project).await?))
}

/// Publishes the draft, signed with the password.
#[utoipa::path(
    post, path = "/projects/{project}/guideline/publish", tag = "guidelines",
    params(("project" = ProjectId, Path)), request_body = Publication,
    responses((status = 200, body = Published))
)]
async fn publish(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(publication): Body<Publication>,
) -> Result<Json<Published>, Problem> {
    Ok(Json(app.pipeline.publish_guideline(&caller, project, publication).await?))
}

/// Says that the caller has read the version in force and follows it.
#[utoipa::path(
    post, path = "/projects/{project}/guideline/acknowledge", tag = "guidelines",
    params(("project" = ProjectId, Path)), request_body = Acknowledgement,
    responses((status = 200, body = GuidelineView))
)]
async fn acknowledge(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<Acknowledgement>,
) -> Result<Json<GuidelineView>, Problem> {
    Ok(Json(app.pipeline.acknowledge_guideline(&caller, project, body.guideline).await?))
}

/// Keeps a picture for examples, cleaned of everything but its pixels.
#[utoipa::path(
    post, path = "/projects/{project}/guideline/pictures", tag = "guidelines",
    params(("project" = ProjectId, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "a PNG or JPEG image"),
    responses((status = 201, body = UploadedPicture))
)]
async fn upload(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<(StatusCode, Json<UploadedPicture>), Problem> {
    // Forms of other sites cannot send this type without asking first.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some("application/octet-stream") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send application/octet-stream.",
        ));
    }
    Ok((StatusCode::CREATED, Json(app.pipeline.upload_example(&caller, project, bytes).await?)))
}

/// The picture of an example.
#[utoipa::path(
    get, path = "/guidelines/{guideline}/examples/{example}/image", tag = "guidelines",
    params(("guideline" = GuidelineId, Path), ("example" = ExampleId, Path)),
    responses((status = 200, content_type = "image/png"), (status = 304))
)]
async fn example(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((guideline, example)): Ids<(GuidelineId, ExampleId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let picture = app.pipeline.example_picture(&caller, guideline, example).await?;
    Ok(answer(&headers, HeaderMap::new(), picture.kind, picture.bytes))
}

/// Rounds of rework, the newest first.
#[utoipa::path(
    get, path = "/projects/{project}/campaigns", tag = "guidelines", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<CampaignView>))
)]
async fn campaigns(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<CampaignView>>, Problem> {
    Ok(Json(app.pipeline.campaigns(&caller, project).await?))
}

/// Why a draft does not come into force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuidelineWithdrawal {
    reason: String,
}

/// Withdraws the signed draft that waits for its time.
#[utoipa::path(
    post, path = "/projects/{project}/guideline/withdrawal", tag = "guidelines",
    params(("project" = ProjectId, Path)), request_body = GuidelineWithdrawal, responses((status = 204))
)]
async fn withdraw_guideline(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<GuidelineWithdrawal>,
) -> Result<StatusCode, Problem> {
    app.pipeline.withdraw_guideline(&caller, project, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
