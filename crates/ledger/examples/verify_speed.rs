//! How fast a whole log is verified: entries per second on one core, files in memory.
//!
//! `cargo run --release -p countersign-ledger --example verify_speed -- 1000000` prints one JSON object.

use std::{collections::BTreeMap, time::Instant};

use countersign_ledger::{Checkpoint, Entry, Hash, LogState, NoteSigner, verify_log};

/// Entries that the sequencer would put under one checkpoint.
const BATCH: u64 = 4_096;

fn main() {
    let size: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let signer = NoteSigner::from_seed("countersign/bench", &[7; 32]).expect("a usable name");
    let (mut files, mut state, mut bytes) = (BTreeMap::new(), LogState::new(), 0);
    let appending = Instant::now();
    while state.size() < size {
        let entries: Vec<_> = (state.size()..size.min(state.size() + BATCH)).map(entry).collect();
        bytes += entries.iter().map(Vec::len).sum::<usize>();
        let batch = state.append(&entries).expect("entries are short");
        files.extend(batch.files.into_iter().map(|file| (file.path, file.bytes)));
        for folder in batch.superseded {
            let partial: Vec<String> = files
                .range(format!("{folder}/")..format!("{folder}0"))
                .map(|(path, _)| path.clone())
                .collect();
            partial.iter().for_each(|path| drop(files.remove(path)));
        }
        state = batch.next;
    }
    let appending = appending.elapsed().as_secs_f64();
    let checkpoint = Checkpoint::new("countersign/bench", state.size(), state.root());
    files.insert("checkpoint".into(), checkpoint.sign(&signer).expect("its own name").into_bytes());
    let (begun, before) = (Instant::now(), processor_seconds());
    let report = verify_log(&files, signer.verifier()).expect("sound");
    let (seconds, worked) = (begun.elapsed().as_secs_f64(), processor_seconds() - before);
    println!(
        "{{\"entries\":{},\"bytes_per_entry\":{},\"append_seconds\":{appending:.3},\"verify_seconds\":{seconds:.3},\"verify_processor_seconds\":{worked:.3},\"entries_per_s\":{:.0},\"entries_per_processor_second\":{:.0}}}",
        report.size,
        bytes as u64 / report.size.max(1),
        report.size as f64 / seconds,
        report.size as f64 / worked
    );
}

/// Seconds that this thread was on a processor (Linux): what other work on the machine does not change much.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
    nanoseconds / 1e9
}

/// An entry as work leaves them: ids, a content hash, a commitment.
fn entry(index: u64) -> Vec<u8> {
    let id = format!("019a{index:08x}-7000-8000-0000-{index:012x}");
    let mut entry = Entry::new(
        1_767_225_600_000_000 + i64::try_from(index).unwrap_or_default(),
        "019a0000-0000-7000-8000-000000000017",
        "read.submitted",
        ("read", &id),
        "ok",
    );
    entry.project = Some("019a0000-0000-7000-8000-000000000001".to_owned());
    entry.item = Some(id);
    entry.content_hash = Some(Hash::of(&index.to_be_bytes()));
    entry.commit = Some(Hash::of(&index.to_le_bytes()));
    entry.encode().expect("codes and ids")
}
