//! A phantom: one patient, whose name and numbers stand in every place of a DICOM file that can hold them.

use countersign_deid::{Context, Keys, Profile, clean_dicom, clean_dicom_with};
use countersign_dicom::{DataSet, Element, Instance, Limits, Tag, VR, Value, read, tags, write};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [6; 32] };
const FAMILY: &str = "Featherstone";
const NUMBER: &str = "MRN-0048213";

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn image() -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.4"),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.66.1"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.66.2"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.66.3"),
        (tags::MODALITY, VR::CS, "MR"),
        (tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold"),
        (tags::PATIENT_ID, VR::LO, NUMBER),
    ] {
        set.put_text(tag, vr, text);
    }
    set
}

fn item(tag: Tag, vr: VR, text: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tag, vr, text);
    item
}

/// The phantom as a file, with its name in front of and behind the data set, too.
fn phantom() -> Vec<u8> {
    let both = format!("{FAMILY} {NUMBER}");
    let mut set = image();
    // Public text of each kind, a private block, an unknown tag, values of no known kind.
    for tag in [tags::IMAGE_COMMENTS, tags::PROTOCOL_NAME, tags::CONVOLUTION_KERNEL, Tag(0x0018, 0x9999)] {
        set.put_text(tag, VR::LO, &both);
    }
    set.put_text(Tag(0x0029, 0x0010), VR::LO, &both);
    set.put_bytes(Tag(0x0029, 0x1010), VR::UN, wide(&both));
    set.put_bytes(Tag(0x0018, 0x9998), VR::UN, wide(&both));
    set.put_bytes(Tag(0x0018, 0x9997), VR::OB, both.as_bytes().to_vec());
    // Sequences in sequences, an icon, a media directory, references, trailing padding.
    let inner = item(tags::PATIENT_NAME, VR::PN, FAMILY);
    let mut middle = item(Tag(0x0009, 0x1001), VR::LT, &both);
    middle.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![inner]);
    set.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![middle]);
    let mut icon = DataSet::new();
    icon.put_bytes(tags::PIXEL_DATA, VR::OW, format!("{both}.").into_bytes());
    set.put_items(tags::ICON_IMAGE_SEQUENCE, vec![icon]);
    set.put_text(Tag(0x0004, 0x1130), VR::CS, "FEATHERSTONE");
    set.put_items(Tag(0x0004, 0x1220), vec![item(Tag(0x0004, 0x1500), VR::CS, "FEATHERSTONE\\IM1")]);
    set.put_bytes(Tag(0xFFFC, 0xFFFC), VR::OB, both.as_bytes().to_vec());
    // Overlays, curves, annotations, structured content, a document, a signature.
    set.put_text(Tag(0x6000, 0x1500), VR::LO, &both);
    set.put_bytes(Tag(0x6000, 0x3000), VR::OW, both.as_bytes().to_vec());
    set.put_text(Tag(0x5000, 0x0022), VR::LO, &both);
    set.put_bytes(Tag(0x5000, 0x200C), VR::OW, both.as_bytes().to_vec());
    set.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![item(tags::UNFORMATTED_TEXT_VALUE, VR::ST, &both)]);
    set.put_items(tags::CONTENT_SEQUENCE, vec![item(tags::TEXT_VALUE, VR::UT, &both)]);
    set.put_bytes(Tag(0x0042, 0x0011), VR::OB, format!("%PDF-1.7 {both}").into_bytes());
    set.put_items(Tag(0xFFFA, 0xFFFA), vec![item(Tag(0x0400, 0x0115), VR::LO, &both)]);
    set.put_text(tags::RETRIEVE_URL, VR::UR, &format!("https://pacs.example/{FAMILY}"));
    let mut file = write(&Instance::new(set)).unwrap();
    file[..both.len()].copy_from_slice(both.as_bytes());
    file.extend_from_slice(&[0; 4]);
    file
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let at = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle));
    at(text.as_bytes()) || at(&wide(text))
}

#[test]
fn nothing_of_the_phantom_comes_through_under_any_single_option() {
    let source = read(&phantom(), &Limits::default()).unwrap();
    for option in [
        "basic",
        "basic,retain_uids",
        "basic,retain_device_identity",
        "basic,retain_institution_identity",
        "basic,retain_patient_characteristics",
        "basic,retain_full_dates",
        "basic,retain_modified_dates",
        "basic,retain_safe_private",
        "basic,clean_descriptors",
        "basic,clean_structured_content",
        "basic,clean_graphics",
    ] {
        let cleaned = clean_dicom(&source, &Profile::parse(option).unwrap(), &KEYS).unwrap();
        for part in [FAMILY, "Marigold", NUMBER, "0048213", "pacs.example", "%PDF"] {
            assert!(!holds(&cleaned.bytes, part), "{part} under {option}");
        }
        assert!(cleaned.report.preamble_blanked);
        let back = read(&cleaned.bytes, &Limits::default()).unwrap();
        let groups = [0x0004, 0x0029, 0x5000, 0xFFFC, 0xFFFA];
        assert!(back.data.iter().all(|(tag, _)| !groups.contains(&tag.0)), "{option}");
        assert!(back.data.get(tags::ICON_IMAGE_SEQUENCE).is_none());
    }
}

