//! Batches: items that are accepted or sent back together. What is frozen, the order and the judgements are those of the
//! audit of the same id (`certifications`).

use countersign_model::{
    BatchId, CertificationId, EventId, IngestId, Instant, ItemId, OrganizationId, ProjectId, ReadId,
    SubjectId, UserId,
};

use crate::{
    Bind, Conn, StoreError, Tx, Value, certifications::Candidate, organizations::belonged, value::record,
};

record! {
    /// A batch.
    Batch in "batches" {
        /// Id, also of its audit.
        id: BatchId,
        /// Project.
        project_id: ProjectId,
        /// Whose work it is: batches of one supplier are a row of which inspection depends.
        supplier: String,
        /// `open`, `accepted`, `returned`, or `void`: withdrawn, or somebody in it was erased.
        state: String,
        /// The returned batch whose items it brings again.
        rework_of: Option<BatchId>,
        /// Deliveries are regular: inspection may be reduced.
        steady: bool,
        /// How it is inspected: `normal`, `tightened` or `reduced`.
        inspection: String,
        /// The plan in force, JSON.
        plan: String,
        /// What was decided, in the exact bytes whose hash the log holds; JSON.
        decision: Option<String>,
        /// When.
        decided_at: Option<Instant>,
        /// Its evidence.
        decided_event: Option<EventId>,
        /// Why it was withdrawn.
        reason: Option<String>,
    }
}

record! {
    /// An item of a returned batch that was dealt with.
    Return in "batch_returns" {
        /// Batch.
        batch_id: BatchId,
        /// Item.
        item_id: ItemId,
        /// Why it is on hold instead of in work.
        skipped: Option<String>,
        /// When.
        at: Instant,
    }
}

record! {
    /// Inspection that was taken up again.
    Resumption in "batch_resumptions" {
        /// Project.
        project_id: ProjectId,
        /// Whose.
        supplier: String,
        /// When.
        at: Instant,
        /// By whom.
        user_id: UserId,
        /// Why.
        reason: String,
    }
}

/// Whether an item is in a batch that waits for its decision, or was returned and not accepted since.
macro_rules! unsettled {
    ($item:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM certification_units bu JOIN batches b ON b.id = bu.certification_id \
             WHERE bu.item_id = ",
            $item,
            " AND b.state IN ('open', 'returned') AND NOT EXISTS (SELECT 1 FROM certification_units lu \
             JOIN batches l ON l.id = lu.certification_id WHERE lu.item_id = bu.item_id AND l.state = 'accepted' \
             AND l.id > b.id))"
        )
    };
}
pub(crate) use unsettled;

/// Which items of a project make a batch. Absent fields do not choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchFilter {
    /// Also items that were in a release before.
    pub released: bool,
    /// The stage that the accepted read comes from.
    pub stage: Option<u32>,
    /// Who handed in a read of it.
    pub author: Option<UserId>,
    /// To whom one of these belongs.
    pub organization: Option<OrganizationId>,
    /// Lot of a part.
    pub lot: Option<String>,
    /// With which run it came in.
    pub ingest: Option<IngestId>,
    /// Accepted content handed in at or after.
    pub from: Option<Instant>,
    /// Accepted content handed in before.
    pub until: Option<Instant>,
}

const AUTHOR: &str = "EXISTS (SELECT 1 FROM reads a WHERE a.item_id = i.id AND a.kind = 'read' \
                      AND a.submitted_at IS NOT NULL AND a.author_user = ?)";
const ORGANIZATION: &str = concat!(
    "EXISTS (SELECT 1 FROM reads a JOIN users u ON u.id = a.author_user WHERE a.item_id = i.id AND a.kind = 'read' ",
    "AND a.submitted_at IS NOT NULL AND ",
    belonged!("u", "a.submitted_at"),
    " = ?)"
);
const FIRST: &str = concat!(
    "SELECT i.id, r.id AS read_id, r.content_hash FROM items i JOIN reads r ON r.id = i.accepted_read_id ",
    "WHERE i.project_id = $1 AND NOT i.held AND r.content_hash IS NOT NULL AND NOT ",
    unsettled!("i.id"),
    " AND NOT EXISTS (SELECT 1 FROM gold g WHERE g.item_id = i.id AND g.state <> 'retired') \
     AND NOT EXISTS (SELECT 1 FROM certification_units au JOIN batches ab ON ab.id = au.certification_id \
     WHERE au.item_id = i.id AND au.read_id = i.accepted_read_id AND ab.state = 'accepted')"
);

