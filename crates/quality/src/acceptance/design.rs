//! The smallest single plan that keeps two promises.

use super::plan::{Plan, PlanError};
use crate::share::bisect;
use crate::special::{beta_below, count};

/// Most errors that a designed plan accepts.
pub const SEARCH_MAX: u64 = 1_000;

/// The single plan with the smallest sample that accepts a share `good` of errors with probability at least
/// 1 - `producer`, and a share `bad` with at most `consumer`, over a long run of large batches (binomial; for batches that
/// are not large the second promise is kept all the more). `None` where no plan with up to [`SEARCH_MAX`] errors does.
///
/// # Errors
/// [`PlanError::Shares`] unless 0 < good < bad < 1 and risks are above 0 and sum to less than 1.
pub fn single_for(good: f64, bad: f64, producer: f64, consumer: f64) -> Result<Option<Plan>, PlanError> {
    Plan::Sequential { good, bad, producer, consumer, most: 1 }.check()?;
    for accept in 0..=SEARCH_MAX {
        // The sample has to be so large that a bad batch seldom passes ...
        let Some(sample) = smallest(accept, bad, consumer) else { return Ok(None) };
        // ... and then a good one still has to.
        if passes(sample, accept, good) >= 1.0 - producer {
            return Ok(Some(Plan::Single { sample, accept }));
        }
    }
    Ok(None)
}

/// P(at most `accept` errors among `sample`).
fn passes(sample: u64, accept: u64, share: f64) -> f64 {
    1.0 - beta_below(share, count(accept + 1), count(sample - accept))
}

fn smallest(accept: u64, bad: f64, consumer: f64) -> Option<u64> {
    let (mut low, mut high) = (accept, accept + 1);
    while passes(high, accept, bad) > consumer {
        low = high;
        high *= 2;
        if high > 2 * super::plan::SAMPLE_MAX {
            return None;
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if passes(middle, accept, bad) > consumer { low = middle } else { high = middle }
    }
    (high <= super::plan::SAMPLE_MAX).then_some(high)
}

impl Plan {
    /// The share of errors that a process may have and still be accepted with probability `accept` (0.1: the limiting
    /// quality, of which the plan protects). `None` for a plan that is none.
    #[must_use]
    pub fn quality_at(&self, accept: f64) -> Option<f64> {
        if !(accept > 0.0 && accept < 1.0) {
            return None;
        }
        self.check().ok()?;
        if let Self::Single { sample, accept: most } = *self {
            return Some(bisect(|share| passes(sample, most, share) > accept));
        }
        let at = |share| self.curve(super::curve::Source::Process(share)).map_or(0.0, |point| point.accept);
        // Curves of double and sequential plans are sums: a ten-thousandth is near enough.
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-4 {
            let middle = f64::midpoint(low, high);
            if at(middle) > accept { low = middle } else { high = middle }
        }
        Some(high)
    }
}
