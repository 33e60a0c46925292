//! The tables, parsed once.

use std::collections::HashMap;
use std::sync::OnceLock;

use countersign_dicom::{Tag, VR, fits_dictionary};

/// Edition of the standard that the tables are from.
pub const EDITION: &str = "2026d";
/// Credit line of the tables.
pub const CREDIT: &str = "DICOM PS3.15 2026d, (c) NEMA";

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

/// One row of E.1-1, or of the supplement (no options then).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub code: Code,
    /// Column "Clean Descriptors": the attribute holds words, not identifiers.
    pub descriptor: bool,
}

pub(crate) struct Tables {
    listed: HashMap<u32, Row>,
    tags: HashMap<u32, Row>,
    by_vr: HashMap<VR, Row>,
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
        let mut tables = Self { listed: HashMap::new(), tags: HashMap::new(), by_vr: HashMap::new() };
        for f in lines(E1_1) {
            // Patterns (curves, overlays, private groups) are rules: see `row`, and the engine for odd groups.
            if PATTERNS.contains(&f[0]) {
                continue;
            }
            let row = Row { code: Code::parse(f[1])?, descriptor: f.get(2)?.contains('c') };
            tables.listed.insert(u32::from_str_radix(f[0], 16).ok()?, row);
        }
        for f in lines(SUPPLEMENT) {
            let row = Row { code: Code::parse(f.get(2)?)?, descriptor: true };
            match f[0] {
                "vr" => tables.by_vr.insert(f[1].parse().ok()?, row),
                "tag" => tables.tags.insert(u32::from_str_radix(f[1], 16).ok()?, row),
                _ => return None,
            };
        }
        Some(tables)
    }

    /// The row that decides about an attribute with even group: E.1-1, then the supplement's tag, then its
    /// VR; a tag that is not in the dictionary goes. Curves (50xx) and overlays (60xx) go as a whole: half of one is of no use.
    pub fn row(&self, tag: Tag, vr: VR) -> Row {
        let remove = Row { code: Code::X, descriptor: false };
        if matches!(tag.0, 0x5000..=0x50FF | 0x6000..=0x60FF) {
            return remove;
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
    fn a_listed_row_wins_over_its_vr() {
        let row = Tables::get().row(Tag(0x0010, 0x0040), VR::CS);
        assert_eq!(row.code, Code::Z, "Patient's Sex");
        assert_eq!(Tables::get().row(Tag(0x6002, 0x0010), VR::US).code, Code::X, "an overlay");
        assert_eq!(Tables::get().row(Tag(0x0018, 0x9345), VR::FD).code, Code::K, "CTDIvol");
    }
}
