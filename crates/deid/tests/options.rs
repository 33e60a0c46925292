//! Every option of the profile, on data sets made for it.

use countersign_deid::{
    Applied, Cleaned, Context, DeidError, Keys, Profile, SafeHarborClass, clean_dicom, clean_dicom_with,
};
use countersign_dicom::{DataSet, Instance, Limits, Tag, VR, read, tags};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [5; 32] };
const STUDY: &str = "1.2.826.0.1.3680043.88.1";
const DEVICE: &str = "1.2.826.0.1.3680043.88.9";

fn code(value: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    item.put_text(tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// An MR image with something for each option.
fn source() -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.4"),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.88.1.2.3"),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.88.1.2"),
        (tags::DEVICE_UID, VR::UI, DEVICE),
        (tags::MODALITY, VR::CS, "MR"),
        (tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold"),
        (tags::PATIENT_ID, VR::LO, "MRN-0048213"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19250301"),
        (tags::PATIENT_AGE, VR::AS, "096Y"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::PATIENT_WEIGHT, VR::DS, "61.5"),
        (tags::PATIENT_ADDRESS, VR::LO, "12 Oak Ave, Chicago, IL 60614"),
        (tags::ALLERGIES, VR::LO, "penicillin (told by Marigold)"),
        (tags::STUDY_DATE, VR::DA, "20210614"),
        (tags::STUDY_TIME, VR::TM, "093000.12"),
        (tags::SERIES_DATE, VR::DA, "20210621"),
        (tags::ACQUISITION_DATE_TIME, VR::DT, "20210614093015.5+0100"),
        (tags::CONTENT_DATE, VR::DA, "2021061"),
        (tags::DATE_OF_LAST_CALIBRATION, VR::DA, "20210601"),
        (tags::INSTITUTION_NAME, VR::LO, "Lakeside General"),
        (tags::STATION_NAME, VR::SH, "SCANNER-7"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "SN-558812"),
        (tags::STATION_AE_TITLE, VR::AE, "LAKESIDE_MR"),
        (tags::STUDY_DESCRIPTION, VR::LO, "MR Knee Featherstone left"),
        (tags::SERIES_DESCRIPTION, VR::LO, "t1_tse_sag"),
        (tags::IMAGE_COMMENTS, VR::LT, "his wife called about the address"),
    ] {
        set.put_text(tag, vr, text);
    }
    set.put_items(tags::ADMITTING_DIAGNOSES_CODE_SEQUENCE, vec![code("1", "Knee pain")]);
    set
}

fn run(set: DataSet, profile: &str) -> (Cleaned, DataSet) {
    let cleaned = clean_dicom(&Instance::new(set), &Profile::parse(profile).unwrap(), &KEYS).unwrap();
    let back = read(&cleaned.bytes, &Limits::default()).unwrap();
    (cleaned, back.data)
}

fn codes(out: &DataSet) -> Vec<String> {
    out.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .iter()
        .filter_map(|i| i.text(tags::CODE_VALUE))
        .collect()
}

fn applied(cleaned: &Cleaned, tag: Tag) -> Option<Applied> {
    let path = tag.to_string();
    cleaned.report.changed.iter().find(|(p, _)| *p == path).map(|(_, a)| *a)
}

fn class(cleaned: &Cleaned, class: char) -> &SafeHarborClass {
    cleaned.report.safe_harbor.iter().find(|c| c.class == class).unwrap()
}

#[test]
fn uids_stay_only_when_asked_for() {
    let (cleaned, out) = run(source(), "basic,retain_uids");
    assert_eq!(out.text(tags::STUDY_INSTANCE_UID).as_deref(), Some(STUDY));
    assert!(cleaned.uid_map.is_empty());
    assert_eq!(codes(&out), ["113100", "113110"]);
    assert!(out.text(tags::STUDY_DATE).is_none(), "nothing else stays");
    let (_, out) = run(source(), "basic");
    assert_eq!(out.text(tags::DEVICE_UID), Some(KEYS.uid(DEVICE)));
    // A UID with the patient's number in it cannot stay.
    let mut set = source();
    set.put_text(tags::PATIENT_ID, VR::LO, "48213077");
    set.put_text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.826.0.1.48213077.5");
    let profile = Profile::parse("basic,retain_uids").unwrap();
    let refused = clean_dicom(&Instance::new(set), &profile, &KEYS);
    assert!(matches!(refused, Err(DeidError::Leak { path, .. }) if path == "(0020,000D)"));
    // A name in the place of a UID is nobody's UID.
    let mut set = source();
    set.put_text(tags::DEVICE_UID, VR::UI, "Featherstone");
    let (_, out) = run(set, "basic,retain_uids");
    assert_eq!(out.text(tags::DEVICE_UID), Some(KEYS.uid("Featherstone")));
}

#[test]
fn device_and_institution_stay_when_asked_for() {
    let (_, out) = run(source(), "basic,retain_device_identity");
    assert_eq!(out.text(tags::STATION_NAME).as_deref(), Some("SCANNER-7"));
    assert_eq!(out.text(tags::DEVICE_SERIAL_NUMBER).as_deref(), Some("SN-558812"));
    assert_eq!(out.text(tags::DEVICE_UID).as_deref(), Some(DEVICE));
    assert_eq!(out.text(tags::DATE_OF_LAST_CALIBRATION).as_deref(), Some("20210601"));
    assert_eq!(out.text(tags::STATION_AE_TITLE).as_deref(), Some("MR"), "it named the institution");
    assert_eq!(out.text(tags::INSTITUTION_NAME).as_deref(), Some("REMOVED"));
    let (_, out) = run(source(), "basic,retain_institution_identity");
    assert_eq!(out.text(tags::INSTITUTION_NAME).as_deref(), Some("Lakeside General"));
    assert_eq!(out.text(tags::STATION_NAME).as_deref(), Some("REMOVED"));
    let (_, out) = run(source(), "basic,retain_institution_identity,retain_device_identity");
    assert_eq!(out.text(tags::STATION_AE_TITLE).as_deref(), Some("LAKESIDE_MR"), "then it may");
}

#[test]
fn characteristics_stay_within_their_limits() {
    let (cleaned, out) = run(source(), "basic,retain_patient_characteristics,zip3");
    assert_eq!(out.text(tags::PATIENT_AGE).as_deref(), Some("090Y"));
    assert_eq!(applied(&cleaned, tags::PATIENT_AGE), Some(Applied::Capped));
    assert_eq!(out.text(tags::PATIENT_SEX).as_deref(), Some("F"));
    assert_eq!(out.number(tags::PATIENT_WEIGHT), Some(61.5));
    assert_eq!(out.text(tags::PATIENT_ADDRESS).as_deref(), Some("606"));
    assert_eq!(out.text(tags::ALLERGIES).as_deref(), Some("penicillin (told"));
    assert_eq!(out.text(tags::PATIENT_BIRTH_DATE), None, "no option keeps a birth date");
    let (_, out) = run(source(), "basic,retain_patient_characteristics");
    assert!(out.get(tags::PATIENT_ADDRESS).is_none());
    // The birth date knows better than the age.
    let mut set = source();
    set.put_text(tags::PATIENT_AGE, VR::AS, "069Y");
    let (_, out) = run(set, "basic,retain_patient_characteristics");
    assert_eq!(out.text(tags::PATIENT_AGE).as_deref(), Some("090Y"));
    let mut set = source();
    set.put_text(tags::PATIENT_AGE, VR::AS, "Brown");
    assert!(run(set, "basic,retain_patient_characteristics").1.get(tags::PATIENT_AGE).is_none());
}

#[test]
fn full_dates_stay_and_say_so() {
    let (cleaned, out) = run(source(), "basic,retain_full_dates");
    assert_eq!(out.text(tags::STUDY_DATE).as_deref(), Some("20210614"));
    assert_eq!(out.text(tags::ACQUISITION_DATE_TIME).as_deref(), Some("20210614093015.5+0100"));
    assert_eq!(out.text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).as_deref(), Some("UNMODIFIED"));
    assert_eq!((cleaned.date_shift_weeks, codes(&out)), (None, vec!["113100".into(), "113106".into()]));
    assert_eq!(out.text(tags::PATIENT_BIRTH_DATE), None);
}

