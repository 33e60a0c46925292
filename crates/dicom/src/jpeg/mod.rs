//! JPEG, Huffman-coded (ITU-T T.81): sequential of 8 and 12 bits (processes 1, 2 and 4), and lossless of 2
//! to 16 bits (process 14).
//!
//! Written from the recommendation, for what no library here does: samples of 12 bits, lossless of every
//! precision and colour, and the coefficients themselves, so that a block can be replaced without touching
//! its neighbours. Spectral
//! selection and approximation of the scan header are not looked at: a sequential scan has no choice about
//! them, and real files have them wrong.

mod entropy;
mod header;
mod lossless;
mod transform;

pub(crate) use entropy::ZIGZAG;
pub(crate) use header::Process;
pub(crate) use lossless::{Lossless, decode as decode_lossless};
pub(crate) use transform::forward;

use entropy::{Bits, Coded};
use header::{Frame, Marker, Reader, Scan};

/// Why a codestream was refused; the text never depends on the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegError(pub &'static str);

/// The quantised coefficients of a picture.
pub(crate) struct Coefficients {
    pub process: Process,
    /// Sample precision, bits: 8 or 12.
    pub precision: u8,
    pub rows: usize,
    pub columns: usize,
    pub planes: Vec<Plane>,
}

/// The blocks of one component.
pub(crate) struct Plane {
    /// Sampling factors, across and down.
    pub factors: (usize, usize),
    /// Blocks in a row, a whole number of the units that interleaved scans are made of.
    pub across: usize,
    /// Quantised coefficients of each block, row by row, as are the blocks.
    pub blocks: Vec<[i16; 64]>,
    /// The quantisation table, row by row.
    pub quantisation: [u16; 64],
}

impl Coefficients {
    /// Largest sampling factors, across and down.
    pub fn largest(&self) -> (usize, usize) {
        let over = |f: fn(&Plane) -> usize| self.planes.iter().map(f).max().unwrap_or(1);
        (over(|p| p.factors.0), over(|p| p.factors.1))
    }

    /// Interleaved units in a row, and rows of them.
    pub fn units(&self) -> (usize, usize) {
        let (across, down) = self.largest();
        (self.columns.div_ceil(8 * across), self.rows.div_ceil(8 * down))
    }
}

/// Process and precision of a codestream, by its frame header.
pub(crate) fn kind(data: &[u8]) -> Option<(Process, u8)> {
    let mut reader = Reader::new(data);
    while let Ok(Some(marker)) = reader.next() {
        match marker {
            Marker::Frame(frame) => return Some((frame.process, frame.precision)),
            Marker::Scan(_) => return None,
            Marker::Other => {}
        }
    }
    None
}

/// Decodes a codestream whose size the caller expects to be `rows` x `columns` x `components`, to samples
/// interleaved by pixel.
pub(crate) fn decode(data: &[u8], expected: (usize, usize, usize)) -> Result<Vec<u16>, JpegError> {
    let picture = coefficients(data, expected)?;
    let (rows, columns, components) = expected;
    let mut out = vec![0; rows * columns * components];
    let (most_across, most_down) = picture.largest();
    for (index, plane) in picture.planes.iter().enumerate() {
        // Pixels that one sample covers.
        let (wide, high) = (most_across / plane.factors.0, most_down / plane.factors.1);
        for (i, block) in plane.blocks.iter().enumerate() {
            let (x0, y0) = (i % plane.across * 8 * wide, i / plane.across * 8 * high);
            if x0 >= columns || y0 >= rows {
                continue;
            }
            let mut coefficients = [0i32; 64];
            for (c, (q, v)) in coefficients.iter_mut().zip(plane.quantisation.iter().zip(block)) {
                *c = i32::from(*v) * i32::from(*q);
            }
            let samples = transform::inverse(&coefficients, picture.precision);
            for y in y0..rows.min(y0 + 8 * high) {
                for x in x0..columns.min(x0 + 8 * wide) {
                    out[(y * columns + x) * components + index] =
                        samples[(y - y0) / high * 8 + (x - x0) / wide];
                }
            }
        }
    }
    Ok(out)
}

