//! Certifications: frozen sets of accepted labels, the blind audit of them, and what follows.

mod audit;
mod earlier;

use countersign_model::{CertificationId, EventId, Instant, ItemId, ProjectId, ReadId, ReleaseId, UserId};

pub use self::audit::{Judgement, LABELS_SHOWN, audits_in, blinds, join, judge, knows_labels, next, show};
pub use self::earlier::{begun, covering, labels_after, unsettled};
use crate::{Conn, Json, StoreError, Tx, batches::unsettled, value::record};

record! {
    /// One frozen set and how far its audit is.
    Certification in "certifications" {
        /// Id.
        id: CertificationId,
        /// Project.
        project_id: ProjectId,
        /// Name, unique within the project.
        name: String,
        /// `frozen`, `auditing`, `ended` (no more is judged), `closed` (certified), `void` (a unit was erased, or it was
        /// ended before anything was judged).
        state: String,
        /// What was fixed before the first look, in the exact bytes whose hash the log holds; JSON.
        frozen: String,
        /// Root over the lines of the units, hexadecimal.
        root: String,
        /// Units in the set.
        units: u64,
        /// Of these, over how many each class of the plan is bounded.
        class_lots: Json<Vec<u64>>,
        /// Most units that are judged.
        sample_max: u64,
        /// What was entered after freezing, hexadecimal.
        entropy: Option<String>,
        /// Seed of the order, hexadecimal.
        seed: Option<String>,
        /// Units from the first of the order on that were judged without a gap.
        checked: u64,
        /// Of these, wrong.
        found: u64,
        /// The bounds at this moment; JSON.
        bounds: Option<String>,
        /// Why the audit ended: `target`, `sample` or `ended`.
        stop: Option<String>,
        /// The certificate, in the exact bytes whose hash the log holds; JSON.
        certificate: Option<String>,
        /// Proofs that the three events are in the log; JSON.
        proofs: Option<String>,
        /// By whom.
        opened_by: Option<UserId>,
        /// Frozen.
        frozen_at: Instant,
        /// Its evidence.
        frozen_event: EventId,
        /// The order was drawn.
        seeded_at: Option<Instant>,
        /// Its evidence.
        seeded_event: Option<EventId>,
        /// Certified.
        closed_at: Option<Instant>,
        /// Its evidence.
        closed_event: Option<EventId>,
    }
}

record! {
    /// One unit of a frozen set: an item with its accepted read.
    Unit in "certification_units" {
        /// Certification.
        certification_id: CertificationId,
        /// Item.
        item_id: ItemId,
        /// The read that was accepted.
        read_id: ReadId,
        /// Its content hash, hexadecimal.
        content_hash: String,
        /// What the root is over; empty once the item was erased.
        line: String,
        /// Place in the order, from 0; absent for what lies beyond the largest sample.
        position: Option<u32>,
        /// Who judges or judged it.
        auditor_id: Option<UserId>,
        /// Until when it is theirs to judge.
        claimed_until: Option<Instant>,
        /// What the auditor saw before they were shown the labels; JSON.
        own: Option<String>,
        /// When they were shown the labels.
        shown_at: Option<Instant>,
        /// What they found; JSON.
        errors: Option<String>,
        /// How many of these count under the error definition.
        counted: Option<u32>,
        /// How bad the unit is, 0 to 1.
        severity: Option<f64>,
        /// In words.
        comment: Option<String>,
        /// When it was judged.
        judged_at: Option<Instant>,
    }
}

record! {
    /// Somebody who audits.
    Auditor in "certification_auditors" {
        /// Certification.
        certification_id: CertificationId,
        /// Who.
        user_id: UserId,
        /// Since when.
        at: Instant,
    }
}

/// A unit that could be frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Item.
    pub item: ItemId,
    /// Its accepted read.
    pub read: ReadId,
    /// The read's content hash.
    pub content_hash: String,
}

/// How many accepted items that are free to leave are left out of a frozen set because they cannot be assessed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn left_out(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = concat!(
        "SELECT COUNT(*) AS n FROM items i JOIN reads r ON r.id = i.accepted_read_id WHERE i.project_id = $1 \
         AND i.state IN ('accepted', 'released') AND NOT i.held AND r.content_hash IS NOT NULL AND r.cannot_assess AND NOT ",
        unsettled!("i.id")
    );
    conn.query(sql).bind(project).fetch_one().await?.get("n")
}

