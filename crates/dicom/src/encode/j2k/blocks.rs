//! Code-blocks: bit-planes in three passes each (Annex D).

use super::mq::{Coder, RUN, UNIFORM};
use super::packets::Band;

/// A coded block.
pub(super) struct Block {
    /// Bit-planes from the highest that has a one.
    pub planes: u32,
    pub passes: u32,
    pub data: Vec<u8>,
}

const SIGNIFICANT: u8 = 1;
const NEGATIVE: u8 = 2;
const VISITED: u8 = 4;
const REFINED: u8 = 8;

/// Rows of a stripe (D.1).
const STRIPE: usize = 4;

struct Coding<'a> {
    band: Band,
    width: usize,
    height: usize,
    magnitudes: &'a [u32],
    /// State of each sample, with a margin of one on each side.
    state: Vec<u8>,
    coder: Coder,
}

/// Codes the coefficients of a block, row by row.
pub(super) fn encode(coefficients: &[i32], width: usize, band: Band) -> Block {
    let height = coefficients.len() / width;
    let magnitudes: Vec<u32> = coefficients.iter().map(|v| v.unsigned_abs()).collect();
    let planes = 32 - magnitudes.iter().fold(0, |all, m| all | m).leading_zeros();
    if planes == 0 {
        return Block { planes, passes: 0, data: Vec::new() };
    }
    let stride = width + 2;
    let mut state = vec![0; stride * (height + 2)];
    for (i, v) in coefficients.iter().enumerate() {
        if *v < 0 {
            state[(i / width + 1) * stride + i % width + 1] = NEGATIVE;
        }
    }
    let mut coding = Coding { band, width, height, magnitudes: &magnitudes, state, coder: Coder::new() };
    for plane in (0..planes).rev() {
        if plane + 1 < planes {
            coding.propagate(plane);
            coding.refine(plane);
        }
        coding.clean_up(plane);
    }
    Block { planes, passes: 3 * planes - 2, data: coding.coder.finish() }
}

impl Coding<'_> {
    fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * (self.width + 2) + x + 1
    }

    fn bit(&self, x: usize, y: usize, plane: u32) -> bool {
        self.magnitudes[y * self.width + x] >> plane & 1 == 1
    }

    /// Significant neighbours: beside, above and below, diagonal.
    fn around(&self, at: usize) -> (u8, u8, u8) {
        let stride = self.width + 2;
        let s = |i: usize| self.state[i] & SIGNIFICANT;
        let (up, down) = (at - stride, at + stride);
        (s(at - 1) + s(at + 1), s(up) + s(down), s(up - 1) + s(up + 1) + s(down - 1) + s(down + 1))
    }

    /// Context of a sample that is not significant yet (table D.1).
    fn zero_context(&self, at: usize) -> usize {
        let (h, v, d) = self.around(at);
        if self.band == Band::HighHigh {
            return match (d, h + v) {
                (3.., _) => 8,
                (2, 1..) => 7,
                (2, 0) => 6,
                (1, 2..) => 5,
                (1, 1) => 4,
                (1, 0) => 3,
                (_, 2..) => 2,
                (_, n) => usize::from(n),
            };
        }
        let (h, v) = if self.band == Band::HighLow { (v, h) } else { (h, v) };
        match (h, v, d) {
            (2.., _, _) => 8,
            (1, 1.., _) => 7,
            (1, 0, 1..) => 6,
            (1, 0, 0) => 5,
            (_, 2.., _) => 4,
            (_, 1, _) => 3,
            (_, _, 2..) => 2,
            (_, _, n) => usize::from(n),
        }
    }

    /// Codes the sign of a sample that has become significant (tables D.2 and D.3).
    fn sign(&mut self, at: usize) {
        let stride = self.width + 2;
        let one = |i: usize| match self.state[i] & (SIGNIFICANT | NEGATIVE) {
            SIGNIFICANT => 1,
            3 => -1,
            _ => 0i8,
        };
        let h = (one(at - 1) + one(at + 1)).clamp(-1, 1);
        let v = (one(at - stride) + one(at + stride)).clamp(-1, 1);
        let (context, turn) = match (h, v) {
            (1, 1) => (13, false),
            (1, 0) => (12, false),
            (1, _) => (11, false),
            (0, 1) => (10, false),
            (0, 0) => (9, false),
            (0, _) => (10, true),
            (_, 1) => (11, true),
            (_, 0) => (12, true),
            (_, _) => (13, true),
        };
        let negative = self.state[at] & NEGATIVE != 0;
        self.coder.put(negative != turn, context);
        self.state[at] |= SIGNIFICANT;
    }

    /// Every sample in the order of a pass: stripes of four rows, column by column (D.1).
    fn scan(&mut self, mut each: impl FnMut(&mut Self, usize, usize)) {
        for top in (0..self.height).step_by(STRIPE) {
            for x in 0..self.width {
                for y in top..self.height.min(top + STRIPE) {
                    each(self, x, y);
                }
            }
        }
    }

    /// Significance propagation (D.3.1).
    fn propagate(&mut self, plane: u32) {
        self.scan(|coding, x, y| {
            let at = coding.at(x, y);
            let context = coding.zero_context(at);
            if coding.state[at] & SIGNIFICANT != 0 || context == 0 {
                return;
            }
            let bit = coding.bit(x, y, plane);
            coding.coder.put(bit, context);
            if bit {
                coding.sign(at);
            }
            coding.state[at] |= VISITED;
        });
    }

    /// Magnitude refinement (D.3.3).
    fn refine(&mut self, plane: u32) {
        self.scan(|coding, x, y| {
            let at = coding.at(x, y);
            if coding.state[at] & (SIGNIFICANT | VISITED) != SIGNIFICANT {
                return;
            }
            let context = if coding.state[at] & REFINED != 0 {
                16
            } else if coding.around(at) == (0, 0, 0) {
                14
            } else {
                15
            };
            coding.coder.put(coding.bit(x, y, plane), context);
            coding.state[at] |= REFINED;
        });
    }

    /// Clean-up (D.3.4).
    fn clean_up(&mut self, plane: u32) {
        for top in (0..self.height).step_by(STRIPE) {
            for x in 0..self.width {
                self.clean_column(x, top, plane);
            }
        }
        self.state.iter_mut().for_each(|s| *s &= !VISITED);
    }

    fn clean_column(&mut self, x: usize, top: usize, plane: u32) {
        let bottom = self.height.min(top + STRIPE);
        let untouched = |y: usize| {
            let at = self.at(x, y);
            self.state[at] & (SIGNIFICANT | VISITED) == 0 && self.zero_context(at) == 0
        };
        let mut start = top;
        if bottom - top == STRIPE && (top..bottom).all(untouched) {
            let first = (top..bottom).find(|y| self.bit(x, *y, plane));
            self.coder.put(first.is_some(), RUN);
            let Some(first) = first else { return };
            let place = first - top;
            self.coder.put(place & 2 != 0, UNIFORM);
            self.coder.put(place & 1 != 0, UNIFORM);
            self.sign(self.at(x, first));
            start = first + 1;
        }
        for y in start..bottom {
            let at = self.at(x, y);
            if self.state[at] & (SIGNIFICANT | VISITED) != 0 {
                continue;
            }
            let bit = self.bit(x, y, plane);
            self.coder.put(bit, self.zero_context(at));
            if bit {
                self.sign(at);
            }
        }
    }
}
