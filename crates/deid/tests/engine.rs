//! The engine on data sets made for it.

use countersign_deid::{Applied, Cleaned, DeidError, Keys, Profile, ProfileOption, clean_dicom};
use countersign_dicom::{DataSet, Element, Instance, Limits, Tag, VR, Value, read, tags};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [9; 32] };
const STUDY: &str = "1.2.826.0.1.3680043.77.1";

fn code(value: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    item.put_text(tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// A CT image with identifiers where they usually stand.
fn source() -> DataSet {
    let mut set = DataSet::new();
    set.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    set.put_text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.77.1.2.3");
    set.put_text(tags::STUDY_INSTANCE_UID, VR::UI, STUDY);
    set.put_text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.77.1.2");
    set.put_text(tags::MODALITY, VR::CS, "CT");
    set.put_text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL");
    set.put_text(tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold");
    set.put_text(tags::PATIENT_ID, VR::LO, "MRN-0048213");
    set.put_text(tags::STUDY_DATE, VR::DA, "20210614");
    set.put_text(tags::SERIES_DATE, VR::DA, "20210614");
    set.put_text(tags::INSTITUTION_NAME, VR::LO, "Lakeside General");
    set.put_text(tags::STUDY_DESCRIPTION, VR::LO, "ABDOMEN");
    set.put_text(tags::BODY_PART_EXAMINED, VR::CS, "ABDOMEN");
    set.put_text(tags::SLICE_THICKNESS, VR::DS, "2.5");
    set.put_u16(tags::ROWS, &[2]);
    set.put_u16(tags::COLUMNS, &[2]);
    set.put_u16(tags::BITS_ALLOCATED, &[16]);
    set.put_u16(tags::BITS_STORED, &[12]);
    set.put_u16(tags::HIGH_BIT, &[11]);
    set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    set.put_bytes(tags::PIXEL_DATA, VR::OW, vec![1, 0, 2, 0, 3, 0, 4, 0]);
    set
}

fn run(set: DataSet) -> Result<(Cleaned, DataSet), DeidError> {
    let cleaned = clean_dicom(&Instance::new(set), &Profile::basic(), &KEYS)?;
    let back = read(&cleaned.bytes, &Limits::default()).unwrap();
    Ok((cleaned, back.data))
}

fn applied(cleaned: &Cleaned, path: &str) -> Option<Applied> {
    cleaned.report.changed.iter().find(|(p, _)| p == path).map(|(_, a)| *a)
}

#[test]
fn the_basic_profile_is_applied_and_the_image_stays_useful() {
    let (cleaned, out) = run(source()).unwrap();
    assert_eq!(out.text(tags::PATIENT_ID), Some(cleaned.pseudonym.clone()));
    assert_eq!(out.text(tags::PATIENT_NAME), Some(cleaned.pseudonym.clone()));
    assert!(out.get(tags::STUDY_DATE).unwrap().is_empty(), "Z");
    assert_eq!(out.text(tags::SERIES_DATE).as_deref(), Some("19000101"), "X/D");
    assert_eq!(out.text(tags::INSTITUTION_NAME).as_deref(), Some("REMOVED"), "X/Z/D");
    assert!(out.get(tags::STUDY_DESCRIPTION).is_none(), "X");
    assert_eq!(
        out.text(tags::BODY_PART_EXAMINED).as_deref(),
        Some("ABDOMEN"),
        "a code that says nothing of whom"
    );
    assert_eq!(out.number(tags::SLICE_THICKNESS), Some(2.5));
    assert_eq!(out.text(tags::STUDY_INSTANCE_UID), Some(KEYS.uid(STUDY)));
    assert_eq!(cleaned.uid_map[STUDY], KEYS.uid(STUDY));
    assert_eq!(out.text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).as_deref(), Some("REMOVED"));
    assert_eq!(out.get(tags::PIXEL_DATA).unwrap().bytes().unwrap()[..], [1, 0, 2, 0, 3, 0, 4, 0]);
    assert_eq!(cleaned.report.edition, "2026d");
    let json = serde_json::to_string(&cleaned.report).unwrap();
    for value in ["Featherstone", "MRN-0048213", "20210614", "Lakeside", STUDY, &cleaned.pseudonym] {
        assert!(!json.contains(value), "the report holds no value");
    }
}

#[test]
fn nested_items_are_cleaned_like_the_top() {
    let mut set = source();
    let mut item = DataSet::new();
    item.put_text(Tag(0x0008, 0x1155), VR::UI, STUDY);
    item.put_text(tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold");
    item.put_text(Tag(0x0009, 0x0010), VR::LO, "ACME 1.0");
    item.put_text(Tag(0x0009, 0x1001), VR::LO, "private words");
    item.put_items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![code("121311", "Localizer")]);
    item.put_text(tags::DATE_OF_SECONDARY_CAPTURE, VR::DA, "20210614");
    set.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![item.clone(), item]);
    let (cleaned, out) = run(set).unwrap();
    let items = out.items(tags::SOURCE_IMAGE_SEQUENCE);
    assert_eq!(items.len(), 2);
    for item in items {
        assert_eq!(item.text(Tag(0x0008, 0x1155)), Some(KEYS.uid(STUDY)), "references still meet");
        assert!(item.get(Tag(0x0009, 0x0010)).is_none() && item.get(Tag(0x0009, 0x1001)).is_none());
        let purpose = &item.items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE)[0];
        assert_eq!(purpose.text(tags::CODE_MEANING).as_deref(), Some("Localizer"));
    }
    assert_eq!(applied(&cleaned, "(0008,2112)[1].(0009,1001)"), Some(Applied::RemovedPrivate));
    assert_eq!(cleaned.report.counts.removed_private, 4);
}

