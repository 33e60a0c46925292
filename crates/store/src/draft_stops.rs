//! Drafting models that were stopped in a project.

use countersign_model::{Instant, ProjectId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A stop of a drafting model.
    DraftStop in "draft_stops" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// Name of the model, whatever its version.
        model: String,
        /// Why.
        reason: String,
        /// By whom.
        stopped_by: UserId,
        /// Since when.
        stopped_at: Instant,
        /// Who let it draft again.
        resumed_by: Option<UserId>,
        /// When.
        resumed_at: Option<Instant>,
        /// Why.
        resume_reason: Option<String>,
    }
}

record! {
    /// A stop of a drafting model in every project, those that are made later too.
    ModelStop in "model_stops" {
        /// Id.
        id: Uuid,
        /// Name of the model, whatever its version.
        model: String,
        /// Why.
        reason: String,
        /// By whom.
        stopped_by: UserId,
        /// Since when.
        stopped_at: Instant,
        /// Who let it draft again.
        resumed_by: Option<UserId>,
        /// When.
        resumed_at: Option<Instant>,
        /// Why.
        resume_reason: Option<String>,
    }
}

/// A model that drafted in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// Its name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Drafts that it made.
    pub drafts: u64,
}

/// Keeps a stop.
///
/// # Errors
/// [`StoreError::Conflict`] when the model is stopped already.
pub async fn insert(tx: &mut Tx, stop: DraftStop) -> Result<(), StoreError> {
    tx.insert(stop).await
}

/// The stop that is in force for a model.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn in_force(
    conn: &mut Conn,
    project: ProjectId,
    model: &str,
) -> Result<Option<DraftStop>, StoreError> {
    let sql = "SELECT * FROM draft_stops WHERE project_id = $1 AND model = $2 AND resumed_at IS NULL";
    conn.query(sql).bind(project).bind(model).optional().await
}

/// Every stop of a project, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId) -> Result<Vec<DraftStop>, StoreError> {
    let sql = "SELECT * FROM draft_stops WHERE project_id = $1 ORDER BY stopped_at DESC, id DESC";
    conn.query(sql).bind(project).all().await
}

/// Ends a stop; whether it was in force.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn resume(tx: &mut Tx, id: Uuid, user: UserId, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE draft_stops SET resumed_by = $1, resumed_at = $2, resume_reason = $3 \
               WHERE id = $4 AND resumed_at IS NULL";
    Ok(tx.query(sql).bind(user).bind(now).bind(reason).bind(id).execute().await? > 0)
}

/// Keeps a stop in every project.
///
/// # Errors
/// [`StoreError::Conflict`] when the model is stopped everywhere already.
pub async fn insert_everywhere(tx: &mut Tx, stop: ModelStop) -> Result<(), StoreError> {
    tx.insert(stop).await
}

/// The stop in every project that is in force for a model.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn everywhere(conn: &mut Conn, model: &str) -> Result<Option<ModelStop>, StoreError> {
    let sql = "SELECT * FROM model_stops WHERE model = $1 AND resumed_at IS NULL";
    conn.query(sql).bind(model).optional().await
}

/// The stops in every project that are in force, by model.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn all_everywhere(conn: &mut Conn) -> Result<Vec<ModelStop>, StoreError> {
    conn.query("SELECT * FROM model_stops WHERE resumed_at IS NULL ORDER BY model").all().await
}

/// Ends a stop in every project; whether it was in force.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn resume_everywhere(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE model_stops SET resumed_by = $1, resumed_at = $2, resume_reason = $3 \
               WHERE id = $4 AND resumed_at IS NULL";
    Ok(tx.query(sql).bind(user).bind(now).bind(reason).bind(id).execute().await? > 0)
}

/// The models that drafted anywhere.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn drafted_anywhere(conn: &mut Conn) -> Result<Vec<Drafted>, StoreError> {
    let sql = "SELECT author_model AS model, COALESCE(author_model_version, '') AS version, COUNT(*) AS n FROM reads \
               WHERE author_model IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2";
    let rows = conn.query(sql).scanning().fetch_all().await?;
    rows.iter().map(found).collect()
}

fn found(row: &crate::Row) -> Result<Drafted, StoreError> {
    Ok(Drafted { model: row.get("model")?, version: row.get("version")?, drafts: row.get("n")? })
}

/// The models that drafted in a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn drafted(conn: &mut Conn, project: ProjectId) -> Result<Vec<Drafted>, StoreError> {
    let sql = "SELECT author_model AS model, COALESCE(author_model_version, '') AS version, COUNT(*) AS n FROM reads \
               WHERE project_id = $1 AND author_model IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    rows.iter().map(found).collect()
}
