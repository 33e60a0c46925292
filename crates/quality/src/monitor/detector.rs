//! The e-detector: Shiryaev and Roberts' sum of likelihood ratios as an e-process (Shin, Ramdas and Rinaldo 2023,
//! "E-detectors"), mixed over several sizes of change.
//!
//! For item i let p be the probability of an error that was expected before the answer, and q that after a change by an
//! odds ratio r. The factor L is q / p on an error and (1 - q) / (1 - p) otherwise; its mean is 1 while nothing changed. The
//! sum M grows by M ← (M + 1) L, so M less the number of items is a martingale: the mean number of items up to a false
//! alarm at M >= A is at least A, whatever the expected probabilities were, as long as they were fixed before the answers.

use serde::{Deserialize, Serialize};

/// Odds ratios of the changes that are looked for: twice, four times and eight times the errors.
const ODDS: [f64; 3] = [2.0, 4.0, 8.0];
/// Lowest expected probability of an error: below it one error would be an alarm.
pub const EXPECTED_MIN: f64 = 0.005;
/// Highest expected probability of an error: an item that is harder says nothing about a person and is passed over. (Were it
/// counted as if it were easier, false alarms would be more frequent than stated.)
pub const EXPECTED_MAX: f64 = 0.6;
/// Fewest items to a false alarm that can be asked for; the most is [`ARL_MAX`].
const ARL_MIN: f64 = 10.0;
const ARL_MAX: f64 = 1e12;

/// Settings or observations that are none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DetectorError {
    /// Not between 10 and 10¹² items.
    #[error("{0} items to a false alarm cannot be asked for: 10 to 1e12")]
    RunLength(f64),
    /// An expected or measured value outside of 0..=1.
    #[error("{0} is not between 0 and 1")]
    Fraction(f64),
}

/// What was seen of one item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// Right or wrong, with the probability of an error that was expected of this item.
    Judged {
        /// Whether it was wrong.
        wrong: bool,
        /// Expected probability of an error; at least [`EXPECTED_MIN`] is taken, above [`EXPECTED_MAX`] nothing.
        expected: f64,
    },
    /// How bad it was, 0..=1 (one minus an overlap, say), with the mean that was expected of this item. A bet instead of a
    /// likelihood ratio: 1 + b (x - m), which has mean 1 whatever the distribution.
    Measured {
        /// How bad.
        severity: f64,
        /// Expected mean; at least [`EXPECTED_MIN`] is taken, above [`EXPECTED_MAX`] nothing.
        expected: f64,
    },
}

/// An alarm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Number of the item that raised it, from 1.
    pub item: u64,
    /// Number of the first item after the estimated change: everything from it on is in doubt.
    pub since: u64,
    /// The sum that reached the limit.
    pub evidence: f64,
    /// Mean number of items to a false alarm, at least.
    pub run_length: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    /// Shiryaev and Roberts' sum for one odds ratio.
    sum: f64,
    /// ln of the largest product of factors over a stretch that ends here.
    best: f64,
    /// The first item of that stretch.
    since: u64,
}

/// State of one stream of one person: a few numbers, whatever its length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    run_length: f64,
    items: u64,
    parts: [Part; 3],
}

impl Detector {
    /// A detector whose false alarms are at least `run_length` items apart on average.
    ///
    /// # Errors
    /// [`DetectorError::RunLength`] outside of 10..=10¹².
    pub fn new(run_length: f64) -> Result<Self, DetectorError> {
        if !(ARL_MIN..=ARL_MAX).contains(&run_length) {
            return Err(DetectorError::RunLength(run_length));
        }
        let parts = [Part { sum: 0.0, best: 0.0, since: 1 }; 3];
        Ok(Self { run_length, items: 0, parts })
    }

    /// Items that were taken.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.items
    }

    /// The evidence for a change so far, as a share of what raises an alarm.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.evidence() / self.run_length
    }

    fn evidence(&self) -> f64 {
        self.parts.iter().map(|part| part.sum).sum::<f64>() / 3.0
    }

    /// Takes an item; an alarm begins the count anew.
    ///
    /// # Errors
    /// [`DetectorError::Fraction`]; the item is then not taken.
    pub fn take(&mut self, seen: Observation) -> Result<Option<Alarm>, DetectorError> {
        let Some(factors) = factors(seen)? else {
            self.pass_over();
            return Ok(None);
        };
        self.items += 1;
        for (part, factor) in self.parts.iter_mut().zip(factors) {
            part.sum = (part.sum + 1.0) * factor;
            if part.best <= 0.0 {
                (part.best, part.since) = (0.0, self.items);
            }
            part.best += factor.ln();
        }
        let evidence = self.evidence();
        if evidence < self.run_length {
            return Ok(None);
        }
        let most = self.parts.iter().max_by(|a, b| a.best.total_cmp(&b.best)).map_or(1, |part| part.since);
        let alarm = Alarm { item: self.items, since: most, evidence, run_length: self.run_length };
        self.restart();
        Ok(Some(alarm))
    }

    /// Counts an item that plays no part: the evidence stays where it was.
    pub const fn pass_over(&mut self) {
        self.items += 1;
    }

    /// Forgets the evidence, as after a training or a new guideline; items go on being counted.
    pub fn restart(&mut self) {
        self.parts = [Part { sum: 0.0, best: 0.0, since: self.items + 1 }; 3];
    }
}

/// How much each size of change is favoured by what was seen; `None` where it says nothing: a sum that grew by 1 all the same would make an
/// alarm of nothing but hard items. (The items that count are as many as before, so false alarms are no closer together.)
fn factors(seen: Observation) -> Result<Option<[f64; 3]>, DetectorError> {
    let fraction = |value: f64| {
        if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(DetectorError::Fraction(value)) }
    };
    let (Observation::Judged { expected, .. } | Observation::Measured { expected, .. }) = seen;
    let p = fraction(expected)?.max(EXPECTED_MIN);
    if let Observation::Measured { severity, .. } = seen {
        fraction(severity)?;
    }
    if p > EXPECTED_MAX {
        return Ok(None);
    }
    Ok(Some(match seen {
        Observation::Judged { wrong, .. } => ODDS.map(|ratio| {
            let q = after(p, ratio);
            if wrong { q / p } else { (1.0 - q) / (1.0 - p) }
        }),
        // For 0 and 1 this is the likelihood ratio above; in between it is its straight line.
        Observation::Measured { severity, .. } => {
            ODDS.map(|ratio| 1.0 + (after(p, ratio) - p) / (p * (1.0 - p)) * (severity - p))
        }
    }))
}

fn after(p: f64, ratio: f64) -> f64 {
    ratio * p / (1.0 - p + ratio * p)
}
