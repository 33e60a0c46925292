//! What is left of the sources in the cleaned samples, by a search that shares nothing with the leak gate:
//! its own reading of Table E.1-1, its own list of values, a plain look at every byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use countersign_deid::{Keys, Profile, clean_dicom};
use countersign_dicom::{DataSet, Limits, Tag, VR, Value, read, tags};

const E1_1: &str = include_str!("../tables/e1-1.tsv");
const KEYS: Keys = Keys { project_key: [11; 32] };
/// What the engine writes in the place of values.
const OURS: [&str; 3] = ["19000101", "REMOVED", "000000"];

fn samples() -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("COUNTERSIGN_SAMPLES").map(PathBuf::from) else {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
        return Vec::new();
    };
    let folder = |name: &str| std::fs::read_dir(root.join(name)).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = folder("dicom").chain(folder("dicom-series")).collect();
    all.sort();
    all
}

fn listed() -> BTreeSet<Tag> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let rows = E1_1.lines().filter_map(|l| number(l.split('\t').next()?));
    rows.map(|n| Tag((n >> 16) as u16, (n & 0xFFFF) as u16)).collect()
}

fn is_text(vr: VR) -> bool {
    let numbers =
        [VR::US, VR::SS, VR::UL, VR::SL, VR::FL, VR::FD, VR::OB, VR::OW, VR::OF, VR::OD, VR::SQ, VR::AT];
    !numbers.contains(&vr)
}

/// Values that must be gone, and codes of attributes that the table does not list, which stay.
#[derive(Default)]
struct Values {
    secret: BTreeMap<Vec<u8>, String>,
    vocabulary: BTreeSet<Vec<u8>>,
}

