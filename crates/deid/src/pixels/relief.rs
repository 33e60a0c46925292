//! How far each pixel stands out of its surroundings, and how much it would by noise alone.

use super::raster::Plane;

/// Side of the square that must not fit into a stroke, pixels of the level: strokes of a level are up to
/// half as wide.
pub(crate) const OPENING: usize = 11;
/// Side of the blocks that noise is measured over, pixels.
const BLOCK: usize = 16;
/// Pixels between those whose difference tells the noise: noise is often alike from pixel to pixel.
const NOISE_LAG: usize = 2;
/// Of the differences, the smallest so many in a hundred are used, lettering being among the others; their
/// mean is so many standard deviations of white noise (half-normal distribution, cut off).
const NOISE_SHARE: (usize, f32) = (40, 0.362);

/// The relief of a plane.
pub(crate) struct Relief {
    pub width: usize,
    pub height: usize,
    /// Value less its opening (white top-hat), in stored units.
    pub rise: Vec<u16>,
    /// Standard deviation of the noise, per block.
    noise: Vec<f32>,
    across: usize,
}

impl Relief {
    pub fn of(plane: &Plane) -> Self {
        let opened = opened(plane);
        let rise = plane.values.iter().zip(&opened).map(|(v, o)| v.saturating_sub(*o)).collect();
        let (noise, across) = noise(plane);
        Self { width: plane.width, height: plane.height, rise, noise, across }
    }

    /// A plane that is a relief already, without noise.
    pub fn bare(plane: &Plane) -> Self {
        let across = plane.width.div_ceil(BLOCK);
        let noise = vec![0.0; across * plane.height.div_ceil(BLOCK)];
        Self { width: plane.width, height: plane.height, rise: plane.values.clone(), noise, across }
    }

    /// Standard deviation of the noise around a pixel, stored units.
    pub fn noise_of_row(&self, y: usize) -> &[f32] {
        let row = (y / BLOCK).min(self.noise.len() / self.across - 1);
        &self.noise[row * self.across..(row + 1) * self.across]
    }

    /// Width of a block.
    pub const fn block_width() -> usize {
        BLOCK
    }
}

/// The largest of the smallest values of all squares that hold a pixel.
fn opened(plane: &Plane) -> Vec<u16> {
    let (w, h) = (plane.width, plane.height);
    let low = columns(&rows(&plane.values, w, u16::MAX, u16::min), w, h, u16::MAX, u16::min);
    columns(&rows(&low, w, 0, u16::max), w, h, 0, u16::max)
}

/// `f` over windows of [`OPENING`] pixels along the rows, by doubling.
fn rows(values: &[u16], width: usize, outside: u16, f: impl Fn(u16, u16) -> u16) -> Vec<u16> {
    let half = OPENING / 2;
    let mut out = vec![outside; values.len()];
    let mut line = vec![outside; width + OPENING];
    for (row, to) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        line.fill(outside);
        line[half..half + width].copy_from_slice(row);
        for step in [1, 2, 4] {
            for i in 0..line.len() - step {
                line[i] = f(line[i], line[i + step]);
            }
        }
        // Each place now has eight pixels; two of them, three apart, make the eleven.
        for (i, value) in to.iter_mut().enumerate() {
            *value = f(line[i], line[i + OPENING - 8]);
        }
    }
    out
}

/// As [`rows`], down the columns.
fn columns(
    values: &[u16],
    width: usize,
    height: usize,
    outside: u16,
    f: impl Fn(u16, u16) -> u16 + Copy,
) -> Vec<u16> {
    let half = OPENING / 2;
    let mut tall = vec![outside; width * (height + OPENING)];
    tall[half * width..(half + height) * width].copy_from_slice(values);
    for step in [1, 2, 4] {
        let reach = step * width;
        for y in 0..height + OPENING - step {
            let (upper, lower) = tall.split_at_mut(y * width + reach);
            let upper = &mut upper[y * width..(y + 1) * width];
            upper.iter_mut().zip(&lower[..width]).for_each(|(a, b)| *a = f(*a, *b));
        }
    }
    let far = (OPENING - 8) * width;
    (0..width * height).map(|i| f(tall[i], tall[i + far])).collect()
}

/// Noise per block, and the number of blocks in a row. Lettering fills less than half of the steps of a block
/// as a rule, and a block that it fills has neighbours.
fn noise(plane: &Plane) -> (Vec<f32>, usize) {
    let (across, down) = (plane.width.div_ceil(BLOCK), plane.height.div_ceil(BLOCK));
    let mut own = Vec::with_capacity(across * down);
    let mut steps: Vec<u16> = Vec::with_capacity(BLOCK * BLOCK / 2);
    for by in 0..down {
        for bx in 0..across {
            steps.clear();
            let columns = bx * BLOCK..((bx + 1) * BLOCK).min(plane.width);
            for y in (by * BLOCK..((by + 1) * BLOCK).min(plane.height)).step_by(2) {
                let row = &plane.values[y * plane.width + columns.start..y * plane.width + columns.end];
                steps.extend(row.windows(NOISE_LAG + 1).map(|w| w[0].abs_diff(w[NOISE_LAG])));
            }
            let count = steps.len() * NOISE_SHARE.0 / 100;
            if count == 0 {
                own.push(0.0);
                continue;
            }
            let small = steps.select_nth_unstable(count).0;
            let sum: u32 = small.iter().map(|&s| u32::from(s)).sum();
            own.push(sum as f32 / count as f32 / NOISE_SHARE.1);
        }
    }
    let mut calm = own.clone();
    let mut around = Vec::with_capacity(9);
    for by in 0..down {
        for bx in 0..across {
            around.clear();
            for y in by.saturating_sub(1)..(by + 2).min(down) {
                around.extend_from_slice(
                    &own[y * across + bx.saturating_sub(1)..y * across + (bx + 2).min(across)],
                );
            }
            around.sort_unstable_by(f32::total_cmp);
            let middle = around[around.len() / 2];
            calm[by * across + bx] = own[by * across + bx].min(middle);
        }
    }
    (calm, across)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_line_stands_out_and_a_wide_block_does_not() {
        let (width, height) = (60, 50);
        let mut values = vec![100; width * height];
        for y in 0..height {
            values[y * width + 10] = 180;
            for x in 30..50 {
                values[y * width + x] = 200;
            }
        }
        let relief = Relief::of(&Plane { width, height, values });
        assert_eq!(relief.rise[25 * width + 10], 80);
        assert_eq!(relief.rise[25 * width + 40], 0);
        assert_eq!(relief.rise[25 * width + 20], 0);
        assert_eq!(relief.noise_of_row(25), [0.0; 4]);
    }
}
