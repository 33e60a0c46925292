//! The defects of real files, each made by hand: all are read, and noted where a reader should know.

mod common;

use common::{bytes, explicit, file, fragments, hex, image, implicit};
use countersign_dicom::{
    DataSet, EXPLICIT_LITTLE, Instance, Limits, NoteKind, Samples, Tag, VR, Value, decode_frame, frame_bytes,
    read, tags, write,
};

const IMPLICIT: &str = "1.2.840.10008.1.2";
const BIG: &str = "1.2.840.10008.1.2.2";

fn open(raw: &[u8]) -> Instance {
    read(raw, &Limits::default()).unwrap()
}

fn noted(instance: &Instance, kind: NoteKind) -> bool {
    instance.notes.iter().any(|n| n.kind == kind)
}

fn modality() -> Vec<u8> {
    explicit(tags::MODALITY, "CS", b"CT")
}

fn is_ct(instance: &Instance) -> bool {
    instance.data.text(tags::MODALITY).as_deref() == Some("CT")
}

#[test]
fn a_preamble_may_be_missing_in_whole_or_in_part() {
    let bare = modality();
    for raw in [bare.clone(), [b"DICM", &bare[..]].concat(), [&[0; 128], &bare[..]].concat()] {
        let read = open(&raw);
        assert!(is_ct(&read) && noted(&read, NoteKind::MissingPreamble));
    }
}

#[test]
fn the_group_length_is_a_hint() {
    let uid = explicit(tags::TRANSFER_SYNTAX_UID, "UI", b"1.2.840.10008.1.2.1\0");
    for length in [0u32, 1, 7, 4000, u32::MAX] {
        let group = explicit(tags::FILE_META_INFORMATION_GROUP_LENGTH, "UL", &length.to_le_bytes());
        let raw = [&[0; 128][..], b"DICM", &group, &uid, &modality()].concat();
        let read = open(&raw);
        assert!(is_ct(&read) && read.notes.is_empty(), "{length}: {:?}", read.notes);
    }
}

#[test]
fn the_data_set_may_be_in_another_form_than_its_syntax_says() {
    let little = [implicit(tags::MODALITY, b"CT"), implicit(tags::ROWS, &[7, 0])].concat();
    let big = [
        &[0x00, 0x08, 0x00, 0x60][..],
        b"CS\x00\x02CT",
        &[0x00, 0x28, 0x00, 0x10],
        b"US\x00\x02",
        &[0x00, 0x07],
    ]
    .concat();
    let explicit = [modality(), explicit(tags::ROWS, "US", &[7, 0])].concat();
    for (syntax, body, mismatch) in [
        (EXPLICIT_LITTLE, &little, true),
        (IMPLICIT, &explicit, true),
        (EXPLICIT_LITTLE, &big, true),
        (BIG, &explicit, true),
        (BIG, &big, false),
        (IMPLICIT, &little, false),
        (EXPLICIT_LITTLE, &explicit, false),
    ] {
        let read = open(&file(syntax, body));
        assert!(is_ct(&read), "{syntax}");
        assert_eq!(read.data.u32(tags::ROWS), Some(7), "{syntax}");
        assert_eq!(noted(&read, NoteKind::SyntaxMismatch), mismatch, "{syntax}");
    }
}

#[test]
fn odd_lengths_are_read_and_written_even() {
    let body =
        [modality(), explicit(tags::PATIENT_ID, "LO", b"odd"), explicit(tags::ROWS, "US", &[7, 0])].concat();
    let read = open(&file(EXPLICIT_LITTLE, &body));
    assert_eq!(&read.data.get(tags::PATIENT_ID).unwrap().bytes().unwrap()[..], b"odd");
    let back = open(&write(&read).unwrap());
    assert_eq!(&back.data.get(tags::PATIENT_ID).unwrap().bytes().unwrap()[..], b"odd ");
    assert_eq!(back.data.u32(tags::ROWS), Some(7));
}

#[test]
fn unknown_values_of_undefined_length_are_implicit_sequences() {
    let inner = implicit(Tag(0x0008, 0x1150), b"1.2.3\0");
    let item =
        [&[0xFE, 0xFF, 0, 0xE0][..], &u32::try_from(inner.len()).unwrap().to_le_bytes(), &inner].concat();
    let end = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    let sequence = |big: bool| {
        let mut tag = [0x09, 0x00, 0x10, 0x10];
        if big {
            tag = [0x00, 0x09, 0x10, 0x10];
        }
        [&tag[..], b"UN\0\0", &[255; 4], &item, &end].concat()
    };
    let modality_big = [&[0x00, 0x08, 0x00, 0x60][..], b"CS\x00\x02CT"].concat();
    for (syntax, body) in [
        (EXPLICIT_LITTLE, [modality(), sequence(false)].concat()),
        (BIG, [modality_big, sequence(true)].concat()),
    ] {
        let read = open(&file(syntax, &body));
        let items = read.data.items(Tag(0x0009, 0x1010));
        assert_eq!(items.len(), 1, "{syntax}");
        assert_eq!(items[0].text(Tag(0x0008, 0x1150)).as_deref(), Some("1.2.3"), "{syntax}");
    }
}

