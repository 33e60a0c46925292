//! JPEG extended, sequential, Huffman-coded, 12 bits (ITU-T T.81 process 4): the one JPEG of DICOM that no
//! library here decodes.
//!
//! Written from the recommendation. Spectral selection and approximation of the scan header are not looked
//! at: a sequential scan has no choice about them, and real files have them wrong.

mod entropy;
mod header;
mod transform;

use entropy::{Bits, Table};
use header::{Frame, Marker, Reader};

/// Why a codestream was refused; the text never depends on the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jpeg12Error(pub &'static str);

/// The picture under construction: samples of 12 bits, interleaved by pixel.
struct Picture {
    rows: usize,
    columns: usize,
    components: usize,
    samples: Vec<u16>,
}

/// Whether a codestream has samples of 12 bits, by its frame header.
pub(crate) fn is_12_bit(data: &[u8]) -> bool {
    let mut reader = Reader::new(data);
    while let Ok(Some(marker)) = reader.next() {
        match marker {
            Marker::Frame(frame) => return frame.precision == 12,
            Marker::Scan(_) => return false,
            Marker::Other => {}
        }
    }
    false
}

/// Decodes a codestream whose size the caller expects to be `rows` x `columns` x `components`, to samples
/// interleaved by pixel.
pub(crate) fn decode(data: &[u8], expected: (usize, usize, usize)) -> Result<Vec<u16>, Jpeg12Error> {
    let mut reader = Reader::new(data);
    let mut picture: Option<(Frame, Picture)> = None;
    let mut done = 0;
    while let Some(marker) = reader.next()? {
        match marker {
            Marker::Frame(frame) => {
                let (rows, columns, components) = (frame.rows, frame.columns, frame.components.len());
                if picture.is_some() || frame.precision != 12 {
                    return Err(Jpeg12Error("not one frame of 12 bits"));
                }
                if (rows, columns, components) != expected {
                    return Err(Jpeg12Error("the size is not that of the data set"));
                }
                let samples = vec![0; rows * columns * components];
                picture = Some((frame, Picture { rows, columns, components, samples }));
            }
            Marker::Scan(scan) => {
                let (frame, out) = picture.as_mut().ok_or(Jpeg12Error("a scan before the frame header"))?;
                done += scan.len();
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
        Some((frame, out)) if done == frame.components.len() => Ok(out.samples),
        _ => Err(Jpeg12Error("components are missing")),
    }
}

/// One component of a scan, with its tables.
struct Coded<'a> {
    index: usize,
    dc: &'a Table,
    ac: &'a Table,
    quantisation: &'a [u16; 64],
    prediction: i32,
}

/// Decodes one scan; returns the number of bytes that it took.
fn decode_scan(
    reader: &Reader,
    frame: &Frame,
    scan: &[header::Part],
    out: &mut Picture,
) -> Result<usize, Jpeg12Error> {
    let missing = Jpeg12Error("a table is missing");
    let mut coded = Vec::with_capacity(scan.len());
    for part in scan {
        let index = frame.components.iter().position(|c| c.id == part.id);
        let index = index.ok_or(Jpeg12Error("a scan of an unknown component"))?;
        coded.push(Coded {
            index,
            dc: reader.dc[part.dc].as_ref().ok_or(missing)?,
            ac: reader.ac[part.ac].as_ref().ok_or(missing)?,
            quantisation: reader.quantisation[frame.components[index].quantisation]
                .as_ref()
                .ok_or(missing)?,
            prediction: 0,
        });
    }
    let mut bits = Bits::new(reader.rest());
    let across = out.columns.div_ceil(8);
    let blocks = across * out.rows.div_ceil(8);
    for block in 0..blocks {
        if reader.restart > 0 && block > 0 && block % reader.restart == 0 {
            bits.restart((block / reader.restart - 1) % 8)?;
            coded.iter_mut().for_each(|c| c.prediction = 0);
        }
        for part in &mut coded {
            let coefficients = entropy::block(&mut bits, part)?;
            let samples = transform::inverse(&coefficients);
            place(out, part.index, (block % across * 8, block / across * 8), &samples);
        }
    }
    Ok(bits.used())
}

/// Puts a block into the picture, cut at its edges.
fn place(out: &mut Picture, component: usize, (x0, y0): (usize, usize), samples: &[u16; 64]) {
    for y in 0..8.min(out.rows - y0) {
        for x in 0..8.min(out.columns - x0) {
            let at = ((y0 + y) * out.columns + x0 + x) * out.components + component;
            out.samples[at] = samples[y * 8 + x];
        }
    }
}
