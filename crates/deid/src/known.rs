//! What identifies somebody in one file: the words that the text cleaner must not let through.

use std::collections::HashSet;

use countersign_dicom::{DataSet, Tag, VR, Value, tags};

use crate::charset::Charset;
use crate::table::{Choice, Code, Tables};
use crate::value::is_text;

/// Shortest name part that is removed from text, characters.
const MIN_NAME: usize = 2;
/// Shortest identifier that is removed from text, characters.
const MIN_IDENTIFIER: usize = 3;
/// Shortest word of an address or institution that is removed from text, letters.
const MIN_PLACE: usize = 4;
/// Components of a person name before prefix and suffix (PS3.5 6.2.1): family, given, middle.
const NAME_COMPONENTS: usize = 3;
/// Most terms of one file.
const MAX_TERMS: usize = 20_000;

/// Two-letter words that are kinds of images or sides sooner than names.
const NOT_NAMES: [&str; 22] = [
    "ct", "mr", "us", "pt", "nm", "cr", "dx", "dr", "mg", "xa", "rf", "ot", "sc", "pa", "ap", "lt", "rt",
    "mm", "cm", "no", "of", "md",
];

/// Shortest name of several words that is looked for without what is between them, characters.
const MIN_JOINED: usize = 4;

/// Whether a character is what keyboards and programs write for an apostrophe. Two are what is left of the
/// typographic one of Windows in texts that call themselves Latin-1.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '\u{2018}'
            | '\u{2019}'
            | '\u{2BC}'
            | '`'
            | '\u{B4}'
            | '\u{2032}'
            | '\u{FF07}'
            | '\u{91}'
            | '\u{92}'
    )
}

/// Identifying words and phrases of one file, in lower case.
#[derive(Default)]
pub(crate) struct Known {
    /// Parts of persons' names.
    pub names: HashSet<String>,
    /// Components of persons' names without blanks, hyphens and apostrophes.
    pub joined: HashSet<String>,
    /// Words of places and organisations.
    pub words: HashSet<String>,
    /// Identifiers and whole values, longest first.
    pub phrases: Vec<String>,
}

impl Known {
    /// Gathers them from every element that neither describes nor stays by an option, at every depth; names
    /// of persons always.
    pub fn of(set: &DataSet, choice: Choice, further: &[String]) -> Self {
        let mut known = Self::default();
        known.set(set, choice, Charset::of(&[]));
        for text in further {
            known.identifier(text);
        }
        known.phrases.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.phrases.dedup();
        known
    }

    fn set(&mut self, set: &DataSet, choice: Choice, outer: Charset) {
        let own = set.texts(tags::SPECIFIC_CHARACTER_SET);
        let charset = if own.is_empty() { outer } else { Charset::of(&own) };
        for (tag, element) in set.iter() {
            match &element.value {
                Value::Items(items) => items.iter().for_each(|item| self.set(item, choice, charset)),
                Value::Bytes(raw) if is_text(element.vr) && self.phrases.len() < MAX_TERMS => {
                    self.element(tag, element.vr, choice, &charset.decode(raw).unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn element(&mut self, tag: Tag, vr: VR, choice: Choice, text: &str) {
        let row = Tables::get().row(tag, vr);
        // What an option keeps may be said in words, too.
        let stays = matches!(row.under(choice), Code::K | Code::C);
        let words = !tag.0.is_multiple_of(2) || row.descriptor || stays;
        match vr {
            VR::PN => text.split('\\').for_each(|name| self.name(name)),
            // Dates and ages are found by their form, numbers and codes are nobody's.
            VR::DA | VR::DT | VR::TM | VR::AS | VR::DS | VR::IS | VR::CS => {}
            _ if words => {}
            _ => text.split('\\').for_each(|value| self.identifier(value)),
        }
    }

    fn name(&mut self, name: &str) {
        for group in name.split('=') {
            let components: Vec<&str> = group.split('^').take(NAME_COMPONENTS).collect();
            for component in &components {
                let joined: String =
                    component.chars().filter(|c| c.is_alphanumeric() && !is_apostrophe(*c)).collect();
                let joined = joined.to_lowercase();
                if joined.chars().count() >= MIN_JOINED {
                    self.names.insert(joined.clone());
                    self.joined.insert(joined);
                }
            }
            let ends = |c: char| !c.is_alphanumeric() || is_apostrophe(c);
            for part in components.iter().flat_map(|c| c.split(ends)) {
                let part = part.to_lowercase();
                if part.chars().count() >= MIN_NAME && !NOT_NAMES.contains(&part.as_str()) {
                    self.names.insert(part);
                }
            }
        }
    }

    fn identifier(&mut self, value: &str) {
        let value = value.trim_matches([' ', '\0']).to_lowercase();
        if value.chars().count() < MIN_IDENTIFIER {
            return;
        }
        for word in value.split(|c: char| !c.is_alphanumeric() || is_apostrophe(c)) {
            if word.chars().filter(|c| c.is_alphabetic()).count() >= MIN_PLACE {
                self.words.insert(word.to_owned());
            }
        }
        self.phrases.push(value);
    }
}
