//! How each person's work is found when others look at it: streams, the checks behind them, alarms and what they hold.

use countersign_model::{AlarmId, HoldId, Instant, ItemId, ProjectId, ReadId, UserId};

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
    }
}

record! {
    /// An alarm.
    Alarm in "alarms" {
        /// Id.
        id: AlarmId,
        /// Project.
        project_id: ProjectId,
        /// Whose work.
        user_id: UserId,
        /// Stream.
        stream: String,
        /// `open`, `appealed`, `upheld` or `dismissed`.
        state: String,
        /// The check that raised it.
        number: u64,
        /// The first check after the estimated change.
        since_number: u64,
        /// When that read was handed in: everything from then on is in doubt.
        since_at: Instant,
        /// The sum that reached the limit.
        evidence: f64,
        /// Checks to a false alarm, on average, at least.
        run_length: f64,
        /// What the errors have in common; JSON.
        patterns: String,
        /// When.
        raised_at: Instant,
        /// What the person says.
        appeal: Option<String>,
        /// When.
        appealed_at: Option<Instant>,
        /// Who decided.
        decided_by: Option<UserId>,
        /// When.
        decided_at: Option<Instant>,
        /// Why.
        reason: Option<String>,
    }
}

record! {
    /// A hold that an alarm put up.
    AlarmHold in "alarm_holds" {
        /// Alarm.
        alarm_id: AlarmId,
        /// Hold.
        hold_id: HoldId,
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
    let sql = "UPDATE monitor_streams SET detector = $1, checked = $2, wrong = $3, level = $4, updated_at = $5 \
               WHERE project_id = $6 AND user_id = $7 AND stream = $8";
    let query = tx.query(sql).bind(row.detector).bind(row.checked).bind(row.wrong).bind(row.level);
    let query = query.bind(row.updated_at).bind(row.project_id).bind(row.user_id).bind(row.stream);
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

/// Checks of reads that were corrected and count, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn corrected(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Check>, StoreError> {
    let sql = "SELECT * FROM monitor_checks WHERE project_id = $1 AND wrong AND NOT overturned AND pairs <> '[]' \
               ORDER BY at DESC, item_id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// How many checks a project had since a moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn checks_since(conn: &mut Conn, project: ProjectId, since: Instant) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM monitor_checks WHERE project_id = $1 AND at >= $2";
    conn.query(sql).bind(project).bind(since).scanning().fetch_one().await?.get("n")
}

/// Items that somebody read and handed in from a moment on, and that can still be held. Not those that others still read
/// independently, or that wait to be compared: they are held when that is done.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn handed_in_since(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    since: Instant,
    limit: u32,
) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT DISTINCT i.id FROM reads r JOIN items i ON i.id = r.item_id WHERE r.project_id = $1 \
               AND r.author_user = $2 AND r.kind = 'read' AND r.submitted_at >= $3 \
               AND i.state NOT IN ('rejected', 'withdrawn', 'erased', 'recalled', 'reading', 'comparing') \
               ORDER BY i.id LIMIT $4";
    let rows =
        conn.query(sql).bind(project).bind(user).bind(since).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Keeps an alarm.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_alarm(tx: &mut Tx, alarm: Alarm) -> Result<(), StoreError> {
    tx.insert(alarm).await
}

/// Keeps that an alarm put up a hold.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_hold(tx: &mut Tx, alarm: AlarmId, hold: HoldId) -> Result<(), StoreError> {
    tx.insert(AlarmHold { alarm_id: alarm, hold_id: hold }).await
}

/// An alarm by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alarm(conn: &mut Conn, id: AlarmId) -> Result<Option<Alarm>, StoreError> {
    conn.query("SELECT * FROM alarms WHERE id = $1").bind(id).optional().await
}

/// The alarm about somebody in a project that nobody decided, the oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_alarm(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
) -> Result<Option<Alarm>, StoreError> {
    let sql = "SELECT * FROM alarms WHERE user_id = $1 AND project_id = $2 AND state IN ('open', 'appealed') \
               ORDER BY id LIMIT 1";
    conn.query(sql).bind(user).bind(project).optional().await
}

