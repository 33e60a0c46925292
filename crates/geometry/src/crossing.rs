//! Where the outlines of an area cross, and whether its holes lie inside.

use crate::Point2;
use crate::simple::cross;

/// Most pairs of edges that are compared for one shape. An outline of pixels with all the points that a shape may have
/// takes some millions; only a knot takes more.
pub const COMPARISONS_MAX: u64 = 50_000_000;

/// What is wrong with the rings of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingProblem {
    /// Two edges cross, counted over all rings in order. Touching is no crossing.
    Crosses(usize, usize),
    /// This hole lies outside of the first ring.
    HoleOutside(usize),
    /// More than [`COMPARISONS_MAX`] pairs would have to be compared.
    TooIntricate,
}

/// Checks the rings of one area, the outer one first: no two edges cross, and each hole has its first point that does
/// not lie on the outer outline inside of it. Points may touch edges, because outlines of pixels do.
///
/// Edges are swept by their left end, so only edges whose x ranges overlap are compared.
///
/// # Errors
/// The first problem in the order of the sweep.
pub fn check_rings(rings: &[Vec<Point2>]) -> Result<(), RingProblem> {
    let edges: Vec<(Point2, Point2)> = rings
        .iter()
        .flat_map(|ring| (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()])))
        .collect();
    let left = |i: usize| edges[i].0.x.min(edges[i].1.x);
    let right = |i: usize| edges[i].0.x.max(edges[i].1.x);
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by(|&a, &b| left(a).total_cmp(&left(b)).then(a.cmp(&b)));
    let (mut active, mut compared) = (Vec::<usize>::new(), 0u64);
    for &i in &order {
        active.retain(|&j| right(j) >= left(i));
        compared += active.len() as u64;
        if compared > COMPARISONS_MAX {
            return Err(RingProblem::TooIntricate);
        }
        if let Some(&j) = active.iter().find(|&&j| crosses(edges[i], edges[j])) {
            return Err(RingProblem::Crosses(i.min(j), i.max(j)));
        }
        active.push(i);
    }
    let Some((outer, holes)) = rings.split_first() else { return Ok(()) };
    match holes.iter().position(|hole| !inside(hole, outer)) {
        Some(index) => Err(RingProblem::HoleOutside(index)),
        None => Ok(()),
    }
}

/// Whether two edges cross in a point that is inside of both.
fn crosses((a, b): (Point2, Point2), (c, d): (Point2, Point2)) -> bool {
    if a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y) {
        return false;
    }
    let apart = |p: f64, q: f64| (p > 0.0 && q < 0.0) || (p < 0.0 && q > 0.0);
    apart(cross(a, b, c), cross(a, b, d)) && apart(cross(c, d, a), cross(c, d, b))
}

/// Whether a ring that does not cross `outer` lies inside of it.
fn inside(ring: &[Point2], outer: &[Point2]) -> bool {
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
    ring.iter().find(|p| !on_outline(**p)).is_none_or(|p| contains(outer, *p))
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
