//! The marks of a copy: the last versions of each read are hashed again, and held against the entry of the read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::LABELS;
use super::events::Said;
use super::files::{CopyFiles, Lines};
use super::people::People;
use super::records::{LABEL_LINE_BYTES_MAX, LabelLine, MARKS_PER_READ_MAX, READ_BYTES_MAX, Why};
use super::utc::Utc;
use super::verify::{CopyFault, First, Proven};
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::Hash;
use crate::source::Unreadable;

/// The content hash of the marks of one read, in any order; what is wrong with them otherwise.
pub type ContentHash<'a> = &'a dyn Fn(&[Value]) -> Result<Hash, String>;

/// What the reads of the copy hash to that no entry binds.
pub(super) type Unbound = BTreeMap<String, Hash>;

/// The lines of one read.
struct Read {
    id: String,
    item: String,
    index: Option<u64>,
    bound_at: Option<String>,
    /// By mark: the last line of each, with its bytes.
    last: BTreeMap<String, (LabelLine, usize)>,
    /// Bytes of these.
    bytes: usize,
    versions: u64,
}

impl Read {
    /// Takes the next version of a mark. What is held of one read is limited: it is hashed as a whole.
    fn take(&mut self, line: LabelLine, bytes: usize) -> Result<(), CopyFault> {
        self.versions += 1;
        self.bytes += bytes;
        if let Some((_, before)) = self.last.insert(line.mark.clone(), (line, bytes)) {
            self.bytes -= before;
        }
        if self.last.len() > MARKS_PER_READ_MAX || self.bytes > READ_BYTES_MAX {
            let reason = format!("a read of more than {MARKS_PER_READ_MAX} marks or {READ_BYTES_MAX} bytes");
            return Err(Unreadable { path: LABELS.to_owned(), reason }.into());
        }
        Ok(())
    }
}

/// Goes through the marks.
pub(super) struct LabelWalk<'a> {
    pub said: &'a Said,
    pub people: &'a People,
    pub content_hash: ContentHash<'a>,
    pub proven: &'a mut Proven,
    pub first: &'a mut First,
}

