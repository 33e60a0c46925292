//! The smallest plans that keep two promises: what is good is accepted, what is bad is returned.

use super::{
    curve::Source,
    plan::{Plan, PlanError, SAMPLE_MAX},
};
use crate::{
    share::bisect,
    special::{beta_below, count, ln_choose},
};

/// Most errors that a designed single plan accepts.
pub const SEARCH_MAX: u64 = 1_000;
/// Most errors that a designed double plan accepts after both samples.
const DOUBLE_MAX: u64 = 20;
/// At how many times the single plan's sample a sequential plan may end, tried in this order.
const ENDS: [f64; 6] = [1.0, 1.25, 1.5, 2.0, 3.0, 5.0];

/// Two promises about batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// Units of a batch; absent for a long run of large ones.
    pub units: Option<u64>,
    /// Share of errors of which nearly every batch should be accepted (the producer's risk quality, often called AQL).
    pub good: f64,
    /// Most probable that such a batch is returned.
    pub producer: f64,
    /// Share of errors of which nearly every batch should be returned (the consumer's risk quality, LTPD).
    pub bad: f64,
    /// Most probable that such a batch is accepted.
    pub consumer: f64,
    /// Most units that may be checked of a batch.
    pub most: u64,
}

/// A promise that is none; named by its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromiseError {
    /// No unit.
    #[error("a batch has at least one unit")]
    Units,
    /// `good` is not above 0 and below `bad`.
    #[error("what should be accepted lies above 0 and below what should be returned")]
    Good,
    /// `bad` is not below 1.
    #[error("what should be returned lies below 1")]
    Bad,
    /// In a batch of this size both shares are the same number of wrong units.
    #[error("in a batch of this size the two shares are the same number of wrong units")]
    Same,
    /// `producer` is not above 0 and below 1.
    #[error("a risk lies above 0, and both together below 1")]
    Producer,
    /// `consumer` is not above 0, or both risks are not together below 1.
    #[error("a risk lies above 0, and both together below 1")]
    Consumer,
    /// No unit, or more than [`SAMPLE_MAX`].
    #[error("1 to {SAMPLE_MAX} units can be checked")]
    Most,
}

impl Promise {
    /// Whether it can be kept by any plan.
    ///
    /// # Errors
    /// [`PromiseError`].
    pub fn check(&self) -> Result<(), PromiseError> {
        if self.units == Some(0) {
            return Err(PromiseError::Units);
        }
        if !(self.bad > 0.0 && self.bad < 1.0) {
            return Err(PromiseError::Bad);
        }
        if !(self.good > 0.0 && self.good < self.bad) {
            return Err(PromiseError::Good);
        }
        if !(self.producer > 0.0 && self.producer < 1.0) {
            return Err(PromiseError::Producer);
        }
        if !(self.consumer > 0.0 && self.producer + self.consumer < 1.0) {
            return Err(PromiseError::Consumer);
        }
        if self.most == 0 || self.most > SAMPLE_MAX {
            return Err(PromiseError::Most);
        }
        if self.wrong().is_some_and(|(good, bad)| good >= bad) { Err(PromiseError::Same) } else { Ok(()) }
    }

    /// What should be accepted, and what returned: in a batch the most wrong units that are still good, and the fewest that
    /// are bad.
    #[must_use]
    pub fn sources(&self) -> (Source, Source) {
        match self.units {
            None => (Source::Process(self.good), Source::Process(self.bad)),
            Some(units) => {
                let lot = |wrong: f64| Source::Lot { units, wrong: whole(wrong).min(units) };
                // 0.07 * 100 is a little more than 7.
                (lot((self.good * count(units) + 1e-9).floor()), lot((self.bad * count(units) - 1e-9).ceil()))
            }
        }
    }

    /// Of a batch: the most wrong units that are still good, and the fewest that are bad.
    #[must_use]
    pub fn wrong(&self) -> Option<(u64, u64)> {
        match self.sources() {
            (Source::Lot { wrong: good, .. }, Source::Lot { wrong: bad, .. }) => Some((good, bad)),
            _ => None,
        }
    }

    /// Whether a plan keeps both promises, exactly.
    #[must_use]
    pub fn is_kept_by(&self, plan: &Plan) -> bool {
        let (good, bad) = self.sources();
        let accept = |source| plan.curve(source).map(|point| point.accept);
        // Sums over the sample are exact to about this.
        let near = 1e-9;
        accept(good).is_ok_and(|share| share >= 1.0 - self.producer - near)
            && accept(bad).is_ok_and(|share| share <= self.consumer + near)
    }

    /// The single plan with the smallest sample that keeps it; `None` where none with up to [`SEARCH_MAX`] errors does.
    ///
    /// # Errors
    /// [`PromiseError`].
    pub fn single(&self) -> Result<Option<Plan>, PromiseError> {
        self.check()?;
        let (good, bad) = self.sources();
        for accept in 0..=SEARCH_MAX {
            // The sample has to be so large that a bad batch seldom passes ...
            let seldom = |sample| at_most(bad, sample, accept) <= self.consumer;
            let Some(sample) = self.smallest(accept + 1, seldom) else { return Ok(None) };
            // ... and then a good one still has to.
            if at_most(good, sample, accept) >= 1.0 - self.producer {
                return Ok(Some(Plan::Single { sample, accept }));
            }
        }
        Ok(None)
    }

