//! Refusals as RFC 9457 `application/problem+json`, each with a stable code.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_pipeline::{PipelineError, people::LOCK_SECONDS};
use countersign_store::StoreError;
use countersign_workflow::document::Fault;
use serde::Serialize;
use utoipa::ToSchema;

/// After how long a busy database is worth another try, seconds.
const BUSY_RETRY_SECONDS: i64 = 1;

/// A refusal as the API returns it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:countersign:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    /// Short name of the HTTP status.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Stable code, such as `separation_of_duties`.
    #[schema(value_type = String)]
    pub code: Box<str>,
    /// One sentence for the person who is refused.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// Where in the input, if the input is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub place: Option<Box<str>>,
    /// The revision that the read has now, for `stale_revision`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<u64>,
    /// Every fault of a protocol document at its line, for `bad_protocol`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Fault>>)]
    pub faults: Option<Box<[Fault]>>,
}

impl Problem {
    /// A problem with a status, a code and a sentence.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:countersign:problem:{code}").into(),
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into().into(),
            place: None,
            current: None,
            faults: None,
        }
    }

    /// Not signed in.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first.")
    }

    /// Unknown and forbidden look alike.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or it is not yours to see.")
    }

    /// Input that cannot be read.
    pub fn bad(code: &str, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Some(place.into().into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail) }
    }

    /// Input beyond a limit.
    pub fn too_large(place: &str, detail: &str) -> Self {
        Self { place: Some(place.into()), ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail) }
    }

    /// Our own fault; what happened is in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here; nothing was changed.",
        )
    }
}

/// The code of an answer 403, for whoever keeps that it was given.
#[derive(Clone, Debug)]
pub struct Forbidden(pub Box<str>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = match self.code.as_ref() {
            "locked" => Some(LOCK_SECONDS),
            "busy" => Some(BUSY_RETRY_SECONDS),
            _ => None,
        };
        let code = (status == StatusCode::FORBIDDEN).then(|| Forbidden(self.code.clone()));
        let mut response = (status, Json(self)).into_response();
        if let Some(code) = code {
            response.extensions_mut().insert(code);
        }
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// HTTP status of a refusal code. What is not listed is a conflict with the state of things.
fn status_of(code: &str) -> StatusCode {
    match code {
        "bad_credentials" | "unauthenticated" => StatusCode::UNAUTHORIZED,
        "locked" => StatusCode::TOO_MANY_REQUESTS,
        "nothing_to_do" | "not_found" => StatusCode::NOT_FOUND,
        "guideline_unacknowledged"
        | "qualification_missing"
        | "qualification_expired"
        | "contract_not_valid"
        | "not_for_vendors"
        | "not_in_role"
        | "separation_of_duties"
        | "second_person_needed"
        | "must_change_password"
        | "session_required"
        | "csrf" => StatusCode::FORBIDDEN,
        "reason_required"
        | "deviation_needs_reason"
        | "missing_unanswered"
        | "event_too_large"
        | "weak_password"
        | "required_attribute" => StatusCode::UNPROCESSABLE_ENTITY,
        "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "click_model_failed" => StatusCode::BAD_GATEWAY,
        "click_model_busy" => StatusCode::SERVICE_UNAVAILABLE,
        "vault_offline" | "keyring_offline" => StatusCode::SERVICE_UNAVAILABLE,
        "erased" => StatusCode::GONE,
        "internal" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::NotFound => Self::not_found(),
            PipelineError::Refused(refusal) => {
                Self::new(status_of(&refusal.code), &refusal.code, refusal.message)
            }
            PipelineError::BadInput { code, place, message } => Self::bad(code, place, message),
            PipelineError::StaleRevision { current } => Self {
                current: Some(current),
                ..Self::new(
                    StatusCode::PRECONDITION_FAILED,
                    "stale_revision",
                    "This was saved elsewhere in between; load it again and apply your changes.",
                )
            },
            PipelineError::BadProtocol(faults) => {
                let place = faults.first().map(|fault| format!("line {}: {}", fault.line, fault.path));
                let detail = "The document cannot come into force; every fault is named at its line.";
                let problem = Self::bad("bad_protocol", place.unwrap_or_default(), detail);
                Self { faults: Some(faults.into()), ..problem }
            }
            PipelineError::Store(error) => Self::from(error),
            PipelineError::Internal(message) => {
                tracing::error!(message, "internal fault");
                Self::internal()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // The pipeline's words for these are the ones to tell.
            StoreError::Offline { .. } | StoreError::Erased | StoreError::Evidence { .. } => {
                Self::from(PipelineError::from(error))
            }
            StoreError::NotFound { .. } => Self::not_found(),
            StoreError::DiskFull { ref place } => {
                tracing::error!(error = &error as &dyn std::error::Error, "no space left");
                Self {
                    place: Some(place.as_str().into()),
                    ..Self::new(
                        StatusCode::INSUFFICIENT_STORAGE,
                        "storage_full",
                        "No space is left; nothing was stored.",
                    )
                }
            }
            StoreError::LogStopped => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "log_stopped",
                "The evidence log cannot be written. Nothing is shown until it can.",
            ),
            StoreError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The database is busy; try again.")
            }
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
                Self::internal()
            }
        }
    }
}
