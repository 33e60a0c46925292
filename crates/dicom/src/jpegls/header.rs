//! Marker segments (T.87 Annex C).

use super::JpegLsError;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DRI: u8 = 0xDD;
const SOF55: u8 = 0xF7;
const LSE: u8 = 0xF8;
const APP8: u8 = 0xE8;
/// Most filler bytes that are stepped over before the start of image.
const MAX_LEAD: usize = 64;

/// How the samples of several components follow each other (C.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interleave {
    None,
    Line,
    Sample,
}

/// The frame header (SOF55).
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub rows: usize,
    pub columns: usize,
    /// Sample precision, bits.
    pub precision: u32,
    /// Component identifiers in order.
    pub components: Vec<u8>,
}

/// One scan header (SOS): indices of its components, NEAR and the interleave.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub components: Vec<usize>,
    pub near: i32,
    pub interleave: Interleave,
}

/// The preset coding parameters (LSE type 1); zero means "default".
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Presets {
    pub max_value: i32,
    pub t1: i32,
    pub t2: i32,
    pub t3: i32,
    pub reset: i32,
}

/// Everything before the first entropy-coded byte.
pub(crate) struct Parsed {
    pub header: Header,
    pub scan: Scan,
    pub at: usize,
    pub presets: Presets,
    pub restart: u32,
}

struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    next: usize,
}

/// The marker segment that starts at `at` (fill bytes allowed).
fn segment(data: &[u8], at: usize) -> Result<Segment<'_>, JpegLsError> {
    let mut at = at;
    if data.get(at) != Some(&0xFF) {
        return Err(JpegLsError("a marker was expected"));
    }
    while data.get(at) == Some(&0xFF) {
        at += 1;
    }
    let marker = *data.get(at).ok_or(JpegLsError("ends within a marker"))?;
    at += 1;
    if matches!(marker, SOI | EOI | 0xD0..=0xD7) {
        return Ok(Segment { marker, body: &[], next: at });
    }
    let length = match data.get(at..at + 2) {
        Some(&[a, b]) => usize::from(u16::from_be_bytes([a, b])),
        _ => return Err(JpegLsError("ends within a marker segment")),
    };
    let body = data
        .get(at + 2..at + length.max(2))
        .filter(|_| length >= 2)
        .ok_or(JpegLsError("a marker segment is longer than the data"))?;
    Ok(Segment { marker, body, next: at + length })
}

pub(crate) fn parse(data: &[u8]) -> Result<Parsed, JpegLsError> {
    let lead = data.iter().take(MAX_LEAD).position(|&b| b == 0xFF).ok_or(JpegLsError("no start of image"))?;
    let mut at = lead;
    // Some writers leave SOI out; the first segment then stands at the start.
    if data.get(at + 1) == Some(&SOI) {
        at += 2;
    }
    let mut header = None;
    let mut presets = Presets::default();
    let mut restart = 0;
    loop {
        let Segment { marker, body, next } = segment(data, at)?;
        match marker {
            SOF55 => header = Some(frame_header(body)?),
            LSE => preset(body, &mut presets)?,
            DRI => restart = restart_interval(body)?,
            APP8 if body.starts_with(b"mrfx") && body.get(4).is_some_and(|t| *t != 0) => {
                return Err(JpegLsError("a vendor's colour transform"));
            }
            SOS => {
                let header = header.ok_or(JpegLsError("a scan before the frame header"))?;
                let scan = scan_header(body, &header)?;
                return Ok(Parsed { header, scan, at: next, presets, restart });
            }
            EOI => return Err(JpegLsError("no scan")),
            0xC0..=0xCF if marker != 0xC4 && marker != 0xC8 && marker != 0xCC => {
                return Err(JpegLsError("not a JPEG-LS frame"));
            }
            _ => {}
        }
        at = next;
    }
}

/// The next scan after an entropy-coded segment.
pub(crate) fn next_scan(data: &[u8], at: usize, header: &Header) -> Result<(Scan, usize), JpegLsError> {
    let mut at = at;
    loop {
        let Segment { marker, body, next } = segment(data, at)?;
        match marker {
            SOS => return Ok((scan_header(body, header)?, next)),
            EOI => return Err(JpegLsError("components are missing")),
            // New parameters between scans are legal but unknown in the field; refusing beats guessing.
            LSE => return Err(JpegLsError("parameters change between scans")),
            _ => at = next,
        }
    }
}

fn frame_header(body: &[u8]) -> Result<Header, JpegLsError> {
    let &[precision, y1, y0, x1, x0, count, ref rest @ ..] = body else {
        return Err(JpegLsError("short frame header"));
    };
    let rows = usize::from(u16::from_be_bytes([y1, y0]));
    let columns = usize::from(u16::from_be_bytes([x1, x0]));
    if rows == 0 || columns == 0 {
        return Err(JpegLsError("no size in the frame header"));
    }
    if !(2..=16).contains(&precision) {
        return Err(JpegLsError("precision is not 2 to 16 bits"));
    }
    if !matches!(count, 1..=4) || rest.len() < usize::from(count) * 3 {
        return Err(JpegLsError("component count"));
    }
    let mut components = Vec::new();
    for c in rest.chunks_exact(3).take(usize::from(count)) {
        if c[1] != 0x11 {
            return Err(JpegLsError("subsampled components"));
        }
        components.push(c[0]);
    }
    Ok(Header { rows, columns, precision: u32::from(precision), components })
}

fn preset(body: &[u8], presets: &mut Presets) -> Result<(), JpegLsError> {
    match body.first() {
        Some(1) if body.len() >= 11 => {
            let word = |i: usize| i32::from(u16::from_be_bytes([body[i], body[i + 1]]));
            *presets = Presets { max_value: word(1), t1: word(3), t2: word(5), t3: word(7), reset: word(9) };
            Ok(())
        }
        Some(1) => Err(JpegLsError("short parameter segment")),
        Some(2 | 3) => Err(JpegLsError("a mapping table")),
        _ => Err(JpegLsError("an oversize image")),
    }
}

fn restart_interval(body: &[u8]) -> Result<u32, JpegLsError> {
    match body.len() {
        2..=4 => Ok(body.iter().fold(0, |n, &b| n << 8 | u32::from(b))),
        _ => Err(JpegLsError("restart interval")),
    }
}

fn scan_header(body: &[u8], header: &Header) -> Result<Scan, JpegLsError> {
    let count = usize::from(*body.first().ok_or(JpegLsError("short scan header"))?);
    if body.len() < 1 + 2 * count + 3 || count == 0 || count > 4 {
        return Err(JpegLsError("short scan header"));
    }
    let mut components = Vec::new();
    for pair in body[1..=2 * count].chunks_exact(2) {
        let index = header.components.iter().position(|&c| c == pair[0]);
        let index = index.ok_or(JpegLsError("a scan of an unknown component"))?;
        if components.contains(&index) {
            return Err(JpegLsError("a component is coded twice"));
        }
        if pair[1] != 0 {
            return Err(JpegLsError("a mapping table"));
        }
        components.push(index);
    }
    let tail = &body[1 + 2 * count..];
    let interleave = match tail[1] {
        0 if count == 1 => Interleave::None,
        1 => Interleave::Line,
        2 => Interleave::Sample,
        _ => return Err(JpegLsError("interleave mode")),
    };
    if tail[2] != 0 {
        return Err(JpegLsError("a point transform"));
    }
    Ok(Scan { components, near: i32::from(tail[0]), interleave })
}
