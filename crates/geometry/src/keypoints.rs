//! How near two sets of named points lie.

use crate::{GeometryError, Point2, error::positive};

/// Object keypoint similarity of COCO: the mean of exp(-d² / (2 s² k²)) over the points that `reference` has, with s² the
/// area of the object in square pixels and k = 2 sigma of each point (the spread of careful people relative to s). A point
/// that the reference has and the other has not counts 0. `None` where the reference has no point.
///
/// # Errors
/// [`GeometryError::NotPositive`] for an area or sigma that is not above 0, [`GeometryError::PixelCount`] for lists of
/// different lengths.
pub fn oks(
    reference: &[Option<Point2>],
    other: &[Option<Point2>],
    sigmas: &[f64],
    area: f64,
) -> Result<Option<f64>, GeometryError> {
    positive("area", area)?;
    for list in [other.len(), sigmas.len()] {
        if list != reference.len() {
            return Err(GeometryError::PixelCount { found: list as u64, expected: reference.len() as u64 });
        }
    }
    let (mut sum, mut points) = (0.0, 0_u32);
    for ((reference, other), sigma) in reference.iter().zip(other).zip(sigmas) {
        positive("sigma", *sigma)?;
        let Some(at) = reference else { continue };
        at.validate()?;
        points += 1;
        if let Some(other) = other {
            other.validate()?;
            let square = (at.x - other.x).powi(2) + (at.y - other.y).powi(2);
            let k = 2.0 * sigma;
            sum += (-square / (2.0 * area * k * k)).exp();
        }
    }
    Ok((points > 0).then(|| sum / f64::from(points)))
}
