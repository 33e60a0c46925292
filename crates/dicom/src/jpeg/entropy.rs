//! Huffman-coded blocks (T.81 Annexes C and F.2).

use super::JpegError;

/// One component of a scan, with its tables.
pub(super) struct Coded<'a> {
    pub index: usize,
    pub dc: &'a Table,
    pub ac: &'a Table,
    pub prediction: i16,
}

/// Place (row by row) of each coefficient in the order of the stream (figure A.6).
pub(crate) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Bits that a table looks at in one step.
const LOOK: u32 = 9;

/// A Huffman table: for each length the smallest code, one past the largest, and where its values start.
pub(super) struct Table {
    first: [u32; 17],
    past: [u32; 17],
    start: [usize; 17],
    values: Vec<u8>,
    /// Length (0 for a longer code) and value by the next `LOOK` bits.
    short: Vec<(u8, u8)>,
}

impl Table {
    /// From the number of codes of each length and their values (C.2).
    pub fn new(counts: &[u8; 16], values: &[u8]) -> Result<Self, JpegError> {
        let mut table = Self {
            first: [0; 17],
            past: [0; 17],
            start: [0; 17],
            values: values.to_vec(),
            short: vec![(0, 0); 1 << LOOK],
        };
        let (mut code, mut start) = (0u32, 0usize);
        for length in 1..=16 {
            let count = counts[length - 1];
            table.first[length] = code;
            table.start[length] = start;
            code += u32::from(count);
            table.past[length] = code;
            if code > 1 << length {
                return Err(JpegError("more codes than there are"));
            }
            let room = (LOOK as usize).saturating_sub(length);
            if length <= LOOK as usize {
                for (i, value) in values[start..start + usize::from(count)].iter().enumerate() {
                    let at = (table.first[length] as usize + i) << room;
                    // At most 9.
                    table.short[at..at + (1 << room)].fill((length as u8, *value));
                }
            }
            start += usize::from(count);
            code <<= 1;
        }
        Ok(table)
    }

    pub fn decode(&self, bits: &mut Bits) -> Result<u8, JpegError> {
        let (length, value) = self.short[bits.look(LOOK) as usize];
        if length > 0 {
            bits.take(u32::from(length))?;
            return Ok(value);
        }
        let mut code = 0;
        for length in 1..=16 {
            code = code << 1 | bits.take(1)?;
            if code < self.past[length] && code >= self.first[length] {
                return Ok(self.values[self.start[length] + (code - self.first[length]) as usize]);
            }
        }
        Err(JpegError("a code that is in no table"))
    }
}

/// The bit stream; a zero byte behind FF is stuffing.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    pool: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, pool: 0, count: 0 }
    }

    /// Bytes into the pool until it holds `n` bits, at most 16, or the data end.
    fn fill(&mut self, n: u32) {
        while self.count < n {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xFF && self.data.get(self.at + 1) != Some(&0) {
                return;
            }
            self.at += if byte == 0xFF { 2 } else { 1 };
            self.pool = self.pool << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next `n` bits without taking them, zeros behind the end.
    fn look(&mut self, n: u32) -> u32 {
        self.fill(n);
        let value =
            if self.count >= n { self.pool >> (self.count - n) } else { self.pool << (n - self.count) };
        // At most 16 bits after the mask.
        (value & ((1 << n) - 1)) as u32
    }

    /// `n` bits, at most 16.
    pub fn take(&mut self, n: u32) -> Result<u32, JpegError> {
        self.fill(n);
        self.count = self.count.checked_sub(n).ok_or(JpegError("the scan ends before its last sample"))?;
        // At most 16 bits after the mask.
        Ok((self.pool >> self.count & ((1 << n) - 1)) as u32)
    }

    /// Continues behind restart marker `number` (0 to 7).
    pub fn restart(&mut self, number: usize) -> Result<(), JpegError> {
        if self.data.get(self.at) != Some(&0xFF) || self.data.get(self.at + 1) != Some(&(0xD0 | number as u8))
        {
            return Err(JpegError("a restart marker was expected"));
        }
        *self = Self { data: self.data, at: self.at + 2, pool: 0, count: 0 };
        Ok(())
    }

    /// Bytes taken so far.
    pub fn used(&self) -> usize {
        self.at
    }

    /// A value of `size` bits and its sign (F.2.2.1, EXTEND).
    pub fn signed(&mut self, size: u32) -> Result<i32, JpegError> {
        if size == 0 {
            return Ok(0);
        }
        // At most 16 bits.
        let value = self.take(size)? as i32;
        Ok(if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }
}

/// One block of quantised coefficients, row by row.
pub(super) fn block(bits: &mut Bits, part: &mut Coded) -> Result<[i16; 64], JpegError> {
    let too_large = JpegError("a coefficient is too large");
    let mut out = [0i16; 64];
    let size = u32::from(part.dc.decode(bits)?);
    if size > 15 {
        return Err(too_large);
    }
    // A prediction that leaves 16 bits is no picture's; wrapping keeps it from being more.
    part.prediction = (i32::from(part.prediction) + bits.signed(size)?) as i16;
    out[0] = part.prediction;
    let mut at = 1;
    while at < 64 {
        let symbol = part.ac.decode(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 0x0F));
        match (run, size) {
            (0, 0) => break,
            (15, 0) => at += 16,
            (_, 0) => return Err(JpegError("a code that means nothing")),
            _ => {
                at += run;
                let place = *ZIGZAG.get(at).ok_or(JpegError("a block of more than 64 coefficients"))?;
                // At most 15 bits and a sign.
                out[place] = bits.signed(size)? as i16;
                at += 1;
            }
        }
    }
    Ok(out)
}
