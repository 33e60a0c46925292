//! What the reader takes, and what it refuses with which place.

mod common;

use std::io::Write;

use common::{bytes, explicit, file, image, implicit};
use countersign_dicom::{
    DicomError, EXPLICIT_LITTLE, Facts, INFLATE_ALLOWANCE_BYTES, Instance, Limits, NoteKind, SpacingOrigin,
    Tag, VR, Value, read, tags, write,
};

const IMPLICIT: &str = "1.2.840.10008.1.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const BIG: &str = "1.2.840.10008.1.2.2";

fn open(raw: &[u8]) -> Result<Instance, DicomError> {
    read(raw, &Limits::default())
}

fn modality() -> Vec<u8> {
    explicit(tags::MODALITY, "CS", b"CT")
}

fn has(instance: &Instance, kind: NoteKind) -> bool {
    instance.notes.iter().any(|n| n.kind == kind)
}

#[test]
fn what_is_no_dicom_is_refused_at_its_first_byte() {
    for raw in [&b""[..], b"DICM", b"\x89PNG\r\n\x1a\n0000", b"hello, world: not an image", &[0xFF; 300]] {
        let e = open(raw).unwrap_err();
        assert_eq!(e.code(), "dicom-not-dicom");
        assert!(e.place().offset.is_some());
    }
}

#[test]
fn a_length_beyond_the_file_names_element_and_byte() {
    let mut raw = file(EXPLICIT_LITTLE, &modality());
    let at = raw.len() as u64;
    // Three gigabytes of a curve in a file of a few hundred bytes.
    raw.extend_from_slice(&[0x00, 0x50, 0x00, 0x30, b'O', b'W', 0, 0, 0, 0, 0, 0xC0, 1, 2, 3, 4]);
    let Err(e @ DicomError::Truncated { declared, available, .. }) = open(&raw) else {
        panic!("it was read")
    };
    assert_eq!((declared, available), (0xC000_0000, 4));
    assert_eq!((e.place().tag, e.place().offset), (Some(Tag(0x5000, 0x3000)), Some(at)));
    assert!(e.to_string().contains("(5000,3000)"), "{e}");
}

#[test]
fn nesting_and_number_of_elements_are_bounded() {
    let sequence = Tag(0x0008, 0x1140);
    let mut nested = modality();
    for _ in 0..70 {
        let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
        item.extend_from_slice(&u32::try_from(nested.len()).unwrap().to_le_bytes());
        item.extend_from_slice(&nested);
        nested = explicit(sequence, "SQ", &item);
    }
    assert!(matches!(open(&file(EXPLICIT_LITTLE, &nested)), Err(DicomError::TooDeep { limit: 64, .. })));

    // Undefined lengths nest without any bytes to pay for it but the headers.
    let level =
        [0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 255, 255, 255, 255, 0xFE, 0xFF, 0, 0xE0, 255, 255, 255, 255];
    let deep = level.repeat(20_000);
    assert!(matches!(open(&file(EXPLICIT_LITTLE, &deep)), Err(DicomError::TooDeep { .. })));

    let few = Limits { elements: 3, ..Limits::default() };
    let body: Vec<u8> = (0..9).flat_map(|i| explicit(Tag(0x0018, i), "LO", b"")).collect();
    assert!(matches!(
        read(&file(EXPLICIT_LITTLE, &body), &few),
        Err(DicomError::TooManyElements { limit: 3, .. })
    ));
}

#[test]
fn an_image_without_bounds_is_refused_before_anything_is_made_for_it() {
    let mut body = modality();
    body.extend(explicit(tags::ROWS, "UL", &100_000u32.to_le_bytes()));
    body.extend(explicit(tags::COLUMNS, "UL", &100_000u32.to_le_bytes()));
    let Err(e @ DicomError::ImageTooLarge { rows, columns, .. }) = open(&file(EXPLICIT_LITTLE, &body)) else {
        panic!("it was read")
    };
    assert_eq!((rows, columns, e.place().tag), (100_000, 100_000, Some(tags::ROWS)));
    let mut body = modality();
    body.extend(explicit(tags::NUMBER_OF_FRAMES, "IS", b"99999999"));
    assert_eq!(open(&file(EXPLICIT_LITTLE, &body)).unwrap_err().code(), "dicom-too-many-frames");
    let small = Limits { file_bytes: 100, ..Limits::default() };
    assert_eq!(read(&[0; 101], &small).unwrap_err().code(), "dicom-file-too-large");
}

