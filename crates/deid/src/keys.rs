//! Keyed replacements: the same source gives the same result within a project, and nothing without its key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Domain labels keep a UID and a patient of the same text apart.
const UID: &[u8] = b"countersign/uid/1\0";
const PATIENT: &[u8] = b"countersign/patient/1\0";
const LONER: &[u8] = b"countersign/patient-of-study/1\0";
const SHIFT: &[u8] = b"countersign/date-shift/1\0";
const LONER_SHIFT: &[u8] = b"countersign/date-shift-of-study/1\0";
/// Fewest and most weeks by which a patient's dates move back: one to ten years, never none.
pub(crate) const SHIFT_WEEKS: std::ops::RangeInclusive<i32> = 52..=520;
/// Characters of a pseudonym after its prefix: 80 bits of the keyed hash.
const PSEUDONYM_LENGTH: usize = 16;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secrets of a project. Equivalent to a crosswalk, because patient numbers can be enumerated: keep it
/// where the crosswalk would be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// 256 random bits.
    pub project_key: [u8; 32],
}

// A key in a log would be a crosswalk in a log.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.project_key).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The project's UID for a source UID: a name-based UUID as a decimal under 2.25 (PS3.5 B.2), at most
    /// 44 characters.
    #[must_use]
    pub fn uid(&self, source: &str) -> String {
        let hash = self.hash(&[UID, source.as_bytes()]);
        let mut id = [0u8; 16];
        id.copy_from_slice(&hash[..16]);
        // Version 5 (name-based) and the variant of RFC 9562.
        id[6] = id[6] & 0x0F | 0x50;
        id[8] = id[8] & 0x3F | 0x80;
        format!("2.25.{}", u128::from_be_bytes(id))
    }

    /// The project's pseudonym for a patient: `CS-` and 16 letters or digits.
    #[must_use]
    pub fn pseudonym(&self, issuer: &str, patient_id: &str) -> String {
        pseudonym(&self.hash(&[PATIENT, issuer.as_bytes(), &[0], patient_id.as_bytes()]))
    }

    /// The pseudonym for the patient of a study that names none: never empty, because an empty identifier
    /// would merge strangers.
    #[must_use]
    pub fn pseudonym_of_study(&self, study_uid: &str) -> String {
        pseudonym(&self.hash(&[LONER, study_uid.as_bytes()]))
    }

    /// The weeks by which all dates of a patient move back, 52 to 520. Derived like the pseudonym, so that a
    /// patient's files keep their intervals whenever and wherever they come in.
    #[must_use]
    pub fn date_shift_weeks(&self, issuer: &str, patient_id: &str) -> i32 {
        weeks(&self.hash(&[SHIFT, issuer.as_bytes(), &[0], patient_id.as_bytes()]))
    }

    /// As [`Keys::date_shift_weeks`], for the patient of a study that names none.
    #[must_use]
    pub fn date_shift_weeks_of_study(&self, study_uid: &str) -> i32 {
        weeks(&self.hash(&[LONER_SHIFT, study_uid.as_bytes()]))
    }
}

fn pseudonym(hash: &[u8; 32]) -> String {
    let bits = hash[..10].iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
    let letters = (0..PSEUDONYM_LENGTH).map(|i| char::from(BASE32[(bits >> (5 * i) & 31) as usize]));
    std::iter::once("CS-".to_owned()).chain(letters.map(String::from)).collect()
}

