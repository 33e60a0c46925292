//! Pictures with text burned into them, and where it stands.

use super::{font, key::Region};
use crate::random::{Random, smooth};

/// A picture of one or more frames with the same text on each.
pub struct Picture {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Frames.
    pub frames: usize,
    /// Largest value.
    pub white: u16,
    values: Vec<u16>,
}

impl Picture {
    /// Soft structures with some noise, in the lower three quarters of the values.
    pub fn new(random: &mut Random, (columns, rows): (usize, usize), frames: usize, white: u16) -> Self {
        let seed = random.bits();
        let mut values = Vec::with_capacity(columns * rows * frames);
        for frame in 0..frames {
            for y in 0..rows {
                for x in 0..columns {
                    let soft = smooth(seed, x as f64 / 17.0, y as f64 / 17.0, frame as f64 / 3.0);
                    let noise = random.unit() * 0.08;
                    values.push(((soft * 0.65 + noise) * f64::from(white)) as u16);
                }
            }
        }
        Self { columns, rows, frames, white, values }
    }

    /// Blanks a strip at the top of each frame, as consoles do for their text.
    pub fn strip(&mut self, height: usize) {
        let (columns, rows) = (self.columns, self.rows);
        for frame in self.values.chunks_mut(columns * rows) {
            frame[..columns * height.min(rows)].fill(0);
        }
    }

    /// Writes text; each stroke is `scale` pixels wide. Returns where it stands, `None` when it does not fit.
    pub fn write(&mut self, text: &str, (left, top): (usize, usize), scale: usize) -> Option<Region> {
        let (width, height) = (text.chars().count() * font::ADVANCE * scale, font::HEIGHT * scale);
        if left + width > self.columns || top + height > self.rows {
            return None;
        }
        let mut strokes = vec![vec![b'.'; width]; height];
        for (number, character) in text.chars().enumerate() {
            for (row, bits) in font::rows(character).into_iter().enumerate() {
                for column in (0..5).filter(|column| bits & (0x10 >> column) != 0) {
                    let at = (number * font::ADVANCE + column) * scale;
                    for line in &mut strokes[row * scale..(row + 1) * scale] {
                        line[at..at + scale].fill(b'#');
                    }
                }
            }
        }
        let size = self.columns * self.rows;
        for frame in self.values.chunks_mut(size) {
            for (y, line) in strokes.iter().enumerate() {
                let start = (top + y) * self.columns + left;
                let pixels = frame[start..start + width].iter_mut().zip(line);
                pixels.filter(|(_, stroke)| **stroke == b'#').for_each(|(pixel, _)| *pixel = self.white);
            }
        }
        let strokes = strokes.into_iter().map(|line| line.into_iter().map(char::from).collect()).collect();
        Some(Region { x: left, y: top, width, height, character: font::ADVANCE * scale, strokes })
    }

    /// As stored values of one or two bytes.
    pub fn stored(&self, bytes: usize) -> Vec<u8> {
        if bytes == 1 {
            // Pictures of one byte are made with a white of 255.
            return self.values.iter().map(|value| *value as u8).collect();
        }
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// As RGB, one byte each, pixel by pixel.
    pub fn rgb(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| [*value as u8; 3]).collect()
    }
}
