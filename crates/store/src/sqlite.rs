//! SQLite, called directly: a statement is a function call on the thread that wants its rows, not a message to another
//! thread. Handing a statement over and waiting for its answer costs ten times what the statement itself does.

use std::{
    cell::Cell as Counter,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{
    CachedStatement, Connection, OpenFlags,
    types::{ToSql, ToSqlOutput, Value as Cell, ValueRef},
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{StoreError, Value};

/// How long a statement waits for another process that writes the same file, seconds.
const BUSY_SECONDS: u64 = 30;
/// Prepared statements kept per connection.
const STATEMENTS_CACHED_MAX: usize = 500;
/// Reading connections.
const READERS_MAX: u32 = 8;
/// Pages of the write-ahead file (4 KiB each) from which it is worth moving them into the database.
const CHECKPOINT_PAGES: i32 = 4_000;

thread_local! {
    /// Pages that the write-ahead file had after the newest commit of this thread.
    static WAL_PAGES: Counter<i32> = const { Counter::new(0) };
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The one that writes; makes the file if need be.
    Writing,
    /// Reading only.
    Reading,
}

/// One connection.
pub(crate) struct Lite(Connection);

/// One row of a result.
#[derive(Debug)]
pub struct LiteRow {
    columns: Arc<[String]>,
    cells: Vec<Cell>,
}

impl LiteRow {
    /// What a column holds; `None` when the result has no such column.
    pub(crate) fn cell(&self, column: &str) -> Option<&Cell> {
        self.columns.iter().position(|name| name == column).and_then(|at| self.cells.get(at))
    }
}

impl Lite {
    pub fn open(path: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if purpose == Purpose::Writing {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(BUSY_SECONDS))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        connection.execute_batch(match purpose {
            // Keys of images are random, so an import comes back to pages all over an index: 32 MiB keep them near.
            // A write-ahead file that grew with a large write shrinks to 64 MiB again.
            // What an erasure takes out of a row is zeroed in the file too.
            Purpose::Writing => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA secure_delete = ON; \
                 PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864"
            }
            Purpose::Reading => "PRAGMA foreign_keys = ON; PRAGMA query_only = ON",
        })?;
        if purpose == Purpose::Writing {
            // Replaces SQLite's own way of tidying the write-ahead file within the commit, while everybody waits.
            connection.wal_hook(Some(|_, pages| {
                WAL_PAGES.set(pages);
                Ok(())
            }));
        }
        Ok(Self(connection))
    }

    /// Moves the write-ahead file into the database when it is long enough. What is committed is durable without it:
    /// this may happen after the answer.
    pub fn tidy(&mut self) -> Result<(), StoreError> {
        if WAL_PAGES.get() < CHECKPOINT_PAGES {
            return Ok(());
        }
        WAL_PAGES.set(0);
        self.run("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// A statement without values and rows, such as `COMMIT`.
    pub fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(finish(&mut statement)?)
    }

    /// Runs a statement; the number of rows changed.
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let before = self.0.total_changes();
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        finish(&mut statement)?;
        drop(statement);
        Ok(self.0.total_changes() - before)
    }

    /// Runs a statement with nameless placeholders once for each row; the number of rows changed.
    pub fn execute_each(
        &mut self,
        sql: &str,
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let before = self.0.total_changes();
        let mut statement = self.0.prepare_cached(sql)?;
        for row in rows {
            for (at, value) in (1..).zip(&row) {
                statement.raw_bind_parameter(at, value)?;
            }
            finish(&mut statement)?;
        }
        drop(statement);
        Ok(self.0.total_changes() - before)
    }

    /// Gives each row to `visit` as it is found.
    pub fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        mut visit: impl FnMut(LiteRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let mut columns = None;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let columns = Arc::clone(columns.get_or_insert_with(|| {
                row.as_ref().column_names().into_iter().map(ToOwned::to_owned).collect()
            }));
            let cells = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
            visit(LiteRow { columns, cells })?;
        }
        Ok(())
    }

    /// All rows.
    pub fn fetch(&mut self, sql: &str, values: &[Value]) -> Result<Vec<LiteRow>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, values, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Closes; what the write-ahead file holds moves into the database when this was the last connection.
    pub fn close(self) -> Result<(), StoreError> {
        self.0.close().map_err(|(_, error)| error.into())
    }
}

