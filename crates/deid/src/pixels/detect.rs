//! The detector: levels of size, both polarities, thresholds, both directions.

use serde::{Deserialize, Serialize};

use super::{
    area::Area,
    layers::{MARKED, layer, layers},
    lines::{Line, lines},
    raster::{Plane, Raster},
    relief::Relief,
    strokes::{Stroke, strokes},
    ultrasound,
};

/// Names this detector and its thresholds; changes with any of them.
pub const DETECTOR_VERSION: &str = "strokes-2";
/// Levels of size: each holds characters twice as large as the one before.
const LEVELS: u32 = 3;
/// Least side of a level, pixels.
const LEAST_SIDE: usize = 24;
/// Lowest threshold, as a share of the range that 99 % of the values have.
const LOWEST: f32 = 0.02;
/// Ratio of one threshold to the next.
const RATIO: f32 = 1.6;
/// Most thresholds.
const MAX_THRESHOLDS: usize = 12;
/// Standard deviations of the noise that a stroke must stand out: the opening lies about two below the mean.
const SIGMAS: f32 = 5.0;
/// Least common part of two lines' heights to be the same text.
const SAME: f32 = 0.6;
/// Evidence that text needs, see [`evidence`].
const EVIDENCE: f32 = 3.7;
/// What is taken off for a line of one stroke and of two.
const FEW: (f32, f32) = (0.5, 0.2);
/// Height above which few strokes need still more, pixels, and how much.
const FEW_HEIGHT: f32 = 48.0;
const FEW_LARGE: f32 = 1.0;
/// What one or two strokes gain that stand alone.
const ALONE: f32 = 1.3;
/// What sharp ends, a single value, standing out beyond the threshold and good letters add to the evidence.
const BY_SHARPNESS: f32 = 4.0;
const BY_PLATEAU: f32 = 2.0;
const BY_RISE: f32 = 0.5;
const BY_POINTS: f32 = 0.5;
/// What the evidence gains beside an accepted line.
const BESIDE: f32 = 1.5;
/// Widest gap to a line that goes on, in heights of the lower one.
const BESIDE_GAP: f32 = 3.0;
/// Largest ratio of the heights of two lines that go on.
const BESIDE_HEIGHT: f32 = 1.7;
/// Least common part of the heights of two lines that go on.
const BESIDE_COMMON: f32 = 0.5;
/// Least points of what is added to a line by another threshold, as a share of the line's.
const FOLLOWS: f32 = 0.4;
/// How far a much weaker threshold's line may reach beyond the ends of the strongest one, in heights.
const BEYOND: f32 = 1.2;
/// Margins beside and above the strongest line, in heights.
const LEAD_MARGIN: (f32, f32) = (0.1, 0.05);
/// How far another threshold's line may reach beyond the strongest one, in heights.
const ABOVE: f32 = 0.22;
/// Most points that one threshold gives.
const MOST_POINTS: f32 = 6.0;
/// Width of the band of values that counts as one, as a share of the rise.
const PLATEAU: f32 = 0.05;
/// Least plateau of a line that is found by its saturation.
const ONE_COLOR: f32 = 0.35;
/// Most pixels that a plateau is measured on.
const MAX_SAMPLED: usize = 20_000;
/// Pixels of the level around a line that are taken in.
const MARGIN: f32 = 1.0;

/// A rectangle of a frame, pixels, and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How sure: 1 is just enough.
    pub score: f32,
    /// What it was found by.
    pub why: Why,
}

impl Region {
    /// Its rectangle.
    #[must_use]
    pub fn area(&self) -> Area {
        Area { x: self.x, y: self.y, width: self.width, height: self.height }
    }
}

/// What a region was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// Strokes that stand in a line.
    Line,
    /// The same, among the pixels that never change from frame to frame.
    Still,
    /// It is outside of all ultrasound regions and not empty.
    OutsideUltrasound,
}

