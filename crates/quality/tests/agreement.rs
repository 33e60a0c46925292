//! Agreement against krippendorff, irrCAC, scikit-learn and statsmodels (reference/agreement.py made the vectors).

use countersign_quality::{
    Random, Read, Reads,
    agreement::{Counts, IntervalAlpha, Level, Weights, by_reader, cohen},
};
use proptest::prelude::*;

fn reads(classes: usize, table: &str) -> Reads {
    let units: Vec<&str> = table.split(';').collect();
    let mut list = Vec::new();
    let mut readers = 0;
    for (item, unit) in (0..).zip(&units) {
        for (reader, cell) in (0..).zip(unit.split(',')) {
            readers = readers.max(reader as usize + 1);
            if cell != "." {
                list.push(Read { item, reader, class: cell.parse().unwrap() });
            }
        }
    }
    Reads::new(units.len(), readers, classes, &list).unwrap()
}

/// Classes that are worth 1, 1.7, 2.4, …
fn valued(reads: &Reads) -> Counts {
    let values: Vec<f64> = (0..reads.classes()).map(|class| 1.0 + 0.7 * class as f64).collect();
    Counts::new(reads).with_values(&values).unwrap()
}

#[test]
fn coefficients_are_those_of_the_named_packages() {
    let mut compared = 0;
    for line in include_str!("reference/agreement.tsv").lines() {
        let mut parts = line.split('\t');
        let name = parts.next().unwrap();
        let classes = parts.next().unwrap().parse().unwrap();
        let reads = reads(classes, parts.next().unwrap());
        let counts = Counts::new(&reads);
        for (key, expected) in parts.map(|part| part.split_once('=').unwrap()) {
            let kappa = |weights| cohen(&reads, 0, 1, weights).map(|cohen| cohen.kappa);
            let found = match key {
                "nominal" => counts.alpha(Level::Nominal),
                "ordinal" => counts.alpha(Level::Ordinal),
                "interval" => counts.alpha(Level::Interval),
                "ratio" => valued(&reads).alpha(Level::Ratio),
                "interval_values" => valued(&reads).alpha(Level::Interval),
                "linear" => counts.gwet(Weights::Linear).map(|ac| ac.value),
                "linear_se" => counts.gwet(Weights::Linear).map(|ac| ac.standard_error),
                "kappa1" => kappa(Weights::Linear).map(|kappa| kappa.value),
                "ac1" => counts.gwet(Weights::Identity).map(|ac| ac.value),
                "ac1_se" => counts.gwet(Weights::Identity).map(|ac| ac.standard_error),
                "ac2" => counts.gwet(Weights::Quadratic).map(|ac| ac.value),
                "ac2_se" => counts.gwet(Weights::Quadratic).map(|ac| ac.standard_error),
                "kappa" => kappa(Weights::Identity).map(|kappa| kappa.value),
                "kappa_se" => kappa(Weights::Identity).map(|kappa| kappa.standard_error),
                "kappa2" => kappa(Weights::Quadratic).map(|kappa| kappa.value),
                "fleiss" => counts.fleiss().map(|kappa| kappa.value),
                "fleiss_se" => counts.fleiss().map(|kappa| kappa.standard_error),
                other => panic!("{other}"),
            };
            let (found, expected) = (found.unwrap(), expected.parse::<f64>().unwrap());
            assert!((found - expected).abs() < 1e-9, "{name} {key}: {found}, reference {expected}");
            compared += 1;
        }
    }
    // Seven tables; nothing can be said of the one of a single rater, and only Gwet's of the one of a single category.
    assert_eq!(compared, 87);
}

#[test]
fn where_nothing_can_disagree_there_is_no_coefficient() {
    let one_class = Counts::new(&reads(2, "0,0;0,0"));
    assert_eq!(one_class.alpha(Level::Nominal), None);
    assert_eq!(one_class.percent(), Some(1.0));
    assert_eq!(one_class.fleiss(), None);
    let one_rater = Counts::new(&reads(2, "0;1;0"));
    assert_eq!((one_rater.alpha(Level::Nominal), one_rater.percent()), (None, None));
    assert!(one_rater.gwet(Weights::Identity).is_none() && one_rater.fleiss().is_none());
    assert!(cohen(&reads(2, "0,.;.,1"), 0, 1, Weights::Identity).is_none());
}

