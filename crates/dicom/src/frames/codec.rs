//! Compressed frames: each codec's header is compared with the image before it may decode.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_dictionary_std::tags;
use jpeg_decoder::{ColorTransform, PixelFormat};

use super::{Buffer, Colour, Decoded, Photometric, PixelLayout, jxl, native, rle};
use crate::jpeg::{self, Lossless, Process};
use crate::{Coding, DicomError, Instance, Place, jpegls};

/// Most tiles of a JPEG 2000 codestream; the standard's own limit.
const MAX_TILES: u64 = 65_535;
/// Most filler bytes before the start of a JPEG.
const MAX_LEAD: usize = 64;
/// Bytes that the JPEG decoder may hold per sample of the image.
const JPEG_BYTES_PER_SAMPLE: usize = 4;

/// The codestream of one frame.
#[derive(Clone, Copy)]
pub(super) struct Coded<'a> {
    pub data: &'a [u8],
    /// Its byte offset in the file.
    pub offset: u64,
    pub colour: Colour,
}

pub(super) fn decode(
    coding: Coding,
    instance: &Instance,
    layout: &PixelLayout,
    Coded { data, offset, colour }: Coded,
) -> Result<Decoded, DicomError> {
    let place = Place::new(tags::PIXEL_DATA, offset);
    let fail = |codec| move |why: String| DicomError::Codec { codec, place, why };
    match coding {
        Coding::JpegBaseline | Coding::JpegExtended | Coding::JpegLossless => {
            guarded(|| any_jpeg(data, layout, colour)).map_err(fail("JPEG"))
        }
        Coding::Jpeg2000 => guarded(|| jpeg2000(data, layout)).map_err(fail("JPEG 2000")),
        Coding::JpegXl => {
            let lossless = instance.transfer_syntax == crate::syntax::JPEG_XL_LOSSLESS;
            guarded(|| jxl::decode(data, layout, lossless)).map_err(fail("JPEG XL"))
        }
        Coding::JpegLs => jpeg_ls(data, layout).map_err(fail("JPEG-LS")),
        Coding::Rle => {
            let raw = rle::decode(data, layout).map_err(|e| fail("RLE")(e.to_owned()))?;
            from_bytes(&raw, layout).ok_or_else(|| fail("RLE")("too short".to_owned()))
        }
        Coding::DeflatedFrame => {
            // No more than the frame, and a byte that pads it.
            let span = native::bit_span(layout, 0);
            let limit = (span.end.div_ceil(8) + 1).min(instance.limits.inflated_from(data.len()));
            let raw = crate::instance::inflate(data, limit, place)?;
            let one = PixelLayout { frames: 1, ..*layout };
            native::decode(native::Raw { data: &raw, place }, &one, 0)
        }
        Coding::Native => {
            Err(DicomError::BadStructure { place, why: "fragments under a native transfer syntax" })
        }
        Coding::None => Err(DicomError::UnsupportedTransferSyntax {
            name: crate::syntax::syntax(&instance.transfer_syntax).name,
            place: instance.meta.place(tags::TRANSFER_SYNTAX_UID),
        }),
    }
}

/// Foreign codecs are kept from taking the caller down with them.
fn guarded<T>(f: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err("the decoder gave up".to_owned()))
}

/// Little-endian bytes to samples.
fn from_bytes(raw: &[u8], layout: &PixelLayout) -> Option<Decoded> {
    let buffer = match layout.bits_allocated {
        // Runs of whole bytes, single bits within them.
        1 => Buffer::U8(native::unpack(raw, 0, layout.count())),
        8 => Buffer::U8(raw.get(..layout.count())?.to_vec()),
        32 => {
            let words = raw.get(..layout.count() * 4)?.as_chunks::<4>().0;
            Buffer::U32(words.iter().map(|b| u32::from_le_bytes(*b)).collect())
        }
        _ => {
            let words = raw.get(..layout.count() * 2)?.as_chunks::<2>().0;
            Buffer::U16(words.iter().map(|b| u16::from_le_bytes(*b)).collect())
        }
    };
    Some(Decoded { buffer, photometric: layout.photometric })
}

fn same_size(layout: &PixelLayout, rows: u64, columns: u64, components: usize) -> Result<(), String> {
    if rows != u64::from(layout.rows) || columns != u64::from(layout.columns) {
        return Err(format!(
            "{columns} x {rows} pixels where the data set has {} x {}",
            layout.columns, layout.rows
        ));
    }
    if components != layout.samples {
        return Err(format!("{components} components where the data set has {}", layout.samples));
    }
    Ok(())
}

/// What a JPEG's own markers say about its colours.
fn jpeg_is_ybr(data: &[u8], layout: &PixelLayout) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, a, b]) = data.get(at..at + 4) {
        let length = usize::from(u16::from_be_bytes([a, b]));
        let body = data.get(at + 4..at + 2 + length.max(2)).unwrap_or_default();
        match marker {
            0xEE if body.starts_with(b"Adobe") && body.len() >= 12 => return body[11] == 1,
            0xE0 if body.starts_with(b"JFIF\0") => return true,
            0xDA => break,
            _ => at += 2 + length.max(2),
        }
    }
    !matches!(layout.photometric, Photometric::Rgb)
}

