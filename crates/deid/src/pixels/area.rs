//! Rectangles of pixels.

use serde::{Deserialize, Serialize};

/// A rectangle of a frame, pixels. What lies outside of the frame is left out wherever it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Area {
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// Right, exclusive.
    #[must_use]
    pub fn right(&self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// Bottom, exclusive.
    #[must_use]
    pub fn bottom(&self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    /// The part that lies in a frame of this size; `None` when there is none.
    #[must_use]
    pub fn clipped(&self, width: u32, height: u32) -> Option<Self> {
        let (right, bottom) = (self.right().min(width), self.bottom().min(height));
        (right > self.x && bottom > self.y).then(|| Self {
            width: right - self.x,
            height: bottom - self.y,
            ..*self
        })
    }
}

/// Pixels that are marked, as rectangles.
pub(super) struct Mask {
    pub width: usize,
    pub height: usize,
    pub marked: Vec<bool>,
}

impl Mask {
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, marked: vec![false; width * height] }
    }

    pub fn set(&mut self, area: &Area, value: bool) {
        let Some(area) = area.clipped(self.width as u32, self.height as u32) else { return };
        for y in area.y..area.bottom() {
            let row = y as usize * self.width;
            self.marked[row + area.x as usize..row + area.right() as usize].fill(value);
        }
    }

    /// Marked pixels.
    pub fn count(&self) -> u64 {
        self.marked.iter().filter(|m| **m).count() as u64
    }

    /// Rectangles that cover exactly what is marked: runs of a row, joined with the same runs below.
    pub fn areas(&self) -> Vec<Area> {
        let mut done: Vec<Area> = Vec::new();
        let mut open: Vec<Area> = Vec::new();
        for y in 0..self.height {
            let runs = runs(&self.marked[y * self.width..(y + 1) * self.width]);
            let mut next = Vec::with_capacity(runs.len());
            for (from, to) in runs {
                let width = to - from;
                match open.iter().position(|a| a.x == from && a.width == width) {
                    Some(i) => {
                        let mut area = open.swap_remove(i);
                        area.height += 1;
                        next.push(area);
                    }
                    None => next.push(Area { x: from, y: y as u32, width, height: 1 }),
                }
            }
            done.append(&mut open);
            open = next;
        }
        done.append(&mut open);
        done.sort_unstable_by_key(|a| (a.y, a.x));
        done
    }
}

fn runs(row: &[bool]) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    let mut from = None;
    for (x, marked) in row.iter().enumerate() {
        match (marked, from) {
            (true, None) => from = Some(x as u32),
            (false, Some(start)) => {
                out.push((start, x as u32));
                from = None;
            }
            _ => {}
        }
    }
    if let Some(start) = from {
        out.push((start, row.len() as u32));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_cover_what_is_marked_and_nothing_else() {
        let mut mask = Mask::new(9, 7);
        mask.set(&Area { x: 1, y: 1, width: 3, height: 4 }, true);
        mask.set(&Area { x: 3, y: 3, width: 20, height: 20 }, true);
        mask.set(&Area { x: 5, y: 5, width: 1, height: 1 }, false);
        let mut again = Mask::new(9, 7);
        mask.areas().iter().for_each(|a| again.set(a, true));
        assert_eq!(again.marked, mask.marked);
        let sum: u64 = mask.areas().iter().map(|a| u64::from(a.width) * u64::from(a.height)).sum();
        assert_eq!(sum, mask.count(), "no pixel twice");
    }

    #[test]
    fn an_area_beyond_the_frame_is_clipped() {
        let huge = Area { x: u32::MAX - 1, y: 0, width: 9, height: 9 };
        assert_eq!(huge.clipped(10, 10), None);
        let over = Area { x: 8, y: 8, width: u32::MAX, height: 5 };
        assert_eq!(over.clipped(10, 10), Some(Area { x: 8, y: 8, width: 2, height: 2 }));
    }
}
