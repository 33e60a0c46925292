//! What a tier of review is worth: shares with intervals, recall against the next tier, quantiles of times.

use crate::{
    BoundError,
    agreement::Interval,
    share::{bisect, share_lower, share_upper, student},
    special::{count, poisson_at_most},
};

/// A share with its two-sided interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Best guess.
    pub value: f64,
    /// Interval at the confidence that was asked for.
    pub interval: Interval,
}

/// The share `found` of `checked` with the two-sided interval of Clopper and Pearson (1934); `None` where nothing was checked.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample.
pub fn share(checked: u64, found: u64, confidence: f64) -> Result<Option<Share>, BoundError> {
    if checked == 0 {
        return Ok(None);
    }
    let end = f64::midpoint(1.0, confidence);
    let low = share_lower(checked, found, end)?;
    let high = share_upper(checked, found, end)?;
    Ok(Some(Share { value: count(found) / count(checked), interval: Interval { low, high } }))
}

/// Errors of items, item by item: as much of them as an interval needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Items whose errors were counted.
    pub items: u64,
    /// Errors in them.
    pub errors: u64,
    /// Sum of the squares of the errors of each.
    pub squares: u64,
}

impl Errors {
    /// One more item.
    pub fn add(&mut self, errors: u32) {
        self.items += 1;
        self.errors += u64::from(errors);
        self.squares += u64::from(errors) * u64::from(errors);
    }

    /// Both together.
    pub fn join(&mut self, other: Self) {
        self.items += other.items;
        self.errors += other.errors;
        self.squares += other.squares;
    }

    /// Errors for each item with a two-sided interval: at each end the wider of the exact one for a Poisson count (Garwood 1936)
    /// and the one of Student for the mean over items. The first alone would take errors of one item, which come together, for
    /// independent ones; the second alone is empty where all items are alike. `None` without items.
    ///
    /// # Errors
    /// [`BoundError`] for a confidence that is none.
    pub fn per_item(self, confidence: f64) -> Result<Option<Share>, BoundError> {
        let fraction = crate::finite::fraction(confidence)?;
        if self.items == 0 {
            return Ok(None);
        }
        let (n, errors) = (count(self.items), count(self.errors));
        let (mean, tail) = (errors / n, (1.0 - fraction) / 2.0);
        // Beyond this no end of an interval at any confidence below 1 - 1e-9 lies.
        let most = errors + 10.0 * errors.sqrt() + 40.0;
        let exact = Interval {
            low: match self.errors.checked_sub(1) {
                Some(fewer) => bisect(|x| 1.0 - poisson_at_most(fewer, x * most) < tail) * most / n,
                None => 0.0,
            },
            high: bisect(|x| poisson_at_most(self.errors, x * most) > tail) * most / n,
        };
        let reach = match self.items {
            1 => 0.0,
            items => {
                let spread = (count(self.squares) - errors * mean).max(0.0) / (n - 1.0);
                student(count(items - 1), fraction) * (spread / n).sqrt()
            }
        };
        let low = exact.low.min(mean - reach).max(0.0);
        Ok(Some(Share { value: mean, interval: Interval { low, high: exact.high.max(mean + reach) } }))
    }
}

/// What a tier found and what the next one still found in what it passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// Items in which it found an error.
    pub found: u64,
    /// Items that it passed on.
    pub passed: u64,
    /// Of these, items that the next tier looked at: a random part where that tier takes samples.
    pub looked: u64,
    /// Of these, items in which the next tier still found an error.
    pub missed: u64,
}

impl Caught {
    /// Recall: found / (found + missed), where `missed` stands for all that was passed on though the next tier looked at a part
    /// of it only. What no tier sees is in neither: recall is at most this.
    ///
    /// The interval is the exact one for the ratio of two Poisson means, given their sum (Przyborowski and Wilenski 1940): that
    /// of a binomial share. `None` where nothing was found by either, or the next tier looked at nothing.
    ///
    /// # Errors
    /// [`BoundError`] for numbers that describe no sample.
    pub fn recall(self, confidence: f64) -> Result<Option<Share>, BoundError> {
        if self.looked == 0 {
            return Ok(None);
        }
        // Each miss that was seen stands for this many.
        let worth = count(self.passed) / count(self.looked);
        let weighed = |share: f64| {
            let rest = worth * (1.0 - share);
            if share + rest > 0.0 { share / (share + rest) } else { 0.0 }
        };
        let plain = share(self.found + self.missed, self.found, confidence)?;
        Ok(plain.map(|plain| Share {
            value: weighed(plain.value),
            interval: Interval { low: weighed(plain.interval.low), high: weighed(plain.interval.high) },
        }))
    }
}

/// The value that a share of `values` does not exceed: the smallest one whose rank is at least `share` of their number (nearest
/// rank). `None` of nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within 0..len of a list in memory"
)]
pub fn quantile(values: &mut [i64], share: f64) -> Option<i64> {
    if values.is_empty() || !(0.0..=1.0).contains(&share) {
        return None;
    }
    values.sort_unstable();
    let rank = (share * crate::to_f64(values.len())).ceil() as usize;
    values.get(rank.clamp(1, values.len()) - 1).copied()
}
