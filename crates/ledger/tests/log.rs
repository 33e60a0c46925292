//! The log from the outside: what is written verifies, agrees with an independent implementation, and no change to
//! any file goes unnoticed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use countersign_ledger::checkpoint::SignedCheckpoint;
use countersign_ledger::hash::leaf_hash;
use countersign_ledger::tree::{
    ProofError, consistency_proof, consistency_proof_at, inclusion_proof, inclusion_proof_at, root_at,
    verify_consistency, verify_inclusion,
};
use countersign_ledger::{
    Checkpoint, Frontier, Hash, Known, LogFault, LogFaultKind, LogSource, LogState, NoteSigner, TlogProof,
    compare_rows, verify_log, verify_log_with,
};
use proptest::prelude::*;

type Files = BTreeMap<String, Vec<u8>>;

const ORIGIN: &str = "log.example/2026";

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[5; 32]).expect("signer")
}

fn entry(index: u64) -> Vec<u8> {
    // Lengths differ, so that a wrong length shifts everything behind it.
    format!("entry {index} {}", "x".repeat((index % 7) as usize)).into_bytes()
}

/// Writes a log in batches of the given sizes, as the sequencer does.
fn build(batches: &[u64]) -> (Files, LogState) {
    let mut files = Files::new();
    let mut state = LogState::new();
    for batch in batches {
        let entries: Vec<_> = (state.size()..state.size() + batch).map(entry).collect();
        let batch = state.append(&entries).expect("append");
        for file in batch.files {
            files.insert(file.path, file.bytes);
        }
        for folder in batch.superseded {
            files.retain(|path, _| !path.starts_with(&format!("{folder}/")));
        }
        let checkpoint = Checkpoint::new(ORIGIN, batch.size, batch.root);
        files.insert("checkpoint".into(), checkpoint.sign(&signer()).expect("sign").into_bytes());
        state = batch.next;
    }
    (files, state)
}

/// A log of 256 · 2 + 90 entries, written in one go: no superseded partial files.
fn sample() -> &'static Files {
    static LOG: OnceLock<Files> = OnceLock::new();
    LOG.get_or_init(|| build(&[602]).0)
}

fn check(files: &Files) -> Result<countersign_ledger::LogReport, LogFault> {
    verify_log(files, signer().verifier())
}

/// Entries that the bytes `at` of a file speak for.
fn entries_of(path: &str, at: usize, size: u64) -> std::ops::Range<u64> {
    let parts: Vec<_> = path.split('/').collect();
    let number: u64 = parts[2].trim_end_matches(".p").parse().expect("number");
    if parts[1] == "entries" {
        let (mut index, mut pos) = (number * 256, 0);
        while pos <= at {
            pos += 2 + entry(index).len();
            index += 1;
        }
        return index - 1..index;
    }
    let span = 256u64.pow(parts[1].parse().expect("level"));
    let first = (number * 256 + at as u64 / 32) * span;
    first..(first + span).min(size)
}

#[test]
fn a_log_written_in_any_batches_is_the_same_log() {
    let (one, _) = build(&[602]);
    let (many, state) = build(&[1, 0, 254, 1, 1, 255, 3, 87]);
    assert_eq!(check(&one).expect("sound").root, check(&many).expect("sound").root);
    for (path, bytes) in &one {
        assert_eq!(many.get(path), Some(bytes), "{path}");
    }
    assert_eq!(LogState::resume(&many, 602).expect("resume"), state);
}

#[test]
fn the_state_reads_back_at_every_size() {
    let mut state = LogState::new();
    let mut files = Files::new();
    for index in 0..520 {
        let batch = state.append(&[entry(index)]).expect("append");
        files.extend(batch.files.into_iter().map(|f| (f.path, f.bytes)));
        state = batch.next;
        assert_eq!(LogState::resume(&files, index + 1).as_ref(), Ok(&state));
    }
    files.insert("tile/entries/002.p/8".into(), b"\x00\x01a".to_vec());
    assert!(LogState::resume(&files, 520).is_err());
}

