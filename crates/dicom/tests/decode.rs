//! Frames of every layout, against values worked out by hand or by another decoder.

mod common;

use common::{bytes, fragments, hex, image};
use countersign_dicom::{
    DataSet, DicomError, EXPLICIT_LITTLE, Frame, Limits, Samples, VR, Value, decode_frame, read, tags,
};
use sha2::{Digest, Sha256};

const RLE: &str = "1.2.840.10008.1.2.5";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.81";

fn frame(data: DataSet, syntax: &str, index: u32) -> Result<Frame, DicomError> {
    decode_frame(&read(&bytes(data, syntax), &Limits::default()).unwrap(), index)
}

fn native(raw: &[u8]) -> Value {
    Value::Bytes(raw.to_vec().into())
}

#[test]
fn stored_values_are_masked_and_sign_extended() {
    // Twelve bits stored; what stands above them is an overlay of old times.
    let raw: Vec<u8> = [0xF801u16, 0x07FF, 0x0800, 0x1FFF].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut set = image(2, 2, 1, "MONOCHROME2", (16, 12), native(&raw));
    let got = frame(set.clone(), EXPLICIT_LITTLE, 0).unwrap();
    assert_eq!(got.samples, Samples::U16(vec![0x801, 0x7FF, 0x800, 0xFFF]));
    set.put_u16(tags::PIXEL_REPRESENTATION, &[1]);
    let got = frame(set.clone(), EXPLICIT_LITTLE, 0).unwrap();
    assert_eq!(got.samples, Samples::I16(vec![-2047, 2047, -2048, -1]));
    assert_eq!(got.samples.range(), (-2048, 2047));
    // High bit 15: the values stand in the upper bits.
    set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    set.put_u16(tags::HIGH_BIT, &[15]);
    let got = frame(set, EXPLICIT_LITTLE, 0).unwrap();
    assert_eq!(got.samples, Samples::U16(vec![0xF80, 0x07F, 0x080, 0x1FF]));
}

#[test]
fn single_bits_run_on_from_frame_to_frame() {
    let mut set = image(1, 5, 1, "MONOCHROME2", (1, 1), native(&[0b0110_0101, 0b0000_0010]));
    set.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let first = frame(set.clone(), EXPLICIT_LITTLE, 0).unwrap();
    let second = frame(set.clone(), EXPLICIT_LITTLE, 1).unwrap();
    assert_eq!(first.samples, Samples::U8(vec![1, 0, 1, 0, 0]));
    assert_eq!(second.samples, Samples::U8(vec![1, 1, 0, 0, 1]));
    assert!(matches!(frame(set, EXPLICIT_LITTLE, 2), Err(DicomError::NoSuchFrame { index: 2, frames: 2 })));
}

#[test]
fn planes_palettes_and_chroma_become_rgb() {
    let mut planes = image(1, 2, 3, "RGB", (8, 8), native(&[1, 2, 3, 4, 5, 6]));
    planes.put_u16(tags::PLANAR_CONFIGURATION, &[1]);
    assert_eq!(frame(planes, EXPLICIT_LITTLE, 0).unwrap().samples, Samples::Rgb8(vec![1, 3, 5, 2, 4, 6]));

    // Grey stays grey; pure red is (76, 85, 255) in full-range YCbCr.
    let ybr = image(1, 2, 3, "YBR_FULL", (8, 8), native(&[100, 128, 128, 76, 85, 255]));
    assert_eq!(
        frame(ybr, EXPLICIT_LITTLE, 0).unwrap().samples,
        Samples::Rgb8(vec![100, 100, 100, 254, 0, 0])
    );
    let pairs = image(1, 2, 3, "YBR_FULL_422", (8, 8), native(&[10, 20, 128, 128]));
    assert_eq!(
        frame(pairs, EXPLICIT_LITTLE, 0).unwrap().samples,
        Samples::Rgb8(vec![10, 10, 10, 20, 20, 20])
    );

    let mut palette = image(1, 4, 1, "PALETTE COLOR", (8, 8), native(&[0, 5, 6, 200]));
    let red = [tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA];
    let green =
        [tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA];
    let blue = [tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA];
    for (i, [descriptor, data]) in [red, green, blue].into_iter().enumerate() {
        // Two entries from value 5 on; what lies outside takes the nearest.
        palette.put_u16(descriptor, &[2, 5, 16]);
        let base = 0x1000 * (i as u16 + 1);
        let words: Vec<u8> = [base, base + 0x0800].iter().flat_map(|v| v.to_le_bytes()).collect();
        palette.put_bytes(data, VR::OW, words);
    }
    let expected = vec![0x10, 0x20, 0x30, 0x10, 0x20, 0x30, 0x18, 0x28, 0x38, 0x18, 0x28, 0x38];
    assert_eq!(frame(palette.clone(), EXPLICIT_LITTLE, 0).unwrap().samples, Samples::Rgb8(expected));
    palette.remove(green[1]);
    assert!(matches!(frame(palette, EXPLICIT_LITTLE, 0), Err(DicomError::Missing { .. })));
}

