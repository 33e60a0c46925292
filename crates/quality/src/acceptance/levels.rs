//! Plans under tightened and under reduced inspection, in the manner of ISO 2859-1: there tightened inspection is the plan of
//! the next stricter quality level (levels are steps of the fifth root of ten, about 1.6) for the same sample size, and
//! reduced inspection has two fifths of the sample. Tables for single and double plans are in that standard, for sequential
//! ones in ISO 2859-5; the rules here are arithmetic and no copy of these tables.

use super::plan::{Plan, SAMPLE_MAX};

/// A step between quality levels, as a fraction.
const STEP: (u64, u64) = (8, 5);
/// The part of the sample that reduced inspection takes, as a fraction.
const REDUCED: (u64, u64) = (2, 5);

/// So many units, a step larger; the step is rounded up.
const fn larger(units: u64) -> u64 {
    units.saturating_mul(STEP.0).div_ceil(STEP.1)
}

const fn smaller(units: u64) -> u64 {
    units.saturating_mul(REDUCED.0).div_ceil(REDUCED.1)
}

impl Plan {
    /// The plan under tightened inspection: one error fewer, in a double plan after the first sample and after both; where
    /// none is allowed after the first, only after both, and where that leaves no double plan either, samples that are larger
    /// by a step of 1.6. A sequential plan tells shares of errors that are both smaller by a step, with up to a step more
    /// units. `None` for a plan that is none, or that would take more than [`SAMPLE_MAX`] units.
    #[must_use]
    pub fn tightened(&self) -> Option<Self> {
        self.check().ok()?;
        let plan = match *self {
            Self::Single { sample, accept: 0 } => Self::Single { sample: larger(sample), accept: 0 },
            Self::Single { sample, accept } => Self::Single { sample, accept: accept - 1 },
            Self::Double { first, accept_first: 0, return_first, second, accept_both: 1 } => Self::Double {
                first: larger(first),
                accept_first: 0,
                return_first,
                second: larger(second),
                accept_both: 1,
            },
            Self::Double { first, accept_first, return_first, second, accept_both } => {
                // After the first sample some number still has to draw the second.
                let return_first =
                    if accept_first == 0 { return_first.min(accept_both) } else { return_first - 1 };
                Self::Double {
                    first,
                    accept_first: accept_first.saturating_sub(1),
                    return_first,
                    second,
                    accept_both: accept_both - 1,
                }
            }
            Self::Sequential { good, bad, producer, consumer, most } => {
                let step = crate::special::count(STEP.0) / crate::special::count(STEP.1);
                let most = larger(most).min(SAMPLE_MAX);
                Self::Sequential { good: good / step, bad: bad / step, producer, consumer, most }
            }
        };
        plan.check().ok().map(|()| plan)
    }

    /// The plan under reduced inspection: two fifths of each sample and half of the errors, rounded up. A sequential plan
    /// returns only a share of errors that is larger by a step of 1.6, which takes fewer units to tell. `None` where that
    /// makes no plan.
    #[must_use]
    pub fn reduced(&self) -> Option<Self> {
        self.check().ok()?;
        let plan = match *self {
            Self::Single { sample, accept } => {
                let sample = smaller(sample);
                let accept = accept.div_ceil(2);
                Self::Single { sample, accept: if accept < sample { accept } else { sample - 1 } }
            }
            Self::Double { first, accept_first, return_first, second, accept_both } => {
                let accept_both = accept_both.div_ceil(2);
                let accept_first = accept_first.div_ceil(2).min(accept_both - 1);
                let return_first = return_first.div_ceil(2).clamp(accept_first + 2, accept_both + 1);
                Self::Double {
                    first: smaller(first),
                    accept_first,
                    return_first,
                    second: smaller(second),
                    accept_both,
                }
            }
            Self::Sequential { good, bad, producer, consumer, most } => {
                let step = crate::special::count(STEP.0) / crate::special::count(STEP.1);
                Self::Sequential { good, bad: bad * step, producer, consumer, most }
            }
        };
        plan.check().ok().map(|()| plan)
    }
}
