//! The record of a decided batch: everything that it takes to draw the sample and to decide again, without the server.

use countersign_ledger::{Hash, VerifierKey};
use countersign_model::BatchId;
use countersign_quality::{acceptance::Verdict, certify};
use countersign_store::{batches, certifications};
use serde::{Deserialize, Serialize};

use super::{FrozenBatch, audit_of, submit::FORM_VERSION, words::Decision};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    certification::{
        LabelFault, UnitLine,
        freeze::root,
        offline::{Acts, FindingLine, check_acts, findings_text, read_lines, units_text},
    },
    exports::Export,
    people::Caller,
};

/// Bytes that a record begins with.
pub const RECORD_START: &[u8] = br#"{"kind":"countersign batch"#;
/// Largest record that is read, bytes: a line for each of 200,000 items.
pub const RECORD_BYTES_MAX: u64 = 1 << 30;
/// What a record calls itself.
const KIND: &str = "countersign batch";
const ACTS: [&str; 3] = ["batch.frozen", "batch.seeded", "batch.decided"];
const PROOFS: [&str; 3] = ["proofs[0]", "proofs[1]", "proofs[2]"];

/// The record of a decided batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchRecord {
    /// What this is.
    pub kind: String,
    /// Version of this form.
    pub version: u32,
    /// The log's key.
    pub key: String,
    /// What was fixed, in the exact text whose hash the log holds.
    pub frozen: String,
    /// What the root is over: a line for each item, in the order of their ids.
    pub units: String,
    /// What was added after that, hexadecimal.
    pub entropy: String,
    /// Ids of the sample, in the order in which it is inspected.
    pub sample: Vec<String>,
    /// What was found: a line for each judged item, in the order of the sample.
    pub findings: String,
    /// What was decided, in the exact text whose hash the log holds.
    pub decision: String,
    /// Proofs (C2SP tlog-proof) that the log holds submission, order and decision.
    pub proofs: [String; 3],
}

/// A record that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchReport {
    /// Name of the batch.
    pub name: String,
    /// `accept` or `return`.
    pub decision: &'static str,
    /// Items in the batch.
    pub units: u64,
    /// Items that were inspected until the plan decided.
    pub checked: u64,
    /// Of these, defective.
    pub found: u64,
    /// Places in the log: submitted, order drawn, decided.
    pub log_indices: [u64; 3],
}

impl Pipeline {
    /// The record of a decided batch.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `batch_open`; `certification_void` when something of it was erased.
    pub async fn batch_record(&self, caller: &Caller, id: BatchId) -> Result<BatchRecord> {
        let mut conn = self.store.read().await?;
        let batch = batches::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewQuality, batch.project_id)?;
        let audit = certifications::by_id(&mut conn, audit_of(id)).await?.ok_or(PipelineError::NotFound)?;
        let (Some(decision), Some(decided), Some(seeded), Some(entropy)) =
            (batch.decision, batch.decided_event, audit.seeded_event, audit.entropy)
        else {
            // Its lines name labels, which whoever inspects may not know before.
            return Err(PipelineError::refused("batch_open", "There is a record once the batch is decided."));
        };
        let units = units_text(&mut conn, audit.id).await?;
        let judged = certifications::judged(&mut conn, audit.id).await?;
        let sample = certifications::sample(&mut conn, audit.id).await?;
        drop(conn);
        self.note_export(caller, Export::Batch, Some(batch.project_id), Some(id.uuid())).await?;
        Ok(BatchRecord {
            kind: KIND.to_owned(),
            version: FORM_VERSION,
            key: self.store.log_key(),
            frozen: audit.frozen,
            units,
            entropy,
            sample: sample.iter().map(ToString::to_string).collect(),
            findings: findings_text(&judged)?,
            decision,
            proofs: [
                self.proof(audit.frozen_event).await?,
                self.proof(seeded).await?,
                self.proof(decided).await?,
            ],
        })
    }
}

