//! Sampling plans and what they say after each unit.

use serde::{Deserialize, Serialize};

/// Largest sample of a plan: its operating curve is a sum over sample x errors.
pub const SAMPLE_MAX: u64 = 20_000;

/// A sampling plan. Samples are drawn at random without replacement; counts of errors are over all that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Plan {
    /// One sample: accepted with at most `accept` errors.
    Single {
        /// Units drawn.
        sample: u64,
        /// Most errors.
        accept: u64,
    },
    /// Two samples: after the first accepted at `accept_first` or fewer, returned at `return_first` or more, else the second
    /// is drawn and both together are accepted at `accept_both` or fewer.
    Double {
        /// Units of the first sample.
        first: u64,
        /// Most errors that accept after the first.
        accept_first: u64,
        /// Fewest errors that return after the first.
        return_first: u64,
        /// Units of the second sample.
        second: u64,
        /// Most errors that accept after both.
        accept_both: u64,
    },
    /// Wald's sequential probability ratio test (1947) between two shares of errors, ended at `most` units by what is
    /// nearer. Its limits are 1 / `producer` and `consumer` themselves, which by Ville's inequality never cost more than the
    /// stated risks; Wald's own, a little nearer, do so only about.
    Sequential {
        /// Share of errors that should be accepted.
        good: f64,
        /// Share of errors that should be returned.
        bad: f64,
        /// Probability to return at `good`.
        producer: f64,
        /// Probability to accept at `bad`.
        consumer: f64,
        /// Most units.
        most: u64,
    },
}

/// A plan that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Samples of 0 or beyond [`SAMPLE_MAX`].
    #[error("a plan draws 1 to {SAMPLE_MAX} units")]
    Sample,
    /// Numbers of errors that leave no way to accept or to return, or no reason for a second sample.
    #[error("the numbers of errors do not make a decision")]
    Errors,
    /// Shares that are not 0 < good < bad < 1, or risks that are not above 0 and together below 1.
    #[error("a sequential plan needs 0 < good < bad < 1 and risks above 0 that sum to less than 1")]
    Shares,
}

/// What a plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// More units are to be checked.
    Open,
    /// The batch is taken.
    Accept,
    /// The batch goes back.
    Return,
}

impl Plan {
    /// Whether the numbers make a plan.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn check(&self) -> Result<(), PlanError> {
        let most = self.most();
        if most == 0 || most > SAMPLE_MAX {
            return Err(PlanError::Sample);
        }
        let decides = match *self {
            Self::Single { sample, accept } => accept < sample,
            Self::Double { first, accept_first, return_first, second, accept_both } => {
                if first == 0 || second == 0 {
                    return Err(PlanError::Sample);
                }
                // Between the two numbers of the first sample there has to be one that draws the second.
                accept_first + 1 < return_first
                    && return_first <= first
                    && accept_first < accept_both
                    && accept_both < first.saturating_add(second)
                    && return_first <= accept_both + 1
            }
            Self::Sequential { good, bad, producer, consumer, .. } => {
                let fits = 0.0 < good && good < bad && bad < 1.0;
                if !(fits && producer > 0.0 && consumer > 0.0 && producer + consumer < 1.0) {
                    return Err(PlanError::Shares);
                }
                true
            }
        };
        if decides { Ok(()) } else { Err(PlanError::Errors) }
    }

    /// Most units that may be drawn.
    #[must_use]
    pub const fn most(&self) -> u64 {
        match *self {
            Self::Single { sample, .. } => sample,
            Self::Double { first, second, .. } => first.saturating_add(second),
            Self::Sequential { most, .. } => most,
        }
    }

    /// What is said after `checked` units with `found` errors. Decisions that no further unit can change are taken at once
    /// when they return a batch; a batch is accepted only after its whole sample, so that what is found in it still counts
    /// for the estimate of its errors.
    #[must_use]
    pub fn verdict(&self, checked: u64, found: u64) -> Verdict {
        match *self {
            Self::Single { sample, accept } => last(checked >= sample, found, accept),
            Self::Double { first, accept_first, return_first, second, accept_both } => {
                if checked <= first && found >= return_first {
                    Verdict::Return
                } else if checked == first && found <= accept_first {
                    Verdict::Accept
                } else {
                    last(checked >= first.saturating_add(second), found, accept_both)
                }
            }
            Self::Sequential { good, bad, producer, consumer, most } => {
                let found_f = crate::special::count(found);
                let right = crate::special::count(checked - found.min(checked));
                let evidence = found_f * (bad / good).ln() + right * ((1.0 - bad) / (1.0 - good)).ln();
                let (accept, send_back) = (consumer.ln(), -producer.ln());
                if evidence >= send_back {
                    Verdict::Return
                } else if evidence <= accept {
                    Verdict::Accept
                } else if checked >= most {
                    if evidence - accept < send_back - evidence { Verdict::Accept } else { Verdict::Return }
                } else {
                    Verdict::Open
                }
            }
        }
    }

    /// What is said of a batch of `units` that was checked whole before the plan was done: a fixed sample is judged by what
    /// was found, as if the units that the batch lacks were right; a sequential plan ends there as at its most units, by
    /// what is nearer, since units that do not exist are evidence of nothing.
    pub(super) fn whole(&self, units: u64, found: u64) -> Verdict {
        match *self {
            Self::Sequential { good, bad, producer, consumer, .. } => {
                Self::Sequential { good, bad, producer, consumer, most: units }.verdict(units, found)
            }
            Self::Single { .. } | Self::Double { .. } => self.verdict(self.most(), found),
        }
    }
}

const fn last(whole: bool, found: u64, accept: u64) -> Verdict {
    if found > accept {
        Verdict::Return
    } else if whole {
        Verdict::Accept
    } else {
        Verdict::Open
    }
}