/// What is known about a frame beside its pixels.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Ultrasound regions. Where there are any, everything outside of them that is not empty is text enough.
    pub ultrasound: Vec<Area>,
}

/// The thresholds of a detection, to be kept with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Sizes that are looked at, each twice the one before.
    pub levels: u32,
    /// Lowest contrast, as a share of the range.
    pub lowest: f32,
    /// Standard deviations of the noise.
    pub sigmas: f32,
    /// Evidence that text needs: the logarithm of its points, moved by how its strokes look.
    pub evidence: f32,
}

impl Thresholds {
    /// Those of this version.
    #[must_use]
    pub fn current() -> Self {
        Self { levels: LEVELS, lowest: LOWEST, sigmas: SIGMAS, evidence: EVIDENCE }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Where text stands, as rectangles that may overlap.
    pub regions: Vec<Region>,
    /// [`DETECTOR_VERSION`].
    pub version: String,
    /// The thresholds of that version.
    pub thresholds: Thresholds,
}

/// Finds what looks like text.
#[must_use]
pub fn detect(raster: &Raster, hints: &Hints) -> Detection {
    let mut found = Vec::new();
    for (number, plane) in raster.planes.iter().enumerate() {
        let before = found.len();
        let mut level = plane.clone();
        for depth in 0..LEVELS {
            if level.width.min(level.height) < LEAST_SIDE {
                break;
            }
            level_lines(&level, 1 << depth, &mut found);
            level = level.halved();
        }
        for value in layers(plane) {
            let mut level = layer(plane, value);
            for depth in 0..LEVELS {
                if level.width.min(level.height) < LEAST_SIDE {
                    break;
                }
                let relief = Relief::bare(&level);
                let look = Look { plane: &level, relief: &relief, scale: (1_u32 << depth) as f32 };
                look.lines(f32::from(MARKED) / 2.0, 0.0, &mut found);
                level = level.halved();
            }
        }
        if number > 0 {
            // Flow maps are patches of colour; lettering in colour has one of it.
            let mut new = found.split_off(before);
            new.retain(|f| f.plateau >= ONE_COLOR);
            found.append(&mut new);
        }
    }
    let mut regions = select(found, raster);
    if !hints.ultrasound.is_empty() {
        regions.extend(ultrasound::outside(raster, &hints.ultrasound).into_iter().map(|a| Region {
            x: a.x,
            y: a.y,
            width: a.width,
            height: a.height,
            score: 1.0,
            why: Why::OutsideUltrasound,
        }));
    }
    Detection { regions, version: DETECTOR_VERSION.to_owned(), thresholds: Thresholds::current() }
}

/// A line and whether it runs down instead of across.
struct Found {
    line: Line,
    upright: bool,
    /// Pixels of the frame per pixel of its level.
    scale: f32,
    /// Share of its pixels that have one value, see [`plateau`].
    plateau: f32,
    /// One or two strokes with nothing around them.
    alone: bool,
}

impl Found {
    /// Place along and across the line of a point in pixels of the frame.
    fn along(&self, x: f32, y: f32) -> (f32, f32) {
        if self.upright { (y, x) } else { (x, y) }
    }

    /// Start, end, and top and bottom at a place along it, pixels of the frame.
    fn span(&self) -> (f32, f32) {
        (self.line.x0 * self.scale, self.line.x1 * self.scale)
    }

    fn band(&self, at: f32) -> (f32, f32) {
        let shift = self.line.slope * at;
        (self.line.top * self.scale + shift, self.line.bottom * self.scale + shift)
    }

