//! From answers to estimates: Dawid and Skene's model over the readers, and the majority beside it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use countersign_quality::{
    Read, Reads,
    consensus::{DawidSkene, Majority, Options, dawid_skene, majority},
};

use super::{
    Result,
    gather::{Answer, Asked},
};
use crate::PipelineError;

/// Different answers that are told apart, the most frequent: the confusion of a reader has as many cells as their square.
pub(super) const ANSWERS_MAX: usize = 64;

/// How strongly readers are drawn together, reads per true class. Two, where items have few reads: of the 807 dogs of
/// `quality/tests/consensus.rs` with their first two reads each it leaves the smallest log loss but for 4, whose estimates are right less
/// often; a tenth, which serves where an item has ten, takes whoever was right a few times for infallible.
const STRENGTH: f64 = 2.0;

/// What an answer is estimated to be.
pub(super) struct Judged {
    /// Index among what was asked.
    pub asked: usize,
    /// The likeliest answer, its place among all answers.
    pub estimate: usize,
    /// Its probability.
    pub posterior: f64,
    /// The most frequent answers; several are a tie.
    pub majority: Vec<usize>,
}

/// A reader as estimated.
pub(super) struct Rated {
    /// Index of the reader.
    pub reader: usize,
    /// Items behind the figures.
    pub items: usize,
    /// Answers behind them.
    pub answers: usize,
    /// Answers of theirs that are the estimate.
    pub as_estimated: usize,
    /// Probability of a right answer: over classes, share of the class times the reader's probability to name it.
    pub accuracy: f64,
    /// True answer, said answer, estimated number of answers whose truth it is, probability that the reader says it.
    pub cells: Vec<(usize, usize, f64, f64)>,
}

/// Everything that was estimated.
pub(super) struct Estimated {
    /// The answers that were told apart, the most frequent first.
    pub answers: Vec<Answer>,
    /// The least certain first; of equals in the order in which they were asked.
    pub judged: Vec<Judged>,
    /// Those with the most answers first.
    pub readers: Vec<Rated>,
    /// What was asked and left out, since somebody's answer is none of those that are told apart.
    pub left_out: u64,
}

fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}

/// Estimates what is true of each thing that was asked. The same answers give the same figures.
///
/// # Errors
/// When the answers make no table, which they do by how they are gathered.
pub(super) fn estimate(asked: &[Asked], readers: usize) -> Result<Estimated> {
    let answers = told_apart(asked);
    let numbers: BTreeMap<&Answer, u16> = answers.iter().zip(0..).collect();
    let mut list = Vec::new();
    let mut kept = Vec::new();
    for (place, one) in asked.iter().enumerate() {
        let said: Option<Vec<_>> =
            one.said.iter().map(|(reader, answer)| Some((*reader, *numbers.get(answer)?))).collect();
        let Some(said) = said else { continue };
        let item = u32::try_from(kept.len()).map_err(internal)?;
        for (reader, class) in said {
            list.push(Read { item, reader: u32::try_from(reader).map_err(internal)?, class });
        }
        kept.push(place);
    }
    let left_out = (asked.len() - kept.len()) as u64;
    if list.is_empty() {
        return Ok(Estimated { answers: vec![], judged: vec![], readers: vec![], left_out });
    }
    let table = Reads::new(kept.len(), readers, answers.len(), &list).map_err(internal)?;
    let found = dawid_skene(&table, Options { strength: STRENGTH, ..Options::default() })
        .ok_or_else(|| internal("too many readers"))?;
    let mut judged: Vec<Judged> = kept
        .iter()
        .zip(majority(&table))
        .enumerate()
        .map(|(item, (place, most))| judge(&found, item, *place, most))
        .collect();
    judged.sort_by(|a, b| a.posterior.total_cmp(&b.posterior).then(a.asked.cmp(&b.asked)));
    let rated = rate(&table, &found, readers, |item| asked[kept[item]].item);
    Ok(Estimated { answers, judged, readers: rated, left_out })
}

/// The most frequent answers; equals in their own order.
fn told_apart(asked: &[Asked]) -> Vec<Answer> {
    let mut counts: BTreeMap<&Answer, usize> = BTreeMap::new();
    for (_, answer) in asked.iter().flat_map(|one| &one.said) {
        *counts.entry(answer).or_default() += 1;
    }
    let mut order: Vec<_> = counts.into_iter().collect();
    order.sort_by_key(|(_, count)| Reverse(*count));
    order.into_iter().take(ANSWERS_MAX).map(|(answer, _)| answer.clone()).collect()
}

fn judge(found: &DawidSkene, item: usize, asked: usize, most: Majority) -> Judged {
    let estimate = usize::from(found.class(item));
    let majority = match most {
        Majority::Unread => Vec::new(),
        Majority::Class(class) => vec![usize::from(class)],
        Majority::Tie(classes) => classes.into_iter().map(usize::from).collect(),
    };
    Judged { asked, estimate, posterior: found.posterior(item)[estimate], majority }
}

