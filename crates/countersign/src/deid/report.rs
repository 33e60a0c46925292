//! The report: one JSON line per source, a summary as the last line. No value of a source is in it.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use countersign_deid::Applied;
use serde::{Deserialize, Serialize};

use super::{
    one::{Pixels, Reason, SafeHarbor, SourceHash},
    settings::Settings,
};

/// Another source has the same new identifiers and other content: a person decides which one is right.
const CONFLICT: &str = "conflicting-instance";

/// What the journal keeps of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Keyed hash of the source.
    pub source: SourceHash,
    /// The settings under which this came about.
    pub settings: String,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Fate {
    /// A clean file is there.
    Done {
        /// Its path below the output folder.
        output: String,
        /// Its SHA-256, hexadecimal.
        sha256: String,
        /// What was done about text in the pixels.
        pixels: Pixels,
        /// What was done to which attribute; kept ones are not listed.
        actions: Vec<(String, Applied)>,
        /// Identifiers of 45 CFR 164.514(b)(2) that were found, by class.
        safe_harbor: Vec<SafeHarbor>,
        /// Attributes whose text was emptied because it could not be cleaned with certainty.
        unsure: Vec<String>,
    },
    /// Nothing of it was written.
    Quarantined {
        /// Why, and where.
        reasons: Vec<Reason>,
    },
    /// Its bytes could not be had; it is looked at again by the next run.
    Refused {
        /// Why.
        reasons: Vec<Reason>,
    },
}

impl Fate {
    /// Two sources claim one place.
    pub fn conflict() -> Self {
        Self::Quarantined { reasons: vec![Reason::new(CONFLICT)] }
    }
}

/// A line of the report.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// Number of the source in the order of the arguments, folders in the order of their names; from 1.
    pub position: usize,
    /// Keyed hash of the source; absent where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceHash>,
    /// What came of it.
    #[serde(flatten)]
    pub fate: &'a Fate,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Sources.
    pub sources: u64,
    /// Sources with a clean file.
    pub done: u64,
    /// Sources with which there was nothing to do: finished before, or the same as another.
    pub skipped: u64,
    /// Sources that are quarantined: nothing of them was written.
    pub quarantined: u64,
    /// Files that could not be read, or not be taken from their archive.
    pub refused: u64,
    /// Files that this run wrote; sources with the same content share one.
    pub written: u64,
}

/// The last line of the report, and the answer of the command.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Always `summary`; lines about sources have `done`, `quarantined` or `refused`.
    pub status: &'static str,
    /// What was done to each file.
    #[serde(flatten)]
    pub settings: Settings,
    /// How many.
    #[serde(flatten)]
    pub counts: Counts,
    /// Why sources did not come through, with their number.
    pub reasons: std::collections::BTreeMap<String, u64>,
}

/// A report in the making: it has its name when it is whole.
pub struct Report {
    file: BufWriter<File>,
    draft: std::path::PathBuf,
    path: std::path::PathBuf,
}

impl Report {
    /// Begins a report.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let draft = aside(path);
        Ok(Self { file: BufWriter::new(File::create(&draft)?), draft, path: path.to_owned() })
    }

    /// Adds a line.
    pub fn add(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line).map_err(io::Error::other)?;
        self.file.write_all(b"\n")
    }

    /// Gives it its name.
    pub fn finish(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(self.draft, self.path)
    }
}

/// The name under which a file is written until it is whole.
pub fn aside(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    path.with_file_name(name)
}
