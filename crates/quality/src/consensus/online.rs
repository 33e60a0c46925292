//! Dawid and Skene's model kept up to date read by read: a read touches its item and the readers of that item only. What
//! drifts from the batch estimate in between is drawn back by a sweep, which goes on with EM from where things stand.

use crate::reads::{CLASSES_MAX, Read, Reads, ReadsError, Vote};

use super::dawid_skene::{CONFUSIONS_MAX, DawidSkene, Options, likeliest, resume};

/// Reads per class that what is believed at the beginning is worth: that a reader is rather right than not, and that classes
/// are equally frequent. Without it the first item would decide what the next ones are. A sweep knows nothing of it.
const BEGINNING: f64 = 20.0;

/// Votes, posteriors and soft counts, growing with what comes.
#[derive(Clone, Debug)]
pub struct Online {
    classes: usize,
    options: Options,
    items: Vec<Vec<Vote>>,
    posteriors: Vec<f64>,
    /// Per reader said x truth, with the sums over what was said behind: (classes + 1) x classes.
    counts: Vec<f64>,
    /// The same over all readers.
    pooled: Vec<f64>,
    /// Sum of the posteriors of items that were read.
    shares: Vec<f64>,
    read: f64,
}

impl Online {
    /// Nothing read yet. `None` for no class or more than [`CLASSES_MAX`].
    #[must_use]
    pub fn new(classes: usize, options: Options) -> Option<Self> {
        (1..=CLASSES_MAX).contains(&classes).then(|| Self {
            classes,
            options,
            items: Vec::new(),
            posteriors: Vec::new(),
            counts: Vec::new(),
            pooled: vec![0.0; (classes + 1) * classes],
            shares: vec![0.0; classes],
            read: 0.0,
        })
    }

    /// Number of items that have room.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items.len()
    }

    fn readers(&self) -> usize {
        self.counts.len() / self.pooled.len()
    }

    /// Probabilities of the classes of an item; even where nobody read it.
    #[must_use]
    pub fn posterior(&self, item: usize) -> &[f64] {
        &self.posteriors[item * self.classes..][..self.classes]
    }

    /// The likeliest class of an item; the lowest index of equals.
    #[must_use]
    pub fn class(&self, item: usize) -> u16 {
        likeliest(self.posterior(item))
    }

    /// Takes a read: room for its item and reader is made, its item is judged anew, and the readers of the item are counted
    /// anew. Work and memory of a read: votes of the item x classes.
    ///
    /// # Errors
    /// [`ReadsError::Index`] for a class that there is not, [`ReadsError::Twice`] for a second read of an item by a reader,
    /// [`ReadsError::TooMany`] where confusions would be beyond [`CONFUSIONS_MAX`]. Nothing is then taken.
    pub fn add(&mut self, read: Read) -> Result<(), ReadsError> {
        let (item, reader) = (read.item as usize, read.reader as usize);
        if usize::from(read.class) >= self.classes {
            return Err(ReadsError::Index { place: 0 });
        }
        if (reader + 1) * self.pooled.len() > CONFUSIONS_MAX || item >= crate::READS_MAX {
            return Err(ReadsError::TooMany(reader.max(item)));
        }
        let twice = |votes: &Vec<Vote>| votes.iter().any(|vote| vote.reader == read.reader);
        if self.items.get(item).is_some_and(twice) {
            return Err(ReadsError::Twice { item: read.item, reader: read.reader });
        }
        if item >= self.items.len() {
            self.items.resize_with(item + 1, Vec::new);
            self.posteriors.resize((item + 1) * self.classes, 1.0 / crate::to_f64(self.classes));
        }
        if reader >= self.readers() {
            self.counts.resize((reader + 1) * self.pooled.len(), 0.0);
        }
        self.withdraw(item);
        self.items[item].push(Vote { reader: read.reader, class: read.class });
        self.judge(item);
        self.enter(item);
        Ok(())
    }

    /// Takes an item's posterior out of the counts.
    fn withdraw(&mut self, item: usize) {
        self.count(item, -1.0);
    }

    fn enter(&mut self, item: usize) {
        self.count(item, 1.0);
    }

    fn count(&mut self, item: usize, sign: f64) {
        if self.items[item].is_empty() {
            return;
        }
        let (classes, size) = (self.classes, self.pooled.len());
        self.read += sign;
        for truth in 0..classes {
            let share = sign * self.posteriors[item * classes + truth];
            self.shares[truth] += share;
            for vote in &self.items[item] {
                let cell = usize::from(vote.class) * classes + truth;
                let own = &mut self.counts[vote.reader as usize * size..][..size];
                own[cell] += share;
                own[classes * classes + truth] += share;
                self.pooled[cell] += share;
                self.pooled[classes * classes + truth] += share;
            }
        }
    }

    /// Judges an item by what is counted without it.
    fn judge(&mut self, item: usize) {
        let (classes, size) = (self.classes, self.pooled.len());
        let sums = classes * classes;
        let strength = self.options.strength.max(1e-9);
        let every = crate::to_f64(classes);
        let mut logs: Vec<f64> = (0..classes)
            .map(|truth| ((self.shares[truth].max(0.0) + BEGINNING) / (self.read + every * BEGINNING)).ln())
            .collect();
        for vote in &self.items[item] {
            let own = &self.counts[vote.reader as usize * size..][..size];
            for (truth, log) in logs.iter_mut().enumerate() {
                let cell = usize::from(vote.class) * classes + truth;
                let usual = (self.pooled[cell].max(0.0)
                    + BEGINNING * first(usize::from(vote.class) == truth, every))
                    / (self.pooled[sums + truth].max(0.0) + BEGINNING);
                let said = own[cell].max(0.0) + strength * usual;
                *log += (said / (own[sums + truth].max(0.0) + strength)).ln();
            }
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
        for (to, log) in self.posteriors[item * classes..].iter_mut().zip(&logs) {
            *to = (log - top).exp() / sum;
        }
    }

    /// Goes on with EM over everything from where things stand, until nothing moves, and counts anew. Returns the estimate,
    /// or `None` where nothing was read.
    pub fn sweep(&mut self) -> Option<DawidSkene> {
        let list: Vec<Read> = (0..)
            .zip(&self.items)
            .flat_map(|(item, votes)| {
                votes.iter().map(move |vote| Read { item, reader: vote.reader, class: vote.class })
            })
            .collect();
        let reads = Reads::new(self.items.len(), self.readers(), self.classes, &list).ok()?;
        let found = resume(&reads, self.posteriors.clone(), self.options)?;
        self.counts.fill(0.0);
        self.pooled.fill(0.0);
        self.shares.fill(0.0);
        self.read = 0.0;
        for item in 0..self.items.len() {
            self.posteriors[item * self.classes..][..self.classes].copy_from_slice(found.posterior(item));
            self.enter(item);
        }
        Some(found)
    }
}

fn first(right: bool, classes: f64) -> f64 {
    if right { (1.0 + classes) / (2.0 * classes) } else { 0.5 / classes }
}
