//! Hidden gold: accepted items whose labels are trusted, the copies that lie among what people read, who met them, and what they made
//! of them. Nobody who works may be told of any of these rows.

use countersign_model::{AssetId, GoldId, Instant, ItemId, ProjectId, ReadId, UserId};

mod results;

pub use results::{
    GoldOfOrganization, GoldResult, OfPerson, Worn, by_person, insert_result, of_organizations, of_others,
    results, take_back, worn,
};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// An item whose labels are trusted.
    Gold in "gold" {
        /// Id.
        id: GoldId,
        /// Project.
        project_id: ProjectId,
        /// The accepted item; it is gold once in its life.
        item_id: ItemId,
        /// The read that was accepted: the trusted answer.
        read_id: ReadId,
        /// Hash of that read when it became gold.
        content_hash: String,
        /// Why it is trusted.
        reason: String,
        /// Who made it gold.
        made_by: UserId,
        /// When.
        made_at: Instant,
        /// `active`, `used` (given out as often as it may be) or `retired`.
        state: String,
        /// Who retired it; absent where use did.
        ended_by: Option<UserId>,
        /// When it was retired or used up.
        ended_at: Option<Instant>,
        /// Why it was retired.
        end_reason: Option<String>,
    }
}

record! {
    /// From what a project's places are drawn.
    Seed in "gold_seeds" {
        /// Project.
        project_id: ProjectId,
        /// 32 random bytes, hexadecimal.
        seed: String,
        /// When it was drawn.
        at: Instant,
    }
}

record! {
    /// An item that is none: a place beside an ordinary one, and what was hidden there.
    Copy in "gold_copies" {
        /// The item that people are shown.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// The ordinary item that came in with it.
        beside: ItemId,
        /// Of what it is a copy; absent until the item beside it has passed the gate.
        gold_id: Option<GoldId>,
        /// When the place was made.
        placed_at: Instant,
        /// When it was filled.
        filled_at: Option<Instant>,
        /// When its last reader handed it in.
        read_at: Option<Instant>,
        /// The ordinary item whose phase it shows since.
        companion: Option<ItemId>,
        /// When it began to look accepted: its reads are paid as of then.
        accepted_at: Option<Instant>,
    }
}

record! {
    /// A name under which a copy shows an asset.
    Alias in "gold_assets" {
        /// The name.
        alias: AssetId,
        /// The copy.
        item_id: ItemId,
        /// The asset.
        asset_id: AssetId,
    }
}

record! {
    /// Somebody took a copy to read it.
    Meeting in "gold_meetings" {
        /// The copy.
        item_id: ItemId,
        /// Who.
        user_id: UserId,
        /// Of what it is a copy.
        gold_id: GoldId,
        /// When they first did.
        at: Instant,
    }
}

/// What may be given to whom, by the protocol in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Gold is given to this person at all.
    pub open: bool,
    /// Most times that they meet one gold item.
    pub per_person: u32,
    /// Not where they met it after this moment.
    pub met_before: Instant,
    /// Most meetings of one gold item with anybody.
    pub total: u32,
}

impl Rules {
    /// None is given out.
    pub const NONE: Self = Self { open: false, per_person: 0, met_before: Instant(0), total: 0 };
}

