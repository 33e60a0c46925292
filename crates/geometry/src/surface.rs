//! How far the surfaces of two masks lie apart, in millimetres or whatever the spacing is in.
//!
//! A surface element is a set element with an unset neighbour across one of its faces (the outside of the grid is unset).
//! Distances are between centres of surface elements, exact for any spacing: the distance transform of Felzenszwalb and
//! Huttenlocher (2012), axis by axis over the lower envelope of parabolas, on the box around both masks.

use crate::{GeometryError, error::positive};

/// Most elements of the box around both masks: 8 bytes each for the transform.
pub const SURFACE_ELEMENTS_MAX: u64 = 1 << 28;

/// The grid of a mask, x fastest, then y, then z. An image has one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Elements along x, y, z.
    pub size: [usize; 3],
    /// Distance of neighbouring centres along x, y, z.
    pub spacing: [f64; 3],
}

/// Distances of two surfaces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceDistances {
    /// The largest distance of an element of one surface from the other surface (Hausdorff).
    pub hausdorff: f64,
    /// The larger of the two directed 95th percentiles, between order statistics by linear interpolation.
    pub hausdorff_95: f64,
    /// The mean over the elements of both surfaces together (average symmetric surface distance).
    pub mean: f64,
}

/// Compares two masks on one grid; anything but 0 is set. `None` where a mask is empty: there is no distance from nothing.
///
/// # Errors
/// [`GeometryError::NotPositive`] or [`GeometryError::NonFinite`] for a grid that is none, [`GeometryError::PixelCount`]
/// for masks of another length, [`GeometryError::TooMany`] beyond [`SURFACE_ELEMENTS_MAX`].
pub fn surface_distances(a: &[u8], b: &[u8], grid: &Grid) -> Result<Option<SurfaceDistances>, GeometryError> {
    for spacing in grid.spacing {
        positive("spacing", spacing)?;
    }
    let expected = grid.size.iter().try_fold(1_u64, |all, n| all.checked_mul(*n as u64)).unwrap_or(u64::MAX);
    if let Some(odd) = [a, b].into_iter().find(|mask| mask.len() as u64 != expected) {
        return Err(GeometryError::PixelCount { found: odd.len() as u64, expected });
    }
    let (Some(of_a), Some(of_b)) = (bounds(a, grid.size), bounds(b, grid.size)) else { return Ok(None) };
    let from = [0, 1, 2].map(|axis| of_a.0[axis].min(of_b.0[axis]));
    let size = [0, 1, 2].map(|axis| of_a.1[axis].max(of_b.1[axis]) - from[axis]);
    let elements = size.iter().map(|n| *n as u64).product();
    if elements > SURFACE_ELEMENTS_MAX {
        return Err(GeometryError::TooMany {
            what: "surface elements",
            found: elements,
            limit: SURFACE_ELEMENTS_MAX,
        });
    }
    let surface = |mask| surface(mask, grid.size, from, size);
    let (surface_a, surface_b) = (surface(a), surface(b));
    let directed = |from: &[usize], to: &[usize]| {
        let field = distances(to, size, grid.spacing);
        let mut list: Vec<f64> = from.iter().map(|place| field[*place].sqrt()).collect();
        list.sort_unstable_by(f64::total_cmp);
        list
    };
    let (there, back) = (directed(&surface_a, &surface_b), directed(&surface_b, &surface_a));
    let sum: f64 = there.iter().chain(&back).sum();
    Ok(Some(SurfaceDistances {
        hausdorff: there[there.len() - 1].max(back[back.len() - 1]),
        hausdorff_95: percentile_95(&there).max(percentile_95(&back)),
        mean: sum / (there.len() + back.len()) as f64,
    }))
}

type Corners = ([usize; 3], [usize; 3]);

