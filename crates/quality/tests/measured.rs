//! Agreement of measured values: what classes that are worth them give, and an interval that holds.

use countersign_quality::{
    Random, Read, Reads,
    agreement::{Counts, IntervalAlpha, Level, Measured},
};
use proptest::prelude::*;

/// About normal: the sum of twelve.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

#[test]
fn thousands_of_distinct_values_have_an_alpha_with_an_interval_that_holds() {
    // Of independent readers alpha is the share of the variance that lies between items.
    let (between, within, runs) = (1.0_f64, 0.5_f64, 400);
    let truth = between.powi(2) / (between.powi(2) + within.powi(2));
    let mut random = Random::new(12);
    let mut held = 0;
    for _ in 0..runs {
        let mut values = Measured::default();
        for _ in 0..100 {
            let item = 10.0 + between * normal(&mut random);
            values.item(&[0; 3].map(|_| item + within * normal(&mut random)));
        }
        let found = values.alpha(Level::Interval).unwrap().interval(99.0, 0.95).unwrap();
        held += i32::from(found.low <= truth && truth <= found.high);
    }
    let share = f64::from(held) / f64::from(runs);
    // Three standard errors of 400 runs are 3.3 %; the linear error of a skewed figure loses about one more.
    assert!((0.95 - 0.043..=0.983).contains(&share), "{share}");
}

#[test]
fn measured_values_know_their_limits() {
    let of = |rows: &[&[f64]]| {
        let mut values = Measured::default();
        rows.iter().for_each(|row| values.item(row));
        values
    };
    let zeros = of(&[&[0.0, 0.0], &[0.0], &[]]);
    assert_eq!((zeros.items(), zeros.percent().unwrap().value), (2, 1.0));
    assert!(zeros.alpha(Level::Ratio).is_none() && zeros.alpha(Level::Interval).is_none());
    assert!(of(&[&[-1.0, 2.0], &[3.0, 4.0]]).alpha(Level::Ratio).is_none());
    assert!(of(&[&[f64::NAN, 2.0], &[3.0, 4.0]]).alpha(Level::Interval).is_none());
    assert!(of(&[&[1.0], &[2.0]]).alpha(Level::Interval).is_none() && of(&[&[1.0]]).percent().is_none());
    assert!(of(&[&[1.0, 1.0], &[2.0, 3.0]]).alpha(Level::Ordinal).is_none());
    let agreed = of(&[&[1.0, 1.0], &[2.0, 2.0], &[5.0, 5.0]]).alpha(Level::Ratio).unwrap();
    assert!((agreed.value - 1.0).abs() < 1e-12 && agreed.standard_error == 0.0);
    // Many values of one item are summed by the integral, few by pairs.
    let many: Vec<f64> = (0..300).map(|n| f64::from(n % 7) * 0.5).collect();
    let found = of(&[&many, &[1.0, 1.5]]).alpha(Level::Ratio).unwrap();
    let list: Vec<Read> = (0..302_u32)
        .map(|n| {
            let (item, reader) = (n / 300, n % 300);
            let class = if item == 0 { n % 7 } else { 2 + reader };
            Read { item, reader, class: class as u16 }
        })
        .collect();
    let worth: Vec<f64> = (0..7).map(|n| f64::from(n) * 0.5).collect();
    let counts = Counts::new(&Reads::new(2, 300, 7, &list).unwrap()).with_values(&worth).unwrap();
    // Counts take two zeros for no distance only where they are one class, as here.
    assert!((found.value - counts.alpha(Level::Ratio).unwrap()).abs() < 1e-9, "{found:?}");
}

proptest! {
    #[test]
    fn measured_values_agree_as_classes_that_are_worth_them(rows in prop::collection::vec(prop::collection::vec(0_u16..6, 1..5), 4..40), scale in 0.001_f64..1000.0) {
        let worth: Vec<f64> = [0.0, 0.4, 1.0, 1.1, 7.0, 90.0].map(|value| value * scale).to_vec();
        let list: Vec<Read> = (0..).zip(&rows).flat_map(|(item, row)| {
            (0..).zip(row).map(move |(reader, class)| Read { item, reader, class: *class })
        }).collect();
        let counts = Counts::new(&Reads::new(rows.len(), 4, 6, &list).unwrap()).with_values(&worth).unwrap();
        let (mut values, mut one_pass) = (Measured::default(), IntervalAlpha::default());
        for row in &rows {
            let own: Vec<f64> = row.iter().map(|class| worth[usize::from(*class)]).collect();
            values.item(&own);
            one_pass.item(&own);
        }
        for level in [Level::Interval, Level::Ratio] {
            match (values.alpha(level), counts.alpha(level)) {
                (Some(found), Some(expected)) => prop_assert!((found.value - expected).abs() < 1e-9, "{level:?} {found:?} {expected}"),
                (None, None) => {}
                (found, expected) => prop_assert!(false, "{level:?} {found:?} {expected:?}"),
            }
        }
        prop_assert_eq!(values.alpha(Level::Interval).map(|found| found.value), one_pass.value());
        match (values.percent(), counts.percent()) {
            (Some(found), Some(expected)) => prop_assert!((found.value - expected).abs() < 1e-12),
            (found, expected) => prop_assert!(found.is_none() && expected.is_none()),
        }
    }
}

#[test]
fn the_linearised_error_is_that_of_resampling() {
    let (mut random, mut list) = (Random::new(4), Vec::new());
    let worth: Vec<f64> = (0..20).map(|class| 1.0 + f64::from(class)).collect();
    let mut values = Measured::default();
    for item in 0..300_u32 {
        let centre = random.below(16);
        let own = [0; 3].map(|_| centre + random.below(5));
        values.item(&own.map(|class| worth[class]));
        list.extend((0..).zip(own).map(|(reader, class)| Read { item, reader, class: class as u16 }));
    }
    let counts = Counts::new(&Reads::new(300, 3, 20, &list).unwrap()).with_values(&worth).unwrap();
    for level in [Level::Interval, Level::Ratio] {
        let drawn = counts.alpha_interval(level, 0.95, 800, 2).unwrap();
        let linear = values.alpha(level).unwrap().interval(299.0, 0.95).unwrap();
        let ratio = (linear.high - linear.low) / (drawn.high - drawn.low);
        assert!((ratio - 1.0).abs() < 0.12, "{level:?}: {linear:?} {drawn:?}");
    }
}
