//! The entries of a copy: each held against its leaf, and what is readable beside it against what the entry commits to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::files::{CopyFiles, Lines, Log, bad, inside};
use super::people::{NAMING, People, Printed};
use super::records::{EventLine, LINE_BYTES_MAX, Why};
use super::utc::Utc;
use super::verify::{CopyFault, Proven};
use super::{EVENTS, INDICES};
use crate::checkpoint::parse_decimal;
use crate::entry::{ENTRY_VERSION, Entry};
use crate::excerpt::Excerpt;
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::{Hash, leaf_hash};

/// What the log says of a signature.
pub(super) struct Signing {
    pub id: String,
    pub actor: String,
    pub action: String,
    pub item: Option<String>,
    pub content_hash: Option<Hash>,
    pub at_us: i64,
    /// The name that was committed to; absent for signatures of before that could be shown.
    pub printed_name: Option<String>,
}

/// What the log says of the content of a read.
pub(super) struct Content {
    pub index: u64,
    pub hash: Hash,
    pub item: Option<String>,
    pub at_us: i64,
    /// It was looked through and not kept: the read ended with that.
    pub ended: bool,
}

/// What the log says of a release.
#[derive(Default)]
pub(super) struct Releasing {
    pub started: Option<Started>,
    pub made: Option<(u64, Hash)>,
    /// Index of the entry that it was begun by.
    pub proposed: Option<u64>,
    /// Who countersigned it.
    pub countersigned: Option<String>,
    pub is_recalled: bool,
}

/// The beginning of a release.
pub(super) struct Started {
    pub actor: String,
    pub at_us: i64,
    /// What was committed to, where that could be shown.
    pub list: Option<List>,
}

/// Details of the beginning of a release.
#[derive(Deserialize)]
pub(super) struct List {
    pub name: String,
    pub items: u64,
}

/// What the log says that the other files of a copy have to agree with.
#[derive(Default)]
pub(super) struct Said {
    pub events: u64,
    pub signing: BTreeMap<u64, Signing>,
    /// By read.
    pub contents: BTreeMap<String, Content>,
    /// By release.
    pub releases: BTreeMap<String, Releasing>,
    /// What was said about items, and about which.
    pub reasons: BTreeMap<u64, (Option<String>, Why)>,
    /// Items that were erased.
    pub erased: BTreeSet<String>,
    /// By item: comparisons of before whose merged read, if any, no entry of its own binds.
    pub merged_unbound: BTreeMap<String, u64>,
    /// Items whose last merged read has an entry of its own; that of its comparison follows.
    merged_bound: BTreeSet<String>,
    /// Entries that gave an account its printed name, and whose details were opened.
    pub namings: BTreeSet<u64>,
    /// Entries whose details are gone.
    gone: Vec<(u64, Option<String>)>,
    unnamed: BTreeSet<String>,
}

/// Goes through the events and holds each against its leaf.
pub(super) struct EventWalk<'a, 'e> {
    indices: Vec<u64>,
    lines: Lines<'a>,
    excerpt: &'e mut Excerpt<&'e Log<'a>>,
    people: &'e People,
    proven: &'e mut Proven,
    said: Said,
}

impl<'a, 'e> EventWalk<'a, 'e> {
    /// `size`: entries of the log; no index lies beyond it, so that a file of foreign length is given up early.
    pub fn new(
        files: &'a dyn CopyFiles,
        size: u64,
        excerpt: &'e mut Excerpt<&'e Log<'a>>,
        people: &'e People,
        proven: &'e mut Proven,
    ) -> Result<Self, CopyFault> {
        let mut lines = Lines::open(files, INDICES, LINE_BYTES_MAX)?;
        let mut indices: Vec<u64> = Vec::new();
        while let Some(line) = lines.next()? {
            let index = core::str::from_utf8(&line).ok().and_then(parse_decimal);
            let index = index.filter(|index| *index < size && indices.last().is_none_or(|last| last < index));
            indices.push(index.ok_or_else(|| bad(LogFaultKind::Flipped, INDICES))?);
        }
        let lines = Lines::open(files, EVENTS, LINE_BYTES_MAX)?;
        Ok(Self { indices, lines, excerpt, people, proven, said: Said::default() })
    }

