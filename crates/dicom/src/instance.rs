//! Reading a whole file: preamble, file meta information, data set.

use std::io::Read;

use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::parse::{End, Frame, Parser};
use crate::syntax::{EXPLICIT_LITTLE, Layout, syntax};
use crate::{DicomError, Limits, Place};

/// Length of the preamble, bytes (PS3.10 7.1).
const PREAMBLE: usize = 128;
/// Most bytes that are inflated at once.
const INFLATE_STEP: u64 = 1 << 20;

/// A defect or peculiarity that was stepped over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// What it was.
    pub kind: NoteKind,
    /// Where it was.
    pub place: Place,
}

/// Kinds of [`Note`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteKind {
    /// No 128-byte preamble with the DICM mark.
    MissingPreamble,
    /// The preamble is not blank: the file may be something else as well.
    PreambleNotBlank,
    /// No Transfer Syntax UID: it was worked out from the first element.
    MissingTransferSyntax,
    /// The Transfer Syntax UID is not registered.
    UnregisteredTransferSyntax,
    /// The data set is not written as the Transfer Syntax UID says: implicit, explicit or big endian.
    SyntaxMismatch,
    /// Bytes after the data set.
    TrailingBytes,
    /// The pixel data end before their declared length: the file is cut off.
    TruncatedPixelData,
    /// A delimiter without its partner.
    StrayDelimiter,
    /// A sequence or fragment list that ends without its delimiter.
    MissingDelimiter,
    /// A sequence whose content cannot be followed; kept as unknown bytes.
    BrokenSequence,
    /// Elements that are not in ascending order.
    OutOfOrder,
    /// The same tag twice in one data set; the later one stays.
    Duplicate,
    /// Overlay planes are present.
    Overlay,
}

impl NoteKind {
    /// A stable machine-readable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingPreamble => "missing-preamble",
            Self::PreambleNotBlank => "preamble-not-blank",
            Self::MissingTransferSyntax => "missing-transfer-syntax",
            Self::UnregisteredTransferSyntax => "unregistered-transfer-syntax",
            Self::SyntaxMismatch => "syntax-mismatch",
            Self::TrailingBytes => "trailing-bytes",
            Self::TruncatedPixelData => "truncated-pixel-data",
            Self::StrayDelimiter => "stray-delimiter",
            Self::MissingDelimiter => "missing-delimiter",
            Self::BrokenSequence => "broken-sequence",
            Self::OutOfOrder => "out-of-order",
            Self::Duplicate => "duplicate",
            Self::Overlay => "overlay",
        }
    }
}

/// One DICOM file in memory. Values share the memory of the file.
#[derive(Debug, Clone)]
pub struct Instance {
    /// File meta information (group 0002).
    pub meta: DataSet,
    /// The data set.
    pub data: DataSet,
    /// The transfer syntax that the pixels are in.
    pub transfer_syntax: String,
    /// What was tolerated.
    pub notes: Vec<Note>,
    pub(crate) limits: Limits,
    /// Where the pixels stand in the file, as long as they are those of the file.
    pub(crate) source: Option<Source>,
}

/// The pixel data within the file that an instance was read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    /// First byte of the value of native pixel data.
    pub pixels_at: u64,
}

impl Instance {
    /// An instance that did not come from a file: native pixels, explicit little endian.
    #[must_use]
    pub fn new(data: DataSet) -> Self {
        Self {
            meta: DataSet::new(),
            data,
            transfer_syntax: EXPLICIT_LITTLE.to_owned(),
            notes: Vec::new(),
            limits: Limits::default(),
            source: None,
        }
    }
}

/// Reads a DICOM file (PS3.10), tolerating the usual defects; see [`NoteKind`].
///
/// # Errors
/// [`DicomError`] with the element and byte where reading stopped, or the limit that was passed.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Instance, DicomError> {
    check_size(bytes.len(), limits)?;
    read_shared(Bytes::copy_from_slice(bytes), limits)
}