#[test]
fn proofs_hold_and_agree_with_the_independent_implementation_up_to_300() {
    use tlog_tiles::{Error, HashReader};
    struct Theirs(Vec<tlog_tiles::Hash>);
    impl HashReader for Theirs {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
            Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
        }
    }
    let mut theirs = Theirs(Vec::new());
    let mut state = LogState::new();
    let mut files = Files::new();
    let mut roots = vec![Hash::EMPTY_ROOT];
    for size in 1..=300u64 {
        let data = entry(size - 1);
        let new = tlog_tiles::stored_hashes(size - 1, &data, &theirs).expect("theirs");
        theirs.0.extend(new);
        let batch = state.append(&[data]).expect("append");
        files.extend(batch.files.into_iter().map(|f| (f.path, f.bytes)));
        state = batch.next;
        let root = state.root();
        assert_eq!(tlog_tiles::tree_hash(size, &theirs).expect("theirs").0, root.0);
        assert_eq!(root_at(size, size, &files), Ok(root));
        roots.push(root);
        // Every index at the sizes around powers of two, a spread of them elsewhere.
        let step = if size < 20 || size.count_ones() == 1 || size == 300 { 1 } else { 61 };
        for index in (0..size).step_by(step) {
            let proof = inclusion_proof(index, size, &files).expect("proof");
            let expected = tlog_tiles::prove_record(size, index, &theirs).expect("theirs");
            assert!(proof.iter().map(|h| h.0).eq(expected.iter().map(|h| h.0)), "{index} of {size}");
            let leaf = leaf_hash(&entry(index));
            assert_eq!(verify_inclusion(index, size, leaf, &proof, &root), Ok(()));
        }
        for old in (1..=size).step_by(step) {
            let proof = consistency_proof(old, size, &files).expect("proof");
            let expected = tlog_tiles::prove_tree(size, old, &theirs).expect("theirs");
            if old < size {
                assert!(proof.iter().map(|h| h.0).eq(expected.iter().map(|h| h.0)), "{old} to {size}");
            }
            assert_eq!(verify_consistency((old, &roots[old as usize]), (size, &root), &proof), Ok(()));
        }
    }
}

