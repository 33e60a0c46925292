//! Requests that need two people (erasure, re-identification), and what an erasure does to rows.

use countersign_model::{
    AppraisalId, CertificationId, Facts, Instant, ItemId, PrivacyRequestId, ProjectId, ReleaseId, SubjectId,
    UserId,
};

use crate::{
    Address, Conn, Json, StoreError, Tx,
    keys::random,
    value::{record, row},
};

record! {
    /// A request that a second person decides.
    Request in "privacy_requests" {
        /// Id.
        id: PrivacyRequestId,
        /// Project.
        project_id: ProjectId,
        /// `erasure` or `reidentification`.
        kind: String,
        /// Whom it is about.
        subject_id: SubjectId,
        /// For a re-identification: of which item.
        item_id: Option<ItemId>,
        /// `open`, `approved`, `refused` or `done`.
        state: String,
        /// Why.
        reason: String,
        /// Who asked.
        requested_by: UserId,
        /// When.
        requested_at: Instant,
        /// Who decided.
        decided_by: Option<UserId>,
        /// When.
        decided_at: Option<Instant>,
        /// Why so.
        decision_reason: Option<String>,
        /// An approved re-identification can be looked at until then.
        expires_at: Option<Instant>,
        /// Carried out.
        done_at: Option<Instant>,
        /// The signed certificate of an erasure.
        certificate: Option<String>,
    }
}

row! {
    /// A release with something about a subject in it.
    Touched {
        /// Release.
        id: ReleaseId,
        /// Name.
        name: String,
        /// Root hash.
        root: Option<String>,
        /// `done`, or `recalled` already.
        state: String,
        /// Where its package lies.
        address: Option<Address>,
    }
}

row! {
    /// Somebody who took a release.
    Recipient {
        /// Account; absent for the command line.
        actor_user: Option<UserId>,
        /// What kind of actor.
        actor_kind: String,
        /// When first.
        at: Instant,
    }
}

/// Keeps a request.
///
/// # Errors
/// [`StoreError::Conflict`] when an erasure of the subject is under way.
pub async fn insert(tx: &mut Tx, request: Request) -> Result<(), StoreError> {
    tx.insert(request).await
}

/// A request by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: PrivacyRequestId) -> Result<Option<Request>, StoreError> {
    conn.query("SELECT * FROM privacy_requests WHERE id = $1").bind(id).optional().await
}

/// Requests of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Request>, StoreError> {
    let sql = "SELECT * FROM privacy_requests WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// How many erasures of a subject are approved and not done.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_approved(conn: &mut Conn, subject: SubjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM privacy_requests WHERE subject_id = $1 AND kind = 'erasure' \
               AND state = 'approved'";
    conn.query(sql).bind(subject).fetch_one().await?.get("n")
}

/// How many requests of a project wait for a second person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_open(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM privacy_requests WHERE project_id = $1 AND state = 'open'";
    conn.query(sql).bind(project).fetch_one().await?.get("n")
}

/// Decides an open request (`approved` or `refused`); `false` when it was decided before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: PrivacyRequestId,
    state: &str,
    by: UserId,
    reason: Option<&str>,
    expires_at: Option<Instant>,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE privacy_requests SET state = $1, decided_by = $2, decided_at = $3, decision_reason = $4, \
               expires_at = $5 WHERE id = $6 AND state = 'open'";
    let query = tx.query(sql).bind(state).bind(by).bind(now).bind(reason).bind(expires_at).bind(id);
    Ok(query.execute().await? > 0)
}

/// Ends an approved request; `false` when it was ended before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(
    tx: &mut Tx,
    id: PrivacyRequestId,
    certificate: Option<&str>,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE privacy_requests SET state = 'done', done_at = $1, certificate = $2 \
               WHERE id = $3 AND state = 'approved'";
    Ok(tx.query(sql).bind(now).bind(certificate).bind(id).execute().await? > 0)
}

/// Keeps what an approved erasure destroyed until it is certified.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_statement(tx: &mut Tx, id: PrivacyRequestId, statement: &str) -> Result<(), StoreError> {
    let sql = "UPDATE privacy_requests SET certificate = $1 WHERE id = $2 AND state = 'approved'";
    tx.query(sql).bind(statement).bind(id).execute().await.map(drop)
}

/// Finished or recalled releases with an item about a subject.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn releases(conn: &mut Conn, subject: SubjectId) -> Result<Vec<Touched>, StoreError> {
    let sql = "SELECT DISTINCT r.id, r.name, r.root, r.state, r.address FROM subject_items s \
               JOIN release_items i ON i.item_id = s.item_id JOIN releases r ON r.id = i.release_id \
               WHERE s.subject_id = $1 AND r.state IN ('done', 'recalled') ORDER BY r.id";
    conn.query(sql).bind(subject).all().await
}

