//! A dose report and a measurement report under Clean Structured Content.

use countersign_deid::{Applied, Cleaned, HoldReason, Keys, Profile, Verdict, clean_dicom, verdict_cleaned};
use countersign_dicom::{DataSet, Facts, Instance, Limits, Tag, VR, read, tags};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [3; 32] };
const VALUE_TYPE: Tag = Tag(0x0040, 0xA040);
const CODE: Tag = Tag(0x0040, 0xA168);
const UID: Tag = Tag(0x0040, 0xA124);
const EVENT: &str = "1.2.826.0.1.3680043.99.7";

fn code(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    item.put_text(tags::CODE_MEANING, VR::LO, meaning);
    item
}

fn item(value_type: &str, concept: (&str, &str)) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(Tag(0x0040, 0xA010), VR::CS, "CONTAINS");
    item.put_text(VALUE_TYPE, VR::CS, value_type);
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(concept.0, "DCM", concept.1)]);
    item
}

fn number(concept: (&str, &str), value: &str, unit: &str) -> DataSet {
    let mut measured = DataSet::new();
    measured.put_text(tags::NUMERIC_VALUE, VR::DS, value);
    measured.put_items(Tag(0x0040, 0x08EA), vec![code(unit, "UCUM", unit)]);
    let mut item = item("NUM", concept);
    item.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
    item
}

fn coded(concept: (&str, &str), value: DataSet) -> DataSet {
    let mut item = item("CODE", concept);
    item.put_items(CODE, vec![value]);
    item
}

fn text(value_type: &str, concept: (&str, &str), tag: Tag, vr: VR, value: &str) -> DataSet {
    let mut item = item(value_type, concept);
    item.put_text(tag, vr, value);
    item
}

fn container(concept: (&str, &str), children: Vec<DataSet>) -> DataSet {
    let mut item = item("CONTAINER", concept);
    item.put_text(Tag(0x0040, 0xA050), VR::CS, "SEPARATE");
    item.put_items(tags::CONTENT_SEQUENCE, children);
    item
}

fn report(content: Vec<DataSet>) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, value) in [
        (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.88.67"),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.99.1"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.99.2"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.99.3"),
        (tags::MODALITY, VR::CS, "SR"),
        (tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold"),
        (tags::PATIENT_ID, VR::LO, "MRN-0048213"),
        (VALUE_TYPE, VR::CS, "CONTAINER"),
    ] {
        set.put_text(tag, vr, value);
    }
    set.put_items(tags::CONTENT_SEQUENCE, content);
    set
}

fn dose_report() -> DataSet {
    let mut event = text("UIDREF", ("113769", "Irradiation Event UID"), UID, VR::UI, EVENT);
    event.put_text(tags::OBSERVATION_DATE_TIME, VR::DT, "20210614093000");
    report(vec![
        text("PNAME", ("121008", "Person Observer Name"), Tag(0x0040, 0xA123), VR::PN, "Okonkwo^Ada"),
        text("TEXT", ("121013", "Device Observer Name"), Tag(0x0040, 0xA160), VR::UT, "Lakeside CT 1"),
        text(
            "DATETIME",
            ("113809", "Start of X-Ray Irradiation"),
            Tag(0x0040, 0xA120),
            VR::DT,
            "20210614093000",
        ),
        coded(("121058", "Procedure reported"), code("P5-08000", "SRT", "CT of Featherstone")),
        container(
            ("113819", "CT Acquisition"),
            vec![
                coded(("113820", "CT Acquisition Type"), code("113804", "DCM", "Sequenced Acquisition")),
                coded(("123014", "Target Region"), code("X1", "99LOCAL", "bed 7")),
                event,
                container(
                    ("113829", "CT Dose"),
                    vec![
                        number(("113830", "dose of Marigold"), "12.5", "mGy"),
                        number(("113838", "DLP"), "410", "mGy.cm"),
                        number(("999999", "Featherstone's own measure"), "3", "mm"),
                        text("TEXT", ("121106", "Comment"), Tag(0x0040, 0xA160), VR::UT, "call 555-123-4567"),
                    ],
                ),
            ],
        ),
    ])
}

fn run(set: DataSet, profile: &str) -> (Cleaned, DataSet) {
    let cleaned = clean_dicom(&Instance::new(set), &Profile::parse(profile).unwrap(), &KEYS).unwrap();
    let back = read(&cleaned.bytes, &Limits::default()).unwrap();
    (cleaned, back.data)
}

