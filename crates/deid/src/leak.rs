//! The leak gate: every value that was taken out is searched for in what came out.
//!
//! A value that is still there in another element takes that element out as well; where the element
//! cannot go (the image would not be one any more), the instance is refused.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use countersign_dicom::{DataSet, Element, Instance, Place, Tag, VR, Value, tags};

use crate::DeidError;
use crate::keys::is_well_known;
use crate::value::is_text;

/// Shortest value that is searched for, characters: shorter ones are words and codes.
const MIN_VALUE: usize = 6;
/// Shortest part of a person's name that is searched for, characters.
const MIN_NAME_PART: usize = 4;
/// Shortest value that is searched for in binary data, bytes: shorter ones occur by chance.
const MIN_BINARY: usize = 8;
/// Fewest different characters of a value that is searched for in binary data: "00000000" is everywhere.
const MIN_VARIETY: usize = 4;
/// Most values that are searched for.
const MAX_NEEDLES: usize = 50_000;
/// Longest value that is searched for whole, characters; of a longer one this much from its start.
const MAX_NEEDLE: usize = 256;

/// Words by which people and programs say that there is nothing to say.
const SAYS_NOTHING: [&str; 9] = [
    "unknown",
    "unspecified",
    "undefined",
    "anonymous",
    "anonymized",
    "anonymised",
    "removed",
    "none",
    "default",
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

/// The removed values of one instance.
#[derive(Default)]
pub(crate) struct Needles {
    values: BTreeMap<String, Sort>,
}

/// Where a removed value was found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Tags and item numbers from the top to the element.
    pub path: Vec<(Tag, usize)>,
    pub tag: Tag,
    pub offset: u64,
    /// The element cannot be taken out.
    pub essential: bool,
}

impl Needles {
    /// Takes note of an element that is about to change, with everything below it.
    pub fn note(&mut self, element: &Element, descriptor: bool) {
        match &element.value {
            Value::Items(items) => {
                for (tag, e) in items.iter().flat_map(DataSet::iter) {
                    // Codes below a removed sequence are vocabulary; so is what the tables do not list.
                    let row = crate::table::Tables::get().row(tag, e.vr);
                    let private = !tag.0.is_multiple_of(2);
                    self.note(
                        e,
                        descriptor || private || row.descriptor || row.code == crate::table::Code::K,
                    );
                }
            }
            Value::Bytes(_) if is_text(element.vr) => self.text(element, descriptor),
            // A value of no known kind that looks like text.
            Value::Bytes(raw) if element.vr == VR::UN && is_printable(raw) => self.text(element, true),
            _ => {}
        }
    }

    fn text(&mut self, element: &Element, descriptor: bool) {
        let sort = match element.vr {
            VR::PN => Sort::Name,
            VR::UI => Sort::Uid,
            VR::DA | VR::DT => Sort::Date,
            VR::TM | VR::AS => Sort::Time,
            // A number that was removed is a measurement, and will be found among measurements.
            VR::DS | VR::IS => return,
            // A removed code is a word of a vocabulary, not somebody's.
            VR::CS => Sort::Words,
            _ if descriptor => Sort::Words,
            _ => Sort::Identifier,
        };
        for text in element.texts() {
            // The standard's own UIDs say what kind of thing it is, and stay.
            if is_well_known(&text) {
                continue;
            }
            if sort == Sort::Name {
                let parts = text.split(|c: char| "^= ,.;".contains(c));
                parts.filter(|p| p.chars().count() >= MIN_NAME_PART).for_each(|p| self.add(p, sort));
            }
            if text.chars().count() >= MIN_VALUE {
                self.add(&text, sort);
            }
        }
    }

    fn add(&mut self, text: &str, sort: Sort) {
        if self.values.len() >= MAX_NEEDLES {
            return;
        }
        let cut: String = text.chars().take(MAX_NEEDLE).collect();
        let cut = cut.to_ascii_lowercase();
        if SAYS_NOTHING.contains(&cut.as_str()) {
            return;
        }
        let known = self.values.entry(cut).or_insert(sort);
        *known = (*known).max(sort);
    }

    /// Drops what the output must contain: our own dummies and replacements.
    pub fn forget(&mut self, ours: impl Iterator<Item = String>) {
        for value in ours {
            self.values.remove(&value.to_ascii_lowercase());
        }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Makes the search; `None` when there is nothing to search for.
    pub fn search(&self) -> Result<Option<Search<'_>>, DeidError> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let needles: Vec<(&str, Sort)> = self.values.iter().map(|(v, s)| (v.as_str(), *s)).collect();
        // Values were read as Latin-1; the output is searched as bytes.
        let patterns: Vec<Vec<u8>> = needles.iter().map(|(v, _)| latin1(v)).collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            // Cannot happen within MAX_NEEDLES x MAX_NEEDLE; refusing is the safe answer if it does.
            .map_err(|_| DeidError::Leak { path: "(search)".to_owned(), place: Place::default() })?;
        Ok(Some(Search { finder, needles }))
    }
}

