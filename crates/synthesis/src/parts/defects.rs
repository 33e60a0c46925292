//! Draws defects of the six kinds where each can happen, and measures where they are.

use countersign_inspection::{DefectKind, DefectLabel};

use super::layout::{Coverage, Layout, Point, Segment, to_line};
use crate::random::Random;

/// Least distance between the middles of two defects, in pixels.
const APART_PX: f64 = 60.0;
/// Least distance of a defect to the border of the picture, in pixels.
const BORDER_PX: f64 = 30.0;
/// How many places are tried before a defect is given up.
const TRIES: usize = 400;
/// Change of coverage above which a pixel counts as part of the defect.
const VISIBLE: f32 = 0.35;
/// Least number of such pixels.
const MIN_PIXELS: usize = 16;
/// Margin of a truth box around the changed pixels, in pixels.
const MARGIN_PX: f64 = 6.0;

/// Draws one defect; none when no fitting place was found.
pub fn add(
    random: &mut Random,
    kind: DefectKind,
    layout: &Layout,
    copper: &mut Coverage,
    others: &[DefectLabel],
) -> Option<DefectLabel> {
    for _ in 0..TRIES {
        let mut trial = copper.clone_header();
        let Some(stroke) = propose(random, kind, layout, copper.side as f64) else { continue };
        let near_border = |c: f64| c < BORDER_PX || c > copper.side as f64 - BORDER_PX;
        let crowded = others.iter().any(|label| {
            let (x, y) = ((label.x1 + label.x2) / 2.0, (label.y1 + label.y2) / 2.0);
            (x - stroke.centre.0).hypot(y - stroke.centre.1) < APART_PX
        });
        if crowded || near_border(stroke.centre.0) || near_border(stroke.centre.1) {
            continue;
        }
        trial.values.clone_from(&copper.values);
        stroke.draw(&mut trial);
        if let Some(label) = measure(copper, &trial, kind) {
            *copper = trial;
            return Some(label);
        }
    }
    None
}

/// A ragged line that adds or removes copper.
struct Stroke {
    centre: Point,
    points: Vec<Point>,
    /// Half width at the start and at the end, in pixels.
    half: (f64, f64),
    value: f32,
    phase: f64,
}

impl Stroke {
    fn new(random: &mut Random, from: Point, to: Point, half: (f64, f64), value: f32) -> Self {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let sway = random.range(-0.18, 0.18);
        let middle = ((from.0 + to.0) / 2.0 - dy * sway, (from.1 + to.1) / 2.0 + dx * sway);
        let centre = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        Self { centre, points: vec![from, middle, to], half, value, phase: random.range(0.0, 6.0) }
    }

    fn draw(&self, copper: &mut Coverage) {
        let widest = self.half.0.max(self.half.1) + 2.0;
        let reach = |pick: fn(&Point) -> f64| {
            let far = self.points.iter().map(|p| (pick(p) - pick(&self.centre)).abs());
            far.fold(0.0, f64::max) + widest
        };
        let (first, last) = (self.points[0], self.points[2]);
        let length = (last.0 - first.0).hypot(last.1 - first.1).max(1e-6);
        copper.paint(self.centre, (reach(|p| p.0), reach(|p| p.1)), self.value, |p| {
            let line = self.points.windows(2).map(|w| to_line(p, w[0], w[1])).fold(f64::INFINITY, f64::min);
            let along = ((p.0 - first.0).hypot(p.1 - first.1) / length).clamp(0.0, 1.0);
            let half = self.half.0 + (self.half.1 - self.half.0) * along;
            let angle = (p.1 - self.centre.1).atan2(p.0 - self.centre.0);
            let ragged = 0.7 * (3.0 * angle + self.phase).sin() + 0.4 * (7.0 * angle - self.phase).sin();
            line - half - ragged * (half / 6.0).min(1.0)
        });
    }
}

fn propose(random: &mut Random, kind: DefectKind, layout: &Layout, side: f64) -> Option<Stroke> {
    match kind {
        DefectKind::Open => open(random, layout),
        DefectKind::Short => short(random, layout),
        DefectKind::Mousebite => mousebite(random, layout),
        DefectKind::Spur => spur(random, layout),
        DefectKind::SpuriousCopper => spurious(random, layout, side),
        DefectKind::Pinhole => pinhole(random, layout),
    }
}

/// A point on a trace, away from its ends, and the direction across it.
fn on_trace(random: &mut Random, layout: &Layout, thick: f64) -> Option<(Segment, Point, Point)> {
    let usable: Vec<&Segment> = layout
        .segments
        .iter()
        .filter(|s| s.half >= thick && (s.from.0 - s.to.0).hypot(s.from.1 - s.to.1) > 36.0)
        .collect();
    let segment = **usable.get(random.below(usable.len()))?;
    let (dx, dy) = (segment.to.0 - segment.from.0, segment.to.1 - segment.from.1);
    let length = dx.hypot(dy);
    let along = random.range(16.0, length - 16.0) / length;
    let point = (segment.from.0 + dx * along, segment.from.1 + dy * along);
    let flip = if random.chance(0.5) { 1.0 } else { -1.0 };
    Some((segment, point, (-dy / length * flip, dx / length * flip)))
}

