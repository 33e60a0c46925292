//! The record of a batch: its sample is drawn again, and its plan decides again.

use std::{fs::File, io::Read, path::Path, process::ExitCode};

use countersign_pipeline::batches::{BatchReport, RECORD_BYTES_MAX, verify_batch};
use serde_json::json;

use super::Trust;
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count},
};

/// Runs the check. Witnesses cosign checkpoints later than a record is made: asking for it is refused.
pub fn check(path: &Path, trust: &Trust, out: Output) -> Outcome<ExitCode> {
    if trust.cosigned_by > 0 || !trust.witnesses.is_empty() {
        let message =
            "The record of a batch is not checked for cosignatures: check the log with --witness-key.";
        return Err(Fault::new("usage", message).at(path.display()));
    }
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(RECORD_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| Fault::file(path, &error))?;
    if text.len() as u64 > RECORD_BYTES_MAX {
        return Err(Fault::new("too_large", "No record of a batch is as large.").at(path.display()));
    }
    let report = verify_batch(&text, trust.key.as_ref()).map_err(|fault| {
        Fault::new("batch_wrong", fault.message).at(format!("{}: {}", path.display(), fault.place))
    })?;
    out.result(
        &json!({ "verified": "batch", "file": path, "batch": report }),
        &said(path, &report, trust.key.is_some()),
    );
    Ok(ExitCode::SUCCESS)
}

fn said(path: &Path, report: &BatchReport, is_key_expected: bool) -> String {
    let [frozen, order, decided] = report.log_indices;
    let mut lines = vec![
        format!("{}: sound", path.display()),
        format!("  batch {} of {}: {}", report.name, count(report.units, "item"), report.decision),
        format!("  {} defective of {} inspected", report.found, report.checked),
        format!(
            "  sample and decision were worked out again: they fit. In the log: submitted at {frozen}, order drawn at \
                 {order}, decided at {decided}"
        ),
    ];
    if !is_key_expected {
        lines.push(
            "  the key is the record's own: compare it with the issuer's, or give it with --key".to_owned(),
        );
    }
    lines.join("\n")
}