fn is_printable(raw: &[u8]) -> bool {
    raw.len() <= MAX_NEEDLE && raw.iter().all(|b| matches!(b, 0x20..=0x7E) || *b == 0)
}

fn latin1(text: &str) -> Vec<u8> {
    // Values were read as Latin-1, so each character is a byte.
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// A search for all values at once.
pub(crate) struct Search<'a> {
    finder: AhoCorasick,
    needles: Vec<(&'a str, Sort)>,
}

impl Search<'_> {
    /// Every place of an instance where a removed value stands.
    pub fn hits(&self, instance: &Instance) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.set(&instance.meta, &mut Vec::new(), &mut hits);
        self.set(&instance.data, &mut Vec::new(), &mut hits);
        hits
    }

    /// The element without the parts that repeat a removed value; `None` when nothing of it would be left.
    pub fn without_residue(&self, element: &Element) -> Option<Element> {
        let texts = if is_text(element.vr) { element.texts() } else { Vec::new() };
        let clean = |t: String| if self.in_text(&latin1(&t), element.vr) { String::new() } else { t };
        let rest: Vec<String> = texts.into_iter().map(clean).collect();
        if rest.iter().all(String::is_empty) {
            return None;
        }
        let mut raw = latin1(&rest.join("\\"));
        if !raw.len().is_multiple_of(2) {
            raw.push(if element.vr == VR::UI { 0 } else { b' ' });
        }
        Some(Element { value: Value::Bytes(raw.into()), ..element.clone() })
    }

    fn set(&self, set: &DataSet, path: &mut Vec<(Tag, usize)>, hits: &mut Vec<Hit>) {
        for (tag, element) in set.iter() {
            let found = match &element.value {
                Value::Items(items) => {
                    for (i, item) in items.iter().enumerate() {
                        path.push((tag, i));
                        self.set(item, path, hits);
                        path.pop();
                    }
                    false
                }
                Value::Bytes(raw) if is_text(element.vr) => self.in_text(raw, element.vr),
                Value::Bytes(raw) => self.in_binary(raw),
                Value::Fragments { fragments, .. } => fragments.iter().any(|(_, f)| self.in_binary(f)),
            };
            if found {
                let essential = path.is_empty() && is_essential(tag, element.vr);
                hits.push(Hit { path: path.clone(), tag, offset: element.offset, essential });
            }
        }
    }

    fn in_text(&self, raw: &[u8], vr: VR) -> bool {
        self.finder.find_overlapping_iter(raw).any(|m| {
            let (needle, sort) = self.needles[m.pattern().as_usize()];
            let inner = |b: u8| {
                b.is_ascii_alphanumeric() || b == b'.' && needle.starts_with(|c: char| c.is_ascii_digit())
            };
            let alone = !m.start().checked_sub(1).is_some_and(|i| inner(raw[i]))
                && !raw.get(m.end()).is_some_and(|b| inner(*b));
            alone && means_something(sort, vr)
        })
    }

    fn in_binary(&self, raw: &[u8]) -> bool {
        self.finder.find_overlapping_iter(raw).any(|m| {
            let found = &raw[m.start()..m.end()];
            let mut different: Vec<u8> = found.to_vec();
            different.sort_unstable();
            different.dedup();
            found.len() >= MIN_BINARY && different.len() >= MIN_VARIETY
        })
    }
}

/// Whether finding a removed value in an element of this VR says anything about its source.
fn means_something(sort: Sort, vr: VR) -> bool {
    match sort {
        Sort::Name | Sort::Identifier | Sort::Uid => true,
        Sort::Date => vr != VR::DS,
        Sort::Time => !matches!(vr, VR::DS | VR::IS | VR::UI),
        Sort::Words => !matches!(vr, VR::CS | VR::DS | VR::IS | VR::UI),
    }
}

/// Elements without which the output is no image, or no known one.
fn is_essential(tag: Tag, vr: VR) -> bool {
    let named = matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::SOP_INSTANCE_UID
            | tags::STUDY_INSTANCE_UID
            | tags::SERIES_INSTANCE_UID
            | tags::PATIENT_ID
            | tags::MODALITY
            | tags::SPECIFIC_CHARACTER_SET
            | tags::PIXEL_DATA
            | tags::DEIDENTIFICATION_METHOD
    );
    named || tag.0 == 0x0002 || tag.0 == 0x0028 && !matches!(vr, VR::LO | VR::ST)
}
