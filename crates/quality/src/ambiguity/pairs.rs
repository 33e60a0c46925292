//! Pairs of classes between which disagreement gathers.
//!
//! An item counts once for each pair of classes that it was given. If nothing about a pair were special, its share of these
//! counts would follow how often its classes are given at all; far more than that, by several people, is what an unclear
//! guideline looks like.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    agreement::Interval,
    reads::{Reads, Vote},
    special::{beta_below, count},
    study::difference,
};

/// Example items that a finding names at most.
const EXAMPLES_MAX: usize = 12;

/// When disagreement is called unclear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Fewest people who take part.
    pub people: usize,
    /// Largest probability that any pair is found though none is special.
    pub level: f64,
    /// Fewest times what is expected.
    pub excess: f64,
    /// Largest share of a pair's items in which one and the same person stands alone against all others: beyond it the
    /// person is the matter, not the guideline.
    pub one_person: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { people: 3, level: 0.01, excess: 1.5, one_person: 0.5 }
    }
}

/// Rules or reads that nothing can be said by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairsError {
    /// With two classes there is one pair, and disagreement cannot gather in it.
    #[error("{0} classes: disagreement can gather in a pair from three on")]
    Classes(usize),
    /// A level or share that is not strictly between 0 and 1, or an excess below 1.
    #[error("the rules are not: 0 < level < 1, 0 < one_person <= 1, excess >= 1")]
    Rules,
}

/// A pair of classes between which disagreement gathers.
#[derive(Clone, Debug, PartialEq)]
pub struct Unclear {
    /// The classes, the lower index first.
    pub classes: (u16, u16),
    /// Items that were given both.
    pub items: u64,
    /// Items that would have been, if the pair were like any other.
    pub expected: f64,
    /// Probability of so many or more by chance, for all pairs together.
    pub chance: f64,
    /// Readers on the smaller side of such an item, ascending.
    pub people: Vec<u32>,
    /// Items to show: those where opinions are most evenly divided, then in order.
    pub examples: Vec<usize>,
}

#[derive(Default)]
struct Pair {
    items: Vec<(usize, usize)>,
    people: BTreeSet<u32>,
    alone: BTreeMap<u32, u64>,
}

/// Finds unclear pairs, the largest excess first.
///
/// # Errors
/// [`PairsError`].
pub fn unclear(reads: &Reads, rules: Rules) -> Result<Vec<Unclear>, PairsError> {
    if reads.classes() < 3 {
        return Err(PairsError::Classes(reads.classes()));
    }
    let fits = rules.level > 0.0 && rules.level < 1.0 && rules.one_person > 0.0 && rules.one_person <= 1.0;
    if !fits || rules.excess.is_nan() || rules.excess < 1.0 {
        return Err(PairsError::Rules);
    }
    let mut given = vec![0_u64; reads.classes()];
    let mut pairs: BTreeMap<(u16, u16), Pair> = BTreeMap::new();
    for (item, votes) in reads.rows().enumerate() {
        for vote in votes {
            given[usize::from(vote.class)] += 1;
        }
        for (classes, sides) in split(votes) {
            let pair = pairs.entry(classes).or_default();
            let (few, many) = if sides.0.len() <= sides.1.len() { sides } else { (sides.1, sides.0) };
            pair.items.push((many.len() - few.len(), item));
            if let ([one], true) = (few.as_slice(), many.len() > 1) {
                *pair.alone.entry(*one).or_default() += 1;
            }
            // Evenly divided: neither side is the odd one.
            if few.len() == many.len() {
                pair.people.extend(&many);
            }
            pair.people.extend(&few);
        }
    }
    let all: u64 = pairs.values().map(|pair| pair.items.len() as u64).sum();
    let used = given.iter().filter(|n| **n > 0).count() as u64;
    let reads_all: f64 = given.iter().map(|n| count(*n)).sum();
    let share = |class: u16| count(given[usize::from(class)]) / reads_all;
    let unequal = 1.0 - (0..).zip(&given).map(|(class, _)| share(class).powi(2)).sum::<f64>();
    let mut found: Vec<Unclear> = pairs
        .into_iter()
        .filter_map(|(classes, pair)| {
            let usual = 2.0 * share(classes.0) * share(classes.1) / unequal;
            let items = pair.items.len() as u64;
            // P(X >= items) of a binomial is I_p(items, all - items + 1), for each of the pairs that there can be.
            let tail = beta_below(usual, count(items), count(all - items + 1));
            let chance = (tail * count(used * (used - 1) / 2)).min(1.0);
            let expected = usual * count(all);
            let alone = pair.alone.values().copied().max().unwrap_or(0);
            let special = chance <= rules.level && count(items) >= rules.excess * expected;
            let by_several =
                pair.people.len() >= rules.people && count(alone) <= rules.one_person * count(items);
            (special && by_several).then(|| of(classes, pair, expected, chance))
        })
        .collect();
    found.sort_by(|a, b| {
        let excess = |pair: &Unclear| count(pair.items) / pair.expected;
        excess(b).total_cmp(&excess(a)).then(a.classes.cmp(&b.classes))
    });
    Ok(found)
}

fn of(classes: (u16, u16), mut pair: Pair, expected: f64, chance: f64) -> Unclear {
    let items = pair.items.len() as u64;
    pair.items.sort_unstable();
    let examples = pair.items.into_iter().take(EXAMPLES_MAX).map(|(_, item)| item).collect();
    Unclear { classes, items, expected, chance, people: pair.people.into_iter().collect(), examples }
}

type Sides = (Vec<u32>, Vec<u32>);

/// The pairs of classes that an item was given, with the readers on both sides.
fn split(votes: &[Vote]) -> Vec<((u16, u16), Sides)> {
    let mut by_class: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for vote in votes {
        by_class.entry(vote.class).or_default().push(vote.reader);
    }
    let sides: Vec<(u16, Vec<u32>)> = by_class.into_iter().collect();
    let mut pairs = Vec::new();
    for (place, (a, first)) in sides.iter().enumerate() {
        for (b, second) in &sides[place + 1..] {
            pairs.push(((*a, *b), (first.clone(), second.clone())));
        }
    }
    pairs
}

/// How often a pair divides opinions before and after a change of the guideline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Of the items with two or more reads that were given either class, the share that was given both, before.
    pub before: f64,
    /// The same after.
    pub after: f64,
    /// Interval of after less before (Newcombe 1998, method 10): wholly below 0 where the change helped.
    pub difference: Interval,
}

/// Compares the reads of a pair before and after a change. `None` where either side has no such item.
#[must_use]
pub fn change(before: &Reads, after: &Reads, classes: (u16, u16), confidence: f64) -> Option<Change> {
    let counted = |reads: &Reads| {
        let (mut either, mut both) = (0, 0);
        for votes in reads.rows().filter(|votes| votes.len() > 1) {
            let given = |class: u16| votes.iter().any(|vote| vote.class == class);
            either += u64::from(given(classes.0) || given(classes.1));
            both += u64::from(given(classes.0) && given(classes.1));
        }
        (both, either)
    };
    let found = difference(counted(after), counted(before), confidence)?;
    Some(Change { before: found.second, after: found.first, difference: found.difference })
}
