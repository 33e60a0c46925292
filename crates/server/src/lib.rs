//! HTTP: sessions, one file per resource, live events, the page.
//!
//! A handler translates a request into a use case of `pipeline` and its answer into JSON; it decides nothing.

mod caller;
mod extract;
mod headers;
mod observe;
mod page;
mod problem;
mod routes;
mod serve;
mod upload;
mod witness;

use std::sync::Arc;

use axum::{Json, Router, http::StatusCode, middleware, routing::get};
use countersign_pipeline::Pipeline;
use tokio::sync::watch;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa_axum::router::OpenApiRouter;

pub use caller::{COOKIE, GUARD_HEADER};
pub use problem::Problem;
pub use routes::protocol_schema::protocol_schema;
pub use serve::serve;
pub use witness::{Witnessing, serve_witness};

use crate::routes::live::Listeners;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The use cases.
    pub pipeline: Pipeline,
    /// Browsers reach the server by HTTPS: cookies are marked `Secure`.
    pub https: bool,
    listeners: Arc<Listeners>,
    stop: Arc<watch::Sender<bool>>,
}

impl App {
    /// The state of a server over these use cases.
    pub fn new(pipeline: Pipeline, https: bool) -> Self {
        Self { pipeline, https, listeners: Arc::default(), stop: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends streams that would otherwise never end, so that the server can stop.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// Every route of the API with its description.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(routes::document::start()).nest("/api", routes::all())
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::document::finish(described().into_openapi())
}

/// The whole server as a service: API, page, and what wraps every answer.
pub fn router(app: App) -> Router {
    let document = openapi();
    let (api, _) = described().split_for_parts();
    api.route("/api/openapi.json", get(move || async move { Json(document) }))
        .fallback(page::serve)
        .method_not_allowed_fallback(not_allowed)
        .layer(CompressionLayer::new().gzip(true).compress_when(routes::worth_packing))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
}

async fn not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This route does not take this method.",
    )
}

/// A fault in a handler costs one answer, not the server. What it panicked with stays in the log.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    tracing::error!("a handler panicked");
    axum::response::IntoResponse::into_response(Problem::internal())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_that_says_nothing_of_its_cause() {
        async fn broken() -> StatusCode {
            panic!("a secret")
        }
        let router: Router = Router::new().route("/", get(broken)).layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let text = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("secret"));
    }
}
