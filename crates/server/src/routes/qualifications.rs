//! Qualifications: who holds which certificate until when.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{ProjectId, QualificationId};
use countersign_pipeline::qualifications::{
    PAPER_BYTES_MAX, QualificationDraft, QualificationView, QualificationsView,
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
    let papers =
        OpenApiRouter::new().routes(routes!(keep, paper)).layer(DefaultBodyLimit::max(PAPER_BYTES_MAX + 1));
    OpenApiRouter::new()
        .merge(papers)
        .routes(routes!(of_project, issue))
        .routes(routes!(everywhere, issue_everywhere))
        .routes(routes!(revoke))
        .routes(routes!(mine))
}

/// Why a certificate is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revocation {
    reason: String,
}

/// The certificates that count on a project, and what its protocol asks for.
#[utoipa::path(
    get, path = "/projects/{project}/qualifications", tag = "qualifications", params(("project" = ProjectId, Path)),
    responses((status = 200, body = QualificationsView))
)]
async fn of_project(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<QualificationsView>, Problem> {
    Ok(Json(app.pipeline.qualifications(&caller, project).await?))
}

/// Enters a certificate that counts on the project.
#[utoipa::path(
    post, path = "/projects/{project}/qualifications", tag = "qualifications",
    params(("project" = ProjectId, Path)), request_body = QualificationDraft,
    responses((status = 201, body = QualificationView))
)]
async fn issue(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<QualificationDraft>,
) -> Result<(StatusCode, Json<QualificationView>), Problem> {
    let made = app.pipeline.issue_qualification(&caller, Some(project), draft).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The certificates that count on every project.
#[utoipa::path(
    get, path = "/qualifications", tag = "qualifications", responses((status = 200, body = Vec<QualificationView>))
)]
async fn everywhere(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<QualificationView>>, Problem> {
    Ok(Json(app.pipeline.all_qualifications(&caller).await?))
}

/// Enters a certificate that counts on every project.
#[utoipa::path(
    post, path = "/qualifications", tag = "qualifications", request_body = QualificationDraft,
    responses((status = 201, body = QualificationView))
)]
async fn issue_everywhere(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(draft): Body<QualificationDraft>,
) -> Result<(StatusCode, Json<QualificationView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.issue_qualification(&caller, None, draft).await?)))
}

/// Takes a certificate back, at once and for good.
#[utoipa::path(
    post, path = "/qualifications/{qualification}/revoke", tag = "qualifications",
    params(("qualification" = QualificationId, Path)), request_body = Revocation,
    responses((status = 200, body = QualificationView))
)]
async fn revoke(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(qualification): Ids<QualificationId>,
    Body(body): Body<Revocation>,
) -> Result<Json<QualificationView>, Problem> {
    Ok(Json(app.pipeline.revoke_qualification(&caller, qualification, body.reason).await?))
}

/// The caller's own certificates.
#[utoipa::path(
    get, path = "/me/qualifications", tag = "qualifications",
    responses((status = 200, body = Vec<QualificationView>))
)]
async fn mine(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<QualificationView>>, Problem> {
    Ok(Json(app.pipeline.my_qualifications(&caller).await?))
}

/// Keeps the document behind a certificate, once: a PDF, PNG or JPEG file.
#[utoipa::path(
    put, path = "/qualifications/{qualification}/paper", tag = "qualifications",
    params(("qualification" = QualificationId, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "a PDF, PNG or JPEG file of up to 8 MB"),
    responses((status = 200, body = QualificationView))
)]
async fn keep(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(qualification): Ids<QualificationId>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<QualificationView>, Problem> {
    // Forms of other sites cannot send this type without asking first.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some("application/octet-stream") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send application/octet-stream.",
        ));
    }
    Ok(Json(app.pipeline.keep_paper(&caller, qualification, bytes).await?))
}

/// The document behind a certificate, as a file to be kept.
#[utoipa::path(
    get, path = "/qualifications/{qualification}/paper", tag = "qualifications",
    params(("qualification" = QualificationId, Path)),
    responses((status = 200, content_type = "application/octet-stream"))
)]
async fn paper(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(qualification): Ids<QualificationId>,
) -> Result<Response, Problem> {
    let paper = app.pipeline.paper(&caller, qualification).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(paper.kind));
    // Never opened in place: what somebody sent is no page of ours.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", paper.file_name));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok((headers, paper.bytes).into_response())
}
