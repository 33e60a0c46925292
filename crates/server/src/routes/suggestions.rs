//! Whether people follow a model where it is wrong.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use countersign_model::ProjectId;
use countersign_pipeline::suggestions::SuggestionReport;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, extract::Ids};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(table))
}

type Table = ([(HeaderName, &'static str); 2], String);

const TABLE: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"suggestions.csv\""),
];

/// How often people at each stage followed a draft that had been made wrong, and what they miss with and without one. Accepted items
/// only.
#[utoipa::path(
    get, path = "/projects/{project}/suggestions", tag = "suggestions", params(("project" = ProjectId, Path)),
    responses((status = 200, body = SuggestionReport))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<SuggestionReport>, Problem> {
    Ok(Json(app.pipeline.suggestions(&caller, project).await?))
}

/// The same as a table: one figure a row, with its interval, its count and its denominator.
#[utoipa::path(
    get, path = "/projects/{project}/suggestions.csv", tag = "suggestions", params(("project" = ProjectId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.suggestions_table(&caller, project).await?))
}