#[test]
fn what_the_table_does_not_list_is_decided_by_its_vr() {
    let mut set = source();
    // A date, a time and a name that E.1-1 does not list; a tag that nobody knows; a value that is no code.
    set.put_text(Tag(0x0018, 0x9999), VR::UN, "mystery");
    set.put_text(Tag(0x0008, 0x9997), VR::LO, "unheard of");
    set.put_text(tags::SCAN_OPTIONS, VR::CS, "call Dr. Brown, ext. 5");
    set.put_text(tags::KVP, VR::DS, "Brown");
    set.put_text(tags::CONVOLUTION_KERNEL, VR::SH, "B30f");
    set.put_bytes(Tag(0x0029, 0x1010), VR::OB, b"private header".to_vec());
    // Kept by their VR, were they not unknown, of another kind than the dictionary says, or a second picture.
    set.put_text(Tag(0x0018, 0x9998), VR::CS, "BROWN");
    set.put_bytes(tags::GANTRY_DETECTOR_TILT, VR::OW, b"Dr. Brown".to_vec());
    set.put_f64(tags::EXPOSURE_TIME, &[12.0]);
    let mut picture = DataSet::new();
    picture.put_bytes(tags::PIXEL_DATA, VR::OW, vec![0; 8]);
    set.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![picture]);
    let (cleaned, out) = run(set).unwrap();
    assert!(out.get(Tag(0x0008, 0x9997)).is_none());
    assert!(out.get(Tag(0x0018, 0x9999)).is_none() && out.get(Tag(0x0018, 0x9998)).is_none());
    assert_eq!(applied(&cleaned, "(0018,1120)"), Some(Applied::RemovedMalformed));
    assert_eq!(out.number(tags::EXPOSURE_TIME), Some(12.0), "a number is a number");
    assert!(out.items(tags::ANATOMIC_REGION_SEQUENCE)[0].is_empty());
    assert_eq!(applied(&cleaned, "(0018,0022)"), Some(Applied::RemovedMalformed));
    assert_eq!(applied(&cleaned, "(0018,0060)"), Some(Applied::RemovedMalformed));
    assert_eq!(out.text(tags::CONVOLUTION_KERNEL).as_deref(), Some("B30f"));
}

#[test]
fn a_value_that_hides_elsewhere_is_found() {
    let mut set = source();
    set.put_text(tags::CONVOLUTION_KERNEL, VR::SH, "for FEATHERSTONE");
    set.put_text(tags::SCAN_OPTIONS, VR::CS, "HELICAL\\MARIGOLD");
    set.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![code("T-D4000", "Abdomen of Featherstone")]);
    let (cleaned, out) = run(set).unwrap();
    assert!(out.get(tags::CONVOLUTION_KERNEL).is_none());
    assert_eq!(out.texts(tags::SCAN_OPTIONS)[0], "HELICAL", "the other part stays");
    assert!(out.items(tags::ANATOMIC_REGION_SEQUENCE)[0].get(tags::CODE_MEANING).is_none());
    assert_eq!(cleaned.report.counts.removed_residue, 3);
    assert_eq!(applied(&cleaned, "(0008,2218)[0].(0008,0104)"), Some(Applied::RemovedResidue));
}

#[test]
fn a_value_that_cannot_be_taken_out_is_a_leak_and_named_only_by_place() {
    let mut set = source();
    set.put_bytes(tags::PIXEL_DATA, VR::OW, b"..MRN-0048213...".to_vec());
    let e = run(set).unwrap_err();
    assert_eq!(e.code(), "deid-leak");
    assert_eq!(e.place().tag, Some(tags::PIXEL_DATA));
    assert!(e.place().offset.is_some_and(|o| o > 128));
    assert!(!e.to_string().contains("0048213"), "{e}");
}

