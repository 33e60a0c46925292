//! GLAD: readers' abilities and how hard items are, by what was planted, and what never happens.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small counts")]

use countersign_quality::{
    Random, Read, Reads,
    consensus::{Glad, Majority, Options, glad, majority},
};
use proptest::prelude::*;

/// Items whose truth is known, each as easy as stated, read by readers of stated abilities.
fn planted(random: &mut Random, eases: &[f64], abilities: &[f64], classes: usize) -> (Vec<u16>, Vec<Read>) {
    let (mut truth, mut list) = (Vec::new(), Vec::new());
    for (item, ease) in (0_u32..).zip(eases) {
        let is = random.below(classes);
        truth.push(is as u16);
        for (reader, ability) in (0_u32..).zip(abilities) {
            let right = random.unit() < 1.0 / (1.0 + (-ability * ease).exp());
            let off = if right { 0 } else { 1 + random.below(classes - 1) };
            list.push(Read { item, reader, class: ((is + off) % classes) as u16 });
        }
    }
    (truth, list)
}

fn share(truth: &[u16], said: impl Fn(usize) -> u16) -> f64 {
    (0..truth.len()).filter(|item| said(*item) == truth[*item]).count() as f64 / truth.len() as f64
}

/// Readers from one who guesses to one who hardly errs.
const ABILITIES: [f64; 9] = [0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 3.0];

fn grows(found: &Glad) {
    for pair in found.objectives.windows(2) {
        assert!(pair[1] >= pair[0] - 1e-9 * pair[0].abs(), "{} after {}", pair[1], pair[0]);
    }
}

#[test]
fn who_is_able_and_what_is_hard_is_found() {
    let mut random = Random::new(4);
    // A third is hard: even good readers err there.
    let eases: Vec<f64> = (0..1500).map(|item| if item % 3 == 0 { 0.25 } else { 2.0 }).collect();
    let (truth, list) = planted(&mut random, &eases, &ABILITIES, 4);
    let reads = Reads::new(eases.len(), ABILITIES.len(), 4, &list).unwrap();
    let found = glad(&reads, Options::default()).unwrap();
    grows(&found);
    let votes = majority(&reads);
    let by_votes = share(&truth, |item| match &votes[item] {
        Majority::Class(class) => *class,
        _ => u16::MAX,
    });
    let accuracy = share(&truth, |item| found.class(item));
    eprintln!("{accuracy:.3}, votes {by_votes:.3}; abilities {:.2?}", found.abilities);
    assert!(accuracy > by_votes, "{accuracy}, votes {by_votes}");
    assert!(found.abilities.windows(2).all(|pair| pair[0] < pair[1]), "{:.2?}", found.abilities);
    let mean = |hard: bool| {
        let of: Vec<f64> = (0..eases.len())
            .filter(|item| (item % 3 == 0) == hard)
            .map(|item| found.eases[item].ln())
            .collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    assert!(mean(true) < mean(false) - 0.5, "{} {}", mean(true), mean(false));
}

#[test]
fn nobody_turns_the_world_around() {
    for run in 0..20 {
        let mut random = Random::new(run);
        // Most are little better than a guess, one means the opposite.
        let (truth, list) = planted(&mut random, &[1.0; 400], &[2.2, 0.5, 0.4, 0.4, 0.3, 0.2, -1.4], 2);
        let reads = Reads::new(400, 7, 2, &list).unwrap();
        let found = glad(&reads, Options::default()).unwrap();
        let accuracy = share(&truth, |item| found.class(item));
        assert!(accuracy > 0.7, "run {run}: {accuracy}");
        assert!(found.abilities.iter().all(|ability| *ability >= 0.0));
    }
    let one = Reads::new(1, 1, 1, &[Read { item: 0, reader: 0, class: 0 }]).unwrap();
    assert!(glad(&one, Options::default()).is_none());
}

#[test]
fn what_nobody_read_is_open() {
    let list = [Read { item: 0, reader: 0, class: 1 }];
    let found = glad(&Reads::new(2, 2, 3, &list).unwrap(), Options::default()).unwrap();
    assert!(found.posterior(1).iter().all(|share| (share - 1.0 / 3.0).abs() < 1e-12));
    assert_eq!((found.class(0), found.eases[1], found.abilities[1]), (1, 1.0, 1.0));
}

proptest! {
    #[test]
    fn the_objective_never_falls_and_names_do_not_matter(
        answers in prop::collection::vec((0_u32..30, 0_u32..6, 0_u16..3), 1..120),
        turn in 1_u32..6,
    ) {
        let mut list: Vec<Read> = Vec::new();
        for (item, reader, class) in answers {
            if !list.iter().any(|one| (one.item, one.reader) == (item, reader)) {
                list.push(Read { item, reader, class });
            }
        }
        let options = Options { iterations: 30, ..Options::default() };
        let found = glad(&Reads::new(30, 6, 3, &list).unwrap(), options).unwrap();
        grows(&found);
        let turned: Vec<Read> =
            list.iter().map(|one| Read { reader: (one.reader + turn) % 6, ..*one }).collect();
        let other = glad(&Reads::new(30, 6, 3, &turned).unwrap(), options).unwrap();
        for item in 0..30 {
            prop_assert!((found.posterior(item).iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(found.eases[item] > 0.0 && found.eases[item].is_finite());
            for (a, b) in found.posterior(item).iter().zip(other.posterior(item)) {
                prop_assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}