#[test]
fn a_deflated_data_set_is_inflated_up_to_the_limit() {
    let mut body = modality();
    body.extend(explicit(Tag(0x0028, 0x2000), "OB", &vec![0; 1_000_000]));
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&body).unwrap();
    let raw = file(DEFLATED, &encoder.finish().unwrap());
    assert!(raw.len() < 3000);
    assert_eq!(open(&raw).unwrap().data.text(tags::MODALITY).as_deref(), Some("CT"));
    let tight = Limits { inflated_bytes: 500_000, ..Limits::default() };
    assert_eq!(read(&raw, &tight).unwrap_err().code(), "dicom-inflated-too-large");
    assert_eq!(open(&file(DEFLATED, &[0xFF; 64])).unwrap_err().code(), "dicom-inflate");
    // The same with a zlib header, which does not belong there.
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&body).unwrap();
    let wrapped = file(DEFLATED, &encoder.finish().unwrap());
    assert_eq!(open(&wrapped).unwrap().data.text(tags::MODALITY).as_deref(), Some("CT"));
}

#[test]
fn deflated_data_may_not_grow_without_measure() {
    // 100 MB of zeros are about 100 kB: a ratio of 1000 beyond what is allowed for nothing.
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&explicit(Tag(0x0028, 0x2000), "OB", &vec![0; 100_000_000])).unwrap();
    let raw = file(DEFLATED, &encoder.finish().unwrap());
    let Err(DicomError::InflatedTooLarge { limit, .. }) = open(&raw) else { panic!("it was read") };
    assert_eq!(limit, INFLATE_ALLOWANCE_BYTES);
}

#[test]
fn the_same_data_set_reads_the_same_in_every_form() {
    let mut set = image(2, 2, 1, "MONOCHROME2", (16, 12), Value::Bytes(vec![1, 2, 3, 4, 5, 6, 7, 8].into()));
    set.put_f64(Tag(0x0018, 0x9345), &[12.5]);
    let reference = open(&bytes(set.clone(), EXPLICIT_LITTLE)).unwrap();
    let mut little = Vec::new();
    let mut big = Vec::new();
    for (tag, e) in set.iter() {
        let raw = e.bytes().unwrap();
        little.extend(implicit(tag, raw));
        let mut turned = raw.to_vec();
        let width = match e.vr {
            VR::US | VR::OW => 2,
            VR::FD => 8,
            _ => 1,
        };
        turned.chunks_mut(width).for_each(<[u8]>::reverse);
        let vr = String::from_utf8(e.vr.to_bytes().to_vec()).unwrap();
        let mut header = explicit(tag, &vr, &turned);
        header[..4].swap(0, 1);
        header[..4].swap(2, 3);
        if e.vr == VR::OW {
            header[8..12].reverse()
        } else {
            header[6..8].reverse()
        }
        big.extend(header);
    }
    for (syntax, body) in [(IMPLICIT, &little), (EXPLICIT_LITTLE, &little), (BIG, &big)] {
        let read = open(&file(syntax, body)).unwrap();
        for (tag, e) in reference.data.iter() {
            assert_eq!(read.data.get(tag).map(|e| &e.value), Some(&e.value), "{tag} in {syntax}");
        }
        assert_eq!(write(&read).unwrap()[200..], write(&reference).unwrap()[200..], "{syntax}");
    }
}

#[test]
fn the_usual_defects_are_stepped_over_and_noted() {
    let bare = open(&modality()).unwrap();
    assert!(has(&bare, NoteKind::MissingPreamble) && has(&bare, NoteKind::MissingTransferSyntax));

    let mut polyglot = file(EXPLICIT_LITTLE, &modality());
    polyglot[..5].copy_from_slice(b"%PDF-");
    assert!(has(&open(&polyglot).unwrap(), NoteKind::PreambleNotBlank));

    let mut padded = file(EXPLICIT_LITTLE, &modality());
    padded.extend_from_slice(&[0; 37]);
    assert!(has(&open(&padded).unwrap(), NoteKind::TrailingBytes));

    // An application title of 18 bytes, where 16 are the most.
    let mut long = vec![0; 128];
    long.extend_from_slice(b"DICM");
    long.extend(explicit(tags::TRANSFER_SYNTAX_UID, "UI", b"1.2.840.10008.1.2.1\0"));
    long.extend(explicit(tags::SOURCE_APPLICATION_ENTITY_TITLE, "AE", b"EIGHTEEN BYTES    "));
    long.extend(modality());
    assert_eq!(open(&long).unwrap().data.len(), 1);
}

#[test]
fn a_broken_sequence_is_kept_as_unknown_bytes_and_the_rest_is_read() {
    let mut body = explicit(Tag(0x0008, 0x1140), "SQ", b"\xFE\xFF\x00\xE0\xFF\x00\x00\x00rubbish!");
    body.extend(explicit(Tag(0x0018, 0x0060), "DS", b"120 "));
    let read = open(&file(EXPLICIT_LITTLE, &body)).unwrap();
    assert!(has(&read, NoteKind::BrokenSequence));
    assert_eq!(read.data.get(Tag(0x0008, 0x1140)).unwrap().vr, VR::UN);
    assert_eq!(read.data.number(tags::KVP), Some(120.0));
}

