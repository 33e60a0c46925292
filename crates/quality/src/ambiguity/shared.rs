//! Alarms that many people raise at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::monitor::Stream;

/// Fewest people who have to be alarmed about: of two people one is half.
const PEOPLE_MIN: usize = 3;

/// A stream in which a third or more of those who work raise an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The stream.
    pub stream: Stream,
    /// Who is alarmed about; their alarms are to be suppressed until the items or the guideline were looked at.
    pub people: Vec<u32>,
    /// How many were active.
    pub active: usize,
}

/// Streams whose alarms are shared by a third or more of the `active` people, and by three at least. `alarms` are those of
/// the time that is looked at (a week, say); a person counts once per stream.
#[must_use]
pub fn shared(alarms: &[(Stream, u32)], active: usize) -> Vec<Shared> {
    let mut by_stream: BTreeMap<&Stream, BTreeSet<u32>> = BTreeMap::new();
    for (stream, person) in alarms {
        by_stream.entry(stream).or_default().insert(*person);
    }
    let of_many = |people: &BTreeSet<u32>| people.len() >= PEOPLE_MIN && people.len() * 3 >= active;
    let shared = by_stream.into_iter().filter(|(_, people)| of_many(people));
    shared
        .map(|(stream, people)| Shared {
            stream: stream.clone(),
            people: people.into_iter().collect(),
            active,
        })
        .collect()
}
