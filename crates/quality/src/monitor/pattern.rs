//! What a person's errors have in common: what a feedback card may name.

use std::collections::BTreeMap;

/// Fewest errors of one kind that are named: fewer would point at single items, some of which are hidden gold.
pub const PATTERN_MIN: u64 = 3;

/// A kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The class that was right.
    pub right: u16,
    /// The class that was said.
    pub said: u16,
    /// How often.
    pub times: u64,
    /// Of how many errors.
    pub errors: u64,
}

/// The kinds of error among (right, said) pairs that happened [`PATTERN_MIN`] times or more, the most frequent first. Pairs of
/// one and the same class are no errors.
#[must_use]
pub fn patterns(answers: &[(u16, u16)]) -> Vec<Pattern> {
    let mut kinds: BTreeMap<(u16, u16), u64> = BTreeMap::new();
    for answer in answers.iter().filter(|(right, said)| right != said) {
        *kinds.entry(*answer).or_default() += 1;
    }
    let errors = kinds.values().sum();
    let mut found: Vec<Pattern> = kinds
        .into_iter()
        .filter(|(_, times)| *times >= PATTERN_MIN)
        .map(|((right, said), times)| Pattern { right, said, times, errors })
        .collect();
    found.sort_by_key(|pattern| std::cmp::Reverse(pattern.times));
    found
}
