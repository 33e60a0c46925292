//! What nobody saw: two readers look independently, and what one saw that the other missed tells how much both may have missed.
//!
//! The estimate of Chapman (1951), with the variance of Seber (1970) and a log-normal interval for what was not seen (Burnham
//! and others 1987, Chao 1987). Readers miss the same hard things: then it is too low. Read it as a lower bound.

use crate::agreement::Interval;

/// Largest number of marks; larger ones lose whole numbers in the products.
pub const MARKS_MAX: u64 = 1 << 26;

/// Numbers that cannot be: more in common than one reader marked, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{both} in common of {first} and {second}")]
pub struct CaptureError {
    /// What the first reader marked.
    pub first: u64,
    /// What the second reader marked.
    pub second: u64,
    /// What both marked.
    pub both: u64,
}

/// How much there is, as two readers see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capture {
    /// What at least one of them saw.
    pub seen: u64,
    /// Estimated number of all there is.
    pub total: f64,
    /// Variance of that estimate.
    pub variance: f64,
    /// Estimated number of what neither saw: `total` less `seen`, never below 0.
    pub unseen: f64,
    /// Two-sided interval of what neither saw; absent where one reader saw nothing that the other missed, and the variance says
    /// nothing.
    pub interval: Option<Interval>,
}

/// Estimates from two independent reads: `first` and `second` things marked, `both` of them by both readers; `normal` is the
/// quantile of the normal distribution for the interval's confidence (1.959964 for 95 %).
///
/// # Errors
/// [`CaptureError`] for numbers that cannot be.
pub fn chapman(first: u64, second: u64, both: u64, normal: f64) -> Result<Capture, CaptureError> {
    if both > first.min(second) || first.max(second) > MARKS_MAX {
        return Err(CaptureError { first, second, both });
    }
    let count = crate::special::count;
    let (n1, n2, m) = (count(first), count(second), count(both));
    let total = (n1 + 1.0) * (n2 + 1.0) / (m + 1.0) - 1.0;
    let variance = (n1 + 1.0) * (n2 + 1.0) * (n1 - m) * (n2 - m) / ((m + 1.0) * (m + 1.0) * (m + 2.0));
    let seen = first + second - both;
    let unseen = (total - count(seen)).max(0.0);
    // ln(unseen) is taken as normal: its ends never fall below what was seen.
    let interval = (unseen > 0.0).then(|| {
        let reach = (normal * (variance / (unseen * unseen)).ln_1p().sqrt()).exp();
        Interval { low: unseen / reach, high: unseen * reach }
    });
    Ok(Capture { seen, total, variance, unseen, interval })
}