/// Releases with an item about a subject that are being built now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_building(conn: &mut Conn, subject: SubjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM subject_items s JOIN release_items i ON i.item_id = s.item_id \
               JOIN releases r ON r.id = i.release_id WHERE s.subject_id = $1 AND r.state = 'building'";
    conn.query(sql).bind(subject).fetch_one().await?.get("n")
}

/// Everybody who took a release.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recipients(conn: &mut Conn, release: ReleaseId) -> Result<Vec<Recipient>, StoreError> {
    let sql = "SELECT actor_user, actor_kind, MIN(at) AS at FROM events \
               WHERE object_kind = 'release' AND object_id = $1 AND action = 'release.downloaded' \
               GROUP BY actor_user, actor_kind ORDER BY MIN(at)";
    conn.query(sql).bind(release).all().await
}

/// Takes a release back: its package is gone, its row, root and certificate stay.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recall(tx: &mut Tx, release: ReleaseId) -> Result<bool, StoreError> {
    let sql = "UPDATE releases SET state = 'recalled', address = NULL, bytes = NULL WHERE id = $1 AND state = 'done'";
    Ok(tx.query(sql).bind(release).execute().await? > 0)
}

/// What an erasure took out of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Versions of annotations without their shape now.
    pub annotations: u64,
    /// Private details of events that are gone.
    pub details: u64,
    /// Reports of the gate without content now.
    pub reports: u64,
    /// Audits that are void with it.
    pub certifications: Vec<CertificationId>,
    /// Studies that are void with it.
    pub studies: Vec<AppraisalId>,
}

/// Takes everything out of an item's rows that says something about a person: names, facts, streams, shapes, words of
/// people, private details of events. Ids, authors, times and hashes of locked reads stay: the log names them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn empty_item(tx: &mut Tx, item: ItemId, name: &str) -> Result<Emptied, StoreError> {
    let now = tx.now();
    forget_lot(tx, item).await?;
    let sql = "UPDATE items SET name = $1, group_key = $2, streams = '[]', facts = $6, modality = NULL, \
               ctdi_vol_mgy = NULL, dlp_mgy_cm = NULL, slice_thickness_mm = NULL, lot = NULL, held = $3, \
               updated_at = $4 WHERE id = $5";
    // The key that found it again is replaced by noise.
    let (noise, nothing) = (hex::encode(random::<32>()?), Json(Facts::default()));
    tx.query(sql).bind(name).bind(noise).bind(false).bind(now).bind(item).bind(nothing).execute().await?;
    // What lies beside it has a name like it, and its lot.
    let sql = "UPDATE items SET name = $1, facts = $2, lot = NULL WHERE id IN \
               (SELECT item_id FROM gold_copies WHERE beside = $3)";
    tx.query(sql).bind(name).bind(Json(Facts::default())).bind(item).execute().await?;
    let sql = "UPDATE annotations SET body = NULL WHERE body IS NOT NULL \
               AND read_id IN (SELECT id FROM reads WHERE item_id = $1)";
    let annotations = tx.query(sql).bind(item).execute().await?;
    // What was made wrong in a draft says what was drawn.
    let sql = "UPDATE suggestions SET said = '', judged = NULL WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE gold SET reason = '', end_reason = NULL WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE gold_results SET pairs = '[]' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE reads SET annotation_count = 0 WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE reviews SET comment = NULL WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE reviews SET marks = '[]' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    // What people said to each other, and where they pointed.
    let sql = "UPDATE findings SET stream = NULL, frame = NULL, x = NULL, y = NULL, annotation_id = NULL, \
               state = 'resolved' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE finding_notes SET words = '' WHERE finding_id IN (SELECT id FROM findings WHERE item_id = $1)";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE appeals SET words = '', reason = CASE WHEN reason IS NULL THEN NULL ELSE '' END, \
               state = CASE WHEN state = 'open' THEN 'upheld' ELSE state END WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE adjudications SET comment = NULL WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE gate_entries SET report = '{}', reason = NULL, waiver_reason = NULL, \
               state = CASE WHEN state = 'open' THEN 'replaced' ELSE state END WHERE item_id = $1";
    let reports = tx.query(sql).bind(item).execute().await?;
    // Where something was masked or found says where words stood.
    let sql = "DELETE FROM gate_masks WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE cleanings SET hash_before = '', hash_after = '', report = '{}', regions = '[]' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE leaks SET reason = 'erased' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE leak_items SET reason = NULL WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    let (certifications, studies) = void_sets(tx, item).await?;
    let sql = "UPDATE monitor_checks SET pairs = '[]' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    // Nothing is left that could show a face, and nobody has to answer for it.
    for sql in [
        "DELETE FROM item_risks WHERE item_id = $1",
        "DELETE FROM label_doubts WHERE item_id = $1",
        "DELETE FROM vendor_scores WHERE item_id = $1",
    ] {
        tx.query(sql).bind(item).execute().await?;
    }
    let sql = "UPDATE holds SET reason = 'erased', lift_reason = 'erased', lifted_at = COALESCE(lifted_at, $1) \
               WHERE item_id = $2";
    tx.query(sql).bind(now).bind(item).execute().await?;
    let sql = "DELETE FROM event_details WHERE event_id IN (SELECT id FROM events WHERE item_id = $1)";
    let details = tx.query(sql).bind(item).execute().await?;
    Ok(Emptied { annotations, details, reports, certifications, studies })
}