#[test]
fn tile_paths_agree_with_the_independent_implementation() {
    // Theirs follow the older text, with the tile height as one more path element; the rest is the same.
    for (level, index, width) in [(0u8, 0u64, 256u16), (1, 1_234_067, 17), (2, 999, 1), (0, 1000, 255)] {
        let theirs = tlog_tiles::Tile::new(8, level, index, u32::from(width), false);
        assert_eq!(
            theirs.path().replacen("tile/8/", "tile/", 1),
            countersign_ledger::tiles::tile_path(level, index, width)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_proof_for_something_else_never_holds(size in 2u64..300, a in any::<u64>(), bit in 0usize..256, pick in any::<usize>()) {
        let (files, state) = build(&[size]);
        let index = a % size;
        let leaf = leaf_hash(&entry(index));
        let proof = inclusion_proof(index, size, &files).expect("proof");
        let mut root = state.root();
        prop_assert_eq!(verify_inclusion(index, size, leaf, &proof, &root), Ok(()));
        prop_assert!(verify_inclusion(index, size, leaf_hash(b"other"), &proof, &root).is_err());
        prop_assert!(verify_inclusion(index ^ 1, size, leaf, &proof, &root).is_err());
        prop_assert_eq!(verify_inclusion(size, size, leaf, &proof, &root), Err(ProofError::OutOfRange));
        prop_assert!(verify_inclusion(index, size, leaf, &proof[1..], &root).is_err());
        let mut bad = proof.clone();
        let at = pick % bad.len();
        bad[at].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(verify_inclusion(index, size, leaf, &bad, &root), Err(ProofError::WrongRoot));
        let old = 1 + index.min(size - 2);
        let old_root = root_at(old, size, &files).expect("root");
        let proof = consistency_proof(old, size, &files).expect("proof");
        prop_assert_eq!(verify_consistency((old, &old_root), (size, &root), &proof), Ok(()));
        let mut bad = proof.clone();
        let at = pick % bad.len();
        bad[at].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency((old, &old_root), (size, &root), &bad).is_err());
        root.0[bit / 8] ^= 1;
        prop_assert!(verify_consistency((old, &old_root), (size, &root), &proof).is_err());
    }

    #[test]
    fn any_flip_in_any_file_is_found_at_its_index(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut files = sample().clone();
        let path = files.keys().nth(file.index(files.len())).expect("file").clone();
        let bytes = files.get_mut(&path).expect("file");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let fault = check(&files).expect_err("a flip must be found");
        if path == "checkpoint" {
            prop_assert_eq!((fault.path.as_str(), fault.index), ("checkpoint", None));
            return Ok(());
        }
        let truth = entries_of(&path, at, 602);
        let index = fault.index.expect("index");
        prop_assert!(index <= truth.start && truth.start < index + fault.span, "{fault} but {path} {at} is {truth:?}");
        prop_assert!(fault.span == 1 || !path.starts_with("tile/0"), "{fault}");
        prop_assert_eq!(fault.kind, LogFaultKind::Flipped, "{}", fault);
    }

    #[test]
    fn any_cut_file_is_found_no_later_than_the_cut(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let mut files = sample().clone();
        let path = files.keys().nth(file.index(files.len())).expect("file").clone();
        let bytes = files.get_mut(&path).expect("file");
        let at = at.index(bytes.len());
        bytes.truncate(at);
        let fault = check(&files).expect_err("a cut must be found");
        if path != "checkpoint" {
            let truth = entries_of(&path, at, 602);
            let index = fault.index.expect("index");
            prop_assert!(index <= truth.start && truth.start < index + fault.span, "{fault} but cut at {truth:?}");
            prop_assert_eq!(fault.kind, LogFaultKind::Truncated, "{}", fault);
        }
        files.remove(&path);
        let fault = check(&files).expect_err("a missing file must be found");
        prop_assert_eq!(fault.kind, LogFaultKind::Missing);
        prop_assert_eq!(fault.path, path);
    }

    #[test]
    fn entries_removed_added_or_moved_are_named(at in 0u64..602, other in 0u64..602) {
        let rewrite = |entries: Vec<Vec<u8>>, bundle: u64| {
            let mut files = sample().clone();
            let path = if bundle == 2 { "tile/entries/002.p/90".to_owned() } else { format!("tile/entries/{bundle:03}") };
            let mut bytes = Vec::new();
            entries.iter().for_each(|e| assert!(countersign_ledger::tiles::push_entry(&mut bytes, e)));
            files.insert(path, bytes);
            check(&files).expect_err("must be found")
        };
        let bundle = at / 256;
        let all: Vec<_> = (bundle * 256..602.min(bundle * 256 + 256)).map(entry).collect();
        let here = (at % 256) as usize;
        let mut without = all.clone();
        without.remove(here);
        let fault = rewrite(without, bundle);
        let at_end = here + 1 == all.len();
        let kind = if at_end { LogFaultKind::Truncated } else { LogFaultKind::Missing };
        prop_assert_eq!((fault.kind, fault.index), (kind, Some(at)));
        let mut with = all.clone();
        with.insert(here, b"forged".to_vec());
        let fault = rewrite(with, bundle);
        prop_assert_eq!((fault.kind, fault.index), (LogFaultKind::Extra, Some(at)));
        let there = (other as usize) % all.len();
        if there != here {
            let mut swapped = all.clone();
            swapped.swap(here, there);
            let fault = rewrite(swapped, bundle);
            prop_assert_eq!((fault.kind, fault.index), (LogFaultKind::Reordered, Some(bundle * 256 + here.min(there) as u64)));
        }
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), place in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let mut files = sample().clone();
        let path = files.keys().nth(place.index(files.len())).expect("file").clone();
        let original = files.insert(path.clone(), bytes.clone()).expect("file");
        prop_assert!(check(&files).is_err());
        let _ = LogState::resume(&files, 602);
        let mut mixed = original.clone();
        let at = at.index(mixed.len());
        mixed.splice(at.., bytes.clone());
        let is_same = mixed == original;
        files.insert(path, mixed);
        prop_assert!(is_same || check(&files).is_err());
        let mut proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n".to_vec();
        proof.extend(&bytes);
        let opened = TlogProof::parse(&proof).and_then(|p| p.verify(signer().verifier()));
        prop_assert!(opened.is_err() && TlogProof::parse(&bytes).is_err());
        prop_assert!(countersign_ledger::Entry::decode(&bytes).is_err());
    }

    #[test]
    fn rows_that_differ_from_the_log_are_named(at in 0u64..601) {
        let rows: Vec<_> = (0..602).map(|i| (i, entry(i))).collect();
        let fault = |rows: Vec<(u64, Vec<u8>)>| {
            let all = rows.into_iter().map(Ok::<_, std::convert::Infallible>);
            compare_rows(sample(), 602, all).unwrap_or_else(|e| match e {}).map_err(|f| (f.kind, f.index, f.path))
        };
        let named = |kind, index| Err((kind, Some(index), "rows".to_owned()));
        prop_assert_eq!(fault(rows.clone()), Ok(602));
        let here = at as usize;
        let mut bad = rows.clone();
        bad[here].1[0] ^= 1;
        prop_assert_eq!(fault(bad), named(LogFaultKind::Flipped, at));
        let mut bad = rows.clone();
        bad.remove(here);
        prop_assert_eq!(fault(bad.clone()), named(LogFaultKind::Missing, at));
        (at..).zip(&mut bad[here..]).for_each(|(i, row)| row.0 = i);
        prop_assert_eq!(fault(bad), named(LogFaultKind::Missing, at));
        let mut bad = rows.clone();
        bad.insert(here, (at, b"forged".to_vec()));
        prop_assert_eq!(fault(bad), named(LogFaultKind::Extra, at));
        let mut bad = rows.clone();
        bad.swap(here, here + 1);
        prop_assert_eq!(fault(bad.clone()), named(LogFaultKind::Reordered, at));
        bad[here].0 = at;
        bad[here + 1].0 = at + 1;
        prop_assert_eq!(fault(bad), named(LogFaultKind::Reordered, at));
        prop_assert_eq!(fault(rows[..here].to_vec()), named(LogFaultKind::Missing, at));
        let mut bad = rows;
        bad.push((602, b"forged".to_vec()));
        prop_assert_eq!(fault(bad), named(LogFaultKind::Extra, 602));
    }
}