#[test]
fn modified_dates_move_together_and_tell_no_offset() {
    let (cleaned, out) = run(source(), "basic,retain_modified_dates");
    let weeks = cleaned.date_shift_weeks.unwrap();
    assert_eq!(weeks, KEYS.date_shift_weeks("", "MRN-0048213"));
    let (study, series) = (out.text(tags::STUDY_DATE).unwrap(), out.text(tags::SERIES_DATE).unwrap());
    assert!(study.as_str() < "20200616" && study.as_str() > "20110101", "one to ten years back");
    assert_ne!(study, series);
    assert_eq!(out.text(tags::STUDY_TIME).as_deref(), Some("093000.12"), "times stay");
    let stamp = out.text(tags::ACQUISITION_DATE_TIME).unwrap();
    assert_eq!(stamp, format!("{study}093015.5+0100"));
    assert_eq!(out.text(tags::CONTENT_DATE).as_deref(), Some("19000101"), "malformed");
    // A calibration is shared by many patients: its date would tell the offset.
    for profile in ["basic,retain_modified_dates", "basic,retain_modified_dates,retain_device_identity"] {
        let (_, out) = run(source(), profile);
        assert_eq!(out.text(tags::DATE_OF_LAST_CALIBRATION).as_deref(), Some("19000101"), "{profile}");
    }
    assert_eq!(out.text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED).as_deref(), Some("MODIFIED"));
    assert_eq!(applied(&cleaned, tags::STUDY_DATE), Some(Applied::Shifted));
}

