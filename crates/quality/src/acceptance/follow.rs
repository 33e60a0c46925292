//! A batch on its way to its decision: how many units may be looked at next, and where the plan decides.

use serde::{Deserialize, Serialize};

use super::plan::{Plan, Verdict};

/// Where a batch stands after the units that were judged, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What the plan says.
    pub verdict: Verdict,
    /// Units that count: up to the one with which it was decided.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
}

impl Plan {
    /// Follows the plan unit by unit and stops where it decides: what was judged beyond that plays no part. A batch of
    /// `lot` units that is smaller than the sample is checked whole, and decided by what was found.
    #[must_use]
    pub fn follow(&self, lot: u64, wrong: impl IntoIterator<Item = bool>) -> Standing {
        let mut at = Standing { verdict: Verdict::Open, checked: 0, found: 0 };
        for wrong in wrong {
            at.checked += 1;
            at.found += u64::from(wrong);
            at.verdict = self.verdict(at.checked, at.found);
            if at.verdict == Verdict::Open && at.checked >= lot {
                at.verdict = self.whole(at.checked, at.found);
            }
            if at.verdict != Verdict::Open {
                break;
            }
        }
        at
    }

    /// How many units, from the first of the order on, may be asked for while so many were checked: those of a second
    /// sample only once the first is through.
    #[must_use]
    pub const fn places(&self, checked: u64) -> u64 {
        match *self {
            Self::Double { first, .. } if checked < first => first,
            _ => self.most(),
        }
    }

    /// Most wrong units that accept, and whether a plan one step stricter would have accepted this batch too: what
    /// switching asks. A double plan is accepted strictly after its first sample, a sequential one where nothing wrong was
    /// found: each where it was accepted at the first place at which it could be.
    #[must_use]
    pub const fn strictness(&self, checked: u64, found: u64) -> (u64, bool) {
        match *self {
            Self::Single { accept, .. } => (accept, found < accept),
            Self::Double { first, accept_both, .. } => (accept_both, checked <= first),
            Self::Sequential { .. } => (u64::MAX, found == 0),
        }
    }
}
