//! How each person's work is found when others look at it: streams, the checks behind them, alarms and what they hold.

mod alarms;
mod strata;

use countersign_model::{Instant, ItemId, ProjectId, ReadId, UserId};

pub use alarms::{
    Alarm, AlarmHold, Earlier, Held, alarm, alarms, alarms_about, appeal, count_held, count_open,
    count_unheld, decide, earlier, held, insert_alarm, insert_hold, last_alarm, lock_alarm, open_alarm,
    open_alarms, overturn, unheld,
};
pub use strata::{Alike, Stratum, alike_of_others, count_stratum, recount_strata, same_item_of_others};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// How rare false alarms are to be in a project.
    Plan in "monitor_plans" {
        /// Project.
        project_id: ProjectId,
        /// Checks to a false alarm of one stream of one person, on average, at least.
        run_length: f64,
        /// By whom.
        set_by: Option<UserId>,
        /// When.
        set_at: Instant,
    }
}

record! {
    /// A stream of one person: a few numbers, whatever its length.
    Stream in "monitor_streams" {
        /// Project.
        project_id: ProjectId,
        /// Whose work.
        user_id: UserId,
        /// Where checks come from: `review`.
        stream: String,
        /// State of the detector; JSON.
        detector: String,
        /// Checks.
        checked: u64,
        /// Of these, wrong; those that were overturned do not count.
        wrong: u64,
        /// Evidence for a change as a share of what raises an alarm.
        level: f64,
        /// When it was checked last.
        updated_at: Instant,
        /// Sum of how bad its checks were, each 0 to 1, where that is measured.
        severity: f64,
    }
}

record! {
    /// One check of one read.
    Check in "monitor_checks" {
        /// Project.
        project_id: ProjectId,
        /// Whose work.
        user_id: UserId,
        /// Stream.
        stream: String,
        /// Place in the stream, from 1.
        number: u64,
        /// Item.
        item_id: ItemId,
        /// The read that was checked.
        read_id: ReadId,
        /// Who checked.
        checked_by: Option<UserId>,
        /// Whether it was wrong.
        wrong: bool,
        /// Probability of an error that was expected before.
        expected: f64,
        /// Evidence for a change after it, as a share of what raises an alarm.
        level: f64,
        /// What was right and what was said, class by class; JSON.
        pairs: String,
        /// Whether somebody decided later that it does not count.
        overturned: bool,
        /// When the read was handed in.
        read_at: Instant,
        /// When it was checked.
        at: Instant,
        /// How bad it was, 0 to 1, where that is measured.
        severity: Option<f64>,
        /// The kind of item, as it was known before the answer; empty for checks from before kinds were kept.
        stratum: String,
        /// Checks of others on such items that what was expected rests on.
        known: u64,
    }
}

/// The plan of a project, where one was set.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn plan(conn: &mut Conn, project: ProjectId) -> Result<Option<Plan>, StoreError> {
    conn.query("SELECT * FROM monitor_plans WHERE project_id = $1").bind(project).optional().await
}

/// Sets the plan of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_plan(tx: &mut Tx, plan: Plan) -> Result<(), StoreError> {
    let sql = "INSERT INTO monitor_plans (project_id, run_length, set_by, set_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (project_id) DO UPDATE SET run_length = excluded.run_length, set_by = excluded.set_by, \
               set_at = excluded.set_at";
    let query = tx.query(sql).bind(plan.project_id).bind(plan.run_length).bind(plan.set_by);
    query.bind(plan.set_at).execute().await.map(drop)
}

/// A stream, locked until the write ends. What was never checked before begins with the given detector: two first checks of
/// one person wait for each other too.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock_stream(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    stream: &str,
    detector: &str,
) -> Result<Stream, StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO monitor_streams (project_id, user_id, stream, detector, checked, wrong, level, updated_at) \
               VALUES ($1, $2, $3, $4, 0, 0, 0.0, $5) ON CONFLICT (project_id, user_id, stream) DO NOTHING";
    tx.query(sql).bind(project).bind(user).bind(stream).bind(detector).bind(now).execute().await?;
    let query = tx.query_for(
        "SELECT * FROM monitor_streams WHERE project_id = $1 AND user_id = $2 AND stream = $3",
        "SELECT * FROM monitor_streams WHERE project_id = $1 AND user_id = $2 AND stream = $3 FOR UPDATE",
    );
    let found = query.bind(project).bind(user).bind(stream).optional().await?;
    found.ok_or(StoreError::NotFound { place: "monitor_streams" })
}

/// Keeps a stream as it is now; it is to be locked before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_stream(tx: &mut Tx, row: Stream) -> Result<(), StoreError> {
    let sql = "UPDATE monitor_streams SET detector = $1, checked = $2, wrong = $3, level = $4, updated_at = $5, \
               severity = $6 WHERE project_id = $7 AND user_id = $8 AND stream = $9";
    let query = tx.query(sql).bind(row.detector).bind(row.checked).bind(row.wrong).bind(row.level);
    let query =
        query.bind(row.updated_at).bind(row.severity).bind(row.project_id).bind(row.user_id).bind(row.stream);
    query.execute().await.map(drop)
}

