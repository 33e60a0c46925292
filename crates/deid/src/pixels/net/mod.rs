//! A small net that says of every pixel how likely it lies in the box of a string.
//!
//! It was trained on this project's own made-up pictures (`train/README.md`); nothing else was shown to it. Two halvings
//! without loss, separable convolutions, dilated ones at an eighth of the size: about 830 multiplications per pixel.

mod input;
mod layers;

use std::sync::OnceLock;

use self::layers::{Layer, Maps};
use super::raster::Raster;
pub use input::{CHANNELS, Input};

/// Weights as `train/train.py` writes them: 16-bit floats, little endian, layer by layer.
const WEIGHTS: &[u8] = include_bytes!("weights.bin");
/// Places between which the dilated layers look, pixels of an eighth of the size.
const DILATIONS: [usize; 7] = [1, 2, 4, 8, 1, 2, 4];
/// Layers at a quarter of the size before those.
const FINE: usize = 3;
/// Sides are filled up to a multiple of this many pixels.
const STEP: usize = 8;

/// How likely each block of two by two pixels lies in the box of a string.
pub struct Heat {
    /// Blocks across.
    pub width: usize,
    /// Blocks down.
    pub height: usize,
    /// 0 to 1, row by row.
    pub values: Vec<f32>,
}

/// A depthwise layer and the pointwise one behind it.
struct Pair {
    deep: Layer,
    wide: Layer,
}

impl Pair {
    fn of(&self, x: &Maps, apart: usize) -> Maps {
        self.wide.after(&self.deep, x, apart)
    }
}

struct Net {
    a: Layer,
    a_pair: Pair,
    b: Layer,
    b_pairs: Vec<Pair>,
    c: Layer,
    c_pairs: Vec<Pair>,
    up: Layer,
    d_pair: Pair,
    out: Layer,
}

/// Reads layers one after the other.
struct Reader(std::slice::ChunksExact<'static, u8>);

impl Reader {
    fn floats(&mut self, count: usize) -> Vec<f32> {
        self.0.by_ref().take(count).map(|pair| half(u16::from_le_bytes([pair[0], pair[1]]))).collect()
    }

    fn layer(&mut self, outputs: usize, each: usize) -> Layer {
        let weights = self.floats(outputs * each);
        Layer { weights, bias: self.floats(outputs) }
    }

    fn pair(&mut self, channels: usize) -> Pair {
        Pair { deep: self.layer(channels, 9), wide: self.layer(channels, channels) }
    }
}

/// A 16-bit float (IEEE 754 binary16) as a 32-bit one. Weights are finite.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f32::from(bits & 0x3FF));
    let size = if exponent == 0 {
        fraction / 1024.0 * 2.0_f32.powi(-14)
    } else {
        (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15)
    };
    sign * size
}

impl Net {
    fn shipped() -> &'static Self {
        static NET: OnceLock<Net> = OnceLock::new();
        NET.get_or_init(|| {
            let mut read = Reader(WEIGHTS.chunks_exact(2));
            Self {
                a: read.layer(8, CHANNELS * 4 * 9),
                a_pair: read.pair(8),
                b: read.layer(32, 48),
                b_pairs: (0..FINE).map(|_| read.pair(32)).collect(),
                c: read.layer(48, 32),
                c_pairs: DILATIONS.iter().map(|_| read.pair(48)).collect(),
                up: read.layer(32, 48),
                d_pair: read.pair(32),
                out: read.layer(4, 32),
            }
        })
    }

    fn heat(&self, input: Input) -> Heat {
        let x = Maps { channels: CHANNELS, width: input.width, height: input.height, values: input.values };
        let pixels = x.unshuffled();
        let mut x = self.a.full(&pixels);
        x.rectify();
        let more = self.a_pair.of(&x, 1);
        add_positive(&mut x, more);
        // How common values are goes past these layers as it is: the last channel, four places of it.
        let common = pixels.values.len() / CHANNELS * (CHANNELS - 1);
        x.channels += pixels.channels / CHANNELS;
        x.values.extend_from_slice(&pixels.values[common..]);
        let mut x = self.b.pointwise(&x.unshuffled());
        x.rectify();
        for pair in &self.b_pairs {
            let more = pair.of(&x, 1);
            add_positive(&mut x, more);
        }
        let mut fine = x;
        let mut x = self.c.pointwise(&fine.pooled());
        x.rectify();
        for (pair, apart) in self.c_pairs.iter().zip(DILATIONS) {
            let more = pair.of(&x, apart);
            x.add(&more);
            x.rectify();
        }
        fine.add_doubled(&self.up.pointwise(&x));
        fine.rectify();
        let more = self.d_pair.of(&fine, 1);
        add_positive(&mut fine, more);
        let out = self.out.pointwise(&fine);
        let values = out.shuffled().into_iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect();
        Heat { width: out.width * 2, height: out.height * 2, values }
    }
}

/// `x += relu(more)`.
fn add_positive(x: &mut Maps, mut more: Maps) {
    more.rectify();
    x.add(&more);
}

/// How likely each block of two by two pixels of a raster lies in the box of a string.
pub fn heat(raster: &Raster) -> Heat {
    Net::shipped().heat(Input::of(raster, STEP))
}
