//! The scope of a breach: who saw what of whom.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderName, header},
};
use countersign_model::{Instant, ProjectId, SubjectId, UserId};
use countersign_pipeline::breach::{BreachQuestion, BreachReport};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search},
};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(project_report))
        .routes(routes!(project_table))
        .routes(routes!(report))
        .routes(routes!(table))
        .routes(routes!(project_views))
        .routes(routes!(views))
}

/// Which exposures count.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// From this moment on, microseconds since 1970.
    from: i64,
    /// Before this moment.
    to: i64,
    /// By this account.
    user: Option<UserId>,
    /// About this subject.
    subject: Option<SubjectId>,
}

impl Asked {
    fn question(self, project: Option<ProjectId>) -> BreachQuestion {
        let Self { from, to, user, subject } = self;
        BreachQuestion { project, user, subject, from: Instant(from), to: Instant(to) }
    }
}

type Table = ([(HeaderName, &'static str); 2], String);

const TABLE: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"exposures.csv\""),
];

type Views = ([(HeaderName, &'static str); 2], Body);

const VIEWS: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"views.csv\""),
];

/// Who saw what of whom in a project.
#[utoipa::path(
    get, path = "/projects/{project}/breach", tag = "evidence", params(("project" = ProjectId, Path), Asked),
    responses((status = 200, body = BreachReport))
)]
async fn project_report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(asked): Search<Asked>,
) -> Result<Json<BreachReport>, Problem> {
    Ok(Json(app.pipeline.breach_report(&caller, asked.question(Some(project))).await?))
}

/// The same with every line, as a table of comma-separated values.
#[utoipa::path(
    get, path = "/projects/{project}/breach.csv", tag = "evidence", params(("project" = ProjectId, Path), Asked),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn project_table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(asked): Search<Asked>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.breach_table(&caller, asked.question(Some(project))).await?))
}

/// Who saw what of whom in the whole installation.
#[utoipa::path(get, path = "/breach", tag = "evidence", params(Asked), responses((status = 200, body = BreachReport)))]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Search(asked): Search<Asked>,
) -> Result<Json<BreachReport>, Problem> {
    Ok(Json(app.pipeline.breach_report(&caller, asked.question(None)).await?))
}

/// The same with every line, as a table of comma-separated values.
#[utoipa::path(
    get, path = "/breach.csv", tag = "evidence", params(Asked),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Search(asked): Search<Asked>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.breach_table(&caller, asked.question(None)).await?))
}

/// Every exposure of a project: who was shown which image, when, and what for. A table of comma-separated values.
#[utoipa::path(
    get, path = "/projects/{project}/breach-views.csv", tag = "evidence", params(("project" = ProjectId, Path), Asked),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn project_views(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(asked): Search<Asked>,
) -> Result<Views, Problem> {
    let views = app.pipeline.breach_views(&caller, asked.question(Some(project))).await?;
    Ok((VIEWS, Body::from_stream(views)))
}

/// Every exposure of the whole installation.
#[utoipa::path(
    get, path = "/breach-views.csv", tag = "evidence", params(Asked),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn views(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Search(asked): Search<Asked>,
) -> Result<Views, Problem> {
    let views = app.pipeline.breach_views(&caller, asked.question(None)).await?;
    Ok((VIEWS, Body::from_stream(views)))
}
