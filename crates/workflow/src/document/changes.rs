//! What changed between two protocols, field by field, with stages and classes known by their ids.

use std::collections::BTreeMap;

use countersign_model::Protocol;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most changes that one comparison tells.
const CHANGES_MAX: usize = 500;

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProtocolChangeKind {
    /// It was not there before.
    Added,
    /// It is there no more.
    Removed,
    /// It says something else.
    Changed,
    /// It stands in another place among its neighbours.
    Moved,
}

/// One difference between two protocols.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolChange {
    /// What changed, such as `stages[read].readers`: lists whose entries have ids are named by these.
    pub path: String,
    /// How.
    pub kind: ProtocolChangeKind,
    /// What it said before; absent where it was not there, or said what is meant when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it says after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What a new version changes. The version's own number is no change.
pub fn protocol_changes(before: &Protocol, after: &Protocol) -> Vec<ProtocolChange> {
    let value = |protocol| serde_json::to_value(protocol).unwrap_or_default();
    let mut changes = Vec::new();
    let (mut before, mut after): (Value, Value) = (value(before), value(after));
    for side in [&mut before, &mut after] {
        side.as_object_mut().map(|object| object.remove("version"));
    }
    compare("", Some(&before), Some(&after), &mut changes);
    changes.truncate(CHANGES_MAX);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<ProtocolChange>) {
    let kind = match (before, after) {
        (Some(before), Some(after)) if before == after => return,
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            return fields(path, before, after, changes);
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => match (by_id(old), by_id(new)) {
            (Some(old), Some(new)) => return entries(path, &old, &new, changes),
            _ => ProtocolChangeKind::Changed,
        },
        (None, Some(_)) => ProtocolChangeKind::Added,
        (Some(_), None) => ProtocolChangeKind::Removed,
        _ => ProtocolChangeKind::Changed,
    };
    changes.push(ProtocolChange {
        path: path.to_owned(),
        kind,
        before: before.cloned(),
        after: after.cloned(),
    });
}

fn fields(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<ProtocolChange>,
) {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    for key in after.keys().chain(gone) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&path, before.get(key), after.get(key), changes);
    }
}

/// Entries in their order, where each has an id of its own.
fn by_id(list: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let named: Option<Vec<(&str, &Value)>> =
        list.iter().map(|entry| Some((entry.get("id")?.as_str()?, entry))).collect();
    named.filter(|named| {
        named.iter().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>().len() == list.len()
    })
}

fn entries(
    path: &str,
    before: &[(&str, &Value)],
    after: &[(&str, &Value)],
    changes: &mut Vec<ProtocolChange>,
) {
    let old: BTreeMap<&str, &Value> = before.iter().copied().collect();
    let new: BTreeMap<&str, &Value> = after.iter().copied().collect();
    for (id, entry) in after {
        compare(&format!("{path}[{id}]"), old.get(id).copied(), Some(entry), changes);
    }
    for (id, entry) in before.iter().filter(|(id, _)| !new.contains_key(id)) {
        compare(&format!("{path}[{id}]"), Some(entry), None, changes);
    }
    let kept = |list: &[(&str, &Value)], other: &BTreeMap<&str, &Value>| -> Vec<String> {
        list.iter().filter(|(id, _)| other.contains_key(id)).map(|(id, _)| (*id).to_owned()).collect()
    };
    let (was, is) = (kept(before, &new), kept(after, &old));
    if was != is {
        let (before, after) = (Some(was.into()), Some(is.into()));
        changes.push(ProtocolChange {
            path: path.to_owned(),
            kind: ProtocolChangeKind::Moved,
            before,
            after,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{parse_protocol, shipped};

    fn changed(edits: &[(&str, &str)]) -> Vec<(String, ProtocolChangeKind)> {
        let document = shipped().iter().find(|(id, _)| *id == "radiology_double").unwrap().1;
        let after = edits.iter().fold(document.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
        assert_ne!(document, after);
        let (before, after) = (parse_protocol(document).unwrap(), parse_protocol(&after).unwrap());
        let changes = protocol_changes(&before, &after);
        // Seen from the other side, the same places changed.
        let back = protocol_changes(&after, &before);
        assert_eq!(back.len(), changes.len());
        changes.into_iter().map(|change| (change.path, change.kind)).collect()
    }

    #[test]
    fn fields_stages_and_classes_are_told_by_their_ids() {
        let only = |path: &str, kind| vec![(path.to_owned(), kind)];
        assert_eq!(changed(&[("version: 1", "version: 2")]), []);
        assert_eq!(
            changed(&[("readers: 2", "readers: 3")]),
            only("stages[read].readers", ProtocolChangeKind::Changed)
        );
        assert_eq!(
            changed(&[("dice: 0.7", "dice: 0.75")]),
            only("stages[compare].agreement.dice", ProtocolChangeKind::Changed)
        );
        let class =
            "  - id: fluid\n    name: Fluid collection\n    color: \"#2bc49a\"\n    shapes: [polygon]\n";
        assert_eq!(changed(&[(class, "")]), only("classes[fluid]", ProtocolChangeKind::Removed));
        let moved = changed(&[(class, ""), ("classes:\n", &format!("classes:\n{class}"))]);
        assert_eq!(moved, only("classes", ProtocolChangeKind::Moved));
        let qualified = changed(&[("escalate_hours: 72", "escalate_hours: 72\n    qualification: chest_ct")]);
        assert_eq!(qualified[0].0, "stages[adjudicate].qualification");
    }

    #[test]
    fn what_was_and_what_is_are_told() {
        let (before, mut after) =
            (parse_protocol(shipped()[0].1).unwrap(), parse_protocol(shipped()[0].1).unwrap());
        after.rework_cap = 7;
        let change = protocol_changes(&before, &after).remove(0);
        assert_eq!((change.before, change.after), (Some(json!(3)), Some(json!(7))));
        assert_eq!(protocol_changes(&before, &before), []);
    }
}
