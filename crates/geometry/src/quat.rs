//! Unit quaternions.

use serde::{Deserialize, Serialize};

use crate::error::all_finite;
use crate::{GeometryError, Vec3};

/// Below this norm a quaternion says nothing about a direction.
const NORM_MIN: f64 = 1e-9;
/// A squared norm this close to 1 is left alone, so that a value read back is bit for bit the same.
const UNIT_SLACK: f64 = 1e-14;
/// Above this cosine the arc is short enough that a straight line serves and the sine would vanish.
const SLERP_LINEAR_COS: f64 = 0.999_999;

/// A rotation as a unit quaternion; JSON `[w, x, y, z]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 4]", into = "[f64; 4]")]
pub struct Quat {
    w: f64,
    x: f64,
    y: f64,
    z: f64,
}

impl TryFrom<[f64; 4]> for Quat {
    type Error = GeometryError;

    fn try_from(wxyz: [f64; 4]) -> Result<Self, GeometryError> {
        Self::new(wxyz)
    }
}

impl From<Quat> for [f64; 4] {
    fn from(q: Quat) -> Self {
        q.wxyz()
    }
}

impl Quat {
    /// No rotation.
    pub const IDENTITY: Self = Self { w: 1.0, x: 0.0, y: 0.0, z: 0.0 };

    /// Normalises `(w, x, y, z)`.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`], [`GeometryError::OutOfRange`], [`GeometryError::ZeroQuaternion`].
    pub fn new(wxyz: [f64; 4]) -> Result<Self, GeometryError> {
        all_finite("quaternion", &wxyz)?;
        let norm2: f64 = wxyz.iter().map(|v| v * v).sum();
        if norm2.sqrt() < NORM_MIN {
            return Err(GeometryError::ZeroQuaternion { norm: norm2.sqrt() });
        }
        Ok(Self::normalised(wxyz))
    }

    /// Normalises components whose norm is known to be far from zero.
    fn normalised([w, x, y, z]: [f64; 4]) -> Self {
        let norm2 = w * w + x * x + y * y + z * z;
        if (norm2 - 1.0).abs() <= UNIT_SLACK {
            return Self { w, x, y, z };
        }
        let n = norm2.sqrt();
        Self { w: w / n, x: x / n, y: y / n, z: z / n }
    }

    /// Components `[w, x, y, z]`.
    #[must_use]
    pub const fn wxyz(&self) -> [f64; 4] {
        [self.w, self.x, self.y, self.z]
    }

    /// Rotation about the z axis, radians, counter-clockwise seen from above.
    #[must_use]
    pub fn from_yaw(yaw: f64) -> Self {
        let (s, c) = (yaw / 2.0).sin_cos();
        Self::normalised([c, 0.0, 0.0, s])
    }

    /// Direction of the rotated x axis in the x-y plane, radians in -π..=π.
    #[must_use]
    pub fn yaw(&self) -> f64 {
        let [x, y, _] = self.rotate([1.0, 0.0, 0.0]);
        y.atan2(x)
    }

    /// Angle between the rotated z axis and the z axis, radians in 0..=π: 0 for a pure yaw.
    #[must_use]
    pub fn tilt(&self) -> f64 {
        let [x, y, z] = self.rotate([0.0, 0.0, 1.0]);
        x.hypot(y).atan2(z)
    }

