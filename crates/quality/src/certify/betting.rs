//! The mean severity of a lot, at any time: betting against every mean that is too high (Waudby-Smith and Ramdas 2024,
//! "Estimating means of bounded random variables by betting", section 4 with the bets of equation 26; without
//! replacement as in their section 5).
//!
//! Who bets that the next severity is below what a mean m would make it expects to win nothing if m is right or too low.
//! A capital of 1 / alpha is therefore reached with probability at most alpha, and rules m out.

use super::ppr::reach;
use crate::{
    finite::{BoundError, counts},
    share::bisect,
    special::count,
    to_f64,
};

/// Most of the capital that may be lost in one bet. One value for all means: capital then grows with the mean, and the
/// bound is a single number that bisection finds. (The paper's limit is c / (1 - m), which for small means is the same.)
const STAKE_MAX: f64 = 0.75;

/// Upper bound of the mean severity over a lot of `lot` units, after the severities in 0..=1 of units that were drawn at
/// random without replacement, in that order. One-sided confidence that holds at every look at once. Never below what
/// was found nor above what could be left.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample; the first severity outside of 0..=1.
pub fn severity_upper(lot: u64, severities: &[f64], confidence: f64) -> Result<f64, BoundError> {
    severity_at(lot, severities, reach(confidence)?)
}

/// [`severity_upper`] for a capital whose logarithm has to reach so far.
pub(super) fn severity_at(lot: u64, severities: &[f64], reach: f64) -> Result<f64, BoundError> {
    let checked = severities.len() as u64;
    counts(lot, checked.max(1), 0)?;
    if let Some(place) = severities.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(BoundError::Severity { place, value: severities[place] });
    }
    let bets = bets(severities, reach);
    let sum: f64 = severities.iter().sum();
    let n = count(lot);
    let (lowest, highest) = (sum / n, (sum + count(lot - checked)) / n);
    let stands = |mean: f64| {
        let (mut seen, mut capital) = (0.0, 0.0);
        for (place, (value, bet)) in severities.iter().zip(&bets).enumerate() {
            let expected = (n * mean - seen) / (n - to_f64(place));
            capital += (bet * (expected - value)).ln_1p();
            // Ville's inequality is about the highest capital that was ever reached.
            if capital >= reach {
                return false;
            }
            seen += value;
        }
        true
    };
    if stands(highest) {
        return Ok(highest);
    }
    let share = bisect(|share| stands(lowest + share * (highest - lowest)));
    Ok(lowest + share * (highest - lowest))
}

/// Each bet depends on earlier severities only.
fn bets(severities: &[f64], reach: f64) -> Vec<f64> {
    let (mut sum, mut squares) = (0.5, 0.25);
    let mut bets = Vec::with_capacity(severities.len());
    for (place, value) in severities.iter().enumerate() {
        let t = to_f64(place) + 1.0;
        let variance: f64 = squares / t;
        bets.push((2.0 * reach / (variance * t * (t + 1.0).ln())).sqrt().min(STAKE_MAX));
        sum += value;
        let mean = sum / (t + 1.0);
        squares += (value - mean).powi(2);
    }
    bets
}
