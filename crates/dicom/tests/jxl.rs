//! JPEG XL: what libjxl coded, and what is put back.

mod common;

use common::{fragments, hex, image};
use countersign_dicom::{
    Cells, DicomError, FrameEdit, Instance, decode_frame, raw_samples, replace_frames, transcode_to_native,
};
use sha2::{Digest, Sha256};

const LOSSLESS: &str = "1.2.840.10008.1.2.4.110";

fn instances() -> Vec<(String, Instance, String)> {
    include_str!("reference/jxl.tsv")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| {
            let f: Vec<&str> = l.split('\t').collect();
            let n = |i: usize| f[i].parse::<u16>().unwrap();
            let (samples, bits) = (n(3), n(5));
            let photometric = if samples == 3 { "RGB" } else { "MONOCHROME2" };
            let allocated = if bits > 8 { 16 } else { 8 };
            let set = image(n(1), n(2), samples, photometric, (allocated, bits), fragments(&[&hex(f[4])]));
            let mut instance = Instance::new(set);
            instance.transfer_syntax = LOSSLESS.to_owned();
            (f[0].to_owned(), instance, f[6].to_owned())
        })
        .collect()
}

fn digest(cells: &Cells) -> String {
    let bytes: Vec<u8> =
        (0..cells.len()).flat_map(|i| (cells.get(i).unwrap() as i32).to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn lossless_samples_are_those_that_libjxl_was_given() {
    for (name, instance, expected) in instances() {
        let samples = raw_samples(&instance, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(digest(&samples.cells), expected, "{name}");
    }
}

#[test]
fn an_edited_frame_comes_back_as_edited() {
    for (name, mut instance, _) in instances() {
        let mut samples = raw_samples(&instance, 0).unwrap();
        samples.paint(3..20, 5..9);
        let edit = FrameEdit { frame: 0, samples: samples.clone() };
        let done = replace_frames(&mut instance, vec![edit]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!done.lossy && done.any());
        assert_eq!(raw_samples(&instance, 0).unwrap().cells, samples.cells, "{name}");
        transcode_to_native(&mut instance).unwrap();
        assert_eq!(raw_samples(&instance, 0).unwrap().cells, samples.cells, "{name}");
    }
}

#[test]
fn a_picture_of_another_size_is_refused_and_so_is_a_cut() {
    let (_, instance, _) = instances().remove(0);
    let raw = match instance.data.get(countersign_dicom::tags::PIXEL_DATA).map(|e| &e.value) {
        Some(countersign_dicom::Value::Fragments { fragments, .. }) => fragments[0].1.clone(),
        _ => panic!("not encapsulated"),
    };
    for (rows, columns, data) in
        [(21, 33, &raw[..]), (22, 34, &raw[..]), (21, 34, &raw[..raw.len() / 2]), (21, 34, &raw[..0])]
    {
        let mut other = Instance::new(image(rows, columns, 1, "MONOCHROME2", (8, 8), fragments(&[data])));
        other.transfer_syntax = LOSSLESS.to_owned();
        assert!(matches!(decode_frame(&other, 0), Err(DicomError::Codec { codec: "JPEG XL", .. })));
    }
}
