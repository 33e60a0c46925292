//! Texts that speak of somebody's birth, home, papers or relatives: the sentence that does so goes, and of the
//! others stay those that consist of clinical words only.
//!
//! What follows "born" or "lives at" has no form: "in spring, on the farm by the river". So nothing is taken
//! out of such a clause; it goes as a whole. And since such a text is about somebody, its other sentences do not
//! have the benefit of the doubt that plain descriptions have: after everything known and everything that has a
//! form is taken out, each of their words must be in `tables/clinical-words.txt`.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::{FORMS, REGIONS, formed, places, presentable, stripped};
use crate::known::Known;

const TABLE: &str = include_str!("../../tables/clinical-words.txt");
/// Digits of the longest length or dose that stays, before or after the point.
const MAX_DIGITS: usize = 3;
/// Units that make a number a measurement; a number without one may be a day, a year or an age.
const UNITS: [&str; 10] = ["mm", "cm", "ml", "cc", "kv", "kvp", "ma", "mas", "mgy", "hu"];
/// Vertebrae and weightings: one of these letters before one or two digits.
const NUMBERED: [char; 4] = ['c', 'l', 's', 't'];
/// Ends of words that only medicine has.
const ENDINGS: [&str; 15] = [
    "itis",
    "ectomy",
    "ostomy",
    "plasty",
    "graphy",
    "graphic",
    "scopy",
    "scopic",
    "pathy",
    "algia",
    "megaly",
    "carcinoma",
    "sarcoma",
    "adenoma",
    "aemia",
];
/// Shortest word of which the ending counts, characters.
const MIN_ENDED: usize = 8;
/// Words that turn the meaning of what follows.
const TURNING: [&str; 11] =
    ["no", "not", "non", "without", "nor", "neither", "never", "denies", "denied", "absent", "negative"];

/// What a clause begins or contains that identifies by whatever else is said in it.
static TRIGGER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:names?|named|called|dob|d\.\s?o\.\s?b|mrn|ssn|born|birth\w*|geboren\w*|geb|née?|nee|nickname\w*|wife|husband|daughter|son|sister|brother|mother|father|neighbou?r|phone|telephone|address\w*|lives|lived|resid(?:es|ed|ing|ence)|wohnhaft|insurance|passport|licen[cs]e)\b",
    )
    .expect("the forms are checked by a test")
});

/// A word that joins, or one that says something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Joining,
    Clinical,
}

fn kind(lower: &str) -> Option<Kind> {
    static WORDS: OnceLock<HashMap<&'static str, Kind>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let mut words: HashMap<_, _> = REGIONS.iter().map(|r| (*r, Kind::Clinical)).collect();
        let mut kind = Kind::Joining;
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            match line {
                "[joining]" => kind = Kind::Joining,
                "[clinical]" => kind = Kind::Clinical,
                _ => words.extend(line.split_whitespace().map(|w| (w, kind))),
            }
        }
        words
    });
    let ended = || lower.chars().count() >= MIN_ENDED && ENDINGS.iter().any(|ending| lower.ends_with(ending));
    words.get(lower).copied().or_else(|| ended().then_some(Kind::Clinical))
}

/// Whether a word is one of those that describe images; in lower case.
pub(super) fn is_vocabulary(lower: &str) -> bool {
    kind(lower).is_some()
}

/// Where a text speaks of what identifies by its meaning. A word that is only a part of a known value, such as
/// "MRN" of "MRN-48", goes with the value.
pub(super) fn telling(text: &str, known: &Known) -> Vec<Range<usize>> {
    let found = formed(text, &TRIGGER);
    if found.is_empty() {
        return found;
    }
    let values: Vec<_> = known.phrases.iter().flat_map(|phrase| places(text, phrase)).collect();
    let part = |word: &Range<usize>| {
        values.iter().any(|v| v.start <= word.start && word.end <= v.end && word.len() < v.len())
    };
    found.into_iter().filter(|word| !part(word)).collect()
}

