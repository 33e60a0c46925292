//! The offline check of a release package: structure, signature, log proof, every file, every record.

use core::ops::Range;
use std::io::{Read, Seek};

use serde::Serialize;

use super::fault::{ReleaseFault, ReleaseFaultKind as Kind};
use super::layout::Member;
use super::let_go::LetGo;
use super::lines::{Line, Lines};
use super::package::{Measured, Package};
use super::records::{
    CERTIFICATE_BYTES_MAX, Certificate, FILE_LINE_BYTES_MAX, FileLine, RECORD_BYTES_MAX, Record, release_root,
};
use super::{CHUNK_BYTES, FILES, FOOT, HEAD, MANIFEST, structure};
use crate::entry::Entry;
use crate::frontier::Frontier;
use crate::hash::{Hash, leaf_hash};
use crate::note::{KEY_NAME_BYTES_MAX, VerifierKey, parse_signature_lines, verify_signatures};
use crate::proof::{PROOF_BYTES_MAX, ProvenEntry, TlogProof};

/// Largest key or signature file, in bytes.
const LINE_FILE_BYTES_MAX: usize = KEY_NAME_BYTES_MAX + 256;

/// What a sound package was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseReport {
    /// The certificate, whose signature holds.
    pub certificate: Certificate,
    /// The release event, which is in the log.
    pub event: Entry,
    /// The key that signed, as `name+hash+base64`.
    pub key: String,
    /// The key was compared with one that the caller had. Without that, the package only agrees with itself.
    pub is_key_expected: bool,
    /// Signature lines of witnesses under the log's checkpoint; counted, not verified.
    pub other_signatures: usize,
    /// Items for which all signatures are by one and the same actor: drawn by somebody and checked by nobody else.
    pub one_actor_items: u64,
    /// Bytes of the package.
    pub bytes: u64,
}

/// Checks a package without a network or a server: the container's structure, checksums, certificate and signature,
/// the proof that the release is in the log, each file against the certified list, each record.
///
/// Give the key that the issuer published as `expected`; without it the package's own key is used, and the report
/// says so.
///
/// # Errors
/// [`ReleaseFault`] naming the first bad file and byte range.
pub fn verify_release<R: Read + Seek>(
    reader: R,
    expected: Option<&VerifierKey>,
) -> Result<ReleaseReport, ReleaseFault> {
    verify_release_with(reader, expected, &mut |_| {})
}

/// As [`verify_release`]; `visit` gets every record in order. What it got counts only if the whole check succeeds.
///
/// # Errors
/// As [`verify_release`].
pub fn verify_release_with<R: Read + Seek>(
    reader: R,
    expected: Option<&VerifierKey>,
    visit: &mut dyn FnMut(&Record),
) -> Result<ReleaseReport, ReleaseFault> {
    let mut package = Package::open(reader)?;
    let members = structure::scan(&mut package)?;
    let (listed, foot) = split(&members)?;
    let evidence = Evidence::read(&mut package, foot, expected)?;
    check_list(&mut package, &foot[0], listed, &evidence.certificate)?;
    check_files(&mut package, &foot[0], listed)?;
    let mut one_actor_items = 0;
    let mut let_go = LetGo::by(&evidence.certificate.statement.signatories);
    check_records(&mut package, &listed[1], &evidence.certificate, &mut |record| {
        let mut actors = record.authors.iter().map(|a| &a.actor);
        let first = actors.next();
        one_actor_items += u64::from(actors.all(|a| Some(a) == first));
        let_go.see(record);
        visit(record);
    })?;
    let_go.check()?;
    Ok(ReleaseReport {
        certificate: evidence.certificate,
        event: evidence.event,
        key: evidence.key.to_string(),
        is_key_expected: expected.is_some(),
        other_signatures: evidence.other_signatures,
        one_actor_items,
        bytes: package.len,
    })
}

/// A whole member of a package by its name; `None` where there is none. Says nothing about whether the package holds:
/// that is [`verify_release`]'s.
///
/// # Errors
/// [`ReleaseFault`] of the container, and when the member is larger than `limit` bytes.
pub fn release_member<R: Read + Seek>(
    reader: R,
    name: &str,
    limit: usize,
) -> Result<Option<Vec<u8>>, ReleaseFault> {
    let mut package = Package::open(reader)?;
    let members = structure::scan(&mut package)?;
    let found = members.iter().find(|member| member.name == name);
    found.map(|member| package.small(member, limit)).transpose()
}

