//! What the installation remembers about itself, by key.

use crate::{Conn, StoreError, Tx};

/// The value of a key.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn value(conn: &mut Conn, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = conn.query("SELECT value FROM settings WHERE key = $1").bind(key).fetch_optional().await?;
    row.map(|row| row.get("value")).transpose()
}

/// Sets the value of a key.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set(tx: &mut Tx, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
    let sql = "INSERT INTO settings (key, value) VALUES ($1, $2) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.query(sql).bind(key).bind(value).execute().await?;
    Ok(())
}
