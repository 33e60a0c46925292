//! What a tier is worth and what nobody saw, against scipy and against simulated truths.

use countersign_quality::{
    Random,
    capture::{CaptureError, MARKS_MAX, chapman},
    tiers::{Caught, Errors, quantile, share},
};
use proptest::prelude::*;

const REFERENCE: &str = include_str!("reference/tiers.tsv");
const NORMAL: f64 = 1.959_963_984_540_054;

/// Numbers of the lines that begin with a word.
fn lines(word: &str) -> Vec<Vec<f64>> {
    let of = |line: &'static str| line.split('\t').skip(1).map(|cell| cell.parse().unwrap()).collect();
    let lines: Vec<_> =
        REFERENCE.lines().filter(|line| line.split('\t').next() == Some(word)).map(of).collect();
    assert!(lines.len() >= 4, "{word}");
    lines
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs().max(1.0)
}

#[test]
fn estimates_are_those_of_the_reference() {
    for line in lines("capture") {
        let [first, second, both] = [0, 1, 2].map(|place| line[place] as u64);
        let found = chapman(first, second, both, NORMAL).unwrap();
        assert!(close(found.total, line[3]) && close(found.variance, line[4]), "{line:?} {found:?}");
        let interval = found.interval.unwrap();
        assert!((interval.low - line[5]).abs() < 1e-6 * line[5], "{line:?} {found:?}");
        assert!((interval.high - line[6]).abs() < 1e-6 * line[6], "{line:?} {found:?}");
        assert_eq!(found.seen, first + second - both);
    }
}

#[test]
fn over_all_outcomes_the_estimate_is_right_and_so_is_its_variance() {
    for line in lines("mean") {
        let [total, first, second] = [0, 1, 2].map(|place| line[place] as u64);
        // The law of what both mark, by its recurrence, apart from the reference.
        let start = (first + second).saturating_sub(total);
        let (mut weights, mut weight) = (Vec::new(), 1.0);
        for both in start..=first.min(second) {
            weights.push((both, weight));
            let up = (first - both) as f64 * (second - both) as f64;
            weight *= up / ((both + 1) as f64 * (total + both + 1 - first - second) as f64);
        }
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mean = |value: &dyn Fn(u64) -> f64| -> f64 {
            weights.iter().map(|(both, weight)| value(*both) * weight / sum).sum()
        };
        let estimate = |both| chapman(first, second, both, NORMAL).unwrap();
        let average = mean(&|both| estimate(both).total);
        assert!((average - total as f64).abs() < 1e-6 && close(average, line[3]), "{line:?} {average}");
        let variance = mean(&|both| estimate(both).variance);
        assert!((variance - line[4]).abs() < 1e-6 * line[4].max(1.0), "{line:?} {variance}");
    }
}

#[test]
fn what_nobody_saw_lies_in_its_interval_nineteen_times_of_twenty() {
    let (mut random, mut inside) = (Random::new(7), 0);
    const RUNS: u32 = 2_000;
    for _ in 0..RUNS {
        let (mut first, mut second, mut both, mut nobody) = (0, 0, 0, 0_u32);
        for _ in 0..300 {
            let (one, two) = (random.unit() < 0.75, random.unit() < 0.65);
            first += u64::from(one);
            second += u64::from(two);
            both += u64::from(one && two);
            nobody += u32::from(!one && !two);
        }
        let interval = chapman(first, second, both, NORMAL).unwrap().interval.unwrap();
        inside += u32::from((interval.low..=interval.high).contains(&f64::from(nobody)));
    }
    // Seeded: the same on every machine. The realized number varies beside the estimate, so a little below 95 % is right.
    assert!((0.92..=0.985).contains(&(f64::from(inside) / f64::from(RUNS))), "{inside}");
}

#[test]
fn readers_who_miss_the_same_hard_things_leave_an_estimate_that_is_too_low() {
    let (mut random, mut low) = (Random::new(11), 0);
    for _ in 0..200 {
        let (mut first, mut second, mut both, mut nobody) = (0, 0, 0, 0_u32);
        for _ in 0..400 {
            let sees = if random.unit() < 0.5 { 0.95 } else { 0.35 };
            let (one, two) = (random.unit() < sees, random.unit() < sees);
            first += u64::from(one);
            second += u64::from(two);
            both += u64::from(one && two);
            nobody += u32::from(!one && !two);
        }
        low += u32::from(chapman(first, second, both, NORMAL).unwrap().unseen < f64::from(nobody));
    }
    assert!(low >= 195, "{low}");
}

#[test]
fn impossible_counts_are_refused_and_a_reader_who_adds_nothing_has_no_interval() {
    assert_eq!(chapman(3, 5, 4, NORMAL), Err(CaptureError { first: 3, second: 5, both: 4 }));
    assert!(chapman(MARKS_MAX + 1, 1, 0, NORMAL).is_err());
    let same = chapman(12, 12, 12, NORMAL).unwrap();
    assert_eq!((same.unseen, same.interval, same.seen), (0.0, None, 12));
    assert_eq!(chapman(0, 0, 0, NORMAL).unwrap().total, 0.0);
}

