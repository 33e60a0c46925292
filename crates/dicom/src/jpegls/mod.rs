//! JPEG-LS (ITU-T T.87 | ISO/IEC 14495-1): lossless and near-lossless, 2 to 16 bits, all interleaves.
//!
//! Written from the recommendation: clause and annex numbers are given where a step comes from one.

mod bits;
mod context;
mod encode;
mod header;
mod scan;

pub(crate) use encode::encode;
pub(crate) use header::Header;

use header::{Parsed, Scan};

/// Why a codestream was refused; the text never depends on the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegLsError(pub &'static str);

/// Reads the header only.
pub(crate) fn header(data: &[u8]) -> Result<Header, JpegLsError> {
    Ok(header::parse(data)?.header)
}

/// Decodes a codestream to samples interleaved by pixel. The caller has compared the header with what it
/// can hold.
pub(crate) fn decode(data: &[u8]) -> Result<Vec<u16>, JpegLsError> {
    let Parsed { header, mut scan, mut at, presets, restart } = header::parse(data)?;
    let (rows, columns, components) = (header.rows, header.columns, header.components.len());
    let mut samples = vec![0u16; rows * columns * components];
    let mut done = vec![false; components];
    loop {
        at = scan::decode(&header, &scan, presets, restart, &data[at..], &mut samples)? + at;
        for &c in &scan.components {
            done[c] = true;
        }
        if done.iter().all(|d| *d) {
            return Ok(samples);
        }
        let (next, next_at): (Scan, usize) = header::next_scan(data, at, &header)?;
        if next.components.iter().any(|&c| done[c]) {
            return Err(JpegLsError("a component is coded twice"));
        }
        (scan, at) = (next, next_at);
    }
}
