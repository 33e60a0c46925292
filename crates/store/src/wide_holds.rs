//! Holds on a lot, a batch, a delivery, a release or a person's work, the items that they reach, and the releases that hold
//! such items already.

use countersign_model::{HoldId, Instant, ItemId, ProjectId, ReleaseId, UserId, WideHoldId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A hold on more than one item.
    WideHold in "wide_holds" {
        /// Id.
        id: WideHoldId,
        /// Project.
        project_id: ProjectId,
        /// `lot`, `batch`, `ingest`, `release` or `person`.
        scope: String,
        /// Which: the lot's name, or an id.
        value: String,
        /// Why.
        reason: String,
        /// By whom.
        opened_by: UserId,
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

record! {
    /// An item that a wide hold reached, and the hold on it.
    WideHoldItem in "wide_hold_items" {
        /// Wide hold.
        wide_hold_id: WideHoldId,
        /// Item.
        item_id: ItemId,
        /// The hold on the item.
        hold_id: HoldId,
    }
}

/// Which items a wide hold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Of a lot.
    Lot(String),
    /// Of a batch.
    Batch(Uuid),
    /// That came in one delivery.
    Ingest(Uuid),
    /// Of a release.
    Release(Uuid),
    /// On which this person acted.
    Person(Uuid),
}

impl Reach {
    /// The items, as a condition on `i.id` with the value as `$2`.
    const fn condition(&self) -> &'static str {
        match self {
            Self::Lot(_) => "i.lot = $2",
            Self::Batch(_) => {
                "i.id IN (SELECT u.item_id FROM certification_units u WHERE u.certification_id = $2)"
            }
            Self::Ingest(_) => "i.ingest_id = $2",
            Self::Release(_) => "i.id IN (SELECT r.item_id FROM release_items r WHERE r.release_id = $2)",
            // Not while others read the item independently: a hold would tell them that somebody is through.
            Self::Person(_) => {
                "i.state NOT IN ('reading', 'comparing') \
                 AND i.id IN (SELECT p.item_id FROM participation p WHERE p.user_id = $2)"
            }
        }
    }
}

/// Counts around a wide hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Items that it reached.
    pub items: u64,
    /// Of those, still held by it.
    pub held: u64,
}

/// A release with items that a wide hold reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Release.
    pub id: ReleaseId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// Items of it that were reached.
    pub items: u64,
}

/// Opens one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, hold: WideHold) -> Result<(), StoreError> {
    tx.insert(hold).await
}

/// Keeps that it reached an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_item(tx: &mut Tx, item: WideHoldItem) -> Result<(), StoreError> {
    tx.insert(item).await
}

/// By id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: WideHoldId) -> Result<Option<WideHold>, StoreError> {
    conn.query("SELECT * FROM wide_holds WHERE id = $1").bind(id).optional().await
}

/// Of a project, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<WideHold>, StoreError> {
    let sql = "SELECT * FROM wide_holds WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Open ones on a lot, or on what came in one delivery.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_on(
    conn: &mut Conn,
    project: ProjectId,
    scope: &str,
    value: &str,
) -> Result<Vec<WideHold>, StoreError> {
    let sql = "SELECT * FROM wide_holds WHERE project_id = $1 AND scope = $2 AND value = $3 \
               AND lifted_at IS NULL ORDER BY id";
    conn.query(sql).bind(project).bind(scope).bind(value).all().await
}

/// All open ones of a project, the oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open(conn: &mut Conn, project: ProjectId) -> Result<Vec<WideHold>, StoreError> {
    let sql = "SELECT * FROM wide_holds WHERE project_id = $1 AND lifted_at IS NULL ORDER BY id";
    conn.query(sql).bind(project).all().await
}

/// Keeps a hold from being lifted, or reached for by another job, until the write is over.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(tx: &mut Tx, id: WideHoldId) -> Result<(), StoreError> {
    let query = tx.query_for(
        "SELECT id FROM wide_holds WHERE id = $1",
        "SELECT id FROM wide_holds WHERE id = $1 FOR UPDATE",
    );
    query.bind(id).fetch_optional().await.map(drop)
}

/// How many items of a project a hold would reach, those of them that are held already counted apart.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn would_reach(conn: &mut Conn, project: ProjectId, reach: &Reach) -> Result<Reached, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS items, COUNT(CASE WHEN i.held THEN 1 END) AS held FROM items i \
         WHERE i.project_id = $1 AND {} AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) AND i.state NOT IN ('rejected', 'withdrawn', 'erased')",
        reach.condition()
    );
    let query = conn.query_built(sql).bind(project);
    let row = match reach {
        Reach::Lot(lot) => query.bind(lot.as_str()),
        Reach::Batch(id) | Reach::Ingest(id) | Reach::Release(id) | Reach::Person(id) => query.bind(*id),
    };
    let row = row.fetch_one().await?;
    Ok(Reached { items: row.get("items")?, held: row.get("held")? })
}

/// Whether a hold reached an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_reached(conn: &mut Conn, id: WideHoldId, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM wide_hold_items WHERE wide_hold_id = $1 AND item_id = $2";
    Ok(conn.query(sql).bind(id).bind(item).fetch_optional().await?.is_some())
}

