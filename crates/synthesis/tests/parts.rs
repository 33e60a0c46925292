//! Made boards: repeatable, within bounds, in the layout that the intake takes, and findable.

use countersign_inspection::{Limits, Params, decode_gray, group_files, parse_labels, template_difference};
use countersign_synthesis::parts::{Options, SyntheticPart, lot};

fn small() -> Options {
    Options { side_px: 320, ..Options::default() }
}

#[test]
fn a_seed_gives_the_same_lot_and_another_seed_another() {
    assert_eq!(lot(3, 1, &small()), lot(3, 1, &small()));
    assert_ne!(lot(3, 1, &small())[0].test, lot(4, 1, &small())[0].test);
}

#[test]
fn the_files_are_parts_to_the_intake_and_the_labels_are_the_truth() {
    let parts = lot(9, 2, &small());
    let files: Vec<(String, Vec<u8>)> = parts.iter().flat_map(|part| part.files(true)).collect();
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let grouping = group_files(&paths);
    assert_eq!((grouping.parts.len(), grouping.unpaired.len(), grouping.others.len()), (2, 0, 0));
    for (found, part) in grouping.parts.iter().zip(&parts) {
        assert_eq!((&found.lot, &found.stem), (&part.lot, &part.stem));
        let labels = files.iter().find(|(path, _)| Some(path) == found.labels.as_ref());
        assert_eq!(parse_labels(&labels.expect("a label file").1), Ok(part.truth.clone()));
    }
}

#[test]
fn truth_lies_within_the_picture() {
    let parts = lot(21, 4, &small());
    assert!(parts.iter().map(|part| part.truth.len()).sum::<usize>() >= 6);
    for label in parts.iter().flat_map(|part| &part.truth) {
        assert!(label.x1 >= 0.0 && label.y1 >= 0.0 && label.x2 <= 320.0 && label.y2 <= 320.0);
        assert!(label.x2 - label.x1 > 8.0 && label.y2 - label.y1 > 8.0);
    }
}

fn found(part: &SyntheticPart) -> (usize, usize) {
    let decode = |bytes: &[u8]| decode_gray(bytes, Limits::default()).unwrap();
    let drafts = template_difference(&decode(&part.test), &decode(&part.template), &Params::default());
    let hit = |label: &&countersign_inspection::DefectLabel| {
        drafts.iter().any(|draft| {
            let x = f64::from(draft.x) + f64::from(draft.width) / 2.0;
            let y = f64::from(draft.y) + f64::from(draft.height) / 2.0;
            (label.x1..label.x2).contains(&x) && (label.y1..label.y2).contains(&y)
        })
    };
    (part.truth.iter().filter(hit).count(), drafts.len())
}

#[test]
fn the_draft_finds_most_of_what_was_drawn_and_little_else() {
    let parts = lot(5, 4, &small());
    let truth: usize = parts.iter().map(|part| part.truth.len()).sum();
    let (hits, drafts) = parts.iter().map(found).fold((0, 0), |sum, f| (sum.0 + f.0, sum.1 + f.1));
    println!("{hits} of {truth} defects found by {drafts} drafts");
    assert!(hits as f64 >= 0.85 * truth as f64, "{hits} of {truth}");
    assert!(drafts as f64 <= 1.2 * truth as f64, "{drafts} drafts for {truth}");
}
