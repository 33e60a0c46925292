//! Where the outlines of an area cross, and whether its holes lie inside.

use crate::Point2;
use crate::simple::cross;

/// Most pairs of edges, or of a point and an edge, that are compared for the shapes of one save. An outline of pixels with
/// all the points that a shape may have takes some millions; only a knot takes more.
pub const COMPARISONS_MAX: u64 = 10_000_000;

/// What is wrong with the rings of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingProblem {
    /// Two edges cross, counted over all rings in order. Touching is no crossing.
    Crosses(usize, usize),
    /// This hole lies outside of the first ring.
    HoleOutside(usize),
    /// This hole lies in another one, or is the same: filled by the even-odd rule it would be a part of the object again.
    HoleInHole(usize),
    /// More pairs would have to be compared than are left.
    TooIntricate,
}

/// Checks the rings of one area, the outer one first: no two edges cross, each hole lies inside of the outer ring, and none
/// in another. Points may touch edges, because outlines of pixels do.
///
/// Edges are swept by their left end, so only edges whose x ranges overlap are compared. `left` pairs may be compared,
/// [`COMPARISONS_MAX`] for all shapes of one save; what was compared is taken off.
///
/// # Errors
/// The first problem in the order of the sweep.
pub fn check_rings(rings: &[Vec<Point2>], left: &mut u64) -> Result<(), RingProblem> {
    let edges: Vec<(Point2, Point2)> = rings
        .iter()
        .flat_map(|ring| (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()])))
        .collect();
    let begin = |i: usize| edges[i].0.x.min(edges[i].1.x);
    let right = |i: usize| edges[i].0.x.max(edges[i].1.x);
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by(|&a, &b| begin(a).total_cmp(&begin(b)).then(a.cmp(&b)));
    let mut active = Vec::<usize>::new();
    for &i in &order {
        active.retain(|&j| right(j) >= begin(i));
        spend(left, active.len(), 1)?;
        if let Some(&j) = active.iter().find(|&&j| crosses(edges[i], edges[j])) {
            return Err(RingProblem::Crosses(i.min(j), i.max(j)));
        }
        active.push(i);
    }
    let Some((outer, holes)) = rings.split_first() else { return Ok(()) };
    for (index, hole) in holes.iter().enumerate() {
        if !inside(hole, outer, left)? {
            return Err(RingProblem::HoleOutside(index));
        }
    }
    check_apart(holes, left)
}

/// No hole lies in another.
fn check_apart(holes: &[Vec<Point2>], left: &mut u64) -> Result<(), RingProblem> {
    let boxes: Vec<_> = holes.iter().map(|hole| bounds(hole)).collect();
    for (i, hole) in holes.iter().enumerate() {
        spend(left, i, 1)?;
        for (j, other) in holes.iter().enumerate().take(i) {
            let ((a, b), (c, d)) = (boxes[i], boxes[j]);
            let apart = a.x > d.x || c.x > b.x || a.y > d.y || c.y > b.y;
            if !apart && (inside(hole, other, left)? || inside(other, hole, left)?) {
                return Err(RingProblem::HoleInHole(i));
            }
        }
    }
    Ok(())
}

/// The least and the greatest coordinates.
fn bounds(ring: &[Point2]) -> (Point2, Point2) {
    let start = (Point2 { x: f64::MAX, y: f64::MAX }, Point2 { x: f64::MIN, y: f64::MIN });
    ring.iter().fold(start, |(low, high), p| {
        let low = Point2 { x: low.x.min(p.x), y: low.y.min(p.y) };
        (low, Point2 { x: high.x.max(p.x), y: high.y.max(p.y) })
    })
}

/// Takes `points` times `edges` comparisons off what is left.
fn spend(left: &mut u64, points: usize, edges: usize) -> Result<(), RingProblem> {
    let wanted = (points as u64).saturating_mul(edges as u64);
    *left = left.checked_sub(wanted).ok_or(RingProblem::TooIntricate)?;
    Ok(())
}

/// Whether two edges cross in a point that is inside of both.
fn crosses((a, b): (Point2, Point2), (c, d): (Point2, Point2)) -> bool {
    if a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y) {
        return false;
    }
    let apart = |p: f64, q: f64| (p > 0.0 && q < 0.0) || (p < 0.0 && q > 0.0);
    apart(cross(a, b, c), cross(a, b, d)) && apart(cross(c, d, a), cross(c, d, b))
}

/// Whether a ring that does not cross `outer` lies inside of it. A ring may leave through corners that lie on the outline,
/// so every point is asked; where all of them lie on it, the middles of the edges are.
fn inside(ring: &[Point2], outer: &[Point2], left: &mut u64) -> Result<bool, RingProblem> {
    spend(left, ring.len().saturating_mul(2), outer.len())?;
    let on_outline = |p: Point2| {
        (0..outer.len()).any(|i| {
            let (a, b) = (outer[i], outer[(i + 1) % outer.len()]);
            cross(a, b, p) == 0.0
                && p.x >= a.x.min(b.x)
                && p.x <= a.x.max(b.x)
                && p.y >= a.y.min(b.y)
                && p.y <= a.y.max(b.y)
        })
    };
    let off: Vec<Point2> = ring.iter().copied().filter(|p| !on_outline(*p)).collect();
    if !off.is_empty() {
        return Ok(off.iter().all(|p| contains(outer, *p)));
    }
    if ring.len() == outer.len() && ring.iter().all(|p| outer.contains(p)) {
        return Ok(true);
    }
    let middle = |i: usize| {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        Point2 { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) }
    };
    Ok((0..ring.len()).map(middle).filter(|p| !on_outline(*p)).all(|p| contains(outer, p)))
}

