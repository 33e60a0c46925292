//! The witness's two routes (C2SP tlog-witness). No account, no session: what is asked is checked by its signatures.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use countersign_ledger::witness::{AddCheckpoint, REQUEST_BYTES_MAX, SIZE_TYPE, WitnessRefusal};
use countersign_model::Clock;
use countersign_store::witness::{WitnessError, WitnessFolder};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::serve::serve_router;

/// A witness and its clock. Cheap to clone.
#[derive(Clone)]
pub struct Witnessing {
    folder: Arc<WitnessFolder>,
    clock: Arc<dyn Clock>,
}

impl Witnessing {
    /// A witness over its folder.
    pub fn new(folder: WitnessFolder, clock: Arc<dyn Clock>) -> Self {
        Self { folder: Arc::new(folder), clock }
    }
}

/// What a witness says about itself.
#[derive(Serialize)]
struct About {
    /// Its key, one line.
    key: String,
    /// The logs that it watches.
    logs: Vec<Watched>,
}

/// A log and the newest checkpoint of it that was cosigned.
#[derive(Serialize)]
struct Watched {
    origin: String,
    /// Absent until the first.
    size: Option<u64>,
}

/// The witness as a service.
pub fn witness_router(witness: Witnessing) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/", get(about))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(witness)
}

/// Serves a witness until `shutdown` is ready, then lets open requests end.
///
/// # Errors
/// None today; see [`crate::serve`].
pub async fn serve_witness(
    listener: TcpListener,
    witness: Witnessing,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_router(listener, witness_router(witness), shutdown, || {}).await
}

async fn add_checkpoint(State(witness): State<Witnessing>, body: Bytes) -> Response {
    let Ok(request) = AddCheckpoint::parse(&body) else {
        return refused(WitnessRefusal::Malformed);
    };
    let now = witness.clock.now();
    let folder = Arc::clone(&witness.folder);
    // Writing the record waits for the disk.
    match tokio::task::spawn_blocking(move || folder.cosign(&request, now)).await {
        Ok(Ok(line)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], line).into_response(),
        Ok(Err(WitnessError::Refused(refusal))) => refused(refusal),
        Ok(Err(WitnessError::Store(error))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a record could not be kept");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn about(State(witness): State<Witnessing>) -> Response {
    let folder = Arc::clone(&witness.folder);
    let described = tokio::task::spawn_blocking(move || {
        let watched = folder.logs().map(|key| {
            let record = folder.record(key)?;
            let size = record.map(|record| record.checkpoint.size);
            Ok::<_, countersign_store::StoreError>(Watched { origin: key.name().to_owned(), size })
        });
        Ok::<_, countersign_store::StoreError>(About {
            logs: watched.collect::<Result<_, _>>()?,
            key: folder.key().to_string(),
        })
    });
    match described.await {
        Ok(Ok(about)) => Json(about).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The status that the protocol names; a conflict says the size of the record, for the log to go on from.
fn refused(refusal: WitnessRefusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refusal {
        WitnessRefusal::OtherSize { recorded } | WitnessRefusal::OtherRoot { recorded } => {
            (status, [(header::CONTENT_TYPE, SIZE_TYPE)], format!("{recorded}\n")).into_response()
        }
        other => (status, format!("{other}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use countersign_ledger::{
        Checkpoint, CosignerKey, Hash, LogState, NoteSigner, note::parse_signature_lines,
    };
    use countersign_model::Instant;
    use tower::ServiceExt;

    use super::*;

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> Instant {
            Instant(1_767_225_600_000_000)
        }
    }

    fn signer() -> NoteSigner {
        NoteSigner::from_seed("log.example/a", &[3; 32]).unwrap()
    }

    /// Size, checkpoint and proof from `old`, of a log of these words.
    fn request(old: u64, words: &[&str]) -> String {
        let batch = LogState::new().append(words).unwrap();
        let files: std::collections::BTreeMap<_, _> =
            batch.files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect();
        let file = Checkpoint::new("log.example/a", batch.size, batch.root).sign(&signer()).unwrap();
        let signed =
            countersign_ledger::SignedCheckpoint::open(file.as_bytes(), signer().verifier()).unwrap();
        AddCheckpoint::make(old, &signed, &file, (&files, batch.size)).unwrap().to_text()
    }

    async fn post(router: &Router, body: String) -> (u16, String, String) {
        let request = Request::post("/add-checkpoint").body(Body::from(body)).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (status, kind) =
            (response.status().as_u16(), response.headers().get(header::CONTENT_TYPE).cloned());
        let bytes = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        (status, kind, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_protocol_answers_as_it_is_written() {
        let home = tempfile::tempdir().unwrap();
        let open =
            || WitnessFolder::open(home.path(), Some("w.example/w"), vec![signer().verifier().clone()]);
        let folder = open().unwrap();
        let key = CosignerKey::parse(&folder.key().to_string()).unwrap();
        let router = witness_router(Witnessing::new(folder, Arc::new(Noon)));
        let (status, _, line) = post(&router, request(0, &["a", "b"])).await;
        assert_eq!(status, 200, "{line}");
        let parsed = parse_signature_lines(&line).unwrap();
        let root = LogState::new().append(&["a", "b"]).unwrap().root;
        let text = Checkpoint::new("log.example/a", 2, root).text();
        assert_eq!(key.verify(&text, &parsed[0]).unwrap().at_seconds, 1_767_225_600);

        let conflict = post(&router, request(0, &["a", "b", "c"])).await;
        assert_eq!(conflict, (409, SIZE_TYPE.into(), "2\n".into()));
        let conflict = post(&router, request(2, &["a", "X"])).await;
        assert_eq!(conflict, (409, SIZE_TYPE.into(), "2\n".into()));
        assert_eq!(post(&router, request(2, &["X", "b", "c"])).await.0, 422);
        assert_eq!(post(&router, request(2, &["a", "b", "c"])).await.0, 200);
        assert_eq!(post(&router, "old 9\n".into()).await.0, 400);
        let other = NoteSigner::from_seed("log.example/b", &[3; 32]).unwrap();
        let unknown = Checkpoint::new("log.example/b", 1, Hash::of(b"x")).sign(&other).unwrap();
        assert_eq!(post(&router, format!("old 0\n\n{unknown}")).await.0, 404);
        let forged = NoteSigner::from_seed("log.example/a", &[9; 32]).unwrap();
        let forged = Checkpoint::new("log.example/a", 3, Hash::of(b"x")).sign(&forged).unwrap();
        assert_eq!(post(&router, format!("old 3\n\n{forged}")).await.0, 403);
        assert_eq!(post(&router, "x".repeat(REQUEST_BYTES_MAX + 1)).await.0, 413);

        let about = router.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let about = axum::body::to_bytes(about.into_body(), 10_000).await.unwrap();
        let about: serde_json::Value = serde_json::from_slice(&about).unwrap();
        assert_eq!(about["logs"][0]["size"], 3);
        assert_eq!(about["key"], key.to_string());
        // The record is on disk: another process goes on from it.
        drop(router);
        let again = witness_router(Witnessing::new(open().unwrap(), Arc::new(Noon)));
        assert_eq!(post(&again, request(0, &["a"])).await, (409, SIZE_TYPE.into(), "3\n".into()));
    }
}
