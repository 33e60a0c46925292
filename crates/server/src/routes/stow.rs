//! STOW-RS (PS3.18 section 10.5): an archive or a modality's gateway stores instances with a project.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::ProjectId;
use countersign_pipeline::{
    access::Action,
    intake::stow::{InstanceReference, StoredInstance},
};
use serde_json::{Map, Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::Ids,
    upload::{self, Form},
};

/// Media type of a dataset in JSON (PS3.18 Annex F).
const DICOM_JSON: &str = "application/dicom+json";
// Tags of the answer (PS3.18 section 10.5.3.2), as the JSON model writes them.
const REFERENCED_SOP_SEQUENCE: &str = "00081199";
const FAILED_SOP_SEQUENCE: &str = "00081198";
const OTHER_FAILURES_SEQUENCE: &str = "0008119A";
const REFERENCED_SOP_CLASS_UID: &str = "00081150";
const REFERENCED_SOP_INSTANCE_UID: &str = "00081155";
const FAILURE_REASON: &str = "00081197";
// Failure reasons (PS3.18 Table I.2-2, PS3.4 Annex B.2.3).
const OUT_OF_RESOURCES: u16 = 0xA700;
const CANNOT_UNDERSTAND: u16 = 0xC000;
const SYNTAX_NOT_SUPPORTED: u16 = 0xC122;
const PROCESSING_FAILURE: u16 = 0x0110;

pub fn long_routes() -> OpenApiRouter<App> {
    // As of an upload: to disk piece by piece, with limits of its own.
    OpenApiRouter::new().routes(routes!(store)).layer(DefaultBodyLimit::disable())
}

/// Stores DICOM instances: `multipart/related; type="application/dicom"`, one part per instance. They lie in quarantine
/// and cannot be retrieved, so the answer has no Retrieve URL. The gate looks at a study once nothing of it has come for
/// the server's stable age.
#[utoipa::path(
    post, path = "/projects/{project}/dicom-web/studies", tag = "ingest",
    params(("project" = ProjectId, Path)),
    request_body(content = String, content_type = "multipart/related"),
    responses(
        (status = 200, description = "Every instance was stored.", content_type = "application/dicom+json", body = serde_json::Value),
        (status = 202, description = "Some were stored; the failed ones are named.", content_type = "application/dicom+json", body = serde_json::Value),
        (status = 409, description = "None was stored.", content_type = "application/dicom+json", body = serde_json::Value),
    )
)]
async fn store(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    request: Request,
) -> Result<Response, Problem> {
    // Before the first byte is taken, not after the last.
    app.pipeline.may(&caller, Action::Ingest, project)?;
    let (head, body) = request.into_parts();
    let parts = Form::Instances.parts(&head.headers, body)?;
    let received = upload::receive(&app.pipeline.store, Form::Instances, parts).await?;
    let pipeline = app.pipeline.clone();
    // Goes on when the client is gone: what arrived is brought in as a whole and the run ends.
    let run = tokio::spawn(async move {
        let stored = pipeline.store_instances(&caller, project, received.paths).await;
        received.folder.remove().await;
        (stored, received.refusals)
    });
    let (stored, refusals) = run.await.map_err(|_| Problem::internal())?;
    let mut stored = stored?;
    stored.extend(
        refusals.into_iter().map(|refusal| StoredInstance { reference: None, refusal: Some(refusal.into()) }),
    );
    let status = match stored.iter().filter(|instance| instance.refusal.is_some()).count() {
        0 => StatusCode::OK,
        failed if failed == stored.len() => StatusCode::CONFLICT,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, [(header::CONTENT_TYPE, DICOM_JSON)], Json(answer(&stored))).into_response())
}

/// The dataset of the answer.
fn answer(stored: &[StoredInstance]) -> Value {
    let (mut referenced, mut failed, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for instance in stored {
        match (&instance.reference, &instance.refusal) {
            (Some(reference), None) => referenced.push(Value::Object(names(reference))),
            (Some(reference), Some(refusal)) => {
                let mut item = names(reference);
                item.insert(FAILURE_REASON.into(), reason(&refusal.code));
                failed.push(Value::Object(item));
            }
            (None, refusal) => {
                let code = refusal.as_ref().map_or("", |refusal| refusal.code.as_str());
                other.push(json!({ FAILURE_REASON: reason(code) }));
            }
        }
    }
    let mut dataset = Map::new();
    for (tag, items) in [
        (REFERENCED_SOP_SEQUENCE, referenced),
        (FAILED_SOP_SEQUENCE, failed),
        (OTHER_FAILURES_SEQUENCE, other),
    ] {
        if !items.is_empty() {
            dataset.insert(tag.into(), json!({ "vr": "SQ", "Value": items }));
        }
    }
    Value::Object(dataset)
}

fn names(reference: &InstanceReference) -> Map<String, Value> {
    let uid = |value: &str| json!({ "vr": "UI", "Value": [value] });
    Map::from_iter([
        (REFERENCED_SOP_CLASS_UID.to_owned(), uid(&reference.class_uid)),
        (REFERENCED_SOP_INSTANCE_UID.to_owned(), uid(&reference.instance_uid)),
    ])
}

fn reason(code: &str) -> Value {
    let reason = match code {
        "storage_full" | "too_large" => OUT_OF_RESOURCES,
        "dicom-unsupported-transfer-syntax" => SYNTAX_NOT_SUPPORTED,
        "study_in_work" | "study_without_images" => PROCESSING_FAILURE,
        _ => CANNOT_UNDERSTAND,
    };
    json!({ "vr": "US", "Value": [reason] })
}
