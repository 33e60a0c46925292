//! The attribute agreement study of AIAG's measurement system analysis (4th edition, chapter III.C): people judge the same
//! items several times, blind and in a random order; how often they agree with themselves, with each other and with the
//! reference, each with an exact interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{finite::BoundError, share_lower, share_upper};

/// Most trials of a study.
pub const TRIALS_MAX: usize = 1_000_000;

/// One judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Index of the person.
    pub person: u32,
    /// Index of the item.
    pub item: u32,
    /// Which time the person saw the item.
    pub turn: u32,
    /// Whether the person said that it is bad.
    pub bad: bool,
}

/// A share with its exact interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub of: u64,
    /// Lower end of the two-sided interval of Clopper and Pearson.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a study says of a person. `None` where nothing could tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Index of the person.
    pub person: u32,
    /// Items judged the same every time, of those judged more than once.
    pub within: Option<Rate>,
    /// Items judged as the reference every time (effectiveness).
    pub effectiveness: Option<Rate>,
    /// Bad items called good, of all judgements of bad items.
    pub miss: Option<Rate>,
    /// Good items called bad, of all judgements of good items.
    pub false_alarm: Option<Rate>,
}

/// What a study says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// Each person, by index.
    pub people: Vec<Person>,
    /// Items on which all people said the same every time.
    pub between: Option<Rate>,
    /// Items on which all people said what the reference says every time.
    pub with_reference: Option<Rate>,
}

/// A study that is none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// None, or more than [`TRIALS_MAX`].
    #[error("a study of {0} trials: 1 to {TRIALS_MAX}")]
    Trials(usize),
    /// An item without a reference.
    #[error("item {0} has no reference")]
    Reference(u32),
    /// A turn twice.
    #[error("person {person} judged item {item} twice in one turn")]
    Twice {
        /// Index of the person.
        person: u32,
        /// Index of the item.
        item: u32,
    },
    /// Another confidence.
    #[error(transparent)]
    Confidence(#[from] BoundError),
}

/// What a person has to reach to be let to judge. Held against the ends of the intervals that speak against the person where
/// `surely`, else against the shares themselves as the manual does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Least effectiveness.
    pub effectiveness: f64,
    /// Largest miss rate.
    pub miss: f64,
    /// Largest false alarm rate.
    pub false_alarm: f64,
    /// Whether the person has to show it beyond chance.
    pub surely: bool,
}

impl Default for Limits {
    /// The manual's limits of "acceptable".
    fn default() -> Self {
        Self { effectiveness: 0.9, miss: 0.02, false_alarm: 0.05, surely: false }
    }
}

impl Limits {
    /// The manual's limits of "marginal": may be acceptable, may need improvement.
    pub const MARGINAL: Self = Self { effectiveness: 0.8, miss: 0.05, false_alarm: 0.1, surely: false };
}

/// What a study says of a person, in the manual's three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every figure is within its limit.
    Acceptable,
    /// One is not, and all are within the wider limits.
    Marginal,
    /// One is beyond the wider limits, or nothing could tell.
    Unacceptable,
}

impl Person {
    /// What follows from the figures.
    #[must_use]
    pub fn verdict(&self, acceptable: Limits, marginal: Limits) -> Verdict {
        if self.passes(acceptable) {
            Verdict::Acceptable
        } else if self.passes(marginal) {
            Verdict::Marginal
        } else {
            Verdict::Unacceptable
        }
    }

    /// Whether the person reaches the limits. Where nothing could tell a rate, it is not reached.
    #[must_use]
    pub fn passes(&self, limits: Limits) -> bool {
        let share = |rate: Rate| crate::special::count(rate.part) / crate::special::count(rate.of);
        let least = self.effectiveness.map(|rate| if limits.surely { rate.low } else { share(rate) });
        let most = |rate: Option<Rate>| rate.map(|rate| if limits.surely { rate.high } else { share(rate) });
        least.is_some_and(|least| least >= limits.effectiveness)
            && most(self.miss).is_some_and(|most| most <= limits.miss)
            && most(self.false_alarm).is_some_and(|most| most <= limits.false_alarm)
    }
}

