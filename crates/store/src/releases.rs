//! Releases: immutable dataset versions.

use countersign_model::{EventId, Instant, ItemId, ProjectId, ReadId, ReleaseId, UserId};

use crate::{Address, Conn, StoreError, Tx, value::record};

record! {
    /// A release.
    Release in "releases" {
        /// Id.
        id: ReleaseId,
        /// Project.
        project_id: ProjectId,
        /// Name, unique within the project.
        name: String,
        /// `building`, `done` or `failed`.
        state: String,
        /// Root hash, hexadecimal.
        root: Option<String>,
        /// SHA-256 of the manifest, hexadecimal.
        manifest_hash: Option<String>,
        /// Items in it.
        items: u64,
        /// Annotations in it.
        annotations: u64,
        /// Where its package lies in the zone of releases.
        address: Option<Address>,
        /// Size of the package.
        bytes: Option<u64>,
        /// The signed certificate.
        certificate: Option<String>,
        /// By whom.
        created_by: Option<UserId>,
        /// Begun.
        created_at: Instant,
        /// Its evidence.
        event_id: Option<EventId>,
    }
}

record! {
    /// An item in a release, with the read that counts.
    ReleaseItem in "release_items" {
        /// Release.
        release_id: ReleaseId,
        /// Item.
        item_id: ItemId,
        /// The accepted read.
        read_id: ReadId,
        /// Its content hash, hexadecimal.
        content_hash: String,
    }
}

/// What building a release leaves in its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// Root hash, hexadecimal.
    pub root: String,
    /// SHA-256 of the manifest, hexadecimal.
    pub manifest_hash: String,
    /// Annotations in it.
    pub annotations: u64,
    /// Where its package lies.
    pub address: Address,
    /// Size of the package.
    pub bytes: u64,
    /// The signed certificate.
    pub certificate: String,
    /// Its evidence.
    pub event_id: EventId,
}

/// Begins a release with its items.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has a release of this name.
pub async fn insert(tx: &mut Tx, release: Release, items: Vec<ReleaseItem>) -> Result<(), StoreError> {
    tx.insert(release).await?;
    tx.insert_all(items).await.map(drop)
}

/// Ends the building of a release; `false` when it was not being built.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, id: ReleaseId, built: Built) -> Result<bool, StoreError> {
    let sql = "UPDATE releases SET state = 'done', root = $1, manifest_hash = $2, annotations = $3, \
               address = $4, bytes = $5, certificate = $6, event_id = $7 WHERE id = $8 AND state = 'building'";
    let query = tx.query(sql).bind(built.root).bind(built.manifest_hash).bind(built.annotations);
    let query = query.bind(built.address).bind(built.bytes).bind(built.certificate).bind(built.event_id);
    Ok(query.bind(id).execute().await? > 0)
}

/// Marks a release that could not be built.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fail(tx: &mut Tx, id: ReleaseId) -> Result<bool, StoreError> {
    let sql = "UPDATE releases SET state = 'failed' WHERE id = $1 AND state = 'building'";
    Ok(tx.query(sql).bind(id).execute().await? > 0)
}

/// A release by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: ReleaseId) -> Result<Option<Release>, StoreError> {
    conn.query("SELECT * FROM releases WHERE id = $1").bind(id).optional().await
}

/// Releases of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Release>, StoreError> {
    let sql = "SELECT * FROM releases WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Items of a release, by item id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items(conn: &mut Conn, id: ReleaseId) -> Result<Vec<ReleaseItem>, StoreError> {
    conn.query("SELECT * FROM release_items WHERE release_id = $1 ORDER BY item_id").bind(id).all().await
}
