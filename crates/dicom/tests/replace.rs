//! Frames put back: what was edited comes back as edited, what was not keeps its bytes.

mod common;

use common::{bytes, image};
use countersign_dicom::{
    Cells, DataSet, DicomError, EXPLICIT_LITTLE, FrameEdit, FrameOutcome, Instance, Limits, Tag, VR, Value,
    frame_bytes, raw_samples, read, replace_frames, tags, transcode_to_native, write,
};
use proptest::prelude::*;

const RLE: &str = "1.2.840.10008.1.2.5";
const LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const DEFLATED_FRAME: &str = "1.2.840.10008.1.2.8.1";

/// Shape of a picture for the tests.
#[derive(Debug, Clone, Copy)]
struct Shape {
    rows: u16,
    columns: u16,
    samples: u16,
    allocated: u16,
    stored: u16,
    frames: u16,
}

/// Noise with flat stretches, from a seed.
fn noise(shape: Shape, seed: u64) -> Vec<u32> {
    let count = usize::from(shape.rows) * usize::from(shape.columns) * usize::from(shape.samples);
    let mut state = seed | 1;
    let mut last = 0;
    (0..count * usize::from(shape.frames))
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if i % 37 < 20 {
                last = (state >> 33) as u32;
            }
            // Stored bits only.
            last & ((1u64 << shape.stored) - 1) as u32
        })
        .collect()
}

fn pack(shape: Shape, values: &[u32]) -> Vec<u8> {
    match shape.allocated {
        1 => {
            let mut out = vec![0u8; values.len().div_ceil(8)];
            values.iter().enumerate().for_each(|(i, v)| out[i / 8] |= (*v as u8 & 1) << (i % 8));
            out
        }
        8 => values.iter().map(|v| *v as u8).collect(),
        16 => values.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    }
}

fn native(shape: Shape, values: &[u32]) -> DataSet {
    let photometric = if shape.samples == 3 { "RGB" } else { "MONOCHROME2" };
    let bits = (shape.allocated, shape.stored);
    let pixels = Value::Bytes(pack(shape, values).into());
    let mut set = image(shape.rows, shape.columns, shape.samples, photometric, bits, pixels);
    set.put_text(tags::NUMBER_OF_FRAMES, VR::IS, &shape.frames.to_string());
    set
}

fn open(raw: &[u8]) -> Instance {
    read(raw, &Limits::default()).unwrap()
}

/// An empty frame of run lengths: what the codecs below take the place of.
fn placeholder(syntax: &str, shape: Shape) -> Vec<u8> {
    match syntax {
        LOSSLESS | JPEG_LS => {
            let marker = if syntax == LOSSLESS { 0xC3 } else { 0xF7 };
            let mut out =
                vec![0xFF, 0xD8, 0xFF, marker, 0, 11, shape.stored as u8, 0, 1, 0, 1, 1, 1, 0x11, 0];
            out.extend_from_slice(&[0xFF, 0xD9, 0]);
            out
        }
        JPEG_2000 => {
            let word = |n: u16| [[0, 0], n.to_be_bytes()].concat();
            let (w, h) = (word(shape.columns), word(shape.rows));
            let zero = word(0);
            let samples = shape.samples.to_be_bytes();
            let mut out =
                [&[0xFF, 0x4F, 0xFF, 0x51, 0, 38 + 3 * samples[1], 0, 0][..], &w, &h, &zero, &zero].concat();
            out.extend([&w[..], &h, &zero, &zero, &samples].concat());
            out.extend([shape.stored as u8 - 1, 1, 1].repeat(usize::from(shape.samples)));
            // The components are transformed together where there are three.
            out.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, u8::from(shape.samples == 3), 0, 4, 4, 0, 1]);
            out
        }
        _ => vec![0; 64],
    }
}

