//! The test whether a closed chain of points is a simple polygon.

use crate::Point2;

/// Twice the signed area of the triangle a, b, c.
pub(crate) fn cross(a: Point2, b: Point2, c: Point2) -> f64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// The first pair of edges `(i, j)`, `i < j`, that meet where they must not: neighbours anywhere but in
/// their common point, others anywhere at all. Edges are swept by their left end, so only edges whose
/// x ranges overlap are compared.
pub(crate) fn first_self_intersection(points: &[Point2]) -> Option<(usize, usize)> {
    let n = points.len();
    let edge = |i: usize| (points[i], points[(i + 1) % n]);
    let left = |i: usize| edge(i).0.x.min(edge(i).1.x);
    let right = |i: usize| edge(i).0.x.max(edge(i).1.x);
    let apart = |i: usize, j: usize| {
        let ((a, b), (c, d)) = (edge(i), edge(j));
        a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y)
    };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| left(a).total_cmp(&left(b)).then(a.cmp(&b)));
    let mut active: Vec<usize> = Vec::new();
    let mut found: Option<(usize, usize)> = None;
    for &i in &order {
        active.retain(|&j| right(j) >= left(i));
        for &j in &active {
            let (lo, hi) = (i.min(j), i.max(j));
            if !apart(lo, hi)
                && meets(edge(lo), edge(hi), lo + 1 == hi, hi + 1 == n && lo == 0)
                && found.is_none_or(|f| (lo, hi) < f)
            {
                found = Some((lo, hi));
            }
        }
        active.push(i);
    }
    // A zero-length edge meets nothing new but is no edge.
    let empty = (0..n).find(|&i| edge(i).0 == edge(i).1).map(|i| (i, (i + 1) % n));
    found.or(empty)
}

/// Whether two edges meet. `follows`: the second starts where the first ends; `precedes`: it ends where
/// the first starts.
fn meets(first: (Point2, Point2), second: (Point2, Point2), follows: bool, precedes: bool) -> bool {
    let (a, b) = first;
    let (c, d) = second;
    if follows && precedes {
        // Two edges on two points: the chain runs forth and back.
        return true;
    }
    if follows {
        return runs_back(a, b, d);
    }
    if precedes {
        return runs_back(b, a, c);
    }
    let (d1, d2) = (cross(c, d, a), cross(c, d, b));
    let (d3, d4) = (cross(a, b, c), cross(a, b, d));
    if ((d1 > 0.0) != (d2 > 0.0))
        && d1 != 0.0
        && d2 != 0.0
        && ((d3 > 0.0) != (d4 > 0.0))
        && d3 != 0.0
        && d4 != 0.0
    {
        return true;
    }
    (d1 == 0.0 && within(c, d, a))
        || (d2 == 0.0 && within(c, d, b))
        || (d3 == 0.0 && within(a, b, c))
        || (d4 == 0.0 && within(a, b, d))
}

/// Whether the chain a → b → c turns back on itself at b.
fn runs_back(a: Point2, b: Point2, c: Point2) -> bool {
    cross(a, b, c) == 0.0 && (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) < 0.0
}

/// Whether a point known to be in line with the edge lies on it.
fn within(a: Point2, b: Point2, p: Point2) -> bool {
    p.x >= a.x.min(b.x) && p.x <= a.x.max(b.x) && p.y >= a.y.min(b.y) && p.y <= a.y.max(b.y)
}
