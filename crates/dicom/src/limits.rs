//! How much one file may ask of us.

/// Largest file that is read, bytes (2 GiB: the largest value a 32-bit length can hold, halved).
pub const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Deepest nesting of sequences, levels. Real enhanced objects stay below 10.
pub const MAX_DEPTH: usize = 64;
/// Most elements, items and fragments of one file together. At about 150 bytes each this bounds the
/// tree to some 75 MB whatever the file claims.
pub const MAX_ELEMENTS: usize = 500_000;
/// Largest size of an inflated data set or frame, bytes.
pub const MAX_INFLATED_BYTES: u64 = 512 * 1024 * 1024;
/// Most bytes that one byte of deflated data may become, beyond [`INFLATE_ALLOWANCE_BYTES`]. Real images
/// deflate to a tenth at best; what shrinks more is blank or a trap.
pub const MAX_INFLATE_RATIO: u64 = 200;
/// Inflated bytes for which the ratio is not looked at: blank frames of ordinary size, bytes.
pub const INFLATE_ALLOWANCE_BYTES: u64 = 64 * 1024 * 1024;
/// Most pixels of one frame (8192 x 8192); a film scanner gives half of it.
pub const MAX_FRAME_PIXELS: u64 = 8192 * 8192;
/// Most frames of one instance.
pub const MAX_FRAMES: u64 = 100_000;

/// The limits that [`crate::read`] keeps. [`Limits::default`] has the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, bytes.
    pub file_bytes: u64,
    /// Deepest nesting of sequences, levels (at most [`MAX_DEPTH`], whatever is set here).
    pub depth: usize,
    /// Most elements, items and fragments together.
    pub elements: usize,
    /// Largest inflated data set or frame, bytes.
    pub inflated_bytes: u64,
    /// Most pixels of one frame.
    pub frame_pixels: u64,
    /// Most frames.
    pub frames: u64,
}

impl Limits {
    /// How much this many deflated bytes may become, bytes.
    pub(crate) fn inflated_from(&self, deflated: usize) -> u64 {
        let by_ratio = (deflated as u64).saturating_mul(MAX_INFLATE_RATIO);
        self.inflated_bytes.min(by_ratio.max(INFLATE_ALLOWANCE_BYTES))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: MAX_FILE_BYTES,
            depth: MAX_DEPTH,
            elements: MAX_ELEMENTS,
            inflated_bytes: MAX_INFLATED_BYTES,
            frame_pixels: MAX_FRAME_PIXELS,
            frames: MAX_FRAMES,
        }
    }
}