#[test]
fn recall_is_that_of_the_reference() {
    for line in lines("recall") {
        let [found, missed] = [0, 1].map(|place| line[place] as u64);
        let caught = Caught { found, passed: 100, looked: 100, missed };
        let recall = caught.recall(0.95).unwrap().unwrap();
        assert!(close(recall.value, found as f64 / (found + missed) as f64));
        assert!((recall.interval.low - line[2]).abs() < 1e-9, "{line:?} {recall:?}");
        assert!((recall.interval.high - line[3]).abs() < 1e-9, "{line:?} {recall:?}");
    }
}

#[test]
fn recall_lies_in_its_interval_also_where_the_next_tier_takes_samples() {
    for (seed, part) in [(1, 1.0), (2, 0.25)] {
        let (mut random, mut inside) = (Random::new(seed), 0_u32);
        const RUNS: u32 = 1_000;
        for _ in 0..RUNS {
            let mut caught = Caught::default();
            for _ in 0..1_500 {
                let (wrong, sees, looked) = (random.unit() < 0.2, random.unit() < 0.8, random.unit() < part);
                caught.found += u64::from(wrong && sees);
                caught.passed += 1;
                caught.looked += u64::from(looked);
                caught.missed += u64::from(wrong && !sees && looked);
            }
            let recall = caught.recall(0.95).unwrap().unwrap();
            inside += u32::from((recall.interval.low..=recall.interval.high).contains(&0.8));
        }
        assert!(f64::from(inside) / f64::from(RUNS) >= 0.94, "{part}: {inside}");
    }
}

#[test]
fn nothing_checked_is_nothing_known() {
    assert_eq!(share(0, 0, 0.95), Ok(None));
    assert_eq!(Caught { found: 3, passed: 5, looked: 0, missed: 0 }.recall(0.95), Ok(None));
    assert_eq!(Caught { found: 0, passed: 5, looked: 5, missed: 0 }.recall(0.95), Ok(None));
    assert!(share(3, 4, 0.95).is_err());
    assert_eq!(quantile(&mut [], 0.5), None);
}

proptest! {
    #[test]
    fn a_quantile_is_a_value_with_so_many_below(mut values in prop::collection::vec(any::<i64>(), 1..50), share in 0.0..=1.0_f64) {
        let at = quantile(&mut values, share).unwrap();
        let most = values.iter().filter(|value| **value <= at).count() as f64;
        let fewer = values.iter().filter(|value| **value < at).count() as f64;
        prop_assert!(most >= share * values.len() as f64);
        prop_assert!(fewer < (share * values.len() as f64).max(1.0));
    }
}

/// Ends of Garwood's interval, from sums of the probabilities in Python.
const GARWOOD: &[(u64, f64, f64)] = &[
    (0, 0.0, 3.688_879_454_113_936),
    (1, 0.025_317_807_984_289_84, 5.571_643_390_938_899),
    (10, 4.795_388_696_132_415, 18.390_356_042_017_78),
    (100, 81.363_991_250_922_74, 121.626_793_792_426_37),
    (1_000, 938.973_018_407_713_9, 1_063.952_136_016_307),
];

#[test]
fn errors_of_items_that_are_all_alike_have_the_exact_interval_of_a_count() {
    for (errors, low, high) in GARWOOD {
        // No spread between items: so many items with one error each say no more than one item with all of them.
        let all = Errors { items: 1, errors: *errors, squares: errors * errors };
        let found = all.per_item(0.95).unwrap().unwrap();
        assert!((found.value - *errors as f64).abs() < 1e-12);
        assert!((found.interval.low - low).abs() < 1e-8 * high, "{found:?}");
        assert!((found.interval.high - high).abs() < 1e-8 * high, "{found:?}");
    }
    assert_eq!(Errors::default().per_item(0.95), Ok(None));
    assert!(Errors::default().per_item(1.5).is_err());
}

#[test]
fn errors_that_come_together_widen_the_interval_and_it_holds_the_truth() {
    // One item of ten is bad and has five errors or more: the truth is 0.7 errors for each.
    let (mut random, mut held, runs) = (Random::new(7), 0, 400);
    for _ in 0..runs {
        let mut errors = Errors::default();
        for _ in 0..300 {
            let bad = random.unit() < 0.1;
            errors.add(if bad { 5 + u32::from(random.unit() < 0.5) * 4 } else { 0 });
        }
        let found = errors.per_item(0.95).unwrap().unwrap().interval;
        held += u32::from((found.low..=found.high).contains(&0.7));
        let alone = Errors { items: 1, errors: errors.errors, squares: errors.errors.pow(2) };
        let plain = alone.per_item(0.95).unwrap().unwrap().interval;
        assert!(found.high - found.low > (plain.high - plain.low) / 300.0);
    }
    // Taking errors of one item for independent ones holds it about 55 % of the time.
    assert!(f64::from(held) >= 0.92 * f64::from(runs), "{held} of {runs}");
}