/// Ends what was frozen over an item, and takes it out of it; the audits and studies that this ended.
async fn void_sets(
    tx: &mut Tx,
    item: ItemId,
) -> Result<(Vec<CertificationId>, Vec<AppraisalId>), StoreError> {
    // What was frozen cannot be recomputed without it: an audit that goes on would promise what nobody can check.
    let sql = "UPDATE certifications SET state = 'void' WHERE state NOT IN ('closed', 'void') AND id IN \
               (SELECT certification_id FROM certification_units WHERE item_id = $1) RETURNING id";
    let rows = tx.query(sql).bind(item).fetch_all().await?;
    let certifications = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<_>, _>>()?;
    let sql = "UPDATE batches SET state = 'void' WHERE state = 'open' AND id IN \
               (SELECT certification_id FROM certification_units WHERE item_id = $1)";
    tx.query(sql).bind(item).execute().await?;
    let sql = "UPDATE certification_units SET line = '', content_hash = '', own = NULL, errors = NULL, comment = NULL \
               WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    // A study whose parts are not what they were says nothing; one that was issued stays as a record about people.
    let sql = "UPDATE appraisals SET state = 'void' WHERE state NOT IN ('issued', 'void') AND id IN \
               (SELECT appraisal_id FROM appraisal_parts WHERE item_id = $1) RETURNING id";
    let rows = tx.query(sql).bind(item).fetch_all().await?;
    let studies = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<_>, _>>()?;
    let sql = "UPDATE appraisal_parts SET line = '', content_hash = '' WHERE item_id = $1";
    tx.query(sql).bind(item).execute().await?;
    Ok((certifications, studies))
}

/// Takes address and hash out of the rows of a subject's assets; ids stay for exposures.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn empty_assets(tx: &mut Tx, subject: SubjectId) -> Result<u64, StoreError> {
    let sql = "SELECT asset_id FROM subject_assets WHERE subject_id = $1 ORDER BY asset_id";
    let rows = tx.query(sql).bind(subject).fetch_all().await?;
    for row in &rows {
        let asset: countersign_model::AssetId = row.get("asset_id")?;
        let noise = hex::encode(random::<32>()?);
        let sql = "UPDATE assets SET address = $1, content_hash = '', bytes = 0 WHERE id = $2";
        tx.query(sql).bind(noise).bind(asset).execute().await?;
        // Where a face was, in acceptance runs and at the gate; the counts of runs stay. And that a model was shown it.
        for sql in [
            "DELETE FROM face_labels WHERE asset_id = $1",
            "DELETE FROM face_frames WHERE asset_id = $1",
            "DELETE FROM face_looks WHERE asset_id = $1",
            "DELETE FROM click_looks WHERE asset_id = $1",
        ] {
            tx.query(sql).bind(asset).execute().await?;
        }
    }
    Ok(rows.len() as u64)
}

/// Ends a subject: nothing finds them any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_subject(tx: &mut Tx, subject: SubjectId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE subjects SET state = 'erased', tag = NULL, pseudonym = NULL, erased_at = $1 \
               WHERE id = $2 AND state = 'live'";
    tx.query(sql).bind(now).bind(subject).execute().await.map(drop)
}

/// Takes name and words out of the holds on the lot of an item whose last one it is.
async fn forget_lot(tx: &mut Tx, item: ItemId) -> Result<(), StoreError> {
    let sql = "SELECT w.id AS id FROM wide_holds w JOIN items i ON i.project_id = w.project_id AND i.lot = w.value \
               WHERE i.id = $1 AND w.scope = 'lot' AND NOT EXISTS (SELECT 1 FROM items o \
               WHERE o.project_id = i.project_id AND o.lot = i.lot AND o.id <> i.id \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = o.id))";
    for row in tx.query(sql).bind(item).fetch_all().await? {
        let id: countersign_model::WideHoldId = row.get("id")?;
        let sql = "UPDATE wide_holds SET value = 'erased', reason = 'erased', \
                   lift_reason = CASE WHEN lift_reason IS NULL THEN NULL ELSE 'erased' END WHERE id = $1";
        tx.query(sql).bind(id).execute().await?;
        let sql = "DELETE FROM event_details WHERE event_id IN (SELECT id FROM events WHERE object_id = $1 \
                   AND action IN ('hold.opened', 'hold.lifted'))";
        tx.query(sql).bind(id).execute().await?;
    }
    Ok(())
}
