//! The detector: a net says where text is likely; what hangs together and is sure somewhere becomes regions.

use serde::{Deserialize, Serialize};

use super::{
    area::Area,
    net::{Heat, heat},
    raster::Raster,
    ultrasound,
};

/// Names this detector, its weights and its thresholds; changes with any of them.
pub const DETECTOR_VERSION: &str = "net-1";
/// From here on a block belongs to text, if one that it hangs together with is sure.
const LIKELY: f64 = 0.25;
/// One block of a piece must reach this.
const SURE: f64 = 0.4;
/// Fewest blocks of a piece: a letter of the smallest size has more.
const LEAST_BLOCKS: usize = 5;
/// Pixels along one side of a block.
const BLOCK: usize = 2;
/// Share of a piece's box that it fills, from which the box is one region.
const BOXED: f64 = 0.75;
/// Blocks that a slanted piece's regions are high.
const BAND: usize = 3;
/// Blocks between two runs of a band that are closed.
const CLOSED: usize = 3;

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
    /// It looks like lettering.
    Text,
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
    /// Likelihood from which a place belongs to text beside a sure one.
    pub likely: f64,
    /// Likelihood that one place of a text must reach.
    pub sure: f64,
}

impl Thresholds {
    /// Those of this version.
    #[must_use]
    pub fn current() -> Self {
        Self { likely: LIKELY, sure: SURE }
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
    detect_at(raster, hints, &Thresholds::current())
}

/// Finds what looks like text at other thresholds than those of this version.
#[must_use]
pub fn detect_at(raster: &Raster, hints: &Hints, thresholds: &Thresholds) -> Detection {
    let mut regions = regions(&heat(raster), raster.size(), thresholds);
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
    Detection { regions, version: DETECTOR_VERSION.to_owned(), thresholds: thresholds.clone() }
}

/// Pieces of likely blocks that hang together, with a sure one among them, as rectangles of the frame.
fn regions(heat: &Heat, (width, height): (usize, usize), at_least: &Thresholds) -> Vec<Region> {
    // The net's values are 32-bit ones.
    let (likely, sure) = (at_least.likely as f32, at_least.sure as f32);
    let mut seen: Vec<bool> = heat.values.iter().map(|value| *value < likely).collect();
    let mut out = Vec::new();
    let (mut piece, mut stack) = (Vec::new(), Vec::new());
    for start in 0..seen.len() {
        if seen[start] {
            continue;
        }
        piece.clear();
        seen[start] = true;
        stack.push(start);
        let mut surest = 0.0_f32;
        while let Some(at) = stack.pop() {
            piece.push(at);
            surest = surest.max(heat.values[at]);
            let (x, y) = (at % heat.width, at / heat.width);
            for row in y.saturating_sub(1)..(y + 2).min(heat.height) {
                for column in x.saturating_sub(1)..(x + 2).min(heat.width) {
                    let next = row * heat.width + column;
                    if !seen[next] {
                        seen[next] = true;
                        stack.push(next);
                    }
                }
            }
        }
        if surest >= sure && piece.len() >= LEAST_BLOCKS {
            for (x, y, across, down) in rectangles(&mut piece, heat.width) {
                let area = Area {
                    x: (x * BLOCK) as u32,
                    y: (y * BLOCK) as u32,
                    width: (across * BLOCK) as u32,
                    height: (down * BLOCK) as u32,
                };
                // The net's sides are filled up to a multiple of its step.
                let Some(area) = area.clipped(width as u32, height as u32) else { continue };
                out.push(Region {
                    x: area.x,
                    y: area.y,
                    width: area.width,
                    height: area.height,
                    score: surest / sure,
                    why: Why::Text,
                });
            }
        }
    }
    out
}

/// A piece as rectangles of blocks: its box where it fills it, bands of runs where it is slanted or bent.
fn rectangles(piece: &mut [usize], width: usize) -> Vec<(usize, usize, usize, usize)> {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    for at in &*piece {
        let (x, y) = (at % width, at / width);
        (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
    }
    let (across, down) = (right - left + 1, bottom - top + 1);
    if piece.len() as f64 >= BOXED * (across * down) as f64 {
        return vec![(left, top, across, down)];
    }
    let mut out = Vec::new();
    piece.sort_unstable_by_key(|at| ((at / width - top) / BAND, at % width));
    for band in piece.chunk_by(|a, b| (a / width - top) / BAND == (b / width - top) / BAND) {
        let y = top + (band[0] / width - top) / BAND * BAND;
        let high = BAND.min(bottom + 1 - y);
        for run in band.chunk_by(|a, b| b % width <= a % width + 1 + CLOSED) {
            let (from, to) = (run[0] % width, run[run.len() - 1] % width);
            out.push((from, y, to - from + 1, high));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thresholds of these tests, whatever the version's are.
    const AT: Thresholds = Thresholds { likely: 0.3, sure: 0.6 };

    fn heat_of(rows: &[&str]) -> Heat {
        let value = |c: u8| f32::from(c - b'0') / 10.0;
        let values = rows.iter().flat_map(|row| row.bytes().map(value)).collect();
        Heat { width: rows[0].len(), height: rows.len(), values }
    }

    #[test]
    fn a_piece_needs_a_sure_block_and_a_size() {
        let found =
            regions(&heat_of(&["0000000", "0444440", "0494440", "0000000", "9000000"]), (14, 10), &AT);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].area(), Area { x: 2, y: 2, width: 10, height: 4 });
        assert!((f64::from(found[0].score) - 0.9 / AT.sure).abs() < 1e-6);
        assert!(regions(&heat_of(&["0000000", "0555550", "0555550"]), (14, 6), &AT).is_empty());
    }

    #[test]
    fn what_is_slanted_becomes_bands_and_nothing_of_it_is_left_out() {
        let rows =
            ["990000000", "099000000", "009900000", "000990000", "000099000", "000009900", "000000990"];
        let (heat, size) = (heat_of(&rows), (17, 13));
        let found = regions(&heat, size, &AT);
        assert!(found.len() > 1 && found.iter().all(|r| r.x + r.width <= 17 && r.y + r.height <= 13));
        for (at, _) in heat.values.iter().enumerate().filter(|(_, v)| f64::from(**v) > AT.likely) {
            let (x, y) = ((at % 9 * 2) as u32, (at / 9 * 2) as u32);
            assert!(found.iter().any(|r| r.area().holds(&Area { x, y, width: 1, height: 1 })), "{x} {y}");
        }
        let area: u32 = found.iter().map(|r| r.width * r.height).sum();
        assert!(area < 17 * 13 / 2, "not the whole box");
    }
}
