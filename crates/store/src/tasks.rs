//! Tasks: reads that wait for somebody, their leases, and who took part in an item.

use countersign_model::{Instant, ItemId, ProjectId, ReadId, Role, StageKind, TaskId, UserId};

use crate::{
    Conn, StoreError, Tx,
    gold::{Rules, not_hidden},
    value::record,
    vendors::given,
};

record! {
    /// A task.
    Task in "tasks" {
        /// Id.
        id: TaskId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Stage of the protocol, from 0.
        stage: u32,
        /// What the stage does.
        kind: StageKind,
        /// Who may take it.
        role: Role,
        /// `ready`, `leased`, `done` or `withdrawn`.
        state: String,
        /// Only this user may take it.
        reserved_for: Option<UserId>,
        /// Who holds it.
        lease_user: Option<UserId>,
        /// Until when.
        lease_until: Option<Instant>,
        /// Counts claims; an act with an older number is refused.
        fence: u64,
        /// The read that is being done.
        read_id: Option<ReadId>,
        /// Larger comes first.
        priority: i64,
        /// Opened.
        created_at: Instant,
        /// Done or withdrawn.
        done_at: Option<Instant>,
        /// Whoever acted at this stage before may not take it, nor whoever holds another task of the item.
        apart: bool,
        /// The qualifications that its stage asks for, as the protocol writes them.
        qualification: Option<String>,
        /// First claimed.
        claimed_at: Option<Instant>,
        /// How doubtful the labels are that it is about, 0 to 1: of one priority the most doubtful comes first.
        doubt: f64,
    }
}

/// The expressions of qualifications that somebody satisfies, in the form in which a statement looks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Satisfied(String);

/// What stands between two expressions: no expression contains it.
const BETWEEN: char = ';';

impl<S: AsRef<str>> FromIterator<S> for Satisfied {
    fn from_iter<I: IntoIterator<Item = S>>(expressions: I) -> Self {
        let mut text = String::from(BETWEEN);
        for expression in expressions {
            text.push_str(expression.as_ref());
            text.push(BETWEEN);
        }
        Self(text)
    }
}

/// Whose claim, on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Project.
    pub project: ProjectId,
    /// Who claims. The statement itself checks that they hold the role now and took part at no other stage.
    pub user: UserId,
    /// Under which role.
    pub role: Role,
    /// Only this stage.
    pub stage: Option<u32>,
    /// Only this item.
    pub item: Option<ItemId>,
    /// The lease ends then.
    pub until: Instant,
    /// Tasks that ask for other qualifications than these are left out.
    pub satisfied: Satisfied,
    /// What of that which is hidden among them is for this person.
    pub gold: Rules,
}

/// Opens a task.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, task: Task) -> Result<(), StoreError> {
    tx.insert(task).await
}

/// Opens many tasks.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_all(tx: &mut Tx, tasks: Vec<Task>) -> Result<(), StoreError> {
    tx.insert_all(tasks).await.map(drop)
}

macro_rules! claim_sql {
    ($lock:literal, $find:literal) => {
        concat!(
            "UPDATE tasks SET state = 'leased', lease_user = $1, lease_until = $2, fence = fence + 1, ",
            "claimed_at = COALESCE(claimed_at, $5) WHERE id = (",
            "SELECT t.id FROM tasks t WHERE t.project_id = $3 AND t.role = $4 AND t.state IN ('ready', 'leased') ",
            "AND (t.state = 'ready' OR t.lease_until <= $5) ",
            "AND (t.reserved_for IS NULL OR t.reserved_for = $1) ",
            "AND ($6 < 0 OR t.stage = $6) AND ($7 OR t.item_id = $8) ",
            "AND (t.qualification IS NULL OR ",
            $find,
            "($9, ';' || t.qualification || ';') > 0) ",
            "AND NOT EXISTS (SELECT 1 FROM items i WHERE i.id = t.item_id AND i.held) ",
            "AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = t.item_id AND p.user_id = $1 ",
            "AND (p.stage <> t.stage OR t.apart)) ",
            "AND NOT (t.apart AND EXISTS (SELECT 1 FROM tasks o WHERE o.item_id = t.item_id AND o.id <> t.id ",
            "AND o.state = 'leased' AND o.lease_user = $1)) AND ",
            given!("$1", "$5"),
            " AND EXISTS (SELECT 1 FROM grants g WHERE g.user_id = $1 AND g.project_id = $3 AND g.role = $4 ",
            "AND g.ended_at IS NULL) AND ",
            not_hidden!("$1", "$5", "$10", "$11", "$12", "$13"),
            " ",
            "ORDER BY t.priority DESC, t.doubt DESC, t.id LIMIT 1",
            $lock,
            ") RETURNING *"
        )
    };
}

