//! Signed-in sessions and API tokens. Only hashes of the secrets are kept.

use countersign_model::{Instant, SessionId, TokenId, UserId};

use crate::{Conn, Store, StoreError, Tx, value::record};

record! {
    /// A signed-in session.
    Session in "sessions" {
        /// Id.
        id: SessionId,
        /// Whose.
        user_id: UserId,
        /// SHA-256 of the cookie's secret.
        token_hash: Vec<u8>,
        /// Signed in.
        created_at: Instant,
        /// Last request.
        last_seen_at: Instant,
        /// Ends at the latest.
        expires_at: Instant,
        /// Ended.
        ended_at: Option<Instant>,
        /// Password last entered again for signing.
        verified_at: Option<Instant>,
        /// When something was last signed in it.
        signed_at: Option<Instant>,
    }
}

record! {
    /// An API token.
    Token in "tokens" {
        /// Id.
        id: TokenId,
        /// Whose.
        user_id: UserId,
        /// Name given by its owner.
        name: String,
        /// SHA-256 of the secret.
        token_hash: Vec<u8>,
        /// Made.
        created_at: Instant,
        /// Last used.
        last_used_at: Option<Instant>,
        /// Ended.
        ended_at: Option<Instant>,
        /// Ends by itself; absent in what was restored from a backup of before tokens did.
        expires_at: Option<Instant>,
    }
}

/// Opens a session.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, session: Session) -> Result<(), StoreError> {
    tx.insert(session).await
}

/// The session of a secret, ended or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_hash(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<Session>, StoreError> {
    conn.query("SELECT * FROM sessions WHERE token_hash = $1").bind(token_hash).optional().await
}

/// Ends a session; `false` when it had ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end(tx: &mut Tx, id: SessionId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(id).execute().await? > 0)
}

/// Ends every session of an account, except one if given.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_all(tx: &mut Tx, user: UserId, except: Option<SessionId>) -> Result<u64, StoreError> {
    let now = tx.now();
    let sql = "UPDATE sessions SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL AND id <> $3";
    let nobody = SessionId(uuid::Uuid::nil());
    tx.query(sql).bind(now).bind(user).bind(except.unwrap_or(nobody)).execute().await
}

/// Notes that the password was entered again now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_verified(tx: &mut Tx, id: SessionId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE sessions SET verified_at = $1 WHERE id = $2";
    tx.query(sql).bind(now).bind(id).execute().await.map(drop)
}

/// When something was last signed in a session.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn signed_at(conn: &mut Conn, id: SessionId) -> Result<Option<Instant>, StoreError> {
    let row = conn.query("SELECT signed_at FROM sessions WHERE id = $1").bind(id).fetch_optional().await?;
    Ok(row.map(|row| row.get("signed_at")).transpose()?.flatten())
}

/// Makes an API token.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_token(tx: &mut Tx, token: Token) -> Result<(), StoreError> {
    tx.insert(token).await
}

/// The token of a secret, ended or not.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn token_by_hash(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<Token>, StoreError> {
    conn.query("SELECT * FROM tokens WHERE token_hash = $1").bind(token_hash).optional().await
}

/// An account's tokens that have not ended.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn tokens_of(conn: &mut Conn, user: UserId) -> Result<Vec<Token>, StoreError> {
    let sql = "SELECT * FROM tokens WHERE user_id = $1 AND ended_at IS NULL ORDER BY id";
    conn.query(sql).bind(user).all().await
}

/// Ends an account's token; `false` when there is no such token.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_token(tx: &mut Tx, user: UserId, id: TokenId) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE tokens SET ended_at = $1 WHERE id = $2 AND user_id = $3 AND ended_at IS NULL";
    Ok(tx.query(sql).bind(now).bind(id).bind(user).execute().await? > 0)
}

/// Ends every token of an account.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_all_tokens(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    let now = tx.now();
    let sql = "UPDATE tokens SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL";
    tx.query(sql).bind(now).bind(user).execute().await
}

impl Store {
    /// Moves `last_seen_at` of a session on. Without evidence: the session's acts carry their own. Call it once a
    /// minute, not at each request.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn touch_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.housekeep(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let sql = "UPDATE sessions SET last_seen_at = $1 WHERE id = $2";
                tx.query(sql).bind(now).bind(id).execute().await.map(drop)
            })
        })
        .await
    }

    /// Notes that something was signed in a session. Without evidence: the signature carries its own.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn touch_signing(&self, id: SessionId) -> Result<(), StoreError> {
        self.housekeep(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let sql = "UPDATE sessions SET signed_at = $1 WHERE id = $2";
                tx.query(sql).bind(now).bind(id).execute().await.map(drop)
            })
        })
        .await
    }

    /// Moves `last_used_at` of a token on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn touch_token(&self, id: TokenId) -> Result<(), StoreError> {
        self.housekeep(move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let sql = "UPDATE tokens SET last_used_at = $1 WHERE id = $2";
                tx.query(sql).bind(now).bind(id).execute().await.map(drop)
            })
        })
        .await
    }
}
