//! Real files against what pydicom decodes from them (reference/frames.tsv, made by frames.py).

use std::path::PathBuf;

use countersign_dicom::{Facts, Limits, Samples, decode_frame, frame_count, read, write};
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
