//! What the answer key of a made-up cohort asks of texts: which words must be gone and which must be there.

use std::collections::{BTreeMap, HashSet};

use countersign_deid::{Cleaned, Keys, Profile, clean_dicom};
use countersign_dicom::{DataSet, Limits, Tag, Value, read, tags};
use countersign_synthesis::identified::{Action, Check, INSTANCES_PER_PATIENT, cohort};

const KEYS: Keys = Keys { project_key: [11; 32] };
/// What the key is made for, but for the pixels.
const PROFILE: &str = "basic,clean_descriptors,clean_structured_content,retain_modified_dates,\
                       retain_patient_characteristics,retain_safe_private";
/// Ten patients of the cohort, one of whom has an apostrophe in the name.
const PATIENTS: std::ops::Range<usize> = 19..29;
/// Words that are no part of a place's or person's name, as far as the key goes.
const COMMON: [&str; 36] = [
    "a",
    "an",
    "and",
    "as",
    "at",
    "by",
    "for",
    "from",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "the",
    "to",
    "with",
    "dr",
    "medical",
    "center",
    "county",
    "hospital",
    "imaging",
    "associates",
    "university",
    "clinic",
    "memorial",
    "radiology",
    "road",
    "lane",
    "drive",
    "avenue",
    "street",
    "terrace",
    "saint",
    "old",
];

fn words(text: &str) -> HashSet<String> {
    let all = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    all.map(str::to_lowercase).filter(|w| !COMMON.contains(&w.as_str())).collect()
}

/// The texts at a path of the key; `None` for private ones, whose block numbers may have changed.
fn texts(set: &DataSet, path: &str, latin1: bool) -> Option<Vec<String>> {
    let mut sets = vec![set];
    let steps: Vec<&str> = path.split('.').collect();
    let (last, above) = steps.split_last()?;
    for step in above {
        let tag = tag(step.split('[').next()?)?;
        sets = sets.into_iter().flat_map(|s| s.items(tag)).collect();
    }
    let tag = tag(last)?;
    let values = sets.into_iter().filter_map(|s| match &s.get(tag)?.value {
        Value::Bytes(raw) if latin1 => Some(raw.iter().map(|b| char::from(*b)).collect()),
        Value::Bytes(raw) => Some(String::from_utf8_lossy(raw).into_owned()),
        _ => None,
    });
    Some(values.collect())
}

fn tag(hex: &str) -> Option<Tag> {
    let number = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 8)?;
    Some(Tag((number >> 16) as u16, number as u16))
}

/// What the key asks of Image Type (0008,0008) once text was painted over an original; here nothing is painted.
const PAINTED: (&str, &str) = ("00080008", "DERIVED\\PRIMARY");

fn passes(check: &Check, output: &DataSet, latin1: bool) -> Option<bool> {
    if check.path == PAINTED.0 && check.value.starts_with(PAINTED.1) {
        let original = Check { value: check.value.replacen("DERIVED", "ORIGINAL", 1), ..check.clone() };
        return passes(&original, output, latin1);
    }
    let found = texts(output, &check.path, latin1)?;
    let wanted = words(&check.value);
    match check.action {
        Action::TextRemoved => {
            let whole = check.value.to_lowercase();
            Some(!found.iter().any(|t| !wanted.is_disjoint(&words(t)) || t.to_lowercase().contains(&whole)))
        }
        // Numbers stay as numbers, which other tests look at.
        Action::TextRetained if check.value.chars().any(char::is_alphabetic) => {
            Some(found.iter().any(|t| wanted.is_subset(&words(t))))
        }
        _ => None,
    }
}

#[test]
fn a_cohort_keeps_its_clinical_words_and_loses_its_people() {
    let profile = Profile::parse(PROFILE).unwrap();
    let mut counts: BTreeMap<Action, (usize, usize)> = BTreeMap::new();
    let mut failed = Vec::new();
    let all = cohort(20_261_126, PATIENTS.end * INSTANCES_PER_PATIENT);
    for made in all.into_iter().skip(PATIENTS.start * INSTANCES_PER_PATIENT) {
        let source = read(&made.bytes, &Limits::default()).unwrap();
        let latin1 = source.data.text(tags::SPECIFIC_CHARACTER_SET).as_deref() == Some("ISO_IR 100");
        let Cleaned { bytes, .. } = clean_dicom(&source, &profile, &KEYS).unwrap();
        let output = read(&bytes, &Limits::default()).unwrap();
        for check in &made.key.checks {
            let Some(passed) = passes(check, &output.data, latin1) else { continue };
            let count = counts.entry(check.action).or_default();
            count.1 += 1;
            if passed {
                count.0 += 1;
            } else {
                failed.push(format!(
                    "{:?} {} {:?}: {:?} -> {:?}",
                    check.action,
                    check.path,
                    check.value,
                    texts(&source.data, &check.path, latin1),
                    texts(&output.data, &check.path, latin1)
                ));
            }
        }
    }
    assert!(counts.values().all(|(_, asked)| *asked > 1000), "{counts:?}");
    assert!(failed.is_empty(), "{counts:?} {:#?}", &failed[..failed.len().min(20)]);
}
