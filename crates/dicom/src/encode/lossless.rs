//! JPEG lossless, Huffman-coded, selection value 1 (ITU-T T.81 process 14, Annex H): 2 to 16 bits, all
//! components in one scan.

use super::Picture;
use super::bits::{BitWriter, Stuffing, segment};
use super::huffman::Code;

/// Codes a picture.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, &'static str> {
    let (rows, columns, components) = (picture.rows, picture.columns, picture.components);
    let size = |n: usize| u16::try_from(n).ok().filter(|n| *n > 0).ok_or("larger than 65535 rows or columns");
    let (height, width) = (size(rows)?, size(columns)?);
    if !(2..=16).contains(&picture.precision) || !(1..=4).contains(&components) {
        return Err("precision or component count");
    }
    let mut frequencies = [0u32; 256];
    differences(picture, |category, _| frequencies[usize::from(category)] += 1);
    let code = Code::optimal(&frequencies);

    let mut out = vec![0xFF, 0xD8];
    // 2 to 16, and 1 to 4: checked above.
    let (precision, count) = (picture.precision as u8, components as u8);
    let mut frame = vec![precision];
    frame.extend_from_slice(&height.to_be_bytes());
    frame.extend_from_slice(&width.to_be_bytes());
    frame.push(count);
    frame.extend((1..=count).flat_map(|id| [id, 0x11, 0]));
    segment(&mut out, 0xC3, &frame);
    segment(&mut out, 0xC4, &code.table(0, 0));
    let mut scan = vec![count];
    scan.extend((1..=count).flat_map(|id| [id, 0]));
    // Selection value 1, no point transform.
    scan.extend_from_slice(&[1, 0, 0]);
    segment(&mut out, 0xDA, &scan);
    let mut bits = BitWriter::new(Stuffing::Byte);
    differences(picture, |category, value| {
        code.put(&mut bits, category);
        // Category 16 is one value only and needs no bits (H.1.2.2).
        if category < 16 {
            bits.put(value, u32::from(category));
        }
    });
    out.append(&mut bits.finish(true));
    out.extend_from_slice(&[0xFF, 0xD9]);
    Ok(out)
}

/// Category and extra bits of each difference from the prediction, in the order of the stream.
fn differences(picture: &Picture, mut each: impl FnMut(u8, u32)) {
    let (columns, n) = (picture.columns, picture.components);
    let middle = 1i32 << (picture.precision - 1);
    let sample = |at: usize| i32::from(picture.samples[at]);
    for y in 0..picture.rows {
        for x in 0..columns {
            for c in 0..n {
                let at = (y * columns + x) * n + c;
                let prediction = match (x, y) {
                    (0, 0) => middle,
                    (0, _) => sample(at - columns * n),
                    _ => sample(at - n),
                };
                // Modulo 65536 (H.1.2.1), from -32767 to 32768.
                let difference = (sample(at) - prediction) as i16;
                if difference == i16::MIN {
                    each(16, 0);
                    continue;
                }
                let category = 16 - difference.unsigned_abs().leading_zeros();
                let value = if difference < 0 { i32::from(difference) - 1 } else { i32::from(difference) };
                // The low bits: put() masks them.
                each(category as u8, value as u32);
            }
        }
    }
}
