//! Intervals by drawing items anew (Efron 1979; percentiles). They speak of items like these, read by these readers.

use super::{
    counts::{Counts, Level},
    interval::{Interval, quantiles},
};
use crate::random::Random;

/// Most numbers that are kept of resamples at once: 128 MB.
const KEPT_MAX: usize = 16_000_000;

/// Percentile intervals of the same resamples of items.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled {
    /// Of [`Counts::percent`].
    pub percent: Option<Interval>,
    /// Of [`Counts::alpha`].
    pub alpha: Option<Interval>,
    /// Of [`Counts::specific`], by class.
    pub specific: Vec<Option<Interval>>,
}

impl Counts {
    /// Percentile intervals of percent agreement, alpha and the agreement specific to each class by resampling items (not
    /// readers) `times` times from `seed`. Resamples in which a figure does not exist are left out of its interval; it is
    /// `None` where none is left, the figure does not exist itself, or no resample differs, as where everybody agrees: a point
    /// would say that the figure is known.
    #[must_use]
    pub fn resampled(&self, level: Level, confidence: f64, times: usize, seed: u64) -> Resampled {
        let exists = self.alpha(level).is_some();
        let (mut percent, mut alpha) = (Vec::with_capacity(times), Vec::new());
        self.resample(times, seed, |weights| {
            percent.extend(self.percent_of(weights));
            if exists {
                alpha.extend(self.alpha_of(level, weights));
            }
        });
        let specific = self.specific_intervals(confidence, times, seed);
        Resampled { percent: spread(percent, confidence), alpha: spread(alpha, confidence), specific }
    }

    /// Percentile interval of alpha by resampling items (not readers) `times` times from `seed`. Resamples without
    /// variation are left out. `None` where none is left, or there is no alpha.
    #[must_use]
    pub fn alpha_interval(&self, level: Level, confidence: f64, times: usize, seed: u64) -> Option<Interval> {
        self.alpha(level)?;
        let mut found = Vec::with_capacity(times);
        self.resample(times, seed, |weights| found.extend(self.alpha_of(level, weights)));
        quantiles(found, confidence)
    }

    /// Intervals of the agreement specific to each class, as in [`Counts::resampled`]. Many classes are taken by blocks, each
    /// with the same resamples, so that memory stays bounded.
    fn specific_intervals(&self, confidence: f64, times: usize, seed: u64) -> Vec<Option<Interval>> {
        let mut all = Vec::with_capacity(self.classes);
        let block = (KEPT_MAX / times.max(1)).max(1);
        while all.len() < self.classes {
            let (from, size) = (all.len(), block.min(self.classes - all.len()));
            let mut found = vec![Vec::new(); size];
            let (mut both, mut any) = (vec![0.0; size], vec![0.0; size]);
            self.resample(times, seed, |weights| {
                both.fill(0.0);
                any.fill(0.0);
                for (row, weight) in self.rows.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
                    for (class, n) in &row.counts {
                        let Some(place) = usize::from(*class).checked_sub(from).filter(|p| *p < size) else {
                            continue;
                        };
                        let n = f64::from(*n);
                        both[place] += weight * n * (n - 1.0);
                        any[place] += weight * n * (row.total - 1.0);
                    }
                }
                for ((found, both), any) in found.iter_mut().zip(&both).zip(&any) {
                    found.extend((*any > 0.0).then(|| both / any));
                }
            });
            all.extend(found.into_iter().map(|found| spread(found, confidence)));
        }
        all
    }

    /// Gives how often each row is drawn, `times` times.
    fn resample(&self, times: usize, seed: u64, mut take: impl FnMut(&[f64])) {
        let owner: Vec<usize> = self
            .rows
            .iter()
            .enumerate()
            .flat_map(|(place, row)| std::iter::repeat_n(place, row.items))
            .collect();
        let mut random = Random::new(seed);
        let mut weights = vec![0.0; self.rows.len()];
        for _ in 0..times {
            weights.fill(0.0);
            for _ in 0..owner.len() {
                weights[owner[random.below(owner.len())]] += 1.0;
            }
            take(&weights);
        }
    }
}

/// The percentile interval of values of which one differs at least.
fn spread(values: Vec<f64>, confidence: f64) -> Option<Interval> {
    let differs = values.windows(2).any(|pair| pair[0].total_cmp(&pair[1]).is_ne());
    if differs { quantiles(values, confidence) } else { None }
}
