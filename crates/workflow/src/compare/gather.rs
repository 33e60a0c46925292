//! Which marks of one place are set against each other: a frame with tens of thousands of cells falls into pieces that do not
//! touch, and each is compared by itself.

use countersign_geometry::Box2;
use countersign_model::{Agreement, Annotation};
use countersign_quality::instances::{ASSIGN_MAX, Found, InstancesError, cluster};

use super::overlap::{bounds, is_area, overlap};

/// Below this overlap (intersection over union) two marks are different findings, not one that is drawn differently.
const SAME_PLACE_IOU: f64 = 0.1;

/// Marks that may be one finding.
pub(super) enum Gathered {
    /// Indices among the marks, at most one of each reader.
    Finding(Vec<usize>),
    /// More marks lie over each other than can be gathered to findings: somebody has to look.
    Heap(Vec<usize>),
}

/// Gathers marks of one frame and family to findings; `marks` are reader and index among their annotations.
pub(super) fn gather(
    reads: &[&[Annotation]],
    marks: &[(usize, usize)],
    rule: &Agreement,
) -> Result<Vec<Gathered>, InstancesError> {
    let mut out = Vec::new();
    for piece in pieces(reads, marks) {
        if piece.len() > ASSIGN_MAX {
            out.push(Gathered::Heap(piece));
            continue;
        }
        let mark = |at: usize| &reads[marks[piece[at]].0][marks[piece[at]].1];
        let reader = |at: usize| u32::try_from(marks[piece[at]].0).unwrap_or(u32::MAX);
        let n = piece.len();
        let found: Vec<Found> = (0..n).map(|at| Found { reader: reader(at), class: 0 }).collect();
        let mut overlaps = vec![0.0; n * n];
        for a in 0..n {
            overlaps[a * n + a] = 1.0;
            for b in a + 1..n {
                let value = overlap(mark(a), mark(b), rule.point_px);
                (overlaps[a * n + b], overlaps[b * n + a]) = (value, value);
            }
        }
        for members in cluster(&found, &overlaps, SAME_PLACE_IOU)? {
            out.push(Gathered::Finding(members.0.into_iter().map(|member| piece[member]).collect()));
        }
    }
    Ok(out)
}

/// Areas whose boxes are connected by overlapping; everything else is one piece.
fn pieces(reads: &[&[Annotation]], marks: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let shape = |at: usize| &reads[marks[at].0][marks[at].1].shape;
    if !(0..marks.len()).all(|at| is_area(shape(at))) {
        return vec![(0..marks.len()).collect()];
    }
    let boxes: Vec<Option<Box2>> = (0..marks.len()).map(|at| bounds(shape(at))).collect();
    let left = |at: usize| boxes[at].map_or(f64::INFINITY, |around| around.x);
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by(|a, b| left(*a).total_cmp(&left(*b)).then(a.cmp(b)));
    let mut group: Vec<usize> = (0..marks.len()).collect();
    let mut active: Vec<(usize, Box2)> = Vec::new();
    for at in order {
        let Some(around) = boxes[at] else { continue };
        active.retain(|(_, other)| other.right() > around.x);
        for (other, _) in active.iter().filter(|(_, other)| other.intersection(&around).is_some()) {
            let (a, b) = (root(&mut group, at), root(&mut group, *other));
            group[a.max(b)] = a.min(b);
        }
        active.push((at, around));
    }
    let mut pieces = vec![Vec::new(); marks.len()];
    for at in 0..marks.len() {
        pieces[root(&mut group, at)].push(at);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn root(group: &mut [usize], mut at: usize) -> usize {
    while group[at] != at {
        group[at] = group[group[at]];
        at = group[at];
    }
    at
}