/// Accepted items that are neither held nor in a batch without a decision or that was returned, with the read that counts,
/// in the order of their ids. What cannot be assessed has no label that could be right or wrong, and is not among them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates(
    conn: &mut Conn,
    project: ProjectId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let sql = concat!(
        "SELECT i.id, r.id AS read_id, r.content_hash FROM items i JOIN reads r ON r.id = i.accepted_read_id \
         WHERE i.project_id = $1 AND i.id > $2 AND i.state IN ('accepted', 'released') AND NOT i.held \
         AND r.content_hash IS NOT NULL AND NOT r.cannot_assess \
         AND NOT EXISTS (SELECT 1 FROM gold g WHERE g.item_id = i.id AND g.state <> 'retired') AND NOT ",
        unsettled!("i.id"),
        " ORDER BY i.id LIMIT $3"
    );
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    let rows = conn.query(sql).bind(project).bind(after).bind(limit).scanning().fetch_all().await?;
    let read = |row: &crate::Row| {
        Ok(Candidate {
            item: row.get("id")?,
            read: row.get("read_id")?,
            content_hash: row.get("content_hash")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Keeps a frozen set with its units.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has one of this name.
pub async fn insert(tx: &mut Tx, row: Certification, units: Vec<Unit>) -> Result<(), StoreError> {
    tx.insert(row).await?;
    tx.insert_all(units).await.map(drop)
}

/// A unit that is no longer what was frozen, if there is one: held, sent back, or accepted with another read since. The
/// items stay as they are until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn changed(tx: &mut Tx, id: CertificationId) -> Result<Option<ItemId>, StoreError> {
    let sqlite = "SELECT i.id FROM certification_units u JOIN items i ON i.id = u.item_id \
                  WHERE u.certification_id = $1 AND (i.held OR i.state NOT IN ('accepted', 'released') \
                  OR i.accepted_read_id <> u.read_id) ORDER BY i.id LIMIT 1";
    let postgres = "SELECT id FROM (SELECT i.id, i.held, i.state, i.accepted_read_id, u.read_id \
                    FROM certification_units u JOIN items i ON i.id = u.item_id WHERE u.certification_id = $1 \
                    ORDER BY i.id FOR SHARE OF i) locked \
                    WHERE held OR state NOT IN ('accepted', 'released') OR accepted_read_id <> read_id \
                    ORDER BY id LIMIT 1";
    let row = tx.query_for(sqlite, postgres).bind(id).fetch_optional().await?;
    row.map(|row| row.get("id")).transpose()
}

/// A certification by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: CertificationId) -> Result<Option<Certification>, StoreError> {
    conn.query("SELECT * FROM certifications WHERE id = $1").bind(id).optional().await
}

/// The same, locked until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(tx: &mut Tx, id: CertificationId) -> Result<Option<Certification>, StoreError> {
    let query = tx.query_for(
        "SELECT * FROM certifications WHERE id = $1",
        "SELECT * FROM certifications WHERE id = $1 FOR UPDATE",
    );
    query.bind(id).optional().await
}

/// Certifications of a project, newest first. Audits of batches are none.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    before: Option<CertificationId>,
    limit: u32,
) -> Result<Vec<Certification>, StoreError> {
    let sql = "SELECT * FROM certifications WHERE project_id = $1 AND id < $2 AND NOT EXISTS (SELECT 1 FROM batches b \
               WHERE b.id = certifications.id) ORDER BY id DESC LIMIT $3";
    let before = before.unwrap_or(CertificationId(uuid::Uuid::max()));
    conn.query(sql).bind(project).bind(before).bind(limit).all().await
}

/// Audits that ended and were not certified yet, or were certified and not proven.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unfinished(conn: &mut Conn) -> Result<Vec<CertificationId>, StoreError> {
    let sql = "SELECT id FROM certifications WHERE (state = 'ended' OR (state = 'closed' AND proofs IS NULL)) \
               AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = certifications.id) ORDER BY id";
    let rows = conn.query(sql).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Ids of the units of a frozen set.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unit_ids(conn: &mut Conn, id: CertificationId) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT item_id FROM certification_units WHERE certification_id = $1 ORDER BY item_id";
    let rows = conn.query(sql).bind(id).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("item_id")).collect()
}

/// The next units of a frozen set, by item id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn units_after(
    conn: &mut Conn,
    id: CertificationId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<Unit>, StoreError> {
    let sql = "SELECT * FROM certification_units WHERE certification_id = $1 AND item_id > $2 \
               ORDER BY item_id LIMIT $3";
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    conn.query(sql).bind(id).bind(after).bind(limit).scanning().all().await
}

/// The units of the sample, in their order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn sample(conn: &mut Conn, id: CertificationId) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT item_id FROM certification_units WHERE certification_id = $1 AND position IS NOT NULL \
               ORDER BY position";
    let rows = conn.query(sql).bind(id).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("item_id")).collect()
}

/// The judged units in their order; those beyond a gap are among them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn judged(conn: &mut Conn, id: CertificationId) -> Result<Vec<Unit>, StoreError> {
    let sql = "SELECT * FROM certification_units WHERE certification_id = $1 AND judged_at IS NOT NULL \
               ORDER BY position";
    conn.query(sql).bind(id).scanning().all().await
}

