//! Certifications: frozen sets of accepted labels, the blind audit of them, and what follows.

use countersign_model::{CertificationId, EventId, Instant, ItemId, ProjectId, ReadId, ReleaseId, UserId};

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// One frozen set and how far its audit is.
    Certification in "certifications" {
        /// Id.
        id: CertificationId,
        /// Project.
        project_id: ProjectId,
        /// Name, unique within the project.
        name: String,
        /// `frozen`, `auditing`, `ended` (no more is judged), `closed` (certified), `void` (a unit was erased).
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

/// Accepted items that are not held, with the read that counts, in the order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates(
    conn: &mut Conn,
    project: ProjectId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let sql = "SELECT i.id, r.id AS read_id, r.content_hash FROM items i JOIN reads r ON r.id = i.accepted_read_id \
               WHERE i.project_id = $1 AND i.id > $2 AND i.state IN ('accepted', 'released') AND NOT i.held \
               AND r.content_hash IS NOT NULL ORDER BY i.id LIMIT $3";
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

/// Certifications of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    before: Option<CertificationId>,
    limit: u32,
) -> Result<Vec<Certification>, StoreError> {
    let sql = "SELECT * FROM certifications WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = before.unwrap_or(CertificationId(uuid::Uuid::max()));
    conn.query(sql).bind(project).bind(before).bind(limit).all().await
}

/// Audits that ended and were not certified yet, or were certified and not proven.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unfinished(conn: &mut Conn) -> Result<Vec<CertificationId>, StoreError> {
    let sql = "SELECT id FROM certifications WHERE state = 'ended' OR (state = 'closed' AND proofs IS NULL) ORDER BY id";
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

macro_rules! next_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE certification_units SET auditor_id = $2, claimed_until = $3, \
             own = CASE WHEN auditor_id = $2 THEN own ELSE NULL END, \
             shown_at = CASE WHEN auditor_id = $2 THEN shown_at ELSE NULL END \
             WHERE certification_id = $1 AND item_id = (SELECT u.item_id FROM certification_units u \
             JOIN items i ON i.id = u.item_id \
             WHERE u.certification_id = $1 AND u.position IS NOT NULL AND u.judged_at IS NULL \
             AND i.state IN ('accepted', 'released') \
             AND (u.auditor_id IS NULL OR u.auditor_id = $2 OR u.claimed_until < $4) \
             AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = u.item_id AND p.user_id = $2) \
             AND NOT EXISTS (SELECT 1 FROM exposures e WHERE e.item_id = u.item_id AND e.user_id = $2 \
             AND e.purpose <> 'certification') \
             AND NOT EXISTS (SELECT 1 FROM certification_units o WHERE o.item_id = u.item_id \
             AND o.certification_id <> $1 AND o.auditor_id = $2 AND o.shown_at IS NOT NULL) \
             ORDER BY u.position LIMIT 1",
            $lock,
            ") RETURNING *"
        )
    };
}

/// Gives somebody the first unit of the order that they may judge: not judged, in nobody else's hands, and nothing that
/// they worked on, were shown elsewhere or judged in another audit. A unit whose auditor stayed away starts anew.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next(
    tx: &mut Tx,
    id: CertificationId,
    user: UserId,
    until: Instant,
) -> Result<Option<Unit>, StoreError> {
    let now = tx.now();
    let query = tx.query_for(next_sql!(""), next_sql!(" FOR UPDATE OF u SKIP LOCKED"));
    query.bind(id).bind(user).bind(until).bind(now).optional().await
}

/// Counts somebody among the auditors.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn join(tx: &mut Tx, id: CertificationId, user: UserId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO certification_auditors (certification_id, user_id, at) VALUES ($1, $2, $3) \
               ON CONFLICT DO NOTHING";
    Ok(tx.query(sql).bind(id).bind(user).bind(now).execute().await? > 0)
}

/// Keeps what an auditor saw on their own and that they are shown the labels now; `false` when the unit is not theirs,
/// or they were shown them before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn show(
    tx: &mut Tx,
    id: CertificationId,
    position: u32,
    user: UserId,
    own: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE certification_units SET own = $1, shown_at = $2 WHERE certification_id = $3 AND position = $4 \
               AND auditor_id = $5 AND shown_at IS NULL AND judged_at IS NULL AND claimed_until >= $2";
    Ok(tx.query(sql).bind(own).bind(now).bind(id).bind(position).bind(user).execute().await? > 0)
}

/// What an auditor says about a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What they found; JSON.
    pub errors: String,
    /// How many of these count.
    pub counted: u32,
    /// How bad the unit is, 0 to 1.
    pub severity: f64,
    /// In words.
    pub comment: Option<String>,
}

/// Keeps a judgement; `false` when the unit is not theirs to judge (any more), or they did not see the labels.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn judge(
    tx: &mut Tx,
    id: CertificationId,
    position: u32,
    user: UserId,
    judgement: Judgement,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE certification_units SET errors = $1, counted = $2, severity = $3, comment = $4, judged_at = $5 \
               WHERE certification_id = $6 AND position = $7 AND auditor_id = $8 AND shown_at IS NOT NULL \
               AND judged_at IS NULL";
    let query = tx.query(sql).bind(judgement.errors).bind(judgement.counted).bind(judgement.severity);
    let query = query.bind(judgement.comment).bind(now).bind(id).bind(position).bind(user);
    Ok(query.execute().await? > 0)
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

/// Whether somebody audits a frozen set that is not through, in which this item waits and was not shown to them: then they
/// see its labels nowhere.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn blinds(conn: &mut Conn, user: UserId, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT u.item_id FROM certification_auditors a JOIN certifications c ON c.id = a.certification_id \
               JOIN certification_units u ON u.certification_id = c.id AND u.item_id = $2 \
               WHERE a.user_id = $1 AND c.state = 'auditing' \
               AND NOT (COALESCE(u.auditor_id = $1, FALSE) AND u.shown_at IS NOT NULL) \
               AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = $2 AND p.user_id = $1) LIMIT 1";
    Ok(conn.query(sql).bind(user).bind(item).fetch_optional().await?.is_some())
}

/// Whether somebody audits in this project and is not through.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn audits_in(conn: &mut Conn, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT c.id FROM certification_auditors a JOIN certifications c ON c.id = a.certification_id \
               WHERE a.user_id = $1 AND c.project_id = $2 AND c.state = 'auditing' LIMIT 1";
    Ok(conn.query(sql).bind(user).bind(project).fetch_optional().await?.is_some())
}

/// Puts the units of a certified set into a release, as they are accepted now: those found wrong may have been corrected
/// since. Held ones and those that are worked on again stay out. How many went in.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn release(tx: &mut Tx, id: CertificationId, release: ReleaseId) -> Result<u64, StoreError> {
    let sql = "INSERT INTO release_items (release_id, item_id, read_id, content_hash) \
               SELECT $1, i.id, r.id, r.content_hash FROM certification_units u JOIN items i ON i.id = u.item_id \
               JOIN reads r ON r.id = i.accepted_read_id WHERE u.certification_id = $2 \
               AND i.state IN ('accepted', 'released') AND NOT i.held AND r.content_hash IS NOT NULL";
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
