//! Tables of records and free text that came in beside the images of a project, and the rows that stay of them.

use countersign_model::{AssetId, AssetKind, IngestId, Instant, ItemId, ProjectId, RecordFileId, SubjectId};
use uuid::Uuid;

use crate::{
    Conn, Json, StoreError, Tx,
    subjects::Subject,
    value::{record, row},
};

/// Name and value of each column that stays, in their order.
pub type Cells = Vec<(String, String)>;

record! {
    /// A table, or free text. Holds places, codes and names of the rules' columns, never a value.
    RecordFile in "record_files" {
        /// Id.
        id: RecordFileId,
        /// Project.
        project_id: ProjectId,
        /// The run that it came with.
        ingest_id: IngestId,
        /// The file as it came. It never leaves quarantine.
        asset_id: AssetId,
        /// `waiting` for the gate, `cleaned` to its rows, `kept` in quarantine, or `erased`.
        state: String,
        /// Code of why it stays.
        reason: Option<String>,
        /// Row that it stays for, 0 for the first line, 1 for the one behind it.
        at_row: Option<u64>,
        /// Column that it stays for, from 1.
        at_column: Option<u64>,
        /// Rows that were cleaned.
        row_count: u64,
        /// Protocol version whose rules were applied.
        protocol_version: Option<u32>,
        /// Rule set: rules, tables, code version.
        rules: Option<Json<serde_json::Value>>,
        /// Keyed hash of the bytes as they came.
        hash_before: String,
        /// SHA-256 of the cleaned table, hexadecimal.
        hash_after: Option<String>,
        /// What was done to each column.
        report: Option<Json<serde_json::Value>>,
        /// It came.
        came_at: Instant,
        /// The gate looked at it last.
        looked_at: Option<Instant>,
    }
}

record! {
    /// What stays of a row of a table.
    RecordRow in "record_rows" {
        /// Id.
        id: Uuid,
        /// Table.
        file_id: RecordFileId,
        /// Whom it is about.
        subject_id: SubjectId,
        /// Number within the table, from 1.
        number: u64,
        /// Keyed hash of the study that it belongs to, as [`crate::items::Item::group_key`].
        study_key: Option<String>,
        /// Keyed hash of the accession number that it belongs to.
        accession_key: Option<String>,
        /// Its values.
        cells: Json<Cells>,
    }
}

record! {
    /// An accession number of an item, as a keyed hash.
    ItemAccession in "item_accessions" {
        /// Item.
        item_id: ItemId,
        /// The hash.
        accession_key: String,
    }
}

row! {
    /// A file with what its list says of it.
    ListedFile {
        /// File.
        id: RecordFileId,
        /// Table or free text.
        kind: AssetKind,
        /// Size as it came, bytes; 0 once that was destroyed.
        bytes: u64,
        /// Of its rows, those that belong to an item that is here.
        joined: u64,
    }
}

row! {
    /// A row that belongs to an item.
    ItemRow {
        /// Its values.
        cells: Json<Cells>,
        /// The first table with it came.
        came_at: Instant,
    }
}

/// The condition under which row `r` belongs to item `i`, whose subjects are `s`.
macro_rules! belongs {
    () => {
        "s.subject_id = r.subject_id AND (r.study_key IS NULL OR r.study_key = i.group_key) \
         AND (r.accession_key IS NULL OR EXISTS (SELECT 1 FROM item_accessions a \
         WHERE a.item_id = i.id AND a.accession_key = r.accession_key))"
    };
}

/// Adds a file; nothing happens where the same bytes are one already.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, file: RecordFile) -> Result<bool, StoreError> {
    let sql = "SELECT * FROM record_files WHERE asset_id = $1";
    let known: Option<RecordFile> = tx.query(sql).bind(file.asset_id).optional().await?;
    if known.is_some() {
        return Ok(false);
    }
    tx.insert(file).await?;
    Ok(true)
}

/// A file by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: RecordFileId) -> Result<Option<RecordFile>, StoreError> {
    conn.query("SELECT * FROM record_files WHERE id = $1").bind(id).optional().await
}

/// Files of a project, newest first, before the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    before: Option<RecordFileId>,
    limit: u32,
) -> Result<Vec<RecordFile>, StoreError> {
    let sql = "SELECT * FROM record_files WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = before.map_or(Uuid::max(), RecordFileId::uuid);
    conn.query(sql).bind(project).bind(before).bind(limit).all().await
}

/// What the list says of a file beside its own row.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn listed(conn: &mut Conn, id: RecordFileId) -> Result<ListedFile, StoreError> {
    let sql = concat!(
        "SELECT f.id, a.kind, a.bytes, (SELECT COUNT(*) FROM record_rows r WHERE r.file_id = f.id AND EXISTS \
         (SELECT 1 FROM subject_items s JOIN items i ON i.id = s.item_id WHERE ",
        belongs!(),
        ")) AS joined FROM record_files f JOIN assets a ON a.id = f.asset_id WHERE f.id = $1"
    );
    conn.query(sql).bind(id).optional().await?.ok_or(StoreError::NotFound { place: "record_files" })
}

/// Rows that belong to an item, each once, in the order in which they came.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId, limit: u32) -> Result<Vec<ItemRow>, StoreError> {
    let sql = concat!(
        "SELECT r.cells, MIN(f.came_at) AS came_at FROM subject_items s JOIN items i ON i.id = s.item_id \
         JOIN record_rows r ON ",
        belongs!(),
        " JOIN record_files f ON f.id = r.file_id WHERE s.item_id = $1 \
         GROUP BY r.cells ORDER BY MIN(f.came_at), MIN(r.number), r.cells LIMIT $2"
    );
    conn.query(sql).bind(item).bind(limit).all().await
}

