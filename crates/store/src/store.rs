//! Opening a store, reading and writing.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use countersign_model::{Clock, Ids, Instant};
use futures::future::BoxFuture;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::Notify;

use crate::{
    Actor, ClearedBlobs, Conn, Engine, PaperBlobs, QuarantineBlobs, Reader, ReleasedBlobs, StoreError, Tx,
    VaultBlobs,
    conn::Link,
    exposures::Remembered,
    keyring::Keyring,
    keys::Keys,
    log::LogFolder,
    schema,
    sequencer::Sequencer,
    sqlite::{Lite, Pool, Purpose},
    tx::Context,
    vault::Vault,
    write::Writer,
};

/// How long a caller waits for a pooled connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections of PostgreSQL for writes, and as many again for reads.
const POSTGRES_CONNECTIONS_MAX: u32 = 12;
/// Prepared statements kept per connection of PostgreSQL.
const STATEMENTS_CACHED_MAX: usize = 500;

/// Where a store keeps things.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The data directory: database (SQLite), blobs, log, keys; vault and keyring unless they are elsewhere.
    pub data: PathBuf,
    /// `postgres://…` to keep rows there instead of in SQLite.
    pub database: Option<String>,
    /// Where the vault is, if not in `vault/` of the data directory.
    pub vault: Option<PathBuf>,
    /// Where the keyring is, if not in `keyring/` of the data directory.
    pub keyring: Option<PathBuf>,
}

impl StoreConfig {
    /// The folder of the vault.
    pub(crate) fn vault_folder(&self) -> PathBuf {
        self.vault.clone().unwrap_or_else(|| self.data.join("vault"))
    }

    /// The folder of the keyring.
    pub(crate) fn keyring_folder(&self) -> PathBuf {
        self.keyring.clone().unwrap_or_else(|| self.data.join("keyring"))
    }

    /// SQLite in a data directory.
    pub fn sqlite(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), database: None, vault: None, keyring: None }
    }
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub data: PathBuf,
    pub context: Context,
    writer: Writer,
    readers: Readers,
    quarantine: QuarantineBlobs,
    cleared: ClearedBlobs,
    vault_zone: VaultBlobs,
    papers: PaperBlobs,
    vault: Arc<Vault>,
    keyring: Arc<Keyring>,
    released: ReleasedBlobs,
    pub remembered: Remembered,
    pub sequencer: Sequencer,
    /// Rung after each commit.
    pub committed: Arc<Notify>,
}

enum Readers {
    Sqlite(Pool),
    Postgres(PgPool),
}

impl Store {
    /// Opens (and on first start creates) a store.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] for a database of a newer program; otherwise what failed.
    pub async fn open(
        config: &StoreConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&config.data).map_err(|error| StoreError::file(&config.data, error))?;
        let keys = Arc::new(Keys::open(&config.data)?);
        let key_folder = config.data.join("keys");
        let keyring = Arc::new(Keyring::open(&key_folder, config.keyring_folder())?);
        let vault = Arc::new(Vault::open(&key_folder, config.vault_folder())?);
        let now = clock.now();
        let context = Context { clock, ids, keys, watch: Arc::default() };
        let committed = Arc::new(Notify::new());
        let (writer, readers) = match &config.database {
            None => open_sqlite(config, &context, &committed).await?,
            Some(url) => open_postgres(url).await?,
        };
        context.watch.go_on_from(newest_event(&readers).await?);
        let (data, keys) = (config.data.as_path(), &context.keys);
        let is_unsequenced = is_unsequenced(&readers).await?;
        let folder = LogFolder::open(data, keys, is_unsequenced, now)?;
        let shared = Shared {
            data: config.data.clone(),
            writer,
            readers,
            quarantine: QuarantineBlobs::open(data, keys, &keyring)?,
            cleared: ClearedBlobs::open(data, keys, &keyring)?,
            vault_zone: VaultBlobs::open(data, keys, &keyring)?,
            papers: PaperBlobs::open(data, keys, &keyring)?,
            released: ReleasedBlobs::open(data, keys, &keyring)?,
            vault,
            keyring,
            remembered: Remembered::default(),
            sequencer: Sequencer::new(folder),
            committed,
            context,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Which database keeps the rows.
    pub fn engine(&self) -> Engine {
        match self.shared.readers {
            Readers::Sqlite(_) => Engine::Sqlite,
            Readers::Postgres(_) => Engine::Postgres,
        }
    }

    /// The installation's keys.
    pub fn keys(&self) -> &Keys {
        &self.shared.context.keys
    }

    /// The clock that the store was opened with.
    pub fn clock(&self) -> &dyn Clock {
        self.shared.context.clock.as_ref()
    }

    /// The source of ids that the store was opened with.
    pub fn ids(&self) -> &dyn Ids {
        self.shared.context.ids.as_ref()
    }

    /// Bytes as they came in.
    pub fn quarantine(&self) -> &QuarantineBlobs {
        &self.shared.quarantine
    }

    /// Bytes that passed the gate.
    pub fn cleared(&self) -> &ClearedBlobs {
        &self.shared.cleared
    }

    /// Originals that were moved out of quarantine.
    pub fn vault_zone(&self) -> &VaultBlobs {
        &self.shared.vault_zone
    }

    /// Documents about staff.
    pub fn papers(&self) -> &PaperBlobs {
        &self.shared.papers
    }

    /// The secrets that lead back to people.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.shared.vault
    }

