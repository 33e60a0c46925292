//! The bound on the error of a release's labels, worked out again from the package alone.

use std::{fs::File, path::Path};

use countersign_ledger::{
    VerifierKey,
    release::{Record, release_member},
};
use countersign_pipeline::certification::{
    AuditFiles, CERTIFICATE_FILE, FINDINGS_FILE, LabelReport, PROOF_FILES, UNITS_BYTES_MAX, UNITS_FILE,
    verify_labels,
};

use crate::fault::{Fault, Outcome};

/// Checks the audit in a package that is sound; `None` where it has none.
pub fn labels(path: &Path, key: &str, records: &[Record]) -> Outcome<Option<LabelReport>> {
    let Some(certificate) = member(path, CERTIFICATE_FILE)? else { return Ok(None) };
    let needed = |name: &str| {
        member(path, name)?
            .ok_or_else(|| Fault::new("certificate_wrong", "is missing beside the certificate").at(name))
    };
    let [frozen, order, certified] = PROOF_FILES;
    let files = AuditFiles {
        certificate,
        units: needed(UNITS_FILE)?,
        findings: needed(FINDINGS_FILE)?,
        proofs: [needed(frozen)?, needed(order)?, needed(certified)?],
    };
    let key = VerifierKey::parse(key).map_err(|error| Fault::new("bad_key", error.to_string()))?;
    verify_labels(&files, records, &key)
        .map(Some)
        .map_err(|fault| Fault::new("certificate_wrong", fault.message).at(fault.place))
}

fn member(path: &Path, name: &str) -> Outcome<Option<String>> {
    let file = File::open(path).map_err(|error| Fault::file(path, &error))?;
    let bytes = release_member(file, name, UNITS_BYTES_MAX).map_err(Fault::from)?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| Fault::new("certificate_wrong", "is not UTF-8").at(name))
}

/// What people are told.
pub fn said(report: &LabelReport) -> String {
    let [frozen, order, certified] = report.log_indices;
    format!(
        "\n  labels: {}\n    root, order of the audit and bounds were worked out again: they fit. In the log: frozen at \
         {frozen}, order drawn at {order}, certified at {certified}\n    {} of the {} found wrong are corrected or left out",
        report.statement, report.mended, report.found
    )
}
