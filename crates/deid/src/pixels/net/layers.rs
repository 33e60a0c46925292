//! The few layers that the net is made of, on planes of 32-bit floats.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

/// Values that a pointwise layer works on at once: the inputs of a block stay in the nearest cache.
const BLOCK: usize = 96;
/// Vectors of places and outputs whose sums are held in registers: twelve of the sixteen that x86-64 has.
const VECTORS: usize = 3;
const OUTPUTS: usize = 4;

/// Planes of equal size, one after the other.
pub struct Maps {
    pub channels: usize,
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Maps {
    pub fn zeros(channels: usize, width: usize, height: usize) -> Self {
        Self { channels, width, height, values: vec![0.0; channels * width * height] }
    }

    fn plane(&self, channel: usize) -> &[f32] {
        let size = self.width * self.height;
        &self.values[channel * size..(channel + 1) * size]
    }

    /// Blocks of two by two pixels become four channels: top left, top right, bottom left, bottom right.
    pub fn unshuffled(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut out = Self::zeros(self.channels * 4, width, height);
        for channel in 0..self.channels {
            let plane = self.plane(channel);
            for y in 0..2 * height {
                let row = &plane[y * self.width..(y + 1) * self.width];
                for dx in 0..2 {
                    let to = ((channel * 4 + (y % 2) * 2 + dx) * height + y / 2) * width;
                    let pairs = row.as_chunks::<2>().0.iter();
                    out.values[to..to + width].iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[dx]);
                }
            }
        }
        out
    }

    /// The reverse of [`Self::unshuffled`] for four channels: one plane of twice the size.
    pub fn shuffled(&self) -> Vec<f32> {
        let width = self.width * 2;
        let mut out = vec![0.0; width * self.height * 2];
        for (channel, (dy, dx)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
            for (y, row) in self.plane(channel).chunks_exact(self.width).enumerate() {
                let to = &mut out[(2 * y + dy) * width..(2 * y + dy + 1) * width];
                to.iter_mut().skip(dx).step_by(2).zip(row).for_each(|(to, value)| *to = *value);
            }
        }
        out
    }

    /// Means of two by two pixels.
    pub fn pooled(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut out = Self::zeros(self.channels, width, height);
        for (rows, to) in self.values.chunks_exact(2 * self.width).zip(out.values.chunks_exact_mut(width)) {
            let (upper, lower) = rows.split_at(self.width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            to.iter_mut().zip(pairs).for_each(|(to, (a, b))| *to = (a[0] + a[1] + b[0] + b[1]) * 0.25);
        }
        out
    }

    /// Adds the maps at half the size, each value to four pixels.
    pub fn add_doubled(&mut self, half: &Self) {
        let width = self.width;
        for (rows, from) in self.values.chunks_exact_mut(2 * width).zip(half.values.chunks_exact(half.width))
        {
            for row in rows.chunks_exact_mut(width) {
                for (pair, value) in row.as_chunks_mut::<2>().0.iter_mut().zip(from) {
                    pair[0] += value;
                    pair[1] += value;
                }
            }
        }
    }

    /// Adds maps of the same size.
    pub fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(to, value)| *to += value);
    }

    /// Takes away what is below zero.
    pub fn rectify(&mut self) {
        self.values.iter_mut().for_each(|value| *value = value.max(0.0));
    }
}

