//! PNG and JPEG bytes to grey values, within limits.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, ImageReader};

/// Largest accepted width or height, in pixels.
pub const MAX_SIDE_PX: u32 = 16_384;
/// Largest accepted number of pixels of one image.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Memory that the decoder may take beyond the result, in bytes.
pub const MAX_DECODER_BYTES: u64 = 512 * 1024 * 1024;

/// What an image may measure before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest width or height, in pixels.
    pub max_side_px: u32,
    /// Largest number of pixels.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_side_px: MAX_SIDE_PX, max_pixels: MAX_PIXELS }
    }
}

/// Why image bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The first bytes are neither those of a PNG nor of a JPEG.
    #[error("the first bytes are neither a PNG nor a JPEG signature")]
    UnknownFormat,
    /// The header declares more than the limits allow.
    #[error(
        "the header declares {width} x {height} pixels; at most {max_side_px} a side and {max_pixels} in all"
    )]
    TooLarge {
        /// Declared width, in pixels.
        width: u32,
        /// Declared height, in pixels.
        height: u32,
        /// The limit for one side, in pixels.
        max_side_px: u32,
        /// The limit for the whole image, in pixels.
        max_pixels: u64,
    },
    /// The header declares an image without pixels.
    #[error("the header declares an image without pixels")]
    Empty,
    /// The decoder met damaged or truncated data.
    #[error("the {format} data is damaged or truncated: {reason}")]
    Damaged {
        /// `PNG` or `JPEG`.
        format: &'static str,
        /// What the decoder said.
        reason: String,
    },
}

/// Width and height from the header alone, in pixels, checked against `limits`.
///
/// # Errors
/// [`ImageError`] when the bytes are no PNG or JPEG, are damaged, or declare too much.
pub fn dimensions(bytes: &[u8], limits: Limits) -> Result<(u32, u32), ImageError> {
    let (format, name) = sniff(bytes)?;
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader.into_dimensions().map_err(|error| damaged(name, &error))?;
    check(width, height, limits)?;
    Ok((width, height))
}

/// Decodes PNG or JPEG bytes to 8-bit grey values (colour by the Rec. 709 luma weights, 16 bit by the
/// high byte).
///
/// # Errors
/// [`ImageError`] when the bytes are no PNG or JPEG, are damaged, or declare too much; nothing is
/// allocated for an image that the limits refuse.
pub fn decode_gray(bytes: &[u8], limits: Limits) -> Result<GrayImage, ImageError> {
    dimensions(bytes, limits)?;
    let (format, name) = sniff(bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder_limits = image::Limits::default();
    decoder_limits.max_image_width = Some(limits.max_side_px);
    decoder_limits.max_image_height = Some(limits.max_side_px);
    decoder_limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(decoder_limits);
    let decoded = reader.decode().map_err(|error| damaged(name, &error))?;
    Ok(decoded.into_luma8())
}

fn sniff(bytes: &[u8]) -> Result<(ImageFormat, &'static str), ImageError> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok((ImageFormat::Png, "PNG"))
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Ok((ImageFormat::Jpeg, "JPEG"))
    } else {
        Err(ImageError::UnknownFormat)
    }
}

fn check(width: u32, height: u32, limits: Limits) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::Empty);
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > limits.max_side_px || height > limits.max_side_px || pixels > limits.max_pixels {
        let Limits { max_side_px, max_pixels } = limits;
        return Err(ImageError::TooLarge { width, height, max_side_px, max_pixels });
    }
    Ok(())
}

fn damaged(format: &'static str, error: &image::ImageError) -> ImageError {
    ImageError::Damaged { format, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 7 + y * 3) as u8]));
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn a_png_comes_back_as_it_was() {
        let decoded = decode_gray(&png(21, 13), Limits::default()).unwrap();
        assert_eq!(decoded.dimensions(), (21, 13));
        assert_eq!(decoded.get_pixel(20, 12).0[0], (20 * 7 + 12 * 3) as u8);
    }

    #[test]
    fn limits_act_before_pixels_are_decoded() {
        let limits = Limits { max_side_px: 20, max_pixels: 1000 };
        assert!(matches!(decode_gray(&png(21, 13), limits), Err(ImageError::TooLarge { width: 21, .. })));
        let limits = Limits { max_side_px: 100, max_pixels: 21 * 13 - 1 };
        assert!(matches!(decode_gray(&png(21, 13), limits), Err(ImageError::TooLarge { .. })));
    }

    #[test]
    fn a_declared_giant_is_refused_by_its_header() {
        let mut bytes = png(4, 4);
        bytes[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
        // The header's checksum no longer fits; either refusal is right, a giant allocation is not.
        assert!(decode_gray(&bytes, Limits::default()).is_err());
    }

    #[test]
    fn other_bytes_and_cut_bytes_are_typed_errors() {
        assert_eq!(decode_gray(b"", Limits::default()), Err(ImageError::UnknownFormat));
        assert_eq!(decode_gray(b"GIF89a....", Limits::default()), Err(ImageError::UnknownFormat));
        let whole = png(40, 40);
        for cut in [9, 20, 33, whole.len() / 2] {
            let refused = decode_gray(&whole[..cut], Limits::default());
            assert!(matches!(refused, Err(ImageError::Damaged { format: "PNG", .. })), "cut at {cut}");
        }
        let refused = decode_gray(&[0xff, 0xd8, 0xff, 0xe0, 0, 4], Limits::default());
        assert!(matches!(refused, Err(ImageError::Damaged { format: "JPEG", .. })));
    }
}
