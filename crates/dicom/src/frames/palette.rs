//! Palette colour (PS3.3 C.7.6.3.1.5, C.7.9.2): plain and segmented tables.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Samples;
use crate::{DicomError, Instance};

/// Most entries of a table: the descriptor's 16 bits, 0 meaning 65536.
const MAX_ENTRIES: usize = 65_536;
/// Deepest chain of indirect segments; the standard forbids more than one.
const MAX_INDIRECT: u32 = 1;

struct Table {
    first: i32,
    values: Vec<u8>,
}

impl Table {
    /// The colour of an index; what lies outside of the table takes the nearest entry.
    fn at(&self, index: i32) -> u8 {
        let last = self.values.len() as i32 - 1;
        // Clamped to the table, which has at least one value.
        self.values[(index - self.first).clamp(0, last) as usize]
    }
}

/// How bright each entry of a palette is.
pub(super) struct Luminance([Table; 3]);

impl Luminance {
    /// Luma of an index (ITU-R BT.601 weights).
    pub fn of(&self, index: f64) -> f64 {
        let [r, g, b] = [0, 1, 2].map(|c: usize| f64::from(self.0[c].at(index as i32)));
        0.299 * r + 0.587 * g + 0.114 * b
    }
}

/// The brightness of the palette's entries; `None` without a usable palette.
pub(super) fn luminance(instance: &Instance) -> Option<Luminance> {
    tables(instance).ok().map(Luminance)
}

pub(super) fn apply(instance: &Instance, index: &[u16]) -> Result<Samples, DicomError> {
    let tables = tables(instance)?;
    let color = |i: &u16| [0, 1, 2].map(|c: usize| tables[c].at(i32::from(*i)));
    Ok(Samples::Rgb8(index.iter().flat_map(color).collect()))
}

fn tables(instance: &Instance) -> Result<[Table; 3], DicomError> {
    let [red, green, blue] = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ];
    let of = |(descriptor, plain, segmented)| table(instance, descriptor, plain, segmented);
    Ok([of(red)?, of(green)?, of(blue)?])
}

fn table(instance: &Instance, descriptor: Tag, plain: Tag, segmented: Tag) -> Result<Table, DicomError> {
    let data = &instance.data;
    let raw = data.get(descriptor).and_then(|e| e.bytes()).map(|b| b.as_chunks::<2>().0);
    let Some(&[entries, first, bits]) = raw else {
        return Err(DicomError::Missing { place: data.place(descriptor) });
    };
    let entries = match u16::from_le_bytes(entries) {
        0 => MAX_ENTRIES,
        n => usize::from(n),
    };
    // The first mapped value has the sign of the pixels, which are unsigned in a palette image.
    let first = i32::from(u16::from_le_bytes(first));
    let wide = u16::from_le_bytes(bits) > 8;
    let values = if let Some(raw) = data.get(plain).and_then(|e| e.bytes()).filter(|b| !b.is_empty()) {
        plain_values(raw, entries, wide)
    } else if let Some(raw) = data.get(segmented).and_then(|e| e.bytes()) {
        expand(raw, entries, wide)
            .map_err(|why| DicomError::BadValue { place: data.place(segmented), why })?
    } else {
        return Err(DicomError::Missing { place: data.place(plain) });
    };
    let place = data.place(plain);
    if values.is_empty() {
        return Err(DicomError::BadValue { place, why: "an empty colour table" });
    }
    Ok(Table { first, values: to_bytes(&values, wide) })
}

/// 8-bit tables come as bytes, or as one byte per word: the length tells.
fn plain_values(raw: &[u8], entries: usize, wide: bool) -> Vec<u16> {
    if !wide && raw.len() < entries * 2 {
        return raw.iter().take(entries).map(|&b| u16::from(b)).collect();
    }
    raw.as_chunks::<2>().0.iter().take(entries).map(|b| u16::from_le_bytes(*b)).collect()
}

/// To 8 bits: the high byte, unless the table says 16 bits but holds only low bytes.
fn to_bytes(values: &[u16], wide: bool) -> Vec<u8> {
    let low = !wide || values.iter().all(|&v| v < 256);
    values.iter().map(|&v| if low { v.to_le_bytes()[0] } else { v.to_be_bytes()[0] }).collect()
}

/// Expands a segmented table: 0 discrete, 1 linear, 2 indirect (C.7.9.2).
fn expand(raw: &[u8], entries: usize, wide: bool) -> Result<Vec<u16>, &'static str> {
    let words: Vec<u16> = if wide {
        raw.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect()
    } else {
        raw.iter().map(|&b| u16::from(b)).collect()
    };
    let mut out = Vec::with_capacity(entries);
    segments(&words, 0, usize::MAX, entries, wide, MAX_INDIRECT, &mut out)?;
    if out.len() < entries {
        return Err("a segmented table that ends early");
    }
    Ok(out)
}

fn segments(
    words: &[u16],
    start: usize,
    count: usize,
    entries: usize,
    wide: bool,
    indirect: u32,
    out: &mut Vec<u16>,
) -> Result<(), &'static str> {
    let short = "a segment is cut off";
    let mut at = start;
    let mut done = 0;
    while done < count && out.len() < entries && at + 1 < words.len() {
        let length = usize::from(words[at + 1]);
        match words[at] {
            0 => {
                out.extend_from_slice(words.get(at + 2..at + 2 + length).ok_or(short)?);
                at += 2 + length;
            }
            1 => {
                let end = f64::from(*words.get(at + 2).ok_or(short)?);
                let from = f64::from(*out.last().ok_or("a linear segment comes first")?);
                // Between two 16-bit values, so the cast keeps one.
                out.extend(
                    (1..=length).map(|i| (from + (end - from) * i as f64 / length as f64).round() as u16),
                );
                at += 3;
            }
            2 if indirect > 0 => {
                // The offset counts bytes of the table, in two words (four bytes of an 8-bit table).
                let parts = words.get(at + 2..at + if wide { 4 } else { 6 }).ok_or(short)?;
                let shift = if wide { 16 } else { 8 };
                let offset = parts.iter().rev().fold(0usize, |n, &w| n << shift | usize::from(w));
                let target = if wide { offset / 2 } else { offset };
                segments(words, target, length, entries, wide, indirect - 1, out)?;
                at += 2 + parts.len();
            }
            _ => return Err("an unknown segment"),
        }
        done += 1;
    }
    out.truncate(entries);
    Ok(())
}
