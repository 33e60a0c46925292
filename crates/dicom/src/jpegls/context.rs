//! Parameters and contexts (T.87 A.2 to A.6 and C.2.4.1.1).

use super::JpegLsError;
use super::bits::Bits;
use super::header::Presets;

/// Number of regular contexts, 0 included: an all-flat one is used by sample interleave.
const CONTEXTS: usize = 365;
const MIN_C: i32 = -128;
const MAX_C: i32 = 127;

/// Lengths of run segments by run index (A.2.1, table A.1 "J").
pub(crate) const J: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The derived parameters of a scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params {
    pub near: i32,
    pub max_value: i32,
    pub range: i32,
    pub qbpp: u32,
    pub limit: u32,
    t: [i32; 3],
    reset: i32,
}

/// CLAMP of C.2.4.1.1: outside of `low..=high` means `low`.
fn clamp(value: i32, low: i32, high: i32) -> i32 {
    if value > high || value < low { low } else { value }
}

/// Smallest number of bits that can count `n` values.
fn bits_for(n: i32) -> u32 {
    32 - (n - 1).leading_zeros()
}

impl Params {
    pub fn new(presets: Presets, precision: u32, near: i32) -> Result<Self, JpegLsError> {
        let full = (1i32 << precision) - 1;
        let max_value = if presets.max_value == 0 { full } else { presets.max_value };
        if max_value > full || near > (max_value / 2).min(255) {
            return Err(JpegLsError("MAXVAL or NEAR out of range"));
        }
        let d = defaults(max_value, near);
        let pick = |given: i32, default: i32| if given == 0 { default } else { given };
        let t = [pick(presets.t1, d[0]), pick(presets.t2, d[1]), pick(presets.t3, d[2])];
        if t[0] <= near || t[1] < t[0] || t[2] < t[1] || t[2] > max_value {
            return Err(JpegLsError("thresholds out of range"));
        }
        let reset = pick(presets.reset, 64);
        if reset < 3 {
            return Err(JpegLsError("RESET out of range"));
        }
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let bpp = bits_for(max_value + 1).max(2);
        Ok(Self { near, max_value, range, qbpp: bits_for(range), limit: 2 * (bpp + bpp.max(8)), t, reset })
    }

    /// Quantised gradient, -4 to 4 (A.3.3).
    fn quantise(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.t;
        let size = match d.abs() {
            a if a <= self.near => 0,
            a if a < t1 => 1,
            a if a < t2 => 2,
            a if a < t3 => 3,
            _ => 4,
        };
        if d < 0 { -size } else { size }
    }

    /// Context number and sign of a neighbourhood (A.3.4).
    pub fn context(&self, a: i32, b: i32, c: i32, d: i32) -> (usize, i32) {
        let q = 81 * self.quantise(d - b) + 9 * self.quantise(b - c) + self.quantise(c - a);
        (q.unsigned_abs() as usize, if q < 0 { -1 } else { 1 })
    }

    /// The sample from prediction and error: dequantised, modulo RANGE, clamped (A.4.5).
    pub fn reconstruct(&self, prediction: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut x = prediction + error * step;
        if x < -self.near {
            x += self.range * step;
        } else if x > self.max_value + self.near {
            x -= self.range * step;
        }
        x.clamp(0, self.max_value)
    }
}

/// Default thresholds (C.2.4.1.1.1) for basic T1 = 3, T2 = 7, T3 = 21.
fn defaults(max: i32, near: i32) -> [i32; 3] {
    if max >= 128 {
        let factor = (max.min(4095) + 128) / 256;
        let t1 = clamp(factor + 2 + 3 * near, near + 1, max);
        let t2 = clamp(factor * 4 + 3 + 5 * near, t1, max);
        [t1, t2, clamp(factor * 17 + 4 + 7 * near, t2, max)]
    } else {
        let factor = 256 / (max + 1);
        let t1 = clamp((3 / factor + 3 * near).max(2), near + 1, max);
        let t2 = clamp((7 / factor + 5 * near).max(3), t1, max);
        [t1, t2, clamp((21 / factor + 7 * near).max(4), t2, max)]
    }
}

#[derive(Clone, Copy)]
pub(super) struct Regular {
    a: i64,
    pub b: i32,
    c: i32,
    pub n: i32,
}

#[derive(Clone, Copy)]
pub(super) struct Run {
    a: i64,
    pub n: i32,
    pub nn: i32,
}

/// The adaptive state of one scan (or restart interval).
pub(crate) struct Contexts {
    pub(super) params: Params,
    pub(super) regular: Vec<Regular>,
    pub(super) run: [Run; 2],
}

