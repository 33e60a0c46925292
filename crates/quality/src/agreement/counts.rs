//! Coefficients from how often each class was given per item. Items with the same counts are kept once, with their
//! number: a table of a million reads has a few hundred distinct rows.

use std::collections::HashMap;

use super::interval::Interval;
use crate::{reads::Reads, share::student, to_f64};

/// How far apart two classes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Equal or not.
    Nominal,
    /// By rank: the reads that lie between (Krippendorff 2011).
    Ordinal,
    /// The square of the difference of values.
    Interval,
    /// The square of the difference over the sum of values, which must not be negative.
    Ratio,
}

/// Credit for near misses in Gwet's coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// None: AC1.
    Identity,
    /// 1 - |i - j| / (q - 1): AC2.
    Linear,
    /// 1 - ((i - j) / (q - 1))²: AC2.
    Quadratic,
}

impl Weights {
    /// Credit for two classes that are `apart` of the `span` from first to last.
    pub(super) fn credit(self, apart: f64, span: f64) -> f64 {
        match self {
            Self::Identity => f64::from(u8::from(apart == 0.0)),
            Self::Linear => 1.0 - (apart / span).abs(),
            Self::Quadratic => 1.0 - (apart / span).powi(2),
        }
    }
}

/// A coefficient and its standard error over items (the readers are taken as given).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// The coefficient; 1 is perfect, 0 is chance.
    pub value: f64,
    /// Its standard error over items.
    pub standard_error: f64,
}

impl Coefficient {
    /// Two-sided interval by Student's distribution with that many degrees of freedom (items less 1 for Gwet), cut off at
    /// -1 and 1. `None` for a confidence that is none or no degree of freedom.
    #[must_use]
    pub fn interval(&self, degrees: f64, confidence: f64) -> Option<Interval> {
        if !(confidence > 0.0 && confidence < 1.0 && degrees >= 1.0) {
            return None;
        }
        let reach = student(degrees, confidence) * self.standard_error;
        Some(Interval { low: (self.value - reach).max(-1.0), high: (self.value + reach).min(1.0) })
    }
}

pub(super) struct Row {
    /// Class and how often it was given; classes ascend.
    pub(super) counts: Vec<(u16, u32)>,
    /// Reads in the row.
    pub(super) total: f64,
    /// Items with this row.
    pub(super) items: usize,
}

/// Count rows of items that were read at least once.
pub struct Counts {
    pub(super) rows: Vec<Row>,
    pub(super) classes: usize,
    items: usize,
    values: Vec<f64>,
}

impl Counts {
    /// Counts the votes of each item.
    #[must_use]
    pub fn new(reads: &Reads) -> Self {
        let mut places: HashMap<Vec<(u16, u32)>, usize> = HashMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let (mut classes, mut counts) = (Vec::new(), Vec::new());
        let mut items = 0;
        // Items that nobody read say nothing, and would shift Gwet's variance.
        for votes in reads.rows().filter(|votes| !votes.is_empty()) {
            classes.clear();
            classes.extend(votes.iter().map(|vote| vote.class));
            classes.sort_unstable();
            counts.clear();
            for run in classes.chunk_by(|a, b| a == b) {
                counts.push((run[0], u32::try_from(run.len()).unwrap_or(u32::MAX)));
            }
            items += 1;
            if let Some(place) = places.get(&counts) {
                rows[*place].items += 1;
            } else {
                places.insert(counts.clone(), rows.len());
                rows.push(Row { counts: counts.clone(), total: to_f64(votes.len()), items: 1 });
            }
        }
        let values = (0..reads.classes()).map(to_f64).collect();
        Self { rows, classes: reads.classes(), items, values }
    }

    /// Gives the classes values, for scales of interval and ratio; without them a class is worth its index. `None` for
    /// another number of values, or one that is not finite.
    #[must_use]
    pub fn with_values(mut self, values: &[f64]) -> Option<Self> {
        if values.len() != self.classes || !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        self.values = values.to_vec();
        Some(self)
    }

