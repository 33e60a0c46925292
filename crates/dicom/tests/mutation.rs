//! Foreign bytes: whatever is done to a file, reading and decoding it end in a value or a typed error, and
//! what is kept of it is no more than what was given.

mod common;

use std::sync::OnceLock;

use common::{bytes, fragments, hex, image};
use countersign_dicom::{
    DataSet, EXPLICIT_LITTLE, Facts, FrameEdit, Identity, Limits, Tag, VR, Value, decode_frame, frame_bytes,
    frame_count, raw_samples, read, replace_frames, write,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A picture of each codec, and files of plain bytes.
fn make_sources() -> Vec<Vec<u8>> {
    let mut native = image(8, 8, 1, "MONOCHROME2", (16, 12), Value::Bytes(vec![7; 128].into()));
    let mut item = DataSet::new();
    item.put_text(Tag(0x0008, 0x1155), VR::UI, "1.2.3");
    native.put_items(Tag(0x0008, 0x1140), vec![item.clone(), item]);
    let mut rle = vec![1, 0, 0, 0, 64, 0, 0, 0];
    rle.resize(64, 0);
    rle.extend_from_slice(&[0xF1, 9]);
    let run = image(4, 4, 1, "MONOCHROME2", (8, 8), fragments(&[&rle]));
    let mut out = vec![bytes(native, EXPLICIT_LITTLE), bytes(run, "1.2.840.10008.1.2.5")];
    let tables = [
        (include_str!("reference/jpegls.tsv"), "c3-ilv2-8bit-near0", 6, 8, "1.2.840.10008.1.2.4.80"),
        (include_str!("reference/jpegls.tsv"), "c1-ilv0-16bit-near3", 6, 16, "1.2.840.10008.1.2.4.81"),
        (include_str!("reference/jpeg12.tsv"), "gray", 4, 12, "1.2.840.10008.1.2.4.51"),
        (include_str!("reference/baseline.tsv"), "restarts", 4, 8, "1.2.840.10008.1.2.4.50"),
        (include_str!("reference/lossless.tsv"), "c3-8bit-p7", 4, 8, "1.2.840.10008.1.2.4.57"),
        (include_str!("reference/lossless.tsv"), "c1-12bit-p4", 4, 12, "1.2.840.10008.1.2.4.57"),
        (include_str!("reference/jpeg2000.tsv"), "j2k-gray-12", 4, 12, "1.2.840.10008.1.2.4.90"),
        (include_str!("reference/jpeg2000.tsv"), "j2k-rgb-8", 4, 8, "1.2.840.10008.1.2.4.90"),
        (include_str!("reference/jpeg2000.tsv"), "htj2k-gray-16", 4, 16, "1.2.840.10008.1.2.4.201"),
        (include_str!("reference/jxl.tsv"), "rgb-8", 4, 8, "1.2.840.10008.1.2.4.110"),
        (include_str!("reference/jxl.tsv"), "gray-16", 4, 16, "1.2.840.10008.1.2.4.110"),
    ];
    for (table, name, column, bits, syntax) in tables {
        let line = table.lines().find(|l| l.starts_with(name)).unwrap();
        let f: Vec<&str> = line.split('\t').collect();
        let n = |i: usize| f[i].parse::<u16>().unwrap();
        let photometric = if n(3) == 3 { "RGB" } else { "MONOCHROME2" };
        let bits = (if bits > 8 { 16 } else { 8 }, bits);
        out.push(bytes(image(n(1), n(2), n(3), photometric, bits, fragments(&[&hex(f[column])])), syntax));
    }
    out
}

/// Made once: the cases only change copies.
fn sources() -> &'static [Vec<u8>] {
    static SOURCES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SOURCES.get_or_init(make_sources)
}

fn held(set: &DataSet) -> usize {
    set.iter()
        .map(|(_, e)| match &e.value {
            Value::Bytes(b) => b.len(),
            Value::Items(items) => items.iter().map(held).sum(),
            Value::Fragments { offsets, fragments } => {
                offsets.len() + fragments.iter().map(|(_, f)| f.len()).sum::<usize>()
            }
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, rng_seed: RngSeed::Fixed(2026), ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_end_in_a_value_or_an_error(
        which in 0usize..13,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut raw = sources()[which].clone();
        for (at, value) in changes {
            let at = at.index(raw.len());
            raw[at] = value;
        }
        if let Some(cut) = cut {
            raw.truncate(cut.index(raw.len() + 1));
        }
        let limits = Limits { frame_pixels: 1 << 16, frames: 100, inflated_bytes: 1 << 20, ..Limits::default() };
        match read(&raw, &limits) {
            Ok(mut instance) => {
                prop_assert!(held(&instance.data) <= raw.len().max(1 << 20));
                let _ = (Facts::of(&instance), Identity::of(&instance));
                if let Ok(out) = write(&instance) {
                    let back = read(&out, &limits);
                    prop_assert!(back.is_ok(), "what was written is read again: {:?}", back.err());
                }
                for index in 0..frame_count(&instance).min(3) {
                    if let Err(e) = decode_frame(&instance, index) {
                        prop_assert!(e.code().starts_with("dicom-"));
                    }
                    let _ = frame_bytes(&instance, index);
                    let Ok(mut samples) = raw_samples(&instance, index) else { continue };
                    samples.paint(1..9, 0..3);
                    let painted = samples.cells.clone();
                    let edit = FrameEdit { frame: index, samples };
                    // Whatever the file was: what is coded without loss comes back.
                    if replace_frames(&mut instance, vec![edit]).is_ok_and(|done| !done.lossy) {
                        prop_assert_eq!(raw_samples(&instance, index).map(|s| s.cells), Ok(painted));
                    }
                }
            }
            Err(e) => prop_assert!(e.code().starts_with("dicom-")),
        }
    }

    #[test]
    fn noise_is_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&noise, &Limits::default());
        let mut named = vec![0; 128];
        named.extend_from_slice(b"DICM");
        named.extend_from_slice(&noise);
        let _ = read(&named, &Limits::default());
    }
}
