//! What waits for an owner or for one person: items that came back too often, tasks that are reserved.

use countersign_model::{Instant, ItemId, ProjectId, TaskId, UserId};

use crate::{Conn, StoreError, Tx, tasks::Task};

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
               AND NOT EXISTS (SELECT 1 FROM participation p WHERE p.item_id = i.id AND p.user_id = $2) \
               GROUP BY i.id, i.name ORDER BY since, i.id LIMIT $3";
    let rows = conn.query(sql).bind(project).bind(user).bind(limit).scanning().fetch_all().await?;
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
