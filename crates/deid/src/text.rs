//! Clean Descriptors: words stay, what identifies goes, and where that cannot be told the text is emptied.
//!
//! Removed are the values that identify somebody in the same file ([`Known`]), and by their form: dates, ages,
//! telephone numbers, mail and web addresses, UIDs and IP addresses, long runs of digits, numbers behind a
//! label, names behind or before a title, street addresses. A name that stands in no other attribute and
//! beside no title looks like any other word: this is the residual risk of the option, and the reason why
//! long texts are emptied rather than cleaned, and why of texts that speak of a birth, of relatives or of an
//! address only clinical sentences stay ([`clauses`]).

mod clauses;
mod names;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::known::Known;

/// Longest text that is taken for a description, characters; longer ones are letters about somebody.
const MAX_TEXT: usize = 1024;
/// From this length on, a name within a longer word is seen, characters.
const MIN_INNER: usize = 5;
/// From here on characters are syllables or ideograms (Hangul Jamo, then kana and Han).
const FIRST_IDEOGRAM: char = '\u{1100}';
/// Fewest letters or digits that make a rest worth keeping.
const MIN_REST: usize = 2;

/// Words that a study's description joins with the sign that joins names elsewhere ("Head^Routine"): regions,
/// and names of protocols' folders.
const REGIONS: [&str; 52] = [
    "abdomen",
    "ankle",
    "angio",
    "aorta",
    "arm",
    "body",
    "brain",
    "breast",
    "cardiac",
    "carotid",
    "cervical",
    "chest",
    "colon",
    "elbow",
    "extremities",
    "extremity",
    "face",
    "fetal",
    "foot",
    "forearm",
    "general",
    "hand",
    "head",
    "heart",
    "hip",
    "kidney",
    "knee",
    "leg",
    "liver",
    "lumbar",
    "lung",
    "neck",
    "neuro",
    "orbit",
    "pancreas",
    "pelvis",
    "perfusion",
    "prostate",
    "research",
    "routine",
    "shoulder",
    "sinus",
    "skull",
    "specials",
    "spine",
    "thigh",
    "thoracic",
    "thorax",
    "uterus",
    "vascular",
    "whole",
    "wrist",
];
/// Stands for that sign where it is harmless.
const JOINT: char = '\u{1}';

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// Nothing in it identifies.
    Same,
    /// The rest of it.
    Changed(String),
    /// Nothing is left, or it cannot be told what would be.
    Unsure,
}

const MONTH: &str = r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch|s)?|märz|apr(?:il)?|avril|may|mai|june?|juni|juin|july?|juli|juillet|aug(?:ust)?|août|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)";
/// Apostrophes within a class of characters; [`crate::known::is_apostrophe`] says why so many.
const APOSTROPHES: &str = r"'\x{2018}\x{2019}\x{2BC}`\x{B4}\x{2032}\x{FF07}\x{91}\x{92}";
/// Particles before a capital that are part of the name.
const PARTICLES: &str = r"(?:(?i:(?:van|von|vom|der|den|ter|ten|zu|zum|zur|af|av|del|della|de|di|da|dos|das|do|du|des|la|le|las|los|al|el|bin|ibn|ben|abu|mc|mac|fitz|st)\b\.?[\s\-]*|\b[odl][APOSTROPHES]\s?))*";

/// A form with the names of its parts replaced.
fn form(pattern: &str) -> String {
    pattern
        // A word that starts with a capital, with what names have in them and the particles before them.
        .replace("NAME", r"PARTICLES\p{Lu}[\p{L}APOSTROPHES\-]*")
        .replace("PARTICLES", PARTICLES)
        .replace("APOSTROPHES", APOSTROPHES)
        .replace("MONTH", MONTH)
}

