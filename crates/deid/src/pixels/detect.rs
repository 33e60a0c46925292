//! The detector: a net says where text is likely; what hangs together and is sure somewhere becomes regions, and so does what
//! has the same ink nearby.

use serde::{Deserialize, Serialize};

use super::{
    area::{Area, Mask},
    ink,
    net::heat,
    pieces::{Piece, pieces},
    raster::Raster,
    ultrasound,
};

/// Names this detector, its weights and its thresholds; changes with any of them.
pub const DETECTOR_VERSION: &str = "net-2-ink";
/// From here on a block on the line of a piece of text belongs to it, if blocks of this kind lead there.
const FAINT: f64 = 0.08;
/// From here on a block belongs to a piece.
const LIKELY: f64 = 0.4;
/// One block of a piece must reach this.
const SURE: f64 = 0.5;
/// Most pieces of a frame that are completed by their ink: it costs time for each.
const COMPLETED_MOST: usize = 1000;

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
    /// Likelihood from which a place on the line of a text belongs to it; 0 in evidence of releases that had none.
    #[serde(default)]
    pub faint: f64,
    /// Likelihood from which a place belongs to text beside a sure one.
    pub likely: f64,
    /// Likelihood that one place of a text must reach.
    pub sure: f64,
}

impl Thresholds {
    /// Those of this version.
    #[must_use]
    pub fn current() -> Self {
        Self { faint: FAINT, likely: LIKELY, sure: SURE }
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
    let pieces = pieces(&heat(raster), raster.size(), thresholds);
    let mut regions = regions(raster, &pieces, thresholds);
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

/// Pieces as regions: what the net says, and what has the same ink.
fn regions(raster: &Raster, pieces: &[Piece], at_least: &Thresholds) -> Vec<Region> {
    let mut mask = Mask::new(raster.width, raster.height);
    pieces.iter().flat_map(|piece| &piece.areas).for_each(|area| mask.set(area, true));
    let mut out = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let score = piece.surest / at_least.sure as f32;
        // A frame of very many pieces is a texture: there the net alone speaks.
        let more = match number {
            0..COMPLETED_MOST => ink::completion(&raster.planes, &mask.marked, piece),
            _ => Vec::new(),
        };
        out.extend(piece.areas.iter().chain(&more).map(|a| Region {
            x: a.x,
            y: a.y,
            width: a.width,
            height: a.height,
            score,
            why: Why::Text,
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_becomes_regions_of_the_frame() {
        let raster = Raster::grey(5, 8, &[0; 40], false).unwrap();
        let areas = vec![Area { x: 2, y: 2, width: 3, height: 6 }];
        let at = Thresholds { faint: 0.1, likely: 0.3, sure: 0.6 };
        let found = regions(&raster, &[Piece { areas: areas.clone(), surest: 0.9 }], &at);
        assert_eq!(found.iter().map(Region::area).collect::<Vec<_>>(), areas);
        assert!((found[0].score - 1.5).abs() < 1e-6);
    }
}
