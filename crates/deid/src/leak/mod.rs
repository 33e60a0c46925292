//! The leak gate: every value that was taken out is searched for in every byte of what came out.
//!
//! One pass of an automaton goes over all bytes outside of pixel data and other large tables: tags, lengths,
//! texts, small binary values, the file's own header. Pixel data are searched in every byte too ([`grams`]),
//! for values of eight bytes and more with at least four different ones: eight bytes of noise spell a given
//! value in either case once in 2^56 places at most, six bytes once in 2^42, which a project of a few
//! terabytes and a thousand values per file would see; a shorter value in pixels is a matter for the eyes
//! and the text detector, not for bytes. Texts with other characters than ASCII are decoded and searched once
//! more, and so is text in UTF-16.
//!
//! A value that is still there in another element takes that element out as well; where the element
//! cannot go (the image would not be one any more), the instance is refused.

mod grams;
mod needles;

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, PatternID};
use bytes::Bytes;
use countersign_dicom::{DataSet, Element, Instance, Place, Tag, VR, Value, tags};

pub(crate) use needles::{Needles, Sort, trim};

use crate::DeidError;
use crate::charset::{Charset, without_zeros};
use crate::value::is_text;
use grams::Grams;

/// Shortest value that is searched for in binary data, bytes: shorter ones occur by chance.
const MIN_BINARY: usize = 8;
/// Fewest different characters of a value that is searched for in binary data: "00000000" is everywhere.
const MIN_VARIETY: usize = 4;
/// Binary values from this size are searched as pixels are, bytes.
const LARGE: usize = 2048;

/// Bytes of a value that the automaton knows; the rest is compared where they stand. A file with tens of
/// thousands of long values would otherwise make an automaton of hundreds of megabytes.
const HEAD: usize = 32;

/// Where a removed value was found again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Tags and item numbers from the top to the element.
    pub path: Vec<(Tag, usize)>,
    pub tag: Tag,
    /// Byte of the output where the value starts.
    pub offset: u64,
    /// The element cannot be taken out.
    pub essential: bool,
}

/// What the profile's options make of finding certain kinds of value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tolerance {
    /// Every date and time of the output was moved, cut or kept on purpose: one of them may equal another
    /// one of the source.
    pub dates: bool,
    /// Texts were cleaned of everything that identifies: their other words may stand elsewhere too.
    pub words: bool,
}

/// A search for all values at once.
pub(crate) struct Search<'a> {
    finder: AhoCorasick,
    needles: Vec<(&'a [u8], Sort)>,
    grams: Grams,
    characters: Option<AhoCorasick>,
    tolerance: Tolerance,
}

/// A value of the output and where it stands.
struct Region {
    start: usize,
    end: usize,
    vr: VR,
    tag: Tag,
    /// Number of the path.
    path: usize,
    large: bool,
    /// Written by this crate in its own words, which are the same in every file.
    ours: bool,
    charset: Charset,
}

impl Needles {
    /// Makes the search; `None` when there is nothing to search for.
    pub fn search(&self, tolerance: Tolerance) -> Result<Option<Search<'_>>, DeidError> {
        // Cannot happen within the limits of needles; refusing is the safe answer if it does.
        let refused = |_| DeidError::Leak { path: "(search)".to_owned(), place: Place::default() };
        if self.len() == 0 {
            return Ok(None);
        }
        let needles: Vec<(&[u8], Sort)> = self.bytes.iter().map(|(v, s)| (v.as_slice(), *s)).collect();
        let build = |patterns: &mut dyn Iterator<Item = &[u8]>| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                // Little is searched with it, so a search that is quick to make is the quick one.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(patterns)
                .map_err(refused)
        };
        let finder = build(&mut needles.iter().map(|(v, _)| &v[..v.len().min(HEAD)]))?;
        let counts = |sort: &Sort| *sort != Sort::Words || !tolerance.words;
        let characters: Vec<&str> =
            self.characters.iter().filter(|(_, s)| counts(s)).map(|(v, _)| v.as_str()).collect();
        let characters = if characters.is_empty() {
            None
        } else {
            Some(build(&mut characters.iter().map(|v| v.as_bytes()))?)
        };
        let binary = needles.iter().enumerate().filter(|(_, (v, _))| is_telling(v));
        // Fewer needles than fit 32 bits: MAX_NEEDLES.
        let grams = Grams::new(binary.map(|(i, (v, _))| (i as u32, *v)));
        Ok(Some(Search { finder, needles, grams, characters, tolerance }))
    }
}

/// Whether a value in binary data is more than chance.
fn is_telling(value: &[u8]) -> bool {
    value.len() >= MIN_BINARY && value.iter().collect::<BTreeSet<_>>().len() >= MIN_VARIETY
}

/// The regions of an output, in the order of its bytes.
struct Map {
    base: usize,
    length: usize,
    regions: Vec<Region>,
    paths: Vec<Vec<(Tag, usize)>>,
    /// Number of contributing equipments.
    equipment: usize,
}

