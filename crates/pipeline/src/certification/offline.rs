//! The files of a certificate in a release, and their check by whoever has only these files: root, order, bounds, places in
//! the log, and who judged what.

use std::collections::{HashMap, HashSet};

use countersign_ledger::{Entry, Hash, TlogProof, VerifierKey, release::Record};
use countersign_model::{CertificationId, ProjectId};
use countersign_quality::certify::{Finding, Unit};
use countersign_store::{Conn, certifications};
use serde::{Deserialize, Serialize};

use super::{
    FoundError, Frozen, LabelCertificate, OwnJudgement, UnitLine, freeze::root, parsed, spelled, without_gap,
};
use crate::{PipelineError, Result};

/// What a certificate of labels calls itself.
pub(super) const KIND: &str = "countersign label certificate";
/// The certificate in a release.
pub const CERTIFICATE_FILE: &str = "audit/certificate.json";
/// What was frozen: one line per item, in the order of their ids.
pub const UNITS_FILE: &str = "audit/units.jsonl";
/// What was found: one line per judged item, in the order of the audit.
pub const FINDINGS_FILE: &str = "audit/findings.jsonl";
/// Proofs (C2SP tlog-proof) of freezing, drawing the order, and certifying.
pub const PROOF_FILES: [&str; 3] =
    ["audit/frozen.tlog-proof", "audit/order.tlog-proof", "audit/certified.tlog-proof"];
/// Largest certificate that is read, bytes: bounds of a thousand classes beside what was frozen and found.
pub const CERTIFICATE_BYTES_MAX: usize = 1 << 28;
/// Largest file of units that is read, bytes: a line for each of 200,000.
pub const UNITS_BYTES_MAX: usize = 1 << 30;
/// Largest file of findings that is read, bytes: a line for each of 10,000.
pub const FINDINGS_BYTES_MAX: usize = 1 << 28;
/// The acts that the three proofs are of.
const ACTS: [&str; 3] = ["certification.frozen", "certification.seeded", "certification.closed"];
/// Units read from the store at once.
const UNITS_PER_PAGE: u32 = 5_000;

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFiles {
    /// [`CERTIFICATE_FILE`].
    pub certificate: String,
    /// [`UNITS_FILE`].
    pub units: String,
    /// [`FINDINGS_FILE`].
    pub findings: String,
    /// [`PROOF_FILES`].
    pub proofs: [String; 3],
}

/// A line of the findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingLine {
    pub item: String,
    auditor: String,
    judged_at: String,
    /// What they saw before the labels were shown.
    own: OwnJudgement,
    pub errors: Vec<FoundError>,
    /// Whether the bound counts it; what was judged beyond a gap in the order is no part of the random sample.
    pub in_bound: bool,
}

/// What does not fit, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct LabelFault {
    /// File, field or item.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl LabelFault {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// A certificate that holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelReport {
    /// The one sentence.
    pub statement: String,
    /// Items that were frozen.
    pub units: u64,
    /// Items that were judged.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
    /// Of these, corrected or left out since.
    pub mended: u64,
    /// Places in the log: frozen, order drawn, certified.
    pub log_indices: [u64; 3],
}

/// The findings as a release holds them.
pub(crate) fn findings_text(judged: &[certifications::Unit]) -> Result<String> {
    let (mut text, through) = (String::new(), without_gap(judged).len());
    for (place, unit) in judged.iter().enumerate() {
        let line = FindingLine {
            item: unit.item_id.to_string(),
            auditor: unit.auditor_id.map_or_else(String::new, |user| user.to_string()),
            judged_at: unit.judged_at.map_or_else(String::new, |at| at.to_string()),
            own: parsed("certification_units.own", unit.own.as_deref().unwrap_or("{\"classes\":{}}"))?,
            errors: parsed("certification_units.errors", unit.errors.as_deref().unwrap_or("[]"))?,
            in_bound: place < through,
        };
        text.push_str(&spelled(&line)?);
        text.push('\n');
    }
    Ok(text)
}