/// Splits the members into those that the list covers and the five at the end, checking the fixed places.
fn split(members: &[Member]) -> Result<(&[Member], &[Member]), ReleaseFault> {
    let fault = |kind, name: &str| {
        Err(ReleaseFault::new(kind, "every package has this file, and in a fixed place").file(name))
    };
    if let Some(name) = HEAD.iter().chain(&FOOT).find(|name| !members.iter().any(|m| m.name == **name)) {
        return fault(Kind::Missing, name);
    }
    let (listed, foot) = members.split_at(members.len().saturating_sub(FOOT.len()));
    for (part, names) in [(listed, HEAD.as_slice()), (foot, FOOT.as_slice())] {
        for (position, name) in names.iter().enumerate() {
            if part.get(position).is_none_or(|m| m.name != *name) {
                return fault(Kind::Reordered, name);
            }
        }
    }
    Ok((listed, foot))
}

/// The signed parts at the end of the package, verified.
struct Evidence {
    certificate: Certificate,
    event: Entry,
    key: VerifierKey,
    other_signatures: usize,
}

impl Evidence {
    fn read<R: Read + Seek>(
        package: &mut Package<R>,
        foot: &[Member],
        expected: Option<&VerifierKey>,
    ) -> Result<Self, ReleaseFault> {
        let certificate_text = sound_text(package, &foot[1], CERTIFICATE_BYTES_MAX)?;
        let signature_text = sound_text(package, &foot[2], LINE_FILE_BYTES_MAX)?;
        let proof_text = sound_text(package, &foot[3], PROOF_BYTES_MAX)?;
        let key_text = sound_text(package, &foot[4], LINE_FILE_BYTES_MAX)?;
        let whole = |position: usize, kind, detail: String| {
            let member = &foot[position];
            ReleaseFault::new(kind, detail).file(&member.name).in_member(member.data(), 0..member.size)
        };
        let key = VerifierKey::parse(&key_text).map_err(|e| whole(4, Kind::Malformed, e.to_string()))?;
        if expected.is_some_and(|e| *e != key) {
            return Err(whole(4, Kind::WrongKey, format!("signed by {key}")));
        }
        let signatures = parse_signature_lines(&signature_text)
            .map_err(|e| whole(2, Kind::Malformed, e.to_string()))
            .and_then(
                |s| if s.len() == 1 { Ok(s) } else { Err(whole(2, Kind::Malformed, "one line".into())) },
            )?;
        verify_signatures(&certificate_text, &signatures, &key)
            .map_err(|e| whole(1, Kind::BadSignature, e.to_string()))?;
        let certificate = Certificate::parse(&certificate_text)
            .ok_or_else(|| whole(1, Kind::Malformed, "not a release certificate".into()))?;
        let totals = (&certificate.files, &certificate.records);
        if release_root((totals.0.root, totals.0.count), (totals.1.root, totals.1.count)) != certificate.root
        {
            return Err(whole(1, Kind::NotCertified, "the root is not that of files and records".into()));
        }
        if Hash::of(key_text.as_bytes()) != certificate.log.key_sha256 {
            return Err(whole(4, Kind::Altered, "not the certified key file".into()));
        }
        if Hash::of(proof_text.as_bytes()) != certificate.log.proof_sha256 {
            return Err(whole(3, Kind::Altered, "not the certified proof".into()));
        }
        let proven = TlogProof::parse(proof_text.as_bytes())
            .and_then(|p| p.verify(&key))
            .map_err(|e| whole(3, Kind::BadProof, e.to_string()))?;
        let event = check_event(&proven, certificate.root, &certificate.statement.project_id)
            .map_err(|e| whole(3, Kind::BadProof, e))?;
        let head = &proven.checkpoint.checkpoint;
        let place = &certificate.log;
        if (place.index, place.size, place.root) != (proven.index, head.size, head.root) {
            return Err(whole(3, Kind::BadProof, "not the place in the log that is certified".into()));
        }
        Ok(Self { certificate, event, key, other_signatures: proven.checkpoint.other_signatures })
    }
}

