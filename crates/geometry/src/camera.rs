//! Cameras: a pinhole with an optional lens distortion.

use serde::{Deserialize, Serialize};

use crate::error::{all_finite, positive};
use crate::{Box2, CUBOID_EDGES, Cuboid, GeometryError, ImageSize, Point2, Rigid3, Vec3};

/// What is nearer to the camera than this is cut away before projecting, metres.
pub const NEAR_PLANE_M: f64 = 0.1;
/// Pieces that an edge is cut into when a lens bends it.
const EDGE_PIECES: u32 = 16;

/// Intrinsics of an ideal camera, pixels; the principal point is counted from the image's outer corner
/// (half a pixel more than a convention that counts from the centre of the first pixel).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pinhole {
    /// Focal length across.
    pub fx: f64,
    /// Focal length down.
    pub fy: f64,
    /// Principal point, x.
    pub cx: f64,
    /// Principal point, y.
    pub cy: f64,
}

/// How a lens departs from the pinhole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Distortion {
    /// The image is already free of distortion.
    #[default]
    None,
    /// Brown and Conrady's radial and tangential model, named as ROS and OpenCV do.
    PlumbBob {
        /// Radial, r².
        k1: f64,
        /// Radial, r⁴.
        k2: f64,
        /// Tangential.
        p1: f64,
        /// Tangential.
        p2: f64,
        /// Radial, r⁶.
        k3: f64,
    },
}

impl Distortion {
    /// The largest undistorted radius (x/z units) up to which the model is one to one: the first root of
    /// the derivative of `r (1 + k1 r² + k2 r⁴ + k3 r⁶)`. Beyond it the polynomial folds far points back
    /// into the image. Infinite when it never folds; the tangential terms are too small to matter.
    #[must_use]
    pub fn radius_max(&self) -> f64 {
        let Self::PlumbBob { k1, k2, k3, .. } = *self else { return f64::INFINITY };
        let slope = |s: f64| 1.0 + s * (3.0 * k1 + s * (5.0 * k2 + s * 7.0 * k3));
        // The slope is a cubic in s = r²; between its own extrema it is monotonic, so each stretch that
        // ends below zero holds exactly one root.
        let mut stops = extrema(3.0 * k1, 10.0 * k2, 21.0 * k3);
        stops.push(RADIUS2_FAR);
        let mut from = 0.0;
        for to in stops {
            if slope(to) <= 0.0 {
                return bisect(slope, from, to).sqrt();
            }
            from = to;
        }
        f64::INFINITY
    }

    /// Bends a point of the plane at depth 1.
    fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let Self::PlumbBob { k1, k2, p1, p2, k3 } = *self else { return (x, y) };
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3));
        (
            x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
            y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
        )
    }
}

/// Squared radius that stands for "everywhere": 89.4 degrees off the axis.
const RADIUS2_FAR: f64 = 1e4;

/// Positive zeros, in order and short of [`RADIUS2_FAR`], of `a + b s + c s²`.
fn extrema(a: f64, b: f64, c: f64) -> Vec<f64> {
    let mut zeros = Vec::with_capacity(2);
    if c == 0.0 {
        zeros.push(-a / b);
    } else {
        let root = (b * b - 4.0 * a * c).sqrt();
        zeros.extend([(-b - root) / (2.0 * c), (-b + root) / (2.0 * c)]);
    }
    // Also drops the NaN of a negative discriminant and the infinity of a missing term.
    zeros.retain(|s| *s > 0.0 && *s < RADIUS2_FAR);
    zeros.sort_by(f64::total_cmp);
    zeros
}

