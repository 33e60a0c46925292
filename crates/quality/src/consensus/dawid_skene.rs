//! Dawid and Skene (1979): each reader has a confusion matrix; items and readers are estimated by turns (EM). Products of
//! probabilities are scaled up again before they can vanish, which does what logarithms would without their cost. Readers
//! with few reads are drawn towards the confusion of all readers together.

use crate::{
    reads::{Reads, Vote},
    to_f64,
};

/// Most numbers in the readers' confusions, readers x classes x classes: 1 GB.
pub const CONFUSIONS_MAX: usize = 128_000_000;
/// What each cell of the pooled confusion is given, so that no probability is 0.
const FLOOR: f64 = 0.01;
/// Reads that a cell of the plain estimate has at least, for an answer that its reader did give. That of crowd-kit, which the
/// plain estimate is compared with.
const PLAIN_FLOOR: f64 = 1e-10;

/// Votes whose product is taken before it is scaled. With the most reads and the least strength a cell is above 1e-27, so
/// that of the likeliest class is far above the smallest double even then.
const SCALE_AFTER: usize = 8;

/// When to end, and how strongly readers are drawn together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Most iterations.
    pub iterations: usize,
    /// Ends when no posterior moved by more than this.
    pub tolerance: f64,
    /// Reads per true class that the pooled confusion is worth. A tenth by default: enough that no cell is 0. It was
    /// chosen on the 807 dogs that also test it, where 0.001 to 0.3 give 680 right, 1 gives 679 and 10 gives 674: that
    /// 0.1 is better elsewhere is not shown. With only the first two reads of each of these dogs 2 gives 580 right and 0.1 gives
    /// 554, and what 0.1 says is overstated far more. With 0 nobody is drawn anywhere: the plain estimate of 1979, but that a cell of
    /// an answer that its reader gave at all is worth 1e-10 reads at least. ([`super::Online`] takes 1e-9 at least.)
    pub strength: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { iterations: 100, tolerance: 1e-6, strength: 0.1 }
    }
}

/// Estimates.
#[derive(Clone, Debug)]
pub struct DawidSkene {
    classes: usize,
    posteriors: Vec<f64>,
    confusions: Vec<f64>,
    /// Share of each class over all items.
    pub shares: Vec<f64>,
    /// Iterations that were made.
    pub iterations: usize,
}

impl DawidSkene {
    /// Probabilities of the classes of an item; the shares of the classes where nobody read it.
    #[must_use]
    pub fn posterior(&self, item: usize) -> &[f64] {
        &self.posteriors[item * self.classes..][..self.classes]
    }

    /// The likeliest class of an item; the lowest index of equals.
    #[must_use]
    pub fn class(&self, item: usize) -> u16 {
        likeliest(self.posterior(item))
    }

    /// Probabilities of the classes of an item by everything but one vote on it: what speaks for or against that vote.
    /// Readers are taken as estimated with it.
    #[must_use]
    pub fn posterior_without(&self, item: usize, vote: Vote) -> Vec<f64> {
        let place = (vote.reader as usize * self.classes + usize::from(vote.class)) * self.classes;
        let said = &self.confusions[place..place + self.classes];
        let top = said.iter().copied().fold(0.0, f64::max);
        let mut rest: Vec<f64> =
            self.posterior(item).iter().zip(said).map(|(all, own)| all * (top / own)).collect();
        let sum: f64 = rest.iter().sum();
        for share in &mut rest {
            *share /= sum;
        }
        rest
    }

    /// Estimated probability that a reader says `said` of an item that is `truth`.
    #[must_use]
    pub fn confusion(&self, reader: usize, truth: u16, said: u16) -> f64 {
        let place = (reader * self.classes + usize::from(said)) * self.classes + usize::from(truth);
        self.confusions[place]
    }
}

/// Estimates truth and readers. `None` where readers x classes² is beyond [`CONFUSIONS_MAX`].
#[must_use]
pub fn dawid_skene(reads: &Reads, options: Options) -> Option<DawidSkene> {
    resume(reads, first_posteriors(reads), options)
}

/// Goes on from posteriors, items x classes.
pub(super) fn resume(reads: &Reads, posteriors: Vec<f64>, options: Options) -> Option<DawidSkene> {
    let classes = reads.classes();
    if classes.checked_mul(classes)?.checked_mul(reads.readers())? > CONFUSIONS_MAX {
        return None;
    }
    let mut state = DawidSkene {
        classes,
        posteriors,
        confusions: vec![0.0; reads.readers() * classes * classes],
        shares: vec![0.0; classes],
        iterations: 0,
    };
    for _ in 0..options.iterations.max(1) {
        state.readers(reads, options.strength);
        state.iterations += 1;
        if state.items(reads) <= options.tolerance {
            break;
        }
    }
    Some(state)
}

