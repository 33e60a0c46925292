//! Two vendors, or two of anything that errs: the difference of their shares with an interval, and how many items it would
//! take to tell them apart.

use crate::{
    agreement::Interval,
    finite::{BoundError, LOT_MAX, fraction},
    share::{student, wilson},
    special::count,
};

/// Degrees of freedom at which Student's distribution is the normal one to nine digits.
const NORMAL: f64 = 1e9;

/// Two shares and their difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Share of the first.
    pub first: f64,
    /// Share of the second.
    pub second: f64,
    /// Interval of the first less the second (Newcombe 1998, method 10). Where it holds 0 they cannot be told apart.
    pub difference: Interval,
}

/// Compares `found` of `checked` of two. `None` where nothing was checked, more was found, or a confidence is none.
#[must_use]
pub fn difference(first: (u64, u64), second: (u64, u64), confidence: f64) -> Option<Difference> {
    let fits = |(found, checked): (u64, u64)| checked > 0 && checked <= LOT_MAX && found <= checked;
    if !(fits(first) && fits(second) && confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let share = |(found, checked)| count(found) / count(checked);
    let (a, b) = (share(first), share(second));
    let (of_a, of_b) = (wilson(first.1, first.0, confidence), wilson(second.1, second.0, confidence));
    let low = a - b - ((a - of_a.low).powi(2) + (of_b.high - b).powi(2)).sqrt();
    let high = a - b + ((of_a.high - a).powi(2) + (b - of_b.low).powi(2)).sqrt();
    Some(Difference { first: a, second: b, difference: Interval { low, high } })
}

/// Items of each that tell two shares apart with probability `power`, at a two-sided confidence: the normal approximation,
/// pooled under equality and not otherwise (Fleiss, Levin and Paik 2003, section 4.2, without continuity correction). `None` for equal shares.
///
/// # Errors
/// [`BoundError::Fraction`] for shares, confidence or power that are not strictly between 0 and 1.
pub fn items_to_tell(
    first: f64,
    second: f64,
    confidence: f64,
    power: f64,
) -> Result<Option<u64>, BoundError> {
    for value in [first, second, confidence, power] {
        fraction(value)?;
    }
    let apart = (first - second).abs();
    if apart < 1e-9 {
        return Ok(None);
    }
    let z = student(NORMAL, confidence);
    // One tail of 1 - power: two tails leave 2 power - 1 between them.
    let reach =
        if power > 0.5 { student(NORMAL, 2.0 * power - 1.0) } else { -student(NORMAL, 1.0 - 2.0 * power) };
    let reach = if (power - 0.5).abs() < 1e-12 { 0.0 } else { reach };
    let mean = f64::midpoint(first, second);
    let both = first * (1.0 - first) + second * (1.0 - second);
    let root = z * (2.0 * mean * (1.0 - mean)).sqrt() + reach * both.sqrt();
    let items = (root.max(0.0) / apart).powi(2).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, held below 2^53"
    )]
    let items = items.min(9e15) as u64;
    Ok(Some(items.max(1)))
}