    pub fn run(mut self) -> Result<Said, CopyFault> {
        let fault = |kind, index| LogFault::new(kind, index, EVENTS);
        for position in 0..self.indices.len() {
            let index = self.indices[position];
            let line = match self.lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => return Err(fault(LogFaultKind::Truncated, index)),
                Err(error) if error.kind == LogFaultKind::Truncated => {
                    return Err(fault(LogFaultKind::Truncated, index));
                }
                Err(error) => return Err(error),
            };
            let Ok(line) = serde_json::from_slice::<EventLine>(&line) else {
                return Err(fault(LogFaultKind::Flipped, index).because("not a line of an event".to_owned()));
            };
            if line.index != index {
                return Err(self.out_of_place(position, &line));
            }
            self.check(&line)?;
        }
        if self.lines.next()?.is_some() {
            return Err(fault(LogFaultKind::Extra, self.indices.last().map_or(0, |last| last + 1)));
        }
        self.said.events = self.indices.len() as u64;
        // Details go with what they were about, and with nothing else.
        for (index, item) in &self.said.gone {
            if !item.as_ref().is_some_and(|item| self.said.erased.contains(item)) {
                let detail = "the details are gone, and no erasure says why";
                return Err(fault(LogFaultKind::Missing, *index).because(detail.to_owned()));
            }
        }
        self.proven.details_erased = self.said.gone.len() as u64;
        self.proven.people = self.people.count();
        self.proven.people_of_before = self.said.unnamed.len() as u64;
        Ok(self.said)
    }

    /// A line that stands where another belongs: was the right one taken out, or do they stand in each other's place?
    fn out_of_place(&mut self, position: usize, line: &EventLine) -> CopyFault {
        let index = self.indices[position];
        let is_known = self.indices.binary_search(&line.index).is_ok();
        let kind = if !is_known {
            LogFaultKind::Extra
        } else {
            // Somewhere behind, the right one comes after all: then they were put in another order.
            let mut rest = core::iter::from_fn(|| self.lines.next().ok().flatten());
            let comes = rest
                .any(|line| serde_json::from_slice::<EventLine>(&line).is_ok_and(|line| line.index == index));
            if comes { LogFaultKind::Reordered } else { LogFaultKind::Missing }
        };
        LogFault::new(kind, index, EVENTS)
    }

    fn check(&mut self, line: &EventLine) -> Result<(), CopyFault> {
        let flipped = || LogFault::new(LogFaultKind::Flipped, line.index, EVENTS);
        if leaf_hash(line.entry.as_bytes()) != self.excerpt.leaf(line.index).map_err(inside)? {
            return Err(flipped());
        }
        let entry =
            Entry::decode(line.entry.as_bytes()).map_err(|error| flipped().because(error.to_string()))?;
        let at = Utc(entry.at_us).to_string();
        if let Some(field) = line.disagreement(&entry, &at) {
            return Err(flipped().because(format!("{field} does not say what the entry says")));
        }
        match (&line.name, self.people.name(&line.actor)) {
            (name, Some(known)) if name.as_deref() != Some(known) => {
                return Err(flipped().because("name is not the one that the account has".to_owned()));
            }
            (Some(_), None) => drop(self.said.unnamed.insert(line.actor.clone())),
            _ => {}
        }
        let is_open = self.opened(line, &entry)?;
        let details = line.details.as_deref().filter(|_| is_open).map(|details| details.get());
        self.said.take(line.index, entry, details);
        Ok(())
    }

    /// Whether the details are shown to be those that the entry commits to.
    fn opened(&mut self, line: &EventLine, entry: &Entry) -> Result<bool, CopyFault> {
        let fault = |detail: &str| {
            LogFault::new(LogFaultKind::Flipped, line.index, EVENTS).because(detail.to_owned())
        };
        let proven = &mut *self.proven;
        match (entry.commit, entry.openable(), line.details.as_deref()) {
            (None, _, None) => {}
            (None, _, Some(_)) => return Err(fault("details that the entry says nothing of")),
            (Some(_), None, _) => proven.details_of_before += 1,
            (Some(_), Some(_), None) if line.withheld => proven.details_withheld += 1,
            (Some(_), Some(_), None) => self.said.gone.push((line.index, entry.item.clone())),
            (Some(_), Some(commit), Some(details)) => {
                let opening = line.opening.as_ref();
                if !opening.is_some_and(|opening| opening.opens(&commit, details.get().as_bytes())) {
                    return Err(fault("the details are not what the entry commits to"));
                }
                proven.details += 1;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Said {
    /// Keeps what other files have to agree with.
    fn take(&mut self, index: u64, entry: Entry, details: Option<&str>) {
        if let Some(why) = Why::of(index, &entry, details) {
            self.reasons.insert(index, (entry.item.clone(), why));
        }
        let Entry { v, actor, action, object_kind, object_id: id, item, content_hash, at_us, .. } = entry;
        match (object_kind.as_str(), action.as_str()) {
            ("signature", _) => {
                let printed = details.and_then(|details| serde_json::from_str::<Printed>(details).ok());
                let printed_name = printed.map(|printed| printed.printed_name);
                let signing = Signing { id, actor, action, item, content_hash, at_us, printed_name };
                self.signing.insert(index, signing);
            }
            ("read", action) => {
                let Some(hash) = content_hash else { return };
                let ended = matches!(action, "review.reject" | "adjudication.escalate");
                if action == "read.merged" {
                    self.merged_bound.extend(item.clone());
                }
                self.contents.insert(id, Content { index, hash, item, at_us, ended });
            }
            ("user", action) if details.is_some() && NAMING.contains(&action) => {
                self.namings.insert(index);
            }
            ("item", "item.erased") => self.erased.extend(item),
            ("item", "reads.compared") => {
                let Some(item) = item else { return };
                let is_bound = self.merged_bound.remove(&item);
                // Since the details of a comparison can be opened, what it merges has its entry just before it.
                if !is_bound && v == ENTRY_VERSION {
                    *self.merged_unbound.entry(item).or_default() += 1;
                }
            }
            ("release", action) => {
                let release = self.releases.entry(id).or_default();
                match (action, content_hash) {
                    ("release.started", bound) => {
                        let list = details.and_then(|details| serde_json::from_str(details).ok());
                        release.started = Some(Started { actor, at_us, list });
                        release.proposed = bound.map(|_| index);
                    }
                    ("release.made", Some(root)) => release.made = Some((index, root)),
                    ("release.countersigned", _) => release.countersigned = Some(actor),
                    ("release.recalled", _) => release.is_recalled = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
