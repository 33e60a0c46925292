//! Files that people take away: figures of quality, records of batches, the log itself. Each is an event; packages of
//! releases, copies for inspectors and breach reports have their own.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use countersign_model::ProjectId;
use countersign_store::Evidence;
use uuid::Uuid;

use crate::{Pipeline, PipelineError, Result, people::Caller};

/// For how long the tiles that one session reads are one download, seconds: a mirror fetches many.
const READING_SECONDS: i64 = 3_600;

/// What was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    Tiers,
    Suggestions,
    Batch,
    Log,
    Vendors,
    Payment,
}

impl Export {
    const fn code(self) -> &'static str {
        match self {
            Self::Tiers => "tiers",
            Self::Suggestions => "suggestions",
            Self::Batch => "batch_record",
            Self::Log => "log",
            Self::Vendors => "vendors",
            Self::Payment => "payment",
        }
    }
}

/// Sessions and tokens that read the log in the hour that it is.
#[derive(Default)]
pub(crate) struct Readers(Mutex<(i64, HashSet<Uuid>)>);

impl Readers {
    fn is_first(&self, presence: Uuid, hour: i64) -> bool {
        let mut of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if of.0 != hour {
            *of = (hour, HashSet::new());
        }
        of.1.insert(presence)
    }

    fn forget(&self, presence: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&presence);
    }
}

impl Pipeline {
    /// Records that a file left, before it does. `id` names what it is of.
    pub(crate) async fn note_export(
        &self,
        caller: &Caller,
        export: Export,
        project: Option<ProjectId>,
        id: Option<Uuid>,
    ) -> Result<()> {
        let evidence = Evidence {
            action: "export.downloaded".to_owned(),
            object_kind: "export".to_owned(),
            object_id: id,
            project,
            reason: Some(export.code().to_owned()),
            ..Evidence::default()
        };
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move { Ok(tx.record(evidence).map(drop)?) })
            })
            .await
    }

    /// Records that the tiles of the log are being read: once for each session and hour.
    pub(crate) async fn note_log_reader(&self, caller: &Caller) -> Result<()> {
        let hour = self.store.clock().now().seconds().div_euclid(READING_SECONDS);
        let presence = caller.presence.uuid();
        if !self.log_readers.is_first(presence, hour) {
            return Ok(());
        }
        let noted = self.note_export(caller, Export::Log, None, None).await;
        if noted.is_err() {
            self.log_readers.forget(presence);
        }
        noted
    }
}