fn walk(items: &[DataSet], see: &mut dyn FnMut(&DataSet)) {
    for item in items {
        see(item);
        walk(item.items(tags::CONTENT_SEQUENCE), see);
    }
}

fn value_types(out: &DataSet) -> Vec<String> {
    let mut all = Vec::new();
    walk(out.items(tags::CONTENT_SEQUENCE), &mut |i| all.extend(i.text(VALUE_TYPE)));
    all
}

#[test]
fn a_dose_report_keeps_its_doses_and_loses_its_people() {
    let (cleaned, out) = run(dose_report(), "basic,clean_structured_content");
    assert_eq!(value_types(&out), ["CONTAINER", "CODE", "UIDREF", "CONTAINER", "NUM", "NUM"]);
    let facts = Facts::of(&read(&cleaned.bytes, &Limits::default()).unwrap());
    assert_eq!(facts.dose.ctdi_vol_mgy, Some(12.5));
    assert_eq!(facts.dose.dlp_mgy_cm, Some(410.0));
    let acquisition = &out.items(tags::CONTENT_SEQUENCE)[0];
    let event = &acquisition.items(tags::CONTENT_SEQUENCE)[1];
    assert_eq!(event.text(UID), Some(KEYS.uid(EVENT)), "references still meet");
    let bytes = String::from_utf8_lossy(&cleaned.bytes);
    for gone in ["Featherstone", "Marigold", "Okonkwo", "Lakeside", "555-123", "20210614", "bed 7", "0048213"]
    {
        assert!(!bytes.contains(gone), "{gone}");
    }
    assert_eq!(cleaned.report.changed.iter().filter(|(_, a)| *a == Applied::ContentCleaned).count(), 3);
    assert_eq!(verdict_cleaned(&facts, &cleaned.report), Verdict::Vouched);
}

#[test]
fn without_the_option_the_content_goes_and_a_person_looks() {
    let (cleaned, out) = run(dose_report(), "basic");
    assert!(out.items(tags::CONTENT_SEQUENCE).is_empty());
    let facts = Facts::of(&Instance::new(dose_report()));
    let held = verdict_cleaned(&facts, &cleaned.report);
    assert!(matches!(held, Verdict::Hold(r) if r.contains(&HoldReason::StructuredContent)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// However texts and unknown concepts are nested, only listed value types are left, every item has its
    /// concept, and no text of the source is in the bytes.
    #[test]
    fn only_a_tree_of_numbers_is_left(shape in prop::collection::vec((0usize..6, 0usize..4), 1..25)) {
        let mut stack: Vec<Vec<DataSet>> = vec![Vec::new()];
        for (kind, up) in shape {
            let new = match kind {
                0 => number(("113830", "Mean CTDIvol"), "1", "mGy"),
                1 => text("TEXT", ("121106", "Comment"), Tag(0x0040, 0xA160), VR::UT, "secretive words"),
                2 => text("PNAME", ("121008", "Observer"), Tag(0x0040, 0xA123), VR::PN, "Secretive^Person"),
                3 => coded(("113820", "Type"), code("99", "99X", "secretive code")),
                4 => number(("4711", "secretive concept"), "1", "mm"),
                _ => { stack.push(Vec::new()); continue }
            };
            stack.last_mut().unwrap().push(new);
            for _ in 0..up.min(stack.len() - 1) {
                let children = stack.pop().unwrap();
                stack.last_mut().unwrap().push(container(("113829", "CT Dose"), children));
            }
        }
        while stack.len() > 1 {
            let children = stack.pop().unwrap();
            stack.last_mut().unwrap().push(container(("113829", "CT Dose"), children));
        }
        let (cleaned, out) = run(report(stack.pop().unwrap()), "basic,clean_structured_content");
        prop_assert!(!String::from_utf8_lossy(&cleaned.bytes).to_lowercase().contains("secretive"));
        for kind in value_types(&out) {
            prop_assert!(["NUM", "CODE", "UIDREF", "CONTAINER"].contains(&kind.as_str()));
        }
        walk(out.items(tags::CONTENT_SEQUENCE), &mut |i| {
            assert_eq!(i.items(tags::CONCEPT_NAME_CODE_SEQUENCE).len(), 1);
        });
    }
}
