//! How far two readers found the same.

use super::assign::Matched;
use crate::to_f64;

/// Things that do not overlap each other have one partner at most whose overlap is above a half (Kirillov and others 2019).
pub(super) const HALF: f64 = 0.5;

/// Counts over images. Add the matches of each image; background never counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Found by both.
    pub both: usize,
    /// Found by the first alone.
    pub first: usize,
    /// Found by the second alone.
    pub second: usize,
    overlaps: f64,
    /// Of the pairs above [`HALF`].
    segments: f64,
}

impl Score {
    /// Adds an image of which the readers found so many things.
    pub fn add(&mut self, first: usize, second: usize, matched: &[Matched]) {
        self.both += matched.len();
        self.first += first.saturating_sub(matched.len());
        self.second += second.saturating_sub(matched.len());
        self.overlaps += matched.iter().map(|pair| pair.overlap).sum::<f64>();
        let above = matched.iter().filter(|pair| pair.overlap > HALF);
        self.segments += above.map(|pair| pair.overlap).sum::<f64>();
    }

    /// F1 at the gate of the matches: 2 both / (2 both + alone). `None` where nobody found anything.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        self.of_all(to_f64(self.both))
    }

    /// Mean overlap of what both found.
    #[must_use]
    pub fn overlap(&self) -> Option<f64> {
        (self.both > 0).then(|| self.overlaps / to_f64(self.both))
    }

    /// Panoptic quality (Kirillov and others 2019): the sum of overlaps above a half / (both + half of what one found alone).
    /// Pairs with an overlap of a half or less count as found by each alone, whatever the gate of the matches was; the paper's
    /// pairs themselves are those of [`super::segments`].
    #[must_use]
    pub fn panoptic(&self) -> Option<f64> {
        // A pair at or below a half is half of one alone twice: as much in the denominator as a pair.
        self.of_all(self.segments)
    }

    fn of_all(&self, part: f64) -> Option<f64> {
        let all = to_f64(self.both) + to_f64(self.first + self.second) / 2.0;
        (all > 0.0).then(|| part / all)
    }
}
