//! A copy verifies; and no row, file or byte of it can be changed without its index or file being named.

use std::collections::BTreeMap;
use std::io::Read;

use super::verify::Utc;
use super::*;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::entry::Entry;
use crate::excerpt::{tile_file, tiles_for};
use crate::fault::LogFaultKind;
use crate::hash::Hash;
use crate::note::NoteSigner;
use crate::proof::TlogProof;
use crate::source::Unreadable;
use crate::state::LogState;
use crate::witness::AddCheckpoint;

type Files = BTreeMap<String, Vec<u8>>;

impl CopyFiles for Files {
    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        Ok(self.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read>))
    }
}

const ORIGIN: &str = "log.example/a";
const SIZE: u64 = 700;

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[3; 32]).expect("signer")
}

/// Every third entry belongs to the project; entry 300 is a signature.
fn entry(index: u64) -> Entry {
    let at = 1_767_225_600_000_000 + i64::try_from(index).expect("small") * 1_000_000;
    let (action, object) = match index {
        300 => ("signature.approved", ("signature", "s-1")),
        _ => ("task.claimed", ("task", "t-9")),
    };
    let mut entry = Entry::new(at, &format!("u-{}", index % 5), action, object, "ok");
    entry.project = Some(if index.is_multiple_of(3) { "p-1" } else { "p-2" }.to_owned());
    entry.item = Some(format!("i-{}", index % 7));
    entry.content_hash = (index == 300).then(|| Hash::of(b"content"));
    entry
}

fn line(index: u64) -> EventLine {
    let said = entry(index);
    EventLine {
        index,
        entry: String::from_utf8(said.encode().expect("entry")).expect("text"),
        at: Utc(said.at_us).to_string(),
        name: Some("A. Person".to_owned()),
        actor: said.actor,
        action: said.action,
        object_kind: said.object_kind,
        object_id: said.object_id,
        item: said.item,
        outcome: said.outcome,
        reason: said.reason,
        details: Some(serde_json::json!({ "note": "seen" })),
    }
}

fn lines<T: serde::Serialize>(rows: &[T]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| format!("{}\n", serde_json::to_string(row).expect("JSON")).into_bytes())
        .collect()
}

/// The log at a size, and its checkpoint file.
fn log(size: u64) -> (Files, String, SignedCheckpoint) {
    let entries: Vec<_> = (0..size).map(|index| entry(index).encode().expect("entry")).collect();
    let batch = LogState::new().append(&entries).expect("append");
    let text = Checkpoint::new(ORIGIN, batch.size, batch.root).sign(&signer()).expect("sign");
    let opened = SignedCheckpoint::open(text.as_bytes(), signer().verifier()).expect("open");
    (batch.files.into_iter().map(|file| (file.path, file.bytes)).collect(), text, opened)
}

/// A copy of project `p-1` out of these rows, signed over whatever they are.
fn copy(rows: &[EventLine], signature: &SignatureLine) -> Files {
    let (log_files, checkpoint, opened) = log(SIZE);
    let wanted: Vec<u64> = (0..SIZE).filter(|index| index.is_multiple_of(3)).collect();
    let mut files = Files::new();
    for tile in tiles_for(wanted.iter().copied(), SIZE) {
        let path = tile_file(tile, SIZE);
        files.insert(format!("{LOG}{path}"), log_files[&path].clone());
    }
    files.insert(format!("{LOG}checkpoint"), checkpoint.clone().into_bytes());
    files.insert(LOG_KEY.into(), signer().verifier().to_string().into_bytes());
    files.insert(INDICES.into(), wanted.iter().flat_map(|i| format!("{i}\n").into_bytes()).collect());
    files.insert(EVENTS.into(), lines(rows));
    files.insert(SIGNATURES.into(), lines(std::slice::from_ref(signature)));
    files.insert(PAGE.into(), b"<!doctype html>".to_vec());
    let (_, older, _) = log(100);
    files.insert(format!("{KEPT}100.checkpoint"), older.into_bytes());
    let proof = AddCheckpoint::make(100, &opened, &checkpoint, (&log_files, SIZE)).expect("proof").to_text();
    files.insert(format!("{KEPT}100.consistency"), proof.into_bytes());
    let proven = entry(300).encode().expect("entry");
    let proof = TlogProof::make(300, &proven, &opened, &checkpoint, &log_files).expect("proof");
    files.insert(format!("{PROOFS}signature-s-1.tlog-proof"), proof.to_text().into_bytes());
    sign(&mut files, &opened);
    files
}

fn sign(files: &mut Files, opened: &SignedCheckpoint) {
    let listed = files.iter().map(|(name, bytes)| CopyFile {
        name: name.clone(),
        bytes: bytes.len() as u64,
        sha256: Hash::of(bytes),
    });
    let manifest = CopyManifest {
        scope: Scope::Project { id: "p-1".into(), name: "Chest".into() },
        made_at: Utc(1_767_300_000_000_000).to_string(),
        made_by: "u-1".into(),
        origin: ORIGIN.into(),
        size: SIZE,
        root: opened.checkpoint.root,
        events: 234,
        files: listed.collect(),
    };
    let text = serde_json::to_string(&manifest).expect("JSON");
    let signature = signer().signature_line(&format!("{MANIFEST_START}{text}"));
    files.insert(MANIFEST.into(), text.into_bytes());
    files.insert(MANIFEST_SIGNATURE.into(), signature.into_bytes());
}