impl Map {
    fn of(file: &Bytes, instance: &Instance) -> Self {
        let base = file.as_ptr() as usize;
        let equipment = instance.data.items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE).len();
        let length = file.len();
        let mut map = Self { base, length, regions: Vec::new(), paths: Vec::new(), equipment };
        map.set(&instance.meta, &mut Vec::new(), Charset::of(&[]));
        map.set(&instance.data, &mut Vec::new(), Charset::of(&[]));
        map.regions.sort_unstable_by_key(|r| r.start);
        map
    }

    fn set(&mut self, set: &DataSet, path: &mut Vec<(Tag, usize)>, outer: Charset) {
        let own = set.texts(tags::SPECIFIC_CHARACTER_SET);
        let charset = if own.is_empty() { outer } else { Charset::of(&own) };
        let number = self.paths.len();
        self.paths.push(path.clone());
        for (tag, element) in set.iter() {
            match &element.value {
                Value::Items(items) => {
                    for (i, item) in items.iter().enumerate() {
                        path.push((tag, i));
                        self.set(item, path, charset);
                        path.pop();
                    }
                }
                Value::Bytes(raw) => self.add(raw, element.vr, tag, number, charset),
                Value::Fragments { offsets, fragments } => {
                    self.add(offsets, VR::OB, tag, number, charset);
                    for (_, raw) in fragments {
                        self.add(raw, VR::OB, tag, number, charset);
                    }
                }
            }
        }
    }

    fn add(&mut self, raw: &Bytes, vr: VR, tag: Tag, path: usize, charset: Charset) {
        // Values are slices of the file that they were read from.
        let start = (raw.as_ptr() as usize).wrapping_sub(self.base);
        if raw.is_empty() || start >= self.length || raw.len() > self.length - start {
            return;
        }
        let large = !is_text(vr) && (raw.len() >= LARGE || tag == tags::PIXEL_DATA);
        let ours = self.is_ours(path, tag);
        self.regions.push(Region { start, end: start + raw.len(), vr, tag, path, large, ours, charset });
    }

    /// Whether an element is one of the markers: the writer's name, De-identification Method, its codes, and
    /// the last item of Contributing Equipment. A patient whose name is a word of theirs is not in them.
    fn is_ours(&self, path: usize, tag: Tag) -> bool {
        match self.paths[path].first() {
            None => matches!(
                tag,
                tags::DEIDENTIFICATION_METHOD
                    | tags::IMPLEMENTATION_CLASS_UID
                    | tags::IMPLEMENTATION_VERSION_NAME
            ),
            Some((top, item)) => {
                *top == tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE
                    || *top == tags::CONTRIBUTING_EQUIPMENT_SEQUENCE && *item + 1 == self.equipment
            }
        }
    }

    /// The region that holds a byte.
    fn at(&self, byte: usize) -> Option<&Region> {
        let after = self.regions.partition_point(|r| r.start <= byte);
        self.regions[..after].last().filter(|r| byte < r.end)
    }

    fn hit(&self, region: Option<&Region>, byte: usize) -> Hit {
        let Some(region) = region else {
            // Between values there are only tags and lengths, which cannot be taken out.
            return Hit { path: Vec::new(), tag: Tag(0, 0), offset: byte as u64, essential: true };
        };
        let path = self.paths[region.path].clone();
        let essential = path.is_empty() && is_essential(region.tag, region.vr);
        Hit { path, tag: region.tag, offset: byte as u64, essential }
    }
}

