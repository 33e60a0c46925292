//! Searching pixel data for values of eight bytes and more, every byte of them, at the speed of memory.
//!
//! Whatever stands somewhere and is at least seven bytes long covers a whole aligned word of four bytes. So
//! it is enough to look at every fourth position, and to ask a bitmap whether that word is one of the first
//! four words of some value; only then are values compared. Cases are folded by one OR, which maps a few
//! signs on each other as well: the comparison decides.

/// Bits of the bitmap's index: 8 KiB, so that it stays in the first cache.
const INDEX_BITS: u32 = 16;
/// Sets the bit by which ASCII letters differ from their capitals.
const FOLD: u32 = 0x2020_2020;
/// Bytes of a word.
const WORD: usize = 4;

pub(super) struct Grams {
    bitmap: Vec<u64>,
    /// Index, number of the value, offset of the word in it; sorted by index.
    words: Vec<(u16, u32, u8)>,
}

fn index(word: u32) -> u16 {
    // Fibonacci hashing; the upper bits are the mixed ones.
    ((word | FOLD).wrapping_mul(0x9E37_79B1) >> (32 - INDEX_BITS)) as u16
}

impl Grams {
    /// Prepares a search for values (in lower case) of at least seven bytes; others must not be given.
    pub fn new<'a>(values: impl Iterator<Item = (u32, &'a [u8])>) -> Self {
        let mut words = Vec::new();
        for (number, value) in values {
            for offset in 0..WORD {
                if let Some(&[a, b, c, d]) = value.get(offset..offset + WORD) {
                    // Below WORD, so the cast is exact.
                    words.push((index(u32::from_le_bytes([a, b, c, d])), number, offset as u8));
                }
            }
        }
        words.sort_unstable();
        let mut bitmap = vec![0u64; 1 << (INDEX_BITS - 6)];
        for (i, ..) in &words {
            bitmap[usize::from(i >> 6)] |= 1 << (i & 63);
        }
        Self { bitmap, words }
    }

    /// The first place where a value stands: byte and number of the value.
    pub fn find<'a>(&self, raw: &[u8], value: impl Fn(u32) -> &'a [u8]) -> Option<(usize, u32)> {
        if self.words.is_empty() {
            return None;
        }
        for (i, word) in raw.as_chunks::<WORD>().0.iter().enumerate() {
            let word = u32::from_le_bytes(*word);
            // Black is the commonest pixel, and no value holds four zeros.
            if word == 0 {
                continue;
            }
            let index = index(word);
            if self.bitmap[usize::from(index >> 6)] >> (index & 63) & 1 == 0 {
                continue;
            }
            let first = self.words.partition_point(|w| w.0 < index);
            for (_, number, offset) in self.words[first..].iter().take_while(|w| w.0 == index) {
                let value = value(*number);
                let start = (i * WORD).checked_sub(usize::from(*offset));
                let found = start.and_then(|s| raw.get(s..s + value.len()).map(|f| (s, f)));
                if let Some((start, found)) = found
                    && found.eq_ignore_ascii_case(value)
                {
                    return Some((start, *number));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the bytes around it, a value is found, in either case; and only where one stands.
        #[test]
        fn it_finds_what_a_plain_search_finds(
            mut noise in prop::collection::vec(prop::sample::select(b"aA0 \x00xyz".to_vec()), 0..200),
            values in prop::collection::vec(prop::collection::vec(prop::sample::select(b"a0 xy".to_vec()), 8..12), 0..4),
            plant in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
        ) {
            if let (Some((which, at)), false) = (plant, values.is_empty()) {
                let at = at.index(noise.len() + 1);
                let value = values[which.index(values.len())].to_ascii_uppercase();
                noise.splice(at..at, value);
            }
            let grams = Grams::new(values.iter().enumerate().map(|(i, v)| (i as u32, v.as_slice())));
            let plain = values.iter().any(|v| noise.windows(v.len()).any(|w| w.eq_ignore_ascii_case(v)));
            let found = grams.find(&noise, |i| &values[i as usize]);
            prop_assert_eq!(found.is_some(), plain);
            if let Some((at, i)) = found {
                let value = &values[i as usize];
                prop_assert!(noise[at..at + value.len()].eq_ignore_ascii_case(value));
            }
        }
    }
}