/// Works the sample and the decision out again and looks both up in the log's proofs. Without a key the record's own is
/// taken: then only its parts fit together.
///
/// # Errors
/// [`LabelFault`] naming the first thing that does not fit.
pub fn verify_batch(text: &str, key: Option<&VerifierKey>) -> std::result::Result<BatchReport, LabelFault> {
    let fault = |place: &str, message: &str| LabelFault::new(place, message);
    let record: BatchRecord =
        serde_json::from_str(text).map_err(|error| LabelFault::new("record", error.to_string()))?;
    if record.kind != KIND || record.version != FORM_VERSION {
        return Err(fault("kind", "not the record of a batch of this version"));
    }
    let own = VerifierKey::parse(&record.key).map_err(|error| LabelFault::new("key", error.to_string()))?;
    let frozen: FrozenBatch =
        serde_json::from_str(&record.frozen).map_err(|error| LabelFault::new("frozen", error.to_string()))?;
    let decision: Decision = serde_json::from_str(&record.decision)
        .map_err(|error| LabelFault::new("decision", error.to_string()))?;
    let seed = check_sample(&record, &frozen)?;
    let contents = [Hash::of(record.frozen.as_bytes()), Hash(seed.0), Hash::of(record.decision.as_bytes())];
    let acts = Acts { names: ACTS, places: PROOFS, contents, project: frozen.project };
    let log_indices = check_acts(&record.proofs, &acts, key.unwrap_or(&own))?;
    check_decision(&record, &frozen, &decision)?;
    Ok(BatchReport {
        name: frozen.name,
        decision: if decision.standing.verdict == Verdict::Accept { "accept" } else { "return" },
        units: frozen.units,
        checked: decision.standing.checked,
        found: decision.standing.found,
        log_indices,
    })
}

/// Root, seed and order follow from what was frozen and added; the seed.
fn check_sample(
    record: &BatchRecord,
    frozen: &FrozenBatch,
) -> std::result::Result<certify::Hash, LabelFault> {
    if root(record.units.lines()).0 != frozen.root.0 {
        return Err(LabelFault::new("units", "the root over its lines is not the frozen one"));
    }
    let lines: Vec<UnitLine> = read_lines("units", &record.units)?;
    if lines.len() as u64 != frozen.units {
        return Err(LabelFault::new("units", "not as many lines as items were frozen"));
    }
    let entropy =
        hex::decode(&record.entropy).map_err(|error| LabelFault::new("entropy", error.to_string()))?;
    let seed = certify::seed(frozen.root, &entropy);
    let ids: Vec<&str> = lines.iter().map(|line| line.item.as_str()).collect();
    let size = usize::try_from(frozen.sample_max).unwrap_or(usize::MAX);
    let order = certify::order(seed, &ids).into_iter().take(size).map(|place| ids[place]);
    if !order.eq(record.sample.iter().map(String::as_str)) {
        return Err(LabelFault::new("sample", "is not what the seed draws"));
    }
    Ok(seed)
}

/// The plan decides like this about what was found, in the order of the sample.
fn check_decision(
    record: &BatchRecord,
    frozen: &FrozenBatch,
    decision: &Decision,
) -> std::result::Result<(), LabelFault> {
    if Hash::of(record.findings.as_bytes()) != decision.findings_sha256 {
        return Err(LabelFault::new("findings", "not the bytes that were decided about"));
    }
    let found: Vec<FindingLine> = read_lines("findings", &record.findings)?;
    let through = found.iter().take_while(|line| line.in_bound).count();
    let in_order = record.sample.iter().zip(&found[..through]).all(|(item, line)| *item == line.item);
    if !in_order || through > record.sample.len() {
        return Err(LabelFault::new("findings", "are not of the first items of the sample"));
    }
    let wrong = found[..through]
        .iter()
        .map(|line| line.errors.iter().any(|error| frozen.counts.contains(&error.kind)));
    if frozen.plan.follow(frozen.units, wrong) != decision.standing {
        return Err(LabelFault::new("decision", "is not what the plan says about the findings"));
    }
    if decision.standing.verdict == Verdict::Open {
        return Err(LabelFault::new("decision", "decides nothing"));
    }
    Ok(())
}