/// The zero of a function that is positive at `low` and not at `high`.
fn bisect(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if f(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// A calibrated camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// The ideal part.
    pub pinhole: Pinhole,
    /// The lens.
    #[serde(default)]
    pub distortion: Distortion,
}

impl Camera {
    /// Refuses NaN, infinity and focal lengths that are not positive.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`], [`GeometryError::OutOfRange`], [`GeometryError::NotPositive`].
    pub fn validate(&self) -> Result<(), GeometryError> {
        positive("camera.fx", self.pinhole.fx)?;
        positive("camera.fy", self.pinhole.fy)?;
        all_finite("camera.principal_point", &[self.pinhole.cx, self.pinhole.cy])?;
        if let Distortion::PlumbBob { k1, k2, p1, p2, k3 } = self.distortion {
            all_finite("camera.distortion", &[k1, k2, p1, p2, k3])?;
        }
        Ok(())
    }

    /// The camera matrix, rows first.
    #[must_use]
    pub fn k(&self) -> [[f64; 3]; 3] {
        let Pinhole { fx, fy, cx, cy } = self.pinhole;
        [[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]
    }

    /// Where a point in the camera frame (metres) appears, pixels; it may be outside the image. `None` for
    /// points nearer than [`NEAR_PLANE_M`], behind the camera or beyond the lens model's radius.
    #[must_use]
    pub fn project(&self, p: Vec3) -> Option<Point2> {
        self.project_within(p, self.distortion.radius_max())
    }

    /// As [`Camera::project`], for many points: the lens model's radius is worked out once.
    pub fn project_all<'a>(
        &'a self,
        points: impl IntoIterator<Item = Vec3> + 'a,
    ) -> impl Iterator<Item = Option<Point2>> + 'a {
        let radius = self.distortion.radius_max();
        points.into_iter().map(move |p| self.project_within(p, radius))
    }

    fn project_within(&self, [x, y, z]: Vec3, radius: f64) -> Option<Point2> {
        // The slack admits points that clipping put on the near plane, give or take rounding.
        if z.is_nan() || z < NEAR_PLANE_M * (1.0 - 1e-9) {
            return None;
        }
        let (x, y) = (x / z, y / z);
        if x.hypot(y) > radius {
            return None;
        }
        let (x, y) = self.distortion.apply(x, y);
        let Pinhole { fx, fy, cx, cy } = self.pinhole;
        Some(Point2::new(fx * x + cx, fy * y + cy))
    }

    /// The visible edges of a cuboid given in the camera frame, as lines on the (unbounded) image plane.
    /// Each edge is cut at the near plane first; under a distorting lens it comes in short pieces.
    #[must_use]
    pub fn project_edges(&self, cuboid: &Cuboid) -> Vec<[Point2; 2]> {
        let corners = cuboid.corners();
        let radius = self.distortion.radius_max();
        let pieces = if self.distortion == Distortion::None { 1 } else { EDGE_PIECES };
        let mut lines = Vec::with_capacity(CUBOID_EDGES.len() * pieces as usize);
        for (i, j) in CUBOID_EDGES {
            let Some((a, b)) = clip_near(corners[i], corners[j]) else { continue };
            let at = |k: u32| crate::lerp(a, b, f64::from(k) / f64::from(pieces));
            for k in 0..pieces {
                let ends = (self.project_within(at(k), radius), self.project_within(at(k + 1), radius));
                if let (Some(p), Some(q)) = ends {
                    lines.push([p, q]);
                }
            }
        }
        lines
    }

    /// The box around a projected cuboid, cut to the image; `None` when nothing of it is in view.
    ///
    /// `to_camera` leads from the cuboid's frame to the camera's. The box of the whole projection is cut
    /// to the image afterwards, as KITTI's own labels are.
    #[must_use]
    pub fn project_cuboid(&self, cuboid: &Cuboid, to_camera: &Rigid3, size: ImageSize) -> Option<Box2> {
        let lines = self.project_edges(&cuboid.transformed(to_camera));
        Box2::around(lines.as_flattened())?.clip(size)
    }
}

