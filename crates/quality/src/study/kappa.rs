//! The kappas of an attribute study: within a person (Fleiss 1971 over the turns), between two people and against the
//! reference (Cohen 1960, judgement by judgement, as the manual's cross tables have it), and between all (Fleiss).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attribute::{OfItems, Said, StudyError, Trial, gathered};
use crate::{
    Read, Reads,
    agreement::{Counts, Weights, cohen},
    finite::fraction,
    share::student,
};

/// The manual calls a kappa above this good to excellent agreement.
pub const GOOD: f64 = 0.75;
/// And one below this poor.
pub const POOR: f64 = 0.40;
/// Degrees of freedom at which Student's distribution is the normal one to nine digits.
const NORMAL: f64 = 1e9;

/// A kappa.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kappa {
    /// Items, or judgements of two, that it is over.
    pub of: u64,
    /// The coefficient.
    pub value: f64,
    /// Lower end of its interval (Fleiss, Cohen and Everitt 1969); absent for Fleiss' kappa.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// How often two answered what: good is the first row and column, bad the second.
pub type Table = [[u64; 2]; 2];

/// How a person agrees with themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Within {
    /// Index of the person.
    pub person: u32,
    /// Fleiss' kappa over the turns. `None` where they judged once, or said one thing of everything.
    pub kappa: Option<Kappa>,
}

/// How two people agree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Index of the one.
    pub first: u32,
    /// Index of the other.
    pub second: u32,
    /// What the one (rows) and the other (columns) said in the same turn.
    pub table: Table,
    /// Cohen's kappa. `None` where both said one thing of everything.
    pub kappa: Option<Kappa>,
}

/// How a person agrees with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainstReference {
    /// Index of the person.
    pub person: u32,
    /// What the person (rows) said and the reference (columns) says.
    pub table: Table,
    /// Cohen's kappa.
    pub kappa: Option<Kappa>,
}

/// All kappas of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kappas {
    /// Each person with themselves, by index.
    pub within: Vec<Within>,
    /// Each pair.
    pub pairs: Vec<Pair>,
    /// All people and turns together: Fleiss' kappa over the items that all judged equally often.
    pub between: Option<Kappa>,
    /// Each person with the reference.
    pub with_reference: Vec<AgainstReference>,
}

/// Works out the kappas of a study. `reference` says of each item, by index, whether it is bad.
///
/// # Errors
/// [`StudyError`] names the first trial that does not fit.
pub fn kappas(trials: &[Trial], reference: &[bool], confidence: f64) -> Result<Kappas, StudyError> {
    fraction(confidence)?;
    let said = gathered(trials, reference)?;
    let people: Vec<u32> = said.keys().copied().collect();
    let (reads, slots) = by_judgement(&said, reference);
    let reach = student(NORMAL, confidence);
    let reader = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let two = |a: usize, b: usize| {
        let mut table = Table::default();
        for row in &slots {
            if let (Some(one), Some(other)) = (row[a], row[b]) {
                table[usize::from(one)][usize::from(other)] += 1;
            }
        }
        let found = reads.as_ref().and_then(|reads| cohen(reads, reader(a), reader(b), Weights::Identity));
        let kappa = found.map(|found| {
            let off = reach * found.kappa.standard_error;
            let (low, high) = ((found.kappa.value - off).max(-1.0), (found.kappa.value + off).min(1.0));
            Kappa { of: found.items as u64, value: found.kappa.value, low: Some(low), high: Some(high) }
        });
        (table, kappa)
    };
    let mut pairs = Vec::new();
    for a in 0..people.len() {
        for b in a + 1..people.len() {
            let (table, kappa) = two(a, b);
            pairs.push(Pair { first: people[a], second: people[b], table, kappa });
        }
    }
    let against = |(place, person): (usize, &u32)| {
        let (table, kappa) = two(place, people.len());
        AgainstReference { person: *person, table, kappa }
    };
    let within = |(person, judged): (&u32, &OfItems)| Within {
        person: *person,
        kappa: fleiss(judged.values().map(|said| answers(said)).collect()),
    };
    Ok(Kappas {
        within: said.iter().map(within).collect(),
        pairs,
        between: fleiss(together(&said)),
        with_reference: people.iter().enumerate().map(against).collect(),
    })
}

fn answers(said: &[(u32, bool)]) -> Vec<bool> {
    said.iter().map(|(_, bad)| *bad).collect()
}

/// What all people said of each item that every one of them judged.
fn together(said: &Said) -> Vec<Vec<bool>> {
    let mut all: BTreeMap<u32, (usize, Vec<bool>)> = BTreeMap::new();
    for judged in said.values() {
        for (item, turns) in judged {
            let of_item = all.entry(*item).or_default();
            of_item.0 += 1;
            of_item.1.extend(answers(turns));
        }
    }
    if said.len() < 2 {
        return Vec::new();
    }
    all.into_values().filter(|(judges, _)| *judges == said.len()).map(|(_, answers)| answers).collect()
}

/// Fleiss' kappa over the rows with the most answers: what is not finished is in none.
fn fleiss(rows: Vec<Vec<bool>>) -> Option<Kappa> {
    let most = rows.iter().map(Vec::len).max()?;
    let whole: Vec<Vec<bool>> = rows.into_iter().filter(|row| row.len() == most).collect();
    let list: Vec<Read> = (0..)
        .zip(&whole)
        .flat_map(|(item, row)| {
            (0..).zip(row).map(move |(reader, bad)| Read { item, reader, class: u16::from(*bad) })
        })
        .collect();
    let reads = Reads::new(whole.len(), most, 2, &list).ok()?;
    let value = Counts::new(&reads).fleiss()?.value;
    Some(Kappa { of: whole.len() as u64, value, low: None, high: None })
}

/// What each person and, last, the reference say of an item in one turn.
type Slot = Vec<Option<bool>>;

/// Each judgement as an item of its own, read by people in the same turn and, last, by the reference.
fn by_judgement(said: &Said, reference: &[bool]) -> (Option<Reads>, Vec<Slot>) {
    let readers = said.len() + 1;
    let mut slots: BTreeMap<(u32, u32), Slot> = BTreeMap::new();
    for (place, judged) in said.values().enumerate() {
        for (item, turns) in judged {
            for (turn, bad) in turns {
                let row = slots.entry((*item, *turn)).or_insert_with(|| {
                    let mut row = vec![None; readers];
                    row[readers - 1] = Some(reference[*item as usize]);
                    row
                });
                row[place] = Some(*bad);
            }
        }
    }
    let slots: Vec<_> = slots.into_values().collect();
    let mut list = Vec::new();
    for (item, row) in (0..).zip(&slots) {
        for (reader, answer) in (0..).zip(row) {
            list.extend(answer.map(|bad| Read { item, reader, class: u16::from(bad) }));
        }
    }
    (Reads::new(slots.len(), readers, 2, &list).ok(), slots)
}

impl Kappa {
    /// The manual's word for it: `good`, `poor`, or `fair` between.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.value > GOOD {
            "good"
        } else if self.value < POOR {
            "poor"
        } else {
            "fair"
        }
    }
}
