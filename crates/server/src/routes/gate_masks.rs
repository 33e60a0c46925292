//! Masks at the gate: what a privacy officer blacks out before people work on it.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use countersign_model::GateEntryId;
use countersign_pipeline::gate::{MaskDraft, Masks, Proposal};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, etag},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(masks, set_masks)).routes(routes!(proposals))
}

/// Every mask that the entry is to have; one that is left out is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MaskSet {
    masks: Vec<MaskDraft>,
}

/// The masks of an entry; the entity tag is its revision.
#[utoipa::path(
    get, path = "/gate/{entry}/masks", tag = "gate", params(("entry" = GateEntryId, Path)),
    responses((status = 200, body = Masks))
)]
async fn masks(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
) -> Result<Response, Problem> {
    let masks = app.pipeline.gate_masks(&caller, entry).await?;
    Ok((etag(masks.revision), Json(masks)).into_response())
}

/// Masks that the cuboids of a scene suggest. Nothing is masked until they are set as masks.
#[utoipa::path(
    get, path = "/gate/{entry}/proposals", tag = "gate", params(("entry" = GateEntryId, Path)),
    responses((status = 200, body = Vec<Proposal>))
)]
async fn proposals(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
) -> Result<Json<Vec<Proposal>>, Problem> {
    Ok(Json(app.pipeline.gate_proposals(&caller, entry).await?))
}

/// Sets the masks against the revision in `If-Match`; the cleaned copies that they touch are there anew on return.
#[utoipa::path(
    put, path = "/gate/{entry}/masks", tag = "gate",
    params(("entry" = GateEntryId, Path), ("If-Match" = String, Header, description = "The revision in quotes.")),
    request_body = MaskSet, responses((status = 200, body = Masks))
)]
async fn set_masks(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(entry): Ids<GateEntryId>,
    IfMatch(revision): IfMatch,
    Body(body): Body<MaskSet>,
) -> Result<Response, Problem> {
    let masks = app.pipeline.set_gate_masks(&caller, entry, revision, body.masks).await?;
    Ok((etag(masks.revision), Json(masks)).into_response())
}
