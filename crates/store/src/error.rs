//! What can go wrong in the store.

use std::path::Path;

/// An error of the store. Its text names the place (a table, a zone, a file of the data directory) and never
/// repeats what was stored there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A write changed rows without recording an event: nothing was committed.
    #[error("a write changed state without recording evidence; nothing was committed")]
    NoEvidence,
    /// The row asked for does not exist.
    #[error("no such row in {place}")]
    NotFound {
        /// Table.
        place: &'static str,
    },
    /// A unique rule of the schema refused the row: somebody else was first.
    #[error("{place} already exists")]
    Conflict {
        /// Name of the rule or table as the database gives it.
        place: String,
    },
    /// A reference or check of the schema refused the row.
    #[error("the database refused a row: {place}")]
    Constraint {
        /// Name of the rule or table as the database gives it.
        place: String,
    },
    /// The database was busy longer than the limit, or chose this transaction as the victim of a deadlock. Try again.
    #[error("the database is busy")]
    Busy,
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds something that this version cannot read.
    #[error("column {column} holds {message}")]
    Column {
        /// Column name.
        column: String,
        /// What is wrong with it.
        message: String,
    },
    /// The evidence log could not be extended for longer than [`crate::LOG_STOPPED_SECONDS`]: nothing is shown.
    #[error("the evidence log cannot be written")]
    LogStopped,
    /// No space is left.
    #[error("no space left while writing {place}")]
    DiskFull {
        /// What was being written.
        place: String,
    },
    /// A file operation failed.
    #[error("could not access {place}")]
    Io {
        /// What was being read or written.
        place: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// Bytes at this address exist already and differ, or are damaged.
    #[error("stored bytes at {place} do not match their address")]
    Damaged {
        /// Address.
        place: String,
    },
    /// The bytes are about somebody who was erased: their key is destroyed.
    #[error("the key to these bytes was destroyed")]
    Erased,
    /// A place of secrets that can be taken away is away: the vault, the keyring.
    #[error("the {place} is offline")]
    Offline {
        /// Which.
        place: &'static str,
    },
    /// The database was written by a newer version of the program.
    #[error("the database has schema version {found}, this program knows {known}; use the newer program")]
    NewerSchema {
        /// Version found.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// An evidence entry beyond its limits.
    #[error("evidence of {action}: {message}")]
    Evidence {
        /// Action word.
        action: String,
        /// What is wrong.
        message: String,
    },
    /// The log on disk and the rows disagree.
    #[error("evidence log: {message}")]
    Log {
        /// Place and kind of the disagreement.
        message: String,
    },
    /// The log is damaged, or rows are missing, extra, changed or out of order; names the index.
    #[error("evidence log: {0}")]
    LogFault(#[from] countersign_ledger::LogFault),
    /// The group of writes that this one was in could not be committed; nothing of it remains.
    #[error("the write was not committed: {message}")]
    NotCommitted {
        /// What the database said.
        message: String,
    },
    /// A backup file that cannot be restored.
    #[error("backup: {message}")]
    Backup {
        /// What is wrong and where.
        message: String,
    },
    /// The work given to the writer panicked; its changes were rolled back.
    #[error("a write was abandoned because its code failed")]
    Abandoned,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// An I/O error at a place; a full disk becomes [`StoreError::DiskFull`].
    pub(crate) fn io(place: impl Into<String>, source: std::io::Error) -> Self {
        let place = place.into();
        if is_full(source.kind()) { Self::DiskFull { place } } else { Self::Io { place, source } }
    }

    /// An I/O error at a file of the data directory, named by its last component only.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        let name =
            path.file_name().map_or_else(|| "data directory".into(), |n| n.to_string_lossy().into_owned());
        Self::io(name, source)
    }

    /// Whether the same call may succeed when tried again.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Whether a file could not grow: the disk is full, or the system lets this account or process have no more.
pub const fn is_full(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | FileTooLarge)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode, ffi};
        let rusqlite::Error::SqliteFailure(code, message) = &error else {
            return Self::Database(Box::new(error));
        };
        // "UNIQUE constraint failed: tasks.id"
        let place = || match message.as_deref().and_then(|message| message.rsplit(": ").next()) {
            Some(place) => place.to_owned(),
            None => "row".to_owned(),
        };
        match (code.extended_code, code.code) {
            (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, _) => {
                Self::Conflict { place: place() }
            }
            (ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_CHECK, _) => {
                Self::Constraint { place: place() }
            }
            (_, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            (_, ErrorCode::DiskFull) => Self::DiskFull { place: "database".into() },
            _ => Self::Database(Box::new(error)),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut => Self::Busy,
                sqlx::Error::PoolClosed => Self::Closed,
                other => Self::Database(Box::new(other)),
            };
        };
        let place = || {
            database.constraint().or_else(|| database.table()).map_or_else(
                || database.message().rsplit(": ").next().unwrap_or("row").to_owned(),
                ToOwned::to_owned,
            )
        };
        if database.is_unique_violation() {
            return Self::Conflict { place: place() };
        }
        if database.is_foreign_key_violation() || database.is_check_violation() {
            return Self::Constraint { place: place() };
        }
        match database.code().unwrap_or_default().as_ref() {
            "40001" | "40P01" | "55P03" => Self::Busy,
            "53100" => Self::DiskFull { place: "database".into() },
            _ => Self::Database(Box::new(error)),
        }
    }
}
