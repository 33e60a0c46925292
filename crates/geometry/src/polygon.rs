//! Simple polygons in an image.

use serde::{Deserialize, Serialize};

use crate::error::all_finite;
use crate::simple::first_self_intersection;
use crate::{Box2, GeometryError, Point2};

/// Most points of one polygon, as many as an annotation may have; a person's outline has tens to hundreds.
pub const POLYGON_VERTICES_MAX: usize = 20_000;

/// A simple polygon: at least three finite points, no two edges meet except neighbours in their common
/// point. The last point is joined to the first. JSON: `[[x, y], …]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Point2>", into = "Vec<Point2>")]
pub struct Polygon {
    points: Vec<Point2>,
}

impl TryFrom<Vec<Point2>> for Polygon {
    type Error = GeometryError;

    fn try_from(points: Vec<Point2>) -> Result<Self, GeometryError> {
        Self::new(points)
    }
}

impl From<Polygon> for Vec<Point2> {
    fn from(polygon: Polygon) -> Self {
        polygon.points
    }
}

impl Polygon {
    /// Checks the points and takes them as they are, in either direction.
    ///
    /// # Errors
    /// [`GeometryError::TooFewPoints`], [`GeometryError::TooMany`], [`GeometryError::NonFinite`] or
    /// [`GeometryError::OutOfRange`] (index = coordinate, two per point), [`GeometryError::SelfIntersection`] (also for repeated points and for
    /// spikes that run back over themselves).
    pub fn new(points: Vec<Point2>) -> Result<Self, GeometryError> {
        if points.len() < 3 {
            return Err(GeometryError::TooFewPoints { points: points.len() });
        }
        if points.len() > POLYGON_VERTICES_MAX {
            return Err(GeometryError::TooMany {
                what: "polygon points",
                found: points.len() as u64,
                limit: POLYGON_VERTICES_MAX as u64,
            });
        }
        let coordinates: Vec<f64> = points.iter().flat_map(|p| [p.x, p.y]).collect();
        all_finite("polygon", &coordinates)?;
        if let Some((first, second)) = first_self_intersection(&points) {
            return Err(GeometryError::SelfIntersection { first, second });
        }
        Ok(Self { points })
    }

    /// The points in the order given.
    #[must_use]
    pub fn points(&self) -> &[Point2] {
        &self.points
    }

    /// The edges in order, the closing one last.
    pub fn edges(&self) -> impl Iterator<Item = (Point2, Point2)> + '_ {
        let n = self.points.len();
        (0..n).map(move |i| (self.points[i], self.points[(i + 1) % n]))
    }

    /// Area in square pixels, never negative.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.signed_area().abs()
    }

    /// Area by the shoelace formula: positive when the points run clockwise on the screen (y down).
    /// Taken about the first point so that far-away polygons lose no digits.
    #[must_use]
    pub fn signed_area(&self) -> f64 {
        let o = self.points[0];
        let twice: f64 =
            self.edges().map(|(a, b)| (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y)).sum();
        twice / 2.0
    }

    /// The smallest axis-aligned box around the polygon.
    #[must_use]
    pub fn bounds(&self) -> Box2 {
        Box2::around(&self.points).unwrap_or(Box2 { x: 0.0, y: 0.0, w: 0.0, h: 0.0 })
    }

    /// Whether the point lies inside, by counting the edges that a ray to the right crosses. A point
    /// exactly on the outline belongs to one side or the other, never to two polygons that share an edge.
    #[must_use]
    pub fn contains(&self, p: Point2) -> bool {
        let mut inside = false;
        for (a, b) in self.edges() {
            if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
                inside = !inside;
            }
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(list: &[[f64; 2]]) -> Vec<Point2> {
        list.iter().map(|&p| p.into()).collect()
    }

    #[test]
    fn a_bow_tie_is_refused() {
        let bow = points(&[[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]]);
        assert_eq!(Polygon::new(bow), Err(GeometryError::SelfIntersection { first: 0, second: 2 }));
    }

    #[test]
    fn degenerate_polygons_are_refused() {
        assert_eq!(Polygon::new(points(&[[0.0, 0.0]])), Err(GeometryError::TooFewPoints { points: 1 }));
        let repeated = points(&[[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
        assert!(matches!(Polygon::new(repeated), Err(GeometryError::SelfIntersection { .. })));
        let spike = points(&[[0.0, 0.0], [2.0, 0.0], [1.0, 0.0]]);
        assert!(matches!(Polygon::new(spike), Err(GeometryError::SelfIntersection { .. })));
        let touching = points(&[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 0.0], [0.0, 4.0]]);
        assert!(matches!(Polygon::new(touching), Err(GeometryError::SelfIntersection { .. })));
        let hole = points(&[[0.0, 0.0], [1.0, f64::INFINITY], [0.0, 1.0]]);
        assert_eq!(Polygon::new(hole), Err(GeometryError::NonFinite { what: "polygon", index: 3 }));
    }

    #[test]
    fn json_is_checked_too() {
        let bow = serde_json::from_str::<Polygon>("[[0,0],[2,2],[2,0],[0,2]]");
        assert!(bow.expect_err("a bow tie").to_string().contains("not simple"));
        let ok: Polygon = serde_json::from_str("[[0,0],[2,0],[2,2]]").expect("a triangle");
        assert_eq!(ok.area(), 2.0);
    }

    #[test]
    fn the_largest_allowed_polygon_is_quick_to_check() {
        let n = POLYGON_VERTICES_MAX;
        let ring = (0..n)
            .map(|i| {
                let t = i as f64 / n as f64 * std::f64::consts::TAU;
                Point2::new(500.0 + 400.0 * t.cos(), 500.0 + 400.0 * t.sin())
            })
            .collect();
        let polygon = Polygon::new(ring).expect("a circle is simple");
        assert!((polygon.area() - std::f64::consts::PI * 160_000.0).abs() < 1.0);
    }
}
