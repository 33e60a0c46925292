//! Masks: rectangles of a picture that are blacked out for good before people work on it.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Most masks on one frame.
pub const MASKS_PER_FRAME_MAX: usize = 200;

/// A rectangle in pixels, x to the right, y down, (0, 0) at the outer corner of the first pixel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MaskRect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width, more than 0.
    pub width: f64,
    /// Height, more than 0.
    pub height: f64,
}

/// What is wrong with a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// A coordinate is infinite or not a number.
    #[error("a coordinate is not a finite number")]
    NotFinite,
    /// No width or no height.
    #[error("width and height must be more than 0")]
    NoSize,
    /// Beyond the picture.
    #[error("reaches beyond the picture of {width} by {height} pixels")]
    Outside {
        /// Width of the picture, pixels.
        width: u32,
        /// Height of the picture, pixels.
        height: u32,
    },
}

impl MaskRect {
    /// Checks that the rectangle lies within a picture of this size in pixels.
    ///
    /// # Errors
    /// [`MaskError`].
    pub fn validate(&self, width: u32, height: u32) -> Result<(), MaskError> {
        if ![self.x, self.y, self.width, self.height].iter().all(|v| v.is_finite()) {
            return Err(MaskError::NotFinite);
        }
        if self.width <= 0.0 || self.height <= 0.0 {
            return Err(MaskError::NoSize);
        }
        let inside = self.x >= 0.0
            && self.y >= 0.0
            && self.x + self.width <= f64::from(width)
            && self.y + self.height <= f64::from(height);
        if inside { Ok(()) } else { Err(MaskError::Outside { width, height }) }
    }

    /// Every pixel that the rectangle touches: columns and rows, each from (included) to (excluded), cut to the picture.
    /// A mask never covers less than what was drawn.
    #[must_use]
    pub fn pixels(&self, width: u32, height: u32) -> [std::ops::Range<u32>; 2] {
        // `as` saturates, and what is not a number becomes 0: an empty range at worst.
        let span = |from: f64, length: f64, end: u32| {
            let first = (from.floor().max(0.0) as u32).min(end);
            let last = ((from + length).ceil().max(0.0) as u32).min(end);
            first..last.max(first)
        };
        [span(self.x, self.width, width), span(self.y, self.height, height)]
    }
}

/// Who found that something must be masked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MaskOrigin {
    /// The detector of this version.
    Detector(String),
    /// A privacy officer.
    Person(UserId),
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rect(x: f64, y: f64, width: f64, height: f64) -> MaskRect {
        MaskRect { x, y, width, height }
    }

    #[test]
    fn a_mask_is_finite_and_inside() {
        assert_eq!(rect(0.0, 0.0, 64.0, 48.0).validate(64, 48), Ok(()));
        assert_eq!(rect(f64::NAN, 0.0, 1.0, 1.0).validate(64, 48), Err(MaskError::NotFinite));
        assert_eq!(rect(0.0, 0.0, f64::INFINITY, 1.0).validate(64, 48), Err(MaskError::NotFinite));
        assert_eq!(rect(1.0, 1.0, 0.0, 1.0).validate(64, 48), Err(MaskError::NoSize));
        assert_eq!(rect(1.0, 1.0, 2.0, -1.0).validate(64, 48), Err(MaskError::NoSize));
        let outside = Err(MaskError::Outside { width: 64, height: 48 });
        for bad in [rect(-0.1, 0.0, 1.0, 1.0), rect(63.5, 0.0, 1.0, 1.0), rect(0.0, 47.0, 1.0, 1.5)] {
            assert_eq!(bad.validate(64, 48), outside);
        }
    }

    #[test]
    fn every_touched_pixel_is_covered_and_none_beyond_the_picture() {
        assert_eq!(rect(1.2, 2.9, 1.0, 0.2).pixels(64, 48), [1..3, 2..4]);
        assert_eq!(rect(0.0, 0.0, 64.0, 48.0).pixels(64, 48), [0..64, 0..48]);
        assert_eq!(rect(60.0, 40.0, 1e300, 1e300).pixels(64, 48), [60..64, 40..48]);
        assert_eq!(rect(f64::NAN, 99.0, 1.0, 1.0).pixels(64, 48), [0..0, 48..48]);
    }
}
