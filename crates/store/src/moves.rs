//! Rows that follow from the decisions of an item's state machine.

use std::collections::{BTreeMap, HashSet};

use countersign_model::{AnnotationId, Instant, ItemId, ProjectId, ReadId, TaskId, UserId};

use crate::{Conn, Query, Record, StoreError, Tx, reads::answer, tasks::Task};

/// Offers a task: inserts it, or makes it ready again under the same id. Whether it is a new one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn offer(tx: &mut Tx, task: Task) -> Result<bool, StoreError> {
    let (id, reserved_for) = (task.id, task.reserved_for);
    let sql = "INSERT INTO tasks (id, item_id, project_id, stage, kind, role, state, reserved_for, lease_user, \
               lease_until, fence, read_id, priority, created_at, done_at, apart, qualification, claimed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
               ON CONFLICT (id) DO NOTHING";
    if task.values().into_iter().fold(tx.query(sql), Query::bind).execute().await? == 1 {
        return Ok(true);
    }
    let sql = "UPDATE tasks SET state = 'ready', lease_user = NULL, lease_until = NULL, done_at = NULL, \
               reserved_for = $1 WHERE id = $2";
    tx.query(sql).bind(reserved_for).bind(id).execute().await?;
    Ok(false)
}

/// Writes the lease that the machine decided on.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lease(
    tx: &mut Tx,
    task: TaskId,
    user: UserId,
    until: Instant,
    fence: u64,
) -> Result<(), StoreError> {
    // Nearly always the claim has set the holder already; columns that are not named leave their indexes alone.
    let held = "UPDATE tasks SET lease_until = $1, fence = $2 WHERE id = $3 AND state = 'leased' AND lease_user = $4";
    if tx.query(held).bind(until).bind(fence).bind(task).bind(user).execute().await? == 0 {
        let now = tx.now();
        let sql = "UPDATE tasks SET state = 'leased', lease_user = $1, lease_until = $2, fence = $3, \
                   claimed_at = COALESCE(claimed_at, $5) WHERE id = $4";
        tx.query(sql).bind(user).bind(until).bind(fence).bind(task).bind(now).execute().await?;
    }
    Ok(())
}

/// Sets the number of annotations of a read that was just begun as a copy.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_count(tx: &mut Tx, read: ReadId, annotations: u32) -> Result<(), StoreError> {
    let sql = "UPDATE reads SET annotation_count = $1 WHERE id = $2";
    tx.query(sql).bind(annotations).bind(read).execute().await.map(drop)
}

/// The newest version of every annotation that was ever in the read, removed ones included.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn versions(conn: &mut Conn, read: ReadId) -> Result<BTreeMap<AnnotationId, u32>, StoreError> {
    let sql = "SELECT annotation_id, MAX(version) AS version FROM annotations WHERE read_id = $1 \
               GROUP BY annotation_id";
    let rows = conn.query(sql).bind(read).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("annotation_id")?, row.get("version")?))).collect()
}

/// How many marks the read holds now. An answer that something cannot be assessed is none.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_current(conn: &mut Conn, read: ReadId) -> Result<u32, StoreError> {
    let sql = concat!(
        "SELECT COUNT(*) AS n FROM annotations a WHERE a.read_id = $1 AND a.body IS NOT NULL AND NOT ",
        answer!("a"),
        " AND NOT EXISTS (SELECT 1 FROM annotations b WHERE b.read_id = a.read_id \
         AND b.annotation_id = a.annotation_id AND b.version > a.version)"
    );
    conn.query(sql).bind(read).fetch_one().await?.get("n")
}

/// Who took part in the item's work, or holds a running lease on it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn participants(conn: &mut Conn, item: ItemId, now: Instant) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT user_id FROM participation WHERE item_id = $1 \
               UNION SELECT lease_user AS user_id FROM tasks WHERE item_id = $1 AND state = 'leased' \
               AND lease_user IS NOT NULL AND lease_until > $2";
    let rows = conn.query(sql).bind(item).bind(now).fetch_all().await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// Whether somebody took part in the item's work.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn took_part(conn: &mut Conn, item: ItemId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM participation WHERE item_id = $1 AND user_id = $2 LIMIT 1";
    Ok(conn.query(sql).bind(item).bind(user).fetch_optional().await?.is_some())
}

/// The number that the next item of a project is named by, from 1.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next_number(tx: &mut Tx, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM items WHERE project_id = $1";
    let count: u64 = tx.query(sql).bind(project).fetch_one().await?.get("n")?;
    Ok(count + 1)
}

/// Which of these group keys a project has items of already.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn known_among(
    conn: &mut Conn,
    project: ProjectId,
    group_keys: &[String],
) -> Result<HashSet<String>, StoreError> {
    if group_keys.is_empty() {
        return Ok(HashSet::new());
    }
    let marks: Vec<_> = (2..group_keys.len() + 2).map(|number| format!("${number}")).collect();
    let sql =
        format!("SELECT group_key FROM items WHERE project_id = $1 AND group_key IN ({})", marks.join(", "));
    let query = conn.query_built(sql).bind(project);
    let rows = group_keys.iter().fold(query, Query::bind).fetch_all().await?;
    rows.iter().map(|row| row.get("group_key")).collect()
}
