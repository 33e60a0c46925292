//! Lookup tables for display: modality and VOI (PS3.3 C.11.1.1.1 and C.11.2.1.1).

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::facts::group_items;
use crate::{Element, Instance};

/// Entries of a table whose descriptor says 0.
const FULL: usize = 65_536;
/// Most tables that are kept of one instance.
const MAX_TABLES: usize = 16;

/// One lookup table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lut {
    /// The input value of the first entry; what lies outside takes the first or the last one.
    pub first: i32,
    /// Bits of an entry, 8 to 16.
    pub bits: u16,
    /// The entries; at least one.
    pub values: Vec<u16>,
}

impl Lut {
    /// The entry of an input value.
    #[must_use]
    pub fn at(&self, input: f64) -> f64 {
        let last = self.values.len() - 1;
        // Clamped to the table; what is no number goes to its start.
        let index = (input.round() - f64::from(self.first)).clamp(0.0, last as f64) as usize;
        f64::from(self.values[index.min(last)])
    }

    /// The entry as a share of the largest possible one, from 0 to 1.
    #[must_use]
    pub fn share(&self, input: f64) -> f64 {
        self.at(input) / f64::from((1u32 << self.bits) - 1)
    }

    /// Smallest and largest entry.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let low = self.values.iter().min().copied().unwrap_or(0);
        let high = self.values.iter().max().copied().unwrap_or(0);
        (f64::from(low), f64::from(high))
    }

    /// From an item of a LUT sequence; `None` for one that cannot be used.
    fn of(item: &DataSet, signed: bool) -> Option<Self> {
        let raw = item.get(tags::LUT_DESCRIPTOR)?.bytes()?;
        let &[entries, first, bits] = raw.as_chunks::<2>().0 else { return None };
        let entries = match u16::from_le_bytes(entries) {
            0 => FULL,
            n => usize::from(n),
        };
        // The second value has the sign of what the table takes, whatever its VR became on the way.
        let first = if signed || item.get(tags::LUT_DESCRIPTOR)?.vr == VR::SS {
            i32::from(i16::from_le_bytes(first))
        } else {
            i32::from(u16::from_le_bytes(first))
        };
        let values = entries_of(item.get(tags::LUT_DATA)?, entries);
        // Some writers give the number of bits that they allocate, or none: the entries know better.
        let needed = 16 - values.iter().max()?.leading_zeros() as u16;
        let stated = u16::from_le_bytes(bits);
        let bits = if (8..=16).contains(&stated) { stated.max(needed) } else { needed.max(8) };
        Some(Self { first, bits, values })
    }
}

/// 16-bit entries, or 8-bit ones packed as bytes: the length tells.
fn entries_of(data: &Element, entries: usize) -> Vec<u16> {
    let Some(raw) = data.bytes() else { return Vec::new() };
    if raw.len() < entries * 2 {
        return raw.iter().take(entries).map(|b| u16::from(*b)).collect();
    }
    raw.as_chunks::<2>().0.iter().take(entries).map(|b| u16::from_le_bytes(*b)).collect()
}

/// The tables that a frame is shown through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisplayLuts {
    /// Modality LUT (0028,3000): takes the place of slope and intercept.
    pub modality: Option<Lut>,
    /// VOI LUTs (0028,3010), in order.
    pub voi: Vec<Lut>,
}

impl DisplayLuts {
    /// The tables of frame `index` (from 0): at the top level, or in its functional groups.
    #[must_use]
    pub fn of(instance: &Instance, index: u32) -> Self {
        let signed = instance.data.u32(tags::PIXEL_REPRESENTATION) == Some(1);
        let items = |tag| group_items(instance, index, tag);
        let modality: Option<Lut> =
            items(tags::MODALITY_LUT_SEQUENCE).iter().find_map(|item| Lut::of(item, signed));
        // What a modality table gives is unsigned; slope and intercept may make it negative.
        let below = instance.data.number(tags::RESCALE_INTERCEPT).is_some_and(|n| n < 0.0);
        let voi_signed = modality.is_none() && (signed || below);
        let voi = items(tags::VOILUT_SEQUENCE)
            .iter()
            .filter_map(|item| Lut::of(item, voi_signed))
            .take(MAX_TABLES)
            .collect();
        Self { modality, voi }
    }
}
