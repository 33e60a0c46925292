//! Holds: what keeps an item out of work and releases until a person lifts it.

use countersign_model::{HoldId, Instant, ItemId, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A hold.
    Hold in "holds" {
        /// Id.
        id: HoldId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// Why.
        reason: String,
        /// By whom.
        opened_by: Option<UserId>,
        /// Since when.
        opened_at: Instant,
        /// Lifted by whom.
        lifted_by: Option<UserId>,
        /// When.
        lifted_at: Option<Instant>,
        /// Why.
        lift_reason: Option<String>,
    }
}

/// Opens a hold.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, hold: Hold) -> Result<(), StoreError> {
    tx.insert(hold).await
}

/// A hold by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: HoldId) -> Result<Option<Hold>, StoreError> {
    conn.query("SELECT * FROM holds WHERE id = $1").bind(id).optional().await
}

/// Holds of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Hold>, StoreError> {
    conn.query("SELECT * FROM holds WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Open holds of a project, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Hold>, StoreError> {
    let sql = "SELECT * FROM holds WHERE project_id = $1 AND lifted_at IS NULL ORDER BY id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Lifts a hold; `false` when it was lifted before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lift(tx: &mut Tx, id: HoldId, by: Option<UserId>, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE holds SET lifted_by = $1, lifted_at = $2, lift_reason = $3 \
               WHERE id = $4 AND lifted_at IS NULL";
    Ok(tx.query(sql).bind(by).bind(now).bind(reason).bind(id).execute().await? > 0)
}