/// The highest of probabilities; the lowest index of equals.
pub(super) fn likeliest(posterior: &[f64]) -> u16 {
    let best = (1..posterior.len())
        .fold(0, |best, class| if posterior[class] > posterior[best] { class } else { best });
    u16::try_from(best).unwrap_or(u16::MAX)
}

/// The share of each class among the votes of each item.
pub(super) fn first_posteriors(reads: &Reads) -> Vec<f64> {
    let classes = reads.classes();
    let mut posteriors = vec![0.0; reads.items() * classes];
    for (votes, row) in reads.rows().zip(posteriors.chunks_exact_mut(classes)) {
        for vote in votes {
            row[usize::from(vote.class)] += 1.0 / to_f64(votes.len());
        }
    }
    posteriors
}

impl DawidSkene {
    /// Maximisation: confusions (said x truth, so that a vote takes one contiguous row) and shares.
    fn readers(&mut self, reads: &Reads, strength: f64) {
        let classes = self.classes;
        self.confusions.fill(0.0);
        self.shares.fill(0.0);
        let mut read = 0.0;
        for (votes, row) in reads.rows().zip(self.posteriors.chunks_exact(classes)) {
            if votes.is_empty() {
                continue;
            }
            read += 1.0;
            add(&mut self.shares, row);
            for vote in votes {
                let place = (vote.reader as usize * classes + usize::from(vote.class)) * classes;
                add(&mut self.confusions[place..place + classes], row);
            }
        }
        for share in &mut self.shares {
            *share /= read;
        }
        let square = classes * classes;
        if strength <= 0.0 {
            for own in self.confusions.chunks_exact_mut(square) {
                plain(own, classes);
            }
            return;
        }
        let mut pooled = vec![FLOOR; square];
        for own in self.confusions.chunks_exact(square) {
            add(&mut pooled, own);
        }
        divide_by_truth(&mut pooled, classes);
        for own in self.confusions.chunks_exact_mut(square) {
            for (count, prior) in own.iter_mut().zip(&pooled) {
                *count += strength.max(1e-9) * prior;
            }
            divide_by_truth(own, classes);
        }
    }

    /// Expectation: posteriors of the items. Returns how far the one that moved most did.
    fn items(&mut self, reads: &Reads) -> f64 {
        let classes = self.classes;
        let mut product = vec![0.0; classes];
        let mut moved = 0.0_f64;
        for (votes, row) in reads.rows().zip(self.posteriors.chunks_exact_mut(classes)) {
            for (to, share) in product.iter_mut().zip(&self.shares) {
                *to = share.max(f64::MIN_POSITIVE);
            }
            for (number, some) in votes.chunks(SCALE_AFTER).enumerate() {
                if number > 0 {
                    scale_up(&mut product);
                }
                for vote in some {
                    let place = (vote.reader as usize * classes + usize::from(vote.class)) * classes;
                    for (to, cell) in product.iter_mut().zip(&self.confusions[place..place + classes]) {
                        *to *= cell;
                    }
                }
            }
            // One division for all classes: it takes longer than all the products.
            let whole = 1.0 / product.iter().sum::<f64>();
            for (old, new) in row.iter_mut().zip(&product) {
                let new = new * whole;
                moved = moved.max((*old - new).abs());
                *old = new;
            }
        }
        moved
    }
}

/// Makes the largest 1.
fn scale_up(product: &mut [f64]) {
    let top = product.iter().copied().fold(0.0, f64::max);
    for value in product {
        *value /= top;
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// The shares of a reader's own counts. An answer that was never given stays 0: no vote asks for it.
fn plain(own: &mut [f64], classes: usize) {
    if own.iter().all(|count| *count == 0.0) {
        // Nothing is known of a reader without reads.
        own.fill(1.0 / to_f64(classes));
        return;
    }
    for said in own.chunks_exact_mut(classes) {
        if said.iter().any(|count| *count > 0.0) {
            said.iter_mut().for_each(|count| *count = count.max(PLAIN_FLOOR));
        }
    }
    divide_by_truth(own, classes);
}

/// Makes the cells of each true class sum to 1 over what is said of it.
fn divide_by_truth(cells: &mut [f64], classes: usize) {
    let mut sums = vec![0.0; classes];
    for said in cells.chunks_exact(classes) {
        add(&mut sums, said);
    }
    for said in cells.chunks_exact_mut(classes) {
        for (cell, sum) in said.iter_mut().zip(&sums) {
            *cell /= sum;
        }
    }
}
