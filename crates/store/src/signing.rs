//! What people agreed to before they signed, and accounts that were locked after wrong passwords.

use countersign_model::{AccessAlertId, EventId, Instant, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// What a person agreed to before their first signature.
    Acknowledgement in "signing_acknowledgements" {
        /// Who.
        user_id: UserId,
        /// Version of the statement.
        version: u32,
        /// The statement, word for word.
        text: String,
        /// When.
        at: Instant,
        /// Its evidence.
        event_id: EventId,
    }
}

record! {
    /// An account was locked after wrong passwords; open until somebody else has looked into it.
    Alert in "access_alerts" {
        /// Id.
        id: AccessAlertId,
        /// Whose account.
        user_id: UserId,
        /// Where the last wrong password was given: `signing` or `sign_in`.
        place: String,
        /// How often it was locked since the alert was opened.
        locks: u32,
        /// First lock.
        opened_at: Instant,
        /// Last lock.
        last_at: Instant,
        /// When somebody had looked into it.
        closed_at: Option<Instant>,
        /// Who.
        closed_by: Option<UserId>,
        /// What they found.
        reason: Option<String>,
    }
}

/// Whether a person agreed to a version of the statement.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn acknowledgement(
    conn: &mut Conn,
    user: UserId,
    version: u32,
) -> Result<Option<Acknowledgement>, StoreError> {
    let sql = "SELECT * FROM signing_acknowledgements WHERE user_id = $1 AND version = $2";
    conn.query(sql).bind(user).bind(version).optional().await
}

/// Keeps what a person agreed to.
///
/// # Errors
/// [`StoreError::Conflict`] when they did before.
pub async fn acknowledge(tx: &mut Tx, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
    tx.insert(acknowledgement).await
}

/// Opens an alert about an account that was locked just now, or counts one more lock in the open one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn raise(tx: &mut Tx, user: UserId, place: &str) -> Result<AccessAlertId, StoreError> {
    let (id, now): (AccessAlertId, _) = (tx.fresh(), tx.now());
    let sql = "INSERT INTO access_alerts (id, user_id, place, locks, opened_at, last_at) \
               VALUES ($1, $2, $3, 1, $4, $4) ON CONFLICT (user_id) WHERE closed_at IS NULL \
               DO UPDATE SET locks = access_alerts.locks + 1, last_at = excluded.last_at, place = excluded.place \
               RETURNING id";
    tx.query(sql).bind(id).bind(user).bind(place).bind(now).fetch_one().await?.get("id")
}

/// Alerts, the open ones first, then the newest.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alerts(conn: &mut Conn, limit: u32) -> Result<Vec<Alert>, StoreError> {
    let sql = "SELECT * FROM access_alerts ORDER BY (CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END), id DESC LIMIT $1";
    conn.query(sql).bind(limit).all().await
}

/// An alert.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alert(conn: &mut Conn, id: AccessAlertId) -> Result<Option<Alert>, StoreError> {
    conn.query("SELECT * FROM access_alerts WHERE id = $1").bind(id).optional().await
}

/// Closes an open alert; `false` when it was closed before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn close(tx: &mut Tx, id: AccessAlertId, by: UserId, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE access_alerts SET closed_at = $1, closed_by = $2, reason = $3 WHERE id = $4 AND closed_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(by).bind(reason).bind(id).execute().await? > 0)
}
