//! What each tier is worth.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
};
use countersign_model::ProjectId;
use countersign_pipeline::tiers::{RateDraft, RateView, TierReport};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(table)).routes(routes!(rates))
}

/// What an hour of each role costs, in place of what was set before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rates {
    rates: Vec<RateDraft>,
}

type Table = ([(HeaderName, &'static str); 2], String);

const TABLE: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"tiers.csv\""),
];

/// What each tier of a project finds, misses, takes and costs.
#[utoipa::path(
    get, path = "/projects/{project}/tiers", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = TierReport))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<TierReport>, Problem> {
    Ok(Json(app.pipeline.tiers(&caller, project).await?))
}

/// The same as a table: one figure a row, with its interval and its denominator.
#[utoipa::path(
    get, path = "/projects/{project}/tiers.csv", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.tiers_table(&caller, project).await?))
}

/// Sets what an hour of each role costs.
#[utoipa::path(
    put, path = "/projects/{project}/rates", tag = "tiers", params(("project" = ProjectId, Path)),
    request_body = Rates, responses((status = 200, body = Vec<RateView>))
)]
async fn rates(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<Rates>,
) -> Result<Json<Vec<RateView>>, Problem> {
    Ok(Json(app.pipeline.set_rates(&caller, project, body.rates).await?))
}
