//! Packets: which code-blocks there are, and how long (Annex B).

use super::GUARD;
use super::blocks::{self, Block};
use super::wavelet::Plane;
use crate::encode::bits::{BitWriter, Stuffing};

/// Side of a code-block, samples.
const SIDE: usize = 64;
/// First value of the length indicator (B.10.7.1).
const LENGTH_BITS: u32 = 3;

/// A subband of a resolution: horizontally, then vertically low or high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Band {
    LowLow,
    HighLow,
    LowHigh,
    HighHigh,
}

impl Band {
    /// Bits that the wavelet adds (table E.1).
    pub fn gain(self) -> u32 {
        match self {
            Self::LowLow => 0,
            Self::HighLow | Self::LowHigh => 1,
            Self::HighHigh => 2,
        }
    }
}

/// The subbands of a resolution in their order.
pub(super) fn bands(resolution: u32) -> &'static [Band] {
    if resolution == 0 { &[Band::LowLow] } else { &[Band::HighLow, Band::LowHigh, Band::HighHigh] }
}

/// All packets: resolution by resolution, component by component.
pub(super) fn all(planes: &[Plane], levels: u32, precision: u32) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    for resolution in 0..=levels {
        for plane in planes {
            packet(plane, resolution, levels, precision, &mut out)?;
        }
    }
    Ok(out)
}

/// The code-blocks of a subband.
struct Coded {
    across: usize,
    blocks: Vec<Block>,
}

fn code(plane: &Plane, resolution: u32, levels: u32, band: Band) -> Coded {
    let shrink = |side: usize, by: u32| side.div_ceil(1 << by);
    // The resolution's own size, and that of its low half.
    let down = levels - resolution;
    let (width, height) = (shrink(plane.width, down), shrink(plane.height, down));
    let (low_w, low_h) = (shrink(plane.width, down + 1), shrink(plane.height, down + 1));
    let (xs, ys) = match band {
        Band::LowLow => (0..width, 0..height),
        Band::HighLow => (low_w..width, 0..low_h),
        Band::LowHigh => (0..low_w, low_h..height),
        Band::HighHigh => (low_w..width, low_h..height),
    };
    let mut out = Coded { across: xs.len().div_ceil(SIDE), blocks: Vec::new() };
    for top in ys.clone().step_by(SIDE) {
        for left in xs.clone().step_by(SIDE) {
            let right = xs.end.min(left + SIDE);
            let coefficients: Vec<i32> = (top..ys.end.min(top + SIDE))
                .flat_map(|y| plane.samples[y * plane.width + left..y * plane.width + right].iter().copied())
                .collect();
            out.blocks.push(blocks::encode(&coefficients, right - left, band));
        }
    }
    out
}

/// One packet: its header (B.10), then the data of its blocks.
fn packet(
    plane: &Plane,
    resolution: u32,
    levels: u32,
    precision: u32,
    out: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let mut bits = BitWriter::new(Stuffing::Bit);
    let mut data = Vec::new();
    bits.put(1, 1);
    for band in bands(resolution) {
        let most = precision + band.gain() + GUARD - 1;
        let Coded { across, blocks } = code(plane, resolution, levels, *band);
        if blocks.is_empty() {
            continue;
        }
        if blocks.iter().any(|b| b.planes > most) {
            return Err("a coefficient is too large");
        }
        let mut included = Tree::new(across, blocks.iter().map(|b| u32::from(b.passes == 0)).collect());
        let mut missing = Tree::new(across, blocks.iter().map(|b| most - b.planes).collect());
        for (i, block) in blocks.iter().enumerate() {
            included.put(&mut bits, i, 1);
            if block.passes == 0 {
                continue;
            }
            missing.put(&mut bits, i, most + 1);
            put_passes(&mut bits, block.passes);
            put_length(&mut bits, block)?;
            data.extend_from_slice(&block.data);
        }
    }
    out.extend(bits.finish(false));
    out.append(&mut data);
    Ok(())
}

/// Number of coding passes (table B.4).
fn put_passes(bits: &mut BitWriter, passes: u32) {
    match passes {
        1 => bits.put(0, 1),
        2 => bits.put(0b10, 2),
        3..=5 => bits.put(0b1100 | (passes - 3), 4),
        6..=36 => bits.put(0b1111 << 5 | (passes - 6), 9),
        _ => bits.put(0b1_1111_1111 << 7 | (passes - 37), 16),
    }
}

/// Length of the codeword segment (B.10.7.1).
fn put_length(bits: &mut BitWriter, block: &Block) -> Result<(), &'static str> {
    let length = u32::try_from(block.data.len()).map_err(|_| "a code-block is too long")?;
    let needed = 32 - length.leading_zeros();
    let offered = LENGTH_BITS + block.passes.ilog2();
    let more = needed.saturating_sub(offered);
    for _ in 0..more {
        bits.put(1, 1);
    }
    bits.put(0, 1);
    bits.put(length, offered + more);
    Ok(())
}

/// A tag tree (B.10.2).
struct Tree {
    /// Nodes of each level from the leaves up: width and nodes.
    levels: Vec<(usize, Vec<Node>)>,
}

#[derive(Clone, Copy)]
struct Node {
    value: u32,
    low: u32,
    known: bool,
}

impl Tree {
    fn new(across: usize, leaves: Vec<u32>) -> Self {
        let nodes = |values: Vec<u32>| -> Vec<Node> {
            values.into_iter().map(|value| Node { value, low: 0, known: false }).collect()
        };
        let mut width = across;
        let mut values = leaves;
        let mut levels = vec![(width, nodes(values.clone()))];
        while values.len() > 1 {
            let (wide, high) = (width.div_ceil(2), (values.len() / width).div_ceil(2));
            let mut above = vec![u32::MAX; wide * high];
            for (i, value) in values.iter().enumerate() {
                let parent = &mut above[i / width / 2 * wide + i % width / 2];
                *parent = (*parent).min(*value);
            }
            (width, values) = (wide, above);
            levels.push((width, nodes(values.clone())));
        }
        Self { levels }
    }

    /// Says whether the leaf is below `threshold`, and its value if so, as far as not said before.
    fn put(&mut self, bits: &mut BitWriter, leaf: usize, threshold: u32) {
        let across = self.levels[0].0;
        let (x, y) = (leaf % across, leaf / across);
        let mut low = 0;
        for (up, (width, nodes)) in self.levels.iter_mut().enumerate().rev() {
            let node = &mut nodes[(y >> up) * *width + (x >> up)];
            low = low.max(node.low);
            while low < threshold && !(low >= node.value && node.known) {
                if low >= node.value {
                    bits.put(1, 1);
                    node.known = true;
                } else {
                    bits.put(0, 1);
                    low += 1;
                }
            }
            node.low = low;
        }
    }
}
