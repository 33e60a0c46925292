//! Alarms about somebody's work: what they hold, what becomes of them.

use countersign_model::{AlarmId, HoldId, Instant, ItemId, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

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

/// What an alarm puts in doubt and does not hold yet, as a condition on `r` and `i`: items that the person handed in since the estimated
/// change and that can be held. Not those that others still read independently, or that wait to be compared: they are held when that is done.
macro_rules! unheld {
    ($what:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM reads r JOIN items i ON i.id = r.item_id WHERE r.project_id = $1 AND r.author_user = $2 \
             AND r.kind = 'read' AND r.submitted_at >= $3 \
             AND i.state NOT IN ('rejected', 'withdrawn', 'erased', 'recalled', 'reading', 'comparing') \
             AND NOT EXISTS (SELECT 1 FROM alarm_holds a JOIN holds h ON h.id = a.hold_id \
             WHERE a.alarm_id = $4 AND h.item_id = i.id)",
            $end
        )
    };
}

/// Items that an alarm is to hold and does not hold yet, up to a number of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unheld(conn: &mut Conn, alarm: &Alarm, limit: u32) -> Result<Vec<ItemId>, StoreError> {
    let sql = unheld!("DISTINCT i.id", " ORDER BY i.id LIMIT $5");
    let query = conn.query(sql).bind(alarm.project_id).bind(alarm.user_id).bind(alarm.since_at);
    let rows = query.bind(alarm.id).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// How many items an alarm is to hold and does not hold yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_unheld(conn: &mut Conn, alarm: &Alarm) -> Result<u64, StoreError> {
    let sql = unheld!("COUNT(DISTINCT i.id) AS n", "");
    let query = conn.query(sql).bind(alarm.project_id).bind(alarm.user_id).bind(alarm.since_at);
    query.bind(alarm.id).scanning().fetch_one().await?.get("n")
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

/// An alarm, locked until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock_alarm(tx: &mut Tx, id: AlarmId) -> Result<Option<Alarm>, StoreError> {
    let query =
        tx.query_for("SELECT * FROM alarms WHERE id = $1", "SELECT * FROM alarms WHERE id = $1 FOR UPDATE");
    query.bind(id).optional().await
}

/// Alarms of a project that nobody decided, the oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_alarms(conn: &mut Conn, project: ProjectId) -> Result<Vec<Alarm>, StoreError> {
    let sql = "SELECT * FROM alarms WHERE project_id = $1 AND state IN ('open', 'appealed') ORDER BY id";
    conn.query(sql).bind(project).all().await
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
    let sql = "UPDATE monitor_streams SET wrong = wrong - $1, severity = (SELECT COALESCE(SUM(c.severity), 0.0) \
               FROM monitor_checks c WHERE c.project_id = $2 AND c.user_id = $3 AND c.stream = $4 AND NOT c.overturned) \
               WHERE project_id = $2 AND user_id = $3 AND stream = $4";
    let query = tx.query(sql).bind(taken).bind(alarm.project_id).bind(alarm.user_id);
    query.bind(alarm.stream.clone()).execute().await?;
    super::recount_strata(tx, alarm.project_id, alarm.user_id, &alarm.stream).await?;
    Ok(taken)
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

/// How many items an alarm put holds on, and how many of these are open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_held(conn: &mut Conn, id: AlarmId) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT COUNT(*) AS held, COUNT(CASE WHEN h.lifted_at IS NULL THEN 1 END) AS still \
               FROM alarm_holds a JOIN holds h ON h.id = a.hold_id WHERE a.alarm_id = $1";
    let row = conn.query(sql).bind(id).fetch_one().await?;
    Ok((row.get("held")?, row.get("still")?))
}

/// An item that somebody handed in before the estimated change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub state: String,
    /// When it was handed in.
    pub read_at: Instant,
    /// A reviewer has looked at their read.
    pub reviewed: bool,
}

/// What the person of an alarm handed in last before the estimated change, the newest first; never a copy of hidden gold.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn earlier(conn: &mut Conn, alarm: &Alarm, limit: u32) -> Result<Vec<Earlier>, StoreError> {
    let sql = "SELECT i.id, i.name, i.state, MAX(r.submitted_at) AS read_at, (SELECT COUNT(*) FROM monitor_checks c \
               WHERE c.item_id = i.id AND c.user_id = $2 AND c.stream = 'review') AS checks \
               FROM reads r JOIN items i ON i.id = r.item_id WHERE r.project_id = $1 AND r.author_user = $2 \
               AND r.kind = 'read' AND r.submitted_at < $3 \
               AND i.state NOT IN ('rejected', 'withdrawn', 'erased', 'recalled', 'reading', 'comparing') \
               AND NOT EXISTS (SELECT 1 FROM gold_copies g WHERE g.item_id = i.id) \
               GROUP BY i.id, i.name, i.state ORDER BY MAX(r.submitted_at) DESC, i.id LIMIT $4";
    let query = conn.query(sql).bind(alarm.project_id).bind(alarm.user_id).bind(alarm.since_at);
    let rows = query.bind(limit).scanning().fetch_all().await?;
    let read = |row: &crate::Row| {
        Ok(Earlier {
            item: row.get("id")?,
            name: row.get("name")?,
            state: row.get("state")?,
            read_at: row.get("read_at")?,
            reviewed: row.get::<u64>("checks")? > 0,
        })
    };
    rows.iter().map(read).collect()
}
