//! Consensus and overlaps against crowd-kit, SimpleITK, ensemble-boxes, torchmetrics and exact fractions. The script beside each
//! file of vectors made it.

use countersign_quality::{
    Read, Reads,
    consensus::{Options, dawid_skene, staple, support, weighted_mean},
    instances::{Found, Score, cluster, onsets, segments, time_overlap, track_overlap},
};

fn fields(line: &str) -> Vec<&str> {
    line.split('\t').collect()
}

fn reals(cells: &str) -> Vec<f64> {
    cells.split(',').map(|cell| cell.parse().unwrap()).collect()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, reference {expected}");
}

fn reads(classes: usize, table: &str) -> Reads {
    let units: Vec<&str> = table.split(';').collect();
    let mut list = Vec::new();
    for (item, unit) in (0..).zip(&units) {
        let cells = (0..).zip(unit.split(',')).filter(|(_, cell)| *cell != ".");
        list.extend(cells.map(|(reader, cell)| Read { item, reader, class: cell.parse().unwrap() }));
    }
    Reads::new(units.len(), units[0].split(',').count(), classes, &list).unwrap()
}

#[test]
fn without_its_prior_dawid_and_skene_is_that_of_crowd_kit() {
    let (mut tables, mut compared) = (0, 0);
    for line in include_str!("reference/dawid_skene.tsv").lines() {
        let f = fields(line);
        let (classes, iterations) = (f[1].parse().unwrap(), f[2].parse().unwrap());
        let reads = reads(classes, f[3]);
        let found = dawid_skene(&reads, Options { iterations, tolerance: -1.0, strength: 0.0 }).unwrap();
        assert_eq!(found.iterations, iterations);
        let mut same = |found: f64, expected: f64| {
            near(found, expected, 1e-9, f[0]);
            compared += 1;
        };
        for (item, expected) in f[4].split(';').enumerate() {
            let posterior = found.posterior(item);
            posterior.iter().zip(reals(expected)).for_each(|(own, expected)| same(*own, expected));
        }
        found.shares.iter().zip(reals(f[5])).for_each(|(own, expected)| same(*own, expected));
        for (reader, rows) in f[6].split(';').enumerate() {
            for (said, row) in (0..).zip(rows.split('|')).filter(|(_, row)| *row != ".") {
                for (truth, expected) in (0..).zip(reals(row)) {
                    same(found.confusion(reader, truth, said), expected);
                }
            }
        }
        tables += 1;
    }
    assert_eq!((tables, compared), (6, 1486));
}

#[test]
fn masks_are_fused_as_by_simple_itk() {
    let (mut volumes, mut elements) = (0, 0);
    for line in include_str!("reference/staple.tsv").lines() {
        let f = fields(line);
        let masks: Vec<Vec<u8>> =
            f[4].split(',').map(|mask| mask.bytes().map(|digit| digit - b'0').collect()).collect();
        let views: Vec<&[u8]> = masks.iter().map(Vec::as_slice).collect();
        let found = staple(&views, 5000, 0.0).unwrap();
        // Nothing pulls the rates of a single reader away from where they began, 1e-5 from SimpleITK's.
        let (rates, shares) = if masks.len() == 1 { (2e-5, 5e-5) } else { (1e-6, 2e-6) };
        for (own, expected) in found.sensitivity.iter().zip(reals(f[5])) {
            near(*own, expected, rates, f[0]);
        }
        for (own, expected) in found.specificity.iter().zip(reals(f[6])) {
            near(*own, expected, rates, f[0]);
        }
        let expected = reals(f[7]);
        assert_eq!((found.pixels(), found.sensitivity.len()), (expected.len(), masks.len()));
        for (inside, expected) in found.inside().zip(expected) {
            near(f64::from(inside), expected, shares, f[0]);
            assert_eq!(inside > 0.5, expected > 0.5, "{}: the same decision", f[0]);
            elements += 1;
        }
        volumes += 1;
    }
    assert_eq!((volumes, elements), (4, 4 * 8 * 8 * 3));
}

fn box_overlap(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let area = |of: &[f64; 4]| (of[2] - of[0]) * (of[3] - of[1]);
    let side = |near: usize| (a[near + 2].min(b[near + 2]) - a[near].max(b[near])).max(0.0);
    let common = side(0) * side(1);
    common / (area(a) + area(b) - common)
}