static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}.\-]+",
        r"(?i)\b(?:https?|ftp|file)://\S+|\bwww\.\S+|\\\\\S+",
        // Times go with their date.
        r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]*\d{1,2}:\d{2}(?::\d{2})?)?\b",
        r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b(?:[ T]+\d{1,2}:\d{2}(?::\d{2})?)?",
        r"(?i)\b\d{1,2}(?:st|nd|rd|th|\.)?[\s\-]*\bMONTH\b[\s.,\-]*(?:\d{2,4}\b)?",
        r"(?i)\bMONTH\b[\s.\-]*\d{1,2}(?:st|nd|rd|th)?\b(?:[\s,]*\d{4}\b)?",
        r"(?i)\bMONTH\b[\s.,\-]*(?:19|20)\d{2}\b",
        // UIDs and IP addresses.
        r"\b\d+(?:\.\d+){3,}\b",
        // Telephone and social security numbers, and whatever follows a label.
        r"\+\d[\d\s().\-]{6,}\d|\(?\b\d{3}\)?[\s.\-]\d{3}[\s.\-]\d{4}\b|\b\d{3}-\d{2}-\d{4}\b|\b\d{3}-\d{4}\b",
        r"(?i)\b(?:tel|phone|fax|ext|mobile|cell|pager|bleep)\b\.?[:\s]*[\d+(][\d\s().+\-]*",
        r"(?i)\b(?:mrn|acc|accession|case|chart|ssn|dob|id|no|nr|num|number|room|bed)\b\.?\s*[:#=]\s*\S+",
        r"#\s?\d+",
        r"[\p{L}\p{N}_\-]*\d{5,}[\p{L}\p{N}_\-]*",
        r"(?i)\bage[ds]?\b(?:\s+of)?\s*[:=]?\s*\d{1,3}\b",
        r"(?i)\b\d{1,3}[\s\-]?(?:y/?o|yrs?|years?|jahre|ans)\b(?:[\s\-]?old\b)?",
        // Names: by their title, by a label, by their initial, in the notation of the standard.
        r"\b(?:(?:Dr|Mr|Mrs|Ms|Prof|Mme|Mlle|Sra?|Miss|Herr|Frau|Nurse|Doctor)\b\.?|(?:DR|MR|MRS|MS|PROF)\.)\s*NAME(?:[\s,.]+NAME){0,3}",
        r"\bNAME(?:[\s,.]+NAME){0,2}[,\s]+(?:M\.?D\.?|Ph\.?D\.?|R\.?N\.?|FRCR|FACR)(?:\b|$)",
        r"(?i:\b(?:patient|pt|name|by|ref|referring|referred by|physician|operator|tech|technologist|radiologist|attending|surgeon|initials))\s*[:=]\s*\S+(?:[ ,]+NAME)*",
        r"\b(?i:by|from|patient|physician|operator|technologist)\s+(?:\p{Lu}\p{Ll}|\p{Lu}[APOSTROPHES])[\p{L}APOSTROPHES\-]*(?:\s+PARTICLES\p{Lu}[\p{Ll}APOSTROPHES][\p{L}APOSTROPHES\-]*)*",
        // With particles a name is one in capitals, too.
        r"\b(?i:by|from|for|patient|physician|operator|technologist)\s+(?:(?i:van|von|vom|de|del|della|di|du|mc|mac|fitz)\b[\s\-]*|(?i:[odl])[APOSTROPHES]\s?)NAME(?:\s+NAME)?",
        r"\b\p{Lu}\.\s?PARTICLES\p{Lu}[\p{L}APOSTROPHES\-]{2,}",
        r"\S*\^\S*",
        r"\b\d+\s+\p{Lu}[\p{L}.APOSTROPHES\-]+(?:\s\p{Lu}[\p{L}.APOSTROPHES\-]+)*\s(?i:st|street|ave|avenue|rd|road|blvd|lane|ln|drive|way|court|strasse|straße)\b\.?",
    ]
    .iter()
    .map(|pattern| Regex::new(&form(pattern)).expect("the forms are checked by a test"))
    .collect()
});

/// What makes a text doubtful after all that.
static DOUBT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?i)@|://|\^|\d{{5}}|\bDR\b\.?\s*\p{{L}}[\p{{L}}{APOSTROPHES}]"))
        .expect("the forms are checked by a test")
});

