//! The most frequent class, with ties kept as ties.

use crate::reads::Reads;

/// What the votes of an item say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Majority {
    /// Nobody read it.
    Unread,
    /// One class has more votes than any other.
    Class(u16),
    /// These classes have equally many; ascending. Whoever needs one answer has to decide, not the order of arrival.
    Tie(Vec<u16>),
}

/// The majority of each item.
#[must_use]
pub fn majority(reads: &Reads) -> Vec<Majority> {
    let mut counts = vec![0_usize; reads.classes()];
    reads
        .rows()
        .map(|votes| {
            for vote in votes {
                counts[usize::from(vote.class)] += 1;
            }
            let most = votes.iter().map(|vote| counts[usize::from(vote.class)]).max().unwrap_or(0);
            let mut first: Vec<u16> = votes
                .iter()
                .map(|vote| vote.class)
                .filter(|class| counts[usize::from(*class)] == most)
                .collect();
            first.sort_unstable();
            first.dedup();
            for vote in votes {
                counts[usize::from(vote.class)] = 0;
            }
            match first.as_slice() {
                [] => Majority::Unread,
                [class] => Majority::Class(*class),
                _ => Majority::Tie(first),
            }
        })
        .collect()
}
