//! The detector: levels of size, both polarities, thresholds, both directions.

use super::{
    lines::{Line, lines},
    raster::{Plane, Raster},
    relief::Relief,
    strokes::{Stroke, strokes},
};

/// Names this detector and its thresholds; changes with any of them.
pub const DETECTOR_VERSION: &str = "strokes-1";
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
/// Points over all thresholds, sizes and planes that text needs.
const SUPPORT: f32 = 4.0;
/// Most points that one threshold gives.
const MOST_POINTS: f32 = 6.0;
/// Width of the band of values that counts as one, as a share of the rise.
const PLATEAU: f32 = 0.05;
/// Most pixels that a plateau is measured on.
const MAX_SAMPLED: usize = 20_000;
/// Pixels of the level around a line that are taken in.
const MARGIN: f32 = 1.0;

/// A rectangle of a frame, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// What a region was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Strokes that stand in a line.
    Line,
}

/// What is known about a frame beside its pixels.
#[derive(Debug, Clone, Default)]
pub struct Hints {}

/// What was found.
#[derive(Debug, Clone)]
pub struct Detection {
    /// Where text stands, as rectangles that may overlap.
    pub regions: Vec<Region>,
    /// [`DETECTOR_VERSION`].
    pub version: &'static str,
}

/// Finds what looks like text.
#[must_use]
pub fn detect(raster: &Raster, _hints: &Hints) -> Detection {
    let mut found = Vec::new();
    for plane in &raster.planes {
        let mut level = plane.clone();
        for depth in 0..LEVELS {
            if level.width.min(level.height) < LEAST_SIDE {
                break;
            }
            level_lines(&level, 1 << depth, &mut found);
            level = level.halved();
        }
    }
    Detection { regions: select(found, raster), version: DETECTOR_VERSION }
}

/// A line and whether it runs down instead of across.
struct Found {
    line: Line,
    upright: bool,
    /// Pixels of the frame per pixel of its level.
    scale: f32,
    /// Share of its pixels that have one value, see [`plateau`].
    plateau: f32,
    /// Dark on bright.
    negative: bool,
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
        let middle = (from + to) / 2.0;
        let ((t0, t1), (u0, u1)) = (self.band(middle), other.band(middle));
        let common = t1.min(u1) - t0.max(u0);
        common >= SAME * (t1.max(u1) - t0.min(u0))
    }
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
    for (support, group) in ranked {
        let mut free_support = 0.0;
        for &i in &group {
            let f = &found[i];
            let (mut all, mut free) = (1e-6, 0.0);
            for &(letter, worth) in &f.line.letters {
                let (x, y) = f.along(
                    (letter.x0 + letter.x1) as f32 / 2.0 * f.scale,
                    (letter.y0 + letter.y1) as f32 / 2.0 * f.scale,
                );
                let (x, y) = ((x as usize).min(raster.width - 1), (y as usize).min(raster.height - 1));
                all += worth;
                free += if taken[y * raster.width + x] { 0.0 } else { worth };
            }
            free_support += f.line.score.min(MOST_POINTS) * free / all;
        }
        if free_support < SUPPORT {
            continue;
        }
        for &i in &group {
            for region in boxes(&found[i], support / SUPPORT, raster) {
                for y in region.y..region.y + region.height {
                    let row = y as usize * raster.width;
                    taken[row + region.x as usize..row + (region.x + region.width) as usize].fill(true);
                }
                regions.push(region);
            }
        }
    }
    regions
}

fn level_lines(plane: &Plane, scale: u32, found: &mut Vec<Found>) {
    let range = range(plane);
    if range == 0.0 {
        return;
    }
    let scale = scale as f32;
    for negative in [false, true] {
        let relief = if negative { Relief::of(&plane.negative()) } else { Relief::of(plane) };
        let most = f32::from(relief.rise.iter().copied().max().unwrap_or(0));
        let mut threshold = range * LOWEST;
        for _ in 0..MAX_THRESHOLDS {
            if threshold > most {
                break;
            }
            let strokes = strokes(&relief, threshold, SIGMAS);
            let turned: Vec<Stroke> = strokes.iter().map(|s| s.transposed()).collect();
            for (strokes, upright) in [(&strokes, false), (&turned, true)] {
                for line in lines(strokes) {
                    let plateau = plateau(plane, &relief, &line, upright);
                    found.push(Found { line, upright, scale, plateau, negative });
                }
            }
            threshold *= RATIO;
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
fn boxes(found: &Found, score: f32, raster: &Raster) -> Vec<Region> {
    let line = &found.line;
    let length = line.x1 - line.x0;
    let piece = if line.slope == 0.0 { length } else { (line.height * 1.5).max(6.0) };
    let count = (length / piece).ceil().max(1.0) as usize;
    let mut out = Vec::with_capacity(count);
    for i in 0..count {
        let from = line.x0 + piece * i as f32;
        let to = (from + piece).min(line.x1);
        let (a, b) = (line.slope * from, line.slope * to);
        let (top, bottom) = (line.top + a.min(b) - MARGIN, line.bottom + a.max(b) + MARGIN);
        let (left, right) = (from - MARGIN, to + MARGIN);
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
