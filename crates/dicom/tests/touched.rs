//! Masks burnt into lossy frames: the blocks under a mask change, every other sample stays what it was.

mod common;

use common::{fragments, image, streams};
use countersign_dicom::{
    Cells, FrameEdit, Instance, StoredSamples, frame_count, raw_samples, replace_frames, tags,
};

const BASELINE: &str = "1.2.840.10008.1.2.4.50";
const EXTENDED: &str = "1.2.840.10008.1.2.4.51";

fn instance(syntax: &str, [rows, columns, samples]: [u16; 3], bits: (u16, u16), stream: &[u8]) -> Instance {
    let photometric = if samples == 3 { "YBR_FULL_422" } else { "MONOCHROME2" };
    let set = image(rows, columns, samples, photometric, bits, fragments(&[stream, stream]));
    let mut instance = Instance::new(set);
    instance.data.put_text(tags::NUMBER_OF_FRAMES, countersign_dicom::VR::IS, "2");
    instance.transfer_syntax = syntax.to_owned();
    instance
}

fn cell(samples: &StoredSamples, x: u32, y: u32, c: u32) -> f64 {
    let n = u32::from(samples.samples_per_pixel);
    samples.cells.get(((y * samples.columns + x) * n + c) as usize).unwrap()
}

/// Paints pixels 9 to 14 across and 17 to 22 down, puts them back, and compares. `reach` is how far from the
/// mask a sample may change: the side of a block of the coarsest component and its interpolation.
fn check(name: &str, syntax: &str, shape: [u16; 3], bits: (u16, u16), stream: &[u8], reach: u32) {
    let mut instance = instance(syntax, shape, bits, stream);
    assert_eq!(frame_count(&instance), 2);
    let before = raw_samples(&instance, 1).unwrap();
    let mut painted = before.clone();
    painted.paint(9..15, 17..23);
    let edit = FrameEdit { frame: 1, samples: painted.clone() };
    let done = replace_frames(&mut instance, vec![edit]).unwrap();
    assert!(done.lossy && done.any(), "{name}");
    assert_eq!(raw_samples(&instance, 0).unwrap(), before, "{name}: the other frame");
    let after = raw_samples(&instance, 1).unwrap();
    let scale = f64::from(1u32 << bits.1) / 256.0;
    let side = reach / 8 * 8;
    let (mut same, mut inside) = (0, 0.0f64);
    for y in 0..before.rows {
        for x in 0..before.columns {
            let corner = |v: u32, low: u32, high: u32| (v / side < low / side, v / side > (high - 1) / side);
            let ((left, right), (above, below)) = (corner(x, 9, 15), corner(y, 17, 23));
            // Smooth interpolation of chroma looks one sample over the edge of its block.
            let edge = |v: u32| side > 8 && [0, 1, side - 2, side - 1].contains(&(v % side));
            for c in 0..u32::from(before.samples_per_pixel) {
                let (was, is) = (cell(&before, x, y, c), cell(&after, x, y, c));
                if (left || right || above || below) && !(c > 0 && (edge(x) || edge(y))) {
                    assert_eq!(was, is, "{name}: sample {c} of ({x}, {y})");
                    same += 1;
                } else if (10..14).contains(&x) && (18..22).contains(&y) {
                    inside = inside.max((is - cell(&painted, x, y, c)).abs() / scale);
                }
            }
        }
    }
    assert!(same > 300, "{name}: {same} samples outside");
    assert!(inside < 40.0, "{name}: the mask differs by {inside} of 256 from what was painted");
}

#[test]
fn baseline_blocks_outside_of_a_mask_keep_their_samples() {
    for (name, shape, stream) in streams(include_str!("reference/baseline.tsv")) {
        let reach = if shape[2] == 1 || name == "full" { 8 } else { 16 };
        check(&name, BASELINE, shape, (8, 8), &stream, reach);
    }
}

#[test]
fn twelve_bit_blocks_outside_of_a_mask_keep_their_samples() {
    let table = include_str!("reference/jpeg12.tsv");
    for (name, shape, stream) in streams(table).into_iter().filter(|(_, s, _)| s[0] >= 20) {
        check(&name, EXTENDED, shape, (16, 12), &stream, 8);
    }
}

#[test]
fn a_frame_that_was_not_changed_decodes_to_the_same_samples() {
    for (name, shape, stream) in streams(include_str!("reference/baseline.tsv")) {
        let mut instance = instance(BASELINE, shape, (8, 8), &stream);
        let before = raw_samples(&instance, 0).unwrap();
        replace_frames(&mut instance, vec![FrameEdit { frame: 0, samples: before.clone() }]).unwrap();
        assert_eq!(raw_samples(&instance, 0).unwrap(), before, "{name}");
    }
}

#[test]
fn identity_in_other_application_segments_does_not_survive() {
    let (_, shape, stream) = streams(include_str!("reference/baseline.tsv")).remove(1);
    let note = [&[0xFF, 0xE1, 0, 12][..], b"Exif\0\0name"].concat();
    let with_note = [&stream[..2], &note, &stream[2..]].concat();
    let mut instance = instance(BASELINE, shape, (8, 8), &with_note);
    let samples = raw_samples(&instance, 0).unwrap();
    assert!(matches!(samples.cells, Cells::U8(_)));
    replace_frames(&mut instance, vec![FrameEdit { frame: 0, samples }]).unwrap();
    let Some(countersign_dicom::Value::Fragments { fragments, .. }) =
        instance.data.get(tags::PIXEL_DATA).map(|e| &e.value)
    else {
        panic!("not encapsulated")
    };
    let holds = |data: &[u8], word: &[u8]| data.windows(word.len()).any(|w| w == word);
    assert!(!holds(&fragments[0].1, b"name") && holds(&fragments[0].1, b"JFIF"));
    assert!(holds(&fragments[1].1, b"name"), "the other frame is as it was");
}
