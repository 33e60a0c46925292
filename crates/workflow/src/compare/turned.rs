//! Means of shapes that are turned, and of lines.
//!
//! A box or an ellipse is the same after half a turn, and with its sides exchanged after a quarter: angles are averaged as axial
//! data of that period (Mardia and Jupp, Directional Statistics, 2000, section 1.1: directions times the number of symmetries),
//! sides in the order that belongs to the mean angle. A line is the same when it is followed backwards.

use countersign_model::Shape;

/// Symmetries of an oblong's axes in a full turn.
const QUARTERS: f64 = 4.0;
/// A mean of directions that is shorter says nothing of where they point: sides are as long as each other, or angles cancel out.
const RESULTANT_MIN: f64 = 1e-6;

/// Centre, two extents, angle.
#[derive(Clone, Copy)]
struct Oblong {
    center: [f64; 2],
    size: [f64; 2],
    angle: f64,
}

/// The mean of turned boxes (upright ones among them) or of ellipses; `None` where they are not all of one of these.
pub(super) fn mean_turned(shapes: &[&Shape]) -> Option<Shape> {
    if let Some(boxes) = all(shapes, as_box) {
        let Oblong { center: [cx, cy], size: [w, h], angle } = mean_oblong(&boxes)?;
        return Some(Shape::RotatedBox { cx, cy, w, h, angle });
    }
    let ellipses = all(shapes, |shape| match *shape {
        Shape::Ellipse { cx, cy, rx, ry, angle } => Some(Oblong { center: [cx, cy], size: [rx, ry], angle }),
        _ => None,
    })?;
    let Oblong { center: [cx, cy], size: [rx, ry], angle } = mean_oblong(&ellipses)?;
    Some(Shape::Ellipse { cx, cy, rx, ry, angle })
}

fn as_box(shape: &Shape) -> Option<Oblong> {
    match *shape {
        Shape::RotatedBox { cx, cy, w, h, angle } => Some(Oblong { center: [cx, cy], size: [w, h], angle }),
        Shape::Box { x, y, w, h } => {
            Some(Oblong { center: [x + w / 2.0, y + h / 2.0], size: [w, h], angle: 0.0 })
        }
        _ => None,
    }
}

fn all<T>(shapes: &[&Shape], of: impl Fn(&Shape) -> Option<T>) -> Option<Vec<T>> {
    shapes.iter().map(|shape| of(shape)).collect()
}

fn mean_oblong(marks: &[Oblong]) -> Option<Oblong> {
    let first = marks.first()?;
    let share = 1.0 / f64::from(u32::try_from(marks.len()).ok()?);
    let (sin, cos) = marks.iter().fold((0.0, 0.0), |(sin, cos), mark| {
        let (s, c) = (mark.angle * QUARTERS).sin_cos();
        (sin + s * share, cos + c * share)
    });
    let towards = f64::atan2(sin, cos) / QUARTERS;
    let quarter = std::f64::consts::FRAC_PI_2;
    // Of the four angles that mean the same, the one nearest to the first reader's.
    let axis = match f64::hypot(sin, cos) < RESULTANT_MIN {
        true => first.angle,
        false => towards + ((first.angle - towards) / quarter).round() * quarter,
    };
    let mut mean = Oblong { center: [0.0; 2], size: [0.0; 2], angle: axis };
    for mark in marks {
        let turns = ((mark.angle - axis) / quarter).round();
        let [along, across] = mark.size;
        let size = if turns.rem_euclid(2.0) < 0.5 { [along, across] } else { [across, along] };
        let add = |sum: [f64; 2], part: [f64; 2]| [sum[0] + part[0] * share, sum[1] + part[1] * share];
        mean = Oblong { center: add(mean.center, mark.center), size: add(mean.size, size), ..mean };
    }
    Some(mean)
}

/// The mean of lines: where each is after the same share of its length, at every share at which one of them has a corner. `None`
/// where one has no length.
pub(super) fn mean_line(shapes: &[&Shape]) -> Option<Shape> {
    let lines = all(shapes, |shape| match shape {
        Shape::Polyline { points } => Some(points.clone()),
        _ => None,
    })?;
    let first = lines.first()?;
    let lines: Vec<Vec<[f64; 2]>> = lines.iter().map(|line| along(line, first)).collect();
    let shares: Vec<Vec<f64>> = lines.iter().map(|line| shares(line)).collect::<Option<_>>()?;
    let mut corners: Vec<f64> = shares.iter().flatten().copied().collect();
    corners.sort_by(f64::total_cmp);
    corners.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    let weight = 1.0 / f64::from(u32::try_from(lines.len()).ok()?);
    let mean = |share: f64| {
        lines.iter().zip(&shares).fold([0.0; 2], |sum, (line, shares)| {
            let [x, y] = at_share(line, shares, share);
            [sum[0] + x * weight, sum[1] + y * weight]
        })
    };
    Some(Shape::Polyline { points: corners.into_iter().map(mean).collect() })
}

/// A line in the direction in which its ends are nearer to those of another.
fn along(line: &[[f64; 2]], other: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let ends = |line: &[[f64; 2]]| line.first().copied().zip(line.last().copied());
    let apart = |a: [f64; 2], b: [f64; 2]| f64::hypot(a[0] - b[0], a[1] - b[1]);
    let turned = match (ends(line), ends(other)) {
        (Some((a, b)), Some((from, to))) => apart(a, to) + apart(b, from) < apart(a, from) + apart(b, to),
        _ => false,
    };
    let mut line = line.to_vec();
    if turned {
        line.reverse();
    }
    line
}

/// The share of the length at which each corner lies.
fn shares(line: &[[f64; 2]]) -> Option<Vec<f64>> {
    let mut at = 0.0;
    let mut lengths = vec![0.0];
    for pair in line.windows(2) {
        at += f64::hypot(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
        lengths.push(at);
    }
    (at > 0.0).then(|| lengths.into_iter().map(|length| length / at).collect())
}

fn at_share(line: &[[f64; 2]], shares: &[f64], share: f64) -> [f64; 2] {
    let end = shares.partition_point(|corner| *corner < share).clamp(1, line.len() - 1);
    let (from, to) = (shares[end - 1], shares[end]);
    let part = if to > from { ((share - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
    let ([ax, ay], [bx, by]) = (line[end - 1], line[end]);
    [ax + (bx - ax) * part, ay + (by - ay) * part]
}
