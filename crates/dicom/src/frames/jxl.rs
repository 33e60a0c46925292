//! JPEG XL (ISO/IEC 18181), by jxl-oxide: one still picture, upright, of the size that the data set has.

use jxl_oxide::{AllocTracker, JxlImage, JxlThreadPool};

use super::{Buffer, Decoded, Photometric, PixelLayout};

/// Bytes that the decoder may hold per sample: buffers of 32 bits, several of them at a time.
const BYTES_PER_SAMPLE: usize = 64;
/// Bytes that it may hold besides: tables that do not depend on the size.
const ALLOWANCE_BYTES: usize = 32 * 1024 * 1024;

pub(super) fn decode(data: &[u8], layout: &PixelLayout, stored_as_named: bool) -> Result<Decoded, String> {
    let limit = layout.count() * BYTES_PER_SAMPLE + ALLOWANCE_BYTES;
    let image = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(limit))
        .read(data)
        .map_err(|e| e.to_string())?;
    if (image.width(), image.height()) != (layout.columns, layout.rows) {
        return Err(format!(
            "{} x {} pixels where the data set has another size",
            image.width(),
            image.height()
        ));
    }
    let meta = &image.image_header().metadata;
    if meta.orientation != 1 {
        return Err("a picture that is turned".to_owned());
    }
    let bits = meta.bit_depth.bits_per_sample();
    let whole = matches!(meta.bit_depth, jxl_oxide::image::BitDepth::IntegerSample { .. });
    if !whole || !(1..=16).contains(&bits) {
        return Err("samples that are no integers of up to 16 bits".to_owned());
    }
    let xyb = meta.xyb_encoded;
    let render = image.render_frame(0).map_err(|e| e.to_string())?;
    let mut stream = render.stream_no_alpha();
    let shape = (stream.width(), stream.height(), stream.channels() as usize);
    if shape != (layout.columns, layout.rows, layout.samples) {
        return Err("components of another size or number".to_owned());
    }
    let mut samples = vec![0f32; layout.count()];
    if stream.write_to_buffer(&mut samples) != samples.len() {
        return Err("samples are missing".to_owned());
    }
    let top = f32::from(u16::MAX >> (16 - bits));
    // Within the sample's range, whose integers a 32-bit float holds exactly.
    let value = |v: f32| (v * top).round().clamp(0.0, top) as u16;
    let buffer = if bits <= 8 {
        Buffer::U8(samples.into_iter().map(|v| value(v) as u8).collect())
    } else {
        Buffer::U16(samples.into_iter().map(value).collect())
    };
    let named = stored_as_named && !xyb && matches!(layout.photometric, Photometric::YbrFull);
    let photometric = if layout.samples == 3 && !named { Photometric::Rgb } else { layout.photometric };
    Ok(Decoded { buffer, photometric })
}

/// Bits of a sample, by the header.
pub(crate) fn precision(data: &[u8]) -> Option<u32> {
    let image = JxlImage::builder().pool(JxlThreadPool::none()).read(data).ok()?;
    Some(image.image_header().metadata.bit_depth.bits_per_sample())
}
