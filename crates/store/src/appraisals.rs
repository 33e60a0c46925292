//! Studies of people's eyes: which parts, whose eyes, every turn in its order, and what followed.

use countersign_model::{AppraisalId, EventId, Instant, ItemId, ProjectId, QualificationId, ReadId, UserId};

use crate::{
    Conn, StoreError, Tx,
    value::{record, row},
};

/// What looks of a study are recorded as.
pub const PURPOSE: &str = "appraisal";

record! {
    /// One study.
    Appraisal in "appraisals" {
        /// Id.
        id: AppraisalId,
        /// Project.
        project_id: ProjectId,
        /// Name, unique within the project.
        name: String,
        /// `frozen`, `judging`, `ended` (nobody judges any more), `issued` (signed, with what follows for each person), `void`
        /// (a part was erased, or it was ended before anything was judged).
        state: String,
        /// What was fixed before the first look, in the exact bytes whose hash the log holds; JSON.
        frozen: String,
        /// SHA-256 of it, hexadecimal.
        frozen_hash: String,
        /// Name of the qualification that it certifies.
        qualification: String,
        /// How often each person judges each part.
        trials: u32,
        /// Least time between two trials of a person, seconds.
        rest_seconds: u32,
        /// What was entered after freezing, hexadecimal.
        entropy: Option<String>,
        /// Seed of the orders, hexadecimal.
        seed: Option<String>,
        /// Why it is over: `through` or `ended`.
        stop: Option<String>,
        /// What came of it, in the exact bytes whose hash the log holds; JSON.
        figures: Option<String>,
        /// By whom.
        opened_by: Option<UserId>,
        /// Frozen.
        frozen_at: Instant,
        /// Its evidence.
        frozen_event: EventId,
        /// The orders were drawn.
        seeded_at: Option<Instant>,
        /// Its evidence.
        seeded_event: Option<EventId>,
        /// Over.
        ended_at: Option<Instant>,
        /// Its evidence.
        ended_event: Option<EventId>,
        /// Who signed it.
        issued_by: Option<UserId>,
        /// When.
        issued_at: Option<Instant>,
        /// Its evidence.
        issued_event: Option<EventId>,
    }
}

record! {
    /// One part: an item with its accepted read.
    Part in "appraisal_parts" {
        /// Study.
        appraisal_id: AppraisalId,
        /// Item.
        item_id: ItemId,
        /// The read that the reference is of.
        read_id: ReadId,
        /// Its content hash, hexadecimal; empty once the item was erased.
        content_hash: String,
        /// What the root is over; empty once the item was erased.
        line: String,
        /// What the reference says: bad, or good.
        bad: bool,
        /// Whether somebody chose it as a part on which people may differ.
        borderline: bool,
    }
}

record! {
    /// Somebody whose eyes are studied.
    Appraiser in "appraisal_people" {
        /// Study.
        appraisal_id: AppraisalId,
        /// Who.
        user_id: UserId,
        /// What was issued for them: `acceptable`, `marginal`, `unacceptable` or `undecided`.
        verdict: Option<String>,
        /// The certificate that it gave them.
        qualification_id: Option<QualificationId>,
    }
}

record! {
    /// A part that a person judges at one place of their order.
    Turn in "appraisal_turns" {
        /// Study.
        appraisal_id: AppraisalId,
        /// Whose turn.
        user_id: UserId,
        /// Place over all trials, from 0.
        number: u32,
        /// Which trial, from 1.
        trial: u32,
        /// The part.
        item_id: ItemId,
        /// When it was given to them.
        given_at: Option<Instant>,
        /// What they said.
        bad: Option<bool>,
        /// When.
        judged_at: Option<Instant>,
    }
}

row! {
    /// How far a person is.
    Progress {
        /// Whose.
        user_id: UserId,
        /// Turns that they have.
        turns: u64,
        /// Of these, judged.
        judged: u64,
    }
}

row! {
    /// A study that waits for somebody.
    Waiting {
        /// Study.
        id: AppraisalId,
        /// Project.
        project_id: ProjectId,
        /// Name.
        name: String,
        /// Turns that are left to them.
        left_over: u64,
    }
}

/// Keeps a study with its parts and people.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has one of this name.
pub async fn insert(
    tx: &mut Tx,
    row: Appraisal,
    parts: Vec<Part>,
    people: Vec<Appraiser>,
) -> Result<(), StoreError> {
    tx.insert(row).await?;
    tx.insert_all(parts).await?;
    tx.insert_all(people).await.map(drop)
}