/// Whether one of the words that tell is left.
pub(super) fn tells(text: &str) -> bool {
    TRIGGER.is_match(&text.replace('_', " "))
}

/// The sentences that describe; `None` where there are none, or where what they leave is doubtful. `telling` are
/// the words that tell.
pub(super) fn clean(text: &str, telling: &[Range<usize>], known: &Known) -> Option<String> {
    let spans = spans(text, known);
    let mut kept = Vec::new();
    for sentence in pieces(text, &spans, ends_sentence) {
        let inner = &text[sentence.clone()];
        let here = within(telling, &sentence);
        if here.is_empty() {
            kept.extend(described(inner, known));
        } else {
            kept.extend(around(inner, &within(&spans, &sentence), &here, known));
        }
    }
    presentable(kept.join(" ").trim_end_matches([' ', '.', ';', ',']))
}

/// What overlaps a part of the text, counted from its start.
fn within(ranges: &[Range<usize>], part: &Range<usize>) -> Vec<Range<usize>> {
    let inside = ranges.iter().filter(|r| r.start < part.end && r.end > part.start);
    inside.map(|r| r.start.saturating_sub(part.start)..r.end.min(part.end) - part.start).collect()
}

/// What is known or has a form: no clause ends within one of these.
fn spans(text: &str, known: &Known) -> Vec<Range<usize>> {
    let phrases = known.phrases.iter().flat_map(|phrase| places(text, phrase));
    phrases.chain(FORMS.iter().flat_map(|form| formed(text, form))).collect()
}

/// Cuts a text after every character at which `ends` says so, but not within a span.
fn pieces(text: &str, spans: &[Range<usize>], ends: fn(&str, usize) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (i, c) in text.char_indices() {
        let next = i + c.len_utf8();
        if ends(text, i) && !spans.iter().any(|s| s.start < next && next < s.end) {
            pieces.push(start..next);
            start = next;
        }
    }
    pieces.push(start..text.len());
    pieces
}

fn ends_sentence(text: &str, at: usize) -> bool {
    let mut rest = text[at..].chars();
    match rest.next() {
        Some(';' | '\n' | '\r') => true,
        Some('.' | '!' | '?') => {
            let after = rest.as_str();
            let next = after.trim_start();
            next.is_empty() || next.len() < after.len() && next.starts_with(char::is_uppercase)
        }
        _ => false,
    }
}

/// Within a sentence that identifies: where a clinical clause may begin or end.
fn ends_clause(text: &str, at: usize) -> bool {
    let mut rest = text[at..].chars();
    match rest.next() {
        Some('(' | ')' | '[' | ']') => true,
        Some(',' | '.') => rest.next().is_none_or(char::is_whitespace),
        Some('-' | '\u{2013}' | '\u{2014}') => {
            text[..at].ends_with(' ') && rest.next().is_some_and(char::is_whitespace)
        }
        _ => false,
    }
}

/// Of a sentence that identifies, the clauses before the first word that tells and those after the clause of the
/// last one. What follows goes where a word that turned its meaning has gone.
fn around(inner: &str, spans: &[Range<usize>], telling: &[Range<usize>], known: &Known) -> Vec<String> {
    let clauses = pieces(inner, spans, ends_clause);
    let tells = |clause: &&Range<usize>| !within(telling, clause).is_empty();
    let (Some(first), Some(last)) = (clauses.iter().find(tells), clauses.iter().rfind(tells)) else {
        return Vec::new();
    };
    let (before, after) = (&inner[..first.start], &inner[last.end..]);
    let mut kept = Vec::new();
    let mut at = 0;
    // From the sentence's beginning on, as far as clauses describe.
    let ends = clauses.iter().map(|c| c.end).filter(|end| *end <= before.len());
    if let Some((end, start)) = ends.rev().find_map(|end| Some((end, described(&before[..end], known)?))) {
        at = end;
        kept.push(start);
    }
    let lost = inner[at..last.end].to_lowercase();
    let turned = lost.split(|c: char| !c.is_alphabetic()).any(|w| TURNING.contains(&w));
    if !turned && let Some(end) = described(after, known) {
        kept.push(end);
    }
    kept
}

