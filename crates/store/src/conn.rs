//! One connection of either engine, and statements on it. SQL is written once, with `$1` placeholders.

use std::fmt::Write as _;

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, SqlSafeStr, SqlStr, Transaction, pool::PoolConnection};

use crate::{
    Bind, FromRow, Record, Row, StoreError, Value,
    sqlite::{Lite, Pooled, aside},
};

/// Most parameters in one multi-row insert of PostgreSQL, which allows 65,535. Larger statements gain nothing.
const PARAMETERS_MAX: usize = 8_000;

/// Which database this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
}

/// Where the connection comes from; dropping one rolls back what it holds open.
pub(crate) enum Link {
    Sqlite(Lite),
    SqlitePooled(Pooled),
    PostgresPooled(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

enum Raw<'c> {
    Sqlite(&'c mut Lite),
    Postgres(&'c mut PgConnection),
}

/// A connection that statements run on. [`crate::Tx`] and [`crate::Reader`] both lead here.
pub struct Conn {
    pub(crate) link: Link,
    /// Rows changed since the transaction began (or by statements other than SELECT that returned rows).
    pub(crate) changed: u64,
    /// Statements run.
    pub(crate) statements: u64,
    /// A statement found no space. SQLite may have ended the whole transaction then.
    pub(crate) full: bool,
}

impl Conn {
    pub(crate) const fn new(link: Link) -> Self {
        Self { link, changed: 0, statements: 0, full: false }
    }

    /// Which database this is.
    pub const fn engine(&self) -> Engine {
        match self.link {
            Link::Sqlite(_) | Link::SqlitePooled(_) => Engine::Sqlite,
            Link::PostgresPooled(_) | Link::PostgresTx(_) => Engine::Postgres,
        }
    }

    fn failed(&mut self, error: StoreError) -> StoreError {
        self.full |= matches!(error, StoreError::DiskFull { .. });
        error
    }

    fn raw(&mut self) -> Result<Raw<'_>, StoreError> {
        Ok(match &mut self.link {
            Link::Sqlite(connection) => Raw::Sqlite(connection),
            Link::SqlitePooled(connection) => Raw::Sqlite(connection.lite()?),
            Link::PostgresPooled(connection) => Raw::Postgres(connection),
            Link::PostgresTx(connection) => Raw::Postgres(connection),
        })
    }

    fn statement(&mut self, sql: SqlStr) -> Query<'_> {
        Query { conn: self, sql, values: Vec::new(), scanning: false }
    }

    /// A statement. The text is prepared once per connection and cached.
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        self.statement(sql.into_sql_str())
    }

    /// A statement put together from fixed fragments: the caller vouches that no value is part of the text.
    pub fn query_built(&mut self, sql: String) -> Query<'_> {
        self.statement(AssertSqlSafe(sql).into_sql_str())
    }

    /// One of two texts, for the few places where the engines differ.
    pub fn query_for(&mut self, sqlite: &'static str, postgres: &'static str) -> Query<'_> {
        let sql = match self.engine() {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        };
        self.query(sql)
    }

    /// Rows changed so far in this transaction.
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    /// Statements run so far in this transaction.
    pub const fn statements(&self) -> u64 {
        self.statements
    }

    /// Inserts rows: on SQLite one prepared statement for all of them, on PostgreSQL as many rows at once as fit.
    pub(crate) async fn insert_rows(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<u64, StoreError> {
        if let Raw::Sqlite(lite) = self.raw()? {
            let outcome = lite.execute_each(&insert_text(Engine::Sqlite, table, columns, 1), rows);
            let count = outcome.map_err(|error| self.failed(error))?;
            self.statements += 1;
            self.changed += count;
            return Ok(count);
        }
        let per_statement = (PARAMETERS_MAX / columns.len().max(1)).max(1);
        let (mut count, mut pending, mut values) = (0, 0, Vec::new());
        for row in rows {
            values.extend(row);
            pending += 1;
            if pending == per_statement {
                count += self.insert_once(table, columns, pending, std::mem::take(&mut values)).await?;
                pending = 0;
            }
        }
        if pending > 0 {
            count += self.insert_once(table, columns, pending, values).await?;
        }
        Ok(count)
    }

    async fn insert_once(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: usize,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let text = insert_text(self.engine(), table, columns, rows);
        let query = self.query_built(text);
        Query { values, ..query }.execute().await
    }

    pub(crate) async fn insert_record<R: Record>(&mut self, record: R) -> Result<(), StoreError> {
        self.insert_rows(R::TABLE, R::COLUMNS, [record.values()]).await.map(drop)
    }
}

