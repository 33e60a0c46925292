//! Protocol documents, one row per version, never changed.

use countersign_model::{Instant, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// One version of a project's protocol.
    ProtocolVersion in "protocols" {
        /// Project.
        project_id: ProjectId,
        /// Protocol id, such as `radiology`.
        id: String,
        /// Version, from 1.
        version: u32,
        /// The document as it was given.
        document: String,
        /// SHA-256 of the document, hexadecimal.
        content_hash: String,
        /// Added.
        created_at: Instant,
        /// By whom.
        created_by: Option<UserId>,
    }
}

/// Adds a version.
///
/// # Errors
/// [`StoreError::Conflict`] when the version exists.
pub async fn insert(tx: &mut Tx, version: ProtocolVersion) -> Result<(), StoreError> {
    tx.insert(version).await
}

/// One version.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn get(
    conn: &mut Conn,
    project: ProjectId,
    id: &str,
    version: u32,
) -> Result<Option<ProtocolVersion>, StoreError> {
    let sql = "SELECT * FROM protocols WHERE project_id = $1 AND id = $2 AND version = $3";
    conn.query(sql).bind(project).bind(id).bind(version).optional().await
}

/// The version that a project's new work runs under.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn current(conn: &mut Conn, project: ProjectId) -> Result<Option<ProtocolVersion>, StoreError> {
    let sql = "SELECT v.* FROM protocols v JOIN projects p ON p.id = v.project_id AND p.protocol_id = v.id \
               AND p.protocol_version = v.version WHERE p.id = $1";
    conn.query(sql).bind(project).optional().await
}
