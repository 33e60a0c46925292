//! What a privacy officer does about people: subjects, erasure, re-identification, the state of the vault.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{ItemId, PrivacyRequestId, ProjectId, SubjectId};
use countersign_pipeline::{
    privacy::{
        CertificateView, Decision, PrivacyRequestView, RequestDraft, Revealed, SubjectView, VaultStatus,
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
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(subjects))
        .routes(routes!(find))
        .routes(routes!(vault))
        .routes(routes!(requests))
        .routes(routes!(erase))
        .routes(routes!(reidentify))
        .routes(routes!(decide))
        .routes(routes!(reveal))
        .routes(routes!(certificate))
        .routes(routes!(certificate_text))
}

/// Which subjects to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SubjectPage {
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// A patient as the source names them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PatientSearch {
    /// Patient ID at the source.
    patient_id: String,
    /// Who issued it; empty where the files name nobody.
    #[serde(default)]
    issuer: String,
    /// Why somebody looks.
    reason: String,
}

/// Whom to erase, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ErasureWish {
    subject: SubjectId,
    reason: String,
}

/// In which item the person is, and why somebody must know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReidentificationWish {
    item: ItemId,
    reason: String,
}

/// What a second person can decide.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PrivacyChoice {
    /// Let it happen.
    Approve,
    /// Do not.
    Refuse,
}

/// A second person's decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivacyDecision {
    decision: PrivacyChoice,
    reason: String,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    /// The decider's password, entered again.
    password: String,
}

/// The subjects of a project: pseudonyms and counts, never names.
#[utoipa::path(
    get, path = "/projects/{project}/subjects", tag = "privacy",
    params(("project" = ProjectId, Path), SubjectPage),
    responses((status = 200, body = Page<SubjectView>))
)]
async fn subjects(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<SubjectPage>,
) -> Result<Json<Page<SubjectView>>, Problem> {
    Ok(Json(app.pipeline.subjects(&caller, project, page.limit, page.cursor).await?))
}

/// The subject behind a patient ID, looked up through the vault. The patient ID is in the body, so that no log of
/// addresses has it.
#[utoipa::path(
    post, path = "/projects/{project}/subjects/search", tag = "privacy", params(("project" = ProjectId, Path)),
    request_body = PatientSearch, responses((status = 200, body = SubjectView))
)]
async fn find(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<PatientSearch>,
) -> Result<Json<SubjectView>, Problem> {
    let PatientSearch { patient_id, issuer, reason } = body;
    Ok(Json(app.pipeline.find_subject(&caller, project, &patient_id, &issuer, reason).await?))
}

/// Whether vault and keyring are there.
#[utoipa::path(
    get, path = "/projects/{project}/vault", tag = "privacy", params(("project" = ProjectId, Path)),
    responses((status = 200, body = VaultStatus))
)]
async fn vault(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<VaultStatus>, Problem> {
    Ok(Json(app.pipeline.vault_status(&caller, project).await?))
}

/// Requests for erasure and re-identification, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/privacy-requests", tag = "privacy", params(("project" = ProjectId, Path)),
    responses((status = 200, body = [PrivacyRequestView]))
)]
async fn requests(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<PrivacyRequestView>>, Problem> {
    Ok(Json(app.pipeline.privacy_requests(&caller, project).await?))
}

/// Asks for the erasure of a subject. Nothing happens before a second person has agreed.
#[utoipa::path(
    post, path = "/projects/{project}/erasures", tag = "privacy", params(("project" = ProjectId, Path)),
    request_body = ErasureWish, responses((status = 201, body = PrivacyRequestView))
)]
async fn erase(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<ErasureWish>,
) -> Result<(StatusCode, Json<PrivacyRequestView>), Problem> {
    let draft = RequestDraft::Erasure(body.subject);
    let made = app.pipeline.request_privacy(&caller, project, draft, body.reason).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Asks who the person in an item is. Nothing is shown before a second person has agreed.
#[utoipa::path(
    post, path = "/projects/{project}/reidentifications", tag = "privacy", params(("project" = ProjectId, Path)),
    request_body = ReidentificationWish, responses((status = 201, body = PrivacyRequestView))
)]
async fn reidentify(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<ReidentificationWish>,
) -> Result<(StatusCode, Json<PrivacyRequestView>), Problem> {
    let draft = RequestDraft::Reidentification(body.item);
    let made = app.pipeline.request_privacy(&caller, project, draft, body.reason).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Approves or refuses a request of somebody else.
#[utoipa::path(
    post, path = "/privacy-requests/{request}/decision", tag = "privacy",
    params(("request" = PrivacyRequestId, Path)), request_body = PrivacyDecision,
    responses((status = 200, body = PrivacyRequestView))
)]
async fn decide(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(request): Ids<PrivacyRequestId>,
    Body(body): Body<PrivacyDecision>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let approve = matches!(body.decision, PrivacyChoice::Approve);
    let decision = Decision {
        approve,
        reason: body.reason,
        password: Components { login: body.login, password: body.password },
    };
    Ok(Json(app.pipeline.decide_privacy(&caller, request, decision).await?))
}

/// Who the person is: to whoever asked, once, within the time. The answer is never kept by the browser.
#[utoipa::path(
    post, path = "/privacy-requests/{request}/reveal", tag = "privacy",
    params(("request" = PrivacyRequestId, Path)), responses((status = 200, body = Revealed))
)]
async fn reveal(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(request): Ids<PrivacyRequestId>,
) -> Result<Json<Revealed>, Problem> {
    Ok(Json(app.pipeline.reveal(&caller, request).await?))
}

/// The certificate of an erasure.
#[utoipa::path(
    get, path = "/privacy-requests/{request}/certificate", tag = "privacy",
    params(("request" = PrivacyRequestId, Path)), responses((status = 200, body = CertificateView))
)]
async fn certificate(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(request): Ids<PrivacyRequestId>,
) -> Result<Json<CertificateView>, Problem> {
    Ok(Json(app.pipeline.erasure_certificate(&caller, request).await?))
}

/// The certificate for people: a signed note.
#[utoipa::path(
    get, path = "/privacy-requests/{request}/certificate/text", tag = "privacy",
    params(("request" = PrivacyRequestId, Path)), responses((status = 200, content_type = "text/plain"))
)]
async fn certificate_text(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(request): Ids<PrivacyRequestId>,
) -> Result<Response, Problem> {
    let found = app.pipeline.erasure_certificate(&caller, request).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok((headers, found.note).into_response())
}
