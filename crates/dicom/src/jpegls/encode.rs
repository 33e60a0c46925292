//! The way out: lossless codestreams, one scan, line interleave for several components (T.87 Annexes A
//! and B).

use super::context::{Contexts, J, Params};
use super::header::Presets;
use super::scan::Lines;
use crate::encode::Picture;
use crate::encode::bits::{BitWriter, Stuffing, segment};

/// Codes a picture without loss.
pub(crate) fn encode(picture: &Picture) -> Result<Vec<u8>, &'static str> {
    let (rows, columns, components) = (picture.rows, picture.columns, picture.components);
    let size = |n: usize| u16::try_from(n).ok().filter(|n| *n > 0).ok_or("larger than 65535 rows or columns");
    let (height, width) = (size(rows)?, size(columns)?);
    if !(2..=16).contains(&picture.precision) || !(1..=4).contains(&components) {
        return Err("precision or component count");
    }
    let params = Params::new(Presets::default(), picture.precision, 0).map_err(|e| e.0)?;
    let mut out = vec![0xFF, 0xD8];
    // 2 to 16, and 1 to 4: checked above.
    let (precision, count) = (picture.precision as u8, components as u8);
    let mut frame = vec![precision];
    frame.extend_from_slice(&height.to_be_bytes());
    frame.extend_from_slice(&width.to_be_bytes());
    frame.push(count);
    frame.extend((1..=count).flat_map(|id| [id, 0x11, 0]));
    segment(&mut out, 0xF7, &frame);
    let mut scan = vec![count];
    scan.extend((1..=count).flat_map(|id| [id, 0]));
    scan.extend_from_slice(&[0, u8::from(count > 1), 0]);
    segment(&mut out, 0xDA, &scan);

    let mut coder = Coder { bits: BitWriter::new(Stuffing::Bit), params, contexts: Contexts::new(params) };
    let mut lines: Vec<Lines> = (0..components).map(|_| Lines::new(columns)).collect();
    for row in picture.samples.chunks_exact(columns * components) {
        for (c, line) in lines.iter_mut().enumerate() {
            line.open();
            for (x, pixel) in row.chunks_exact(components).enumerate() {
                line.current[x + 1] = i32::from(pixel[c]);
            }
            coder.line(line, columns)?;
            line.close();
        }
    }
    out.append(&mut coder.bits.finish(false));
    out.extend_from_slice(&[0xFF, 0xD9]);
    Ok(out)
}

struct Coder {
    bits: BitWriter,
    params: Params,
    contexts: Contexts,
}

impl Coder {
    fn line(&mut self, line: &mut Lines, width: usize) -> Result<(), &'static str> {
        let mut x = 1;
        while x <= width {
            let (a, b, c, d) = line.around(x);
            if a != b || b != c || c != d {
                let context = self.params.context(a, b, c, d);
                self.contexts.code_regular(&mut self.bits, context, (a, b, c), line.current[x])?;
                x += 1;
                continue;
            }
            let run = line.current[x..=width].iter().take_while(|v| **v == a).count();
            x += run;
            let interrupted = x <= width;
            self.run(run, interrupted, &mut line.run_index);
            if interrupted {
                let (b, value) = (line.above[x], line.current[x]);
                self.contexts.code_interruption(&mut self.bits, (a, b), value, line.run_index)?;
                line.run_index = line.run_index.saturating_sub(1);
                x += 1;
            }
        }
        Ok(())
    }

    /// Length of a run (A.7.1.2).
    fn run(&mut self, length: usize, interrupted: bool, index: &mut usize) {
        let mut left = length;
        while left >= 1 << J[*index] {
            self.bits.put(1, 1);
            left -= 1 << J[*index];
            *index = (*index + 1).min(J.len() - 1);
        }
        if interrupted {
            self.bits.put(0, 1);
            // Less than 2^15.
            self.bits.put(left as u32, J[*index]);
        } else if left > 0 {
            self.bits.put(1, 1);
        }
    }
}

/// A limited-length Golomb code (A.5.3).
fn put_code(bits: &mut BitWriter, mapped: i32, k: u32, limit: u32, qbpp: u32) -> Result<(), &'static str> {
    let escape = limit.checked_sub(qbpp + 1).ok_or("a code word is too long")?;
    let mapped = mapped.cast_unsigned();
    let zeros = |bits: &mut BitWriter, n: u32| {
        bits.put(0, n / 2);
        bits.put(0, n - n / 2);
        bits.put(1, 1);
    };
    if mapped >> k < escape {
        zeros(bits, mapped >> k);
        bits.put(mapped, k);
    } else {
        zeros(bits, escape);
        bits.put(mapped - 1, qbpp);
    }
    Ok(())
}

/// The error modulo RANGE (A.4.5), from -RANGE / 2 to (RANGE - 1) / 2.
fn reduce(error: i32, range: i32) -> i32 {
    let error = if error < 0 { error + range } else { error };
    if error >= (range + 1) / 2 { error - range } else { error }
}

impl Contexts {
    fn code_regular(
        &mut self,
        bits: &mut BitWriter,
        (q, sign): (usize, i32),
        around: (i32, i32, i32),
        value: i32,
    ) -> Result<(), &'static str> {
        let p = self.params;
        let cx = &mut self.regular[q];
        let prediction = cx.predict(sign, around, p);
        let k = cx.golomb().map_err(|e| e.0)?;
        let error = reduce(sign * (value - prediction), p.range);
        let turned = k == 0 && 2 * cx.b <= -cx.n;
        // The error mapping (A.5.2).
        let mapped = match (turned, error < 0) {
            (true, false) => 2 * error + 1,
            (true, true) => -2 * (error + 1),
            (false, false) => 2 * error,
            (false, true) => -2 * error - 1,
        };
        put_code(bits, mapped, k, p.limit, p.qbpp)?;
        cx.update(error, p);
        Ok(())
    }

    /// The sample that ends a run (A.7.2).
    fn code_interruption(
        &mut self,
        bits: &mut BitWriter,
        (a, b): (i32, i32),
        value: i32,
        index: usize,
    ) -> Result<(), &'static str> {
        let p = self.params;
        let same = a == b;
        let cx = &mut self.run[usize::from(same)];
        let error = if !same && a > b { b - value } else { value - b };
        let error = reduce(error, p.range);
        let k = cx.golomb(same).map_err(|e| e.0)?;
        let map =
            if error > 0 { k == 0 && 2 * cx.nn < cx.n } else { error < 0 && (k != 0 || 2 * cx.nn >= cx.n) };
        let mapped = 2 * error.abs() - i32::from(same) - i32::from(map);
        put_code(bits, mapped, k, p.limit.saturating_sub(J[index] + 1), p.qbpp)?;
        cx.update(error < 0, mapped, same, p);
        Ok(())
    }
}