/// Takes the next task, in one statement: ready or with an expired lease, not held, not reserved for somebody else,
/// on an item that the user took part in at no other stage (and, where several read independently, not at this one
/// either), given to their organization if it is given to any, and only while its contract is valid. `None` when there is nothing to do.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn claim(tx: &mut Tx, claim: Claim) -> Result<Option<Task>, StoreError> {
    let now = tx.now();
    let query = tx.query_for(claim_sql!("", "instr"), claim_sql!(" FOR UPDATE OF t SKIP LOCKED", "strpos"));
    let query = query.bind(claim.user).bind(claim.until).bind(claim.project).bind(claim.role).bind(now);
    let query = query.bind(claim.stage.map_or(-1, i64::from)).bind(claim.item.is_none());
    let query = query.bind(claim.item.unwrap_or(ItemId(uuid::Uuid::nil()))).bind(claim.satisfied.0);
    bind_rules(query, claim.gold).optional().await
}

fn bind_rules(query: crate::Query<'_>, gold: Rules) -> crate::Query<'_> {
    query.bind(gold.open).bind(gold.per_person).bind(gold.met_before).bind(gold.total)
}

/// A task by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: TaskId) -> Result<Option<Task>, StoreError> {
    conn.query("SELECT * FROM tasks WHERE id = $1").bind(id).optional().await
}

/// Tasks of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Task>, StoreError> {
    conn.query("SELECT * FROM tasks WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Tasks that a user holds and whose lease has not ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn leased_by(conn: &mut Conn, user: UserId, now: Instant) -> Result<Vec<Task>, StoreError> {
    let sql =
        "SELECT * FROM tasks WHERE lease_user = $1 AND state = 'leased' AND lease_until > $2 ORDER BY id";
    conn.query(sql).bind(user).bind(now).all().await
}

/// Tasks that are leased to a user, whether or not the lease has run out.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn held_by(conn: &mut Conn, user: UserId) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT * FROM tasks WHERE lease_user = $1 AND state = 'leased' ORDER BY item_id, id";
    conn.query(sql).bind(user).all().await
}

/// Whether a user holds a lease on an item now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn holds_lease(
    conn: &mut Conn,
    item: ItemId,
    user: UserId,
    now: Instant,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM tasks WHERE item_id = $1 AND state = 'leased' AND lease_user = $2 \
               AND lease_until > $3";
    Ok(conn.query(sql).bind(item).bind(user).bind(now).fetch_optional().await?.is_some())
}

/// Names the read that is being done under a lease.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_read(tx: &mut Tx, id: TaskId, read: ReadId) -> Result<(), StoreError> {
    let sql = "UPDATE tasks SET read_id = $1 WHERE id = $2";
    tx.query(sql).bind(read).bind(id).execute().await.map(drop)
}

/// Makes a lease last longer; `false` when the user does not hold it under that fence.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn renew(
    tx: &mut Tx,
    id: TaskId,
    user: UserId,
    fence: u64,
    until: Instant,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE tasks SET lease_until = $1 WHERE id = $2 AND lease_user = $3 AND fence = $4 \
               AND state = 'leased' AND lease_until > $5";
    let query = tx.query(sql).bind(until).bind(id).bind(user).bind(fence).bind(now);
    Ok(query.execute().await? > 0)
}

