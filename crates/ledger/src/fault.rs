//! What is wrong with a log, and where.

use core::fmt;

use serde::Serialize;

use crate::source::Unreadable;

/// Where a fault between log and database is said to be.
pub const ROWS: &str = "rows";
/// Where a fault between what the log says was shown, and the table of it, is said to be.
pub const EXPOSURES: &str = "exposures";

/// The kinds of damage. The snake-case names are stable: `--json` output and scripts use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFaultKind {
    /// Bytes were changed.
    Flipped,
    /// An entry, a row or a file is gone.
    Missing,
    /// An entry or a row stands in another place.
    Reordered,
    /// A file, the log or the rows end early.
    Truncated,
    /// Something stands where nothing belongs.
    Extra,
    /// The checkpoint is not signed by the expected key, or is not a checkpoint.
    BadSignature,
    /// The checkpoint's size line makes no sense.
    SizeMismatch,
    /// Entries and tiles agree with each other and not with the signed root: they were rewritten together.
    RootMismatch,
    /// The log is shorter than a checkpoint that was kept: it was put back to an earlier state.
    RolledBack,
    /// The log does not continue a checkpoint that was kept: history was rewritten.
    Forked,
    /// A signature is void: what it was given over is not what is there.
    Void,
    /// The storage failed; says nothing about the log.
    Unreadable,
}

impl LogFaultKind {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Flipped => "flipped",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Extra => "extra",
            Self::BadSignature => "bad_signature",
            Self::SizeMismatch => "size_mismatch",
            Self::RootMismatch => "root_mismatch",
            Self::RolledBack => "rolled_back",
            Self::Forked => "forked",
            Self::Void => "void",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The first thing that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct LogFault {
    /// What happened.
    pub kind: LogFaultKind,
    /// Index of the first bad entry; absent when the fault is in no entry (the checkpoint).
    pub index: Option<u64>,
    /// How many entries from `index` on the fault may lie in; 1 when it is pinned to one entry.
    pub span: u64,
    /// The file (or `rows`) in which it shows.
    pub path: String,
    /// More words, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl LogFault {
    /// At one entry.
    #[must_use]
    pub fn new(kind: LogFaultKind, index: u64, path: &str) -> Self {
        Self { kind, index: Some(index), span: 1, path: path.to_owned(), detail: None }
    }

    /// In no entry.
    #[must_use]
    pub fn without_index(kind: LogFaultKind, path: &str) -> Self {
        Self { kind, index: None, span: 0, path: path.to_owned(), detail: None }
    }

    /// Whether it lies between log and database: the files of the log are sound.
    #[must_use]
    pub fn is_between_rows(&self) -> bool {
        self.path == ROWS || self.path.starts_with(EXPOSURES)
    }

    pub(crate) fn span(mut self, span: u64) -> Self {
        self.span = span;
        self
    }

    /// With more words.
    #[must_use]
    pub fn because(mut self, detail: String) -> Self {
        self.detail = Some(detail);
        self
    }
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.code())?;
        match (self.index, self.span) {
            (None, _) => {}
            (Some(index), 0 | 1) => write!(f, " at index {index}")?,
            (Some(index), span) => {
                write!(f, " within indices {index} to {}", index.saturating_add(span - 1))?
            }
        }
        write!(f, " ({})", self.path)?;
        self.detail.as_ref().map_or(Ok(()), |d| write!(f, ": {d}"))
    }
}

impl From<Unreadable> for LogFault {
    fn from(e: Unreadable) -> Self {
        Self::without_index(LogFaultKind::Unreadable, &e.path).because(e.reason)
    }
}
