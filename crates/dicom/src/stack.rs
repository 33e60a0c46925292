//! Putting slices in order in space, and saying what is wrong with them instead of guessing.

use serde::{Deserialize, Serialize};

/// Largest difference of direction cosines that still counts as the same orientation.
pub const ORIENTATION_TOLERANCE: f64 = 1e-3;
/// Largest departure of a gap from the median gap that still counts as even, as a fraction.
pub const SPACING_TOLERANCE: f64 = 0.02;
/// Slices nearer than this lie in the same place, mm.
pub const SAME_PLACE_MM: f64 = 1e-3;
/// Largest angle between the slice normal and the line through the positions that is not a tilt, radians.
pub const TILT_TOLERANCE_RAD: f64 = 0.005;

/// Where one slice lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceGeometry {
    /// Image Position, LPS, mm.
    pub position_mm: [f64; 3],
    /// Image Orientation: direction cosines of the row, then of the column.
    pub orientation: [f64; 6],
}

/// What is unusual about a stack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StackIssue {
    /// The slice is not parallel to the first one (or has no usable orientation); it is left out.
    NotParallel {
        /// Index into the input.
        slice: usize,
    },
    /// Two slices lie in the same place.
    Duplicate {
        /// Index into the input of the one that comes first.
        first: usize,
        /// Index into the input of the other.
        second: usize,
    },
    /// The gap behind a slice differs from the median gap.
    UnevenGap {
        /// Index into the input of the slice before the gap.
        after: usize,
        /// The gap, mm.
        gap_mm: f64,
        /// The median gap, mm.
        median_mm: f64,
    },
    /// The positions run along a line that is not the normal.
    Tilt {
        /// The angle, radians.
        angle_rad: f64,
    },
}

/// Slices in order along their normal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stack {
    /// Indices into the input, in ascending position along the normal.
    pub order: Vec<usize>,
    /// Position of each slice of `order` along the normal, mm.
    pub positions_mm: Vec<f64>,
    /// Unit normal (row x column of the first slice), LPS.
    pub normal: [f64; 3],
    /// The spacing, mm, where all gaps are even; `None` with fewer than two slices or uneven gaps.
    pub spacing_mm: Option<f64>,
    /// What is unusual.
    pub issues: Vec<StackIssue>,
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Unit normal of an orientation; `None` if its vectors are not finite, unit and perpendicular.
fn normal(o: [f64; 6]) -> Option<[f64; 3]> {
    let (r, c) = ([o[0], o[1], o[2]], [o[3], o[4], o[5]]);
    let unit = |v| (dot(v, v) - 1.0).abs() < 1e-2;
    // Comparisons with NaN are false, so it is refused here.
    if !(unit(r) && unit(c) && dot(r, c).abs() < 1e-2) {
        return None;
    }
    let n = [r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]];
    let length = dot(n, n).sqrt();
    Some(n.map(|x| x / length))
}

/// Sorts slices along the normal of the first usable one; ties keep the order of the input.
#[must_use]
pub fn order_slices(slices: &[SliceGeometry]) -> Stack {
    let usable =
        |s: &SliceGeometry| normal(s.orientation).filter(|_| s.position_mm.iter().all(|x| x.is_finite()));
    let Some((reference, axis)) = slices.iter().find_map(|s| usable(s).map(|n| (s.orientation, n))) else {
        let issues = (0..slices.len()).map(|slice| StackIssue::NotParallel { slice }).collect();
        return Stack { issues, ..Stack::default() };
    };
    let mut issues = Vec::new();
    let mut placed: Vec<(f64, usize)> = Vec::new();
    for (i, slice) in slices.iter().enumerate() {
        let same =
            slice.orientation.iter().zip(reference).all(|(a, b)| (a - b).abs() < ORIENTATION_TOLERANCE);
        if usable(slice).is_some() && same {
            placed.push((dot(slice.position_mm, axis), i));
        } else {
            issues.push(StackIssue::NotParallel { slice: i });
        }
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let spacing_mm = gaps(&placed, &mut issues);
    if let Some(angle_rad) = tilt(&placed, slices, axis) {
        issues.push(StackIssue::Tilt { angle_rad });
    }
    Stack {
        order: placed.iter().map(|p| p.1).collect(),
        positions_mm: placed.iter().map(|p| p.0).collect(),
        normal: axis,
        spacing_mm,
        issues,
    }
}

/// The even spacing, if there is one; duplicates and odd gaps go into `issues`.
fn gaps(placed: &[(f64, usize)], issues: &mut Vec<StackIssue>) -> Option<f64> {
    let mut gaps = Vec::new();
    for pair in placed.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        if gap < SAME_PLACE_MM {
            issues.push(StackIssue::Duplicate { first: pair[0].1, second: pair[1].1 });
        } else {
            gaps.push((gap, pair[0].1));
        }
    }
    let mut sorted: Vec<f64> = gaps.iter().map(|g| g.0).collect();
    sorted.sort_by(f64::total_cmp);
    let median_mm = *sorted.get(sorted.len() / 2)?;
    let before = issues.len();
    for (gap_mm, after) in gaps {
        if (gap_mm - median_mm).abs() > SPACING_TOLERANCE * median_mm {
            issues.push(StackIssue::UnevenGap { after, gap_mm, median_mm });
        }
    }
    (issues.len() == before).then_some(median_mm)
}

/// Angle between the normal and the line from the first to the last slice, where it is one.
fn tilt(placed: &[(f64, usize)], slices: &[SliceGeometry], axis: [f64; 3]) -> Option<f64> {
    let (first, last) = (placed.first()?, placed.last()?);
    let line = minus(slices[last.1].position_mm, slices[first.1].position_mm);
    let length = dot(line, line).sqrt();
    if last.0 - first.0 < SAME_PLACE_MM || length < SAME_PLACE_MM {
        return None;
    }
    let angle = (dot(line, axis) / length).clamp(-1.0, 1.0).acos();
    (angle > TILT_TOLERANCE_RAD).then_some(angle)
}