#[test]
fn dates_move_alike_at_every_depth() {
    let mut inner = DataSet::new();
    inner.put_text(tags::STUDY_DATE, VR::DA, "20210614");
    inner.put_text(tags::FRAME_ACQUISITION_DATE_TIME, VR::DT, "20210614093000");
    inner.put_text(tags::PATIENT_BIRTH_DATE, VR::DA, "19250301");
    let mut middle = DataSet::new();
    middle.put_items(tags::FRAME_CONTENT_SEQUENCE, vec![inner]);
    let mut set = source();
    set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![middle.clone(), middle]);
    let (_, out) = run(set, "basic,retain_modified_dates");
    let moved = out.text(tags::STUDY_DATE).unwrap();
    for frame in out.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE) {
        let inner = &frame.items(tags::FRAME_CONTENT_SEQUENCE)[0];
        assert_eq!(inner.text(tags::STUDY_DATE).as_deref(), Some(moved.as_str()));
        assert_eq!(inner.text(tags::FRAME_ACQUISITION_DATE_TIME), Some(format!("{moved}093000")));
        assert_eq!(inner.text(tags::PATIENT_BIRTH_DATE), None);
    }
}

#[test]
fn years_alone_stay_under_the_strict_reading() {
    let (cleaned, out) = run(source(), "basic,retain_modified_dates,year_only");
    assert_eq!(out.text(tags::STUDY_DATE).as_deref(), Some("20210101"));
    assert_eq!(out.text(tags::ACQUISITION_DATE_TIME).as_deref(), Some("2021"));
    assert_eq!(out.text(tags::STUDY_TIME).as_deref(), Some("000000"));
    assert_eq!(cleaned.date_shift_weeks, None);
    assert!(out.texts(tags::DEIDENTIFICATION_METHOD).contains(&"Dates: year only".to_owned()));
}

#[test]
fn descriptors_are_cleaned_or_go() {
    let (cleaned, out) = run(source(), "basic,clean_descriptors");
    assert_eq!(out.text(tags::STUDY_DESCRIPTION).as_deref(), Some("MR Knee left"));
    assert_eq!(out.text(tags::SERIES_DESCRIPTION).as_deref(), Some("t1_tse_sag"));
    assert!(out.get(tags::IMAGE_COMMENTS).is_none(), "it cannot be told what this says");
    assert_eq!(cleaned.report.emptied_unsure, ["(0020,4000)"]);
    let diagnosis = &out.items(tags::ADMITTING_DIAGNOSES_CODE_SEQUENCE)[0];
    assert_eq!(diagnosis.text(tags::CODE_MEANING).as_deref(), Some("Knee pain"));
    let words = Context { known_values: vec!["knee".to_owned()], ..Context::default() };
    let profile = Profile::parse("basic,clean_descriptors").unwrap();
    let cleaned = clean_dicom_with(&Instance::new(source()), &profile, &KEYS, &words).unwrap();
    let out = read(&cleaned.bytes, &Limits::default()).unwrap().data;
    assert_eq!(
        out.text(tags::STUDY_DESCRIPTION).as_deref(),
        Some("MR left"),
        "what the caller knows goes too"
    );
}