/// A text without what identifies, where all that is left are clinical words.
fn described(text: &str, known: &Known) -> Option<String> {
    let rest = ordered(&stripped(text, known));
    let words: Vec<String> =
        rest.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let mut clinical = false;
    for (i, word) in words.iter().enumerate() {
        match kind(word) {
            Some(kind) => clinical |= kind == Kind::Clinical,
            None if is_measured(&words, i) || is_numbered(word) => {}
            None => return None,
        }
    }
    clinical.then_some(rest)
}

/// A kept clause with one blank between words; what parted it from the next one stays.
fn ordered(text: &str) -> String {
    let words = text.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric));
    let joined = words.collect::<Vec<_>>().join(" ");
    let end = text.trim_end().chars().next_back().filter(|c| matches!(c, ';' | '.' | ','));
    let bare = joined.trim_matches(|c: char| !c.is_alphanumeric());
    end.filter(|_| !bare.is_empty()).map_or_else(|| bare.to_owned(), |end| format!("{bare}{end}"))
}

/// Whether a word is the number or the unit of a measurement, with or without decimals.
fn is_measured(words: &[String], at: usize) -> bool {
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    let number = |w: &str| (1..=MAX_DIGITS).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_digit());
    let unit = |w: &str| UNITS.contains(&w);
    let joined = |w: &str| {
        let name = w.trim_start_matches(|c: char| c.is_ascii_digit());
        unit(name) && number(&w[..w.len() - name.len()])
    };
    let (this, next) = (word(at), word(at + 1));
    let before = at.checked_sub(1).map_or("", word);
    joined(this)
        || unit(this) && number(before)
        || number(this) && (unit(next) || joined(next) || number(next) && unit(word(at + 2)))
}

