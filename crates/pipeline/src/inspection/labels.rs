//! The marks of a copy: each version, with the entry that binds the read it is in.

use std::collections::HashMap;

use countersign_ledger::{
    Entry, Hash,
    inspection::{LABELS, LabelLine, Why, made_by},
};
use countersign_model::{Annotation, Instant, ItemId, ReadId};
use countersign_store::{
    events::Event,
    inspection::{self, LabelVersion},
};
use serde_json::Value;

use super::{Making, Names, PAGE_ROWS};
use crate::{Pipeline, Result};

/// The entry that binds the content of a read, and what the read stands on.
pub(super) struct Bound {
    index: u64,
    at: Instant,
    why: Vec<Why>,
}

/// What the events so far say of reads.
#[derive(Default)]
pub(super) struct Reads {
    bound: HashMap<ReadId, Bound>,
    /// By item: what was said since the last read of it was handed in.
    said: HashMap<ItemId, Vec<Why>>,
}

impl Reads {
    /// Takes the next event of the log.
    pub fn take(&mut self, event: &Event) {
        let (Some(index), Ok(entry)) = (event.log_index, Entry::decode(&event.entry)) else { return };
        if let (Some(item), Some(why)) = (event.item_id, Why::of(index, &entry, event.details.as_deref())) {
            self.said.entry(item).or_default().push(why);
        }
        let read = event.object_id.filter(|_| event.object_kind == "read" && entry.content_hash.is_some());
        if let Some(read) = read {
            // Who sent it back, or on, drew nothing that stays: the reason is for the next who draws.
            let ended = ["review.reject", "adjudication.escalate"].contains(&event.action.as_str());
            let why = event.item_id.filter(|_| !ended).and_then(|item| self.said.remove(&item));
            let bound = Bound { index, at: event.at, why: why.unwrap_or_default() };
            self.bound.insert(ReadId(read), bound);
        }
    }
}

/// The content hash of marks as a copy holds them.
///
/// # Errors
/// What is wrong with a mark: one that holds more than its type knows would show what no hash is over.
pub fn hash_of_marks(marks: &[Value]) -> std::result::Result<Hash, String> {
    let mut annotations = Vec::with_capacity(marks.len());
    for mark in marks {
        let annotation: Annotation =
            serde_json::from_value(mark.clone()).map_err(|error| format!("not a mark: {error}"))?;
        let again = serde_json::to_value(&annotation).map_err(|error| error.to_string())?;
        if countersign_workflow::canonical_json(&again) != countersign_workflow::canonical_json(mark) {
            return Err(format!("mark {}: holds what no content hash is over", annotation.id));
        }
        annotations.push(annotation);
    }
    let hash = countersign_workflow::content_hash(&annotations);
    Hash::from_hex(&hash).ok_or_else(|| "not a hash".to_owned())
}

impl Pipeline {
    pub(super) async fn copy_labels(&self, making: &mut Making) -> Result<()> {
        let size = making.part.signed.checkpoint.size;
        let mut file = making.copy.start(LABELS)?;
        let (mut after, mut later) = (None, HashMap::new());
        loop {
            let mut conn = self.store.read().await?;
            let rows = inspection::labels(&mut conn, making.project, after, PAGE_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.read_id, last.annotation_id, last.version, last.seq));
            for row in rows {
                let bound = making.reads.bound.get(&row.read_id);
                // What was handed in after the checkpoint is not in this copy yet.
                if bound.is_none() {
                    let is_later = match later.get(&row.read_id) {
                        Some(known) => *known,
                        None => inspection::is_bound_later(&mut conn, row.read_id, size).await?,
                    };
                    later.insert(row.read_id, is_later);
                    if is_later {
                        continue;
                    }
                }
                let line = label_line(row, bound, &making.names);
                file.line(&line)?;
                making.page.label(&line);
            }
        }
        file.end()
    }
}

fn label_line(row: LabelVersion, bound: Option<&Bound>, names: &Names) -> LabelLine {
    let what: Option<Value> = row.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    let person = row.author_user.map(|user| names.get(&user).cloned().unwrap_or_default());
    // The mark says whose it is: a person's read begins as a copy of what others drew.
    let maker = what.as_ref().map(|what| made_by(&what["author"]));
    let of_read = || match (&row.author_model, &row.author_rule) {
        (Some(name), _) => format!("model {name}"),
        (None, Some(rule)) => format!("Merged: {rule}"),
        (None, None) => "a model".to_owned(),
    };
    let is_taken_over = row.seq == 0 && row.base_read_id.is_some();
    LabelLine {
        why: bound.filter(|_| !is_taken_over).map(|bound| bound.why.clone()).unwrap_or_default(),
        item: row.item_id.to_string(),
        read: row.read_id.to_string(),
        index: bound.map(|bound| bound.index),
        mark: row.annotation_id.to_string(),
        version: row.version,
        at: row.at.to_string(),
        bound_at: bound.map(|bound| bound.at.to_string()),
        actor: row.author_user.map(|user| user.to_string()),
        who: person.or(maker).unwrap_or_else(of_read),
        what,
    }
}