fn weeks(hash: &[u8; 32]) -> i32 {
    // 64 bits over 469 values: no value is favoured by more than 2^-55. Below 469, so the cast is exact.
    let number = hash[..8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let span = (SHIFT_WEEKS.end() - SHIFT_WEEKS.start() + 1) as u64;
    SHIFT_WEEKS.start() + (number % span) as i32
}

/// Roots below which every UID names a kind, not a thing: DICOM's own (PS3.6 Annex A), and the code systems
/// that HL7 registers (the arcs of its OID registry for its own tables and for external vocabularies, such as
/// 6.1 LOINC, 6.8 UCUM, 6.96 SNOMED CT), which stand in Coding Scheme UID. The number is how many components
/// may follow.
const PUBLIC_ROOTS: [(&str, usize); 3] =
    [("1.2.840.10008.", 12), ("2.16.840.1.113883.6.", 1), ("2.16.840.1.113883.5.", 1)];
/// SOP classes that vendors publish in their conformance statements: the same in every file of that kind.
const PUBLIC_CLASSES: [&str; 7] = [
    // Siemens CSA Non-Image Storage
    "1.3.12.2.1107.5.9.1",
    // GE: 3D model, eNTEGRA protocol, RT plan
    "1.2.840.113619.4.26",
    "1.2.840.113619.4.27",
    "1.2.840.113619.4.30",
    // Philips: MR spectrum, MR series data, examination card
    "1.3.46.670589.11.0.0.12.1",
    "1.3.46.670589.11.0.0.12.2",
    "1.3.46.670589.11.0.0.12.4",
];
/// Most digits of a component of a public UID: longer ones are somebody's numbers.
const MAX_COMPONENT: usize = 6;

/// Whether a UID is a registered one that names a kind, not a thing: it is kept.
pub(crate) fn is_well_known(uid: &str) -> bool {
    let number = |c: &str| (1..=MAX_COMPONENT).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit());
    let below = |(root, most): &(&str, usize)| {
        uid.strip_prefix(root)
            .is_some_and(|rest| rest.split('.').count() <= *most && rest.split('.').all(number))
    };
    PUBLIC_ROOTS.iter().any(below) || PUBLIC_CLASSES.contains(&uid)
}

/// Whether a text is a UID at all (PS3.5 9.1): digits and points, at most 64.
pub(crate) fn is_uid(text: &str) -> bool {
    text.len() <= 64 && text.split('.').all(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { project_key: [7; 32] };
    const OTHER: Keys = Keys { project_key: [8; 32] };

    #[test]
    fn uids_are_stable_keyed_and_short() {
        let a = KEYS.uid("1.2.3.4");
        assert_eq!(a, KEYS.uid("1.2.3.4"));
        assert_ne!(a, KEYS.uid("1.2.3.5"));
        assert_ne!(a, OTHER.uid("1.2.3.4"));
        assert!(a.len() <= 44 && a.starts_with("2.25."));
        let number: u128 = a[5..].parse().unwrap();
        assert_eq!(number.to_be_bytes()[6] >> 4, 5);
        assert_eq!(number.to_be_bytes()[8] >> 6, 2);
    }

    #[test]
    fn pseudonyms_keep_issuers_apart() {
        let a = KEYS.pseudonym("HOSPITAL A", "1");
        assert_eq!(a.len(), 19);
        assert_ne!(a, KEYS.pseudonym("HOSPITAL B", "1"));
        assert_ne!(KEYS.pseudonym("a", "bc"), KEYS.pseudonym("ab", "c"));
        assert_ne!(KEYS.pseudonym("", "1.2"), KEYS.pseudonym_of_study("1.2"));
    }

    #[test]
    fn shifts_are_whole_weeks_of_one_to_ten_years() {
        let of = |id: usize| KEYS.date_shift_weeks("A", &id.to_string());
        let all: std::collections::BTreeSet<i32> = (0..5000).map(of).collect();
        assert!(all.iter().all(|w| SHIFT_WEEKS.contains(w)));
        assert!(all.len() > 460, "all of them are used: {}", all.len());
        assert_eq!(of(1), of(1));
        let both =
            |keys: &Keys| (0..8).map(|i| keys.date_shift_weeks("", &i.to_string())).collect::<Vec<_>>();
        assert_ne!(both(&KEYS), both(&OTHER));
        assert!(SHIFT_WEEKS.contains(&KEYS.date_shift_weeks_of_study("1.2")));
    }

    #[test]
    fn only_registered_uids_of_kinds_are_well_known() {
        assert!(is_well_known("1.2.840.10008.5.1.4.1.1.2"));
        assert!(is_well_known("1.2.840.10008.1.4.1.1"), "a frame of reference of an atlas");
        assert!(is_well_known("2.16.840.1.113883.6.96") && is_well_known("1.3.12.2.1107.5.9.1"));
        assert!(!is_well_known("2.16.840.1.113883.6.1.20210614"), "something below a code system");
        assert!(!is_well_known("2.16.840.1.113883.3.42"), "an organisation");
        assert!(!is_well_known("1.3.12.2.1107.5.2.33.37109.30000010"));
        assert!(!is_well_known("1.2.840.100080.1"));
        assert!(!is_well_known("1.2.840.10008.Smith"));
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{KEYS:?}"), "Keys(..)");
    }
}