/// Golomb parameter: the smallest k with n * 2^k >= a (A.5.1).
fn golomb(n: i32, a: i64) -> Result<u32, JpegLsError> {
    let mut k = 0;
    while (i64::from(n) << k) < a {
        k += 1;
        if k > 16 {
            return Err(JpegLsError("a context runs away"));
        }
    }
    Ok(k)
}

/// A limited-length Golomb code (A.5.3). No honest error is larger than twice the range.
fn code(bits: &mut Bits, k: u32, limit: u32, p: Params) -> Result<i32, JpegLsError> {
    let qbpp = p.qbpp;
    let escape = limit.checked_sub(qbpp + 1).ok_or(JpegLsError("a code word is too long"))?;
    let zeros = bits.zeros(escape)?;
    let value = if zeros < escape { zeros << k | bits.take(k)? } else { bits.take(qbpp)? + 1 };
    // zeros < 64 and k <= 16: below 2^22.
    let value = value as i32;
    if value > 2 * p.range + 2 { Err(JpegLsError("an error value is out of range")) } else { Ok(value) }
}

impl Contexts {
    pub fn new(params: Params) -> Self {
        let a = i64::from((params.range + 32) / 64).max(2);
        Self {
            params,
            regular: vec![Regular { a, b: 0, c: 0, n: 1 }; CONTEXTS],
            run: [Run { a, n: 1, nn: 0 }; 2],
        }
    }

    /// One sample in regular mode: `q` and `sign` from [`Params::context`], the neighbours as in figure A.1.
    pub fn regular(
        &mut self,
        bits: &mut Bits,
        (q, sign): (usize, i32),
        around: (i32, i32, i32),
    ) -> Result<i32, JpegLsError> {
        let p = self.params;
        let cx = &mut self.regular[q];
        let prediction = cx.predict(sign, around, p);
        let k = cx.golomb()?;
        let mapped = code(bits, k, p.limit, p)?;
        // Inverse of the error mapping (A.5.2).
        let half = mapped >> 1;
        let odd = mapped & 1 == 1;
        let error = if p.near == 0 && k == 0 && 2 * cx.b <= -cx.n {
            if odd { half } else { -half - 1 }
        } else if odd {
            -half - 1
        } else {
            half
        };
        cx.update(error, p);
        Ok(p.reconstruct(prediction, sign * error))
    }

    /// The error of the sample that interrupts a run (A.7.2); `kind` is RItype.
    pub fn interruption(&mut self, bits: &mut Bits, kind: usize, index: usize) -> Result<i32, JpegLsError> {
        let p = self.params;
        let cx = &mut self.run[kind];
        let ri = i32::from(kind == 1);
        let k = cx.golomb(kind == 1)?;
        let limit = p.limit.saturating_sub(J[index] + 1);
        let mapped = code(bits, k, limit, p)?;
        let value = mapped + ri;
        let map = value & 1;
        let size = (value + map) / 2;
        let negative = (k != 0 || 2 * cx.nn >= cx.n) == (map == 1);
        cx.update(negative && size > 0, mapped, kind == 1, p);
        Ok(if negative { -size } else { size })
    }
}

impl Run {
    /// Golomb parameter of the context (A.7.2); `same` is RItype 1.
    pub(super) fn golomb(&self, same: bool) -> Result<u32, JpegLsError> {
        golomb(self.n, if same { self.a + i64::from(self.n >> 1) } else { self.a })
    }

    /// A.7.2, code segment A.23.
    pub(super) fn update(&mut self, negative: bool, mapped: i32, same: bool, p: Params) {
        if negative {
            self.nn += 1;
        }
        self.a += i64::from((mapped + 1 - i32::from(same)) >> 1);
        if self.n == p.reset {
            self.a >>= 1;
            self.n >>= 1;
            self.nn >>= 1;
        }
        self.n += 1;
    }
}

impl Regular {
    /// The prediction with its correction (A.4.1 and A.4.2).
    pub(super) fn predict(&self, sign: i32, (a, b, c): (i32, i32, i32), p: Params) -> i32 {
        let edge = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        (edge + sign * self.c).clamp(0, p.max_value)
    }

    pub(super) fn golomb(&self) -> Result<u32, JpegLsError> {
        golomb(self.n, self.a)
    }

    /// A.6.1 and A.6.2.
    pub(super) fn update(&mut self, error: i32, p: Params) {
        self.b += error * (2 * p.near + 1);
        self.a += i64::from(error.abs());
        if self.n == p.reset {
            self.a >>= 1;
            self.b >>= 1;
            self.n >>= 1;
        }
        self.n += 1;
        if self.b <= -self.n {
            self.b += self.n;
            self.c = (self.c - 1).max(MIN_C);
            if self.b <= -self.n {
                self.b = -self.n + 1;
            }
        } else if self.b > 0 {
            self.b -= self.n;
            self.c = (self.c + 1).min(MAX_C);
            if self.b > 0 {
                self.b = 0;
            }
        }
    }
}
