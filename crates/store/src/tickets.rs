//! Guideline tickets, and alarms about people that are kept back while one is open.

use countersign_model::{GuidelineId, Instant, ItemId, JobId, ProjectId, TicketId, UserId};

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// A guideline ticket.
    Ticket in "guideline_tickets" {
        /// Id.
        id: TicketId,
        /// Project.
        project_id: ProjectId,
        /// `pair`: people confuse two classes; `alarms`: a third of them alarm at once.
        cause: String,
        /// Where the checks come from: `review`, for a pair of classes; of alarms, the stream in which they were raised.
        stream: String,
        /// One class of the pair; absent where one side saw nothing there.
        first_class: Option<String>,
        /// The other one.
        second_class: Option<String>,
        /// `open` or `closed`.
        state: String,
        /// Marks that were given both classes; of alarms, alarms.
        marks: u64,
        /// Marks that would have been, if the pair were like any other.
        expected: Option<f64>,
        /// Probability of so many by chance, for all pairs together.
        chance: Option<f64>,
        /// People who disagree, or are alarmed about.
        people: u32,
        /// People who were active.
        active: u32,
        /// Items to look at.
        examples: Json<Vec<ItemId>>,
        /// Marks of two answers with both classes until it was closed.
        before_both: u64,
        /// Marks of two answers with either.
        before_either: u64,
        /// The first since it was closed.
        after_both: u64,
        /// The second since it was closed.
        after_either: u64,
        /// When it was opened.
        opened_at: Instant,
        /// When it was closed.
        closed_at: Option<Instant>,
        /// By whom.
        closed_by: Option<UserId>,
        /// With which version of the guideline.
        guideline_id: Option<GuidelineId>,
        /// Why, where no version closed it.
        reason: Option<String>,
    }
}

record! {
    /// An alarm about somebody that was kept back.
    Suppressed in "suppressed_alarms" {
        /// Ticket.
        ticket_id: TicketId,
        /// About whom.
        user_id: UserId,
        /// The check that would have raised it.
        number: u64,
        /// Evidence.
        evidence: f64,
        /// When.
        at: Instant,
    }
}

/// Opens a ticket.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, ticket: Ticket) -> Result<(), StoreError> {
    tx.insert(ticket).await
}

/// A ticket by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>, StoreError> {
    conn.query("SELECT * FROM guideline_tickets WHERE id = $1").bind(id).optional().await
}

/// Tickets of a project: the open ones first, then the newest.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Ticket>, StoreError> {
    let sql = "SELECT * FROM guideline_tickets WHERE project_id = $1 \
               ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Open tickets of a project, the oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open(conn: &mut Conn, project: ProjectId) -> Result<Vec<Ticket>, StoreError> {
    let sql = "SELECT * FROM guideline_tickets WHERE project_id = $1 AND state = 'open' ORDER BY id";
    conn.query(sql).bind(project).all().await
}

/// What closes a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Who.
    pub by: UserId,
    /// The version of the guideline that answers it.
    pub guideline: Option<GuidelineId>,
    /// Why, without one.
    pub reason: Option<String>,
}

/// Closes an open ticket; `false` when it is not open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close(tx: &mut Tx, id: TicketId, closing: Closing) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE guideline_tickets SET state = 'closed', closed_at = $1, closed_by = $2, guideline_id = $3, \
               reason = $4 WHERE id = $5 AND state = 'open'";
    let query = tx.query(sql).bind(now).bind(closing.by).bind(closing.guideline).bind(closing.reason);
    Ok(query.bind(id).execute().await? > 0)
}

/// Keeps how often a pair divided answers: before and after closing, both classes and either.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count(
    tx: &mut Tx,
    id: TicketId,
    before: (u64, u64),
    after: (u64, u64),
) -> Result<(), StoreError> {
    let sql = "UPDATE guideline_tickets SET before_both = $1, before_either = $2, after_both = $3, \
               after_either = $4 WHERE id = $5";
    let query = tx.query(sql).bind(before.0).bind(before.1).bind(after.0).bind(after.1);
    query.bind(id).execute().await.map(drop)
}

/// Keeps back an alarm.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn suppress(tx: &mut Tx, row: Suppressed) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// How many alarms a ticket kept back.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_suppressed(conn: &mut Conn, id: TicketId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM suppressed_alarms WHERE ticket_id = $1";
    conn.query(sql).bind(id).fetch_one().await?.get("n")
}

/// The job of a kind that a project waits for and nobody has begun, if there is one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting(conn: &mut Conn, project: ProjectId, kind: &str) -> Result<Option<JobId>, StoreError> {
    let sql = "SELECT id FROM jobs WHERE project_id = $1 AND kind = $2 AND state IN ('ready', 'leased') \
               AND worker IS NULL LIMIT 1";
    let row = conn.query(sql).bind(project).bind(kind).fetch_optional().await?;
    row.map(|row| row.get("id")).transpose()
}

/// The newest checks of a project that count, with what was right and what was said.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn checks(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<crate::monitoring::Check>, StoreError> {
    let sql = "SELECT * FROM monitor_checks WHERE project_id = $1 AND stream = 'review' AND NOT overturned \
               ORDER BY at DESC, item_id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// Alarms of a project since a moment that nobody found to be false.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alarms_since(
    conn: &mut Conn,
    project: ProjectId,
    since: Instant,
) -> Result<Vec<crate::monitoring::Alarm>, StoreError> {
    let sql =
        "SELECT * FROM alarms WHERE project_id = $1 AND raised_at >= $2 AND state <> 'dismissed' ORDER BY id";
    conn.query(sql).bind(project).bind(since).all().await
}

/// How many people's work was checked in a stream since a moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn active_since(
    conn: &mut Conn,
    project: ProjectId,
    stream: &str,
    since: Instant,
) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(DISTINCT user_id) AS n FROM monitor_checks WHERE project_id = $1 AND stream = $2 AND at >= $3";
    conn.query(sql).bind(project).bind(stream).bind(since).scanning().fetch_one().await?.get("n")
}

/// Items in which checks of a stream found something since a moment, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn wrong_since(
    conn: &mut Conn,
    project: ProjectId,
    stream: &str,
    since: Instant,
    limit: u32,
) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT item_id, MAX(at) AS at FROM monitor_checks WHERE project_id = $1 AND stream = $2 AND at >= $3 \
               AND wrong AND NOT overturned GROUP BY item_id ORDER BY MAX(at) DESC, item_id LIMIT $4";
    let rows =
        conn.query(sql).bind(project).bind(stream).bind(since).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("item_id")).collect()
}
