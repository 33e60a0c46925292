//! What is wrong with a release package, and where.

use core::fmt;
use core::ops::Range;

use serde::Serialize;

/// The kinds of damage. The snake-case names are stable: `--json` output and scripts use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseFaultKind {
    /// Bytes of a file are not the certified ones.
    Altered,
    /// A file is gone.
    Missing,
    /// A file that the list does not know.
    Extra,
    /// Files stand in another order than the list.
    Reordered,
    /// The package ends early, or bytes were taken out.
    Truncated,
    /// A header, the directory or the end record of the container is not what it must be.
    Structure,
    /// The certificate is not signed by the key in the package.
    BadSignature,
    /// The key in the package is not the expected one.
    WrongKey,
    /// Certificate, file list and manifest do not belong together.
    NotCertified,
    /// The proof does not show this release in the log.
    BadProof,
    /// A line of the manifest is not a sound record.
    BadRecord,
    /// A file does not have its format.
    Malformed,
    /// Above one of the limits: not read further.
    Limit,
    /// The storage failed; says nothing about the package.
    Unreadable,
}

impl ReleaseFaultKind {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Structure => "structure",
            Self::BadSignature => "bad_signature",
            Self::WrongKey => "wrong_key",
            Self::NotCertified => "not_certified",
            Self::BadProof => "bad_proof",
            Self::BadRecord => "bad_record",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The first thing that is wrong with a package. Ranges are in bytes, the end excluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct ReleaseFault {
    /// What happened.
    pub kind: ReleaseFaultKind,
    /// The file (member) it happened to, where it is one.
    pub file: Option<String>,
    /// Where in that file.
    pub in_file: Option<Range<u64>>,
    /// Where in the package.
    pub in_package: Option<Range<u64>>,
    /// What was expected.
    pub detail: String,
}

impl ReleaseFault {
    pub(super) fn new(kind: ReleaseFaultKind, detail: impl Into<String>) -> Self {
        Self { kind, file: None, in_file: None, in_package: None, detail: detail.into() }
    }

    pub(super) fn file(mut self, name: &str) -> Self {
        self.file = Some(name.to_owned());
        self
    }

    pub(super) fn in_package(mut self, range: Range<u64>) -> Self {
        self.in_package = Some(range);
        self
    }

    /// A range within a member whose data starts at `start` of the package.
    pub(super) fn in_member(mut self, start: u64, range: Range<u64>) -> Self {
        self.in_package = Some(start + range.start..start + range.end);
        self.in_file = Some(range);
        self
    }
}

impl fmt::Display for ReleaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code())?;
        if let Some(file) = &self.file {
            write!(f, " {file}")?;
        }
        if let Some(range) = &self.in_file {
            write!(f, " bytes {} to {} of the file", range.start, range.end)?;
        }
        if let Some(range) = &self.in_package {
            write!(f, " (bytes {} to {} of the package)", range.start, range.end)?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl From<std::io::Error> for ReleaseFault {
    fn from(e: std::io::Error) -> Self {
        Self::new(ReleaseFaultKind::Unreadable, e.to_string())
    }
}