/// Keeps under which accession numbers an item is known.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn note_accessions(tx: &mut Tx, item: ItemId, keys: &[String]) -> Result<(), StoreError> {
    for key in keys {
        let sql =
            "INSERT INTO item_accessions (item_id, accession_key) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.query(sql).bind(item).bind(key.clone()).execute().await?;
    }
    Ok(())
}

/// What the gate made of a file.
#[derive(Clone, Debug)]
pub struct Looked {
    /// `cleaned` or `kept`.
    pub state: &'static str,
    /// Why it stays.
    pub reason: Option<String>,
    /// Row and column that it stays for.
    pub place: (Option<u64>, Option<u64>),
    /// Rows that were cleaned.
    pub row_count: u64,
    /// Protocol version.
    pub protocol_version: u32,
    /// Rule set.
    pub rules: Option<serde_json::Value>,
    /// SHA-256 of the cleaned table.
    pub hash_after: Option<String>,
    /// What was done to each column.
    pub report: Option<serde_json::Value>,
}

/// Notes what the gate made of a file that waits; `false` when none of this id waits.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn look(tx: &mut Tx, id: RecordFileId, looked: Looked) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE record_files SET state = $1, reason = $2, at_row = $3, at_column = $4, row_count = $5, \
               protocol_version = $6, rules = $7, hash_after = $8, report = $9, looked_at = $10 \
               WHERE id = $11 AND state = 'waiting'";
    let query = tx.query(sql).bind(looked.state.to_owned()).bind(looked.reason).bind(looked.place.0);
    let query = query.bind(looked.place.1).bind(looked.row_count).bind(looked.protocol_version);
    let query = query.bind(looked.rules.map(Json)).bind(looked.hash_after).bind(looked.report.map(Json));
    Ok(query.bind(now).bind(id).execute().await? > 0)
}

/// Keeps the rows of a table.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_rows(tx: &mut Tx, rows: Vec<RecordRow>) -> Result<(), StoreError> {
    tx.insert_all(rows).await.map(drop)
}

/// Has every table of a project that stays wait for the gate again, as its rules changed; their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn look_again(tx: &mut Tx, project: ProjectId) -> Result<Vec<RecordFileId>, StoreError> {
    let sql = "SELECT f.* FROM record_files f JOIN assets a ON a.id = f.asset_id \
               WHERE f.project_id = $1 AND f.state = 'kept' AND a.kind = 'table' ORDER BY f.id";
    let kept: Vec<RecordFile> = tx.query(sql).bind(project).all().await?;
    for file in &kept {
        let sql = "UPDATE record_files SET state = 'waiting' WHERE id = $1";
        tx.query(sql).bind(file.id).execute().await?;
    }
    Ok(kept.into_iter().map(|file| file.id).collect())
}

/// The files, as subjects of their own, that go with somebody: tables with a row about them, and, where a patient is asked
/// for, what stays unread, of which nobody can say whom it names. As far as they are still there.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn going_with(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Subject>, StoreError> {
    let sql = "SELECT o.* FROM subjects o WHERE o.state = 'live' AND o.id <> $1 AND o.id IN \
               (SELECT sa.subject_id FROM record_files f JOIN subject_assets sa ON sa.asset_id = f.asset_id \
               WHERE EXISTS (SELECT 1 FROM record_rows r WHERE r.file_id = f.id AND r.subject_id = $1) \
               OR (f.state IN ('waiting', 'kept') AND f.project_id = \
               (SELECT project_id FROM subjects WHERE id = $1 AND kind = 'patient'))) ORDER BY o.number";
    conn.query(sql).bind(subject).all().await
}

/// Forgets what would tell the destroyed bytes of a file; of a table that was cleaned the rows of others stay.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn forget_source(tx: &mut Tx, source: SubjectId) -> Result<(), StoreError> {
    let sql = "UPDATE record_files SET hash_before = '', hash_after = NULL, reason = NULL, at_row = NULL, at_column = NULL, \
               state = CASE WHEN state = 'cleaned' THEN state ELSE 'erased' END \
               WHERE asset_id IN (SELECT asset_id FROM subject_assets WHERE subject_id = $1)";
    tx.query(sql).bind(source).execute().await.map(drop)
}

/// Forgets every row about a subject and, where it is a file itself, everything that was kept of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn forget(tx: &mut Tx, subject: SubjectId) -> Result<(), StoreError> {
    let sql = "DELETE FROM record_rows WHERE subject_id = $1 OR file_id IN (SELECT f.id FROM record_files f \
               JOIN subject_assets sa ON sa.asset_id = f.asset_id WHERE sa.subject_id = $1)";
    tx.query(sql).bind(subject).execute().await?;
    let sql = "UPDATE record_files SET state = 'erased', reason = NULL, at_row = NULL, at_column = NULL, rules = NULL, \
               report = NULL, row_count = 0 WHERE asset_id IN (SELECT asset_id FROM subject_assets WHERE subject_id = $1)";
    tx.query(sql).bind(subject).execute().await?;
    forget_source(tx, subject).await?;
    let sql = "DELETE FROM item_accessions WHERE item_id IN (SELECT item_id FROM subject_items WHERE subject_id = $1)";
    tx.query(sql).bind(subject).execute().await.map(drop)
}
