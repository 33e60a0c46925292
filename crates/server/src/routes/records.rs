//! Tables of records and free text beside the images: what the gate made of each.

use axum::{Json, extract::State};
use countersign_model::ProjectId;
use countersign_pipeline::{gate::RecordFileView, views::Page};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(files))
}

/// Which files to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Page length.
    limit: Option<u32>,
    /// Cursor of the page before.
    cursor: Option<String>,
}

/// The tables and free texts that came into a project, newest first: what was done to each or why it stays. Neither a
/// value nor a name of theirs is in it.
#[utoipa::path(
    get, path = "/projects/{project}/records", tag = "gate", params(("project" = ProjectId, Path), Listing),
    responses((status = 200, body = Page<RecordFileView>))
)]
async fn files(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(page): Search<Listing>,
) -> Result<Json<Page<RecordFileView>>, Problem> {
    Ok(Json(app.pipeline.record_files(&caller, project, page.limit, page.cursor).await?))
}
