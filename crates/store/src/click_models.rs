//! Models that segment by clicks, and which frames each was shown.

use countersign_model::{AssetId, ClickModelId, Instant, ProjectId, TaskId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A model as it was registered. Only its end is added to it.
    ClickModel in "click_models" {
        /// Id.
        id: ClickModelId,
        /// Project.
        project_id: ProjectId,
        /// Name.
        name: String,
        /// Version.
        version: String,
        /// Where it is served.
        url: String,
        /// By whom.
        registered_by: Option<UserId>,
        /// When.
        registered_at: Instant,
        /// Who retired it.
        retired_by: Option<UserId>,
        /// Not asked any more since then.
        retired_at: Option<Instant>,
        /// Why.
        retire_reason: Option<String>,
    }
}

record! {
    /// That a model was shown a frame of a task's item; once, however often it was asked.
    ClickLook in "click_looks" {
        /// Task.
        task_id: TaskId,
        /// Stream of the item.
        stream: u32,
        /// Frame of the stream.
        frame: u32,
        /// Model.
        model_id: ClickModelId,
        /// The asset that holds the frame.
        asset_id: AssetId,
        /// When first.
        at: Instant,
    }
}

/// Registers a model.
///
/// # Errors
/// [`StoreError::Conflict`] when another one is in force in the project.
pub async fn insert(tx: &mut Tx, model: ClickModel) -> Result<(), StoreError> {
    tx.insert(model).await
}

/// A model by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: ClickModelId) -> Result<Option<ClickModel>, StoreError> {
    conn.query("SELECT * FROM click_models WHERE id = $1").bind(id).optional().await
}

/// The model of a project that is in force.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn in_force(conn: &mut Conn, project: ProjectId) -> Result<Option<ClickModel>, StoreError> {
    let sql = "SELECT * FROM click_models WHERE project_id = $1 AND retired_at IS NULL";
    conn.query(sql).bind(project).optional().await
}

/// Models of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<ClickModel>, StoreError> {
    let sql = "SELECT * FROM click_models WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Retires a model; `false` when it was before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn retire(tx: &mut Tx, id: ClickModelId, by: UserId, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE click_models SET retired_at = $1, retired_by = $2, retire_reason = $3 \
               WHERE id = $4 AND retired_at IS NULL";
    let query = tx.query(sql).bind(now).bind(by).bind(reason.to_owned());
    Ok(query.bind(id).execute().await? > 0)
}

/// Whether a model was shown a frame for a task before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_looked(
    conn: &mut Conn,
    task: TaskId,
    (stream, frame): (u32, u32),
    model: ClickModelId,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM click_looks WHERE task_id = $1 AND stream = $2 AND frame = $3 \
               AND model_id = $4";
    let query = conn.query(sql).bind(task).bind(stream).bind(frame).bind(model);
    let looks: u64 = query.fetch_one().await?.get("n")?;
    Ok(looks > 0)
}

/// Notes that a model is about to be shown a frame; `false` when it was noted before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn note_look(tx: &mut Tx, look: ClickLook) -> Result<bool, StoreError> {
    let sql = "INSERT INTO click_looks (task_id, stream, frame, model_id, asset_id, at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let query = tx.query(sql).bind(look.task_id).bind(look.stream).bind(look.frame);
    let query = query.bind(look.model_id).bind(look.asset_id).bind(look.at);
    Ok(query.execute().await? > 0)
}
