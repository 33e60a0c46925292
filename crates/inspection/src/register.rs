//! Where the template lies in the test image: one global shift, then one small shift for each tile.
//!
//! Boards bend and cameras breathe, so a single shift leaves edges a few pixels off in the corners. A
//! coarse grid of integer shifts, interpolated between grid points, takes that away at linear cost.

use std::borrow::Cow;
use std::ops::Range;

use image::GrayImage;

/// Side of the window that one grid point compares, in pixels.
const TILE_PX: usize = 160;
/// Distance between grid points, in pixels.
const STRIDE_PX: usize = 80;
/// Largest correction of a tile against the global shift, in pixels.
pub const TILE_SEARCH_PX: i32 = 4;
/// Largest global shift, in pixels.
pub const GLOBAL_SEARCH_PX: i32 = 16;
/// Step of the global search, in pixels: it works on means of blocks of this side.
const GLOBAL_STEP_PX: usize = 4;
/// Side of the blocks that move as one when the template is warped, in pixels.
const BLOCK_PX: usize = 8;
/// Every how many rows the tile search looks.
const ROW_STEP: usize = 2;
/// A tile must win this much, in grey values per compared pixel and pixel of shift, to leave the
/// global shift: in an empty tile every shift is as good as the other.
const SHIFT_PENALTY: f64 = 0.02;

/// A shift in pixels: the pixel `(x, y)` of the test image shows `(x + dx, y + dy)` of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shift {
    /// To the right, in pixels.
    pub dx: i32,
    /// Downwards, in pixels.
    pub dy: i32,
}

/// A template that was moved to lie on a test image; both parts have the size of the test image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warped {
    /// The moved template. Where it ends, its border pixels are repeated.
    pub image: GrayImage,
    /// In row order: whether the template really shows this pixel.
    pub covered: Vec<bool>,
}

/// Moves the template so that it lies on the test image. Neither may be empty.
#[must_use]
pub fn warp_template(test: &GrayImage, template: &GrayImage) -> Warped {
    let global = global_shift(test, template);
    let grid = Grid::search(test, template, global);
    grid.warp(template, test.width() as usize, test.height() as usize)
}

/// The one shift that fits best, in steps of `GLOBAL_STEP_PX`.
#[must_use]
pub fn global_shift(test: &GrayImage, template: &GrayImage) -> Shift {
    let (test, template) = (View::reduced(test, GLOBAL_STEP_PX), View::reduced(template, GLOBAL_STEP_PX));
    let step = GLOBAL_STEP_PX as i32;
    let whole = Window { x: 0..test.width, y: 0..test.height };
    let best = test.best(&template, &whole, Shift::default(), GLOBAL_SEARCH_PX / step, 1);
    Shift { dx: best.dx * step, dy: best.dy * step }
}

/// Grey values in row order, either borrowed from an image or means of its blocks.
struct View<'a> {
    width: usize,
    height: usize,
    values: Cow<'a, [u8]>,
}

impl<'a> View<'a> {
    fn full(image: &'a GrayImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self { width, height, values: Cow::Borrowed(image.as_raw()) }
    }

