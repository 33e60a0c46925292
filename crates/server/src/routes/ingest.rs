//! Bringing data in: uploads, and image tasks that name their images by address.

use std::sync::Arc;

use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
};
use countersign_model::{IngestId, ProjectId};
use countersign_pipeline::{
    access::Action,
    import::{ImportImage, Imported},
    intake::{IngestDetail, IngestReport, IngestView},
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, IMPORT_BYTES_MAX, Ids},
    upload::{self, Form},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ingests)).routes(routes!(ingest))
}

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    // An upload goes to disk piece by piece and has limits of its own.
    let uploads = OpenApiRouter::new().routes(routes!(upload_files)).layer(DefaultBodyLimit::disable());
    let imports = OpenApiRouter::new().routes(routes!(import)).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX));
    uploads.merge(imports)
}

/// Files to bring in. The file name of a part may hold folders, separated by `/`; a zip archive is one part.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the parts of the form")]
struct Upload {
    #[schema(value_type = Vec<String>, format = Binary)]
    files: Vec<Vec<u8>>,
}

/// Images that stay where they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    images: Vec<ImportImage>,
}

/// Brings files in: folders keep their relative names, archives are opened. Bad files are named in the answer, the
/// others go on.
#[utoipa::path(
    post, path = "/projects/{project}/ingest", tag = "ingest", params(("project" = ProjectId, Path)),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, body = IngestReport))
)]
async fn upload_files(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    request: Request,
) -> Result<(StatusCode, Json<IngestReport>), Problem> {
    // Before the first byte is taken, not after the last.
    app.pipeline.may(&caller, Action::Ingest, project)?;
    let (head, body) = request.into_parts();
    let parts = Form::Files.parts(&head.headers, body)?;
    let received = upload::receive(&app.pipeline.store, Form::Files, parts).await?;
    let pipeline = app.pipeline.clone();
    // Goes on when the client is gone: what arrived is brought in as a whole and the run ends.
    let run = tokio::spawn(async move {
        let report = pipeline.ingest(&caller, project, received.paths, Arc::new(|_| {})).await;
        received.folder.remove().await;
        (report, received.refusals)
    });
    let (report, refusals) = run.await.map_err(|_| Problem::internal())?;
    let mut report = report?;
    report.ingest.refused += refusals.len() as u64;
    report.ingest.files += refusals.len() as u64;
    report.refusals.extend(refusals.into_iter().map(Into::into));
    Ok((StatusCode::CREATED, Json(report)))
}

/// The latest runs of ingest.
#[utoipa::path(
    get, path = "/projects/{project}/ingests", tag = "ingest", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<IngestView>))
)]
async fn ingests(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<IngestView>>, Problem> {
    Ok(Json(app.pipeline.ingests(&caller, project).await?))
}

/// One run with its refusals and how far its background work is.
#[utoipa::path(
    get, path = "/ingests/{ingest}", tag = "ingest", params(("ingest" = IngestId, Path)),
    responses((status = 200, body = IngestDetail))
)]
async fn ingest(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(ingest): Ids<IngestId>,
) -> Result<Json<IngestDetail>, Problem> {
    Ok(Json(app.pipeline.ingest_detail(&caller, ingest).await?))
}

/// Makes one task per image, durably, before it answers.
#[utoipa::path(
    post, path = "/projects/{project}/import", tag = "ingest", params(("project" = ProjectId, Path)),
    request_body = Import, responses((status = 201, body = Imported))
)]
async fn import(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<Import>,
) -> Result<(StatusCode, Json<Imported>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.import(&caller, project, body.images).await?)))
}
