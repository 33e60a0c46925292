//! How far two readers found the same.

use super::assign::Matched;
use crate::to_f64;

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
}

impl Score {
    /// Adds an image of which the readers found so many things.
    pub fn add(&mut self, first: usize, second: usize, matched: &[Matched]) {
        self.both += matched.len();
        self.first += first.saturating_sub(matched.len());
        self.second += second.saturating_sub(matched.len());
        self.overlaps += matched.iter().map(|pair| pair.overlap).sum::<f64>();
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

    /// Panoptic quality (Kirillov and others 2019): the sum of overlaps / (both + half of what one found alone). The paper's
    /// where the gate is 0.5 and overlaps are of things that do not overlap each other.
    #[must_use]
    pub fn panoptic(&self) -> Option<f64> {
        self.of_all(self.overlaps)
    }

    fn of_all(&self, part: f64) -> Option<f64> {
        let all = to_f64(self.both) + to_f64(self.first + self.second) / 2.0;
        (all > 0.0).then(|| part / all)
    }
}
