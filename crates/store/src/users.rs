//! Organizations and users.

use countersign_model::{Instant, OrganizationId, Role, UserId};

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// Own staff or an outside vendor.
    Organization in "organizations" {
        /// Id.
        id: OrganizationId,
        /// Name, unique.
        name: String,
        /// `own` or `vendor`.
        kind: String,
        /// When it was set up.
        created_at: Instant,
        /// From when on its people may work; own staff has no contract.
        contract_from: Option<Instant>,
        /// Until just before then.
        contract_until: Option<Instant>,
    }
}

record! {
    /// A person's account.
    User in "users" {
        /// Id, never reassigned.
        id: UserId,
        /// Where they belong.
        organization_id: OrganizationId,
        /// Name to sign in with, unique.
        login: String,
        /// Name as signatures print it.
        printed_name: String,
        /// Password in PHC form.
        password_hash: String,
        /// May sign in.
        active: bool,
        /// Must choose a password before anything else.
        must_change: bool,
        /// Failed sign-ins in a row.
        failed_count: u32,
        /// No sign-in before.
        locked_until: Option<Instant>,
        /// Roles over the whole installation.
        system_roles: Json<Vec<Role>>,
        /// When it was made.
        created_at: Instant,
    }
}

/// The organization of a name, made if missing.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn ensure_organization(tx: &mut Tx, name: &str, kind: &str) -> Result<Organization, StoreError> {
    let found = tx.query("SELECT * FROM organizations WHERE name = $1").bind(name).optional().await?;
    if let Some(organization) = found {
        return Ok(organization);
    }
    let organization = Organization {
        id: tx.fresh(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        created_at: tx.now(),
        contract_from: None,
        contract_until: None,
    };
    tx.insert(organization.clone()).await?;
    Ok(organization)
}

/// An organization.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn organization(conn: &mut Conn, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    conn.query("SELECT * FROM organizations WHERE id = $1").bind(id).optional().await
}

/// Adds an account.
///
/// # Errors
/// [`StoreError::Conflict`] when the login is taken.
pub async fn insert(tx: &mut Tx, user: User) -> Result<(), StoreError> {
    tx.insert(user).await
}

/// An account by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: UserId) -> Result<Option<User>, StoreError> {
    conn.query("SELECT * FROM users WHERE id = $1").bind(id).optional().await
}

/// An account by login.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_login(conn: &mut Conn, login: &str) -> Result<Option<User>, StoreError> {
    conn.query("SELECT * FROM users WHERE login = $1").bind(login).optional().await
}

/// Every account, by login.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn) -> Result<Vec<User>, StoreError> {
    conn.query("SELECT * FROM users ORDER BY login").all().await
}

/// How many accounts there are: zero means first start.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count(conn: &mut Conn) -> Result<u64, StoreError> {
    conn.query("SELECT COUNT(*) AS n FROM users").fetch_one().await?.get("n")
}

/// Lets an account sign in or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_active(tx: &mut Tx, id: UserId, active: bool) -> Result<(), StoreError> {
    let sql = "UPDATE users SET active = $1 WHERE id = $2";
    tx.query(sql).bind(active).bind(id).execute().await.map(drop)
}

/// Changes the name that later signatures print.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_printed_name(tx: &mut Tx, id: UserId, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE users SET printed_name = $1 WHERE id = $2";
    tx.query(sql).bind(name).bind(id).execute().await.map(drop)
}

/// Sets a password and forgets failed sign-ins.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_password(tx: &mut Tx, id: UserId, hash: &str, must_change: bool) -> Result<(), StoreError> {
    let sql = "UPDATE users SET password_hash = $1, must_change = $2, failed_count = 0, locked_until = NULL \
               WHERE id = $3";
    tx.query(sql).bind(hash).bind(must_change).bind(id).execute().await.map(drop)
}

/// Keeps the state of failed sign-ins: how many in a row, and until when the account is locked.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_failures(
    tx: &mut Tx,
    id: UserId,
    failed_count: u32,
    locked_until: Option<Instant>,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET failed_count = $1, locked_until = $2 WHERE id = $3";
    tx.query(sql).bind(failed_count).bind(locked_until).bind(id).execute().await.map(drop)
}

/// Counts one more failed sign-in or signing; how many there are now in a row.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_failure(tx: &mut Tx, id: UserId) -> Result<u32, StoreError> {
    let sql = "UPDATE users SET failed_count = failed_count + 1 WHERE id = $1 RETURNING failed_count";
    tx.query(sql).bind(id).fetch_one().await?.get("failed_count")
}
