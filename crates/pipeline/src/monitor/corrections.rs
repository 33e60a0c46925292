//! What reviewers change, class by class, over everybody: where a guideline may be unclear rather than a person careless.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{ItemId, ProjectId, UserId};
use countersign_quality::{share_lower, share_upper};
use countersign_store::monitoring;
use serde::Serialize;

use super::{END_CONFIDENCE, REVIEW};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Most corrected reads that are looked through: the last ones.
const CORRECTED_MAX: u32 = 100_000;
/// Items that a kind of correction names at most.
const EXAMPLES_MAX: usize = 20;

/// One kind of correction.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CorrectionView {
    /// The class that was right; absent where nothing was.
    pub right: Option<String>,
    /// The class that was said; absent where nothing was.
    pub said: Option<String>,
    /// Reads in which it happened.
    pub reads: u64,
    /// 95 % interval of their share of all checked reads (Clopper and Pearson), low end.
    pub low: f64,
    /// High end.
    pub high: f64,
    /// People whose reads these were.
    pub people: u64,
    /// The last of the items.
    pub examples: Vec<ItemId>,
}

/// What reviewers change in a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CorrectionsView {
    /// Reads that were checked.
    pub checked: u64,
    /// Of these, corrected or sent back.
    pub wrong: u64,
    /// Kinds of correction, the most frequent first.
    pub kinds: Vec<CorrectionView>,
}

#[derive(Default)]
struct Kind {
    reads: u64,
    people: BTreeSet<UserId>,
    examples: Vec<ItemId>,
}

impl Pipeline {
    /// What reviewers change, class by class. Items that the caller audits blind are counted, not named.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn corrections(&self, caller: &Caller, project: ProjectId) -> Result<CorrectionsView> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let internal = |text: String| PipelineError::Internal(text);
        let mut conn = self.store.read().await?;
        let streams = monitoring::streams(&mut conn, project).await?;
        let of_reviews = || streams.iter().filter(|stream| stream.stream == REVIEW);
        let checked: u64 = of_reviews().map(|stream| stream.checked).sum();
        let wrong = of_reviews().map(|stream| stream.wrong).sum();
        let audits = self.is_blind_in(&mut conn, caller.user(), project).await?;
        let mut kinds: BTreeMap<super::check::Pair, Kind> = BTreeMap::new();
        for check in monitoring::corrected(&mut conn, project, CORRECTED_MAX).await? {
            let pairs: BTreeSet<super::check::Pair> = serde_json::from_str(&check.pairs)
                .map_err(|error| internal(format!("monitor_checks.pairs: {error}")))?;
            // What was said and corrected in an item that they audit is what they are to find by themselves.
            let named = !audits || !self.audits_blind(&mut conn, caller, check.item_id).await?;
            for pair in pairs {
                let kind = kinds.entry(pair).or_default();
                kind.reads += 1;
                kind.people.insert(check.user_id);
                if named && kind.examples.len() < EXAMPLES_MAX {
                    kind.examples.push(check.item_id);
                }
            }
        }
        let mut shown = Vec::with_capacity(kinds.len());
        for ((right, said), kind) in kinds {
            let reads = kind.reads.min(checked);
            let bound =
                |end: fn(u64, u64, f64) -> std::result::Result<f64, countersign_quality::BoundError>| {
                    end(checked, reads, END_CONFIDENCE).map_err(|error| internal(error.to_string()))
                };
            let (low, high) = (bound(share_lower)?, bound(share_upper)?);
            let people = kind.people.len() as u64;
            shown.push(CorrectionView { right, said, reads, low, high, people, examples: kind.examples });
        }
        shown.sort_by_key(|kind| std::cmp::Reverse(kind.reads));
        drop(conn);
        let examples = shown.iter().flat_map(|kind| kind.examples.iter().copied());
        self.told_of_labels(caller, project, examples.collect()).await?;
        Ok(CorrectionsView { checked, wrong, kinds: shown })
    }
}
