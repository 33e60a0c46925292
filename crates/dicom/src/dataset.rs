//! The data set: elements by tag, values as slices of the file.

use std::collections::BTreeMap;

use bytes::Bytes;
use dicom_core::{Tag, VR};

use crate::Place;

/// The value of an element. All numbers are little endian, whatever the file had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Any value but a sequence: its bytes as stored, padding included.
    Bytes(Bytes),
    /// The items of a sequence.
    Items(Vec<DataSet>),
    /// Encapsulated pixel data.
    Fragments {
        /// The Basic Offset Table (u32 each, may be empty).
        offsets: Bytes,
        /// The fragments in order, each with its byte offset in the file.
        fragments: Vec<(u64, Bytes)>,
    },
}

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The value representation, resolved through the dictionary where the file has none.
    pub vr: VR,
    /// Its value.
    pub value: Value,
    /// Byte offset of the element's tag in the input; 0 for an element that did not come from a file.
    pub offset: u64,
}

impl Element {
    /// The bytes, unless the value is a sequence or encapsulated.
    #[must_use]
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.value {
            Value::Bytes(b) => Some(b),
            _ => None,
        }
    }

    /// The items, if the value is a sequence.
    #[must_use]
    pub fn items(&self) -> Option<&[DataSet]> {
        match &self.value {
            Value::Items(items) => Some(items),
            _ => None,
        }
    }

    /// Whether there is no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Bytes(b) => b.is_empty(),
            Value::Items(items) => items.is_empty(),
            Value::Fragments { fragments, .. } => fragments.is_empty(),
        }
    }

    /// The value as text without padding. Bytes beyond ASCII are read as Latin-1: the typed fields of this
    /// crate are code strings and numbers, and anything else is compared, never shown.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let raw = self.bytes()?;
        let text: String = raw.iter().map(|&b| char::from(b)).collect();
        Some(text.trim_matches(|c: char| c == ' ' || c == '\0').to_owned())
    }

    /// The parts of a multi-valued text, each without padding.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self.text() {
            Some(t) if !t.is_empty() => {
                t.split('\\').map(|p| p.trim_matches(|c: char| c == ' ' || c == '\0').to_owned()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All numbers of a numeric or number-string element; values that are not numbers are left out.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let Some(raw) = self.bytes() else { return Vec::new() };
        match self.vr {
            VR::US => chunks(raw, |b: [u8; 2]| f64::from(u16::from_le_bytes(b))),
            VR::SS => chunks(raw, |b: [u8; 2]| f64::from(i16::from_le_bytes(b))),
            VR::UL => chunks(raw, |b: [u8; 4]| f64::from(u32::from_le_bytes(b))),
            VR::SL => chunks(raw, |b: [u8; 4]| f64::from(i32::from_le_bytes(b))),
            VR::FL | VR::OF => chunks(raw, |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
            VR::FD | VR::OD => chunks(raw, f64::from_le_bytes),
            // Exact up to 2^53, far beyond any count that is read through here.
            VR::UV | VR::OV => chunks(raw, |b: [u8; 8]| u64::from_le_bytes(b) as f64),
            VR::SV => chunks(raw, |b: [u8; 8]| i64::from_le_bytes(b) as f64),
            _ => self.texts().iter().filter_map(|t| number(t)).collect(),
        }
        .into_iter()
        .filter(|n| n.is_finite())
        .collect()
    }
}

/// A decimal string: surrounding blanks and a trailing NUL are common in the field.
fn number(text: &str) -> Option<f64> {
    text.trim().trim_end_matches('\0').parse().ok()
}

fn chunks<const N: usize>(raw: &[u8], f: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    raw.as_chunks::<N>().0.iter().map(|c| f(*c)).collect()
}

/// Elements in the order of their tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataSet {
    elements: BTreeMap<Tag, Element>,
}

impl DataSet {
    /// An empty data set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The element of this tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.get(&tag)
    }

    /// The element of this tag, to change it.
    pub fn get_mut(&mut self, tag: Tag) -> Option<&mut Element> {
        self.elements.get_mut(&tag)
    }

    /// Puts an element in, replacing one of the same tag.
    pub fn insert(&mut self, tag: Tag, element: Element) -> Option<Element> {
        self.elements.insert(tag, element)
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) -> Option<Element> {
        self.elements.remove(&tag)
    }

    /// All elements in tag order.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, &Element)> {
        self.elements.iter().map(|(t, e)| (*t, e))
    }

    /// Number of elements at this level.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Puts text in, padded to even length as its VR asks (NUL for UI, blank otherwise).
    pub fn put_text(&mut self, tag: Tag, vr: VR, text: &str) {
        let mut raw = text.as_bytes().to_vec();
        if !raw.len().is_multiple_of(2) {
            raw.push(if vr == VR::UI { 0 } else { b' ' });
        }
        self.put_bytes(tag, vr, raw);
    }

    /// Puts 16-bit unsigned numbers in (VR US).
    pub fn put_u16(&mut self, tag: Tag, values: &[u16]) {
        self.put_bytes(tag, VR::US, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    }

    /// Puts 64-bit floats in (VR FD).
    pub fn put_f64(&mut self, tag: Tag, values: &[f64]) {
        self.put_bytes(tag, VR::FD, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    }

    /// Puts raw little-endian bytes in.
    pub fn put_bytes(&mut self, tag: Tag, vr: VR, raw: impl Into<Bytes>) {
        self.insert(tag, Element { vr, value: Value::Bytes(raw.into()), offset: 0 });
    }

    /// Puts a sequence in.
    pub fn put_items(&mut self, tag: Tag, items: Vec<DataSet>) {
        self.insert(tag, Element { vr: VR::SQ, value: Value::Items(items), offset: 0 });
    }

    /// Text of the element without padding; `None` when absent or empty.
    #[must_use]
    pub fn text(&self, tag: Tag) -> Option<String> {
        self.get(tag)?.text().filter(|t| !t.is_empty())
    }

    /// Parts of a multi-valued text; empty when absent.
    #[must_use]
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        self.get(tag).map(Element::texts).unwrap_or_default()
    }

    /// The first number of the element.
    #[must_use]
    pub fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// All numbers of the element; empty when absent.
    #[must_use]
    pub fn numbers(&self, tag: Tag) -> Vec<f64> {
        self.get(tag).map(Element::numbers).unwrap_or_default()
    }

    /// The first number of the element if it is a whole one of 32 bits.
    #[must_use]
    pub fn u32(&self, tag: Tag) -> Option<u32> {
        let n = self.number(tag)?;
        // In range and whole, so the cast is exact.
        (n >= 0.0 && n <= f64::from(u32::MAX) && n.fract() == 0.0).then_some(n as u32)
    }

    /// Items of a sequence; empty when absent or not a sequence.
    #[must_use]
    pub fn items(&self, tag: Tag) -> &[DataSet] {
        self.get(tag).and_then(Element::items).unwrap_or_default()
    }

    /// The place of an element for an error: with its byte if it is there.
    #[must_use]
    pub fn place(&self, tag: Tag) -> Place {
        match self.get(tag) {
            Some(e) => Place::new(tag, e.offset),
            None => Place::tag(tag),
        }
    }
}