impl Search<'_> {
    /// Every element of an output in which a removed value stands, once; `instance` is `file`, read without
    /// copying.
    pub fn hits(&self, file: &Bytes, instance: &Instance) -> Vec<Hit> {
        let map = Map::of(file, instance);
        let mut hits = Vec::new();
        let mut from = 0;
        for region in &map.regions {
            if region.large {
                self.span(file, from..region.start, &map, &mut hits);
                from = region.end;
                let raw = &file[region.start..region.end];
                if let Some((at, _)) = self.grams.find(raw, |i| self.needles[i as usize].0) {
                    hits.push(map.hit(Some(region), region.start + at));
                }
            } else {
                self.decoded(&file[region.start..region.end], region, &map, &mut hits);
            }
        }
        self.span(file, from..file.len(), &map, &mut hits);
        hits.sort();
        hits.dedup_by(|a, b| a.path == b.path && a.tag == b.tag);
        hits
    }

    /// Searches the bytes of a span.
    fn span(&self, file: &Bytes, span: Range<usize>, map: &Map, hits: &mut Vec<Hit>) {
        for found in self.finder.find_overlapping_iter(&file[span.clone()]) {
            let start = span.start + found.start();
            let Some((range, needle, sort)) = self.whole(file, start, found.pattern()) else { continue };
            let region = map.at(start).filter(|r| range.end <= r.end);
            let counts = match region {
                Some(r) if r.ours => false,
                Some(r) if is_text(r.vr) => {
                    let text = &file[r.start..r.end];
                    self.means_something(sort, r.vr, needle)
                        && is_alone(text, start - r.start..range.end - r.start, sort, r.vr)
                }
                _ => is_telling(needle),
            };
            if counts {
                hits.push(map.hit(region, start));
            }
        }
    }

    /// Searches what a value's bytes mean: other character sets, and UTF-16.
    fn decoded(&self, raw: &[u8], region: &Region, map: &Map, hits: &mut Vec<Hit>) {
        if let Some(narrow) = without_zeros(raw)
            && self.in_text(&narrow, VR::UT)
        {
            hits.push(map.hit(Some(region), region.start));
        }
        let Some(characters) = &self.characters else { return };
        if is_text(region.vr)
            && Charset::is_foreign(raw)
            && let Some(text) = region.charset.decode(raw)
            && characters.is_match(&text.to_lowercase())
        {
            hits.push(map.hit(Some(region), region.start));
        }
    }

    /// The element without the parts that repeat a removed value; `None` when nothing of it would be left.
    pub fn without_residue(&self, element: &Element) -> Option<Element> {
        let raw = element.bytes().filter(|_| is_text(element.vr))?;
        if Charset::is_foreign(raw) {
            return None;
        }
        let rest: Vec<&[u8]> = raw
            .split(|b| *b == b'\\')
            .map(|part| if self.in_text(trim(part), element.vr) { &[][..] } else { trim(part) })
            .collect();
        if rest.iter().all(|part| part.is_empty()) {
            return None;
        }
        let mut raw = rest.join(&b'\\');
        if !raw.len().is_multiple_of(2) {
            raw.push(if element.vr == VR::UI { 0 } else { b' ' });
        }
        Some(Element { value: Value::Bytes(raw.into()), ..element.clone() })
    }

    fn in_text(&self, raw: &[u8], vr: VR) -> bool {
        self.finder.find_overlapping_iter(raw).any(|m| {
            self.whole(raw, m.start(), m.pattern()).is_some_and(|(range, needle, sort)| {
                self.means_something(sort, vr, needle) && is_alone(raw, range, sort, vr)
            })
        })
    }

    /// The value whose head was found, if the rest of it stands there as well.
    fn whole(&self, raw: &[u8], start: usize, pattern: PatternID) -> Option<(Range<usize>, &[u8], Sort)> {
        let (needle, sort) = self.needles[pattern.as_usize()];
        let range = start..start + needle.len();
        raw.get(range.clone())?.eq_ignore_ascii_case(needle).then_some((range, needle, sort))
    }

    /// Whether finding a removed value in an element of this VR says anything about its source.
    fn means_something(&self, sort: Sort, vr: VR, needle: &[u8]) -> bool {
        let dated = self.tolerance.dates && matches!(vr, VR::DA | VR::DT | VR::TM);
        match sort {
            Sort::Name | Sort::Uid => true,
            // "100000" is a number of something; an identifier of such kind tells nobody apart.
            Sort::Identifier if matches!(vr, VR::DS | VR::IS) => {
                needle.iter().collect::<BTreeSet<_>>().len() >= 3
            }
            Sort::Identifier => true,
            Sort::Date => vr != VR::DS && !dated,
            Sort::Time => !matches!(vr, VR::DS | VR::IS | VR::UI) && !dated,
            Sort::Words => !self.tolerance.words && !matches!(vr, VR::CS | VR::DS | VR::IS | VR::UI),
        }
    }
}

/// Whether a value that was found in a text stands there as a word or number of its own, rather than as a
/// part of another one.
fn is_alone(text: &[u8], at: Range<usize>, sort: Sort, vr: VR) -> bool {
    let Range { start, end } = at;
    let found = &text[start..end];
    let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80;
    let distinct = matches!(sort, Sort::Name | Sort::Identifier) && found.len() >= MIN_BINARY;
    if distinct && found.iter().any(|b| letter(*b)) {
        return true;
    }
    let byte = |i: Option<usize>| i.and_then(|i| text.get(i)).copied().unwrap_or(b' ');
    let before = byte(start.checked_sub(1));
    let after = byte(Some(end));
    // A point joins digits, but ends a sentence; within a UID that stays, a component that is the patient's
    // number is the patient's number.
    let component = vr == VR::UI && sort == Sort::Identifier;
    let joined = |inner: u8, next: u8, beyond: u8| match inner {
        b'0'..=b'9' => next.is_ascii_digit() || !component && next == b'.' && beyond.is_ascii_digit(),
        i if letter(i) => letter(next),
        _ => false,
    };
    let (first, last) = (found[0], found[found.len() - 1]);
    // A date is often the beginning of a longer stamp.
    let longer = sort == Sort::Date && after.is_ascii_digit();
    !joined(first, before, byte(start.checked_sub(2)))
        && (longer || !joined(last, after, byte(Some(end + 1))))
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
    );
    let image = tag.0 == 0x0028 && !matches!(vr, VR::LO | VR::ST) && tag != tags::ICC_PROFILE;
    named || tag.0 == 0x0002 || image
}
