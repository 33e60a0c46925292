//! Tables of records and free text that come in beside the images. A table is cleaned by the rules of the protocol and its
//! rows join the items that they are about; a table that the rules do not cover, and every free text, stays in quarantine by
//! itself. Nobody is shown either.

use std::collections::BTreeMap;

use countersign_deid::{self as deid, CleanedRow, RecordsError, RecordsLimits};
use countersign_model::{
    AssetKind, ColumnAction, ColumnRule, IngestId, Instant, ItemId, ItemKind, OneOf, ProjectId, RecordFileId,
    RecordsPlan,
};
use countersign_store::{Actor, Conn, Evidence, Json, Tx, assets, gold, jobs, records, subjects};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{finish_in, plan::rules};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    people::Caller,
    subjects::Whose,
    views::{Page, page_length},
};

/// The body of this kind of job looks at one table.
pub(crate) const JOB_RECORDS: &str = "records";
/// What a table that is sent may measure: 32 MiB, 50 000 rows of 200 columns, 4 KiB in a field.
pub const TABLE_LIMITS: RecordsLimits =
    RecordsLimits { bytes: 32 << 20, rows: 50_000, columns: 200, field_bytes: 4 << 10 };
/// Rows that an item shows, the first of them.
const ROWS_SHOWN_MAX: u32 = 200;
/// Key of a job's payload.
const FILE: &str = "file";
/// Free text stays, whatever it says.
const FREE_TEXT: &str = "free-text";
/// The protocol says nothing of tables.
const NO_RULES: &str = "records-no-rules";

/// A table or free text as the privacy officer sees it: what was done, never a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordFileView {
    /// File.
    pub id: RecordFileId,
    /// The run that it came with.
    pub ingest: IngestId,
    /// `table` or `free_text`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: AssetKind,
    /// `waiting` for the gate, `cleaned` to its rows, `kept` in quarantine, or `erased`.
    pub state: String,
    /// Code of why it stays.
    pub reason: Option<String>,
    /// Row that it stays for: 0 for the first line, 1 for the one behind it.
    pub row: Option<u64>,
    /// Column that it stays for, from 1.
    pub column: Option<u64>,
    /// Size as it came, bytes; 0 once the file was destroyed.
    pub bytes: u64,
    /// Rows that were cleaned.
    pub rows: u64,
    /// Of these, rows about an item that is here.
    pub joined: u64,
    /// Protocol version whose rules were applied.
    pub protocol_version: Option<u32>,
    /// Rule set: rules, tables, code version.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub rule_set: Option<serde_json::Value>,
    /// Keyed hash of the bytes as they came.
    pub hash_before: String,
    /// SHA-256 of the cleaned table.
    pub hash_after: Option<String>,
    /// What was done to each column that the rules name, and how many values were looked for in what stays.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub report: Option<serde_json::Value>,
    /// It came.
    pub came_at: Instant,
    /// The gate looked at it last.
    pub looked_at: Option<Instant>,
}

/// A row of a cleaned table that is about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemRecord {
    /// When the first table with it came.
    pub came_at: Instant,
    /// Its values, without those that were empty.
    pub cells: Vec<RecordCell>,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordCell {
    /// Name of the column, as the protocol has it.
    pub column: String,
    /// The value that stays.
    pub value: String,
}

/// What a file is by its name, where it is no image: a table, or free text. A DICOM file may be named like either.
pub(crate) fn kind_of(name: &str, bytes: &[u8]) -> Option<AssetKind> {
    if bytes.get(128..132) == Some(b"DICM") {
        return None;
    }
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "csv" | "tsv" => Some(AssetKind::Table),
        "txt" => Some(AssetKind::FreeText),
        _ => None,
    }
}

