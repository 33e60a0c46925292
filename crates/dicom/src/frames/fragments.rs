//! Which bytes of the pixel data belong to one frame (PS3.5 A.4).

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use dicom_dictionary_std::tags;

use super::PixelLayout;
use super::native::{self, Raw};
use crate::dataset::Value;
use crate::{DicomError, Instance, Place};

/// Where the pixels of a frame are.
pub(super) enum Source<'a> {
    /// In the whole native pixel data.
    Native(Raw<'a>),
    /// In a codestream of its own, with its byte offset in the file.
    Encoded {
        /// The codestream.
        data: Cow<'a, [u8]>,
        /// Byte offset of its first fragment.
        offset: u64,
    },
}

pub(super) fn frame<'a>(
    instance: &'a Instance,
    layout: &PixelLayout,
    index: u32,
) -> Result<Source<'a>, DicomError> {
    let element = instance.data.get(layout.element).ok_or(DicomError::NoPixelData)?;
    let place = Place::new(layout.element, element.offset);
    match &element.value {
        Value::Bytes(data) => {
            let native = crate::coding(&instance.transfer_syntax) == crate::Coding::Native;
            // Floating-point pixel data are never encapsulated, whatever the syntax (PS3.5 A.4).
            if !native && !layout.is_float() {
                let why = "native pixel data under a compressed transfer syntax";
                return Err(DicomError::BadStructure { place, why });
            }
            Ok(Source::Native(Raw { data, place }))
        }
        Value::Items(_) => Err(DicomError::BadStructure { place, why: "pixel data hold items" }),
        Value::Fragments { fragments, .. } => {
            let range = ranges(instance, layout)?
                .get(index as usize)
                .cloned()
                .ok_or(DicomError::BadStructure { place, why: "the frame's fragments are missing" })?;
            let parts = &fragments[range];
            let first = parts.first().ok_or(DicomError::BadStructure { place, why: "no fragment" })?;
            let data = if parts.len() == 1 {
                Cow::Borrowed(&first.1[..])
            } else {
                Cow::Owned(parts.iter().flat_map(|(_, f)| f.iter().copied()).collect())
            };
            Ok(Source::Encoded { data, offset: first.0 })
        }
    }
}

/// The fragments of each frame: by count, by an offset table that fits, or by the marks that start a
/// codestream. Fewer ranges than frames come back for pixel data that are cut off.
pub(crate) fn ranges(instance: &Instance, layout: &PixelLayout) -> Result<Vec<Range<usize>>, DicomError> {
    let frames = layout.frames as usize;
    let place = instance.data.place(layout.element);
    let Some(Value::Fragments { offsets, fragments }) = instance.data.get(layout.element).map(|e| &e.value)
    else {
        return Err(DicomError::BadStructure { place, why: "the pixel data are not encapsulated" });
    };
    if frames == 1 {
        return Ok(std::iter::once(0..fragments.len()).collect());
    }
    if fragments.len() == frames {
        return Ok((0..frames).map(|i| i..i + 1).collect());
    }
    let starts = table(instance, offsets, frames, fragments)
        .or_else(|| marks(layout, frames, fragments))
        .ok_or(DicomError::BadStructure { place, why: "fragments cannot be told apart by frame" })?;
    let ends = starts.iter().skip(1).copied().chain([fragments.len()]);
    Ok(starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect())
}

/// First fragment of each frame by the extended or the basic offset table; `None` for a table that does
/// not point at the starts of fragments, in order, from the first one on.
fn table(
    instance: &Instance,
    basic: &Bytes,
    frames: usize,
    fragments: &[(u64, Bytes)],
) -> Option<Vec<usize>> {
    let extended = instance.data.get(tags::EXTENDED_OFFSET_TABLE).and_then(|e| e.bytes());
    let wide = |raw: &Bytes| raw.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
    let narrow = basic.as_chunks::<4>().0.iter().map(|b| u64::from(u32::from_le_bytes(*b))).collect();
    let tables: [Option<Vec<u64>>; 2] = [extended.map(wide), Some(narrow)];
    let starts = item_starts(fragments);
    tables.into_iter().flatten().find_map(|offsets| {
        if offsets.len() != frames || offsets.first() != Some(&0) || !offsets.is_sorted_by(|a, b| a < b) {
            return None;
        }
        offsets.iter().map(|o| starts.binary_search(o).ok()).collect()
    })
}

