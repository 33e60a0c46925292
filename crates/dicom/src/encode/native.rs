//! Cells to uncompressed bytes, the way out of `frames::native`.

use crate::Photometric;
use crate::frames::{Cells, PixelLayout};

/// The bytes of one frame of whole bytes per cell, little endian, in the layout of the instance.
pub(super) fn bytes(cells: &Cells, layout: &PixelLayout) -> Vec<u8> {
    match cells {
        Cells::U8(v) if layout.photometric == Photometric::YbrFull422 => join_422(v, layout.columns as usize),
        Cells::U8(v) => planes(v, layout),
        Cells::U16(v) => planes(v, layout).iter().flat_map(|v| v.to_le_bytes()).collect(),
        Cells::U32(v) => planes(v, layout).iter().flat_map(|v| v.to_le_bytes()).collect(),
        Cells::F32(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Cells::F64(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
    }
}

/// Pixels to planes, where the layout has planes.
fn planes<T: Copy>(values: &[T], layout: &PixelLayout) -> Vec<T> {
    if !layout.planar {
        return values.to_vec();
    }
    (0..layout.samples).flat_map(|c| values.iter().skip(c).step_by(layout.samples).copied()).collect()
}

/// Y Cb Cr per pixel to Y1 Y2 Cb Cr per two: the chroma of a pair are those of its first pixel, which is
/// exact for what came out of a pair.
fn join_422(values: &[u8], columns: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() / 3 * 2);
    for row in values.chunks(columns * 3) {
        for pair in row.as_chunks::<6>().0 {
            out.extend_from_slice(&[pair[0], pair[3], pair[1], pair[2]]);
        }
        if columns % 2 == 1 {
            // A row of odd width is outside of the standard; its last pixel has one byte for its chroma.
            let last = &row[row.len() - 3..];
            out.extend_from_slice(&[last[0], last[1]]);
        }
    }
    out
}

/// Puts single bits (as 0 or 1) into `out` from bit `first` on, lowest bit of a byte first.
pub(super) fn put_bits(cells: &[u8], out: &mut [u8], first: usize) {
    for (i, cell) in cells.iter().enumerate() {
        let (byte, bit) = ((first + i) / 8, (first + i) % 8);
        out[byte] = out[byte] & !(1 << bit) | (cell & 1) << bit;
    }
}