#[test]
fn what_follows_the_pixels_is_left_out() {
    let pixels = Value::Bytes(vec![1, 2, 3, 4].into());
    let good = bytes(image(2, 2, 1, "MONOCHROME2", (8, 8), pixels), EXPLICIT_LITTLE);
    for tail in
        [&b"\0\0\0\0\0\0\0\0\0\0\0"[..], b"end", b"\xFF\xD8\xFF\xE0 a picture of something else", &[0xE5; 40]]
    {
        let read = open(&[&good[..], tail].concat());
        assert!(noted(&read, NoteKind::TrailingBytes), "{tail:?}");
        assert_eq!(decode_frame(&read, 0).unwrap().samples, Samples::U8(vec![1, 2, 3, 4]));
        assert_eq!(write(&read).unwrap(), good, "it does not come along");
    }
    // Before the pixels, a broken element is an error.
    let broken = file(EXPLICIT_LITTLE, &[modality(), b"\xFF\xD8\xFF\xE0 no element".to_vec()].concat());
    assert!(read(&broken, &Limits::default()).is_err());
}

#[test]
fn frames_before_the_cut_are_served() {
    let pixels = Value::Bytes((0..24).collect::<Vec<u8>>().into());
    let mut set = image(2, 4, 1, "MONOCHROME2", (8, 8), pixels);
    set.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    let whole = bytes(set, EXPLICIT_LITTLE);
    let cut = open(&whole[..whole.len() - 10]);
    assert!(noted(&cut, NoteKind::TruncatedPixelData));
    assert_eq!(decode_frame(&cut, 0).unwrap().samples, Samples::U8((0..8).collect()));
    assert_eq!(decode_frame(&cut, 1).unwrap_err().code(), "dicom-truncated");
    assert_eq!(frame_bytes(&cut, 1).unwrap_err().code(), "dicom-truncated");

    let one: Vec<u8> = run_lengths(5);
    let mut set = image(2, 4, 1, "MONOCHROME2", (8, 8), fragments(&[&one, &one, &one]));
    set.put_text(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    let whole = bytes(set, "1.2.840.10008.1.2.5");
    // The delimiter, and half of the last fragment.
    let cut = open(&whole[..whole.len() - 8 - 40]);
    assert!(noted(&cut, NoteKind::TruncatedPixelData));
    assert_eq!(decode_frame(&cut, 1).unwrap().samples, Samples::U8(vec![5; 8]));
    assert_eq!(decode_frame(&cut, 2).unwrap_err().code(), "dicom-codec");
    let no_delimiter = open(&whole[..whole.len() - 8]);
    assert!(noted(&no_delimiter, NoteKind::MissingDelimiter));
    assert!(decode_frame(&no_delimiter, 2).is_ok());
}

/// A run-length frame of eight equal bytes.
fn run_lengths(value: u8) -> Vec<u8> {
    let mut out = vec![1, 0, 0, 0, 64, 0, 0, 0];
    out.resize(64, 0);
    out.extend_from_slice(&[0xF9, value]);
    out
}

#[test]
fn file_meta_values_may_be_longer_than_they_should() {
    let meta = [
        explicit(tags::TRANSFER_SYNTAX_UID, "UI", b"1.2.840.10008.1.2.1\0"),
        explicit(tags::IMPLEMENTATION_VERSION_NAME, "SH", b"A NAME OF 22 BYTES    "),
        explicit(tags::SOURCE_APPLICATION_ENTITY_TITLE, "AE", b"EIGHTEEN BYTES    "),
    ];
    assert!(is_ct(&open(&[&[0; 128][..], b"DICM", &meta.concat(), &modality()].concat())));
}

#[test]
fn codestreams_may_have_filler_in_front() {
    let table = include_str!("reference/baseline.tsv");
    let line = table.lines().find(|l| l.starts_with("gray")).unwrap();
    let stream = hex(line.split('\t').nth(4).unwrap());
    let frame = |stream: &[u8]| {
        let set = image(27, 35, 1, "MONOCHROME2", (8, 8), fragments(&[stream]));
        decode_frame(&open(&bytes(set, "1.2.840.10008.1.2.4.50")), 0).unwrap()
    };
    let plain = frame(&stream);
    for lead in [&[0u8; 2][..], &[0xFF; 4], &[0; 30]] {
        assert_eq!(frame(&[lead, &stream[..]].concat()), plain);
    }
}

fn values(set: &DataSet, into: &mut Vec<(Tag, Vec<u8>)>) {
    for (tag, element) in set.iter() {
        match &element.value {
            Value::Bytes(raw) => into.push((tag, raw.to_vec())),
            Value::Items(items) => items.iter().for_each(|i| values(i, into)),
            Value::Fragments { offsets, fragments } => {
                into.push((tag, offsets.to_vec()));
                into.extend(fragments.iter().map(|(_, f)| (tag, f.to_vec())));
            }
        }
    }
}

/// What nobody touched is written as it was read.
#[test]
fn untouched_values_are_written_byte_for_byte() {
    let mut inner = DataSet::new();
    inner.put_text(Tag(0x0008, 0x1150), VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    inner.put_bytes(Tag(0x0009, 0x1001), VR::UN, vec![9, 8, 7, 6]);
    let mut set = image(2, 4, 1, "MONOCHROME2", (8, 8), fragments(&[&run_lengths(3)]));
    set.put_items(Tag(0x0008, 0x1140), vec![inner.clone(), inner]);
    // Padding, blanks and bytes that are no text of any kind.
    set.put_bytes(tags::PATIENT_NAME, VR::PN, b" \xE9\xFF\0  ".to_vec());
    set.put_bytes(Tag(0x0018, 0x0050), VR::DS, b"  01.50 ".to_vec());
    let raw = bytes(set, "1.2.840.10008.1.2.5");
    let first = open(&raw);
    let again = write(&first).unwrap();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    values(&first.data, &mut before);
    values(&open(&again).data, &mut after);
    assert_eq!(before, after);
    assert!(before.contains(&(tags::PATIENT_NAME, b" \xE9\xFF\0  ".to_vec())));
    assert_eq!(raw, again);
}
