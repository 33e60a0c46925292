//! Sampling plans against scipy and against what they promise.

use countersign_quality::{
    Random,
    acceptance::{
        Draw, DrawError, Inspected, Inspection, Plan, PlanError, SAMPLE_MAX, Source, Switch, Switching,
        Verdict, single_for,
    },
    certify::{Hash, seed},
};
use proptest::prelude::*;

#[test]
fn curves_and_designs_equal_the_reference() {
    let mut rows = 0;
    for line in include_str!("reference/acceptance.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let whole = |place: usize| f[place].parse::<u64>().unwrap();
        let real = |place: usize| f[place].parse::<f64>().unwrap();
        let source = |place: usize| match f[place] {
            "-" => Source::Process(real(place + 1)),
            _ => Source::Lot { units: whole(place), wrong: whole(place + 1) },
        };
        let (plan, at) = match f[0] {
            "single" => (Plan::Single { sample: whole(1), accept: whole(2) }, 3),
            "double" => {
                let (first, accept_first, return_first) = (whole(1), whole(2), whole(3));
                (
                    Plan::Double {
                        first,
                        accept_first,
                        return_first,
                        second: whole(4),
                        accept_both: whole(5),
                    },
                    6,
                )
            }
            _ => {
                let plan = single_for(real(1), real(2), real(3), real(4)).unwrap();
                assert_eq!(plan, Some(Plan::Single { sample: whole(5), accept: whole(6) }));
                continue;
            }
        };
        let point = plan.curve(source(at)).unwrap();
        assert!((point.accept - real(at + 2)).abs() < 1e-10, "{line}: {}", point.accept);
        rows += 1;
    }
    assert_eq!(rows, 25);
}

#[test]
fn a_plan_with_a_good_name_passes_bad_batches() {
    // 80 units with two errors allowed: a tenth of all batches with 6.5 % errors pass.
    let quality = Plan::Single { sample: 80, accept: 2 }.quality_at(0.1).unwrap();
    assert!((quality - 0.065).abs() < 0.0005, "{quality}");
    let double = Plan::Double { first: 50, accept_first: 1, return_first: 4, second: 50, accept_both: 4 };
    let at = double.quality_at(0.1).unwrap();
    assert!((double.curve(Source::Process(at)).unwrap().accept - 0.1).abs() < 0.002);
}

#[test]
fn a_sequential_plan_keeps_its_risks_with_fewer_units() {
    let plan = Plan::Sequential { good: 0.01, bad: 0.05, producer: 0.05, consumer: 0.1, most: 2000 };
    let (good, bad) =
        (plan.curve(Source::Process(0.01)).unwrap(), plan.curve(Source::Process(0.05)).unwrap());
    assert!(1.0 - good.accept <= 0.05 && bad.accept <= 0.1, "{good:?} {bad:?}");
    let Some(Plan::Single { sample, .. }) = single_for(0.01, 0.05, 0.05, 0.1).unwrap() else { panic!() };
    eprintln!("single: {sample} units; sequential: {:.0} if good, {:.0} if bad", good.checked, bad.checked);
    assert!(good.checked < sample as f64 && bad.checked < sample as f64);
    let mut random = Random::new(1);
    let (mut accepted, runs) = (0, 4000);
    for _ in 0..runs {
        let (mut n, mut k) = (0, 0);
        while plan.verdict(n, k) == Verdict::Open {
            n += 1;
            k += u64::from(random.unit() < 0.05);
        }
        accepted += u32::from(plan.verdict(n, k) == Verdict::Accept);
    }
    let share = f64::from(accepted) / f64::from(runs);
    assert!((share - bad.accept).abs() < 0.02, "{share} {}", bad.accept);
}

#[test]
fn plans_that_are_none_are_refused() {
    let double = |accept_first, return_first, accept_both| Plan::Double {
        first: 20,
        accept_first,
        return_first,
        second: 20,
        accept_both,
    };
    for (plan, error) in [
        (Plan::Single { sample: 0, accept: 0 }, PlanError::Sample),
        (Plan::Single { sample: SAMPLE_MAX + 1, accept: 0 }, PlanError::Sample),
        (Plan::Single { sample: 5, accept: 5 }, PlanError::Errors),
        (double(1, 2, 3), PlanError::Errors),
        (double(1, 5, 3), PlanError::Errors),
        (double(3, 6, 3), PlanError::Errors),
        (Plan::Sequential { good: 0.1, bad: 0.05, producer: 0.1, consumer: 0.1, most: 9 }, PlanError::Shares),
        (Plan::Sequential { good: 0.1, bad: 0.5, producer: 0.6, consumer: 0.5, most: 9 }, PlanError::Shares),
    ] {
        assert_eq!(plan.check(), Err(error), "{plan:?}");
    }
    assert_eq!(single_for(0.05, 0.01, 0.1, 0.1), Err(PlanError::Shares));
    assert_eq!(single_for(0.01, 0.010_001, 0.01, 0.01), Ok(None));
    let plan = Plan::Single { sample: 5, accept: 0 };
    assert_eq!(plan.curve(Source::Lot { units: 3, wrong: 4 }), Err(PlanError::Shares));
    // A batch smaller than the sample is checked whole.
    let whole = plan.curve(Source::Lot { units: 3, wrong: 0 }).unwrap();
    assert!((whole.accept - 1.0).abs() < 1e-12 && (whole.checked - 3.0).abs() < 1e-12);
    assert!(plan.curve(Source::Lot { units: 3, wrong: 1 }).unwrap().accept.abs() < 1e-12);
}

