//! Masks of quarantined pictures. No mask is ever moved or deleted: it is drawn, taken back, put back.

use countersign_model::{AssetId, Instant, ItemId, MaskOrigin, MaskRect, ProjectId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A mask on one frame of a source asset.
    GateMask in "gate_masks" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// Source asset in quarantine.
        asset_id: AssetId,
        /// Frame inside the asset, from 0.
        part: u32,
        /// Left edge, pixels.
        x: f64,
        /// Upper edge, pixels.
        y: f64,
        /// Width, pixels.
        width: f64,
        /// Height, pixels.
        height: f64,
        /// Version of the detector that found it; absent for a person's.
        detector: Option<String>,
        /// Who drew it; absent for a detector's.
        drawn_by: Option<UserId>,
        /// Since when.
        created_at: Instant,
        /// Taken back.
        removed_at: Option<Instant>,
        /// By whom.
        removed_by: Option<UserId>,
    }
}

impl GateMask {
    /// The rectangle.
    pub const fn rect(&self) -> MaskRect {
        MaskRect { x: self.x, y: self.y, width: self.width, height: self.height }
    }

    /// Who found it.
    ///
    /// # Errors
    /// [`StoreError::Column`] for a row that names nobody.
    pub fn origin(&self) -> Result<MaskOrigin, StoreError> {
        match (&self.detector, self.drawn_by) {
            (Some(version), None) => Ok(MaskOrigin::Detector(version.clone())),
            (None, Some(user)) => Ok(MaskOrigin::Person(user)),
            _ => Err(StoreError::Column {
                column: "detector".to_owned(),
                message: "one of detector and drawn_by must be there".to_owned(),
            }),
        }
    }
}

/// Adds masks.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_all(tx: &mut Tx, masks: Vec<GateMask>) -> Result<(), StoreError> {
    tx.insert_all(masks).await.map(drop)
}

/// Masks of an item, those that were taken back included, in the order they were drawn.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<GateMask>, StoreError> {
    conn.query("SELECT * FROM gate_masks WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Takes a mask back.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn take_back(tx: &mut Tx, id: Uuid, by: Option<UserId>) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE gate_masks SET removed_at = $1, removed_by = $2 WHERE id = $3 AND removed_at IS NULL";
    tx.query(sql).bind(now).bind(by).bind(id).execute().await.map(drop)
}

/// Puts a mask back that was taken back.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn put_back(tx: &mut Tx, id: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE gate_masks SET removed_at = NULL, removed_by = NULL WHERE id = $1";
    tx.query(sql).bind(id).execute().await.map(drop)
}
