//! Whether the server is ready.

use axum::{Json, extract::State};
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
    /// `running`, or `stopped`: the evidence log cannot be written, and no picture is shown until it can.
    log: &'static str,
}

/// Whether the server is ready.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
async fn health(State(app): State<App>) -> Result<Json<Health>, Problem> {
    drop(app.pipeline.store.read().await?);
    let vault = if app.pipeline.vault_online() { "online" } else { "offline" };
    let log = if app.pipeline.store.is_log_stopped() { "stopped" } else { "running" };
    Ok(Json(Health { status: "ready", version: env!("CARGO_PKG_VERSION"), vault, log }))
}
