//! How likely an error is on an item before it is read: what makes the detector fair on hard items. Each is fixed before the
//! answer that it is held against.

use super::detector::DetectorError;

/// Reads that the usual rate is worth where an item has a history of its own.
const USUAL_WORTH: f64 = 10.0;

/// From what others did on the same item: the mean of a beta posterior around the usual rate. `wrong` of `read` reads by others
/// were wrong.
///
/// # Errors
/// [`DetectorError::Fraction`] for a usual rate outside of 0..=1 or more wrong than read.
pub fn by_history(wrong: u64, read: u64, usual: f64) -> Result<f64, DetectorError> {
    if wrong > read {
        return Err(DetectorError::Fraction(
            crate::special::count(wrong) / crate::special::count(read.max(1)),
        ));
    }
    let usual = share(usual)?;
    Ok((crate::special::count(wrong) + USUAL_WORTH * usual) / (crate::special::count(read) + USUAL_WORTH))
}

/// From what others said of the item: how likely a reader with the usual rate of errors, spread over the other classes,
/// disagrees with the class that the others' reads make likeliest (`posterior` is theirs, without the read in question). Where
/// others are of two minds, disagreement says little.
///
/// # Errors
/// [`DetectorError::Fraction`] for values outside of 0..=1, or fewer than two classes.
pub fn by_peers(posterior: &[f64], usual: f64) -> Result<f64, DetectorError> {
    let usual = share(usual)?;
    if posterior.len() < 2 {
        return Err(DetectorError::Fraction(f64::NAN));
    }
    let mut likeliest = 0.0_f64;
    for value in posterior {
        likeliest = likeliest.max(share(*value)?);
    }
    let others = crate::to_f64(posterior.len() - 1);
    Ok(likeliest * usual + (1.0 - likeliest) * (1.0 - usual / others))
}

fn share(value: f64) -> Result<f64, DetectorError> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(DetectorError::Fraction(value)) }
}
