//! Organizations: own staff and outside vendors, and the contracts under which the people of vendors work.

use countersign_model::{Instant, OrganizationId, UserId};

use crate::{
    Conn, StoreError, Tx,
    tasks::Task,
    users::{Organization, User},
    value::record,
};

record! {
    /// That the end of a contract was announced.
    ContractWarning in "contract_warnings" {
        /// Whose contract.
        organization_id: OrganizationId,
        /// The end that was announced.
        until: Instant,
        /// How many days before; 0 for the end itself.
        days: u32,
        /// When.
        at: Instant,
    }
}

record! {
    /// That somebody left an organization for another one.
    Move in "organization_moves" {
        /// Who.
        user_id: UserId,
        /// The organization that they left.
        organization_id: OrganizationId,
        /// When.
        at: Instant,
    }
}

/// To which organization the user of a row belonged at a moment: what they did then is its work, wherever they are now.
macro_rules! belonged {
    ($user:literal, $at:literal) => {
        concat!(
            "COALESCE((SELECT om.organization_id FROM organization_moves om WHERE om.user_id = ",
            $user,
            ".id AND om.at > ",
            $at,
            " ORDER BY om.at LIMIT 1), ",
            $user,
            ".organization_id)"
        )
    };
}
pub(crate) use belonged;

/// Whether the people of organization `n` may work at the moment of a parameter.
macro_rules! under_contract {
    ($now:literal) => {
        concat!("(n.kind <> 'vendor' OR (n.contract_from <= ", $now, " AND n.contract_until > ", $now, "))")
    };
}
pub(crate) use under_contract;

/// Every organization, by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn) -> Result<Vec<Organization>, StoreError> {
    conn.query("SELECT * FROM organizations ORDER BY name").all().await
}

/// An organization by name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Organization>, StoreError> {
    conn.query("SELECT * FROM organizations WHERE name = $1").bind(name).optional().await
}

/// To whom somebody belongs.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Option<Organization>, StoreError> {
    let sql = "SELECT n.* FROM organizations n JOIN users u ON u.organization_id = n.id WHERE u.id = $1";
    conn.query(sql).bind(user).optional().await
}

/// Adds an organization.
///
/// # Errors
/// [`StoreError::Conflict`] when the name is taken.
pub async fn insert(tx: &mut Tx, row: Organization) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// Renames an organization and sets the dates of its contract.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn change(
    tx: &mut Tx,
    id: OrganizationId,
    name: &str,
    from: Option<Instant>,
    until: Option<Instant>,
) -> Result<(), StoreError> {
    let sql = "UPDATE organizations SET name = $1, contract_from = $2, contract_until = $3 WHERE id = $4";
    tx.query(sql).bind(name).bind(from).bind(until).bind(id).execute().await.map(drop)
}

/// Locks an organization for a change, so that two changes of its contract follow each other.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let query = tx.query_for(
        "SELECT * FROM organizations WHERE id = $1",
        "SELECT * FROM organizations WHERE id = $1 FOR UPDATE",
    );
    query.bind(id).optional().await
}

/// Who belongs to an organization, by login.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn members(conn: &mut Conn, id: OrganizationId) -> Result<Vec<User>, StoreError> {
    conn.query("SELECT * FROM users WHERE organization_id = $1 ORDER BY login").bind(id).all().await
}

/// Moves somebody to an organization, and keeps which one they left.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn move_member(tx: &mut Tx, user: UserId, to: OrganizationId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO organization_moves (user_id, organization_id, at) \
               SELECT id, organization_id, $1 FROM users WHERE id = $2 AND organization_id <> $3 \
               ON CONFLICT DO NOTHING";
    tx.query(sql).bind(now).bind(user).bind(to).execute().await?;
    let sql = "UPDATE users SET organization_id = $1 WHERE id = $2";
    tx.query(sql).bind(to).bind(user).execute().await.map(drop)
}

/// Tasks that people of an organization hold, or that wait for one of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn bound_tasks(conn: &mut Conn, id: OrganizationId) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT t.* FROM tasks t WHERE t.state IN ('ready', 'leased') \
               AND EXISTS (SELECT 1 FROM users u WHERE u.organization_id = $1 \
                 AND (u.id = t.reserved_for OR (t.state = 'leased' AND u.id = t.lease_user))) \
               ORDER BY t.item_id, t.id";
    conn.query(sql).bind(id).scanning().all().await
}

/// Notes that the end of a contract is announced; `false` when it was before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn warn(tx: &mut Tx, id: OrganizationId, until: Instant, days: u32) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO contract_warnings (organization_id, until, days, at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    Ok(tx.query(sql).bind(id).bind(until).bind(days).bind(now).execute().await? > 0)
}
