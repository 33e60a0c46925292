//! How work moves through the stages of a project: what is open where, and how long finished tasks waited and took.

use countersign_model::{Instant, ProjectId, StageKind};

use crate::{Conn, StoreError};

/// Tasks of one kind in one state at one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCount {
    /// Stage, from 0.
    pub stage: u32,
    /// What the stage did when the task was opened.
    pub kind: StageKind,
    /// `ready`, `leased` or `done`.
    pub state: String,
    /// How many.
    pub tasks: u64,
}

/// When a finished task was opened, first claimed and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskTimes {
    /// Opened.
    pub created_at: Instant,
    /// First claimed.
    pub claimed_at: Instant,
    /// Done.
    pub done_at: Instant,
}

/// Tasks of a project by stage, kind and state. Open tasks of held items wait too, but nobody can take them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn counts(conn: &mut Conn, project: ProjectId) -> Result<Vec<FlowCount>, StoreError> {
    let sql = "SELECT stage, kind, state, COUNT(*) AS n FROM tasks t WHERE project_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = t.item_id) \
               AND state IN ('ready', 'leased', 'done') GROUP BY stage, kind, state ORDER BY stage, kind, state";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    rows.iter()
        .map(|row| {
            Ok(FlowCount {
                stage: row.get("stage")?,
                kind: row.get("kind")?,
                state: row.get("state")?,
                tasks: row.get("n")?,
            })
        })
        .collect()
}

/// Times of the tasks of a stage that were finished last, newest first; tasks from before claims were timed are left out.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn times(
    conn: &mut Conn,
    project: ProjectId,
    stage: u32,
    kind: StageKind,
    limit: u64,
) -> Result<Vec<TaskTimes>, StoreError> {
    let sql = "SELECT created_at, claimed_at, done_at FROM tasks t WHERE project_id = $1 AND stage = $2 AND kind = $3 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = t.item_id) \
               AND state = 'done' AND claimed_at IS NOT NULL ORDER BY done_at DESC LIMIT $4";
    let query = conn.query(sql).bind(project).bind(stage).bind(kind).bind(limit);
    let rows = query.fetch_all().await?;
    rows.iter()
        .map(|row| {
            let (created_at, claimed_at) = (row.get("created_at")?, row.get("claimed_at")?);
            Ok(TaskTimes { created_at, claimed_at, done_at: row.get("done_at")? })
        })
        .collect()
}

/// Whether anybody has begun work on the project: a task is or was in somebody's hands, given back or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_begun(conn: &mut Conn, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM tasks WHERE project_id = $1 \
               AND (state IN ('leased', 'done') OR claimed_at IS NOT NULL) LIMIT 1";
    Ok(conn.query(sql).bind(project).fetch_optional().await?.is_some())
}