    /// Points of the letters that no accepted line has taken.
    fn free_points(&self, taken: &[bool], raster: &Raster) -> f32 {
        let (mut all, mut free) = (1e-6, 0.0);
        for &(letter, worth) in &self.line.letters {
            let (x, y) = self.along(
                (letter.x0 + letter.x1) as f32 / 2.0 * self.scale,
                (letter.y0 + letter.y1) as f32 / 2.0 * self.scale,
            );
            let (x, y) = ((x as usize).min(raster.width - 1), (y as usize).min(raster.height - 1));
            all += worth;
            free += if taken[y * raster.width + x] { 0.0 } else { worth };
        }
        self.line.score.min(MOST_POINTS) * free / all
    }

    /// Whether another line goes on where this one ends, or ends where it begins.
    fn goes_on(&self, other: &Self) -> bool {
        let ((a0, a1), (b0, b1)) = (self.span(), other.span());
        let (from, to) = (a0.max(b0), a1.min(b1));
        let (a, b) = (self.line.height * self.scale, other.line.height * other.scale);
        let height = a.min(b);
        self.upright == other.upright
            && a.max(b) <= BESIDE_HEIGHT * height
            && self.line.letters.len().max(other.line.letters.len()) > 2
            && from - to <= BESIDE_GAP * height
            && self.common((from + to) / 2.0, other) >= BESIDE_COMMON
    }

    /// Common part of two lines' heights at a place along them, as a share of both together.
    fn common(&self, at: f32, other: &Self) -> f32 {
        let ((t0, t1), (u0, u1)) = (self.band(at), other.band(at));
        (t1.min(u1) - t0.max(u0)) / (t1.max(u1) - t0.min(u0)).max(1e-6)
    }

