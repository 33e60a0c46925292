//! Outlines of masks as polygons in pixel coordinates; (0, 0) is the outer corner of the first pixel.

use std::collections::BTreeMap;

/// A corner, x to the right and y down, in pixels.
pub type Point = (f64, f64);

type Corner = (usize, usize);

/// The outer outlines of a mask in row order, one polygon for each 4-connected piece, clockwise on the
/// screen, simplified so that no point moves more than `tolerance_px`. Holes are left out.
#[must_use]
pub fn outlines(mask: &[bool], columns: usize, tolerance_px: f64) -> Vec<Vec<Point>> {
    let mut edges = border_edges(mask, columns);
    let mut polygons = Vec::new();
    while let Some((&start, _)) = edges.first_key_value() {
        let corners = follow(&mut edges, start);
        if doubled_area(&corners) > 0 {
            polygons.push(simplify(&corners, tolerance_px));
        }
    }
    polygons
}

/// The largest 4-connected piece of a mask: its outer outline and those of the holes in it, simplified as [`outlines`] are; what lies
/// within a hole belongs to no piece of this one. `None` of an empty mask.
#[must_use]
pub fn largest_piece(
    mask: &[bool],
    columns: usize,
    tolerance_px: f64,
) -> Option<(Vec<Point>, Vec<Vec<Point>>)> {
    let piece = largest(mask, columns)?;
    let mut edges = border_edges(&piece, columns);
    let (mut outer, mut holes) = (None, Vec::new());
    while let Some((&start, _)) = edges.first_key_value() {
        let corners = follow(&mut edges, start);
        match doubled_area(&corners) {
            0 => {}
            area if area > 0 => outer = Some(simplify(&corners, tolerance_px)),
            _ => holes.push(simplify(&corners, tolerance_px)),
        }
    }
    Some((outer?, holes))
}

/// The pixels of the largest 4-connected piece.
fn largest(mask: &[bool], columns: usize) -> Option<Vec<bool>> {
    let mut seen = vec![false; mask.len()];
    let mut best: Vec<usize> = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        let (mut piece, mut open) = (Vec::new(), vec![start]);
        seen[start] = true;
        while let Some(at) = open.pop() {
            piece.push(at);
            let (x, last) = (at % columns, mask.len());
            let sides = [
                (x > 0).then(|| at - 1),
                (x + 1 < columns && at + 1 < last).then_some(at + 1),
                at.checked_sub(columns),
                (at + columns < last).then_some(at + columns),
            ];
            for next in sides.into_iter().flatten() {
                if mask[next] && !seen[next] {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        if piece.len() > best.len() {
            best = piece;
        }
    }
    if best.is_empty() {
        return None;
    }
    let mut out = vec![false; mask.len()];
    best.into_iter().for_each(|at| out[at] = true);
    Some(out)
}

/// Sides of set pixels towards unset ones, directed so that the set pixel lies on the right.
fn border_edges(mask: &[bool], columns: usize) -> BTreeMap<Corner, Vec<Corner>> {
    let rows = mask.len().checked_div(columns).unwrap_or(0);
    let set = |x: Option<usize>, y: Option<usize>| match (x, y) {
        (Some(x), Some(y)) => x < columns && y < rows && mask[y * columns + x],
        _ => false,
    };
    let mut edges: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for y in 0..rows {
        for x in 0..columns {
            if !mask[y * columns + x] {
                continue;
            }
            let sides = [
                (set(Some(x), y.checked_sub(1)), (x, y), (x + 1, y)),
                (set(Some(x + 1), Some(y)), (x + 1, y), (x + 1, y + 1)),
                (set(Some(x), Some(y + 1)), (x + 1, y + 1), (x, y + 1)),
                (set(x.checked_sub(1), Some(y)), (x, y + 1), (x, y)),
            ];
            for (inner, from, to) in sides {
                if !inner {
                    edges.entry(from).or_default().push(to);
                }
            }
        }
    }
    edges
}

/// Takes one closed loop out of `edges`; no corner stays without an edge.
fn follow(edges: &mut BTreeMap<Corner, Vec<Corner>>, start: Corner) -> Vec<Corner> {
    let mut corners = vec![start];
    let (mut before, mut at) = (start, start);
    while let Some(ends) = edges.get_mut(&at).filter(|ends| !ends.is_empty()) {
        // Where two pixels meet only at a corner, the turn to the right keeps them apart.
        let choice = (0..ends.len()).max_by_key(|&i| turn(before, at, ends[i])).unwrap_or(0);
        let next = ends.swap_remove(choice);
        if ends.is_empty() {
            edges.remove(&at);
        }
        if next == start {
            break;
        }
        corners.push(next);
        before = at;
        at = next;
    }
    corners
}

/// Positive for a turn to the right on the screen (y down).
fn turn(a: Corner, b: Corner, c: Corner) -> i64 {
    let (ax, ay) = (b.0 as i64 - a.0 as i64, b.1 as i64 - a.1 as i64);
    let (bx, by) = (c.0 as i64 - b.0 as i64, c.1 as i64 - b.1 as i64);
    ax * by - ay * bx
}

fn doubled_area(corners: &[Corner]) -> i64 {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(a, b)| a.0 as i64 * b.1 as i64 - b.0 as i64 * a.1 as i64).sum()
}

/// Douglas-Peucker on a closed line, split at its first corner and the one farthest from it.
fn simplify(corners: &[Corner], tolerance: f64) -> Vec<Point> {
    let points: Vec<Point> = corners.iter().map(|&(x, y)| (x as f64, y as f64)).collect();
    let distance = |p: &Point| (p.0 - points[0].0).powi(2) + (p.1 - points[0].1).powi(2);
    let far = (0..points.len()).max_by(|&a, &b| distance(&points[a]).total_cmp(&distance(&points[b])));
    let far = far.unwrap_or(0);
    let mut closed = points.clone();
    closed.push(points[0]);
    let mut keep = vec![false; closed.len()];
    keep[0] = true;
    keep[far] = true;
    mark(&closed, 0, far, tolerance, &mut keep);
    mark(&closed, far, closed.len() - 1, tolerance, &mut keep);
    let mut kept: Vec<Point> = points.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(p, _)| *p).collect();
    if kept.len() < 3 {
        kept = points;
    }
    kept
}