/// Checks that a proven entry is the event of releasing this root.
pub(super) fn check_event(proven: &ProvenEntry, root: Hash, project_id: &str) -> Result<Entry, String> {
    let event = Entry::decode(&proven.entry).map_err(|e| e.to_string())?;
    if event.content_hash != Some(root) {
        return Err("the event is about other content".to_owned());
    }
    if !event.action.starts_with("release") || event.outcome != "ok" {
        return Err(format!("the event is {} with outcome {}", event.action, event.outcome));
    }
    if event.project.as_ref().is_some_and(|p| p != project_id) {
        return Err("the event is of another project".to_owned());
    }
    Ok(event)
}

/// A small text member whose checksum fits.
fn sound_text<R: Read + Seek>(
    package: &mut Package<R>,
    member: &Member,
    limit: usize,
) -> Result<String, ReleaseFault> {
    let bytes = package.small(member, limit)?;
    let fault = |kind, detail: &str| {
        ReleaseFault::new(kind, detail).file(&member.name).in_member(member.data(), 0..member.size)
    };
    if crc32fast::hash(&bytes) != member.crc {
        return Err(fault(Kind::Altered, "the bytes do not fit their checksum"));
    }
    String::from_utf8(bytes).map_err(|_| fault(Kind::Malformed, "not UTF-8"))
}

/// Checks that the file list is the certified one. Where it is not, the first line that does not describe its file is
/// named.
fn check_list<R: Read + Seek>(
    package: &mut Package<R>,
    list: &Member,
    listed: &[Member],
    certificate: &Certificate,
) -> Result<(), ReleaseFault> {
    let mut crc = crc32fast::Hasher::new();
    let mut tree = Frontier::new();
    let mut bytes = 0u64;
    let mut lines = Lines::of(list, FILE_LINE_BYTES_MAX);
    let mut unreadable = None;
    loop {
        match lines.next(package) {
            Ok(Some(line)) => {
                tree.append(leaf_hash(&line.bytes));
                crc.update(&line.bytes);
                crc.update(b"\n");
                bytes = bytes.saturating_add(FileLine::decode(&line.bytes).map_or(0, |f| f.size));
            }
            Ok(None) => break,
            Err(fault) => {
                unreadable = Some(fault);
                break;
            }
        }
    }
    let totals = &certificate.files;
    let is_certified = (tree.size(), tree.root(), bytes) == (totals.count, totals.root, totals.bytes);
    if unreadable.is_none() && is_certified && crc.finalize() == list.crc {
        return Ok(());
    }
    let mut lines = Lines::of(list, FILE_LINE_BYTES_MAX);
    let mut at = 0;
    for member in listed {
        let expected = package.measure(member)?.line.encode();
        let found = match lines.next(package) {
            Ok(found) => found,
            Err(fault) if fault.kind == Kind::Unreadable => return Err(fault),
            Err(_) => None,
        };
        let range = found.as_ref().map_or(at..list.size, |l| l.range.clone());
        if found.is_none_or(|l| l.bytes != expected) {
            return Err(ReleaseFault::new(
                Kind::Altered,
                "not the certified list; this line does not describe its file",
            )
            .file(FILES)
            .in_member(list.data(), range));
        }
        at = range.end;
    }
    let (kind, range) =
        if at < list.size { (Kind::Altered, at..list.size) } else { (Kind::NotCertified, 0..list.size) };
    Err(ReleaseFault::new(kind, "not the certified list").file(FILES).in_member(list.data(), range))
}

/// Checks every file against its line of the certified list.
fn check_files<R: Read + Seek>(
    package: &mut Package<R>,
    list: &Member,
    listed: &[Member],
) -> Result<(), ReleaseFault> {
    let mut lines = Lines::of(list, FILE_LINE_BYTES_MAX);
    for (number, member) in listed.iter().enumerate() {
        let Some(line) = lines.next(package)? else {
            return Err(ReleaseFault::new(Kind::Extra, "not in the certified list")
                .file(&member.name)
                .in_package(member.offset..member.end()));
        };
        let file = decode_line(list, &line)?;
        if file.name != member.name {
            return Err(misplaced(package, listed, number, &file, &mut lines)?);
        }
        let measured = package.measure(member)?;
        if measured.line != file || measured.crc != member.crc {
            return Err(data_fault(member, &file, &measured));
        }
    }
    match lines.next(package)? {
        Some(line) => Err(ReleaseFault::new(Kind::Missing, "in the certified list and not in the package")
            .file(&decode_line(list, &line)?.name)),
        None => Ok(()),
    }
}