/// The box around what is set: first element and one past the last.
fn bounds(mask: &[u8], size: [usize; 3]) -> Option<Corners> {
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for (row, values) in mask.chunks_exact(size[0].max(1)).enumerate() {
        let Some(first) = values.iter().position(|value| *value != 0) else { continue };
        let last = values.iter().rposition(|value| *value != 0).unwrap_or(first);
        for (axis, [at, end]) in
            [[first, last], [row % size[1]; 2], [row / size[1]; 2]].into_iter().enumerate()
        {
            low[axis] = low[axis].min(at);
            high[axis] = high[axis].max(end + 1);
        }
    }
    (low[0] < high[0]).then_some((low, high))
}

/// Places of the surface elements within the box.
fn surface(mask: &[u8], whole: [usize; 3], from: [usize; 3], size: [usize; 3]) -> Vec<usize> {
    let steps = [1, whole[0], whole[0] * whole[1]];
    let mut found = Vec::new();
    for z in 0..size[2] {
        for y in 0..size[1] {
            let row = (from[2] + z) * steps[2] + (from[1] + y) * steps[1];
            for x in 0..size[0] {
                let at = [from[0] + x, from[1] + y, from[2] + z];
                let place = row + at[0];
                let open = |axis: usize| {
                    // Along an axis of one element there is no neighbour: an image is not all surface.
                    whole[axis] > 1
                        && (at[axis] == 0
                            || at[axis] + 1 == whole[axis]
                            || mask[place - steps[axis]] == 0
                            || mask[place + steps[axis]] == 0)
                };
                if mask[place] != 0 && (0..3).any(open) {
                    found.push((z * size[1] + y) * size[0] + x);
                }
            }
        }
    }
    // A grid of one element is its own surface.
    if found.is_empty() {
        found.push(0);
    }
    found
}

/// Squared distance of each element of the box from the nearest of these.
fn distances(to: &[usize], size: [usize; 3], spacing: [f64; 3]) -> Vec<f64> {
    let mut field = vec![f64::INFINITY; size.iter().product()];
    for place in to {
        field[*place] = 0.0;
    }
    let steps = [1, size[0], size[0] * size[1]];
    let longest = size.into_iter().max().unwrap_or(0);
    let mut line = Line { values: vec![0.0; longest], apexes: Vec::with_capacity(longest), ends: Vec::new() };
    for axis in 0..3 {
        let (n, step) = (size[axis], steps[axis]);
        if n < 2 {
            continue;
        }
        for start in (0..field.len()).filter(|place| place / step % n == 0) {
            line.transform(&mut field, start, step, n, spacing[axis]);
        }
    }
    field
}

/// Room for one line at a time.
struct Line {
    values: Vec<f64>,
    /// Index of the parabola that is lowest from `ends` on.
    apexes: Vec<usize>,
    ends: Vec<f64>,
}

impl Line {
    fn transform(&mut self, field: &mut [f64], start: usize, step: usize, n: usize, spacing: f64) {
        self.apexes.clear();
        self.ends.clear();
        let square = spacing * spacing;
        for place in 0..n {
            let value = field[start + place * step];
            self.values[place] = value;
            if value.is_infinite() {
                continue;
            }
            // Where the new parabola crosses the last one; what it covers wholly goes.
            let mut cross = f64::NEG_INFINITY;
            while let (Some(apex), Some(end)) = (self.apexes.last(), self.ends.last()) {
                let (q, p) = (place as f64, *apex as f64);
                cross = ((value - self.values[*apex]) / square + q * q - p * p) / (2.0 * (q - p));
                if cross > *end {
                    break;
                }
                self.apexes.pop();
                self.ends.pop();
                cross = f64::NEG_INFINITY;
            }
            self.apexes.push(place);
            self.ends.push(cross);
        }
        if self.apexes.is_empty() {
            return;
        }
        let mut at = 0;
        for place in 0..n {
            while at + 1 < self.ends.len() && self.ends[at + 1] <= place as f64 {
                at += 1;
            }
            let apex = self.apexes[at];
            let apart = place.abs_diff(apex) as f64;
            field[start + place * step] = square * apart * apart + self.values[apex];
        }
    }
}

fn percentile_95(sorted: &[f64]) -> f64 {
    let place = 0.95 * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}