/// The unit at a place of the order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unit(conn: &mut Conn, id: CertificationId, position: u32) -> Result<Option<Unit>, StoreError> {
    let sql = "SELECT * FROM certification_units WHERE certification_id = $1 AND position = $2";
    conn.query(sql).bind(id).bind(position).optional().await
}

/// What is drawn after freezing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What was entered, hexadecimal.
    pub entropy: String,
    /// Seed of the order, hexadecimal.
    pub seed: String,
    /// The first units of the order.
    pub first: Vec<ItemId>,
    /// Its evidence.
    pub event: EventId,
}

/// Draws the order of a frozen set; `false` when it was drawn before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn seed(tx: &mut Tx, id: CertificationId, drawn: Drawn) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE certifications SET state = 'auditing', entropy = $1, seed = $2, seeded_at = $3, \
               seeded_event = $4 WHERE id = $5 AND state = 'frozen'";
    let query = tx.query(sql).bind(drawn.entropy).bind(drawn.seed).bind(now).bind(drawn.event);
    if query.bind(id).execute().await? == 0 {
        return Ok(false);
    }
    for (item, position) in drawn.first.into_iter().zip(0_u32..) {
        let sql = "UPDATE certification_units SET position = $1 WHERE certification_id = $2 AND item_id = $3";
        tx.query(sql).bind(position).bind(id).bind(item).execute().await?;
    }
    Ok(true)
}

/// How far an audit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Units judged from the first on without a gap.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
    /// The bounds; JSON.
    pub bounds: String,
    /// Why nothing more is to be judged.
    pub stop: Option<String>,
}

/// Keeps how far an audit is; with a reason to stop it ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn progress(tx: &mut Tx, id: CertificationId, at: Progress) -> Result<(), StoreError> {
    let state = if at.stop.is_some() { "ended" } else { "auditing" };
    let sql = "UPDATE certifications SET checked = $1, found = $2, bounds = $3, stop = $4, state = $5 \
               WHERE id = $6 AND state = 'auditing'";
    let query = tx.query(sql).bind(at.checked).bind(at.found).bind(at.bounds).bind(at.stop);
    query.bind(state).bind(id).execute().await.map(drop)
}

/// Ends an audit in which nothing was judged, or whose order was never drawn: there is nothing to state, and whoever was given a
/// unit sees labels again.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn withdraw(tx: &mut Tx, id: CertificationId) -> Result<(), StoreError> {
    let sql = "UPDATE certifications SET state = 'void', stop = 'ended' WHERE id = $1 AND state IN ('frozen', 'auditing')";
    tx.query(sql).bind(id).execute().await.map(drop)
}

/// Keeps the certificate of an audit that ended; `false` when it has one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close(
    tx: &mut Tx,
    id: CertificationId,
    certificate: &str,
    event: EventId,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE certifications SET state = 'closed', certificate = $1, closed_at = $2, closed_event = $3 \
               WHERE id = $4 AND state = 'ended'";
    Ok(tx.query(sql).bind(certificate).bind(now).bind(event).bind(id).execute().await? > 0)
}

/// Keeps the proofs of a certificate; `false` when it has them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn prove(tx: &mut Tx, id: CertificationId, proofs: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE certifications SET proofs = $1 WHERE id = $2 AND state = 'closed' AND proofs IS NULL";
    Ok(tx.query(sql).bind(proofs).bind(id).execute().await? > 0)
}

/// Puts the units of a certified set into a release, as they are accepted now. Held ones stay out: those found wrong are,
/// until somebody lifts their hold. How many went in.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn release(tx: &mut Tx, id: CertificationId, release: ReleaseId) -> Result<u64, StoreError> {
    let sql = concat!(
        "INSERT INTO release_items (release_id, item_id, read_id, content_hash) \
               SELECT $1, i.id, r.id, r.content_hash FROM certification_units u JOIN items i ON i.id = u.item_id \
               JOIN reads r ON r.id = i.accepted_read_id WHERE u.certification_id = $2 \
               AND i.state IN ('accepted', 'released') AND NOT i.held AND r.content_hash IS NOT NULL AND NOT ",
        unsettled!("i.id")
    );
    tx.query(sql).bind(release).bind(id).execute().await
}

/// A unit that is not in a release as it was frozen although nothing was found in it: what the bound is about is not what
/// would leave.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn spoilt(
    conn: &mut Conn,
    id: CertificationId,
    release: ReleaseId,
) -> Result<Option<ItemId>, StoreError> {
    let sql = "SELECT u.item_id FROM certification_units u WHERE u.certification_id = $1 \
               AND COALESCE(u.counted, 0) = 0 AND NOT EXISTS (SELECT 1 FROM release_items r \
               WHERE r.release_id = $2 AND r.item_id = u.item_id AND r.content_hash = u.content_hash) \
               ORDER BY u.item_id LIMIT 1";
    let row = conn.query(sql).bind(id).bind(release).fetch_optional().await?;
    row.map(|row| row.get("item_id")).transpose()
}
