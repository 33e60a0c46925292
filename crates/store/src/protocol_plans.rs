//! Versions of protocols that were signed and come into force at a later time.

use countersign_model::{EventId, Instant, ProjectId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A signed version that waits for its time, or waited.
    ProtocolPlan in "protocol_plans" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// Protocol id.
        protocol_id: String,
        /// The version that it will be.
        version: u32,
        /// SHA-256 of the document in canonical JSON, hexadecimal: what was signed.
        content_hash: String,
        /// The document as its author wrote it, YAML.
        source: String,
        /// Why it is made, in words.
        reason: String,
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
        /// The change of the ontology that the version carries out (JSON, as the pipeline spells it); absent for a document that
        /// somebody wrote.
        ontology: Option<String>,
    }
}

/// Keeps a plan.
///
/// # Errors
/// [`StoreError::Conflict`] when another one of the project waits.
pub async fn insert(tx: &mut Tx, plan: ProtocolPlan) -> Result<(), StoreError> {
    tx.insert(plan).await
}

/// The plan of a project that waits.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting(conn: &mut Conn, project: ProjectId) -> Result<Option<ProtocolPlan>, StoreError> {
    let sql = "SELECT * FROM protocol_plans WHERE project_id = $1 AND closed_at IS NULL";
    conn.query(sql).bind(project).optional().await
}

/// The plan of a project that stopped waiting last.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_closed(conn: &mut Conn, project: ProjectId) -> Result<Option<ProtocolPlan>, StoreError> {
    let sql = "SELECT * FROM protocol_plans WHERE project_id = $1 AND closed_at IS NOT NULL \
               ORDER BY closed_at DESC, id DESC LIMIT 1";
    conn.query(sql).bind(project).optional().await
}

/// Ends the waiting of a plan; `false` when it had ended before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close(tx: &mut Tx, id: Uuid, outcome: &str, reason: Option<&str>) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE protocol_plans SET closed_at = $1, outcome = $2, outcome_reason = $3 \
               WHERE id = $4 AND closed_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(outcome).bind(reason).bind(id).execute().await? > 0)
}
