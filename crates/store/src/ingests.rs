//! Runs of ingest and what they refused.

use countersign_model::{IngestId, Instant, ProjectId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// One run of ingest. `files = stored + known + refused` when it is finished.
    Ingest in "ingests" {
        /// Id.
        id: IngestId,
        /// Project.
        project_id: ProjectId,
        /// Who brought it in; absent at the command line.
        user_id: Option<UserId>,
        /// `running` or `finished`.
        state: String,
        /// Began.
        started_at: Instant,
        /// Ended.
        finished_at: Option<Instant>,
        /// Files looked at.
        files: u64,
        /// New assets.
        stored: u64,
        /// Files that were there already.
        known: u64,
        /// Files refused.
        refused: u64,
        /// Bytes looked at.
        bytes: u64,
    }
}

record! {
    /// A file that was refused.
    IngestRefusal in "refusals" {
        /// Id.
        id: Uuid,
        /// Run.
        ingest_id: IngestId,
        /// Project.
        project_id: ProjectId,
        /// Name of the file as its owner gave it.
        name: String,
        /// Stable code.
        code: String,
        /// Sentence for people.
        message: String,
        /// Byte offset of the place, where there is one.
        byte_offset: Option<i64>,
        /// When.
        at: Instant,
    }
}

/// What to add to a run's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files looked at.
    pub files: u64,
    /// New assets.
    pub stored: u64,
    /// Files that were there already.
    pub known: u64,
    /// Files refused.
    pub refused: u64,
    /// Bytes looked at.
    pub bytes: u64,
}

/// Starts a run.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, ingest: Ingest) -> Result<(), StoreError> {
    tx.insert(ingest).await
}

/// Adds to the counters.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn add(tx: &mut Tx, id: IngestId, counts: Counts) -> Result<(), StoreError> {
    let sql = "UPDATE ingests SET files = files + $1, stored = stored + $2, known = known + $3, \
               refused = refused + $4, bytes = bytes + $5 WHERE id = $6";
    let query = tx.query(sql).bind(counts.files).bind(counts.stored).bind(counts.known);
    query.bind(counts.refused).bind(counts.bytes).bind(id).execute().await.map(drop)
}

/// Ends a run.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, id: IngestId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE ingests SET state = 'finished', finished_at = $1 WHERE id = $2";
    tx.query(sql).bind(now).bind(id).execute().await.map(drop)
}

/// A run.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: IngestId) -> Result<Option<Ingest>, StoreError> {
    conn.query("SELECT * FROM ingests WHERE id = $1").bind(id).optional().await
}

/// Runs of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Ingest>, StoreError> {
    let sql = "SELECT * FROM ingests WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Keeps refusals.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn refuse(tx: &mut Tx, refusals: Vec<IngestRefusal>) -> Result<(), StoreError> {
    tx.insert_all(refusals).await.map(drop)
}

/// Refusals of a run, in order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn refusals(conn: &mut Conn, id: IngestId, limit: u32) -> Result<Vec<IngestRefusal>, StoreError> {
    let sql = "SELECT * FROM refusals WHERE ingest_id = $1 ORDER BY id LIMIT $2";
    conn.query(sql).bind(id).bind(limit).all().await
}