#[test]
fn agreement_on_the_rare_class_is_that_of_two_readers() {
    // a = 1 both positive, b + c = 3, d = 6.
    let counts = Counts::new(&reads(2, "1,1;1,0;0,1;0,1;0,0;0,0;0,0;0,0;0,0;0,0"));
    assert!((counts.specific(1).unwrap() - 2.0 / 5.0).abs() < 1e-12);
    assert!((counts.specific(0).unwrap() - 12.0 / 15.0).abs() < 1e-12);
}

#[test]
fn the_interval_holds_the_coefficient_and_repeats() {
    let line = include_str!("reference/agreement.tsv").lines().next().unwrap();
    let counts = Counts::new(&reads(3, line.split('\t').nth(2).unwrap()));
    let first = counts.alpha_interval(Level::Nominal, 0.95, 500, 3).unwrap();
    assert_eq!(first, counts.alpha_interval(Level::Nominal, 0.95, 500, 3).unwrap());
    let alpha = counts.alpha(Level::Nominal).unwrap();
    assert!(first.low < alpha && alpha < first.high, "{first:?} {alpha}");
    assert!(first.high - first.low > 0.05);
}

#[test]
fn the_reader_who_guesses_costs_agreement_and_readers_have_an_interval() {
    let mut random = Random::new(5);
    let mut list = Vec::new();
    for item in 0..400 {
        let truth = random.below(3) as u16;
        for reader in 0..5 {
            let rate = if reader == 4 { 0.4 } else { 0.9 };
            let class = if random.unit() < rate { truth } else { random.below(3) as u16 };
            list.push(Read { item, reader, class });
        }
    }
    let reads = Reads::new(400, 5, 3, &list).unwrap();
    let found = by_reader(&reads, Level::Nominal).unwrap();
    assert!((found.alpha.value - Counts::new(&reads).alpha(Level::Nominal).unwrap()).abs() < 1e-12);
    let worst = (0..5).min_by(|a, b| found.vitality[*a].unwrap().total_cmp(&found.vitality[*b].unwrap()));
    assert_eq!(worst, Some(4));
    assert!(found.vitality[4].unwrap() < -0.1 && found.vitality[0].unwrap() > 0.0, "{:?}", found.vitality);
    // Other readers would change the coefficient far more than other items.
    let items = Counts::new(&reads).alpha_interval(Level::Nominal, 0.95, 300, 1).unwrap();
    let readers = found.alpha.interval(4.0, 0.95).unwrap();
    assert!(readers.high - readers.low > 2.0 * (items.high - items.low), "{readers:?} {items:?}");
    assert!(by_reader(&reads.without(0).without(1).without(2).without(3), Level::Nominal).is_none());
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let counts = || Counts::new(&reads(2, "0,1;1,1"));
    assert!(counts().with_values(&[1.0]).is_none() && counts().with_values(&[1.0, f64::NAN]).is_none());
    let negative = counts().with_values(&[-1.0, 1.0]).unwrap();
    assert!(negative.alpha(Level::Ratio).is_none() && negative.alpha(Level::Interval).is_some());
}

proptest! {
    #[test]
    fn values_on_a_scale_agree_with_the_classes(rows in prop::collection::vec(prop::collection::vec(0_u16..5, 0..5), 2..30), far in -1_000_000_i32..1_000_000) {
        let text: Vec<String> = rows.iter().map(|row| {
            let mut cells: Vec<String> = row.iter().map(u16::to_string).collect();
            cells.resize(5, ".".to_owned());
            cells.join(",")
        }).collect();
        prop_assume!(rows.iter().any(|row| !row.is_empty()));
        let mut values = IntervalAlpha::default();
        for row in &rows {
            values.item(&row.iter().map(|class| f64::from(far) + f64::from(*class)).collect::<Vec<_>>());
        }
        let by_class = Counts::new(&reads(5, &text.join(";"))).alpha(Level::Interval);
        match (by_class, values.value()) {
            (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-9, "{a} {b}"),
            (None, None) => {}
            (a, b) => prop_assert!(false, "{a:?} {b:?}"),
        }
    }
}
