//! What the net is shown: brightness and saturation against what is around them, brightness against the whole, and how
//! much commoner a value is around its place than those next to it.

use super::super::raster::{Plane, Raster};

/// Channels of the input.
pub const CHANNELS: usize = 4;
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
/// Pixels along a tile. Values are counted over three by three of them.
const TILE: usize = 16;
/// Smallest and largest logarithm (base 2) of how much commoner a value is than its neighbours.
const COMMON: (f32, f32) = (-2.0, 6.0);

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
        let (whole, rest) = rest.split_at_mut(width * height);
        let (color, common) = rest.split_at_mut(width * height);
        let bright = &raster.planes[0];
        let (low, high) = range(bright);
        let spread = (high - low).max(1.0);
        fill(local, (width, height), bright, &locally(bright, spread));
        let mapped = |v: &u16| ((f32::from(*v) - low) / spread * 2.0 - 1.0).clamp(WHOLE.0, WHOLE.1);
        fill(whole, (width, height), bright, &bright.values.iter().map(mapped).collect::<Vec<_>>());
        if let Some(plane) = raster.planes.get(1) {
            fill(color, (width, height), plane, &locally(plane, spread));
        }
        fill(common, (width, height), bright, &commonness(bright));
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

/// How often a value occurs around its place against the mean of the four values next to it, as a logarithm.
///
/// Overlays are written with one level after the picture was made: that level stands out of the counts of a noisy or
/// textured surrounding even where it does not stand out of its values. Values are numbered by rank, so that a picture
/// stored with gaps between its levels gives the same as one without.
fn commonness(plane: &Plane) -> Vec<f32> {
    let ranks = ranks(plane);
    // Two unused places on each side, for the neighbours of the first and the last rank.
    let mut counts = vec![0_u16; usize::from(u16::MAX) + 5];
    // The logarithm of one and so many quarters, up to four times all values that are counted.
    let logarithms: Vec<f32> = (0..=36 * TILE * TILE).map(|n| (n as f32 * 0.25 + 1.0).log2()).collect();
    let across = plane.width.div_ceil(TILE);
    let mut out = vec![0.0; ranks.len()];
    let columns = |tile: usize| tile * TILE..((tile + 1) * TILE).min(plane.width);
    for top in (0..plane.height).step_by(TILE) {
        let rows = top.saturating_sub(TILE)..(top + 2 * TILE).min(plane.height);
        let change = |counts: &mut [u16], tile: usize, by: u16| {
            for y in rows.clone() {
                let row = &ranks[y * plane.width..(y + 1) * plane.width];
                for rank in &row[columns(tile)] {
                    let count = &mut counts[usize::from(*rank) + 2];
                    *count = count.wrapping_add(by);
                }
            }
        };
        change(&mut counts, 0, 1);
        for tile in 0..across {
            if tile + 1 < across {
                change(&mut counts, tile + 1, 1);
            }
            if tile >= 2 {
                change(&mut counts, tile - 2, u16::MAX);
            }
            for y in top..(top + TILE).min(plane.height) {
                for at in columns(tile).map(|x| y * plane.width + x) {
                    let [a, b, own, c, d] = around(&counts, ranks[at]);
                    let more = logarithms[4 * own] - logarithms[a + b + c + d];
                    out[at] = more.clamp(COMMON.0, COMMON.1);
                }
            }
        }
        // Added once and taken away once: the counts are back at zero.
        for tile in across.saturating_sub(2)..across {
            change(&mut counts, tile, u16::MAX);
        }
    }
    out
}

/// Counts of a rank, the two below it and the two above.
fn around(counts: &[u16], rank: u16) -> [usize; 5] {
    let from = usize::from(rank);
    std::array::from_fn(|step| usize::from(counts[from + step]))
}

/// The place of each value among those that occur.
fn ranks(plane: &Plane) -> Vec<u16> {
    let mut rank = vec![0_u16; usize::from(u16::MAX) + 1];
    plane.values.iter().for_each(|v| rank[usize::from(*v)] = 1);
    let mut next = 0_u16;
    for place in &mut rank {
        let occurs = *place == 1;
        *place = next;
        next = next.wrapping_add(u16::from(occurs));
    }
    plane.values.iter().map(|v| rank[usize::from(*v)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grainy(width: usize, height: usize, apart: u16) -> Vec<u16> {
        (0..width * height).map(|i| (1000 + (i * 7919 + i / width * 104_729) % 97) as u16 * apart).collect()
    }

    #[test]
    fn one_level_among_many_is_common_wherever_it_lies_and_gaps_change_nothing() {
        let (width, height) = (75, 53);
        let seen = |apart: u16| {
            let mut values = grainy(width, height, apart);
            (20..60).for_each(|x| values[26 * width + x] = 1040 * apart);
            commonness(&Plane { width, height, values })
        };
        let dense = seen(1);
        let line: f32 = dense[26 * width + 20..26 * width + 60].iter().sum::<f32>() / 40.0;
        let all: f32 = dense.iter().sum::<f32>() / dense.len() as f32;
        assert!(line > all + 0.5, "{line} {all}");
        assert_eq!(dense, seen(9));
    }

    #[test]
    fn every_count_is_that_of_three_by_three_tiles() {
        let (width, height) = (70, 40);
        let plane = Plane { width, height, values: grainy(width, height, 1) };
        let ranks = ranks(&plane);
        let found = commonness(&plane);
        for (x, y) in [(0, 0), (69, 39), (33, 17), (15, 31), (64, 0)] {
            let span = |at: usize, most: usize| {
                (at / TILE * TILE).saturating_sub(TILE)..((at / TILE + 2) * TILE).min(most)
            };
            let mut counts = vec![0_u16; 200];
            for row in span(y, height) {
                span(x, width).for_each(|column| counts[usize::from(ranks[row * width + column]) + 2] += 1);
            }
            let [a, b, own, c, d] = around(&counts, ranks[y * width + x]);
            let wanted = ((own as f32 + 1.0) / ((a + b + c + d) as f32 * 0.25 + 1.0)).log2();
            assert!((found[y * width + x] - wanted).abs() < 1e-5, "{x} {y}");
        }
    }
}
