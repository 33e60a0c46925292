//! Protocol documents, one row per version, never changed; and who signed each, one row per signature.

use countersign_model::{EventId, Instant, ProjectId, SignatureMeaning, UserId};

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
        /// The document in canonical JSON.
        document: String,
        /// SHA-256 of the document, hexadecimal.
        content_hash: String,
        /// Added.
        created_at: Instant,
        /// By whom.
        created_by: Option<UserId>,
        /// The document as its author wrote it, YAML; absent where it was made from another version.
        source: Option<String>,
        /// 32 bytes drawn when the version came into force, hexadecimal: which items its samples take follows from it.
        /// Absent in versions from before seeds were recorded.
        seed: Option<String>,
        /// Why it was made, in words.
        reason: Option<String>,
        /// Somebody had begun work before.
        deviation: bool,
        /// In force, and read under, since before signing was asked for: nobody signed it, and work goes on.
        before_signing: bool,
    }
}

record! {
    /// A version of a protocol was signed by somebody who may put it into force.
    ProtocolSignature in "protocol_signatures" {
        /// Project.
        project_id: ProjectId,
        /// Protocol id.
        protocol_id: String,
        /// Version.
        version: u32,
        /// Signer.
        user_id: UserId,
        /// Their name as printed then.
        printed_name: String,
        /// What it says.
        meaning: SignatureMeaning,
        /// SHA-256 of the document, hexadecimal.
        content_hash: String,
        /// When.
        at: Instant,
        /// Its evidence.
        event_id: EventId,
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

/// Id and number of every version that a project had, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn numbers(conn: &mut Conn, project: ProjectId) -> Result<Vec<(String, u32)>, StoreError> {
    let sql = "SELECT id, version FROM protocols WHERE project_id = $1 ORDER BY version";
    let rows = conn.query(sql).bind(project).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("version")?))).collect()
}

/// Every version of a project's protocol, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, project: ProjectId) -> Result<Vec<ProtocolVersion>, StoreError> {
    let sql = "SELECT * FROM protocols WHERE project_id = $1 ORDER BY version DESC";
    conn.query(sql).bind(project).all().await
}

/// The seed of a version's samples.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn seed(
    conn: &mut Conn,
    project: ProjectId,
    id: &str,
    version: u32,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT seed FROM protocols WHERE project_id = $1 AND id = $2 AND version = $3";
    let row = conn.query(sql).bind(project).bind(id).bind(version).fetch_optional().await?;
    row.map_or(Ok(None), |row| row.get("seed"))
}

/// Keeps a signature of a version.
///
/// # Errors
/// [`StoreError::Conflict`] when the version is signed.
pub async fn sign(tx: &mut Tx, signature: ProtocolSignature) -> Result<(), StoreError> {
    tx.insert(signature).await
}

/// The signatures of a project's versions, newest version first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn signatures(conn: &mut Conn, project: ProjectId) -> Result<Vec<ProtocolSignature>, StoreError> {
    let sql = "SELECT * FROM protocol_signatures WHERE project_id = $1 ORDER BY version DESC";
    conn.query(sql).bind(project).all().await
}

/// Whether work may be given out under the version in force: its document is signed, or people read under it before
/// signing was asked for.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_open_for_work(conn: &mut Conn, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM projects p JOIN protocols v ON v.project_id = p.id AND v.id = p.protocol_id \
               AND v.version = p.protocol_version WHERE p.id = $1 AND (v.before_signing OR EXISTS \
               (SELECT 1 FROM protocol_signatures s WHERE s.project_id = v.project_id AND s.protocol_id = v.id \
               AND s.version = v.version AND s.content_hash = v.content_hash))";
    Ok(conn.query(sql).bind(project).fetch_optional().await?.is_some())
}
