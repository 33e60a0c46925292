//! The made CT study: repeatable, valid DICOM, truth inside, and its nodules findable.

use std::io::Cursor;

use countersign_learning::{DraftLesion, Params, Volume, threshold_components};
use countersign_synthesis::phantom::{Options, Place, SyntheticStudy, ct_study};
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, from_reader};

fn small(slices: usize) -> Options {
    Options { size_px: 128, slices, ..Options::default() }
}

fn open(bytes: &[u8]) -> DefaultDicomObject {
    from_reader(Cursor::new(bytes)).expect("a DICOM file")
}

fn text(object: &DefaultDicomObject, tag: dicom_core::Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().trim_end().to_owned()
}

fn numbers(object: &DefaultDicomObject, tag: dicom_core::Tag) -> Vec<f64> {
    object.element(tag).unwrap().to_multi_float64().unwrap()
}

#[test]
fn a_seed_gives_the_same_study_and_another_seed_another_patient() {
    let study = ct_study(2, &small(2));
    assert_eq!(study, ct_study(2, &small(2)));
    let other = ct_study(3, &small(2));
    let uid = |study: &SyntheticStudy| text(&open(&study.instances[0].bytes), tags::STUDY_INSTANCE_UID);
    assert_ne!(uid(&study), uid(&other));
}

#[test]
fn every_file_is_a_valid_ct_image_with_something_to_remove() {
    let study = ct_study(7, &small(3));
    let mut instances = Vec::new();
    for (index, instance) in study.instances.iter().enumerate() {
        let object = open(&instance.bytes);
        assert_eq!(text(&object, tags::SOP_CLASS_UID), "1.2.840.10008.5.1.4.1.1.2");
        assert_eq!(object.meta().media_storage_sop_instance_uid(), text(&object, tags::SOP_INSTANCE_UID));
        assert_eq!(numbers(&object, tags::IMAGE_POSITION_PATIENT), study.origins_mm[index]);
        assert_eq!(numbers(&object, tags::PIXEL_SPACING)[0], study.spacing_mm);
        assert_eq!(numbers(&object, tags::RESCALE_INTERCEPT), [-1024.0]);
        assert!(numbers(&object, tags::CTD_IVOL)[0] > 1.0);
        assert!(!text(&object, tags::PATIENT_NAME).is_empty());
        assert!(object.element(dicom_core::Tag(0x0009, 0x1001)).is_ok(), "a private element");
        let pixels = object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap();
        assert_eq!(pixels.len(), 128 * 128 * 2);
        assert!(study.instances[index].bytes[..128].iter().any(|&byte| byte != 0), "text in the preamble");
        instances.push(text(&object, tags::SOP_INSTANCE_UID));
    }
    instances.dedup();
    assert_eq!(instances.len(), 3);
    assert!(study.origins_mm[0][2] > study.origins_mm[2][2], "from head to foot");
}

/// All stored values of the study, read back from its files.
fn values(study: &SyntheticStudy) -> Vec<i16> {
    let pixels = |bytes: &[u8]| -> Vec<u8> {
        open(bytes).element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().to_vec()
    };
    let pair = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]);
    study
        .instances
        .iter()
        .flat_map(|i| pixels(&i.bytes).chunks_exact(2).map(pair).collect::<Vec<_>>())
        .collect()
}

#[test]
fn lesions_lie_in_the_stack_and_show_their_value() {
    let study = ct_study(7, &small(40));
    let values = values(&study);
    assert!(study.lesions.len() >= 3, "{:?}", study.lesions);
    for lesion in &study.lesions {
        let c = lesion.centre_mm;
        let column = ((c[0] - study.origins_mm[0][0]) / study.spacing_mm).round() as usize;
        let row = ((c[1] - study.origins_mm[0][1]) / study.spacing_mm).round() as usize;
        let slice = ((study.origins_mm[0][2] - c[2]) / 2.5).round() as usize;
        assert!(column < 128 && row < 128 && slice < 40, "{lesion:?}");
        let hu = f64::from(values[(slice * 128 + row) * 128 + column]) - 1024.0;
        assert!((hu - lesion.hu).abs() < 70.0, "{hu} where {} was drawn", lesion.hu);
    }
}

/// Middle of a draft in patient coordinates, in millimetres.
fn centre(study: &SyntheticStudy, draft: &DraftLesion) -> [f64; 3] {
    let part = &draft.slices[draft.slices.len() / 2];
    let origin = study.origins_mm[part.slice];
    let place =
        |start: u32, length: u32| (f64::from(start) + f64::from(length) / 2.0 - 0.5) * study.spacing_mm;
    [origin[0] + place(part.x, part.width), origin[1] + place(part.y, part.height), origin[2]]
}

#[test]
fn the_draft_finds_the_nodules() {
    let study = ct_study(11, &Options { size_px: 192, ..Options::default() });
    let values = values(&study);
    let spacing_mm = [study.spacing_mm, study.spacing_mm, 2.5];
    let volume = Volume {
        rows: 192,
        columns: 192,
        slices: 40,
        spacing_mm,
        values: &values,
        slope: 1.0,
        intercept: -1024.0,
    };
    let drafts = threshold_components(&volume, &Params::default()).unwrap();
    let hit = |lesion: &&countersign_synthesis::phantom::TruthLesion| {
        drafts.iter().any(|draft| {
            let d = centre(&study, draft);
            let off: f64 = (0..3).map(|axis| (d[axis] - lesion.centre_mm[axis]).powi(2)).sum();
            off.sqrt() < lesion.radius_mm + 2.0
        })
    };
    let nodules: Vec<_> = study.lesions.iter().filter(|lesion| lesion.place == Place::Lung).collect();
    let found = nodules.iter().filter(|lesion| hit(lesion)).count();
    let all = study.lesions.iter().filter(hit).count();
    println!(
        "{found} of {} nodules, {all} of {} lesions, {} drafts",
        nodules.len(),
        study.lesions.len(),
        drafts.len()
    );
    assert_eq!(found, nodules.len());
}
