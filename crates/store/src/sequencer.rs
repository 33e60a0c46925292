//! From committed events to the log: indices, tiles, checkpoint, live listeners.
//!
//! The order of steps makes every crash harmless. Indices are committed first; tiles are a function of the rows, so
//! writing them again writes the same bytes; the checkpoint names them only when they are durable; and each run
//! begins with what the checkpoint does not cover yet.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use countersign_ledger::{LogState, VerifierKey};
use countersign_model::{EventId, Instant, ItemId, ProjectId, SessionId, UserId};
use tokio::sync::{Mutex, broadcast, watch};
use uuid::Uuid;

use crate::{
    Conn, Engine, Store, StoreError, Tx,
    log::{LogFolder, fault},
    value::row,
};

/// Most events in one checkpoint.
const BATCH_EVENTS_MAX: u32 = 4_096;
/// Events that a slow live listener may lag behind before it misses some.
const LISTENER_EVENTS_MAX: usize = 4_096;
/// How long the background task waits at most before it looks again, milliseconds.
const POLL_MILLIS: u64 = 1_000;
/// How long it gathers commits before it writes a checkpoint, milliseconds.
const GATHER_MILLIS: u64 = 150;
/// For how long the log may fail to be extended, or take to be written, before nothing is shown any more, seconds: a disk that is full is told
/// before anybody has looked at much that no checkpoint covers.
pub const LOG_STOPPED_SECONDS: i64 = 30;
/// Key of the PostgreSQL advisory lock around the assignment of indices.
const SEQUENCE_LOCK: i64 = 0x636f_756e_7465_7202;
/// Key of the PostgreSQL advisory lock that writes share while their events are on the way.
pub(crate) const SETTLE_LOCK: i64 = 0x636f_756e_7465_7203;

row! {
    /// An event that has its place in the log, as live listeners get it.
    Sequenced {
        /// Index in the log.
        log_index: u64,
        /// Id.
        id: EventId,
        /// When.
        at: Instant,
        /// Account, for persons and their tokens.
        actor_user: Option<UserId>,
        /// `person`, `token`, `console`, `model` or `system`.
        actor_kind: String,
        /// Session.
        session_id: Option<SessionId>,
        /// What was done.
        action: String,
        /// Kind of the object.
        object_kind: String,
        /// The object.
        object_id: Option<Uuid>,
        /// Project.
        project_id: Option<ProjectId>,
        /// Item.
        item_id: Option<ItemId>,
        /// `ok`, `refused` …
        outcome: String,
        /// Reason code.
        reason: Option<String>,
        /// The exact bytes that the log holds.
        entry: Vec<u8>,
    }
}

/// What the sequencer keeps between runs.
pub(crate) struct Sequencer {
    pub folder: Arc<LogFolder>,
    state: Mutex<Option<LogState>>,
    listeners: broadcast::Sender<Arc<Sequenced>>,
    /// Size of the log under the newest checkpoint that this process wrote.
    pub size: watch::Sender<u64>,
    health: std::sync::Mutex<Health>,
}

/// How writing the log goes. Moments are on the clock that nobody can set, microseconds.
#[derive(Default)]
struct Health {
    /// Since when it fails to be extended; absent while it does not.
    failing: Option<i64>,
    /// When each call that still writes began. A folder that hangs answers none of them.
    writing: BTreeMap<u64, i64>,
    /// How many began so far.
    begun: u64,
    /// When something was last written: catching up with many events takes long and is no hang.
    progressed: i64,
}

impl Health {
    /// Since when nothing could be written that is to be.
    fn stuck_since(&self) -> Option<i64> {
        let waiting = self.writing.values().min().map(|began| self.progressed.max(*began));
        self.failing.into_iter().chain(waiting).min()
    }
}

/// A call that writes the log; ended when it is dropped.
pub(crate) struct Writing<'a>(&'a Sequencer, u64);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.health().writing.remove(&self.1);
    }
}

