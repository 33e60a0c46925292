//! Bounds for a share of something without end: the number that was found follows the binomial distribution. Like the
//! bound of a finite lot they hold for a size of sample that was fixed beforehand.

use crate::{
    finite::{BoundError, LOT_MAX, fraction},
    special::{beta_below, count},
};

/// Upper end of the one-sided interval of Clopper and Pearson (1934) for a share, after `found` of `checked`: the largest
/// share for which P(X <= found) is still 1 - confidence.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample.
pub fn share_upper(checked: u64, found: u64, confidence: f64) -> Result<f64, BoundError> {
    sample(checked, found)?;
    let alpha = 1.0 - fraction(confidence)?;
    if found == checked {
        return Ok(1.0);
    }
    // P(X <= k) = 1 - I_p(k + 1, n - k).
    let (a, b) = (count(found + 1), count(checked - found));
    Ok(bisect(|share| 1.0 - beta_below(share, a, b) > alpha))
}

/// Lower end of the one-sided interval of Clopper and Pearson.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample.
pub fn share_lower(checked: u64, found: u64, confidence: f64) -> Result<f64, BoundError> {
    sample(checked, found)?;
    share_upper(checked, checked - found, confidence).map(|upper| 1.0 - upper)
}

fn sample(checked: u64, found: u64) -> Result<(), BoundError> {
    if checked == 0 || checked > LOT_MAX || found > checked {
        return Err(BoundError::Counts { lot: LOT_MAX, checked, found });
    }
    Ok(())
}

/// The end of a stretch from 0 in which `holds` is true.
pub(crate) fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high || high - low < 1e-15 {
            return high;
        }
        if holds(middle) { low = middle } else { high = middle }
    }
}
