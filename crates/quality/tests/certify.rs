//! Bounds that hold at every look: against scipy, against exact miscoverage by dynamic programming, and by simulation.

use countersign_quality::{
    Random,
    certify::{Prior, anytime_upper, severity_upper},
    lot_upper, share_lower, share_upper,
};
use proptest::prelude::*;

#[test]
fn bounds_equal_the_reference() {
    let mut rows = [0; 3];
    for line in include_str!("reference/bounds.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let whole = |place: usize| f[place].parse::<u64>().unwrap();
        let real = |place: usize| f[place].parse::<f64>().unwrap();
        match f[0] {
            "share" => {
                let found = share_upper(whole(1), whole(2), real(3)).unwrap();
                assert!((found - real(4)).abs() < 1e-9, "{line}: {found}");
                rows[0] += 1;
            }
            "anytime" => {
                let prior = Prior { wrong: real(5), right: real(6) };
                let found = anytime_upper(whole(1), whole(2), whole(3), real(4), prior).unwrap();
                assert_eq!(found, whole(7), "{line}");
                rows[1] += 1;
            }
            _ => {
                let values: Vec<f64> = f[3].split(',').map(|value| value.parse().unwrap()).collect();
                let found = severity_upper(whole(1), &values, real(2)).unwrap();
                // The reference is the first point of a grid that is ruled out.
                assert!(found <= real(4) && real(4) - found < 1.0 / 19_000.0, "{line}: {found}");
                rows[2] += 1;
            }
        }
    }
    assert_eq!(rows, [24, 30, 5]);
}

/// Probability that a bound lies below the truth at any of the looks, exactly: mass moves over (checked, found), and
/// leaves where the bound fails.
fn miscoverage(lot: u64, wrong: u64, bound: impl Fn(u64, u64) -> u64) -> f64 {
    let (mut mass, mut failed) = (vec![1.0], 0.0);
    for checked in 1..=lot {
        let mut next = vec![0.0; mass.len() + 1];
        for (found, share) in mass.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let left = (lot - checked + 1) as f64;
            let hit = (wrong - found as u64) as f64 / left;
            next[found] += share * (1.0 - hit);
            next[found + 1] += share * hit;
        }
        for (found, share) in next.iter_mut().enumerate().filter(|(_, share)| **share > 0.0) {
            if bound(checked, found as u64) < wrong {
                failed += *share;
                *share = 0.0;
            }
        }
        next.truncate(wrong as usize + 1);
        mass = next;
    }
    failed
}

#[test]
fn looking_at_every_unit_never_costs_the_stated_confidence() {
    for (lot, wrong) in [(60, 3), (60, 30), (1000, 5), (1000, 50), (400, 200)] {
        for prior in [Prior::default(), Prior { wrong: 0.5, right: 0.5 }] {
            let failed = miscoverage(lot, wrong, |n, k| anytime_upper(lot, n, k, 0.95, prior).unwrap());
            assert!(failed <= 0.05, "{lot} {wrong} {prior:?}: {failed}");
        }
    }
}

#[test]
fn a_bound_for_a_fixed_size_does_not_bear_looking() {
    let fixed = miscoverage(1000, 50, |n, k| lot_upper(1000, n, k, 0.95).unwrap());
    eprintln!("exact bound of a fixed size under looks at every unit: {fixed:.3} instead of 0.05");
    assert!(fixed > 0.2, "{fixed}");
    // The same for an endless source, looked at every fifth item up to 1500: the figure that is usually quoted.
    let mut random = Random::new(11);
    let uppers: Vec<u64> = (0..=1500)
        .map(|n| (0..=n).take_while(|k| n > 0 && share_upper(n, *k, 0.95).unwrap() < 0.05).count() as u64)
        .collect();
    let runs = 4000;
    let mut failed = 0;
    for _ in 0..runs {
        let mut found = 0;
        for (n, fails) in uppers.iter().enumerate().skip(1) {
            found += u64::from(random.unit() < 0.05);
            if n % 5 == 0 && found < *fails {
                failed += 1;
                break;
            }
        }
    }
    let share = f64::from(failed) / f64::from(runs);
    eprintln!("Clopper and Pearson under a look at every fifth item: {share:.3} instead of 0.05");
    assert!((0.22..0.27).contains(&share), "{share}");
}