/// Accepted items that are not held and in no batch with what stands now, by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates(
    conn: &mut Conn,
    project: ProjectId,
    filter: &BatchFilter,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let (mut sql, mut values) = (FIRST.to_owned(), vec![project.value()]);
    let mut condition = |text: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&text.replace('?', &format!("${}", values.len())));
    };
    let BatchFilter { released, stage, author, organization, lot, ingest, from, until } = filter.clone();
    let given = [
        Some(("(i.state = 'accepted' OR (? AND i.state = 'released'))", released.value())),
        stage.map(|v| ("r.stage = ?", v.value())),
        author.map(|v| (AUTHOR, v.value())),
        organization.map(|v| (ORGANIZATION, v.value())),
        lot.map(|v| ("i.lot = ?", v.value())),
        ingest.map(|v| ("i.ingest_id = ?", v.value())),
        from.map(|v| ("r.submitted_at >= ?", v.value())),
        until.map(|v| ("r.submitted_at < ?", v.value())),
        after.map(|v| ("i.id > ?", v.value())),
    ];
    for (text, value) in given.into_iter().flatten() {
        condition(text, value);
    }
    values.push(limit.value());
    sql.push_str(&format!(" ORDER BY i.id LIMIT ${}", values.len()));
    let query = values.into_iter().fold(conn.query_built(sql), crate::Query::bind);
    let rows = query.scanning().fetch_all().await?;
    rows.iter().map(candidate).collect()
}

/// Items of a returned batch that were accepted anew, and are in no later batch, by id. What could not go back into work
/// counts once its hold is lifted.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reworked(
    conn: &mut Conn,
    batch: BatchId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    let sql = "SELECT i.id, r.id AS read_id, r.content_hash FROM certification_units u JOIN items i ON i.id = u.item_id \
               JOIN reads r ON r.id = i.accepted_read_id WHERE u.certification_id = $1 AND i.id > $2 \
               AND i.state IN ('accepted', 'released') AND NOT i.held AND r.content_hash IS NOT NULL \
               AND (r.id <> u.read_id OR EXISTS (SELECT 1 FROM batch_returns k WHERE k.batch_id = $1 \
               AND k.item_id = i.id AND k.skipped IS NOT NULL)) \
               AND NOT EXISTS (SELECT 1 FROM certification_units o JOIN batches b ON b.id = o.certification_id \
               WHERE o.item_id = i.id AND b.id > $1 AND b.state <> 'void') ORDER BY i.id LIMIT $3";
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    let rows = conn.query(sql).bind(batch).bind(after).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(candidate).collect()
}

fn candidate(row: &crate::Row) -> Result<Candidate, StoreError> {
    Ok(Candidate { item: row.get("id")?, read: row.get("read_id")?, content_hash: row.get("content_hash")? })
}

/// Has batches of a project submitted one after the other: whichever write comes second waits here.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock_project(tx: &mut Tx, project: ProjectId) -> Result<(), StoreError> {
    let query = tx.query_for(
        "SELECT id FROM projects WHERE id = $1",
        "SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE",
    );
    query.bind(project).fetch_optional().await.map(drop)
}

/// Keeps a batch whose audit is there; an item of it that another batch has taken since, if there is one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, batch: Batch) -> Result<Option<ItemId>, StoreError> {
    let id = batch.id;
    tx.insert(batch).await?;
    let sql = "SELECT u.item_id FROM certification_units u JOIN certification_units o ON o.item_id = u.item_id \
               JOIN batches b ON b.id = o.certification_id WHERE u.certification_id = $1 AND b.id <> $1 \
               AND b.state = 'open' ORDER BY u.item_id LIMIT 1";
    let row = tx.query(sql).bind(id).fetch_optional().await?;
    row.map(|row| row.get("item_id")).transpose()
}

/// A batch by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: BatchId) -> Result<Option<Batch>, StoreError> {
    conn.query("SELECT * FROM batches WHERE id = $1").bind(id).optional().await
}

/// Whether an audit is that of a batch.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_batch(conn: &mut Conn, id: CertificationId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM batches WHERE id = $1";
    Ok(conn.query(sql).bind(id).fetch_optional().await?.is_some())
}

/// Batches of a project: what waits for a decision first, then the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Batch>, StoreError> {
    let sql = "SELECT * FROM batches WHERE project_id = $1 ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, \
               id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// A decided batch, as far as later ones depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Batch.
    pub id: BatchId,
    /// Whose.
    pub supplier: String,
    /// Accepted, or returned.
    pub accepted: bool,
    /// It brought items again.
    pub rework: bool,
    /// Inspection may be reduced.
    pub steady: bool,
    /// How it was inspected: `normal`, `tightened` or `reduced`.
    pub inspection: String,
    /// Plan that was in force, JSON.
    pub plan: String,
    /// Items in it.
    pub units: u64,
    /// Items that were judged.
    pub checked: u64,
    /// Of these, defective.
    pub found: u64,
    /// When.
    pub at: Instant,
}

