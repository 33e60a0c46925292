//! Frames one by one: where each stands in its file, and what is needed to decode it without the others.

use bytes::Bytes;
use dicom_dictionary_std::tags;

use super::{FrameBytes, PixelLayout, fragments, native};
use crate::dataset::{DataSet, Element, Value};
use crate::{DicomError, Instance};

/// Most bytes of values that are kept of a file beside its pixels. Slides with a place for each of many thousand tiles
/// reach some megabytes.
pub const MAX_HEAD_BYTES: usize = 32 * 1024 * 1024;

/// The frames of a file by their places, and its data set without pixels. Shares no memory with the file.
#[derive(Debug, Clone)]
pub struct FrameMap {
    /// Without the groups of the frames: there may be one for each of many thousand tiles, and a frame needs its own.
    head: Instance,
    groups: Vec<DataSet>,
    layout: PixelLayout,
    places: Places,
    weight_bytes: u64,
}

/// What an element takes in memory beside its value, bytes: rounded up from its place in the tree.
const ELEMENT_BYTES: u64 = 160;

#[derive(Debug, Clone)]
enum Places {
    /// Whole bytes per frame, one behind the other, from this byte of the file on.
    Native { from: u64, bytes_per_frame: u64 },
    /// The fragments of each frame.
    Coded(Vec<FrameBytes>),
}

impl FrameMap {
    /// The map of a file that was read whole.
    ///
    /// # Errors
    /// [`DicomError::NotInSource`] for pixels that have no places of whole bytes in a file, and for a data set that is
    /// larger than [`MAX_HEAD_BYTES`]; as [`crate::frame_bytes`].
    pub fn of(instance: &Instance) -> Result<Self, DicomError> {
        let layout = PixelLayout::of(instance)?;
        let place = instance.data.place(layout.element);
        let elsewhere = DicomError::NotInSource { place };
        let source = instance.source.ok_or(elsewhere)?;
        let places = match instance.data.get(layout.element).map(|e| &e.value) {
            Some(Value::Bytes(data)) => {
                let span = native::bit_span(&layout, 0);
                if !span.end.is_multiple_of(8) {
                    return Err(DicomError::NotInSource { place });
                }
                let bytes_per_frame = span.end / 8;
                let (declared, available) =
                    (bytes_per_frame.saturating_mul(u64::from(layout.frames)), data.len() as u64);
                if declared > available {
                    return Err(DicomError::Truncated { place, declared, available });
                }
                Places::Native { from: source.pixels_at, bytes_per_frame }
            }
            Some(Value::Fragments { fragments, .. }) => {
                let of = |range: std::ops::Range<usize>| FrameBytes {
                    ranges: fragments[range].iter().map(|(at, f)| *at..at + f.len() as u64).collect(),
                    skip_bits: 0,
                };
                Places::Coded(fragments::ranges(instance, &layout)?.into_iter().map(of).collect())
            }
            _ => return Err(DicomError::NoPixelData),
        };
        let mut left = MAX_HEAD_BYTES;
        let data = copied(&instance.data, layout.element, &mut left);
        let meta = copied(&instance.meta, layout.element, &mut left);
        let (Some(mut data), Some(meta)) = (data, meta) else {
            return Err(DicomError::NotInSource { place });
        };
        let elements = elements(&data) + elements(&meta);
        let places_bytes = match &places {
            Places::Native { .. } => 0,
            Places::Coded(places) => places.len() as u64 * size_of::<FrameBytes>() as u64 * 2,
        };
        let weight_bytes = (MAX_HEAD_BYTES - left) as u64 + ELEMENT_BYTES * elements + places_bytes;
        let groups = match data.remove(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).map(|e| e.value) {
            Some(Value::Items(items)) => items,
            _ => Vec::new(),
        };
        let head = Instance { meta, data, notes: Vec::new(), source: None, ..instance.clone() };
        Ok(Self { head, groups, layout, places, weight_bytes })
    }

    /// What the map takes in memory, bytes, roughly.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> u32 {
        self.layout.frames
    }

    /// Where frame `index` (from 0) stands in the file: byte ranges that are put together in order.
    ///
    /// # Errors
    /// [`DicomError::NoSuchFrame`].
    pub fn place(&self, index: u32) -> Result<FrameBytes, DicomError> {
        let none = DicomError::NoSuchFrame { index, frames: self.layout.frames };
        if index >= self.layout.frames {
            return Err(none);
        }
        match &self.places {
            Places::Native { from, bytes_per_frame } => {
                let start = from + u64::from(index) * bytes_per_frame;
                let ranges = std::iter::once(start..start + bytes_per_frame).collect();
                Ok(FrameBytes { ranges, skip_bits: 0 })
            }
            Places::Coded(places) => places.get(index as usize).cloned().ok_or(none),
        }
    }

    /// Frame `index` (from 0) as an instance of one frame, from the bytes at its place.
    #[must_use]
    pub fn single(&self, index: u32, bytes: Bytes) -> Instance {
        let mut one = self.head.clone();
        let data = &mut one.data;
        data.remove(tags::NUMBER_OF_FRAMES);
        data.remove(tags::EXTENDED_OFFSET_TABLE);
        if let Some(own) = self.groups.get(index as usize).cloned() {
            data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![own]);
        }
        let value = match &self.places {
            Places::Native { .. } => Value::Bytes(bytes),
            Places::Coded(_) => Value::Fragments { offsets: Bytes::new(), fragments: vec![(0, bytes)] },
        };
        let vr = match self.layout.element {
            tags::FLOAT_PIXEL_DATA => dicom_core::VR::OF,
            tags::DOUBLE_FLOAT_PIXEL_DATA => dicom_core::VR::OD,
            _ if self.layout.bits_allocated > 8 => dicom_core::VR::OW,
            _ => dicom_core::VR::OB,
        };
        data.insert(self.layout.element, Element { vr, value, offset: 0 });
        one
    }
}

/// Elements of a data set and of what is nested in it.
fn elements(data: &DataSet) -> u64 {
    let within = |element: &Element| match &element.value {
        Value::Items(items) => items.iter().map(elements).sum(),
        _ => 0,
    };
    data.iter().map(|(_, element)| 1 + within(element)).sum()
}

/// A data set without its pixels in memory of its own: slices of the file would keep the whole of it. `None` beyond
/// what is left.
fn copied(data: &DataSet, pixels: dicom_core::Tag, left: &mut usize) -> Option<DataSet> {
    let mut out = DataSet::new();
    for (tag, element) in data.iter().filter(|(tag, _)| *tag != pixels) {
        let value = match &element.value {
            Value::Bytes(bytes) => {
                *left = left.checked_sub(bytes.len())?;
                Value::Bytes(Bytes::copy_from_slice(bytes))
            }
            Value::Items(items) => {
                Value::Items(items.iter().map(|item| copied(item, pixels, left)).collect::<Option<_>>()?)
            }
            // Fragments elsewhere than in the pixel data are an icon's: not needed.
            Value::Fragments { .. } => continue,
        };
        out.insert(tag, Element { vr: element.vr, value, offset: element.offset });
    }
    Some(out)
}
