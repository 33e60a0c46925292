//! A release package.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    process::ExitCode,
};

use countersign_ledger::release::{Record, ReleaseReport, verify_release_with};
use serde_json::json;

use super::{
    Trust,
    audit::{self, Audited},
};
use crate::{
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count},
};

/// Runs the check. Witnesses cosign checkpoints after a release is made: a package carries none of that, so asking for it is
/// refused rather than passed over.
pub fn check(path: &Path, trust: &Trust, out: Output) -> Outcome<ExitCode> {
    if trust.cosigned_by > 0 || !trust.witnesses.is_empty() {
        let message =
            "A release carries no cosignatures: check its proof (.tlog-proof) or the log with --witness-key.";
        return Err(Fault::new("usage", message).at(path.display()));
    }
    let unreadable = |error: io::Error| Fault::file(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let meter = Meter::new("checking the release", Unit::Bytes, 0);
    let mut audited = Audited::look(path);
    let mut keep = |record: &Record| audited.keep(record);
    let report = verify_release_with(Metered { file, meter: &meter, read: 0 }, trust.key.as_ref(), &mut keep);
    meter.done();
    let report = report.map_err(|fault| {
        let fault = Fault::from(fault);
        let place = fault.place.clone().unwrap_or_default();
        fault.at(format!("{}: {place}", path.display()))
    })?;
    let labels = audited.check(path, &report.key)?;
    let mut text = said(path, bytes, &report);
    if let Some(labels) = &labels {
        text.push_str(&audit::said(labels));
    }
    out.result(&json!({ "verified": "release", "file": path, "release": report, "labels": labels }), &text);
    Ok(ExitCode::SUCCESS)
}

fn said(path: &Path, bytes: u64, report: &ReleaseReport) -> String {
    let statement = &report.certificate.statement;
    let mut lines = vec![
        format!("{}: sound ({})", path.display(), indicatif::HumanBytes(bytes)),
        format!(
            "  {} of project {}: {} in {}",
            statement.release,
            statement.project,
            count(report.certificate.records.count, "item"),
            count(report.certificate.files.count, "file")
        ),
        format!("  root {}", report.certificate.root),
        format!(
            "  recorded in the log at index {} on {}",
            report.certificate.log.index,
            countersign_model::Instant(report.event.at_us)
        ),
        format!("  signed by {}", report.key),
    ];
    for one in &statement.signatories {
        lines.push(format!("  {} by {} ({}) at {}", one.meaning, one.printed_name, one.role, one.at));
    }
    if report.one_actor_items > 0 {
        lines
            .push(format!("  {} carry signatures of one person only", count(report.one_actor_items, "item")));
    }
    if !report.is_key_expected {
        lines.push(
            "  the key is the package's own: compare it with the issuer's, or give it with --key".to_owned(),
        );
    }
    lines.join("\n")
}

/// A file whose reading is shown.
struct Metered<'a> {
    file: File,
    meter: &'a Meter,
    read: u64,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        self.meter.at(self.read, 0);
        Ok(count)
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
