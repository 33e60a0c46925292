//! The start page.

use axum::{Json, extract::State};
use countersign_pipeline::home::Home;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(home))
}

/// What the caller could do next, by role.
#[utoipa::path(get, path = "/home", tag = "home", responses((status = 200, body = Home)))]
async fn home(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<Home>, Problem> {
    Ok(Json(app.pipeline.home(&caller).await?))
}