fn check_size(bytes: usize, limits: &Limits) -> Result<(), DicomError> {
    let bytes = bytes as u64;
    if bytes > limits.file_bytes {
        return Err(DicomError::FileTooLarge { bytes, limit: limits.file_bytes });
    }
    Ok(())
}

/// As [`read`], sharing the caller's memory instead of copying it.
///
/// # Errors
/// As [`read`].
pub fn read_shared(bytes: Bytes, limits: &Limits) -> Result<Instance, DicomError> {
    check_size(bytes.len(), limits)?;
    let mut notes = Vec::new();
    let start = find_start(&bytes, &mut notes)?;
    let (meta, at) = {
        let mut parser = Parser::new(&bytes, limits);
        let layout = Layout { explicit: true, big_endian: false, deflated: false };
        let frame = Frame { layout, depth: 0, end: End::Meta, signed: false };
        let parsed = parser.data_set(start, bytes.len(), frame)?;
        notes.append(&mut parser.notes);
        parsed
    };
    let declared = meta.text(tags::TRANSFER_SYNTAX_UID);
    let (transfer_syntax, layout) = resolve_syntax(declared, &bytes, at, &meta, &mut notes);
    let (body, from) = if layout.deflated {
        let place = Place::byte(at as u64);
        let deflated = &bytes[at..];
        (Bytes::from(inflate(deflated, limits.inflated_from(deflated.len()), place)?), 0)
    } else {
        (bytes, at)
    };
    let mut parser = Parser::new(&body, limits);
    let frame = Frame { layout, depth: 0, end: End::File, signed: false };
    let (data, _) = parser.data_set(from, body.len(), frame)?;
    notes.append(&mut parser.notes);
    if !data.iter().any(|(tag, _)| crate::write::belongs(tag)) {
        return Err(DicomError::NotDicom { why: "no data set", place: Place::byte(at as u64) });
    }
    if let Some((tag, e)) = data.iter().find(|(t, _)| is_overlay(*t)) {
        notes.push(Note { kind: NoteKind::Overlay, place: Place::new(tag, e.offset) });
    }
    check_image_size(&data, limits)?;
    // The bytes of a deflated data set are not those of the file.
    let source = (!layout.deflated).then_some(Source { pixels_at: parser.pixels_at });
    Ok(Instance { meta, data, transfer_syntax, notes, limits: *limits, source })
}

/// Groups 6000-601E hold overlay planes.
pub(crate) fn is_overlay(tag: Tag) -> bool {
    (0x6000..=0x601E).contains(&tag.0) && tag.0.is_multiple_of(2)
}

fn find_start(bytes: &[u8], notes: &mut Vec<Note>) -> Result<usize, DicomError> {
    if bytes.len() >= PREAMBLE + 4 && &bytes[PREAMBLE..PREAMBLE + 4] == b"DICM" {
        if bytes[..PREAMBLE].iter().any(|&b| b != 0) {
            notes.push(Note { kind: NoteKind::PreambleNotBlank, place: Place::byte(0) });
        }
        return Ok(PREAMBLE + 4);
    }
    // The mark at the start, nothing at all, or a blank preamble without the mark.
    let start = if bytes.starts_with(b"DICM") { 4 } else { 0 };
    let blank = bytes.len() > PREAMBLE && bytes[..PREAMBLE].iter().all(|&b| b == 0);
    let start = if blank { PREAMBLE } else { start };
    let place = Place::byte(start as u64);
    notes.push(Note { kind: NoteKind::MissingPreamble, place });
    match starts_element(&bytes[start..]) {
        Ok(()) => Ok(start),
        Err(why) => Err(DicomError::NotDicom { why, place }),
    }
}

/// Whether a data set may start here: group 0002 or 0008, little or big endian, and a length that fits.
fn starts_element(bytes: &[u8]) -> Result<(), &'static str> {
    let head = bytes.get(..8).ok_or("shorter than one element")?;
    let little = matches!(head[..2], [0x02 | 0x08, 0x00]) && head[3] == 0;
    let big = head[..2] == [0x00, 0x08] && head[2] == 0;
    let known = dicom_core::VR::from_binary([head[4], head[5]]).is_some();
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let fits = known || (little && length <= bytes.len() - 8);
    if (little || big) && fits { Ok(()) } else { Err("neither a preamble nor a data element") }
}