/// Alarms of a project: those that wait for a decision first, then the newest.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alarms(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Alarm>, StoreError> {
    let sql = "SELECT * FROM alarms WHERE project_id = $1 \
               ORDER BY CASE WHEN state IN ('open', 'appealed') THEN 0 ELSE 1 END, id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Alarms of a project that nobody decided and that are not about this person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_open(conn: &mut Conn, project: ProjectId, but: UserId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM alarms WHERE project_id = $1 AND user_id <> $2 \
               AND state IN ('open', 'appealed')";
    conn.query(sql).bind(project).bind(but).fetch_one().await?.get("n")
}

/// Alarms about somebody, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alarms_about(conn: &mut Conn, user: UserId, limit: u32) -> Result<Vec<Alarm>, StoreError> {
    let sql = "SELECT * FROM alarms WHERE user_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(user).bind(limit).scanning().all().await
}

/// Keeps what the person says about an alarm; `false` when they said something or it was decided.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn appeal(tx: &mut Tx, id: AlarmId, words: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE alarms SET state = 'appealed', appeal = $1, appealed_at = $2 WHERE id = $3 AND state = 'open'";
    Ok(tx.query(sql).bind(words).bind(now).bind(id).execute().await? > 0)
}

/// Decides an alarm; `false` when it was decided before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: AlarmId,
    state: &str,
    by: UserId,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE alarms SET state = $1, decided_by = $2, decided_at = $3, reason = $4 \
               WHERE id = $5 AND state IN ('open', 'appealed')";
    let query = tx.query(sql).bind(state).bind(by).bind(now).bind(reason);
    Ok(query.bind(id).execute().await? > 0)
}

/// Takes the wrong checks of a run back: they no longer count against the person. How many.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn overturn(tx: &mut Tx, alarm: &Alarm) -> Result<u64, StoreError> {
    let sql = "UPDATE monitor_checks SET overturned = $1 WHERE project_id = $2 AND user_id = $3 AND stream = $4 \
               AND number >= $5 AND number <= $6 AND wrong AND NOT overturned";
    let query =
        tx.query(sql).bind(true).bind(alarm.project_id).bind(alarm.user_id).bind(alarm.stream.clone());
    let taken = query.bind(alarm.since_number).bind(alarm.number).execute().await?;
    let sql = "UPDATE monitor_streams SET wrong = wrong - $1 WHERE project_id = $2 AND user_id = $3 AND stream = $4";
    let query = tx.query(sql).bind(taken).bind(alarm.project_id).bind(alarm.user_id);
    query.bind(alarm.stream.clone()).execute().await?;
    Ok(taken)
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
    Ok(query.execute().await? > 0)
}

/// The last alarm of a stream.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_alarm(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<Option<Alarm>, StoreError> {
    let sql = "SELECT * FROM alarms WHERE project_id = $1 AND user_id = $2 AND stream = $3 \
               ORDER BY number DESC LIMIT 1";
    conn.query(sql).bind(project).bind(user).bind(stream).scanning().optional().await
}

/// The streams of one person, over all projects.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn streams_of(conn: &mut Conn, user: UserId) -> Result<Vec<Stream>, StoreError> {
    let sql = "SELECT * FROM monitor_streams WHERE user_id = $1 ORDER BY project_id, stream";
    conn.query(sql).bind(user).scanning().all().await
}

/// An item that an alarm holds or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Hold.
    pub hold: HoldId,
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub state: String,
    /// When the hold was lifted.
    pub lifted_at: Option<Instant>,
}

/// What an alarm holds or held after a hold, in the order of the holds.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn held(
    conn: &mut Conn,
    id: AlarmId,
    after: Option<HoldId>,
    limit: u32,
) -> Result<Vec<Held>, StoreError> {
    let sql = "SELECT h.id, h.item_id, h.lifted_at, i.name, i.state FROM alarm_holds a \
               JOIN holds h ON h.id = a.hold_id JOIN items i ON i.id = h.item_id WHERE a.alarm_id = $1 \
               AND a.hold_id > $2 ORDER BY h.id LIMIT $3";
    let after = after.unwrap_or(HoldId(uuid::Uuid::nil()));
    let rows = conn.query(sql).bind(id).bind(after).bind(limit).scanning().fetch_all().await?;
    let read = |row: &crate::Row| {
        Ok(Held {
            hold: row.get("id")?,
            item: row.get("item_id")?,
            name: row.get("name")?,
            state: row.get("state")?,
            lifted_at: row.get("lifted_at")?,
        })
    };
    rows.iter().map(read).collect()
}