/// Whether the bound lies below the mean at one of the looks.
fn misses(severities: &[f64], looks: impl Iterator<Item = usize>) -> bool {
    let lot = severities.len();
    let mean = severities.iter().sum::<f64>() / lot as f64;
    looks.into_iter().any(|n| severity_upper(lot as u64, &severities[..n], 0.95).unwrap() < mean - 1e-12)
}

#[test]
fn severities_are_bounded_under_looks_too() {
    let (lot, runs) = (200, 5000);
    // Three standard errors of a share of 0.05 over 5000 lots.
    let tolerance = 3.0 * (0.05 * 0.95 / f64::from(runs)).sqrt();
    assert!(tolerance < 0.0093);
    for (part, whole) in [(0.1, false), (0.04, true), (0.5, false)] {
        let mut random = Random::new(4);
        let mut failed = 0;
        for run in 0..runs {
            // Drawn one by one from the same distribution: any order of the lot is as likely as any other.
            let severity = |random: &mut Random| if whole { 1.0 } else { random.unit() };
            let all: Vec<f64> =
                (0..lot).map(|_| if random.unit() < part { severity(&mut random) } else { 0.0 }).collect();
            // What was ruled out once stays ruled out: the last look with something left to find sees all earlier ones.
            let missed = misses(&all, [lot / 4, lot / 2, lot - 1].into_iter());
            if run < 50 {
                assert_eq!(missed, misses(&all, 1..=lot), "run {run}");
            }
            failed += i32::from(missed);
        }
        let share = f64::from(failed) / f64::from(runs);
        assert!(share <= 0.05 + tolerance, "{part}: {share}");
    }
}

#[test]
fn figures_of_a_usual_audit() {
    let prior = Prior::default();
    for (lot, n, k, percent) in [(5000, 300, 3, 3.44), (1000, 300, 3, 3.10), (5000, 1000, 10, 2.12)] {
        let upper = anytime_upper(lot, n, k, 0.95, prior).unwrap() as f64 / lot as f64 * 100.0;
        assert!((upper - percent).abs() < 0.011, "{lot} {n} {k}: {upper}");
    }
    let mut marks = vec![0.0; 300];
    for place in [60, 150, 240] {
        marks[place] = 1.0;
    }
    let upper = severity_upper(5000, &marks, 0.95).unwrap() * 100.0;
    eprintln!("betting, 3 of 300 from 5000: {upper:.2} %");
    assert!((3.0..4.2).contains(&upper), "{upper}");
}

proptest! {
    #[test]
    fn more_errors_never_lower_the_bound(lot in 2_u64..3000, part in 0.0_f64..1.0, some in 0.0_f64..1.0, confidence in 0.5_f64..0.999) {
        let n = ((lot as f64 * part) as u64).clamp(1, lot);
        let k = (n as f64 * some) as u64;
        let upper = anytime_upper(lot, n, k, confidence, Prior::default()).unwrap();
        prop_assert!(upper >= k && upper <= lot - n + k);
        // Looking at any time costs something: never below the bound for a fixed size by more than its own steps.
        if k < n {
            prop_assert!(anytime_upper(lot, n, k + 1, confidence, Prior::default()).unwrap() >= upper);
        }
        if n == lot {
            prop_assert_eq!(upper, k);
        }
    }

    #[test]
    fn shares_lie_around_what_was_found(n in 1_u64..5000, some in 0.0_f64..1.0) {
        let k = (n as f64 * some) as u64;
        let (low, high) = (share_lower(n, k, 0.95).unwrap(), share_upper(n, k, 0.95).unwrap());
        let point = k as f64 / n as f64;
        prop_assert!(low <= point + 1e-12 && point <= high + 1e-12);
    }

    #[test]
    fn severities_of_0_and_1_are_errors(lot in 20_u64..400, marks in prop::collection::vec(prop::bool::weighted(0.1), 1..20)) {
        let values: Vec<f64> = marks.iter().map(|mark| f64::from(u8::from(*mark))).collect();
        let sum: f64 = values.iter().sum();
        let upper = severity_upper(lot, &values, 0.95).unwrap() * lot as f64;
        prop_assert!(upper >= sum - 1e-9 && upper <= sum + (lot as usize - values.len()) as f64 + 1e-9);
    }
}
