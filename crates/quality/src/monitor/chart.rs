//! The CUSUM chart for right and wrong in whole steps, whose run length is known exactly: what auditors know, beside the
//! detector.

use serde::{Deserialize, Serialize};

/// Highest limit of a chart: its run length is solved from as many equations.
const LIMIT_MAX: u32 = 400;

/// Settings that make no chart.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ChartError {
    /// A step below 1 or above the limit, or a limit above 400.
    #[error("a step of {step} up to a limit of {limit}: 1 <= step <= limit <= {LIMIT_MAX}")]
    Shape {
        /// Step on an error.
        step: u32,
        /// Limit of the alarm.
        limit: u32,
    },
    /// A probability that is not strictly between 0 and 1.
    #[error("{0} is not strictly between 0 and 1")]
    Fraction(f64),
}

/// A chart: an error adds `step`, anything else takes 1 off, never below 0; the alarm is at `limit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    step: u32,
    limit: u32,
    height: u32,
    items: u64,
    since: u64,
}

impl Chart {
    /// A chart at 0.
    ///
    /// # Errors
    /// [`ChartError::Shape`].
    pub const fn new(step: u32, limit: u32) -> Result<Self, ChartError> {
        if step == 0 || step > limit || limit > LIMIT_MAX {
            return Err(ChartError::Shape { step, limit });
        }
        Ok(Self { step, limit, height: 0, items: 0, since: 1 })
    }

    /// A chart with few items to an alarm at `changed` and at least `run_length` items at `usual`: the best one but for the
    /// rounding of its step.
    /// `None` where no limit up to 400 gives so many.
    ///
    /// # Errors
    /// [`ChartError::Fraction`].
    pub fn design(usual: f64, changed: f64, run_length: f64) -> Result<Option<Self>, ChartError> {
        for share in [usual, changed] {
            if !(share > 0.0 && share < 1.0) {
                return Err(ChartError::Fraction(share));
            }
        }
        // Moustakides 1986: the best chart adds log-likelihood ratios; the step is their ratio in whole numbers.
        let down = ((1.0 - changed) / (1.0 - usual)).ln();
        let ratio = (changed / usual).ln() / -down;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=400")]
        let step = ratio.round().clamp(1.0, f64::from(LIMIT_MAX)) as u32;
        let (mut low, mut high) = (step - 1, LIMIT_MAX);
        if run_length_of(step, high, usual) < run_length {
            return Ok(None);
        }
        while high - low > 1 {
            let middle = u32::midpoint(low, high);
            if run_length_of(step, middle, usual) < run_length { low = middle } else { high = middle }
        }
        Self::new(step, high).map(Some)
    }

    /// Step and limit.
    #[must_use]
    pub const fn shape(&self) -> (u32, u32) {
        (self.step, self.limit)
    }

    /// Where it stands, from 0 to below its limit.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Takes an item. On an alarm returns the number of the first item of the run that led to it, and begins anew.
    pub const fn take(&mut self, wrong: bool) -> Option<u64> {
        self.items += 1;
        if self.height == 0 {
            self.since = self.items;
        }
        self.height = if wrong { self.height + self.step } else { self.height.saturating_sub(1) };
        if self.height < self.limit {
            return None;
        }
        self.height = 0;
        Some(self.since)
    }
}

/// Mean number of items to an alarm of a chart at a constant probability of error, exactly: the Markov chain of Brook and
/// Evans (1972), solved for the start at 0.
///
/// # Errors
/// [`ChartError`] for settings that make no chart.
pub fn run_length(step: u32, limit: u32, probability: f64) -> Result<f64, ChartError> {
    Chart::new(step, limit)?;
    if !(probability > 0.0 && probability < 1.0) {
        return Err(ChartError::Fraction(probability));
    }
    Ok(run_length_of(step, limit, probability))
}

/// From height h the mean is 1 + p E(h + step) + (1 - p) E(h - 1), with E(h) = 0 at and beyond the limit. Each equation
/// gives E(h) from E(h - 1) and heights above it: elimination from the top leaves E(h) = a + b E(h - 1).
fn run_length_of(step: u32, limit: u32, p: f64) -> f64 {
    let (step, limit) = (step as usize, limit as usize);
    let (mut a, mut b) = (vec![0.0; limit], vec![0.0; limit]);
    for h in (1..limit).rev() {
        // E(h + step) as a line in E(h): down the lines of the heights between.
        let (mut constant, mut slope) = (0.0, 0.0);
        if h + step < limit {
            (constant, slope) = (a[h + step], b[h + step]);
            for between in (h + 1..h + step).rev() {
                constant += slope * a[between];
                slope *= b[between];
            }
        }
        let rest = 1.0 - p * slope;
        a[h] = (1.0 + p * constant) / rest;
        b[h] = (1.0 - p) / rest;
    }
    // At 0 a step down stays: E(0) = 1 + p E(step) + (1 - p) E(0).
    let (mut constant, mut slope) = (0.0, 0.0);
    if step < limit {
        (constant, slope) = (a[step], b[step]);
        for between in (1..step).rev() {
            constant += slope * a[between];
            slope *= b[between];
        }
    }
    (1.0 + p * constant) / (p - p * slope)
}
