//! The scheme of switching against simulation, tightened and reduced plans against what they are for, and designed plans
//! against all smaller ones.

use countersign_quality::{
    Random,
    acceptance::{Inspected, Inspection, Plan, Promise, PromiseError, Source, Switching, Verdict},
};
use proptest::prelude::*;

const SINGLE: Plan = Plan::Single { sample: 50, accept: 2 };
const DOUBLE: Plan = Plan::Double { first: 32, accept_first: 1, return_first: 4, second: 32, accept_both: 4 };
const SEQUENTIAL: Plan = Plan::Sequential { good: 0.01, bad: 0.08, producer: 0.05, consumer: 0.1, most: 150 };

/// Shares of batches that were accepted, discontinued, and inspected at each level, unit by unit.
fn simulated(
    plan: Plan,
    wrong: f64,
    steady: bool,
    batches: u32,
    random: &mut Random,
) -> (f64, f64, [f64; 3]) {
    let scheme = plan.scheme().unwrap();
    let mut state = Switching::default();
    let (mut accepted, mut ended, mut levels) = (0_u32, 0_u32, [0_u32; 3]);
    for _ in 0..batches {
        let (level, plan) = match state.inspection() {
            Inspection::Normal => (0, scheme.normal),
            Inspection::Tightened => (1, scheme.tightened),
            Inspection::Reduced => (2, scheme.reduced),
            Inspection::Discontinued => unreachable!("resumed at once"),
        };
        levels[level] += 1;
        let standing = plan.follow(u64::MAX, std::iter::repeat_with(|| random.unit() < wrong));
        let (accept, strictly) = plan.strictness(standing.checked, standing.found);
        let taken = standing.verdict == Verdict::Accept;
        accepted += u32::from(taken);
        state.take(Inspected { accepted: taken, accept, strictly }, steady);
        if state.resume().is_some() {
            ended += 1;
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(batches);
    (share(accepted), share(ended), levels.map(share))
}

#[test]
fn the_scheme_does_in_the_long_run_what_its_curve_says() {
    let (batches, mut random) = (40_000, Random::new(12));
    for plan in [SINGLE, DOUBLE, SEQUENTIAL] {
        for (wrong, steady) in [(0.01, true), (0.03, true), (0.03, false), (0.05, true), (0.09, false)] {
            let point = plan.scheme().unwrap().curve(Source::Process(wrong), steady).unwrap();
            let (accept, ended, levels) = simulated(plan, wrong, steady, batches, &mut random);
            // Decisions in a row hang together: about ten in a row count as one.
            let near = |said: f64, seen: f64| {
                let error = (10.0 * said * (1.0 - said) / f64::from(batches)).sqrt();
                assert!((said - seen).abs() < 4.0 * error + 1e-3, "{plan:?} {wrong} {steady}: {said} {seen}");
            };
            near(point.accept, accept);
            near(point.discontinued, ended);
            (0..3).for_each(|level| near(point.shares[level], levels[level]));
            assert!((point.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(steady || point.shares[2] == 0.0);
        }
    }
}

#[test]
fn the_scheme_lies_between_its_plans_and_falls_with_quality() {
    for plan in [SINGLE, DOUBLE, SEQUENTIAL, Plan::Single { sample: 20, accept: 0 }] {
        for steady in [true, false] {
            let mut last = 1.0;
            for wrong in 0..=40 {
                let source = Source::Lot { units: 400, wrong };
                let point = plan.scheme().unwrap().curve(source, steady).unwrap();
                let levels = [point.normal.accept, point.tightened.accept, point.reduced.accept];
                let low = levels.iter().copied().fold(1.0, f64::min);
                let high = levels.iter().copied().fold(0.0, f64::max);
                assert!(
                    point.accept >= low - 1e-9 && point.accept <= high + 1e-9,
                    "{plan:?} {wrong}: {point:?}"
                );
                assert!(point.accept <= last + 1e-9, "{plan:?} {wrong}: {} after {last}", point.accept);
                assert!(point.tightened.accept <= point.normal.accept + 1e-9);
                last = point.accept;
            }
        }
    }
}

#[test]
fn what_never_fails_is_reduced_and_what_always_does_is_ended_every_fifth_time() {
    let scheme = SINGLE.scheme().unwrap();
    let perfect = scheme.curve(Source::Process(0.0), true).unwrap();
    assert!((perfect.shares[2] - 1.0).abs() < 1e-6 && (perfect.accept - 1.0).abs() < 1e-9, "{perfect:?}");
    assert!((perfect.checked - 20.0).abs() < 1e-6);
    let usual = scheme.curve(Source::Process(0.0), false).unwrap();
    assert!((usual.shares[0] - 1.0).abs() < 1e-6);
    let hopeless = scheme.curve(Source::Process(1.0), true).unwrap();
    assert!((hopeless.shares[1] - 1.0).abs() < 1e-6 && hopeless.accept < 1e-9, "{hopeless:?}");
    assert!((hopeless.discontinued - 0.2).abs() < 1e-6);
}

#[test]
fn tightened_and_reduced_plans_follow_their_rules() {
    let double = |first, accept_first, return_first, second, accept_both| Plan::Double {
        first,
        accept_first,
        return_first,
        second,
        accept_both,
    };
    for (plan, tightened, reduced) in [
        (DOUBLE, double(32, 0, 3, 32, 3), double(13, 1, 3, 13, 2)),
        (double(20, 0, 3, 20, 3), double(20, 0, 3, 20, 2), double(8, 0, 2, 8, 2)),
        (double(20, 0, 2, 20, 1), double(32, 0, 2, 32, 1), double(8, 0, 2, 8, 1)),
        (double(50, 2, 5, 50, 6), double(50, 1, 4, 50, 5), double(20, 1, 3, 20, 3)),
    ] {
        assert_eq!((plan.tightened(), plan.reduced()), (Some(tightened), Some(reduced)), "{plan:?}");
    }
    let Some(Plan::Sequential { good, bad, most, .. }) = SEQUENTIAL.tightened() else { panic!() };
    assert!((good - 0.00625).abs() < 1e-12 && (bad - 0.05).abs() < 1e-12 && most == 240);
    let Some(Plan::Sequential { good, bad, most, .. }) = SEQUENTIAL.reduced() else { panic!() };
    assert!((good - 0.01).abs() < 1e-12 && (bad - 0.128).abs() < 1e-12 && most == 150);
    // A share that would be returned and is larger than everything, and a plan that is none.
    let coarse = Plan::Sequential { good: 0.1, bad: 0.7, producer: 0.1, consumer: 0.1, most: 20 };
    assert_eq!(coarse.reduced(), None);
    assert_eq!(coarse.scheme().unwrap().reduced, coarse);
    assert_eq!(Plan::Single { sample: 3, accept: 3 }.tightened(), None);
    assert_eq!(Plan::Single { sample: 20_000, accept: 0 }.tightened(), None);
    // A good supplier is spared work at each kind of plan, a bad one makes more.
    for plan in [SINGLE, DOUBLE, SEQUENTIAL] {
        let checked = |plan: Plan, wrong| plan.curve(Source::Process(wrong)).unwrap().checked;
        assert!(checked(plan.reduced().unwrap(), 0.005) < checked(plan, 0.005), "{plan:?}");
        let accept = |plan: Plan| plan.curve(Source::Process(0.05)).unwrap().accept;
        assert!(
            accept(plan.tightened().unwrap()) < accept(plan)
                && accept(plan) < accept(plan.reduced().unwrap())
        );
    }
}

#[test]
fn what_leaves_is_what_was_neither_found_nor_returned() {
    // One of four wrong, two looked at: half of the batches are accepted, with one wrong unit in four.
    let point = Plan::Single { sample: 2, accept: 0 }.curve(Source::Lot { units: 4, wrong: 1 }).unwrap();
    assert!((point.accept - 0.5).abs() < 1e-12 && (point.outgoing - 0.125).abs() < 1e-12, "{point:?}");
    // One error is allowed: what was found stays out.
    let point = Plan::Single { sample: 2, accept: 1 }.curve(Source::Lot { units: 4, wrong: 1 }).unwrap();
    assert!((point.accept - 1.0).abs() < 1e-12 && (point.outgoing - 0.125).abs() < 1e-12, "{point:?}");
    let point = SINGLE.curve(Source::Process(0.03)).unwrap();
    assert!((point.outgoing - 0.03 * point.accept).abs() < 1e-12);
}

#[test]
fn a_designed_plan_is_kept_and_no_smaller_one_is() {
    for (units, good, bad) in [(Some(120), 0.02, 0.15), (Some(500), 0.01, 0.06), (None, 0.01, 0.06)] {
        let promise = Promise { units, good, producer: 0.05, bad, consumer: 0.1, most: 2000 };
        let single = promise.single().unwrap().unwrap();
        let Plan::Single { sample, accept } = single else { panic!() };
        assert!(promise.is_kept_by(&single), "{single:?}");
        for smaller in 1..sample {
            // With more errors allowed a bad batch passes, with fewer a good one does not.
            let kept = (0..smaller.min(accept + 3))
                .any(|accept| promise.is_kept_by(&Plan::Single { sample: smaller, accept }));
            assert!(!kept, "{units:?}: {smaller} would do instead of {sample}");
        }
        let checked = |plan: &Plan| plan.curve(promise.sources().0).unwrap().checked;
        let double = promise.double().unwrap().unwrap();
        assert!(promise.is_kept_by(&double) && checked(&double) < checked(&single), "{double:?}");
        let sequential = promise.sequential().unwrap().unwrap();
        assert!(promise.is_kept_by(&sequential) && checked(&sequential) < checked(&single), "{sequential:?}");
        eprintln!(
            "{units:?}: {single:?}, {double:?} ({:.0} on average), {sequential:?} ({:.0})",
            checked(&double),
            checked(&sequential)
        );
    }
}

#[test]
fn promises_that_nobody_can_keep_are_named() {
    let promise =
        Promise { units: Some(100), good: 0.01, producer: 0.05, bad: 0.1, consumer: 0.1, most: 100 };
    promise.check().unwrap();
    let refused = |change: &dyn Fn(&mut Promise)| {
        let mut promise = promise;
        change(&mut promise);
        promise.single().unwrap_err()
    };
    assert_eq!(refused(&|p| p.units = Some(0)), PromiseError::Units);
    assert_eq!(refused(&|p| p.good = 0.2), PromiseError::Good);
    assert_eq!(refused(&|p| p.good = f64::NAN), PromiseError::Good);
    assert_eq!(refused(&|p| p.bad = 1.0), PromiseError::Bad);
    assert_eq!(refused(&|p| p.producer = 0.0), PromiseError::Producer);
    assert_eq!(refused(&|p| p.consumer = 0.95), PromiseError::Consumer);
    assert_eq!(refused(&|p| p.most = 0), PromiseError::Most);
    // One of 20 is less than one of ten and more than none: 0.01 of 20 is no unit, 0.04 is one.
    let few = Promise { units: Some(20), good: 0.051, bad: 0.06, ..promise };
    few.check().unwrap();
    assert_eq!(Promise { good: 0.051, bad: 0.099, ..few }.check(), Ok(()));
    assert_eq!(Promise { good: 0.05, bad: 0.05 + 1e-12, ..few }.check(), Err(PromiseError::Same));
    // Too few may be looked at.
    assert_eq!(Promise { most: 3, ..promise }.single(), Ok(None));
    assert_eq!(Promise { most: 3, ..promise }.sequential(), Ok(None));
    assert_eq!(Promise { most: 3, ..promise }.double(), Ok(None));
}

proptest! {
    #[test]
    fn tightened_inspection_never_takes_what_normal_does_not(
        first in 2_u64..60, second in 2_u64..60, a in 0_u64..5, b in 1_u64..5, c in 0_u64..5, wrong in 0.0_f64..0.5,
    ) {
        let accept_both = a + b;
        let return_first = (a + 2 + c).min(accept_both + 1);
        let plan = Plan::Double { first, accept_first: a, return_first, second, accept_both };
        prop_assume!(plan.check().is_ok());
        let accept = |plan: Plan| plan.curve(Source::Process(wrong)).unwrap().accept;
        let tightened = plan.tightened().unwrap();
        prop_assert!(accept(tightened) <= accept(plan) + 1e-9, "{tightened:?}");
        if let Some(reduced) = plan.reduced() {
            prop_assert!(reduced.most() < plan.most());
        }
        let single = Plan::Single { sample: first, accept: a.min(first - 1) };
        prop_assert!(accept(single.tightened().unwrap()) <= accept(single) + 1e-9);
    }
}
