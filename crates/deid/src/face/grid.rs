//! The slices of a series as cubes along the axes of the patient.

use super::{FaceError, FaceSlice};

/// Edge of a cube, mm.
pub const CUBE_MM: f64 = 2.5;
/// Most cubes along one axis: 0.8 m, more than a head with its neck and shoulders.
const MOST_CUBES: usize = 320;
/// Smallest cosine between the normals of parallel slices.
const PARALLEL: f64 = 0.999;
/// Widest gap between slices that are still one stack, mm.
const WIDEST_GAP_MM: f64 = 10.0;

/// Values along x (left), y (back) and z (up); where there was no slice, the value of air.
pub struct Grid {
    /// Centre of the first cube, LPS, mm.
    pub first: [f64; 3],
    /// Cubes along x, y and z.
    pub size: [usize; 3],
    pub values: Vec<f32>,
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn normal(slice: &FaceSlice) -> [f64; 3] {
    let [[ax, ay, az], [bx, by, bz]] = slice.steps;
    let cross = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
    let length = dot(cross, cross).sqrt();
    cross.map(|part| part / length)
}

impl Grid {
    /// Sorts parallel slices into cubes.
    pub fn of(mut slices: Vec<FaceSlice>) -> Result<Self, FaceError> {
        let axis = normal(&slices[0]);
        let parallel = |slice: &FaceSlice| dot(normal(slice), axis) > PARALLEL;
        if !axis.iter().all(|part| part.is_finite()) || !slices.iter().all(parallel) {
            return Err(FaceError::NoStack);
        }
        slices.sort_by(|a, b| dot(a.origin, axis).total_cmp(&dot(b.origin, axis)));
        let heights: Vec<f64> = slices.iter().map(|slice| dot(slice.origin, axis)).collect();
        let gap = heights.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        if gap > WIDEST_GAP_MM {
            return Err(FaceError::NoStack);
        }
        let (low, high) = bounds(&slices);
        let mut size = [0; 3];
        for axis in 0..3 {
            let cubes = ((high[axis] - low[axis]) / CUBE_MM).ceil();
            if !(cubes >= 1.0 && cubes <= MOST_CUBES as f64) {
                return Err(FaceError::NoStack);
            }
            size[axis] = cubes as usize;
        }
        let air = slices.iter().flat_map(|s| &s.values).copied().fold(f32::INFINITY, f32::min);
        let first = low.map(|edge| edge + CUBE_MM / 2.0);
        let mut grid = Self { first, size, values: Vec::new() };
        let reach = gap.max(CUBE_MM);
        let value = |at| {
            let p = grid.point(at);
            let height = dot(p, axis);
            let above = heights.partition_point(|h| *h < height);
            let nearest = [above.checked_sub(1), (above < heights.len()).then_some(above)];
            let nearest = nearest.into_iter().flatten();
            let nearest =
                nearest.min_by(|a, b| (heights[*a] - height).abs().total_cmp(&(heights[*b] - height).abs()));
            let near = nearest.filter(|n| (heights[*n] - height).abs() <= reach);
            near.and_then(|n| slices[n].at(p)).unwrap_or(air)
        };
        let values = (0..size[0] * size[1] * size[2]).map(value).collect();
        grid.values = values;
        Ok(grid)
    }

    /// Centre of a cube, LPS, mm.
    pub fn point(&self, at: usize) -> [f64; 3] {
        let [width, depth, _] = self.size;
        let cube = [at % width, at / width % depth, at / width / depth];
        std::array::from_fn(|axis| self.first[axis] + cube[axis] as f64 * CUBE_MM)
    }

    /// Volume of so many cubes, ml.
    pub fn millilitres(&self, cubes: usize) -> f64 {
        cubes as f64 * CUBE_MM.powi(3) / 1000.0
    }

    /// Cubes that share a face with a cube.
    pub fn neighbours(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let [width, depth, height] = self.size;
        let (x, y, z) = (at % width, at / width % depth, at / width / depth);
        let layer = width * depth;
        [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < depth).then_some(at + width),
            (z > 0).then(|| at - layer),
            (z + 1 < height).then_some(at + layer),
        ]
        .into_iter()
        .flatten()
    }
}

impl FaceSlice {
    /// The value nearest to a point's foot on the slice.
    fn at(&self, p: [f64; 3]) -> Option<f32> {
        let from: [f64; 3] = std::array::from_fn(|i| p[i] - self.origin[i]);
        let place = |step: [f64; 3]| (dot(from, step) / dot(step, step)).round();
        let (x, y) = (place(self.steps[0]), place(self.steps[1]));
        let inside = x >= 0.0 && y >= 0.0 && x < self.size[0] as f64 && y < self.size[1] as f64;
        inside.then(|| self.values[y as usize * self.size[0] + x as usize])
    }
}

/// Least and greatest coordinates of all slices.
fn bounds(slices: &[FaceSlice]) -> ([f64; 3], [f64; 3]) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for slice in slices {
        for (across, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            for axis in 0..3 {
                let at = slice.origin[axis]
                    + slice.steps[0][axis] * (across * slice.size[0]) as f64
                    + slice.steps[1][axis] * (down * slice.size[1]) as f64;
                low[axis] = low[axis].min(at);
                high[axis] = high[axis].max(at);
            }
        }
    }
    // A single slice's thickness along its own axis.
    (low.map(|edge| edge - CUBE_MM / 2.0), high.map(|edge| edge + CUBE_MM / 2.0))
}
