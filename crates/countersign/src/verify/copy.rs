//! An inspector's copy.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use countersign_ledger::{
    Unreadable,
    inspection::{
        CopyFiles, CopyKnown, CopyReport, CosignedPart, EVENTS, MANIFEST, Proven, Scope, verify_copy,
    },
};
use countersign_pipeline::inspection::hash_of_marks;
use flate2::read::DeflateDecoder;
use serde_json::json;
use zip::{CompressionMethod, ZipArchive};

use super::{Trust, cosigned_said};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count},
};

/// Most files of a copy that are listed.
const FILES_MAX: usize = 1_000_000;

/// Where one file lies in the archive.
struct Placed {
    start: u64,
    packed: u64,
    method: CompressionMethod,
}

/// A copy in an archive. Each file is read by itself, so that several can be open at once.
pub struct CopyArchive {
    file: Arc<File>,
    placed: BTreeMap<String, Placed>,
}

impl CopyArchive {
    /// Opens an archive if it is a copy; `None` for any other file.
    pub fn open(path: &Path) -> Outcome<Option<Self>> {
        Self::open_within(path, FILES_MAX)
    }

    fn open_within(path: &Path, files_max: usize) -> Outcome<Option<Self>> {
        let file = Arc::new(File::open(path).map_err(|error| Fault::file(path, &error))?);
        let Ok(mut archive) = ZipArchive::new(At { file: Arc::clone(&file), position: 0 }) else {
            return Ok(None);
        };
        let is_copy = archive.index_for_name(EVENTS).is_some() && archive.index_for_name(MANIFEST).is_some();
        if !is_copy || archive.len() > files_max {
            return Ok(None);
        }
        let mut placed = BTreeMap::new();
        for index in 0..archive.len() {
            let damaged = |error: zip::result::ZipError| {
                Fault::new("damaged", error.to_string()).at(format!("{}, file {index}", path.display()))
            };
            let entry = archive.by_index_raw(index).map_err(damaged)?;
            let start = entry.data_start().unwrap_or_default();
            let place = Placed { start, packed: entry.compressed_size(), method: entry.compression() };
            if placed.insert(entry.name().to_owned(), place).is_some() {
                let message = format!("{} is there twice", entry.name());
                return Err(Fault::new("extra", message).at(path.display()));
            }
        }
        Ok(Some(Self { file, placed }))
    }
}

impl CopyFiles for CopyArchive {
    fn names(&self) -> Vec<String> {
        self.placed.keys().cloned().collect()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        let Some(place) = self.placed.get(name) else { return Ok(None) };
        let at = At { file: Arc::clone(&self.file), position: place.start };
        let packed = at.take(place.packed);
        match place.method {
            CompressionMethod::Stored => Ok(Some(Box::new(packed))),
            CompressionMethod::Deflated => Ok(Some(Box::new(DeflateDecoder::new(packed)))),
            other => Err(Unreadable { path: name.to_owned(), reason: format!("packed by {other}") }),
        }
    }
}

/// A file that is read from a position of its own.
struct At {
    file: Arc<File>,
    position: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for At {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = |base: u64, by: i64| {
            base.checked_add_signed(by).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
        };
        self.position = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => from(self.position, by)?,
            SeekFrom::End(by) => from(self.file.metadata()?.len(), by)?,
        };
        Ok(self.position)
    }
}

/// Runs the check.
pub fn check(path: &Path, copy: &CopyArchive, trust: &Trust, out: Output) -> Outcome<ExitCode> {
    let known =
        CopyKnown { key: trust.key.as_ref(), witnesses: &trust.witnesses, content_hash: &hash_of_marks };
    let report = verify_copy(copy, known).map_err(|fault| {
        let fault = Fault::from(fault);
        let place = fault.place.clone().unwrap_or_default();
        fault.at(format!("{}: {place}", path.display()))
    })?;
    // The copy's own checkpoint is minutes old at most: what witnesses saw are the older ones, each of which says how far.
    let cosignatures: Vec<_> = report.cosignatures.iter().map(|part| part.cosigned.clone()).collect();
    trust.require(&cosignatures)?;
    out.result(&json!({ "verified": "copy", "file": path, "copy": report }), &said(path, &report));
    Ok(ExitCode::SUCCESS)
}

/// What was bound, and what was not verified because nothing binds it.
fn proven_said(proven: &Proven) -> Vec<String> {
    let mut lines = vec![format!(
        "  shown to be what the log binds: {}, {} with {}, {}",
        count(proven.details, "detailed event"),
        count(proven.reads, "read"),
        count(proven.marks, "mark"),
        count(proven.people + proven.printed_names, "printed name"),
    )];
    let before = [
        (proven.details_of_before, "details of events"),
        (proven.people_of_before, "printed names of accounts"),
        (proven.printed_names_of_before, "printed names of signatures"),
        (proven.reads_of_before, "merged reads"),
    ];
    for (number, what) in before.into_iter().filter(|(number, _)| *number > 0) {
        lines.push(format!(
            "  not verified: {number} {what}, of before the log bound them in a way that can be shown"
        ));
    }
    if proven.details_withheld > 0 {
        lines.push(format!(
            "  {} details are not shown to whom this copy was made for",
            proven.details_withheld
        ));
    }
    if proven.versions_unbound > 0 {
        lines.push(format!(
            "  not verified: {} versions of marks that were replaced before they were handed in",
            proven.versions_unbound
        ));
    }
    lines
}

fn said(path: &Path, report: &CopyReport) -> String {
    let about = match &report.scope {
        Scope::Project { name, .. } => format!("project {name}"),
        Scope::Installation => "the whole installation".to_owned(),
    };
    let mut lines = vec![
        format!("{}: sound", path.display()),
        format!("  evidence of {about}, made at {}", report.made_at),
        format!(
            "  {} of a log of {} entries, {}, {}",
            count(report.events, "event"),
            report.size,
            count(report.signatures, "signature"),
            count(report.proofs, "proof"),
        ),
        format!("  root {}", report.root),
        format!("  signed by {}", report.key),
    ];
    if !report.continues.is_empty() {
        let sizes: Vec<_> = report.continues.iter().map(u64::to_string).collect();
        lines.push(format!("  continues the checkpoints of {} entries", sizes.join(", ")));
    }
    lines.extend(proven_said(&report.proven));
    for id in &report.erased_signatures {
        lines.push(format!("  signature {id}: content was erased, nothing to compare"));
    }
    for CosignedPart { size, cosigned } in &report.cosignatures {
        let at = countersign_model::Instant(0).plus_seconds(cosigned.at_seconds);
        lines.push(format!("  the first {} cosigned by {} at {at}", count(*size, "entry"), cosigned.name));
    }
    if report.cosignatures.is_empty() || report.other_signatures > 0 {
        lines.push(cosigned_said(&[], report.other_signatures));
    }
    if !report.is_key_expected {
        lines.push("  the key is the copy's own: give the one that you were handed with --key".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn an_archive_of_too_many_files_is_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.zip");
        let mut out = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in [EVENTS, MANIFEST, "more.txt"] {
            out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(b"words").unwrap();
        }
        out.finish().unwrap();
        let open =
            |files_max| CopyArchive::open_within(&path, files_max).unwrap().map(|copy| copy.names().len());
        assert_eq!((open(3), open(2)), (Some(3), None));
    }
}
