//! Seeded randomness: the same on every machine and in every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a seed; `purpose` parts streams of the same seed from each other.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(purpose);
        Self(rng)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [`low`, `high`).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0 .. `count`; 0 when `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Standard normal (Box-Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Roughly standard normal values, as sums of four uniform bytes: for noise on pictures.
    pub fn fill_noise(&mut self, out: &mut [f32]) {
        // Four uniform bytes have the mean 510 and the variance 4 * (256² - 1) / 12.
        const SIGMA: f32 = 147.799;
        for pair in out.chunks_mut(2) {
            let bits = self.bits().to_le_bytes();
            for (value, bytes) in pair.iter_mut().zip(bits.chunks_exact(4)) {
                let sum: u16 = bytes.iter().map(|&byte| u16::from(byte)).sum();
                *value = (f32::from(sum) - 510.0) / SIGMA;
            }
        }
    }

    /// One of the values.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A hash of lattice coordinates to [0, 1): texture that needs no memory.
#[must_use]
pub fn lattice(seed: u64, x: i64, y: i64, z: i64) -> f64 {
    let mut h = seed ^ 0x9e37_79b9_7f4a_7c15;
    for part in [x, y, z] {
        h = (h ^ part as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h ^= h >> 32;
    }
    (h.wrapping_mul(0xc4ce_b9fe_1a85_ec53) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Smooth noise in [0, 1] with features of about one unit: trilinear value noise with eased steps.
#[must_use]
pub fn smooth(seed: u64, x: f64, y: f64, z: f64) -> f64 {
    let (fx, fy, fz) = (x.floor(), y.floor(), z.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v, w) = (ease(x - fx), ease(y - fy), ease(z - fz));
    let (ix, iy, iz) = (fx as i64, fy as i64, fz as i64);
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let row = |dy: i64, dz: i64| {
        mix(lattice(seed, ix, iy + dy, iz + dz), lattice(seed, ix + 1, iy + dy, iz + dz), u)
    };
    mix(mix(row(0, 0), row(1, 0), v), mix(row(0, 1), row(1, 1), v), w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_stream_and_purposes_differ() {
        let draw = |seed, purpose| Random::new(seed, purpose).bits();
        assert_eq!(draw(5, 1), draw(5, 1));
        assert_ne!(draw(5, 1), draw(5, 2));
        assert_ne!(draw(5, 1), draw(6, 1));
    }

    #[test]
    fn noise_has_mean_zero_and_variance_one() {
        let mut random = Random::new(1, 0);
        let mut values = vec![0.0; 20_001];
        random.fill_noise(&mut values);
        let drawn: Vec<f32> = (0..20_000).map(|_| random.normal() as f32).collect();
        for values in [values, drawn] {
            let count = values.len() as f32;
            let mean: f32 = values.iter().sum::<f32>() / count;
            let variance: f32 = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
            assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        }
    }

    #[test]
    fn smooth_noise_is_continuous_and_within_bounds() {
        for step in 0..2000 {
            let x = f64::from(step) * 0.01 - 7.0;
            let (a, b) = (smooth(3, x, 0.4, 1.1), smooth(3, x + 1e-6, 0.4, 1.1));
            assert!((0.0..=1.0).contains(&a) && (a - b).abs() < 1e-4);
        }
    }
}
