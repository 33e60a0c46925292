//! Whether the server is ready.

use axum::{Json, extract::State};
use countersign_model::Instant;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

/// The server answers and its database too.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ready`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
    /// `online`, or `offline`: then the gate waits and everything else goes on.
    vault: &'static str,
    /// `running`, or `stopped`: the evidence log cannot be written or does not answer, and no picture is shown until it can.
    log: &'static str,
    /// Since when nothing could be written; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_stopped_since: Option<Instant>,
}

/// Whether the server is ready.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
async fn health(State(app): State<App>) -> Result<Json<Health>, Problem> {
    drop(app.pipeline.store.read().await?);
    let vault = if app.pipeline.vault_online() { "online" } else { "offline" };
    let log_stopped_since = app.pipeline.store.log_stopped_since();
    let log = if log_stopped_since.is_some() { "stopped" } else { "running" };
    Ok(Json(Health { status: "ready", version: env!("CARGO_PKG_VERSION"), vault, log, log_stopped_since }))
}
