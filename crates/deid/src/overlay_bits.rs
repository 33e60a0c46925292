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

/// Puts the bits outside of the stored value to what they are for any reader: zero, or the sign. Returns the
/// path of what was changed.
pub(crate) fn clear(output: &mut Instance, source: &DataSet) -> Option<String> {
    if !is_embedded(source) || output.data.u32(tags::BITS_ALLOCATED) != Some(16) {
        return None;
    }
    let stored = output.data.u32(tags::BITS_STORED).filter(|s| (1..16).contains(s))?;
    let high = output.data.u32(tags::HIGH_BIT).unwrap_or(stored - 1).min(15);
    let low = (high + 1).checked_sub(stored)?;
    let signed = output.data.u32(tags::PIXEL_REPRESENTATION) == Some(1);
    let element = output.data.get_mut(tags::PIXEL_DATA)?;
    let Value::Bytes(raw) = &element.value else { return None };
    let mut pixels = raw.to_vec();
    for word in pixels.as_chunks_mut::<2>().0 {
        let unused = 15 - high;
        let value = u16::from_le_bytes(*word) << unused;
        // An arithmetic shift brings the sign in, a logical one brings zeros.
        let value = if signed { ((value as i16) >> unused) as u16 } else { value >> unused };
        *word = (value >> low << low).to_le_bytes();
    }
    element.value = Value::Bytes(pixels.into());
    Some(tags::PIXEL_DATA.to_string())
}