/// The part of a statement that keeps from somebody what is hidden and not for them, of a task `t`; the parameters are who, the time,
/// whether gold is given to them at all, most meetings, the moment that the last one is before, and most meetings with anybody. Of
/// several copies of one gold item only the first that waits is for anybody: who takes one takes one from the count, as with any other
/// item. Who had a copy may go on with it though its gold was retired or used up since: no other item vanishes from their hands.
macro_rules! not_hidden {
    ($user:literal, $now:literal, $open:literal, $per_person:literal, $met_before:literal, $total:literal) => {
        concat!(
            "(NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = t.item_id) OR (",
            $open,
            " AND t.kind = 'read' AND EXISTS (SELECT 1 FROM gold_copies c JOIN gold g ON g.id = c.gold_id \
             JOIN items s ON s.id = g.item_id WHERE c.item_id = t.item_id AND s.state IN ('accepted', 'released') AND NOT s.held AND s.accepted_read_id = g.read_id \
             AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = g.item_id AND p.user_id = ",
            $user,
            ") AND NOT EXISTS (SELECT 1 FROM exposures e WHERE e.item_id = g.item_id AND e.user_id = ",
            $user,
            ") AND (EXISTS (SELECT 1 FROM gold_meetings m WHERE m.item_id = t.item_id AND m.user_id = ",
            $user,
            ") OR (g.state = 'active' AND NOT EXISTS (SELECT 1 FROM gold_copies b JOIN tasks o ON o.item_id = b.item_id \
             WHERE b.gold_id = g.id AND b.item_id <> t.item_id AND o.kind = 'read' AND o.id < t.id \
             AND (o.state = 'ready' OR (o.state = 'leased' AND o.lease_until <= ",
            $now,
            "))) AND (SELECT COUNT(*) FROM gold_meetings m WHERE m.gold_id = g.id AND m.user_id = ",
            $user,
            ") < ",
            $per_person,
            " AND NOT EXISTS (SELECT 1 FROM gold_meetings m WHERE m.gold_id = g.id AND m.user_id = ",
            $user,
            " AND m.at > ",
            $met_before,
            ") AND (SELECT COUNT(*) FROM gold_meetings m WHERE m.gold_id = g.id) < ",
            $total,
            ")))))"
        )
    };
}
pub(crate) use not_hidden;

/// Keeps that an item is gold.
///
/// # Errors
/// [`StoreError::Conflict`] when it is or was.
pub async fn insert(tx: &mut Tx, gold: Gold) -> Result<(), StoreError> {
    tx.insert(gold).await
}

/// A gold item by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: GoldId) -> Result<Option<Gold>, StoreError> {
    conn.query("SELECT * FROM gold WHERE id = $1").bind(id).optional().await
}

/// What an item is or was as gold.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Option<Gold>, StoreError> {
    conn.query("SELECT * FROM gold WHERE item_id = $1").bind(item).optional().await
}

/// Gold items of a project, those that are given out first, then the newest.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Gold>, StoreError> {
    let sql = "SELECT * FROM gold WHERE project_id = $1 \
               ORDER BY CASE state WHEN 'active' THEN 0 ELSE 1 END, id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// Ends a gold item; `false` when it was ended before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end(
    tx: &mut Tx,
    id: GoldId,
    state: &str,
    by: Option<UserId>,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE gold SET state = $1, ended_by = $2, ended_at = $3, end_reason = $4 \
               WHERE id = $5 AND state <> 'retired' AND state <> $1";
    let query = tx.query(sql).bind(state).bind(by).bind(now).bind(reason.map(ToOwned::to_owned));
    Ok(query.bind(id).execute().await? > 0)
}

/// Whether an item is in a set that is being audited, or was drawn to be judged in one: what is audited is not gold as well.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_audited(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM certification_units u JOIN certifications c ON c.id = u.certification_id \
               WHERE u.item_id = $1 AND (c.state IN ('frozen', 'auditing') OR u.judged_at IS NOT NULL) \
               UNION ALL SELECT 1 AS one FROM appraisal_parts p JOIN appraisals a ON a.id = p.appraisal_id \
               WHERE p.item_id = $1 AND a.state IN ('frozen', 'judging') LIMIT 1";
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
}

/// The seed of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn seed(conn: &mut Conn, project: ProjectId) -> Result<Option<Seed>, StoreError> {
    conn.query("SELECT * FROM gold_seeds WHERE project_id = $1").bind(project).optional().await
}

/// Keeps the seed of a project.
///
/// # Errors
/// [`StoreError::Conflict`] when it has one.
pub async fn insert_seed(tx: &mut Tx, seed: Seed) -> Result<(), StoreError> {
    tx.insert(seed).await
}

/// Whether a project has a gold item that is given out.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_active(conn: &mut Conn, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM gold WHERE project_id = $1 AND state = 'active' LIMIT 1";
    Ok(conn.query(sql).bind(project).fetch_optional().await?.is_some())
}

/// Keeps a place.
///
/// # Errors
/// [`StoreError::Conflict`] when there is one beside the same item.
pub async fn place(tx: &mut Tx, copy: Copy) -> Result<(), StoreError> {
    tx.insert(copy).await
}

/// What an item is a copy of; `None` of every item that is one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn copy(conn: &mut Conn, item: ItemId) -> Result<Option<Copy>, StoreError> {
    conn.query("SELECT * FROM gold_copies WHERE item_id = $1").bind(item).optional().await
}

