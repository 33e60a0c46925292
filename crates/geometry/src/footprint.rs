//! Overlap of cuboids seen from above and in space.

use crate::box2::ratio;
use crate::polygon_overlap::convex_overlap;
use crate::{Cuboid, Point2};

/// A rectangle on the ground: the outline of a cuboid seen from above, by its yaw alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footprint {
    /// Middle, metres (x, y).
    pub center: [f64; 2],
    /// Extent along the heading, metres.
    pub length: f64,
    /// Extent across the heading, metres.
    pub width: f64,
    /// Heading, radians, counter-clockwise from the x axis.
    pub yaw: f64,
}

impl From<&Cuboid> for Footprint {
    fn from(c: &Cuboid) -> Self {
        Self {
            center: [c.center[0], c.center[1]],
            length: c.size[0],
            width: c.size[1],
            yaw: c.rotation.yaw(),
        }
    }
}

impl Footprint {
    /// Corners front-left, rear-left, rear-right, front-right (counter-clockwise), metres.
    #[must_use]
    pub fn corners(&self) -> [[f64; 2]; 4] {
        self.corners_about([0.0, 0.0])
    }

    /// Area, square metres.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.length * self.width
    }

    /// Area common to both rectangles, square metres.
    #[must_use]
    pub fn intersection_area(&self, other: &Self) -> f64 {
        // About one of the middles, so that map coordinates of 1e6 m cost no digits.
        let points = |f: &Self| f.corners_about(self.center).map(|[x, y]| Point2::new(x, y));
        convex_overlap(&points(self), &points(other)).min(self.area()).min(other.area())
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let common = self.intersection_area(other);
        ratio(common, self.area() + other.area() - common)
    }

    fn corners_about(&self, origin: [f64; 2]) -> [[f64; 2]; 4] {
        let (s, c) = self.yaw.sin_cos();
        let (l, w) = (self.length / 2.0, self.width / 2.0);
        let [x, y] = [self.center[0] - origin[0], self.center[1] - origin[1]];
        [[l, w], [-l, w], [-l, -w], [l, -w]].map(|[a, b]| [x + c * a - s * b, y + s * a + c * b])
    }
}

/// Intersection over union of the footprints, 0 to 1. Only the yaw of the cuboids counts.
#[must_use]
pub fn bev_iou(a: &Cuboid, b: &Cuboid) -> f64 {
    Footprint::from(a).iou(&Footprint::from(b))
}

/// Intersection over union in space, 0 to 1, of the cuboids set upright: only their yaw counts, which
/// is what driving data sets annotate.
#[must_use]
pub fn iou_3d(a: &Cuboid, b: &Cuboid) -> f64 {
    let floor = (a.center[2] - a.size[2] / 2.0).max(b.center[2] - b.size[2] / 2.0);
    let roof = (a.center[2] + a.size[2] / 2.0).min(b.center[2] + b.size[2] / 2.0);
    let height = (roof - floor).max(0.0);
    let common = height * Footprint::from(a).intersection_area(&Footprint::from(b));
    ratio(common, a.volume() + b.volume() - common)
}
