//! Checking an inspector's copy: first what names an index, then every byte.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::events::EventWalk;
use super::files::{CopyFiles, Log, bad, inside, text, whole};
use super::labels::{ContentHash, LabelWalk};
use super::people::People;
use super::records::{CopyManifest, LABEL_LINE_BYTES_MAX, MANIFEST_BYTES_MAX, Scope};
use super::releases::check_releases;
use super::signatures::SignatureWalk;
use super::{INDICES, KEPT, LOG, LOG_KEY, MANIFEST, MANIFEST_SIGNATURE, MANIFEST_START, PEOPLE, PROOFS};
use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::{Cosigned, CosignerKey};
use crate::excerpt::Excerpt;
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::Hash;
use crate::note::{VerifierKey, parse_signature_lines, verify_signatures};
use crate::proof::{PROOF_BYTES_MAX, TlogProof};
use crate::source::{LogSource, Unreadable};
use crate::tiles::CHECKPOINT_PATH;
use crate::witness::{AddCheckpoint, REQUEST_BYTES_MAX};

/// The first thing that is wrong with a copy: a fault of the log, at an index, or of a file.
pub type CopyFault = LogFault;

/// What a sound copy was found to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyReport {
    /// What it is about.
    pub scope: Scope,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// The log.
    pub origin: String,
    /// Entries in the log at the checkpoint.
    pub size: u64,
    /// Root at the checkpoint.
    pub root: Hash,
    /// Entries in the copy.
    pub events: u64,
    /// Signatures in it.
    pub signatures: u64,
    /// Releases in it.
    pub releases: u64,
    /// What of the readable parts was shown to be what the log binds, and what nothing binds.
    pub proven: Proven,
    /// Proofs in it, each of which stands alone.
    pub proofs: u64,
    /// Sizes of the older checkpoints that the log was shown to continue.
    pub continues: Vec<u64>,
    /// Signatures whose content was erased since: nothing is left that could be compared.
    pub erased_signatures: Vec<String>,
    /// Cosignatures of the witnesses whose keys were given, over the copy's checkpoint and the older ones in it.
    pub cosignatures: Vec<CosignedPart>,
    /// Signature lines by keys that were not given.
    pub other_signatures: usize,
    /// The key that signed.
    pub key: String,
    /// Whether the key was given, not taken from the copy.
    pub is_key_expected: bool,
}

/// How much of what is readable is bound by the log. Nothing of `_of_before` was verified: it is of before the log
/// bound it in a way that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proven {
    /// Details of events, opened.
    pub details: u64,
    /// Details of events that cannot be opened.
    pub details_of_before: u64,
    /// Details that the copy does not show to whom it was made for.
    pub details_withheld: u64,
    /// Details that went with an erasure.
    pub details_erased: u64,
    /// Accounts whose printed name the log binds.
    pub people: u64,
    /// Accounts that are named, and whose name nothing binds.
    pub people_of_before: u64,
    /// Printed names of signatures, opened.
    pub printed_names: u64,
    /// Printed names of signatures that cannot be opened.
    pub printed_names_of_before: u64,
    /// Reads whose marks were hashed again.
    pub reads: u64,
    /// Marks in them.
    pub marks: u64,
    /// Versions that were replaced or removed before the read was handed in: no content hash is over them.
    pub versions_unbound: u64,
    /// Merged reads that no entry binds.
    pub reads_of_before: u64,
    /// Reads that were erased.
    pub reads_erased: u64,
}

/// What whoever checks a copy brings along.
#[derive(Clone, Copy)]
pub struct CopyKnown<'a> {
    /// The log's key; without it the copy's own is taken, and the report says so.
    pub key: Option<&'a VerifierKey>,
    /// Keys of witnesses.
    pub witnesses: &'a [CosignerKey],
    /// How the marks of a read are hashed: the ledger knows none of them.
    pub content_hash: ContentHash<'a>,
}

/// The files that the manifest lists, none of them much longer than it says. That they are not another is checked after what
/// names an index; so a line that was made longer is still read whole.
struct Listed<'a> {
    files: &'a dyn CopyFiles,
    bytes: BTreeMap<&'a str, u64>,
}

impl<'a> Listed<'a> {
    fn new(files: &'a dyn CopyFiles, manifest: &'a CopyManifest) -> Self {
        Self { files, bytes: manifest.files.iter().map(|file| (file.name.as_str(), file.bytes)).collect() }
    }
}

impl CopyFiles for Listed<'_> {
    fn names(&self) -> Vec<String> {
        let names = self.files.names().into_iter();
        names.filter(|name| self.bytes.contains_key(name.as_str())).collect()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        let Some(bytes) = self.bytes.get(name) else { return Ok(None) };
        let most = bytes.saturating_add(LABEL_LINE_BYTES_MAX as u64);
        let file = self.files.open(name)?;
        Ok(file.map(|file| Box::new(file.take(most)) as Box<dyn Read>))
    }
}

