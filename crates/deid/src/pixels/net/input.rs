//! What the net is shown: brightness and saturation against what is around them, brightness against the whole.

use super::super::raster::{Plane, Raster};

/// Channels of the input.
pub const CHANNELS: usize = 3;
/// Pixels on each side that local means and spreads are taken over.
const AROUND: usize = 15;
/// Added to the local spread, as a share of the range: what varies less than that is flat.
const LEAST_SPREAD: f32 = 0.004;
/// Shares of the values that the range lies between.
const RANGE: (f64, f64) = (0.02, 0.98);
/// Largest local value, in local spreads.
const LOCAL_MOST: f32 = 5.0;
/// Smallest and largest value against the whole: 1 is the upper end of the range.
const WHOLE: (f32, f32) = (-1.5, 3.0);

/// The channels of a raster, one after the other, row by row.
pub struct Input {
    /// Pixels across; even, the last column once more where the raster's is odd.
    pub width: usize,
    /// Pixels down; even.
    pub height: usize,
    /// [`CHANNELS`] planes.
    pub values: Vec<f32>,
}

impl Input {
    /// Prepares a raster. Sides are filled up to a multiple of `step` with the values of the edge.
    pub fn of(raster: &Raster, step: usize) -> Self {
        let (width, height) = (raster.width.next_multiple_of(step), raster.height.next_multiple_of(step));
        let mut values = vec![0.0; width * height * CHANNELS];
        let (local, rest) = values.split_at_mut(width * height);
        let (whole, color) = rest.split_at_mut(width * height);
        let bright = &raster.planes[0];
        let (low, high) = range(bright);
        let spread = (high - low).max(1.0);
        fill(local, (width, height), bright, &locally(bright, spread));
        let mapped = |v: &u16| ((f32::from(*v) - low) / spread * 2.0 - 1.0).clamp(WHOLE.0, WHOLE.1);
        fill(whole, (width, height), bright, &bright.values.iter().map(mapped).collect::<Vec<_>>());
        if let Some(plane) = raster.planes.get(1) {
            fill(color, (width, height), plane, &locally(plane, spread));
        }
        Self { width, height, values }
    }
}

fn fill(to: &mut [f32], (width, height): (usize, usize), plane: &Plane, values: &[f32]) {
    for y in 0..height {
        let from = &values[y.min(plane.height - 1) * plane.width..][..plane.width];
        let row = &mut to[y * width..(y + 1) * width];
        row[..plane.width].copy_from_slice(from);
        row[plane.width..].fill(from[plane.width - 1]);
    }
}

/// The values between which 96 % lie.
fn range(plane: &Plane) -> (f32, f32) {
    let mut counts = vec![0_u32; usize::from(u16::MAX) + 1];
    plane.values.iter().for_each(|v| counts[usize::from(*v)] += 1);
    let at = |share: f64| {
        let wanted = (plane.values.len() as f64 * share) as u64;
        let mut seen = 0;
        let found = counts.iter().position(|count| {
            seen += u64::from(*count);
            seen > wanted
        });
        found.unwrap_or(0) as f32
    };
    (at(RANGE.0), at(RANGE.1))
}

/// Every value less the mean around it, over the spread around it.
fn locally(plane: &Plane, range: f32) -> Vec<f32> {
    let (width, height) = (plane.width, plane.height);
    let window = |at: usize, most: usize| (at.saturating_sub(AROUND), (at + AROUND + 1).min(most));
    let mut out = Vec::with_capacity(width * height);
    // Sums of values and squares per column over the rows of the window: integers, so that nothing drifts.
    let (mut sums, mut squares) = (vec![0_u64; width], vec![0_u64; width]);
    let (mut from, mut to) = (0, 0);
    for y in 0..height {
        let (first, last) = window(y, height);
        while to < last {
            for (x, v) in plane.values[to * width..(to + 1) * width].iter().enumerate() {
                let v = u64::from(*v);
                sums[x] += v;
                squares[x] += v * v;
            }
            to += 1;
        }
        while from < first {
            for (x, v) in plane.values[from * width..(from + 1) * width].iter().enumerate() {
                let v = u64::from(*v);
                sums[x] -= v;
                squares[x] -= v * v;
            }
            from += 1;
        }
        let (mut sum, mut square, mut left, mut right) = (0_u64, 0_u64, 0, 0);
        for x in 0..width {
            let (a, b) = window(x, width);
            while right < b {
                sum += sums[right];
                square += squares[right];
                right += 1;
            }
            while left < a {
                sum -= sums[left];
                square -= squares[left];
                left += 1;
            }
            let count = ((last - first) * (b - a)) as f64;
            let mean = sum as f64 / count;
            let spread = (square as f64 / count - mean * mean).max(0.0).sqrt() as f32;
            let value = f32::from(plane.values[y * width + x]) - mean as f32;
            out.push((value / (spread + LEAST_SPREAD * range)).clamp(-LOCAL_MOST, LOCAL_MOST));
        }
    }
    out
}
