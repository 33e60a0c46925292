//! The tables, parsed once.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

use countersign_dicom::{Tag, VR, fits_dictionary};

use crate::{Profile, ProfileOption};

/// Edition of the standard that the tables are from.
pub const EDITION: &str = "2026d";
/// Credit line of the tables.
pub const CREDIT: &str = "DICOM PS3.15 2026d, (c) NEMA";

/// Name and number of the rules that are applied: the tables, the supplement and the code that reads them.
pub(crate) const RULE_SET: &str = "countersign-deid/2";

const E1_1: &str = include_str!("../tables/e1-1.tsv");
const E3_10_1: &str = include_str!("../tables/e3-10-1.tsv");
const SUPPLEMENT: &str = include_str!("../tables/supplement.tsv");
/// The rows of E.1-1 that name no single tag.
const PATTERNS: [&str; 4] = ["50xxxxxx", "60xx3000", "60xx4000", "ggggeeee"];
const BUILT_IN: &str = "the built-in table is checked by a test";

/// The Basic Profile's action codes (PS3.15 E.1.1, Table E.1-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    D,
    Z,
    X,
    K,
    U,
    XorZ,
    XorD,
    XorZorD,
    ZorD,
    /// X/Z/U*: remove, empty, or keep the sequence with its UIDs mapped.
    XorZorU,
    /// Clean: only by an option.
    C,
    /// A date that would tell the patient's shift (a calibration, a version of a vocabulary): one fixed
    /// dummy for all. Only by an option.
    FixedDate,
}

impl Code {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "D" => Self::D,
            "Z" => Self::Z,
            "X" => Self::X,
            "K" => Self::K,
            "U" => Self::U,
            "X/Z" => Self::XorZ,
            "X/D" => Self::XorD,
            "X/Z/D" => Self::XorZorD,
            "Z/D" => Self::ZorD,
            "X/Z/U*" => Self::XorZorU,
            _ => return None,
        })
    }
}

/// Option letters of the carried table, a bit each (its second header line says which is which).
type Letters = u16;

const fn letter(c: char) -> Letters {
    match c {
        'v' => 1 << 0,
        'u' => 1 << 1,
        'd' => 1 << 2,
        'e' => 1 << 3,
        'i' => 1 << 4,
        'p' => 1 << 5,
        'q' => 1 << 6,
        't' => 1 << 7,
        'c' => 1 << 8,
        's' => 1 << 9,
        'g' => 1 << 10,
        _ => 0,
    }
}

/// A profile's options, as far as the table has columns for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    keep: Letters,
    clean: Letters,
    modified_dates: bool,
}

impl Choice {
    pub fn of(profile: &Profile) -> Self {
        use ProfileOption as O;
        let letters = |rows: &[(O, char)]| {
            rows.iter().filter(|(o, _)| profile.has(*o)).fold(0, |all, (_, c)| all | letter(*c))
        };
        Self {
            keep: letters(&[
                (O::RetainUids, 'u'),
                (O::RetainDeviceIdentity, 'd'),
                (O::RetainInstitutionIdentity, 'i'),
                (O::RetainPatientCharacteristics, 'p'),
                (O::RetainFullDates, 't'),
            ]),
            clean: letters(&[
                (O::RetainDeviceIdentity, 'e'),
                (O::RetainPatientCharacteristics, 'q'),
                (O::RetainModifiedDates, 't'),
                (O::CleanDescriptors, 'c'),
                (O::CleanStructuredContent, 's'),
                (O::CleanGraphics, 'g'),
            ]),
            modified_dates: profile.has(O::RetainModifiedDates),
        }
    }
}

/// One row of E.1-1, or of the supplement (no options then).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub code: Code,
    /// Column "Clean Descriptors": the attribute holds words, not identifiers.
    pub descriptor: bool,
    /// Columns in which the row has an action.
    options: Letters,
    /// The supplement calls its date one of a device or a vocabulary.
    fixed_date: bool,
}

impl Row {
    const fn plain(code: Code, descriptor: bool) -> Self {
        Self { code, descriptor, options: 0, fixed_date: false }
    }

