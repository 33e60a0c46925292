//! From bytes to a [`DataSet`], with every length checked against what is left before it is believed.

use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::dataset::{DataSet, Element, Value};
use crate::dictionary::dictionary_vr;
use crate::endian::{to_little, whole_cells};
use crate::syntax::Layout;
use crate::{DicomError, Limits, MAX_DEPTH, Note, NoteKind, Place};

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
/// "Undefined length": the value ends at a delimiter.
const UNDEFINED: u32 = u32::MAX;
/// Most notes that are kept of one file.
const MAX_NOTES: usize = 100;

/// Where a data set ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At the end of its range, leftovers tolerated: the data set of the file.
    File,
    /// At the end of its range: an item of defined length.
    Range,
    /// At an item delimiter.
    Delimiter,
    /// Before the first element that is not of group 0002: the file meta information.
    Meta,
}

/// What a data set inherits from the one around it.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub layout: Layout,
    pub depth: usize,
    pub end: End,
    /// Pixel Representation seen so far: decides between US and SS where the file has no VR.
    pub signed: bool,
}

pub(crate) struct Parser<'a> {
    data: &'a Bytes,
    limits: &'a Limits,
    elements: usize,
    pub notes: Vec<Note>,
    /// First byte of the value of the pixel data at the top level.
    pub pixels_at: u64,
    zeros: Option<usize>,
}

/// A tag, its VR and length, and where the value starts.
struct Header {
    tag: Tag,
    vr: VR,
    length: u32,
    start: usize,
    value: usize,
    /// The file says UN.
    was_unknown: bool,
}

impl Header {
    fn place(&self) -> Place {
        Place::new(self.tag, self.start as u64)
    }
}

impl<'a> Parser<'a> {
    pub fn new(data: &'a Bytes, limits: &'a Limits) -> Self {
        Self { data, limits, elements: 0, notes: Vec::new(), pixels_at: 0, zeros: None }
    }