#[test]
fn boxes_are_fused_as_by_ensemble_boxes() {
    let (mut scenes, mut boxes) = (0, 0);
    for line in include_str!("reference/boxes.tsv").lines() {
        let f = fields(line);
        let trust = reals(f[1]);
        let drawn: Vec<Vec<f64>> = f[2].split(';').map(reals).collect();
        let readers: Vec<usize> = drawn.iter().map(|row| row[0] as usize).collect();
        let found: Vec<Found> = readers.iter().map(|r| Found { reader: *r as u32, class: 0 }).collect();
        let edges: Vec<[f64; 4]> = drawn.iter().map(|row| [row[1], row[2], row[3], row[4]]).collect();
        let table: Vec<f64> = edges.iter().flat_map(|a| edges.iter().map(|b| box_overlap(a, b))).collect();
        let mut fused: Vec<Vec<f64>> = cluster(&found, &table, 0.55)
            .unwrap()
            .iter()
            .map(|of| {
                let rows: Vec<[f64; 4]> = of.0.iter().map(|at| edges[*at]).collect();
                let weights: Vec<f64> = of.0.iter().map(|at| drawn[*at][5] * trust[readers[*at]]).collect();
                let mut row = weighted_mean(&rows, &weights).unwrap().to_vec();
                row.push(support(&weights, &trust).unwrap());
                row
            })
            .collect();
        fused.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for (column, tolerance) in [(3, 2e-7), (4, 1e-9)] {
            let expected: Vec<Vec<f64>> = f[column].split(';').map(reals).collect();
            assert_eq!(fused.len(), expected.len(), "{}", f[0]);
            for (own, expected) in fused.iter().flatten().zip(expected.iter().flatten()) {
                near(*own, *expected, tolerance, f[0]);
            }
        }
        scenes += 1;
        boxes += fused.len();
    }
    assert_eq!((scenes, boxes), (4, 18));
}

/// Overlaps of the things of two maps, rows of the first by columns of the second, and how many each has.
fn maps(first: &str, second: &str) -> (usize, usize, Vec<f64>) {
    let cells = |text: &str| -> Vec<u32> { text.split(',').map(|cell| cell.parse().unwrap()).collect() };
    let (a, b) = (cells(first), cells(second));
    let names = |of: &[u32]| {
        let mut names: Vec<u32> = of.iter().copied().filter(|name| *name > 0).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let (of_a, of_b) = (names(&a), names(&b));
    let mut table = Vec::new();
    for n in &of_a {
        for m in &of_b {
            let count = |of: &dyn Fn(bool, bool) -> bool| {
                a.iter().zip(&b).filter(|(x, y)| of(*x == n, *y == m)).count() as f64
            };
            table.push(count(&|x, y| x && y) / count(&|x, y| x || y));
        }
    }
    (of_a.len(), of_b.len(), table)
}

#[test]
fn panoptic_quality_and_f1_are_those_of_torchmetrics_and_the_paper() {
    let mut compared = 0;
    for line in include_str!("reference/panoptic.tsv").lines() {
        let f = fields(line);
        let (first, second, table) = maps(f[2], f[3]);
        let matched = segments(first, second, &table).unwrap();
        let mut score = Score::default();
        score.add(first, second, &matched);
        let columns = [(score.panoptic(), 4, 2e-7), (score.panoptic(), 5, 1e-9), (score.f1(), 6, 1e-9)];
        for (own, column, tolerance) in columns {
            match own {
                Some(own) => near(own, f[column].parse().unwrap(), tolerance, f[0]),
                None => assert_eq!(f[column], ".", "{}", f[0]),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 8 * 3);
}

#[test]
fn events_with_onsets_in_tolerance_match_as_by_mir_eval() {
    let (mut rows, mut pairs) = (0, 0);
    let lines = include_str!("reference/overlap.tsv").lines();
    for f in lines.map(fields).filter(|f| f[0] == "onset") {
        let times = |cell: &str| if cell == "." { Vec::new() } else { reals(cell) };
        let (first, second, tolerance) = (times(f[2]), times(f[3]), f[1].parse().unwrap());
        let matched = onsets(&first, &second, tolerance).unwrap();
        assert_eq!(matched.len(), f[4].parse::<usize>().unwrap());
        assert!(matched.iter().all(|pair| (first[pair.first] - second[pair.second]).abs() <= tolerance));
        let mut score = Score::default();
        score.add(first.len(), second.len(), &matched);
        near(score.f1().unwrap(), f[5].parse().unwrap(), 1e-9, f[1]);
        rows += 1;
        pairs += matched.len();
    }
    assert_eq!((rows, pairs), (6, 216));
}

#[test]
fn times_and_tracks_overlap_by_exact_fractions() {
    let (mut times, mut tracks) = (0, 0);
    let lines = include_str!("reference/overlap.tsv").lines();
    for line in lines.filter(|line| !line.starts_with("onset")) {
        let f = fields(line);
        let own = if f[0] == "time" {
            times += 1;
            let at = |place: usize| f[place].parse::<f64>().unwrap();
            time_overlap([at(1), at(2)], [at(3), at(4)])
        } else {
            tracks += 1;
            let rows = f[1].split(';').map(reals);
            let frames: Vec<_> = rows.map(|row| (row[0] > 0.0, row[1] > 0.0, row[2])).collect();
            track_overlap(&frames)
        };
        match own {
            Some(own) => near(own, f[f.len() - 1].parse().unwrap(), 1e-9, line),
            None => assert_eq!(f[f.len() - 1], ".", "{line}"),
        }
    }
    assert_eq!((times, tracks), (27, 6));
}
