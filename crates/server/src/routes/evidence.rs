//! Evidence of an item or a project, and who saw an image.

use axum::{Json, extract::State};
use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{
    evidence::{EventView, ExposureView},
    views::Page,
    witness::EvidenceLight,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(item_events))
        .routes(routes!(item_exposures))
        .routes(routes!(project_events))
        .routes(routes!(integrity))
}

/// Where a page begins and how long it is.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Page length.
    pub limit: Option<u32>,
    /// Cursor of the page before.
    pub cursor: Option<String>,
}

/// The events of an item, newest first.
#[utoipa::path(
    get, path = "/items/{item}/events", tag = "evidence", params(("item" = ItemId, Path), Paging),
    responses((status = 200, body = Page<EventView>))
)]
async fn item_events(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<EventView>>, Problem> {
    Ok(Json(app.pipeline.item_events(&caller, item, page.limit, page.cursor).await?))
}

/// Who saw the images of an item, newest first.
#[utoipa::path(
    get, path = "/items/{item}/exposures", tag = "evidence", params(("item" = ItemId, Path), Paging),
    responses((status = 200, body = Page<ExposureView>))
)]
async fn item_exposures(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<ExposureView>>, Problem> {
    Ok(Json(app.pipeline.item_exposures(&caller, item, page.limit, page.cursor).await?))
}

/// The events of a project, newest first.
#[utoipa::path(
    get, path = "/projects/{project}/events", tag = "evidence", params(("project" = ProjectId, Path), Paging),
    responses((status = 200, body = Page<EventView>))
)]
async fn project_events(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Paging>,
) -> Result<Json<Page<EventView>>, Problem> {
    Ok(Json(app.pipeline.project_events(&caller, project, page.limit, page.cursor).await?))
}

/// Whether the evidence log is to be relied on, for those who answer for a project's evidence.
#[utoipa::path(
    get, path = "/projects/{project}/integrity", tag = "evidence", params(("project" = ProjectId, Path)),
    responses((status = 200, body = EvidenceLight))
)]
async fn integrity(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<EvidenceLight>, Problem> {
    Ok(Json(app.pipeline.evidence_light(&caller, project).await?))
}
