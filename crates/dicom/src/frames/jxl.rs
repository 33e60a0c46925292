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

/// The signature of the container (ISO/IEC 18181-2).
const CONTAINER: [u8; 12] = [0, 0, 0, 12, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A];

/// The codestream out of its container, without whatever else the boxes say: Exif, XML, the headers of a
/// JPEG that it was made from. `None` for one that has no container.
///
/// # Errors
/// For data that are neither, and for a container that is not whole: bytes that nobody can name must not
/// pass for pixels.
pub fn bare_jpeg_xl(data: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    if data.starts_with(&[0xFF, 0x0A]) {
        return Ok(None);
    }
    let mut rest = data.strip_prefix(&CONTAINER[..]).ok_or("neither a codestream nor its container")?;
    let mut parts: Vec<(u32, &[u8])> = Vec::new();
    // A byte of padding may follow the last box.
    while rest.len() > 1 {
        let (kind, body, behind) = jxl_box(rest).ok_or("a box that is longer than the data")?;
        match kind {
            b"jxlc" => parts.push((0, body)),
            b"jxlp" => {
                let (index, part) = body.split_first_chunk::<4>().ok_or("a part without its number")?;
                // The highest bit marks the last part.
                parts.push((u32::from_be_bytes(*index) & 0x7FFF_FFFF, part));
            }
            _ => {}
        }
        rest = behind;
    }
    parts.sort_by_key(|(index, _)| *index);
    let out: Vec<u8> = parts.iter().flat_map(|(_, part)| part.iter().copied()).collect();
    if out.starts_with(&[0xFF, 0x0A]) { Ok(Some(out)) } else { Err("a container without a codestream") }
}

/// Type and body of the first box, and what follows it.
fn jxl_box(data: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let size = u32::from_be_bytes(*data.first_chunk()?);
    let kind = data.get(4..)?.first_chunk()?;
    let (head, size) = match size {
        // To the end of the data.
        0 => (8, data.len()),
        1 => (16, usize::try_from(u64::from_be_bytes(*data.get(8..)?.first_chunk()?)).ok()?),
        n => (8, n as usize),
    };
    Some((kind, data.get(head..size)?, &data[size..]))
}

/// Bits of a sample, by the header.
pub(crate) fn precision(data: &[u8]) -> Option<u32> {
    let image = JxlImage::builder().pool(JxlThreadPool::none()).read(data).ok()?;
    Some(image.image_header().metadata.bit_depth.bits_per_sample())
}