#[test]
fn a_log_over_three_levels_is_checked_at_each() {
    let (files, _) = build(&[66_000]);
    let report = check(&files).expect("sound");
    assert_eq!((report.size, report.files), (66_000, 1 + 2 * 258 + 2 + 1));
    for (path, at, index, span) in
        [("tile/1/000", 32 * 20 + 5, 20 * 256, 256), ("tile/2/000.p/1", 31, 0, 65_536)]
    {
        let mut bad = files.clone();
        bad.get_mut(path).expect(path)[at] ^= 4;
        let fault = check(&bad).expect_err("found");
        assert_eq!(
            (fault.kind, fault.index, fault.span),
            (LogFaultKind::Flipped, Some(index), span),
            "{fault}"
        );
    }
    let proof = inclusion_proof(65_999, 66_000, &files).expect("proof");
    let root = report.root;
    assert_eq!(verify_inclusion(65_999, 66_000, leaf_hash(&entry(65_999)), &proof, &root), Ok(()));
    let old = build(&[300]).1.root();
    let proof = consistency_proof(300, 66_000, &files).expect("proof");
    assert_eq!(verify_consistency((300, &old), (66_000, &root), &proof), Ok(()));
}

#[test]
fn a_log_cut_back_to_older_files_is_named_by_the_first_entry_that_is_gone() {
    let (older, _) = build(&[300, 10]);
    let (newer, _) = build(&[300, 10, 40]);
    let mut cut = older;
    cut.insert("checkpoint".into(), newer["checkpoint"].clone());
    let fault = check(&cut).expect_err("found");
    assert_eq!((fault.kind, fault.index, fault.span), (LogFaultKind::Truncated, Some(310), 40));
}

