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
