//! Items: the list with its filters, and one of them.

use axum::{Json, extract::State};
use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{
    items::ItemQuery,
    views::{ItemDetail, ItemSummary, Page},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(items)).routes(routes!(item))
}

/// Order of a list of items.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// Oldest first.
    #[default]
    Oldest,
    /// Newest first.
    Newest,
}

/// What the list is filtered by; everything absent means all.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Phase word.
    phase: Option<String>,
    /// DICOM modality.
    modality: Option<String>,
    /// Lot.
    lot: Option<String>,
    /// Smallest CT dose index, mGy.
    ctdi_min: Option<f64>,
    /// Largest CT dose index, mGy.
    ctdi_max: Option<f64>,
    /// Largest slice thickness, mm.
    thickness_max: Option<f64>,
    /// Under a hold, or not.
    held: Option<bool>,
    /// Part of the name.
    q: Option<String>,
    /// Order.
    #[param(inline)]
    sort: Option<Sort>,
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// The items of a project: all for coordinators, their own for readers.
#[utoipa::path(
    get, path = "/projects/{project}/items", tag = "items", params(("project" = ProjectId, Path), Filter),
    responses((status = 200, body = Page<ItemSummary>))
)]
async fn items(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(filter): Search<Filter>,
) -> Result<Json<Page<ItemSummary>>, Problem> {
    let query = ItemQuery {
        phase: filter.phase,
        modality: filter.modality,
        lot: filter.lot,
        ctdi_min: filter.ctdi_min,
        ctdi_max: filter.ctdi_max,
        thickness_max: filter.thickness_max,
        held: filter.held,
        text: filter.q,
        newest_first: matches!(filter.sort, Some(Sort::Newest)),
        limit: filter.limit,
        cursor: filter.cursor,
    };
    Ok(Json(app.pipeline.items(&caller, project, query).await?))
}

/// One item with its streams and what the caller may see of the work on it.
#[utoipa::path(
    get, path = "/items/{item}", tag = "items", params(("item" = ItemId, Path)),
    responses((status = 200, body = ItemDetail))
)]
async fn item(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
) -> Result<Json<ItemDetail>, Problem> {
    Ok(Json(app.pipeline.item(&caller, item).await?))
}
