//! The answer key says what is in the files: each value that must go or stay is there before.

use std::collections::{BTreeMap, BTreeSet};

use countersign_dicom::{DataSet, Element, Instance, Limits, Tag, VR, read, tags};
use countersign_synthesis::identified::{Action, Category, Check, INSTANCES_PER_PATIENT, cohort};

fn hex(text: &str) -> u16 {
    u16::from_str_radix(text, 16).unwrap()
}

/// The element at a path of the key.
fn at<'a>(set: &'a DataSet, path: &str) -> &'a Element {
    if let Some((group, rest)) = path.split_once('"') {
        let (creator, element) = rest.split_once('"').unwrap();
        assert_eq!(set.text(Tag(hex(group), 0x0010)).as_deref(), Some(creator));
        return set.get(Tag(hex(group), 0x1000 | hex(element))).unwrap();
    }
    let tag = Tag(hex(&path[..4]), hex(&path[4..8]));
    match path[8..].strip_prefix('[') {
        None => set.get(tag).unwrap_or_else(|| panic!("{path} is not there")),
        Some(rest) => {
            let (item, below) = rest.split_once("].").unwrap();
            at(&set.items(tag)[item.parse::<usize>().unwrap()], below)
        }
    }
}

/// The value as text, decoded as the file says.
fn text(instance: &Instance, element: &Element) -> String {
    if matches!(element.vr, VR::US | VR::UL | VR::FD) {
        return element.numbers().iter().map(f64::to_string).collect::<Vec<_>>().join("\\");
    }
    let raw = element.bytes().unwrap();
    let utf8 = instance.data.text(tags::SPECIFIC_CHARACTER_SET).unwrap().contains("192");
    let text = if utf8 {
        String::from_utf8(raw.to_vec()).unwrap()
    } else {
        raw.iter().map(|b| char::from(*b)).collect()
    };
    text.trim_matches([' ', '\0']).to_owned()
}

fn holds(instance: &Instance, check: &Check) -> bool {
    match check.action {
        Action::PixelsHidden | Action::PixelsRetained => instance.data.get(tags::PIXEL_DATA).is_some(),
        Action::TagRetained | Action::TextNotnull => !at(&instance.data, &check.path).is_empty(),
        _ => {
            let found = text(instance, at(&instance.data, &check.path));
            found == check.value || found.contains(&check.value)
        }
    }
}

#[test]
fn every_check_is_about_something_that_is_there() {
    let made = cohort(11, 5 * INSTANCES_PER_PATIENT);
    let mut actions = BTreeMap::<Action, usize>::new();
    let mut modalities = BTreeSet::new();
    for instance in &made {
        let source = read(&instance.bytes, &Limits::default())
            .unwrap_or_else(|e| panic!("{}: {e}", instance.key.file));
        assert_eq!(source.data.text(tags::SOP_INSTANCE_UID).as_ref(), Some(&instance.key.instance_uid));
        for check in &instance.key.checks {
            // What Image Type must say once text was painted over is the one thing that is not in the source.
            let painted = check.path == "00080008" && check.value.starts_with("DERIVED\\PRIMARY");
            let value =
                if painted { check.value.replacen("DERIVED", "ORIGINAL", 1) } else { check.value.clone() };
            let check = &Check { value, ..check.clone() };
            assert!(holds(&source, check), "{}: {check:?}", instance.key.file);
            *actions.entry(check.action).or_default() += 1;
        }
        modalities.insert(instance.key.modality.clone());
        let hipaa = instance.key.checks.iter().filter(|check| check.category == Category::Hipaa).count();
        assert!(hipaa > 30, "{}: {hipaa}", instance.key.file);
    }
    assert_eq!(actions.len(), 10, "{actions:?}");
    let wanted = ["CR", "CT", "DX", "MR", "OT", "PT", "SR", "US"];
    assert_eq!(modalities.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn strokes_stand_in_the_pixels_where_the_key_says() {
    let mut seen = 0;
    for instance in cohort(3, INSTANCES_PER_PATIENT) {
        let source = read(&instance.bytes, &Limits::default()).unwrap();
        let number = |tag| source.data.u32(tag).unwrap_or(1) as usize;
        let (columns, samples) = (number(tags::COLUMNS), number(tags::SAMPLES_PER_PIXEL));
        let size = number(tags::BITS_ALLOCATED) / 8;
        for region in instance.key.checks.iter().filter_map(|check| check.region.as_ref()) {
            let pixels = source.data.get(tags::PIXEL_DATA).unwrap().bytes().unwrap();
            let (x, y) = first_stroke(&region.strokes);
            let at = (((region.y + y) * columns + region.x + x) * samples) * size;
            let white = if size == 1 { 255 } else { 4095 };
            let value = pixels[at..at + size].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            assert_eq!(value, white, "{}", instance.key.file);
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}

fn first_stroke(strokes: &[String]) -> (usize, usize) {
    strokes.iter().enumerate().find_map(|(y, line)| Some((line.find('#')?, y))).unwrap()
}

#[test]
fn a_seed_gives_its_files_and_instances_refer_to_each_other() {
    let (a, b) = (cohort(1, 20), cohort(1, 20));
    assert_eq!(a, b);
    assert_ne!(a[0].bytes, cohort(2, 1)[0].bytes);
    let own: BTreeSet<_> = a.iter().map(|instance| instance.key.instance_uid.clone()).collect();
    assert_eq!(own.len(), 20);
    let uids = a[1].key.checks.iter().filter(|check| check.action == Action::UidConsistent);
    assert!(uids.filter(|check| check.value == a[0].key.instance_uid).count() >= 1);
    let patients: BTreeSet<_> = a.iter().map(|instance| &instance.key.patient_id).collect();
    assert_eq!(patients.len(), 2);
}