/// The next items after one, or from the start, that a hold is about and has not reached yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next(
    conn: &mut Conn,
    hold: &WideHold,
    reach: &Reach,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<ItemId>, StoreError> {
    let sql = format!(
        "SELECT i.id AS id FROM items i WHERE i.project_id = $1 AND {} AND i.id > $5 \
         AND i.state NOT IN ('rejected', 'withdrawn', 'erased') AND NOT EXISTS \
         (SELECT 1 FROM wide_hold_items w WHERE w.item_id = i.id AND w.wide_hold_id = $3) ORDER BY i.id LIMIT $4",
        reach.condition()
    );
    let query = conn.query_built(sql).bind(hold.project_id);
    let query = match reach {
        Reach::Lot(lot) => query.bind(lot.as_str()),
        Reach::Batch(id) | Reach::Ingest(id) | Reach::Release(id) | Reach::Person(id) => query.bind(*id),
    };
    let query = query.bind(hold.id).bind(limit).bind(after.unwrap_or(ItemId(Uuid::nil())));
    query.scanning().fetch_all().await?.iter().map(|row| row.get("id")).collect()
}

/// The next holds on items that are open though the hold on all of them was lifted.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn still_open(
    conn: &mut Conn,
    id: WideHoldId,
    limit: u32,
) -> Result<Vec<WideHoldItem>, StoreError> {
    let sql = "SELECT w.* FROM wide_hold_items w JOIN holds h ON h.id = w.hold_id \
               WHERE w.wide_hold_id = $1 AND h.lifted_at IS NULL ORDER BY w.item_id LIMIT $2";
    conn.query(sql).bind(id).bind(limit).all().await
}

/// What a hold reached.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reached(conn: &mut Conn, id: WideHoldId) -> Result<Reached, StoreError> {
    let sql = "SELECT COUNT(*) AS items, COUNT(CASE WHEN h.lifted_at IS NULL THEN 1 END) AS held \
               FROM wide_hold_items w JOIN holds h ON h.id = w.hold_id WHERE w.wide_hold_id = $1";
    let row = conn.query(sql).bind(id).fetch_one().await?;
    Ok(Reached { items: row.get("items")?, held: row.get("held")? })
}

/// The releases that hold items which it is about, the oldest first: whom to tell. Whatever became of an item since it was
/// released - it was taken out of work, or is labelled again -, who has the release has it. A hold that was lifted is about what
/// it reached.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recalled(conn: &mut Conn, hold: &WideHold, reach: &Reach) -> Result<Vec<Recalled>, StoreError> {
    let sql = format!(
        "SELECT r.id AS id, r.name AS name, r.created_at AS created_at, COUNT(*) AS items \
         FROM release_items ri JOIN items i ON i.id = ri.item_id JOIN releases r ON r.id = ri.release_id \
         WHERE i.project_id = $1 AND r.state NOT IN ('failed', 'withdrawn') AND (($4 AND {}) OR EXISTS \
         (SELECT 1 FROM wide_hold_items w WHERE w.item_id = i.id AND w.wide_hold_id = $3)) \
         GROUP BY r.id, r.name, r.created_at ORDER BY r.created_at, r.id",
        reach.condition()
    );
    let query = conn.query_built(sql).bind(hold.project_id);
    let query = match reach {
        Reach::Lot(lot) => query.bind(lot.as_str()),
        Reach::Batch(id) | Reach::Ingest(id) | Reach::Release(id) | Reach::Person(id) => query.bind(*id),
    };
    query
        .bind(hold.id)
        .bind(hold.lifted_at.is_none())
        .scanning()
        .fetch_all()
        .await?
        .iter()
        .map(|row| {
            Ok(Recalled {
                id: row.get("id")?,
                name: row.get("name")?,
                created_at: row.get("created_at")?,
                items: row.get("items")?,
            })
        })
        .collect()
}

/// The wide hold that a hold on an item belongs to.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_hold(conn: &mut Conn, hold: HoldId) -> Result<Option<WideHold>, StoreError> {
    let sql =
        "SELECT x.* FROM wide_holds x JOIN wide_hold_items w ON w.wide_hold_id = x.id WHERE w.hold_id = $1";
    conn.query(sql).bind(hold).optional().await
}

/// Items of a release that are on hold now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn held_in_release(conn: &mut Conn, release: ReleaseId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS items FROM release_items ri JOIN items i ON i.id = ri.item_id \
               WHERE ri.release_id = $1 AND i.held";
    conn.query(sql).bind(release).fetch_one().await?.get("items")
}

/// Lifts one; `false` when it was lifted before. The holds on its items are lifted one by one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lift(tx: &mut Tx, id: WideHoldId, by: UserId, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE wide_holds SET lifted_by = $1, lifted_at = $2, lift_reason = $3 \
               WHERE id = $4 AND lifted_at IS NULL";
    Ok(tx.query(sql).bind(by).bind(now).bind(reason).bind(id).execute().await? > 0)
}
