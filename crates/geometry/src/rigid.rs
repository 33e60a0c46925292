//! Rigid transforms: a rotation followed by a translation.

use serde::{Deserialize, Serialize};

use crate::error::all_finite;
use crate::quat::{cross3, lerp};
use crate::{GeometryError, Quat, Vec3};

/// How far the scalar product of two rows may be from that of a rotation. Calibration files print four
/// digits and more, which leaves errors of up to 2e-4; 1e-3 is 0.06 degrees of skew, more is a mistake.
pub const ORTHONORMAL_TOLERANCE: f64 = 1e-3;

/// Moves points from one frame to another: `p ↦ rotation · p + translation` (metres).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rigid3 {
    /// Where the origin of the source frame lies in the target frame.
    pub translation: Vec3,
    /// How the axes of the source frame are turned in the target frame.
    pub rotation: Quat,
}

impl Rigid3 {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self { translation: [0.0; 3], rotation: Quat::IDENTITY };

    /// Checks the translation; a [`Quat`] is valid by itself.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`] or [`GeometryError::OutOfRange`].
    pub fn validate(&self) -> Result<(), GeometryError> {
        all_finite("translation", &self.translation)
    }

    /// From a rotation matrix (rows first) and a translation.
    ///
    /// # Errors
    /// [`GeometryError::NotOrthonormal`] names the rows, [`GeometryError::Mirrored`] the determinant;
    /// [`GeometryError::NonFinite`] and [`GeometryError::OutOfRange`] index the matrix row by row.
    pub fn from_parts(matrix: &[[f64; 3]; 3], translation: Vec3) -> Result<Self, GeometryError> {
        all_finite("rotation matrix", matrix.as_flattened())?;
        all_finite("translation", &translation)?;
        for row_a in 0..3 {
            for row_b in row_a..3 {
                let found = dot(matrix[row_a], matrix[row_b]);
                let expected = if row_a == row_b { 1.0 } else { 0.0 };
                if (found - expected).abs() > ORTHONORMAL_TOLERANCE {
                    return Err(GeometryError::NotOrthonormal { row_a, row_b, found, expected });
                }
            }
        }
        let determinant = dot(matrix[0], cross3(matrix[1], matrix[2]));
        if determinant < 0.0 {
            return Err(GeometryError::Mirrored { determinant });
        }
        Ok(Self { translation, rotation: Quat::of_rotation(matrix) })
    }

    /// From a 3x4 matrix `[R | t]`, rows first.
    ///
    /// # Errors
    /// As [`Rigid3::from_parts`].
    pub fn from_rows(rows: &[[f64; 4]; 3]) -> Result<Self, GeometryError> {
        let rotation = rows.map(|r| [r[0], r[1], r[2]]);
        Self::from_parts(&rotation, rows.map(|r| r[3]))
    }

    /// From a homogeneous 4x4 matrix, rows first.
    ///
    /// # Errors
    /// [`GeometryError::LastRow`], else as [`Rigid3::from_parts`].
    pub fn from_matrix(m: &[[f64; 4]; 4]) -> Result<Self, GeometryError> {
        all_finite("matrix", m.as_flattened())?;
        if m[3] != [0.0, 0.0, 0.0, 1.0] {
            return Err(GeometryError::LastRow { found: m[3] });
        }
        Self::from_rows(&[m[0], m[1], m[2]])
    }

    /// The homogeneous 4x4 matrix, rows first.
    #[must_use]
    pub fn to_matrix(&self) -> [[f64; 4]; 4] {
        let r = self.rotation.to_matrix();
        let t = self.translation;
        [
            [r[0][0], r[0][1], r[0][2], t[0]],
            [r[1][0], r[1][1], r[1][2], t[1]],
            [r[2][0], r[2][1], r[2][2], t[2]],
            [0.0, 0.0, 0.0, 1.0],
        ]
    }

    /// Moves a point.
    #[must_use]
    pub fn apply(&self, p: Vec3) -> Vec3 {
        let r = self.rotation.rotate(p);
        std::array::from_fn(|i| r[i] + self.translation[i])
    }

    /// The transform that does `first` and then `self`.
    #[must_use]
    pub fn compose(&self, first: &Self) -> Self {
        Self { translation: self.apply(first.translation), rotation: self.rotation.compose(&first.rotation) }
    }

    /// The way back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let rotation = self.rotation.inverse();
        Self { translation: rotation.rotate(self.translation).map(|v| -v), rotation }
    }

    /// The pose at fraction `t` (0 to 1) between two poses: straight line and constant turn.
    #[must_use]
    pub fn interpolate(&self, other: &Self, t: f64) -> Self {
        Self {
            translation: lerp(self.translation, other.translation, t),
            rotation: self.rotation.slerp(&other.rotation, t),
        }
    }
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const EYE: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    #[test]
    fn what_is_off_is_named() {
        let mut scaled = EYE;
        scaled[1][1] = 1.01;
        let error = Rigid3::from_parts(&scaled, [0.0; 3]).expect_err("scaled");
        assert!(matches!(error, GeometryError::NotOrthonormal { row_a: 1, row_b: 1, .. }), "{error}");

        let mut skewed = EYE;
        skewed[0][2] = 0.0447;
        skewed[0][0] = 0.999;
        let error = Rigid3::from_parts(&skewed, [0.0; 3]).expect_err("skewed");
        assert!(matches!(error, GeometryError::NotOrthonormal { row_a: 0, row_b: 2, .. }), "{error}");

        let mut mirrored = EYE;
        mirrored[2][2] = -1.0;
        let error = Rigid3::from_parts(&mirrored, [0.0; 3]).expect_err("mirrored");
        assert_eq!(error, GeometryError::Mirrored { determinant: -1.0 });
        assert_eq!(error.code(), "geometry.mirrored");
    }

    #[test]
    fn a_projective_matrix_is_refused() {
        let mut m = Rigid3::IDENTITY.to_matrix();
        m[3][2] = 0.1;
        assert!(matches!(Rigid3::from_matrix(&m), Err(GeometryError::LastRow { .. })));
        m[3][2] = f64::NAN;
        assert_eq!(Rigid3::from_matrix(&m), Err(GeometryError::NonFinite { what: "matrix", index: 14 }));
    }
}
