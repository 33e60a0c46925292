//! Foreign bytes: whatever is done to a file, reading and decoding it end in a value or a typed error, and
//! what is kept of it is no more than what was given.

mod common;

use std::sync::OnceLock;

use common::{bytes, fragments, hex, image};
use countersign_dicom::{
    DataSet, EXPLICIT_LITTLE, Facts, Identity, Limits, Tag, VR, Value, decode_frame, frame_count, read, write,
};
use proptest::prelude::*;

/// A stream of a reference file: this column of the line with this name.
fn stream(table: &str, name: &str, column: usize) -> Vec<u8> {
    let line = table.lines().find(|l| l.starts_with(name)).unwrap();
    hex(line.split('\t').nth(column).unwrap())
}

fn make_sources() -> Vec<Vec<u8>> {
    let mut native = image(8, 8, 1, "MONOCHROME2", (16, 12), Value::Bytes(vec![7; 128].into()));
    let mut item = DataSet::new();
    item.put_text(Tag(0x0008, 0x1155), VR::UI, "1.2.3");
    native.put_items(Tag(0x0008, 0x1140), vec![item.clone(), item]);
    let stream_ls = stream(include_str!("reference/jpegls.tsv"), "c3-ilv2-8bit-near0", 6);
    let coded = image(13, 29, 3, "RGB", (8, 8), fragments(&[&stream_ls]));
    let mut rle = vec![1, 0, 0, 0, 64, 0, 0, 0];
    rle.resize(64, 0);
    rle.extend_from_slice(&[0xF1, 9]);
    let run = image(4, 4, 1, "MONOCHROME2", (8, 8), fragments(&[&rle]));
    let twelve = image(
        13,
        21,
        1,
        "MONOCHROME2",
        (16, 12),
        fragments(&[&stream(include_str!("reference/jpeg12.tsv"), "gray", 4)]),
    );
    vec![
        bytes(twelve, "1.2.840.10008.1.2.4.51"),
        bytes(native, EXPLICIT_LITTLE),
        bytes(coded, "1.2.840.10008.1.2.4.80"),
        bytes(run, "1.2.840.10008.1.2.5"),
    ]
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
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_end_in_a_value_or_an_error(
        which in 0usize..4,
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
            Ok(instance) => {
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
