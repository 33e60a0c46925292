//! One accuracy per reader, errors spread evenly over the other classes: what is left of Dawid and Skene's model where readers
//! have few reads. Without a guard it may settle on the world in which every label is turned around; here a reader is never
//! worth less than a guess, so that no vote can speak against itself.

use crate::{reads::Reads, to_f64};

use super::dawid_skene::{Options, first_posteriors};

/// Estimates.
#[derive(Clone, Debug)]
pub struct OneCoin {
    classes: usize,
    posteriors: Vec<f64>,
    /// Estimated probability of each reader to be right, between a guess and 1. A reader without reads has that of all.
    pub accuracies: Vec<f64>,
    /// Iterations that were made.
    pub iterations: usize,
}

impl OneCoin {
    /// Probabilities of the classes of an item, even where nobody read it.
    #[must_use]
    pub fn posterior(&self, item: usize) -> &[f64] {
        &self.posteriors[item * self.classes..][..self.classes]
    }

    /// The likeliest class of an item; the lowest index of equals.
    #[must_use]
    pub fn class(&self, item: usize) -> u16 {
        super::dawid_skene::likeliest(self.posterior(item))
    }
}

/// Estimates truth and accuracies by turns, beginning with the shares of votes. `strength` reads of the mean accuracy are
/// added to each reader. `None` for fewer than two classes.
#[must_use]
pub fn one_coin(reads: &Reads, options: Options) -> Option<OneCoin> {
    let classes = reads.classes();
    if classes < 2 {
        return None;
    }
    let guess = 1.0 / to_f64(classes);
    let mut posteriors = first_posteriors(reads);
    let mut accuracies = vec![guess; reads.readers()];
    let mut iterations = 0;
    while iterations < options.iterations.max(1) {
        iterations += 1;
        rate(reads, &posteriors, options.strength.max(1e-9), &mut accuracies);
        if judge(reads, &accuracies, &mut posteriors) <= options.tolerance {
            break;
        }
    }
    Some(OneCoin { classes, posteriors, accuracies, iterations })
}

/// Highest accuracy: no reader is beyond doubt.
const ACCURACY_MAX: f64 = 1.0 - 1e-6;

fn rate(reads: &Reads, posteriors: &[f64], strength: f64, accuracies: &mut [f64]) {
    let classes = reads.classes();
    let mut counts = vec![(0.0, 0.0); accuracies.len()];
    for (votes, row) in reads.rows().zip(posteriors.chunks_exact(classes)) {
        for vote in votes {
            let (right, all) = &mut counts[vote.reader as usize];
            *right += row[usize::from(vote.class)];
            *all += 1.0;
        }
    }
    let (right, all) = counts.iter().fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
    let mean = right / all;
    for (accuracy, (right, all)) in accuracies.iter_mut().zip(counts) {
        let own = (right + strength * mean) / (all + strength);
        *accuracy = own.clamp(1.0 / to_f64(classes), ACCURACY_MAX);
    }
}

/// Returns how far the posterior that moved most did.
fn judge(reads: &Reads, accuracies: &[f64], posteriors: &mut [f64]) -> f64 {
    let classes = reads.classes();
    let others = to_f64(classes - 1);
    let mut logs = vec![0.0; classes];
    let mut moved = 0.0_f64;
    for (votes, row) in reads.rows().zip(posteriors.chunks_exact_mut(classes)) {
        logs.fill(0.0);
        for vote in votes {
            let accuracy = accuracies[vote.reader as usize];
            logs[usize::from(vote.class)] += (accuracy * others / (1.0 - accuracy)).ln();
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
        for (old, log) in row.iter_mut().zip(&logs) {
            let new = (log - top).exp() / sum;
            moved = moved.max((*old - new).abs());
            *old = new;
        }
    }
    moved
}