/// `INSERT INTO table (columns) VALUES (…), (…)` for a number of rows.
fn insert_text(engine: Engine, table: &str, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            let comma = if column == 0 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = match engine {
                Engine::Sqlite => write!(sql, "{comma}?"),
                Engine::Postgres => write!(sql, "{comma}${}", row * columns.len() + column + 1),
            };
        }
        sql.push(')');
    }
    sql
}

/// A statement with its values.
#[must_use = "a query does nothing until it is run"]
pub struct Query<'c> {
    conn: &'c mut Conn,
    sql: SqlStr,
    values: Vec<Value>,
    scanning: bool,
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query::<Postgres>($sql);
        for value in $values {
            query = match value {
                Value::Bool(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::Uuid(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Query<'_> {
    /// Binds the next placeholder.
    pub fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.value());
        self
    }

    /// Says that the statement visits many rows, whatever it returns: then others need not wait for its thread.
    pub const fn scanning(mut self) -> Self {
        self.scanning = true;
        self
    }

    /// Every row.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn fetch_all(self) -> Result<Vec<Row>, StoreError> {
        let Self { conn, sql, values, scanning } = self;
        conn.statements += 1;
        let outcome: Result<Vec<Row>, StoreError> = match conn.raw()? {
            Raw::Sqlite(lite) => {
                let mut fetch = || lite.fetch(sql.as_str(), &values);
                let rows = if scanning { aside(fetch) } else { fetch() };
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Raw::Postgres(connection) => {
                let rows = bound!(sql.clone(), values).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect()).map_err(StoreError::from)
            }
        };
        let rows = outcome.map_err(|error| conn.failed(error))?;
        if writes(sql.as_str()) {
            conn.changed += rows.len() as u64;
        }
        Ok(rows)
    }

    /// Each row as it arrives, without keeping them all.
    pub(crate) async fn each(
        self,
        mut visit: impl FnMut(Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let Self { conn, sql, values, .. } = self;
        conn.statements += 1;
        match conn.raw()? {
            Raw::Sqlite(lite) => {
                aside(|| lite.each(sql.as_str(), &values, |row| visit(Row::Sqlite(row))))?;
            }
            Raw::Postgres(connection) => {
                let mut rows = bound!(sql, values).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    visit(Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn fetch_optional(self) -> Result<Option<Row>, StoreError> {
        // All rows are fetched so that a RETURNING statement is finished before the next one starts.
        Ok(self.fetch_all().await?.into_iter().next())
    }

    /// The first row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn fetch_one(self) -> Result<Row, StoreError> {
        self.fetch_optional().await?.ok_or(StoreError::NotFound { place: "result" })
    }

    /// Every row as records.
    ///
    /// # Errors
    /// [`StoreError`] of the database or of a column.
    pub async fn all<T: FromRow>(self) -> Result<Vec<T>, StoreError> {
        self.fetch_all().await?.iter().map(T::from_row).collect()
    }

    /// The first row as a record, if any.
    ///
    /// # Errors
    /// [`StoreError`] of the database or of a column.
    pub async fn optional<T: FromRow>(self) -> Result<Option<T>, StoreError> {
        self.fetch_optional().await?.as_ref().map(T::from_row).transpose()
    }

    /// Runs it; returns the number of rows changed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let Self { conn, sql, values, scanning } = self;
        conn.statements += 1;
        let outcome = match conn.raw()? {
            Raw::Sqlite(lite) => {
                let mut execute = || lite.execute(sql.as_str(), &values);
                if scanning { aside(execute) } else { execute() }
            }
            Raw::Postgres(connection) => {
                let done = bound!(sql, values).execute(connection).await;
                done.map(|done| done.rows_affected()).map_err(StoreError::from)
            }
        };
        let changed = outcome.map_err(|error| conn.failed(error))?;
        conn.changed += changed;
        Ok(changed)
    }
}

fn writes(sql: &str) -> bool {
    let word = sql.trim_start().get(..6).unwrap_or_default();
    !word.eq_ignore_ascii_case("SELECT")
}