/// Gives a task back; `false` when the user does not hold it under that fence. The read stays with the task.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn give_back(tx: &mut Tx, id: TaskId, user: UserId, fence: u64) -> Result<bool, StoreError> {
    let sql = "UPDATE tasks SET state = 'ready', lease_user = NULL, lease_until = NULL \
               WHERE id = $1 AND lease_user = $2 AND fence = $3 AND state = 'leased'";
    Ok(tx.query(sql).bind(id).bind(user).bind(fence).execute().await? > 0)
}

/// Ends a task as done; `false` when the fence is not the newest or the task is not leased.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, id: TaskId, fence: u64) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql =
        "UPDATE tasks SET state = 'done', done_at = $1 WHERE id = $2 AND fence = $3 AND state = 'leased'";
    Ok(tx.query(sql).bind(now).bind(id).bind(fence).execute().await? > 0)
}

/// Ends a task that nobody will do.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn withdraw(tx: &mut Tx, id: TaskId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql =
        "UPDATE tasks SET state = 'withdrawn', done_at = $1 WHERE id = $2 AND state IN ('ready', 'leased')";
    Ok(tx.query(sql).bind(now).bind(id).execute().await? > 0)
}

/// Tasks in one state at one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageCount {
    /// Stage.
    pub stage: u32,
    /// Task state.
    pub state: String,
    /// How many.
    pub tasks: u64,
}

/// How many tasks of a project are in each state at each stage.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_by_stage(conn: &mut Conn, project: ProjectId) -> Result<Vec<StageCount>, StoreError> {
    let sql = "SELECT stage, state, COUNT(*) AS n FROM tasks t WHERE project_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = t.item_id) GROUP BY stage, state \
               ORDER BY stage, state";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    rows.iter()
        .map(|row| {
            Ok(StageCount { stage: row.get("stage")?, state: row.get("state")?, tasks: row.get("n")? })
        })
        .collect()
}

macro_rules! count_sql {
    ($find:literal) => {
        concat!(
            "SELECT COUNT(*) AS n FROM (SELECT DISTINCT t.item_id FROM tasks t WHERE t.project_id = $1 AND t.role = $2 ",
            "AND t.state IN ('ready', 'leased') AND (t.state = 'ready' OR t.lease_until <= $3) ",
            "AND (t.reserved_for IS NULL OR t.reserved_for = $4) ",
            "AND (t.qualification IS NULL OR ",
            $find,
            "($6, ';' || t.qualification || ';') > 0) ",
            "AND NOT EXISTS (SELECT 1 FROM items i WHERE i.id = t.item_id AND i.held) ",
            "AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = t.item_id AND p.user_id = $4 ",
            "AND (p.stage <> t.stage OR t.apart)) ",
            "AND NOT (t.apart AND EXISTS (SELECT 1 FROM tasks o WHERE o.item_id = t.item_id AND o.id <> t.id ",
            "AND o.state = 'leased' AND o.lease_user = $4)) AND ",
            given!("$4", "$3"),
            " AND ",
            not_hidden!("$4", "$3", "$7", "$8", "$9", "$10"),
            " LIMIT $5) c"
        )
    };
}

/// On how many items a user could claim a task under a role right now, at most `limit`. Items and not tasks: how many
/// places for independent readers are left is nothing that a reader learns.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_claimable(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    role: Role,
    now: Instant,
    (satisfied, gold): (&Satisfied, Rules),
    limit: u32,
) -> Result<u64, StoreError> {
    let query = conn.query_for(count_sql!("instr"), count_sql!("strpos"));
    let query = query.bind(project).bind(role).bind(now).bind(user).bind(limit).bind(satisfied.0.clone());
    bind_rules(query, gold).scanning().fetch_one().await?.get("n")
}

/// Notes that a user took part in an item. Once noted it stays.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn take_part(
    tx: &mut Tx,
    item: ItemId,
    user: UserId,
    stage: u32,
    act: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO participation (item_id, user_id, stage, act, at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT DO NOTHING";
    tx.query(sql).bind(item).bind(user).bind(stage).bind(act).bind(now).execute().await.map(drop)
}

/// Whether a user took part in an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn took_part(conn: &mut Conn, item: ItemId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM participation WHERE item_id = $1 AND user_id = $2 LIMIT 1";
    Ok(conn.query(sql).bind(item).bind(user).fetch_optional().await?.is_some())
}