fn rows() -> Vec<EventLine> {
    (0..SIZE).filter(|index| index.is_multiple_of(3)).map(line).collect()
}

fn signature() -> SignatureLine {
    SignatureLine {
        id: "s-1".into(),
        index: 300,
        actor: "u-0".into(),
        printed_name: "A. Person".into(),
        at: Utc(entry(300).at_us).to_string(),
        meaning: "approved".into(),
        item: "i-6".into(),
        read: "r-1".into(),
        content_hash: Hash::of(b"content").to_hex(),
        content_now: Some(Hash::of(b"content").to_hex()),
    }
}

fn check(files: &Files) -> Result<CopyReport, CopyFault> {
    verify_copy(files, Some(signer().verifier()), &[])
}

fn named(files: &Files) -> (LogFaultKind, Option<u64>) {
    let fault = check(files).expect_err("a fault");
    (fault.kind, fault.index)
}

#[test]
fn a_copy_is_sound_and_says_what_it_is() {
    let files = copy(&rows(), &signature());
    let report = check(&files).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!((report.events, report.signatures, report.proofs, report.size), (234, 1, 1, SIZE));
    assert_eq!((report.continues.as_slice(), report.is_key_expected), ([100].as_slice(), true));
    assert!(report.void_signatures.is_empty());
    assert!(!verify_copy(&files, None, &[]).expect("with its own key").is_key_expected);
    let stranger = NoteSigner::from_seed(ORIGIN, &[9; 32]).expect("signer");
    let fault = verify_copy(&files, Some(stranger.verifier()), &[]).expect_err("another key");
    assert_eq!(fault.kind, LogFaultKind::BadSignature);
}

#[test]
fn rows_that_somebody_changed_in_the_database_are_named_by_their_index() {
    let copied = |change: fn(&mut Vec<EventLine>)| {
        let mut rows = rows();
        change(&mut rows);
        named(&copy(&rows, &signature()))
    };
    let edited = copied(|rows| rows[50].entry = rows[50].entry.replace("u-0", "u-4"));
    assert_eq!(edited, (LogFaultKind::Flipped, Some(150)));
    assert_eq!(copied(|rows| rows[7].actor = "u-9".into()), (LogFaultKind::Flipped, Some(21)));
    assert_eq!(copied(|rows| rows[7].at.replace_range(0..4, "2025")), (LogFaultKind::Flipped, Some(21)));
    assert_eq!(copied(|rows| drop(rows.remove(101))), (LogFaultKind::Missing, Some(303)));
    assert_eq!(copied(|rows| rows.swap(20, 120)), (LogFaultKind::Reordered, Some(60)));
    assert_eq!(copied(|rows| rows.truncate(200)), (LogFaultKind::Truncated, Some(600)));
    assert_eq!(copied(|rows| rows.insert(9, line(28))), (LogFaultKind::Extra, Some(27)));
    assert_eq!(copied(|rows| rows.push(line(699))), (LogFaultKind::Extra, Some(700)));
    // The words of one event under the index of another.
    let moved = copied(|rows| rows[30] = EventLine { index: 90, ..line(93) });
    assert_eq!(moved, (LogFaultKind::Flipped, Some(90)));
}

#[test]
fn a_signature_cannot_be_transplanted_and_changed_content_makes_it_void() {
    let copied = |change: fn(&mut SignatureLine)| {
        let mut signature = signature();
        change(&mut signature);
        check(&copy(&rows(), &signature))
    };
    for change in [
        (|s| s.item = "i-0".into()) as fn(&mut SignatureLine),
        |s| s.actor = "u-1".into(),
        |s| s.meaning = "released".into(),
        |s| s.content_hash = Hash::of(b"other").to_hex(),
        |s| s.index = 303,
        |s| s.id = "s-2".into(),
    ] {
        let fault = copied(change).expect_err("transplanted");
        assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Flipped, SIGNATURES));
    }
    let changed = copied(|s| s.content_now = Some(Hash::of(b"one vertex further").to_hex()));
    assert_eq!(changed.expect("sound").void_signatures, ["s-1"]);
    assert_eq!(copied(|s| s.content_now = None).expect("sound").void_signatures, ["s-1"]);
    let mut without = copy(&rows(), &signature());
    without.insert(SIGNATURES.into(), Vec::new());
    assert_eq!(named(&without), (LogFaultKind::Missing, Some(300)));
}

#[test]
fn no_file_can_be_changed_added_or_taken_out_afterwards() {
    let good = copy(&rows(), &signature());
    for name in good.keys() {
        let mut without = good.clone();
        without.remove(name);
        assert!(check(&without).is_err(), "{name} taken out");
        let bytes = good[name].len();
        for at in (0..bytes).step_by((bytes / 40).max(1)) {
            let mut changed = good.clone();
            changed.get_mut(name).expect("file")[at] ^= 1;
            assert!(check(&changed).is_err(), "{name} byte {at}");
        }
    }
    let mut more = good.clone();
    more.insert("page.js".into(), b"alert()".to_vec());
    assert_eq!(check(&more).expect_err("added").path, "page.js");
}
