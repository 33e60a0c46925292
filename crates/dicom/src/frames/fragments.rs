//! Which bytes of the pixel data belong to one frame (PS3.5 A.4).

use std::borrow::Cow;

use bytes::Bytes;
use dicom_dictionary_std::tags;

use super::PixelLayout;
use super::native::Raw;
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
    let element = instance.data.get(tags::PIXEL_DATA).ok_or(DicomError::NoPixelData)?;
    let place = Place::new(tags::PIXEL_DATA, element.offset);
    match &element.value {
        Value::Bytes(data) => {
            if !matches!(crate::coding(&instance.transfer_syntax), crate::Coding::Native) {
                let why = "native pixel data under a compressed transfer syntax";
                return Err(DicomError::BadStructure { place, why });
            }
            Ok(Source::Native(Raw { data, place }))
        }
        Value::Items(_) => Err(DicomError::BadStructure { place, why: "pixel data hold items" }),
        Value::Fragments { offsets, fragments } => {
            let range = range(instance, layout, index, offsets, fragments)
                .ok_or(DicomError::BadStructure { place, why: "fragments cannot be told apart by frame" })?;
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

/// The fragments of one frame: by count, by offset table, or by the marks that start a codestream.
fn range(
    instance: &Instance,
    layout: &PixelLayout,
    index: u32,
    offsets: &Bytes,
    fragments: &[(u64, Bytes)],
) -> Option<std::ops::Range<usize>> {
    let (index, frames) = (index as usize, layout.frames as usize);
    if frames == 1 {
        return Some(0..fragments.len());
    }
    if fragments.len() == frames {
        return Some(index..index + 1);
    }
    let starts = table(instance, offsets, frames, fragments).or_else(|| marks(frames, fragments))?;
    let end = starts.get(index + 1).copied().unwrap_or(fragments.len());
    (starts[index] < end).then_some(starts[index]..end)
}

/// First fragment of each frame by the extended or the basic offset table.
fn table(
    instance: &Instance,
    basic: &Bytes,
    frames: usize,
    fragments: &[(u64, Bytes)],
) -> Option<Vec<usize>> {
    let extended = instance.data.get(tags::EXTENDED_OFFSET_TABLE).and_then(|e| e.bytes());
    let offsets: Vec<u64> = match extended {
        Some(raw) => raw.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect(),
        None => basic.as_chunks::<4>().0.iter().map(|b| u64::from(u32::from_le_bytes(*b))).collect(),
    };
    if offsets.len() != frames {
        return None;
    }
    // An offset points at the item tag, 8 bytes before the fragment's data.
    let base = fragments.first()?.0;
    offsets.iter().map(|o| fragments.binary_search_by_key(&(base + o), |(at, _)| *at).ok()).collect()
}

/// First fragment of each frame by the start mark of JPEG (FFD8) and JPEG 2000 (FF4F) codestreams.
fn marks(frames: usize, fragments: &[(u64, Bytes)]) -> Option<Vec<usize>> {
    let starts: Vec<usize> = fragments
        .iter()
        .enumerate()
        .filter(|(_, (_, f))| f.starts_with(&[0xFF, 0xD8]) || f.starts_with(&[0xFF, 0x4F]))
        .map(|(i, _)| i)
        .collect();
    (starts.len() == frames).then_some(starts)
}