    /// Items that were read at least once.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    fn weights(&self) -> Vec<f64> {
        self.rows.iter().map(|row| to_f64(row.items)).collect()
    }

    /// Mean over items of the share of agreeing pairs. `None` where no item has two reads.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        self.percent_of(&self.weights())
    }

    /// Percent agreement where each row counts so many times.
    pub(super) fn percent_of(&self, weights: &[f64]) -> Option<f64> {
        let (mut sum, mut items) = (0.0, 0.0);
        for (row, weight) in self.rows.iter().zip(weights).filter(|(row, _)| row.total >= 2.0) {
            let pairs: f64 = row.counts.iter().map(|(_, n)| f64::from(*n) * (f64::from(*n) - 1.0)).sum();
            sum += weight * pairs / (row.total * (row.total - 1.0));
            items += weight;
        }
        (items > 0.0).then(|| sum / items)
    }

    /// Of the pairs in which one reader gave `class`, the share in which the other did too (for two readers
    /// 2a / (2a + b + c): positive specific agreement of one of two classes, negative of the other). `None` where no pair
    /// could tell.
    #[must_use]
    pub fn specific(&self, class: u16) -> Option<f64> {
        let (mut both, mut any) = (0.0, 0.0);
        for row in &self.rows {
            for (_, n) in row.counts.iter().filter(|(of, _)| *of == class) {
                let (n, items) = (f64::from(*n), to_f64(row.items));
                both += items * n * (n - 1.0);
                any += items * n * (row.total - 1.0);
            }
        }
        (any > 0.0).then(|| both / any)
    }

    /// Krippendorff's alpha (2011) over items with two or more reads. `None` where every read is the same class or
    /// no item has two reads: there is nothing to agree about; and for a ratio of negative values.
    #[must_use]
    pub fn alpha(&self, level: Level) -> Option<f64> {
        if level == Level::Ratio && self.values.iter().any(|value| *value < 0.0) {
            return None;
        }
        self.alpha_of(level, &self.weights())
    }

    pub(super) fn alpha_of(&self, level: Level, weights: &[f64]) -> Option<f64> {
        let mut marginals = vec![0.0; self.classes];
        let paired =
            || self.rows.iter().zip(weights).filter(|(row, weight)| row.total >= 2.0 && **weight > 0.0);
        for (row, weight) in paired() {
            for (class, n) in &row.counts {
                marginals[usize::from(*class)] += weight * f64::from(*n);
            }
        }
        let total: f64 = marginals.iter().sum();
        let before: Vec<f64> = marginals
            .iter()
            .scan(0.0, |sum, n| {
                *sum += n;
                Some(*sum)
            })
            .collect();
        let distance = |a: usize, b: usize| match level {
            Level::Nominal => f64::from(u8::from(a != b)),
            Level::Ordinal if a == b => 0.0,
            Level::Ordinal => {
                let (a, b) = (a.min(b), a.max(b));
                (before[b] - before[a] + marginals[a] - f64::midpoint(marginals[a], marginals[b])).powi(2)
            }
            Level::Interval => (self.values[a] - self.values[b]).powi(2),
            Level::Ratio if a == b => 0.0,
            Level::Ratio => ((self.values[a] - self.values[b]) / (self.values[a] + self.values[b])).powi(2),
        };
        let mut observed = 0.0;
        for (row, weight) in paired() {
            let mut sum = 0.0;
            for (place, (a, n)) in row.counts.iter().enumerate() {
                for (b, m) in &row.counts[..place] {
                    sum += 2.0 * f64::from(*n) * f64::from(*m) * distance(usize::from(*a), usize::from(*b));
                }
            }
            observed += weight * sum / (row.total - 1.0);
        }
        let mut expected = 0.0;
        for (a, n) in marginals.iter().enumerate() {
            for (b, m) in marginals[..a].iter().enumerate() {
                expected += 2.0 * n * m * distance(a, b);
            }
        }
        expected /= total - 1.0;
        (expected > 0.0).then(|| 1.0 - observed / expected)
    }

    /// Gwet's AC1 or AC2 with its linearised standard error (Gwet 2014, chapter 5). Items with one read count for the
    /// classes, not for the agreement. `None` where no item has two reads or there is only one class.
    #[must_use]
    pub fn gwet(&self, weights: Weights) -> Option<Coefficient> {
        if self.classes < 2 {
            return None;
        }
        let span = to_f64(self.classes - 1);
        let weight = |a: u16, b: u16| weights.credit(f64::from(a) - f64::from(b), span);
        let agreed: Vec<Option<f64>> = self.rows.iter().map(|row| agreed(row, weight)).collect();
        let mut shares = vec![0.0; self.classes];
        let (items, mut paired, mut pa) = (to_f64(self.items), 0.0, 0.0);
        for (row, share) in self.rows.iter().zip(&agreed) {
            if let Some(share) = share {
                paired += to_f64(row.items);
                pa += to_f64(row.items) * share;
            }
            for (class, n) in &row.counts {
                shares[usize::from(*class)] += to_f64(row.items) * f64::from(*n) / row.total / items;
            }
        }
        if paired == 0.0 {
            return None;
        }
        pa /= paired;
        let classes = u16::try_from(self.classes).unwrap_or(u16::MAX);
        let sum: f64 =
            (0..classes).flat_map(|a| (0..classes).map(move |b| (a, b))).map(|(a, b)| weight(a, b)).sum();
        let scale = sum / (to_f64(self.classes) * span);
        let pe = scale * shares.iter().map(|share| share * (1.0 - share)).sum::<f64>();
        let value = (pa - pe) / (1.0 - pe);
        let mut squares = 0.0;
        for (row, share) in self.rows.iter().zip(&agreed) {
            let own = share.map_or(0.0, |share| (share - pe) / (1.0 - pe) * items / paired);
            let chance: f64 = row
                .counts
                .iter()
                .map(|(class, n)| f64::from(*n) / row.total * (1.0 - shares[usize::from(*class)]))
                .sum();
            // An item without a pair enters with the coefficient's own chance term only.
            let linear = own - 2.0 * (1.0 - value) * (scale * chance - pe) / (1.0 - pe);
            squares += to_f64(row.items) * (linear - value).powi(2);
        }
        Some(Coefficient { value, standard_error: (squares / (items * (items - 1.0))).sqrt() })
    }

    /// Fleiss' kappa (1971) with its linearised standard error over items (Gwet 2014, chapter 5; its interval has as many
    /// degrees of freedom as items less one). `None` where items differ in their number of reads (take alpha) or all are of
    /// one class.
    #[must_use]
    pub fn fleiss(&self) -> Option<Coefficient> {
        let total = self.rows.first()?.total;
        if total < 2.0 || self.rows.iter().any(|row| row.total.to_bits() != total.to_bits()) {
            return None;
        }
        let items = to_f64(self.items);
        let mut shares = vec![0.0; self.classes];
        for row in &self.rows {
            for (class, n) in &row.counts {
                shares[usize::from(*class)] += to_f64(row.items) * f64::from(*n) / total / items;
            }
        }
        if shares.iter().filter(|share| **share > 0.0).count() < 2 {
            return None;
        }
        let pe: f64 = shares.iter().map(|share| share * share).sum();
        let value = (self.percent()? - pe) / (1.0 - pe);
        let mut squares = 0.0;
        for row in &self.rows {
            let own = (agreed(row, |a, b| f64::from(u8::from(a == b)))? - pe) / (1.0 - pe);
            let chance: f64 =
                row.counts.iter().map(|(class, n)| f64::from(*n) / total * shares[usize::from(*class)]).sum();
            let linear = own - 2.0 * (1.0 - value) * (chance - pe) / (1.0 - pe);
            squares += to_f64(row.items) * (linear - value).powi(2);
        }
        Some(Coefficient { value, standard_error: (squares / (items * (items - 1.0))).sqrt() })
    }
}

fn agreed(row: &Row, weight: impl Fn(u16, u16) -> f64) -> Option<f64> {
    if row.total < 2.0 {
        return None;
    }
    let mut sum = 0.0;
    for (a, n) in &row.counts {
        let near: f64 = row.counts.iter().map(|(b, m)| weight(*a, *b) * f64::from(*m)).sum();
        sum += f64::from(*n) * (near - 1.0);
    }
    Some(sum / (row.total * (row.total - 1.0)))
}