/// A part that is no longer what was frozen, if there is one. The items stay as they are until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn changed(tx: &mut Tx, id: AppraisalId) -> Result<Option<ItemId>, StoreError> {
    let sqlite = "SELECT i.id FROM appraisal_parts u JOIN items i ON i.id = u.item_id \
                  WHERE u.appraisal_id = $1 AND (i.held OR i.state NOT IN ('accepted', 'released') \
                  OR i.accepted_read_id <> u.read_id) ORDER BY i.id LIMIT 1";
    let postgres = "SELECT id FROM (SELECT i.id, i.held, i.state, i.accepted_read_id, u.read_id \
                    FROM appraisal_parts u JOIN items i ON i.id = u.item_id WHERE u.appraisal_id = $1 \
                    ORDER BY i.id FOR SHARE OF i) locked \
                    WHERE held OR state NOT IN ('accepted', 'released') OR accepted_read_id <> read_id \
                    ORDER BY id LIMIT 1";
    let row = tx.query_for(sqlite, postgres).bind(id).fetch_optional().await?;
    row.map(|row| row.get("id")).transpose()
}

/// How many parts are no longer what was frozen: held, sent back, or accepted with another read since.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_changed(conn: &mut Conn, id: AppraisalId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM appraisal_parts u JOIN items i ON i.id = u.item_id WHERE u.appraisal_id = $1 \
               AND (i.held OR i.state NOT IN ('accepted', 'released') OR i.accepted_read_id <> u.read_id)";
    conn.query(sql).bind(id).fetch_one().await?.get("n")
}

/// A study by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: AppraisalId) -> Result<Option<Appraisal>, StoreError> {
    conn.query("SELECT * FROM appraisals WHERE id = $1").bind(id).optional().await
}

/// The same, locked until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(tx: &mut Tx, id: AppraisalId) -> Result<Option<Appraisal>, StoreError> {
    let query = tx.query_for(
        "SELECT * FROM appraisals WHERE id = $1",
        "SELECT * FROM appraisals WHERE id = $1 FOR UPDATE",
    );
    query.bind(id).optional().await
}

/// Studies of a project, newest first: all of them, or those in which one person judges.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    only: Option<UserId>,
    before: Option<AppraisalId>,
    limit: u32,
) -> Result<Vec<Appraisal>, StoreError> {
    let before = before.unwrap_or(AppraisalId(uuid::Uuid::max()));
    match only {
        None => {
            let sql = "SELECT * FROM appraisals WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
            conn.query(sql).bind(project).bind(before).bind(limit).all().await
        }
        Some(user) => {
            let sql = "SELECT * FROM appraisals WHERE project_id = $1 AND id < $2 AND EXISTS (\
                       SELECT 1 FROM appraisal_people p WHERE p.appraisal_id = appraisals.id AND p.user_id = $4) \
                       ORDER BY id DESC LIMIT $3";
            conn.query(sql).bind(project).bind(before).bind(limit).bind(user).all().await
        }
    }
}

/// The parts of a study, by item id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn parts(conn: &mut Conn, id: AppraisalId) -> Result<Vec<Part>, StoreError> {
    let sql = "SELECT * FROM appraisal_parts WHERE appraisal_id = $1 ORDER BY item_id";
    conn.query(sql).bind(id).all().await
}

/// Whose eyes a study is about, by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn people(conn: &mut Conn, id: AppraisalId) -> Result<Vec<Appraiser>, StoreError> {
    let sql = "SELECT * FROM appraisal_people WHERE appraisal_id = $1 ORDER BY user_id";
    conn.query(sql).bind(id).all().await
}

/// Whether somebody's eyes are studied.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_appraiser(conn: &mut Conn, id: AppraisalId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM appraisal_people WHERE appraisal_id = $1 AND user_id = $2";
    Ok(conn.query(sql).bind(id).bind(user).fetch_optional().await?.is_some())
}

/// How far each person is, by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn progress(conn: &mut Conn, id: AppraisalId) -> Result<Vec<Progress>, StoreError> {
    let sql = "SELECT user_id, COUNT(*) AS turns, COUNT(judged_at) AS judged FROM appraisal_turns \
               WHERE appraisal_id = $1 GROUP BY user_id ORDER BY user_id";
    conn.query(sql).bind(id).all().await
}

