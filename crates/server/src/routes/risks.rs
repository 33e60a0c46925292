//! Risks that stay in de-identified items, and their waivers for the public.

use axum::{Json, extract::State};
use countersign_model::ProjectId;
use countersign_pipeline::{
    oversight::{ItemRiskView, RiskWaiver},
    views::Page,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(risks)).routes(routes!(waive))
}

/// Which risks to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RiskListing {
    /// Only those without a waiver.
    #[serde(default)]
    open: bool,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// What a waiver covered.
#[derive(Serialize, ToSchema)]
struct Waived {
    /// Items.
    items: u64,
}

/// Risks that stay in the items of a project.
#[utoipa::path(
    get, path = "/projects/{project}/risks", tag = "oversight", params(("project" = ProjectId, Path), RiskListing),
    responses((status = 200, body = Page<ItemRiskView>))
)]
async fn risks(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(listing): Search<RiskListing>,
) -> Result<Json<Page<ItemRiskView>>, Problem> {
    let RiskListing { open, limit, cursor } = listing;
    Ok(Json(app.pipeline.item_risks(&caller, project, open, limit, cursor).await?))
}

/// Waives a risk, so that the items may leave for the public.
#[utoipa::path(
    post, path = "/projects/{project}/risks/waivers", tag = "oversight", params(("project" = ProjectId, Path)),
    request_body = RiskWaiver, responses((status = 200, body = Waived))
)]
async fn waive(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(waiver): Body<RiskWaiver>,
) -> Result<Json<Waived>, Problem> {
    Ok(Json(Waived { items: app.pipeline.waive_risk(&caller, project, waiver).await? }))
}
