//! Hidden gold, for those who answer for quality. Whoever reads, reviews or signs finds nothing here.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{GoldId, ItemId, ProjectId, UserId};
use countersign_pipeline::gold::{GoldReport, GoldResultView, GoldView};
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
    OpenApiRouter::new().routes(routes!(report, make)).routes(routes!(results)).routes(routes!(retire))
}

/// Which item is trusted, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GoldDraft {
    /// An accepted item.
    item: ItemId,
    /// Why its labels are trusted.
    reason: String,
}

/// Why an item is gold no more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GoldRetirement {
    /// Why.
    reason: String,
    /// Its labels were wrong: what was held against people by them is taken back.
    #[serde(default)]
    wrong: bool,
}

/// Of which gold item, and whose reads of it; everything absent means all.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// Gold item.
    gold: Option<GoldId>,
    /// Person.
    user: Option<UserId>,
}

/// Gold items with how worn they are, and what people made of them.
#[utoipa::path(
    get, path = "/projects/{project}/gold", operation_id = "gold", tag = "gold", params(("project" = ProjectId, Path)),
    responses((status = 200, body = GoldReport))
)]
async fn report(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<GoldReport>, Problem> {
    Ok(Json(app.pipeline.gold(&caller, project).await?))
}

/// Makes an accepted item gold: its labels, as they are, are the trusted answer. Refused with `not_accepted`, `held`, `not_assessed`,
/// `audited`, `already_gold`, and to whoever drew it with `separation_of_duties`.
#[utoipa::path(
    post, path = "/projects/{project}/gold", operation_id = "make_gold", tag = "gold", params(("project" = ProjectId, Path)),
    request_body = GoldDraft, responses((status = 201, body = GoldView))
)]
async fn make(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(draft): Body<GoldDraft>,
) -> Result<(StatusCode, Json<GoldView>), Problem> {
    let made = app.pipeline.make_gold(&caller, project, draft.item, draft.reason).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The last reads of gold, with what differs from the trusted answer.
#[utoipa::path(
    get, path = "/projects/{project}/gold/results", operation_id = "gold_results", tag = "gold",
    params(("project" = ProjectId, Path), Whose), responses((status = 200, body = Vec<GoldResultView>))
)]
async fn results(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Search(whose): Search<Whose>,
) -> Result<Json<Vec<GoldResultView>>, Problem> {
    Ok(Json(app.pipeline.gold_results(&caller, project, whose.gold, whose.user).await?))
}

/// Retires a gold item for good. Refused with `already_retired`.
#[utoipa::path(
    post, path = "/gold/{gold}/retire", operation_id = "retire_gold", tag = "gold", params(("gold" = GoldId, Path)),
    request_body = GoldRetirement, responses((status = 200, body = GoldView))
)]
async fn retire(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(gold): Ids<GoldId>,
    Body(draft): Body<GoldRetirement>,
) -> Result<Json<GoldView>, Problem> {
    Ok(Json(app.pipeline.retire_gold(&caller, gold, draft.reason, draft.wrong).await?))
}
