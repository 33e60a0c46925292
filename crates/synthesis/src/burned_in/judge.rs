//! Judging a removal: which strings are gone, and what else went with them.

use super::{BurnedString, Picture};

/// Share of a string's pixels that must be filled.
pub const FILLED: f64 = 0.99;
/// Pixels around a string's box that may be filled with it.
pub const CLOSE: f64 = 4.0;

/// Least ratio of signal to noise of a glyph that an eye tells from its ground reliably: the constant of A. Rose, "The sensitivity
/// performance of the human eye on an absolute scale", J. Opt. Soc. Am. 38 (1948), 196-208.
pub const LEGIBLE: f64 = 5.0;
/// Pixels around strokes that are their ground, and those next to them that smoothing may have changed.
const GROUND: usize = 4;
const SMOOTHED: usize = 1;

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

    /// Rose's ratio of a string as it is stored in the first frame, after coding: how far the mean of its strokes is from the mean of
    /// the ground beside them, over the noise of that ground, times the square root of the pixels of its median glyph; in the
    /// channel in which it is largest. Noise is the spread of differences between neighbours over the root of two, so that
    /// slow structure does not count. Infinite on a ground without any.
    #[must_use]
    pub fn legibility(&self, string: &BurnedString) -> f64 {
        let near = self.distances(string);
        let mut sizes: Vec<usize> = string.glyphs.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        let size = sizes.get(sizes.len() / 2).copied().unwrap_or(0) as f64;
        let channels = if self.palette.is_some() { 3 } else { self.channels };
        let ratios = (0..channels).map(|channel| {
            let value = |at: usize| self.shown(at, channel);
            let mean = |wanted: &dyn Fn(usize) -> bool| {
                let values = near.iter().filter(|(_, d)| wanted(*d)).map(|(at, _)| value(*at));
                let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
                sum / f64::max(count, 1.0)
            };
            let away = (mean(&|d| d == 0) - mean(&|d| d > SMOOTHED)).abs();
            // Neighbours in a row that are both ground.
            let pairs =
                near.windows(2).filter(|w| w[0].0 + 1 == w[1].0 && w[0].1 > SMOOTHED && w[1].1 > SMOOTHED);
            let steps = pairs.map(|w| (value(w[0].0) - value(w[1].0)).powi(2));
            let (sum, count) = steps.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
            let noise = (sum / f64::max(count, 1.0) / 2.0).sqrt();
            match (away > 0.0, noise > 0.0) {
                (true, true) => away / noise * size.sqrt(),
                (true, false) => f64::INFINITY,
                (false, _) => 0.0,
            }
        });
        ratios.fold(0.0, f64::max)
    }

    /// One channel of a pixel of the first frame as it is shown.
    fn shown(&self, at: usize, channel: usize) -> f64 {
        match &self.palette {
            Some(table) => f64::from(table[usize::from(self.frames[0][at])][channel]),
            None => f64::from(self.frames[0][at * self.channels + channel]),
        }
    }

    /// Pixels at and around the strokes of a string, in order, and how far each is from the nearest: 0 to [`GROUND`].
    fn distances(&self, string: &BurnedString) -> Vec<(usize, usize)> {
        let mut near = std::collections::BTreeMap::new();
        for at in string.glyphs.iter().flatten().map(|at| *at as usize) {
            let (x, y) = (at % self.width, at / self.width);
            for row in y.saturating_sub(GROUND)..(y + GROUND + 1).min(self.height) {
                for column in x.saturating_sub(GROUND)..(x + GROUND + 1).min(self.width) {
                    let far = row.abs_diff(y).max(column.abs_diff(x));
                    let known = near.entry(row * self.width + column).or_insert(far);
                    *known = far.min(*known);
                }
            }
        }
        near.into_iter().collect()
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
    fn a_string_is_less_legible_the_more_noise_there_is_and_not_at_all_without_strokes() {
        let mut picture = picture(1, 2, Content::Text);
        picture.palette = None;
        (picture.channels, picture.width, picture.height) = (1, 64, 40);
        let string = super::BurnedString {
            glyphs: vec![(0..9).map(|row| (10 + row) * 64 + 20).collect()],
            ..picture.strings[0].clone()
        };
        let mut ratio = |grain: u16, level: u16| {
            let mut frame: Vec<u16> =
                (0..64 * 40).map(|i: usize| 500 + grain * (i * 7919 % 13) as u16).collect();
            string.glyphs[0].iter().for_each(|at| frame[*at as usize] += level);
            picture.frames = vec![frame];
            picture.legibility(&string)
        };
        assert!(ratio(0, 40) == f64::INFINITY && ratio(0, 0) == 0.0);
        let (calm, loud) = (ratio(1, 60), ratio(10, 60));
        assert!(calm > 5.0 * loud && loud > 0.0, "{calm} {loud}");
        assert!((ratio(2, 120) / calm - 1.0).abs() < 0.1, "scale does not matter");
    }

    #[test]
    fn one_glyph_left_is_not_removed() {
        let picture = picture(1, 2, Content::Text);
        let mut filled = vec![true; picture.width * picture.height];
        picture.strings[0].glyphs[0].iter().for_each(|&p| filled[p as usize] = false);
        assert!(!picture.judge(&filled).removed[0]);
    }
}
