//! Frames of an instance replaced, the others left as they are byte for byte.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{frame, native};
use crate::dataset::{Element, Value};
use crate::frames::{Cells, PixelLayout, StoredSamples, fragment_ranges, stored};
use crate::{Coding, DicomError, EXPLICIT_LITTLE, Instance, Photometric, coding};

/// New samples of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameEdit {
    /// The frame, from 0.
    pub frame: u32,
    /// Its samples, of the shape that [`crate::raw_samples`] gives; all of them, touched or not.
    pub samples: StoredSamples,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Its bytes are those of the source.
    Kept,
    /// It was coded again.
    Reencoded,
}

/// What [`replace_frames`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// By frame.
    pub frames: Vec<FrameOutcome>,
    /// At least one frame was coded by a process that loses something of its samples. The caller then sets
    /// Lossy Image Compression and Image Type.
    pub lossy: bool,
}

impl Replaced {
    /// Whether any frame changed.
    #[must_use]
    pub fn any(&self) -> bool {
        self.frames.contains(&FrameOutcome::Reencoded)
    }
}

/// Puts edited frames into an instance, in its own transfer syntax. Frames without an edit keep their
/// codestream byte for byte; offset tables are made anew. Of several edits of a frame the last one counts.
/// The instance is unchanged after an error.
///
/// # Errors
/// [`DicomError::CannotReencode`] for a transfer syntax without an encoder here: transcode the instance
/// ([`transcode_to_native`]) and replace its frames then. [`DicomError::NoSuchFrame`];
/// [`DicomError::BadValue`] for samples of another shape; and whatever decoding the frame answers.
pub fn replace_frames(instance: &mut Instance, edits: Vec<FrameEdit>) -> Result<Replaced, DicomError> {
    let layout = PixelLayout::of(instance)?;
    let mut by_frame: Vec<Option<StoredSamples>> = Vec::new();
    by_frame.resize_with(layout.frames as usize, || None);
    let place = StoredSamples::place(instance);
    for edit in edits {
        let slot = by_frame
            .get_mut(edit.frame as usize)
            .ok_or(DicomError::NoSuchFrame { index: edit.frame, frames: layout.frames })?;
        if !edit.samples.matches(&layout) {
            return Err(DicomError::BadValue { place, why: "samples of another shape than the frame" });
        }
        *slot = Some(edit.samples);
    }
    let outcome = |s: &Option<StoredSamples>| match s {
        Some(_) => FrameOutcome::Reencoded,
        None => FrameOutcome::Kept,
    };
    let mut done = Replaced { frames: by_frame.iter().map(outcome).collect(), lossy: false };
    if !done.any() {
        return Ok(done);
    }
    let value = match instance.data.get(layout.element).map(|e| &e.value) {
        Some(Value::Bytes(raw)) => Value::Bytes(native_pixels(raw, &layout, &by_frame, place)?),
        Some(Value::Fragments { offsets, fragments }) => {
            encapsulated(instance, &layout, (offsets, fragments), &by_frame, &mut done.lossy)?
        }
        _ => return Err(DicomError::BadStructure { place, why: "pixel data hold items" }),
    };
    commit(instance, &layout, value);
    Ok(done)
}

/// Puts the new pixel data in and takes away what described the old ones.
fn commit(instance: &mut Instance, layout: &PixelLayout, value: Value) {
    if let Some(element) = instance.data.get_mut(layout.element) {
        element.value = value;
    }
    instance.source = None;
    let had_table = instance.data.remove(tags::EXTENDED_OFFSET_TABLE).is_some();
    instance.data.remove(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
    // Checked by whoever reads it, so a stale one is worse than none.
    instance.data.remove(tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH);
    let Some(Value::Fragments { offsets, fragments }) = instance.data.get(layout.element).map(|e| &e.value)
    else {
        return;
    };
    // The extended table is for one fragment per frame and an empty basic one (PS3.3 C.7.6.3.1.8).
    let one_each = fragments.len() == layout.frames as usize;
    if one_each && offsets.is_empty() && (had_table || layout.frames > 1) {
        let lengths: Vec<u64> = fragments.iter().map(|(_, f)| f.len() as u64).collect();
        let starts = starts(fragments.iter().map(|(_, f)| f.len()));
        let words = |v: Vec<u64>| v.into_iter().flat_map(u64::to_le_bytes).collect::<Vec<u8>>();
        instance.data.put_bytes(tags::EXTENDED_OFFSET_TABLE, VR::OV, words(starts));
        instance.data.put_bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS, VR::OV, words(lengths));
    }
}

/// Where each fragment's item starts, counted from the first one's: 8 bytes of header and an even length.
fn starts(lengths: impl Iterator<Item = usize>) -> Vec<u64> {
    lengths
        .scan(0u64, |at, length| {
            let start = *at;
            *at += 8 + (length as u64).next_multiple_of(2);
            Some(start)
        })
        .collect()
}

