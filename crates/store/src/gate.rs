//! The privacy officer's queue.

use countersign_model::{GateEntryId, Instant, ItemId, ProjectId, UserId};

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// An item that de-identification could not vouch for.
    GateEntry in "gate_entries" {
        /// Id.
        id: GateEntryId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// `open`, `cleared` or `rejected`.
        state: String,
        /// Codes of what could not be ruled out.
        reasons: Json<Vec<String>>,
        /// The de-identification report.
        report: Json<serde_json::Value>,
        /// Opened.
        opened_at: Instant,
        /// Decided.
        decided_at: Option<Instant>,
        /// By whom.
        decided_by: Option<UserId>,
        /// Why.
        reason: Option<String>,
    }
}

/// Opens an entry.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, entry: GateEntry) -> Result<(), StoreError> {
    tx.insert(entry).await
}

/// An entry by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: GateEntryId) -> Result<Option<GateEntry>, StoreError> {
    conn.query("SELECT * FROM gate_entries WHERE id = $1").bind(id).optional().await
}

/// Entries of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<GateEntry>, StoreError> {
    conn.query("SELECT * FROM gate_entries WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Entries of a project in one state, oldest first, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    state: &str,
    after: Option<GateEntryId>,
    limit: u32,
) -> Result<Vec<GateEntry>, StoreError> {
    let after = after.unwrap_or(GateEntryId(uuid::Uuid::nil()));
    let sql =
        "SELECT * FROM gate_entries WHERE project_id = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";
    conn.query(sql).bind(project).bind(state).bind(after).bind(limit).all().await
}

/// How many entries of a project are open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_open(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM gate_entries WHERE project_id = $1 AND state = 'open'";
    conn.query(sql).bind(project).scanning().fetch_one().await?.get("n")
}

/// Decides an open entry (`cleared` or `rejected`); `false` when it was decided before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: GateEntryId,
    state: &str,
    by: Option<UserId>,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE gate_entries SET state = $1, decided_at = $2, decided_by = $3, reason = $4 \
               WHERE id = $5 AND state = 'open'";
    Ok(tx.query(sql).bind(state).bind(now).bind(by).bind(reason).bind(id).execute().await? > 0)
}
