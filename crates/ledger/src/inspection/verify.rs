//! Checking an inspector's copy: first what names an index, then every byte.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::records::{CopyManifest, EventLine, LINE_BYTES_MAX, MANIFEST_BYTES_MAX, Scope, SignatureLine};
use super::{
    EVENTS, INDICES, KEPT, LOG, LOG_KEY, MANIFEST, MANIFEST_SIGNATURE, MANIFEST_START, PROOFS, SIGNATURES,
};
use crate::checkpoint::{SignedCheckpoint, parse_decimal};
use crate::cosignature::{Cosigned, CosignerKey};
use crate::entry::Entry;
use crate::excerpt::Excerpt;
use crate::fault::{LogFault, LogFaultKind};
use crate::hash::{Hash, leaf_hash};
use crate::note::{VerifierKey, parse_signature_lines, verify_signatures};
use crate::proof::{PROOF_BYTES_MAX, TlogProof};
use crate::source::{LogSource, Unreadable};
use crate::tiles::{BUNDLE_BYTES_MAX, CHECKPOINT_PATH};
use crate::witness::{AddCheckpoint, REQUEST_BYTES_MAX};

/// The files of a copy, wherever they lie.
pub trait CopyFiles {
    /// The names of all files.
    fn names(&self) -> Vec<String>;

    /// A file from its beginning; `None` when it is not there.
    ///
    /// # Errors
    /// [`Unreadable`] when the storage fails.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable>;
}

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
    /// Signatures whose content has changed since, or was erased.
    pub void_signatures: Vec<String>,
    /// Proofs in it, each of which stands alone.
    pub proofs: u64,
    /// Sizes of the older checkpoints that the log was shown to continue.
    pub continues: Vec<u64>,
    /// Cosignatures of the witnesses whose keys were given.
    pub cosignatures: Vec<Cosigned>,
    /// Signature lines by keys that were not given.
    pub other_signatures: usize,
    /// The key that signed.
    pub key: String,
    /// Whether the key was given, not taken from the copy.
    pub is_key_expected: bool,
}

/// Checks a copy. Without a key the copy's own is taken, and the report says so.
///
/// # Errors
/// [`CopyFault`] naming the first bad index, or the file.
pub fn verify_copy(
    files: &dyn CopyFiles,
    key: Option<&VerifierKey>,
    witnesses: &[CosignerKey],
) -> Result<CopyReport, CopyFault> {
    let is_key_expected = key.is_some();
    let own = VerifierKey::parse(&text(files, LOG_KEY, 1_024)?).ok();
    let key = key.or(own.as_ref()).ok_or_else(|| bad(LogFaultKind::BadSignature, LOG_KEY))?.clone();
    let log = Log { files };
    let opened = open_checkpoint(&log, &key, witnesses)?;
    let head = &opened.checkpoint;
    let mut excerpt = Excerpt::open(&log, head).map_err(inside)?;
    let walk = EventWalk::new(files, &mut excerpt)?;
    let (events, signing) = walk.run()?;
    let (signatures, void_signatures) = check_signatures(files, &signing)?;
    let manifest = check_manifest(files, &key)?;
    if (manifest.size, manifest.root, manifest.events) != (head.size, head.root, events) {
        return Err(bad(LogFaultKind::SizeMismatch, MANIFEST));
    }
    let continues = check_kept(files, &key, head.size)?;
    let proofs = check_proofs(files, &key, witnesses)?;
    check_files(files, &manifest)?;
    Ok(CopyReport {
        scope: manifest.scope,
        made_at: manifest.made_at,
        origin: head.origin.clone(),
        size: head.size,
        root: head.root,
        events,
        signatures,
        void_signatures,
        proofs,
        continues,
        is_key_expected,
        cosignatures: opened.cosignatures,
        other_signatures: opened.other_signatures,
        key: key.to_string(),
    })
}

fn bad(kind: LogFaultKind, path: &str) -> CopyFault {
    LogFault::without_index(kind, path)
}

/// A fault of the log, with the path that its file has in the copy.
fn inside(mut fault: LogFault) -> LogFault {
    fault.path = format!("{LOG}{}", fault.path);
    fault
}

/// The log's folder within the copy.
struct Log<'a> {
    files: &'a dyn CopyFiles,
}

impl LogSource for Log<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        whole(self.files, &format!("{LOG}{path}"), BUNDLE_BYTES_MAX)
    }
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

/// A whole file of limited size.
fn whole(files: &dyn CopyFiles, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Unreadable> {
    let Some(file) = files.open(name)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let unreadable = |reason: String| Unreadable { path: name.to_owned(), reason };
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > limit {
        return Err(unreadable(format!("more than {limit} bytes")));
    }
    Ok(Some(bytes))
}

fn text(files: &dyn CopyFiles, name: &str, limit: usize) -> Result<String, CopyFault> {
    let bytes = whole(files, name, limit)?.ok_or_else(|| bad(LogFaultKind::Missing, name))?;
    String::from_utf8(bytes).map_err(|_| bad(LogFaultKind::Flipped, name))
}

/// The lines of a file, each of limited length.
struct Lines<'a> {
    name: &'static str,
    reader: std::io::BufReader<Box<dyn Read + 'a>>,
}