#[test]
fn kept_checkpoints_show_rollback_and_rewriting() {
    let key = signer();
    let open = |files: &Files| SignedCheckpoint::open(&files["checkpoint"], key.verifier()).expect("open");
    let (small, _) = build(&[100]);
    let (middle, _) = build(&[300]);
    let kept = [open(&middle), open(&small)];
    let known = Known { kept: &kept, ..Known::key(key.verifier()) };
    let report = verify_log_with(sample(), known, &mut |_, _| {}).expect("sound");
    assert_eq!(report.continues, [100, 300]);
    // Put back to an earlier state, with its own valid signature.
    let fault = verify_log_with(&small, known, &mut |_, _| {}).expect_err("rolled back");
    assert_eq!((fault.kind, fault.index), (LogFaultKind::RolledBack, Some(100)));
    // Rewritten from entry 200 on by somebody who has the signing key.
    let mut state = LogState::new();
    let mut forged = Files::new();
    let entries: Vec<_> = (0..400).map(|i| if i == 200 { b"forged".to_vec() } else { entry(i) }).collect();
    let batch = state.append(&entries).expect("append");
    forged.extend(batch.files.into_iter().map(|f| (f.path, f.bytes)));
    state = batch.next;
    let text = Checkpoint::new(ORIGIN, 400, state.root()).sign(&key).expect("sign");
    forged.insert("checkpoint".into(), text.into_bytes());
    assert!(check(&forged).is_ok(), "nothing in the log itself gives it away");
    let fault = verify_log_with(&forged, known, &mut |_, _| {}).expect_err("forked");
    assert_eq!((fault.kind, fault.index, fault.span), (LogFaultKind::Forked, Some(100), 200));
    // Rewritten without the key: the signature of the true log does not fit.
    let (truth, _) = build(&[400]);
    forged.insert("checkpoint".into(), truth["checkpoint"].clone());
    let fault = check(&forged).expect_err("root");
    assert_eq!((fault.kind, fault.index, fault.span), (LogFaultKind::RootMismatch, Some(0), 400));
}

#[test]
fn a_proof_file_stands_alone_and_no_bit_of_it_is_free() {
    let key = signer();
    let signed = SignedCheckpoint::open(&sample()["checkpoint"], key.verifier()).expect("open");
    let file = String::from_utf8(sample()["checkpoint"].clone()).expect("utf-8");
    let proof = TlogProof::make(417, &entry(417), &signed, &file, sample()).expect("proof");
    let text = proof.to_text();
    assert_eq!(TlogProof::parse(text.as_bytes()).as_ref(), Ok(&proof));
    let proven = proof.verify(key.verifier()).expect("holds");
    assert_eq!((proven.index, proven.entry), (417, entry(417)));
    for at in 0..text.len() {
        let mut bad = text.clone().into_bytes();
        bad[at] ^= 1 << (at % 8);
        let outcome = TlogProof::parse(&bad).and_then(|p| p.verify(key.verifier()));
        assert!(outcome.is_err(), "byte {at}");
    }
    let other = NoteSigner::from_seed(ORIGIN, &[6; 32]).expect("signer");
    assert!(proof.verify(other.verifier()).is_err());
}

#[test]
fn proofs_of_an_older_tree_come_out_of_the_tiles_of_a_newer_one() {
    let source: &dyn LogSource = sample();
    for size in [1, 2, 3, 100, 255, 256, 257, 300, 512, 513, 600, 602] {
        let (files, _) = build(&[size]);
        for old in [1, size / 2, size - 1, size].into_iter().filter(|old| (1..=size).contains(old)) {
            let expected = consistency_proof(old, size, &files).expect("proof");
            assert_eq!(consistency_proof_at(old, size, 602, source), Ok(expected), "{old} to {size}");
            let expected = inclusion_proof(old - 1, size, &files).expect("proof");
            assert_eq!(inclusion_proof_at(old - 1, size, 602, source), Ok(expected), "{old} in {size}");
        }
    }
    assert!(
        inclusion_proof_at(0, 603, 602, source).is_err()
            && consistency_proof_at(1, 603, 602, source).is_err()
    );
}

#[test]
fn an_empty_log_is_sound_and_a_missing_checkpoint_is_not() {
    let mut files = Files::new();
    assert_eq!(check(&files).expect_err("nothing there").kind, LogFaultKind::Missing);
    let text = Checkpoint::new(ORIGIN, 0, Frontier::new().root()).sign(&signer()).expect("sign");
    files.insert("checkpoint".into(), text.into_bytes());
    assert_eq!(check(&files).expect("sound").size, 0);
}