fn encapsulated(
    instance: &Instance,
    layout: &PixelLayout,
    (offsets, fragments): (&Bytes, &[(u64, Bytes)]),
    edits: &[Option<StoredSamples>],
    lossy: &mut bool,
) -> Result<Value, DicomError> {
    let ranges = fragment_ranges(instance, layout)?;
    if ranges.len() < edits.len() {
        let place = StoredSamples::place(instance);
        return Err(DicomError::BadStructure { place, why: "fragments of some frames are missing" });
    }
    let mut out: Vec<(u64, Bytes)> = Vec::new();
    let mut first_of_frame = Vec::new();
    for ((index, range), edit) in (0u32..).zip(ranges).zip(edits) {
        first_of_frame.push(out.len());
        let Some(samples) = edit else {
            out.extend(fragments[range].iter().cloned());
            continue;
        };
        let original = joined(&fragments[range]);
        let coded = frame::encode(instance, layout, index, samples, &original)?;
        *lossy |= coded.lossy;
        let mut data = coded.data;
        if !data.len().is_multiple_of(2) {
            data.push(0);
        }
        out.push((0, data.into()));
    }
    let starts = starts(out.iter().map(|(_, f)| f.len()));
    let base = fragments.first().map_or(0, |(at, _)| *at);
    for ((at, _), start) in out.iter_mut().zip(&starts) {
        *at = base + start;
    }
    // A table is written for several frames, and where there was one; empty beside an extended one, and
    // where it would not fit in 32 bits.
    let one_each = out.len() == layout.frames as usize;
    let extended = one_each && instance.data.get(tags::EXTENDED_OFFSET_TABLE).is_some();
    let wanted = !extended && (layout.frames > 1 || !offsets.is_empty());
    let table: Option<Vec<u32>> =
        first_of_frame.iter().map(|i| u32::try_from(*starts.get(*i)?).ok()).collect();
    let offsets = match table {
        Some(table) if wanted => table.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>().into(),
        _ => Bytes::new(),
    };
    Ok(Value::Fragments { offsets, fragments: out })
}

fn joined(parts: &[(u64, Bytes)]) -> Cow<'_, [u8]> {
    match parts {
        [one] => Cow::Borrowed(&one.1),
        many => Cow::Owned(many.iter().flat_map(|(_, f)| f.iter().copied()).collect()),
    }
}

/// Native pixel data with the edited frames written over.
fn native_pixels(
    raw: &Bytes,
    layout: &PixelLayout,
    edits: &[Option<StoredSamples>],
    place: crate::Place,
) -> Result<Bytes, DicomError> {
    let mut out = raw.to_vec();
    for (index, samples) in edits.iter().enumerate() {
        let Some(samples) = samples else { continue };
        if let (1, Cells::U8(cells)) = (layout.bits_allocated, &samples.cells) {
            let first = index * layout.count();
            let needed = (first + cells.len()).div_ceil(8) as u64;
            if needed > out.len() as u64 {
                return Err(DicomError::Truncated { place, declared: needed, available: out.len() as u64 });
            }
            native::put_bits(cells, &mut out, first);
            continue;
        }
        let bytes = native::bytes(&samples.cells, layout);
        let span = span(index, bytes.len());
        let available = out.len() as u64;
        let declared = span.end as u64;
        let target = out.get_mut(span).ok_or(DicomError::Truncated { place, declared, available })?;
        target.copy_from_slice(&bytes);
    }
    Ok(out.into())
}

fn span(index: usize, size: usize) -> Range<usize> {
    index * size..(index + 1) * size
}

/// Turns an instance into Explicit VR Little Endian with native pixels: the stored samples of every frame,
/// pixel by pixel, chroma spread out, and the attributes that describe them. Only for codings that cannot
/// be written back; everything is decoded once. Lossy Image Compression stays what it was.
///
/// # Errors
/// As [`crate::decode_frame`], for the first frame that does not decode;
/// [`DicomError::InflatedTooLarge`] where the native pixel data would pass the limit. The instance is
/// unchanged after an error.
pub fn transcode_to_native(instance: &mut Instance) -> Result<(), DicomError> {
    let layout = PixelLayout::of(instance)?;
    let encapsulated =
        matches!(instance.data.get(layout.element).map(|e| &e.value), Some(Value::Fragments { .. }));
    if !encapsulated {
        if coding(&instance.transfer_syntax) == Coding::Native {
            EXPLICIT_LITTLE.clone_into(&mut instance.transfer_syntax);
        }
        return Ok(());
    }
    let out_layout = PixelLayout { planar: false, photometric: Photometric::Rgb, ..layout };
    let size =
        layout.count() as u64 * u64::from(layout.bits_allocated.div_ceil(8)) * u64::from(layout.frames);
    let limit = instance.limits.inflated_bytes;
    if size > limit {
        return Err(DicomError::InflatedTooLarge { place: StoredSamples::place(instance), limit });
    }
    let mut out: Vec<u8> = Vec::new();
    let mut photometric = None;
    for index in 0..layout.frames {
        let samples = stored(instance, &layout, index)?;
        if photometric.is_some_and(|p| p != samples.photometric) {
            let place = instance.data.place(tags::PHOTOMETRIC_INTERPRETATION);
            return Err(DicomError::UnsupportedPixels { place, why: "frames of different colour spaces" });
        }
        photometric = Some(samples.photometric);
        if let (1, Cells::U8(cells)) = (layout.bits_allocated, &samples.cells) {
            let first = index as usize * layout.count();
            out.resize((first + cells.len()).div_ceil(8), 0);
            native::put_bits(cells, &mut out, first);
        } else {
            out.extend(native::bytes(&samples.cells, &out_layout));
        }
    }
    if !out.len().is_multiple_of(2) {
        out.push(0);
    }
    let vr = if layout.bits_allocated > 8 { VR::OW } else { VR::OB };
    instance.data.insert(tags::PIXEL_DATA, Element { vr, value: Value::Bytes(out.into()), offset: 0 });
    for tag in [
        tags::EXTENDED_OFFSET_TABLE,
        tags::EXTENDED_OFFSET_TABLE_LENGTHS,
        tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH,
    ] {
        instance.data.remove(tag);
    }
    if layout.samples == 3 {
        instance.data.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
        // Chroma are spread to every pixel now.
        let ybr = matches!(photometric, Some(Photometric::YbrFull | Photometric::YbrFull422));
        let term = if ybr { "YBR_FULL" } else { "RGB" };
        instance.data.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, term);
    }
    EXPLICIT_LITTLE.clone_into(&mut instance.transfer_syntax);
    instance.source = None;
    Ok(())
}
