//! Bits into bytes for the JPEG family: most significant bit first, with the stuffing of each kind.

/// How a byte FF within coded data is kept apart from a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stuffing {
    /// A zero byte follows (T.81 F.1.2.3).
    Byte,
    /// A zero bit follows (T.87 A.1).
    Bit,
}

/// Writes bits.
pub(crate) struct BitWriter {
    out: Vec<u8>,
    pool: u64,
    count: u32,
    stuffing: Stuffing,
}

impl BitWriter {
    pub fn new(stuffing: Stuffing) -> Self {
        Self { out: Vec::new(), pool: 0, count: 0, stuffing }
    }

    /// Appends the lowest `n` bits of `value` (at most 32).
    pub fn put(&mut self, value: u32, n: u32) {
        let kept = u64::from(value) & ((1u64 << n) - 1);
        self.pool = self.pool << n | kept;
        self.count += n;
        self.flush_full();
    }

    fn room(&self) -> u32 {
        let after_ff = self.stuffing == Stuffing::Bit && self.out.last() == Some(&0xFF);
        if after_ff { 7 } else { 8 }
    }

    fn flush_full(&mut self) {
        while self.count >= self.room() {
            let room = self.room();
            self.count -= room;
            // At most 8 bits after the mask.
            let byte = (self.pool >> self.count) as u8 & (0xFFu8 >> (8 - room));
            self.out.push(byte);
            if byte == 0xFF && self.stuffing == Stuffing::Byte {
                self.out.push(0);
            }
            self.pool &= (1u64 << self.count) - 1;
        }
    }

    /// Fills the last byte up with `fill` bits and returns what was written.
    pub fn finish(mut self, fill: bool) -> Vec<u8> {
        if self.count > 0 {
            let missing = self.room() - self.count;
            self.put(if fill { u32::MAX } else { 0 }, missing);
        }
        // Coded data never end in FF, or the marker behind would be read as stuffed.
        if self.stuffing == Stuffing::Bit && self.out.last() == Some(&0xFF) {
            self.out.push(0);
        }
        self.out
    }
}

/// A marker segment: marker, length and body (T.81 B.1.1.4).
pub(crate) fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend_from_slice(&[0xFF, marker]);
    // Bodies are headers of a few hundred bytes.
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_ones_are_stuffed_as_each_kind_asks() {
        for (stuffing, expected) in
            [(Stuffing::Byte, &[0xFF, 0, 0xFF, 0, 0xF8][..]), (Stuffing::Bit, &[0xFF, 0x7F, 0xFC])]
        {
            let mut bits = BitWriter::new(stuffing);
            bits.put(u32::MAX, 21);
            assert_eq!(bits.finish(false), expected, "{stuffing:?}");
        }
        let mut bits = BitWriter::new(Stuffing::Byte);
        bits.put(0b101, 3);
        assert_eq!(bits.finish(true), [0b1011_1111]);
        let mut bits = BitWriter::new(Stuffing::Bit);
        bits.put(0xFF, 8);
        assert_eq!(bits.finish(false), [0xFF, 0], "no FF at the end");
    }
}
