//! Pairs of readers.

use std::collections::BTreeMap;

use countersign_quality::{
    Reads,
    agreement::{Weights, cohen},
};

use super::{CONFIDENCE, CoefficientView, PairAgreement, answers::Answers};

/// Most pairs in one report.
const PAIRS_MAX: usize = 200;

/// The pairs of readers who share items, those with the most first.
pub(super) fn pairs(reads: &Reads, answers: &Answers) -> Vec<PairAgreement> {
    let mut shared: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for row in reads.rows() {
        for (place, one) in row.iter().enumerate() {
            for other in &row[place + 1..] {
                *shared.entry((one.reader, other.reader)).or_default() += 1;
            }
        }
    }
    let mut order: Vec<_> = shared.into_iter().collect();
    order.sort_by_key(|(pair, items)| (std::cmp::Reverse(*items), *pair));
    order.truncate(PAIRS_MAX);
    let user = |reader: u32| answers.readers.get(reader as usize).copied();
    order
        .into_iter()
        .filter_map(|((first, second), items)| {
            let found = cohen(reads, first, second, Weights::Identity);
            Some(PairAgreement {
                first: user(first)?,
                first_name: None,
                second: user(second)?,
                second_name: None,
                items,
                // A large-sample interval: Student's distribution with that many degrees is the normal one.
                kappa: found.map(|found| {
                    let interval = found.kappa.interval(f64::from(u32::MAX), CONFIDENCE);
                    CoefficientView::new(found.kappa.value, interval)
                }),
            })
        })
        .collect()
}