/// Begins the evidence of the streams of a project anew, but of one person's; what was counted stays. How many.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn restart_streams(
    tx: &mut Tx,
    project: ProjectId,
    detector: &str,
    but_of: UserId,
) -> Result<u64, StoreError> {
    let sql = "UPDATE monitor_streams SET detector = $1, level = 0.0 WHERE project_id = $2 AND user_id <> $3";
    tx.query(sql).bind(detector).bind(project).bind(but_of).execute().await
}

/// The streams of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn streams(conn: &mut Conn, project: ProjectId) -> Result<Vec<Stream>, StoreError> {
    let sql = "SELECT * FROM monitor_streams WHERE project_id = $1 ORDER BY level DESC, user_id, stream";
    conn.query(sql).bind(project).all().await
}

/// Checks and wrong ones among them of everybody else in a stream.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_others(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(checked), 0) AS BIGINT) AS checked, \
               CAST(COALESCE(SUM(wrong), 0) AS BIGINT) AS wrong FROM monitor_streams \
               WHERE project_id = $1 AND user_id <> $2 AND stream = $3";
    let row = conn.query(sql).bind(project).bind(user).bind(stream).fetch_one().await?;
    Ok((row.get("checked")?, row.get("wrong")?))
}

/// Checks of all others in a stream, and the sum of how bad they were.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn severity_of_others(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<(f64, f64), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(checked), 0) AS BIGINT) AS checked, COALESCE(SUM(severity), 0.0) AS severity \
               FROM monitor_streams WHERE project_id = $1 AND user_id <> $2 AND stream = $3";
    let row = conn.query(sql).bind(project).bind(user).bind(stream).fetch_one().await?;
    let checked: u64 = row.get("checked")?;
    Ok((checked as f64, row.get("severity")?))
}

/// Whether somebody's work on an item was checked in a stream before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn was_checked(
    conn: &mut Conn,
    item: ItemId,
    user: UserId,
    stream: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT number FROM monitor_checks WHERE item_id = $1 AND user_id = $2 AND stream = $3";
    Ok(conn.query(sql).bind(item).bind(user).bind(stream).fetch_optional().await?.is_some())
}

/// Keeps a check.
///
/// # Errors
/// [`StoreError::Conflict`] when the person's work on the item was checked in the stream before.
pub async fn insert_check(tx: &mut Tx, check: Check) -> Result<(), StoreError> {
    tx.insert(check).await
}

/// Checks of a stream from a place on, in their order, up to a number of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn checks(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
    from: u64,
    limit: u32,
) -> Result<Vec<Check>, StoreError> {
    let sql = "SELECT * FROM monitor_checks WHERE project_id = $1 AND user_id = $2 AND stream = $3 AND number >= $4 \
               ORDER BY number LIMIT $5";
    conn.query(sql).bind(project).bind(user).bind(stream).bind(from).bind(limit).all().await
}

/// Whether any check of a stream was taken back.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_overturned(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM monitor_checks WHERE project_id = $1 AND user_id = $2 AND stream = $3 AND overturned LIMIT 1";
    Ok(conn.query(sql).bind(project).bind(user).bind(stream).fetch_optional().await?.is_some())
}

/// Checks of reads that were corrected and count, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn corrected(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Check>, StoreError> {
    let sql = "SELECT * FROM monitor_checks WHERE project_id = $1 AND stream = 'review' AND wrong AND NOT overturned \
               AND pairs <> '[]' ORDER BY at DESC, item_id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// How many checks a project had since a moment in the streams that raise alarms.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn checks_since(conn: &mut Conn, project: ProjectId, since: Instant) -> Result<u64, StoreError> {
    let sql =
        "SELECT COUNT(*) AS n FROM monitor_checks WHERE project_id = $1 AND at >= $2 AND stream <> 'time'";
    conn.query(sql).bind(project).bind(since).scanning().fetch_one().await?.get("n")
}

/// Takes back the check of one read; `false` when there is none that found anything.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn overturn_read(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    stream: &str,
    read: ReadId,
) -> Result<bool, StoreError> {
    let sql = "UPDATE monitor_checks SET overturned = $1 WHERE project_id = $2 AND user_id = $3 AND stream = $4 \
               AND read_id = $5 AND wrong AND NOT overturned";
    let query = tx.query(sql).bind(true).bind(project).bind(user).bind(stream).bind(read);
    let is_taken = query.execute().await? > 0;
    recount_strata(tx, project, user, stream).await?;
    Ok(is_taken)
}

/// The check of a read in a stream.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn check_of_read(
    conn: &mut Conn,
    (project, user): (ProjectId, UserId),
    stream: &str,
    read: ReadId,
) -> Result<Option<Check>, StoreError> {
    let sql = "SELECT * FROM monitor_checks WHERE project_id = $1 AND user_id = $2 AND stream = $3 AND read_id = $4 LIMIT 1";
    conn.query(sql).bind(project).bind(user).bind(stream).bind(read).optional().await
}

/// The streams of one person, over all projects.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn streams_of(conn: &mut Conn, user: UserId) -> Result<Vec<Stream>, StoreError> {
    let sql = "SELECT * FROM monitor_streams WHERE user_id = $1 ORDER BY project_id, stream";
    conn.query(sql).bind(user).scanning().all().await
}