#[test]
fn safe_private_stays_wherever_its_block_is() {
    let creator = "Philips PET Private Group";
    for block in [0x10u16, 0x11, 0xFE] {
        let at = |element: u16| Tag(0x7053, block << 8 | element);
        let mut set = source();
        set.put_text(Tag(0x7053, block), VR::LO, creator);
        set.put_text(at(0x00), VR::DS, "0.00042");
        set.put_text(at(0x09), VR::LO, "for Marigold");
        set.put_text(at(0x0A), VR::LO, "private words");
        // The same numbers under another creator are something else.
        set.put_text(Tag(0x7055, block), VR::LO, "ACME 1.0");
        set.put_text(Tag(0x7055, block << 8), VR::DS, "0.00042");
        let (cleaned, out) = run(set.clone(), "basic,retain_safe_private");
        assert_eq!(out.text(Tag(0x7053, block)).as_deref(), Some(creator));
        assert_eq!(out.text(at(0x00)).as_deref(), Some("0.00042"));
        assert!(!String::from_utf8_lossy(&cleaned.bytes).contains("Marigold"));
        assert!(out.get(at(0x0A)).is_none());
        assert!(out.iter().all(|(t, _)| t.0 != 0x7055));
        assert!(run(set.clone(), "basic").1.iter().all(|(t, _)| t.0 % 2 == 0));
        // The file itself says that the value identifies.
        let mut action = DataSet::new();
        action.put_u16(Tag(0x0008, 0x0306), &[0x00]);
        action.put_text(Tag(0x0008, 0x0307), VR::CS, "X");
        let mut characteristics = DataSet::new();
        characteristics.put_u16(Tag(0x0008, 0x0301), &[0x7053]);
        characteristics.put_text(Tag(0x0008, 0x0302), VR::LO, creator);
        characteristics.put_items(Tag(0x0008, 0x0305), vec![action]);
        set.put_items(Tag(0x0008, 0x0300), vec![characteristics]);
        let (_, out) = run(set, "basic,retain_safe_private");
        assert!(out.get(at(0x00)).is_none());
    }
}

#[test]
fn graphics_lose_their_words() {
    let mut text = DataSet::new();
    text.put_text(tags::UNFORMATTED_TEXT_VALUE, VR::ST, "Featherstone 14 mm");
    let mut line = DataSet::new();
    line.put_text(tags::GRAPHIC_TYPE, VR::CS, "POLYLINE");
    let mut annotation = DataSet::new();
    annotation.put_items(tags::TEXT_OBJECT_SEQUENCE, vec![text]);
    annotation.put_items(tags::GRAPHIC_OBJECT_SEQUENCE, vec![line]);
    let mut set = source();
    set.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
    for (group, kind) in [(0x6000, "R"), (0x6002, "G")] {
        set.put_u16(Tag(group, 0x0010), &[2]);
        set.put_text(Tag(group, 0x0040), VR::CS, kind);
        set.put_text(Tag(group, 0x0022), VR::LO, "words of an overlay");
        set.put_bytes(Tag(group, 0x3000), VR::OW, vec![3, 0]);
    }
    let (_, out) = run(set.clone(), "basic,clean_graphics");
    let annotation = &out.items(tags::GRAPHIC_ANNOTATION_SEQUENCE)[0];
    assert!(annotation.get(tags::TEXT_OBJECT_SEQUENCE).is_none());
    assert_eq!(annotation.items(tags::GRAPHIC_OBJECT_SEQUENCE).len(), 1);
    assert!(out.get(Tag(0x6000, 0x3000)).is_some(), "a region");
    assert!(out.get(Tag(0x6000, 0x0022)).is_none(), "not its words");
    assert!(out.iter().all(|(t, _)| t.0 != 0x6002), "a drawing may spell a name");
    let (cleaned, out) = run(set, "basic");
    assert!(out.items(tags::GRAPHIC_ANNOTATION_SEQUENCE).is_empty());
    assert_eq!(cleaned.report.overlays_removed, 2);
}