impl Values {
    fn gather(&mut self, set: &DataSet, listed: &BTreeSet<Tag>, inside: bool) {
        for (tag, element) in set.iter() {
            let gone = inside || listed.contains(&tag) || tag.0 % 2 == 1;
            match &element.value {
                Value::Items(items) => items.iter().for_each(|i| self.gather(i, listed, tag.0 % 2 == 1)),
                Value::Bytes(raw) if is_text(element.vr) && raw.len() < 1024 => {
                    for part in raw.split(|b| *b == b'\\') {
                        let part = part.trim_ascii();
                        let part = part.strip_suffix(b"\0").unwrap_or(part).to_ascii_lowercase();
                        if !gone {
                            // Codes only: "PANCREAS" as a body part is nobody's description.
                            if element.vr == VR::CS {
                                self.vocabulary.insert(part);
                            }
                            continue;
                        }
                        if element.vr == VR::PN {
                            let names = part.split(|b| b"^= ,.".contains(b)).filter(|n| n.len() >= 4);
                            names.for_each(|n| drop(self.secret.insert(n.to_vec(), tag.to_string())));
                        }
                        if part.len() >= 6 {
                            self.secret.insert(part, tag.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Every value that stands in the bytes, and where: in front of the pixels even within another word.
fn found<'a>(
    bytes: &[u8],
    pixels: usize,
    secrets: &'a BTreeMap<Vec<u8>, String>,
) -> Vec<(usize, &'a Vec<u8>)> {
    let mut buckets: Vec<Vec<&Vec<u8>>> = vec![Vec::new(); 1 << 16];
    let bucket =
        |a: u8, b: u8| usize::from(a.to_ascii_lowercase()) << 8 | usize::from(b.to_ascii_lowercase());
    for secret in secrets.keys() {
        buckets[bucket(secret[0], secret[1])].push(secret);
    }
    let mut all = Vec::new();
    for (i, pair) in bytes.windows(2).enumerate() {
        for secret in &buckets[bucket(pair[0], pair[1])] {
            let Some(there) = bytes.get(i..i + secret.len()) else { continue };
            // In noise, only long values mean something.
            let telling = i < pixels || secret.len() >= 10;
            if telling && there.eq_ignore_ascii_case(secret) {
                all.push((i, *secret));
            }
        }
    }
    all
}

#[test]
fn nothing_that_the_table_lists_is_left_in_any_byte() {
    let listed = listed();
    assert!(listed.len() > 640);
    let mut searched = 0;
    for path in samples() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = read(&std::fs::read(&path).unwrap(), &Limits::default()).unwrap();
        let cleaned = clean_dicom(&source, &Profile::basic(), &KEYS).unwrap();
        let mut values = Values::default();
        values.gather(&source.data, &listed, false);
        let vocabulary = values.vocabulary;
        values.secret.retain(|v, _| {
            let own = OURS.iter().any(|o| o.as_bytes().eq_ignore_ascii_case(v));
            !own && !v.starts_with(b"1.2.840.10008.") && !vocabulary.contains(v)
        });
        searched += values.secret.len();
        let back = read(&cleaned.bytes, &Limits::default()).unwrap();
        let pixels = back.data.get(tags::PIXEL_DATA).map_or(cleaned.bytes.len(), |e| e.offset as usize);
        for (at, value) in found(&cleaned.bytes, pixels, &values.secret) {
            let from = &values.secret[value];
            let around = String::from_utf8_lossy(&cleaned.bytes[at.saturating_sub(12)..at + value.len()]);
            println!("{name}: a value of {from} stands at byte {at}: {around:?}");
        }
        let left = found(&cleaned.bytes, pixels, &values.secret).len();
        assert_eq!(left, 0, "{name}");
        assert_eq!(cleaned.report.bytes_searched, cleaned.bytes.len() as u64);
        assert_eq!(privates(&back.data), 0, "{name}");
    }
    println!("{searched} values searched");
}

fn privates(set: &DataSet) -> usize {
    let inner =
        |e: &countersign_dicom::Element| e.items().unwrap_or_default().iter().map(privates).sum::<usize>();
    set.iter().map(|(tag, e)| usize::from(tag.0 % 2 == 1) + inner(e)).sum()
}

#[test]
fn the_other_profiles_keep_their_promises_on_real_files() {
    for text in [
        "basic,retain_modified_dates,clean_descriptors,retain_safe_private",
        "basic,retain_full_dates,retain_uids,retain_device_identity,retain_institution_identity",
        "basic,retain_modified_dates,year_only,retain_patient_characteristics,clean_structured_content,clean_graphics",
    ] {
        let profile = Profile::parse(text).unwrap();
        for path in samples() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let source = read(&std::fs::read(&path).unwrap(), &Limits::default()).unwrap();
            let cleaned = match clean_dicom(&source, &profile, &KEYS) {
                Ok(cleaned) => cleaned,
                Err(e) => panic!("{name} under {text}: {e}"),
            };
            let mut values = Values::default();
            let persons =
                [tags::PATIENT_NAME, tags::PATIENT_ID, tags::PATIENT_BIRTH_DATE, tags::ACCESSION_NUMBER];
            values.gather(&source.data, &persons.into_iter().collect(), false);
            values.secret.retain(|v, from| from.starts_with("(0010") && !values.vocabulary.contains(v));
            // One patient is called Patient: a word of the markers.
            let back = read(&cleaned.bytes, &Limits::default()).unwrap();
            let markers = back.data.texts(tags::DEIDENTIFICATION_METHOD).join(" ").to_lowercase();
            values.secret.retain(|v, _| !markers.contains(&*String::from_utf8_lossy(v)));
            let left = found(&cleaned.bytes, cleaned.bytes.len(), &values.secret);
            assert!(
                left.is_empty(),
                "{name} under {text}: {:?}",
                left.iter().map(|l| l.0).collect::<Vec<_>>()
            );
            for tag in [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE] {
                let (old, new) = (source.data.text(tag), back.data.text(tag));
                match (old.filter(|d| d.len() == 8), text.contains("full_dates")) {
                    (Some(old), true) => assert_eq!(new, Some(old), "{name} {tag}"),
                    (Some(old), false) if text.contains("year_only") => {
                        assert_eq!(new, Some(format!("{}0101", &old[..4])), "{name} {tag}");
                    }
                    (Some(old), false) => assert_ne!(new, Some(old), "{name} {tag} under {text}"),
                    (None, _) => {}
                }
            }
        }
    }
}
