//! JPEG of 8 and 12 bits: blocks that an edit touched are transformed anew with the quantisation tables
//! of the original, all others keep their coefficients.

use super::bits::{BitWriter, Stuffing, segment};
use super::huffman::Code;
use crate::frames::StoredSamples;
use crate::jpeg::{Coefficients, Plane, Process, ZIGZAG, coefficients, forward};

/// Replaces what differs between `before` and `after` in the codestream that `before` was decoded from.
pub(super) fn encode(
    original: &[u8],
    before: &StoredSamples,
    after: &StoredSamples,
) -> Result<Vec<u8>, &'static str> {
    let components = usize::from(after.samples_per_pixel);
    let expected = (after.rows as usize, after.columns as usize, components);
    let mut picture = coefficients(original, expected).map_err(|e| e.0)?;
    let most = picture.largest();
    let precision = picture.precision;
    for (component, plane) in picture.planes.iter_mut().enumerate() {
        let view =
            View { before, after, component, scale: (most.0 / plane.factors.0, most.1 / plane.factors.1) };
        for at in 0..plane.blocks.len() {
            let corner = (at % plane.across * 8, at / plane.across * 8);
            if view.touched(corner) {
                let block = view.block(corner);
                plane.blocks[at] = quantise(&forward(&block, precision), &plane.quantisation, precision);
            }
        }
    }
    write(original, &picture)
}

/// One component of the samples before and after the edit.
struct View<'a> {
    before: &'a StoredSamples,
    after: &'a StoredSamples,
    component: usize,
    /// Pixels that one sample of the component covers, across and down.
    scale: (usize, usize),
}

impl View<'_> {
    fn at(&self, samples: &StoredSamples, x: usize, y: usize) -> f32 {
        let columns = self.after.columns as usize;
        let at = (y * columns + x) * usize::from(self.after.samples_per_pixel) + self.component;
        // At most 12 bits: exact.
        samples.cells.get(at).unwrap_or(0.0) as f32
    }

    /// Whether any pixel under the block whose corner is at this sample of the component differs.
    fn touched(&self, (x0, y0): (usize, usize)) -> bool {
        let (columns, rows) = (self.after.columns as usize, self.after.rows as usize);
        let (wide, high) = self.scale;
        (y0 * high..rows.min((y0 + 8) * high)).any(|y| {
            (x0 * wide..columns.min((x0 + 8) * wide))
                .any(|x| self.at(self.before, x, y) != self.at(self.after, x, y))
        })
    }

    /// The samples of a block: means of the pixels that each covers, the picture's edges repeated.
    fn block(&self, (x0, y0): (usize, usize)) -> [f32; 64] {
        let (columns, rows) = (self.after.columns as usize, self.after.rows as usize);
        let (wide, high) = self.scale;
        std::array::from_fn(|i| {
            let (x, y) = ((x0 + i % 8) * wide, (y0 + i / 8) * high);
            let pixels = (0..wide * high).map(|p| {
                let (px, py) = ((x + p % wide).min(columns - 1), (y + p / wide).min(rows - 1));
                self.at(self.after, px, py)
            });
            // At most 16 pixels.
            pixels.sum::<f32>() / (wide * high) as f32
        })
    }
}

fn quantise(coefficients: &[f32; 64], table: &[u16; 64], precision: u8) -> [i16; 64] {
    // Largest AC coefficients of each precision (F.1.2.2); DC differences of one bit more are allowed.
    let most = f32::from((1i16 << (precision + 2)) - 1);
    std::array::from_fn(|i| {
        let value = coefficients[i] / f32::from(table[i].max(1));
        value.round().clamp(-most, most) as i16
    })
}

/// The codestream: the application segments of the original, tables and one scan of all components.
fn write(original: &[u8], picture: &Coefficients) -> Result<Vec<u8>, &'static str> {
    let mut out = vec![0xFF, 0xD8];
    for (marker, body) in application_segments(original) {
        segment(&mut out, marker, body);
    }
    let tables = quantisation_tables(picture, &mut out)?;
    let count = picture.planes.len();
    let word = |n: usize| u16::try_from(n).map(u16::to_be_bytes).map_err(|_| "larger than 65535");
    let mut frame = vec![picture.precision];
    frame.extend_from_slice(&word(picture.rows)?);
    frame.extend_from_slice(&word(picture.columns)?);
    // At most 3 components with factors up to 4 and as many tables.
    frame.push(count as u8);
    for (i, plane) in picture.planes.iter().enumerate() {
        let factors = plane.factors.0 << 4 | plane.factors.1;
        frame.extend_from_slice(&[i as u8 + 1, factors as u8, tables[i]]);
    }
    let marker = if picture.process == Process::Baseline { 0xC0 } else { 0xC1 };
    segment(&mut out, marker, &frame);

    // One pair of codes for the first component, one for the others.
    let mut frequencies = [[[0u32; 256]; 2]; 2];
    symbols(picture, |class, number, symbol, _, _| frequencies[number][class][usize::from(symbol)] += 1)?;
    let codes = frequencies.map(|pair| pair.map(|f| Code::optimal(&f)));
    for (number, pair) in codes.iter().enumerate().take(count.min(2)) {
        for (class, code) in pair.iter().enumerate() {
            segment(&mut out, 0xC4, &code.table(class as u8, number as u8));
        }
    }
    let mut scan = vec![count as u8];
    scan.extend((0..count as u8).flat_map(|i| [i + 1, if i == 0 { 0 } else { 0x11 }]));
    scan.extend_from_slice(&[0, 63, 0]);
    segment(&mut out, 0xDA, &scan);
    let mut bits = BitWriter::new(Stuffing::Byte);
    symbols(picture, |class, number, symbol, value, size| {
        codes[number][class].put(&mut bits, symbol);
        bits.put(value, size);
    })?;
    out.append(&mut bits.finish(true));
    out.extend_from_slice(&[0xFF, 0xD9]);
    Ok(out)
}

