//! The few layers that the net is made of, on planes of 32-bit floats.

/// Values that a pointwise layer works on at once: the inputs of a block stay in the nearest cache.
const BLOCK: usize = 128;

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
        let (size, outputs) = (x.width * x.height, self.bias.len());
        let mut out = Maps::zeros(outputs, x.width, x.height);
        for start in (0..size).step_by(BLOCK) {
            let end = (start + BLOCK).min(size);
            for (output, bias) in self.bias.iter().enumerate() {
                let to = &mut out.values[output * size + start..output * size + end];
                to.fill(*bias);
                let weights = &self.weights[output * x.channels..(output + 1) * x.channels];
                // Channels come in fours throughout the net.
                for (four, w) in weights.as_chunks::<4>().0.iter().enumerate() {
                    let from =
                        |n: usize| &x.values[(four * 4 + n) * size + start..(four * 4 + n) * size + end];
                    let inputs = from(0).iter().zip(from(1)).zip(from(2).iter().zip(from(3)));
                    for (to, ((a, b), (c, d))) in to.iter_mut().zip(inputs) {
                        *to += (w[0] * a + w[1] * b) + (w[2] * c + w[3] * d);
                    }
                }
            }
        }
        out
    }

    /// Three by three places of the same channel, `apart` pixels from each other.
    pub fn depthwise(&self, x: &Maps, apart: usize) -> Maps {
        let mut out = Maps::zeros(x.channels, x.width, x.height);
        for channel in 0..x.channels {
            let weights = &self.weights[channel * 9..(channel + 1) * 9];
            let plane = &mut out.values[channel * x.width * x.height..(channel + 1) * x.width * x.height];
            for (y, row) in plane.chunks_exact_mut(x.width).enumerate() {
                row.fill(self.bias[channel]);
                add_rows(row, x, channel, y, weights, apart);
            }
        }
        out
    }

    /// Three by three places of all channels.
    pub fn full(&self, x: &Maps) -> Maps {
        let mut out = Maps::zeros(self.bias.len(), x.width, x.height);
        let size = x.width * x.height;
        for y in 0..x.height {
            for (output, bias) in self.bias.iter().enumerate() {
                let row = &mut out.values[output * size + y * x.width..output * size + (y + 1) * x.width];
                row.fill(*bias);
                for channel in 0..x.channels {
                    let at = (output * x.channels + channel) * 9;
                    add_rows(row, x, channel, y, &self.weights[at..at + 9], 1);
                }
            }
        }
        out
    }
}

/// Adds what three rows around a row give by nine weights.
fn add_rows(to: &mut [f32], x: &Maps, channel: usize, y: usize, weights: &[f32], apart: usize) {
    let (width, plane) = (x.width, x.plane(channel));
    for (line, w) in weights.as_chunks::<3>().0.iter().enumerate() {
        let Some(row) = (y + line * apart).checked_sub(apart).filter(|row| *row < x.height) else { continue };
        let from = &plane[row * width..(row + 1) * width];
        to.iter_mut().zip(from).for_each(|(to, value)| *to += w[1] * value);
        if width > apart {
            to[apart..].iter_mut().zip(from).for_each(|(to, value)| *to += w[0] * value);
            to.iter_mut().zip(&from[apart..]).for_each(|(to, value)| *to += w[2] * value);
        }
    }
}
