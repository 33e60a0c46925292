//! Who has which role on a project.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{ProjectId, Role, UserId};
use countersign_pipeline::projects::GrantView;
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
    OpenApiRouter::new().routes(routes!(grants, make_grant)).routes(routes!(end_grant))
}

/// A role to grant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantDraft {
    user: UserId,
    role: Role,
}

/// The grants of a project.
#[utoipa::path(
    get, path = "/projects/{project}/grants", tag = "grants", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<GrantView>))
)]
async fn grants(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<GrantView>>, Problem> {
    Ok(Json(app.pipeline.grants(&caller, project).await?))
}

/// Grants a role.
#[utoipa::path(
    post, path = "/projects/{project}/grants", tag = "grants", params(("project" = ProjectId, Path)),
    request_body = GrantDraft, responses((status = 201, body = GrantView))
)]
async fn make_grant(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<GrantDraft>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.grant(&caller, project, body.user, body.role).await?)))
}

/// Ends a grant.
#[utoipa::path(
    delete, path = "/projects/{project}/grants/{grant}", tag = "grants",
    params(("project" = ProjectId, Path), ("grant" = Uuid, Path)), responses((status = 204))
)]
async fn end_grant(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, grant)): Ids<(ProjectId, Uuid)>,
) -> Result<StatusCode, Problem> {
    app.pipeline.end_grant(&caller, project, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
