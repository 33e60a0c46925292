//! The signatures of a copy: each held against its entry, and against the content that it is over.

use std::collections::BTreeSet;

use super::SIGNATURES;
use super::events::{Said, Signing};
use super::files::{CopyFiles, Lines};
use super::labels::{ContentHash, Unbound};
use super::records::{LINE_BYTES_MAX, SignatureLine};
use super::utc::Utc;
use super::verify::{CopyFault, First, Proven};
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::Hash;

/// What was found of signatures.
#[derive(Default)]
pub(super) struct Held {
    pub signatures: u64,
    pub erased: Vec<String>,
}

/// Goes through the signatures. One that was copied to other content, or another person, has no entry that says so.
pub(super) struct SignatureWalk<'a> {
    pub said: &'a Said,
    pub unbound: &'a Unbound,
    pub content_hash: ContentHash<'a>,
    pub proven: &'a mut Proven,
    pub first: &'a mut First,
}

impl SignatureWalk<'_> {
    pub fn run(self, files: &dyn CopyFiles) -> Result<Held, CopyFault> {
        let mut lines = Lines::open(files, SIGNATURES, LINE_BYTES_MAX)?;
        let (mut seen, mut held) = (BTreeSet::new(), Held::default());
        while let Some(line) = lines.read::<SignatureLine>("a signature")? {
            let Some(entry) = self.said.signing.get(&line.index) else {
                self.first.note(fault(LogFaultKind::Flipped, &line, "the log holds no signature there"));
                continue;
            };
            if let Some(field) = disagreement(&line, entry) {
                let detail = format!("{field} does not say what the entry says");
                self.first.note(fault(LogFaultKind::Flipped, &line, &detail));
            }
            if !seen.insert(line.index) {
                self.first.note(fault(LogFaultKind::Flipped, &line, "the signature stands there twice"));
                continue;
            }
            match entry.printed_name {
                Some(_) => self.proven.printed_names += 1,
                None => self.proven.printed_names_of_before += 1,
            }
            if self.said.erased.contains(&line.item) {
                held.erased.push(line.id);
            } else if self.content_of(&line.read) != entry.content_hash {
                self.first.note(fault(LogFaultKind::Void, &line, "void: content changed"));
            }
        }
        if let Some(index) = self.said.signing.keys().find(|index| !seen.contains(index)) {
            self.first.note(LogFault::new(LogFaultKind::Missing, *index, SIGNATURES));
        }
        held.signatures = seen.len() as u64;
        Ok(held)
    }

    /// What a read holds: as its entry says, which the marks were held against; where it has none, what they hash to.
    fn content_of(&self, read: &str) -> Option<Hash> {
        let said = self.said.contents.get(read).map(|content| content.hash);
        said.or_else(|| self.unbound.get(read).copied()).or_else(|| (self.content_hash)(&[]).ok())
    }
}

fn disagreement(line: &SignatureLine, entry: &Signing) -> Option<&'static str> {
    let fields = [
        ("id", entry.id == line.id),
        ("actor", entry.actor == line.actor),
        ("meaning", entry.action == format!("signature.{}", line.meaning)),
        ("item", entry.item.as_ref() == Some(&line.item)),
        ("content_hash", entry.content_hash == Hash::from_hex(&line.content_hash)),
        ("at", Utc(entry.at_us).to_string() == line.at),
        ("printed_name", entry.printed_name.as_ref().is_none_or(|name| *name == line.printed_name)),
    ];
    fields.into_iter().find(|(_, agrees)| !agrees).map(|(field, _)| field)
}

fn fault(kind: LogFaultKind, line: &SignatureLine, detail: &str) -> CopyFault {
    LogFault::new(kind, line.index, SIGNATURES).because(detail.to_owned())
}
