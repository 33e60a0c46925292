//! Assets: the rows that point to stored bytes.

use countersign_model::{AssetId, AssetKind, Instant, ItemId, ProjectId, Zone};

use crate::{Address, Conn, StoreError, Tx, value::record};

record! {
    /// One stored file, immutable.
    Asset in "assets" {
        /// Id.
        id: AssetId,
        /// Project.
        project_id: ProjectId,
        /// Where its bytes lie.
        zone: Zone,
        /// Address of its bytes within the zone and project; for external assets a keyed hash of the address there.
        address: Address,
        /// What the bytes are.
        kind: AssetKind,
        /// Size.
        bytes: u64,
        /// Cleared: SHA-256, hexadecimal. Quarantine: keyed hash.
        content_hash: String,
        /// The asset that this one was made from.
        source_asset_id: Option<AssetId>,
        /// The first item that it belongs to; for others that need the same bytes see [`put_under`].
        item_id: Option<ItemId>,
        /// Stored.
        created_at: Instant,
        /// Where the bytes are when they are not ours.
        external_url: Option<String>,
    }
}

/// Adds an asset unless the project has the same bytes in that zone: then the one that is there, and `false`.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, asset: Asset) -> Result<(Asset, bool), StoreError> {
    let found = by_address(tx, asset.project_id, asset.zone, &asset.address).await?;
    if let Some(found) = found {
        return Ok((found, false));
    }
    tx.insert(asset.clone()).await?;
    Ok((asset, true))
}

/// Adds many new assets.
///
/// # Errors
/// [`StoreError::Conflict`] when one of them is there already: then none is added.
pub async fn insert_all(tx: &mut Tx, assets: Vec<Asset>) -> Result<(), StoreError> {
    tx.insert_all(assets).await.map(drop)
}

/// An asset by id, or by the name under which a copy of a gold item shows it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: AssetId) -> Result<Option<Asset>, StoreError> {
    let found = conn.query("SELECT * FROM assets WHERE id = $1").bind(id).optional().await?;
    if found.is_some() {
        return Ok(found);
    }
    let sql = "SELECT a.* FROM gold_assets g JOIN assets a ON a.id = g.asset_id WHERE g.alias = $1";
    conn.query(sql).bind(id).optional().await
}

/// An asset by the address of its bytes.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_address(
    conn: &mut Conn,
    project: ProjectId,
    zone: Zone,
    address: &Address,
) -> Result<Option<Asset>, StoreError> {
    let sql = "SELECT * FROM assets WHERE project_id = $1 AND zone = $2 AND address = $3";
    conn.query(sql).bind(project).bind(zone).bind(address.clone()).optional().await
}

/// Assets of an item, in the order they were stored, those that it shares with other items included.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Asset>, StoreError> {
    let sql = "SELECT * FROM assets WHERE item_id = $1 \
               OR id IN (SELECT asset_id FROM item_assets WHERE item_id = $1) ORDER BY id";
    conn.query(sql).bind(item).all().await
}

/// Puts an asset under an item. One that lies under another item already belongs to both.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn put_under(tx: &mut Tx, id: AssetId, item: ItemId) -> Result<(), StoreError> {
    let first = "UPDATE assets SET item_id = $1 WHERE id = $2 AND (item_id IS NULL OR item_id = $1)";
    if tx.query(first).bind(item).bind(id).execute().await? == 0 {
        let other = "INSERT INTO item_assets (item_id, asset_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.query(other).bind(item).bind(id).execute().await?;
    }
    Ok(())
}
