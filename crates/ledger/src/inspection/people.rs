//! Printed names: each account's is bound by the entry that gave it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::PEOPLE;
use super::files::{CopyFiles, Lines, Log, bad, inside};
use super::records::{LINE_BYTES_MAX, PersonLine};
use super::verify::CopyFault;
use crate::entry::Entry;
use crate::excerpt::Excerpt;
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::leaf_hash;

/// What an entry gives an account its printed name by.
pub(super) const NAMING: [&str; 2] = ["user.made", "user.renamed"];

/// Details of an act that has a printed name in them.
#[derive(Deserialize)]
pub(super) struct Printed {
    /// The name.
    pub printed_name: String,
}

/// Printed names by pseudonymous id, each shown to be one that the log gave; the last of those that the file has.
#[derive(Default)]
pub(super) struct People {
    names: BTreeMap<String, String>,
    /// Indices of the entries that gave them.
    indices: BTreeSet<u64>,
    is_there: bool,
}

impl People {
    /// Reads and checks the file; a copy of before there was one has no proven names.
    pub fn read(files: &dyn CopyFiles, excerpt: &mut Excerpt<&Log<'_>>) -> Result<Self, CopyFault> {
        let mut people = Self::default();
        if !files.names().iter().any(|name| name == PEOPLE) {
            return Ok(people);
        }
        people.is_there = true;
        let mut lines = Lines::open(files, PEOPLE, LINE_BYTES_MAX)?;
        let mut last = None;
        while let Some(line) = lines.read::<PersonLine>("a person")? {
            if last.is_some_and(|last| last >= line.index) {
                return Err(LogFault::new(LogFaultKind::Reordered, line.index, PEOPLE));
            }
            last = Some(line.index);
            check(&line, excerpt)?;
            people.indices.insert(line.index);
            people.names.insert(line.user, line.name);
        }
        Ok(people)
    }

    /// The name of an account, where it is proven.
    pub fn name(&self, user: &str) -> Option<&str> {
        self.names.get(user).map(String::as_str)
    }

    /// The first of these entries, each of which gave an account a name that can be shown, that the file leaves out. Then a
    /// later name could be kept back.
    pub fn first_left_out(&self, namings: &BTreeSet<u64>) -> Option<u64> {
        namings.difference(&self.indices).next().copied().filter(|_| self.is_there)
    }

    /// How many are named.
    pub fn count(&self) -> u64 {
        self.names.len() as u64
    }
}

fn check(line: &PersonLine, excerpt: &mut Excerpt<&Log<'_>>) -> Result<(), CopyFault> {
    let flipped =
        |why: &str| LogFault::new(LogFaultKind::Flipped, line.index, PEOPLE).because(why.to_owned());
    if leaf_hash(line.entry.as_bytes()) != excerpt.leaf(line.index).map_err(inside)? {
        return Err(flipped("is not the entry of the log"));
    }
    let entry = Entry::decode(line.entry.as_bytes()).map_err(|error| flipped(&error.to_string()))?;
    let names = entry.object_kind == "user"
        && entry.object_id == line.user
        && entry.outcome == "ok"
        && NAMING.contains(&entry.action.as_str());
    if !names {
        return Err(flipped("does not name this account"));
    }
    let opens =
        entry.openable().is_some_and(|commit| line.opening.opens(&commit, line.details.get().as_bytes()));
    if !opens {
        return Err(flipped("the details are not what the entry commits to"));
    }
    let printed: Printed = serde_json::from_str(line.details.get())
        .map_err(|_| bad(LogFaultKind::Flipped, PEOPLE).because("details without a name".to_owned()))?;
    if printed.printed_name == line.name {
        Ok(())
    } else {
        Err(flipped("name does not say what the details say"))
    }
}