/// Reads the coefficients of a codestream of the expected size.
pub(crate) fn coefficients(data: &[u8], expected: (usize, usize, usize)) -> Result<Coefficients, JpegError> {
    let mut reader = Reader::new(data);
    let mut picture: Option<(Frame, Coefficients)> = None;
    let mut done = 0;
    while let Some(marker) = reader.next()? {
        match marker {
            Marker::Frame(frame) => {
                let lossless = frame.process == Process::Lossless;
                if picture.is_some() || lossless || !matches!(frame.precision, 8 | 12) {
                    return Err(JpegError("not one frame of 8 or 12 bits"));
                }
                if (frame.rows, frame.columns, frame.components.len()) != expected {
                    return Err(JpegError("the size is not that of the data set"));
                }
                let out = blank(&frame)?;
                picture = Some((frame, out));
            }
            Marker::Scan(scan) => {
                let (frame, out) = picture.as_mut().ok_or(JpegError("a scan before the frame header"))?;
                done += scan.parts.len();
                let used = decode_scan(&reader, frame, &scan, out)?;
                reader.skip(used);
                if done >= frame.components.len() {
                    break;
                }
            }
            Marker::Other => {}
        }
    }
    match picture {
        Some((frame, out)) if done == frame.components.len() => Ok(out),
        _ => Err(JpegError("components are missing")),
    }
}

/// Room for the blocks of a frame whose size the caller has checked.
fn blank(frame: &Frame) -> Result<Coefficients, JpegError> {
    let planes = frame.components.iter().map(|c| Plane {
        factors: (c.across, c.down),
        across: 0,
        blocks: Vec::new(),
        quantisation: [0; 64],
    });
    let mut out = Coefficients {
        process: frame.process,
        precision: frame.precision,
        rows: frame.rows,
        columns: frame.columns,
        planes: planes.collect(),
    };
    let (most, units) = (out.largest(), out.units());
    for plane in &mut out.planes {
        let (across, down) = plane.factors;
        if most.0 % across != 0 || most.1 % down != 0 {
            return Err(JpegError("sampling factors that do not divide"));
        }
        plane.across = units.0 * across;
        plane.blocks = vec![[0; 64]; plane.across * units.1 * down];
    }
    Ok(out)
}

/// Decodes one scan; returns the number of bytes that it took.
fn decode_scan(
    reader: &Reader,
    frame: &Frame,
    scan: &Scan,
    out: &mut Coefficients,
) -> Result<usize, JpegError> {
    let missing = JpegError("a table is missing");
    let mut coded = Vec::with_capacity(scan.parts.len());
    for part in &scan.parts {
        let index = frame.components.iter().position(|c| c.id == part.id);
        let index = index.ok_or(JpegError("a scan of an unknown component"))?;
        let table = reader.quantisation[frame.components[index].quantisation];
        out.planes[index].quantisation = table.ok_or(missing)?;
        coded.push(Coded {
            index,
            dc: reader.dc[part.dc].as_ref().ok_or(missing)?,
            ac: reader.ac[part.ac].as_ref().ok_or(missing)?,
            prediction: 0,
        });
    }
    let mut bits = Bits::new(reader.rest());
    let (most, units) = (out.largest(), out.units());
    // A scan of one component goes by its blocks, without those that only fill a unit (A.2.2).
    let single = coded.len() == 1;
    let (across, down) = match (&coded[..], single) {
        ([only], true) => {
            let (h, v) = out.planes[only.index].factors;
            ((out.columns * h).div_ceil(8 * most.0), (out.rows * v).div_ceil(8 * most.1))
        }
        _ => units,
    };
    for unit in 0..across * down {
        if reader.restart > 0 && unit > 0 && unit % reader.restart == 0 {
            bits.restart((unit / reader.restart - 1) % 8)?;
            coded.iter_mut().for_each(|c| c.prediction = 0);
        }
        let (x, y) = (unit % across, unit / across);
        for part in &mut coded {
            let plane = &mut out.planes[part.index];
            let (h, v) = if single { (1, 1) } else { plane.factors };
            for i in 0..h * v {
                let at = (y * v + i / h) * plane.across + x * h + i % h;
                plane.blocks[at] = entropy::block(&mut bits, part)?;
            }
        }
    }
    Ok(bits.used())
}