    /// The action under a profile's options. Where one keeps and one cleans, keeping wins (the caller asked
    /// for the identity), but for dates of devices under Modified Dates: see [`Code::FixedDate`].
    pub fn under(&self, choice: Choice) -> Code {
        let device_date = self.fixed_date || self.options & letter('d') != 0;
        if choice.modified_dates && self.options & letter('t') != 0 && device_date {
            return Code::FixedDate;
        }
        if self.options & choice.keep != 0 {
            Code::K
        } else if self.options & choice.clean != 0 {
            Code::C
        } else {
            self.code
        }
    }

    /// Whether an option other than the Basic Profile decides, so that the value's staying is asked for.
    pub fn is_optional(&self, choice: Choice) -> bool {
        self.under(choice) != self.code
    }

    /// Columns "Full Dates" and "Modified Dates".
    pub fn is_date(&self) -> bool {
        self.options & letter('t') != 0
    }
}

pub(crate) struct Tables {
    listed: HashMap<u32, Row, BuildHasherDefault<TagHasher>>,
    tags: HashMap<u32, Row, BuildHasherDefault<TagHasher>>,
    by_vr: HashMap<VR, Row>,
    /// Curves, and overlay planes with their comments (patterns of E.1-1).
    curve: Row,
    overlay: Row,
}

/// Tags are looked up a hundred times per file and nobody chooses them to collide: one multiplication
/// spreads them enough.
#[derive(Default)]
struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u32(u32::from(*b));
        }
    }

    fn write_u32(&mut self, n: u32) {
        // The golden ratio of 64 bits (Fibonacci hashing).
        self.0 = (self.0 ^ u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

fn key(tag: Tag) -> u32 {
    u32::from(tag.0) << 16 | u32::from(tag.1)
}

fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

impl Tables {
    /// The tables of this edition.
    pub fn get() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Self::parse().expect(BUILT_IN))
    }

    fn parse() -> Option<Self> {
        let mut listed: HashMap<u32, Row, _> = HashMap::default();
        let mut tags = HashMap::default();
        let mut by_vr = HashMap::new();
        let graphics = |code| Row { options: letter('g'), ..Row::plain(code, false) };
        for f in lines(E1_1) {
            // Patterns (curves, overlays, private groups) are rules: see `row`, and the engine for odd groups.
            if PATTERNS.contains(&f[0]) {
                continue;
            }
            let row = Row {
                code: Code::parse(f[1])?,
                descriptor: f.get(2)?.contains('c'),
                options: f[2].chars().fold(0, |all, c| all | letter(c)),
                fixed_date: false,
            };
            listed.insert(u32::from_str_radix(f[0], 16).ok()?, row);
        }
        for f in lines(SUPPLEMENT) {
            let tag = || u32::from_str_radix(f[1], 16).ok();
            match f[0] {
                "vr" => {
                    let code = Code::parse(f.get(2)?)?;
                    // A UID that is not listed stays under Retain UIDs, or references would no longer meet.
                    let options = if code == Code::U { letter('u') } else { 0 };
                    by_vr.insert(f[1].parse().ok()?, Row { options, ..Row::plain(code, true) });
                }
                "tag" => {
                    tags.insert(tag()?, Row::plain(Code::parse(f.get(2)?)?, true));
                }
                "fixed" => listed.get_mut(&tag()?)?.fixed_date = true,
                _ => return None,
            }
        }
        Some(Self { listed, tags, by_vr, curve: Row::plain(Code::X, false), overlay: graphics(Code::X) })
    }

    /// The row that decides about an attribute with even group: E.1-1, then the supplement's tag, then its
    /// VR; a tag that is not in the dictionary goes. Curves (50xx) go under every profile: nothing here can
    /// tell what they draw. Overlays (60xx) are decided as a whole: half of one is of no use.
    pub fn row(&self, tag: Tag, vr: VR) -> Row {
        let remove = Row::plain(Code::X, false);
        match tag.0 {
            0x5000..=0x50FF => return self.curve,
            0x6000..=0x60FF => return self.overlay,
            _ => {}
        }
        if let Some(row) = self.listed.get(&key(tag)).or_else(|| self.tags.get(&key(tag))) {
            return *row;
        }
        // What the standard does not have, nobody can vouch for.
        let known = fits_dictionary(tag, vr).is_some();
        self.by_vr.get(&vr).filter(|_| known).copied().unwrap_or(remove)
    }
}

