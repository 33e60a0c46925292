//! The classes of a project: dry runs, changes, history.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{Instant, ProjectId};
use countersign_pipeline::{
    ontology::{DryRun, OntologyChangeView, OntologyDraft, OntologyOperation},
    projects::ProtocolRef,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(changes, change)).routes(routes!(dry_run)).routes(routes!(plan))
}

/// What is to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OntologyTrial {
    /// What would be done, in this order.
    operations: Vec<OntologyOperation>,
}

/// The changes of a project's classes, the newest first.
#[utoipa::path(
    get, path = "/projects/{project}/ontology", tag = "ontology", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<OntologyChangeView>))
)]
async fn changes(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<OntologyChangeView>>, Problem> {
    Ok(Json(app.pipeline.ontology_changes(&caller, project).await?))
}

/// What a change would do, counted per class and per release; nothing is done.
#[utoipa::path(
    post, path = "/projects/{project}/ontology/dry-run", tag = "ontology", params(("project" = ProjectId, Path)),
    request_body = OntologyTrial, responses((status = 200, body = DryRun))
)]
async fn dry_run(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(trial): Body<OntologyTrial>,
) -> Result<Json<DryRun>, Problem> {
    Ok(Json(app.pipeline.try_ontology(&caller, project, trial.operations).await?))
}

/// Makes a change, signed with the password: a new version of the protocol.
#[utoipa::path(
    post, path = "/projects/{project}/ontology", tag = "ontology",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "protocol version in quotes")),
    request_body = OntologyDraft, responses((status = 200, body = OntologyChangeView))
)]
async fn change(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(against): IfMatch,
    Body(draft): Body<OntologyDraft>,
) -> Result<Json<OntologyChangeView>, Problem> {
    let against = u32::try_from(against).unwrap_or(u32::MAX);
    Ok(Json(app.pipeline.change_ontology(&caller, project, against, draft).await?))
}

/// A change with the time from which it holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OntologyPlan {
    /// What is to be done, in this order.
    operations: Vec<OntologyOperation>,
    /// Why.
    reason: String,
    /// Name of the round of rework that a split begins.
    #[serde(default)]
    campaign: Option<String>,
    /// From when it is in force.
    effective_at: Instant,
    /// User name; needed at the first signature of a period.
    #[serde(default)]
    login: Option<String>,
    /// Password, entered for this signature.
    password: String,
}

/// Signs a change now that takes force later: the version waits, and is withdrawn, as any other that is dated ahead.
#[utoipa::path(
    post, path = "/projects/{project}/ontology/plan", tag = "ontology",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "protocol version in quotes")),
    request_body = OntologyPlan, responses((status = 202, body = ProtocolRef))
)]
async fn plan(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(against): IfMatch,
    Body(plan): Body<OntologyPlan>,
) -> Result<(StatusCode, Json<ProtocolRef>), Problem> {
    let against = u32::try_from(against).unwrap_or(u32::MAX);
    let OntologyPlan { operations, reason, campaign, effective_at, login, password } = plan;
    let draft = OntologyDraft { operations, reason, campaign, login, password };
    let planned = app.pipeline.plan_ontology(&caller, project, against, draft, effective_at).await?;
    Ok((StatusCode::ACCEPTED, Json(planned)))
}
