//! Marker segments (T.81 Annex B).

use super::JpegError;
use super::entropy::{Table, ZIGZAG};

/// One component of the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    pub id: u8,
    /// Sampling factors, across and down, 1 to 4.
    pub across: usize,
    pub down: usize,
    pub quantisation: usize,
}

/// What a frame header says about the coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// SOF0.
    Baseline,
    /// SOF1.
    Extended,
    /// SOF3.
    Lossless,
}

/// The frame header.
pub(super) struct Frame {
    pub process: Process,
    pub precision: u8,
    pub rows: usize,
    pub columns: usize,
    pub components: Vec<Component>,
}

/// One component of a scan: its identifier and table numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub id: u8,
    pub dc: usize,
    pub ac: usize,
}

/// A scan header.
pub(super) struct Scan {
    pub parts: Vec<Part>,
    /// Selection value of the lossless process (Ss).
    pub predictor: u8,
    /// Point transform of the lossless process (Al).
    pub shift: u8,
}

pub(super) enum Marker {
    Frame(Frame),
    Scan(Scan),
    Other,
}

/// Walks the marker segments and keeps the tables.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    pub quantisation: [Option<[u16; 64]>; 4],
    pub dc: [Option<Table>; 4],
    pub ac: [Option<Table>; 4],
    /// Blocks between restart markers; 0 for none.
    pub restart: usize,
}

const CUT: JpegError = JpegError("a marker segment is cut off");

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            quantisation: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart: 0,
        }
    }

    /// What follows the last segment.
    pub fn rest(&self) -> &'a [u8] {
        &self.data[self.at..]
    }

    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next segment; `None` at the end of the image or of the data.
    pub fn next(&mut self) -> Result<Option<Marker>, JpegError> {
        while self.data.get(self.at..self.at + 2).is_some_and(|m| m[0] != 0xFF || matches!(m[1], 0 | 0xFF)) {
            self.at += 1;
        }
        let Some(&[_, marker]) = self.data.get(self.at..self.at + 2) else { return Ok(None) };
        self.at += 2;
        if matches!(marker, 0xD0..=0xD8) {
            return Ok(Some(Marker::Other));
        }
        if marker == 0xD9 {
            return Ok(None);
        }
        let length = match self.data.get(self.at..self.at + 2) {
            Some(&[a, b]) => usize::from(u16::from_be_bytes([a, b])),
            _ => return Err(CUT),
        };
        let body = self.data.get(self.at + 2..self.at + length).filter(|_| length >= 2).ok_or(CUT)?;
        self.at += length;
        match marker {
            0xC0 => Ok(Some(Marker::Frame(frame(body, Process::Baseline)?))),
            0xC1 => Ok(Some(Marker::Frame(frame(body, Process::Extended)?))),
            0xC3 => Ok(Some(Marker::Frame(frame(body, Process::Lossless)?))),
            0xC4 => self.huffman(body),
            0xC2 | 0xC5..=0xC7 | 0xC9..=0xCF => Err(JpegError("not a sequential Huffman frame")),
            0xDA => Ok(Some(Marker::Scan(scan(body)?))),
            0xDB => self.quantisation(body),
            0xDD => {
                let &[a, b] = body else { return Err(CUT) };
                self.restart = usize::from(u16::from_be_bytes([a, b]));
                Ok(Some(Marker::Other))
            }
            _ => Ok(Some(Marker::Other)),
        }
    }

    fn quantisation(&mut self, mut body: &[u8]) -> Result<Option<Marker>, JpegError> {
        while let [head, rest @ ..] = body {
            let (wide, number) = (head >> 4 != 0, usize::from(head & 0x0F));
            let size = if wide { 128 } else { 64 };
            let values = rest.get(..size).ok_or(CUT)?;
            let mut table = [0u16; 64];
            for (i, place) in ZIGZAG.iter().enumerate() {
                table[*place] = if wide {
                    u16::from_be_bytes([values[2 * i], values[2 * i + 1]])
                } else {
                    u16::from(values[i])
                };
            }
            *self.quantisation.get_mut(number).ok_or(JpegError("a table number"))? = Some(table);
            body = &rest[size..];
        }
        Ok(Some(Marker::Other))
    }

    fn huffman(&mut self, mut body: &[u8]) -> Result<Option<Marker>, JpegError> {
        while let [head, rest @ ..] = body {
            let counts: &[u8; 16] = rest.first_chunk().ok_or(CUT)?;
            let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
            let values = rest.get(16..16 + total).ok_or(CUT)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let slot = tables.get_mut(usize::from(head & 0x0F)).ok_or(JpegError("a table number"))?;
            *slot = Some(Table::new(counts, values)?);
            body = &rest[16 + total..];
        }
        Ok(Some(Marker::Other))
    }
}

fn frame(body: &[u8], process: Process) -> Result<Frame, JpegError> {
    let &[precision, y1, y0, x1, x0, count, ref rest @ ..] = body else { return Err(CUT) };
    let (rows, columns) = (u16::from_be_bytes([y1, y0]), u16::from_be_bytes([x1, x0]));
    if rows == 0 || columns == 0 || !matches!(count, 1..=4) || rest.len() < usize::from(count) * 3 {
        return Err(JpegError("frame header"));
    }
    let mut components = Vec::new();
    for c in rest.chunks_exact(3).take(usize::from(count)) {
        // A single component is never subsampled, whatever its factors say (A.2.2).
        let factors = if count > 1 { c[1] } else { 0x11 };
        let (across, down) = (usize::from(factors >> 4), usize::from(factors & 0x0F));
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
            return Err(JpegError("sampling factors"));
        }
        if c[2] > 3 {
            return Err(JpegError("a table number"));
        }
        components.push(Component { id: c[0], across, down, quantisation: usize::from(c[2]) });
    }
    Ok(Frame { process, precision, rows: rows.into(), columns: columns.into(), components })
}

fn scan(body: &[u8]) -> Result<Scan, JpegError> {
    let (&count, rest) = body.split_first().ok_or(CUT)?;
    let pairs = rest.get(..usize::from(count) * 2).ok_or(CUT)?;
    let mut parts: Vec<Part> = Vec::new();
    for pair in pairs.chunks_exact(2) {
        let (dc, ac) = (usize::from(pair[1] >> 4), usize::from(pair[1] & 0x0F));
        if dc > 3 || ac > 3 || parts.iter().any(|p| p.id == pair[0]) {
            return Err(JpegError("scan header"));
        }
        parts.push(Part { id: pair[0], dc, ac });
    }
    let tail = &rest[pairs.len()..];
    let (predictor, low) = (tail.first().copied().unwrap_or(0), tail.get(2).copied().unwrap_or(0));
    if parts.is_empty() {
        Err(JpegError("scan header"))
    } else {
        Ok(Scan { parts, predictor, shift: low & 0x0F })
    }
}