/// Cleans a text of one file.
pub(crate) fn clean(text: &str, known: &Known) -> Text {
    if text.chars().count() > MAX_TEXT {
        return Text::Unsure;
    }
    let telling = clauses::telling(text, known);
    if !telling.is_empty() {
        return clauses::clean(text, &telling, known).map_or(Text::Unsure, Text::Changed);
    }
    let joined = join_regions(text);
    let rest = stripped(&joined, known);
    if rest == joined {
        return if doubtful(&rest) { Text::Unsure } else { Text::Same };
    }
    presentable(&rest).map_or(Text::Unsure, Text::Changed)
}

/// The text without what is known and what has a form.
fn stripped(text: &str, known: &Known) -> String {
    let mut rest = text.to_owned();
    for phrase in &known.phrases {
        rest = without_phrase(&rest, phrase);
    }
    for form in FORMS.iter() {
        let found = formed(&rest, form);
        if !found.is_empty() {
            rest = without(&rest, found.into_iter());
        }
    }
    names::without_words(&rest, known)
}

/// A stripped text in good order; `None` where nothing is left, or where it is doubtful.
fn presentable(rest: &str) -> Option<String> {
    let rest = tidy(rest).replace(JOINT, "^");
    let letters = rest.chars().filter(|c| c.is_alphanumeric()).count();
    (letters >= MIN_REST && !doubtful(&join_regions(&rest))).then_some(rest)
}

fn doubtful(text: &str) -> bool {
    DOUBT.is_match(&text.replace('_', " ")) || clauses::tells(text)
}

