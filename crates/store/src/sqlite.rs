//! SQLite, called directly: a statement is a function call on the thread that wants its rows, not a message to another
//! thread. Handing a statement over and waiting for its answer costs ten times what the statement itself does.

use std::{
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
            Purpose::Writing => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"
            }
            Purpose::Reading => "PRAGMA foreign_keys = ON; PRAGMA query_only = ON",
        })?;
        Ok(Self(connection))
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