/// Notes a file that just came into quarantine. Free text stays at once; a table waits for the gate.
pub(crate) async fn note(tx: &mut Tx, ingest: IngestId, asset: &assets::Asset) -> Result<()> {
    let (project, is_text) = (asset.project_id, asset.kind == AssetKind::FreeText);
    let file = records::RecordFile {
        id: tx.fresh(),
        project_id: project,
        ingest_id: ingest,
        asset_id: asset.id,
        state: if is_text { "kept" } else { "waiting" }.into(),
        reason: is_text.then(|| FREE_TEXT.to_owned()),
        at_row: None,
        at_column: None,
        row_count: 0,
        protocol_version: None,
        rules: None,
        hash_before: asset.content_hash.clone(),
        hash_after: None,
        report: None,
        came_at: tx.now(),
        looked_at: is_text.then(|| tx.now()),
    };
    let id = file.id;
    if !records::insert(tx, file).await? {
        return Ok(());
    }
    if is_text {
        tx.record(
            Evidence::new("records.held", "record_file", id.uuid()).project(project).reason(FREE_TEXT),
        )?;
        return Ok(());
    }
    let wanted = job(tx, project, id);
    Ok(jobs::insert_all(tx, vec![wanted]).await?)
}

fn job(tx: &Tx, project: ProjectId, id: RecordFileId) -> jobs::Job {
    jobs::Job::ready(tx, JOB_RECORDS, Some(project), None, &serde_json::json!({ FILE: id }))
}

/// Has the tables that stay looked at again, as what decides about them changed.
pub(super) async fn look_again(tx: &mut Tx, project: ProjectId) -> Result<Vec<jobs::Job>> {
    let tables = records::look_again(tx, project).await?;
    for id in &tables {
        tx.record(Evidence::new("records.waiting", "record_file", id.uuid()).project(project))?;
    }
    Ok(tables.into_iter().map(|id| job(tx, project, id)).collect())
}

/// The rows about an item that the gate has passed, the first to come first. A copy of a gold item shows those of its gold
/// item.
pub(crate) async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<ItemRecord>> {
    let item = gold::source(conn, item).await?.unwrap_or(item);
    let found = records::of_item(conn, item, ROWS_SHOWN_MAX).await?;
    let cell = |(column, value): (String, String)| RecordCell { column, value };
    let row = |row: records::ItemRow| ItemRecord {
        came_at: row.came_at,
        cells: row.cells.0.into_iter().map(cell).collect(),
    };
    Ok(found.into_iter().map(row).collect())
}

/// A row on its way to the item that it is about.
struct Joining {
    number: u64,
    patient: String,
    study_key: Option<String>,
    accession_key: Option<String>,
    cells: records::Cells,
}

/// A table that passed.
struct Passed {
    looked: records::Looked,
    /// Tag and pseudonym by the patient's number.
    patients: BTreeMap<String, (String, String)>,
    rows: Vec<Joining>,
}