impl<'a> Lines<'a> {
    fn open(files: &'a dyn CopyFiles, name: &'static str) -> Result<Self, CopyFault> {
        let file = files.open(name)?.ok_or_else(|| bad(LogFaultKind::Missing, name))?;
        Ok(Self { name, reader: std::io::BufReader::new(file) })
    }

    /// The next line without its end; `None` at the end of the file. A last line without an end is cut off.
    fn next(&mut self) -> Result<Option<Vec<u8>>, CopyFault> {
        let mut line = Vec::new();
        let limited = (&mut self.reader).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line);
        limited.map_err(|error| Unreadable { path: self.name.to_owned(), reason: error.to_string() })?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(bad(LogFaultKind::Truncated, self.name)),
        }
    }
}

/// What the log says of a signature.
struct Signing {
    id: String,
    actor: String,
    action: String,
    item: Option<String>,
    content_hash: Option<Hash>,
    at_us: i64,
}

/// Goes through the events and holds each against its leaf.
struct EventWalk<'a, 'e> {
    indices: Vec<u64>,
    lines: Lines<'a>,
    excerpt: &'e mut Excerpt<&'e Log<'a>>,
    signing: BTreeMap<u64, Signing>,
}

impl<'a, 'e> EventWalk<'a, 'e> {
    fn new(files: &'a dyn CopyFiles, excerpt: &'e mut Excerpt<&'e Log<'a>>) -> Result<Self, CopyFault> {
        let mut lines = Lines::open(files, INDICES)?;
        let mut indices: Vec<u64> = Vec::new();
        while let Some(line) = lines.next()? {
            let index = core::str::from_utf8(&line).ok().and_then(parse_decimal);
            let index = index.filter(|index| indices.last().is_none_or(|last| last < index));
            indices.push(index.ok_or_else(|| bad(LogFaultKind::Flipped, INDICES))?);
        }
        Ok(Self { indices, lines: Lines::open(files, EVENTS)?, excerpt, signing: BTreeMap::new() })
    }

    fn run(mut self) -> Result<(u64, BTreeMap<u64, Signing>), CopyFault> {
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
        match self.lines.next()? {
            None => Ok((self.indices.len() as u64, self.signing)),
            Some(_) => Err(fault(LogFaultKind::Extra, self.indices.last().map_or(0, |last| last + 1))),
        }
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
        if entry.object_kind == "signature" {
            let Entry { actor, action, object_id: id, item, content_hash, at_us, .. } = entry;
            self.signing.insert(line.index, Signing { id, actor, action, item, content_hash, at_us });
        }
        Ok(())
    }
}

/// Holds each signature against its entry: a signature that was copied to other content, or another person, has none.
fn check_signatures(
    files: &dyn CopyFiles,
    signing: &BTreeMap<u64, Signing>,
) -> Result<(u64, Vec<String>), CopyFault> {
    let mut lines = Lines::open(files, SIGNATURES)?;
    let (mut seen, mut void) = (BTreeSet::new(), Vec::new());
    while let Some(line) = lines.next()? {
        let Ok(line) = serde_json::from_slice::<SignatureLine>(&line) else {
            return Err(
                bad(LogFaultKind::Flipped, SIGNATURES).because("not a line of a signature".to_owned())
            );
        };
        let fault = |detail: &str| {
            LogFault::new(LogFaultKind::Flipped, line.index, SIGNATURES).because(detail.to_owned())
        };
        let entry = signing.get(&line.index).ok_or_else(|| fault("the log holds no signature there"))?;
        let fields = [
            ("id", entry.id == line.id),
            ("actor", entry.actor == line.actor),
            ("meaning", entry.action == format!("signature.{}", line.meaning)),
            ("item", entry.item.as_ref() == Some(&line.item)),
            ("content_hash", entry.content_hash == Hash::from_hex(&line.content_hash)),
            ("at", Utc(entry.at_us).to_string() == line.at),
        ];
        if let Some((field, _)) = fields.iter().find(|(_, agrees)| !agrees) {
            return Err(fault(&format!("{field} does not say what the entry says")));
        }
        if !seen.insert(line.index) {
            return Err(fault("the signature stands there twice"));
        }
        if line.content_now.as_ref() != Some(&line.content_hash) {
            void.push(line.id);
        }
    }
    if let Some(index) = signing.keys().find(|index| !seen.contains(index)) {
        return Err(LogFault::new(LogFaultKind::Missing, *index, SIGNATURES));
    }
    Ok((seen.len() as u64, void))
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
fn check_kept(files: &dyn CopyFiles, key: &VerifierKey, size: u64) -> Result<Vec<u64>, CopyFault> {
    let mut continues = Vec::new();
    for name in files.names() {
        let Some(stem) = name.strip_prefix(KEPT).and_then(|name| name.strip_suffix(".checkpoint")) else {
            continue;
        };
        let older = text(files, &name, REQUEST_BYTES_MAX)?;
        let older = SignedCheckpoint::open(older.as_bytes(), key)
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

/// Microseconds since 1970 as RFC 3339 with six digits: the spelling of the whole product.
pub(super) struct Utc(pub i64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Civil date from days: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let z = days + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month_index = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}