/// The syntax that the file meta information names, or the one that the first element shows.
fn resolve_syntax(
    declared: Option<String>,
    bytes: &[u8],
    at: usize,
    meta: &DataSet,
    notes: &mut Vec<Note>,
) -> (String, Layout) {
    if let Some(uid) = declared {
        let known = syntax(&uid);
        if known.uid.is_empty() {
            let place = meta.place(tags::TRANSFER_SYNTAX_UID);
            notes.push(Note { kind: NoteKind::UnregisteredTransferSyntax, place });
        }
        let mut layout = known.layout;
        // Deflated in name only: the plain data set stands there (its first group is 0008 or lower).
        layout.deflated &= !matches!(bytes.get(at..at + 4), Some([0x04 | 0x08, 0, _, 0]));
        // The first group is 0008 in all but the oddest files, and tells the byte order.
        let big_endian = match bytes.get(at..at + 2) {
            Some([0x00, 0x08]) => true,
            Some([0x08, 0x00]) => false,
            _ => layout.big_endian,
        };
        if !layout.deflated && big_endian != layout.big_endian {
            let place = Place::byte(at as u64);
            notes.push(Note { kind: NoteKind::SyntaxMismatch, place });
            layout.big_endian = big_endian;
        }
        return (uid, layout);
    }
    let place = Place::tag(tags::TRANSFER_SYNTAX_UID);
    notes.push(Note { kind: NoteKind::MissingTransferSyntax, place });
    let big_endian = bytes.get(at..at + 2) == Some(&[0x00, 0x08]);
    let layout = Layout { explicit: true, big_endian, deflated: false };
    (EXPLICIT_LITTLE.to_owned(), layout)
}

/// Inflates deflated data up to `limit` bytes: raw, as the standard asks, or with the zlib header that some
/// writers put in front.
pub(crate) fn inflate(data: &[u8], limit: u64, place: Place) -> Result<Vec<u8>, DicomError> {
    let raw = inflate_from(flate2::read::DeflateDecoder::new(data), limit, place);
    let zlib = matches!(data, [first, second, ..]
        if first & 0x0F == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31));
    match raw {
        Err(DicomError::Inflate { .. }) if zlib => {
            inflate_from(flate2::read::ZlibDecoder::new(data), limit, place)
        }
        other => other,
    }
}

fn inflate_from(mut decoder: impl Read, limit: u64, place: Place) -> Result<Vec<u8>, DicomError> {
    let mut out = Vec::new();
    loop {
        // One byte beyond the limit is enough to know.
        let step = INFLATE_STEP.min(limit.saturating_add(1) - out.len() as u64);
        let got =
            (&mut decoder).take(step).read_to_end(&mut out).map_err(|_| DicomError::Inflate { place })?;
        if out.len() as u64 > limit {
            return Err(DicomError::InflatedTooLarge { place, limit });
        }
        if got == 0 {
            return Ok(out);
        }
    }
}

/// Refuses an image that could not be decoded within the limits, before anything depends on its size.
fn check_image_size(data: &DataSet, limits: &Limits) -> Result<(), DicomError> {
    let whole = |tag| data.number(tag).filter(|n| *n >= 0.0).map_or(0, |n| n as u64);
    let (rows, columns) = (whole(tags::ROWS), whole(tags::COLUMNS));
    if rows.saturating_mul(columns) > limits.frame_pixels {
        let place = data.place(tags::ROWS);
        return Err(DicomError::ImageTooLarge { place, rows, columns, limit: limits.frame_pixels });
    }
    let frames = whole(tags::NUMBER_OF_FRAMES);
    if frames > limits.frames {
        let place = data.place(tags::NUMBER_OF_FRAMES);
        return Err(DicomError::TooManyFrames { place, frames, limit: limits.frames });
    }
    Ok(())
}
