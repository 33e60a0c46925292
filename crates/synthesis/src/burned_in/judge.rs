//! Judging a removal: which strings are gone, and what else went with them.

use super::{BurnedString, Picture};

/// Share of a string's pixels that must be filled.
pub const FILLED: f64 = 0.99;
/// Pixels around a string's box that may be filled with it.
pub const CLOSE: f64 = 4.0;

/// What a fill did to a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Per string whether it is removed: at least [`FILLED`] of its pixels are filled, and no glyph is whole.
    pub removed: Vec<bool>,
    /// Pixels further than [`CLOSE`] from every string's box.
    pub other: u64,
    /// Those of them that were filled.
    pub changed: u64,
}

impl Picture {
    /// Judges a fill, one flag per pixel.
    #[must_use]
    pub fn judge(&self, filled: &[bool]) -> Judged {
        let removed = self.strings.iter().map(|string| is_removed(string, filled)).collect();
        let mut close = vec![false; filled.len()];
        for string in &self.strings {
            self.mark_close(string, &mut close);
        }
        let others = filled.iter().zip(&close).filter(|(_, close)| !**close);
        let (mut other, mut changed) = (0, 0);
        for (filled, _) in others {
            other += 1;
            changed += u64::from(*filled);
        }
        Judged { removed, other, changed }
    }

    fn mark_close(&self, string: &BurnedString, close: &mut [bool]) {
        let reach = |of: fn(&(f64, f64)) -> f64, most: usize| {
            let low = string.corners.iter().map(of).fold(f64::MAX, f64::min) - CLOSE - 1.0;
            let high = string.corners.iter().map(of).fold(0.0, f64::max) + CLOSE + 1.0;
            (low.max(0.0) as usize).min(most)..(high as usize).min(most)
        };
        let columns = reach(|c| c.0, self.width);
        for y in reach(|c| c.1, self.height) {
            for x in columns.clone() {
                close[y * self.width + x] |= is_near(string, x as f64 + 0.5, y as f64 + 0.5);
            }
        }
    }
}

fn is_removed(string: &BurnedString, filled: &[bool]) -> bool {
    let is_filled = |p: &u32| filled.get(*p as usize).copied().unwrap_or(false);
    let all = string.glyphs.iter().map(Vec::len).sum::<usize>();
    let gone = string.glyphs.iter().flatten().filter(|p| is_filled(p)).count();
    let whole = string.glyphs.iter().any(|glyph| !glyph.iter().any(is_filled));
    gone as f64 >= FILLED * all as f64 && !whole
}

/// Whether a point lies in the box of a string, grown by [`CLOSE`].
fn is_near(string: &BurnedString, x: f64, y: f64) -> bool {
    let [a, b, _, d] = string.corners;
    let along = |p: (f64, f64), q: (f64, f64)| {
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length = dx.hypot(dy).max(1e-9);
        (((x - p.0) * dx + (y - p.1) * dy) / length, length)
    };
    let inside = |(at, length): (f64, f64)| at >= -CLOSE && at <= length + CLOSE;
    inside(along(a, b)) && inside(along(a, d))
}

#[cfg(test)]
mod tests {
    use super::super::{Content, picture};

    #[test]
    fn nothing_filled_removes_nothing_and_all_filled_changes_all() {
        let picture = picture(1, 2, Content::Text);
        let none = picture.judge(&vec![false; picture.width * picture.height]);
        assert!(none.removed.iter().all(|r| !r) && none.changed == 0 && none.other > 0);
        let all = picture.judge(&vec![true; picture.width * picture.height]);
        assert!(all.removed.iter().all(|r| *r));
        assert_eq!(all.changed, all.other);
    }

    #[test]
    fn one_glyph_left_is_not_removed() {
        let picture = picture(1, 2, Content::Text);
        let mut filled = vec![true; picture.width * picture.height];
        picture.strings[0].glyphs[0].iter().for_each(|&p| filled[p as usize] = false);
        assert!(!picture.judge(&filled).removed[0]);
    }
}
