//! The monitor's promises by simulation and by exact run lengths.

use countersign_quality::{
    Random,
    monitor::{
        Chart, ChartError, Detector, DetectorError, Observation, Pattern, Stream, Watch, by_history,
        by_peers, by_severity, false_alarms, likely_changed, patterns, run_length,
    },
};
use proptest::prelude::*;

const RUN_LENGTH: f64 = 5000.0;

fn judged(wrong: bool, expected: f64) -> Observation {
    Observation::Judged { wrong, expected }
}

#[test]
fn run_lengths_of_charts_are_the_exact_ones() {
    // Solved apart from this crate as a linear system over the states of the chart.
    for (step, limit, usual, without, changed, with) in [
        (6, 22, 0.05, 6137.0, 0.30, 19.2),
        (8, 33, 0.05, 5348.0, 0.20, 37.9),
        (10, 48, 0.05, 5213.0, 0.15, 66.1),
        (3, 14, 0.10, 6977.0, 0.40, 20.9),
        (22, 76, 0.02, 5333.0, 0.08, 81.5),
    ] {
        let (long, short) =
            (run_length(step, limit, usual).unwrap(), run_length(step, limit, changed).unwrap());
        assert!(
            (long - without).abs() < 0.51 && (short - with).abs() < 0.051,
            "{step} {limit}: {long} {short}"
        );
    }
    let chart = Chart::design(0.05, 0.30, 5000.0).unwrap().unwrap();
    let (step, limit) = chart.shape();
    assert!(run_length(step, limit, 0.05).unwrap() >= 5000.0);
    assert!(run_length(step, limit - 1, 0.05).unwrap() < 5000.0);
    assert_eq!(Chart::design(0.5, 0.51, 1e15), Ok(None));
    assert!(matches!(Chart::new(5, 4), Err(ChartError::Shape { .. })));
    assert!(matches!(run_length(1, 4, 1.0), Err(ChartError::Fraction(_))));
}

#[test]
fn false_alarms_are_rarer_than_stated() {
    let (mut random, mut items, mut alarms) = (Random::new(1), 0_u64, 0_u64);
    let mut detector = Detector::new(500.0).unwrap();
    while alarms < 400 {
        items += 1;
        // Expected errors vary, and are met exactly.
        let expected = 0.02 + 0.2 * random.unit();
        alarms += u64::from(detector.take(judged(random.unit() < expected, expected)).unwrap().is_some());
    }
    let mean = items as f64 / alarms as f64;
    // Four standard errors of 400 nearly exponential times are a fifth; the stated value lies below even then.
    assert!(mean * 0.8 >= 500.0, "{mean}");
}

#[test]
fn a_change_is_found_within_25_items_and_dated() {
    let mut random = Random::new(2);
    let (mut delay, mut off, runs) = (0.0, Vec::new(), 2000);
    for _ in 0..runs {
        let mut detector = Detector::new(RUN_LENGTH).unwrap();
        let mut chart = 0_u64;
        loop {
            chart += 1;
            let rate = if chart <= 200 { 0.05 } else { 0.30 };
            let Some(alarm) = detector.take(judged(random.unit() < rate, 0.05)).unwrap() else { continue };
            if chart <= 200 {
                continue;
            }
            delay += (chart - 200) as f64;
            off.push((alarm.since as f64 - 201.0).abs());
            break;
        }
    }
    let mean = delay / f64::from(runs);
    off.sort_by(f64::total_cmp);
    assert!(mean <= 25.0, "{mean}");
    assert!(off[off.len() / 2] <= 5.0, "{}", off[off.len() / 2]);
}

/// Errors of a good annotator where an item is usual, and where it is hard.
const USUAL: f64 = 0.04;
const HARD: f64 = 0.25;
/// Annotators of each simulation: a share of a half is known to 0.8 percent points (a standard error).
const ANNOTATORS: u32 = 4000;

/// Shares of good annotators who are alarmed about within 1000 items, of which `hard` says which are hard: by the detector that
/// expects more of hard items, by the detector that expects the same of all, and by a chart for 4 % to 25 %, which knows no items.
fn alarmed(hard: impl Fn(usize) -> bool, seed: u64) -> [f64; 3] {
    let rate = |item| if hard(item) { HARD } else { USUAL };
    let pooled = (0..1000).map(rate).sum::<f64>() / 1000.0;
    let mut random = Random::new(seed);
    let mut alarms = [0_u32; 3];
    for _ in 0..ANNOTATORS {
        let mut detectors = [Detector::new(RUN_LENGTH).unwrap(), Detector::new(RUN_LENGTH).unwrap()];
        let mut chart = Chart::design(USUAL, HARD, RUN_LENGTH).unwrap().unwrap();
        let mut raised = [false; 3];
        for item in 0..1000 {
            let wrong = random.unit() < rate(item);
            for (way, expected) in [rate(item), pooled].into_iter().enumerate() {
                raised[way] |= detectors[way].take(judged(wrong, expected)).unwrap().is_some();
            }
            raised[2] |= chart.take(wrong).is_some();
        }
        alarms.iter_mut().zip(raised).for_each(|(sum, raised)| *sum += u32::from(raised));
    }
    alarms.map(|n| f64::from(n) / f64::from(ANNOTATORS))
}

