//! The rectangle that best explains the visible sides of an object.
//!
//! Search over the angle with the closeness criterion of Zhang, Xu, Dong and Dolan ("Efficient L-shape
//! fitting for vehicle detection using laser scanners", 2017): a turn is good when many points lie close
//! to one of the rectangle's sides.

/// Distance at which a point's vote is halved, metres: about the sensor's noise. The original cuts the
/// vote off instead, which leaves angles within the noise undecided.
const HALF_VOTE_M: f64 = 0.05;
/// Most points that vote for an angle; more say the same.
const VOTERS_MAX: usize = 256;
/// A point this close to a side lies on it, metres.
const ON_SIDE_M: f64 = 0.15;

/// A rectangle on the ground, by the extents along two axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rectangle {
    /// Direction of the first axis, radians in 0..π/2; the second is a quarter turn to its left.
    pub angle: f64,
    /// Least and greatest extent along the first axis, metres from the sensor.
    pub along: [f64; 2],
    /// The same along the second axis.
    pub across: [f64; 2],
    /// Part of the points that lie on a side, 0 to 1.
    pub fit: f64,
}

/// Fits the rectangle: whole degrees first, then tenths around the best.
pub(super) fn fit(points: &[[f64; 2]], hull: &[[f64; 2]]) -> Rectangle {
    let stride = points.len().div_ceil(VOTERS_MAX).max(1);
    let voters: Vec<[f64; 2]> = points.iter().copied().step_by(stride).collect();
    let mut best = (f64::NEG_INFINITY, 0.0);
    let mut look = |tenths: i32| {
        let angle = (f64::from(tenths) / 10.0).to_radians();
        let score = closeness(&voters, hull, angle);
        if score > best.0 {
            best = (score, angle);
        }
        best.1
    };
    let mut angle = 0.0;
    for degree in 0..90 {
        angle = look(10 * degree);
    }
    let middle = (angle.to_degrees() * 10.0).round() as i32;
    for tenths in middle - 9..=middle + 9 {
        angle = look(tenths);
    }
    let (along, across) = extents(hull, angle);
    let on_side = voters.iter().filter(|p| distance(**p, angle, along, across) <= ON_SIDE_M).count();
    let turned = Rectangle { angle, along, across, fit: on_side as f64 / voters.len().max(1) as f64 };
    if angle < 0.0 { quarter_turn(&turned) } else { turned }
}

/// The same rectangle with its axes a quarter turn further.
fn quarter_turn(r: &Rectangle) -> Rectangle {
    Rectangle {
        angle: r.angle + std::f64::consts::FRAC_PI_2,
        along: r.across,
        across: [-r.along[1], -r.along[0]],
        fit: r.fit,
    }
}

fn extents(hull: &[[f64; 2]], angle: f64) -> ([f64; 2], [f64; 2]) {
    let (s, c) = angle.sin_cos();
    let empty = [f64::INFINITY, f64::NEG_INFINITY];
    let widen = |[low, high]: [f64; 2], v: f64| [low.min(v), high.max(v)];
    hull.iter().fold((empty, empty), |(along, across), [x, y]| {
        (widen(along, c * x + s * y), widen(across, c * y - s * x))
    })
}

/// Distance of a point to the nearest side, metres.
fn distance([x, y]: [f64; 2], angle: f64, along: [f64; 2], across: [f64; 2]) -> f64 {
    let (s, c) = angle.sin_cos();
    to_side(c * x + s * y, along).min(to_side(c * y - s * x, across))
}

fn to_side(v: f64, [low, high]: [f64; 2]) -> f64 {
    (v - low).min(high - v)
}

/// How well the points hug the sides of the rectangle at this angle.
fn closeness(points: &[[f64; 2]], hull: &[[f64; 2]], angle: f64) -> f64 {
    let (along, across) = extents(hull, angle);
    let (s, c) = angle.sin_cos();
    let to_sides = |[x, y]: &[f64; 2]| to_side(c * x + s * y, along).min(to_side(c * y - s * x, across));
    points.iter().map(|p| 1.0 / (to_sides(p) + HALF_VOTE_M)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::hull::convex_hull;

    #[test]
    fn two_visible_sides_give_the_rectangle() {
        for degrees in [0.0f64, 12.3, 45.0, 77.7, 89.9] {
            let (s, c) = degrees.to_radians().sin_cos();
            let side = |a: f64, b: f64| [10.0 + c * a - s * b, 5.0 + s * a + c * b];
            let mut points: Vec<[f64; 2]> = (0..=40).map(|i| side(f64::from(i) * 0.1, 0.0)).collect();
            points.extend((0..=18).map(|i| side(0.0, f64::from(i) * 0.1)));
            let r = fit(&points, &convex_hull(&points));
            let off = (r.angle.to_degrees() - degrees + 45.0).rem_euclid(90.0) - 45.0;
            assert!(off.abs() < 0.11, "{degrees}: off by {off}");
            let mut sides = [r.along[1] - r.along[0], r.across[1] - r.across[0]];
            sides.sort_by(f64::total_cmp);
            assert!((sides[0] - 1.8).abs() < 0.02 && (sides[1] - 4.0).abs() < 0.02, "{sides:?}");
            assert!((0.0..=std::f64::consts::FRAC_PI_2).contains(&r.angle) && r.fit == 1.0);
        }
    }
}
