//! Leaks: something that identifies a person was found after the gate, and what it recalled.

use countersign_model::{AuditId, IngestId, Instant, ItemId, LeakId, ProjectId, UserId};

use crate::{
    Conn, StoreError, Tx,
    value::{record, row},
};

record! {
    /// A leak.
    Leak in "leaks" {
        /// Id.
        id: LeakId,
        /// Project.
        project_id: ProjectId,
        /// Item that it was found in.
        item_id: ItemId,
        /// The batch: the run of ingest that the item came with.
        ingest_id: Option<IngestId>,
        /// The audit that found it.
        audit_id: Option<AuditId>,
        /// Stream of the place, where one was named.
        stream: Option<u32>,
        /// Frame of the place, where one was named.
        frame: Option<u32>,
        /// What was seen, in the words of who reported it.
        reason: String,
        /// `recalling`, `recalled` or `closed`.
        state: String,
        /// By whom.
        reported_by: Option<UserId>,
        /// When.
        at: Instant,
        /// When the last item of the batch was recalled.
        recalled_at: Option<Instant>,
    }
}

record! {
    /// An item that a leak recalled.
    LeakItem in "leak_items" {
        /// Leak.
        leak_id: LeakId,
        /// Item.
        item_id: ItemId,
        /// `recalled`, `restored` or `rejected`.
        state: String,
        /// Who decided.
        decided_by: Option<UserId>,
        /// When.
        decided_at: Option<Instant>,
        /// Why.
        reason: Option<String>,
    }
}

row! {
    /// One person who was shown items that a leak recalled.
    Witness {
        /// Who.
        user_id: UserId,
        /// How many of the items.
        items: u64,
        /// How many exposures.
        exposures: u64,
        /// When first.
        first_at: Instant,
        /// When last.
        last_at: Instant,
    }
}

row! {
    /// A release that contains items that a leak recalled.
    Affected {
        /// Release.
        id: countersign_model::ReleaseId,
        /// Its name.
        name: String,
        /// How many of the items it contains.
        items: u64,
    }
}

/// Notes a leak.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, leak: Leak) -> Result<(), StoreError> {
    tx.insert(leak).await
}

/// A leak by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: LeakId) -> Result<Option<Leak>, StoreError> {
    conn.query("SELECT * FROM leaks WHERE id = $1").bind(id).optional().await
}

/// Leaks of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    before: Option<LeakId>,
    limit: u32,
) -> Result<Vec<Leak>, StoreError> {
    let sql = "SELECT * FROM leaks WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = before.unwrap_or(LeakId(uuid::Uuid::max()));
    conn.query(sql).bind(project).bind(before).bind(limit).all().await
}

/// Items of the leak's batch that people could still be shown, at most `limit`, in the order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn still_out(conn: &mut Conn, leak: &Leak, limit: u32) -> Result<Vec<ItemId>, StoreError> {
    let Some(ingest) = leak.ingest_id else { return Ok(Vec::new()) };
    let sql = "SELECT id FROM items WHERE ingest_id = $1 \
               AND state NOT IN ('quarantined', 'rejected', 'withdrawn', 'recalled', 'erased') \
               AND id NOT IN (SELECT item_id FROM leak_items WHERE leak_id = $2) ORDER BY id LIMIT $3";
    let rows = conn.query(sql).bind(ingest).bind(leak.id).bind(limit).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Notes that the leak recalled an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recall(tx: &mut Tx, leak: LeakId, item: ItemId) -> Result<(), StoreError> {
    let state = "recalled".to_owned();
    let row =
        LeakItem { leak_id: leak, item_id: item, state, decided_by: None, decided_at: None, reason: None };
    tx.insert(row).await
}

/// Every item of the batch is recalled.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, leak: LeakId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE leaks SET state = 'recalled', recalled_at = $1 WHERE id = $2 AND state = 'recalling'";
    tx.query(sql).bind(now).bind(leak).execute().await.map(drop)
}

/// Items that a leak recalled, after the last of the page before; all, or those in one state.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items(
    conn: &mut Conn,
    leak: LeakId,
    state: Option<&str>,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<LeakItem>, StoreError> {
    let sql = "SELECT * FROM leak_items WHERE leak_id = $1 AND (state = $2 OR $2 = '') AND item_id > $3 \
               ORDER BY item_id LIMIT $4";
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    conn.query(sql).bind(leak).bind(state.unwrap_or_default()).bind(after).bind(limit).all().await
}

/// One item that a leak recalled.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn item(conn: &mut Conn, leak: LeakId, item: ItemId) -> Result<Option<LeakItem>, StoreError> {
    let sql = "SELECT * FROM leak_items WHERE leak_id = $1 AND item_id = $2";
    conn.query(sql).bind(leak).bind(item).optional().await
}

/// How many items a leak recalled, and how many of them wait for a decision.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn counts(conn: &mut Conn, leak: LeakId) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT COUNT(*) AS n, COUNT(CASE WHEN state = 'recalled' THEN 1 END) AS waiting \
               FROM leak_items WHERE leak_id = $1";
    let row = conn.query(sql).bind(leak).fetch_one().await?;
    Ok((row.get("n")?, row.get("waiting")?))
}

/// Decides about a recalled item; `false` when it was decided before. The leak closes with its last item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    leak: LeakId,
    item: ItemId,
    state: &str,
    by: UserId,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE leak_items SET state = $1, decided_by = $2, decided_at = $3, reason = $4 \
               WHERE leak_id = $5 AND item_id = $6 AND state = 'recalled'";
    let query = tx.query(sql).bind(state).bind(by).bind(now).bind(reason).bind(leak).bind(item);
    if query.execute().await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE leaks SET state = 'closed' WHERE id = $1 AND state = 'recalled' \
               AND NOT EXISTS (SELECT 1 FROM leak_items WHERE leak_id = $1 AND state = 'recalled')";
    tx.query(sql).bind(leak).execute().await?;
    Ok(true)
}

/// Whether another leak keeps the item recalled.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recalled_elsewhere(conn: &mut Conn, leak: LeakId, item: ItemId) -> Result<bool, StoreError> {
    let sql =
        "SELECT COUNT(*) AS n FROM leak_items WHERE item_id = $1 AND leak_id <> $2 AND state = 'recalled'";
    let n: u64 = conn.query(sql).bind(item).bind(leak).fetch_one().await?.get("n")?;
    Ok(n > 0)
}

/// Who was shown items that the leak recalled, the latest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn witnesses(conn: &mut Conn, leak: LeakId) -> Result<Vec<Witness>, StoreError> {
    let sql = "SELECT e.user_id, COUNT(DISTINCT e.item_id) AS items, COUNT(*) AS exposures, \
               MIN(e.at) AS first_at, MAX(e.at) AS last_at FROM exposures e \
               WHERE e.item_id IN (SELECT item_id FROM leak_items WHERE leak_id = $1) AND e.zone = 'cleared' \
               GROUP BY e.user_id ORDER BY last_at DESC, e.user_id";
    conn.query(sql).bind(leak).all().await
}

/// Releases that contain items that the leak recalled.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn releases(conn: &mut Conn, leak: LeakId) -> Result<Vec<Affected>, StoreError> {
    let sql = "SELECT r.id, r.name, COUNT(*) AS items FROM releases r JOIN release_items ri ON ri.release_id = r.id \
               WHERE ri.item_id IN (SELECT item_id FROM leak_items WHERE leak_id = $1) \
               GROUP BY r.id, r.name ORDER BY r.id";
    conn.query(sql).bind(leak).all().await
}
