//! The reversible 5-3 wavelet (F.4.8.1), in place: low halves first.

/// The samples of one component, then its coefficients.
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<i32>,
}

impl Plane {
    pub fn new(width: usize, height: usize, samples: Vec<i32>) -> Self {
        Self { width, height, samples }
    }

    /// Decomposes the low part again and again: columns first, then rows (F.4.2).
    pub fn decompose(&mut self, levels: u32) {
        let (mut width, mut height) = (self.width, self.height);
        for _ in 0..levels {
            let mut line = vec![0; height];
            for x in 0..width {
                for (y, v) in line.iter_mut().enumerate() {
                    *v = self.samples[y * self.width + x];
                }
                let split = forward(&line);
                for (y, v) in split.iter().enumerate() {
                    self.samples[y * self.width + x] = *v;
                }
            }
            for y in 0..height {
                let row = y * self.width..y * self.width + width;
                let split = forward(&self.samples[row.clone()]);
                self.samples[row].copy_from_slice(&split);
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
    }
}

/// One line to its low and high half.
fn forward(line: &[i32]) -> Vec<i32> {
    let n = line.len();
    if n < 2 {
        return line.to_vec();
    }
    let (lows, highs) = (n.div_ceil(2), n / 2);
    let mut out = vec![0; n];
    // Beyond its ends a line is mirrored.
    for i in 0..highs {
        let right = if 2 * i + 2 < n { line[2 * i + 2] } else { line[2 * i] };
        out[lows + i] = line[2 * i + 1] - ((line[2 * i] + right) >> 1);
    }
    for i in 0..lows {
        let before = out[lows + i.saturating_sub(1)];
        let after = if i < highs { out[lows + i] } else { before };
        out[i] = line[2 * i] + ((before + after + 2) >> 2);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_line_has_no_high_part_and_a_ramp_almost_none() {
        assert_eq!(forward(&[7; 5]), [7, 7, 7, 0, 0]);
        assert_eq!(forward(&[0, 2, 4, 6, 8, 10]), [0, 4, 9, 0, 0, 2]);
        assert_eq!(forward(&[3]), [3]);
        assert_eq!(forward(&[3, 5]), [4, 2]);
    }
}