/// Weights of a layer: by output, then input, then place.
pub struct Layer {
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Layer {
    /// Every output from all inputs at the same place.
    pub fn pointwise(&self, x: &Maps) -> Maps {
        Arch::new().dispatch(Pointwise { layer: self, x })
    }

    /// Three by three places of the same channel, `apart` pixels from each other, by the weights of `deep`; then every output
    /// from all of these at the same place. Row by row, so that what lies between the two never leaves the cache.
    pub fn after(&self, deep: &Self, x: &Maps, apart: usize) -> Maps {
        Arch::new().dispatch(After { layer: self, deep, x, apart })
    }

    /// Three by three places of all channels.
    pub fn full(&self, x: &Maps) -> Maps {
        Arch::new().dispatch(Full { layer: self, x })
    }

    /// The weights of four outputs side by side, input by input. Outputs come in fours throughout the net.
    fn packed(&self) -> Vec<[f32; OUTPUTS]> {
        let inputs = self.weights.len() / self.bias.len();
        let quads = self.bias.len() / OUTPUTS;
        (0..quads * inputs)
            .map(|at| {
                std::array::from_fn(|n| self.weights[(at / inputs * OUTPUTS + n) * inputs + at % inputs])
            })
            .collect()
    }

    /// Weighted sums of the values that begin at each of `from`, for `places` of every output plane of `size` values.
    #[inline(always)]
    fn sums<S: Simd>(
        &self,
        simd: S,
        packed: &[[f32; OUTPUTS]],
        (values, from): (&[f32], &[usize]),
        out: &mut [f32],
        (places, size): (Range<usize>, usize),
    ) {
        let tile = VECTORS * S::F32_LANES;
        for (quad, weights) in packed.chunks_exact(from.len()).enumerate() {
            let bias: [f32; OUTPUTS] = std::array::from_fn(|n| self.bias[quad * OUTPUTS + n]);
            let mut at = 0;
            while at < places.len() {
                // The last tile ends where the places end: it may do some of them twice.
                at = at.min(places.len().saturating_sub(tile));
                let to = |n: usize| (quad * OUTPUTS + n) * size + places.start + at;
                if places.len() < tile {
                    for n in 0..OUTPUTS {
                        for place in 0..places.len() {
                            let each = weights.iter().zip(from).map(|(w, from)| w[n] * values[from + place]);
                            out[to(n) + place] = bias[n] + each.sum::<f32>();
                        }
                    }
                } else {
                    let sums = tile_of(simd, weights, bias, &values[at..], from);
                    for (n, sum) in sums.iter().enumerate() {
                        S::as_mut_simd_f32s(&mut out[to(n)..to(n) + tile]).0.copy_from_slice(sum);
                    }
                }
                at += tile;
            }
        }
    }
}

/// Sums for four outputs at some vectors of places, held in registers.
#[inline(always)]
fn tile_of<S: Simd>(
    simd: S,
    weights: &[[f32; OUTPUTS]],
    bias: [f32; OUTPUTS],
    values: &[f32],
    from: &[usize],
) -> [[S::f32s; VECTORS]; OUTPUTS] {
    let mut sums = bias.map(|bias| [simd.splat_f32s(bias); VECTORS]);
    for (w, from) in weights.iter().zip(from) {
        let (input, _) = S::as_simd_f32s(&values[*from..*from + VECTORS * S::F32_LANES]);
        for (sum, w) in sums.iter_mut().zip(w) {
            let w = simd.splat_f32s(*w);
            for (sum, input) in sum.iter_mut().zip(input) {
                *sum = simd.mul_add_e_f32s(w, *input, *sum);
            }
        }
    }
    sums
}

/// [`Layer::pointwise`], for the vectors that this processor has.
struct Pointwise<'a> {
    layer: &'a Layer,
    x: &'a Maps,
}

impl WithSimd for Pointwise<'_> {
    type Output = Maps;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Maps {
        let Self { layer, x } = self;
        let size = x.width * x.height;
        let mut out = Maps::zeros(layer.bias.len(), x.width, x.height);
        // A block of all channels side by side: planes a power of two apart would share few lines of the cache.
        let mut near = vec![0.0; x.channels * BLOCK];
        let from: Vec<usize> = (0..x.channels).map(|channel| channel * BLOCK).collect();
        let packed = layer.packed();
        for start in (0..size).step_by(BLOCK) {
            let count = BLOCK.min(size - start);
            for (channel, to) in near.chunks_exact_mut(BLOCK).enumerate() {
                to[..count].copy_from_slice(&x.plane(channel)[start..start + count]);
            }
            layer.sums(simd, &packed, (&near, &from), &mut out.values, (start..start + count, size));
        }
        out
    }
}

/// [`Layer::after`], for the vectors that this processor has.
struct After<'a> {
    layer: &'a Layer,
    deep: &'a Layer,
    x: &'a Maps,
    apart: usize,
}

impl WithSimd for After<'_> {
    type Output = Maps;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Maps {
        let Self { layer, deep, x, apart } = self;
        let (width, size) = (x.width, x.width * x.height);
        let mut out = Maps::zeros(layer.bias.len(), width, x.height);
        let mut near = vec![0.0; x.channels * width];
        let from: Vec<usize> = (0..x.channels).map(|channel| channel * width).collect();
        let packed = layer.packed();
        for y in 0..x.height {
            for (channel, row) in near.chunks_exact_mut(width).enumerate() {
                row.fill(deep.bias[channel]);
                add_rows(row, x.plane(channel), y, &deep.weights[channel * 9..(channel + 1) * 9], apart);
            }
            let places = y * width..(y + 1) * width;
            layer.sums(simd, &packed, (&near, &from), &mut out.values, (places, size));
        }
        out
    }
}

/// [`Layer::full`], for the vectors that this processor has.
struct Full<'a> {
    layer: &'a Layer,
    x: &'a Maps,
}

