//! Frames: from the pixel data to stored values.
//!
//! A stored value is what the modality wrote, before rescale and window: masked to Bits Stored and
//! sign-extended. Colour comes out as RGB, palettes applied, chroma converted.

mod codec;
mod color;
mod fragments;
mod jxl;
mod layout;
mod map;
mod native;
mod palette;
mod rle;
mod stored;

use dicom_dictionary_std::tags;

use crate::{Coding, DicomError, Instance, coding};

pub(crate) use fragments::ranges as fragment_ranges;
pub use fragments::{FrameBytes, frame_bytes};
pub use jxl::bare_jpeg_xl;
pub(crate) use jxl::precision as jxl_precision;
pub use layout::Photometric;
pub(crate) use layout::{PixelLayout, pixel_element};
pub use map::{FrameMap, MAX_HEAD_BYTES};
pub use stored::{Cells, StoredSamples, raw_samples};
pub(crate) use stored::{decoded, stored};

/// The stored values of one frame, row by row from the top left.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// One unsigned value of up to 8 bits per pixel.
    U8(Vec<u8>),
    /// One unsigned value of 9 to 16 bits per pixel.
    U16(Vec<u16>),
    /// One signed value of up to 16 bits per pixel.
    I16(Vec<i16>),
    /// Red, green and blue, 8 bits each, interleaved by pixel.
    Rgb8(Vec<u8>),
    /// Red, green and blue, up to 16 bits each, interleaved by pixel.
    Rgb16(Vec<u16>),
    /// One value per pixel that the other kinds cannot hold: floating-point pixel data, and integers of
    /// more than 16 bits, which are exact here.
    Float(Vec<f64>),
}

impl Samples {
    /// Smallest and largest stored value. Floating-point values are rounded outwards and clamped to 32 bits;
    /// those that are no numbers are left out.
    #[must_use]
    pub fn range(&self) -> (i32, i32) {
        fn over<T: Copy + Ord + Into<i32>>(v: &[T]) -> (i32, i32) {
            let low = v.iter().min().map_or(0, |x| (*x).into());
            (low, v.iter().max().map_or(0, |x| (*x).into()))
        }
        match self {
            Self::U8(v) | Self::Rgb8(v) => over(v),
            Self::U16(v) | Self::Rgb16(v) => over(v),
            Self::I16(v) => over(v),
            Self::Float(v) => {
                let (low, high) = span(v).unwrap_or((0.0, 0.0));
                (low.floor() as i32, high.ceil() as i32)
            }
        }
    }
}

/// Smallest and largest of the values that are numbers.
pub(crate) fn span(values: &[f64]) -> Option<(f64, f64)> {
    values.iter().filter(|v| v.is_finite()).fold(None, |range, v| {
        let (low, high) = range.unwrap_or((*v, *v));
        Some((v.min(low), v.max(high)))
    })
}

/// One decoded frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Height, pixels.
    pub rows: u32,
    /// Width, pixels.
    pub columns: u32,
    /// Bits Stored: the stored values fit in so many bits.
    pub bits_stored: u16,
    /// MONOCHROME1: the smallest value is shown white. The values themselves are not inverted.
    pub inverted: bool,
    /// The stored values.
    pub samples: Samples,
}

/// Samples as a codec gives them, interleaved by pixel.
pub(crate) enum Buffer {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// What came out of a codec.
pub(crate) struct Decoded {
    pub buffer: Buffer,
    /// What the samples are: the data set's attribute, unless the codec has its own idea.
    pub photometric: Photometric,
}

/// What a codec does about chroma that only its codestream knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// RGB as far as the codec can.
    Converted,
    /// The components as they are coded.
    Stored,
}

/// Number of frames of an instance; 0 without pixel data.
#[must_use]
pub fn frame_count(instance: &Instance) -> u32 {
    if pixel_element(&instance.data).is_none() {
        return 0;
    }
    instance.data.u32(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1)
}

/// Decodes frame `index` (from 0).
///
/// # Errors
/// [`DicomError`]: no pixel data, no such frame, a layout or syntax without a decoder, a codestream that
/// does not decode; each with the element and byte.
pub fn decode_frame(instance: &Instance, index: u32) -> Result<Frame, DicomError> {
    let layout = PixelLayout::of(instance)?;
    if index >= layout.frames {
        return Err(DicomError::NoSuchFrame { index, frames: layout.frames });
    }
    let decoded = match fragments::frame(instance, &layout, index)? {
        fragments::Source::Native(raw) => native::decode(raw, &layout, index)?,
        fragments::Source::Encoded { data, offset } => {
            let coded = codec::Coded { data: &data, offset, colour: Colour::Converted };
            codec::decode(coding(&instance.transfer_syntax), instance, &layout, coded)?
        }
    };
    let samples = color::finish(decoded, instance, &layout)?;
    Ok(Frame {
        rows: layout.rows,
        columns: layout.columns,
        bits_stored: if layout.photometric == Photometric::Palette { 8 } else { layout.bits_stored },
        inverted: layout.photometric == Photometric::Monochrome1,
        samples,
    })
}

/// Whether the frames of an instance can be expected to decode: a cheap answer for lists.
#[must_use]
pub fn is_decodable(instance: &Instance) -> bool {
    coding(&instance.transfer_syntax) != Coding::None && PixelLayout::of(instance).is_ok()
}
