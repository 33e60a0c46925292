//! Estimates that somebody pages through: the pages of a list are of one estimate, and only the first one waits for it. What may
//! be shown is asked again on each page.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_model::{Instant, ProjectId, UserId};

use super::{ConsensusAbout, estimate::Estimated, gather::Gathered};

/// Most estimates that are kept; those that were made first go first.
const KEPT_MAX: usize = 8;
/// For how long, seconds.
const KEPT_SECONDS: i64 = 600;

/// What was estimated, and from what.
pub(super) struct Estimate {
    pub gathered: Gathered,
    pub said: Estimated,
    pub about: ConsensusAbout,
    /// There were more comparisons.
    pub cut: bool,
}

/// For whom, of which project, of what they asked.
pub(super) type Key = (UserId, ProjectId, Option<ConsensusAbout>);

/// Estimates by who asked for them.
#[derive(Default)]
pub(crate) struct Estimates(Mutex<VecDeque<(Key, Instant, Arc<Estimate>)>>);

impl Estimates {
    fn open(&self) -> MutexGuard<'_, VecDeque<(Key, Instant, Arc<Estimate>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The estimate whose first page somebody was given last.
    pub(super) fn of(&self, key: Key, now: Instant) -> Option<Arc<Estimate>> {
        let mut kept = self.open();
        kept.retain(|(_, until, _)| *until > now);
        kept.iter().find(|(of, ..)| *of == key).map(|(.., estimate)| Arc::clone(estimate))
    }

    pub(super) fn keep(&self, key: Key, now: Instant, estimate: Arc<Estimate>) {
        let mut kept = self.open();
        kept.retain(|(of, until, _)| *of != key && *until > now);
        kept.truncate(KEPT_MAX - 1);
        kept.push_front((key, now.plus_seconds(KEPT_SECONDS), estimate));
    }
}
