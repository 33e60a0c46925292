//! From rows to the lines of events and people.

use countersign_ledger::{
    Opening,
    inspection::{EventLine, PEOPLE, PersonLine},
};
use countersign_store::{events::Event, inspection::Logged, users};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Making, Names};
use crate::{PipelineError, Result};

/// The bytes of details that were committed to, as JSON within JSON. What is no JSON any more was edited: then they are
/// gone, which the check names.
fn raw(details: Option<String>) -> Option<Box<RawValue>> {
    details.and_then(|text| RawValue::from_string(text).ok())
}

/// The name that an entry gives an account, if its details still say one.
fn printed_in(event: &Event) -> Option<String> {
    #[derive(Deserialize)]
    struct Printed {
        printed_name: String,
    }
    let details = event.details.as_deref()?;
    serde_json::from_str::<Printed>(details).ok().map(|printed| printed.printed_name)
}

/// Printed names: the last that the log binds, others as the accounts have them.
pub(super) fn names(users: Vec<users::User>, namings: &[Logged]) -> Names {
    let mut names: Names = users.into_iter().map(|user| (user.id, user.printed_name)).collect();
    for Logged { event, .. } in namings {
        if let (Some(user), Some(name)) = (event.object_id, printed_in(event)) {
            names.insert(user.into(), name);
        }
    }
    names
}

pub(super) fn event_line(row: Event, opening: Option<Opening>, withheld: bool, names: &Names) -> EventLine {
    EventLine {
        index: row.log_index.unwrap_or_default(),
        // Bytes that are no text differ from the log's, which the check names.
        entry: String::from_utf8_lossy(&row.entry).into_owned(),
        at: row.at.to_string(),
        actor: row.actor_user.map_or_else(|| row.actor_kind.clone(), |user| user.to_string()),
        name: row.actor_user.and_then(|user| names.get(&user).cloned()),
        action: row.action,
        object_kind: row.object_kind,
        object_id: row.object_id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
        item: row.item_id.map(|id| id.to_string()),
        outcome: row.outcome,
        reason: row.reason,
        details: raw(row.details),
        opening,
        withheld,
    }
}

impl Making {
    /// The entries by which the people in the copy got their names.
    pub(super) fn copy_people(&mut self) -> Result<()> {
        let size = self.part.signed.checkpoint.size;
        let mut file = self.copy.start(PEOPLE)?;
        for Logged { event, opening } in std::mem::take(&mut self.namings) {
            let (Some(index), Some(user), Some(opening)) = (event.log_index, event.object_id, opening) else {
                continue;
            };
            if index >= size {
                continue;
            }
            // Each entry says its own: whoever was renamed has several.
            let name = printed_in(&event).unwrap_or_default();
            let gone = || PipelineError::Internal(format!("details of entry {index} are no JSON"));
            let details = raw(event.details).ok_or_else(gone)?;
            file.line(&PersonLine {
                user: user.to_string(),
                name,
                index,
                entry: String::from_utf8_lossy(&event.entry).into_owned(),
                details,
                opening,
            })?;
        }
        file.end()
    }
}
