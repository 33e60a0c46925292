//! Real files against what pydicom decodes from them (reference/frames.tsv, made by frames.py).

use std::path::PathBuf;

use countersign_dicom::{
    DataSet, Facts, Instance, Limits, Samples, Value, decode_frame, frame_bytes, frame_count, read, tags,
    write,
};
use sha2::{Digest, Sha256};

fn samples() -> Option<PathBuf> {
    let root = std::env::var_os("COUNTERSIGN_SAMPLES").map(PathBuf::from);
    if root.is_none() {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
    }
    root
}

fn words(samples: &Samples) -> Vec<i32> {
    match samples {
        Samples::U8(v) | Samples::Rgb8(v) => v.iter().map(|&x| x.into()).collect(),
        Samples::U16(v) | Samples::Rgb16(v) => v.iter().map(|&x| x.into()).collect(),
        Samples::I16(v) => v.iter().map(|&x| x.into()).collect(),
        Samples::Float(_) => panic!("no sample has floating-point pixels"),
    }
}

fn digest(words: &[i32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// path, frame, rows, columns, samples per pixel, minimum, maximum, sha256
fn reference() -> Vec<Vec<&'static str>> {
    include_str!("reference/frames.tsv")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| l.split('\t').collect())
        .collect()
}

#[test]
fn every_frame_equals_the_reference() {
    let Some(root) = samples() else { return };
    let mut wrong = Vec::new();
    for line in reference() {
        let instance = read(&std::fs::read(root.join(line[0])).unwrap(), &Limits::default()).unwrap();
        match decode_frame(&instance, line[1].parse().unwrap()) {
            Ok(frame) => {
                let got = words(&frame.samples);
                let (low, high) = frame.samples.range();
                let found = [
                    frame.rows.to_string(),
                    frame.columns.to_string(),
                    (got.len() / (frame.rows * frame.columns) as usize).to_string(),
                    low.to_string(),
                    high.to_string(),
                    digest(&got),
                ];
                if found != line[2..] {
                    wrong.push(format!("{} frame {}: {found:?}", line[0], line[1]));
                }
            }
            Err(e) => wrong.push(format!("{} frame {}: {} {e}", line[0], line[1], e.code())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every file that pydicom opens (all 31 of them), whatever it holds.
#[test]
fn every_file_of_the_samples_is_opened_and_untouched_values_are_kept() {
    let Some(root) = samples() else { return };
    let mut seen = 0;
    for folder in ["dicom", "dicom-series"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display();
            let raw = std::fs::read(&path).unwrap();
            let first = read(&raw, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let back = read(&write(&first).unwrap(), &Limits::default()).unwrap();
            same_values(&first.data, &back.data, &name.to_string());
            // The bytes of each frame stand where they are said to stand.
            for frame in 0..frame_count(&first) {
                let found = frame_bytes(&first, frame).unwrap();
                let cut: Vec<u8> = found
                    .ranges
                    .iter()
                    .flat_map(|r| raw[r.start as usize..r.end as usize].to_vec())
                    .collect();
                assert!(holds(&first, frame, &cut), "{name}: frame {frame}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 31);
}

/// Whether these bytes are those that the frame has in memory.
fn holds(instance: &Instance, frame: u32, cut: &[u8]) -> bool {
    match instance.data.get(tags::PIXEL_DATA).map(|e| &e.value) {
        Some(Value::Bytes(raw)) => {
            let at = cut.len() * frame as usize;
            raw.get(at..at + cut.len()) == Some(cut)
        }
        // One frame in all of the samples that are compressed.
        Some(Value::Fragments { fragments, .. }) => {
            fragments.iter().flat_map(|(_, f)| f.to_vec()).eq(cut.iter().copied())
        }
        _ => false,
    }
}

fn same_values(a: &DataSet, b: &DataSet, name: &str) {
    for (tag, element) in a.iter().filter(|(t, _)| t.1 != 0 && t.0 > 2) {
        let other = b.get(tag).unwrap_or_else(|| panic!("{name}: {tag} is gone"));
        match (&element.value, &other.value) {
            (Value::Bytes(x), Value::Bytes(y)) => {
                // A value of odd length gets a byte of padding.
                assert_eq!(x[..], y[..x.len()], "{name}: {tag}");
                assert_eq!(y.len(), x.len().next_multiple_of(2), "{name}: {tag}");
            }
            (Value::Items(x), Value::Items(y)) => {
                assert_eq!(x.len(), y.len(), "{name}: {tag}");
                x.iter().zip(y).for_each(|(x, y)| same_values(x, y, name));
            }
            (Value::Fragments { fragments: x, .. }, Value::Fragments { fragments: y, .. }) => {
                assert!(x.iter().map(|f| &f.1).eq(y.iter().map(|f| &f.1)), "{name}: {tag}");
            }
            _ => panic!("{name}: {tag} is of another kind"),
        }
    }
}

#[test]
fn every_sample_is_read_and_survives_writing() {
    let Some(root) = samples() else { return };
    for line in reference() {
        let bytes = std::fs::read(root.join(line[0])).unwrap();
        let first = read(&bytes, &Limits::default()).unwrap();
        let out = write(&first).unwrap();
        assert!(out[..128].iter().all(|b| *b == 0), "preamble of {}", line[0]);
        let second = read(&out, &Limits::default()).unwrap();
        assert_eq!(frame_count(&first), frame_count(&second), "{}", line[0]);
        let (a, b) = (Facts::of(&first), Facts::of(&second));
        if first.transfer_syntax == second.transfer_syntax {
            assert_eq!(a, b, "{}", line[0]);
        }
        assert_eq!((a.geometry, a.dose, a.windows), (b.geometry, b.dose, b.windows), "{}", line[0]);
        // Writing what was written changes nothing: the form is settled.
        assert_eq!(write(&second).unwrap(), out, "{}", line[0]);
    }
}