#[test]
fn a_single_burst_of_hard_items_is_not_held_against_people() {
    let [adjusted, pooled, chart] = alarmed(|item| (480..520).contains(&item), 3);
    assert!(adjusted <= 0.2, "{adjusted}");
    assert!(chart > 0.9, "{chart}");
    // Whoever expects the same of all items is wrong about most people, too.
    assert!(pooled > 0.75, "{pooled}");
}

#[test]
fn bursts_of_hard_items_are_not_held_against_people() {
    let [adjusted, pooled, chart] = alarmed(|item| item % 200 >= 160, 5);
    assert!(adjusted <= 0.2, "{adjusted}");
    assert!(pooled > 0.9 && chart > 0.9, "{pooled} {chart}");
}

#[test]
fn measured_overlaps_are_watched_too() {
    let mut random = Random::new(4);
    let (mut delays, mut off, mut early) = (Vec::new(), Vec::new(), 0);
    for _ in 0..200 {
        let mut detector = Detector::new(RUN_LENGTH).unwrap();
        let mut see = |mean: f64| {
            let severity = mean * 2.0 * random.unit();
            detector.take(Observation::Measured { severity, expected: 0.1 }).unwrap()
        };
        let before = (0..300).filter(|_| see(0.1).is_some()).count();
        early += before;
        let (delay, since) = (1..).find_map(|item| see(0.3).map(|alarm| (item, alarm.since))).unwrap();
        delays.push(delay);
        off.push(since.abs_diff(301));
    }
    // 60 000 items at one false alarm in 5 000 or fewer.
    assert!(early <= 20, "{early}");
    delays.sort_unstable();
    off.sort_unstable();
    // Dated too early rather than too late: values vary less than errors do, and the bet takes some luck for change.
    assert!(delays[100] <= 20 && off[100] <= 15, "{} {}", delays[100], off[100]);
}

#[test]
fn a_dangerous_class_is_seen_where_the_sum_hides_it_and_time_holds_nothing() {
    let mut watch = Watch::new(RUN_LENGTH).unwrap();
    let class = Stream::Class("pedestrian".to_owned());
    let mut raised = Vec::new();
    for item in 0..600 {
        // One in ten items shows a pedestrian; from item 300 on every other of them is missed, all else is right.
        let miss = item >= 300 && item % 20 == 0;
        if item % 10 == 0 {
            raised.extend(watch.take(&class, judged(miss, 0.02)).unwrap());
        }
        raised.extend(watch.take(&Stream::Gold, judged(miss, 0.05)).unwrap());
        raised.extend(watch.take(&Stream::Time, judged(item >= 300, 0.05)).unwrap());
    }
    assert!(raised.iter().any(|raised| raised.stream == class && raised.holds));
    assert!(raised.iter().all(|raised| raised.stream != Stream::Gold));
    assert!(raised.iter().any(|raised| raised.stream == Stream::Time && !raised.holds));
    let text = serde_json::to_string(&watch).unwrap();
    assert_eq!(serde_json::from_str::<Watch>(&text).unwrap(), watch);
    assert!(text.len() < 1500, "state stays small: {}", text.len());
    watch.restart();
    assert!(watch.levels().values().all(|level| *level == 0.0));
}

