//! Releases: immutable dataset versions.

use countersign_model::{CertificationId, EventId, Instant, ItemId, ProjectId, ReadId, ReleaseId, UserId};

use crate::{Address, Conn, StoreError, Tx, batches::unsettled, value::record};

record! {
    /// A release.
    Release in "releases" {
        /// Id.
        id: ReleaseId,
        /// Project.
        project_id: ProjectId,
        /// Name, unique within the project.
        name: String,
        /// `proposed` (waits for a second person), `building`, `done`, `failed`, `withdrawn` or `recalled`.
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
        /// For whom: `internal` or `public`.
        audience: String,
        /// The second person, who released it.
        countersigned_by: Option<UserId>,
        /// When.
        countersigned_at: Option<Instant>,
        /// The audit that bounds the error of its labels.
        certification_id: Option<CertificationId>,
        /// Which files its package holds, so that what was released earlier is built again as it was.
        format: u32,
        /// The protocol version whose classes its labels are stated by in files for other programs; absent in releases from
        /// before that was done.
        carried_to: Option<u32>,
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

/// Puts every accepted item of the release's project into the release that is neither held nor in a batch without a
/// decision or that was returned, with the read that was accepted; how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_accepted(tx: &mut Tx, id: ReleaseId, project: ProjectId) -> Result<u64, StoreError> {
    let sql = concat!(
        "INSERT INTO release_items (release_id, item_id, read_id, content_hash) \
         SELECT $1, i.id, r.id, r.content_hash FROM items i JOIN reads r ON r.id = i.accepted_read_id \
         WHERE i.project_id = $2 AND i.state IN ('accepted', 'released') AND NOT i.held \
         AND r.content_hash IS NOT NULL AND NOT ",
        unsettled!("i.id")
    );
    tx.query(sql).bind(id).bind(project).execute().await
}

/// Whether an item may not leave because of the batch that it is in: that waits for its decision, or was returned.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_in_batch(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = concat!("SELECT i.id FROM items i WHERE i.id = $1 AND ", unsettled!("i.id"));
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
}

/// Whether a read behind a release says of its item that it cannot be assessed; later reads are none of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn answered(conn: &mut Conn, release: &Release) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM release_items ri JOIN reads r ON r.item_id = ri.item_id \
               WHERE ri.release_id = $1 AND r.cannot_assess AND r.submitted_at <= $2 LIMIT 1";
    Ok(conn.query(sql).bind(release.id).bind(release.created_at).fetch_optional().await?.is_some())
}

/// Says how many items a release has that begins.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_items(tx: &mut Tx, id: ReleaseId, items: u64) -> Result<(), StoreError> {
    let sql = "UPDATE releases SET items = $1 WHERE id = $2 AND state IN ('building', 'proposed')";
    tx.query(sql).bind(items).bind(id).execute().await.map(drop)
}

/// Keeps under which event a release was proposed; the event binds its items.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_proposal(tx: &mut Tx, id: ReleaseId, event: EventId) -> Result<(), StoreError> {
    let sql = "UPDATE releases SET event_id = $1 WHERE id = $2 AND state = 'proposed'";
    tx.query(sql).bind(event).bind(id).execute().await.map(drop)
}

/// Whether a person is an author of something in a release: they submitted a read of one of its items, or a review that is
/// a read of its own.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn drew_in(conn: &mut Conn, id: ReleaseId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM release_items ri JOIN reads r ON r.item_id = ri.item_id \
               WHERE ri.release_id = $1 AND r.author_user = $2 AND r.submitted_at IS NOT NULL LIMIT 1";
    Ok(conn.query(sql).bind(id).bind(user).fetch_optional().await?.is_some())
}

/// A second person countersigns a release that waits for one: it is built now. `false` when it does not wait.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn countersign(tx: &mut Tx, id: ReleaseId, user: UserId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE releases SET state = 'building', countersigned_by = $1, countersigned_at = $2 \
               WHERE id = $3 AND state = 'proposed'";
    Ok(tx.query(sql).bind(user).bind(now).bind(id).execute().await? > 0)
}

/// Takes a release back that waits for a second person. It gives its name free.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn withdraw(tx: &mut Tx, id: ReleaseId) -> Result<bool, StoreError> {
    let sql =
        "UPDATE releases SET state = 'withdrawn', name = name || $1 WHERE id = $2 AND state = 'proposed'";
    Ok(tx.query(sql).bind(format!(" (withdrawn {id})")).bind(id).execute().await? > 0)
}

