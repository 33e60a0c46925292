//! Agreement of measured values, of which there may be as many as reads: nothing here grows with the number of distinct ones.

use std::ops::Range;

use super::{
    counts::{Coefficient, Level},
    interval::IntervalAlpha,
};
use crate::to_f64;

/// Step of the sum that stands for the integral over ln t in [`nodes`]. The trapezoidal rule is off by less than
/// |Γ(2 + 2πi / step)|, which is below 1e-18.
const STEP: f64 = 0.2;
/// Where the integrand is below 1e-17 of its whole: ln of (a + b) t from..to.
const REACH: (f64, f64) = (-20.0, 4.0);
/// Most values of an item whose pairs are taken one by one.
const PAIRS_OF: usize = 128;

/// Values that readers measured, by item.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    ends: Vec<usize>,
    values: Vec<f64>,
}

/// What an item has to do with both sides of alpha.
struct Part {
    values: f64,
    observed: f64,
    /// How the expected disagreement grows with the weight of this item, before it is divided by n - 1.
    expected: f64,
}

impl Measured {
    /// Takes the values that an item was given. An item without any is passed over.
    pub fn item(&mut self, values: &[f64]) {
        if !values.is_empty() {
            self.values.extend(values);
            self.ends.push(self.values.len());
        }
    }

    /// Items that were measured at least once.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.ends.len()
    }

    /// Mean over items of the share of pairs with exactly equal values, with its standard error over items. `None` where no
    /// item has two values.
    #[must_use]
    pub fn percent(&self) -> Option<Coefficient> {
        let share = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            let pairs = |run: &[f64]| to_f64(run.len()) * (to_f64(run.len()) - 1.0);
            let equal: f64 = sorted.chunk_by(|a, b| *a - *b == 0.0).map(pairs).sum();
            equal / pairs(&sorted)
        };
        let shares: Vec<f64> = self.paired().map(share).collect();
        let n = to_f64(shares.len());
        let value = shares.iter().sum::<f64>() / n;
        let squares: f64 = shares.iter().map(|share| (share - value).powi(2)).sum();
        let standard_error = (squares / (n * (n - 1.0))).sqrt();
        (!shares.is_empty()).then_some(Coefficient { value, standard_error })
    }

    /// Krippendorff's alpha (2011) on an interval scale by [`IntervalAlpha`] or on a ratio scale, with its linearised standard
    /// error over items (infinitesimal jackknife; Efron 1982). Its interval has as many degrees of freedom as items less one.
    ///
    /// On a ratio scale ((a - b) / (a + b))² = (a - b)² ∫ t exp(-(a + b) t) dt, so that the sum over all pairs is an integral of
    /// weighted variances, each of which takes one pass over the values.
    ///
    /// `None` for scales of names and ranks, where no two values differ, for a ratio of negative values, and for values that are
    /// not finite.
    #[must_use]
    pub fn alpha(&self, level: Level) -> Option<Coefficient> {
        let whole = self.values.iter().all(|value| value.is_finite());
        let (value, parts) = match level {
            Level::Interval if whole => self.interval()?,
            Level::Ratio if whole && self.values.iter().all(|value| *value >= 0.0) => self.ratio()?,
            _ => return None,
        };
        let n: f64 = parts.iter().map(|part| part.values).sum();
        let observed: f64 = parts.iter().map(|part| part.observed).sum();
        let expected = observed / (1.0 - value);
        // Where everybody agrees there is nothing to divide by, nor an error.
        let (ratio, expected) = if observed > 0.0 { (observed / expected, expected) } else { (0.0, 1.0) };
        let pull = |part: &Part| {
            let grown = (part.expected - expected * part.values) / (n - 1.0);
            -(part.observed - ratio * grown) / expected
        };
        let items = to_f64(parts.len());
        let mean = parts.iter().map(pull).sum::<f64>() / items;
        let squares: f64 = parts.iter().map(|part| (pull(part) - mean).powi(2)).sum();
        Some(Coefficient { value, standard_error: (squares * items / (items - 1.0)).sqrt() })
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        let range = |place: usize| -> Range<usize> {
            let from = if place == 0 { 0 } else { self.ends[place - 1] };
            from..self.ends[place]
        };
        (0..self.ends.len()).map(move |place| &self.values[range(place)])
    }

    /// Items with two values or more: the others say nothing.
    fn paired(&self) -> impl Iterator<Item = &[f64]> {
        self.rows().filter(|values| values.len() >= 2)
    }

    fn interval(&self) -> Option<(f64, Vec<Part>)> {
        let mut alpha = IntervalAlpha::default();
        let (mut n, mut sum) = (0.0, 0.0);
        let origin = *self.paired().next()?.first()?;
        for values in self.paired() {
            alpha.item(values);
            n += to_f64(values.len());
            sum += values.iter().map(|value| value - origin).sum::<f64>();
        }
        let mean = origin + sum / n;
        let around = |values: &[f64], at: f64| values.iter().map(|value| (value - at).powi(2)).sum::<f64>();
        let all: f64 = self.paired().map(|values| around(values, mean)).sum();
        let part = |values: &[f64]| {
            let own = to_f64(values.len());
            let centre = values.iter().sum::<f64>() / own;
            let observed = 2.0 * own * around(values, centre) / (own - 1.0);
            Part { values: own, observed, expected: 2.0 * (own * all + n * around(values, mean)) }
        };
        Some((alpha.value()?, self.paired().map(part).collect()))
    }

    fn ratio(&self) -> Option<(f64, Vec<Part>)> {
        let mut parts: Vec<Part> = self
            .paired()
            .map(|values| {
                let own = to_f64(values.len());
                Part { values: own, observed: ratio_pairs(values) / (own - 1.0), expected: 0.0 }
            })
            .collect();
        let all: Vec<f64> = self.paired().flatten().copied().collect();
        let n = to_f64(all.len());
        let mut sum = 0.0;
        for (t, weight) in nodes(&all) {
            let Some(Spread { mass, mean, squares }) = spread(&all, t) else { continue };
            sum += weight * 2.0 * mass * squares;
            for (part, values) in parts.iter_mut().zip(self.paired()) {
                let (mut own, mut around) = (0.0, 0.0);
                for value in values {
                    let share = (-value * t).exp();
                    own += share;
                    around += share * (value - mean).powi(2);
                }
                part.expected += weight * 2.0 * (around * mass + squares * own);
            }
        }
        let observed: f64 = parts.iter().map(|part| part.observed).sum();
        let expected = sum / (n - 1.0);
        (expected > 0.0).then(|| (1.0 - observed / expected, parts))
    }
}