    /// Whether another line is the same text, seen at another threshold, size or in another plane.
    fn is_same(&self, other: &Self) -> bool {
        if self.upright != other.upright {
            return false;
        }
        let ((a0, a1), (b0, b1)) = (self.span(), other.span());
        let (from, to) = (a0.max(b0), a1.min(b1));
        let height = self.line.height * self.scale;
        if to - from < -height {
            return false;
        }
        self.common((from + to) / 2.0, other) >= SAME
    }
}

/// How much speaks for a line: the logarithm of the points that its thresholds gave, moved by what tells a
/// renderer's strokes from tissue.
fn evidence(found: &Found, support: f32) -> f32 {
    let line = &found.line;
    let few = match line.letters.len() {
        1 => FEW.0,
        2 => FEW.1,
        _ => 0.0,
    };
    let few = if few > 0.0 && line.height * found.scale > FEW_HEIGHT { few + FEW_LARGE } else { few };
    support.max(1e-3).ln()
        + BY_SHARPNESS * (line.sharpness - 0.7)
        + BY_PLATEAU * found.plateau
        + BY_RISE * line.beyond.ln()
        + BY_POINTS * line.score.ln()
        - few
}

/// The lines that have enough support. Stronger ones come first; a weaker one across them counts only with
/// the letters that they leave.
fn select(mut found: Vec<Found>, raster: &Raster) -> Vec<Region> {
    found.sort_by(|a, b| b.line.score.total_cmp(&a.line.score));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, f) in found.iter().enumerate() {
        match groups.iter_mut().find(|g| found[g[0]].is_same(f)) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    let support = |g: &Vec<usize>| g.iter().map(|&i| found[i].line.score.min(MOST_POINTS)).sum::<f32>();
    let mut ranked: Vec<(f32, Vec<usize>)> = groups.into_iter().map(|g| (support(&g), g)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken = vec![false; raster.width * raster.height];
    let mut regions = Vec::new();
    let mut leads: Vec<usize> = Vec::new();
    // What goes on beside an accepted line needs less.
    for bonus in [0.0, BESIDE] {
        ranked.retain(|(_, group)| {
            let lead = &found[group[0]];
            if bonus > 0.0 && !leads.iter().any(|&l| found[l].goes_on(lead)) {
                return true;
            }
            let free: f32 = group.iter().map(|&i| found[i].free_points(&taken, raster)).sum();
            let alone = group.iter().filter(|&&i| found[i].alone).count() as f32 / group.len() as f32;
            let sure = evidence(lead, free) + ALONE * alone + bonus - EVIDENCE;
            if sure < 0.0 {
                return true;
            }
            for f in group.iter().map(|&i| &found[i]) {
                take(boxes(f, Some(lead), 1.0 + sure, raster), &mut taken, raster, &mut regions);
            }
            for &other in leads.iter().filter(|&&l| found[l].goes_on(lead)) {
                take(bridge(&found[other], lead, raster), &mut taken, raster, &mut regions);
            }
            leads.push(group[0]);
            false
        });
    }
    regions
}

fn take(new: Vec<Region>, taken: &mut [bool], raster: &Raster, regions: &mut Vec<Region>) {
    for region in new {
        for y in region.y..region.y + region.height {
            let row = y as usize * raster.width;
            taken[row + region.x as usize..row + (region.x + region.width) as usize].fill(true);
        }
        regions.push(region);
    }
}

/// The gap between two parts of one line.
fn bridge(a: &Found, b: &Found, raster: &Raster) -> Vec<Region> {
    let ((a0, a1), (b0, b1)) = (a.span(), b.span());
    let (from, to) = if a1 < b0 { (a1, b0) } else { (b1, a0) };
    if to <= from {
        return Vec::new();
    }
    let wide = if a.line.score >= b.line.score { a } else { b };
    let line = Line { x0: from / wide.scale, x1: to / wide.scale, ..wide.line.clone() };
    boxes(&Found { line, ..*wide }, None, 1.0, raster)
}

fn level_lines(plane: &Plane, scale: u32, found: &mut Vec<Found>) {
    let range = range(plane);
    if range == 0.0 {
        return;
    }
    for negative in [false, true] {
        let relief = if negative { Relief::of(&plane.negative()) } else { Relief::of(plane) };
        let look = Look { plane, relief: &relief, scale: scale as f32 };
        let most = f32::from(relief.rise.iter().copied().max().unwrap_or(0));
        let mut threshold = range * LOWEST;
        for _ in 0..MAX_THRESHOLDS {
            if threshold > most {
                break;
            }
            look.lines(threshold, SIGMAS, found);
            threshold *= RATIO;
        }
    }
}

/// A plane and its relief at one size.
struct Look<'a> {
    plane: &'a Plane,
    relief: &'a Relief,
    scale: f32,
}

impl Look<'_> {
    /// The lines at one threshold, across and down.
    fn lines(&self, threshold: f32, sigmas: f32, found: &mut Vec<Found>) {
        let strokes = strokes(self.relief, threshold, sigmas);
        let turned: Vec<Stroke> = strokes.iter().map(|s| s.transposed()).collect();
        for (strokes, upright) in [(&strokes, false), (&turned, true)] {
            for line in lines(strokes) {
                let plateau = plateau(self.plane, self.relief, &line, upright);
                let alone = line.letters.len() <= 2 && line.is_alone(strokes);
                found.push(Found { line, upright, scale: self.scale, plateau, alone });
            }
        }
    }
}

/// Share of the pixels of a line's letters whose values lie within [`PLATEAU`] of its rise: a renderer writes
/// one value, tissue does not have one.
fn plateau(plane: &Plane, relief: &Relief, line: &Line, upright: bool) -> f32 {
    let mut values: Vec<u16> = Vec::new();
    for (letter, _) in &line.letters {
        let s = if upright { letter.transposed() } else { *letter };
        for y in s.y0..s.y1 {
            let row = y as usize * plane.width;
            let (from, to) = (row + s.x0 as usize, row + s.x1 as usize);
            let limit = s.limit as u16;
            let pixels = plane.values[from..to].iter().zip(&relief.rise[from..to]);
            values.extend(pixels.filter(|(_, r)| **r >= limit).map(|(v, _)| *v));
        }
        if values.len() > MAX_SAMPLED {
            break;
        }
    }
    values.sort_unstable();
    let window = (line.rise * PLATEAU) as u16;
    let (mut from, mut best) = (0, 0);
    for to in 0..values.len() {
        while values[to] - values[from] > window {
            from += 1;
        }
        best = best.max(to + 1 - from);
    }
    best as f32 / values.len().max(1) as f32
}