/// Where each fragment's item starts, counted from the first one's (PS3.5 A.4): 8 bytes of header each.
fn item_starts(fragments: &[(u64, Bytes)]) -> Vec<u64> {
    fragments
        .iter()
        .scan(0u64, |at, (_, fragment)| {
            let start = *at;
            *at += 8 + (fragment.len() as u64).next_multiple_of(2);
            Some(start)
        })
        .collect()
}

/// First fragment of each frame by what a codestream starts with. As many marks as frames, or one for each
/// fragment where the rest of the frames is cut off.
fn marks(layout: &PixelLayout, frames: usize, fragments: &[(u64, Bytes)]) -> Option<Vec<usize>> {
    let starts: Vec<usize> =
        (0..fragments.len()).filter(|i| starts_codestream(&fragments[*i].1, layout)).collect();
    let all = starts.len() == frames && starts.first() == Some(&0);
    let cut = fragments.len() < frames && starts.len() == fragments.len() && !starts.is_empty();
    (all || cut).then_some(starts)
}

/// The first bytes of JPEG and JPEG-LS (FFD8), JPEG 2000 (FF4F), JPEG XL (FF0A or its box) and of the
/// run-length header that this image must have.
fn starts_codestream(data: &[u8], layout: &PixelLayout) -> bool {
    const JXL_BOX: &[u8] = &[0, 0, 0, 12, b'J', b'X', b'L', b' '];
    // At most 15 byte planes.
    let planes = (layout.samples * usize::from(layout.bits_allocated.div_ceil(8))) as u8;
    matches!(data, [0xFF, 0xD8 | 0x4F | 0x0A, ..])
        || data.starts_with(JXL_BOX)
        || data.starts_with(&[planes, 0, 0, 0, 64, 0, 0, 0])
}

/// Where the bytes of one frame stand in the file that the instance was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameBytes {
    /// Byte ranges of the file, in order; put together they are the codestream, or the native frame.
    pub ranges: Vec<Range<u64>>,
    /// Bits of the first byte that belong to the frame before (native frames of single bits only).
    pub skip_bits: u8,
}

/// The byte ranges of frame `index` (from 0) in the source file, so that a frame can be served without
/// reading the rest. Nothing is decoded.
///
/// # Errors
/// [`DicomError::NotInSource`] for pixel data that have no place in a file: a deflated data set, an
/// instance that was made or changed in memory. [`DicomError::NoSuchFrame`], [`DicomError::NoPixelData`];
/// [`DicomError::Truncated`] and [`DicomError::BadStructure`] for frames that are not all there.
pub fn frame_bytes(instance: &Instance, index: u32) -> Result<FrameBytes, DicomError> {
    let layout = PixelLayout::of(instance)?;
    if index >= layout.frames {
        return Err(DicomError::NoSuchFrame { index, frames: layout.frames });
    }
    let place = instance.data.place(layout.element);
    let source = instance.source.ok_or(DicomError::NotInSource { place })?;
    match frame(instance, &layout, index)? {
        Source::Native(raw) => {
            let span = native::bit_span(&layout, index);
            let bytes = span.start / 8..span.end.div_ceil(8);
            let available = raw.data.len() as u64;
            if bytes.end > available {
                return Err(DicomError::Truncated { place, declared: bytes.end, available });
            }
            let ranges =
                std::iter::once(source.pixels_at + bytes.start..source.pixels_at + bytes.end).collect();
            // Less than 8.
            Ok(FrameBytes { ranges, skip_bits: (span.start % 8) as u8 })
        }
        Source::Encoded { .. } => {
            let range = ranges(instance, &layout)?.get(index as usize).cloned().unwrap_or_default();
            let Some(Value::Fragments { fragments, .. }) =
                instance.data.get(layout.element).map(|e| &e.value)
            else {
                return Err(DicomError::NotInSource { place });
            };
            let ranges = fragments[range].iter().map(|(at, f)| *at..at + f.len() as u64).collect();
            Ok(FrameBytes { ranges, skip_bits: 0 })
        }
    }
}
