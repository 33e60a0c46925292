//! Which drafts serve to measure whether people follow a model where it is wrong. Nobody who works may be told of a row before its
//! item is accepted.

use countersign_model::{Instant, ItemId, ProjectId, ReadId, ReleaseId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// From what a project's arms are drawn.
    Seed in "suggestion_seeds" {
        /// Project.
        project_id: ProjectId,
        /// 32 random bytes, hexadecimal.
        seed: String,
        /// When it was drawn.
        at: Instant,
    }
}

record! {
    /// What an item's draft serves for.
    Suggestion in "suggestions" {
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// The draft.
        draft_id: ReadId,
        /// `genuine`, `planted` or `control`.
        arm: String,
        /// The item's number, hexadecimal: opens the commitment in the log.
        number: String,
        /// What was committed to: canonical JSON with the arm and, where it is planted, what was made wrong. Empty once erased.
        said: String,
        /// When.
        at: Instant,
        /// When the item was sent to be read again, because what was made wrong had passed every stage.
        kept_at: Option<Instant>,
        /// When the item was accepted and this could be known.
        opened_at: Option<Instant>,
        /// People who were not shown the draft drew what had been made wrong: it was right after all. Absent before it is opened.
        confirmed: Option<bool>,
        /// What people did with it (JSON, as the pipeline spells it), worked out once the item was accepted: whatever becomes of
        /// the item later, this is what happened. Absent until then, for items of before, and once erased.
        judged: Option<String>,
    }
}

/// The seed of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn seed(conn: &mut Conn, project: ProjectId) -> Result<Option<Seed>, StoreError> {
    conn.query("SELECT * FROM suggestion_seeds WHERE project_id = $1").bind(project).optional().await
}

/// Keeps the seed of a project.
///
/// # Errors
/// [`StoreError::Conflict`] when it has one.
pub async fn insert_seed(tx: &mut Tx, seed: Seed) -> Result<(), StoreError> {
    tx.insert(seed).await
}

/// Keeps what an item's draft serves for.
///
/// # Errors
/// [`StoreError::Conflict`] when that is kept already.
pub async fn insert(tx: &mut Tx, suggestion: Suggestion) -> Result<(), StoreError> {
    tx.insert(suggestion).await
}

/// What an item's draft serves for.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Option<Suggestion>, StoreError> {
    conn.query("SELECT * FROM suggestions WHERE item_id = $1").bind(item).optional().await
}

/// Remembers that an item is read again because of what was made wrong.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep(tx: &mut Tx, item: ItemId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE suggestions SET kept_at = $1 WHERE item_id = $2";
    tx.query(sql).bind(now).bind(item).execute().await.map(drop)
}

/// Opens what an item's draft served for.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open(tx: &mut Tx, item: ItemId, confirmed: bool) -> Result<(), StoreError> {
    let now = tx.now();
    let sql =
        "UPDATE suggestions SET opened_at = $1, confirmed = $2 WHERE item_id = $3 AND opened_at IS NULL";
    tx.query(sql).bind(now).bind(confirmed).bind(item).execute().await.map(drop)
}

/// What was opened in a project after an item, in order of the items.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn opened(
    conn: &mut Conn,
    project: ProjectId,
    after: ItemId,
    limit: u32,
) -> Result<Vec<Suggestion>, StoreError> {
    let sql = "SELECT s.* FROM suggestions s JOIN items i ON i.id = s.item_id WHERE s.project_id = $1 \
               AND s.opened_at IS NOT NULL AND i.state <> 'erased' AND s.item_id > $2 ORDER BY s.item_id LIMIT $3";
    conn.query(sql).bind(project).bind(after).bind(limit).scanning().all().await
}

/// Keeps what people did with it; `false` when that is kept already, or the person in the item was erased.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn judge(tx: &mut Tx, item: ItemId, judged: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE suggestions SET judged = $1 WHERE item_id = $2 AND judged IS NULL AND said <> ''";
    Ok(tx.query(sql).bind(judged).bind(item).execute().await? > 0)
}

/// What the drafts of a release's items served for, as far as it was opened when the release began, in order of the items.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_release(
    conn: &mut Conn,
    release: ReleaseId,
    until: Instant,
) -> Result<Vec<Suggestion>, StoreError> {
    let sql = "SELECT s.* FROM suggestions s JOIN release_items r ON r.item_id = s.item_id WHERE r.release_id = $1 \
               AND s.opened_at <= $2 ORDER BY s.item_id";
    conn.query(sql).bind(release).bind(until).scanning().all().await
}
