//! Where the template lies in the test image: one global shift, then one small shift for each tile.
//!
//! Boards bend and cameras breathe, so a single shift leaves edges a few pixels off in the corners. A
//! coarse grid of integer shifts, interpolated between grid points, takes that away at linear cost.

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

/// The template, moved so that it lies on the test image; same size as `test`.
///
/// Where the template ends, its border pixels are repeated.
#[must_use]
pub fn warp_template(test: &GrayImage, template: &GrayImage) -> GrayImage {
    let global = global_shift(test, template);
    let grid = Grid::search(test, template, global);
    grid.warp(template, test.width() as usize, test.height() as usize)
}

/// The one shift that fits best, in steps of [`GLOBAL_STEP_PX`].
#[must_use]
pub fn global_shift(test: &GrayImage, template: &GrayImage) -> Shift {
    let small_test = Small::of(test);
    let small_template = Small::of(template);
    let reach = GLOBAL_SEARCH_PX / GLOBAL_STEP_PX as i32;
    let mut best = (f64::INFINITY, Shift::default());
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let distance = f64::from(dx.abs() + dy.abs());
            let cost = small_test.mean_difference(&small_template, dx, dy) + SHIFT_PENALTY * distance;
            if cost < best.0 {
                let step = GLOBAL_STEP_PX as i32;
                best = (cost, Shift { dx: dx * step, dy: dy * step });
            }
        }
    }
    best.1
}

/// Block means of an image.
struct Small {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Small {
    fn of(image: &GrayImage) -> Self {
        let (full_width, full_height) = (image.width() as usize, image.height() as usize);
        let (width, height) = (full_width / GLOBAL_STEP_PX, full_height / GLOBAL_STEP_PX);
        let raw = image.as_raw();
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0_u32;
                for row in 0..GLOBAL_STEP_PX {
                    let start = (y * GLOBAL_STEP_PX + row) * full_width + x * GLOBAL_STEP_PX;
                    sum += raw[start..start + GLOBAL_STEP_PX].iter().map(|&v| u32::from(v)).sum::<u32>();
                }
                values.push((sum / (GLOBAL_STEP_PX * GLOBAL_STEP_PX) as u32) as u8);
            }
        }
        Self { width, height, values }
    }

    fn mean_difference(&self, other: &Self, dx: i32, dy: i32) -> f64 {
        let rows = overlap(0, self.height, other.height, dy);
        let columns = overlap(0, self.width, other.width, dx);
        if rows.is_empty() || columns.is_empty() {
            return f64::INFINITY;
        }
        let mut sum = 0_u64;
        for y in rows.clone() {
            let own = &self.values[y * self.width..][columns.clone()];
            let start = moved(y, dy) * other.width + moved(columns.start, dx);
            sum += u64::from(row_difference(own, &other.values[start..start + own.len()]));
        }
        sum as f64 / (rows.len() * columns.len()) as f64
    }
}

/// Positions `start..end` whose moved counterpart lies within `0..other`.
fn overlap(start: usize, end: usize, other: usize, shift: i32) -> std::ops::Range<usize> {
    let first = start.max(usize::try_from(-shift).unwrap_or(0));
    let last = end.min(other.saturating_add_signed(-shift as isize));
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
        let mut shifts = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let window = Window::around(column, row, test);
                shifts.push(window.best_shift(test, template, global));
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

    fn warp(&self, template: &GrayImage, width: usize, height: usize) -> GrayImage {
        let (source_width, source_height) = (template.width() as usize, template.height() as usize);
        let source = template.as_raw();
        let mut out = vec![0_u8; width * height];
        for block_y in (0..height).step_by(BLOCK_PX) {
            for block_x in (0..width).step_by(BLOCK_PX) {
                let shift = self.at(block_x + BLOCK_PX / 2, block_y + BLOCK_PX / 2);
                let end_x = (block_x + BLOCK_PX).min(width);
                for y in block_y..(block_y + BLOCK_PX).min(height) {
                    let from_row = moved(y, shift.dy).min(source_height - 1) * source_width;
                    for x in block_x..end_x {
                        out[y * width + x] = source[from_row + moved(x, shift.dx).min(source_width - 1)];
                    }
                }
            }
        }
        GrayImage::from_raw(width as u32, height as u32, out)
            .expect("the buffer was made with width * height bytes")
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
    x: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
}

impl Window {
    fn around(column: usize, row: usize, test: &GrayImage) -> Self {
        let span = |index: usize, size: usize| {
            let centre = index * STRIDE_PX + STRIDE_PX / 2;
            centre.saturating_sub(TILE_PX / 2).min(size)..(centre + TILE_PX / 2).min(size)
        };
        Self { x: span(column, test.width() as usize), y: span(row, test.height() as usize) }
    }

    fn best_shift(&self, test: &GrayImage, template: &GrayImage, global: Shift) -> Shift {
        let mut best = (f64::INFINITY, global);
        for dy in -TILE_SEARCH_PX..=TILE_SEARCH_PX {
            for dx in -TILE_SEARCH_PX..=TILE_SEARCH_PX {
                let shift = Shift { dx: global.dx + dx, dy: global.dy + dy };
                let cost = self.cost(test, template, shift) + SHIFT_PENALTY * f64::from(dx.abs() + dy.abs());
                if cost < best.0 {
                    best = (cost, shift);
                }
            }
        }
        best.1
    }

    /// Mean absolute difference over the part of the window that the moved template covers.
    fn cost(&self, test: &GrayImage, template: &GrayImage, shift: Shift) -> f64 {
        let (test_width, template_width) = (test.width() as usize, template.width() as usize);
        let columns = overlap(self.x.start, self.x.end, template_width, shift.dx);
        let rows = overlap(self.y.start, self.y.end, template.height() as usize, shift.dy);
        if columns.is_empty() || rows.is_empty() {
            return f64::INFINITY;
        }
        let mut sum = 0_u64;
        let mut count = 0_usize;
        for y in rows.step_by(ROW_STEP) {
            let own = &test.as_raw()[y * test_width..][columns.clone()];
            let start = moved(y, shift.dy) * template_width + moved(columns.start, shift.dx);
            sum += u64::from(row_difference(own, &template.as_raw()[start..start + own.len()]));
            count += own.len();
        }
        sum as f64 / count as f64
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
            let warped = warp_template(&picture(dx, dy), &picture(0, 0));
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
    fn empty_pictures_keep_the_zero_shift() {
        let flat = GrayImage::from_pixel(200, 100, Luma([90]));
        assert_eq!(global_shift(&flat, &flat), Shift::default());
        assert_eq!(warp_template(&flat, &flat), flat);
    }

    #[test]
    fn pictures_of_other_size_and_tiny_ones_do_not_panic() {
        for (w, h) in [(1, 1), (3, 500), (17, 9)] {
            let small = GrayImage::from_pixel(w, h, Luma([9]));
            assert_eq!(warp_template(&small, &picture(0, 0)).dimensions(), (w, h));
            assert_eq!(warp_template(&picture(0, 0), &small).dimensions(), (320, 240));
        }
    }
}