/// What is drawn after freezing.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// What was entered, hexadecimal.
    pub entropy: String,
    /// Seed of the orders, hexadecimal.
    pub seed: String,
    /// Every turn of every person.
    pub turns: Vec<Turn>,
    /// Its evidence.
    pub event: EventId,
}

/// Keeps the orders of a frozen study; `false` when they were drawn before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn draw(tx: &mut Tx, id: AppraisalId, drawn: Drawn) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisals SET state = 'judging', entropy = $1, seed = $2, seeded_at = $3, seeded_event = $4 \
               WHERE id = $5 AND state = 'frozen'";
    let query = tx.query(sql).bind(drawn.entropy).bind(drawn.seed).bind(now).bind(drawn.event);
    if query.bind(id).execute().await? == 0 {
        return Ok(false);
    }
    tx.insert_all(drawn.turns).await?;
    Ok(true)
}

/// The turn that a person has to judge now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next(conn: &mut Conn, id: AppraisalId, user: UserId) -> Result<Option<Turn>, StoreError> {
    let sql = "SELECT * FROM appraisal_turns WHERE appraisal_id = $1 AND user_id = $2 AND judged_at IS NULL \
               ORDER BY number LIMIT 1";
    conn.query(sql).bind(id).bind(user).optional().await
}

/// The turn that a person judged last.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_judged(conn: &mut Conn, id: AppraisalId, user: UserId) -> Result<Option<Turn>, StoreError> {
    let sql = "SELECT * FROM appraisal_turns WHERE appraisal_id = $1 AND user_id = $2 AND judged_at IS NOT NULL \
               ORDER BY number DESC LIMIT 1";
    conn.query(sql).bind(id).bind(user).optional().await
}

/// Every turn of a study, by person and place.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn turns(conn: &mut Conn, id: AppraisalId) -> Result<Vec<Turn>, StoreError> {
    let sql = "SELECT * FROM appraisal_turns WHERE appraisal_id = $1 ORDER BY user_id, number";
    conn.query(sql).bind(id).scanning().all().await
}

/// Notes that a turn was given to its person; `false` when it was before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn give(tx: &mut Tx, id: AppraisalId, user: UserId, number: u32) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisal_turns SET given_at = $1 WHERE appraisal_id = $2 AND user_id = $3 AND number = $4 \
               AND given_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(id).bind(user).bind(number).execute().await? > 0)
}

/// Keeps an answer; `false` when the turn was not given to this person, was judged, or is not the next one. The study is to
/// be locked before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn judge(
    tx: &mut Tx,
    id: AppraisalId,
    user: UserId,
    number: u32,
    bad: bool,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisal_turns SET bad = $1, judged_at = $2 WHERE appraisal_id = $3 AND user_id = $4 AND number = $5 \
               AND judged_at IS NULL AND given_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM appraisal_turns t \
               WHERE t.appraisal_id = $3 AND t.user_id = $4 AND t.number < $5 AND t.judged_at IS NULL)";
    Ok(tx.query(sql).bind(bad).bind(now).bind(id).bind(user).bind(number).execute().await? > 0)
}

/// Ends a study with what came of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end(
    tx: &mut Tx,
    id: AppraisalId,
    stop: &str,
    figures: &str,
    event: EventId,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisals SET state = 'ended', stop = $1, figures = $2, ended_at = $3, ended_event = $4 \
               WHERE id = $5 AND state = 'judging'";
    let query = tx.query(sql).bind(stop).bind(figures).bind(now).bind(event);
    query.bind(id).execute().await.map(drop)
}

/// Ends a study in which nothing was judged: it says nothing.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn withdraw(tx: &mut Tx, id: AppraisalId, event: EventId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisals SET state = 'void', stop = 'ended', ended_at = $1, ended_event = $2 \
               WHERE id = $3 AND state IN ('frozen', 'judging')";
    tx.query(sql).bind(now).bind(event).bind(id).execute().await.map(drop)
}

/// Keeps that somebody signed what came of a study; `false` when it is not over, or was issued before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn issue(tx: &mut Tx, id: AppraisalId, by: UserId, event: EventId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE appraisals SET state = 'issued', issued_by = $1, issued_at = $2, issued_event = $3 \
               WHERE id = $4 AND state = 'ended'";
    Ok(tx.query(sql).bind(by).bind(now).bind(event).bind(id).execute().await? > 0)
}

