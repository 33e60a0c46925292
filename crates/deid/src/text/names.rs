//! Known names and places within a text, with all that belongs to the name: what an apostrophe or hyphen joins
//! to it, and the particles before it.
//!
//! A name is written in more ways than one: "O'Neill", "O’Neill", "ONEILL", "de la Cruz", "DelaCruz". So words
//! are compared alone and joined with their neighbours, and a word that goes takes its particles along.

use std::ops::Range;

use super::clauses::is_vocabulary;
use super::{FIRST_IDEOGRAM, MIN_INNER};
use crate::known::{Known, is_apostrophe};

/// Most words of one component of a name.
const MAX_WORDS: usize = 5;
/// Longest word before an apostrophe and a blank that is taken for a particle ("O' Neill"), characters.
const MAX_ELIDED: usize = 3;

/// Words before a family name that are part of it, in lower case.
const PARTICLES: [&str; 37] = [
    "o", "mc", "mac", "fitz", "van", "von", "vom", "der", "den", "ter", "ten", "het", "zu", "zum", "zur",
    "af", "av", "de", "del", "della", "di", "da", "dos", "das", "do", "du", "des", "la", "le", "las", "los",
    "al", "el", "bin", "ibn", "ben", "abu",
];

/// A word of the text.
struct Word {
    at: Range<usize>,
    lower: String,
    gone: bool,
}

/// Whether a character is part of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_apostrophe(c)
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '\u{AD}')
}

/// Removes the words of names and places.
pub(super) fn without_words(text: &str, known: &Known) -> String {
    let mut words = words_of(text);
    for word in &mut words {
        word.gone = is_known(&word.lower, known);
    }
    mark_joined(text, &mut words, known);
    mark_neighbours(text, &mut words);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut after_gone = false;
    for word in &words {
        let between = &text[at..word.at.start];
        // What joined two words that are gone joins nothing any more.
        if after_gone && word.gone {
            out.push(' ');
        } else {
            out.push_str(between);
        }
        if !word.gone {
            out.push_str(&text[word.at.clone()]);
        }
        (at, after_gone) = (word.at.end, word.gone);
    }
    out.push_str(&text[at..]);
    out
}

/// A range, wider by what apostrophes join to it.
pub(super) fn widened(text: &str, found: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (found.start, found.end);
    let before = text[..start].trim_end_matches(is_apostrophe);
    if before.len() < start && before.chars().next_back().is_some_and(char::is_alphabetic) {
        start = before.trim_end_matches(is_word).len();
    }
    let after = text[end..].trim_start_matches(is_apostrophe);
    if after.len() < text.len() - end && after.chars().next().is_some_and(char::is_alphabetic) {
        end = text.len() - after.trim_start_matches(is_word).len();
    }
    start..end
}

fn words_of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_word(c), start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                words.push(Word { at: from..i, lower: text[from..i].to_lowercase(), gone: false });
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn is_known(lower: &str, known: &Known) -> bool {
    // A name with a number ("Smith2") is the name.
    let letters = lower.trim_matches(|c: char| c.is_numeric());
    // Scripts without blanks between words have short names.
    let ideograms = |name: &str| name.chars().all(|c| c >= FIRST_IDEOGRAM);
    let within = |name: &String| {
        (name.chars().count() >= MIN_INNER || ideograms(name)) && lower.contains(name.as_str())
    };
    [lower, letters].iter().any(|w| known.names.contains(*w) || known.words.contains(*w))
        || known.names.iter().any(within)
}

/// Words that are a name only together: "O", "Neill" and "De", "La", "Cruz" for ONEILL and DELACRUZ.
fn mark_joined(text: &str, words: &mut [Word], known: &Known) {
    let joins = |between: &str| {
        between.chars().count() <= 2
            && between.chars().all(|c| is_apostrophe(c) || is_hyphen(c) || matches!(c, ' ' | '.' | '_'))
    };
    for first in 0..words.len() {
        let mut joined = words[first].lower.clone();
        for last in first + 1..words.len().min(first + MAX_WORDS) {
            if !joins(&text[words[last - 1].at.end..words[last].at.start]) {
                break;
            }
            joined.push_str(&words[last].lower);
            if known.joined.contains(joined.trim_end_matches(|c: char| c.is_numeric())) {
                words[first..=last].iter_mut().for_each(|w| w.gone = true);
            }
        }
    }
}

/// Takes along what belongs to the words that are gone.
fn mark_neighbours(text: &str, words: &mut [Word]) {
    for i in 1..words.len() {
        let between = &text[words[i - 1].at.end..words[i].at.start];
        if words[i - 1].gone && (is_one(between, is_apostrophe) || hyphenated(between, &words[i])) {
            words[i].gone = true;
        }
    }
    for i in (1..words.len()).rev() {
        let between = &text[words[i - 1].at.end..words[i].at.start];
        if words[i].gone && belongs(between, &words[i - 1]) {
            words[i - 1].gone = true;
        }
    }
}

/// Whether the word before one that is gone is a part of it.
fn belongs(between: &str, before: &Word) -> bool {
    if !before.lower.chars().all(char::is_alphabetic) {
        return false;
    }
    let elided = between.strip_suffix(' ').is_some_and(|b| is_one(b, is_apostrophe));
    is_one(between, is_apostrophe)
        || elided && before.lower.chars().count() <= MAX_ELIDED
        || hyphenated(between, before)
        || matches!(between, " " | ". " | "_" | "." | "-" | "  ")
            && PARTICLES.contains(&before.lower.as_str())
}

