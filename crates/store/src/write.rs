//! The only way to change anything: writes that commit together with their evidence.
//!
//! SQLite has one writer: a task that owns the one writing connection. Writes queue up; the task runs them in one
//! transaction, each in a savepoint of its own, until the queue is empty or the group is full, commits once (with a
//! real fsync) and only then answers them all. PostgreSQL runs each write in a transaction of its own.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{Connection, PgPool, SqliteConnection};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{Actor, StoreError, Tx, conn::Link, tx::Context};

/// Most writes in one commit.
pub const GROUP_WRITES_MAX: usize = 64;
/// Writes that may wait for the writer before callers have to wait for a place in the queue.
const QUEUE_LENGTH_MAX: usize = 1_024;
/// How often a group waits for more writes to arrive before it commits; each time the other tasks run once.
const GATHER_YIELDS: usize = 3;

/// A unit of work for the writer.
pub(crate) trait Work: Send {
    fn actor(&self) -> Actor;
    /// Runs the closure and writes its evidence. `true` when its changes are to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Answers the caller: after the commit, or with the error that prevented it.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Job<T, E, F> {
    actor: Actor,
    evidence_needed: bool,
    closure: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// Runs a closure within a transaction, then settles its evidence.
async fn perform<T, E, F>(closure: F, tx: &mut Tx, evidence_needed: bool) -> Result<T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    E: From<StoreError>,
{
    let value = closure(tx).await?;
    tx.settle(evidence_needed).await?;
    Ok(value)
}

impl<T, E, F> Work for Job<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn actor(&self) -> Actor {
        self.actor
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let Some(closure) = self.closure.take() else { return false };
            let outcome = AssertUnwindSafe(perform(closure, tx, self.evidence_needed)).catch_unwind().await;
            let result = outcome.unwrap_or_else(|_| Err(StoreError::Abandoned.into()));
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let result = match (commit, self.result) {
            // A refusal stands whether or not the rest of the group could be committed.
            (_, Some(Err(refused))) => Err(refused),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(StoreError::Abandoned.into()),
            (Err(error), _) => Err(error.into()),
        };
        // A caller that went away no longer wants its answer.
        let _ = self.reply.send(result);
    }
}

/// What the writer is told.
pub(crate) enum Order {
    Work(Box<dyn Work>),
    End,
}

/// Where writes go.
#[derive(Clone)]
pub(crate) enum Writer {
    Sqlite(mpsc::Sender<Order>),
    Postgres(PgPool),
}

impl Writer {
    /// Starts the task that owns the writing connection of SQLite.
    pub(crate) fn sqlite(connection: SqliteConnection, context: Context, committed: Arc<Notify>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH_MAX);
        tokio::spawn(serve(connection, receiver, context, committed));
        Self::Sqlite(sender)
    }

    /// Takes no more writes; returns when those in the queue are done and the connection is closed.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sender) => {
                // The task ends on this order, after the writes that were queued before it.
                if sender.send(Order::End).await.is_ok() {
                    sender.closed().await;
                }
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn write<T, E, F>(
        &self,
        context: &Context,
        committed: &Notify,
        actor: Actor,
        evidence_needed: bool,
        closure: F,
    ) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(sender) => {
                let (reply, answer) = oneshot::channel();
                let job = Job { actor, evidence_needed, closure: Some(closure), result: None, reply };
                sender.send(Order::Work(Box::new(job))).await.map_err(|_| StoreError::Closed)?;
                answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
            }
            Self::Postgres(pool) => {
                let transaction = pool.begin().await.map_err(StoreError::from)?;
                let mut tx = Tx::new(Link::PostgresTx(transaction), actor, context);
                // On error the transaction is dropped, which rolls it back.
                let value = perform(closure, &mut tx, evidence_needed).await?;
                let Link::PostgresTx(transaction) = tx.into_link() else {
                    return Err(StoreError::Closed.into());
                };
                transaction.commit().await.map_err(StoreError::from)?;
                committed.notify_one();
                Ok(value)
            }
        }
    }
}

async fn serve(
    connection: SqliteConnection,
    mut queue: mpsc::Receiver<Order>,
    context: Context,
    committed: Arc<Notify>,
) {
    let mut connection = connection;
    let mut ends = false;
    while !ends {
        let Some(Order::Work(first)) = queue.recv().await else { break };
        let mut done: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP_WRITES_MAX);
        let outcome = match run(&mut connection, "BEGIN IMMEDIATE").await {
            Ok(()) => {
                let (returned, filled) =
                    fill(connection, first, &mut queue, &context, &mut done, &mut ends).await;
                connection = returned;
                match filled {
                    Ok(()) => run(&mut connection, "COMMIT").await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => {
                done.push(first);
                Err(error)
            }
        };
        if let Err(error) = &outcome {
            tracing::error!(
                error = error as &dyn std::error::Error,
                writes = done.len(),
                "a group was not committed"
            );
            // Outside a transaction this only reports that there is none.
            let _ = run(&mut connection, "ROLLBACK").await;
        }
        committed.notify_one();
        for work in done {
            work.answer(outcome.as_ref().map(|_| ()).map_err(repeat));
        }
    }
    // Closing moves what the write-ahead file holds into the database; a failure leaves it for the next start.
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

/// Runs works of one group until the queue is empty or the group is full. An error means that the whole group is lost.
async fn fill(
    mut connection: SqliteConnection,
    first: Box<dyn Work>,
    queue: &mut mpsc::Receiver<Order>,
    context: &Context,
    done: &mut Vec<Box<dyn Work>>,
    ends: &mut bool,
) -> (SqliteConnection, Result<(), StoreError>) {
    let mut next = Some(first);
    while let Some(mut work) = next {
        let mut outcome = run(&mut connection, "SAVEPOINT work").await;
        if outcome.is_ok() {
            let mut tx = Tx::new(Link::Sqlite(connection), work.actor(), context);
            let keep = work.run(&mut tx).await;
            let full = tx.full;
            let Link::Sqlite(returned) = tx.into_link() else {
                unreachable!("the writer made this link itself")
            };
            connection = returned;
            if !keep {
                outcome = run(&mut connection, "ROLLBACK TO work").await;
                if full && outcome.is_err() {
                    // Without space SQLite has given up the whole transaction: the group shares its fate by name.
                    outcome = Err(StoreError::DiskFull { place: "database".into() });
                }
            }
            if outcome.is_ok() {
                outcome = run(&mut connection, "RELEASE work").await;
            }
        }
        done.push(work);
        if outcome.is_err() {
            return (connection, outcome);
        }
        next = match if done.len() < GROUP_WRITES_MAX { gather(queue).await } else { None } {
            Some(Order::Work(work)) => Some(work),
            Some(Order::End) => {
                *ends = true;
                None
            }
            None => None,
        };
    }
    (connection, Ok(()))
}

/// The next waiting write, after giving other tasks a chance to send theirs.
async fn gather(queue: &mut mpsc::Receiver<Order>) -> Option<Order> {
    for _ in 0..GATHER_YIELDS {
        if let Ok(order) = queue.try_recv() {
            return Some(order);
        }
        tokio::task::yield_now().await;
    }
    queue.try_recv().ok()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// The same failure for each member of a group.
fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy => StoreError::Busy,
        StoreError::DiskFull { place } => StoreError::DiskFull { place: place.clone() },
        other => StoreError::NotCommitted { message: other.to_string() },
    }
}
