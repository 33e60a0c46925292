//! How many units of a lot are wrong, at any time: the confidence sequence of Waudby-Smith and Ramdas (2020, "Confidence
//! sequences for sampling without replacement", theorem 2.1 with the beta-binomial prior).
//!
//! The prior of the number M of wrong units divided by its posterior is a martingale under the true M; it ever reaches
//! 1 / alpha with probability at most alpha, however often and whenever somebody looks. What has not reached it makes up
//! the confidence sequence. The prior decides how tight the bound is, never whether it holds.

use serde::{Deserialize, Serialize};

use crate::{
    finite::{BoundError, counts, fraction},
    special::{count, ln_beta, ln_choose},
};

/// What is expected before anything was checked, as if `wrong` and `right` units had been seen. Part of what is fixed
/// before the first look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Wrong units, a of the beta-binomial.
    pub wrong: f64,
    /// Right units, b of the beta-binomial.
    pub right: f64,
}

impl Default for Prior {
    /// About one in fifty: labels that somebody thinks good enough to release.
    fn default() -> Self {
        Self { wrong: 1.0, right: 50.0 }
    }
}

const SHAPE_MAX: f64 = 1e9;

impl Prior {
    fn valid(self) -> Result<(), BoundError> {
        let fits = |shape: f64| shape > 0.0 && shape < SHAPE_MAX;
        if fits(self.wrong) && fits(self.right) {
            Ok(())
        } else {
            Err(BoundError::Prior(self.wrong, self.right))
        }
    }
}

/// The most units of a lot that may be wrong, with one-sided confidence that holds at every look at once, after `checked`
/// were drawn at random without replacement and `found` were wrong. Between `found` and `lot - checked + found`.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample.
pub fn anytime_upper(
    lot: u64,
    checked: u64,
    found: u64,
    confidence: f64,
    prior: Prior,
) -> Result<u64, BoundError> {
    upper_at(lot, checked, found, reach(confidence)?, prior)
}

/// ln(1 / alpha): how far the evidence against a number has to reach to rule it out.
pub(super) fn reach(confidence: f64) -> Result<f64, BoundError> {
    Ok(-(1.0 - fraction(confidence)?).ln())
}

/// [`anytime_upper`] for evidence that has to reach so far.
pub(super) fn upper_at(
    lot: u64,
    checked: u64,
    found: u64,
    reach: f64,
    prior: Prior,
) -> Result<u64, BoundError> {
    prior.valid()?;
    // Nothing checked bounds nothing, and is no mistake: a look before the first unit.
    if checked == 0 && found == 0 {
        counts(lot, lot, 0)?;
        return Ok(lot);
    }
    counts(lot, checked, found)?;
    let against = against(lot, checked, found, prior);
    let mut holds = mode(lot, checked, found);
    let mut fails = lot - checked + found + 1;
    while fails - holds > 1 {
        let middle = holds + (fails - holds) / 2;
        if against(middle) < reach { holds = middle } else { fails = middle }
    }
    Ok(holds)
}

/// The logarithm of prior / posterior at the number of wrong units where it is least: however many are wrong, the martingale
/// is at least there. Never above 0, and 0 before anything was checked.
pub(super) fn least(lot: u64, checked: u64, found: u64, prior: Prior) -> Result<f64, BoundError> {
    prior.valid()?;
    if checked == 0 && found == 0 {
        return Ok(0.0);
    }
    counts(lot, checked, found)?;
    Ok(against(lot, checked, found, prior)(mode(lot, checked, found)).min(0.0))
}

/// Log of prior / posterior for a number of wrong units.
fn against(lot: u64, checked: u64, found: u64, prior: Prior) -> impl Fn(u64) -> f64 {
    let right = checked - found;
    let shift =
        ln_beta(prior.wrong + count(found), prior.right + count(right)) - ln_beta(prior.wrong, prior.right);
    move |wrong| ln_choose(lot, wrong) - ln_choose(lot - checked, wrong - found) + shift
}

/// The likelihood of M rises up to its mode and falls after it; the mode is always inside.
fn mode(lot: u64, checked: u64, found: u64) -> u64 {
    let most = lot - checked + found;
    let mode = (u128::from(found) * (u128::from(lot) + 1) / u128::from(checked)).min(u128::from(most));
    u64::try_from(mode).unwrap_or(most).max(found)
}
