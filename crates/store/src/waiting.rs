//! What waits for an owner or for one person: items that came back too often, tasks that are reserved.

use countersign_model::{Instant, ItemId, ProjectId, TaskId, UserId};

use crate::{Conn, StoreError, Tx, tasks::Task};

/// The stage under which those are kept who were misled in an earlier reading: none of any protocol, as the state machine has it.
const EARLIER_READING: u32 = u32::MAX;

/// An item that waits for an owner's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Since when it waits.
    pub since: Instant,
}

/// On how many items of a project that came back too often this person had no part.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_undecided(conn: &mut Conn, project: ProjectId, user: UserId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM items i WHERE i.project_id = $1 AND i.state = 'escalated' \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) \
               AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = i.id AND p.user_id = $2)";
    conn.query(sql).bind(project).bind(user).scanning().fetch_one().await?.get("n")
}

/// Those items, what waits longest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn undecided(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    limit: u32,
) -> Result<Vec<Undecided>, StoreError> {
    let sql = "SELECT i.id, i.name, MAX(e.at) AS since FROM items i JOIN events e ON e.item_id = i.id \
               AND e.action = 'item.escalated' WHERE i.project_id = $1 AND i.state = 'escalated' \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) \
               AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = i.id AND p.user_id = $2) \
               GROUP BY i.id, i.name ORDER BY since, i.id LIMIT $3";
    let rows = conn.query(sql).bind(project).bind(user).bind(limit).scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Undecided, StoreError> {
        Ok(Undecided { item: row.get("id")?, name: row.get("name")?, since: row.get("since")? })
    };
    rows.iter().map(one).collect()
}

/// Items of a project with a task that nobody may take: of everybody who has its role, each had a part in the item. While several
/// read independently only those count who were misled in an earlier reading: the others would tell how far the readers are.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unstaffed(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Undecided>, StoreError> {
    let sql = "SELECT i.id, i.name, MIN(t.created_at) AS since FROM tasks t JOIN items i ON i.id = t.item_id \
               WHERE t.project_id = $1 AND t.state = 'ready' AND NOT i.held \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = t.item_id) \
               AND (t.apart OR EXISTS (SELECT 1 FROM participation m WHERE m.item_id = t.item_id AND m.stage = $2)) \
               AND NOT EXISTS (SELECT 1 FROM grants g JOIN users u ON u.id = g.user_id \
                 WHERE g.project_id = t.project_id AND g.role = t.role AND g.ended_at IS NULL AND u.active \
                 AND (t.reserved_for IS NULL OR t.reserved_for = g.user_id) \
                 AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = t.item_id AND p.user_id = g.user_id \
                   AND (p.stage = $2 OR (i.state <> 'reading' AND (p.stage <> t.stage OR t.apart))))) \
               GROUP BY i.id, i.name ORDER BY since, i.id LIMIT $3";
    let query = conn.query(sql).bind(project).bind(EARLIER_READING).bind(limit).scanning();
    let rows = query.fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Undecided, StoreError> {
        Ok(Undecided { item: row.get("id")?, name: row.get("name")?, since: row.get("since")? })
    };
    rows.iter().map(one).collect()
}

/// Open tasks that wait for this person, on one project or on all, by item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reserved(
    conn: &mut Conn,
    user: UserId,
    project: Option<ProjectId>,
) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT * FROM tasks WHERE reserved_for = $1 AND state IN ('ready', 'leased') \
               AND ($2 OR project_id = $3) ORDER BY item_id, id";
    let any = ProjectId(uuid::Uuid::nil());
    conn.query(sql).bind(user).bind(project.is_none()).bind(project.unwrap_or(any)).scanning().all().await
}

/// Lets a task wait for nobody in particular.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn free(tx: &mut Tx, task: TaskId) -> Result<(), StoreError> {
    tx.query("UPDATE tasks SET reserved_for = NULL WHERE id = $1").bind(task).execute().await.map(drop)
}
