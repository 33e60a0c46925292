//! Bounds for a finite lot, sampled without replacement: the number that was found follows the hypergeometric
//! distribution, and the bound is its exact inversion (Clopper and Pearson 1934, for the finite lot).

use crate::special::{count as to_f64, ln_choose};

/// Largest lot that is taken: sums over it stay exact to about 1e-12 and take well under a second.
pub const LOT_MAX: u64 = 10_000_000;

/// Numbers that describe no sample.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BoundError {
    /// More was checked than the lot holds, or more found than was checked, or nothing was checked.
    #[error("checked {checked} of {lot} and found {found}: no sample is like that")]
    Counts {
        /// Units in the lot.
        lot: u64,
        /// Units that were checked.
        checked: u64,
        /// Units that were found wrong.
        found: u64,
    },
    /// The lot is larger than [`LOT_MAX`].
    #[error("a lot of {lot} is beyond the limit of {LOT_MAX}")]
    Lot {
        /// Units in the lot.
        lot: u64,
    },
    /// A confidence or rate that is not strictly between 0 and 1.
    #[error("{0} is not strictly between 0 and 1")]
    Fraction(f64),
    /// A prior with a shape that is not above 0 and below 1e9.
    #[error("a prior of {0} and {1} errors is none: both have to be above 0 and below 1e9")]
    Prior(f64, f64),
    /// A severity outside of 0..=1.
    #[error("severity {place}: {value} is not between 0 and 1")]
    Severity {
        /// Place in the list, from 0.
        place: usize,
        /// What stood there.
        value: f64,
    },
}

pub(crate) fn counts(lot: u64, checked: u64, found: u64) -> Result<(), BoundError> {
    if lot > LOT_MAX {
        return Err(BoundError::Lot { lot });
    }
    if checked == 0 || checked > lot || found > checked {
        return Err(BoundError::Counts { lot, checked, found });
    }
    Ok(())
}

pub(crate) fn fraction(value: f64) -> Result<f64, BoundError> {
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err(BoundError::Fraction(value)) }
}

/// The most units of a lot that may be wrong, with one-sided confidence, after `checked` of them were drawn at random
/// without replacement and `found` were wrong: the largest D for which P(X <= found | lot, D, checked) is still above
/// 1 - confidence. Never below `found`.
///
/// # Errors
/// [`BoundError`] for numbers that describe no sample.
pub fn lot_upper(lot: u64, checked: u64, found: u64, confidence: f64) -> Result<u64, BoundError> {
    counts(lot, checked, found)?;
    let alpha = 1.0 - fraction(confidence)?;
    // What was checked and not found wrong is known to be right.
    let (mut holds, mut fails) = (found, lot - checked + found + 1);
    // P falls as D grows: bisect for the last D that is still likely enough.
    while fails - holds > 1 {
        let middle = holds + (fails - holds) / 2;
        if at_most(lot, middle, checked, found) > alpha { holds = middle } else { fails = middle }
    }
    Ok(holds)
}

/// The smallest sample of a lot which, if nothing wrong is found in it, bounds the wrong units by `rate` of the lot
/// with one-sided confidence.
///
/// # Errors
/// [`BoundError`] for an empty lot, or a rate or confidence outside of 0..1.
pub fn sample_for(lot: u64, rate: f64, confidence: f64) -> Result<u64, BoundError> {
    counts(lot, lot, 0)?;
    let allowed = fraction(rate)? * to_f64(lot);
    fraction(confidence)?;
    let (mut short, mut enough) = (0, lot);
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        let bound = lot_upper(lot, middle, 0, confidence)?;
        if to_f64(bound) <= allowed { enough = middle } else { short = middle }
    }
    Ok(enough)
}

/// A term this small beside the sum changes no bit of it, and neither do those beyond it.
const NEGLIGIBLE: f64 = 1e-18;

/// P(X <= found) where X is the number of wrong units among `checked` of a lot with `wrong` of them.
fn at_most(lot: u64, wrong: u64, checked: u64, found: u64) -> f64 {
    let lowest = checked.saturating_sub(lot - wrong);
    let highest = wrong.min(checked);
    if found < lowest {
        return 0.0;
    }
    if found >= highest {
        return 1.0;
    }
    // Begins where the mass is: terms far from it are beyond the smallest double, or so near to it that they have lost
    // their digits. That one by logarithms of factorials, its neighbours by their ratio.
    let mode = ((checked + 1) * (wrong + 1) / (lot + 2)).clamp(lowest, found);
    let peak =
        (ln_choose(wrong, mode) + ln_choose(lot - wrong, checked - mode) - ln_choose(lot, checked)).exp();
    let mut sum = peak;
    let mut term = peak;
    for x in (lowest..mode).rev() {
        term /= ratio(lot, wrong, checked, x);
        sum += term;
        if term < sum * NEGLIGIBLE {
            break;
        }
    }
    term = peak;
    for x in mode..found {
        term *= ratio(lot, wrong, checked, x);
        sum += term;
        if term < sum * NEGLIGIBLE {
            break;
        }
    }
    sum.min(1.0)
}

/// P(x + 1) / P(x).
fn ratio(lot: u64, wrong: u64, checked: u64, x: u64) -> f64 {
    let above = to_f64(wrong - x) * to_f64(checked - x);
    let below = to_f64(x + 1) * to_f64(lot - wrong + x + 1 - checked);
    above / below
}
