//! Label errors against cleanlab (reference/label_errors.py made the vectors), and planted ones.

use countersign_quality::{
    Random,
    label_errors::{LabelsError, confident},
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