/// Of a copy the phase word of the item that it shows, its own while it shows none; `None` of every item that is one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn shows(conn: &mut Conn, item: ItemId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT COALESCE(s.state, o.state) AS state FROM gold_copies c JOIN items o ON o.id = c.item_id \
               LEFT JOIN gold g ON g.id = c.gold_id LEFT JOIN items s ON s.id = g.item_id WHERE c.item_id = $1";
    let row = conn.query(sql).bind(item).fetch_optional().await?;
    row.map(|row| row.get("state")).transpose()
}

/// The gold item that a copy shows.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn source(conn: &mut Conn, copy: ItemId) -> Result<Option<ItemId>, StoreError> {
    let sql = "SELECT g.item_id FROM gold_copies c JOIN gold g ON g.id = c.gold_id WHERE c.item_id = $1";
    let row = conn.query(sql).bind(copy).fetch_optional().await?;
    row.map(|row| row.get("item_id")).transpose()
}

/// Takes the pictures out of the copies of an item, for good: it passes the gate anew, and what they show is what was masked since.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close_copies(tx: &mut Tx, source: ItemId) -> Result<(), StoreError> {
    let sql = "UPDATE items SET streams = '[]' WHERE id IN (SELECT c.item_id FROM gold_copies c \
               JOIN gold g ON g.id = c.gold_id WHERE g.item_id = $1)";
    tx.query(sql).bind(source).execute().await?;
    let sql = "DELETE FROM gold_assets WHERE item_id IN (SELECT c.item_id FROM gold_copies c \
               JOIN gold g ON g.id = c.gold_id WHERE g.item_id = $1)";
    tx.query(sql).bind(source).execute().await.map(drop)
}

/// What lies beside an item, or is to.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn beside(conn: &mut Conn, item: ItemId) -> Result<Option<Copy>, StoreError> {
    conn.query("SELECT * FROM gold_copies WHERE beside = $1").bind(item).optional().await
}

/// The place beside an item that nothing lies in yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn empty_beside(conn: &mut Conn, item: ItemId) -> Result<Option<Copy>, StoreError> {
    let sql = "SELECT * FROM gold_copies WHERE beside = $1 AND gold_id IS NULL";
    conn.query(sql).bind(item).optional().await
}

/// The gold item whose turn it is: of those that are given out and not promised to as many readers as may have it (`readers` for each
/// copy that still waits), the one with the fewest copies, the longest without a new one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next(
    conn: &mut Conn,
    project: ProjectId,
    total: u32,
    readers: u32,
) -> Result<Option<Gold>, StoreError> {
    let sql = "SELECT g.* FROM gold g JOIN items s ON s.id = g.item_id WHERE g.project_id = $1 AND g.state = 'active' \
               AND s.state IN ('accepted', 'released') AND NOT s.held AND s.accepted_read_id = g.read_id \
               AND (SELECT COUNT(*) FROM gold_meetings m WHERE m.gold_id = g.id) \
                 + $2 * (SELECT COUNT(*) FROM gold_copies c WHERE c.gold_id = g.id AND c.read_at IS NULL) < $3 \
               ORDER BY (SELECT COUNT(*) FROM gold_copies c WHERE c.gold_id = g.id), \
                 COALESCE((SELECT MAX(c.filled_at) FROM gold_copies c WHERE c.gold_id = g.id), 0), g.id LIMIT 1";
    conn.query(sql).bind(project).bind(readers).bind(total).optional().await
}

/// Whether an item of a project has this name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_named(conn: &mut Conn, project: ProjectId, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM items WHERE project_id = $1 AND name = $2 LIMIT 1";
    Ok(conn.query(sql).bind(project).bind(name).fetch_optional().await?.is_some())
}

/// Fills a place.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fill(tx: &mut Tx, item: ItemId, gold: GoldId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE gold_copies SET gold_id = $1, filled_at = $2 WHERE item_id = $3 AND gold_id IS NULL";
    tx.query(sql).bind(gold).bind(now).bind(item).execute().await.map(drop)
}

/// The kept names of a copy's assets.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_alias(tx: &mut Tx, alias: Alias) -> Result<(), StoreError> {
    tx.insert(alias).await
}