    fn note(&mut self, kind: NoteKind, place: Place) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(Note { kind, place });
        }
    }

    fn count(&mut self, place: Place) -> Result<(), DicomError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(DicomError::TooManyElements { place, limit: self.limits.elements });
        }
        Ok(())
    }

    fn slice(&self, start: usize, end: usize) -> Bytes {
        self.data.slice(start..end)
    }

    fn u16(&self, at: usize, big: bool) -> u16 {
        let b = [self.data[at], self.data[at + 1]];
        if big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
    }

    fn u32(&self, at: usize, big: bool) -> u32 {
        let b = [self.data[at], self.data[at + 1], self.data[at + 2], self.data[at + 3]];
        if big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }

    fn tag(&self, at: usize, big: bool) -> Tag {
        Tag(self.u16(at, big), self.u16(at + 2, big))
    }

    /// Reads the data set in `start..end`; returns it and the first byte after it.
    pub fn data_set(
        &mut self,
        start: usize,
        end: usize,
        frame: Frame,
    ) -> Result<(DataSet, usize), DicomError> {
        let mut frame = frame;
        let explicit = self.sniff_explicit(start, end, frame.layout);
        if frame.end == End::File && explicit != frame.layout.explicit {
            self.note(NoteKind::SyntaxMismatch, Place::byte(start as u64));
        }
        frame.layout.explicit = explicit;
        let mut set = DataSet::new();
        let mut at = start;
        let mut last = None;
        while at < end {
            if end - at < 8 {
                return self.leftover(set, at, end, frame.end);
            }
            let tag = self.tag(at, frame.layout.big_endian);
            if tag == ITEM_END && frame.end == End::Delimiter {
                return Ok((set, at + 8));
            }
            if frame.end == End::Meta && tag.0 != 0x0002 {
                return Ok((set, at));
            }
            if tag.0 == 0xFFFE {
                // A delimiter without its partner: step over it where nothing can be lost.
                if frame.end == End::Delimiter && tag == SEQUENCE_END {
                    self.note(NoteKind::MissingDelimiter, Place::new(tag, at as u64));
                    return Ok((set, at));
                }
                self.note(NoteKind::StrayDelimiter, Place::new(tag, at as u64));
                at += 8;
                continue;
            }
            if frame.end == End::File && tag == Tag(0, 0) && at >= self.zeros_from(end) {
                self.note(NoteKind::TrailingBytes, Place::byte(at as u64));
                return Ok((set, end));
            }
            let read = self.element(at, end, &set, frame);
            let (header, element, next) = match read {
                Ok(read) => read,
                // Behind the pixels stands nothing that a reader must have.
                Err(e) if frame.end == End::File && self.pixels_at > 0 && !e.is_limit() => {
                    self.note(NoteKind::TrailingBytes, Place::byte(at as u64));
                    return Ok((set, end));
                }
                Err(e) => return Err(e),
            };
            if last.is_some_and(|l| l >= tag) {
                self.note(NoteKind::OutOfOrder, header.place());
            }
            last = Some(tag);
            if frame.depth == 0 && is_pixels(tag) {
                self.pixels_at = header.value as u64;
            }
            if tag == tags::PIXEL_REPRESENTATION {
                frame.signed = element.numbers().first() == Some(&1.0);
            }
            if set.insert(tag, element).is_some() {
                self.note(NoteKind::Duplicate, header.place());
            }
            at = next;
        }
        match frame.end {
            End::Delimiter => Err(DicomError::BadStructure {
                place: Place::new(ITEM, start as u64),
                why: "the item does not end before its surroundings do",
            }),
            _ => Ok((set, at)),
        }
    }

    /// One element: its header, what it holds, and the first byte after it.
    fn element(
        &mut self,
        at: usize,
        end: usize,
        set: &DataSet,
        frame: Frame,
    ) -> Result<(Header, Element, usize), DicomError> {
        let header = self.header(at, end, set, frame)?;
        self.count(header.place())?;
        let (mut element, next) = self.value(&header, end, frame)?;
        // Cells of 32 bits in words of 16: writers of big endian files turn the cells around, not the words.
        if frame.layout.big_endian && header.tag == tags::PIXEL_DATA && header.vr == VR::OW {
            element.value = whole_cells(element.value, set.u32(tags::BITS_ALLOCATED));
        }
        Ok((header, element, next))
    }

    /// From which byte on there are only zeros.
    fn zeros_from(&mut self, end: usize) -> usize {
        // Looked up once: a file of zeros with a one at its end must not be searched for each element.
        *self.zeros.get_or_insert_with(|| self.data[..end].iter().rposition(|&b| b != 0).map_or(0, |p| p + 1))
    }

    /// Fewer than 8 bytes cannot be an element.
    fn leftover(
        &mut self,
        set: DataSet,
        at: usize,
        end: usize,
        kind: End,
    ) -> Result<(DataSet, usize), DicomError> {
        if kind == End::Delimiter {
            let place = Place::byte(at as u64);
            return Err(DicomError::Truncated { place, declared: 8, available: (end - at) as u64 });
        }
        self.note(NoteKind::TrailingBytes, Place::byte(at as u64));
        Ok((set, end))
    }

    /// Whether the first element carries a VR. Files that say one thing and do the other exist.
    fn sniff_explicit(&self, start: usize, end: usize, layout: Layout) -> bool {
        if end - start < 8 {
            return layout.explicit;
        }
        if self.data[start..start + 4] == [0xFE, 0xFF, 0x0D, 0xE0] {
            return layout.explicit;
        }
        self.vr_at(start + 4).is_some()
    }

    fn vr_at(&self, at: usize) -> Option<VR> {
        VR::from_binary([self.data[at], self.data[at + 1]])
    }

    fn header(&self, at: usize, end: usize, set: &DataSet, frame: Frame) -> Result<Header, DicomError> {
        let big = frame.layout.big_endian;
        let tag = self.tag(at, big);
        let place = Place::new(tag, at as u64);
        let implicit = || Header {
            tag,
            vr: dictionary_vr(tag, frame.signed || set.u32(tags::PIXEL_REPRESENTATION) == Some(1)),
            length: self.u32(at + 4, big),
            start: at,
            value: at + 8,
            was_unknown: false,
        };
        if !frame.layout.explicit {
            return Ok(implicit());
        }
        let Some(vr) = self.vr_at(at + 4) else {
            let raw = [self.data[at + 4], self.data[at + 5]];
            if raw.iter().all(u8::is_ascii_uppercase) {
                // A VR of a later edition: the standard gives all new ones the long form.
                return self.long_form(tag, VR::UN, at, end, big);
            }
            // An element without a VR among others that have one.
            let header = implicit();
            if header.length as usize > end - header.value {
                return Err(DicomError::BadStructure { place, why: "no value representation" });
            }
            return Ok(header);
        };
        if has_long_length(vr) {
            return self.long_form(tag, vr, at, end, big);
        }
        let length = u32::from(self.u16(at + 6, big));
        let vr = resolve(tag, vr, frame.signed);
        Ok(Header { tag, vr, length, start: at, value: at + 8, was_unknown: false })
    }

    fn long_form(&self, tag: Tag, vr: VR, at: usize, end: usize, big: bool) -> Result<Header, DicomError> {
        if end - at < 12 {
            let place = Place::new(tag, at as u64);
            return Err(DicomError::Truncated { place, declared: 12, available: (end - at) as u64 });
        }
        let length = self.u32(at + 8, big);
        let was_unknown = vr == VR::UN;
        let vr = if was_unknown { resolve(tag, vr, false) } else { vr };
        Ok(Header { tag, vr, length, start: at, value: at + 12, was_unknown })
    }

    fn value(&mut self, header: &Header, end: usize, frame: Frame) -> Result<(Element, usize), DicomError> {
        if header.length == UNDEFINED {
            return self.undefined_length(header, end, frame);
        }
        let length = header.length as usize;
        let available = end - header.value;
        if length > available && frame.depth == 0 && is_pixels(header.tag) && end == self.data.len() {
            // The frames that are there can be used; the decoder says which are not.
            self.note(NoteKind::TruncatedPixelData, header.place());
            let raw = self.slice(header.value, end);
            let raw = if frame.layout.big_endian { to_little(&raw, header.vr) } else { raw };
            let offset = header.start as u64;
            return Ok((Element { vr: header.vr, value: Value::Bytes(raw), offset }, end));
        }
        if length > available {
            return Err(DicomError::Truncated {
                place: header.place(),
                declared: u64::from(header.length),
                available: available as u64,
            });
        }
        let next = header.value + length;
        let offset = header.start as u64;
        if header.vr == VR::SQ {
            return match self.items(header, header.value, next, frame) {
                Ok((items, _)) => Ok((Element { vr: VR::SQ, value: Value::Items(items), offset }, next)),
                Err(e) if e.is_limit() => Err(e),
                // Its length says where it ends, so the rest of the file can still be read. What it holds
                // stays as unknown bytes, which no later step may pass on.
                Err(e) => {
                    self.note(NoteKind::BrokenSequence, e.place());
                    let raw = self.slice(header.value, next);
                    Ok((Element { vr: VR::UN, value: Value::Bytes(raw), offset }, next))
                }
            };
        }
        let raw = self.slice(header.value, next);
        let raw = if frame.layout.big_endian { to_little(&raw, header.vr) } else { raw };
        Ok((Element { vr: header.vr, value: Value::Bytes(raw), offset }, next))
    }

    fn undefined_length(
        &mut self,
        header: &Header,
        end: usize,
        frame: Frame,
    ) -> Result<(Element, usize), DicomError> {
        let offset = header.start as u64;
        match header.vr {
            VR::SQ | VR::UN => {
                // PS3.5 6.2.2 note 3: UN of undefined length holds a sequence in implicit little endian,
                // whatever surrounds it. Each item is looked at all the same: some writers keep its VRs.
                let mut frame = frame;
                if header.vr == VR::UN || header.was_unknown {
                    frame.layout = Layout { explicit: false, big_endian: false, ..frame.layout };
                }
                let (items, next) = self.items(header, header.value, end, frame)?;
                Ok((Element { vr: VR::SQ, value: Value::Items(items), offset }, next))
            }
            VR::OB | VR::OW if header.tag == tags::PIXEL_DATA => {
                let (value, next) = self.fragments(header, end)?;
                Ok((Element { vr: VR::OB, value, offset }, next))
            }
            _ => Err(DicomError::BadStructure {
                place: header.place(),
                why: "undefined length on a value that is no sequence",
            }),
        }
    }

    /// Items from `at` until the sequence delimiter (undefined length) or `end`.
    fn items(
        &mut self,
        header: &Header,
        at: usize,
        end: usize,
        frame: Frame,
    ) -> Result<(Vec<DataSet>, usize), DicomError> {
        let limit = self.limits.depth.min(MAX_DEPTH);
        if frame.depth >= limit {
            return Err(DicomError::TooDeep { place: header.place(), limit });
        }
        let big = frame.layout.big_endian;
        let mut items = Vec::new();
        let mut at = at;
        while at < end {
            if end - at < 8 {
                let place = Place::new(header.tag, at as u64);
                return Err(DicomError::Truncated { place, declared: 8, available: (end - at) as u64 });
            }
            let tag = self.tag(at, big);
            let length = self.u32(at + 4, big);
            let place = Place::new(tag, at as u64);
            if tag == SEQUENCE_END {
                return Ok((items, at + 8));
            }
            if tag == ITEM_END {
                self.note(NoteKind::StrayDelimiter, place);
                at += 8;
                continue;
            }
            if tag != ITEM {
                let why = "an item was expected";
                return Err(DicomError::BadStructure { place: Place::new(header.tag, at as u64), why });
            }
            self.count(place)?;
            let start = at + 8;
            let inner = Frame { depth: frame.depth + 1, ..frame };
            let (item, next) = if length == UNDEFINED {
                self.data_set(start, end, Frame { end: End::Delimiter, ..inner })?
            } else if length as usize > end - start {
                let available = (end - start) as u64;
                return Err(DicomError::Truncated { place, declared: u64::from(length), available });
            } else {
                let stop = start + length as usize;
                (self.data_set(start, stop, Frame { end: End::Range, ..inner })?.0, stop)
            };
            items.push(item);
            at = next;
        }
        if header.length == UNDEFINED {
            self.note(NoteKind::MissingDelimiter, header.place());
        }
        Ok((items, at))
    }

    /// The fragments of encapsulated pixel data (PS3.5 A.4); always little endian.
    fn fragments(&mut self, header: &Header, end: usize) -> Result<(Value, usize), DicomError> {
        let mut offsets = None;
        let mut fragments = Vec::new();
        let mut at = header.value;
        while end - at >= 8 {
            let tag = self.tag(at, false);
            let length = self.u32(at + 4, false) as usize;
            let place = Place::new(header.tag, at as u64);
            let start = at + 8;
            if tag == SEQUENCE_END {
                return Ok((Value::Fragments { offsets: offsets.unwrap_or_default(), fragments }, start));
            }
            if tag != ITEM {
                // With at least one frame at hand, what follows is of no use but no reason to refuse either.
                if fragments.is_empty() {
                    return Err(DicomError::BadStructure { place, why: "a fragment was expected" });
                }
                self.note(NoteKind::MissingDelimiter, place);
                return Ok((Value::Fragments { offsets: offsets.unwrap_or_default(), fragments }, at));
            }
            self.count(place)?;
            if length > end - start {
                self.note(NoteKind::TruncatedPixelData, place);
            }
            // What is there of a fragment that is cut off.
            let length = length.min(end - start);
            let raw = self.slice(start, start + length);
            if offsets.is_none() {
                offsets = Some(raw);
            } else {
                fragments.push((start as u64, raw));
            }
            at = start + length;
        }
        self.note(NoteKind::MissingDelimiter, header.place());
        Ok((Value::Fragments { offsets: offsets.unwrap_or_default(), fragments }, end))
    }
}

fn is_pixels(tag: Tag) -> bool {
    matches!(tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA)
}

/// The VRs whose explicit form has 2 reserved bytes and a 32-bit length (PS3.5 7.1.2).
pub(crate) fn has_long_length(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

/// UN on a tag that the dictionary knows is a gateway's loss, not a fact.
fn resolve(tag: Tag, vr: VR, signed: bool) -> VR {
    if vr == VR::UN && tag.0.is_multiple_of(2) { dictionary_vr(tag, signed) } else { vr }
}