impl Pipeline {
    /// The tables and free texts that came into a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers; `bad_cursor`.
    pub async fn record_files(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<RecordFileView>> {
        self.require_on(caller, Action::Gate, project)?;
        let before = cursor.as_deref().map(str::parse::<RecordFileId>).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let found = records::list(&mut conn, project, before, limit + 1).await?;
        let page = Page::cut(found, limit, |file| file.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for file in page.items {
            let listed = records::listed(&mut conn, file.id).await?;
            shown.push(view(file, &listed));
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// Looks at a table: the body of a `records` job.
    ///
    /// # Errors
    /// `vault_offline`: the job waits. When the store fails, the job is tried again.
    pub(crate) async fn run_records(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = file_of(&job)?;
        let (file, asset) = {
            let mut conn = self.store.read().await?;
            let file = records::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, file.asset_id).await?.ok_or(PipelineError::NotFound)?;
            (file, asset)
        };
        if file.state != "waiting" {
            return self.finish_job(job, worker).await;
        }
        let project = file.project_id;
        let rules = rules(self, &mut *self.store.read().await?, project, None, ItemKind::Study).await?;
        let version = rules.version;
        let passed = match rules.plan.records.clone() {
            None => Err((NO_RULES, (None, None))),
            Some(plan) => {
                let bytes = self.store.quarantine().for_machine(project, &asset.address).await?;
                let (pipeline, keys) = (self.clone(), deid::Keys { project_key: rules.key });
                let cleaned = blocking(move || clean(&pipeline, project, &bytes, (&plan, version), &keys));
                cleaned.await??.map_err(|error| (error.code(), error.place()))
            }
        };
        match passed {
            Ok(passed) => self.keep_rows((project, id), passed, job, worker).await,
            Err(fault) => self.keep_table((project, id), version, fault, job, worker).await,
        }
    }

    /// Keeps the rows of a table that passed, whole or not at all.
    async fn keep_rows(
        &self,
        (project, id): (ProjectId, RecordFileId),
        passed: Passed,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let Passed { looked, patients, rows } = passed;
                    still_waits(records::look(tx, id, looked).await?)?;
                    let (people, mut known, mut opened) = (patients.len(), BTreeMap::new(), 0_u64);
                    for (patient, (tag, pseudonym)) in patients {
                        let (subject, is_new) = subjects::ensure(tx, project, "patient", &tag).await?;
                        subjects::name(tx, subject.id, &pseudonym).await?;
                        known.insert(patient, subject.id);
                        opened += u64::from(is_new);
                    }
                    let mut kept = Vec::with_capacity(rows.len());
                    for row in rows {
                        let subject = *known.get(&row.patient).ok_or(PipelineError::NotFound)?;
                        kept.push(records::RecordRow {
                            id: tx.fresh(),
                            file_id: id,
                            subject_id: subject,
                            number: row.number,
                            study_key: row.study_key,
                            accession_key: row.accession_key,
                            cells: Json(row.cells),
                        });
                    }
                    let details =
                        serde_json::json!({ "rows": kept.len(), "patients": people, "opened": opened });
                    records::insert_rows(tx, kept).await?;
                    let evidence = Evidence::new("records.cleaned", "record_file", id.uuid());
                    tx.record(evidence.project(project).details(details))?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }

    /// Leaves a table where it is, with why and where.
    async fn keep_table(
        &self,
        (project, id): (ProjectId, RecordFileId),
        protocol_version: u32,
        (code, (row, column)): (&'static str, (Option<u64>, Option<usize>)),
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let looked = records::Looked {
            state: "kept",
            reason: Some(code.to_owned()),
            place: (row, column.map(|column| column as u64)),
            row_count: 0,
            protocol_version,
            rules: None,
            hash_after: None,
            report: None,
        };
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    still_waits(records::look(tx, id, looked).await?)?;
                    let evidence = Evidence::new("records.held", "record_file", id.uuid());
                    tx.record(evidence.project(project).reason(code))?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }
}

fn still_waits(waited: bool) -> Result<()> {
    let message = "The table was erased while the gate looked at it.";
    if waited { Ok(()) } else { Err(PipelineError::refused("table_changed", message)) }
}

/// Cleans a table and sorts its rows by whom they are about.
fn clean(
    pipeline: &Pipeline,
    project: ProjectId,
    bytes: &[u8],
    (plan, version): (&RecordsPlan, u32),
    keys: &deid::Keys,
) -> Result<std::result::Result<Passed, RecordsError>> {
    let key = |kind: &str, value: Option<&str>| {
        value.map(|value| pipeline.store.keys().group_key(project, &[kind.as_bytes(), value.as_bytes()]))
    };
    let mut rows = Vec::new();
    let mut keep = |row: CleanedRow<'_>| {
        let filled = row.values.iter().filter(|(_, value)| !value.is_empty());
        let cells: records::Cells =
            filled.map(|(column, value)| ((*column).to_owned(), value.clone())).collect();
        if let Some(patient) = row.patient.filter(|_| !cells.is_empty()) {
            rows.push(Joining {
                number: row.number,
                patient: patient.to_owned(),
                study_key: key("study", row.study),
                accession_key: key("accession", row.accession),
                cells,
            });
        }
    };
    let engine = engine_rules(plan, version);
    let cleaned = match deid::clean_rows(bytes, (delimiter(bytes), TABLE_LIMITS), &engine, keys, &mut keep) {
        Ok(cleaned) => cleaned,
        Err(error) => return Ok(Err(error)),
    };
    let names_patients = |(_, action, _): &(String, deid::Action, u64)| *action == deid::Action::Pseudonym;
    if !cleaned.report.columns.iter().any(names_patients) {
        return Ok(Err(RecordsError::NoPatient));
    }
    let mut patients = BTreeMap::new();
    for patient in rows.iter().map(|row| &row.patient) {
        if !patients.contains_key(patient) {
            let tag = pipeline.tag(project, &Whose::patient(&plan.issuer, patient))?;
            patients.insert(patient.clone(), (tag, keys.pseudonym(&plan.issuer, patient)));
        }
    }
    let report = cleaned.report;
    let looked = records::Looked {
        state: "cleaned",
        reason: None,
        place: (None, None),
        row_count: report.rows,
        protocol_version: version,
        rules: Some(serde_json::json!({
            "rule_set": "records",
            "protocol_version": version,
            "code_version": report.code_version,
            "zip3_table": report.zip3_table,
        })),
        hash_after: Some(hex::encode(Sha256::digest(&cleaned.bytes))),
        report: Some(serde_json::json!({ "columns": report.columns, "searched": report.searched })),
    };
    Ok(Ok(Passed { looked, patients, rows }))
}

/// What stands between the fields of a table, by its first line: a tab, a semicolon where there is no comma, or a comma.
fn delimiter(bytes: &[u8]) -> u8 {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.contains(&b'\t') {
        b'\t'
    } else if line.contains(&b';') && !line.contains(&b',') {
        b';'
    } else {
        b','
    }
}

/// The protocol's rules in the words of the engine.
fn engine_rules(plan: &RecordsPlan, version: u32) -> deid::Rules {
    let action = |rule: &ColumnRule| match rule {
        ColumnRule::OneOf(OneOf { one_of }) => deid::Action::OneOf(one_of.clone()),
        ColumnRule::Action(action) => match action {
            ColumnAction::Keep => deid::Action::Keep,
            ColumnAction::Drop => deid::Action::Drop,
            ColumnAction::Pseudonym => deid::Action::Pseudonym,
            ColumnAction::Study => deid::Action::Study,
            ColumnAction::Accession => deid::Action::Accession,
            ColumnAction::DateShift => deid::Action::DateShift,
            ColumnAction::Year => deid::Action::Year,
            ColumnAction::AgeCap => deid::Action::AgeCap,
            ColumnAction::Zip3 => deid::Action::Zip3,
        },
    };
    deid::Rules {
        version: format!("protocol version {version}"),
        issuer: plan.issuer.clone(),
        columns: plan.columns.iter().map(|(name, rule)| (name.clone(), action(rule))).collect(),
    }
}

fn file_of(job: &jobs::Job) -> Result<RecordFileId> {
    let payload: serde_json::Value =
        serde_json::from_str(&job.payload).map_err(|error| PipelineError::Internal(error.to_string()))?;
    let id = payload[FILE].as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| PipelineError::Internal("a records job without file".into()))
}

fn view(file: records::RecordFile, listed: &records::ListedFile) -> RecordFileView {
    RecordFileView {
        id: file.id,
        ingest: file.ingest_id,
        kind: listed.kind,
        state: file.state,
        reason: file.reason,
        row: file.at_row,
        column: file.at_column,
        bytes: listed.bytes,
        rows: file.row_count,
        joined: listed.joined,
        protocol_version: file.protocol_version,
        rule_set: file.rules.map(|rules| rules.0),
        hash_before: file.hash_before,
        hash_after: file.hash_after,
        report: file.report.map(|report| report.0),
        came_at: file.came_at,
        looked_at: file.looked_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_by_name_and_its_fields_by_the_first_line() {
        assert_eq!(kind_of("a/Labs.CSV", b"mrn\n"), Some(AssetKind::Table));
        assert_eq!(kind_of("labs.tsv", b"mrn\n"), Some(AssetKind::Table));
        assert_eq!(kind_of("letter.txt", b"Dear"), Some(AssetKind::FreeText));
        assert_eq!(kind_of("IM1", b"mrn,k\n"), None);
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        assert_eq!(kind_of("1.2.840.txt", &dicom), None, "a file named like text is still an image");
        assert_eq!(delimiter(b"mrn\tk;l\n1,2"), b'\t');
        assert_eq!(delimiter(b"mrn;k\n1,2;3"), b';');
        assert_eq!(delimiter(b"mrn,k;l\n"), b',');
        assert_eq!(delimiter(b""), b',');
    }
}
