//! Label errors against cleanlab (reference/label_errors.py made the vectors), and planted ones.

use countersign_quality::{
    Random,
    label_errors::{Doubt, LabelsError, Predicted, Scene, confident, forgotten, scene_weight},
};

#[test]
fn suspects_are_those_of_cleanlab() {
    let mut suspects = 0;
    for line in include_str!("reference/label_errors.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let classes: usize = f[0].parse().unwrap();
        let labels: Vec<u16> = f[1].split(',').map(|cell| cell.parse().unwrap()).collect();
        let values: Vec<f32> = f[2].split([',', ';']).map(|cell| cell.parse().unwrap()).collect();
        let found = confident(&labels, &values, classes).unwrap();
        let items: Vec<String> = found.suspects.iter().map(|suspect| suspect.item.to_string()).collect();
        assert_eq!(items.join(","), f[3]);
        let mut joint = found.joint.clone();
        // cleanlab puts at least 1 on the diagonal.
        for class in 0..classes {
            joint[class * classes + class] = joint[class * classes + class].max(1);
        }
        assert_eq!(joint.iter().map(u64::to_string).collect::<Vec<_>>().join(","), f[4]);
        suspects += items.len();
    }
    assert!(suspects > 20, "{suspects}");
}

#[test]
fn planted_errors_come_first_and_are_counted() {
    let (n, classes) = (6000, 10);
    let mut random = Random::new(8);
    let (mut labels, mut values, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for item in 0..n {
        let truth = random.below(classes);
        let flipped = random.unit() < 0.05;
        labels.push(((truth + if flipped { 1 + random.below(classes - 1) } else { 0 }) % classes) as u16);
        if flipped {
            wrong.push(item);
        }
        let mut row: Vec<f32> = (0..classes).map(|_| random.unit() as f32).collect();
        row[truth] += 3.0 + 6.0 * random.unit() as f32;
        let sum: f32 = row.iter().sum();
        values.extend(row.iter().map(|value| value / sum));
    }
    let found = confident(&labels, &values, classes).unwrap();
    let hits = found.suspects.iter().filter(|suspect| wrong.binary_search(&suspect.item).is_ok()).count();
    // Half of the confident items are below their class's mean by definition: precise, but not complete.
    assert!(hits * 10 > found.suspects.len() * 9, "{hits} of {} suspects", found.suspects.len());
    assert!(hits * 2 > wrong.len(), "{hits} of {}", wrong.len());
    let mut given = vec![0; classes];
    for label in &labels {
        given[usize::from(*label)] += 1;
    }
    let share = found.wrong_share(&given);
    assert!((share - wrong.len() as f64 / n as f64).abs() < 0.02, "{share}");
}

#[test]
fn what_does_not_fit_is_named() {
    let row = [0.5_f32, 0.5];
    assert_eq!(confident(&[0], &row, 1).unwrap_err(), LabelsError::Classes(1));
    let shape = LabelsError::Shape { labels: 2, probabilities: 2, classes: 2 };
    assert_eq!(confident(&[0, 1], &row, 2).unwrap_err(), shape);
    assert_eq!(confident(&[2], &row, 2).unwrap_err(), LabelsError::Label { item: 0, label: 2 });
    for bad in [[0.5, 0.6], [1.5, -0.5], [f32::NAN, 1.0], [f32::INFINITY, 0.0]] {
        assert!(
            matches!(confident(&[0], &bad, 2), Err(LabelsError::Probabilities { item: 0, .. })),
            "{bad:?}"
        );
    }
}

#[test]
fn each_kind_of_doubt_is_raised() {
    // Four objects: fine, of another class, askew, alone. Five predictions; the last is of something that was forgotten.
    let predicted =
        [(0, 0.9), (3, 0.8), (2, 0.9), (1, 0.3), (1, 0.7)].map(|(class, score)| Predicted { class, score });
    #[rustfmt::skip]
    let overlaps = [
        0.9, 0.0, 0.0, 0.0, 0.0,
        0.0, 0.8, 0.0, 0.2, 0.0,
        0.0, 0.0, 0.3, 0.0, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.05,
    ];
    let scene = Scene { drawn: &[0, 1, 2, 3], predicted: &predicted, overlaps: &overlaps };
    let doubts = scene.doubts().unwrap();
    let kinds: Vec<Doubt> = doubts.iter().map(|suspicion| suspicion.doubt).collect();
    assert_eq!(
        kinds,
        [
            Doubt::Alone { drawn: 3 },
            Doubt::Missing { predicted: 4 },
            Doubt::Place { drawn: 2, predicted: 2 },
            Doubt::Class { drawn: 1, predicted: 1 },
        ]
    );
    assert!((doubts[1].weight - 0.7 * 0.95).abs() < 1e-6);
    let fine = Scene { drawn: &[0], predicted: &predicted[..1], overlaps: &[0.9] };
    assert!(fine.doubts().unwrap().is_empty());
    assert!(scene_weight(&doubts) > scene_weight(&fine.doubts().unwrap()));
    let short = Scene { overlaps: &overlaps[1..], ..scene };
    assert!(matches!(short.doubts(), Err(LabelsError::Shape { .. })));
    let bad = Scene { overlaps: &[1.5], ..fine };
    assert!(matches!(bad.doubts(), Err(LabelsError::Probabilities { item: 0, .. })));
}

#[test]
fn what_was_forgotten_ranks_before_what_was_dreamt() {
    let mut random = Random::new(5);
    let (mut kept, mut lists, mut forgot) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..400 {
        let (mut drawn, mut predicted, mut columns, mut gone) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..5 {
            let missed = random.unit() < 0.1;
            // A detector sees four of five, surely, and dreams of one in five, unsurely.
            if random.unit() < 0.8 {
                gone.push(missed);
                columns.push((!missed).then_some(drawn.len()));
                predicted.push(Predicted { class: 0, score: 0.4 + 0.6 * random.unit() as f32 });
            }
            if !missed {
                drawn.push(0);
            }
            if random.unit() < 0.2 {
                gone.push(false);
                columns.push(None);
                predicted.push(Predicted { class: 0, score: 0.6 * random.unit() as f32 });
            }
        }
        let overlaps: Vec<f32> = (0..drawn.len())
            .flat_map(|row| {
                columns.iter().map(move |of| if *of == Some(row) { 0.8 } else { 0.0 }).collect::<Vec<_>>()
            })
            .collect();
        kept.push((drawn, predicted));
        lists.push(overlaps);
        forgot.push(gone);
    }
    let scenes: Vec<Scene> = kept
        .iter()
        .zip(&lists)
        .map(|((drawn, predicted), overlaps)| Scene { drawn, predicted, overlaps })
        .collect();
    let found = forgotten(&scenes).unwrap();
    let all = forgot.iter().flatten().filter(|gone| **gone).count();
    let is_gone = |suspicion: &countersign_quality::label_errors::Suspicion| match suspicion.doubt {
        Doubt::Missing { predicted } => forgot[suspicion.scene][predicted],
        _ => false,
    };
    assert_eq!(
        found.iter().filter(|suspicion| is_gone(suspicion)).count(),
        all,
        "each that was seen is listed"
    );
    let first = found[..all].iter().filter(|suspicion| is_gone(suspicion)).count();
    let chance = all as f64 / found.len() as f64;
    eprintln!("of the first {all} suspicions {first} were forgotten; at random {:.0}", all as f64 * chance);
    assert!(first as f64 > 1.8 * all as f64 * chance, "{first} of {all}, chance {chance:.2}");
}
