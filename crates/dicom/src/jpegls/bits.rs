//! The bit stream: after a byte 0xFF only 7 bits of the next one count (T.87 A.1).

use super::JpegLsError;

const DRY: JpegLsError = JpegLsError("the scan ends before its last sample");

pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// Bits not yet used, at the low end.
    pool: u64,
    count: u32,
    after_ff: bool,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, pool: 0, count: 0, after_ff: false }
    }

    /// One more byte into the pool; false at a marker or the end.
    fn fill(&mut self) -> bool {
        let Some(&byte) = self.data.get(self.at) else { return false };
        if self.after_ff && byte >= 0x80 {
            return false;
        }
        let bits = if self.after_ff { 7 } else { 8 };
        self.pool = self.pool << bits | u64::from(byte);
        self.count += bits;
        self.after_ff = byte == 0xFF;
        self.at += 1;
        true
    }

    /// `n` bits (at most 32).
    pub fn take(&mut self, n: u32) -> Result<u32, JpegLsError> {
        while self.count < n {
            if !self.fill() {
                return Err(DRY);
            }
        }
        self.count -= n;
        let value = (self.pool >> self.count) & ((1u64 << n) - 1);
        // At most 32 bits remain after the mask.
        Ok(value as u32)
    }

    /// Number of 0 bits before the next 1 bit, which is consumed; more than `limit` is an error.
    pub fn zeros(&mut self, limit: u32) -> Result<u32, JpegLsError> {
        let mut n = 0;
        loop {
            if self.count == 0 && !self.fill() {
                return Err(DRY);
            }
            let rest = self.pool & ((1u64 << self.count) - 1);
            let run = self.count - (u64::BITS - rest.leading_zeros());
            n += run;
            if n > limit {
                return Err(JpegLsError("a code word is too long"));
            }
            if run < self.count {
                self.count -= run + 1;
                return Ok(n);
            }
            self.count = 0;
        }
    }

    /// Byte position of the marker that follows, and of the next interval after a restart marker.
    pub fn marker(&self) -> usize {
        // A byte 0xFF that was taken as data but is the first half of the marker stands before `at`.
        if self.after_ff && self.data.get(self.at).is_some_and(|b| *b >= 0x80) {
            return self.at - 1;
        }
        self.data[self.at..]
            .windows(2)
            .position(|w| w[0] == 0xFF && w[1] >= 0x80)
            .map_or(self.data.len(), |p| p + self.at)
    }

    /// Continues behind restart marker `expected` (0 to 7).
    pub fn restart(&mut self, expected: u8) -> Result<(), JpegLsError> {
        let at = self.marker();
        if self.data.get(at + 1) != Some(&(0xD0 + expected)) {
            return Err(JpegLsError("a restart marker was expected"));
        }
        *self = Self { data: self.data, at: at + 2, pool: 0, count: 0, after_ff: false };
        Ok(())
    }
}
