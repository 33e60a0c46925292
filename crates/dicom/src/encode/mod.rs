//! Putting edited samples back into a frame: only the frames that were touched are coded again, in the
//! transfer syntax that the instance has.
//!
//! DICOM's run lengths, JPEG lossless, JPEG-LS, JPEG 2000, JPEG XL, native and deflated frames are coded
//! without loss, and decoded again and compared before they are used; in sequential JPEG only the touched blocks are made anew, by the original's own tables. What has
//! no encoder here answers [`DicomError::CannotReencode`]; [`transcode_to_native`] is the way out.

pub(crate) mod bits;
mod dct;
mod frame;
mod huffman;
mod j2k;
mod jxl;
mod lossless;
mod native;
mod replace;
mod rle;

pub use replace::{FrameEdit, FrameOutcome, Replaced, replace_frames, transcode_to_native};

/// Samples for an encoder, interleaved by pixel, each within `precision` bits.
pub(crate) struct Picture {
    pub rows: usize,
    pub columns: usize,
    pub components: usize,
    /// Bits of a sample, 2 to 16.
    pub precision: u32,
    pub samples: Vec<u16>,
}