/// Of several faults the one that comes first in the log.
#[derive(Default)]
pub(super) struct First(Option<CopyFault>);

impl First {
    pub fn note(&mut self, fault: CopyFault) {
        let place = |fault: &CopyFault| fault.index.unwrap_or(u64::MAX);
        if self.0.as_ref().is_none_or(|first| place(&fault) < place(first)) {
            self.0 = Some(fault);
        }
    }

    fn settle(self) -> Result<(), CopyFault> {
        self.0.map_or(Ok(()), Err)
    }
}

/// A witness's cosignature over the first entries of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CosignedPart {
    /// Entries that the cosigned checkpoint is over.
    pub size: u64,
    /// Who, and when.
    #[serde(flatten)]
    pub cosigned: Cosigned,
}

/// Cosignatures that were found, and signature lines by keys that are not known.
#[derive(Default)]
struct Vouched {
    cosignatures: Vec<CosignedPart>,
    others: usize,
}

impl Vouched {
    fn add(&mut self, signed: SignedCheckpoint) {
        let size = signed.checkpoint.size;
        self.others += signed.other_signatures;
        self.cosignatures
            .extend(signed.cosignatures.into_iter().map(|cosigned| CosignedPart { size, cosigned }));
    }
}

/// Checks a copy.
///
/// # Errors
/// [`CopyFault`] naming the first bad index, or the file.
pub fn verify_copy(files: &dyn CopyFiles, known: CopyKnown<'_>) -> Result<CopyReport, CopyFault> {
    let CopyKnown { key, witnesses, content_hash } = known;
    let is_key_expected = key.is_some();
    let own = VerifierKey::parse(&text(files, LOG_KEY, 1_024)?).ok();
    let key = key.or(own.as_ref()).ok_or_else(|| bad(LogFaultKind::BadSignature, LOG_KEY))?.clone();
    let log = Log { files };
    let opened = open_checkpoint(&log, &key, witnesses)?;
    let head = &opened.checkpoint;
    // Before anything is gone through, so that nothing of what follows is longer than was signed.
    let manifest = check_manifest(files, &key)?;
    let all = files;
    let files: &dyn CopyFiles = &Listed::new(all, &manifest);
    let mut excerpt = Excerpt::open(&log, head).map_err(inside)?;
    let people = People::read(files, &mut excerpt)?;
    let mut proven = Proven::default();
    let said = EventWalk::new(files, head.size, &mut excerpt, &people, &mut proven)?.run()?;
    let mut first = First::default();
    let walk =
        LabelWalk { said: &said, people: &people, content_hash, proven: &mut proven, first: &mut first };
    let unbound = walk.run(files)?;
    let walk = SignatureWalk {
        said: &said,
        unbound: &unbound,
        content_hash,
        proven: &mut proven,
        first: &mut first,
    };
    let held = walk.run(files)?;
    let releases = check_releases(files, &said, &people, &mut first)?;
    first.settle()?;
    if (manifest.size, manifest.root, manifest.events) != (head.size, head.root, said.events) {
        return Err(bad(LogFaultKind::SizeMismatch, MANIFEST));
    }
    // Nothing but the list of indices says what a copy is about: one of everything has all of them.
    if manifest.scope == Scope::Installation && said.events != head.size {
        let detail = format!("{} of the {} entries are there", said.events, head.size);
        return Err(bad(LogFaultKind::Missing, INDICES).because(detail));
    }
    if let (Scope::Installation, Some(index)) = (&manifest.scope, people.first_left_out(&said.namings)) {
        let detail = "a name that an account got is left out".to_owned();
        return Err(LogFault::new(LogFaultKind::Missing, index, PEOPLE).because(detail));
    }
    let mut vouched = Vouched::default();
    let continues = check_kept(files, &key, witnesses, head.size, &mut vouched)?;
    let proofs = check_proofs(files, &key, witnesses)?;
    check_files(all, &manifest)?;
    let (origin, size, root) = (head.origin.clone(), head.size, head.root);
    vouched.add(opened);
    Ok(CopyReport {
        scope: manifest.scope,
        made_at: manifest.made_at,
        origin,
        size,
        root,
        events: said.events,
        signatures: held.signatures,
        releases,
        proven,
        erased_signatures: held.erased,
        proofs,
        continues,
        is_key_expected,
        cosignatures: vouched.cosignatures,
        other_signatures: vouched.others,
        key: key.to_string(),
    })
}

