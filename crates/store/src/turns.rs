//! What came of each finished task, and what an hour of each role costs: what the report on tiers counts.

use countersign_model::{Instant, ItemId, ProjectId, ReadId, Role, StageKind, TaskId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, comparisons::Comparison, value::record};

record! {
    /// One person's turn at one stage of one item.
    Turn in "turns" {
        /// The task that it finished.
        task_id: TaskId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Stage of the protocol, from 0.
        stage: u32,
        /// Its id in the protocol.
        stage_id: String,
        /// What it does.
        kind: StageKind,
        /// The role that it asked for.
        role: Role,
        /// Round, from 1; what is sent back begins another.
        round: u32,
        /// Who.
        user_id: UserId,
        /// When the task was opened.
        opened_at: Instant,
        /// When it was last claimed.
        claimed_at: Instant,
        /// When it was done.
        done_at: Instant,
        /// Somebody else's work was judged.
        judged: bool,
        /// An error was found in it.
        found: bool,
        /// The item went on to the next stage.
        passed: bool,
        /// A third person decided that nothing was wrong.
        overturned: bool,
        /// The read that was judged.
        read_id: Option<ReadId>,
        /// The review that says so.
        review_id: Option<Uuid>,
        /// Errors that were found; absent where nothing was judged, and of turns from before they were counted.
        errors: Option<u32>,
    }
}

record! {
    /// Work that led to no turn: a task that was claimed, then given back, left to its time, or taken away.
    LostClaim in "lost_claims" {
        /// The task.
        task_id: TaskId,
        /// The number of the claim.
        fence: u64,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Stage of the protocol, from 0.
        stage: u32,
        /// Its id in the protocol.
        stage_id: String,
        /// Round, from 1.
        round: u32,
        /// Who.
        user_id: UserId,
        /// When it was claimed.
        claimed_at: Instant,
        /// When work on it ended, as far as anybody knows: the last sign of life.
        ended_at: Instant,
    }
}

record! {
    /// What a decision between reads said of one of them.
    Ruling in "rulings" {
        /// The decision.
        adjudication_id: Uuid,
        /// The read.
        read_id: ReadId,
        /// Who read.
        user_id: UserId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Marks of the read.
        marks: u32,
        /// Of these, marks that the decision did not leave: not there, or other in class, place or answer.
        wrong: u32,
        /// Marks of the decision that the read lacks.
        missed: u32,
        /// When.
        at: Instant,
    }
}

record! {
    /// What an hour of a role costs in a project.
    Rate in "rates" {
        /// Project.
        project_id: ProjectId,
        /// Role.
        role: Role,
        /// Money per hour.
        per_hour: f64,
        /// Which money: three capital letters.
        currency: String,
        /// By whom.
        set_by: Option<UserId>,
        /// When.
        set_at: Instant,
    }
}

/// Phases of items whose reads are no secret any more: nobody reads independently now, nor did before a recall.
pub(crate) const BEHIND_BARRIER: &str = "i.state NOT IN ('quarantined', 'rejected', 'cleared', 'reading', 'comparing', \
                              'recalled', 'erased')";

/// Keeps a turn.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, turn: Turn) -> Result<(), StoreError> {
    tx.insert(turn).await
}

/// Turns of a project on items whose barrier is passed, by item and in the order in which they were done.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Turn>, StoreError> {
    let sql = format!(
        "SELECT t.* FROM turns t JOIN items i ON i.id = t.item_id WHERE t.project_id = $1 AND {BEHIND_BARRIER} \
         ORDER BY t.item_id, t.done_at, t.task_id LIMIT $2"
    );
    conn.query_built(sql).bind(project).bind(limit).scanning().all().await
}

/// Keeps work that led to no turn.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_lost(tx: &mut Tx, lost: LostClaim) -> Result<(), StoreError> {
    tx.insert(lost).await
}

