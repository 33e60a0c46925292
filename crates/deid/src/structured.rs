//! Clean Structured Content: of a content tree only numbers, codes and references under known concepts stay.
//!
//! Names, texts, dates, and every concept that `tables/sr-concepts.tsv` does not list go with all that hangs
//! below them. What stays is written anew from the attributes that its value type needs, the concept's
//! meaning from the table: free text has no place to hide in. The result is a tree again; items that refer to
//! others by their position go, because positions change.

use std::collections::HashMap;
use std::sync::OnceLock;

use countersign_dicom::{DataSet, Tag, VR, tags};

use crate::known::Known;
use crate::text::{Text, clean};

const TABLE: &str = include_str!("../tables/sr-concepts.tsv");

/// Coding schemes of public vocabularies (PS3.16 8, Table 8-1); private ones (99...) can say anything.
const PUBLIC_SCHEMES: [&str; 14] = [
    "DCM", "SCT", "SRT", "SNM3", "99SDM", "UCUM", "LN", "RADLEX", "FMA", "UMLS", "I10", "I9C", "NCIt",
    "RXNORM",
];

const RELATIONSHIP_TYPE: Tag = Tag(0x0040, 0xA010);
const VALUE_TYPE: Tag = Tag(0x0040, 0xA040);
const CONTINUITY: Tag = Tag(0x0040, 0xA050);
const CONCEPT_CODE: Tag = Tag(0x0040, 0xA168);
const QUALIFIER: Tag = Tag(0x0040, 0xA301);
const TEMPLATE: Tag = Tag(0x0040, 0xA504);
const UID: Tag = Tag(0x0040, 0xA124);
const UNITS: Tag = Tag(0x0040, 0x08EA);
const BY_REFERENCE: Tag = Tag(0x0040, 0xDB73);
/// Attributes of a measured value beside its units.
const MEASURED: [Tag; 4] =
    [tags::NUMERIC_VALUE, Tag(0x0040, 0xA161), Tag(0x0040, 0xA162), Tag(0x0040, 0xA163)];

/// Value type and meaning by coding scheme and code.
type Concepts = HashMap<(&'static str, &'static str), Vec<(&'static str, &'static str)>>;

/// Meaning of a listed concept with this value type.
fn concept(scheme: &str, code: &str, value_type: &str) -> Option<&'static str> {
    static CONCEPTS: OnceLock<Concepts> = OnceLock::new();
    let all = CONCEPTS.get_or_init(|| {
        let mut all = Concepts::new();
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            if let [scheme, code, value_type, meaning, ..] = line.split('\t').collect::<Vec<_>>()[..] {
                all.entry((scheme, code)).or_default().push((value_type, meaning));
            }
        }
        all
    });
    all.get(&(scheme, code))?.iter().find(|(t, _)| *t == value_type).map(|(_, meaning)| *meaning)
}

/// The items of a content tree that may stay; `removed` sees every item that may not.
pub(crate) fn filter(items: &[DataSet], known: &Known, removed: &mut dyn FnMut(&DataSet)) -> Vec<DataSet> {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        match content_item(item, known, removed) {
            Some(clean) => kept.push(clean),
            None => removed(item),
        }
    }
    kept
}

fn content_item(item: &DataSet, known: &Known, removed: &mut dyn FnMut(&DataSet)) -> Option<DataSet> {
    if item.get(BY_REFERENCE).is_some() {
        return None;
    }
    let value_type = item.text(VALUE_TYPE)?;
    let name = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?;
    let (scheme, value) = (name.text(tags::CODING_SCHEME_DESIGNATOR)?, name.text(tags::CODE_VALUE)?);
    let meaning = concept(&scheme, &value, &value_type)?;
    let mut out = DataSet::new();
    for tag in [RELATIONSHIP_TYPE, VALUE_TYPE, CONTINUITY] {
        if let Some(element) = item.get(tag) {
            out.insert(tag, element.clone());
        }
    }
    out.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![triplet(&value, &scheme, meaning)]);
    match value_type.as_str() {
        "NUM" => {
            let measured = item.items(tags::MEASURED_VALUE_SEQUENCE).first();
            let measured = measured.map(|m| measured_value(m, known)).unwrap_or_default();
            out.put_items(tags::MEASURED_VALUE_SEQUENCE, measured.into_iter().collect());
            if let Some(qualifier) = item.items(QUALIFIER).first().and_then(|q| code(q, known)) {
                out.put_items(QUALIFIER, vec![qualifier]);
            }
        }
        "CODE" => out.put_items(CONCEPT_CODE, vec![code(item.items(CONCEPT_CODE).first()?, known)?]),
        // Mapped like every other UID when the engine walks over what is left.
        "UIDREF" => drop(out.insert(UID, item.get(UID)?.clone())),
        "CONTAINER" => {
            if let Some(template) = item.items(TEMPLATE).first().and_then(template) {
                out.put_items(TEMPLATE, vec![template]);
            }
        }
        _ => return None,
    }
    let children = item.items(tags::CONTENT_SEQUENCE);
    if !children.is_empty() {
        let children = filter(children, known, removed);
        if !children.is_empty() {
            out.put_items(tags::CONTENT_SEQUENCE, children);
        }
    }
    Some(out)
}

/// Number and units; `None` where one of them is not what it should be, and the number is then missing.
fn measured_value(source: &DataSet, known: &Known) -> Option<DataSet> {
    let mut out = DataSet::new();
    for tag in MEASURED {
        if let Some(element) = source.get(tag) {
            out.insert(tag, element.clone());
        }
    }
    out.put_items(UNITS, vec![code(source.items(UNITS).first()?, known)?]);
    out.number(tags::NUMERIC_VALUE)?;
    Some(out)
}

/// A code of a public vocabulary whose meaning identifies nobody.
fn code(source: &DataSet, known: &Known) -> Option<DataSet> {
    let scheme = source.text(tags::CODING_SCHEME_DESIGNATOR)?;
    let value = source.text(tags::CODE_VALUE)?;
    let meaning = source.text(tags::CODE_MEANING)?;
    let public = PUBLIC_SCHEMES.contains(&scheme.as_str());
    let coded = value.len() <= 16 && value.bytes().all(|b| b.is_ascii_graphic());
    (public && coded && clean(&meaning, known) == Text::Same).then(|| triplet(&value, &scheme, &meaning))
}

/// The template's number and whose it is.
fn template(source: &DataSet) -> Option<DataSet> {
    let (resource, id) = (Tag(0x0008, 0x0105), Tag(0x0040, 0xDB00));
    let number = source.text(id).filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
    let mut out = DataSet::new();
    out.put_text(resource, VR::CS, source.text(resource).filter(|r| r == "DCMR")?.as_str());
    out.put_text(id, VR::CS, &number);
    Some(out)
}

fn triplet(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    item.put_text(tags::CODE_MEANING, VR::LO, meaning);
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 5, "{line}");
            assert!(["NUM", "CODE", "UIDREF", "CONTAINER"].contains(&fields[2]), "{line}");
            assert_eq!(concept(fields[0], fields[1], fields[2]), Some(fields[3]), "{line}");
            assert!(fields[3].len() <= 64, "{line}");
        }
        assert_eq!(concept("DCM", "113830", "TEXT"), None);
        assert_eq!(concept("DCM", "113870", "PNAME"), None, "Person Name");
    }
}
