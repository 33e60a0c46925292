//! Appeals: what somebody says against a review of their read, and what a third person decided.

use countersign_model::{AppealId, Instant, ItemId, ProjectId, ReadId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, reads::Review, value::record};

record! {
    /// An appeal.
    Appeal in "appeals" {
        /// Id.
        id: AppealId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// The review.
        review_id: Uuid,
        /// The read that was reviewed.
        read_id: ReadId,
        /// Its author, who appeals.
        user_id: UserId,
        /// Who reviewed it.
        reviewer_id: UserId,
        /// `open`, `upheld` (the review stands) or `overturned`.
        state: String,
        /// What the author says.
        words: String,
        /// When.
        at: Instant,
        /// Who decided.
        decided_by: Option<UserId>,
        /// When.
        decided_at: Option<Instant>,
        /// Why.
        reason: Option<String>,
    }
}

/// Keeps an appeal.
///
/// # Errors
/// [`StoreError::Conflict`] when there is one against the review already.
pub async fn insert(tx: &mut Tx, appeal: Appeal) -> Result<(), StoreError> {
    tx.insert(appeal).await
}

/// An appeal by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: AppealId) -> Result<Option<Appeal>, StoreError> {
    conn.query("SELECT * FROM appeals WHERE id = $1").bind(id).optional().await
}

/// The appeal against a review.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn against(conn: &mut Conn, review: Uuid) -> Result<Option<Appeal>, StoreError> {
    conn.query("SELECT * FROM appeals WHERE review_id = $1").bind(review).optional().await
}

/// Appeals of a project: those that wait for a decision first, then the newest.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Appeal>, StoreError> {
    let sql = "SELECT * FROM appeals WHERE project_id = $1 \
               ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Open appeals of a project that are neither by this person nor about their reviews.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_open_for(conn: &mut Conn, project: ProjectId, user: UserId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM appeals WHERE project_id = $1 AND state = 'open' AND user_id <> $2 \
               AND reviewer_id <> $2";
    conn.query(sql).bind(project).bind(user).fetch_one().await?.get("n")
}

/// Reviews that changed or sent back a person's reads, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reviews_against(conn: &mut Conn, user: UserId, limit: u32) -> Result<Vec<Review>, StoreError> {
    let sql = "SELECT v.* FROM reviews v JOIN reads r ON r.id = v.subject_read_id \
               WHERE r.author_user = $1 AND v.decision IN ('fix', 'reject') AND v.user_id <> $1 \
               ORDER BY v.id DESC LIMIT $2";
    conn.query(sql).bind(user).bind(limit).scanning().all().await
}

/// Decides an appeal; `false` when it was decided before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: AppealId,
    state: &str,
    by: UserId,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE appeals SET state = $1, decided_by = $2, decided_at = $3, reason = $4 \
               WHERE id = $5 AND state = 'open'";
    let query = tx.query(sql).bind(state).bind(by).bind(now).bind(reason);
    Ok(query.bind(id).execute().await? > 0)
}