/// An item of the release without a signature over the content that it is to be released with, if there is one. A
/// signature whose evidence is of another signature or another item is none.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unsigned(conn: &mut Conn, id: ReleaseId) -> Result<Option<ItemId>, StoreError> {
    let sql = "SELECT ri.item_id FROM release_items ri WHERE ri.release_id = $1 AND NOT EXISTS (\
               SELECT 1 FROM signatures s WHERE s.item_id = ri.item_id AND s.content_hash = ri.content_hash \
               AND s.meaning <> 'rejected' AND EXISTS (SELECT 1 FROM events e WHERE e.id = s.event_id \
               AND e.object_id = s.id AND e.item_id = s.item_id)) ORDER BY ri.item_id LIMIT 1";
    let row = conn.query(sql).bind(id).fetch_optional().await?;
    row.map(|row| row.get("item_id")).transpose()
}

/// An item of the release that may not leave any more, and whether a hold is why: held, sent back, accepted with
/// another read since, or in a batch that is not accepted. The items stay as they are until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn spoiled(tx: &mut Tx, id: ReleaseId) -> Result<Option<(ItemId, bool)>, StoreError> {
    // SQLite writes one transaction at a time; PostgreSQL has to lock the rows.
    let sqlite = concat!(
        "SELECT i.id, i.held FROM release_items ri JOIN items i ON i.id = ri.item_id \
         WHERE ri.release_id = $1 AND (i.held OR i.state NOT IN ('accepted', 'released') \
         OR i.accepted_read_id <> ri.read_id OR ",
        unsettled!("i.id"),
        ") ORDER BY i.id LIMIT 1"
    );
    let postgres = concat!(
        "SELECT id, held FROM (SELECT i.id, i.held, i.state, i.accepted_read_id, ri.read_id \
         FROM release_items ri JOIN items i ON i.id = ri.item_id WHERE ri.release_id = $1 \
         ORDER BY i.id FOR SHARE OF i) locked \
         WHERE held OR state NOT IN ('accepted', 'released') OR accepted_read_id <> read_id OR ",
        unsettled!("locked.id"),
        " ORDER BY id LIMIT 1"
    );
    let row = tx.query_for(sqlite, postgres).bind(id).fetch_optional().await?;
    row.map(|row| Ok((row.get("id")?, row.get("held")?))).transpose()
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

/// Marks a release that could not be built. It gives its name free: the next attempt may have it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fail(tx: &mut Tx, id: ReleaseId) -> Result<bool, StoreError> {
    let sql = "UPDATE releases SET state = 'failed', name = name || $1 WHERE id = $2 AND state = 'building'";
    Ok(tx.query(sql).bind(format!(" (failed {id})")).bind(id).execute().await? > 0)
}

/// Releases that are being built, or were when their process ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn building(conn: &mut Conn) -> Result<Vec<Release>, StoreError> {
    conn.query("SELECT * FROM releases WHERE state = 'building' ORDER BY id").all().await
}

/// Finished releases with items that are not marked as released yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unmarked(conn: &mut Conn) -> Result<Vec<ReleaseId>, StoreError> {
    let sql = "SELECT DISTINCT r.id FROM items i JOIN release_items ri ON ri.item_id = i.id \
               JOIN releases r ON r.id = ri.release_id \
               WHERE i.state = 'accepted' AND NOT i.held AND r.state = 'done' ORDER BY r.id";
    let rows = conn.query(sql).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
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
    conn.query("SELECT * FROM release_items WHERE release_id = $1 ORDER BY item_id")
        .bind(id)
        .scanning()
        .all()
        .await
}

/// One item of a release.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn item(conn: &mut Conn, id: ReleaseId, item: ItemId) -> Result<Option<ReleaseItem>, StoreError> {
    let sql = "SELECT * FROM release_items WHERE release_id = $1 AND item_id = $2";
    conn.query(sql).bind(id).bind(item).optional().await
}

/// The next items of a release, by item id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items_after(
    conn: &mut Conn,
    id: ReleaseId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<ReleaseItem>, StoreError> {
    let sql = "SELECT * FROM release_items WHERE release_id = $1 AND item_id > $2 ORDER BY item_id LIMIT $3";
    // No item has the nil id.
    conn.query(sql).bind(id).bind(after.unwrap_or(ItemId(uuid::Uuid::nil()))).bind(limit).all().await
}