/// A JPEG of any process, whatever process its transfer syntax names: real files mix them up.
fn any_jpeg(data: &[u8], layout: &PixelLayout, colour: Colour) -> Result<Decoded, String> {
    // Some writers put filler in front of the start of image.
    let lead = data.windows(2).take(MAX_LEAD).position(|w| w == [0xFF, 0xD8]).unwrap_or(0);
    let data = &data[lead..];
    let expected = (layout.rows as usize, layout.columns as usize, layout.samples);
    match jpeg::kind(data) {
        Some((Process::Lossless, _)) => {
            let Lossless { precision, samples } =
                jpeg::decode_lossless(data, expected).map_err(|e| e.0.to_owned())?;
            let buffer = if precision <= 8 {
                // Differences are taken modulo 65536; a sample has 8 bits.
                Buffer::U8(samples.into_iter().map(|v| v as u8).collect())
            } else {
                Buffer::U16(samples)
            };
            Ok(Decoded { buffer, photometric: layout.photometric })
        }
        Some((_, 12)) => {
            let samples = jpeg::decode(data, expected).map_err(|e| e.0.to_owned())?;
            Ok(Decoded { buffer: Buffer::U16(samples), photometric: layout.photometric })
        }
        _ => lossy_jpeg(data, layout, colour),
    }
}

/// JPEG of 8 bits, by the library.
fn lossy_jpeg(data: &[u8], layout: &PixelLayout, colour: Colour) -> Result<Decoded, String> {
    let mut decoder = jpeg_decoder::Decoder::new(data);
    decoder.read_info().map_err(|e| e.to_string())?;
    let info = decoder.info().ok_or("no frame header")?;
    let components = match info.pixel_format {
        PixelFormat::RGB24 => 3,
        PixelFormat::L8 => 1,
        _ => return Err("neither 1 nor 3 components of 8 bits".to_owned()),
    };
    same_size(layout, info.height.into(), info.width.into(), components)?;
    decoder.set_max_decoding_buffer_size(layout.count() * JPEG_BYTES_PER_SAMPLE);
    let mut photometric = layout.photometric;
    if components == 3 {
        let ybr = jpeg_is_ybr(data, layout);
        let convert = ybr && colour == Colour::Converted;
        decoder.set_color_transform(if convert { ColorTransform::YCbCr } else { ColorTransform::RGB });
        photometric = if ybr && !convert { Photometric::YbrFull } else { Photometric::Rgb };
    }
    let raw = decoder.decode().map_err(|e| e.to_string())?;
    if raw.len() != layout.count() {
        return Err("samples are missing".to_owned());
    }
    Ok(Decoded { buffer: Buffer::U8(raw), photometric })
}

fn jpeg_ls(data: &[u8], layout: &PixelLayout) -> Result<Decoded, String> {
    let header = jpegls::header(data).map_err(|e| e.0.to_owned())?;
    same_size(layout, header.rows as u64, header.columns as u64, header.components.len())?;
    let samples = jpegls::decode(data).map_err(|e| e.0.to_owned())?;
    let buffer = if header.precision <= 8 {
        // Samples of up to 8 bits: exact.
        Buffer::U8(samples.iter().map(|&v| v as u8).collect())
    } else {
        Buffer::U16(samples)
    };
    Ok(Decoded { buffer, photometric: layout.photometric })
}

/// Size and component count of a JPEG 2000 codestream, read from its SIZ segment (T.800 A.5.1).
fn j2k_size(data: &[u8]) -> Result<(u64, u64, usize), String> {
    // The codestream may stand in a JP2 box; SOC is always followed by SIZ.
    let at = data.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51]).ok_or("no start of codestream")?;
    let siz = data.get(at + 4..at + 4 + 38).ok_or("the size segment is cut off")?;
    let word = |i: usize| u64::from(u32::from_be_bytes([siz[i], siz[i + 1], siz[i + 2], siz[i + 3]]));
    let (x1, y1, x0, y0) = (word(4), word(8), word(12), word(16));
    let (tile_w, tile_h) = (word(20), word(24));
    if x1 <= x0 || y1 <= y0 || tile_w == 0 || tile_h == 0 {
        return Err("an empty image".to_owned());
    }
    if (x1.div_ceil(tile_w)).saturating_mul(y1.div_ceil(tile_h)) > MAX_TILES {
        return Err("too many tiles".to_owned());
    }
    Ok((y1 - y0, x1 - x0, usize::from(u16::from_be_bytes([siz[36], siz[37]]))))
}

fn jpeg2000(data: &[u8], layout: &PixelLayout) -> Result<Decoded, String> {
    let (rows, columns, components) = j2k_size(data)?;
    same_size(layout, rows, columns, components)?;
    let image = jpeg2k::Image::from_bytes(data).map_err(|e| e.to_string())?;
    let parts = image.components();
    if parts.len() != layout.samples {
        return Err("components are missing".to_owned());
    }
    let pixels = layout.pixels();
    if parts.iter().any(|c| c.data().len() != pixels || c.precision() > 16) {
        return Err("components of another size".to_owned());
    }
    let wide = layout.bits_allocated > 8 || parts.iter().any(|c| c.precision() > 8);
    let at = |i: usize| parts.iter().map(move |c| c.data()[i]);
    // Two's complement within the sample's width; masking and sign follow with the other layouts.
    let buffer = if wide {
        Buffer::U16((0..pixels).flat_map(at).map(|v| v as u16).collect())
    } else {
        Buffer::U8((0..pixels).flat_map(at).map(|v| v as u8).collect())
    };
    // The codec has undone its own transform.
    let photometric = match layout.photometric {
        Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => Photometric::Rgb,
        other => other,
    };
    Ok(Decoded { buffer, photometric })
}
