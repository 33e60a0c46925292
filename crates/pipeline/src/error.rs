//! What can go wrong in a use case, in the terms that the API and the command line tell people.

use countersign_model::{AnnotationError, AnnotationId, Refusal};
use countersign_store::StoreError;
use countersign_workflow::document::Fault;

/// Refusal while the vault is away.
pub const VAULT_OFFLINE: &str = "vault_offline";
/// Refusal while the keyring is away.
pub const KEYRING_OFFLINE: &str = "keyring_offline";

/// Refusal of a change whose event would be longer than the log takes.
pub const EVENT_TOO_LARGE: &str = "event_too_large";

/// Refusal of an erasure while a release takes the subject's items.
pub const RELEASE_BUILDING: &str = "release_building";

/// The outcome of a use case that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Unknown and forbidden look alike.
    #[error("there is no such thing, or it is not yours to see")]
    NotFound,
    /// The system will not do it; the code says why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The input is wrong, at a place that is named.
    #[error("{place}: {message}")]
    BadInput {
        /// Stable code.
        code: &'static str,
        /// Where in the input.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// A protocol document that cannot come into force, with every fault at its line.
    #[error("the protocol has {} faults", .0.len())]
    BadProtocol(Vec<Fault>),
    /// Somebody saved in between: the caller's revision is not the current one.
    #[error("the read has moved on to revision {current}")]
    StaleRevision {
        /// The revision that the read has now.
        current: u64,
    },
    /// The place where things are kept failed.
    #[error(transparent)]
    Store(StoreError),
    /// A fault of ours; the text is for the log, never for the caller.
    #[error("internal fault: {0}")]
    Internal(String),
}

impl From<StoreError> for PipelineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Offline { place: "vault" } => Self::refused(
                VAULT_OFFLINE,
                "The vault is away. De-identification waits for it; all other work goes on.",
            ),
            StoreError::Offline { .. } => Self::refused(
                KEYRING_OFFLINE,
                "The keys of subjects are away: what is sealed with them can be neither read nor added to.",
            ),
            StoreError::Erased => {
                Self::refused("erased", "The person in it was erased; there is nothing left.")
            }
            StoreError::Evidence { .. } => Self::refused(
                EVENT_TOO_LARGE,
                "What the log would have to keep of this is longer than an entry may be; nothing was changed.",
            ),
            other => Self::Store(other),
        }
    }
}

impl PipelineError {
    /// A refusal with a stable code.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, message))
    }

    /// Bad input with a stable code and its place.
    pub fn bad(code: &'static str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::BadInput { code, place: place.into(), message: message.into() }
    }

    /// An annotation that does not fit: its index in the request is the place, its id begins the message.
    pub fn annotation(index: usize, id: AnnotationId, error: &AnnotationError) -> Self {
        let code = match error {
            AnnotationError::NotFinite { .. } => "not_finite",
            AnnotationError::NotPositive { .. } | AnnotationError::NoArea => "not_positive",
            AnnotationError::TooFewPoints { .. }
            | AnnotationError::TooManyPoints { .. }
            | AnnotationError::TooManyHoles { .. }
            | AnnotationError::TooIntricate => "bad_polygon",
            AnnotationError::Crosses { .. }
            | AnnotationError::HoleOutside { .. }
            | AnnotationError::HoleInHole { .. } => "outline_crosses",
            AnnotationError::OutsideImage { .. } => "outside_image",
            AnnotationError::BadMask { .. } => "bad_mask",
            AnnotationError::JointsMismatch { .. } => "bad_skeleton",
            AnnotationError::NotARotation { .. } => "not_a_rotation",
            AnnotationError::UnknownClass { .. } => "unknown_class",
            AnnotationError::ShapeNotAllowed { .. } => "shape_not_allowed",
            AnnotationError::NoSuchFrame { .. } => "no_such_frame",
            AnnotationError::BadAttribute { .. } => "bad_attribute",
            AnnotationError::AnswerNotAllowed => "answer_not_allowed",
            AnnotationError::BadAnswer { .. } => "bad_answer",
        };
        Self::bad(code, format!("changes[{index}]"), format!("annotation {id}: {error}"))
    }
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, PipelineError>;
