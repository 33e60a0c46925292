//! Points, axis-aligned boxes and sizes in an image.

use serde::{Deserialize, Serialize};

use crate::GeometryError;
use crate::error::{all_finite, positive};

/// A point in an image, pixels; JSON `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Point2 {
    /// Pixels to the right of the image's left edge.
    pub x: f64,
    /// Pixels below the image's top edge.
    pub y: f64,
}

impl Point2 {
    /// A point at `(x, y)` pixels.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Refuses NaN and infinity.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`].
    pub fn validate(&self) -> Result<(), GeometryError> {
        all_finite("point", &[self.x, self.y])
    }
}

impl From<[f64; 2]> for Point2 {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point2> for [f64; 2] {
    fn from(p: Point2) -> Self {
        [p.x, p.y]
    }
}

/// Width and height of an image, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSize {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// An axis-aligned box in an image: left-top corner and size, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Box2 {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Box2 {
    /// The box with these edges. Right must not be left of left, nor bottom above top; `validate` tells.
    #[must_use]
    pub fn from_edges(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { x: left, y: top, w: right - left, h: bottom - top }
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// Refuses NaN, infinity and boxes without width or height.
    ///
    /// # Errors
    /// [`GeometryError::NonFinite`] or [`GeometryError::NotPositive`].
    pub fn validate(&self) -> Result<(), GeometryError> {
        all_finite("box", &[self.x, self.y, self.w, self.h])?;
        positive("box.w", self.w)?;
        positive("box.h", self.h)
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.w * self.h
    }

    /// Whether the point lies in the box; left and top edge belong to it, right and bottom do not.
    #[must_use]
    pub fn contains(&self, p: Point2) -> bool {
        p.x >= self.x && p.x < self.right() && p.y >= self.y && p.y < self.bottom()
    }

    /// The common part of two boxes, if it has an area.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let left = self.x.max(other.x);
        let top = self.y.max(other.y);
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        (right > left && bottom > top).then(|| Self::from_edges(left, top, right, bottom))
    }

    /// Intersection over union, 0 to 1; 0 when the union has no area.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let common = self.intersection(other).map_or(0.0, |b| b.area());
        ratio(common, self.area() + other.area() - common)
    }

    /// The part of the box that lies inside the image, if any.
    #[must_use]
    pub fn clip(&self, size: ImageSize) -> Option<Self> {
        self.intersection(&Self { x: 0.0, y: 0.0, w: f64::from(size.width), h: f64::from(size.height) })
    }

    /// The smallest box around the points; `None` for no points.
    #[must_use]
    pub fn around(points: &[Point2]) -> Option<Self> {
        let first = points.first()?;
        let mut edges = [first.x, first.y, first.x, first.y];
        for p in points {
            edges = [edges[0].min(p.x), edges[1].min(p.y), edges[2].max(p.x), edges[3].max(p.y)];
        }
        Some(Self::from_edges(edges[0], edges[1], edges[2], edges[3]))
    }
}

/// `part / whole` held within 0..=1 against rounding; 0 for an empty whole.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_overlap_is_a_third() {
        let a = Box2 { x: 0.0, y: 0.0, w: 2.0, h: 2.0 };
        let b = Box2 { x: 1.0, y: 0.0, w: 2.0, h: 2.0 };
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn touching_boxes_do_not_overlap() {
        let a = Box2 { x: 0.0, y: 0.0, w: 2.0, h: 2.0 };
        let b = Box2 { x: 2.0, y: 0.0, w: 2.0, h: 2.0 };
        assert_eq!(a.intersection(&b), None);
        assert_eq!(a.iou(&b), 0.0);
    }

    #[test]
    fn refusals_name_the_place() {
        let bad = Box2 { x: 0.0, y: f64::NAN, w: 1.0, h: 1.0 };
        assert_eq!(bad.validate(), Err(GeometryError::NonFinite { what: "box", index: 1 }));
        let flat = Box2 { x: 0.0, y: 0.0, w: 1.0, h: 0.0 };
        assert_eq!(flat.validate(), Err(GeometryError::NotPositive { what: "box.h", value: 0.0 }));
        let beyond = Box2 { x: f64::MAX, y: 0.0, w: f64::MAX, h: 1.0 };
        assert!(matches!(beyond.validate(), Err(GeometryError::OutOfRange { index: 0, .. })));
    }

    #[test]
    fn a_point_is_a_pair_in_json() {
        let text = serde_json::to_string(&Point2::new(1.5, 2.0)).expect("serialises");
        assert_eq!(text, "[1.5,2.0]");
        assert_eq!(serde_json::from_str::<Point2>("[1.5,2]").expect("parses"), Point2::new(1.5, 2.0));
    }
}
