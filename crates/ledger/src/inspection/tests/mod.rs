//! A copy verifies; and no row, file or byte of it can be changed without its index or file being named.

mod words;

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json, value::RawValue};

use super::utc::Utc;
use super::*;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::Cosigner;
use crate::entry::{Entry, Opening, opening_key};
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

fn witness() -> Cosigner {
    Cosigner::from_seed("witness.example/w", &[5; 32]).expect("cosigner")
}

/// The content of the read that is submitted at 297: two marks.
fn marks() -> Vec<Value> {
    let author = json!({ "kind": "human", "user": "u-0" });
    [("m-1", 2), ("m-2", 1)]
        .map(|(id, version)| json!({ "id": id, "version": version, "class": "car", "author": author }))
        .into()
}

/// A hash over marks in any order that knows three fields of them.
fn hash_of(marks: &[Value]) -> Result<Hash, String> {
    let mut texts: Vec<_> = marks.iter().map(Value::to_string).collect();
    texts.sort();
    if texts.iter().any(|text| text.contains("unhashed")) {
        return Err("holds what no content hash is over".to_owned());
    }
    Ok(Hash::of(texts.concat().as_bytes()))
}

/// What the entry of an even index commits to.
fn details(index: u64) -> Option<String> {
    match index {
        100 | 300 => Some(r#"{"printed_name":"A. Person"}"#.to_owned()),
        294 => Some(r#"{"comment":"look again"}"#.to_owned()),
        330 => Some(r#"{"name":"v1","items":2}"#.to_owned()),
        // As comparisons were kept when what they merged had no entry.
        390 => None,
        // A number that not every reader gives back as it was written.
        _ => index.is_multiple_of(2).then(|| r#"{ "note": "seen", "share": 1.10 }"#.to_owned()),
    }
}

fn opening(index: u64) -> Opening {
    let mut event = [0; 16];
    event[8..].copy_from_slice(&index.to_be_bytes());
    Opening::new(opening_key(&[4; 32], &event), &[index as u8; 16])
}

/// Every third entry belongs to the project. The first hundred of them cannot be opened, as in an older log.
fn entry(index: u64) -> Entry {
    let at = 1_767_225_600_000_000 + i64::try_from(index).expect("small") * 1_000_000;
    let (action, object, content) = match index {
        100 => ("user.made", ("user", "u-0"), None),
        294 => ("review.reject", ("read", "r-9"), Some(Hash::of(b"looked through"))),
        297 => ("read.submitted", ("read", "r-1"), hash_of(&marks()).ok()),
        300 => ("signature.approved", ("signature", "s-1"), hash_of(&marks()).ok()),
        330 => ("release.started", ("release", "v-1"), None),
        333 => ("release.made", ("release", "v-1"), Some(Hash::of(b"root"))),
        390 => ("reads.compared", ("item", "i-2"), None),
        396 => ("reads.compared", ("item", "i-3"), None),
        393 => ("item.erased", ("item", "i-5"), None),
        _ => ("task.claimed", ("task", "t-9"), None),
    };
    let mut entry = Entry::new(at, &format!("u-{}", index % 5), action, object, "ok");
    entry.project = Some(if index.is_multiple_of(3) { "p-1" } else { "p-2" }.to_owned());
    entry.item = match index {
        294 | 297 => Some("i-6".to_owned()),
        390 => Some("i-2".to_owned()),
        396 => Some("i-3".to_owned()),
        393 => Some("i-5".to_owned()),
        _ => Some(format!("i-{}", index % 7)),
    };
    entry.content_hash = content;
    entry.reason = (index == 294).then(|| "wrong_class".to_owned());
    if let Some(details) = details(index) {
        let (key, salt) = (opening(index).key.0, [index as u8; 16]);
        match index {
            0..100 => entry.commit = Some(Hash(crate::commitment(&[4; 32], &salt, details.as_bytes()))),
            _ => entry.commit_openably(&key, &salt, details.as_bytes()),
        }
    }
    entry
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

fn line(index: u64) -> EventLine {
    let said = entry(index);
    // What item 5 was about is gone.
    let details = details(index).filter(|_| said.item.as_deref() != Some("i-5") || index < 100);
    EventLine {
        index,
        entry: String::from_utf8(said.encode().expect("entry")).expect("text"),
        at: Utc(said.at_us).to_string(),
        name: Some("A. Person".to_owned()),
        opening: details.is_some().then(|| opening(index)).filter(|_| index >= 100),
        details: details.as_deref().map(raw),
        withheld: false,
        actor: said.actor,
        action: said.action,
        object_kind: said.object_kind,
        object_id: said.object_id,
        item: said.item,
        outcome: said.outcome,
        reason: said.reason,
    }
}

fn person() -> PersonLine {
    PersonLine {
        user: "u-0".into(),
        name: "A. Person".into(),
        index: 100,
        entry: line(100).entry,
        details: raw(&details(100).expect("details")),
        opening: opening(100),
    }
}

fn label(version: i64, what: Option<Value>, mark: &str) -> LabelLine {
    LabelLine {
        item: "i-6".into(),
        read: "r-1".into(),
        index: Some(297),
        mark: mark.into(),
        version,
        at: Utc(entry(290).at_us).to_string(),
        bound_at: Some(Utc(entry(297).at_us).to_string()),
        actor: Some("u-0".into()),
        who: "A. Person".into(),
        what,
        why: vec![Why {
            index: 294,
            action: "review.reject".into(),
            reason: Some("wrong_class".into()),
            words: Some("look again".into()),
        }],
    }
}

/// Marks of the read, one of which was drawn twice, and a merged read of before such reads had entries.
fn labels() -> Vec<LabelLine> {
    let [first, second] = <[Value; 2]>::try_from(marks()).expect("two");
    let mut drawn_before = first.clone();
    drawn_before["version"] = json!(1);
    let merged = json!({ "id": "m-9", "version": 1, "author": { "kind": "rule", "rule": "mean" } });
    vec![
        LabelLine {
            item: "i-2".into(),
            read: "r-0".into(),
            index: None,
            bound_at: None,
            actor: None,
            who: "Merged: mean".into(),
            why: Vec::new(),
            ..label(1, Some(merged), "m-9")
        },
        label(1, Some(drawn_before), "m-1"),
        label(2, Some(first), "m-1"),
        label(1, Some(second), "m-2"),
    ]
}

fn release() -> ReleaseLine {
    ReleaseLine {
        id: "v-1".into(),
        index: 333,
        name: "v1".into(),
        state: "done".into(),
        root: Some(Hash::of(b"root").to_hex()),
        items: 2,
        at: Utc(entry(330).at_us).to_string(),
        begun_by: Some("A. Person".into()),
        countersigned_by: None,
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
    Parts { rows: rows.to_vec(), signature: signature.clone(), ..Parts::default() }.copy()
}

/// What a copy is made out of.
struct Parts {
    rows: Vec<EventLine>,
    signature: SignatureLine,
    labels: Vec<LabelLine>,
    people: Vec<PersonLine>,
    release: ReleaseLine,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            rows: rows(),
            signature: signature(),
            labels: labels(),
            people: vec![person()],
            release: release(),
        }
    }
}

impl Parts {
    fn copy(&self) -> Files {
        written(self)
    }
}

fn written(parts: &Parts) -> Files {
    let (log_files, checkpoint, opened) = log(SIZE);
    let wanted: Vec<u64> = (0..SIZE).filter(|index| index.is_multiple_of(3)).collect();
    let mut files = Files::new();
    for tile in tiles_for(wanted.iter().copied().chain([100]), SIZE) {
        let path = tile_file(tile, SIZE);
        files.insert(format!("{LOG}{path}"), log_files[&path].clone());
    }
    files.insert(format!("{LOG}checkpoint"), checkpoint.clone().into_bytes());
    files.insert(LOG_KEY.into(), signer().verifier().to_string().into_bytes());
    files.insert(INDICES.into(), wanted.iter().flat_map(|i| format!("{i}\n").into_bytes()).collect());
    files.insert(EVENTS.into(), lines(&parts.rows));
    files.insert(PEOPLE.into(), lines(&parts.people));
    files.insert(LABELS.into(), lines(&parts.labels));
    files.insert(RELEASES.into(), lines(std::slice::from_ref(&parts.release)));
    files.insert(SIGNATURES.into(), lines(std::slice::from_ref(&parts.signature)));
    files.insert(PAGE.into(), b"<!doctype html>".to_vec());
    let (_, mut older, _) = log(100);
    let text = format!("{}\n", older.split("\n\n").next().expect("a text"));
    older.push_str(&witness().line(&text, 1_000));
    files.insert(format!("{KEPT}100.checkpoint"), older.into_bytes());
    let proof = AddCheckpoint::make(100, &opened, &checkpoint, (&log_files, SIZE)).expect("proof").to_text();
    files.insert(format!("{KEPT}100.consistency"), proof.into_bytes());
    let proven = entry(300).encode().expect("entry");
    let proof = TlogProof::make(300, &proven, &opened, &checkpoint, &log_files).expect("proof");
    files.insert(format!("{PROOFS}signature-s-1.tlog-proof"), proof.to_text().into_bytes());
    sign(&mut files, &opened, Scope::Project { id: "p-1".into(), name: "Chest".into() });
    files
}

fn sign(files: &mut Files, opened: &SignedCheckpoint, scope: Scope) {
    let listed = files.iter().map(|(name, bytes)| CopyFile {
        name: name.clone(),
        bytes: bytes.len() as u64,
        sha256: Hash::of(bytes),
    });
    let manifest = CopyManifest {
        scope,
        made_at: Utc(1_767_300_000_000_000).to_string(),
        made_by: "u-1".into(),
        origin: ORIGIN.into(),
        size: SIZE,
        root: opened.checkpoint.root,
        events: files[INDICES].iter().filter(|byte| **byte == b'\n').count() as u64,
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
        content_hash: hash_of(&marks()).expect("hash").to_hex(),
        content_now: None,
    }
}

fn check(files: &Files) -> Result<CopyReport, CopyFault> {
    verify_copy(files, known(Some(signer().verifier()), &[]))
}

fn known<'a>(key: Option<&'a crate::VerifierKey>, witnesses: &'a [crate::CosignerKey]) -> CopyKnown<'a> {
    CopyKnown { key, witnesses, content_hash: &hash_of }
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
    let proven = Proven {
        // Even multiples of three from 102 on, without the erased item's and the comparison of before.
        details: 100 - 13 - 1,
        details_of_before: 17,
        details_withheld: 0,
        details_erased: 13,
        people: 1,
        people_of_before: 4,
        printed_names: 1,
        printed_names_of_before: 0,
        reads: 1,
        marks: 2,
        versions_unbound: 1,
        reads_of_before: 1,
        reads_erased: 0,
    };
    assert_eq!(report.proven, proven);
    assert_eq!((report.releases, report.cosignatures.len()), (1, 0));
    assert_eq!((report.cosignatures.len(), report.other_signatures), (0, 1));
    assert!(!verify_copy(&files, known(None, &[])).expect("with its own key").is_key_expected);
    // A witness vouches for what it saw, not for what came after.
    let witnesses = [witness().public().clone()];
    let report = verify_copy(&files, known(Some(signer().verifier()), &witnesses))
        .unwrap_or_else(|fault| panic!("{fault}"));
    let vouched: Vec<_> =
        report.cosignatures.iter().map(|part| (part.size, part.cosigned.at_seconds)).collect();
    assert_eq!((vouched.as_slice(), report.other_signatures), ([(100, 1_000)].as_slice(), 0));
    let stranger = NoteSigner::from_seed(ORIGIN, &[9; 32]).expect("signer");
    let fault = verify_copy(&files, known(Some(stranger.verifier()), &[])).expect_err("another key");
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
fn a_signature_cannot_be_transplanted_nor_put_under_other_content() {
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
        |s| s.id = "s-2".into(),
        |s| s.printed_name = "B. Person".into(),
    ] {
        let fault = copied(change).expect_err("transplanted");
        assert_eq!((fault.kind, fault.path.as_str()), (LogFaultKind::Flipped, SIGNATURES));
    }
    let elsewhere = copied(|s| s.index = 303).expect_err("no signature there");
    assert_eq!((elsewhere.kind, elsewhere.index), (LogFaultKind::Missing, Some(300)));
    let other_read = copied(|s| s.read = "r-0".into()).expect_err("another read");
    assert_eq!((other_read.kind, other_read.index), (LogFaultKind::Void, Some(300)));
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

/// A copy one of whose files never ends, as a few bytes that unpack to terabytes would.
struct Endless<'a> {
    files: &'a Files,
    name: &'a str,
    read: std::cell::Cell<u64>,
}

struct Zeroes<'a>(&'a std::cell::Cell<u64>);

impl Read for Zeroes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b'0');
        self.0.set(self.0.get() + buffer.len() as u64);
        assert!(self.0.get() < 4 * MANIFEST_BYTES_MAX as u64, "read without a limit");
        Ok(buffer.len())
    }
}

impl CopyFiles for Endless<'_> {
    fn names(&self) -> Vec<String> {
        self.files.names()
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable> {
        if name == self.name { Ok(Some(Box::new(Zeroes(&self.read)))) } else { self.files.open(name) }
    }
}

#[test]
fn no_file_of_a_foreign_copy_is_read_beyond_its_limit() {
    let good = copy(&rows(), &signature());
    for name in good.keys() {
        let endless = Endless { files: &good, name, read: std::cell::Cell::new(0) };
        let fault = verify_copy(&endless, known(Some(signer().verifier()), &[])).expect_err("no end");
        assert!(endless.read.get() > 0, "{name} was not looked at");
        assert_eq!(fault.path, *name);
    }
}
