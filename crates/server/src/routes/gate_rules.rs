//! The rules of de-identification: what they do to a file, what others would do to it, and changing them.

use axum::{Json, extract::State, response::Response};
use countersign_model::{DeidPlan, GateEntryId, ProjectId};
use countersign_pipeline::{gate::Preview, projects::ProtocolRef, signing::Components};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids, IfMatch, Search},
    routes::{gate::shown, pixels::Rendering},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(changes))
        .routes(routes!(preview))
        .routes(routes!(preview_image))
        .routes(routes!(set_rules))
}

/// Rules that are only thought of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesDraft {
    deid: DeidPlan,
}

/// What was done to the file behind a picture: paths and actions, never a value.
#[utoipa::path(
    get, path = "/gate/{entry}/images/{frame}/changes", tag = "gate",
    params(("entry" = GateEntryId, Path), ("frame" = u32, Path)), responses((status = 200, body = Preview))
)]
async fn changes(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((entry, frame)): Ids<(GateEntryId, u32)>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(app.pipeline.gate_changes(&caller, entry, frame, None).await?))
}

/// What a draft of the rules would do to the file behind a picture. Nothing is stored.
#[utoipa::path(
    post, path = "/gate/{entry}/images/{frame}/preview", tag = "gate",
    params(("entry" = GateEntryId, Path), ("frame" = u32, Path)), request_body = RulesDraft,
    responses((status = 200, body = Preview))
)]
async fn preview(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((entry, frame)): Ids<(GateEntryId, u32)>,
    Body(body): Body<RulesDraft>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(app.pipeline.gate_changes(&caller, entry, frame, Some(body.deid)).await?))
}

/// The picture that a draft of the rules would leave. Nothing is stored but the record that somebody looked.
#[utoipa::path(
    post, path = "/gate/{entry}/images/{frame}/preview/image", tag = "gate",
    params(("entry" = GateEntryId, Path), ("frame" = u32, Path), Rendering), request_body = RulesDraft,
    responses((status = 200, content_type = "image/png"))
)]
async fn preview_image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((entry, frame)): Ids<(GateEntryId, u32)>,
    Search(rendering): Search<Rendering>,
    Body(body): Body<RulesDraft>,
) -> Result<Response, Problem> {
    let window = rendering.window()?;
    Ok(shown(app.pipeline.gate_preview_image(&caller, entry, frame, body.deid, window).await?))
}

/// Rules that are to come into force, signed with the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesToPut {
    /// The rules.
    deid: DeidPlan,
    /// Why.
    reason: String,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    password: String,
}

/// Puts rules into the project's protocol as a new version, made against the protocol version in `If-Match`. What waits
/// at the gate is cleaned anew.
#[utoipa::path(
    put, path = "/projects/{project}/deid", tag = "gate",
    params(("project" = ProjectId, Path), ("If-Match" = String, Header, description = "The protocol version in quotes.")),
    request_body = RulesToPut, responses((status = 200, body = ProtocolRef))
)]
async fn set_rules(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    IfMatch(version): IfMatch,
    Body(body): Body<RulesToPut>,
) -> Result<Json<ProtocolRef>, Problem> {
    // A version that no protocol can have is not the one in force.
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    let components = Components { login: body.login, password: body.password };
    let put = app.pipeline.set_deid(&caller, project, version, body.deid, &body.reason, components).await?;
    Ok(Json(put))
}