/// The part of the line in front of the near plane.
fn clip_near(a: Vec3, b: Vec3) -> Option<(Vec3, Vec3)> {
    let cut = |near: Vec3, far: Vec3| crate::lerp(near, far, (NEAR_PLANE_M - near[2]) / (far[2] - near[2]));
    match (a[2] >= NEAR_PLANE_M, b[2] >= NEAR_PLANE_M) {
        (true, true) => Some((a, b)),
        (true, false) => Some((a, cut(b, a))),
        (false, true) => Some((cut(a, b), b)),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quat;

    const CAMERA: Camera = Camera {
        pinhole: Pinhole { fx: 700.0, fy: 700.0, cx: 600.0, cy: 180.0 },
        distortion: Distortion::None,
    };
    const SIZE: ImageSize = ImageSize { width: 1200, height: 360 };

    #[test]
    fn a_cuboid_that_reaches_behind_the_camera_fills_its_side_of_the_image() {
        // 10 m long, beside the camera on the right: half of it lies behind the image plane. Without
        // clipping, the corners behind would be mirrored to the left.
        let cuboid = Cuboid { center: [2.0, 0.5, 1.0], size: [2.0, 2.0, 10.0], rotation: Quat::IDENTITY };
        let b = CAMERA.project_cuboid(&cuboid, &Rigid3::IDENTITY, SIZE).expect("in view");
        assert!((b.x - (600.0 + 700.0 / 6.0)).abs() < 1e-9, "{b:?}");
        assert_eq!((b.right(), b.bottom()), (1200.0, 360.0));
    }

    #[test]
    fn what_is_behind_is_not_seen() {
        let cuboid = Cuboid { center: [0.0, 0.0, -5.0], size: [1.0; 3], rotation: Quat::IDENTITY };
        assert_eq!(CAMERA.project_cuboid(&cuboid, &Rigid3::IDENTITY, SIZE), None);
        assert_eq!(CAMERA.project([0.0, 0.0, 0.0]), None);
        assert_eq!(CAMERA.project([0.0, 0.0, f64::NAN]), None);
    }

    #[test]
    fn a_barrel_lens_does_not_fold_far_points_back() {
        let lens = Distortion::PlumbBob { k1: -0.3, k2: 0.0, p1: 0.0, p2: 0.0, k3: 0.0 };
        let radius = lens.radius_max();
        assert!((radius - (1.0f64 / 0.9).sqrt()).abs() < 1e-9, "{radius}");
        let camera = Camera { distortion: lens, ..CAMERA };
        assert!(camera.project([radius * 0.99, 0.0, 1.0]).is_some());
        assert_eq!(camera.project([radius * 1.01, 0.0, 1.0]), None);
    }

    #[test]
    fn a_lens_may_fold_between_two_extrema() {
        // 1 - 0.9 s + 0.1 s² falls below zero between two roots; the first one counts.
        let lens = Distortion::PlumbBob { k1: -0.3, k2: 0.02, p1: 0.0, p2: 0.0, k3: 0.0 };
        let s = lens.radius_max().powi(2);
        assert!((1.0 - 0.9 * s + 0.1 * s * s).abs() < 1e-9 && s < 4.5, "{s}");
        let pincushion = Distortion::PlumbBob { k1: 0.1, k2: 0.0, p1: 0.0, p2: 0.0, k3: 0.0 };
        assert_eq!(pincushion.radius_max(), f64::INFINITY);
    }

    #[test]
    fn json_names_the_lens_model() {
        let text = r#"{"pinhole":{"fx":1.0,"fy":1.0,"cx":0.0,"cy":0.0},
            "distortion":{"model":"plumb_bob","k1":0.1,"k2":0.0,"p1":0.0,"p2":0.0,"k3":0.0}}"#;
        let camera: Camera = serde_json::from_str(text).expect("parses");
        assert!(matches!(camera.distortion, Distortion::PlumbBob { .. }));
        let flat = Camera { pinhole: Pinhole { fx: 0.0, ..CAMERA.pinhole }, ..CAMERA };
        assert_eq!(flat.validate(), Err(GeometryError::NotPositive { what: "camera.fx", value: 0.0 }));
    }
}