fn open_checkpoint(
    log: &Log<'_>,
    key: &VerifierKey,
    witnesses: &[CosignerKey],
) -> Result<SignedCheckpoint, CopyFault> {
    let path = format!("{LOG}{CHECKPOINT_PATH}");
    let bytes = log.read(CHECKPOINT_PATH)?.ok_or_else(|| bad(LogFaultKind::Missing, &path))?;
    SignedCheckpoint::open_with(&bytes, key, witnesses)
        .map_err(|error| bad(LogFaultKind::BadSignature, &path).because(error.to_string()))
}

fn check_manifest(files: &dyn CopyFiles, key: &VerifierKey) -> Result<CopyManifest, CopyFault> {
    let manifest = text(files, MANIFEST, MANIFEST_BYTES_MAX)?;
    let signature = text(files, MANIFEST_SIGNATURE, 4_096)?;
    let unsigned =
        |error: crate::note::NoteError| bad(LogFaultKind::BadSignature, MANIFEST).because(error.to_string());
    let lines = parse_signature_lines(&signature).map_err(unsigned)?;
    verify_signatures(&format!("{MANIFEST_START}{manifest}"), &lines, key).map_err(unsigned)?;
    serde_json::from_str(&manifest)
        .map_err(|error| bad(LogFaultKind::Flipped, MANIFEST).because(error.to_string()))
}

/// The older checkpoints, each with the proof that the log continues it.
fn check_kept(
    files: &dyn CopyFiles,
    key: &VerifierKey,
    witnesses: &[CosignerKey],
    size: u64,
    vouched: &mut Vouched,
) -> Result<Vec<u64>, CopyFault> {
    let mut continues = Vec::new();
    for name in files.names() {
        let Some(stem) = name.strip_prefix(KEPT).and_then(|name| name.strip_suffix(".checkpoint")) else {
            continue;
        };
        let older = text(files, &name, REQUEST_BYTES_MAX)?;
        let older = SignedCheckpoint::open_with(older.as_bytes(), key, witnesses)
            .map_err(|error| bad(LogFaultKind::BadSignature, &name).because(error.to_string()))?;
        let proof_name = format!("{KEPT}{stem}.consistency");
        let proof = text(files, &proof_name, REQUEST_BYTES_MAX)?;
        let forked = |detail: String| {
            let from = LogFault::new(LogFaultKind::Forked, 0, &proof_name);
            from.span(older.checkpoint.size).because(detail)
        };
        let proof = AddCheckpoint::parse(proof.as_bytes()).map_err(|error| forked(error.to_string()))?;
        let newer = proof.continues(&older.checkpoint, key).map_err(|refusal| forked(refusal.to_string()))?;
        if newer.checkpoint.size != size {
            return Err(forked("the proof does not lead to the copy's checkpoint".to_owned()));
        }
        continues.push(older.checkpoint.size);
        vouched.add(older);
    }
    continues.sort_unstable();
    Ok(continues)
}

fn check_proofs(
    files: &dyn CopyFiles,
    key: &VerifierKey,
    witnesses: &[CosignerKey],
) -> Result<u64, CopyFault> {
    let mut proofs = 0;
    for name in files.names().into_iter().filter(|name| name.starts_with(PROOFS)) {
        let bytes = whole(files, &name, PROOF_BYTES_MAX)?.unwrap_or_default();
        let wrong = |error: crate::proof::TlogProofError| {
            bad(LogFaultKind::Flipped, &name).because(error.to_string())
        };
        TlogProof::parse(&bytes).map_err(wrong)?.verify_with(key, witnesses).map_err(wrong)?;
        proofs += 1;
    }
    Ok(proofs)
}

/// Every file against the signed list, and no file beside it.
fn check_files(files: &dyn CopyFiles, manifest: &CopyManifest) -> Result<(), CopyFault> {
    let mut known: BTreeSet<&str> = [MANIFEST, MANIFEST_SIGNATURE].into();
    for listed in &manifest.files {
        known.insert(&listed.name);
        let file = files.open(&listed.name)?.ok_or_else(|| bad(LogFaultKind::Missing, &listed.name))?;
        let mut hasher = Hasher { hash: Sha256::new(), bytes: 0 };
        std::io::copy(&mut file.take(listed.bytes.saturating_add(1)), &mut hasher)
            .map_err(|error| Unreadable { path: listed.name.clone(), reason: error.to_string() })?;
        if hasher.bytes != listed.bytes || Hash(hasher.hash.finalize().into()) != listed.sha256 {
            return Err(bad(LogFaultKind::Flipped, &listed.name));
        }
    }
    match files.names().iter().find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(bad(LogFaultKind::Extra, name)),
        None => Ok(()),
    }
}

struct Hasher {
    hash: Sha256,
    bytes: u64,
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
