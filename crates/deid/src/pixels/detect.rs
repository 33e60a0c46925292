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
    let mut regions = Vec::new();
    for plane in &raster.planes {
        let mut level = plane.clone();
        for depth in 0..LEVELS {
            if level.width.min(level.height) < LEAST_SIDE {
                break;
            }
            let found = level_lines(&level);
            regions.extend(found.iter().flat_map(|line| boxes(line, 1 << depth, raster)));
            level = level.halved();
        }
    }
    Detection { regions, version: DETECTOR_VERSION }
}

/// A line and whether it runs down instead of across.
struct Found {
    line: Line,
    upright: bool,
}

fn level_lines(plane: &Plane) -> Vec<Found> {
    let mut found = Vec::new();
    let range = range(plane);
    if range == 0.0 {
        return found;
    }
    for negative in [false, true] {
        let relief = if negative { Relief::of(&plane.negative()) } else { Relief::of(plane) };
        let most = f32::from(relief.rise.iter().copied().max().unwrap_or(0));
        let mut threshold = range * LOWEST;
        for _ in 0..MAX_THRESHOLDS {
            if threshold > most {
                break;
            }
            let strokes = strokes(&relief, threshold, SIGMAS);
            found.extend(lines(&strokes).into_iter().map(|line| Found { line, upright: false }));
            let turned: Vec<Stroke> = strokes.iter().map(|s| s.transposed()).collect();
            found.extend(lines(&turned).into_iter().map(|line| Found { line, upright: true }));
            threshold *= RATIO;
        }
    }
    found
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
fn boxes(found: &Found, scale: u32, raster: &Raster) -> Vec<Region> {
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
        let clamp = |v: f32, most: usize| (v * scale as f32).clamp(0.0, most as f32);
        let (x, y) = (clamp(left, raster.width).floor() as u32, clamp(top, raster.height).floor() as u32);
        let (x1, y1) = (clamp(right, raster.width).ceil() as u32, clamp(bottom, raster.height).ceil() as u32);
        if x1 > x && y1 > y {
            out.push(Region { x, y, width: x1 - x, height: y1 - y, score: line.score, why: Why::Line });
        }
    }
    out
}
