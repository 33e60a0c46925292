//! Frames: from the pixel data to stored values.
//!
//! A stored value is what the modality wrote, before rescale and window: masked to Bits Stored and
//! sign-extended. Colour comes out as RGB, palettes applied, chroma converted.

mod codec;
mod color;
mod fragments;
mod layout;
mod native;
mod palette;
mod rle;

use dicom_dictionary_std::tags;

use crate::{Coding, DicomError, Instance, coding};

pub use layout::Photometric;
pub(crate) use layout::PixelLayout;

/// The stored values of one frame, row by row from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Samples {
    /// Smallest and largest stored value.
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
        }
    }
}

/// One decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What came out of a codec.
pub(crate) struct Decoded {
    pub buffer: Buffer,
    /// The codec has already turned chroma into RGB, or there never was any.
    pub is_rgb: bool,
}

/// Number of frames of an instance; 0 without pixel data.
#[must_use]
pub fn frame_count(instance: &Instance) -> u32 {
    if instance.data.get(tags::PIXEL_DATA).is_none() {
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
            codec::decode(coding(&instance.transfer_syntax), instance, &layout, &data, offset)?
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
