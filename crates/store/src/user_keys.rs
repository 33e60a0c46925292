//! The keys that people chose for the page.

use countersign_model::{Instant, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// What one person chose.
    UserKeys in "user_keys" {
        /// Whose.
        user_id: UserId,
        /// The choice as JSON; its form is the business of whoever keeps it.
        body: String,
        /// When it was made.
        at: Instant,
    }
}

/// What a person chose; nothing for those who changed nothing.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of(conn: &mut Conn, user: UserId) -> Result<Option<UserKeys>, StoreError> {
    conn.query("SELECT * FROM user_keys WHERE user_id = $1").bind(user).optional().await
}

/// Keeps a choice in the place of the one before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set(tx: &mut Tx, user: UserId, body: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO user_keys (user_id, body, at) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id) DO UPDATE SET body = excluded.body, at = excluded.at";
    tx.query(sql).bind(user).bind(body).bind(now).execute().await.map(drop)
}
