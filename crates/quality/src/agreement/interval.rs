//! Alpha for measured values, and intervals by resampling.

use crate::to_f64;

/// A two-sided interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The percentile interval of resampled values; ends by linear interpolation between order statistics.
pub(crate) fn quantiles(mut values: Vec<f64>, confidence: f64) -> Option<Interval> {
    if values.is_empty() || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within 0..len of a list in memory"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * to_f64(sorted.len() - 1);
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

/// Krippendorff's alpha for values on an interval scale, in one pass and with memory that does not grow with the number
/// of distinct values: within an item Σ(a-b)² over pairs is 2(nΣx² - (Σx)²).
#[derive(Clone, Copy, Debug, Default)]
pub struct IntervalAlpha {
    observed: f64,
    total: f64,
    sum: f64,
    squares: f64,
    origin: Option<f64>,
}

impl IntervalAlpha {
    /// Takes the values that an item was given. Items with fewer than two say nothing and are passed over.
    pub fn item(&mut self, values: &[f64]) {
        let (Some(first), true) = (values.first(), values.len() >= 2) else { return };
        // Differences do not change by a shift; sums of squares stay exact when values lie far from 0.
        let origin = *self.origin.get_or_insert(*first);
        let n = to_f64(values.len());
        let mean = values.iter().sum::<f64>() / n;
        let within: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        self.observed += 2.0 * n * within / (n - 1.0);
        self.total += n;
        self.sum += values.iter().map(|value| value - origin).sum::<f64>();
        self.squares += values.iter().map(|value| (value - origin).powi(2)).sum::<f64>();
    }

    /// Alpha of what was taken. `None` where no two values differ.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let expected = 2.0 * (self.total * self.squares - self.sum * self.sum) / (self.total - 1.0);
        (expected > 0.0).then(|| 1.0 - self.observed / expected)
    }
}
