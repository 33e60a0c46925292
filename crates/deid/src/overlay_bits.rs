//! Overlays of old times stand in the bits of a pixel that are not its value (PS3.3 C.9.2, retired). When
//! the overlay groups go, those bits have to go with them.

use countersign_dicom::{DataSet, Instance, Tag, Value, tags};

/// Element numbers of an overlay group.
const BIT_POSITION: u16 = 0x0102;
const DATA: u16 = 0x3000;

/// Whether an overlay of the source has its plane in the pixel data.
fn is_embedded(source: &DataSet) -> bool {
    (0x6000..=0x601E).step_by(2).any(|group| {
        let any = source.iter().any(|(tag, _)| tag.0 == group);
        let position = source.u32(Tag(group, BIT_POSITION)).unwrap_or(0);
        any && (position != 0 || source.get(Tag(group, DATA)).is_none())
    })
}

/// Whether an overlay of the source stands in pixels that are coded, so that its bits cannot be reached here.
pub(crate) fn is_out_of_reach(output: &Instance, source: &DataSet) -> bool {
    let coded = output.data.get(tags::PIXEL_DATA).is_some_and(|e| matches!(e.value, Value::Fragments { .. }));
    coded
        && is_embedded(source)
        && output.data.u32(tags::BITS_STORED) != output.data.u32(tags::BITS_ALLOCATED)
}

/// Puts the bits outside of the stored value to what they are for any reader: zero, or the sign. Returns the
/// path of what was changed.
pub(crate) fn clear(output: &mut Instance, source: &DataSet) -> Option<String> {
    let allocated = output.data.u32(tags::BITS_ALLOCATED).filter(|a| matches!(a, 8 | 16 | 32))?;
    if !is_embedded(source) {
        return None;
    }
    let stored = output.data.u32(tags::BITS_STORED).filter(|s| (1..allocated).contains(s))?;
    let high = output.data.u32(tags::HIGH_BIT).unwrap_or(stored - 1).min(allocated - 1);
    let low = (high + 1).checked_sub(stored)?;
    let signed = output.data.u32(tags::PIXEL_REPRESENTATION) == Some(1);
    let element = output.data.get_mut(tags::PIXEL_DATA)?;
    let Value::Bytes(raw) = &element.value else { return None };
    let mut pixels = raw.to_vec();
    // The word's top bit goes to the top of 32 bits, where a shift brings in the sign, or zeros.
    let unused = 31 - high;
    for word in pixels.chunks_exact_mut(allocated as usize / 8) {
        let value = word.iter().rev().fold(0u32, |n, b| n << 8 | u32::from(*b)) << unused;
        let value = if signed { ((value as i32) >> unused) as u32 } else { value >> unused };
        let value = (value >> low << low).to_le_bytes();
        word.copy_from_slice(&value[..word.len()]);
    }
    element.value = Value::Bytes(pixels.into());
    Some(tags::PIXEL_DATA.to_string())
}