fn moved(p: Point, direction: Point, by: f64) -> Point {
    (p.0 + direction.0 * by, p.1 + direction.1 * by)
}

fn open(random: &mut Random, layout: &Layout) -> Option<Stroke> {
    let (segment, point, across) = on_trace(random, layout, 0.0)?;
    let (reach, half) = (segment.half + 1.5, random.range(2.2, 4.5));
    let along = (across.1, -across.0);
    let lean = random.range(-4.0, 4.0);
    let (from, to) = (moved(point, across, -reach), moved(moved(point, across, reach), along, lean));
    Some(Stroke::new(random, from, to, (half, half * 0.8), 0.0))
}

fn short(random: &mut Random, layout: &Layout) -> Option<Stroke> {
    let (segment, point, across) = on_trace(random, layout, 0.0)?;
    let start = moved(point, across, segment.half - 1.0);
    // The other side is where copper of another net begins, straight across.
    let gap = (4..40)
        .map(f64::from)
        .find(|&by| layout.clearance(moved(start, across, by), Some(segment.net)) < -1.0)?;
    let end = moved(start, across, gap);
    let half = (random.range(1.8, 3.0), random.range(1.8, 3.0));
    (gap > 8.0).then(|| Stroke::new(random, start, end, half, 1.0))
}

fn mousebite(random: &mut Random, layout: &Layout) -> Option<Stroke> {
    let (segment, point, across) = on_trace(random, layout, 4.0)?;
    let depth = segment.half * random.range(0.8, 1.1);
    let half = random.range(2.4, 3.6);
    let (from, to) = (moved(point, across, segment.half + 2.0), moved(point, across, segment.half - depth));
    Some(Stroke::new(random, from, to, (half + 0.8, half * 0.6), 0.0))
}

fn spur(random: &mut Random, layout: &Layout) -> Option<Stroke> {
    let (segment, point, across) = on_trace(random, layout, 0.0)?;
    let length = random.range(7.0, 12.0);
    let tip = moved(point, across, segment.half + length);
    let half = (random.range(2.6, 4.0), random.range(1.2, 2.2));
    let from = moved(point, across, segment.half - 2.0);
    (layout.clearance(tip, Some(segment.net)) > 7.0).then(|| Stroke::new(random, from, tip, half, 1.0))
}

fn spurious(random: &mut Random, layout: &Layout, side: f64) -> Option<Stroke> {
    let from = (random.range(0.0, side), random.range(0.0, side));
    let angle = random.range(0.0, std::f64::consts::TAU);
    let to = moved(from, (angle.cos(), angle.sin()), random.range(3.0, 12.0));
    let half = (random.range(3.0, 6.0), random.range(2.5, 4.5));
    let free = |p| layout.clearance(p, None) > half.0.max(half.1) + 7.0;
    (free(from) && free(to)).then(|| Stroke::new(random, from, to, half, 1.0))
}

fn pinhole(random: &mut Random, layout: &Layout) -> Option<Stroke> {
    let pads: Vec<_> = layout.pads.iter().filter(|pad| pad.half.0.min(pad.half.1) > 10.0).collect();
    let half = (random.range(2.3, 3.6), random.range(2.0, 3.2));
    let in_pad = random.chance(0.8);
    let from = if let Some(pad) = pads.get(random.below(pads.len())).filter(|_| in_pad) {
        let angle = random.range(0.0, std::f64::consts::TAU);
        let inner = pad.hole + half.0 + 4.5;
        let outer = pad.half.0 - half.0 - 4.5;
        (outer >= inner)
            .then(|| moved(pad.centre, (angle.cos(), angle.sin()), random.range(inner, outer + 0.01)))?
    } else {
        on_trace(random, layout, 6.4)?.1
    };
    let to = (from.0 + random.range(-1.5, 1.5), from.1 + random.range(-1.5, 1.5));
    // A hole lies inside, with copper all around it.
    (layout.clearance(from, None) < -(half.0 + 2.5)).then(|| Stroke::new(random, from, to, half, 0.0))
}

/// The box around what changed, if enough did.
fn measure(before: &Coverage, after: &Coverage, kind: DefectKind) -> Option<DefectLabel> {
    let side = before.side;
    let (mut left, mut top, mut right, mut bottom, mut count) = (side, side, 0, 0, 0);
    for (at, (a, b)) in before.values.iter().zip(&after.values).enumerate() {
        if (a - b).abs() > VISIBLE {
            let (x, y) = (at % side, at / side);
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
            count += 1;
        }
    }
    (count >= MIN_PIXELS).then_some(DefectLabel {
        x1: left as f64 - MARGIN_PX,
        y1: top as f64 - MARGIN_PX,
        x2: right as f64 + MARGIN_PX,
        y2: bottom as f64 + MARGIN_PX,
        kind,
    })
}

impl Coverage {
    /// A coverage of the same size, still empty.
    fn clone_header(&self) -> Self {
        Self { side: self.side, values: Vec::new() }
    }
}
