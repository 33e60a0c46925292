//! The values that were taken out, and what kind each is.

use std::collections::{BTreeMap, HashSet};

use countersign_dicom::{DataSet, Element, VR, Value, tags};

use crate::charset::{Charset, without_zeros};
use crate::keys::is_well_known;
use crate::table::{Code, Tables};
use crate::value::is_text;

/// Shortest value that is searched for, characters: shorter ones are words and codes.
pub(crate) const MIN_VALUE: usize = 6;
/// Shortest part of a person's name that is searched for, characters.
pub(crate) const MIN_NAME_PART: usize = 4;
/// Shortest part of a name in a script of syllables or ideograms, characters.
const MIN_IDEOGRAMS: usize = 2;
/// Most values that are searched for.
const MAX_NEEDLES: usize = 50_000;
/// Longest value that is searched for whole, bytes; of a longer one this much from its start.
const MAX_NEEDLE: usize = 256;
/// Longest value beyond ASCII that is searched for whole, characters; of a longer one this much from its
/// start.
const MAX_CHARACTERS: usize = 64;
/// Longest value of no known kind that is looked at for text, bytes.
const MAX_UNKNOWN: usize = 4096;

/// Words by which people and programs say that there is nothing to say.
const SAYS_NOTHING: [&[u8]; 9] = [
    b"unknown",
    b"unspecified",
    b"undefined",
    b"anonymous",
    b"anonymized",
    b"anonymised",
    b"removed",
    b"none",
    b"default",
];

/// What kind of thing a removed value is; it decides where finding it again means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// Words that describe: may recur as a code ("ABDOMEN") without saying who.
    Words,
    /// A time of day or an age: may recur as a measurement.
    Time,
    /// A date.
    Date,
    /// A UID.
    Uid,
    /// An identifier or a place.
    Identifier,
    /// A part of a person's name.
    Name,
}

/// The removed values of one instance, in lower case.
#[derive(Default)]
pub(crate) struct Needles {
    /// As bytes, as they stood in the source.
    pub(super) bytes: BTreeMap<Vec<u8>, Sort>,
    /// Those beyond ASCII as characters: in another character set they are other bytes.
    pub(super) characters: BTreeMap<String, Sort>,
}

impl Needles {
    /// Takes note of an element that is about to change, with everything below it. `words`: it describes
    /// rather than identifies.
    pub fn note(&mut self, element: &Element, words: bool, charset: Charset) {
        match &element.value {
            Value::Items(items) => {
                for item in items {
                    self.items(item, words, charset);
                }
            }
            Value::Bytes(raw) if is_text(element.vr) => self.element(element.vr, raw, words, charset),
            // A value of no known kind that looks like text.
            Value::Bytes(raw) if matches!(element.vr, VR::UN | VR::OB) && raw.len() <= MAX_UNKNOWN => {
                if let Some(narrow) = without_zeros(raw).filter(|n| is_printable(n)) {
                    self.element(VR::UN, &narrow, true, charset);
                } else if is_printable(raw) {
                    self.element(VR::UN, raw, true, charset);
                }
            }
            _ => {}
        }
    }

    fn items(&mut self, item: &DataSet, words: bool, charset: Charset) {
        let own = item.texts(tags::SPECIFIC_CHARACTER_SET);
        let charset = if own.is_empty() { charset } else { Charset::of(&own) };
        for (tag, e) in item.iter() {
            // Codes below a removed sequence are vocabulary; so is what the tables do not list.
            let row = Tables::get().row(tag, e.vr);
            let private = !tag.0.is_multiple_of(2);
            self.note(e, words || private || row.descriptor || row.code == Code::K, charset);
        }
    }

    fn element(&mut self, vr: VR, raw: &[u8], words: bool, charset: Charset) {
        let sort = match vr {
            VR::PN => Sort::Name,
            VR::UI => Sort::Uid,
            VR::DA | VR::DT => Sort::Date,
            VR::TM | VR::AS => Sort::Time,
            // A number that was removed is a measurement, and will be found among measurements.
            VR::DS | VR::IS => return,
            // A removed code is a word of a vocabulary, not somebody's.
            VR::CS => Sort::Words,
            _ if words => Sort::Words,
            _ => Sort::Identifier,
        };
        self.value(raw, sort);
        if Charset::is_foreign(raw)
            && let Some(text) = charset.decode(raw)
        {
            self.characters(&text, sort);
        }
    }

