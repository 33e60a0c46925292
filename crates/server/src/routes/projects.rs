//! Projects and the declaration that their data is public.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::ProjectId;
use countersign_pipeline::{
    projects::{ProjectDetail, ProjectSummary},
    signing::Components,
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
        .routes(routes!(projects, make_project))
        .routes(routes!(project))
        .routes(routes!(declare))
}

/// A project to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProjectDraft {
    name: String,
    /// Name of a protocol that ships: `radiology`, `radiology_double`, `driving`, `inspection` or `images`.
    protocol: String,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    /// With it the protocol is signed at once; without, nobody is given work before it is.
    password: Option<String>,
}

/// What a privacy officer declares.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Statement {
    /// The project holds publicly released data.
    PubliclyReleased,
}

/// A declaration, signed with the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Declaration {
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    password: String,
    statement: Statement,
}

/// The caller's projects.
#[utoipa::path(get, path = "/projects", tag = "projects", responses((status = 200, body = Vec<ProjectSummary>)))]
async fn projects(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<ProjectSummary>>, Problem> {
    Ok(Json(app.pipeline.projects(&caller).await?))
}

/// Makes a project under one of the protocols that ship, which is signed at once where a password is given.
#[utoipa::path(
    post, path = "/projects", tag = "projects", request_body = ProjectDraft,
    responses((status = 201, body = ProjectSummary))
)]
async fn make_project(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<ProjectDraft>,
) -> Result<(StatusCode, Json<ProjectSummary>), Problem> {
    let ProjectDraft { name, protocol, login, password } = body;
    let components = password.map(|password| Components { login, password });
    let made = app.pipeline.make_project(&caller, &name, &protocol, components).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A project with its protocol and the counts that the caller may know.
#[utoipa::path(
    get, path = "/projects/{project}", tag = "projects", params(("project" = ProjectId, Path)),
    responses((status = 200, body = ProjectDetail))
)]
async fn project(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<ProjectDetail>, Problem> {
    Ok(Json(app.pipeline.project(&caller, project).await?))
}

/// Signs, once, that the project holds publicly released data.
#[utoipa::path(
    post, path = "/projects/{project}/declaration", tag = "projects", params(("project" = ProjectId, Path)),
    request_body = Declaration, responses((status = 204))
)]
async fn declare(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<Declaration>,
) -> Result<StatusCode, Problem> {
    let components = Components { login: body.login, password: body.password };
    match body.statement {
        Statement::PubliclyReleased => app.pipeline.declare_public(&caller, project, components).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
