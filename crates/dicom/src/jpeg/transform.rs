//! The discrete cosine transform and its inverse (T.81 A.3.3), in floating point, rows then columns.

/// `BASIS[u][x]` is C(u) / 2 * cos((2x + 1) u pi / 16).
const BASIS: [[f32; 8]; 8] = {
    // cos(k pi / 16) for k = 0 to 8; the rest follows by symmetry.
    const COS: [f32; 9] = [
        1.0,
        0.980_785_25,
        0.923_879_5,
        0.831_469_6,
        0.707_106_77,
        0.555_570_24,
        0.382_683_43,
        0.195_090_32,
        0.0,
    ];
    let mut basis = [[0.0; 8]; 8];
    let mut u = 0;
    while u < 8 {
        let mut x = 0;
        while x < 8 {
            let turn = (2 * x + 1) * u % 32;
            let half = if turn > 16 { 32 - turn } else { turn };
            let value = if half > 8 { -COS[16 - half] } else { COS[half] };
            basis[u][x] = value * if u == 0 { 0.353_553_38 } else { 0.5 };
            x += 1;
        }
        u += 1;
    }
    basis
};

/// Half of the range of samples of so many bits: the level shift (A.3.1).
fn level(precision: u8) -> f32 {
    f32::from(1u16 << (precision - 1))
}

/// Samples of a block from its coefficients, both row by row.
pub(super) fn inverse(coefficients: &[i32; 64], precision: u8) -> [u16; 64] {
    let level = level(precision);
    let mut rows = [0f32; 64];
    for v in 0..8 {
        for u in 0..8 {
            let c = coefficients[v * 8 + u] as f32;
            if c != 0.0 {
                for x in 0..8 {
                    rows[v * 8 + x] += c * BASIS[u][x];
                }
            }
        }
    }
    let mut out = [0u16; 64];
    for y in 0..8 {
        for x in 0..8 {
            let sum: f32 = (0..8).map(|v| rows[v * 8 + x] * BASIS[v][y]).sum();
            // Clamped to the precision, so the cast keeps it.
            out[y * 8 + x] = (sum + level).round().clamp(0.0, 2.0 * level - 1.0) as u16;
        }
    }
    out
}

/// Coefficients of a block from its samples, both row by row.
pub(crate) fn forward(samples: &[f32; 64], precision: u8) -> [f32; 64] {
    let level = level(precision);
    let mut rows = [0f32; 64];
    for y in 0..8 {
        for u in 0..8 {
            rows[y * 8 + u] = (0..8).map(|x| (samples[y * 8 + x] - level) * BASIS[u][x]).sum();
        }
    }
    let mut out = [0f32; 64];
    for v in 0..8 {
        for u in 0..8 {
            out[v * 8 + u] = (0..8).map(|y| rows[y * 8 + u] * BASIS[v][y]).sum();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_and_a_wave_come_back() {
        let mut block = [0; 64];
        // DC of 8 times the value.
        block[0] = 800;
        assert_eq!(inverse(&block, 12), [2148; 64]);
        // One horizontal wave, by the definition.
        block[1] = 1000;
        let got = inverse(&block, 12);
        for (x, sample) in got.iter().take(8).enumerate() {
            let wave = ((2 * x + 1) as f64 * std::f64::consts::PI / 16.0).cos();
            let expected = 2148.0 + 1000.0 * 0.25 * std::f64::consts::FRAC_1_SQRT_2 * wave;
            assert!((f64::from(*sample) - expected).abs() <= 0.51, "{x}: {sample} for {expected}");
        }
        assert_eq!(got[..8], got[56..]);
        block[0] = 1_000_000;
        assert_eq!(inverse(&block, 12), [4095; 64]);
        assert_eq!(inverse(&block, 8), [255; 64]);
    }

    #[test]
    fn forward_and_inverse_undo_each_other() {
        let samples: [f32; 64] = std::array::from_fn(|i| (i * 37 % 256) as f32);
        let coefficients = forward(&samples, 8).map(|c| c.round() as i32);
        for (got, expected) in inverse(&coefficients, 8).iter().zip(samples) {
            assert!((f32::from(*got) - expected).abs() <= 2.0, "{got} for {expected}");
        }
        let flat = forward(&[200.0; 64], 8);
        assert!((flat[0] - 8.0 * 72.0).abs() < 0.01 && flat[1..].iter().all(|c| c.abs() < 0.01));
    }
}