/// The decided batches of a project in the order of their decisions.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decided(conn: &mut Conn, project: ProjectId) -> Result<Vec<Decided>, StoreError> {
    let sql = "SELECT b.id, b.supplier, b.state, b.rework_of, b.steady, b.inspection, b.plan, b.decided_at, c.units, \
               c.checked, c.found FROM batches b JOIN certifications c ON c.id = b.id WHERE b.project_id = $1 \
               AND b.state IN ('accepted', 'returned') ORDER BY b.decided_at, b.id";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    let read = |row: &crate::Row| {
        Ok(Decided {
            id: row.get("id")?,
            supplier: row.get("supplier")?,
            accepted: row.get::<String>("state")? == "accepted",
            rework: row.get::<Option<BatchId>>("rework_of")?.is_some(),
            steady: row.get("steady")?,
            inspection: row.get("inspection")?,
            plan: row.get("plan")?,
            units: row.get("units")?,
            checked: row.get("checked")?,
            found: row.get("found")?,
            at: row.get("decided_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Where inspection was taken up again in a project, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn resumptions(conn: &mut Conn, project: ProjectId) -> Result<Vec<Resumption>, StoreError> {
    let sql = "SELECT * FROM batch_resumptions WHERE project_id = $1 ORDER BY at";
    conn.query(sql).bind(project).all().await
}

/// Takes up inspection again.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn resume(tx: &mut Tx, resumption: Resumption) -> Result<(), StoreError> {
    tx.insert(resumption).await
}

/// Keeps how far the audit of a batch is.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn progress(tx: &mut Tx, id: BatchId, checked: u64, found: u64) -> Result<(), StoreError> {
    let sql = "UPDATE certifications SET checked = $1, found = $2 WHERE id = $3 AND state = 'auditing'";
    tx.query(sql).bind(checked).bind(found).bind(id).execute().await.map(drop)
}

/// Decides an open batch and ends its audit; `false` when it is not open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: BatchId,
    accepted: bool,
    decision: &str,
    event: EventId,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let state = if accepted { "accepted" } else { "returned" };
    let sql = "UPDATE batches SET state = $1, decision = $2, decided_at = $3, decided_event = $4 \
               WHERE id = $5 AND state = 'open'";
    let query = tx.query(sql).bind(state).bind(decision).bind(now).bind(event).bind(id);
    if query.execute().await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE certifications SET state = 'closed', closed_at = $1, closed_event = $2 WHERE id = $3";
    tx.query(sql).bind(now).bind(event).bind(id).execute().await?;
    Ok(true)
}

/// Withdraws an open batch; `false` when it is not open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn withdraw(tx: &mut Tx, id: BatchId, reason: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE batches SET state = 'void', reason = $1 WHERE id = $2 AND state = 'open'";
    if tx.query(sql).bind(reason).bind(id).execute().await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE certifications SET state = 'void', stop = 'ended' WHERE id = $1";
    tx.query(sql).bind(id).execute().await?;
    Ok(true)
}

/// Items of a batch that were not dealt with yet since it was returned, with the read that was submitted, by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn to_return(
    conn: &mut Conn,
    id: BatchId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<(ItemId, ReadId)>, StoreError> {
    let sql = "SELECT u.item_id, u.read_id FROM certification_units u WHERE u.certification_id = $1 AND u.item_id > $2 \
               AND NOT EXISTS (SELECT 1 FROM batch_returns k WHERE k.batch_id = $1 AND k.item_id = u.item_id) \
               ORDER BY u.item_id LIMIT $3";
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    let rows = conn.query(sql).bind(id).bind(after).bind(limit).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("item_id")?, row.get("read_id")?))).collect()
}

/// Notes that an item of a returned batch was dealt with.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_return(tx: &mut Tx, row: Return) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// Where the items of a returned batch are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Went back into work.
    pub back: u64,
    /// Put on hold instead.
    pub held: u64,
    /// Accepted anew, of all.
    pub again: u64,
    /// Of those put on hold: accepted as they were, and held no more.
    pub lifted: u64,
}

/// Where the items of a returned batch are.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn whereabouts(conn: &mut Conn, id: BatchId) -> Result<Whereabouts, StoreError> {
    let sql = "SELECT COUNT(*) AS n, COUNT(k.skipped) AS held, COUNT(CASE WHEN i.state IN ('accepted', 'released') \
               AND i.accepted_read_id <> u.read_id THEN 1 END) AS again, \
               COUNT(CASE WHEN i.state IN ('accepted', 'released') AND i.accepted_read_id = u.read_id \
               AND k.skipped IS NOT NULL AND NOT i.held THEN 1 END) AS lifted FROM batch_returns k \
               JOIN certification_units u ON u.certification_id = k.batch_id AND u.item_id = k.item_id \
               JOIN items i ON i.id = k.item_id WHERE k.batch_id = $1";
    let row = conn.query(sql).bind(id).scanning().fetch_one().await?;
    let (all, held): (u64, u64) = (row.get("n")?, row.get("held")?);
    let (again, lifted) = (row.get("again")?, row.get("lifted")?);
    Ok(Whereabouts { back: all.saturating_sub(held), held, again, lifted })
}

/// Open batches that hold an item of a subject, by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_with(conn: &mut Conn, subject: SubjectId) -> Result<Vec<BatchId>, StoreError> {
    let sql = "SELECT id FROM batches WHERE state = 'open' AND id IN (SELECT u.certification_id \
               FROM certification_units u JOIN subject_items s ON s.item_id = u.item_id WHERE s.subject_id = $1) \
               ORDER BY id";
    let rows = conn.query(sql).bind(subject).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}
