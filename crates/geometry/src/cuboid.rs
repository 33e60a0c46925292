//! Oriented boxes in space.

use serde::{Deserialize, Serialize};

use crate::error::{all_finite, positive};
use crate::{GeometryError, Quat, Rigid3, Vec3};

/// Corners of a cuboid.
pub const CORNER_COUNT: usize = 8;

/// The twelve edges of a cuboid as pairs of indices into [`Cuboid::corners`]: floor, roof, posts.
pub const CUBOID_EDGES: [(usize, usize); 12] =
    [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)];

/// An oriented box: its own x axis is its length (the way it faces), y its width (left), z its height.
/// JSON: `{"center": [x, y, z], "size": [l, w, h], "rotation": [w, x, y, z]}`, metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cuboid {
    /// The middle of the box, metres.
    pub center: Vec3,
    /// Length, width, height, metres.
    pub size: Vec3,
    /// How the box is turned.
    pub rotation: Quat,
}

impl Cuboid {
    /// From plain numbers, checked: centre and size in metres, rotation `(w, x, y, z)` of any length but 0.
    ///
    /// # Errors
    /// As [`Cuboid::validate`] and [`Quat::new`].
    pub fn from_arrays(center: Vec3, size: Vec3, rotation: [f64; 4]) -> Result<Self, GeometryError> {
        let cuboid = Self { center, size, rotation: Quat::new(rotation)? };
        cuboid.validate()?;
        Ok(cuboid)
    }

    /// Refuses NaN, infinity and sizes that are not positive.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`], [`GeometryError::OutOfRange`], [`GeometryError::NotPositive`].
    pub fn validate(&self) -> Result<(), GeometryError> {
        all_finite("cuboid.center", &self.center)?;
        for (what, value) in ["cuboid.length", "cuboid.width", "cuboid.height"].into_iter().zip(self.size) {
            positive(what, value)?;
        }
        Ok(())
    }

    /// Where the box stands, as the transform from its own frame (origin in its middle) to the world.
    #[must_use]
    pub fn pose(&self) -> Rigid3 {
        Rigid3 { translation: self.center, rotation: self.rotation }
    }

    /// The same box seen from another frame.
    #[must_use]
    pub fn transformed(&self, to: &Rigid3) -> Self {
        let pose = to.compose(&self.pose());
        Self { center: pose.translation, size: self.size, rotation: pose.rotation }
    }

    /// The corners: floor front-left, front-right, rear-right, rear-left, then the roof in the same order.
    #[must_use]
    pub fn corners(&self) -> [Vec3; CORNER_COUNT] {
        let [l, w, h] = self.size.map(|v| v / 2.0);
        let pose = self.pose();
        [[l, w, -h], [l, -w, -h], [-l, -w, -h], [-l, w, -h], [l, w, h], [l, -w, h], [-l, -w, h], [-l, w, h]]
            .map(|c| pose.apply(c))
    }

    /// Volume in cubic metres.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.size.iter().product()
    }

    /// Whether the point lies in the box, its faces included.
    #[must_use]
    pub fn contains(&self, p: Vec3) -> bool {
        let local = self.rotation.inverse().rotate(std::array::from_fn(|i| p[i] - self.center[i]));
        local.iter().zip(self.size).all(|(v, s)| v.abs() <= s / 2.0)
    }

    /// How many of the points lie in the box.
    pub fn count_inside(&self, points: impl IntoIterator<Item = Vec3>) -> usize {
        let m = self.rotation.to_matrix();
        let half = self.size.map(|v| v / 2.0);
        let inside = |p: &Vec3| {
            let d = [p[0] - self.center[0], p[1] - self.center[1], p[2] - self.center[2]];
            (0..3).all(|i| (m[0][i] * d[0] + m[1][i] * d[1] + m[2][i] * d[2]).abs() <= half[i])
        };
        points.into_iter().filter(inside).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_checked() {
        let refused = |center, size, rotation| Cuboid::from_arrays(center, size, rotation).expect_err("no");
        let (here, cube, level) = ([0.0; 3], [1.0; 3], [1.0, 0.0, 0.0, 0.0]);
        assert!(Cuboid::from_arrays(here, cube, level).is_ok());
        let error = refused([0.0, f64::INFINITY, 0.0], cube, level);
        assert_eq!(error, GeometryError::NonFinite { what: "cuboid.center", index: 1 });
        let error = refused(here, [1.0, 0.0, 1.0], level);
        assert_eq!(error, GeometryError::NotPositive { what: "cuboid.width", value: 0.0 });
        assert_eq!(refused(here, cube, [0.0; 4]).code(), "geometry.zero_quaternion");
    }
}
