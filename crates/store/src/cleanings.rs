//! What was done to each file before anybody saw it.

use countersign_model::{AssetId, Instant, ItemId, ProjectId};
use uuid::Uuid;

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// One file, de-identified. Holds tags, places and actions, never a value.
    Cleaning in "cleanings" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// Item that the file belongs to.
        item_id: ItemId,
        /// The file as it came.
        source_asset_id: AssetId,
        /// The cleaned copy.
        asset_id: AssetId,
        /// Rule set: edition, profile, options, detector, code version.
        rules: Json<serde_json::Value>,
        /// Keyed hash of the bytes before.
        hash_before: String,
        /// SHA-256 of the bytes after, hexadecimal.
        hash_after: String,
        /// Each action with its path; the Safe Harbor classes.
        report: Json<serde_json::Value>,
        /// Regions of pixels that were filled, per frame.
        regions: Json<serde_json::Value>,
        /// When.
        at: Instant,
    }
}

/// Keeps what was done to some files.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_all(tx: &mut Tx, cleanings: Vec<Cleaning>) -> Result<(), StoreError> {
    tx.insert_all(cleanings).await.map(drop)
}

/// Cleanings of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(
    conn: &mut Conn,
    item: ItemId,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Cleaning>, StoreError> {
    let sql = "SELECT * FROM cleanings WHERE item_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    conn.query(sql).bind(item).bind(after.unwrap_or(Uuid::nil())).bind(limit).all().await
}

/// Cleanings of a project, oldest first, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Cleaning>, StoreError> {
    let sql = "SELECT * FROM cleanings WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    conn.query(sql).bind(project).bind(after.unwrap_or(Uuid::nil())).bind(limit).all().await
}

/// Cleanings of the items of one run of ingest, oldest first, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_ingest(
    conn: &mut Conn,
    ingest: countersign_model::IngestId,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Cleaning>, StoreError> {
    let sql = "SELECT c.* FROM cleanings c JOIN items i ON i.id = c.item_id \
               WHERE i.ingest_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3";
    conn.query(sql).bind(ingest).bind(after.unwrap_or(Uuid::nil())).bind(limit).all().await
}
