//! How far independent readers agree.

use axum::{Json, extract::State};
use countersign_model::{ProjectId, UserId};
use countersign_pipeline::{
    agreement::{AgreementFigure, AgreementReport, Behind, DisputeReason},
    behind::{BehindQuery, BehindView, Part},
};
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
    OpenApiRouter::new().routes(routes!(agreement)).routes(routes!(behind)).routes(routes!(dispute_reasons))
}

/// How far the independent readers of a project agree: by item and class, by pairs of readers, finding by finding.
#[utoipa::path(
    get, path = "/projects/{project}/agreement", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = AgreementReport))
)]
async fn agreement(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<AgreementReport>, Problem> {
    Ok(Json(app.pipeline.agreement(&caller, project).await?))
}

/// Which items behind a figure are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ItemsQuery {
    /// The figure; items without a difference where none is named.
    #[serde(default)]
    #[param(inline)]
    figure: AgreementFigure,
    /// The class of `class`.
    class: Option<String>,
    /// One reader of `pair`.
    first: Option<UserId>,
    /// The other.
    second: Option<UserId>,
    /// What one reader of `cell` calls it.
    one: Option<String>,
    /// What the other calls it; nothing where it is absent.
    other: Option<String>,
    /// Which of them: those that add to the number where nothing is said.
    #[serde(default)]
    #[param(inline)]
    part: Part,
    /// So many are passed over: `next` of the page before.
    #[serde(default)]
    from: u64,
    /// Page length.
    limit: Option<u32>,
}

/// The items behind a figure of the report on agreement.
#[utoipa::path(
    get, path = "/projects/{project}/agreement/items", tag = "tiers",
    params(("project" = ProjectId, Path), ItemsQuery), responses((status = 200, body = BehindView))
)]
async fn behind(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(query): Search<ItemsQuery>,
) -> Result<Json<BehindView>, Problem> {
    let asked = Behind {
        figure: query.figure,
        class: query.class,
        pair: query.first.zip(query.second),
        names: query.one.map(|one| (one, query.other)),
    };
    let page = BehindQuery { part: query.part, from: query.from, limit: query.limit };
    Ok(Json(app.pipeline.agreement_items(&caller, project, asked, page).await?))
}

/// Why the reads of a project differed, as those who decided between them said, with the newest items of each reason.
#[utoipa::path(
    get, path = "/projects/{project}/dispute-reasons", tag = "tiers", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<DisputeReason>))
)]
async fn dispute_reasons(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<DisputeReason>>, Problem> {
    Ok(Json(app.pipeline.dispute_reasons(&caller, project).await?))
}
