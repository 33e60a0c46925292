//! The eighteen classes of identifiers of 45 CFR 164.514(b)(2)(i), (A) to (R): what was found of each in a
//! file, what was done with it, and where.
//!
//! An attribute's class comes from `tables/safe-harbor.tsv`, else from its VR; what a text or private value
//! holds beside that is told by its form (mail, web and network addresses, telephone and social security
//! numbers). The record names places, never values, and claims no legal status.

use std::collections::HashMap;
use std::sync::OnceLock;

use countersign_dicom::{Element, Tag, VR, Value};
use serde::{Deserialize, Serialize};

use crate::Applied;
use crate::value::is_text;

const TABLE: &str = include_str!("../tables/safe-harbor.tsv");
/// Most places that are listed of a class; its count goes on.
pub const MAX_PLACES: usize = 200;
/// Longest value that is looked at for addresses and numbers, bytes.
const MAX_LOOKED_AT: usize = 4096;

/// The classes and their titles, in the words of this project.
const CLASSES: [(char, &str); 18] = [
    ('A', "Names"),
    ('B', "Places smaller than a state"),
    ('C', "Dates except years, ages over 89"),
    ('D', "Telephone numbers"),
    ('E', "Fax numbers"),
    ('F', "Electronic mail addresses"),
    ('G', "Social security numbers"),
    ('H', "Medical record numbers"),
    ('I', "Health plan numbers"),
    ('J', "Account and order numbers"),
    ('K', "Certificate and licence numbers"),
    ('L', "Vehicle identifiers"),
    ('M', "Device identifiers and serial numbers"),
    ('N', "Web addresses"),
    ('O', "Network addresses"),
    ('P', "Biometric identifiers"),
    ('Q', "Full-face photographs and the like"),
    ('R', "Any other unique number, characteristic or code"),
];

/// What was found of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeHarborClass {
    /// `A` to `R`.
    pub class: char,
    /// What it is.
    pub title: String,
    /// Elements with a value of this class in the source.
    pub found: u64,
    /// What was done with them; each action once, sorted.
    pub actions: Vec<Applied>,
    /// Their paths, at most [`MAX_PLACES`].
    pub places: Vec<String>,
}

/// All classes, nothing found yet.
pub(crate) fn none_found() -> Vec<SafeHarborClass> {
    let empty = |(class, title): (char, &str)| SafeHarborClass {
        class,
        title: title.to_owned(),
        found: 0,
        actions: Vec::new(),
        places: Vec::new(),
    };
    CLASSES.into_iter().map(empty).collect()
}

/// Adds an element of the source to its classes.
pub(crate) fn count(
    classes: &mut [SafeHarborClass],
    tag: Tag,
    element: &Element,
    path: &str,
    applied: Applied,
) {
    if element.is_empty() {
        return;
    }
    let kept = applied == Applied::Kept;
    let own = class_of(tag, element.vr);
    let mut add = |class: char| {
        let Some(found) = classes.iter_mut().find(|c| c.class == class) else { return };
        found.found += 1;
        if let Err(at) = found.actions.binary_search(&applied) {
            found.actions.insert(at, applied);
        }
        if found.places.len() < MAX_PLACES {
            found.places.push(path.to_owned());
        }
    };
    // What is kept because it is nobody's (a code, a measurement) is of no class; what is kept on request is.
    let own = own.or((!kept).then_some('R'));
    if let Some(class) = own {
        add(class);
    }
    if let Value::Bytes(raw) = &element.value
        && !kept
        && raw.len() <= MAX_LOOKED_AT
        && (is_text(element.vr) && !matches!(element.vr, VR::DA | VR::DT | VR::TM | VR::UI | VR::CS)
            || element.vr == VR::UN)
    {
        forms(raw).filter(|c| Some(*c) != own).for_each(add);
    }
}