fn batches(state: &mut Switching, list: &str) -> Vec<Switch> {
    let batch = |accepted| Inspected { accepted, accept: 2, strictly: true };
    list.chars().filter_map(|mark| state.take(batch(mark == 'a'), true)).collect()
}

#[test]
fn inspection_follows_the_supplier() {
    use Inspection::{Discontinued, Normal, Reduced, Tightened};
    let mut state = Switching::default();
    assert!(batches(&mut state, "raaaar").is_empty(), "two of six are not two of five");
    assert_eq!(batches(&mut state, "ar"), [Switch { from: Normal, to: Tightened }]);
    assert!(batches(&mut state, "aaaaraaaa").is_empty());
    assert_eq!(batches(&mut state, "a"), [Switch { from: Tightened, to: Normal }]);
    // Ten batches at 3 points reach 30.
    assert!(batches(&mut state, "aaaaaaaaa").is_empty());
    assert_eq!(batches(&mut state, "a"), [Switch { from: Normal, to: Reduced }]);
    assert!(batches(&mut state, "aaaa").is_empty());
    assert_eq!(batches(&mut state, "r"), [Switch { from: Reduced, to: Normal }]);
    assert_eq!(batches(&mut state, "rr"), [Switch { from: Normal, to: Tightened }]);
    assert_eq!(batches(&mut state, "rraarrr"), [Switch { from: Tightened, to: Discontinued }]);
    assert!(batches(&mut state, "aaaaaaaaaaaaaa").is_empty());
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<Switching>(&text).unwrap(), state);
    assert_eq!(state.resume(), Some(Switch { from: Discontinued, to: Tightened }));
    assert_eq!(state.resume(), None);
    // Unsteady deliveries are never reduced; a plan that allows none takes fifteen batches.
    let mut unsteady = Switching::default();
    let none = Inspected { accepted: true, accept: 0, strictly: false };
    assert!((0..40).all(|_| unsteady.take(none, false).is_none()));
    let mut steady = Switching::default();
    assert_eq!((1..).find(|_| steady.take(none, true).is_some()), Some(15));
}

#[test]
fn plans_move_with_inspection() {
    let plan = Plan::Single { sample: 80, accept: 2 };
    assert_eq!(plan.tightened(), Some(Plan::Single { sample: 80, accept: 1 }));
    assert_eq!(plan.reduced(), Some(Plan::Single { sample: 32, accept: 1 }));
    let none = Plan::Single { sample: 50, accept: 0 };
    assert_eq!(none.tightened(), Some(Plan::Single { sample: 80, accept: 0 }));
    let accept = |plan: Plan| plan.curve(Source::Process(0.02)).unwrap().accept;
    assert!(
        accept(plan.tightened().unwrap()) < accept(plan) && accept(plan) < accept(plan.reduced().unwrap())
    );
}

#[test]
fn a_draw_is_repeated_by_the_auditor() {
    let ids: Vec<String> = (0..500).map(|place| format!("unit {place}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let draw = Draw::new(seed(Hash([1; 32]), b"12 Nov, dice 6 1 4"), &ids, 80).unwrap();
    let mut shuffled = ids.clone();
    shuffled.reverse();
    draw.verify(&shuffled).unwrap();
    assert_eq!(draw.verify(&ids[1..]), Err(DrawError::Batch));
    let mut chosen = draw.clone();
    chosen.drawn[7] = "unit 1".to_owned();
    assert_eq!(chosen.verify(&ids), Err(DrawError::Drawn(7)));
    assert_eq!(Draw::new(draw.seed, &["a", "a"], 1), Err(DrawError::Units));
    assert_eq!(Draw::new(draw.seed, &["a"], 2), Err(DrawError::Units));
}

proptest! {
    #[test]
    fn worse_batches_pass_less_often(sample in 1_u64..60, allowed in 0.0_f64..1.0, units in 60_u64..200, wrong in 0_u64..59) {
        let accept = ((sample as f64 * allowed) as u64).min(sample - 1);
        let plan = Plan::Single { sample, accept };
        let at = |wrong| plan.curve(Source::Lot { units, wrong }).unwrap();
        prop_assert!(at(wrong + 1).accept <= at(wrong).accept + 1e-12);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&at(wrong).accept) && at(wrong).checked <= sample as f64 + 1e-9);
    }
}

