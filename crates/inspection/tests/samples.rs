//! The draft on real boards, against their labels. Needs `COUNTERSIGN_SAMPLES`.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_inspection::{
    DefectLabel, DraftDefect, Limits, Params, decode_gray, group_files, parse_labels, template_difference,
};

/// Overlap above which a draft counts as the label's, as in the published scores for these boards.
const MIN_IOU: f64 = 0.33;

/// Every how many parts are compared: all of them take a minute without optimisation.
const PART_STEP: usize = if cfg!(debug_assertions) { 6 } else { 1 };

fn samples() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERSIGN_SAMPLES").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
    }
    folder
}

fn paths(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for lot in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(lot).unwrap().map(|entry| entry.unwrap().path()) {
            found.push(file.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

fn iou(draft: &DraftDefect, label: &DefectLabel) -> f64 {
    let (x1, y1) = (f64::from(draft.x), f64::from(draft.y));
    let (x2, y2) = (x1 + f64::from(draft.width), y1 + f64::from(draft.height));
    let width = (x2.min(label.x2) - x1.max(label.x1)).max(0.0);
    let height = (y2.min(label.y2) - y1.max(label.y1)).max(0.0);
    let both = width * height;
    let label_area = (label.x2 - label.x1) * (label.y2 - label.y1);
    both / ((x2 - x1) * (y2 - y1) + label_area - both)
}

/// Greedy one-to-one matches, best overlap first: pairs of draft and label.
fn matches(drafts: &[DraftDefect], labels: &[DefectLabel]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (d, draft) in drafts.iter().enumerate() {
        pairs.extend(labels.iter().enumerate().map(|(l, label)| (iou(draft, label), d, l)));
    }
    pairs.retain(|pair| pair.0 > MIN_IOU);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (_, d, l) in pairs {
        if taken.iter().all(|t| t.0 != d && t.1 != l) {
            taken.push((d, l));
        }
    }
    taken
}

#[test]
fn drafts_find_the_labelled_defects_of_real_boards() {
    let Some(root) = samples().map(|folder| folder.join("pcb")) else { return };
    let grouping = group_files(&paths(&root));
    assert_eq!((grouping.parts.len(), grouping.unpaired.len()), (42, 0));
    let (mut found, mut drafted, mut labelled, mut right_kind) = (0_usize, 0_usize, 0_usize, 0_usize);
    for part in grouping.parts.iter().step_by(PART_STEP) {
        let read = |path: &str| fs::read(root.join(path)).unwrap();
        let picture = |path: &str| decode_gray(&read(path), Limits::default()).unwrap();
        let labels = parse_labels(&read(part.labels.as_deref().unwrap())).unwrap();
        let drafts = template_difference(&picture(&part.test), &picture(&part.template), &Params::default());
        let pairs = matches(&drafts, &labels);
        right_kind += pairs.iter().filter(|(d, l)| drafts[*d].kind == labels[*l].kind).count();
        found += pairs.len();
        drafted += drafts.len();
        labelled += labels.len();
    }
    let (precision, recall) = (found as f64 / drafted as f64, found as f64 / labelled as f64);
    let f1 = 2.0 * precision * recall / (precision + recall);
    let kinds = right_kind as f64 / found as f64;
    println!(
        "precision {precision:.3}, recall {recall:.3}, F1 {f1:.3}, kind right {kinds:.3} ({labelled} labels)"
    );
    assert!(f1 >= 0.85, "F1 {f1:.3}");
    assert!(kinds >= 0.6, "kind right in {kinds:.3}");
}