/// Steps to the end, past rows that nobody asked for.
fn finish(statement: &mut CachedStatement<'_>) -> rusqlite::Result<()> {
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// Binds `$1`, `$2` …: to SQLite these are names, which it numbers by their first mention in the text.
fn bind(statement: &mut CachedStatement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for at in 1..=statement.parameter_count() {
        let number = statement.parameter_name(at).map_or(Some(at), |name| name.get(1..)?.parse().ok());
        let value = number.and_then(|number: usize| values.get(number.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), at))?;
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bool(Some(value)) => ValueRef::Integer(i64::from(*value)),
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(Some(value)) => ValueRef::Blob(value),
            Self::Uuid(Some(value)) => ValueRef::Blob(value.as_bytes()),
            _ => ValueRef::Null,
        }))
    }
}

/// Runs what visits many rows so that other requests of this process need not wait for the thread. A look-up takes
/// less time than that would, so it runs where it is.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let shared = Handle::try_current().is_ok_and(|h| h.runtime_flavor() == RuntimeFlavor::MultiThread);
    if shared { tokio::task::block_in_place(work) } else { work() }
}

/// The reading connections of one file, opened when they are first needed.
pub(crate) struct Pool {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Lite>>>,
    places: Arc<Semaphore>,
}

impl Pool {
    pub fn new(path: PathBuf) -> Self {
        let places = Arc::new(Semaphore::new(READERS_MAX as usize));
        Self { path, idle: Arc::default(), places }
    }

