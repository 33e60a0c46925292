//! One scan: lines, neighbours and runs (T.87 A.3, A.7, annex B).

use super::JpegLsError;
use super::bits::Bits;
use super::context::{Contexts, J, Params};
use super::header::{Header, Interleave, Presets, Scan};

/// Two lines of one component with a margin of one sample on each side.
pub(super) struct Lines {
    pub above: Vec<i32>,
    pub current: Vec<i32>,
    pub run_index: usize,
}

impl Lines {
    pub fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], current: vec![0; width + 2], run_index: 0 }
    }

    /// Starts a line: the margins repeat the line above (A.2.1, figure A.1 at the edges).
    pub fn open(&mut self) {
        let width = self.above.len() - 2;
        self.above[width + 1] = self.above[width];
        self.current[0] = self.above[1];
    }

    pub fn close(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
    }

    /// Ra, Rb, Rc, Rd of sample `x` (counted from 1).
    pub fn around(&self, x: usize) -> (i32, i32, i32, i32) {
        (self.current[x - 1], self.above[x], self.above[x - 1], self.above[x + 1])
    }
}

struct Decoder<'a> {
    bits: Bits<'a>,
    params: Params,
    contexts: Contexts,
    width: usize,
}

/// Decodes one scan into `out` (interleaved by pixel); returns the position of the marker behind it.
pub(crate) fn decode(
    header: &Header,
    scan: &Scan,
    presets: Presets,
    restart: u32,
    data: &[u8],
    out: &mut [u16],
) -> Result<usize, JpegLsError> {
    let params = Params::new(presets, header.precision, scan.near)?;
    let width = header.columns;
    let mut decoder = Decoder { bits: Bits::new(data), params, contexts: Contexts::new(params), width };
    let mut lines: Vec<Lines> = scan.components.iter().map(|_| Lines::new(width)).collect();
    let stride = header.components.len();
    let mut interval = 0u8;
    for row in 0..header.rows {
        if restart > 0 && row > 0 && row.is_multiple_of(restart as usize) {
            decoder.bits.restart(interval)?;
            interval = (interval + 1) % 8;
            decoder.contexts = Contexts::new(params);
            lines = scan.components.iter().map(|_| Lines::new(width)).collect();
        }
        lines.iter_mut().for_each(Lines::open);
        if scan.interleave == Interleave::Sample && lines.len() > 1 {
            decoder.pixel_line(&mut lines)?;
        } else {
            for line in &mut lines {
                decoder.line(line)?;
            }
        }
        for (line, &component) in lines.iter_mut().zip(&scan.components) {
            let base = row * width * stride + component;
            for (x, &value) in line.current[1..=width].iter().enumerate() {
                // reconstruct() clamps to MAXVAL, at most 65535.
                out[base + x * stride] = value as u16;
            }
            line.close();
        }
    }
    Ok(decoder.bits.marker())
}

impl Decoder<'_> {
    fn flat(&self, (a, b, c, d): (i32, i32, i32, i32)) -> bool {
        let near = self.params.near;
        (d - b).abs() <= near && (b - c).abs() <= near && (c - a).abs() <= near
    }

    /// One line of one component.
    fn line(&mut self, line: &mut Lines) -> Result<(), JpegLsError> {
        let mut x = 1;
        while x <= self.width {
            let around = line.around(x);
            if self.flat(around) {
                let (length, interrupted) = self.run(self.width + 1 - x, &mut line.run_index)?;
                line.current[x..x + length].fill(around.0);
                x += length;
                if interrupted {
                    let (a, b) = (around.0, line.above[x]);
                    line.current[x] = self.interrupted(a, b, line.run_index)?;
                    line.run_index = line.run_index.saturating_sub(1);
                    x += 1;
                }
            } else {
                let (a, b, c, d) = around;
                let context = self.params.context(a, b, c, d);
                line.current[x] = self.contexts.regular(&mut self.bits, context, (a, b, c))?;
                x += 1;
            }
        }
        Ok(())
    }

    /// One line of all components, pixel by pixel: a run needs all of them flat, and the sample behind it
    /// always uses run context 0 (B.3).
    fn pixel_line(&mut self, lines: &mut [Lines]) -> Result<(), JpegLsError> {
        let mut run_index = lines[0].run_index;
        let mut x = 1;
        while x <= self.width {
            if lines.iter().all(|l| self.flat(l.around(x))) {
                let (length, interrupted) = self.run(self.width + 1 - x, &mut run_index)?;
                for line in lines.iter_mut() {
                    let value = line.current[x - 1];
                    line.current[x..x + length].fill(value);
                }
                x += length;
                if interrupted {
                    for line in lines.iter_mut() {
                        let (a, b) = (line.current[x - 1], line.above[x]);
                        let error = self.contexts.interruption(&mut self.bits, 0, run_index)?;
                        line.current[x] = self.params.reconstruct(b, if a > b { -error } else { error });
                    }
                    run_index = run_index.saturating_sub(1);
                    x += 1;
                }
            } else {
                for line in lines.iter_mut() {
                    let (a, b, c, d) = line.around(x);
                    let context = self.params.context(a, b, c, d);
                    line.current[x] = self.contexts.regular(&mut self.bits, context, (a, b, c))?;
                }
                x += 1;
            }
        }
        lines[0].run_index = run_index;
        Ok(())
    }

    /// Length of a run within `room` samples, and whether a sample that ends it follows (A.7.1).
    fn run(&mut self, room: usize, index: &mut usize) -> Result<(usize, bool), JpegLsError> {
        let mut length = 0;
        while self.bits.take(1)? == 1 {
            let step = 1usize << J[*index];
            let taken = step.min(room - length);
            length += taken;
            if taken == step {
                *index = (*index + 1).min(J.len() - 1);
            }
            if length == room {
                return Ok((length, false));
            }
        }
        length += self.bits.take(J[*index])? as usize;
        if length >= room {
            return Err(JpegLsError("a run reaches beyond its line"));
        }
        Ok((length, true))
    }

    fn interrupted(&mut self, a: i32, b: i32, run_index: usize) -> Result<i32, JpegLsError> {
        let same = (a - b).abs() <= self.params.near;
        let error = self.contexts.interruption(&mut self.bits, usize::from(same), run_index)?;
        Ok(if same {
            self.params.reconstruct(a, error)
        } else {
            self.params.reconstruct(b, if a > b { -error } else { error })
        })
    }
}