fn is_numbered(word: &str) -> bool {
    let digits = word.trim_start_matches(NUMBERED);
    word.len() == digits.len() + 1
        && (1..=2).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use countersign_dicom::{DataSet, VR, tags};
    use proptest::prelude::*;

    use super::*;
    use crate::table::Choice;
    use crate::text::{Text, clean};
    use crate::{Profile, known::Known};

    fn known() -> Known {
        let mut set = DataSet::new();
        set.put_text(tags::PATIENT_NAME, VR::PN, "O'Shaughnessy^Rosalind");
        set.put_text(tags::PATIENT_ID, VR::LO, "MRN8546859");
        set.put_text(tags::PATIENT_ADDRESS, VR::LO, "298 Old Quarry Road, Elmsworth 99443");
        Known::of(&set, Choice::of(&Profile::basic()), &[])
    }

    #[test]
    fn the_clause_goes_and_the_rest_stays() {
        for (text, rest) in [
            (
                "delayed phase acquired; discussed with Dr Farquharson and Rosalind O'Shaughnessy (MRN8546859), born 1927-03-07",
                "delayed phase acquired",
            ),
            (
                "motion artifact present. Patient Rosalind O'Shaughnessy, DOB 19210118, lives at 298 Old Quarry Road, Elmsworth 99443.",
                "motion artifact present",
            ),
            ("born 7 March 1927; right lower lobe nodule unchanged", "right lower lobe nodule unchanged"),
            (
                "Born in spring, on the farm by the river. Mild degenerative changes",
                "Mild degenerative changes",
            ),
            ("DOB 1921. no acute fracture", "no acute fracture"),
            ("left knee (DOB 1927-03-07), lateral view", "left knee lateral view"),
            ("her birthday is the third; Jane was there; nodule 3.5 mm", "nodule 3.5 mm"),
            ("lives at 12 St. Mary Street. T2 hyperintensity, L4; 1927", "T2 hyperintensity, L4"),
            (
                "no acute fracture; address unknown; chronic gastritis.",
                "no acute fracture; chronic gastritis",
            ),
        ] {
            assert_eq!(clean(text, &known()), Text::Changed(rest.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_left_is_never_turned_into_its_opposite() {
        for text in
            ["no, says the patient who was born 1927, fracture", "without Kerley lines, born 1927, effusion"]
        {
            assert_eq!(clean(text, &known()), Text::Unsure, "{text}");
        }
    }

    #[test]
    fn what_is_no_measurement_is_no_clinical_word() {
        for text in
            ["born; 93", "born; left 27", "born; March", "born; Ma left", "D. O. B. 27", "born in the; 3rd"]
        {
            assert_eq!(clean(text, &known()), Text::Unsure, "{text}");
        }
    }

    #[test]
    fn the_words_of_the_table_are_lower_case_letters() {
        let words = TABLE.lines().filter(|l| !l.starts_with(['#', '['])).flat_map(str::split_whitespace);
        for word in words {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            assert!(!tells(word), "{word}");
        }
    }

    /// Something that tells, and something that must go with it.
    const TELLING: [(&str, &str); 9] = [
        ("born", "1927-03-07"),
        ("DOB", "18.01.1921"),
        ("D.O.B. is", "the ides of spring"),
        ("lives at", "12 St. Wexcombe Hollow"),
        ("address:", "Juniper Cottage, Elmsworth"),
        ("phone", "212 555 0147"),
        ("whose sister", "Adelheid Underhill"),
        ("birthday", "7/3/27"),
        ("insurance no", "K-77 120"),
    ];

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "motion artifact present",
                "no acute fracture",
                "Right lower lobe nodule unchanged",
                "compare with prior examination",
                "metal artifact from hip prosthesis",
                "effusion 3 mm",
            ])
            .prop_map(str::to_owned),
            prop::sample::select(TELLING.to_vec()).prop_map(|(word, secret)| format!("{word} {secret}")),
            prop::sample::select(vec![
                "Rosalind O’Shaughnessy",
                "MRN8546859",
                "Patient O'SHAUGHNESSY",
                "Dr Ottoline Quintanilla"
            ])
            .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// However clauses follow each other, none of what tells about somebody is left; and a clinical
        /// sentence that stands by itself is.
        #[test]
        fn nothing_that_tells_comes_through(
            parts in prop::collection::vec((part(), prop::sample::select(vec!["; ", ". ", ", ", " - ", " ", " (", ") ", "\n", "_"])), 0..7),
            at in 0usize..7,
            (word, secret) in prop::sample::select(TELLING.to_vec()),
        ) {
            let mut all: Vec<String> = parts.iter().map(|(part, end)| format!("{part}{end}")).collect();
            all.insert(at.min(all.len()), format!("{word} {secret}; "));
            let text = format!("{}; mild degenerative changes", all.concat());
            let Text::Changed(rest) = clean(&text, &known()) else { panic!("{text}") };
            prop_assert!(rest.ends_with("mild degenerative changes"), "{text:?} -> {rest:?}");
            let lower = rest.to_lowercase();
            let secrets = TELLING.iter().flat_map(|(word, secret)| word.split(' ').chain(secret.split([' ', ','])));
            let names = ["rosalind", "shaughnessy", "o'", "mrn", "8546859", "ottoline", "quintanilla", "patient"];
            // Words such as "at" and "of" say nothing.
            for gone in secrets.filter(|s| s.len() > 3).chain(names) {
                prop_assert!(!lower.contains(&gone.to_lowercase()), "{gone}: {text:?} -> {rest:?}");
            }
            for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
                prop_assert!(is_vocabulary(word) || ["3", "mm"].contains(&word), "{word}: {text:?} -> {rest:?}");
            }
        }
    }
}
