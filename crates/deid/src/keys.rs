//! Keyed replacements: the same source gives the same result within a project, and nothing without its key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Domain labels keep a UID and a patient of the same text apart.
const UID: &[u8] = b"countersign/uid/1\0";
const PATIENT: &[u8] = b"countersign/patient/1\0";
const LONER: &[u8] = b"countersign/patient-of-study/1\0";
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
}

fn pseudonym(hash: &[u8; 32]) -> String {
    let bits = hash[..10].iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
    let letters = (0..PSEUDONYM_LENGTH).map(|i| char::from(BASE32[(bits >> (5 * i) & 31) as usize]));
    std::iter::once("CS-".to_owned()).chain(letters.map(String::from)).collect()
}

/// Whether a UID is one of the standard's own: those name kinds, not things, and are kept.
pub(crate) fn is_well_known(uid: &str) -> bool {
    uid.strip_prefix("1.2.840.10008.")
        .is_some_and(|rest| rest.len() <= 50 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
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
    fn only_the_standards_own_uids_are_well_known() {
        assert!(is_well_known("1.2.840.10008.5.1.4.1.1.2"));
        assert!(!is_well_known("1.2.840.100080.1"));
        assert!(!is_well_known("1.2.840.10008.Smith"));
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{KEYS:?}"), "Keys(..)");
    }
}
