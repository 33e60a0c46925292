//! Tables of records: the rules that a file states, applied to every CSV among the sources.

use std::{fs, io::Read, path::Path};

use countersign_deid::{self as deid, Action, Applied, Keys, RecordsError, Rules};

use super::one::{Clean, Pixels, Reason, SourceHash};
use crate::fault::{Fault, Outcome};

/// Largest file of rules, bytes.
const RULES_BYTES_MAX: u64 = 1024 * 1024;
/// Folder of the cleaned tables.
const FOLDER: &str = "records";

/// Reads the rules.
pub fn rules(path: &Path) -> Outcome<Rules> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(RULES_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| Fault::file(path, &error))?;
    if text.len() as u64 > RULES_BYTES_MAX {
        return Err(Fault::new("too_large", "Rules have at most 1 MiB.").at(path.display()));
    }
    serde_yaml_ng::from_str(&text).map_err(|error| {
        let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        Fault::new("bad_rules", format!("These are no rules for records: {error}"))
            .at(format!("{}{place}", path.display()))
    })
}

/// Cleans a table. Its place depends on its content and the key alone.
pub fn clean(bytes: &[u8], rules: &Rules, keys: &Keys) -> Result<Clean, Vec<Reason>> {
    let cleaned = deid::clean_records(bytes, rules, keys).map_err(|error| vec![reason(&error)])?;
    let hash: String = SourceHash::of(bytes, keys).into();
    // Names of columns are the rules' own.
    let actions = cleaned.report.columns.into_iter().map(|(name, action, _)| (name, applied(&action)));
    Ok(Clean {
        bytes: cleaned.bytes,
        output: format!("{FOLDER}/{hash}.csv"),
        actions: actions.collect(),
        safe_harbor: Vec::new(),
        unsure: Vec::new(),
        pixels: Pixels::NoPicture,
        uids: Vec::new(),
        patient: None,
    })
}

fn reason(error: &RecordsError) -> Reason {
    let place = match error.place() {
        (Some(row), Some(column)) => Some(format!("row {row}, column {column}")),
        (Some(row), None) => Some(format!("row {row}")),
        (None, Some(column)) => Some(format!("column {column}")),
        (None, None) => None,
    };
    Reason { code: error.code().to_owned(), place }
}

const fn applied(action: &Action) -> Applied {
    match action {
        Action::Drop | Action::Accession => Applied::Removed,
        Action::Study => Applied::Mapped,
        Action::Pseudonym => Applied::Pseudonym,
        Action::DateShift => Applied::Shifted,
        Action::Year => Applied::YearOnly,
        Action::AgeCap => Applied::Capped,
        Action::Zip3 => Applied::Zip3,
        _ => Applied::Kept,
    }
}