/// Readers with what their figures rest on.
fn rate(table: &Reads, found: &DawidSkene, readers: usize, item_of: impl Fn(usize) -> usize) -> Vec<Rated> {
    let classes = table.classes();
    let mut truths = vec![vec![0.0; classes]; readers];
    let mut said = vec![BTreeSet::new(); readers];
    let mut items = vec![BTreeSet::new(); readers];
    let mut answers = vec![(0_usize, 0_usize); readers];
    for (place, votes) in table.rows().enumerate() {
        for vote in votes {
            let reader = vote.reader as usize;
            let (all, same) = &mut answers[reader];
            *all += 1;
            *same += usize::from(vote.class == found.class(place));
            items[reader].insert(item_of(place));
            said[reader].insert(vote.class);
            for (sum, share) in truths[reader].iter_mut().zip(found.posterior(place)) {
                *sum += share;
            }
        }
    }
    let every = || (0_u16..).take(classes);
    let mut rated: Vec<Rated> = (0..readers)
        .filter(|reader| answers[*reader].0 > 0)
        .map(|reader| Rated {
            reader,
            items: items[reader].len(),
            answers: answers[reader].0,
            as_estimated: answers[reader].1,
            accuracy: every()
                .map(|class| found.shares[usize::from(class)] * found.confusion(reader, class, class))
                .sum::<f64>()
                .min(1.0),
            cells: every()
                .flat_map(|truth| said[reader].iter().map(move |said| (truth, *said)))
                .map(|(truth, said)| {
                    let of = truths[reader][usize::from(truth)];
                    (usize::from(truth), usize::from(said), of, found.confusion(reader, truth, said))
                })
                .collect(),
        })
        .collect();
    rated.sort_by_key(|one| (Reverse(one.answers), one.reader));
    rated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::ConsensusLabel;

    fn answer(class: &str) -> Answer {
        let label = |class: &str| ConsensusLabel { class: class.into(), choices: BTreeMap::new() };
        if class.is_empty() { Answer::new() } else { Answer::from([label(class)]) }
    }

    /// Each column is a reader; an item per row.
    fn asked(rows: &[&[&str]]) -> Vec<Asked> {
        let said = |row: &&[&str]| row.iter().map(|class| answer(class)).enumerate().collect();
        let one = |(item, row)| Asked { item, frame: None, place: None, said: said(row) };
        rows.iter().enumerate().map(one).collect()
    }

    #[test]
    fn who_is_usually_right_weighs_more_and_ties_stay_ties() {
        // The third contradicts the first two in every second of what they agree on; then the first stands against the third.
        let mut rows: Vec<&[&str]> = Vec::new();
        for number in 0..40 {
            rows.push(match number % 4 {
                0 => &["cat", "cat", "cat"],
                1 => &["dog", "dog", "cat"],
                2 => &["dog", "dog", "dog"],
                _ => &["cat", "cat", "dog"],
            });
        }
        let mut all = asked(&rows);
        let tie = Asked { said: vec![(0, answer("cat")), (2, answer("dog"))], item: 40, ..all[0].clone() };
        all.push(tie);
        let found = estimate(&all, 3).unwrap();
        let first = &found.judged[0];
        assert_eq!(first.asked, 40, "the least certain comes first");
        assert_eq!((&found.answers[first.estimate], first.majority.len()), (&answer("cat"), 2));
        assert!(first.posterior > 0.5 && first.posterior < found.judged[1].posterior, "{}", first.posterior);
        let rated = |reader: usize| found.readers.iter().find(|one| one.reader == reader).unwrap();
        assert!(rated(0).accuracy > 0.95 && (rated(2).accuracy - 0.5).abs() < 0.05, "{}", rated(2).accuracy);
        assert_eq!((rated(2).answers, rated(2).items, rated(2).as_estimated), (41, 41, 20));
        // What a reader says of each truth sums to 1, and truths to the number of answers.
        let cells = &rated(2).cells;
        let of: BTreeMap<usize, f64> = cells.iter().map(|(truth, _, of, _)| (*truth, *of)).collect();
        assert!((of.values().sum::<f64>() - 41.0).abs() < 1e-6);
        let of_first: f64 = cells.iter().filter(|cell| cell.0 == 0).map(|cell| cell.3).sum();
        assert!((of_first - 1.0).abs() < 1e-6, "{of_first}");
    }

    #[test]
    fn the_same_answers_give_the_same_figures_and_none_give_none() {
        let all = asked(&[&["", "a"], &["a", "a"], &["", ""]]);
        let posteriors =
            || estimate(&all, 2).unwrap().judged.iter().map(|one| one.posterior).collect::<Vec<_>>();
        assert_eq!(posteriors(), posteriors());
        let none = estimate(&[], 0).unwrap();
        assert!(none.judged.is_empty() && none.readers.is_empty() && none.left_out == 0);
    }

    #[test]
    fn answers_beyond_those_that_are_told_apart_are_counted_and_left_out() {
        let names: Vec<String> = (0..=ANSWERS_MAX).map(|number| format!("{number:03}")).collect();
        let rows: Vec<Vec<&str>> = names.iter().map(|name| vec![name.as_str(), name.as_str()]).collect();
        let mut rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let again = rows[0];
        rows.push(again);
        let found = estimate(&asked(&rows), 2).unwrap();
        assert_eq!((found.left_out, found.answers.len()), (1, ANSWERS_MAX));
        assert_eq!(found.judged.len(), rows.len() - 1);
    }
}
