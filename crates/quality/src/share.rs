//! Bounds for a share of something without end: the number that was found follows the binomial distribution. Like the
//! bound of a finite lot they hold for a size of sample that was fixed beforehand.

use crate::{
    agreement::Interval,
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

/// How far two tails of Student's distribution that leave `confidence` between them are from 0.
pub(crate) fn student(degrees: f64, confidence: f64) -> f64 {
    // P(|T| > t) is I_x(degrees / 2, 1 / 2) at x = degrees / (degrees + t²).
    let x = bisect(|x| beta_below(x, degrees / 2.0, 0.5) < 1.0 - confidence);
    (degrees * (1.0 - x) / x).sqrt()
}

/// Two-sided interval of a share by Wilson's score (1927): narrower than the exact one, for comparing and display.
pub(crate) fn wilson(checked: u64, found: u64, confidence: f64) -> Interval {
    // So many degrees of freedom are the normal distribution.
    let (n, z) = (count(checked), student(1e7, confidence));
    let (share, square) = (count(found) / n, z * z / n);
    let middle = (share + square / 2.0) / (1.0 + square);
    let reach = z / (1.0 + square) * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    Interval { low: (middle - reach).max(0.0), high: (middle + reach).min(1.0) }
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
