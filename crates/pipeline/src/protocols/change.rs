//! What a new version of a protocol may change.

use countersign_model::{AttributeKind, Class, Protocol};
use countersign_workflow::document::Reading;

/// What a new version may change: everything but what the project is, what people have used, and what the privacy officer
/// decides.
pub(super) fn check_change(current: &Protocol, reading: &mut Reading) {
    let Some(next) = reading.protocol.clone() else { return };
    if next.id != current.id {
        reading.fault("id", "fixed", format!("stays {:?}", current.id));
    }
    if next.version != current.version + 1 {
        reading.fault("version", "wrong_version", format!("the next version is {}", current.version + 1));
    }
    if next.item_kind != current.item_kind || next.industry != current.industry {
        let path = if next.item_kind == current.item_kind { "industry" } else { "item_kind" };
        reading.fault(path, "fixed", "what the items are stays as it is; make another project");
    }
    if next.deid != current.deid {
        reading.fault("deid", "fixed", "the rules of de-identification are the privacy officer's to change");
    }
    for gone in current.classes.iter().filter(|class| next.class(&class.id).is_none()) {
        let text = format!("{:?} cannot be left out; retire it (retired: true)", gone.id);
        reading.fault("classes", "class_left_out", text);
    }
    for before in &current.relations {
        let Some(at) = next.relations.iter().position(|one| one.id == before.id) else {
            let text = format!("{:?} cannot be left out; retire it (retired: true)", before.id);
            reading.fault("relations", "relation_left_out", text);
            continue;
        };
        let now = &next.relations[at];
        if now.directed != before.directed
            || !takes_all(&before.from, &now.from)
            || !takes_all(&before.to, &now.to)
        {
            let text = format!("{:?} no longer takes what it took; retire it and add another", before.id);
            reading.fault(&format!("relations[{at}]"), "relation_changed", text);
        }
    }
}

/// Whether a list of classes, of which an empty one takes any, takes all that another one took.
fn takes_all(before: &[String], now: &[String]) -> bool {
    now.is_empty() || (!before.is_empty() && before.iter().all(|class| now.contains(class)))
}

/// What a document may do to attributes, where no change of the ontology says what becomes of their answers.
pub(super) fn check_attributes(current: &Protocol, reading: &mut Reading) {
    let Some(next) = reading.protocol.clone() else { return };
    for (place, class) in next.classes.iter().enumerate() {
        if let Some(before) = current.class(&class.id) {
            check_class(place, before, class, reading);
        }
    }
}

/// An attribute that there is keeps what it takes, or takes more: what is to become of the answers that people gave is said with a
/// change of the ontology.
fn check_class(place: usize, before: &Class, class: &Class, reading: &mut Reading) {
    for known in &before.attributes {
        let now = class.attributes.iter().position(|attribute| attribute.id == known.id);
        let Some(at) = now else {
            let text =
                format!("{:?} cannot be left out here; take it away with a change of the ontology", known.id);
            reading.fault(&format!("classes[{place}].attributes"), "attribute_left_out", text);
            continue;
        };
        let takes = match (&known.kind, &class.attributes[at].kind) {
            (AttributeKind::Choice(old), AttributeKind::Choice(new)) => {
                old.iter().all(|choice| new.contains(choice))
            }
            (old, new) => old == new,
        };
        if !takes {
            let text = format!(
                "{:?} no longer takes what it took; a change of the ontology says what becomes of older answers",
                known.id
            );
            reading.fault(&format!("classes[{place}].attributes[{at}].kind"), "attribute_changed", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_model::RelationType;
    use countersign_workflow::{
        document::{read_document, write_document},
        shipped,
    };

    use super::*;

    fn part(from: &[&str]) -> RelationType {
        RelationType {
            id: "part_of".into(),
            name: "part of".into(),
            directed: true,
            from: from.iter().map(|class| (*class).to_owned()).collect(),
            to: vec![],
            retired: false,
        }
    }

    #[test]
    fn a_type_of_relations_is_retired_or_takes_more_and_never_less() {
        let mut current = countersign_workflow::parse_protocol(shipped()[0].1).unwrap();
        let (one, two) = (current.classes[0].id.clone(), current.classes[1].id.clone());
        let (one, two) = (one.as_str(), two.as_str());
        let faults = |current: &Protocol, relations: Vec<RelationType>| {
            let next = Protocol { version: current.version + 1, relations, ..current.clone() };
            let mut reading = read_document(&write_document(&next).unwrap());
            check_change(current, &mut reading);
            reading.faults.into_iter().map(|fault| (fault.path, fault.code.to_string())).collect::<Vec<_>>()
        };
        let fault = |path: &str, code: &str| vec![(path.to_owned(), code.to_owned())];
        current.relations = vec![part(&[one])];
        assert_eq!(faults(&current, vec![part(&[one])]), []);
        assert_eq!(faults(&current, vec![part(&[two, one])]), []);
        assert_eq!(faults(&current, vec![part(&[])]), []);
        assert_eq!(faults(&current, vec![RelationType { retired: true, ..part(&[one]) }]), []);
        assert_eq!(faults(&current, vec![part(&[one]), RelationType { id: "on".into(), ..part(&[]) }]), []);
        assert_eq!(faults(&current, vec![]), fault("relations", "relation_left_out"));
        assert_eq!(faults(&current, vec![part(&[two])]), fault("relations[0]", "relation_changed"));
        let turned = RelationType { directed: false, ..part(&[one]) };
        assert_eq!(faults(&current, vec![turned]), fault("relations[0]", "relation_changed"));
        current.relations = vec![part(&[])];
        assert_eq!(faults(&current, vec![part(&[one])]), fault("relations[0]", "relation_changed"));
    }
}