/// Even-odd rule.
fn contains(ring: &[Point2], p: Point2) -> bool {
    (0..ring.len()).fold(false, |inside, i| {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        let over = (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x;
        inside != over
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[(f64, f64)]) -> Vec<Point2> {
        points.iter().map(|&(x, y)| Point2 { x, y }).collect()
    }

    fn check_rings(rings: &[Vec<Point2>]) -> Result<(), RingProblem> {
        super::check_rings(rings, &mut COMPARISONS_MAX.clone())
    }

    fn square(x: f64, y: f64, side: f64) -> Vec<Point2> {
        ring(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    }

    #[test]
    fn no_hole_lies_in_another() {
        let outer = square(0.0, 0.0, 10.0);
        let with = |holes: &[Vec<Point2>]| {
            check_rings(&std::iter::once(outer.clone()).chain(holes.iter().cloned()).collect::<Vec<_>>())
        };
        assert_eq!(with(&[square(1.0, 1.0, 4.0), square(1.0, 1.0, 4.0)]), Err(RingProblem::HoleInHole(1)));
        assert_eq!(with(&[square(1.0, 1.0, 6.0), square(2.0, 2.0, 2.0)]), Err(RingProblem::HoleInHole(1)));
        assert_eq!(with(&[square(2.0, 2.0, 2.0), square(1.0, 1.0, 6.0)]), Err(RingProblem::HoleInHole(1)));
        assert_eq!(with(&[square(1.0, 1.0, 3.0), square(4.0, 1.0, 3.0)]), Ok(()), "side by side");
    }

    #[test]
    fn a_hole_that_leaves_through_corners_on_the_outline_is_outside() {
        let outer = square(0.0, 0.0, 10.0);
        let mut hole = ring(&[(6.0, 5.0), (10.0, 2.0), (14.0, 5.0), (10.0, 8.0)]);
        for _ in 0..hole.len() {
            assert_eq!(check_rings(&[outer.clone(), hole.clone()]), Err(RingProblem::HoleOutside(0)));
            hole.rotate_left(1);
        }
        // All corners on the outline of an area with a notch, and yet the notch itself.
        let notched = ring(&[
            (0.0, 0.0),
            (3.0, 0.0),
            (3.0, 4.0),
            (6.0, 4.0),
            (6.0, 0.0),
            (9.0, 0.0),
            (9.0, 9.0),
            (0.0, 9.0),
        ]);
        let notch = ring(&[(3.0, 0.0), (6.0, 0.0), (6.0, 4.0), (3.0, 4.0)]);
        assert_eq!(check_rings(&[notched, notch]), Err(RingProblem::HoleOutside(0)));
    }

    #[test]
    fn what_was_compared_is_taken_off_what_is_left() {
        let mut left = 20;
        assert_eq!(super::check_rings(&[square(0.0, 0.0, 1.0)], &mut left), Ok(()));
        assert!(left < 20);
        while super::check_rings(&[square(0.0, 0.0, 1.0)], &mut left).is_ok() {}
        assert_eq!(super::check_rings(&[square(0.0, 0.0, 1.0)], &mut left), Err(RingProblem::TooIntricate));
    }

    #[test]
    fn a_bow_tie_crosses_and_a_touching_corner_does_not() {
        let bow = ring(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)]);
        assert_eq!(check_rings(&[bow]), Err(RingProblem::Crosses(0, 2)));
        // Two pixels that share a corner, walked around as one outline.
        let corner = ring(&[
            (0.0, 0.0),
            (1.0, 0.0),
            (1.0, 1.0),
            (2.0, 1.0),
            (2.0, 2.0),
            (1.0, 2.0),
            (1.0, 1.0),
            (0.0, 1.0),
        ]);
        assert_eq!(check_rings(&[corner]), Ok(()));
    }

    #[test]
    fn holes_lie_inside() {
        let outer = ring(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
        let hole = |x: f64| ring(&[(x, 2.0), (x + 3.0, 2.0), (x + 3.0, 5.0), (x, 5.0)]);
        assert_eq!(check_rings(&[outer.clone(), hole(2.0)]), Ok(()));
        assert_eq!(check_rings(&[outer.clone(), hole(7.0)]), Ok(()), "an edge on the outline is inside");
        assert_eq!(check_rings(&[outer.clone(), hole(12.0)]), Err(RingProblem::HoleOutside(0)));
        assert!(matches!(check_rings(&[outer, hole(8.5)]), Err(RingProblem::Crosses(..))));
    }

    #[test]
    fn a_knot_is_refused_instead_of_compared_for_ever() {
        // A comb whose edges all span the whole width.
        let comb: Vec<Point2> =
            (0..20_000).map(|i| Point2 { x: if i % 2 == 0 { 0.0 } else { 1.0 }, y: f64::from(i) }).collect();
        assert_eq!(check_rings(&[comb]), Err(RingProblem::TooIntricate));
    }
}
