//! The arithmetic coder (Annex C).

/// Probability, next state after the likelier and the other symbol, and whether the two change places
/// (table C.2).
const STATES: [(u32, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// Number of contexts (table D.7).
pub(super) const CONTEXTS: usize = 19;
/// Context of a run of four insignificant samples.
pub(super) const RUN: usize = 17;
/// Context of equally likely symbols.
pub(super) const UNIFORM: usize = 18;

/// Codes decisions.
pub(super) struct Coder {
    /// State and likelier symbol by context.
    contexts: [(u8, bool); CONTEXTS],
    interval: u32,
    code: u32,
    count: u32,
    /// What was written, behind one byte that stands for what came before.
    out: Vec<u8>,
}

impl Coder {
    pub fn new() -> Self {
        let mut contexts = [(0, false); CONTEXTS];
        // Table D.7.
        contexts[0].0 = 4;
        contexts[RUN].0 = 3;
        contexts[UNIFORM].0 = 46;
        Self { contexts, interval: 0x8000, code: 0, count: 12, out: vec![0] }
    }

    /// One decision in a context (C.2.2 to C.2.4).
    pub fn put(&mut self, symbol: bool, context: usize) {
        let (state, likely) = self.contexts[context];
        let (probability, after_likely, after_other, turn) = STATES[usize::from(state)];
        self.interval -= probability;
        if symbol == likely {
            if self.interval & 0x8000 != 0 {
                self.code += probability;
                return;
            }
            if self.interval < probability {
                self.interval = probability;
            } else {
                self.code += probability;
            }
            self.contexts[context].0 = after_likely;
        } else {
            if self.interval < probability {
                self.code += probability;
            } else {
                self.interval = probability;
            }
            self.contexts[context] = (after_other, likely != turn);
        }
        while self.interval & 0x8000 == 0 {
            self.interval <<= 1;
            self.code <<= 1;
            self.count -= 1;
            if self.count == 0 {
                self.byte();
            }
        }
    }

    /// BYTEOUT (figure C.8).
    fn byte(&mut self) {
        let last = self.out.len() - 1;
        if self.out[last] != 0xFF && self.code & 0x0800_0000 != 0 {
            self.out[last] += 1;
            self.code &= 0x07FF_FFFF;
        }
        // Behind FF only 7 bits are used. The masks leave a byte.
        let shift = if self.out[last] == 0xFF { 20 } else { 19 };
        self.out.push((self.code >> shift) as u8);
        self.code &= (1 << shift) - 1;
        self.count = if shift == 20 { 7 } else { 8 };
    }

    /// FLUSH (figures C.11 and C.12); the coded bytes.
    pub fn finish(mut self) -> Vec<u8> {
        let top = self.code + self.interval;
        self.code |= 0xFFFF;
        if self.code >= top {
            self.code -= 0x8000;
        }
        self.code <<= self.count;
        self.byte();
        self.code <<= self.count;
        self.byte();
        // A last FF is not written: the decoder finds ones behind the end.
        if self.out.last() == Some(&0xFF) {
            self.out.pop();
        }
        self.out.remove(0);
        self.out
    }
}