impl Sequencer {
    pub(crate) fn new(folder: LogFolder) -> Self {
        let (listeners, _) = broadcast::channel(LISTENER_EVENTS_MAX);
        Self {
            folder: Arc::new(folder),
            state: Mutex::new(None),
            listeners,
            size: watch::Sender::new(0),
            health: std::sync::Mutex::default(),
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Remembers whether the log could be extended.
    fn note(&self, is_well: bool, steady_micros: i64) {
        let mut health = self.health();
        health.failing = if is_well { None } else { health.failing.or(Some(steady_micros)) };
    }

    fn begin(&self, steady_micros: i64) -> Writing<'_> {
        let mut health = self.health();
        health.begun += 1;
        let number = health.begun;
        health.writing.insert(number, steady_micros);
        Writing(self, number)
    }
}

/// Gives the next waiting events their indices, in the order of `ord`.
const ASSIGN: &str = "UPDATE events SET log_index = n.log_index FROM (SELECT ord, \
    (SELECT COALESCE(MAX(log_index), -1) FROM events WHERE log_index IS NOT NULL) + ROW_NUMBER() OVER (ORDER BY ord) \
    AS log_index FROM (SELECT ord FROM events WHERE log_index IS NULL AND ord <= $1 ORDER BY ord LIMIT $2) w) n \
    WHERE events.ord = n.ord";

async fn assign(tx: &mut Tx, horizon: i64) -> Result<u64, StoreError> {
    if tx.engine() == Engine::Postgres {
        tx.query("SELECT pg_advisory_xact_lock($1)").bind(SEQUENCE_LOCK).fetch_all().await?;
    }
    tx.query(ASSIGN).bind(horizon).bind(BATCH_EVENTS_MAX).execute().await
}

/// Up to which `ord` every event is committed, so that no smaller one can still appear.
///
/// SQLite writes one transaction at a time. On PostgreSQL each write holds [`SETTLE_LOCK`] shared from the moment it
/// takes its `ord`s until it ends; whoever gets the lock alone sees all of them. The writes wait for nothing else
/// meanwhile, so this takes no longer than a commit. A cause is committed before its effect takes its `ord`:
/// the order of `ord` never puts an effect first.
async fn horizon(tx: &mut Tx) -> Result<i64, StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(i64::MAX);
    }
    tx.query("SELECT pg_advisory_xact_lock($1)").bind(SETTLE_LOCK).fetch_all().await?;
    tx.query("SELECT COALESCE(MAX(ord), 0) AS ord FROM events").fetch_one().await?.get("ord")
}

async fn is_waiting(conn: &mut Conn) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM events WHERE log_index IS NULL LIMIT 1";
    Ok(conn.query(sql).fetch_optional().await?.is_some())
}

impl Store {
    /// Brings the log up to date: every event committed before the call is in the tiles and under the signed
    /// checkpoint when it returns. Returns the size of the log. Safe to call from several processes and after any crash.
    ///
    /// # Errors
    /// [`StoreError::Log`] when files and rows disagree: then the log is left as it is. [`StoreError::Io`],
    /// [`StoreError::DiskFull`].
    pub async fn sequence(&self) -> Result<u64, StoreError> {
        let writing = self.writing_log();
        let extended = self.extend_log().await;
        drop(writing);
        if extended.is_err() {
            self.note_log(false);
        }
        extended
    }

    /// Remembers how writing the log went: well only once a checkpoint is signed and kept too.
    pub(crate) fn note_log(&self, is_well: bool) {
        self.shared.sequencer.note(is_well, self.clock().steady_micros());
    }

