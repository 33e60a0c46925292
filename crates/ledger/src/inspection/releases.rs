//! The releases of a copy: each held against the entry that binds its root.

use std::collections::BTreeSet;

use super::RELEASES;
use super::events::{Releasing, Said};
use super::files::{CopyFiles, Lines};
use super::people::People;
use super::records::{LINE_BYTES_MAX, ReleaseLine};
use super::utc::Utc;
use super::verify::{CopyFault, First};
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::Hash;

/// Checks the releases; how many there are.
pub(super) fn check_releases(
    files: &dyn CopyFiles,
    said: &Said,
    people: &People,
    first: &mut First,
) -> Result<u64, CopyFault> {
    let mut lines = Lines::open(files, RELEASES, LINE_BYTES_MAX)?;
    let mut seen = BTreeSet::new();
    while let Some(line) = lines.read::<ReleaseLine>("a release")? {
        let fault = |detail: &str| {
            LogFault::new(LogFaultKind::Flipped, line.index, RELEASES).because(detail.to_owned())
        };
        match said.releases.get(&line.id) {
            None => first.note(fault("the log knows no such release")),
            Some(entry) => {
                if let Some(field) = disagreement(&line, entry, people) {
                    first.note(fault(&format!("{field} does not say what the entry says")));
                }
            }
        }
        if !seen.insert(line.id.clone()) {
            first.note(fault("the release stands there twice"));
        }
    }
    Ok(seen.len() as u64)
}

fn disagreement(line: &ReleaseLine, entry: &Releasing, people: &People) -> Option<&'static str> {
    let root = line.root.as_deref().map(Hash::from_hex);
    let (is_bound, is_placed) = match (root, &entry.made) {
        (Some(root), Some((index, made))) => (root == Some(*made), line.index == *index),
        (Some(_), None) => (false, true),
        (None, _) => (true, entry.proposed == Some(line.index)),
    };
    let started = entry.started.as_ref();
    let list = started.and_then(|started| started.list.as_ref());
    // A name is compared where the log shows which one it is.
    let is_of = |name: &Option<String>, actor: Option<&String>| {
        actor.and_then(|actor| people.name(actor)).is_none_or(|known| name.as_deref() == Some(known))
    };
    let fields = [
        ("root", is_bound),
        ("index", is_placed),
        ("state", (line.state == "recalled") == entry.is_recalled),
        ("name", list.is_none_or(|list| list.name == line.name)),
        ("items", list.is_none_or(|list| list.items == line.items)),
        ("at", started.is_none_or(|started| Utc(started.at_us).to_string() == line.at)),
        ("begun_by", is_of(&line.begun_by, started.map(|started| &started.actor))),
        (
            "countersigned_by",
            line.countersigned_by.is_some() == entry.countersigned.is_some()
                && is_of(&line.countersigned_by, entry.countersigned.as_ref()),
        ),
    ];
    fields.into_iter().find(|(_, agrees)| !agrees).map(|(field, _)| field)
}
