//! What went wrong, as people read it and as scripts match it.

use std::{fmt, io, path::Path};

use countersign_ledger::{LogFault, release::ReleaseFault};
use countersign_pipeline::PipelineError;
use countersign_store::StoreError;
use serde::Serialize;
use serde_json::Value;

/// A refusal or fault at the command line. Codes are stable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// Stable code.
    pub code: String,
    /// Where: an argument, a file with a byte range, an index of the log.
    pub place: Option<String>,
    /// One sentence.
    pub message: String,
    /// The place in numbers, for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Value>>,
}

/// Shorthand of this crate.
pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A fault without a place.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), place: None, message: message.into(), details: None }
    }

    /// The same at a place.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// A file or folder that could not be used.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let code = match error.kind() {
            kind if countersign_store::is_full(kind) => "storage_full",
            io::ErrorKind::NotFound => "not_found",
            io::ErrorKind::PermissionDenied => "permission_denied",
            _ => "io",
        };
        Self::new(code, error.to_string()).at(path.display())
    }

    /// Ended by a signal before it was done.
    pub fn interrupted() -> Self {
        Self::new("interrupted", "Interrupted. What is stored stays; the same command goes on from there.")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {} [{}]", self.message, self.code),
            None => write!(f, "{} [{}]", self.message, self.code),
        }
    }
}

impl From<PipelineError> for Fault {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Refused(refusal) => Self::new(&refusal.code, refusal.message),
            PipelineError::BadInput { code, place, message } => Self::new(code, message).at(place),
            PipelineError::Store(error) => error.into(),
            PipelineError::BadProtocol(faults) => match faults.first() {
                Some(fault) => Self::new("bad_protocol", &fault.message)
                    .at(format!("line {} column {}: {}", fault.line, fault.column, fault.path)),
                None => Self::new("bad_protocol", "the document is no protocol"),
            },
            PipelineError::NotFound => Self::new("not_found", error.to_string()),
            PipelineError::StaleRevision { .. } => Self::new("stale_revision", error.to_string()),
            PipelineError::Internal(_) => Self::new("internal", chain(&error)),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let message = chain(&error);
        match error {
            StoreError::LogFault(fault) => fault.into(),
            StoreError::DiskFull { place } => {
                Self::new("storage_full", "No space is left; nothing was half-stored.").at(place)
            }
            StoreError::Io { place, source } => Self::new("io", source.to_string()).at(place),
            StoreError::Damaged { place } => {
                Self::new("damaged", "The stored bytes do not match their address.").at(place)
            }
            StoreError::Busy => Self::new("busy", message),
            StoreError::Database(_) | StoreError::Column { .. } => Self::new("database", message),
            StoreError::NewerSchema { .. } => Self::new("newer_schema", message),
            StoreError::Log { message } => Self::new("log_damaged", message).at("log"),
            StoreError::Backup { message } => Self::new("backup", message),
            _ => Self::new("store", message),
        }
    }
}

impl From<LogFault> for Fault {
    fn from(fault: LogFault) -> Self {
        let place = match (fault.index, fault.span) {
            (None, _) => fault.path.clone(),
            (Some(index), 0 | 1) => format!("{}, index {index}", fault.path),
            (Some(index), span) => {
                format!("{}, indices {index} to {}", fault.path, index.saturating_add(span - 1))
            }
        };
        let details = serde_json::to_value(&fault).ok().map(Box::new);
        Self { details, ..Self::new(fault.kind.code(), fault.to_string()).at(place) }
    }
}

impl From<ReleaseFault> for Fault {
    fn from(fault: ReleaseFault) -> Self {
        let details = serde_json::to_value(&fault).ok().map(Box::new);
        let mut place = fault.file.clone().unwrap_or_else(|| "package".to_owned());
        if let Some(range) = &fault.in_file {
            place.push_str(&format!(", bytes {} to {}", range.start, range.end));
        }
        if let Some(range) = &fault.in_package {
            place.push_str(&format!(" (bytes {} to {} of the package)", range.start, range.end));
        }
        Self { details, ..Self::new(fault.kind.code(), fault.detail.clone()).at(place) }
    }
}

/// An error with its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
