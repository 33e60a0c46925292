//! Special functions that bounds are made of. Errors are below 1e-12 of the value for arguments up to 1e9, which the
//! tests hold against scipy.

/// What ln Γ is shifted to before Stirling's series: its first term that is left out is below 1e-18 there.
const SERIES_FROM: f64 = 16.0;
/// Steps of the continued fraction; it needs about the root of the larger shape.
const FRACTION_STEPS: usize = 200_000;

/// ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) after a shift by Γ(x + 1) = x Γ(x).
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < SERIES_FROM {
        product *= x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = 1.0 / x
        * (1.0 / 12.0 + y * (-1.0 / 360.0 + y * (1.0 / 1260.0 + y * (-1.0 / 1680.0 + y * (1.0 / 1188.0)))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - f64::ln(product)
}

/// ln B(a, b).
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// ln of the number of ways to choose k of n.
pub(crate) fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

fn ln_factorial(n: u64) -> f64 {
    if n < 32 {
        return (2..=n).map(|i| count(i).ln()).sum();
    }
    ln_gamma(count(n) + 1.0)
}

/// The regularised incomplete beta function I_x(a, b): the continued fraction DLMF 8.17.22 by Lentz' method, on the side
/// where it converges fast.
pub(crate) fn beta_below(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let apart = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / apart(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for step in 1..FRACTION_STEPS {
        let m = crate::to_f64(step);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / apart(1.0 + term * d);
            c = apart(1.0 + term / c);
            value *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// P(X <= k) of a Poisson distribution with this mean: Q(k + 1, mean) (DLMF 8.2.4), by the series DLMF 8.7.1 of P below the
/// mode and the continued fraction DLMF 8.9.2 of Q, by Lentz' method, above it.
pub(crate) fn poisson_at_most(k: u64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    let a = count(k) + 1.0;
    let front = (a * mean.ln() - mean - ln_gamma(a)).exp();
    if mean < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for step in 1..FRACTION_STEPS {
            term *= mean / (a + crate::to_f64(step));
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return 1.0 - front * sum;
    }
    let mut b = mean + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut value = d;
    for step in 1..FRACTION_STEPS {
        let m = crate::to_f64(step);
        let numerator = m * (a - m);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * value
}

#[expect(clippy::cast_precision_loss, reason = "counts are at most LOT_MAX, far below 2^53")]
pub(crate) const fn count(n: u64) -> f64 {
    n as f64
}
