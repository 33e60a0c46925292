//! The blind audit of a frozen set: who is given which unit, what they say, and what they may not see meanwhile.

use countersign_model::{CertificationId, Instant, ItemId, ProjectId, UserId};

use super::Unit;
use crate::{Conn, StoreError, Tx};

/// Evidence that somebody read accepted labels outside of any audit: they judge them in none.
pub const LABELS_SHOWN: &str = "labels.shown";

macro_rules! next_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE certification_units SET auditor_id = $2, claimed_until = $3, \
             own = CASE WHEN auditor_id = $2 THEN own ELSE NULL END, \
             shown_at = CASE WHEN auditor_id = $2 THEN shown_at ELSE NULL END \
             WHERE certification_id = $1 AND item_id = (SELECT u.item_id FROM certification_units u \
             JOIN items i ON i.id = u.item_id \
             WHERE u.certification_id = $1 AND u.position < $5 AND u.judged_at IS NULL \
             AND i.state IN ('accepted', 'released') \
             AND (u.auditor_id IS NULL OR u.auditor_id = $2 OR u.claimed_until < $4) \
             AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = u.item_id AND p.user_id = $2) \
             AND NOT EXISTS (SELECT 1 FROM exposures e WHERE e.item_id = u.item_id AND e.user_id = $2 \
             AND e.purpose <> 'certification') \
             AND NOT EXISTS (SELECT 1 FROM events s WHERE s.item_id = u.item_id \
             AND s.action IN ('certification.shown', 'labels.shown') AND s.actor_user = $2 \
             AND NOT (s.object_id = $1 AND COALESCE(u.auditor_id = $2, FALSE))) \
             ORDER BY u.position LIMIT 1",
            $lock,
            ") RETURNING *"
        )
    };
}

/// Gives somebody the first unit among the first `places` of the order that they may judge: not judged, in nobody else's hands, and nothing that
/// they worked on, were shown elsewhere, or were shown the labels of in any audit. A unit whose auditor stayed away starts
/// anew with somebody else: what was said of it is still theirs if they come back first, and never again afterwards. That
/// labels were shown is known by its evidence, which outlives the claim.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next(
    tx: &mut Tx,
    id: CertificationId,
    user: UserId,
    until: Instant,
    places: u64,
) -> Result<Option<Unit>, StoreError> {
    let now = tx.now();
    let query = tx.query_for(next_sql!(""), next_sql!(" FOR UPDATE OF u SKIP LOCKED"));
    query.bind(id).bind(user).bind(until).bind(now).bind(places).optional().await
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
/// they were shown them before, or the audit is over. The certification is to be locked before.
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
               AND auditor_id = $5 AND shown_at IS NULL AND judged_at IS NULL AND claimed_until >= $2 AND EXISTS (SELECT 1 FROM certifications c \
               WHERE c.id = $3 AND c.state = 'auditing')";
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

/// Keeps a judgement; `false` when the unit is not theirs to judge (any more), they did not see the labels, or the audit
/// is over: what a certificate is about never changes. The certification is to be locked before.
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
               AND judged_at IS NULL AND claimed_until >= $5 AND EXISTS (SELECT 1 FROM certifications c \
               WHERE c.id = $6 AND c.state = 'auditing')";
    let query = tx.query(sql).bind(judgement.errors).bind(judgement.counted).bind(judgement.severity);
    let query = query.bind(judgement.comment).bind(now).bind(id).bind(position).bind(user);
    Ok(query.execute().await? > 0)
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

/// Whether somebody had a part in an item, or it is on record that they were shown its labels outside of an audit.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn knows_labels(conn: &mut Conn, user: UserId, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT p.item_id FROM participation p WHERE p.item_id = $1 AND p.user_id = $2 \
               UNION ALL SELECT e.item_id FROM events e WHERE e.item_id = $1 AND e.actor_user = $2 \
               AND e.action = 'labels.shown' LIMIT 1";
    Ok(conn.query(sql).bind(item).bind(user).fetch_optional().await?.is_some())
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