/// Work of a project that led to no turn, on items whose barrier is passed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lost(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<LostClaim>, StoreError> {
    let sql = format!(
        "SELECT l.* FROM lost_claims l JOIN items i ON i.id = l.item_id WHERE l.project_id = $1 AND {BEHIND_BARRIER} \
         ORDER BY l.item_id, l.ended_at, l.task_id LIMIT $2"
    );
    conn.query_built(sql).bind(project).bind(limit).scanning().all().await
}

/// Keeps what a decision said of the reads that it was about.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_rulings(tx: &mut Tx, rulings: Vec<Ruling>) -> Result<(), StoreError> {
    tx.insert_all(rulings).await.map(drop)
}

/// What the last decision about each read of a project said of it, on items whose barrier is passed, by reader.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn rulings(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Ruling>, StoreError> {
    let sql = format!(
        "SELECT l.* FROM rulings l JOIN items i ON i.id = l.item_id WHERE l.project_id = $1 AND {BEHIND_BARRIER} \
         AND NOT EXISTS (SELECT 1 FROM rulings n WHERE n.read_id = l.read_id AND n.adjudication_id > l.adjudication_id) \
         ORDER BY l.user_id, l.adjudication_id LIMIT $2"
    );
    conn.query_built(sql).bind(project).bind(limit).scanning().all().await
}

/// Items of a project that every stage passed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn accepted(conn: &mut Conn, project: ProjectId) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT id FROM items i WHERE project_id = $1 AND state IN ('accepted', 'released') \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) ORDER BY id";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// How many items of a project every stage passed with the answer that they cannot be assessed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn not_assessed(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM items i JOIN reads r ON r.id = i.accepted_read_id WHERE i.project_id = $1 \
               AND i.state IN ('accepted', 'released') AND r.cannot_assess";
    conn.query(sql).bind(project).scanning().fetch_one().await?.get("n")
}

/// Comparisons of a project on items whose barrier is passed, by item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn comparisons(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Comparison>, StoreError> {
    let sql = format!(
        "SELECT c.* FROM comparisons c JOIN items i ON i.id = c.item_id WHERE c.project_id = $1 AND {BEHIND_BARRIER} \
         ORDER BY c.item_id, c.id LIMIT $2"
    );
    conn.query_built(sql).bind(project).bind(limit).scanning().all().await
}

/// Takes back that an error was found: a third person decided that nothing was wrong.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn overturn(tx: &mut Tx, item: ItemId, review: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE turns SET overturned = $1 WHERE item_id = $2 AND review_id = $3";
    tx.query(sql).bind(true).bind(item).bind(review).execute().await.map(drop)
}

/// What an hour costs, by role.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn rates(conn: &mut Conn, project: ProjectId) -> Result<Vec<Rate>, StoreError> {
    conn.query("SELECT * FROM rates WHERE project_id = $1 ORDER BY role").bind(project).all().await
}

/// Sets what hours cost, in place of what was set before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_rates(tx: &mut Tx, project: ProjectId, rates: Vec<Rate>) -> Result<(), StoreError> {
    tx.query("DELETE FROM rates WHERE project_id = $1").bind(project).execute().await?;
    tx.insert_all(rates).await.map(drop)
}

/// How long somebody's last reading of an item took from claim to submission, microseconds.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reading_time(conn: &mut Conn, item: ItemId, user: UserId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT done_at - claimed_at AS micros FROM turns WHERE item_id = $1 AND user_id = $2 AND kind = 'read' \
               ORDER BY done_at DESC LIMIT 1";
    let row = conn.query(sql).bind(item).bind(user).fetch_optional().await?;
    row.map(|row| row.get("micros")).transpose()
}

/// How long the last readings of others took, microseconds.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reading_times_of_others(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT done_at - claimed_at AS micros FROM turns WHERE project_id = $1 AND kind = 'read' \
               AND user_id <> $2 ORDER BY done_at DESC LIMIT $3";
    let rows = conn.query(sql).bind(project).bind(user).bind(limit).fetch_all().await?;
    rows.iter().map(|row| row.get("micros")).collect()
}