#[test]
fn a_name_in_another_character_set_is_the_same_name() {
    let kanji = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B".to_vec();
    let mut set = image();
    set.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "\\ISO 2022 IR 87");
    set.put_bytes(tags::PATIENT_NAME, VR::PN, kanji);
    // In the same set, with the escape at another place; in UTF-8 within an item that says so.
    set.put_bytes(tags::CONVOLUTION_KERNEL, VR::SH, b"for \x1B$B;3ED\x1B(B ".to_vec());
    let mut item = item(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    item.put_text(tags::CODE_MEANING, VR::LO, "山田さん");
    set.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![item]);
    let cleaned = clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS).unwrap();
    assert_eq!(cleaned.report.counts.removed_residue, 2);
    assert!(!holds(&cleaned.bytes, "山田") && !cleaned.bytes.windows(4).any(|w| w == b";3ED"));
    // Latin-1 in the source, UTF-8 in the item.
    let mut set = image();
    set.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    set.put_bytes(tags::PATIENT_NAME, VR::PN, b"J\xF6rgensen^Zo\xEB ".to_vec());
    let mut item = DataSet::new();
    item.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    item.put_text(tags::CODE_MEANING, VR::LO, "hip of JÖRGENSEN");
    set.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![item]);
    let cleaned = clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS).unwrap();
    assert!(!String::from_utf8_lossy(&cleaned.bytes).contains("JÖRGENSEN"));
}

#[test]
fn what_an_option_keeps_is_no_leak_of_what_was_removed_elsewhere() {
    let mut set = image();
    set.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    set.put_text(tags::INSTITUTION_NAME, VR::LO, "Universität Köln");
    let mut organisation = item(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    organisation.put_bytes(tags::INSTITUTION_NAME, VR::LO, b"Universit\xE4t K\xF6ln".to_vec());
    set.put_items(tags::CUSTODIAL_ORGANIZATION_SEQUENCE, vec![organisation]);
    let kept = Profile::parse("basic,retain_institution_identity").unwrap();
    let cleaned = clean_dicom(&Instance::new(set.clone()), &kept, &KEYS).unwrap();
    assert!(holds(&cleaned.bytes, "Universität Köln"));
    let cleaned = clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS).unwrap();
    assert!(!holds(&cleaned.bytes, "Universität Köln"));
}

#[test]
fn noise_gives_no_false_hit_and_a_planted_value_a_true_one() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut noise = || {
        // xorshift64 (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut pixels: Vec<u8> = (0..500_000).flat_map(|_| noise()).collect();
    let with = |pixels: Vec<u8>| {
        let mut set = image();
        set.put_text(tags::ACCESSION_NUMBER, VR::SH, "A1B2C3");
        set.put_text(tags::STUDY_DATE, VR::DA, "20210614");
        set.insert(tags::PIXEL_DATA, Element { vr: VR::OW, value: Value::Bytes(pixels.into()), offset: 0 });
        clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS)
    };
    assert!(with(pixels.clone()).is_ok());
    // Short values in noise are chance, long ones are not, wherever they start and whatever their case.
    pixels[1001..1007].copy_from_slice(b"A1B2C3");
    assert!(with(pixels.clone()).is_ok());
    for at in [0, 1, 2, 3, 777_777, 3_999_988] {
        let mut planted = pixels.clone();
        planted[at..at + 12].copy_from_slice(b"FEATHERSTONE");
        let e = with(planted).unwrap_err();
        assert_eq!(e.code(), "deid-leak");
        assert_eq!(e.place().tag, Some(tags::PIXEL_DATA));
        assert!(!e.to_string().to_lowercase().contains("feather"));
    }
}

#[test]
fn long_values_are_compared_whole() {
    let long = |end: &str| format!("Report of the examination of the left knee, {end}");
    let mut set = image();
    set.put_text(tags::IMAGE_COMMENTS, VR::LT, &long("made for insurance"));
    set.put_text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, &long("made for insurance"));
    set.put_text(tags::RESCALE_TYPE, VR::LO, &long("nothing else"));
    let cleaned = clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS).unwrap();
    assert!(!holds(&cleaned.bytes, "insurance") && holds(&cleaned.bytes, "nothing else"));
}

#[test]
fn what_the_caller_knows_is_searched_for() {
    let mut set = image();
    set.put_text(tags::CONVOLUTION_KERNEL, VR::SH, "holiday-photo-7");
    let context = Context { known_values: vec!["Holiday-Photo-7".to_owned()], ..Context::default() };
    let cleaned = clean_dicom_with(&Instance::new(set), &Profile::basic(), &KEYS, &context).unwrap();
    assert!(!holds(&cleaned.bytes, "holiday-photo-7"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a few changed bytes make of the phantom: it is refused with a type, or what comes out is
    /// readable and holds nothing private.
    #[test]
    fn a_damaged_phantom_ends_in_a_clean_file_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        option in 0usize..4,
    ) {
        let mut raw = phantom();
        for (at, value) in changes {
            let at = at.index(raw.len());
            raw[at] = value;
        }
        if let Some(cut) = cut {
            raw.truncate(cut.index(raw.len() + 1));
        }
        let profile = [
            "basic",
            "basic,clean_descriptors,clean_structured_content,clean_graphics,retain_modified_dates",
            "basic,retain_uids,retain_full_dates,retain_device_identity,retain_institution_identity",
            "basic,retain_patient_characteristics,zip3,retain_modified_dates,year_only",
        ][option];
        let Ok(source) = read(&raw, &Limits::default()) else { return Ok(()) };
        if let Ok(cleaned) = clean_dicom(&source, &Profile::parse(profile).unwrap(), &KEYS) {
            let back = read(&cleaned.bytes, &Limits::default()).unwrap();
            prop_assert!(back.data.iter().all(|(tag, _)| tag.0 % 2 == 0));
            prop_assert_eq!(back.data.text(tags::PATIENT_ID), Some(cleaned.pseudonym));
        }
    }
}
