//! What is known of how a label came about beyond its read: that a model's draft was shown to who drew.

use countersign_model::{Instant, ItemId, ReadId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// That a model's draft was shown to the person who made a read, before it was locked.
    ShownDraft in "shown_drafts" {
        /// The person's read.
        read_id: ReadId,
        /// The draft.
        draft_id: ReadId,
        /// The visibility by which it was shown, as stages spell it.
        how: String,
        /// When it was first shown for this read.
        at: Instant,
    }
}

/// Keeps that a draft was shown; what was kept first stays. Whether it is new.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn show(tx: &mut Tx, shown: ShownDraft) -> Result<bool, StoreError> {
    if of_read(tx, shown.read_id).await?.is_some() {
        return Ok(false);
    }
    tx.insert(shown).await?;
    Ok(true)
}

/// The draft that was shown for a read.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_read(conn: &mut Conn, read: ReadId) -> Result<Option<ShownDraft>, StoreError> {
    conn.query("SELECT * FROM shown_drafts WHERE read_id = $1").bind(read).optional().await
}

/// The drafts that were shown for the reads of an item, in order of the reads.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<ShownDraft>, StoreError> {
    let sql = "SELECT s.* FROM shown_drafts s JOIN reads r ON r.id = s.read_id WHERE r.item_id = $1 ORDER BY s.read_id";
    conn.query(sql).bind(item).all().await
}
