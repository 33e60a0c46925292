//! Studies of people's eyes: planned, judged blind in drawn orders, signed.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{AppraisalId, ProjectId, UserId};
use countersign_pipeline::{
    appraisals::{
        AppraisalAnswer, AppraisalDraft, AppraisalRecord, AppraisalTurn, AppraisalView, PartCandidate,
    },
    signing::Components,
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
        .routes(routes!(appraisals))
        .routes(routes!(appraisal))
        .routes(routes!(draw))
        .routes(routes!(end))
        .routes(routes!(next))
        .routes(routes!(image))
        .routes(routes!(answer))
        .routes(routes!(issue))
        .routes(routes!(record))
        .routes(routes!(table))
}

/// Routes that may take long: every part is hashed again, every accepted item is looked at.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(freeze)).routes(routes!(candidates))
}

/// A table as a file.
type Table = ([(HeaderName, &'static str); 2], String);

const TABLE: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"answers.csv\""),
];

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

/// Which items, for what and for whom.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Classes that make a part bad, with commas between them; any label at all where absent.
    classes: Option<String>,
    /// Ids of people whose eyes are to be studied, with commas between them.
    people: Option<String>,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// What is added to the noise that the orders are drawn from.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppraisalOrder {
    /// Any words: dice, a lottery number, a newspaper's headline. They come on top of noise of our own.
    #[serde(default)]
    words: String,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppraisalEnd {
    reason: String,
}

/// A signature.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppraisalSignature {
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    password: String,
}

fn listed(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Studies of a project, newest first: for those who do not see its quality, those in which they judge.
#[utoipa::path(
    get, path = "/projects/{project}/appraisals", tag = "appraisals",
    params(("project" = ProjectId, Path), Paging), responses((status = 200, body = Page<AppraisalView>))
)]
async fn appraisals(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<AppraisalView>>, Problem> {
    Ok(Json(app.pipeline.appraisals(&caller, project, page.limit, page.cursor).await?))
}

/// Accepted items that could be parts, with what their labels say, and for whom they are none.
#[utoipa::path(
    get, path = "/projects/{project}/appraisals/candidates", tag = "appraisals",
    params(("project" = ProjectId, Path), Wanted), responses((status = 200, body = Page<PartCandidate>))
)]
async fn candidates(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(wanted): Search<Wanted>,
) -> Result<Json<Page<PartCandidate>>, Problem> {
    let classes = listed(wanted.classes);
    let people: Vec<UserId> = listed(wanted.people).iter().filter_map(|id| id.parse().ok()).collect();
    let page = (wanted.limit, wanted.cursor);
    Ok(Json(app.pipeline.appraisal_candidates(&caller, project, &classes, &people, page).await?))
}

/// Freezes a study: parts, references, people, limits.
#[utoipa::path(
    post, path = "/projects/{project}/appraisals", tag = "appraisals",
    params(("project" = ProjectId, Path)), request_body = AppraisalDraft,
    responses((status = 201, body = AppraisalView))
)]
async fn freeze(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<AppraisalDraft>,
) -> Result<(StatusCode, Json<AppraisalView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.freeze_appraisal(&caller, project, draft).await?)))
}

/// One study.
#[utoipa::path(
    get, path = "/appraisals/{appraisal}", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), responses((status = 200, body = AppraisalView))
)]
async fn appraisal(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
) -> Result<Json<AppraisalView>, Problem> {
    Ok(Json(app.pipeline.appraisal(&caller, id).await?))
}

/// Draws everybody's order; the study was frozen before.
#[utoipa::path(
    post, path = "/appraisals/{appraisal}/order", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), request_body = AppraisalOrder,
    responses((status = 200, body = AppraisalView))
)]
async fn draw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
    Body(draft): Body<AppraisalOrder>,
) -> Result<Json<AppraisalView>, Problem> {
    Ok(Json(app.pipeline.draw_appraisal(&caller, id, &draft.words).await?))
}

/// Ends a study before everybody is through.
#[utoipa::path(
    post, path = "/appraisals/{appraisal}/end", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), request_body = AppraisalEnd,
    responses((status = 200, body = AppraisalView))
)]
async fn end(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
    Body(body): Body<AppraisalEnd>,
) -> Result<Json<AppraisalView>, Problem> {
    Ok(Json(app.pipeline.end_appraisal(&caller, id, body.reason).await?))
}

/// Gives out the next part that the caller has to judge.
#[utoipa::path(
    post, path = "/appraisals/{appraisal}/next", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), responses((status = 200, body = AppraisalTurn))
)]
async fn next(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
) -> Result<Json<AppraisalTurn>, Problem> {
    Ok(Json(app.pipeline.next_turn(&caller, id).await?))
}

/// A picture of the part that the caller judges now. It is never kept by the browser.
#[utoipa::path(
    get, path = "/appraisals/{appraisal}/turns/{position}/frames/{frame}/image", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path), ("position" = u32, Path), ("frame" = u32, Path), Rendering),
    responses((status = 200, content_type = "image/png"))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position, frame)): Ids<(AppraisalId, u32, u32)>,
    Search(rendering): Search<Rendering>,
) -> Result<Response, Problem> {
    let window = rendering.window()?;
    let picture = app.pipeline.turn_image(&caller, id, position, frame, window).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(picture.kind));
    Ok((headers, picture.bytes).into_response())
}

/// Answers, for good; what comes next.
#[utoipa::path(
    post, path = "/appraisals/{appraisal}/turns/{position}/answer", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path), ("position" = u32, Path)), request_body = AppraisalAnswer,
    responses((status = 200, body = AppraisalTurn))
)]
async fn answer(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((id, position)): Ids<(AppraisalId, u32)>,
    Body(answer): Body<AppraisalAnswer>,
) -> Result<Json<AppraisalTurn>, Problem> {
    Ok(Json(app.pipeline.judge_turn(&caller, id, position, answer).await?))
}

/// Signs what came of a study: its qualification is given and taken.
#[utoipa::path(
    post, path = "/appraisals/{appraisal}/issue", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), request_body = AppraisalSignature,
    responses((status = 200, body = AppraisalView))
)]
async fn issue(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
    Body(body): Body<AppraisalSignature>,
) -> Result<Json<AppraisalView>, Problem> {
    let components = Components { login: body.login, password: body.password };
    Ok(Json(app.pipeline.issue_appraisal(&caller, id, components).await?))
}

/// The record of a study that is over: what was frozen, the orders' seed, every answer, the figures.
#[utoipa::path(
    get, path = "/appraisals/{appraisal}/record", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), responses((status = 200, body = AppraisalRecord))
)]
async fn record(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
) -> Result<Json<AppraisalRecord>, Problem> {
    Ok(Json(app.pipeline.appraisal_record(&caller, id).await?))
}

/// Every answer of a study that is over beside its reference, as a table.
#[utoipa::path(
    get, path = "/appraisals/{appraisal}/answers.csv", tag = "appraisals",
    params(("appraisal" = AppraisalId, Path)), responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(id): Ids<AppraisalId>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.appraisal_csv(&caller, id).await?))
}