    /// The opposite rotation.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { w: self.w, x: -self.x, y: -self.y, z: -self.z }
    }

    /// The rotation that does `other` first and then `self` (Hamilton product).
    #[must_use]
    pub fn compose(&self, other: &Self) -> Self {
        let (a, b) = (self, other);
        Self::normalised([
            a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
            a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
            a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
            a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
        ])
    }

    /// Rotates a vector.
    #[must_use]
    pub fn rotate(&self, v: Vec3) -> Vec3 {
        let u = [self.x, self.y, self.z];
        let t = cross3(u, v).map(|c| 2.0 * c);
        let ut = cross3(u, t);
        [v[0] + self.w * t[0] + ut[0], v[1] + self.w * t[1] + ut[1], v[2] + self.w * t[2] + ut[2]]
    }

    /// The rotation matrix, rows first.
    #[must_use]
    pub fn to_matrix(&self) -> [[f64; 3]; 3] {
        let Self { w, x, y, z } = *self;
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    }

    /// The quaternion of a matrix already known to be a rotation (Shepperd 1978: the largest component is
    /// found first, so nothing is divided by a small number).
    pub(crate) fn of_rotation(m: &[[f64; 3]; 3]) -> Self {
        let trace = m[0][0] + m[1][1] + m[2][2];
        let squares = [trace, m[0][0], m[1][1], m[2][2]];
        let mut largest = 0;
        for i in 1..4 {
            if squares[i] > squares[largest] {
                largest = i;
            }
        }
        let (wx, wy, wz) = (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]);
        let (xy, xz, yz) = (m[0][1] + m[1][0], m[0][2] + m[2][0], m[1][2] + m[2][1]);
        Self::normalised(match largest {
            0 => [1.0 + trace, wx, wy, wz],
            1 => [wx, 1.0 + 2.0 * m[0][0] - trace, xy, xz],
            2 => [wy, xy, 1.0 + 2.0 * m[1][1] - trace, yz],
            _ => [wz, xz, yz, 1.0 + 2.0 * m[2][2] - trace],
        })
    }

    /// Angle of the rotation that leads from `self` to `other`, radians in 0..=π.
    #[must_use]
    pub fn angle_to(&self, other: &Self) -> f64 {
        let d = self.inverse().compose(other);
        2.0 * (d.x * d.x + d.y * d.y + d.z * d.z).sqrt().atan2(d.w.abs())
    }

    /// The rotation at fraction `t` (0 to 1) of the shorter arc, at constant angular speed
    /// (Shoemake 1985).
    #[must_use]
    pub fn slerp(&self, other: &Self, t: f64) -> Self {
        let a = self.wxyz();
        let mut b = other.wxyz();
        let mut dot: f64 = a.iter().zip(b).map(|(p, q)| p * q).sum();
        if dot < 0.0 {
            b = b.map(|v| -v);
            dot = -dot;
        }
        let (wa, wb) = if dot > SLERP_LINEAR_COS {
            (1.0 - t, t)
        } else {
            let angle = dot.min(1.0).acos();
            (((1.0 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin())
        };
        Self::normalised(std::array::from_fn(|i| wa * a[i] + wb * b[i]))
    }
}

/// The point at fraction `t` (0 to 1) of the straight line from `a` to `b`.
#[must_use]
pub fn lerp(a: Vec3, b: Vec3, t: f64) -> Vec3 {
    std::array::from_fn(|i| (1.0 - t) * a[i] + t * b[i])
}

pub(crate) fn cross3(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    #[test]
    fn a_quarter_turn_left_takes_forward_to_left() {
        // Also the guard against a wrong component order: (w, x, y, z).
        let q = Quat::new([1.0, 0.0, 0.0, 1.0]).expect("normalises");
        let left = q.rotate([1.0, 0.0, 0.0]);
        assert!(left[0].abs() < 1e-12 && (left[1] - 1.0).abs() < 1e-12);
        assert!((q.yaw() - FRAC_PI_2).abs() < 1e-12);
    }

    #[test]
    fn no_rotation_is_refused() {
        assert_eq!(Quat::new([0.0; 4]), Err(GeometryError::ZeroQuaternion { norm: 0.0 }));
        assert!(matches!(Quat::new([f64::NAN, 0.0, 0.0, 1.0]), Err(GeometryError::NonFinite { .. })));
        assert!(serde_json::from_str::<Quat>("[0,0,0,0]").is_err());
    }

    #[test]
    fn slerp_takes_the_shorter_arc() {
        let a = Quat::from_yaw(0.1);
        let b = Quat::new(Quat::from_yaw(0.5).wxyz().map(|v| -v)).expect("unit");
        assert!((a.slerp(&b, 0.25).yaw() - 0.2).abs() < 1e-12);
    }
}
