//! Findings: questions and defects pinned to a place.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{FindingId, ItemId};
use countersign_pipeline::findings::{FindingDraft, PinnedFinding};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(mine))
        .routes(routes!(reply))
        .routes(routes!(resolve))
        .routes(routes!(reopen))
}

/// What somebody says to a finding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FindingWords {
    words: String,
}

/// What somebody says when a finding is resolved, if anything.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FindingEnd {
    words: Option<String>,
}

/// The findings of an item that the caller may see.
#[utoipa::path(
    get, path = "/items/{item}/findings", tag = "findings", params(("item" = ItemId, Path)),
    responses((status = 200, body = Vec<PinnedFinding>))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
) -> Result<Json<Vec<PinnedFinding>>, Problem> {
    Ok(Json(app.pipeline.item_findings(&caller, item).await?))
}

/// Pins a finding. While a blocking one is open nobody accepts or signs the item.
#[utoipa::path(
    post, path = "/items/{item}/findings", tag = "findings", params(("item" = ItemId, Path)),
    request_body = FindingDraft, responses((status = 201, body = PinnedFinding))
)]
async fn open(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(item): Ids<ItemId>,
    Body(draft): Body<FindingDraft>,
) -> Result<(StatusCode, Json<PinnedFinding>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.open_finding(&caller, item, draft).await?)))
}

/// Findings that wait for the caller.
#[utoipa::path(get, path = "/me/findings", tag = "findings", responses((status = 200, body = Vec<PinnedFinding>)))]
async fn mine(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<PinnedFinding>>, Problem> {
    Ok(Json(app.pipeline.my_findings(&caller).await?))
}

/// Answers a finding.
#[utoipa::path(
    post, path = "/findings/{finding}/replies", tag = "findings", params(("finding" = FindingId, Path)),
    request_body = FindingWords, responses((status = 200, body = PinnedFinding))
)]
async fn reply(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(finding): Ids<FindingId>,
    Body(body): Body<FindingWords>,
) -> Result<Json<PinnedFinding>, Problem> {
    Ok(Json(app.pipeline.reply_finding(&caller, finding, body.words).await?))
}

/// Says that a finding is resolved. Whoever drew what it is about may not.
#[utoipa::path(
    post, path = "/findings/{finding}/resolve", tag = "findings", params(("finding" = FindingId, Path)),
    request_body = FindingEnd, responses((status = 200, body = PinnedFinding))
)]
async fn resolve(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(finding): Ids<FindingId>,
    Body(body): Body<FindingEnd>,
) -> Result<Json<PinnedFinding>, Problem> {
    Ok(Json(app.pipeline.resolve_finding(&caller, finding, body.words).await?))
}

/// Opens a resolved finding again.
#[utoipa::path(
    post, path = "/findings/{finding}/reopen", tag = "findings", params(("finding" = FindingId, Path)),
    request_body = FindingWords, responses((status = 200, body = PinnedFinding))
)]
async fn reopen(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(finding): Ids<FindingId>,
    Body(body): Body<FindingWords>,
) -> Result<Json<PinnedFinding>, Problem> {
    Ok(Json(app.pipeline.reopen_finding(&caller, finding, body.words).await?))
}