/// What each person said of each item: turn and answer.
pub(super) type Said = BTreeMap<u32, OfItems>;
/// The same of one person.
pub(super) type OfItems = BTreeMap<u32, Vec<(u32, bool)>>;

pub(super) fn gathered(trials: &[Trial], reference: &[bool]) -> Result<Said, StudyError> {
    if trials.is_empty() || trials.len() > TRIALS_MAX {
        return Err(StudyError::Trials(trials.len()));
    }
    let mut people = Said::new();
    for Trial { person, item, turn, bad } in trials {
        if reference.get(*item as usize).is_none() {
            return Err(StudyError::Reference(*item));
        }
        let said = people.entry(*person).or_default().entry(*item).or_default();
        if said.iter().any(|(other, _)| other == turn) {
            return Err(StudyError::Twice { person: *person, item: *item });
        }
        said.push((*turn, *bad));
    }
    Ok(people)
}

/// Evaluates a study. `reference` says of each item, by index, whether it is bad.
///
/// # Errors
/// [`StudyError`] names the first trial that does not fit.
pub fn attribute(trials: &[Trial], reference: &[bool], confidence: f64) -> Result<Attribute, StudyError> {
    let people = gathered(trials, reference)?;
    let rate = |part, of| rate(part, of, confidence);
    let truth = |item: u32| reference[item as usize];
    let mut found = Vec::with_capacity(people.len());
    let mut items: BTreeMap<u32, (bool, bool, usize)> = BTreeMap::new();
    for (person, judged) in &people {
        let (mut repeated, mut same, mut right) = (0, 0, 0);
        let (mut bad, mut missed, mut good, mut alarms) = (0, 0, 0, 0);
        for (item, said) in judged {
            let first = said[0].1;
            let alike = said.iter().all(|(_, bad)| *bad == first);
            if said.len() > 1 {
                repeated += 1;
                same += u64::from(alike);
            }
            right += u64::from(alike && first == truth(*item));
            let called_bad = said.iter().filter(|(_, bad)| *bad).count() as u64;
            if truth(*item) {
                bad += said.len() as u64;
                missed += said.len() as u64 - called_bad;
            } else {
                good += said.len() as u64;
                alarms += called_bad;
            }
            let of_item = items.entry(*item).or_insert((first, true, 0));
            of_item.1 &= alike && first == of_item.0;
            of_item.2 += 1;
        }
        found.push(Person {
            person: *person,
            within: rate(same, repeated)?,
            effectiveness: rate(right, judged.len() as u64)?,
            miss: rate(missed, bad)?,
            false_alarm: rate(alarms, good)?,
        });
    }
    // Only items that all people judged say anything about all people.
    let all: Vec<(u32, bool, bool)> = items
        .iter()
        .filter(|(_, (_, _, judges))| *judges == people.len() && people.len() > 1)
        .map(|(item, (said, alike, _))| (*item, *said, *alike))
        .collect();
    let alike = all.iter().filter(|(_, _, alike)| *alike).count() as u64;
    let right = all.iter().filter(|(item, said, alike)| *alike && *said == truth(*item)).count() as u64;
    let of = all.len() as u64;
    Ok(Attribute { people: found, between: rate(alike, of)?, with_reference: rate(right, of)? })
}

fn rate(part: u64, of: u64, confidence: f64) -> Result<Option<Rate>, StudyError> {
    // Both tails of half the error each.
    let one_sided = 1.0 - (1.0 - confidence) / 2.0;
    if of == 0 {
        share_upper(1, 0, one_sided)?;
        return Ok(None);
    }
    Ok(Some(Rate {
        part,
        of,
        low: share_lower(of, part, one_sided)?,
        high: share_upper(of, part, one_sided)?,
    }))
}
