//! The only way to change anything: writes that commit together with their evidence.
//!
//! SQLite has one writer: a thread that owns the one writing connection. Writes queue up; the thread runs them in one
//! transaction, each in a savepoint of its own, until the queue is empty or the group is full, commits once (with a
//! real fsync) and only then answers them all. PostgreSQL runs each write in a transaction of its own.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use sqlx::PgPool;
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
};

use crate::{Actor, StoreError, Tx, conn::Link, sqlite::Lite, tx::Context};

/// Most writes in one commit.
pub const GROUP_WRITES_MAX: usize = 64;
/// Writes that may wait for the writer before callers have to wait for a place in the queue.
const QUEUE_LENGTH_MAX: usize = 1_024;
/// How often a group waits for more writes to arrive before it commits; each time other threads run once.
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
    /// Starts the thread that owns the writing connection of SQLite.
    pub(crate) fn sqlite(lite: Lite, context: Context, committed: Arc<Notify>) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH_MAX);
        let runtime = Handle::current();
        let thread = std::thread::Builder::new().name("writer".to_owned());
        thread
            .spawn(move || serve(lite, receiver, &runtime, &context, &committed))
            .map_err(|error| StoreError::io("the thread that writes", error))?;
        Ok(Self::Sqlite(sender))
    }

    /// Takes no more writes; returns when those in the queue are done and the connection is closed.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sender) => {
                // The thread ends on this order, after the writes that were queued before it.
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

fn serve(
    mut lite: Lite,
    mut queue: mpsc::Receiver<Order>,
    runtime: &Handle,
    context: &Context,
    committed: &Notify,
) {
    let mut ends = false;
    while !ends {
        let Some(Order::Work(first)) = queue.blocking_recv() else { break };
        let mut done: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP_WRITES_MAX);
        let outcome = match lite.run("BEGIN IMMEDIATE") {
            Ok(()) => {
                let mut group =
                    Group { queue: &mut queue, runtime, context, done: &mut done, ends: &mut ends };
                let (returned, filled) = group.fill(lite, first);
                lite = returned;
                filled.and_then(|()| lite.run("COMMIT"))
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
            let _ = lite.run("ROLLBACK");
        }
        committed.notify_one();
        for work in done {
            work.answer(outcome.as_ref().map(|_| ()).map_err(repeat));
        }
        if let Err(error) = lite.tidy() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the write-ahead file stays as it is");
        }
    }
    // Closing moves what the write-ahead file holds into the database; a failure leaves it for the next start.
    if let Err(error) = lite.close() {
        tracing::warn!(error = &error as &dyn std::error::Error, "the database was not closed cleanly");
    }
}

/// A group on its way into one commit.
struct Group<'g> {
    queue: &'g mut mpsc::Receiver<Order>,
    runtime: &'g Handle,
    context: &'g Context,
    done: &'g mut Vec<Box<dyn Work>>,
    ends: &'g mut bool,
}

impl Group<'_> {
    /// Runs works until the queue is empty or the group is full. An error means that the whole group is lost.
    fn fill(&mut self, mut lite: Lite, first: Box<dyn Work>) -> (Lite, Result<(), StoreError>) {
        let mut next = Some(first);
        while let Some(mut work) = next {
            let mut outcome = lite.run("SAVEPOINT work");
            if outcome.is_ok() {
                let mut tx = Tx::new(Link::Sqlite(lite), work.actor(), self.context);
                let keep = self.runtime.block_on(work.run(&mut tx));
                let full = tx.full;
                let Link::Sqlite(returned) = tx.into_link() else {
                    unreachable!("the writer made this link itself")
                };
                lite = returned;
                if !keep {
                    outcome = lite.run("ROLLBACK TO work");
                    if full && outcome.is_err() {
                        // Without space SQLite has given up the whole transaction: the group shares its fate by name.
                        outcome = Err(StoreError::DiskFull { place: "database".into() });
                    }
                }
                outcome = outcome.and_then(|()| lite.run("RELEASE work"));
            }
            self.done.push(work);
            if outcome.is_err() {
                return (lite, outcome);
            }
            next = match if self.done.len() < GROUP_WRITES_MAX { self.gather() } else { None } {
                Some(Order::Work(work)) => Some(work),
                Some(Order::End) => {
                    *self.ends = true;
                    None
                }
                None => None,
            };
        }
        (lite, Ok(()))
    }

    /// The next waiting write, after giving other threads a chance to send theirs.
    fn gather(&mut self) -> Option<Order> {
        for _ in 0..GATHER_YIELDS {
            if let Ok(order) = self.queue.try_recv() {
                return Some(order);
            }
            std::thread::yield_now();
        }
        self.queue.try_recv().ok()
    }
}

/// The same failure for each member of a group.
fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy => StoreError::Busy,
        StoreError::DiskFull { place } => StoreError::DiskFull { place: place.clone() },
        other => StoreError::NotCommitted { message: other.to_string() },
    }
}