#[test]
fn markers_say_what_was_done_by_whom() {
    let profile = Profile::parse("basic,clean_pixel_data,retain_uids").unwrap();
    let context = Context { pixels_cleaned: true, ..Context::default() };
    let mut set = source();
    set.put_text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES");
    let refused = clean_dicom(&Instance::new(set.clone()), &profile, &KEYS);
    assert!(matches!(refused, Err(DeidError::PixelsNotCleaned(_))));
    let cleaned = clean_dicom_with(&Instance::new(set), &profile, &KEYS, &context).unwrap();
    let out = read(&cleaned.bytes, &Limits::default()).unwrap().data;
    assert_eq!(out.text(tags::BURNED_IN_ANNOTATION).as_deref(), Some("NO"));
    assert_eq!(codes(&out), ["113100", "113101", "113110"]);
    let method = out.texts(tags::DEIDENTIFICATION_METHOD);
    assert!(method[0].contains("2026d") && method.contains(&"Retain UIDs Option".to_owned()), "{method:?}");
    let equipment = out.items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE);
    let purpose = &equipment[0].items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE)[0];
    assert_eq!(purpose.text(tags::CODE_VALUE).as_deref(), Some("109104"));
    let (_, out) = run(source(), "basic");
    assert_eq!(out.text(tags::BURNED_IN_ANNOTATION), None, "nobody said that there is none");
}

#[test]
fn the_eighteen_classes_are_told_with_their_places() {
    let mut set = source();
    set.put_text(tags::PATIENT_TELEPHONE_NUMBERS, VR::SH, "555-123-4567");
    set.put_text(Tag(0x0010, 0x1000), VR::LO, "078-05-1120");
    set.put_text(Tag(0x0009, 0x0010), VR::LO, "ACME 1.0");
    set.put_text(Tag(0x0009, 0x1001), VR::LT, "jane@clinic.example, https://pacs.example, 10.0.0.17");
    let (cleaned, _) = run(set, "basic");
    let letters: String = cleaned.report.safe_harbor.iter().map(|c| c.class).collect();
    assert_eq!(letters, "ABCDEFGHIJKLMNOPQR");
    assert_eq!(class(&cleaned, 'A').places, ["(0010,0010)"]);
    assert_eq!(class(&cleaned, 'A').actions, [Applied::Pseudonym]);
    assert_eq!(class(&cleaned, 'D').places, ["(0010,2154)"]);
    assert!(class(&cleaned, 'G').places.contains(&"(0010,1000)".to_owned()));
    for letter in ['F', 'N', 'O'] {
        assert_eq!(class(&cleaned, letter).places.last().unwrap(), "(0009,1001)", "{letter}");
    }
    assert!(class(&cleaned, 'C').found >= 7 && class(&cleaned, 'B').found >= 2);
    assert_eq!(class(&cleaned, 'L').found, 0);
    let json = serde_json::to_string(&cleaned.report).unwrap();
    for value in ["Featherstone", "0048213", "clinic.example", "20210614", "60614", "Lakeside"] {
        assert!(!json.contains(value), "{value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Under every choice of options the patient's name, number, telephone and birth date are gone from the
    /// bytes, a second run changes nothing more than the first, and the method names the options.
    #[test]
    fn no_choice_of_options_keeps_the_person(bits in 0u32..1 << 10, place in 0usize..6) {
        let words = [
            "clean_graphics", "clean_structured_content", "clean_descriptors", "retain_full_dates",
            "retain_modified_dates", "retain_patient_characteristics", "retain_device_identity",
            "retain_uids", "retain_safe_private", "retain_institution_identity",
        ];
        let chosen: Vec<&str> = words.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, w)| *w).collect();
        let text = format!("basic,{}", chosen.join(","));
        let Ok(profile) = Profile::parse(text.trim_end_matches(',')) else {
            prop_assert!(bits >> 3 & 3 == 3, "only contradicting dates are refused");
            return Ok(());
        };
        let mut set = source();
        let hiding = [
            (tags::STUDY_DESCRIPTION, VR::LO), (tags::STATION_NAME, VR::SH), (tags::INSTITUTION_NAME, VR::LO),
            (tags::PATIENT_STATE, VR::LO), (tags::SCAN_OPTIONS, VR::CS), (tags::MANUFACTURER, VR::LO),
        ][place];
        set.put_text(hiding.0, hiding.1, "FEATHERSTONE");
        let cleaned = clean_dicom(&Instance::new(set), &profile, &KEYS).unwrap();
        let bytes = String::from_utf8_lossy(&cleaned.bytes).to_lowercase();
        for secret in ["featherstone", "marigold", "mrn-0048213", "0048213", "19250301"] {
            prop_assert!(!bytes.contains(secret), "{secret} under {profile}");
        }
        let back = read(&cleaned.bytes, &Limits::default()).unwrap();
        prop_assert_eq!(codes(&back.data).len(), 1 + profile.options.len());
    }
}