    /// Means of blocks of `step` pixels a side; rows and columns that fill no block are left out.
    fn reduced(image: &GrayImage, step: usize) -> Self {
        let full_width = image.width() as usize;
        let (width, height) = (full_width / step, image.height() as usize / step);
        let mut values = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; width];
        for block in image.as_raw().chunks_exact(full_width * step) {
            sums.fill(0);
            for row in block.chunks_exact(full_width) {
                for (sum, cells) in sums.iter_mut().zip(row.chunks_exact(step)) {
                    *sum += cells.iter().map(|&v| u32::from(v)).sum::<u32>();
                }
            }
            values.extend(sums.iter().map(|&sum| (sum / (step * step) as u32) as u8));
        }
        Self { width, height, values: Cow::Owned(values) }
    }

    /// Mean absolute difference over the part of `window` that the moved `template` covers, looking at
    /// every `row_step`-th row; infinite where they do not meet.
    fn cost(&self, template: &Self, window: &Window, shift: Shift, row_step: usize) -> f64 {
        let columns = overlap(window.x.clone(), template.width, shift.dx);
        let rows = overlap(window.y.clone(), template.height, shift.dy);
        if columns.is_empty() || rows.is_empty() {
            return f64::INFINITY;
        }
        let mut sum = 0_u64;
        let mut count = 0_usize;
        for y in rows.step_by(row_step) {
            let own = &self.values[y * self.width..][columns.clone()];
            let start = moved(y, shift.dy) * template.width + moved(columns.start, shift.dx);
            sum += u64::from(row_difference(own, &template.values[start..start + own.len()]));
            count += own.len();
        }
        sum as f64 / count as f64
    }

    /// The cheapest shift within `reach` of `around`.
    fn best(&self, template: &Self, window: &Window, around: Shift, reach: i32, row_step: usize) -> Shift {
        let mut best = (f64::INFINITY, around);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let shift = Shift { dx: around.dx + dx, dy: around.dy + dy };
                let penalty = SHIFT_PENALTY * f64::from(dx.abs() + dy.abs());
                let cost = self.cost(template, window, shift, row_step) + penalty;
                if cost < best.0 {
                    best = (cost, shift);
                }
            }
        }
        best.1
    }
}

/// Positions of `span` whose moved counterpart lies within `0..other`.
fn overlap(span: Range<usize>, other: usize, shift: i32) -> Range<usize> {
    let first = span.start.max(usize::try_from(-shift).unwrap_or(0));
    let last = span.end.min(other.saturating_add_signed(-shift as isize));
    first..last.max(first)
}

fn moved(position: usize, shift: i32) -> usize {
    position.saturating_add_signed(shift as isize)
}

fn row_difference(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum()
}

/// Shifts at grid points `STRIDE_PX` apart, the first at `STRIDE_PX / 2`.
struct Grid {
    columns: usize,
    rows: usize,
    shifts: Vec<Shift>,
}

impl Grid {
    fn search(test: &GrayImage, template: &GrayImage, global: Shift) -> Self {
        let columns = (test.width() as usize).div_ceil(STRIDE_PX).max(1);
        let rows = (test.height() as usize).div_ceil(STRIDE_PX).max(1);
        let (half_test, half_template) = (View::reduced(test, 2), View::reduced(template, 2));
        let (full_test, full_template) = (View::full(test), View::full(template));
        let half_global = Shift { dx: global.dx / 2, dy: global.dy / 2 };
        let mut shifts = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let window = Window::around(column, row, test);
                let half = window.halved(half_test.width, half_test.height);
                let coarse = half_test.best(&half_template, &half, half_global, TILE_SEARCH_PX / 2, 1);
                let coarse = Shift { dx: coarse.dx * 2, dy: coarse.dy * 2 };
                shifts.push(full_test.best(&full_template, &window, coarse, 1, ROW_STEP));
            }
        }
        Self { columns, rows, shifts }
    }

    /// The shift at a pixel, interpolated between grid points and rounded.
    fn at(&self, x: usize, y: usize) -> Shift {
        let (left, right, along) = bracket(x, self.columns);
        let (upper, lower, down) = bracket(y, self.rows);
        let corner = |column: usize, row: usize| self.shifts[row * self.columns + column];
        let blend = |pick: fn(Shift) -> i32| {
            let line = |row| {
                let (a, b) = (f64::from(pick(corner(left, row))), f64::from(pick(corner(right, row))));
                a + (b - a) * along
            };
            let (a, b) = (line(upper), line(lower));
            (a + (b - a) * down).round() as i32
        };
        Shift { dx: blend(|s| s.dx), dy: blend(|s| s.dy) }
    }

    fn warp(&self, template: &GrayImage, width: usize, height: usize) -> Warped {
        let (source_width, source_height) = (template.width() as usize, template.height() as usize);
        let source = template.as_raw();
        let mut out = vec![0_u8; width * height];
        let mut covered = vec![true; width * height];
        for block_y in (0..height).step_by(BLOCK_PX) {
            for block_x in (0..width).step_by(BLOCK_PX) {
                let shift = self.at(block_x + BLOCK_PX / 2, block_y + BLOCK_PX / 2);
                let columns = overlap(block_x..(block_x + BLOCK_PX).min(width), source_width, shift.dx);
                for y in block_y..(block_y + BLOCK_PX).min(height) {
                    let row_is_covered = !overlap(y..y + 1, source_height, shift.dy).is_empty();
                    let from_row = moved(y, shift.dy).min(source_height - 1) * source_width;
                    for x in block_x..(block_x + BLOCK_PX).min(width) {
                        let at = y * width + x;
                        out[at] = source[from_row + moved(x, shift.dx).min(source_width - 1)];
                        covered[at] = row_is_covered && columns.contains(&x);
                    }
                }
            }
        }
        let image = GrayImage::from_raw(width as u32, height as u32, out)
            .expect("the buffer was made with width * height bytes");
        Warped { image, covered }
    }
}