/// Whether several items need an asset: its name is known from them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_shared(conn: &mut Conn, asset: AssetId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM item_assets x WHERE x.asset_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = x.item_id) LIMIT 1";
    Ok(conn.query(sql).bind(asset).fetch_optional().await?.is_some())
}

/// The name under which an item shows an asset, where it is not its own.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn shown_as(conn: &mut Conn, item: ItemId, asset: AssetId) -> Result<Option<AssetId>, StoreError> {
    let sql = "SELECT alias FROM gold_assets WHERE item_id = $1 AND asset_id = $2";
    let row = conn.query(sql).bind(item).bind(asset).fetch_optional().await?;
    row.map(|row| row.get("alias")).transpose()
}

/// Puts under a copy everybody whom its gold item is about.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn link_subjects(tx: &mut Tx, copy: ItemId, gold: ItemId) -> Result<(), StoreError> {
    let sqlite = "INSERT INTO subject_items (item_id, subject_id) \
                  SELECT $1, subject_id FROM subject_items WHERE item_id = $2 ON CONFLICT DO NOTHING";
    let postgres = "INSERT INTO subject_items (item_id, subject_id) \
                    SELECT CAST($1 AS UUID), subject_id FROM subject_items WHERE item_id = $2 ON CONFLICT DO NOTHING";
    tx.query_for(sqlite, postgres).bind(copy).bind(gold).execute().await.map(drop)
}

/// Keeps that somebody took a copy. Taken again after it was given back it is the same meeting.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn meet(tx: &mut Tx, meeting: Meeting) -> Result<(), StoreError> {
    let sql = "INSERT INTO gold_meetings (item_id, user_id, gold_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let query = tx.query(sql).bind(meeting.item_id).bind(meeting.user_id).bind(meeting.gold_id);
    query.bind(meeting.at).execute().await.map(drop)
}

/// Notes when the last reader of a copy is through.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_read(tx: &mut Tx, item: ItemId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE gold_copies SET read_at = $1 WHERE item_id = $2 AND read_at IS NULL";
    tx.query(sql).bind(now).bind(item).execute().await.map(drop)
}

/// An ordinary item that somebody handed in, after a moment the first, else the last before: whose phase a copy that they read goes on
/// to show.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn companion(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    at: Instant,
) -> Result<Option<ItemId>, StoreError> {
    let after = "SELECT r.item_id FROM reads r WHERE r.project_id = $1 AND r.author_user = $2 AND r.kind = 'read' \
                 AND r.submitted_at > $3 AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = r.item_id) \
                 ORDER BY r.submitted_at LIMIT 1";
    let before = "SELECT r.item_id FROM reads r WHERE r.project_id = $1 AND r.author_user = $2 AND r.kind = 'read' \
                  AND r.submitted_at <= $3 AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = r.item_id) \
                  ORDER BY r.submitted_at DESC LIMIT 1";
    for sql in [after, before] {
        let row = conn.query(sql).bind(project).bind(user).bind(at).fetch_optional().await?;
        if let Some(row) = row {
            return row.get("item_id").map(Some);
        }
    }
    Ok(None)
}

/// Has a copy show the phase of an ordinary item from now on.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn follow(tx: &mut Tx, copy: ItemId, companion: ItemId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE gold_copies SET companion = $1 WHERE item_id = $2";
    tx.query(sql).bind(companion).bind(copy).execute().await?;
    // Never the phases of before it was handed in: what is sent back is sent back once.
    let sql = "UPDATE items SET state = (SELECT o.state FROM items o WHERE o.id = $1), \
               stage = (SELECT o.stage FROM items o WHERE o.id = $1), updated_at = $2 WHERE id = $3 \
               AND EXISTS (SELECT 1 FROM items o WHERE o.id = $1 AND o.state IN ('comparing', 'accepted', 'released') \
               AND (o.state <> items.state OR COALESCE(o.stage, -1) <> COALESCE(items.stage, -1)))";
    tx.query(sql).bind(companion).bind(now).bind(copy).execute().await?;
    let sql = "UPDATE gold_copies SET accepted_at = $1 WHERE item_id = $2 AND accepted_at IS NULL \
               AND EXISTS (SELECT 1 FROM items i WHERE i.id = $2 AND i.state IN ('accepted', 'released'))";
    tx.query(sql).bind(now).bind(copy).execute().await.map(drop)
}
