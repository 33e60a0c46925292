//! Uncompressed frames.

use dicom_dictionary_std::tags;

use super::{Buffer, Decoded, Photometric, PixelLayout};
use crate::{DicomError, Place};

/// The bits of frame `index` within native pixel data.
pub(super) fn bit_span(layout: &PixelLayout, index: u32) -> std::ops::Range<u64> {
    // One chroma pair for two pixels takes the room of one sample per pixel less.
    let subsampled = layout.photometric == Photometric::YbrFull422;
    let cells = if subsampled { layout.pixels() as u64 * 2 } else { layout.count() as u64 };
    let size = cells * u64::from(layout.bits_allocated);
    size * u64::from(index)..size * (u64::from(index) + 1)
}

/// Cuts frame `index` out of native pixel data.
pub(super) fn decode(raw: Raw, layout: &PixelLayout, index: u32) -> Result<Decoded, DicomError> {
    // Frames of single bits follow each other without padding (PS3.5 8.1.1).
    let bits = bit_span(layout, index);
    let bytes = span(raw, bits.start / 8, bits.end.div_ceil(8))?;
    if layout.bits_allocated == 1 {
        let buffer = Buffer::U8(unpack(bytes, bits.start % 8, layout.count()));
        return Ok(Decoded { buffer, photometric: layout.photometric });
    }
    let width = layout.bits_allocated / 8;
    let subsampled = layout.photometric == Photometric::YbrFull422;
    let decoded = if subsampled && width == 1 {
        Buffer::U8(spread_422(bytes, layout.columns as usize))
    } else if subsampled {
        let place = raw.place;
        return Err(DicomError::UnsupportedPixels { place, why: "YBR_FULL_422 of more than 8 bits" });
    } else if width == 1 {
        Buffer::U8(interleave(bytes.to_vec(), layout))
    } else {
        wide(bytes, layout)
    };
    Ok(Decoded { buffer: decoded, photometric: layout.photometric })
}

/// Cells of more than a byte.
fn wide(bytes: &[u8], layout: &PixelLayout) -> Buffer {
    let quads = bytes.as_chunks::<4>().0;
    match (layout.bits_allocated, layout.is_float()) {
        (16, _) => {
            let words = bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
            Buffer::U16(interleave(words, layout))
        }
        (64, _) => Buffer::F64(bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
        (_, true) => Buffer::F32(quads.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        (_, false) => Buffer::U32(interleave(quads.iter().map(|b| u32::from_le_bytes(*b)).collect(), layout)),
    }
}

/// Native pixel data and where they stand.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub data: &'a [u8],
    pub place: Place,
}

fn span(raw: Raw<'_>, from: u64, to: u64) -> Result<&[u8], DicomError> {
    let available = raw.data.len() as u64;
    if to > available {
        let tag = Some(raw.place.tag.unwrap_or(tags::PIXEL_DATA));
        let place = Place { tag, offset: raw.place.offset };
        return Err(DicomError::Truncated { place, declared: to, available });
    }
    // Both are within the slice, whose length is a usize.
    Ok(&raw.data[from as usize..to as usize])
}

/// Single bits to bytes of 0 or 1, lowest bit first.
pub(super) fn unpack(bytes: &[u8], skip: u64, count: usize) -> Vec<u8> {
    bytes.iter().flat_map(|b| (0..8).map(move |i| b >> i & 1)).skip(skip as usize).take(count).collect()
}

/// Planes to pixels, where the layout has planes.
pub(super) fn interleave<T: Copy>(values: Vec<T>, layout: &PixelLayout) -> Vec<T> {
    if !layout.planar {
        return values;
    }
    let n = layout.pixels();
    (0..n).flat_map(|i| [values[i], values[n + i], values[2 * n + i]]).collect()
}

/// Y1 Y2 Cb Cr per two pixels to Y Cb Cr per pixel. The layout has no rows of odd width; where a file has
/// one all the same, its last pixel stays grey.
fn spread_422(bytes: &[u8], columns: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2 * 3);
    for row in bytes.chunks(columns * 2) {
        for quad in row.as_chunks::<4>().0 {
            out.extend_from_slice(&[quad[0], quad[2], quad[3], quad[1], quad[2], quad[3]]);
        }
        if columns % 2 == 1 {
            out.extend_from_slice(&[row[row.len() - 2], 128, 128]);
        }
    }
    out
}