#[test]
fn unknown_vrs_are_resolved_by_the_dictionary() {
    let item =
        [&b"\xFE\xFF\x00\xE0"[..], &12u32.to_le_bytes(), &implicit(Tag(0x0008, 0x1150), b"1.2\0")].concat();
    let mut body = explicit(Tag(0x0008, 0x1140), "UN", &item);
    body.extend(explicit(tags::KVP, "UN", b"80"));
    let read = open(&file(EXPLICIT_LITTLE, &body)).unwrap();
    assert_eq!(read.data.items(Tag(0x0008, 0x1140))[0].text(Tag(0x0008, 0x1150)).as_deref(), Some("1.2"));
    assert_eq!(read.data.number(tags::KVP), Some(80.0));
}

#[test]
fn spacing_is_never_taken_for_more_than_it_says() {
    let mut set = image(2, 2, 1, "MONOCHROME2", (8, 8), Value::Bytes(vec![0; 4].into()));
    let origin = |set: &countersign_dicom::DataSet| Facts::of(&Instance::new(set.clone())).spacing_origin;
    assert_eq!(origin(&set), SpacingOrigin::Unknown);
    set.put_text(tags::IMAGER_PIXEL_SPACING, VR::DS, "0.1\\0.1");
    assert_eq!(origin(&set), SpacingOrigin::ImagerOnly);
    set.put_text(tags::PIXEL_SPACING, VR::DS, "0.1\\0.1");
    assert_eq!(origin(&set), SpacingOrigin::Patient);
    set.put_text(tags::MODALITY, VR::CS, "DX");
    assert_eq!(origin(&set), SpacingOrigin::Detector);
    set.put_text(tags::PIXEL_SPACING_CALIBRATION_TYPE, VR::CS, "FIDUCIAL");
    assert_eq!(origin(&set), SpacingOrigin::Calibrated);
    set.put_text(tags::PIXEL_SPACING, VR::DS, "0\\-1");
    assert_eq!(Facts::of(&Instance::new(set)).geometry.pixel_spacing_mm, None);
}

#[test]
fn facts_come_from_functional_groups_and_dose_reports() {
    let group = |tag: Tag, inner: countersign_dicom::DataSet| {
        let mut g = countersign_dicom::DataSet::new();
        g.put_items(tag, vec![inner]);
        g
    };
    let mut measures = countersign_dicom::DataSet::new();
    measures.put_text(tags::PIXEL_SPACING, VR::DS, "0.5\\0.6");
    let mut plane = countersign_dicom::DataSet::new();
    plane.put_text(tags::IMAGE_POSITION_PATIENT, VR::DS, "1\\2\\3");
    let mut set = countersign_dicom::DataSet::new();
    set.put_items(
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![group(tags::PIXEL_MEASURES_SEQUENCE, measures)],
    );
    set.put_items(
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![group(tags::PLANE_POSITION_SEQUENCE, plane)],
    );
    let mut concept = countersign_dicom::DataSet::new();
    concept.put_text(tags::CODE_VALUE, VR::SH, "113813");
    let mut value = countersign_dicom::DataSet::new();
    value.put_text(tags::NUMERIC_VALUE, VR::DS, "415.25");
    let mut item = countersign_dicom::DataSet::new();
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![concept]);
    item.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![value]);
    set.put_items(tags::CONTENT_SEQUENCE, vec![group(tags::CONTENT_SEQUENCE, item)]);
    let facts = Facts::of(&Instance::new(set));
    assert_eq!(facts.geometry.pixel_spacing_mm, Some([0.5, 0.6]));
    assert_eq!(facts.geometry.position_mm, Some([1.0, 2.0, 3.0]));
    assert_eq!(facts.dose.dlp_mgy_cm, Some(415.25));
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
}

#[test]
fn words_are_no_facts() {
    let mut set = image(2, 2, 1, "MONOCHROME2", (8, 8), Value::Bytes(vec![0; 4].into()));
    set.put_text(tags::BODY_PART_EXAMINED, VR::CS, "knee of Mrs. Featherstone");
    set.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\for^Featherstone\\AXIAL");
    let facts = Facts::of(&Instance::new(set));
    assert_eq!((facts.body_part, facts.modality.as_deref()), (None, Some("CT")));
    assert_eq!(facts.image_type, ["ORIGINAL", "", "AXIAL"]);
}
