//! The inspector's copy: made, and given out as a file.

use axum::{
    body::Body as Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_model::ProjectId;
use countersign_pipeline::inspection::InspectionCopy;
use futures::stream;
use tokio::io::AsyncReadExt;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, extract::Ids};

/// Bytes that are read from the copy at once.
const PIECE_BYTES: usize = 256 * 1024;

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(project_copy)).routes(routes!(installation_copy))
}

/// An inspector's copy of the evidence of a project. That it was made is on record.
#[utoipa::path(
    get, path = "/projects/{project}/inspection", tag = "evidence", params(("project" = ProjectId, Path)),
    responses((status = 200, content_type = "application/zip"))
)]
async fn project_copy(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Response, Problem> {
    answer(app.pipeline.inspection_copy(&caller, Some(project)).await?).await
}

/// An inspector's copy of the evidence of the whole installation.
#[utoipa::path(
    get, path = "/inspection", tag = "evidence", responses((status = 200, content_type = "application/zip"))
)]
async fn installation_copy(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Response, Problem> {
    answer(app.pipeline.inspection_copy(&caller, None).await?).await
}

async fn answer(copy: InspectionCopy) -> Result<Response, Problem> {
    let file = tokio::fs::File::open(&copy.path).await.map_err(|_| Problem::internal())?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(copy.bytes));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", copy.file_name));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    // The copy is removed when the stream that holds it ends, whole or cut off.
    let pieces = stream::try_unfold((file, copy), |(mut file, copy)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((piece, (file, copy))))
    });
    Ok((headers, Bytes::from_stream(pieces)).into_response())
}