/// The files of a finished certificate.
///
/// # Errors
/// `certification_open`, `certification_void` when something of it was erased.
pub(crate) async fn audit_files(conn: &mut Conn, id: CertificationId) -> Result<AuditFiles> {
    let row = certifications::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
    let (Some(certificate), Some(proofs)) = (row.certificate, row.proofs) else {
        return Err(PipelineError::refused("certification_open", "This audit is not certified (yet)."));
    };
    let proofs: Vec<String> = parsed("certifications.proofs", &proofs)?;
    let proofs = <[String; 3]>::try_from(proofs)
        .map_err(|_| PipelineError::Internal("certifications.proofs: not three".into()))?;
    let units = units_text(conn, id).await?;
    let judged = certifications::judged(conn, id).await?;
    Ok(AuditFiles { certificate, units, findings: findings_text(&judged)?, proofs })
}

/// The lines that the root of an audit is over.
///
/// # Errors
/// `certification_void` when one of them was erased.
pub(crate) async fn units_text(conn: &mut Conn, id: CertificationId) -> Result<String> {
    let (mut units, mut after) = (String::new(), None);
    loop {
        let page = certifications::units_after(conn, id, after, UNITS_PER_PAGE).await?;
        let Some(last) = page.last() else { return Ok(units) };
        after = Some(last.item_id);
        for unit in &page {
            if unit.line.is_empty() {
                return Err(PipelineError::refused(
                    "certification_void",
                    "Somebody in the frozen set was erased: it cannot be recomputed.",
                ));
            }
            units.push_str(&unit.line);
            units.push('\n');
        }
    }
}

/// Checks a certificate against the records of the release that it is in, and the key of the log. Needs nothing else.
///
/// # Errors
/// [`LabelFault`] naming the first thing that does not fit.
pub fn verify_labels(
    files: &AuditFiles,
    records: &[Record],
    key: &VerifierKey,
) -> std::result::Result<LabelReport, LabelFault> {
    let stated: LabelCertificate = serde_json::from_str(&files.certificate)
        .map_err(|error| LabelFault::new(CERTIFICATE_FILE, error.to_string()))?;
    if stated.kind != KIND || stated.version != super::words::FORM_VERSION {
        return Err(LabelFault::new(CERTIFICATE_FILE, "not a label certificate of this version"));
    }
    let frozen: Frozen =
        serde_json::from_str(&stated.frozen).map_err(|error| LabelFault::new("frozen", error.to_string()))?;
    let lines: Vec<UnitLine> = read_lines(UNITS_FILE, &files.units)?;
    let found: Vec<FindingLine> = read_lines(FINDINGS_FILE, &files.findings)?;
    check_root(&frozen, &stated, files, &lines)?;
    let log_indices = check_log(files, &stated, &frozen, key)?;
    let judged: Vec<Finding> = found.iter().map(|line| bounded(line, &frozen)).collect();
    let through = found.iter().take_while(|line| line.in_bound).count();
    if found[through..].iter().any(|line| line.in_bound) {
        return Err(LabelFault::new(FINDINGS_FILE, "what the bound counts has a gap"));
    }
    let units: Vec<Unit> =
        lines.iter().map(|line| Unit { id: line.item.clone(), classes: line.classes.clone() }).collect();
    stated
        .certificate
        .verify(frozen.root, &units, &judged[..through])
        .map_err(|error| LabelFault::new("certificate", error.to_string()))?;
    if stated.statement != stated.certificate.statement() {
        return Err(LabelFault::new("statement", "is not what the certificate says"));
    }
    let mended = check_records(&lines, &found, &judged, records)?;
    Ok(LabelReport {
        statement: stated.statement,
        units: frozen.units,
        checked: stated.certificate.overall.checked,
        found: stated.certificate.overall.found,
        mended,
        log_indices,
    })
}

pub(crate) fn read_lines<T: serde::de::DeserializeOwned>(
    file: &str,
    text: &str,
) -> std::result::Result<Vec<T>, LabelFault> {
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| LabelFault::new(format!("{file} line {}", number + 1), error.to_string()))
    };
    text.lines().enumerate().map(line).collect()
}

fn check_root(
    frozen: &Frozen,
    stated: &LabelCertificate,
    files: &AuditFiles,
    lines: &[UnitLine],
) -> std::result::Result<(), LabelFault> {
    if root(files.units.lines()).0 != frozen.root.0 {
        return Err(LabelFault::new(UNITS_FILE, "the root over its lines is not the frozen one"));
    }
    if lines.len() as u64 != frozen.units {
        return Err(LabelFault::new(UNITS_FILE, "not as many lines as units were frozen"));
    }
    if stated.certificate.plan != frozen.plan {
        return Err(LabelFault::new("certificate", "`plan` is not the one that was fixed"));
    }
    if Hash::of(files.findings.as_bytes()) != stated.findings_sha256 {
        return Err(LabelFault::new(FINDINGS_FILE, "not the certified bytes"));
    }
    Ok(())
}