/// Whether a hyphen joins a word that looks like the other half of a name.
fn hyphenated(between: &str, word: &Word) -> bool {
    is_one(between, is_hyphen)
        && word.lower.chars().count() > 2
        && word.lower.chars().all(char::is_alphabetic)
        && !is_vocabulary(&word.lower)
}

fn is_one(between: &str, kind: fn(char) -> bool) -> bool {
    let mut chars = between.chars();
    chars.next().is_some_and(kind) && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use countersign_dicom::{DataSet, VR, tags};
    use proptest::prelude::*;

    use super::*;
    use crate::Profile;
    use crate::table::Choice;
    use crate::text::{Text, clean};

    fn known(name: &str) -> Known {
        let mut set = DataSet::new();
        set.put_text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        set.put_text(tags::PATIENT_NAME, VR::PN, name);
        Known::of(&set, Choice::of(&Profile::basic()), &[])
    }

    #[test]
    fn a_name_goes_as_a_whole() {
        for (name, written) in [
            ("O'Shaughnessy^Nora", "O'Shaughnessy"),
            ("O'Shaughnessy^Nora", "O\u{2019}Shaughnessy"),
            ("O'Shaughnessy^Nora", "Shaughnessy"),
            ("O'Shaughnessy^Nora", "O' SHAUGHNESSY"),
            ("O\u{2019}Shea^Pat", "O'Shea's"),
            ("OShea^Pat", "O\u{2BC}Shea"),
            ("D'Angelo^Bo", "d'Angelo"),
            ("Smith-Jones^Al", "Smith-Jones"),
            ("Smith^Al", "Jones-Smith"),
            ("Smith^Al", "Smith-Jones-Brown"),
            ("van der Berg^Jo", "van der Berg"),
            ("Berg^Jo", "van der Berg"),
            ("VanderBerg^Jo", "Van der Berg"),
            ("McDonald^Jo", "Mc Donald"),
            ("Mac Donald^Jo", "MacDonald"),
            ("de la Cruz^Jo", "DelaCruz"),
            ("DelaCruz^Jo", "De La Cruz"),
            ("Cruz^Jo", "de la Cruz"),
        ] {
            for text in [format!("CT abdomen for {written} left"), format!("CT abdomen for {written}, left")]
            {
                let Text::Changed(rest) = clean(&text, &known(name)) else { panic!("{name}: {text}") };
                let rest = rest.replace([',', ' '], "");
                assert_eq!(rest.replace("for", ""), "CTabdomenleft", "{name}: {text}");
            }
        }
        let smith = known("Smith^Al");
        assert_eq!(clean("CT-Smith-chest", &smith), Text::Changed("CT--chest".to_owned()));
        assert_eq!(clean("Pelvis AP Smith", &smith), Text::Changed("Pelvis AP".to_owned()));
        assert_eq!(clean("chest 'pa' view", &smith), Text::Same);
    }

    #[test]
    fn a_name_nobody_knows_goes_with_its_title() {
        let nobody = known("Featherstone^Li");
        for (text, rest) in [
            ("hip per Dr. O'Neill left", "hip per left"),
            ("hip per Dr O\u{2019}Neill left", "hip per left"),
            ("hip per Dr. van der Berg left", "hip per left"),
            ("hip per Prof. de la Cruz left", "hip per left"),
            ("hip per Mrs. D'Angelo-Smith left", "hip per left"),
            ("hip by O'Neill", "hip"),
            ("hip by Jane van der Berg", "hip"),
            ("hip J. O'Neill left", "hip left"),
        ] {
            assert_eq!(clean(text, &nobody), Text::Changed(rest.to_owned()), "{text}");
        }
        for text in ["DR O'NEILL CHEST", "dr. o'neill chest"] {
            assert_eq!(clean(text, &nobody), Text::Unsure, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A name comes through in no spelling, and neither does what is joined to it.
        #[test]
        fn no_part_of_a_name_comes_through(
            start in prop::sample::select(vec!["O'", "O’", "D'", "Mc", "Mac", "van der ", "de la ", "Zwyx-", ""]),
            family in "[A-Z][b-df-hj-np-tv-z]{3,8}",
            joint in prop::sample::select(vec!["'", "\u{2019}", "\u{2BC}", "`", "\u{B4}", "-", " ", ""]),
            upper in any::<bool>(),
            before in "[a-z]{0,6}[ ,/_(]",
            after in "([ ,/_)][a-z]{0,6})?",
        ) {
            let name = format!("{start}{family}");
            let written = name.replace(['\'', '\u{2019}', '-', ' '], joint);
            let written = if upper { written.to_uppercase() } else { written };
            let text = format!("{before}{written}{after}");
            let out = match clean(&text, &known(&format!("{name}^Jo"))) {
                Text::Same => text.clone(),
                Text::Changed(rest) => rest,
                Text::Unsure => String::new(),
            };
            prop_assert!(!out.to_lowercase().contains(&family.to_lowercase()), "{text:?} -> {out:?}");
            prop_assert!(!out.contains(is_apostrophe), "{text:?} -> {out:?}");
            prop_assert!(!out.to_lowercase().contains("zwyx"), "{text:?} -> {out:?}");
        }
    }
}