/// A compressed instance whose frames are made by the encoder under test.
fn compressed(syntax: &str, shape: Shape, values: &[u32]) -> Instance {
    let source = open(&bytes(native(shape, values), EXPLICIT_LITTLE));
    let mut set = native(shape, values);
    let frame = placeholder(syntax, shape);
    let parts: Vec<&[u8]> = (0..shape.frames).map(|_| &frame[..]).collect();
    set.get_mut(tags::PIXEL_DATA).unwrap().value = common::fragments(&parts);
    let mut instance = Instance::new(set);
    instance.transfer_syntax = syntax.to_owned();
    let edits = (0..u32::from(shape.frames))
        .map(|frame| FrameEdit { frame, samples: raw_samples(&source, frame).unwrap() })
        .collect();
    let done = replace_frames(&mut instance, edits).unwrap();
    assert!(!done.lossy && done.frames.iter().all(|f| *f == FrameOutcome::Reencoded));
    instance
}

fn numbers(cells: &Cells) -> Vec<u32> {
    (0..cells.len()).map(|i| cells.get(i).unwrap() as u32).collect()
}

fn shapes() -> impl Strategy<Value = Shape> {
    let bits =
        prop_oneof![Just((1u16, 1u16)), (2u16..=8).prop_map(|s| (8, s)), (9u16..=16).prop_map(|s| (16, s)),];
    // Past one block of 64, so that there are several; 33 is decomposed more than once.
    let side = || prop_oneof![4 => 1u16..20, 1 => 30u16..40, 1 => 60u16..140];
    (side(), side(), prop_oneof![Just(1u16), Just(3)], bits, 1u16..4).prop_map(
        |(rows, columns, samples, (allocated, stored), frames)| {
            // Colour of single bits does not exist.
            let samples = if allocated == 1 { 1 } else { samples };
            Shape { rows, columns, samples, allocated, stored, frames }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lossless codings give back what they were given, and a second edit touches its frame alone.
    #[test]
    fn lossless_codings_are_the_identity(shape in shapes(), seed in any::<u64>()) {
        let values = noise(shape, seed);
        let per_frame = values.len() / usize::from(shape.frames);
        for syntax in [RLE, LOSSLESS, JPEG_LS, JPEG_2000, DEFLATED_FRAME] {
            if [LOSSLESS, JPEG_LS].contains(&syntax) && shape.stored < 2 {
                continue;
            }
            let written = write(&compressed(syntax, shape, &values)).unwrap();
            let mut instance = open(&written);
            for frame in 0..u32::from(shape.frames) {
                let got = raw_samples(&instance, frame).unwrap();
                let from = frame as usize * per_frame;
                prop_assert_eq!(numbers(&got.cells), &values[from..from + per_frame], "{}", syntax);
            }
            let before: Vec<Vec<u8>> = (0..u32::from(shape.frames)).map(|f| cut(&written, &instance, f)).collect();
            let last = u32::from(shape.frames) - 1;
            let mut samples = raw_samples(&instance, last).unwrap();
            samples.paint(0..u32::from(shape.columns), 0..1);
            let painted = samples.clone();
            let done = replace_frames(&mut instance, vec![FrameEdit { frame: last, samples }]).unwrap();
            prop_assert_eq!(done.frames.iter().filter(|f| **f == FrameOutcome::Kept).count() as u32, last);
            prop_assert_eq!(frame_bytes(&instance, last).unwrap_err().code(), "dicom-not-in-source");
            let again = write(&instance).unwrap();
            let back = open(&again);
            prop_assert_eq!(raw_samples(&back, last).unwrap().cells, painted.cells);
            for frame in 0..last {
                prop_assert_eq!(&cut(&again, &back, frame), &before[frame as usize], "{}", syntax);
            }
        }
    }

    /// Native frames are written over in place; nothing else of the pixel data moves.
    #[test]
    fn native_frames_are_written_over(shape in shapes(), seed in any::<u64>()) {
        let values = noise(shape, seed);
        let raw = bytes(native(shape, &values), EXPLICIT_LITTLE);
        let mut instance = open(&raw);
        let frame = u32::from(shape.frames) / 2;
        let mut samples = raw_samples(&instance, frame).unwrap();
        let unchanged = FrameEdit { frame, samples: samples.clone() };
        replace_frames(&mut instance, vec![unchanged]).unwrap();
        prop_assert_eq!(&write(&instance).unwrap(), &raw);
        samples.paint(0..3, 0..2);
        let painted = samples.cells.clone();
        replace_frames(&mut instance, vec![FrameEdit { frame, samples }]).unwrap();
        let back = open(&write(&instance).unwrap());
        let per_frame = values.len() / usize::from(shape.frames);
        for index in 0..u32::from(shape.frames) {
            let got = raw_samples(&back, index).unwrap().cells;
            if index == frame {
                prop_assert_eq!(&got, &painted);
            } else {
                let from = index as usize * per_frame;
                prop_assert_eq!(numbers(&got), &values[from..from + per_frame]);
            }
        }
    }
}

/// The bytes of a frame, cut out of the file by their offsets.
fn cut(file: &[u8], instance: &Instance, frame: u32) -> Vec<u8> {
    let found = frame_bytes(instance, frame).unwrap();
    found.ranges.iter().flat_map(|r| file[r.start as usize..r.end as usize].to_vec()).collect()
}

const SMALL: Shape = Shape { rows: 4, columns: 6, samples: 1, allocated: 16, stored: 12, frames: 3 };

#[test]
fn kept_frames_of_several_fragments_stay_so_and_the_table_follows() {
    let values = noise(SMALL, 7);
    let mut instance = compressed(RLE, SMALL, &values);
    let element = instance.data.get_mut(tags::PIXEL_DATA).unwrap();
    let Value::Fragments { offsets, fragments } = &mut element.value else { panic!("not encapsulated") };
    // The first frame in two fragments, and no table.
    let whole = fragments.remove(0).1;
    fragments.insert(0, (0, whole.slice(..64)));
    fragments.insert(1, (0, whole.slice(64..)));
    *offsets = Vec::new().into();
    let file = write(&instance).unwrap();
    let mut instance = open(&file);
    assert_eq!(frame_bytes(&instance, 0).unwrap().ranges.len(), 2);
    assert_eq!(cut(&file, &instance, 0), whole);
    let mut samples = raw_samples(&instance, 1).unwrap();
    samples.paint(0..6, 0..4);
    replace_frames(&mut instance, vec![FrameEdit { frame: 1, samples }]).unwrap();
    let file = write(&instance).unwrap();
    let back = open(&file);
    let Some(Value::Fragments { offsets, fragments }) = back.data.get(tags::PIXEL_DATA).map(|e| &e.value)
    else {
        panic!("not encapsulated")
    };
    assert_eq!((offsets.len(), fragments.len()), (12, 4));
    assert_eq!(cut(&file, &back, 0), whole);
    let kept = raw_samples(&back, 2).unwrap();
    assert_eq!(numbers(&kept.cells), values[48..]);
    let darkest = *values[24..48].iter().min().unwrap();
    assert_eq!(numbers(&raw_samples(&back, 1).unwrap().cells), [darkest; 24]);
}

#[test]
fn an_extended_offset_table_is_made_anew() {
    let values = noise(SMALL, 8);
    let mut instance = compressed(RLE, SMALL, &values);
    instance.data.put_bytes(tags::EXTENDED_OFFSET_TABLE, VR::OV, vec![0; 24]);
    instance.data.put_bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS, VR::OV, vec![0; 24]);
    let samples = raw_samples(&instance, 0).unwrap();
    replace_frames(&mut instance, vec![FrameEdit { frame: 0, samples }]).unwrap();
    let file = write(&instance).unwrap();
    let back = open(&file);
    let Some(Value::Fragments { offsets, fragments }) = back.data.get(tags::PIXEL_DATA).map(|e| &e.value)
    else {
        panic!("not encapsulated")
    };
    assert!(offsets.is_empty(), "the basic table is empty beside an extended one");
    let starts = back.data.numbers(tags::EXTENDED_OFFSET_TABLE);
    let lengths = back.data.numbers(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
    for (i, (at, fragment)) in fragments.iter().enumerate() {
        assert_eq!(starts[i] as u64, at - fragments[0].0);
        assert_eq!(lengths[i] as usize, fragment.len());
    }
}

#[test]
fn what_cannot_be_put_back_is_refused_and_nothing_changes() {
    let values = noise(SMALL, 9);
    let mut instance = compressed(RLE, SMALL, &values);
    let before = write(&instance).unwrap();
    let good = raw_samples(&instance, 0).unwrap();
    let mut narrow = good.clone();
    narrow.columns = 5;
    for (edit, code) in [
        (FrameEdit { frame: 3, samples: good.clone() }, "dicom-no-such-frame"),
        (FrameEdit { frame: 0, samples: narrow }, "dicom-bad-value"),
    ] {
        assert_eq!(replace_frames(&mut instance, vec![edit]).unwrap_err().code(), code);
    }
    // High-throughput JPEG 2000 has no encoder here.
    let samples = good;
    instance.transfer_syntax = "1.2.840.10008.1.2.4.201".to_owned();
    let refused = replace_frames(&mut instance, vec![FrameEdit { frame: 0, samples }]);
    assert!(matches!(refused, Err(DicomError::CannotReencode { name: "HTJ2K Lossless", .. })));
    instance.transfer_syntax = RLE.to_owned();
    assert_eq!(write(&instance).unwrap(), before);
    assert!(!replace_frames(&mut instance, Vec::new()).unwrap().any());
}

#[test]
fn a_compressed_instance_becomes_native() {
    for (samples, allocated, stored) in [(1, 16, 12), (3, 8, 8), (1, 1, 1)] {
        let shape = Shape { rows: 3, columns: 7, samples, allocated, stored, frames: 3 };
        let values = noise(shape, 10);
        let mut instance = compressed(RLE, shape, &values);
        transcode_to_native(&mut instance).unwrap();
        assert_eq!(instance.transfer_syntax, EXPLICIT_LITTLE);
        let back = open(&write(&instance).unwrap());
        let reference = open(&bytes(native(shape, &values), EXPLICIT_LITTLE));
        for frame in 0..3 {
            assert_eq!(
                raw_samples(&back, frame).unwrap().cells,
                raw_samples(&reference, frame).unwrap().cells
            );
        }
        assert!(frame_bytes(&back, 2).is_ok());
    }
}

#[test]
fn chroma_that_two_pixels_share_are_painted_over_whole() {
    let raw = vec![10, 20, 90, 91, 30, 40, 92, 93];
    let set = image(1, 4, 3, "YBR_FULL_422", (8, 8), Value::Bytes(raw.into()));
    let mut instance = open(&bytes(set, EXPLICIT_LITTLE));
    let mut samples = raw_samples(&instance, 0).unwrap();
    samples.paint(1..2, 0..1);
    replace_frames(&mut instance, vec![FrameEdit { frame: 0, samples }]).unwrap();
    let pixels = instance.data.get(tags::PIXEL_DATA).unwrap().bytes().unwrap().to_vec();
    assert_eq!(pixels, [10, 0, 128, 128, 30, 40, 92, 93]);
}

#[test]
fn a_mask_takes_the_darkest_shade_of_the_frame() {
    let dark = |set: DataSet| raw_samples(&open(&bytes(set, EXPLICIT_LITTLE)), 0).unwrap().dark;
    let gray = |term: &str, raw: &[u8]| image(1, 4, 1, term, (8, 8), Value::Bytes(raw.to_vec().into()));
    assert_eq!(dark(gray("MONOCHROME2", &[9, 3, 200, 7])), [3.0]);
    assert_eq!(dark(gray("MONOCHROME1", &[9, 3, 200, 7])), [200.0]);
    let mut signed = gray("MONOCHROME2", &[1, 0xFE, 5, 0]);
    signed.put_u16(tags::PIXEL_REPRESENTATION, &[1]);
    assert_eq!(dark(signed), [254.0], "-2");
    let mut palette = gray("PALETTE COLOR", &[0, 1, 2, 1]);
    for tag in [0x1101, 0x1102, 0x1103].map(|e| Tag(0x0028, e)) {
        palette.put_u16(tag, &[3, 0, 16]);
        palette.put_bytes(Tag(0x0028, tag.1 + 0x100), VR::OW, vec![0, 90, 0, 10, 0, 50]);
    }
    assert_eq!(dark(palette), [1.0]);
    let rgb = image(1, 1, 3, "RGB", (8, 8), Value::Bytes(vec![9, 9, 9].into()));
    assert_eq!(dark(rgb), [0.0; 3]);
}