    /// The keys of subjects.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.shared.keyring
    }

    /// Packages of releases.
    pub fn released(&self) -> &ReleasedBlobs {
        &self.shared.released
    }

    /// A fresh path for a temporary file on the same file system as the blobs. Whoever makes the file removes it, or
    /// gives it away with [`ReleasedBlobs::adopt`].
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be made.
    pub fn scratch(&self) -> Result<PathBuf, StoreError> {
        let folder = self.shared.data.join("scratch");
        std::fs::create_dir_all(&folder).map_err(|error| StoreError::file(&folder, error))?;
        Ok(folder.join(self.ids().fresh().to_string()))
    }

    /// The only way to change anything. The closure's changes and its evidence commit together, durably, before this
    /// returns; on `Err`, or when it changed rows without [`Tx::record`], nothing of it remains.
    ///
    /// Never wait for the network or another write inside the closure: on SQLite everybody waits for it.
    ///
    /// # Errors
    /// Whatever the closure returns, and [`StoreError`] converted to it.
    pub async fn write<T, E, F>(&self, actor: Actor, closure: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_with(actor, true, closure).await
    }

    /// A write without evidence: for `last_seen_at`, job leases, log indices and the like, inside this crate only.
    pub(crate) async fn housekeep<T, F>(&self, closure: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        self.write_with(Actor::system(), false, closure).await
    }

    async fn write_with<T, E, F>(&self, actor: Actor, evidence_needed: bool, closure: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let shared = &self.shared;
        shared.writer.write(&shared.context, &shared.committed, actor, evidence_needed, closure).await
    }

    /// Ends the store: waits for open connections, no write is taken after it. Clones end with it.
    pub async fn close(&self) {
        self.shared.writer.close().await;
        match &self.shared.readers {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection for reading; each statement sees the newest committed state.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when none became free in time.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        self.shared.readers.acquire().await
    }

    /// A connection for reading one state: all its statements see the same moment.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when none became free in time.
    pub async fn snapshot(&self) -> Result<Reader, StoreError> {
        let link = match &self.shared.readers {
            Readers::Sqlite(pool) => Link::SqlitePooled(pool.acquire(PATIENCE, true).await?),
            Readers::Postgres(pool) => {
                Link::PostgresTx(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Reader(Conn::new(link)))
    }
}

impl Readers {
    async fn acquire(&self) -> Result<Reader, StoreError> {
        let link = match self {
            Self::Sqlite(pool) => Link::SqlitePooled(pool.acquire(PATIENCE, false).await?),
            Self::Postgres(pool) => Link::PostgresPooled(pool.acquire().await?),
        };
        Ok(Reader(Conn::new(link)))
    }
}

/// When the newest event was.
async fn newest_event(readers: &Readers) -> Result<Option<Instant>, StoreError> {
    let row = readers
        .acquire()
        .await?
        .query("SELECT at FROM events ORDER BY ord DESC LIMIT 1")
        .fetch_optional()
        .await?;
    row.map(|row| row.get("at")).transpose()
}

/// Whether no event has a place in a log yet: only then may a log begin.
async fn is_unsequenced(readers: &Readers) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM events WHERE log_index IS NOT NULL LIMIT 1";
    Ok(readers.acquire().await?.query(sql).fetch_optional().await?.is_none())
}

async fn open_sqlite(
    config: &StoreConfig,
    context: &Context,
    committed: &Arc<Notify>,
) -> Result<(Writer, Readers), StoreError> {
    let path = config.data.join("countersign.db");
    let writing = migrate_sqlite(Lite::open(&path, Purpose::Writing)?).await?;
    let writer = Writer::sqlite(writing, context.clone(), Arc::clone(committed))?;
    Ok((writer, Readers::Sqlite(Pool::new(path))))
}

async fn migrate_sqlite(mut lite: Lite) -> Result<Lite, StoreError> {
    lite.run("BEGIN IMMEDIATE")?;
    let mut conn = Conn::new(Link::Sqlite(lite));
    // On error the connection is dropped, which rolls back.
    schema::migrate(&mut conn).await?;
    let Link::Sqlite(mut lite) = conn.link else { return Err(StoreError::Closed) };
    lite.run("COMMIT")?;
    Ok(lite)
}

async fn open_postgres(url: &str) -> Result<(Writer, Readers), StoreError> {
    let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(STATEMENTS_CACHED_MAX);
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS_MAX).acquire_timeout(PATIENCE);
    let writing = pool.clone().connect_with(options.clone()).await?;
    let mut conn = Conn::new(Link::PostgresTx(writing.begin().await?));
    schema::migrate(&mut conn).await?;
    let Link::PostgresTx(transaction) = conn.link else { return Err(StoreError::Closed) };
    transaction.commit().await?;
    let reading = options.options([("default_transaction_read_only", "on")]);
    Ok((Writer::Postgres(writing), Readers::Postgres(pool.connect_lazy_with(reading))))
}