fn decode_line(list: &Member, line: &Line) -> Result<FileLine, ReleaseFault> {
    FileLine::decode(&line.bytes).ok_or_else(|| {
        ReleaseFault::new(Kind::Malformed, "not a line of a file list")
            .file(FILES)
            .in_member(list.data(), line.range.clone())
    })
}

/// The file in place `number` is not the one that the list has there.
fn misplaced<R: Read + Seek>(
    package: &mut Package<R>,
    listed: &[Member],
    number: usize,
    file: &FileLine,
    lines: &mut Lines,
) -> Result<ReleaseFault, ReleaseFault> {
    let member = &listed[number];
    let here = member.offset..member.end();
    if !listed.iter().any(|m| m.name == file.name) {
        return Ok(
            ReleaseFault::new(Kind::Missing, "in the certified list and not in the package").file(&file.name)
        );
    }
    while let Some(line) = lines.next(package)? {
        if FileLine::decode(&line.bytes).is_some_and(|f| f.name == member.name) {
            return Ok(ReleaseFault::new(Kind::Reordered, format!("expected {} here", file.name))
                .file(&member.name)
                .in_package(here));
        }
    }
    Ok(ReleaseFault::new(Kind::Extra, "not in the certified list").file(&member.name).in_package(here))
}

/// Names the first chunk in which a file differs from its line.
fn data_fault(member: &Member, file: &FileLine, measured: &Measured) -> ReleaseFault {
    let found = &measured.line;
    let whole = core::slice::from_ref(&found.sha256);
    let expected_whole = core::slice::from_ref(&file.sha256);
    let (have, want) = match (found.chunks.is_empty(), file.chunks.is_empty()) {
        (true, true) => (whole, expected_whole),
        (true, false) => (whole, file.chunks.as_slice()),
        (false, true) => (found.chunks.as_slice(), expected_whole),
        (false, false) => (found.chunks.as_slice(), file.chunks.as_slice()),
    };
    let same = have.iter().zip(want).take_while(|(a, b)| a == b).count() as u64;
    let start = (same * CHUNK_BYTES as u64).min(member.size);
    let range = start..(start + CHUNK_BYTES as u64).min(member.size);
    let (kind, detail) = match member.size.cmp(&file.size) {
        core::cmp::Ordering::Less => (Kind::Truncated, "shorter than certified"),
        core::cmp::Ordering::Greater => (Kind::Extra, "longer than certified"),
        core::cmp::Ordering::Equal => (Kind::Altered, "not the certified bytes"),
    };
    ReleaseFault::new(kind, detail).file(&member.name).in_member(member.data(), range)
}

/// Checks that each line of the manifest is a sound record and that together they are the certified ones.
fn check_records<R: Read + Seek>(
    package: &mut Package<R>,
    manifest: &Member,
    certificate: &Certificate,
    visit: &mut dyn FnMut(&Record),
) -> Result<(), ReleaseFault> {
    let mut lines = Lines::of(manifest, RECORD_BYTES_MAX);
    let mut tree = Frontier::new();
    let fault = |kind, detail: String, range: Range<u64>| {
        ReleaseFault::new(kind, detail).file(MANIFEST).in_member(manifest.data(), range)
    };
    while let Some(line) = lines.next(package)? {
        let record = Record::decode(&line.bytes)
            .map_err(|e| fault(Kind::BadRecord, e.to_string(), line.range.clone()))?;
        visit(&record);
        tree.append(leaf_hash(&line.bytes));
    }
    if (tree.size(), tree.root()) != (certificate.records.count, certificate.records.root) {
        return Err(fault(Kind::NotCertified, "not the certified records".to_owned(), 0..manifest.size));
    }
    Ok(())
}
