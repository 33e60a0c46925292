//! One slice while it is painted: shapes are blended in by their signed distance.

use crate::random::Random;

/// A slice in Hounsfield units; coordinates in millimetres from its middle, x to the patient's left, y to
/// the back.
pub struct Slice {
    size: usize,
    spacing: f64,
    /// Height of the slice, in millimetres towards the head.
    pub z: f64,
    values: Vec<f32>,
}

impl Slice {
    pub fn new(size: usize, spacing: f64, z: f64, value: f32) -> Self {
        Self { size, spacing, z, values: vec![value; size * size] }
    }

    /// Blends in what `look` says at each place within `reach` of `centre`: the signed distance to the
    /// shape's border in millimetres (negative inside) and the value there.
    pub fn paint(&mut self, centre: (f64, f64), reach: (f64, f64), look: impl Fn(f64, f64) -> (f64, f64)) {
        let half = (self.size as f64 - 1.0) / 2.0;
        let span = |c: f64, r: f64| {
            let low = ((c - r) / self.spacing + half - 1.0).floor().clamp(0.0, self.size as f64);
            let high = ((c + r) / self.spacing + half + 2.0).ceil().clamp(0.0, self.size as f64);
            low as usize..high as usize
        };
        let columns = span(centre.0, reach.0);
        for row in span(centre.1, reach.1) {
            let y = (row as f64 - half) * self.spacing;
            for column in columns.clone() {
                let x = (column as f64 - half) * self.spacing;
                let (distance, value) = look(x, y);
                let share = (0.5 - distance / self.spacing).clamp(0.0, 1.0) as f32;
                if share > 0.0 {
                    let at = &mut self.values[row * self.size + column];
                    *at += (value as f32 - *at) * share;
                }
            }
        }
    }

    /// An ellipse of one value.
    pub fn ellipse(&mut self, centre: (f64, f64), half: (f64, f64), value: f64) {
        self.paint(centre, half, |x, y| (ellipse(x, y, centre, half), value));
    }

    /// Where a capsule in space (a line with a radius at each end) meets the slice.
    pub fn capsule(&mut self, from: [f64; 3], to: [f64; 3], radius: (f64, f64), value: f64) {
        let most = radius.0.max(radius.1) + self.spacing;
        if from[2].min(to[2]) - most > self.z || from[2].max(to[2]) + most < self.z {
            return;
        }
        let centre = ((from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0);
        let reach = ((from[0] - to[0]).abs() / 2.0 + most, (from[1] - to[1]).abs() / 2.0 + most);
        let d = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
        let length2 = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).max(1e-9);
        let z = self.z;
        self.paint(centre, reach, |x, y| {
            let p = [x - from[0], y - from[1], z - from[2]];
            let along = ((p[0] * d[0] + p[1] * d[1] + p[2] * d[2]) / length2).clamp(0.0, 1.0);
            let off = [p[0] - along * d[0], p[1] - along * d[1], p[2] - along * d[2]];
            let distance = (off[0] * off[0] + off[1] * off[1] + off[2] * off[2]).sqrt();
            (distance - radius.0 - (radius.1 - radius.0) * along, value)
        });
    }

    /// Adds the scanner: a slight blur and noise of standard deviation `sigma`. Values in row order.
    pub fn finish(self, random: &mut Random, sigma: f64) -> Vec<f32> {
        let size = self.size;
        let mut noise = vec![0.0_f32; size * size];
        random.fill_noise(&mut noise);
        // Reconstruction leaves neighbouring noise alike: the same kernel runs over both.
        let blurred = binomial(&self.values, size);
        let grain = binomial(&noise, size);
        // The kernel (1 2 1)/4 in both directions keeps 3/8 of the standard deviation.
        let gain = sigma as f32 / 0.375;
        blurred.iter().zip(&grain).map(|(value, grain)| value + grain * gain).collect()
    }
}

/// Signed distance to an ellipse, good near its border, in millimetres.
pub fn ellipse(x: f64, y: f64, centre: (f64, f64), half: (f64, f64)) -> f64 {
    let (u, v) = ((x - centre.0) / half.0, (y - centre.1) / half.1);
    let length = u.hypot(v);
    let slope = (u / half.0).hypot(v / half.1).max(1e-9);
    if length < 1e-6 { -half.0.min(half.1) } else { (length - 1.0) * length / slope }
}

fn binomial(values: &[f32], size: usize) -> Vec<f32> {
    let mut across = values.to_vec();
    for (row, out) in values.chunks_exact(size).zip(across.chunks_exact_mut(size)) {
        for (o, w) in out[1..].iter_mut().zip(row.windows(3)) {
            *o = 0.25 * w[0] + 0.5 * w[1] + 0.25 * w[2];
        }
    }
    let mut down = across.clone();
    for row in 1..size - 1 {
        let (upper, rest) = across[(row - 1) * size..].split_at(size);
        let (middle, lower) = rest.split_at(size);
        let line = upper.iter().zip(middle).zip(lower);
        for (o, ((a, b), c)) in down[row * size..].iter_mut().zip(line) {
            *o = 0.25 * a + 0.5 * b + 0.25 * c;
        }
    }
    down
}