fn class_of(tag: Tag, vr: VR) -> Option<char> {
    static LISTED: OnceLock<HashMap<u32, char>> = OnceLock::new();
    let listed = LISTED.get_or_init(|| {
        TABLE
            .lines()
            .filter(|l| !l.starts_with('#'))
            .filter_map(|l| {
                let mut fields = l.split('\t');
                Some((u32::from_str_radix(fields.next()?, 16).ok()?, fields.next()?.chars().next()?))
            })
            .collect()
    });
    let key = u32::from(tag.0) << 16 | u32::from(tag.1);
    if let Some(class) = listed.get(&key) {
        return Some(*class);
    }
    // The sound of a voice in a curve (retired).
    if matches!(tag.0, 0x5000..=0x50FF) && matches!(tag.1, 0x2000..=0x200E) {
        return Some('P');
    }
    match vr {
        VR::PN => Some('A'),
        VR::DA | VR::DT | VR::TM => Some('C'),
        VR::UR => Some('N'),
        VR::AE => Some('O'),
        _ => None,
    }
}

/// Classes that show in the form of a text.
fn forms(raw: &[u8]) -> impl Iterator<Item = char> {
    let has = |part: &[u8]| raw.windows(part.len()).any(|w| w.eq_ignore_ascii_case(part));
    let mail = raw
        .iter()
        .position(|b| *b == b'@')
        .is_some_and(|at| at > 0 && raw[at - 1].is_ascii_alphanumeric() && raw[at..].contains(&b'.'));
    let web = has(b"://") || has(b"www.");
    let shaped = |shape: &str| {
        raw.windows(shape.len()).enumerate().any(|(i, w)| {
            let edge = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_digit());
            edge(i.checked_sub(1).and_then(|i| raw.get(i)))
                && edge(raw.get(i + shape.len()))
                && w.iter().zip(shape.bytes()).all(|(b, s)| match s {
                    b'9' => b.is_ascii_digit(),
                    b'-' => matches!(b, b'-' | b'.' | b' '),
                    other => *b == other,
                })
        })
    };
    let digits = raw.iter().filter(|b| b.is_ascii_digit()).count();
    let social = digits >= 9 && shaped("999-99-9999");
    let telephone = digits >= 7 && (shaped("999-999-9999") || shaped("(999) 999-9999"));
    let fax = digits >= 7 && has(b"fax");
    let network = digits >= 4 && std::str::from_utf8(raw).is_ok_and(has_ip);
    [('D', telephone && !fax), ('E', fax), ('F', mail), ('G', social), ('N', web), ('O', network)]
        .into_iter()
        .filter_map(|(class, found)| found.then_some(class))
}

/// Whether a word is an address of the Internet Protocol, version 4: four numbers up to 255.
fn has_ip(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .any(|word| word.split('.').count() == 4 && word.split('.').all(|n| n.parse::<u8>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        forms(text.as_bytes()).collect()
    }

    #[test]
    fn forms_are_told_apart() {
        assert_eq!(of("call 555-123-4567"), "D");
        assert_eq!(of("Fax: (555) 123-4567"), "E");
        assert_eq!(of("jane@clinic.example"), "F");
        assert_eq!(of("SSN 078-05-1120"), "G");
        assert_eq!(of("see https://pacs.example"), "N");
        assert_eq!(of("host 10.0.0.17"), "O");
        assert_eq!(of("T2 TSE 3.0 mm @ 512"), "");
        assert_eq!(of("1.2.840.113619.2.5"), "");
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(class_of(Tag(0x0010, 0x0010), VR::PN), Some('A'));
        assert_eq!(class_of(Tag(0x0010, 0x0020), VR::LO), Some('H'));
        assert_eq!(class_of(Tag(0x0008, 0x0050), VR::SH), Some('J'));
        assert_eq!(class_of(Tag(0x0018, 0x1000), VR::LO), Some('M'));
        assert_eq!(class_of(Tag(0x0008, 0x0060), VR::CS), None);
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let class = fields[1].chars().next().unwrap();
            assert!(CLASSES.iter().any(|(c, _)| *c == class), "{line}");
            assert!(u32::from_str_radix(fields[0], 16).is_ok(), "{line}");
        }
    }
}