#[test]
fn what_is_expected_follows_history_and_peers() {
    assert_eq!(by_history(0, 0, 0.1), Ok(0.1));
    assert_eq!(by_history(9, 10, 0.1), Ok(0.5));
    assert!(by_history(2, 1, 0.1).is_err() && by_history(0, 1, 1.1).is_err());
    assert_eq!(by_severity(9.0, 10, 0.1), Ok(0.5));
    assert!(by_severity(1.5, 1, 0.1).is_err() && by_severity(-0.1, 1, 0.1).is_err());
    // Others are sure: the usual rate; others are of two minds: half.
    assert_eq!(by_peers(&[1.0, 0.0], 0.05), Ok(0.05));
    assert!((by_peers(&[0.5, 0.5], 0.05).unwrap() - 0.5).abs() < 1e-12);
    assert!(by_peers(&[1.0], 0.05).is_err() && by_peers(&[1.5, 0.0], 0.05).is_err());
    // It is what happens: a reader of that rate against a class that is right with that probability.
    let (mut random, mut off, posterior) = (Random::new(6), 0, [0.7, 0.2, 0.1]);
    for _ in 0..40_000 {
        let at = random.unit();
        let truth = if at < 0.7 {
            0
        } else if at < 0.9 {
            1
        } else {
            2
        };
        let said = if random.unit() < 0.2 { (truth + 1 + random.below(2)) % 3 } else { truth };
        off += u32::from(said != 0);
    }
    assert!((by_peers(&posterior, 0.2).unwrap() - f64::from(off) / 40_000.0).abs() < 0.01);
}

#[test]
fn a_pattern_is_named_from_three_errors_on() {
    let mut answers = vec![(0, 1), (0, 1), (2, 2), (2, 2), (2, 2), (1, 0)];
    assert!(patterns(&answers).is_empty());
    answers.push((0, 1));
    assert_eq!(patterns(&answers), [Pattern { right: 0, said: 1, times: 3, errors: 4 }]);
    answers.extend([(2, 0); 4]);
    assert_eq!(patterns(&answers).iter().map(|of| of.times).collect::<Vec<_>>(), [4, 3]);
}

#[test]
fn items_that_nobody_gets_right_say_nothing() {
    let mut detector = Detector::new(100.0).unwrap();
    assert!((0..90).all(|_| detector.take(judged(true, 0.9)).unwrap().is_none()));
    assert!((0..20).any(|_| detector.take(judged(true, 0.5)).unwrap().is_some()));
}

#[test]
fn nonsense_is_refused() {
    assert!(matches!(Detector::new(5.0), Err(DetectorError::RunLength(_))));
    assert!(matches!(Detector::new(f64::NAN), Err(DetectorError::RunLength(_))));
    let mut detector = Detector::new(100.0).unwrap();
    assert!(detector.take(judged(true, 1.5)).is_err() && detector.take(judged(true, f64::NAN)).is_err());
    assert_eq!(detector, Detector::new(100.0).unwrap());
}

#[test]
fn many_streams_are_counted_and_ranked() {
    assert!((false_alarms(20, 1000.0, 5000.0) - 4.0).abs() < 1e-12);
    // With four streams at 5 %: one needs 80, two need 40 each, three 26.7.
    assert_eq!(likely_changed(&[30.0, 1.0, 90.0, 30.0], 0.05), [2, 0, 3]);
    assert_eq!(likely_changed(&[70.0, 1.0, 1.0, 1.0], 0.05), [0_usize; 0]);
    assert!(likely_changed(&[], 0.05).is_empty());
}

proptest! {
    #[test]
    fn a_factor_has_mean_one_and_the_measured_bet_meets_the_judged_one(expected in 0.005_f64..0.6) {
        // The sum after one item is the factor: its mean over wrong and right is 1, whatever was expected.
        let first = |seen| {
            let mut detector = Detector::new(1e9).unwrap();
            detector.take(seen).unwrap();
            detector.level() * 1e9
        };
        let mean = expected * first(judged(true, expected)) + (1.0 - expected) * first(judged(false, expected));
        prop_assert!((mean - 1.0).abs() < 1e-9);
        for wrong in [true, false] {
            let severity = f64::from(u8::from(wrong));
            let bet = first(Observation::Measured { severity, expected });
            prop_assert!((bet - first(judged(wrong, expected))).abs() < 1e-9);
        }
    }

    #[test]
    fn charts_do_what_their_words_say(wrong in prop::collection::vec(any::<bool>(), 1..200)) {
        let mut chart = Chart::new(3, 10).unwrap();
        let (mut height, mut since) = (0_i64, 0);
        for (item, wrong) in (1..).zip(&wrong) {
            if height == 0 {
                since = item;
            }
            height = (height + if *wrong { 3 } else { -1 }).max(0);
            let alarm = chart.take(*wrong);
            prop_assert_eq!(alarm, (height >= 10).then_some(since));
            if height >= 10 {
                height = 0;
            }
        }
    }
}

#[test]
fn items_that_say_nothing_are_no_evidence() {
    let mut detector = Detector::new(100.0).unwrap();
    for number in 0..1_000 {
        let seen = Observation::Judged { wrong: number % 2 == 0, expected: 1.0 };
        assert_eq!(detector.take(seen).unwrap(), None);
    }
    assert_eq!((detector.items(), detector.level()), (1_000, 0.0));
}