#[test]
fn monochrome1_is_flagged_and_not_turned() {
    let set = image(1, 2, 1, "MONOCHROME1", (8, 8), native(&[0, 200]));
    let got = frame(set, EXPLICIT_LITTLE, 0).unwrap();
    assert!(got.inverted);
    assert_eq!(got.samples, Samples::U8(vec![0, 200]));
}

/// A run-length frame of two byte planes.
fn rle(high: &[u8], low: &[u8]) -> Vec<u8> {
    let mut head = vec![2, 0, 0, 0];
    head.extend_from_slice(&64u32.to_le_bytes());
    head.extend_from_slice(&(64 + u32::try_from(high.len()).unwrap()).to_le_bytes());
    head.resize(64, 0);
    [&head, high, low].concat()
}

#[test]
fn run_lengths_are_unpacked_and_their_cuts_found() {
    // High bytes: 1 four times. Low bytes: 10, 20, then 30 twice.
    let good = rle(&[0xFD, 1], &[1, 10, 20, 0xFF, 30]);
    let set = image(2, 2, 1, "MONOCHROME2", (16, 16), fragments(&[&good]));
    let got = frame(set, RLE, 0).unwrap();
    assert_eq!(got.samples, Samples::U16(vec![0x10A, 0x114, 0x11E, 0x11E]));
    for bad in [&good[..40], &good[..66], &good[..68], &rle(&[0xFD, 1], &[0x7F, 1, 2])[..]] {
        let set = image(2, 2, 1, "MONOCHROME2", (16, 16), fragments(&[bad]));
        let e = frame(set, RLE, 0).unwrap_err();
        assert_eq!((e.code(), e.place().tag), ("dicom-codec", Some(tags::PIXEL_DATA)));
    }
}

#[test]
fn frames_are_told_apart_by_count_table_or_mark() {
    let one = rle(&[0xFD, 1], &[0xFD, 1]);
    let two = rle(&[0xFD, 2], &[0xFD, 2]);
    let both = |v: Value| {
        let mut set = image(2, 2, 1, "MONOCHROME2", (16, 16), v);
        set.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "2");
        [frame(set.clone(), RLE, 0), frame(set, RLE, 1)].map(|f| f.map(|f| f.samples))
    };
    let expected = [0x101u16, 0x202].map(|v| Ok(Samples::U16(vec![v; 4])));
    assert_eq!(both(fragments(&[&one, &two])), expected);
    // Three fragments; the offset table says that the second frame starts at the second one.
    let table = [0u32, 8 + u32::try_from(one.len()).unwrap()]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect::<Vec<u8>>();
    let parts: Vec<_> = [&one[..], &two[..64], &two[64..]].iter().map(|p| (0, p.to_vec().into())).collect();
    assert_eq!(both(Value::Fragments { offsets: table.into(), fragments: parts.clone() }), expected);
    // A table that points nowhere, or none: the frames are found by how they start.
    for offsets in [vec![], vec![9, 9, 9, 9, 1, 0, 0, 0]] {
        let found = both(Value::Fragments { offsets: offsets.into(), fragments: parts.clone() });
        assert_eq!(found, expected);
    }
    // Four fragments of which none starts as a frame does.
    let torn = parts.iter().flat_map(|(_, f)| [(0, f.slice(..1)), (0, f.slice(1..))]).collect();
    let lost = both(Value::Fragments { offsets: Vec::new().into(), fragments: torn });
    assert_eq!(lost[0].as_ref().unwrap_err().code(), "dicom-bad-structure");
    // The second frame is cut off the file: the first one is still there.
    let cut = both(fragments(&[&one]));
    assert_eq!(cut[0], expected[0]);
    assert_eq!(cut[1].as_ref().unwrap_err().code(), "dicom-bad-structure");
}

#[test]
fn pixel_data_that_are_too_short_are_refused() {
    let set = image(4, 4, 1, "MONOCHROME2", (16, 16), native(&[0; 30]));
    assert!(matches!(
        frame(set, EXPLICIT_LITTLE, 0),
        Err(DicomError::Truncated { declared: 32, available: 30, .. })
    ));
}