/// How many of all orders of a batch a plan accepts, and the mean number of units that it looks at.
fn enumerated(plan: Plan, units: u64, wrong: u64) -> (f64, f64) {
    let (mut accepted, mut checked, mut orders) = (0.0, 0.0, 0.0);
    for mask in 0..1_u32 << units {
        if u64::from(mask.count_ones()) != wrong {
            continue;
        }
        let at = plan.follow(units, (0..units).map(|place| mask >> place & 1 == 1));
        assert_ne!(at.verdict, Verdict::Open, "a batch that is checked whole is decided");
        orders += 1.0;
        accepted += f64::from(u8::from(at.verdict == Verdict::Accept));
        checked += f64::from(u32::try_from(at.checked).unwrap());
    }
    (accepted / orders, checked / orders)
}

#[test]
fn what_is_followed_unit_by_unit_is_what_the_curve_promises() {
    let plans = [
        Plan::Single { sample: 4, accept: 1 },
        Plan::Single { sample: 12, accept: 2 },
        Plan::Double { first: 3, accept_first: 0, return_first: 2, second: 4, accept_both: 1 },
        Plan::Sequential { good: 0.05, bad: 0.4, producer: 0.1, consumer: 0.1, most: 9 },
    ];
    for plan in plans {
        for (units, wrong) in [(1, 0), (5, 2), (8, 0), (8, 3), (10, 4), (10, 10)] {
            let point = plan.curve(Source::Lot { units, wrong }).unwrap();
            let (accept, checked) = enumerated(plan, units, wrong);
            assert!((point.accept - accept).abs() < 1e-12, "{plan:?} {units} {wrong}: {accept}");
            assert!((point.checked - checked).abs() < 1e-12, "{plan:?} {units} {wrong}: {checked}");
        }
    }
}

#[test]
fn a_batch_checked_whole_is_decided_by_its_own_units() {
    let (lot, most) = (20, 200);
    let plan = Plan::Sequential { good: 0.01, bad: 0.05, producer: 0.05, consumer: 0.1, most };
    // Found late: 2 ln 5 + 18 ln(0.95 / 0.99) = 2.48 of -2.30 to 3.00, nearer to the return.
    let late = plan.follow(lot, (0..lot).map(|place| place >= 18));
    assert_eq!((late.verdict, late.checked, late.found), (Verdict::Return, 20, 2));
    // ln 5 + 19 ln(0.95 / 0.99) = 0.83 is nearer to the return as well; nothing found, -0.82, to acceptance.
    let one = plan.follow(lot, (0..lot).map(|place| place == 19));
    assert_eq!((one.verdict, one.found), (Verdict::Return, 1));
    let none = plan.follow(lot, std::iter::repeat_n(false, 20));
    assert_eq!((none.verdict, none.checked), (Verdict::Accept, 20));
    let accept = |wrong| plan.curve(Source::Lot { units: lot, wrong }).unwrap().accept;
    assert!(accept(0) > 1.0 - 1e-12 && accept(2) < 1e-12, "{} {}", accept(0), accept(2));
    // A fixed sample that is larger than the batch still is decided by its number of errors.
    let single = Plan::Single { sample: 200, accept: 2 };
    assert_eq!(single.follow(lot, (0..lot).map(|place| place >= 18)).verdict, Verdict::Accept);
}

proptest! {
    #[test]
    fn units_that_a_batch_does_not_have_play_no_part(
        wrong in proptest::collection::vec(proptest::bool::weighted(0.2), 1..60),
        beyond in 0_u64..400,
    ) {
        let lot = wrong.len() as u64;
        let plan = |most| Plan::Sequential { good: 0.02, bad: 0.2, producer: 0.05, consumer: 0.1, most };
        let at = plan(lot).follow(lot, wrong.iter().copied());
        prop_assert_eq!(plan(lot + beyond).follow(lot, wrong.iter().copied()), at);
        prop_assert_ne!(at.verdict, Verdict::Open);
    }

    #[test]
    fn what_comes_after_a_decision_plays_no_part(
        wrong in proptest::collection::vec(proptest::bool::weighted(0.3), 1..40),
        more in proptest::collection::vec(proptest::bool::ANY, 0..20),
    ) {
        let plan = Plan::Double { first: 8, accept_first: 0, return_first: 3, second: 8, accept_both: 3 };
        let at = plan.follow(1_000, wrong.iter().copied());
        prop_assert_eq!(at.found, wrong.iter().take(at.checked as usize).filter(|wrong| **wrong).count() as u64);
        prop_assert!(at.checked <= plan.places(at.checked.saturating_sub(1)), "nothing beyond what is given out");
        if at.verdict != Verdict::Open {
            prop_assert_eq!(at, plan.follow(1_000, wrong.iter().chain(&more).copied()));
        }
    }
}
