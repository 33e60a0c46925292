//! Confident learning (Northcutt, Jiang and Chuang 2021, "Estimating uncertainty in dataset labels"): a label is suspect
//! when the model is confident of another class, measured by how confident it usually is where that class was given.

use crate::{reads::CLASSES_MAX, to_f64};

/// How far the probabilities of an item may sum from 1.
const SUM_TOLERANCE: f32 = 0.01;

/// Labels and probabilities that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LabelsError {
    /// Fewer than two classes, or more than [`CLASSES_MAX`].
    #[error("{0} classes: 2 to {CLASSES_MAX} can be told apart")]
    Classes(usize),
    /// Not one row of probabilities per label.
    #[error("{probabilities} probabilities are not {labels} rows of {classes}")]
    Shape {
        /// Number of labels.
        labels: usize,
        /// Number of probabilities.
        probabilities: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A label that is no class.
    #[error("item {item}: class {label} is beyond the stated number")]
    Label {
        /// Index of the item.
        item: usize,
        /// Its label.
        label: u16,
    },
    /// A row with a value below 0 or that does not sum to 1.
    #[error("item {item}: these are no probabilities, they sum to {sum}")]
    Probabilities {
        /// Index of the item.
        item: usize,
        /// Their sum; not a number where one of them is none or is negative.
        sum: f32,
    },
}

/// A label that the model speaks against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suspect {
    /// Index of the item.
    pub item: usize,
    /// The class that was given.
    pub given: u16,
    /// The class that the model is confident of.
    pub likely: u16,
    /// Probability of the given class.
    pub own: f32,
    /// Probability of the given class less that of the likeliest other: the lower, the more suspect.
    pub margin: f32,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Confident {
    /// Mean probability of a class over the items that were given it; `None` for a class that was never given.
    pub thresholds: Vec<Option<f64>>,
    /// Items by given class (row) and confident class (column), classes x classes. Items that the model is confident of
    /// nowhere are not counted.
    pub joint: Vec<u64>,
    /// Labels off the diagonal, the most suspect first; ties by index.
    pub suspects: Vec<Suspect>,
}

impl Confident {
    /// Estimated share of labels that are wrong: the off-diagonal part of the joint after its rows were scaled to how
    /// often each class was given (`given`, in the order of classes).
    #[must_use]
    pub fn wrong_share(&self, given: &[u64]) -> f64 {
        let classes = self.thresholds.len();
        let (mut wrong, mut all) = (0.0, 0.0);
        for (class, row) in self.joint.chunks_exact(classes).enumerate() {
            let number = given.get(class).copied().map_or(0.0, crate::special::count);
            let counted: u64 = row.iter().sum();
            all += number;
            if counted > 0 {
                wrong += number * (1.0 - crate::special::count(row[class]) / crate::special::count(counted));
            }
        }
        if all > 0.0 { wrong / all } else { 0.0 }
    }
}

/// Searches labels. `probabilities` are rows of `classes`, one per label, out of sample: of a model that was not trained
/// on the item, else it repeats the error.
///
/// # Errors
/// [`LabelsError`] names the first item that does not fit.
pub fn confident(labels: &[u16], probabilities: &[f32], classes: usize) -> Result<Confident, LabelsError> {
    if !(2..=CLASSES_MAX).contains(&classes) {
        return Err(LabelsError::Classes(classes));
    }
    if labels.len().checked_mul(classes) != Some(probabilities.len()) {
        return Err(LabelsError::Shape { labels: labels.len(), probabilities: probabilities.len(), classes });
    }
    let thresholds = thresholds(labels, probabilities, classes)?;
    // A class that was never given has no usual confidence: nothing reaches it.
    #[expect(clippy::cast_possible_truncation, reason = "compared with single precision")]
    let bars: Vec<f32> =
        thresholds.iter().map(|bar| bar.map_or(f32::INFINITY, |bar| bar as f32 - 1e-6)).collect();
    let mut joint = vec![0; classes * classes];
    let mut suspects = Vec::new();
    for (item, (label, row)) in labels.iter().zip(probabilities.chunks_exact(classes)).enumerate() {
        let (sum, best) = sum_and_confident(row, &bars);
        if sum.is_nan() || (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(LabelsError::Probabilities { item, sum });
        }
        let Some(likely) = best else { continue };
        let given = usize::from(*label);
        joint[given * classes + likely] += 1;
        if likely != given {
            let own = row[given];
            let other = highest_other(row, given);
            let likely = u16::try_from(likely).unwrap_or(u16::MAX);
            suspects.push(Suspect { item, given: *label, likely, own, margin: own - other });
        }
    }
    suspects.sort_unstable_by(|a, b| a.margin.total_cmp(&b.margin).then(a.item.cmp(&b.item)));
    Ok(Confident { thresholds, joint, suspects })
}

fn thresholds(
    labels: &[u16],
    probabilities: &[f32],
    classes: usize,
) -> Result<Vec<Option<f64>>, LabelsError> {
    let mut sums = vec![(0.0, 0_usize); classes];
    for (item, (label, row)) in labels.iter().zip(probabilities.chunks_exact(classes)).enumerate() {
        let own = row.get(usize::from(*label)).ok_or(LabelsError::Label { item, label: *label })?;
        let (sum, number) = &mut sums[usize::from(*label)];
        *sum += f64::from(*own);
        *number += 1;
    }
    Ok(sums.into_iter().map(|(sum, number)| (number > 0).then(|| sum / to_f64(number))).collect())
}

/// The sum of a row (not a number if a value is negative or none), and the likeliest of the classes at or above their
/// bars. Eight sums at a time: rows are the bulk of the work.
fn sum_and_confident(row: &[f32], bars: &[f32]) -> (f32, Option<usize>) {
    const LANES: usize = 8;
    let (mut sums, mut lowest, mut above) = ([0.0_f32; LANES], [0.0_f32; LANES], [false; LANES]);
    let (values, bars_of) = (row.chunks_exact(LANES), bars.chunks_exact(LANES));
    let (rest, rest_bars) = (values.remainder(), bars_of.remainder());
    for (values, bars) in values.zip(bars_of) {
        for lane in 0..LANES {
            sums[lane] += values[lane];
            lowest[lane] = lowest[lane].min(values[lane]);
            above[lane] |= values[lane] >= bars[lane];
        }
    }
    for (lane, (value, bar)) in rest.iter().zip(rest_bars).enumerate() {
        sums[lane] += value;
        lowest[lane] = lowest[lane].min(*value);
        above[lane] |= value >= bar;
    }
    let sum = if lowest.iter().any(|value| *value < 0.0) { f32::NAN } else { sums.iter().sum() };
    if !above.iter().any(|any| *any) {
        return (sum, None);
    }
    let mut best = None;
    for (class, (value, bar)) in row.iter().zip(bars).enumerate() {
        if value >= bar && best.is_none_or(|best: usize| *value > row[best]) {
            best = Some(class);
        }
    }
    (sum, best)
}

fn highest_other(row: &[f32], given: usize) -> f32 {
    let others = row.iter().enumerate().filter(|(class, _)| *class != given);
    others.fold(f32::NEG_INFINITY, |best, (_, value)| best.max(*value))
}
