//! One-coin, online estimates and shapes of several makers.

use std::f64::consts::PI;

use countersign_quality::{
    Random, Read, Reads, ReadsError,
    consensus::{
        Majority, Online, Options, Upright, dawid_skene, fuse_cuboids, geometric_median, majority, one_coin,
        support, weighted_mean,
    },
};
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Reads of readers with these accuracies; each reads a part of the items.
fn planted(
    random: &mut Random,
    items: u32,
    classes: usize,
    rates: &[f64],
    part: f64,
) -> (Vec<u16>, Vec<Read>) {
    let truth: Vec<u16> = (0..items).map(|_| random.below(classes) as u16).collect();
    let mut list = Vec::new();
    for (item, truth) in (0..).zip(&truth) {
        for (reader, rate) in (0..).zip(rates) {
            if random.unit() < part {
                let off = if random.unit() < *rate { 0 } else { 1 + random.below(classes - 1) };
                list.push(Read { item, reader, class: ((usize::from(*truth) + off) % classes) as u16 });
            }
        }
    }
    (truth, list)
}

fn right(truth: &[u16], said: impl Fn(usize) -> u16) -> f64 {
    (0..truth.len()).filter(|item| said(*item) == truth[*item]).count() as f64 / truth.len() as f64
}

#[test]
fn one_coin_never_turns_the_world_around() {
    let mut random = Random::new(1);
    for run in 0..20 {
        // Two classes, most readers little better than a guess, one who means the opposite.
        let rates = [0.9, 0.62, 0.6, 0.6, 0.58, 0.55, 0.2];
        let (truth, list) = planted(&mut random, 400, 2, &rates, 0.9);
        let reads = Reads::new(400, rates.len(), 2, &list).unwrap();
        let found = one_coin(&reads, Options::default()).unwrap();
        let accuracy = right(&truth, |item| found.class(item));
        let votes = majority(&reads);
        let by_votes = right(&truth, |item| match &votes[item] {
            Majority::Class(class) => *class,
            _ => u16::MAX,
        });
        assert!(accuracy > 0.7 && accuracy >= by_votes, "run {run}: {accuracy}, votes {by_votes}");
        assert!(found.accuracies.iter().all(|own| (0.5..1.0).contains(own)), "{:?}", found.accuracies);
    }
}

#[test]
fn one_coin_finds_planted_accuracies_and_wants_two_classes() {
    let rates = [0.95, 0.9, 0.8, 0.7, 0.5];
    let (truth, list) = planted(&mut Random::new(2), 3000, 4, &rates, 1.0);
    let found = one_coin(&Reads::new(3000, 5, 4, &list).unwrap(), Options::default()).unwrap();
    for (own, rate) in found.accuracies.iter().zip(rates) {
        assert!((own - rate).abs() < 0.03, "{:?}", found.accuracies);
    }
    assert!(right(&truth, |item| found.class(item)) > 0.95);
    assert!(found.posterior(0).iter().sum::<f64>() > 1.0 - 1e-9);
    let one = Reads::new(1, 1, 1, &[Read { item: 0, reader: 0, class: 0 }]).unwrap();
    assert!(one_coin(&one, Options::default()).is_none());
}

#[test]
fn online_is_batch_after_a_sweep_and_good_before() {
    let rates = [0.95, 0.85, 0.8, 0.7, 0.6, 0.55];
    let (truth, mut list) = planted(&mut Random::new(3), 600, 3, &rates, 0.7);
    let options = Options { tolerance: 1e-13, iterations: 5000, ..Options::default() };
    let mut random = Random::new(4);
    for place in (1..list.len()).rev() {
        list.swap(place, random.below(place + 1));
    }
    let mut online = Online::new(3, options).unwrap();
    for read in &list {
        online.add(*read).unwrap();
    }
    let reads = Reads::new(600, rates.len(), 3, &list).unwrap();
    let batch = dawid_skene(&reads, options).unwrap();
    let (early, of_batch) =
        (right(&truth, |item| online.class(item)), right(&truth, |item| batch.class(item)));
    eprintln!("online before a sweep {early:.4}, batch {of_batch:.4}");
    assert!(early > of_batch - 0.03);
    let swept = online.sweep().unwrap();
    let worst = (0..600)
        .flat_map(|item| (0..3).map(move |class| (item, class)))
        .map(|(item, class)| (online.posterior(item)[class] - batch.posterior(item)[class]).abs())
        .fold(0.0, f64::max);
    assert!(worst < 1e-9, "{worst}");
    assert!((0..600).all(|item| swept.posterior(item) == online.posterior(item)));
    // And it goes on from there: more reads, another sweep.
    let more = Read { item: 601, reader: 7, class: 2 };
    online.add(more).unwrap();
    assert_eq!(online.class(601), 2);
    list.push(more);
    let batch = dawid_skene(&Reads::new(602, 8, 3, &list).unwrap(), options).unwrap();
    online.sweep().unwrap();
    assert!((0..3).all(|class| close(online.posterior(601)[class], batch.posterior(601)[class])));
}