/// Grid points on both sides of a position and how far it lies between them, 0 to 1.
fn bracket(position: usize, points: usize) -> (usize, usize, f64) {
    let along = (position as f64 - STRIDE_PX as f64 / 2.0) / STRIDE_PX as f64;
    let along = along.clamp(0.0, (points - 1) as f64);
    let left = along.floor() as usize;
    (left, (left + 1).min(points - 1), along - left as f64)
}

/// A part of the test image, in pixels.
struct Window {
    x: Range<usize>,
    y: Range<usize>,
}

impl Window {
    fn around(column: usize, row: usize, test: &GrayImage) -> Self {
        let span = |index: usize, size: usize| {
            let centre = index * STRIDE_PX + STRIDE_PX / 2;
            centre.saturating_sub(TILE_PX / 2).min(size)..(centre + TILE_PX / 2).min(size)
        };
        Self { x: span(column, test.width() as usize), y: span(row, test.height() as usize) }
    }

    /// The same part in an image of half the size.
    fn halved(&self, width: usize, height: usize) -> Self {
        let half = |span: &Range<usize>, size: usize| (span.start / 2).min(size)..(span.end / 2).min(size);
        Self { x: half(&self.x, width), y: half(&self.y, height) }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Blobs without period, so that only one shift fits.
    fn pattern(x: i64, y: i64) -> u8 {
        let wave =
            (x as f64 * 0.11).sin() + (y as f64 * 0.07).cos() + (x as f64 * 0.031 * y as f64 * 0.02).sin();
        if wave > 0.3 { 220 } else { 30 }
    }

    fn picture(dx: i64, dy: i64) -> GrayImage {
        GrayImage::from_fn(320, 240, |x, y| Luma([pattern(i64::from(x) + dx, i64::from(y) + dy)]))
    }

    #[test]
    fn a_shift_is_found_and_taken_out() {
        for (dx, dy) in [(0, 0), (3, -2), (-7, 5), (12, 9)] {
            let warped = warp_template(&picture(dx, dy), &picture(0, 0)).image;
            let test = picture(dx, dy);
            let wrong = warped
                .enumerate_pixels()
                .filter(|(x, y, _)| (20..300).contains(x) && (20..220).contains(y))
                .filter(|(x, y, p)| p.0 != test.get_pixel(*x, *y).0)
                .count();
            assert!(wrong < 60, "shift {dx},{dy}: {wrong} pixels differ");
        }
    }

    #[test]
    fn what_the_template_does_not_show_is_marked() {
        let warped = warp_template(&picture(-8, 0), &picture(0, 0));
        let uncovered: Vec<_> = (0..320).filter(|x| !warped.covered[120 * 320 + x]).collect();
        assert_eq!(uncovered, (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn empty_pictures_keep_the_zero_shift() {
        let flat = GrayImage::from_pixel(200, 100, Luma([90]));
        assert_eq!(global_shift(&flat, &flat), Shift::default());
        assert_eq!(warp_template(&flat, &flat).image, flat);
    }

    #[test]
    fn pictures_of_other_size_and_tiny_ones_do_not_panic() {
        for (w, h) in [(1, 1), (3, 500), (17, 9)] {
            let small = GrayImage::from_pixel(w, h, Luma([9]));
            assert_eq!(warp_template(&small, &picture(0, 0)).image.dimensions(), (w, h));
            assert_eq!(warp_template(&picture(0, 0), &small).image.dimensions(), (320, 240));
        }
    }
}
