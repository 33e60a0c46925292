//! Matching against scipy and against permutations; scores and agreement by hand.

use countersign_quality::{
    Random,
    agreement::{Counts, Level},
    instances::{
        Cluster, Found, InstancesError, Matched, Score, agreement, assign, cluster, onsets, segments,
        time_overlap, track_overlap, tracks,
    },
};
use proptest::prelude::*;

#[test]
fn the_best_assignment_is_that_of_scipy() {
    let mut rows = 0;
    for line in include_str!("reference/instances.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let table: Vec<f64> = f[2].split(',').map(|cell| cell.parse().unwrap()).collect();
        let found =
            assign(f[0].parse().unwrap(), f[1].parse().unwrap(), &table, f[3].parse().unwrap()).unwrap();
        let sum: f64 = found.iter().map(|pair| pair.overlap).sum();
        assert!((sum - f[4].parse::<f64>().unwrap()).abs() < 1e-9, "{line}: {sum}");
        rows += 1;
    }
    assert_eq!(rows, 14);
}

#[test]
fn greedy_would_lose_a_pair() {
    // The best single pair leaves nothing for the others.
    let found = assign(2, 2, &[0.6, 0.7, 0.0, 0.6], 0.5).unwrap();
    let pair = |first, second| Matched { first, second, overlap: 0.6 };
    assert_eq!(found, [pair(0, 0), pair(1, 1)]);
    assert_eq!(assign(0, 3, &[], 0.5), Ok(Vec::new()));
    assert_eq!(assign(2, 2, &[0.0], 0.5), Err(InstancesError::Shape { expected: 4, found: 1 }));
    assert_eq!(assign(1, 1, &[1.5], 0.5), Err(InstancesError::Overlap { place: 0, value: 1.5 }));
    assert_eq!(assign(5000, 1, &[], 0.5), Err(InstancesError::TooMany(5000)));
}

#[test]
fn scores_are_those_of_their_formulae() {
    let mut score = Score::default();
    assert_eq!((score.f1(), score.panoptic(), score.overlap()), (None, None, None));
    let pair = |overlap| Matched { first: 0, second: 0, overlap };
    score.add(3, 2, &[pair(0.8), pair(0.6)]);
    score.add(1, 2, &[]);
    // Both 2, first alone 2, second alone 2.
    assert_eq!((score.both, score.first, score.second), (2, 2, 2));
    assert!((score.f1().unwrap() - 0.5).abs() < 1e-12);
    assert!((score.overlap().unwrap() - 0.7).abs() < 1e-12);
    assert!((score.panoptic().unwrap() - 0.35).abs() < 1e-12);
}

#[test]
fn panoptic_quality_counts_overlaps_above_a_half_only() {
    // By the largest sum two lesser pairs (0.8) win over the only segment (0.6) that both drew.
    let table = [0.6, 0.4, 0.4, 0.0];
    let loose = assign(2, 2, &table, 0.3).unwrap();
    assert_eq!(loose.iter().map(|pair| pair.overlap).collect::<Vec<_>>(), [0.4, 0.4]);
    let mut score = Score::default();
    score.add(2, 2, &loose);
    assert_eq!((score.f1(), score.panoptic()), (Some(1.0), Some(0.0)));
    let own = segments(2, 2, &table).unwrap();
    assert_eq!(own, [Matched { first: 0, second: 0, overlap: 0.6 }]);
    let mut score = Score::default();
    score.add(2, 2, &own);
    // One pair, one alone each: 0.6 / (1 + 1/2 + 1/2).
    assert!((score.panoptic().unwrap() - 0.3).abs() < 1e-12);
    assert_eq!(segments(1, 1, &[0.5]), Ok(Vec::new()), "a half is no match");
    assert_eq!(segments(1, 2, &[0.6, 0.7]), Err(InstancesError::Twice { place: 1 }));
    assert_eq!(segments(2, 1, &[0.6, 0.7]), Err(InstancesError::Twice { place: 1 }));
    assert_eq!((segments(0, 0, &[]), segments(1, 0, &[])), (Ok(Vec::new()), Ok(Vec::new())));
}

