//! JPEG XL without loss, by zune-jpegxl: 8 or 16 bits.

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::Picture;

/// Codes a picture; samples of 9 to 15 bits are written as 16-bit ones of the same value.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, &'static str> {
    let space = match picture.components {
        1 => ColorSpace::Luma,
        3 => ColorSpace::RGB,
        _ => return Err("component count"),
    };
    let (depth, raw): (_, Vec<u8>) = if picture.precision <= 8 {
        // Samples of up to 8 bits: exact.
        (BitDepth::Eight, picture.samples.iter().map(|v| *v as u8).collect())
    } else {
        (BitDepth::Sixteen, picture.samples.iter().flat_map(|v| v.to_ne_bytes()).collect())
    };
    let options = EncoderOptions::new(picture.columns, picture.rows, space, depth).set_num_threads(1);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(&raw, options).encode(&mut out).map_err(|_| "the encoder refused the picture")?;
    Ok(out)
}