#[test]
fn patients_stay_apart_and_themselves() {
    let with = |id: &str, issuer: &str| {
        let mut set = source();
        set.put_text(tags::PATIENT_ID, VR::LO, id);
        set.put_text(tags::ISSUER_OF_PATIENT_ID, VR::LO, issuer);
        run(set).unwrap().0.pseudonym
    };
    assert_eq!(with("MRN-1", "A"), with("MRN-1", "A"));
    assert_ne!(with("MRN-1", "A"), with("MRN-2", "A"));
    assert_ne!(with("MRN-1", "A"), with("MRN-1", "B"));
    let nameless = |study: &str| {
        let mut set = source();
        set.remove(tags::PATIENT_ID);
        set.put_text(tags::STUDY_INSTANCE_UID, VR::UI, study);
        run(set).unwrap().0.pseudonym
    };
    assert_ne!(
        nameless("1.2.3.4.5.6"),
        nameless("1.2.3.4.5.7"),
        "no patient number does not make one patient"
    );
}

#[test]
fn a_patient_who_is_called_like_a_word_of_ours_is_no_leak() {
    let mut set = source();
    set.put_text(tags::PATIENT_NAME, VR::PN, "Profile^Basic^Application");
    set.put_text(tags::PATIENT_ID, VR::LO, "Countersign");
    set.put_text(tags::CONVOLUTION_KERNEL, VR::SH, "PROFILE");
    let (cleaned, out) = run(set).unwrap();
    assert!(out.get(tags::CONVOLUTION_KERNEL).is_none(), "but elsewhere it is");
    assert_eq!(cleaned.report.counts.removed_residue, 1);
}

#[test]
fn earlier_markers_are_added_to_but_their_words_are_not_trusted() {
    let mut set = source();
    set.put_items(
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        vec![code("113105", "by Featherstone"), code("9", "x")],
    );
    let (_, out) = run(set).unwrap();
    let codes: Vec<String> = out
        .items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .iter()
        .filter_map(|i| i.text(tags::CODE_VALUE))
        .collect();
    assert_eq!(codes, ["113105", "113100"]);
}

#[test]
fn an_overlay_within_the_pixels_goes_with_its_group() {
    let mut set = source();
    set.put_bytes(tags::PIXEL_DATA, VR::OW, vec![1, 0xF0, 2, 0x10, 3, 0, 4, 0x8F]);
    set.put_u16(Tag(0x6000, 0x0010), &[2]);
    set.put_u16(Tag(0x6000, 0x0102), &[15]);
    let (cleaned, out) = run(set).unwrap();
    assert_eq!(out.get(tags::PIXEL_DATA).unwrap().bytes().unwrap()[..], [1, 0, 2, 0, 3, 0, 4, 0x0F]);
    assert!(out.iter().all(|(t, _)| t.0 != 0x6000));
    assert_eq!(cleaned.report.overlays_removed, 1);
    assert_eq!(applied(&cleaned, "(7FE0,0010)"), Some(Applied::Stripped));
}

#[test]
fn an_overlay_in_coded_pixels_is_told() {
    let with = |overlay: bool| {
        let mut set = source();
        let value = Value::Fragments { offsets: Vec::new().into(), fragments: vec![(0, vec![0; 64].into())] };
        set.insert(tags::PIXEL_DATA, Element { vr: VR::OB, value, offset: 0 });
        if overlay {
            set.put_u16(Tag(0x6000, 0x0102), &[15]);
        }
        let mut instance = Instance::new(set);
        instance.transfer_syntax = "1.2.840.10008.1.2.5".to_owned();
        clean_dicom(&instance, &Profile::basic(), &KEYS).unwrap().report.overlay_in_coded_pixels
    };
    assert!(with(true) && !with(false));
}

#[test]
fn bits_beside_the_value_are_cleared_in_words_of_each_size() {
    for (allocated, stored, signed, source_bytes, cleared) in [
        (8, 6, 0, vec![0xC1, 0x3F, 0x80, 0x00], vec![0x01, 0x3F, 0x00, 0x00]),
        (16, 12, 1, vec![0xFF, 0x0F, 0x01, 0xF0], vec![0xFF, 0xFF, 0x01, 0x00]),
        (32, 24, 0, vec![1, 2, 3, 0xAA], vec![1, 2, 3, 0]),
    ] {
        let mut set = source();
        set.put_u16(tags::BITS_ALLOCATED, &[allocated]);
        set.put_u16(tags::BITS_STORED, &[stored]);
        set.put_u16(tags::HIGH_BIT, &[stored - 1]);
        set.put_u16(tags::PIXEL_REPRESENTATION, &[signed]);
        set.put_bytes(tags::PIXEL_DATA, VR::OW, source_bytes);
        set.put_u16(Tag(0x6000, 0x0102), &[stored]);
        let (_, out) = run(set).unwrap();
        assert_eq!(out.get(tags::PIXEL_DATA).unwrap().bytes().unwrap()[..], cleared, "{allocated}");
    }
}