    /// A connection; with `snapshot`, all of its statements see one moment.
    pub async fn acquire(&self, patience: Duration, snapshot: bool) -> Result<Pooled, StoreError> {
        let place = tokio::time::timeout(patience, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
        let known = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut lite = match known {
            Some(lite) => lite,
            None => Lite::open(&self.path, Purpose::Reading)?,
        };
        if snapshot {
            lite.run("BEGIN")?;
        }
        Ok(Pooled { lite: Some(lite), snapshot, home: Arc::clone(&self.idle), _place: place })
    }

    /// Waits until every connection is back, then closes them; none is given out any more.
    pub async fn close(&self) {
        // Fails only when somebody closed it already.
        let _ = self.places.acquire_many(READERS_MAX).await;
        self.places.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A connection on loan.
pub(crate) struct Pooled {
    /// Present until it is given back.
    lite: Option<Lite>,
    snapshot: bool,
    home: Arc<Mutex<Vec<Lite>>>,
    _place: OwnedSemaphorePermit,
}

impl Pooled {
    pub fn lite(&mut self) -> Result<&mut Lite, StoreError> {
        self.lite.as_mut().ok_or(StoreError::Closed)
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(mut lite) = self.lite.take() else { return };
        // A connection that cannot end its snapshot is closed instead of kept.
        if !self.snapshot || lite.run("ROLLBACK").is_ok() {
            self.home.lock().unwrap_or_else(PoisonError::into_inner).push(lite);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bind;

    // Statements in small letters: a test prepares all others on the real schema, which has no such table.
    fn writer(folder: &Path) -> Lite {
        let mut lite = Lite::open(&folder.join("rows.db"), Purpose::Writing).unwrap();
        lite.run("CREATE TABLE rows (number INTEGER PRIMARY KEY, name TEXT, bytes BLOB) STRICT").unwrap();
        lite
    }

    fn numbers(lite: &mut Lite) -> Vec<i64> {
        let rows = lite.fetch("select number FROM rows ORDER BY number", &[]).unwrap();
        rows.into_iter().map(|row| crate::Row::Sqlite(row).get("number").unwrap()).collect()
    }

    #[test]
    fn placeholders_take_their_own_value_in_whatever_order_the_text_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut lite = writer(folder.path());
        let values = ["second".value(), 1_i64.value(), 2_i64.value()];
        let sql = "insert into rows (number, name) VALUES ($2, $1), ($3, $1)";
        assert_eq!(lite.execute(sql, &values).unwrap(), 2);
        let found = lite.fetch("select name, number FROM rows WHERE name = $1 AND number > $2", &values[..2]);
        let found: Vec<_> = found.unwrap().into_iter().map(crate::Row::Sqlite).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].get::<String>("name").unwrap(), "second");
        assert!(found[0].get::<i64>("name").is_err() && found[0].get::<i64>("other").is_err());
        assert!(
            lite.execute("delete from rows WHERE number = $4", &values).is_err(),
            "there is no fourth value"
        );
        assert_eq!(numbers(&mut lite), [1, 2]);
    }

    #[test]
    fn a_statement_that_changes_nothing_counts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut lite = writer(folder.path());
        let rows = (0..3).map(|number: i64| vec![number.value(), Value::Text(None)]);
        assert_eq!(lite.execute_each("insert into rows (number, name) VALUES (?, ?)", rows).unwrap(), 3);
        assert_eq!(lite.execute("select * FROM rows", &[]).unwrap(), 0);
        assert_eq!(
            lite.execute("insert into rows (number) VALUES (1) ON CONFLICT DO NOTHING", &[]).unwrap(),
            0
        );
        let twice = lite.execute("insert into rows (number) VALUES (1)", &[]);
        assert!(matches!(twice, Err(StoreError::Conflict { place }) if place == "rows.number"));
    }

    #[tokio::test]
    async fn readers_cannot_write_and_a_snapshot_stays_at_its_moment() {
        let folder = tempfile::tempdir().unwrap();
        let mut lite = writer(folder.path());
        lite.execute("insert into rows (number) VALUES (1)", &[]).unwrap();
        let pool = Pool::new(folder.path().join("rows.db"));
        let (wait, insert) = (Duration::from_secs(5), "insert into rows (number) VALUES (2)");
        let mut snapshot = pool.acquire(wait, true).await.unwrap();
        let mut plain = pool.acquire(wait, false).await.unwrap();
        assert_eq!(numbers(snapshot.lite().unwrap()), [1]);
        assert!(plain.lite().unwrap().execute(insert, &[]).is_err());
        lite.execute(insert, &[]).unwrap();
        assert_eq!(numbers(plain.lite().unwrap()), [1, 2]);
        assert_eq!(numbers(snapshot.lite().unwrap()), [1]);
        drop((snapshot, plain));
        // Both connections are used again, neither of them in the snapshot.
        let (mut first, mut second) =
            (pool.acquire(wait, false).await.unwrap(), pool.acquire(wait, false).await.unwrap());
        assert_eq!(
            (numbers(first.lite().unwrap()), numbers(second.lite().unwrap())),
            (vec![1, 2], vec![1, 2])
        );
        drop((first, second));
        pool.close().await;
        assert!(matches!(pool.acquire(wait, false).await.err(), Some(StoreError::Closed)));
    }

    #[tokio::test]
    async fn all_readers_on_loan_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        drop(writer(folder.path()));
        let pool = Pool::new(folder.path().join("rows.db"));
        let mut loans = Vec::new();
        for _ in 0..READERS_MAX {
            loans.push(pool.acquire(Duration::from_secs(5), false).await.unwrap());
        }
        assert!(matches!(pool.acquire(Duration::ZERO, false).await.err(), Some(StoreError::Busy)));
        loans.pop();
        assert!(pool.acquire(Duration::ZERO, false).await.is_ok());
    }

    #[test]
    fn the_write_ahead_file_is_moved_into_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let mut lite = writer(folder.path());
        let page = vec![7_u8; 4_096];
        let one_round = u64::try_from(CHECKPOINT_PAGES).unwrap() * 4_096;
        for round in 0..4 {
            lite.run("BEGIN IMMEDIATE").unwrap();
            let rows = (0..CHECKPOINT_PAGES).map(|_| vec![page.as_slice().value()]);
            lite.execute_each("insert into rows (bytes) VALUES (?)", rows).unwrap();
            lite.run("COMMIT").unwrap();
            lite.tidy().unwrap();
            let size = std::fs::metadata(folder.path().join("rows.db-wal")).unwrap().len();
            assert!(size < 2 * one_round, "after round {round} it has {size} bytes");
        }
        assert!(std::fs::metadata(folder.path().join("rows.db")).unwrap().len() >= 4 * one_round);
        assert_eq!(numbers(&mut lite).len(), 4 * usize::try_from(CHECKPOINT_PAGES).unwrap());
    }
}