#[test]
fn events_are_matched_by_their_onsets() {
    // One by one in time: the nearest pair (2.0, 2.1) would leave the others alone.
    let found = onsets(&[2.0, 1.0], &[3.0, 2.1, 9.0], 1.25).unwrap();
    assert_eq!(found.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(), [(1, 1), (0, 0)]);
    assert!((found[1].overlap - 0.2).abs() < 1e-12);
    let mut score = Score::default();
    score.add(2, 3, &found);
    assert!((score.f1().unwrap() - 0.8).abs() < 1e-12);
    assert_eq!(onsets(&[1.0], &[1.0], 0.0).unwrap()[0].overlap, 1.0);
    assert_eq!((onsets(&[], &[1.0], 0.5), onsets(&[0.0], &[1.0], 0.5)), (Ok(vec![]), Ok(vec![])));
    assert_eq!(onsets(&[f64::NAN], &[1.0], 0.5), Err(InstancesError::Time));
    assert_eq!(onsets(&[1.0], &[1.0], -1.0), Err(InstancesError::Time));
}

#[test]
fn tracks_are_matched_over_all_their_frames() {
    // Two tracks cross in frame 2: frame by frame they would change names, over all frames they do not.
    let at = |first: usize, second: usize| if first == second { 0.8 } else { 0.0 };
    let frames = |first: usize, second: usize| {
        (0..5)
            .map(|frame| {
                let crossing = frame == 2 && first != second;
                (true, frame < 4, if crossing { 0.9 } else { at(first, second) })
            })
            .collect()
    };
    let found = tracks(2, 2, 0.5, frames).unwrap();
    assert_eq!(found.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    // Four frames at 0.8, one that only the first has.
    assert!(found.iter().all(|pair| (pair.overlap - 0.64).abs() < 1e-12));
    let mut score = Score::default();
    score.add(2, 2, &found);
    score.add(1, 0, &tracks(1, 0, 0.5, |_, _| Vec::new()).unwrap());
    assert!((score.f1().unwrap() - 0.8).abs() < 1e-12);
    assert_eq!(tracks(1, 1, 0.5, |_, _| vec![(false, false, 0.0)]), Ok(Vec::new()));
    let none = tracks(1, 1, 0.5, |_, _| vec![(true, true, 1.5)]);
    assert_eq!(none, Err(InstancesError::Track { first: 0, second: 0 }));
}

#[test]
fn what_was_missed_counts_against_agreement() {
    let found = |reader, class| Found { reader, class };
    // An image that three were to look at: one thing found by all, one by two, one named otherwise by one.
    let list = [
        found(0, 0),
        found(1, 0),
        found(2, 0),
        found(0, 1),
        found(1, 1),
        found(0, 0),
        found(1, 0),
        found(2, 1),
    ];
    let clusters = [Cluster(vec![0, 1, 2]), Cluster(vec![3, 4]), Cluster(vec![5, 6, 7])];
    let reads = agreement(4, 2, &[(&[0, 1, 2], &list, &clusters)]).unwrap();
    assert_eq!((reads.items(), reads.classes()), (3, 3));
    let rows: Vec<Vec<u16>> = reads.rows().map(|row| row.iter().map(|vote| vote.class).collect()).collect();
    assert_eq!(rows, [vec![0, 0, 0], vec![1, 1, 2], vec![0, 0, 1]]);
    // Nine values, of which 5 are 0, 3 are 1 and 1 is 2: Do = (0 + 4/2 + 4/2) = 4, De = 2 (15 + 5 + 3) / 8.
    let alpha = Counts::new(&reads).alpha(Level::Nominal).unwrap();
    assert!((alpha - (1.0 - 4.0 / (46.0 / 8.0))).abs() < 1e-12, "{alpha}");
    assert!(agreement(4, 2, &[(&[0], &[], &[])]).is_err());
}

#[test]
fn times_overlap_as_stretches() {
    assert_eq!(time_overlap([0.0, 4.0], [1.0, 5.0]), Some(0.6));
    assert_eq!(time_overlap([0.0, 1.0], [2.0, 3.0]), Some(0.0));
    assert_eq!((time_overlap([2.0; 2], [2.0; 2]), time_overlap([2.0; 2], [3.0; 2])), (Some(1.0), Some(0.0)));
    assert_eq!(
        (time_overlap([2.0, 1.0], [0.0, 1.0]), time_overlap([f64::NAN, 1.0], [0.0, 1.0])),
        (None, None)
    );
    let frames = [(true, true, 0.8), (true, false, 0.0), (false, false, 0.9), (true, true, 0.6)];
    assert!((track_overlap(&frames).unwrap() - 1.4 / 3.0).abs() < 1e-12);
    assert_eq!((track_overlap(&frames[2..3]), track_overlap(&[(true, true, 2.0)])), (None, None));
}

/// Boxes on a line: overlaps of stretches, several readers with shifted copies of the same things.
fn scene(seed: u64) -> (Vec<Found>, Vec<[f64; 2]>) {
    let mut random = Random::new(seed);
    let (mut found, mut spans) = (Vec::new(), Vec::new());
    for thing in 0..6 {
        for reader in 0..4 {
            if random.unit() < 0.8 {
                let start = 3.0 * f64::from(thing) + 1.5 * random.unit();
                found.push(Found { reader, class: 0 });
                spans.push([start, start + 2.0 + random.unit()]);
            }
        }
    }
    (found, spans)
}

fn table(spans: &[[f64; 2]]) -> Vec<f64> {
    spans.iter().flat_map(|a| spans.iter().map(|b| time_overlap(*a, *b).unwrap())).collect()
}

/// The same on whole pixels: equal overlaps are everywhere, and some draw a thing twice.
fn whole_scene(seed: u64) -> (Vec<Found>, Vec<[f64; 2]>) {
    let mut random = Random::new(seed);
    let (mut found, mut spans) = (Vec::new(), Vec::new());
    for thing in 0..5 {
        for reader in 0..4 {
            for _ in 0..[0, 1, 1, 1, 2][random.below(5)] {
                let start = 6.0 * f64::from(thing) + random.below(4) as f64;
                found.push(Found { reader, class: 0 });
                spans.push([start, start + 6.0]);
            }
        }
    }
    (found, spans)
}

fn found_by(readers: &[u32]) -> Vec<Found> {
    readers.iter().map(|reader| Found { reader: *reader, class: 0 }).collect()
}

#[test]
fn where_two_want_the_same_one_and_cannot_both_have_it_nobody_gets_it() {
    // One in the middle, one a third to each side: the outer two overlap by half of what either does with the middle.
    let spans = [[3.0, 12.0], [0.0, 9.0], [6.0, 15.0]];
    let alone = |gate: f64| cluster(&found_by(&[0, 1, 2]), &table(&spans), gate).unwrap().len();
    assert_eq!(alone(0.5), 3);
    // All three together where the rule lets the outer two be one thing as well.
    assert_eq!(alone(0.2), 1);
    // Who drew a thing twice has one of the two taken.
    let twice = [[0.0, 9.0], [0.0, 9.0], [1.0, 10.0]];
    let taken = cluster(&found_by(&[0, 0, 1]), &table(&twice), 0.5).unwrap();
    let mut sizes: Vec<usize> = taken.iter().map(|cluster| cluster.0.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
    // The same box by everybody is one thing, however often such things are there.
    let same: Vec<[f64; 2]> =
        (0..12).map(|n| [20.0 * f64::from(n / 4), 20.0 * f64::from(n / 4) + 9.0]).collect();
    let readers: Vec<u32> = (0..12).map(|n| n % 4).collect();
    assert_eq!(cluster(&found_by(&readers), &table(&same), 0.5).unwrap().len(), 3);
}

proptest! {
    #[test]
    fn the_order_does_not_matter_on_whole_pixels(seed in any::<u64>(), shuffle in any::<u64>()) {
        let (found, spans) = whole_scene(seed);
        let mut order: Vec<usize> = (0..found.len()).collect();
        let mut random = Random::new(shuffle);
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place + 1));
        }
        let names = [2, 0, 3, 1];
        let moved: Vec<Found> =
            order.iter().map(|at| Found { reader: names[found[*at].reader as usize], class: 0 }).collect();
        let moved_spans: Vec<[f64; 2]> = order.iter().map(|at| spans[*at]).collect();
        // Findings by what they are: which of two equal ones of a reader is taken says nothing.
        let known = |found: &[Found], spans: &[[f64; 2]], name: &dyn Fn(u32) -> u32| {
            let mut all: Vec<Vec<(u32, u64)>> = cluster(found, &table(spans), 0.5)
                .unwrap()
                .into_iter()
                .map(|cluster| {
                    let mut list: Vec<(u32, u64)> =
                        cluster.0.iter().map(|at| (name(found[*at].reader), spans[*at][0].to_bits())).collect();
                    list.sort_unstable();
                    list
                })
                .collect();
            all.sort();
            all
        };
        let first = known(&found, &spans, &|reader| names[reader as usize]);
        prop_assert_eq!(first, known(&moved, &moved_spans, &|reader| reader));
    }

    #[test]
    fn the_order_of_readers_and_findings_does_not_matter(seed in any::<u64>(), shuffle in any::<u64>()) {
        let (found, spans) = scene(seed);
        let mut order: Vec<usize> = (0..found.len()).collect();
        let mut random = Random::new(shuffle);
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place + 1));
        }
        let names = [2, 0, 3, 1];
        let moved: Vec<Found> =
            order.iter().map(|at| Found { reader: names[found[*at].reader as usize], class: 0 }).collect();
        let moved_spans: Vec<[f64; 2]> = order.iter().map(|at| spans[*at]).collect();
        let mut first: Vec<Vec<usize>> =
            cluster(&found, &table(&spans), 0.5).unwrap().into_iter().map(|cluster| cluster.0).collect();
        let mut second: Vec<Vec<usize>> = cluster(&moved, &table(&moved_spans), 0.5)
            .unwrap()
            .into_iter()
            .map(|cluster| {
                let mut list: Vec<usize> = cluster.0.iter().map(|at| order[*at]).collect();
                list.sort_unstable();
                list
            })
            .collect();
        first.sort();
        second.sort();
        prop_assert_eq!(&first, &second);
        for members in &first {
            let mut readers: Vec<u32> = members.iter().map(|at| found[*at].reader).collect();
            readers.sort_unstable();
            readers.dedup();
            prop_assert_eq!(readers.len(), members.len(), "at most one per reader");
        }
        prop_assert_eq!(first.iter().map(Vec::len).sum::<usize>(), found.len());
    }

    #[test]
    fn turning_the_table_turns_the_pairs(rows in 1_usize..7, columns in 1_usize..7, seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let table: Vec<f64> = (0..rows * columns).map(|_| random.unit()).collect();
        let turned: Vec<f64> = (0..columns).flat_map(|c| (0..rows).map(move |r| (r, c))).map(|(r, c)| table[r * columns + c]).collect();
        let there = assign(rows, columns, &table, 0.3).unwrap();
        let mut back: Vec<(usize, usize)> = assign(columns, rows, &turned, 0.3).unwrap().iter().map(|pair| (pair.second, pair.first)).collect();
        back.sort_unstable();
        prop_assert_eq!(there.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(), back);
    }
}