    fn value(&mut self, raw: &[u8], sort: Sort) {
        for text in raw.split(|b| *b == b'\\').map(trim) {
            // The standard's own UIDs say what kind of thing it is, and stay.
            if text.len() < MIN_NAME_PART || std::str::from_utf8(text).is_ok_and(is_well_known) {
                continue;
            }
            if sort == Sort::Name {
                let parts = text.split(|b| b"^= ,.;".contains(b));
                parts.filter(|p| p.len() >= MIN_NAME_PART).for_each(|p| self.add(p, sort));
            }
            if sort == Sort::Identifier {
                // The number in "MRN-0048213" is the number, with or without its letters.
                let runs = text.split(|b| !b.is_ascii_digit());
                runs.filter(|r| r.len() >= MIN_VALUE && r.len() < text.len()).for_each(|r| self.add(r, sort));
            }
            if text.len() >= MIN_VALUE {
                self.add(text, sort);
            }
        }
    }

    /// Notes a value that the caller knows of, as an identifier.
    pub fn known(&mut self, text: &str) {
        self.value(text.as_bytes(), Sort::Identifier);
        if !text.is_ascii() {
            self.characters(text, Sort::Identifier);
        }
    }

    fn characters(&mut self, text: &str, sort: Sort) {
        let separators: &[char] = if sort == Sort::Name { &['\\', '^', '=', ' ', ','] } else { &['\\'] };
        for part in text.split(separators).map(|p| p.trim_matches([' ', '\0'])) {
            let ideograms = part.chars().all(|c| c >= '\u{1100}');
            let least = match sort {
                Sort::Name | Sort::Identifier if ideograms => MIN_IDEOGRAMS,
                Sort::Name => MIN_NAME_PART,
                _ => MIN_VALUE,
            };
            if !part.is_ascii() && part.chars().count() >= least && self.characters.len() < MAX_NEEDLES {
                let head: String = part.to_lowercase().chars().take(MAX_CHARACTERS).collect();
                let known = self.characters.entry(head).or_insert(sort);
                *known = (*known).max(sort);
            }
        }
    }

    fn add(&mut self, text: &[u8], sort: Sort) {
        if self.bytes.len() >= MAX_NEEDLES {
            return;
        }
        let cut = text[..text.len().min(MAX_NEEDLE)].to_ascii_lowercase();
        if SAYS_NOTHING.contains(&cut.as_slice()) {
            return;
        }
        let known = self.bytes.entry(cut).or_insert(sort);
        *known = (*known).max(sort);
    }

    /// Drops what the output must contain: our own dummies and replacements.
    pub fn forget(&mut self, ours: impl Iterator<Item = String>) {
        for value in ours {
            self.bytes.remove(value.to_ascii_lowercase().as_bytes());
        }
    }

    /// Drops values that the profile's options keep elsewhere in the file: there they were asked for. A part
    /// of a person's name never is.
    pub fn permit(&mut self, kept: &HashSet<Vec<u8>>, characters: &HashSet<String>) {
        self.bytes.retain(|value, sort| *sort == Sort::Name || !kept.contains(value));
        self.characters.retain(|value, sort| *sort == Sort::Name || !characters.contains(value));
    }

    pub fn len(&self) -> usize {
        self.bytes.len() + self.characters.len()
    }
}

/// Without the padding of PS3.5 6.2.
pub(crate) fn trim(raw: &[u8]) -> &[u8] {
    let pad = |b: &u8| matches!(b, b' ' | 0);
    let start = raw.iter().position(|b| !pad(b)).unwrap_or(raw.len());
    let end = raw.iter().rposition(|b| !pad(b)).map_or(start, |i| i + 1);
    &raw[start..end]
}

fn is_printable(raw: &[u8]) -> bool {
    raw.iter().all(|b| matches!(b, 0x20..=0x7E | b'\r' | b'\n' | b'\t' | 0))
}