/// A private attribute that Table E.3.10-1 calls safe to retain (with the option that does so).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafePrivate {
    /// Private creator.
    pub creator: &'static str,
    /// Group (odd).
    pub group: u16,
    /// Element within the creator's block.
    pub element: u8,
}

/// All rows of Table E.3.10-1.
#[must_use]
pub fn safe_private() -> &'static [SafePrivate] {
    static ROWS: OnceLock<Vec<SafePrivate>> = OnceLock::new();
    ROWS.get_or_init(|| {
        lines(E3_10_1)
            .map(|f| {
                let group = u16::from_str_radix(f[1], 16).expect(BUILT_IN);
                SafePrivate { creator: f[0], group, element: u8::from_str_radix(f[2], 16).expect(BUILT_IN) }
            })
            .collect()
    })
}

/// Whether Table E.3.10-1 has a row for an element of a creator's block.
pub(crate) fn is_safe_private(creator: &str, group: u16, element: u8) -> bool {
    static ROWS: OnceLock<HashSet<(&'static str, u16, u8)>> = OnceLock::new();
    ROWS.get_or_init(|| safe_private().iter().map(|r| (r.creator, r.group, r.element)).collect())
        .contains(&(creator, group, element))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(lines(E1_1).count(), 657);
        assert_eq!(Tables::parse().unwrap().listed.len(), 657 - PATTERNS.len());
        assert_eq!(safe_private().len(), 479);
        assert!(E1_1.contains(CREDIT.split(',').next().unwrap()) && E1_1.contains("(c) NEMA"));
    }

    #[test]
    fn every_vr_of_the_standard_has_a_verdict() {
        let all = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN \
                   UR US UT UV";
        for vr in all.split(' ') {
            assert!(Tables::get().by_vr.contains_key(&vr.parse().unwrap()), "{vr}");
        }
    }

    #[test]
    fn options_decide_by_their_columns() {
        let code = |profile: &str, tag: Tag| {
            let choice = Choice::of(&Profile::parse(profile).unwrap());
            Tables::get().row(tag, VR::LO).under(choice)
        };
        let (study_date, calibrated) = (Tag(0x0008, 0x0020), Tag(0x0018, 0x1200));
        assert_eq!(code("basic", study_date), Code::Z);
        assert_eq!(code("basic,retain_full_dates", study_date), Code::K);
        assert_eq!(code("basic,retain_modified_dates", study_date), Code::C);
        assert_eq!(code("basic,retain_device_identity", calibrated), Code::K);
        assert_eq!(code("basic,retain_modified_dates", calibrated), Code::FixedDate);
        assert_eq!(code("basic,retain_modified_dates,retain_device_identity", calibrated), Code::FixedDate);
        assert_eq!(code("basic,retain_modified_dates", Tag(0x0008, 0x0106)), Code::FixedDate);
        assert_eq!(code("basic,retain_device_identity", Tag(0x0018, 0x1002)), Code::K);
        assert_eq!(code("basic,retain_uids", Tag(0x0018, 0x1002)), Code::K);
        assert_eq!(code("basic,retain_device_identity", Tag(0x0008, 0x0055)), Code::C);
        assert_eq!(code("basic,clean_graphics", Tag(0x6002, 0x3000)), Code::C);
        assert_eq!(code("basic,clean_graphics", Tag(0x5002, 0x3000)), Code::X);
        assert_eq!(code("basic,clean_structured_content", Tag(0x0040, 0xA730)), Code::C);
    }

    #[test]
    fn a_listed_row_wins_over_its_vr() {
        let row = Tables::get().row(Tag(0x0010, 0x0040), VR::CS);
        assert_eq!(row.code, Code::Z, "Patient's Sex");
        assert_eq!(Tables::get().row(Tag(0x6002, 0x0010), VR::US).code, Code::X, "an overlay");
        assert_eq!(Tables::get().row(Tag(0x0018, 0x9345), VR::FD).code, Code::K, "CTDIvol");
    }
}