/// Marks the points between `first` and `last` that a straight line would miss by more than `tolerance`.
fn mark(points: &[Point], first: usize, last: usize, tolerance: f64, keep: &mut [bool]) {
    let mut open = vec![(first, last)];
    while let Some((first, last)) = open.pop() {
        let mut worst = (tolerance, None);
        for at in first + 1..last {
            let off = distance_to_segment(points[at], points[first], points[last]);
            if off > worst.0 {
                worst = (off, Some(at));
            }
        }
        if let Some(at) = worst.1 {
            keep[at] = true;
            open.push((first, at));
            open.push((at, last));
        }
    }
}

fn distance_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = dx * dx + dy * dy;
    let along = if length2 > 0.0 { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length2 } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(polygon: &[Point]) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        polygon.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
    }

    fn mask(rows: &[&str]) -> (Vec<bool>, usize) {
        (rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect(), rows[0].len())
    }

    #[test]
    fn a_square_is_its_four_outer_corners() {
        let (mask, columns) = mask(&["....", ".##.", ".##.", "...."]);
        assert_eq!(outlines(&mask, columns, 0.1), [vec![(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)]]);
    }

    #[test]
    fn pixels_that_meet_at_a_corner_are_two_polygons_and_holes_are_left_out() {
        let (corner, columns) = mask(&["#.", ".#"]);
        assert_eq!(outlines(&corner, columns, 0.1).len(), 2);
        let (ring, columns) = mask(&["###", "#.#", "###"]);
        let polygons = outlines(&ring, columns, 0.1);
        assert_eq!(polygons.len(), 1);
        assert!((area(&polygons[0]) - 9.0).abs() < 1e-12);
    }

    #[test]
    fn a_disc_is_simplified_without_losing_its_area() {
        let columns = 41;
        let inside = |i: usize| {
            let (x, y) = ((i % columns) as f64 - 20.0, (i / columns) as f64 - 20.0);
            x.hypot(y) <= 15.0
        };
        let mask: Vec<bool> = (0..columns * columns).map(inside).collect();
        let pixels = mask.iter().filter(|&&set| set).count() as f64;
        let polygons = outlines(&mask, columns, 0.75);
        assert_eq!(polygons.len(), 1);
        assert!(polygons[0].len() < 40, "{} points", polygons[0].len());
        assert!((area(&polygons[0]) / pixels - 1.0).abs() < 0.05);
    }
}