impl WithSimd for Full<'_> {
    type Output = Maps;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Maps {
        let Self { layer, x } = self;
        let mut out = Maps::zeros(layer.bias.len(), x.width, x.height);
        let (size, across) = (x.width * x.height, x.width + 2);
        let framed_size = across * (x.height + 2);
        let mut framed = vec![0.0; framed_size * x.channels];
        for (channel, to) in framed.chunks_exact_mut(framed_size).enumerate() {
            frame(x.plane(channel), x.width, to);
        }
        let place = |n: usize| n / 9 * framed_size + n % 9 / 3 * across + n % 3;
        let from: Vec<usize> = (0..x.channels * 9).map(place).collect();
        let packed = layer.packed();
        for y in 0..x.height {
            let row = y * x.width..(y + 1) * x.width;
            layer.sums(simd, &packed, (&framed[y * across..], &from), &mut out.values, (row, size));
        }
        out
    }
}

/// Adds what three rows of a plane, `apart` from each other around `y`, give by nine weights.
#[inline(always)]
fn add_rows(to: &mut [f32], plane: &[f32], y: usize, weights: &[f32], apart: usize) {
    let width = to.len();
    for (line, w) in weights.as_chunks::<3>().0.iter().enumerate() {
        let row =
            (y + line * apart).checked_sub(apart).and_then(|row| plane.get(row * width..(row + 1) * width));
        let Some(from) = row else { continue };
        to.iter_mut().zip(from).for_each(|(to, value)| *to += w[1] * value);
        if width > apart {
            to[apart..].iter_mut().zip(from).for_each(|(to, value)| *to += w[0] * value);
            to.iter_mut().zip(&from[apart..]).for_each(|(to, value)| *to += w[2] * value);
        }
    }
}

/// A plane with zeros around it, one on each side. What `to` has beside the plane must be zero already.
fn frame(plane: &[f32], width: usize, to: &mut [f32]) {
    let rows = to.chunks_exact_mut(width + 2).skip(1);
    rows.zip(plane.chunks_exact(width)).for_each(|(to, from)| to[1..=width].copy_from_slice(from));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(channels: usize, width: usize, height: usize) -> Maps {
        let values = (0..channels * width * height).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect();
        Maps { channels, width, height, values }
    }

    fn layer(outputs: usize, each: usize) -> Layer {
        let weights = (0..outputs * each).map(|i| (i * 53 % 97) as f32 / 48.0 - 1.0).collect();
        Layer { weights, bias: (0..outputs).map(|i| i as f32 / 7.0).collect() }
    }

    /// The value `dx`, `dy` from a place, zero outside.
    fn at(x: &Maps, channel: usize, place: usize, dx: isize, dy: isize) -> f32 {
        let column = (place % x.width).checked_add_signed(dx).filter(|v| *v < x.width);
        let row = (place / x.width).checked_add_signed(dy).filter(|v| *v < x.height);
        column.zip(row).map_or(0.0, |(column, row)| x.plane(channel)[row * x.width + column])
    }

    fn same(found: &Maps, wanted: impl Fn(usize, usize) -> f32) {
        let size = found.width * found.height;
        for (n, value) in found.values.iter().enumerate() {
            let wanted = wanted(n / size, n % size);
            assert!((value - wanted).abs() < 1e-3, "{n}: {value} {wanted}");
        }
    }

    #[test]
    fn layers_are_the_sums_that_they_are_defined_as() {
        for (width, height) in [(19, 11), (3, 2), (8, 16)] {
            let x = maps(4, width, height);
            let one = layer(8, 4);
            same(&one.pointwise(&x), |o, p| {
                one.bias[o] + (0..4).map(|c| one.weights[o * 4 + c] * at(&x, c, p, 0, 0)).sum::<f32>()
            });
            let nine = |weights: &[f32], channel: usize, place: usize, apart: isize| -> f32 {
                let offset = |n: usize| ((n % 3) as isize - 1, (n / 3) as isize - 1);
                let each = weights.iter().enumerate().map(|(n, w)| (w, offset(n)));
                each.map(|(w, (dx, dy))| w * at(&x, channel, place, dx * apart, dy * apart)).sum()
            };
            for apart in [1, 2, 4] {
                let deep = layer(4, 9);
                let between = |c: usize, p: usize| {
                    deep.bias[c] + nine(&deep.weights[c * 9..(c + 1) * 9], c, p, apart as isize)
                };
                same(&one.after(&deep, &x, apart), |o, p| {
                    one.bias[o] + (0..4).map(|c| one.weights[o * 4 + c] * between(c, p)).sum::<f32>()
                });
            }
            let full = layer(4, 36);
            same(&full.full(&x), |o, p| {
                let part = |c: usize| nine(&full.weights[(o * 4 + c) * 9..(o * 4 + c + 1) * 9], c, p, 1);
                full.bias[o] + (0..4).map(part).sum::<f32>()
            });
        }
    }
}
