//! Certified labels: frozen, audited blind in an order drawn after that, bounded.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{CertificationId, ProjectId};
use countersign_pipeline::{
    certification::{AuditUnit, CertificationDraft, CertificationView, FindingView, Judgement, OwnJudgement},
    views::Page,
};
use serde::Deserialize;
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
        .routes(routes!(certifications))
        .routes(routes!(certification))
        .routes(routes!(findings))
        .routes(routes!(draw))
        .routes(routes!(end))
        .routes(routes!(next))
        .routes(routes!(image))
        .routes(routes!(own))
        .routes(routes!(judge))
}

/// Routes that may take long: every frozen label is hashed again.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(freeze))
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

/// What is added to the noise that the order is drawn from.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderDraft {
    /// Any words: dice, a lottery number, a newspaper's headline. They come on top of noise of our own.
    #[serde(default)]
    words: String,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndReason {
    reason: String,
}

/// Certifications of a project, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/certifications", tag = "certifications",
    params(("project" = ProjectId, Path), Paging), responses((status = 200, body = Page<CertificationView>))
)]
async fn certifications(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<CertificationView>>, Problem> {
    Ok(Json(app.pipeline.certifications(&caller, project, page.limit, page.cursor).await?))
}

/// Freezes every accepted item that is not held, and the plan of the audit.
#[utoipa::path(
    post, path = "/projects/{project}/certifications", tag = "certifications",
    params(("project" = ProjectId, Path)), request_body = CertificationDraft,
    responses((status = 201, body = CertificationView))
)]
async fn freeze(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<CertificationDraft>,
) -> Result<(StatusCode, Json<CertificationView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.freeze(&caller, project, draft).await?)))
}

/// One certification with its bounds as they are.
#[utoipa::path(
    get, path = "/certifications/{certification}", tag = "certifications",
    params(("certification" = CertificationId, Path)), responses((status = 200, body = CertificationView))
)]
async fn certification(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<CertificationId>,
) -> Result<Json<CertificationView>, Problem> {
    Ok(Json(app.pipeline.certification(&caller, id).await?))
}

/// What was judged, in the order of the audit.
#[utoipa::path(
    get, path = "/certifications/{certification}/findings", tag = "certifications",
    params(("certification" = CertificationId, Path)), responses((status = 200, body = Vec<FindingView>))
)]
async fn findings(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<CertificationId>,
) -> Result<Json<Vec<FindingView>>, Problem> {
    Ok(Json(app.pipeline.findings(&caller, id).await?))
}

/// Draws the order of the audit; the set was frozen before.
#[utoipa::path(
    post, path = "/certifications/{certification}/order", tag = "certifications",
    params(("certification" = CertificationId, Path)), request_body = OrderDraft,
    responses((status = 200, body = CertificationView))
)]
async fn draw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<CertificationId>,
    Body(draft): Body<OrderDraft>,
) -> Result<Json<CertificationView>, Problem> {
    Ok(Json(app.pipeline.draw_order(&caller, id, &draft.words).await?))
}

/// Ends an audit before its target: the bounds hold whenever it ends.
#[utoipa::path(
    post, path = "/certifications/{certification}/end", tag = "certifications",
    params(("certification" = CertificationId, Path)), request_body = EndReason,
    responses((status = 200, body = CertificationView))
)]
async fn end(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<CertificationId>,
    Body(body): Body<EndReason>,
) -> Result<Json<CertificationView>, Problem> {
    Ok(Json(app.pipeline.end_certification(&caller, id, body.reason).await?))
}

/// Gives out the next item that the caller may judge.
#[utoipa::path(
    post, path = "/certifications/{certification}/next", tag = "certifications",
    params(("certification" = CertificationId, Path)), responses((status = 200, body = AuditUnit))
)]
async fn next(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<CertificationId>,
) -> Result<Json<AuditUnit>, Problem> {
    Ok(Json(app.pipeline.next_unit(&caller, id).await?))
}

/// A picture of an item that the caller judges. It is never kept by the browser.
#[utoipa::path(
    get, path = "/certifications/{certification}/units/{position}/frames/{frame}/image", tag = "certifications",
    params(("certification" = CertificationId, Path), ("position" = u32, Path), ("frame" = u32, Path), Rendering),
    responses((status = 200, content_type = "image/png"))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position, frame)): Ids<(CertificationId, u32, u32)>,
    Search(rendering): Search<Rendering>,
) -> Result<Response, Problem> {
    let window = rendering.window()?;
    let picture = app.pipeline.certification_image(&caller, id, position, frame, window).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    Ok((headers, picture.bytes).into_response())
}

/// Says what the caller sees; only then the labels are shown.
#[utoipa::path(
    post, path = "/certifications/{certification}/units/{position}/own", tag = "certifications",
    params(("certification" = CertificationId, Path), ("position" = u32, Path)), request_body = OwnJudgement,
    responses((status = 200, body = AuditUnit))
)]
async fn own(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position)): Ids<(CertificationId, u32)>,
    Body(own): Body<OwnJudgement>,
) -> Result<Json<AuditUnit>, Problem> {
    Ok(Json(app.pipeline.say_own(&caller, id, position, own).await?))
}

/// Judges an item whose labels were shown; the certification as it stands after that.
#[utoipa::path(
    post, path = "/certifications/{certification}/units/{position}/judgement", tag = "certifications",
    params(("certification" = CertificationId, Path), ("position" = u32, Path)), request_body = Judgement,
    responses((status = 200, body = CertificationView))
)]
async fn judge(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position)): Ids<(CertificationId, u32)>,
    Body(judgement): Body<Judgement>,
) -> Result<Json<CertificationView>, Problem> {
    Ok(Json(app.pipeline.judge_unit(&caller, id, position, judgement).await?))
}