    /// The double plan with samples of equal size that keeps it and checks the fewest units of a good batch on average; it
    /// returns after the first sample only what both together would return. `None` where none with up to 20 errors does.
    ///
    /// # Errors
    /// [`PromiseError`].
    pub fn double(&self) -> Result<Option<Plan>, PromiseError> {
        self.check()?;
        let (good, bad) = self.sources();
        let mut best: Option<(f64, u64, u64, u64)> = None;
        for accept_both in 1..=DOUBLE_MAX {
            for accept_first in 0..accept_both {
                let seldom = |sample| passes_twice(bad, sample, accept_first, accept_both) <= self.consumer;
                let Some(sample) = self.smallest(accept_both + 1, seldom) else {
                    continue;
                };
                if sample.saturating_mul(2) > self.limit()
                    || passes_twice(good, sample, accept_first, accept_both) < 1.0 - self.producer
                {
                    continue;
                }
                let second = at_most(good, sample, accept_both) - at_most(good, sample, accept_first);
                let checked = count(sample) * (1.0 + second);
                if best.is_none_or(|(least, ..)| checked < least) {
                    best = Some((checked, sample, accept_first, accept_both));
                }
            }
        }
        Ok(best.map(|(_, sample, accept_first, accept_both)| Plan::Double {
            first: sample,
            accept_first,
            return_first: accept_both + 1,
            second: sample,
            accept_both,
        }))
    }

    /// The sequential plan for it, ended as early as keeps both promises. `None` where that is beyond `most` units.
    ///
    /// # Errors
    /// [`PromiseError`].
    pub fn sequential(&self) -> Result<Option<Plan>, PromiseError> {
        let Some(Plan::Single { sample, .. }) = self.single()? else { return Ok(None) };
        let Self { good, bad, producer, consumer, .. } = *self;
        let plan = |part: f64| {
            let most = whole((count(sample) * part).ceil()).min(self.limit());
            Plan::Sequential { good, bad, producer, consumer, most }
        };
        Ok(ENDS.into_iter().map(plan).find(|plan| self.is_kept_by(plan)))
    }

    /// Most units that may be checked and are there.
    fn limit(&self) -> u64 {
        self.most.min(self.units.unwrap_or(u64::MAX))
    }

    /// The smallest sample from `least` on of which something holds that holds for all larger ones.
    fn smallest(&self, least: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
        let (mut low, mut high) = (least, self.limit());
        if low > high || !holds(high) {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        Some(high)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, far below 2^53")]
const fn whole(value: f64) -> u64 {
    value as u64
}

/// The smallest single plan for a long run of large batches: [`Promise::single`] (binomial; for batches that are not large the
/// second promise is kept all the more).
///
/// # Errors
/// [`PlanError::Shares`] unless 0 < good < bad < 1 and risks are above 0 and sum to less than 1.
pub fn single_for(good: f64, bad: f64, producer: f64, consumer: f64) -> Result<Option<Plan>, PlanError> {
    let promise = Promise { units: None, good, producer, bad, consumer, most: SAMPLE_MAX };
    promise.single().map_err(|_| PlanError::Shares)
}

/// P(at most `most` errors among `sample`).
fn at_most(source: Source, sample: u64, most: u64) -> f64 {
    if most >= sample {
        return 1.0;
    }
    match source {
        Source::Process(share) => 1.0 - beta_below(share, count(most + 1), count(sample - most)),
        Source::Lot { .. } => (0..=most).map(|found| exactly(source, sample, found)).sum::<f64>().min(1.0),
    }
}

/// P(exactly `found` errors among `sample`).
fn exactly(source: Source, sample: u64, found: u64) -> f64 {
    match source {
        Source::Process(share) => {
            let right = count(sample - found);
            (ln_choose(sample, found) + count(found) * share.ln() + right * (1.0 - share).ln()).exp()
        }
        Source::Lot { units, wrong } => {
            if found > wrong || sample - found > units - wrong {
                return 0.0;
            }
            let ways = ln_choose(wrong, found) + ln_choose(units - wrong, sample - found);
            (ways - ln_choose(units, sample)).exp()
        }
    }
}

/// P(a double plan with two samples of this size accepts); a batch that is too small for the second is checked whole.
fn passes_twice(source: Source, sample: u64, accept_first: u64, accept_both: u64) -> f64 {
    let second = |found: u64| {
        let (rest, size) = match source {
            Source::Process(_) => (source, sample),
            Source::Lot { units, wrong } => {
                let rest = Source::Lot { units: units - sample, wrong: wrong.saturating_sub(found) };
                (rest, sample.min(units - sample))
            }
        };
        exactly(source, sample, found) * at_most(rest, size, accept_both - found)
    };
    at_most(source, sample, accept_first) + (accept_first + 1..=accept_both).map(second).sum::<f64>()
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
            return Some(bisect(|share| at_most(Source::Process(share), sample, most) > accept));
        }
        let at = |share| self.curve(Source::Process(share)).map_or(0.0, |point| point.accept);
        // Curves of double and sequential plans are sums: a ten-thousandth is near enough.
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-4 {
            let middle = f64::midpoint(low, high);
            if at(middle) > accept { low = middle } else { high = middle }
        }
        Some(high)
    }
}
