//! A write in progress, and a reader.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use countersign_model::{Clock, EventId, Ids, Instant};
use uuid::Uuid;

use crate::{
    Actor, Conn, Evidence, Record, StoreError,
    clock::{ClockWatch, Moment, stepped},
    conn::Link,
    evidence::{self, Pending},
    keys::Keys,
};

/// What every write needs beside its connection.
#[derive(Clone)]
pub(crate) struct Context {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub keys: Arc<Keys>,
    pub watch: Arc<ClockWatch>,
}

/// A write in progress. Statements run through [`Conn`], which it dereferences to.
///
/// The write commits when its closure returns `Ok` and it recorded evidence (or changed nothing at all); otherwise
/// everything it did is rolled back.
pub struct Tx {
    conn: Conn,
    actor: Actor,
    moment: Moment,
    context: Context,
    pending: Vec<Pending>,
    tells_step: bool,
}

impl Tx {
    pub(crate) fn new(link: Link, actor: Actor, context: &Context) -> Self {
        Self {
            conn: Conn::new(link),
            actor,
            moment: Moment::of(context.clock.as_ref()),
            context: context.clone(),
            pending: Vec::new(),
            tells_step: false,
        }
    }

    /// Who acts.
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The moment of this write: one for all its rows and events.
    pub const fn now(&self) -> Instant {
        self.moment.now
    }

    /// Source of ids.
    pub fn ids(&self) -> &dyn Ids {
        self.context.ids.as_ref()
    }

    /// A fresh id of any kind: `let task: TaskId = tx.fresh();`
    pub fn fresh<I: From<Uuid>>(&self) -> I {
        I::from(self.context.ids.fresh())
    }

    /// Records evidence of this write. It commits with the write, in the order of the calls.
    ///
    /// # Errors
    /// [`StoreError::Evidence`] when the entry would exceed the limits of the log.
    pub fn record(&mut self, evidence: Evidence) -> Result<EventId, StoreError> {
        let id = self.fresh();
        self.record_as(id, evidence)?;
        Ok(id)
    }

    /// As [`Tx::record`], under an id that rows already name.
    pub(crate) fn record_as(&mut self, id: EventId, evidence: Evidence) -> Result<(), StoreError> {
        self.pending.push(evidence::prepare(id, self.now(), self.actor, evidence, &self.context.keys)?);
        Ok(())
    }

    /// Records that the clock was set, if it was, though nothing else is recorded.
    pub(crate) const fn tell_step(&mut self) {
        self.tells_step = true;
    }

    /// Inserts one record.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a unique rule refuses it.
    pub async fn insert<R: Record>(&mut self, record: R) -> Result<(), StoreError> {
        self.conn.insert_record(record).await
    }

    /// Inserts many records in as few statements as possible (a hundred thousand rows take about a second).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a unique rule refuses one: then none is inserted.
    pub async fn insert_all<R: Record>(
        &mut self,
        records: impl IntoIterator<Item = R>,
    ) -> Result<u64, StoreError> {
        self.conn.insert_rows(R::TABLE, R::COLUMNS, records.into_iter().map(Record::values)).await
    }

    /// Writes the recorded events; refuses changes without evidence.
    pub(crate) async fn settle(&mut self, evidence_needed: bool) -> Result<bool, StoreError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() && !self.tells_step {
            return if evidence_needed && self.conn.changed > 0 {
                Err(StoreError::NoEvidence)
            } else {
                Ok(false)
            };
        }
        // That the clock was set comes before what was done under the new time.
        let step = self.context.watch.step(self.moment).map(stepped);
        let step = step.map(|evidence| {
            evidence::prepare(self.fresh(), self.now(), Actor::system(), evidence, &self.context.keys)
        });
        let all: Vec<_> = step.transpose()?.into_iter().chain(pending).collect();
        if all.is_empty() {
            return Ok(false);
        }
        evidence::insert(&mut self.conn, all).await?;
        Ok(true)
    }

    pub(crate) fn into_link(self) -> Link {
        self.conn.link
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}
impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// A connection that only reads. Returns to its pool when dropped.
pub struct Reader(pub(crate) Conn);

impl Deref for Reader {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}
impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
