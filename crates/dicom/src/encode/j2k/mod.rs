//! JPEG 2000 without loss (ITU-T T.800): one tile, one layer, the reversible 5-3 wavelet, code-blocks of
//! 64 x 64, one codeword segment each.
//!
//! Written from the recommendation: annex and clause numbers are given where a step comes from one.

mod blocks;
mod mq;
mod packets;
mod wavelet;

use super::Picture;
use super::bits::segment;
use wavelet::Plane;

/// Most decompositions: more gain nothing in pictures of usual size.
const MAX_LEVELS: u32 = 5;
/// Smallest side that is decomposed, samples.
const MIN_SIDE: usize = 16;
/// Largest side: beyond it a resolution has more than one precinct of the largest size.
const MAX_SIDE: usize = 1 << 15;
/// Guard bits (E.1): what the transforms may add to the range of a subband.
const GUARD: u32 = 2;

/// What is kept of the codestream that a new one takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Bits of a sample.
    pub precision: u32,
    /// Samples are two's complement.
    pub signed: bool,
    /// The components are transformed together (G.2).
    pub transform: bool,
}

impl Kept {
    /// Reads size and default coding style segments (A.5.1, A.6.1). `None` for components that differ and for
    /// high-throughput blocks, which have another coder (T.814).
    pub fn of(data: &[u8]) -> Option<Self> {
        let at = data.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])? + 2;
        let length =
            |at: usize| Some(usize::from(u16::from_be_bytes([*data.get(at + 2)?, *data.get(at + 3)?])));
        let siz = data.get(at + 4..at + 2 + length(at)?)?;
        if siz.first()? & 0x40 != 0 {
            return None;
        }
        let components = siz.get(36..)?.as_chunks::<3>().0;
        let first = components.first()?;
        if components.iter().any(|c| c[0] != first[0] || c[1..] != [1, 1]) {
            return None;
        }
        let mut at = at + 2 + length(at)?;
        while let Some(&[0xFF, marker]) = data.get(at..at + 2) {
            match marker {
                // Progression, layers (2 bytes), then the transform.
                0x52 => {
                    let transform = *data.get(at + 8)? != 0;
                    let precision = u32::from(first[0] & 0x7F) + 1;
                    return Some(Self { precision, signed: first[0] & 0x80 != 0, transform });
                }
                0x90 | 0x93 => return None,
                _ => at += 2 + length(at)?.max(2),
            }
        }
        None
    }
}

/// Codes a picture.
pub(super) fn encode(picture: &Picture, kept: Kept) -> Result<Vec<u8>, &'static str> {
    let (rows, columns, components) = (picture.rows, picture.columns, picture.components);
    if rows == 0 || columns == 0 || rows > MAX_SIDE || columns > MAX_SIDE {
        return Err("sides of more than 32768 samples");
    }
    if !matches!(components, 1 | 3) || !(1..=16).contains(&kept.precision) {
        return Err("precision or component count");
    }
    let side = rows.min(columns);
    let levels = (0..MAX_LEVELS).take_while(|n| side >> n >= MIN_SIDE).count() as u32;
    let transform = kept.transform && components == 3;
    let mut out = vec![0xFF, 0x4F];
    main_header(picture, Kept { transform, ..kept }, levels, &mut out);
    let mut planes = planes(picture, kept);
    if transform {
        reversible(&mut planes);
    }
    for plane in &mut planes {
        plane.decompose(levels);
    }
    let data = packets::all(&planes, levels, kept.precision)?;
    // Tile-part header, its marker and SOD: 14 bytes (A.4.2).
    let length = u32::try_from(data.len() + 14).map_err(|_| "a frame of more than 4 GiB")?;
    segment(&mut out, 0x90, &[&[0, 0][..], &length.to_be_bytes(), &[0, 1]].concat());
    out.extend_from_slice(&[0xFF, 0x93]);
    out.extend_from_slice(&data);
    out.extend_from_slice(&[0xFF, 0xD9]);
    Ok(out)
}

/// SIZ, COD and QCD (A.5.1, A.6.1, A.6.4).
fn main_header(picture: &Picture, kept: Kept, levels: u32, out: &mut Vec<u8>) {
    // Sides are at most 32768, components 1 or 3, levels at most 5.
    let (width, height) = (picture.columns as u32, picture.rows as u32);
    let mut siz = vec![0, 0];
    for value in [width, height, 0, 0, width, height, 0, 0] {
        siz.extend_from_slice(&value.to_be_bytes());
    }
    siz.extend_from_slice(&(picture.components as u16).to_be_bytes());
    let depth = (kept.precision - 1) as u8 | if kept.signed { 0x80 } else { 0 };
    siz.extend([depth, 1, 1].repeat(picture.components));
    segment(out, 0x51, &siz);
    // Layer by layer, one layer; code-blocks of 2^(4 + 2) on each side; the reversible wavelet.
    segment(out, 0x52, &[0, 0, 0, 1, u8::from(kept.transform), levels as u8, 4, 4, 0, 1]);
    let mut quantisation = vec![(GUARD << 5) as u8];
    for resolution in 0..=levels {
        for band in packets::bands(resolution) {
            quantisation.push(((kept.precision + band.gain()) << 3) as u8);
        }
    }
    segment(out, 0x5C, &quantisation);
}

/// Samples by component, around zero (G.1).
fn planes(picture: &Picture, kept: Kept) -> Vec<Plane> {
    let unused = 32 - kept.precision;
    let middle = 1i32 << (kept.precision - 1);
    let value = |v: &u16| {
        let v = i32::from(*v);
        if kept.signed { v << unused >> unused } else { v - middle }
    };
    (0..picture.components)
        .map(|c| {
            let samples = picture.samples.iter().skip(c).step_by(picture.components).map(value).collect();
            Plane::new(picture.columns, picture.rows, samples)
        })
        .collect()
}

/// The reversible transform of three components (G.2.1).
fn reversible(planes: &mut [Plane]) {
    let [red, green, blue] = planes else { return };
    for ((r, g), b) in red.samples.iter_mut().zip(&mut green.samples).zip(&mut blue.samples) {
        (*r, *g, *b) = ((*r + 2 * *g + *b) >> 2, *b - *g, *r - *g);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_from_the_headers_that_are_written() {
        for (components, precision, signed, transform) in
            [(1, 12, true, false), (3, 8, false, true), (3, 16, false, false)]
        {
            let picture =
                Picture { rows: 3, columns: 5, components, precision, samples: vec![1; 15 * components] };
            let kept = Kept { precision, signed, transform };
            let data = encode(&picture, kept).unwrap();
            assert_eq!(Kept::of(&data), Some(kept));
            assert_eq!(Kept::of(&data[..20]), None);
        }
    }
}
