//! Real samples of every industry, and bad files of every kind, through the command line.

use serde_json::Value;

use crate::house::{object, run, samples};

fn ingest(data: &str, project: &str, protocol: &str, path: &str) -> (Option<i32>, Value) {
    let output = run(&["--json", "ingest", "--data", data, "--project", project, "--create", protocol, path]);
    (output.status.code(), object(&output))
}

fn refusal<'a>(said: &'a Value, name: &str) -> &'a Value {
    let found = said["refusals"].as_array().unwrap().iter();
    let mut found = found.filter(|refusal| refusal["name"].as_str().unwrap().ends_with(name));
    found.next().unwrap_or_else(|| panic!("{name} was not refused: {said}"))
}

#[test]
fn every_dicom_file_is_in_an_item_or_refused_with_its_place() {
    let Some(folder) = samples("dicom") else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let (status, said) = ingest(&data, "mixed", "radiology", folder.to_str().unwrap());
    let files = std::fs::read_dir(&folder).unwrap().count() as u64;
    let refusals = said["refusals"].as_array().unwrap();
    assert_eq!(said["ingest"]["stored"].as_u64().unwrap() + refusals.len() as u64, files, "{said}");
    assert_eq!(status, Some(i32::from(!refusals.is_empty())));
    for refusal in refusals {
        let message = refusal["message"].as_str().unwrap();
        assert!(message.contains('(') && message.contains(','), "no tag in {refusal}");
    }
    // Nothing is left behind: every item passed the gate or waits for a person.
    let standing = &said["standing"];
    assert_eq!(standing["jobs_open"], 0);
    assert_eq!(standing["items"]["quarantined"], standing["gate_open"], "{said}");
}

#[test]
fn kitti_frames_are_three_scenes() {
    let Some(folder) = samples("kitti") else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let (status, said) = ingest(&data, "drive", "driving", folder.to_str().unwrap());
    assert_eq!((status, said["items"].as_u64()), (Some(0), Some(3)), "{said}");
    assert_eq!(said["standing"]["gate_open"], 3, "faces are not ruled out");
    let (status, again) = ingest(&data, "drive", "driving", folder.to_str().unwrap());
    assert_eq!(
        (status, again["items"].as_u64(), again["ingest"]["stored"].as_u64()),
        (Some(0), Some(0), Some(0))
    );
}

#[test]
fn board_pairs_are_parts_in_lots() {
    let Some(folder) = samples("pcb") else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let output = run(&[
        "--json",
        "ingest",
        "--store-only",
        "--data",
        &data,
        "--project",
        "boards",
        "--create",
        "inspection",
        folder.to_str().unwrap(),
    ]);
    let said = object(&output);
    assert_eq!((output.status.code(), said["items"].as_u64()), (Some(0), Some(42)), "{said}");
    assert_eq!(said["standing"]["jobs_open"], 42, "left to a server");
}

/// A drive of one frame, made by the program's own maker.
fn scene_files() -> Vec<(String, Vec<u8>)> {
    let options = countersign_synthesis::scene::Options {
        width_px: 200,
        azimuths: 90,
        ..countersign_synthesis::scene::Options::default()
    };
    countersign_synthesis::scene::driving_scene(4, 2, &options)
        .frames
        .iter()
        .flat_map(|f| f.files(true))
        .collect()
}

#[test]
fn a_calibration_that_is_no_rotation_is_refused_and_the_other_scene_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("in");
    for (name, bytes) in scene_files() {
        let path = folder.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, if name == "calib/000001.txt" { stretched(&bytes) } else { bytes }).unwrap();
    }
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let (status, said) = ingest(&data, "drive", "driving", folder.to_str().unwrap());
    assert_eq!((status, said["items"].as_u64()), (Some(1), Some(1)), "{said}");
    let refused = refusal(&said, "calib/000001.txt");
    assert!(refused["message"].as_str().unwrap().contains("R0_rect"), "{refused}");
    let orphan = refusal(&said, "image_2/000001.png");
    assert_eq!(orphan["code"], "incomplete_scene");
    assert!(orphan["message"].as_str().unwrap().contains("calib"), "{orphan}");
}

/// The calibration with a rectifying matrix that stretches.
fn stretched(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix("R0_rect:") {
        Some(_) => "R0_rect: 2 0 0 0 1 0 0 0 1".to_owned(),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

#[test]
fn bad_dicom_is_refused_at_its_place_and_the_good_study_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let options = countersign_synthesis::phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = countersign_synthesis::ct_study(2, &options);
    let good = &study.instances[0].bytes;
    std::fs::write(folder.join("good.dcm"), good).unwrap();
    std::fs::write(folder.join("cut.dcm"), &study.instances[1].bytes[..good.len() / 2]).unwrap();
    let mut polyglot = study.instances[2].bytes.clone();
    polyglot[..4].copy_from_slice(b"MZ\x90\x00");
    std::fs::write(folder.join("polyglot.dcm"), polyglot).unwrap();
    std::fs::write(folder.join("words.dcm"), b"these are words").unwrap();
    let data = home.path().join("data").to_str().unwrap().to_owned();
    let (status, said) = ingest(&data, "ct", "radiology", folder.to_str().unwrap());
    assert_eq!(
        (status, said["items"].as_u64(), said["ingest"]["stored"].as_u64()),
        (Some(1), Some(1), Some(1)),
        "{said}"
    );
    let polyglot = refusal(&said, "polyglot.dcm");
    assert_eq!((&polyglot["code"], polyglot["offset"].as_u64()), (&"polyglot_preamble".into(), Some(0)));
    let cut = refusal(&said, "cut.dcm");
    assert!(cut["offset"].is_u64() || cut["message"].as_str().unwrap().contains("7FE0"), "{cut}");
    assert!(!refusal(&said, "words.dcm")["code"].as_str().unwrap().is_empty());
    assert_eq!(said["refusals"].as_array().unwrap().len(), 3, "{said}");
}