    /// Remembers that the log is being written until the answer is dropped.
    pub(crate) fn writing_log(&self) -> Writing<'_> {
        self.shared.sequencer.begin(self.clock().steady_micros())
    }

    /// Whether nothing could be written to the log for longer than [`LOG_STOPPED_SECONDS`], because it fails or because it
    /// does not answer.
    pub fn is_log_stopped(&self) -> bool {
        self.log_stopped_since().is_some()
    }

    /// Since when the log is stopped; absent while it is not.
    pub fn log_stopped_since(&self) -> Option<Instant> {
        let since = self.shared.sequencer.health().stuck_since()?;
        let micros = self.clock().steady_micros() - since;
        (micros > LOG_STOPPED_SECONDS * 1_000_000).then(|| Instant(self.clock().now().0 - micros))
    }

    async fn extend_log(&self) -> Result<u64, StoreError> {
        let sequencer = &self.shared.sequencer;
        let mut state = sequencer.state.lock().await;
        let folder = Arc::clone(&sequencer.folder);
        let known = state.take();
        let (lock, mut current) = blocking(move || Ok((folder.lock()?, folder.state(known)?))).await?;
        loop {
            let waiting = is_waiting(&mut *self.read().await?).await?;
            if waiting {
                let horizon = self.housekeep(|tx| Box::pin(horizon(tx))).await?;
                self.housekeep(move |tx| Box::pin(assign(tx, horizon))).await?;
            }
            let rows = self.sequenced_from(current.size(), BATCH_EVENTS_MAX).await?;
            if rows.is_empty() {
                break;
            }
            current = self.append(current, rows).await?;
        }
        self.check_not_ahead(current.size()).await?;
        drop(lock);
        let size = current.size();
        *state = Some(current);
        sequencer.size.send_if_modified(|known| std::mem::replace(known, size) != size);
        Ok(size)
    }

    /// Rows that have an index from `first` on, in order.
    pub(crate) async fn sequenced_from(&self, first: u64, limit: u32) -> Result<Vec<Sequenced>, StoreError> {
        let sql = "SELECT log_index, id, at, actor_user, actor_kind, session_id, action, object_kind, object_id, project_id, \
                   item_id, outcome, reason, entry FROM events WHERE log_index >= $1 ORDER BY log_index LIMIT $2";
        self.read().await?.query(sql).bind(first).bind(limit).scanning().all().await
    }

    async fn append(&self, state: LogState, rows: Vec<Sequenced>) -> Result<LogState, StoreError> {
        for (row, index) in rows.iter().zip(state.size()..) {
            if row.log_index != index {
                return Err(fault(&format!("the database has no event with index {index}")));
            }
        }
        let (folder, now) = (Arc::clone(&self.shared.sequencer.folder), self.clock().now());
        let (next, rows) = blocking(move || {
            let entries: Vec<_> = rows.iter().map(|row| row.entry.as_slice()).collect();
            let batch = state.append(&entries).map_err(|error| fault(&error.to_string()))?;
            folder.write_tiles(&batch)?;
            folder.commit(&batch, now)?;
            Ok((batch.next, rows))
        })
        .await?;
        self.shared.sequencer.health().progressed = self.clock().steady_micros();
        for row in rows {
            // Nobody may be listening.
            let _ = self.shared.sequencer.listeners.send(Arc::new(row));
        }
        Ok(next)
    }

    /// A log that holds more than the database knows means that the database was put back to an older state.
    async fn check_not_ahead(&self, size: u64) -> Result<(), StoreError> {
        let sql = "SELECT COALESCE(MAX(log_index), -1) + 1 AS n FROM events WHERE log_index IS NOT NULL";
        let rows: u64 = self.read().await?.query(sql).fetch_one().await?.get("n")?;
        if rows < size {
            return Err(fault(&format!("the log has {size} entries, the database only {rows}")));
        }
        Ok(())
    }

    /// Events from now on, in the order of the log.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Sequenced>> {
        self.shared.sequencer.listeners.subscribe()
    }

    /// Starts the background task that keeps the log up to date and its checkpoint fresh (signed again every
    /// [`crate::checkpoints::SIGN_EVERY_SECONDS`] while nothing happens); it ends with the last clone of this store.
    pub fn spawn_sequencer(&self) -> tokio::task::JoinHandle<()> {
        let (shared, committed) = (Arc::downgrade(&self.shared), Arc::clone(&self.shared.committed));
        tokio::spawn(async move {
            loop {
                let poll = Duration::from_millis(POLL_MILLIS);
                if tokio::time::timeout(poll, committed.notified()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(GATHER_MILLIS)).await;
                }
                let Some(shared) = shared.upgrade() else { return };
                let store = Store { shared };
                // A stamp that needs no writing says nothing of a log that cannot be extended.
                let outcome = match store.sequence().await {
                    Ok(_) => store.stamp_checkpoint().await,
                    Err(error) => Err(error),
                };
                if let Err(error) = outcome {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the evidence log could not be extended"
                    );
                    tokio::time::sleep(poll).await;
                }
            }
        })
    }

    /// Sizes of the log as this process extends it: changes whenever there is a new checkpoint.
    pub fn watch_size(&self) -> watch::Receiver<u64> {
        self.shared.sequencer.size.subscribe()
    }

    /// The public key of the log in the one-line form of signed notes.
    pub fn log_key(&self) -> String {
        self.shared.sequencer.folder.key().to_string()
    }

    /// The same, for verifying.
    pub fn verifier(&self) -> VerifierKey {
        self.shared.sequencer.folder.key().clone()
    }

    /// A file of the log (`checkpoint`, `tile/…`) by its path; `None` for what is not there or no path of a log.
    ///
    /// # Errors
    /// [`StoreError::Log`] when it cannot be read.
    pub async fn log_file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (folder, path) = (Arc::clone(&self.shared.sequencer.folder), path.to_owned());
        blocking(move || folder.file(&path)).await
    }
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Abandoned)?
}
