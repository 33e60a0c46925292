//! The protocol of a project as a document: its versions, drafts of it, and how work moves through its stages.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::HeaderName},
};
use countersign_model::{Industry, Instant, ItemKind, ProjectId};
use countersign_pipeline::{
    projects::ProtocolRef,
    protocols::{CheckedDraft, ProtocolDocument, ProtocolFlow, ProtocolPut, VersionView},
    signing::Components,
};
use countersign_workflow::{parse_protocol, shipped};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, Search, etag},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(templates))
        .routes(routes!(protocol, put))
        .routes(routes!(sign))
        .routes(routes!(withdraw))
        .routes(routes!(check))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(flow))
}

/// A protocol that ships.
#[derive(Serialize, ToSchema)]
struct Template {
    /// Protocol id; projects are made with it.
    id: String,
    title: String,
    industry: Industry,
    item_kind: ItemKind,
    /// The document, YAML.
    document: String,
}

/// A draft of a protocol.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProtocolDraft {
    /// The document, YAML, at most 256 KiB.
    document: String,
}

/// A protocol that is to come into force, signed with the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProtocolToPut {
    /// The document, YAML, at most 256 KiB, with the next version's number.
    document: String,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    password: String,
    /// Why; required once work has begun, and for a version that is dated ahead.
    reason: Option<String>,
    /// From when it is in force, microseconds UTC; at once if not given.
    effective_at: Option<Instant>,
}

/// Why a version that waits does not come into force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanWithdrawal {
    reason: String,
}

/// A signature under the version in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProtocolToSign {
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    password: String,
}

/// What a version is compared with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Comparing {
    /// Another version; the one before it if not given.
    against: Option<u32>,
}

/// The protocols that ship, to begin a draft from.
#[utoipa::path(get, path = "/protocols", tag = "protocols", responses((status = 200, body = Vec<Template>)))]
async fn templates(_signed_in: SignedIn) -> Result<Json<Vec<Template>>, Problem> {
    let template = |(id, document): &(&str, &str)| {
        let protocol = parse_protocol(document).map_err(|_| Problem::internal())?;
        Ok(Template {
            id: (*id).to_owned(),
            title: protocol.title,
            industry: protocol.industry,
            item_kind: protocol.item_kind,
            document: (*document).to_owned(),
        })
    };
    shipped().iter().map(template).collect::<Result<_, Problem>>().map(Json)
}

/// The protocol in force with its text. The entity tag is its version.
#[utoipa::path(
    get, path = "/projects/{project}/protocol", tag = "protocols", params(("project" = ProjectId, Path)),
    responses((status = 200, body = ProtocolDocument))
)]
async fn protocol(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<([(HeaderName, String); 1], Json<ProtocolDocument>), Problem> {
    let document = app.pipeline.protocol_document(&caller, project).await?;
    Ok((etag(document.version.version.into()), Json(document)))
}

/// Puts a new version into force, now or from a later time on, written against the version in `If-Match`. What is under way finishes under its own.
#[utoipa::path(
    post, path = "/projects/{project}/protocol", tag = "protocols",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "The protocol version in quotes.")),
    request_body = ProtocolToPut, responses((status = 201, body = ProtocolRef))
)]
async fn put(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(against): IfMatch,
    Body(body): Body<ProtocolToPut>,
) -> Result<(StatusCode, Json<ProtocolRef>), Problem> {
    // A version that no protocol can have is not the one in force.
    let against = u32::try_from(against).unwrap_or(u32::MAX);
    let (document, reason) = (body.document.as_str(), body.reason.as_deref());
    let components = Components { login: body.login, password: body.password };
    let put = ProtocolPut { against, document, reason, effective_at: body.effective_at };
    let put = app.pipeline.put_protocol_at(&caller, project, put, components).await?;
    Ok((StatusCode::CREATED, Json(put)))
}

/// Signs the version in force, named in `If-Match`, which nobody has signed: work is given out from then on.
#[utoipa::path(
    post, path = "/projects/{project}/protocol/signature", tag = "protocols",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "The protocol version in quotes.")),
    request_body = ProtocolToSign, responses((status = 201, body = ProtocolRef))
)]
async fn sign(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(version): IfMatch,
    Body(body): Body<ProtocolToSign>,
) -> Result<(StatusCode, Json<ProtocolRef>), Problem> {
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    let components = Components { login: body.login, password: body.password };
    Ok((StatusCode::CREATED, Json(app.pipeline.sign_protocol(&caller, project, version, components).await?)))
}

/// Withdraws the version that was signed and waits for its time.
#[utoipa::path(
    post, path = "/projects/{project}/protocol/withdrawal", tag = "protocols",
    params(("project" = ProjectId, Path)), request_body = PlanWithdrawal, responses((status = 204))
)]
async fn withdraw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<PlanWithdrawal>,
) -> Result<StatusCode, Problem> {
    app.pipeline.withdraw_protocol(&caller, project, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what is wrong with a draft, each fault at its line, what it would change and do. Nothing is kept.
#[utoipa::path(
    post, path = "/projects/{project}/protocol/check", tag = "protocols", params(("project" = ProjectId, Path)),
    request_body = ProtocolDraft, responses((status = 200, body = CheckedDraft))
)]
async fn check(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<ProtocolDraft>,
) -> Result<Json<CheckedDraft>, Problem> {
    Ok(Json(app.pipeline.check_protocol(&caller, project, &body.document).await?))
}

/// Every version, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/protocol/versions", tag = "protocols",
    params(("project" = ProjectId, Path)), responses((status = 200, body = Vec<VersionView>))
)]
async fn versions(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<VersionView>>, Problem> {
    Ok(Json(app.pipeline.protocol_versions(&caller, project).await?))
}

/// A version with its text and what it changed.
#[utoipa::path(
    get, path = "/projects/{project}/protocol/versions/{version}", tag = "protocols",
    params(("project" = ProjectId, Path), ("version" = u32, Path), Comparing),
    responses((status = 200, body = ProtocolDocument))
)]
async fn version(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, version)): Ids<(ProjectId, u32)>,
    Search(comparing): Search<Comparing>,
) -> Result<Json<ProtocolDocument>, Problem> {
    Ok(Json(app.pipeline.protocol_document_at(&caller, project, version, comparing.against).await?))
}

/// What waits and what is in work at each stage, and how long tasks waited and took.
#[utoipa::path(
    get, path = "/projects/{project}/protocol/flow", tag = "protocols", params(("project" = ProjectId, Path)),
    responses((status = 200, body = ProtocolFlow))
)]
async fn flow(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<ProtocolFlow>, Problem> {
    Ok(Json(app.pipeline.protocol_flow(&caller, project).await?))
}