/// The text with [`JOINT`] between regions.
fn join_regions(text: &str) -> String {
    let region = |word: &str| REGIONS.contains(&word.to_lowercase().as_str());
    let words = text.split(' ').map(|w| {
        if w.contains('^') && w.split('^').all(region) {
            w.replace('^', &JOINT.to_string())
        } else {
            w.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where a phrase stands as a whole, with what apostrophes join to it. ASCII letters are compared without their
/// case.
fn places(text: &str, phrase: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = lower[at..].find(phrase) {
        let (start, end) = (at + offset, at + offset + phrase.len());
        let inner = |c: Option<char>| c.is_some_and(names::is_word);
        let whole = !inner(text[..start].chars().next_back()) && !inner(text[end..].chars().next());
        // Long ones are nobody else's word, even within another.
        if whole || phrase.chars().count() >= 2 * MIN_INNER {
            found.push(names::widened(text, start..end));
        }
        at = end;
    }
    found
}

/// Removes a phrase wherever it stands as a whole.
fn without_phrase(text: &str, phrase: &str) -> String {
    without(text, places(text, phrase).into_iter())
}

/// The text with a blank instead of each range; ranges come in the order of their ends.
fn without(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(&text[at..range.start.max(at)]);
        out.push(' ');
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// Where something has a form. An underscore separates words here, unlike in regular expressions.
fn formed(text: &str, form: &Regex) -> Vec<Range<usize>> {
    let spaced = text.replace('_', " ");
    form.find_iter(&spaced).filter(|f| !f.is_empty()).map(|f| f.range()).collect()
}

/// One blank between words, nothing dangling at the ends.
fn tidy(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|w| w.chars().any(char::is_alphanumeric) || matches!(*w, "+" | "&" | "/" | "-"))
        .collect();
    words.join(" ").trim_matches(|c: char| c.is_whitespace() || ",;:/-_&+=(".contains(c)).to_owned()
}

#[cfg(test)]
mod tests {
    use countersign_dicom::{DataSet, VR, tags};
    use proptest::prelude::*;

    use super::*;
    use crate::Profile;
    use crate::table::Choice;

    fn known() -> Known {
        let mut set = DataSet::new();
        set.put_text(tags::PATIENT_NAME, VR::PN, "Featherstone^Marigold^Li^^Jr");
        set.put_text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Okonkwo^Ada");
        set.put_text(tags::PATIENT_ID, VR::LO, "MRN-48X");
        set.put_text(tags::INSTITUTION_NAME, VR::LO, "Lakeside Imaging");
        set.put_text(tags::ACCESSION_NUMBER, VR::SH, "A77");
        Known::of(&set, Choice::of(&Profile::basic()), &["holiday-photo".to_owned()])
    }

    #[test]
    fn what_describes_stays_and_what_identifies_goes() {
        for (text, rest) in [
            ("CT CHEST W/O CONTRAST", None),
            ("T2_TSE_tra_512 3.0mm", None),
            ("MR Brain, 2 mm, FLAIR", None),
            ("Chest, Abdomen, Pelvis 120 kV", None),
            ("Phase 1/3", None),
            ("HEAD^Brain", None),
            ("Abdomen^Liver Featherstone", Some("Abdomen^Liver")),
            ("Abdomen^Miller left", Some("left")),
            ("CT CHEST FEATHERSTONE", Some("CT CHEST")),
            ("CT MARIGOLD CHEST", Some("CT CHEST")),
            ("Chest featherstonemarigold1 PA", Some("Chest PA")),
            ("Brain MRN-48X follow-up", Some("Brain follow-up")),
            ("Lakeside Abdomen", Some("Abdomen")),
            ("ACC A77 Spine", Some("ACC Spine")),
            ("Pre-op 2021-06-14 knee", Some("Pre-op knee")),
            ("Pre-op 14.06.2021 08:30 knee", Some("Pre-op knee")),
            ("Knee, June 14th, 2021", Some("Knee")),
            ("Knee 14 Jun 2021 left", Some("Knee left")),
            ("Knee call (555) 123-4567", Some("Knee call")),
            ("Knee a.b@c.example left", Some("Knee left")),
            ("See http://pacs.example/1 knee", Some("See knee")),
            ("Head per Dr. Houten Jones", Some("Head per")),
            ("Knee by Jane", Some("Knee")),
            ("Knee J. Smithson", Some("Knee")),
            ("hip of Jane Miller, MD", Some("hip of")),
            ("ID: 77 hip", Some("hip")),
            ("Hip of 93 year old", Some("Hip of")),
            ("order 0048213 hip", Some("order hip")),
            ("holiday-photo hip", Some("hip")),
        ] {
            let result = clean(text, &known());
            match rest {
                None => assert_eq!(result, Text::Same, "{text}"),
                Some(rest) => assert_eq!(result, Text::Changed(rest.to_owned()), "{text}"),
            }
        }
    }

    #[test]
    fn names_in_scripts_without_blanks_are_seen() {
        let mut set = DataSet::new();
        set.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        set.put_text(tags::PATIENT_NAME, VR::PN, "Yamada^Tarou=山田^太郎");
        let known = Known::of(&set, Choice::of(&Profile::basic()), &[]);
        assert_eq!(clean("頭部 山田太郎様", &known), Text::Changed("頭部".to_owned()));
    }

    #[test]
    fn what_cannot_be_told_is_emptied() {
        let long = "chest ".repeat(200);
        for text in [
            "FEATHERSTONE",
            "his wife called",
            "lives near the lake",
            "DR SMITH CHEST",
            "born in spring",
            &long,
        ] {
            assert_eq!(clean(text, &known()), Text::Unsure, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Wherever a name or number of the file stands in a text, it does not come out.
        #[test]
        fn nothing_known_comes_through(
            before in "[a-zA-Z ,_/-]{0,20}",
            secret in prop::sample::select(vec!["Featherstone", "MARIGOLD", "okonkwo", "mrn-48x", "Lakeside", "(555) 123-4567", "2021-06-14", "19700101", "x.y@z.example"]),
            after in "[ ,_/-][a-zA-Z ]{0,20}",
        ) {
            let text = format!("{before} {secret}{after}");
            let out = match clean(&text, &known()) {
                Text::Same => text,
                Text::Changed(rest) => rest,
                Text::Unsure => String::new(),
            };
            prop_assert!(!out.to_lowercase().contains(&secret.to_lowercase()), "{}", out);
        }
    }
}
