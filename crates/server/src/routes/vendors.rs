//! Work that is given to vendors, what it is worth, and what of it is paid.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use countersign_model::{Instant, ItemId, MixId, OrganizationId, ProjectId};
use countersign_pipeline::{
    behind::{BehindQuery, BehindView, Part},
    vendors::{MixDraft, MixView, Question, VendorFigure, VendorReport},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, Search},
};

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(table))
        .routes(routes!(behind))
        .routes(routes!(payment))
        .routes(routes!(mixes, draw))
        .routes(routes!(take_back))
}

/// What is asked of a report.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Classes on which an error is critical, separated by commas; all of them if not given.
    critical: Option<String>,
    /// Share of critical errors of one organization, to be told apart from `second`; 0.02 if not given.
    first: Option<f64>,
    /// Share of another; 0.05 if not given.
    second: Option<f64>,
    /// Chance of telling them apart; 0.8 if not given.
    power: Option<f64>,
}

/// Classes that are separated by commas.
fn classes(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    let named = text.split(',').map(str::trim).filter(|class| !class.is_empty());
    named.map(ToOwned::to_owned).collect()
}

impl From<Asked> for Question {
    fn from(asked: Asked) -> Self {
        Self { critical: classes(asked.critical), rates: (asked.first, asked.second), power: asked.power }
    }
}

/// Which items behind a figure are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ItemsQuery {
    /// The figure; the items that it read where none is named.
    #[serde(default)]
    #[param(inline)]
    figure: VendorFigure,
    /// Classes on which an error is critical, as in the report.
    critical: Option<String>,
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

/// A span of time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Period {
    /// Items accepted from this moment on, microseconds since 1970.
    from: i64,
    /// Before this moment.
    until: i64,
}

/// What is to be divided among whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMix {
    /// Two organizations or more, or one that is given items of its own.
    organizations: Vec<OrganizationId>,
    /// These items; any that wait for their first reader if not given.
    items: Option<Vec<ItemId>>,
    /// So many of them, drawn; all if not given.
    count: Option<u64>,
    /// How many of them every organization reads.
    #[serde(default)]
    overlap: u64,
    reason: String,
}

/// From whom what is not read is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakingBack {
    organization: OrganizationId,
    reason: String,
}

type Table = ([(HeaderName, &'static str); 2], String);

const TABLE: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"vendors.csv\""),
];

const PAYMENT: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
    (header::CONTENT_DISPOSITION, "attachment; filename=\"payment.csv\""),
];

/// What the work of each organization is worth in a project.
#[utoipa::path(
    get, path = "/projects/{project}/vendors", tag = "vendors", params(("project" = ProjectId, Path), Asked),
    responses((status = 200, body = VendorReport))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(asked): Search<Asked>,
) -> Result<Json<VendorReport>, Problem> {
    Ok(Json(app.pipeline.vendors(&caller, project, asked.into()).await?))
}

/// The same as a table: one figure a row, with its interval and its denominator.
#[utoipa::path(
    get, path = "/projects/{project}/vendors.csv", tag = "vendors", params(("project" = ProjectId, Path), Asked),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn table(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(asked): Search<Asked>,
) -> Result<Table, Problem> {
    Ok((TABLE, app.pipeline.vendors_table(&caller, project, asked.into()).await?))
}

/// The items behind a figure of the report on an organization, the newest first.
#[utoipa::path(
    get, path = "/projects/{project}/vendors/{organization}/items", tag = "vendors",
    params(("project" = ProjectId, Path), ("organization" = OrganizationId, Path), ItemsQuery),
    responses((status = 200, body = BehindView))
)]
async fn behind(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(of): Ids<(ProjectId, OrganizationId)>,
    Search(query): Search<ItemsQuery>,
) -> Result<Json<BehindView>, Problem> {
    let page = BehindQuery { part: query.part, from: query.from, limit: query.limit };
    let asked = (query.figure, classes(query.critical));
    Ok(Json(app.pipeline.vendor_items(&caller, of, asked, page).await?))
}

/// What of an organization's work was accepted within a span of time, a line for each item.
#[utoipa::path(
    get, path = "/projects/{project}/vendors/{organization}/payment.csv", tag = "vendors",
    params(("project" = ProjectId, Path), ("organization" = OrganizationId, Path), Period),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn payment(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((project, organization)): Ids<(ProjectId, OrganizationId)>,
    Search(period): Search<Period>,
) -> Result<Table, Problem> {
    let (from, until) = (Instant(period.from), Instant(period.until));
    Ok((PAYMENT, app.pipeline.payment(&caller, project, organization, from, until).await?))
}

/// How items were divided among organizations, the last drawing first.
#[utoipa::path(
    get, path = "/projects/{project}/mixes", tag = "vendors", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<MixView>))
)]
async fn mixes(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<MixView>>, Problem> {
    Ok(Json(app.pipeline.mixes(&caller, project).await?))
}

/// Draws who reads which of the items that nobody has begun to read.
#[utoipa::path(
    post, path = "/projects/{project}/mixes", tag = "vendors", params(("project" = ProjectId, Path)),
    request_body = NewMix, responses((status = 201, body = MixView))
)]
async fn draw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<NewMix>,
) -> Result<(StatusCode, Json<MixView>), Problem> {
    let NewMix { organizations, items, count, overlap, reason } = body;
    let draft = MixDraft { organizations, items, count, overlap, reason };
    Ok((StatusCode::CREATED, Json(app.pipeline.draw_mix(&caller, project, draft).await?)))
}

/// Takes from an organization what it has not read: from then on anybody may read it.
#[utoipa::path(
    post, path = "/mixes/{mix}/take-back", tag = "vendors", params(("mix" = MixId, Path)), request_body = TakingBack,
    responses((status = 200, body = Vec<MixView>))
)]
async fn take_back(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(mix): Ids<MixId>,
    Body(body): Body<TakingBack>,
) -> Result<Json<Vec<MixView>>, Problem> {
    Ok(Json(app.pipeline.take_back(&caller, mix, body.organization, body.reason).await?))
}