#[test]
fn what_is_not_applied_is_refused() {
    let instance = Instance::new(source());
    let other = Profile { edition: "2011".to_owned(), ..Profile::basic() };
    assert_eq!(clean_dicom(&instance, &other, &KEYS).unwrap_err().code(), "deid-other-edition");
    let both = vec![ProfileOption::RetainFullDates, ProfileOption::RetainModifiedDates];
    let both = Profile { options: both, ..Profile::basic() };
    assert_eq!(clean_dicom(&instance, &both, &KEYS).unwrap_err().code(), "profile-contradiction");
    let pixels = Profile { options: vec![ProfileOption::CleanPixelData], ..Profile::basic() };
    assert_eq!(clean_dicom(&instance, &pixels, &KEYS).unwrap_err().code(), "deid-pixels-not-cleaned");
    let mut foreign = Instance::new(source());
    foreign.transfer_syntax = "1.2.3.4 Featherstone".to_owned();
    let e = clean_dicom(&foreign, &Profile::basic(), &KEYS).unwrap_err();
    assert_eq!(e.code(), "dicom-unsupported-transfer-syntax");
    assert!(!e.to_string().contains("Featherstone"));
}

/// Public attributes in which names are found in the field, and private and unknown ones.
const PLACES: [(Tag, VR); 14] = [
    (tags::STUDY_DESCRIPTION, VR::LO),
    (tags::IMAGE_COMMENTS, VR::LT),
    (tags::PROTOCOL_NAME, VR::LO),
    (tags::SEQUENCE_NAME, VR::SH),
    (tags::SCAN_OPTIONS, VR::CS),
    (tags::RESCALE_TYPE, VR::LO),
    (tags::MANUFACTURER, VR::LO),
    (tags::BODY_PART_EXAMINED, VR::CS),
    (tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO),
    (tags::TEXT_VALUE, VR::UT),
    (tags::OPERATORS_NAME, VR::PN),
    (Tag(0x0011, 0x1001), VR::LO),
    (Tag(0x0008, 0x9998), VR::UN),
    (tags::SEGMENT_LABEL, VR::LO),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wherever the patient's name and number stand, at the top or in an item: the bytes that come out do
    /// not hold them.
    #[test]
    fn no_name_comes_through(
        family in "[A-Z][a-z]{6,12}",
        number in "[1-9][0-9]{7,11}",
        places in prop::collection::vec((0usize..PLACES.len(), any::<bool>(), 0usize..3), 1..8),
    ) {
        let mut set = source();
        set.put_text(tags::PATIENT_NAME, VR::PN, &format!("{family}^Q"));
        set.put_text(tags::PATIENT_ID, VR::LO, &number);
        let mut item = code("1", "one");
        for (place, nested, form) in places {
            let (tag, vr) = PLACES[place];
            let text = match form {
                0 => family.to_uppercase(),
                1 => format!("{family} {number}"),
                _ => number.clone(),
            };
            let into = if nested { &mut item } else { &mut set };
            into.put_text(tag, vr, &text);
        }
        set.put_items(tags::ANATOMIC_REGION_SEQUENCE, vec![item]);
        let (cleaned, _) = run(set).unwrap();
        let out = String::from_utf8_lossy(&cleaned.bytes).to_lowercase();
        prop_assert!(!out.contains(&family.to_lowercase()));
        prop_assert!(!out.contains(&number));
    }
}

#[test]
fn a_comment_within_a_codestream_goes() {
    let mut set = source();
    let stream =
        b"\xFF\xD8\xFF\xFE\x00\x12Featherstone, M.\xFF\xDB\x00\x03\x01\xFF\xDA\x00\x02\x11\x22\xFF\xD9"
            .to_vec();
    let fragments = vec![(0, stream.into())];
    let value = Value::Fragments { offsets: Vec::new().into(), fragments };
    set.insert(tags::PIXEL_DATA, Element { vr: VR::OB, value, offset: 0 });
    let mut instance = Instance::new(set);
    instance.transfer_syntax = "1.2.840.10008.1.2.4.50".to_owned();
    let cleaned = clean_dicom(&instance, &Profile::basic(), &KEYS).unwrap();
    assert!(!cleaned.bytes.windows(12).any(|w| w == b"Featherstone"));
    assert!(cleaned.bytes.windows(5).any(|w| w == b"\xFF\xDB\x00\x03\x01"), "what codes pixels stays");
}
