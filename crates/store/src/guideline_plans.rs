//! Drafts of guidelines that were signed and take force at a later time.

use countersign_model::{EventId, GuidelineId, Instant, ProjectId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A signed draft that waits for its time, or waited.
    GuidelinePlan in "guideline_plans" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// The draft.
        guideline_id: GuidelineId,
        /// Its revision when it was signed.
        revision: u64,
        /// SHA-256 of its document, hexadecimal: what was signed.
        content_hash: String,
        /// How it is published (JSON, as the pipeline spells it).
        terms: String,
        /// Signer.
        user_id: UserId,
        /// Their name as printed then.
        printed_name: String,
        /// When it was signed.
        signed_at: Instant,
        /// The evidence of the signature.
        event_id: EventId,
        /// From when it is in force.
        effective_at: Instant,
        /// When it stopped waiting.
        closed_at: Option<Instant>,
        /// `in_force`, `withdrawn` or `refused`; absent while it waits.
        outcome: Option<String>,
        /// Why it was withdrawn or could not come into force.
        outcome_reason: Option<String>,
    }
}

/// Keeps a plan.
///
/// # Errors
/// [`StoreError::Conflict`] when another one of the project waits.
pub async fn insert(tx: &mut Tx, plan: GuidelinePlan) -> Result<(), StoreError> {
    tx.insert(plan).await
}

/// The plan of a project that waits.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting(conn: &mut Conn, project: ProjectId) -> Result<Option<GuidelinePlan>, StoreError> {
    let sql = "SELECT * FROM guideline_plans WHERE project_id = $1 AND closed_at IS NULL";
    conn.query(sql).bind(project).optional().await
}

/// Ends the waiting of a plan; whether it waited.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close(tx: &mut Tx, id: Uuid, outcome: &str, reason: Option<&str>) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE guideline_plans SET closed_at = $1, outcome = $2, outcome_reason = $3 \
               WHERE id = $4 AND closed_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(outcome).bind(reason).bind(id).execute().await? > 0)
}
