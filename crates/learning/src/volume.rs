//! An image stack as the drafts take it.

/// Most voxels of one stack: about 2 GB of working memory.
pub const MAX_VOXELS: usize = 200_000_000;
/// Smallest and largest accepted spacing, in millimetres.
pub const SPACING_RANGE_MM: (f64, f64) = (1e-4, 1000.0);

/// A stack of slices of the same size; one slice for a radiograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume<'a> {
    /// Rows of a slice.
    pub rows: usize,
    /// Columns of a slice.
    pub columns: usize,
    /// Number of slices.
    pub slices: usize,
    /// Distance between rows, between columns and between slices, in millimetres.
    pub spacing_mm: [f64; 3],
    /// `slices * rows * columns` stored values, slice by slice, row by row.
    pub values: &'a [i16],
    /// Real value = `slope` x stored value + `intercept`.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
}

/// Why a stack was refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// The stack has no voxel.
    #[error("the stack is empty")]
    Empty,
    /// More than [`MAX_VOXELS`].
    #[error("the stack has more than {MAX_VOXELS} voxels")]
    TooLarge,
    /// The number of values is not `slices * rows * columns`.
    #[error("the stack has {found} values where {expected} are declared")]
    Length {
        /// Declared number of voxels.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// A spacing is not within [`SPACING_RANGE_MM`].
    #[error("spacing {axis} is not between 0.0001 and 1000 mm")]
    Spacing {
        /// 0 rows, 1 columns, 2 slices.
        axis: usize,
    },
    /// Slope or intercept is not finite, or the slope is zero.
    #[error("the rescale slope or intercept is not usable")]
    Rescale,
}

impl Volume<'_> {
    /// Checks shape, spacing and rescale.
    ///
    /// # Errors
    /// [`VolumeError`] names the first thing that is wrong.
    pub fn check(&self) -> Result<(), VolumeError> {
        let expected = self.rows.checked_mul(self.columns).and_then(|area| area.checked_mul(self.slices));
        let expected = expected.filter(|&n| n <= MAX_VOXELS).ok_or(VolumeError::TooLarge)?;
        if expected == 0 {
            return Err(VolumeError::Empty);
        }
        if expected != self.values.len() {
            return Err(VolumeError::Length { expected, found: self.values.len() });
        }
        for (axis, spacing) in self.spacing_mm.iter().enumerate() {
            if !(SPACING_RANGE_MM.0..=SPACING_RANGE_MM.1).contains(spacing) {
                return Err(VolumeError::Spacing { axis });
            }
        }
        if !self.slope.is_finite() || self.slope == 0.0 || !self.intercept.is_finite() {
            return Err(VolumeError::Rescale);
        }
        Ok(())
    }

    /// Voxels of one slice.
    #[must_use]
    pub fn slice_len(&self) -> usize {
        self.rows * self.columns
    }

    /// Volume of one voxel, in cubic millimetres.
    #[must_use]
    pub fn voxel_mm3(&self) -> f64 {
        self.spacing_mm.iter().product()
    }

    /// All values in real units.
    #[must_use]
    pub fn real_values(&self) -> Vec<f32> {
        let (slope, intercept) = (self.slope as f32, self.intercept as f32);
        self.values.iter().map(|&v| slope * f32::from(v) + intercept).collect()
    }

    /// A length in whole pixels of a slice, at least one.
    #[must_use]
    pub fn pixels(&self, length_mm: f64) -> usize {
        let spacing = (self.spacing_mm[0] * self.spacing_mm[1]).sqrt();
        // The cast saturates; a radius beyond the slice has no further effect.
        ((length_mm / spacing).round() as usize).clamp(1, self.rows.max(self.columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_named() {
        let good = Volume {
            rows: 2,
            columns: 3,
            slices: 1,
            spacing_mm: [0.5, 0.5, 2.0],
            values: &[0; 6],
            slope: 1.0,
            intercept: 0.0,
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Volume { rows: 0, ..good }.check(), Err(VolumeError::Empty));
        assert_eq!(Volume { rows: 3, ..good }.check(), Err(VolumeError::Length { expected: 9, found: 6 }));
        assert_eq!(Volume { rows: usize::MAX, ..good }.check(), Err(VolumeError::TooLarge));
        let spacing_mm = [0.5, f64::NAN, 2.0];
        assert_eq!(Volume { spacing_mm, ..good }.check(), Err(VolumeError::Spacing { axis: 1 }));
        assert_eq!(Volume { slope: 0.0, ..good }.check(), Err(VolumeError::Rescale));
    }
}