#[test]
fn online_refuses_what_batch_refuses() {
    let mut online = Online::new(2, Options::default()).unwrap();
    let read = |item, reader, class| Read { item, reader, class };
    assert_eq!(online.add(read(0, 0, 2)), Err(ReadsError::Index { place: 0 }));
    online.add(read(0, 0, 1)).unwrap();
    assert_eq!(online.add(read(0, 0, 0)), Err(ReadsError::Twice { item: 0, reader: 0 }));
    assert!(matches!(online.add(read(0, u32::MAX, 0)), Err(ReadsError::TooMany(_))));
    assert!(matches!(online.add(read(u32::MAX, 1, 0)), Err(ReadsError::TooMany(_))));
    assert_eq!((online.items(), online.class(0)), (1, 1));
    assert!(Online::new(0, Options::default()).is_none() && Online::new(2000, Options::default()).is_none());
}

#[test]
fn boxes_and_support_follow_the_weights() {
    let fused = weighted_mean(&[[0.0, 0.0, 10.0, 10.0], [2.0, 0.0, 12.0, 14.0]], &[3.0, 1.0]).unwrap();
    assert_eq!(fused, [0.5, 0.0, 10.5, 11.0]);
    assert_eq!(support(&[3.0, 1.0], &[3.0, 1.0, 4.0]), Some(0.5));
    assert_eq!(support(&[], &[]), None);
    assert_eq!(weighted_mean(&[[1.0]], &[0.0]), None);
    assert_eq!(weighted_mean(&[[1.0], [2.0]], &[1.0]), None);
    assert_eq!(weighted_mean(&[[1.0], [2.0]], &[2.0, -1.0]), None);
    assert_eq!(weighted_mean(&[[f64::NAN]], &[1.0]), None);
}

#[test]
fn a_far_off_point_moves_the_median_little() {
    let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [500.0, 500.0]];
    let median = geometric_median(&points, &[1.0; 5]).unwrap();
    assert!(median.iter().all(|value| (0.4..1.05).contains(value)), "{median:?}");
    // The middle of a triangle with equal sides; a point with more than half of the weight.
    let triangle = [[0.0, 0.0], [2.0, 0.0], [1.0, 3.0_f64.sqrt()]];
    let middle = geometric_median(&triangle, &[1.0; 3]).unwrap();
    assert!((middle[0] - 1.0).abs() < 1e-6 && (middle[1] - 3.0_f64.sqrt() / 3.0).abs() < 1e-6);
    let heavy = geometric_median(&triangle, &[5.0, 1.0, 1.0]).unwrap();
    assert!(heavy[0].abs() < 1e-6 && heavy[1].abs() < 1e-6, "{heavy:?}");
    assert_eq!(geometric_median(&[[3.0, 4.0]; 3], &[1.0; 3]), Some([3.0, 4.0]));
}

#[test]
fn cuboids_with_the_front_at_the_rear_agree_about_the_axis() {
    let cuboid =
        |x: f64, length: f64, yaw: f64| Upright { center: [x, 0.0, 1.0], size: [length, 2.0, 1.5], yaw };
    let fused =
        fuse_cuboids(&[cuboid(1.0, 4.0, 3.1), cuboid(1.2, 4.41, -3.1), cuboid(1.1, 4.2, 0.0)], &[1.0; 3])
            .unwrap();
    assert!(
        close(fused.cuboid.center[0], 1.1)
            && (fused.cuboid.size[0] - (4.0_f64 * 4.41 * 4.2).cbrt()).abs() < 1e-9
    );
    assert!((fused.cuboid.yaw.abs() - PI).abs() < 0.01, "{}", fused.cuboid.yaw);
    assert!(close(fused.reversed, 1.0 / 3.0));
    // Across each other: no heading at all.
    assert_eq!(fuse_cuboids(&[cuboid(0.0, 4.0, 0.0), cuboid(0.0, 4.0, PI / 2.0)], &[1.0; 2]), None);
    assert_eq!(fuse_cuboids(&[cuboid(0.0, 0.0, 0.0)], &[1.0]), None);
}

proptest! {
    #[test]
    fn the_median_is_no_worse_than_any_neighbour(points in prop::collection::vec([-50.0_f64..50.0, -50.0_f64..50.0], 1..8), weights in prop::collection::vec(0.1_f64..3.0, 8)) {
        let weights = &weights[..points.len()];
        let median = geometric_median(&points, weights).unwrap();
        let cost = |at: [f64; 2]| points.iter().zip(weights).map(|(p, w)| w * (p[0] - at[0]).hypot(p[1] - at[1])).sum::<f64>();
        for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
            prop_assert!(cost(median) <= cost([median[0] + 0.1 * dx, median[1] + 0.1 * dy]) + 1e-4);
        }
        prop_assert!(points.iter().all(|point| cost(median) <= cost(*point) + 1e-4));
    }

    #[test]
    fn turning_all_cuboids_turns_the_fused_one(yaws in prop::collection::vec(-0.6_f64..0.6, 1..6), by in -3.0_f64..3.0) {
        let all = |by: f64| yaws.iter().map(|yaw| Upright { center: [0.0; 3], size: [4.0, 2.0, 1.5], yaw: yaw + by }).collect::<Vec<_>>();
        let weights = vec![1.0; yaws.len()];
        let (a, b) = (fuse_cuboids(&all(0.0), &weights).unwrap(), fuse_cuboids(&all(by), &weights).unwrap());
        let off = (b.cuboid.yaw - a.cuboid.yaw - by).rem_euclid(2.0 * PI);
        prop_assert!(off.min(2.0 * PI - off) < 1e-9);
    }
}
