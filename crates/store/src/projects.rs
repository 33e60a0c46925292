//! Projects and grants.

use countersign_model::{Industry, Instant, ItemKind, OrganizationId, ProjectId, Role, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A project.
    Project in "projects" {
        /// Id.
        id: ProjectId,
        /// Whose.
        organization_id: OrganizationId,
        /// Name, unique.
        name: String,
        /// What its items are.
        kind: ItemKind,
        /// Industry of its protocol.
        industry: Industry,
        /// Protocol that new work runs under.
        protocol_id: String,
        /// Its version.
        protocol_version: u32,
        /// When it was declared to hold publicly released data only.
        declared_public_at: Option<Instant>,
        /// By whom.
        declared_by: Option<UserId>,
        /// Made.
        created_at: Instant,
    }
}

record! {
    /// A user has a role on a project.
    Grant in "grants" {
        /// Id.
        id: Uuid,
        /// Project.
        project_id: ProjectId,
        /// User.
        user_id: UserId,
        /// Role.
        role: Role,
        /// Given.
        created_at: Instant,
        /// Taken back.
        ended_at: Option<Instant>,
    }
}

/// Adds a project.
///
/// # Errors
/// [`StoreError::Conflict`] when the name is taken.
pub async fn insert(tx: &mut Tx, project: Project) -> Result<(), StoreError> {
    tx.insert(project).await
}

/// A project by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: ProjectId) -> Result<Option<Project>, StoreError> {
    conn.query("SELECT * FROM projects WHERE id = $1").bind(id).optional().await
}

/// A project by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Project>, StoreError> {
    conn.query("SELECT * FROM projects WHERE name = $1").bind(name).optional().await
}

/// Every project, by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn) -> Result<Vec<Project>, StoreError> {
    conn.query("SELECT * FROM projects ORDER BY name").all().await
}

/// Projects on which a user has any role, by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Project>, StoreError> {
    let sql = "SELECT p.* FROM projects p WHERE EXISTS (SELECT 1 FROM grants g WHERE g.project_id = p.id \
               AND g.user_id = $1 AND g.ended_at IS NULL) ORDER BY p.name";
    conn.query(sql).bind(user).all().await
}

/// Declares, once, that a project holds publicly released data only; `false` when it was declared before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn declare_public(tx: &mut Tx, id: ProjectId, by: UserId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE projects SET declared_public_at = $1, declared_by = $2 \
               WHERE id = $3 AND declared_public_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(by).bind(id).execute().await? > 0)
}

/// Sets the protocol version that new work runs under.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_protocol(
    tx: &mut Tx,
    id: ProjectId,
    protocol_id: &str,
    version: u32,
) -> Result<(), StoreError> {
    let sql = "UPDATE projects SET protocol_id = $1, protocol_version = $2 WHERE id = $3";
    tx.query(sql).bind(protocol_id).bind(version).bind(id).execute().await.map(drop)
}

/// Moves a project's protocol to another version, unless somebody else did so first; `false` then.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn advance_protocol(tx: &mut Tx, id: ProjectId, from: u32, to: u32) -> Result<bool, StoreError> {
    let sql = "UPDATE projects SET protocol_version = $1 WHERE id = $2 AND protocol_version = $3";
    Ok(tx.query(sql).bind(to).bind(id).bind(from).execute().await? > 0)
}

/// Gives a role. Giving it twice is the same grant: `None` then.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn grant(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    role: Role,
) -> Result<Option<Grant>, StoreError> {
    let (id, now): (Uuid, _) = (tx.fresh(), tx.now());
    let sql = "INSERT INTO grants (id, project_id, user_id, role, created_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT DO NOTHING RETURNING *";
    tx.query(sql).bind(id).bind(project).bind(user).bind(role).bind(now).optional().await
}

/// Takes a role back; the grant that ended, if it was active.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_grant(tx: &mut Tx, project: ProjectId, id: Uuid) -> Result<Option<Grant>, StoreError> {
    let now = tx.now();
    let sql = "UPDATE grants SET ended_at = $1 WHERE id = $2 AND project_id = $3 AND ended_at IS NULL \
               RETURNING *";
    tx.query(sql).bind(now).bind(id).bind(project).optional().await
}

/// Whose a grant is, active or ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn grantee(conn: &mut Conn, id: Uuid) -> Result<Option<UserId>, StoreError> {
    let grant: Option<Grant> = conn.query("SELECT * FROM grants WHERE id = $1").bind(id).optional().await?;
    Ok(grant.map(|grant| grant.user_id))
}

/// Active grants of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn grants(conn: &mut Conn, project: ProjectId) -> Result<Vec<Grant>, StoreError> {
    let sql = "SELECT * FROM grants WHERE project_id = $1 AND ended_at IS NULL ORDER BY id";
    conn.query(sql).bind(project).all().await
}

/// Active grants of a user.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn grants_of(conn: &mut Conn, user: UserId) -> Result<Vec<Grant>, StoreError> {
    let sql = "SELECT * FROM grants WHERE user_id = $1 AND ended_at IS NULL ORDER BY project_id, role";
    conn.query(sql).bind(user).all().await
}

/// Roles of a user on a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn roles(conn: &mut Conn, project: ProjectId, user: UserId) -> Result<Vec<Role>, StoreError> {
    let sql =
        "SELECT role FROM grants WHERE user_id = $1 AND project_id = $2 AND ended_at IS NULL ORDER BY role";
    let rows = conn.query(sql).bind(user).bind(project).fetch_all().await?;
    rows.iter().map(|row| row.get("role")).collect()
}