/// The range that 99 % of the values have, stored units.
fn range(plane: &Plane) -> f32 {
    let mut values: Vec<u16> = plane.values.iter().step_by(7).copied().collect();
    let cut = values.len() / 200;
    let last = values.len() - 1 - cut;
    let low = *values.select_nth_unstable(cut).1;
    let high = *values.select_nth_unstable(last).1;
    let all =
        plane.values.iter().copied().max().unwrap_or(0) - plane.values.iter().copied().min().unwrap_or(0);
    // A black picture with little text on it has no range but that of the text.
    if high > low { f32::from(high - low) } else { f32::from(all) / 2.0 }
}

/// The rectangles that cover a line, in pixels of the frame: one, or a staircase of them where it is turned.
fn boxes(found: &Found, lead: Option<&Found>, score: f32, raster: &Raster) -> Vec<Region> {
    let mut line = found.line.clone();
    let is_lead = lead.is_some_and(|l| std::ptr::eq(l, found));
    if let Some(lead) = lead.filter(|l| !std::ptr::eq(*l, found)) {
        // What is added to the strongest line is its own letters, not what hangs on to them.
        let (from, to) = lead.span();
        line.x0 = line.x0.max(line.core.0.min(from / found.scale));
        line.x1 = line.x1.min(line.core.1.max(to / found.scale));
    }
    if let Some(lead) = lead.filter(|l| line.score < FOLLOWS * l.line.score) {
        let (from, to) = lead.span();
        let more = BEYOND * lead.line.height * lead.scale;
        line.x0 = line.x0.max((from - more) / found.scale);
        line.x1 = line.x1.min((to + more) / found.scale);
    }
    let length = (line.x1 - line.x0).max(0.0);
    let piece = if line.slope == 0.0 { length } else { (line.height * 1.5).max(6.0) };
    let count = (length / piece).ceil().max(1.0) as usize;
    let mut out = Vec::with_capacity(count);
    for i in 0..count {
        let from = line.x0 + piece * i as f32;
        let to = (from + piece).min(line.x1);
        let (a, b) = (line.slope * from, line.slope * to);
        let (mut top, mut bottom) = (line.top + a.min(b) - MARGIN, line.bottom + a.max(b) + MARGIN);
        if let Some(lead) = lead {
            let (first, last) = (lead.band(from * found.scale), lead.band(to * found.scale));
            let more = ABOVE * lead.line.height * lead.scale;
            top = top.max((first.0.min(last.0) - more) / found.scale - MARGIN);
            bottom = bottom.min((first.1.max(last.1) + more) / found.scale + MARGIN);
        }
        let (mut left, mut right) = (from - MARGIN, to + MARGIN);
        if is_lead {
            let (beside, above) = (LEAD_MARGIN.0 * line.height, LEAD_MARGIN.1 * line.height);
            (left, right, top, bottom) = (left - beside, right + beside, top - above, bottom + above);
        }
        let (left, top, right, bottom) =
            if found.upright { (top, left, bottom, right) } else { (left, top, right, bottom) };
        let clamp = |v: f32, most: usize| (v * found.scale).clamp(0.0, most as f32);
        let (x, y) = (clamp(left, raster.width).floor() as u32, clamp(top, raster.height).floor() as u32);
        let (x1, y1) = (clamp(right, raster.width).ceil() as u32, clamp(bottom, raster.height).ceil() as u32);
        if x1 > x && y1 > y {
            out.push(Region { x, y, width: x1 - x, height: y1 - y, score, why: Why::Line });
        }
    }
    out
}