/// Application segments before the first scan that say how colours are meant. Others may say whose picture
/// it is, and do not come along.
fn application_segments(data: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    let mut at = data.windows(2).position(|w| w == [0xFF, 0xD8]).map_or(data.len(), |p| p + 2);
    while let Some(&[0xFF, marker, a, b]) = data.get(at..at + 4) {
        if marker == 0xFF {
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([a, b])).max(2);
        let Some(body) = data.get(at + 4..at + 2 + length) else { break };
        match marker {
            0xDA | 0xD9 => break,
            0xE0 if body.starts_with(b"JFIF\0") => found.push((marker, body)),
            0xE2 if body.starts_with(b"ICC_PROFILE\0") => found.push((marker, body)),
            0xEE if body.starts_with(b"Adobe") => found.push((marker, body)),
            _ => {}
        }
        at += 2 + length;
    }
    found
}

/// Writes the different tables; answers which one each component uses.
fn quantisation_tables(picture: &Coefficients, out: &mut Vec<u8>) -> Result<Vec<u8>, &'static str> {
    let mut different: Vec<&[u16; 64]> = Vec::new();
    let mut used = Vec::new();
    for plane in &picture.planes {
        let at = different.iter().position(|t| **t == plane.quantisation).unwrap_or_else(|| {
            different.push(&plane.quantisation);
            different.len() - 1
        });
        // At most 3.
        used.push(at as u8);
    }
    for (number, table) in different.iter().enumerate() {
        let wide = table.iter().any(|v| *v > 255);
        if wide && picture.process == Process::Baseline {
            return Err("a quantisation table that baseline does not have");
        }
        let mut body = vec![u8::from(wide) << 4 | number as u8];
        for at in ZIGZAG {
            let [high, low] = table[at].to_be_bytes();
            if wide {
                body.push(high);
            }
            body.push(low);
        }
        segment(out, 0xDB, &body);
    }
    Ok(used)
}

/// Every Huffman symbol of the scan with its extra bits: class (0 DC, 1 AC), table, symbol, bits, size.
fn symbols(
    picture: &Coefficients,
    mut each: impl FnMut(usize, usize, u8, u32, u32),
) -> Result<(), &'static str> {
    let mut last = vec![0i32; picture.planes.len()];
    let single = picture.planes.len() == 1;
    let units = picture.units();
    for unit in 0..units.0 * units.1 {
        let (x, y) = (unit % units.0, unit / units.0);
        for (i, plane) in picture.planes.iter().enumerate() {
            let (h, v) = if single { (1, 1) } else { plane.factors };
            for k in 0..h * v {
                let at = (y * v + k / h) * plane.across + x * h + k % h;
                block(plane, at, (i.min(1), &mut last[i]), &mut each)?;
            }
        }
    }
    Ok(())
}

/// Size category and extra bits of a value (F.1.2.1).
fn category(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value - 1 } else { value };
    (size, bits.cast_unsigned())
}

fn block(
    plane: &Plane,
    at: usize,
    (table, last): (usize, &mut i32),
    each: &mut impl FnMut(usize, usize, u8, u32, u32),
) -> Result<(), &'static str> {
    let block = &plane.blocks[at];
    let dc = i32::from(block[0]);
    let (size, bits) = category(dc - *last);
    if size > 15 {
        return Err("a coefficient is too large");
    }
    *last = dc;
    // At most 15.
    each(0, table, size as u8, bits, size);
    let mut run = 0u8;
    for place in &ZIGZAG[1..] {
        let (size, bits) = category(i32::from(block[*place]));
        if size == 0 {
            run += 1;
            continue;
        }
        if size > 15 {
            return Err("a coefficient is too large");
        }
        while run > 15 {
            each(1, table, 0xF0, 0, 0);
            run -= 16;
        }
        each(1, table, run << 4 | size as u8, bits, size);
        run = 0;
    }
    if run > 0 {
        each(1, table, 0, 0, 0);
    }
    Ok(())
}
