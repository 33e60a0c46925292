//! What a tier of review is worth: shares with intervals, recall against the next tier, quantiles of times.

use crate::{
    BoundError,
    agreement::Interval,
    share::{share_lower, share_upper},
    special::count,
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