/// name, rows, columns, components, bits, near, codestream, sha256: made by reference/jpegls.py.
#[test]
fn jpeg_ls_decodes_as_charls_does() {
    let mut seen = 0;
    for line in include_str!("reference/jpegls.tsv").lines().filter(|l| !l.starts_with('#')) {
        let f: Vec<&str> = line.split('\t').collect();
        let number = |i: usize| f[i].parse::<u16>().unwrap();
        let (samples, bits) = (number(3), number(4));
        let photometric = if samples == 3 { "RGB" } else { "MONOCHROME2" };
        let allocated = if bits > 8 { 16 } else { 8 };
        let stream = hex(f[6]);
        let set = image(number(1), number(2), samples, photometric, (allocated, bits), fragments(&[&stream]));
        let got = frame(set, JPEG_LS, 0).unwrap_or_else(|e| panic!("{}: {e}", f[0]));
        let words: Vec<i32> = match got.samples {
            Samples::U8(v) | Samples::Rgb8(v) => v.into_iter().map(i32::from).collect(),
            Samples::U16(v) | Samples::Rgb16(v) => v.into_iter().map(i32::from).collect(),
            Samples::I16(v) => v.into_iter().map(i32::from).collect(),
            Samples::Float(_) => panic!("{}: no floating-point codec", f[0]),
        };
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, f[7], "{}", f[0]);
        seen += 1;
    }
    assert_eq!(seen, 32, "all rows of the reference");
}

/// name, rows, columns, components, codestream, samples: made by reference/jpeg12.py.
#[test]
fn twelve_bit_jpeg_decodes_as_the_transform_says() {
    for line in include_str!("reference/jpeg12.tsv").lines().filter(|l| !l.starts_with('#')) {
        let f: Vec<&str> = line.split('\t').collect();
        let number = |i: usize| f[i].parse::<u16>().unwrap();
        let photometric = if number(3) == 3 { "RGB" } else { "MONOCHROME2" };
        let stream = hex(f[4]);
        let set = image(number(1), number(2), number(3), photometric, (16, 12), fragments(&[&stream]));
        let got = frame(set.clone(), "1.2.840.10008.1.2.4.51", 0).unwrap_or_else(|e| panic!("{}: {e}", f[0]));
        let (Samples::U16(got) | Samples::Rgb16(got)) = got.samples else { panic!("not 16 bits") };
        let expected: Vec<u16> = hex(f[5]).chunks(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
        assert_eq!(got.len(), expected.len());
        // Both round; halves may go either way.
        let worst = got.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "{}: {worst:?}", f[0]);
        // The same stream where the data set says another size, and cut off.
        let other = image(number(1) + 1, number(2), number(3), photometric, (16, 12), fragments(&[&stream]));
        assert_eq!(frame(other, "1.2.840.10008.1.2.4.51", 0).unwrap_err().code(), "dicom-codec");
        let cut = fragments(&[&stream[..stream.len() * 3 / 4]]);
        let short = image(number(1), number(2), number(3), photometric, (16, 12), cut);
        assert_eq!(frame(short, "1.2.840.10008.1.2.4.51", 0).unwrap_err().code(), "dicom-codec");
    }
}

/// Decodes every stream of a table (name, rows, columns, components, codestream, bits, sha256) and compares
/// the samples with those that it was made from; a cut stream is an error. Returns the number of streams.
fn decodes_as_coded(table: &str, syntax: impl Fn(&str) -> &'static str) -> usize {
    let lines = table.lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let f: Vec<&str> = line.split('\t').collect();
            let number = |i: usize| f[i].parse::<u16>().unwrap();
            let (samples, bits) = (number(3), number(5));
            let photometric = if samples == 3 { "RGB" } else { "MONOCHROME2" };
            let bits = (if bits > 8 { 16 } else { 8 }, bits);
            let set =
                |stream: &[u8]| image(number(1), number(2), samples, photometric, bits, fragments(&[stream]));
            let stream = hex(f[4]);
            let got = frame(set(&stream), syntax(f[0]), 0).unwrap_or_else(|e| panic!("{}: {e}", f[0]));
            let words: Vec<i32> = match got.samples {
                Samples::U8(v) | Samples::Rgb8(v) => v.into_iter().map(i32::from).collect(),
                Samples::U16(v) | Samples::Rgb16(v) => v.into_iter().map(i32::from).collect(),
                other => panic!("{}: {other:?}", f[0]),
            };
            let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(digest, f[6], "{}", f[0]);
            let cut = frame(set(&stream[..stream.len() / 4]), syntax(f[0]), 0);
            assert_eq!(cut.unwrap_err().code(), "dicom-codec", "{}", f[0]);
        })
        .count()
}

/// Made by reference/lossless.py.
#[test]
fn lossless_jpeg_decodes_as_it_was_coded() {
    let seen = decodes_as_coded(include_str!("reference/lossless.tsv"), |_| "1.2.840.10008.1.2.4.57");
    assert_eq!(seen, 13, "all rows of the reference");
}

/// Made by reference/jpeg2000.py.
#[test]
fn jpeg_2000_decodes_as_it_was_coded() {
    let seen = decodes_as_coded(include_str!("reference/jpeg2000.tsv"), |name| {
        if name.starts_with("ht") { "1.2.840.10008.1.2.4.201" } else { "1.2.840.10008.1.2.4.90" }
    });
    assert_eq!(seen, 7, "all rows of the reference");
}
