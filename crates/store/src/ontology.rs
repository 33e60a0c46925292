//! Changes of the classes of a project, one row per protocol version that came of one.

use countersign_model::{CampaignId, Instant, OntologyChangeId, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A change.
    Change in "ontology_changes" {
        /// Id.
        id: OntologyChangeId,
        /// Project.
        project_id: ProjectId,
        /// The protocol version that it made; the one before it is the one that it was made to.
        to_version: u32,
        /// What was done, JSON.
        operations: String,
        /// What it touched, JSON: the dry run that was signed.
        counts: String,
        /// Why.
        reason: String,
        /// The round of rework that followed.
        campaign_id: Option<CampaignId>,
        /// Who.
        made_by: Option<UserId>,
        /// When.
        made_at: Instant,
    }
}

/// Keeps a change.
///
/// # Errors
/// [`StoreError::Conflict`] when the version has one.
pub async fn insert(tx: &mut Tx, change: Change) -> Result<(), StoreError> {
    tx.insert(change).await
}

/// The changes of a project, the oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(conn: &mut Conn, project: ProjectId) -> Result<Vec<Change>, StoreError> {
    let sql = "SELECT * FROM ontology_changes WHERE project_id = $1 ORDER BY to_version";
    conn.query(sql).bind(project).all().await
}

/// The change that a round of rework followed from.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_campaign(conn: &mut Conn, campaign: CampaignId) -> Result<Option<Change>, StoreError> {
    let sql = "SELECT * FROM ontology_changes WHERE campaign_id = $1";
    conn.query(sql).bind(campaign).optional().await
}

/// The changes after one protocol version up to and with another, in their order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn between(
    conn: &mut Conn,
    project: ProjectId,
    from: u32,
    to: u32,
) -> Result<Vec<Change>, StoreError> {
    let sql = "SELECT * FROM ontology_changes WHERE project_id = $1 AND to_version > $2 AND to_version <= $3 \
               ORDER BY to_version";
    conn.query(sql).bind(project).bind(from).bind(to).all().await
}