/// Keeps what followed for a person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn settle(
    tx: &mut Tx,
    id: AppraisalId,
    user: UserId,
    verdict: &str,
    given: Option<QualificationId>,
) -> Result<(), StoreError> {
    let sql = "UPDATE appraisal_people SET verdict = $1, qualification_id = $2 WHERE appraisal_id = $3 AND user_id = $4";
    tx.query(sql).bind(verdict).bind(given).bind(id).bind(user).execute().await.map(drop)
}

/// Accepted items of a project that somebody worked on, was shown, judged in a study, or read the labels of: they are no part for them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn known_to(conn: &mut Conn, project: ProjectId, user: UserId) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT i.id FROM items i WHERE i.project_id = $1 AND i.state IN ('accepted', 'released') \
               AND (EXISTS (SELECT 1 FROM participation p WHERE p.item_id = i.id AND p.user_id = $2) \
               OR EXISTS (SELECT 1 FROM exposures e WHERE e.item_id = i.id AND e.user_id = $2) \
               OR EXISTS (SELECT 1 FROM appraisal_turns t WHERE t.item_id = i.id AND t.user_id = $2 \
               AND t.given_at IS NOT NULL) \
               OR EXISTS (SELECT 1 FROM gold_meetings m JOIN gold g ON g.id = m.gold_id \
               WHERE g.item_id = i.id AND m.user_id = $2) \
               OR EXISTS (SELECT 1 FROM events s WHERE s.item_id = i.id AND s.actor_user = $2 \
               AND s.action IN ('certification.shown', 'labels.shown'))) ORDER BY i.id";
    let rows = conn.query(sql).bind(project).bind(user).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// How many parts of a study a person was shown elsewhere, or worked on, since it was frozen.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_seen_elsewhere(conn: &mut Conn, id: AppraisalId, user: UserId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM appraisal_parts u WHERE u.appraisal_id = $1 \
               AND (EXISTS (SELECT 1 FROM exposures e WHERE e.item_id = u.item_id AND e.user_id = $2 \
               AND e.purpose <> 'appraisal') \
               OR EXISTS (SELECT 1 FROM gold_meetings m JOIN gold g ON g.id = m.gold_id \
               WHERE g.item_id = u.item_id AND m.user_id = $2) \
               OR EXISTS (SELECT 1 FROM participation p WHERE p.item_id = u.item_id AND p.user_id = $2))";
    conn.query(sql).bind(id).bind(user).fetch_one().await?.get("n")
}

/// Whether an item is hidden among what people read: then it is no part of a study.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_gold(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM gold WHERE item_id = $1 AND state <> 'retired' LIMIT 1";
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
}

/// Whether somebody's eyes are studied on this item in a study that is not over: then they see its labels nowhere.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn blinds(conn: &mut Conn, user: UserId, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT u.item_id FROM appraisal_parts u JOIN appraisals a ON a.id = u.appraisal_id \
               JOIN appraisal_people p ON p.appraisal_id = a.id AND p.user_id = $1 \
               WHERE u.item_id = $2 AND a.state IN ('frozen', 'judging') LIMIT 1";
    Ok(conn.query(sql).bind(user).bind(item).fetch_optional().await?.is_some())
}

/// Whether somebody's eyes are studied in this project in a study that is not over.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn studied_in(conn: &mut Conn, user: UserId, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT a.id FROM appraisal_people p JOIN appraisals a ON a.id = p.appraisal_id \
               WHERE p.user_id = $1 AND a.project_id = $2 AND a.state IN ('frozen', 'judging') LIMIT 1";
    Ok(conn.query(sql).bind(user).bind(project).fetch_optional().await?.is_some())
}

/// Studies in which somebody still has to judge, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting(conn: &mut Conn, user: UserId) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT a.id, a.project_id, a.name, COUNT(*) AS left_over FROM appraisal_people p \
               JOIN appraisals a ON a.id = p.appraisal_id AND a.state = 'judging' \
               JOIN appraisal_turns t ON t.appraisal_id = a.id AND t.user_id = p.user_id AND t.judged_at IS NULL \
               WHERE p.user_id = $1 GROUP BY a.id, a.project_id, a.name ORDER BY a.id";
    conn.query(sql).bind(user).all().await
}
