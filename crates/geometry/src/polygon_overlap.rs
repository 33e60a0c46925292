//! Exact overlap of two simple polygons.
//!
//! A simple polygon is the signed sum of the triangles that its edges span with any fixed point. The
//! common area of two polygons is therefore the signed sum of the common areas of all pairs of such
//! triangles, and two triangles are convex, so each pair is one clip. No special case for shared edges or
//! touching corners is needed: a degenerate triangle just adds nothing.

use crate::box2::ratio;
use crate::simple::cross;
use crate::{Box2, GeometryError, Point2, Polygon};

/// Most pairs of edges compared for one overlap, about a quarter of a second of work.
pub const POLYGON_EDGE_PAIRS_MAX: u64 = 4_000_000;

/// The area that two polygons have in common, square pixels. Exact up to rounding.
///
/// # Errors
/// [`GeometryError::TooMany`] when the polygons have too many edges for an exact answer; rasterise then.
pub fn polygon_intersection_area(a: &Polygon, b: &Polygon) -> Result<f64, GeometryError> {
    let (bounds_a, bounds_b) = (a.bounds(), b.bounds());
    let Some(common) = bounds_a.intersection(&bounds_b) else { return Ok(0.0) };
    let pairs = a.points().len() as u64 * b.points().len() as u64;
    if pairs > POLYGON_EDGE_PAIRS_MAX {
        return Err(GeometryError::TooMany {
            what: "polygon edge pairs",
            found: pairs,
            limit: POLYGON_EDGE_PAIRS_MAX,
        });
    }
    // The fan's hub in the middle of the common region keeps the triangles, and so the rounding, small.
    let hub = Point2::new(common.x + common.w / 2.0, common.y + common.h / 2.0);
    let fan_a = fan(a, hub);
    let fan_b = fan(b, hub);
    let mut sum = 0.0;
    for ta in &fan_a {
        for tb in &fan_b {
            if ta.bounds.intersection(&tb.bounds).is_some() {
                sum += ta.sign * tb.sign * convex_overlap(&ta.corners, &tb.corners);
            }
        }
    }
    Ok(sum.abs().min(a.area()).min(b.area()))
}

/// Intersection over union of two polygons, 0 to 1.
///
/// # Errors
/// As [`polygon_intersection_area`].
pub fn polygon_iou(a: &Polygon, b: &Polygon) -> Result<f64, GeometryError> {
    let common = polygon_intersection_area(a, b)?;
    Ok(ratio(common, a.area() + b.area() - common))
}

/// One triangle of a fan, turned so that its area is positive, with the sign it had.
struct Triangle {
    corners: [Point2; 3],
    sign: f64,
    bounds: Box2,
}

fn fan(polygon: &Polygon, hub: Point2) -> Vec<Triangle> {
    let mut triangles = Vec::with_capacity(polygon.points().len());
    for (p, q) in polygon.edges() {
        let twice = cross(hub, p, q);
        if twice == 0.0 {
            continue;
        }
        let corners = if twice > 0.0 { [hub, p, q] } else { [hub, q, p] };
        if let Some(bounds) = Box2::around(&corners) {
            triangles.push(Triangle { corners, sign: twice.signum(), bounds });
        }
    }
    triangles
}

/// Area common to two convex polygons of positive orientation: the subject is cut by each side of the
/// clip in turn (Sutherland and Hodgman 1974).
pub(crate) fn convex_overlap(subject: &[Point2], clip: &[Point2]) -> f64 {
    let mut current: Vec<Point2> = subject.to_vec();
    let mut next: Vec<Point2> = Vec::with_capacity(subject.len() + clip.len());
    for i in 0..clip.len() {
        let (a, b) = (clip[i], clip[(i + 1) % clip.len()]);
        next.clear();
        for j in 0..current.len() {
            let (p, q) = (current[j], current[(j + 1) % current.len()]);
            let (dp, dq) = (cross(a, b, p), cross(a, b, q));
            if dp >= 0.0 {
                next.push(p);
            }
            if (dp > 0.0 && dq < 0.0) || (dp < 0.0 && dq > 0.0) {
                let t = dp / (dp - dq);
                next.push(Point2::new(p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)));
            }
        }
        std::mem::swap(&mut current, &mut next);
        if current.len() < 3 {
            return 0.0;
        }
    }
    let o = current[0];
    let twice: f64 = (1..current.len() - 1).map(|i| cross(o, current[i], current[i + 1])).sum();
    (twice / 2.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(list: &[[f64; 2]]) -> Polygon {
        Polygon::new(list.iter().map(|&p| p.into()).collect()).expect("a simple polygon")
    }

    #[test]
    fn a_notch_does_not_count() {
        // A U of area 7 and a bar of area 3 that fills the notch and one pixel of each arm.
        let u = polygon(&[
            [0.0, 0.0],
            [1.0, 0.0],
            [1.0, 2.0],
            [2.0, 2.0],
            [2.0, 0.0],
            [3.0, 0.0],
            [3.0, 3.0],
            [0.0, 3.0],
        ]);
        let bar = polygon(&[[0.0, 0.0], [3.0, 0.0], [3.0, 1.0], [0.0, 1.0]]);
        assert!((polygon_intersection_area(&u, &bar).expect("small") - 2.0).abs() < 1e-12);
        assert!((polygon_iou(&u, &bar).expect("small") - 2.0 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn shared_edges_are_no_trouble() {
        let a = polygon(&[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]);
        let b = polygon(&[[2.0, 0.0], [4.0, 0.0], [4.0, 2.0], [2.0, 2.0]]);
        assert_eq!(polygon_iou(&a, &b), Ok(0.0));
        assert!((polygon_iou(&a, &a).expect("small") - 1.0).abs() < 1e-12);
    }
}