impl LabelWalk<'_> {
    /// Checks the file; what it finds of reads without an entry.
    pub fn run(mut self, files: &dyn CopyFiles) -> Result<Unbound, CopyFault> {
        let mut lines = Lines::open(files, LABELS, LABEL_LINE_BYTES_MAX)?;
        let (mut unbound, mut seen) = (Unbound::new(), BTreeSet::new());
        let mut merged = self.said.merged_unbound.clone();
        let mut open: Option<Read> = None;
        loop {
            let line = lines.read_sized::<LabelLine>("a mark")?;
            let is_next = |read: &mut Read| line.as_ref().is_none_or(|(line, _)| line.read != read.id);
            if let Some(read) = open.take_if(is_next) {
                // Of what the log does not know nothing is kept: a file may be long.
                let is_known = self.said.contents.contains_key(&read.id);
                if unbound.contains_key(&read.id) || (is_known && !seen.insert(read.id.clone())) {
                    self.first.note(wrong(read.index, LogFaultKind::Extra, "the read stands there twice"));
                }
                self.close(read, &mut unbound, &mut merged);
            }
            let Some((line, bytes)) = line else { break };
            if let Some(field) = self.disagreement(&line) {
                let detail = format!("{field} does not say what it should");
                self.first.note(wrong(self.index_of(&line.read), LogFaultKind::Flipped, &detail));
            }
            let read = open.get_or_insert_with(|| Read {
                id: line.read.clone(),
                item: line.item.clone(),
                index: line.index,
                bound_at: line.bound_at.clone(),
                last: BTreeMap::new(),
                bytes: 0,
                versions: 0,
            });
            let bound = (line.item.as_str(), line.index, line.bound_at.as_ref());
            if bound != (read.item.as_str(), read.index, read.bound_at.as_ref()) {
                let detail = "item, index or bound_at differ within one read";
                self.first.note(wrong(self.index_of(&line.read), LogFaultKind::Flipped, detail));
            }
            read.take(line, bytes)?;
        }
        self.absent(&seen);
        Ok(unbound)
    }

    fn index_of(&self, read: &str) -> Option<u64> {
        self.said.contents.get(read).map(|content| content.index)
    }

    /// Whether the log holds what is said to be the reason, of this item. Words are compared where they could be opened.
    fn is_said(&self, line: &LabelLine, why: &Why) -> bool {
        self.said.reasons.get(&why.index).is_some_and(|(item, said)| {
            item.as_ref() == Some(&line.item)
                && (&said.action, &said.reason) == (&why.action, &why.reason)
                && (said.words.is_none() || said.words == why.words)
        })
    }

    /// The first field beside the mark that does not say what the mark, or the log, says.
    fn disagreement(&self, line: &LabelLine) -> Option<&'static str> {
        if !line.why.iter().all(|why| self.is_said(line, why)) {
            return Some("why");
        }
        if let (Some(actor), true) = (&line.actor, line.what.is_none()) {
            let is_named = self.people.name(actor).is_none_or(|name| name == line.who);
            return (!is_named).then_some("who");
        }
        let what = line.what.as_ref()?;
        let author = &what["author"];
        let user = author["user"].as_str();
        let who = match user {
            Some(user) => self.people.name(user).map(str::to_owned),
            // Copies of before named no entry, and models without their version.
            None if line.index.is_none() && line.bound_at.is_none() => None,
            None => Some(made_by(author)),
        };
        let fields = [
            ("mark", what["id"].as_str() == Some(&line.mark)),
            ("version", what["version"].as_i64() == Some(line.version)),
            ("actor", user == line.actor.as_deref()),
            ("who", who.is_none_or(|who| who == line.who)),
        ];
        fields.into_iter().find(|(_, agrees)| !agrees).map(|(field, _)| field)
    }

    /// Holds a read against its entry.
    fn close(&mut self, read: Read, unbound: &mut Unbound, merged: &mut BTreeMap<String, u64>) {
        let said = self.said.contents.get(&read.id);
        if self.said.erased.contains(&read.item) {
            self.proven.reads_erased += 1;
            if read.last.values().any(|(line, _)| line.what.is_some()) {
                let index = said.map(|said| said.index);
                self.first.note(wrong(index, LogFaultKind::Extra, "marks of what was erased"));
            }
            return;
        }
        let marks: Vec<Value> = read.last.into_values().filter_map(|(line, _)| line.what).collect();
        let hash = match (self.content_hash)(&marks) {
            Ok(hash) => hash,
            Err(error) => {
                return self.first.note(wrong(said.map(|said| said.index), LogFaultKind::Flipped, &error));
            }
        };
        let Some(said) = said else {
            // The merged reads of before were bound by nothing of their own; any other read has its entry.
            let left = merged.get_mut(&read.item).filter(|left| **left > 0);
            let Some(left) = left else {
                let detail = format!("read {}: the log knows no such read", read.id);
                return self.first.note(wrong(None, LogFaultKind::Extra, &detail));
            };
            *left -= 1;
            self.proven.reads_of_before += 1;
            unbound.insert(read.id, hash);
            return;
        };
        let detail = if said.hash != hash {
            "content changed: the marks are not those that the entry binds"
        } else if said.item.as_deref() != Some(read.item.as_str()) {
            "the read is of another item"
        } else if read.index.is_some_and(|index| index != said.index) {
            "index is not the one of the read's entry"
        } else if read.bound_at.is_some_and(|at| at != Utc(said.at_us).to_string()) {
            "bound_at is not the time of the read's entry"
        } else {
            self.proven.reads += 1;
            self.proven.marks += marks.len() as u64;
            self.proven.versions_unbound += read.versions - marks.len() as u64;
            return;
        };
        self.first.note(wrong(Some(said.index), LogFaultKind::Flipped, detail));
    }

    /// Reads that the log knows, and of which no line is left.
    fn absent(&mut self, seen: &BTreeSet<String>) {
        let empty = (self.content_hash)(&[]).ok();
        for (read, said) in &self.said.contents {
            let is_erased = said.item.as_ref().is_some_and(|item| self.said.erased.contains(item));
            if seen.contains(read) || is_erased || said.ended {
                continue;
            }
            if Some(said.hash) == empty {
                self.proven.reads += 1;
            } else {
                let detail = format!("the marks of read {read} are gone");
                self.first.note(wrong(Some(said.index), LogFaultKind::Missing, &detail));
            }
        }
    }
}

/// How a mark names a maker that is no person.
#[must_use]
pub fn made_by(author: &Value) -> String {
    let text = |field: &str| author[field].as_str().unwrap_or_default();
    match text("kind") {
        "model" => format!("model {} {}", text("name"), text("version")),
        _ => format!("Merged: {}", text("rule")),
    }
}

fn wrong(index: Option<u64>, kind: LogFaultKind, detail: &str) -> CopyFault {
    let fault = match index {
        Some(index) => LogFault::new(kind, index, LABELS),
        None => LogFault::without_index(kind, LABELS),
    };
    fault.because(detail.to_owned())
}