/// The three acts are in one log, in their order, about exactly these contents.
fn check_log(
    files: &AuditFiles,
    stated: &LabelCertificate,
    frozen: &Frozen,
    key: &VerifierKey,
) -> std::result::Result<[u64; 3], LabelFault> {
    let contents = [
        Hash::of(stated.frozen.as_bytes()),
        Hash(stated.certificate.seed.0),
        Hash::of(files.certificate.as_bytes()),
    ];
    let acts = Acts { names: ACTS, places: PROOF_FILES, contents, project: frozen.project };
    check_acts(&files.proofs, &acts, key)
}

/// Three acts about one audit, in their order.
pub(crate) struct Acts {
    pub names: [&'static str; 3],
    pub places: [&'static str; 3],
    pub contents: [Hash; 3],
    pub project: ProjectId,
}

pub(crate) fn check_acts(
    proofs: &[String; 3],
    acts: &Acts,
    key: &VerifierKey,
) -> std::result::Result<[u64; 3], LabelFault> {
    let (mut indices, mut about) = ([0; 3], None);
    for place in 0..3 {
        let fault = |message: String| LabelFault::new(acts.places[place], message);
        let proven = TlogProof::parse(proofs[place].as_bytes()).and_then(|proof| proof.verify(key));
        let proven = proven.map_err(|error| fault(error.to_string()))?;
        let event = Entry::decode(&proven.entry).map_err(|error| fault(error.to_string()))?;
        if event.action != acts.names[place] || event.project.as_deref() != Some(&acts.project.to_string()) {
            return Err(fault(format!("the event is {} and not {}", event.action, acts.names[place])));
        }
        if event.content_hash != Some(acts.contents[place]) {
            return Err(fault("the event is about other content".to_owned()));
        }
        if about.get_or_insert_with(|| event.object_id.clone()) != &event.object_id {
            return Err(fault("the event is of another audit".to_owned()));
        }
        if place > 0 && proven.index <= indices[place - 1] {
            return Err(fault("the event does not come after the one before".to_owned()));
        }
        indices[place] = proven.index;
    }
    Ok(indices)
}

fn bounded(line: &FindingLine, frozen: &Frozen) -> Finding {
    let counted = || line.errors.iter().filter(|error| frozen.counts.contains(&error.kind));
    Finding {
        unit: line.item.clone(),
        errors: counted().map(|error| error.class.clone()).collect(),
        severity: counted().map(|error| error.severity.weight()).fold(0.0, f64::max),
    }
}

/// The release holds what was frozen, except what was found wrong; and nobody judged what they worked on. How many of the
/// wrong ones were mended.
fn check_records(
    lines: &[UnitLine],
    found: &[FindingLine],
    findings: &[Finding],
    records: &[Record],
) -> std::result::Result<u64, LabelFault> {
    let wrong: HashSet<&str> =
        findings.iter().filter(|f| !f.errors.is_empty()).map(|f| f.unit.as_str()).collect();
    let released: HashMap<&str, &Record> =
        records.iter().map(|record| (record.item.as_str(), record)).collect();
    let frozen: HashSet<&str> = lines.iter().map(|line| line.item.as_str()).collect();
    if let Some(other) = records.iter().find(|record| !frozen.contains(record.item.as_str())) {
        return Err(LabelFault::new(format!("item {}", other.item), "is released and was not frozen"));
    }
    let mut mended = 0;
    for line in lines {
        let same = released.get(line.item.as_str()).is_some_and(|record| {
            (record.content_hash, &record.assets, &record.protocol)
                == (line.content_hash, &line.assets, &line.protocol)
        });
        if !same && !wrong.contains(line.item.as_str()) {
            let message = "is not released as it was frozen, although nothing was found in it";
            return Err(LabelFault::new(format!("item {}", line.item), message));
        }
        mended += u64::from(!same);
    }
    for line in found {
        let record = released.get(line.item.as_str());
        if record.is_some_and(|record| record.authors.iter().any(|author| author.actor == line.auditor)) {
            return Err(LabelFault::new(
                format!("item {}", line.item),
                "was judged by somebody who worked on it",
            ));
        }
    }
    Ok(mended)
}