/// Sum of ((a - b) / (a + b))² over ordered pairs.
fn ratio_pairs(values: &[f64]) -> f64 {
    if values.len() > PAIRS_OF {
        let at = |(t, weight)| spread(values, t).map_or(0.0, |of| weight * 2.0 * of.mass * of.squares);
        return nodes(values).map(at).sum();
    }
    let mut sum = 0.0;
    for (place, a) in values.iter().enumerate() {
        for b in &values[..place] {
            // Of two zeros neither is more than the other.
            if a + b > 0.0 {
                sum += 2.0 * ((a - b) / (a + b)).powi(2);
            }
        }
    }
    sum
}

/// Values of t and the weights with which a function of t is summed for ∫ t f(t) dt, where f falls as exp(-(a + b) t) does.
fn nodes(values: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let most = values.iter().copied().fold(0.0, f64::max);
    let least = values.iter().copied().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    let (from, to) = (REACH.0 - (2.0 * most).ln(), REACH.1 - least.ln());
    // Zeros alone have no scale, and no distances.
    let steps = if most > 0.0 { ((to - from) / STEP).ceil() } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
    let steps = steps as u32;
    (0..steps).map(move |step| {
        let t = (from + STEP * f64::from(step)).exp();
        (t, STEP * t * t)
    })
}

/// Values weighted by exp(-t value).
struct Spread {
    /// Sum of the weights.
    mass: f64,
    mean: f64,
    /// Sum of weighted squares about the mean.
    squares: f64,
}

fn spread(values: &[f64], t: f64) -> Option<Spread> {
    let (mut mass, mut sum) = (0.0, 0.0);
    for value in values {
        let share = (-value * t).exp();
        mass += share;
        sum += share * value;
    }
    if mass <= 0.0 {
        return None;
    }
    let mean = sum / mass;
    let squares = values.iter().map(|value| (-value * t).exp() * (value - mean).powi(2)).sum();
    Some(Spread { mass, mean, squares })
}
