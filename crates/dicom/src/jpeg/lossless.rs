//! The lossless process (T.81 Annex H): 2 to 16 bits, all seven predictors, any number of scans.

use super::JpegError;
use super::entropy::{Bits, Table};
use super::header::{Frame, Marker, Process, Reader, Scan};

/// A decoded picture.
pub(crate) struct Lossless {
    /// Sample precision, bits.
    pub precision: u8,
    /// Samples, interleaved by pixel.
    pub samples: Vec<u16>,
}

/// Decodes a codestream whose size the caller expects to be `rows` x `columns` x `components`.
pub(crate) fn decode(data: &[u8], expected: (usize, usize, usize)) -> Result<Lossless, JpegError> {
    let mut reader = Reader::new(data);
    let mut picture: Option<(Frame, Vec<u16>)> = None;
    let mut done = 0;
    while let Some(marker) = reader.next()? {
        match marker {
            Marker::Frame(frame) => {
                if picture.is_some() || frame.process != Process::Lossless {
                    return Err(JpegError("not one lossless frame"));
                }
                if (frame.rows, frame.columns, frame.components.len()) != expected {
                    return Err(JpegError("the size is not that of the data set"));
                }
                if !(2..=16).contains(&frame.precision) {
                    return Err(JpegError("precision is not 2 to 16 bits"));
                }
                if frame.components.iter().any(|c| (c.across, c.down) != (1, 1)) {
                    return Err(JpegError("subsampled components"));
                }
                picture = Some((frame, vec![0; expected.0 * expected.1 * expected.2]));
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
        Some((frame, samples)) if done == frame.components.len() => {
            Ok(Lossless { precision: frame.precision, samples })
        }
        _ => Err(JpegError("components are missing")),
    }
}

fn decode_scan(reader: &Reader, frame: &Frame, scan: &Scan, out: &mut [u16]) -> Result<usize, JpegError> {
    if !(1..=7).contains(&scan.predictor) || scan.shift >= frame.precision {
        return Err(JpegError("selection value or point transform"));
    }
    let mut parts: Vec<(usize, &Table)> = Vec::with_capacity(scan.parts.len());
    for part in &scan.parts {
        let index = frame.components.iter().position(|c| c.id == part.id);
        let index = index.ok_or(JpegError("a scan of an unknown component"))?;
        parts.push((index, reader.dc[part.dc].as_ref().ok_or(JpegError("a table is missing"))?));
    }
    let (columns, n) = (frame.columns, frame.components.len());
    let middle = 1i32 << (frame.precision - scan.shift - 1);
    let mut bits = Bits::new(reader.rest());
    // After a restart the first line is predicted as the first one of the picture (H.1.1).
    let mut first_row = 0;
    let mut fresh = true;
    for y in 0..frame.rows {
        for x in 0..columns {
            let unit = y * columns + x;
            if reader.restart > 0 && unit > 0 && unit.is_multiple_of(reader.restart) {
                bits.restart((unit / reader.restart - 1) % 8)?;
                first_row = y;
                fresh = true;
            }
            for (component, table) in &parts {
                let at = unit * n + component;
                let sample = |back: usize| i32::from(out[at - back * n]) >> scan.shift;
                let prediction = match (fresh, x, y > first_row) {
                    (true, _, _) => middle,
                    (_, 0, true) => sample(columns),
                    (_, 0, false) => middle,
                    (_, _, false) => sample(1),
                    (_, _, true) => predict(scan.predictor, sample(1), sample(columns), sample(columns + 1)),
                };
                let category = u32::from(table.decode(&mut bits)?);
                let difference = match category {
                    0..=15 => bits.signed(category)?,
                    16 => 32768,
                    _ => return Err(JpegError("a difference is too large")),
                };
                // Modulo 65536 (H.1.2.1).
                out[at] = ((prediction + difference) as u16) << scan.shift;
            }
            fresh = false;
        }
    }
    Ok(bits.used())
}

/// Table H.1, from the samples to the left, above, and above left.
fn predict(selection: u8, a: i32, b: i32, c: i32) -> i32 {
    match selection {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}
