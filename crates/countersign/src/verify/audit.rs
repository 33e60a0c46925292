//! The bound on the error of a release's labels, worked out again from the package alone.

use std::{fs::File, path::Path};

use countersign_ledger::{
    VerifierKey,
    proof::PROOF_BYTES_MAX,
    release::{Record, release_member},
};
use countersign_pipeline::certification::{
    AuditFiles, CERTIFICATE_BYTES_MAX, CERTIFICATE_FILE, FINDINGS_BYTES_MAX, FINDINGS_FILE, LabelReport,
    PROOF_FILES, UNITS_BYTES_MAX, UNITS_FILE, UNITS_MAX, verify_labels,
};

use crate::fault::{Fault, Outcome};

/// The items of a package, as far as an audit of it has to know them: nothing is kept where there is none, and no more than
/// an audit can be about.
pub struct Audited {
    is_there: bool,
    records: Vec<Record>,
    is_too_many: bool,
}

impl Audited {
    /// Looks whether there is an audit. Nothing is known of the package yet: what cannot be read is left to its check.
    pub fn look(path: &Path) -> Self {
        let found = member(path, CERTIFICATE_FILE, CERTIFICATE_BYTES_MAX);
        Self { is_there: !matches!(found, Ok(None)), records: Vec::new(), is_too_many: false }
    }

    /// Keeps an item.
    pub fn keep(&mut self, record: &Record) {
        if self.records.len() >= UNITS_MAX {
            self.is_too_many = true;
        } else if self.is_there {
            self.records.push(record.clone());
        }
    }

    /// Checks the audit in a package that is sound; `None` where it has none.
    pub fn check(&self, path: &Path, key: &str) -> Outcome<Option<LabelReport>> {
        let Some(certificate) = member(path, CERTIFICATE_FILE, CERTIFICATE_BYTES_MAX)? else {
            return Ok(None);
        };
        if self.is_too_many {
            let message = format!("is about more than {UNITS_MAX} items, which no audit is");
            return Err(Fault::new("certificate_wrong", message).at(CERTIFICATE_FILE));
        }
        let needed = |name: &str, limit: usize| {
            member(path, name, limit)?
                .ok_or_else(|| Fault::new("certificate_wrong", "is missing beside the certificate").at(name))
        };
        let [frozen, order, certified] = PROOF_FILES.map(|name| needed(name, PROOF_BYTES_MAX));
        let files = AuditFiles {
            certificate,
            units: needed(UNITS_FILE, UNITS_BYTES_MAX)?,
            findings: needed(FINDINGS_FILE, FINDINGS_BYTES_MAX)?,
            proofs: [frozen?, order?, certified?],
        };
        let key = VerifierKey::parse(key).map_err(|error| Fault::new("bad_key", error.to_string()))?;
        verify_labels(&files, &self.records, &key)
            .map(Some)
            .map_err(|fault| Fault::new("certificate_wrong", fault.message).at(fault.place))
    }
}

fn member(path: &Path, name: &str, limit: usize) -> Outcome<Option<String>> {
    let file = File::open(path).map_err(|error| Fault::file(path, &error))?;
    let bytes = release_member(file, name, limit).map_err(Fault::from)?;
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
