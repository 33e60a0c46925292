//! Guidelines that are unclear, told from people who err.

use countersign_quality::{
    Random, Read, Reads,
    ambiguity::{PairsError, Rules, change, shared, unclear},
    monitor::Stream,
};
use proptest::prelude::*;

const CLASSES: usize = 5;
const READERS: u32 = 6;

/// Reads in which anyone errs anyhow at `noise`, all readers take 1 for 2 at `mixed`, and reader 0 does so at `person`.
fn reads(random: &mut Random, items: usize, noise: f64, mixed: f64, person: f64) -> Reads {
    let mut list = Vec::new();
    for item in 0..items {
        let truth = random.below(CLASSES) as u16;
        for reader in 0..READERS {
            let swap = if reader == 0 { person.max(mixed) } else { mixed };
            let class = match truth {
                1 | 2 if random.unit() < swap => 3 - truth,
                _ if random.unit() < noise => random.below(CLASSES) as u16,
                _ => truth,
            };
            list.push(Read { item: item as u32, reader, class });
        }
    }
    Reads::new(items, READERS as usize, CLASSES, &list).unwrap()
}

#[test]
fn an_unclear_pair_is_found_with_its_people_and_items() {
    let reads = reads(&mut Random::new(1), 300, 0.05, 0.25, 0.0);
    let found = unclear(&reads, Rules::default()).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].classes, (1, 2));
    assert!(found[0].people.len() >= 3 && found[0].items as f64 > 1.5 * found[0].expected);
    let rows: Vec<_> = reads.rows().collect();
    for item in &found[0].examples {
        let given = |class: u16| rows[*item].iter().any(|vote| vote.class == class);
        assert!(given(1) && given(2));
    }
}

#[test]
fn errors_anyhow_and_errors_of_one_person_are_not_the_guideline() {
    let mut random = Random::new(2);
    let mut wrongly = 0;
    for _ in 0..200 {
        wrongly += usize::from(
            !unclear(&reads(&mut random, 200, 0.2, 0.0, 0.0), Rules::default()).unwrap().is_empty(),
        );
    }
    // At a level of 1 % two of 200 are expected at most; seven would be one in a thousand.
    assert!(wrongly <= 7, "{wrongly} of 200 without anything special");
    let one = unclear(&reads(&mut random, 400, 0.02, 0.0, 0.5), Rules::default()).unwrap();
    assert!(one.is_empty(), "{one:?}");
}

#[test]
fn a_mended_guideline_shows() {
    let mut random = Random::new(3);
    let (before, after) = (reads(&mut random, 300, 0.02, 0.3, 0.0), reads(&mut random, 300, 0.02, 0.05, 0.0));
    let mended = change(&before, &after, (1, 2), 0.95).unwrap();
    assert!(mended.after < mended.before && mended.difference.high < 0.0, "{mended:?}");
    let same = change(&before, &before, (1, 2), 0.95).unwrap();
    assert!(same.difference.low < 0.0 && same.difference.high > 0.0);
    // 56 of 70 and 48 of 80: the interval of 48/80 - 56/70 that Newcombe's paper prints is -0.3339 to -0.0524.
    let table = |n: u32, both: u32| {
        let read = |item, reader, class| Read { item, reader, class };
        let list: Vec<Read> =
            (0..n).flat_map(|item| [read(item, 0, 0), read(item, 1, u16::from(item < both))]).collect();
        Reads::new(n as usize, 2, 2, &list).unwrap()
    };
    let printed = change(&table(70, 56), &table(80, 48), (0, 1), 0.95).unwrap().difference;
    assert!((printed.low + 0.3339).abs() < 6e-5 && (printed.high + 0.0524).abs() < 6e-5, "{printed:?}");
}

#[test]
fn alarms_of_a_third_are_nobodys() {
    let alarms =
        [(Stream::Gold, 1), (Stream::Gold, 2), (Stream::Gold, 2), (Stream::Gold, 7), (Stream::Peers, 1)];
    let found = shared(&alarms, 9);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].stream.clone(), found[0].people.clone()), (Stream::Gold, vec![1, 2, 7]));
    assert!(shared(&alarms, 10).is_empty());
    assert!(shared(&alarms[..3], 2).is_empty(), "two people are few");
}

#[test]
fn what_cannot_be_told_is_said() {
    let read = Read { item: 0, reader: 0, class: 0 };
    let two = Reads::new(1, 1, 2, &[read]).unwrap();
    assert_eq!(unclear(&two, Rules::default()), Err(PairsError::Classes(2)));
    let three = Reads::new(1, 1, 3, &[read]).unwrap();
    assert_eq!(unclear(&three, Rules { level: 0.0, ..Rules::default() }), Err(PairsError::Rules));
    assert_eq!(unclear(&three, Rules::default()), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn names_of_readers_do_not_matter(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let mut list = Vec::new();
        for item in 0..60 {
            let truth = random.below(4) as u16;
            for reader in 0..5 {
                let class = if truth == 1 && random.unit() < 0.5 { 2 } else { truth };
                list.push(Read { item, reader, class });
            }
        }
        let renamed: Vec<Read> = list.iter().map(|read| Read { reader: 4 - read.reader, ..*read }).collect();
        let find = |list: &[Read]| unclear(&Reads::new(60, 5, 4, list).unwrap(), Rules::default()).unwrap();
        let (a, b) = (find(&list), find(&renamed));
        prop_assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!((a.classes, a.items, &a.examples), (b.classes, b.items, &b.examples));
        }
    }
}
