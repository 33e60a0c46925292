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

/// The same where it is measured how bad a read is, 0 to 1 each: `sum` over `read` reads by others.
///
/// # Errors
/// [`DetectorError::Fraction`] for a usual value outside of 0..=1, or a sum below 0 or above the number of reads.
pub fn by_severity(sum: f64, read: u64, usual: f64) -> Result<f64, DetectorError> {
    let read = crate::special::count(read);
    if !(0.0..=read).contains(&sum) {
        return Err(DetectorError::Fraction(sum / read.max(1.0)));
    }
    Ok((sum + USUAL_WORTH * share(usual)?) / (read + USUAL_WORTH))
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

/// About how many items pass from a change of the share of errors from `before` to `after` until it is found: ln(A) over the mean gain
/// of evidence by an item, the relative entropy of the two shares (Lorden 1971), where false alarms are `run_length` = A items apart.
///
/// # Errors
/// [`DetectorError::Fraction`] for shares that are not strictly between 0 and 1, or equal; [`DetectorError::RunLength`] below 2.
pub fn reads_to_find(run_length: f64, before: f64, after: f64) -> Result<f64, DetectorError> {
    for value in [before, after] {
        if !(value > 0.0 && value < 1.0) || before == after {
            return Err(DetectorError::Fraction(value));
        }
    }
    if !(run_length >= 2.0 && run_length.is_finite()) {
        return Err(DetectorError::RunLength(run_length));
    }
    let gain = after * (after / before).ln() + (1.0 - after) * ((1.0 - after) / (1.0 - before)).ln();
    Ok(run_length.ln() / gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rarer_false_alarm_takes_longer_to_find_a_change() {
        let about = |length| reads_to_find(length, 0.05, 0.3).unwrap();
        assert!((about(5_000.0) - 26.3).abs() < 0.1, "{}", about(5_000.0));
        assert!((about(1_000.0) - 21.3).abs() < 0.1, "{}", about(1_000.0));
        assert!(reads_to_find(5_000.0, 0.05, 0.05).is_err() && reads_to_find(1.0, 0.05, 0.3).is_err());
    }
}
