//! Huffman codes made for one picture (T.81 Annex K.2), for the JPEG encoders.

use super::bits::BitWriter;

/// Longest code, bits.
const LONGEST: usize = 16;
/// Longest code before it is shortened, bits: more than any 32-bit counts can make.
const UNLIMITED: usize = 64;
/// Symbols, and one that is reserved so that no code is all ones.
const SYMBOLS: usize = 257;

/// A code for up to 256 symbols.
pub(super) struct Code {
    /// Number of codes of each length from 1 to 16.
    pub counts: [u8; LONGEST],
    /// Symbols in the order of their codes.
    pub values: Vec<u8>,
    /// Code and length by symbol; length 0 for one that never occurs.
    codes: [(u16, u8); 256],
}

impl Code {
    /// The shortest code of at most 16 bits for symbols that occur so often.
    pub fn optimal(frequencies: &[u32; 256]) -> Self {
        let sizes = sizes(frequencies);
        let mut per_length = [0u32; UNLIMITED + 1];
        for size in sizes.iter().filter(|s| **s > 0) {
            per_length[*size] += 1;
        }
        shorten(&mut per_length);
        let mut values: Vec<u8> = (0..=255u8).filter(|s| sizes[usize::from(*s)] > 0).collect();
        values.sort_by_key(|s| sizes[usize::from(*s)]);
        let mut counts = [0u8; LONGEST];
        let mut codes = [(0u16, 0u8); 256];
        let (mut code, mut at) = (0u32, 0);
        for length in 1..=LONGEST {
            // The reserved symbol is not among the values; it has the last code of the longest length.
            let here = (per_length[length] as usize).min(values.len() - at);
            for value in &values[at..at + here] {
                // A canonical code of at most 16 bits.
                codes[usize::from(*value)] = (code as u16, length as u8);
                code += 1;
            }
            at += here;
            // At most 256 symbols in all.
            counts[length - 1] = here as u8;
            code <<= 1;
        }
        Self { counts, values, codes }
    }

    /// Writes the code of a symbol.
    pub fn put(&self, bits: &mut BitWriter, symbol: u8) {
        let (code, length) = self.codes[usize::from(symbol)];
        bits.put(u32::from(code), u32::from(length));
    }

    /// The body of a DHT segment: `class` 0 for DC and lossless, 1 for AC.
    pub fn table(&self, class: u8, number: u8) -> Vec<u8> {
        let mut body = vec![class << 4 | number];
        body.extend_from_slice(&self.counts);
        body.extend_from_slice(&self.values);
        body
    }
}

/// Code length of each symbol by merging the two rarest trees again and again (K.2, figure K.1).
fn sizes(frequencies: &[u32; 256]) -> [usize; SYMBOLS] {
    let mut frequency = [0u64; SYMBOLS];
    for (f, given) in frequency.iter_mut().zip(frequencies) {
        *f = u64::from(*given);
    }
    frequency[256] = 1;
    let mut size = [0usize; SYMBOLS];
    let mut next = [None; SYMBOLS];
    loop {
        let rarest = |except: Option<usize>| {
            (0..SYMBOLS)
                .filter(|i| frequency[*i] > 0 && Some(*i) != except)
                .min_by_key(|i| (frequency[*i], SYMBOLS - i))
        };
        let Some(first) = rarest(None) else { return size };
        let Some(second) = rarest(Some(first)) else { break };
        let (into, from) = (second, first);
        frequency[into] += frequency[from];
        frequency[from] = 0;
        let mut at = into;
        loop {
            size[at] += 1;
            match next[at] {
                Some(n) => at = n,
                None => break,
            }
        }
        next[at] = Some(from);
        let mut at = from;
        loop {
            size[at] += 1;
            match next[at] {
                Some(n) => at = n,
                None => break,
            }
        }
    }
    size
}

/// Brings lengths above 16 down (figure K.3), then gives the reserved symbol's code up (its place stays
/// empty, so that no code is all ones).
fn shorten(per_length: &mut [u32; UNLIMITED + 1]) {
    for length in (LONGEST + 1..=UNLIMITED).rev() {
        while per_length[length] > 0 {
            let mut shorter = length - 2;
            while per_length[shorter] == 0 {
                shorter -= 1;
            }
            per_length[length] -= 2;
            per_length[length - 1] += 1;
            per_length[shorter + 1] += 2;
            per_length[shorter] -= 1;
        }
    }
    if let Some(last) = per_length.iter_mut().rev().find(|n| **n > 0) {
        *last -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code is a prefix of no other, none is all ones, none is longer than 16 bits.
    fn check(frequencies: &[u32; 256]) {
        let code = Code::optimal(frequencies);
        let used: Vec<(u16, u8)> = (0..256).filter(|s| frequencies[*s] > 0).map(|s| code.codes[s]).collect();
        for (i, (a, la)) in used.iter().enumerate() {
            assert!((1..=16).contains(la));
            assert_ne!(u32::from(*a), (1u32 << la) - 1, "all ones");
            for (b, lb) in used.iter().skip(i + 1) {
                let shared = u32::from(*la.min(lb));
                assert_ne!(
                    u32::from(*a) >> (u32::from(*la) - shared),
                    u32::from(*b) >> (u32::from(*lb) - shared)
                );
            }
        }
        assert_eq!(code.values.len(), used.len());
    }

    #[test]
    fn codes_are_prefix_free_and_short_enough() {
        let mut frequencies = [0u32; 256];
        frequencies[7] = 1;
        check(&frequencies);
        frequencies[200] = 1_000_000;
        check(&frequencies);
        check(&[1; 256]);
        // Fibonacci counts make the longest codes there are.
        let mut fibonacci = [0u32; 256];
        let (mut a, mut b) = (1u32, 1u32);
        for f in fibonacci.iter_mut().take(40) {
            *f = a;
            (a, b) = (b, a + b);
        }
        check(&fibonacci);
    }
}
