//! What the gate did: reports, evidence per file, sampled audits.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{AuditId, IngestId, ItemId, LeakId, ProjectId};
use countersign_pipeline::{
    oversight::{AuditAnswer, AuditItemView, AuditSample, AuditView, CleaningView, PrivacyReport},
    views::Page,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
    routes::pixels::Rendering,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(cleanings))
        .routes(routes!(audits))
        .routes(routes!(open))
        .routes(routes!(audit))
        .routes(routes!(audit_items))
        .routes(routes!(audit_image))
        .routes(routes!(answer))
}

/// Which batch.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Batch {
    /// A run of ingest; the whole project when absent.
    batch: Option<IngestId>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Paging {
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// An answered item: the audit as it stands, and the leak that the answer opened.
#[derive(Serialize, ToSchema)]
struct AuditAnswered {
    /// Audit.
    audit: AuditView,
    /// Leak.
    leak: Option<LeakId>,
}

/// What the gate did to a batch or a project: rule sets, the 18 Safe Harbor classes, actions by path.
#[utoipa::path(
    get, path = "/projects/{project}/privacy-report", tag = "oversight",
    params(("project" = ProjectId, Path), Batch), responses((status = 200, body = PrivacyReport))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(query): Search<Batch>,
) -> Result<Json<PrivacyReport>, Problem> {
    Ok(Json(app.pipeline.privacy_report(&caller, project, query.batch).await?))
}

/// What was done to each file of an item.
#[utoipa::path(
    get, path = "/items/{item}/cleanings", tag = "oversight", params(("item" = ItemId, Path), Paging),
    responses((status = 200, body = Page<CleaningView>))
)]
async fn cleanings(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<CleaningView>>, Problem> {
    Ok(Json(app.pipeline.cleanings(&caller, item, page.limit, page.cursor).await?))
}

/// Audits of a project, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/audits", tag = "oversight", params(("project" = ProjectId, Path), Paging),
    responses((status = 200, body = Page<AuditView>))
)]
async fn audits(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<AuditView>>, Problem> {
    Ok(Json(app.pipeline.audits(&caller, project, page.limit, page.cursor).await?))
}

/// Draws a sample of what was cleared, to be looked at.
#[utoipa::path(
    post, path = "/projects/{project}/audits", tag = "oversight", params(("project" = ProjectId, Path)),
    request_body = AuditSample, responses((status = 201, body = AuditView))
)]
async fn open(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(plan): Body<AuditSample>,
) -> Result<(StatusCode, Json<AuditView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.open_audit(&caller, project, plan).await?)))
}

/// One audit, with its bound once it is closed.
#[utoipa::path(
    get, path = "/audits/{audit}", tag = "oversight", params(("audit" = AuditId, Path)),
    responses((status = 200, body = AuditView))
)]
async fn audit(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(audit): Ids<AuditId>,
) -> Result<Json<AuditView>, Problem> {
    Ok(Json(app.pipeline.audit(&caller, audit).await?))
}

/// The sample in its order.
#[utoipa::path(
    get, path = "/audits/{audit}/items", tag = "oversight", params(("audit" = AuditId, Path)),
    responses((status = 200, body = Vec<AuditItemView>))
)]
async fn audit_items(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(audit): Ids<AuditId>,
) -> Result<Json<Vec<AuditItemView>>, Problem> {
    Ok(Json(app.pipeline.audit_items(&caller, audit).await?))
}

/// A picture of an item of the sample. It is never kept by the browser.
#[utoipa::path(
    get, path = "/audits/{audit}/items/{position}/frames/{frame}/image", tag = "oversight",
    params(("audit" = AuditId, Path), ("position" = u32, Path), ("frame" = u32, Path), Rendering),
    responses((status = 200, content_type = "image/png"))
)]
async fn audit_image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((audit, position, frame)): Ids<(AuditId, u32, u32)>,
    Search(rendering): Search<Rendering>,
) -> Result<Response, Problem> {
    let picture = app.pipeline.audit_image(&caller, audit, position, frame, rendering.window()?).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    Ok((headers, picture.bytes).into_response())
}

/// Says what was seen in an item of the sample; a leak recalls its batch.
#[utoipa::path(
    post, path = "/audits/{audit}/items/{position}/answer", tag = "oversight",
    params(("audit" = AuditId, Path), ("position" = u32, Path)), request_body = AuditAnswer,
    responses((status = 200, body = AuditAnswered))
)]
async fn answer(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((audit, position)): Ids<(AuditId, u32)>,
    Body(body): Body<AuditAnswer>,
) -> Result<Json<AuditAnswered>, Problem> {
    let (audit, leak) = app.pipeline.answer_audit(&caller, audit, position, body).await?;
    Ok(Json(AuditAnswered { audit, leak }))
}
