//! Pictures of the kinds that medicine makes, with text burned into them, and every pixel of that text known.
//!
//! [`picture`] is a function of seed and number. Text is laid over the finished picture, noise included, as a
//! scanner does it: one level, with or without smoothing, now and then with a shadow or on a box of its own.
//! It can be read: its level lies beyond 95 % of the values around it by at least [`LEAST_CONTRAST`] of
//! their range, or [`NOISE_CONTRAST`] standard deviations of their noise where that is more.

mod compose;
mod fonts;
mod ground;
mod judge;
mod marks;
mod words;

pub use compose::{LEAST_CONTRAST, NOISE_CONTRAST};
pub use ground::Ground;
pub use judge::{CLOSE, FILLED, Judged, LEGIBLE};

use crate::random::Random;

/// What is in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Text, and perhaps other graphics.
    Text,
    /// No text; other graphics perhaps.
    NoText,
}

/// One string in a picture.
#[derive(Debug, Clone)]
pub struct BurnedString {
    /// What it says.
    pub text: String,
    /// Its font.
    pub font: &'static str,
    /// Height from ascender to descender, pixels.
    pub height: f64,
    /// Turned clockwise by so many degrees.
    pub degrees: i32,
    /// Difference to the values around it, as a share of the full range of the anatomy.
    pub contrast: f32,
    /// Corners of its box in pixels, in order around it.
    pub corners: [(f64, f64); 4],
    /// Per visible glyph the pixels (`y * width + x`) that it covers by at least a quarter.
    pub glyphs: Vec<Vec<u32>>,
}

/// One picture, as stored values.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What the text stands on.
    pub ground: Ground,
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Samples per pixel: 1 or 3, interleaved.
    pub channels: usize,
    /// Bits Stored.
    pub bits: u16,
    /// MONOCHROME1.
    pub inverted: bool,
    /// Colours of the stored values, where they are indices.
    pub palette: Option<Vec<[u8; 3]>>,
    /// The frames.
    pub frames: Vec<Vec<u16>>,
    /// The samples went through a lossy JPEG.
    pub lossy: bool,
    /// The text; the same in every frame.
    pub strings: Vec<BurnedString>,
    /// Graphics that are not text.
    pub marks: usize,
}

/// Which fonts are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fonts {
    /// All of them.
    All,
    /// Those that a detector may learn from.
    Known,
    /// Those that no detector has seen.
    HeldOut,
}

/// Which kinds of ground the pictures stand on, and how text stands on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Seven kinds, strings apart from each other: the set that the first releases of the detector were measured on.
    First,
    /// These and those that a detector may learn from since; some strings stand in blocks of close lines, some pictures are
    /// cut off at both ends of their values.
    Known,
    /// The same with kinds that no detector has seen.
    HeldOut,
}

/// Picture `number` of the corpus `seed`, with all fonts.
#[must_use]
pub fn picture(seed: u64, number: u64, content: Content) -> Picture {
    picture_with(seed, number, content, Fonts::All)
}

/// Picture `number` of the corpus `seed` on the first kinds of ground, with some fonts.
#[must_use]
pub fn picture_with(seed: u64, number: u64, content: Content, fonts: Fonts) -> Picture {
    picture_on(seed, number, content, fonts, Kinds::First)
}

/// Picture `number` of the corpus `seed`, with some fonts and kinds of ground.
#[must_use]
pub fn picture_on(seed: u64, number: u64, content: Content, fonts: Fonts, kinds: Kinds) -> Picture {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number);
    let purpose = 71 + u64::from(content == Content::NoText);
    compose::compose(&mut Random::new(mixed, purpose), mixed, content, (fonts, kinds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_gives_the_same_picture_and_its_text_is_in_it() {
        for number in 0..12 {
            let (one, two) = (picture(1, number, Content::Text), picture(1, number, Content::Text));
            assert_eq!(one.frames, two.frames);
            assert!(!one.strings.is_empty());
            for string in &one.strings {
                let pixels = string.glyphs.iter().flatten();
                assert!(pixels.clone().count() > 0, "{}", string.text);
                assert!(pixels.clone().all(|&p| (p as usize) < one.width * one.height));
            }
            assert!(one.frames.iter().all(|f| f.len() == one.width * one.height * one.channels));
        }
    }

    #[test]
    fn without_text_there_is_none() {
        let bare = picture(1, 3, Content::NoText);
        assert!(bare.strings.is_empty());
        let most = (1_u32 << bare.bits) - 1;
        assert!(bare.frames[0].iter().all(|&v| u32::from(v) <= most));
    }
}
