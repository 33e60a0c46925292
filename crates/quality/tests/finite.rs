//! Bounds for finite lots against scipy and against their own definition.

use countersign_quality::{BoundError, lot_upper, sample_for};
use proptest::prelude::*;

/// Made by `reference.py` beside it.
const REFERENCE: &str = include_str!("reference.tsv");

#[test]
fn bounds_equal_the_reference() {
    let mut rows = 0;
    for line in REFERENCE.lines().filter(|line| !line.starts_with('#')) {
        let f: Vec<&str> = line.split('\t').collect();
        let (lot, checked, found) = (f[0].parse().unwrap(), f[1].parse().unwrap(), f[2].parse().unwrap());
        let upper = lot_upper(lot, checked, found, f[3].parse().unwrap()).unwrap();
        assert_eq!(upper, f[4].parse::<u64>().unwrap(), "{line}");
        rows += 1;
    }
    assert_eq!(rows, 42);
}

#[test]
fn nonsense_is_refused() {
    assert!(matches!(lot_upper(10, 11, 0, 0.95), Err(BoundError::Counts { .. })));
    assert!(matches!(lot_upper(10, 0, 0, 0.95), Err(BoundError::Counts { .. })));
    assert!(matches!(lot_upper(10, 5, 6, 0.95), Err(BoundError::Counts { .. })));
    assert!(matches!(lot_upper(u64::MAX, 5, 0, 0.95), Err(BoundError::Lot { .. })));
    for confidence in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(lot_upper(10, 5, 0, confidence), Err(BoundError::Fraction(_))));
    }
}

#[test]
fn a_large_lot_needs_the_rule_of_three() {
    // With nothing found among n of very many, the 95 % bound is about 3/n.
    let n = sample_for(1_000_000, 0.01, 0.95).unwrap();
    assert!((290..=300).contains(&n), "{n}");
}

proptest! {
    #[test]
    fn the_sample_is_just_enough(lot in 2_u64..3000, rate in 0.01_f64..0.5) {
        let n = sample_for(lot, rate, 0.95).unwrap();
        let allowed = rate * lot as f64;
        prop_assert!(lot_upper(lot, n, 0, 0.95).unwrap() as f64 <= allowed);
        if n > 1 {
            prop_assert!(lot_upper(lot, n - 1, 0, 0.95).unwrap() as f64 > allowed);
        }
    }

    #[test]
    fn the_bound_grows_with_what_was_found_and_never_lies_below(lot in 1_u64..2000, part in 0.0_f64..1.0, some in 0.0_f64..1.0) {
        let checked = ((lot as f64 * part) as u64).clamp(1, lot);
        let found = (checked as f64 * some) as u64;
        let upper = lot_upper(lot, checked, found, 0.95).unwrap();
        prop_assert!(upper >= found && upper <= lot - checked + found);
        if found < checked {
            prop_assert!(lot_upper(lot, checked, found + 1, 0.95).unwrap() > upper);
        }
        if checked == lot {
            prop_assert_eq!(upper, found);
        }
    }
}

/// Here the lowest count that is possible is so unlikely that a double holds it with a few bits only.
#[test]
fn terms_that_have_lost_their_digits_are_not_built_on() {
    let checked = 1092;
    let bounds: Vec<u64> = (340..380).map(|found| lot_upper(1553, checked, found, 0.95).unwrap()).collect();
    assert!(bounds.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 3), "{bounds:?}");
}
