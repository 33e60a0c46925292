//! Proofs that stand alone: that an entry is in a log, that one checkpoint continues another.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use countersign_ledger::{
    Entry, TlogProof, VerifierKey,
    proof::PROOF_BYTES_MAX,
    witness::{AddCheckpoint, REQUEST_BYTES_MAX, WitnessRefusal},
};
use countersign_model::Instant;
use serde_json::json;

use super::{Trust, cosigned_said, kept_checkpoint};
use crate::{
    fault::{Fault, Outcome},
    output::Output,
};

/// A `.tlog-proof`: the entry in it is in the log at the checkpoint in it.
pub fn inclusion(path: &Path, trust: &Trust, out: Output) -> Outcome<ExitCode> {
    let key = needed(trust)?;
    let bad = |message: String| Fault::new("bad_proof", message).at(path.display());
    let proof = TlogProof::parse(&read(path, PROOF_BYTES_MAX)?).map_err(|error| bad(error.to_string()))?;
    let proven = proof.verify_with(key, &trust.witnesses).map_err(|error| bad(error.to_string()))?;
    let entry = Entry::decode(&proven.entry).map_err(|error| bad(error.to_string()))?;
    let signed = &proven.checkpoint;
    trust.require(&signed.cosignatures)?;
    let object = json!({
        "verified": "proof", "file": path, "index": proven.index, "entry": entry, "size": signed.checkpoint.size,
        "root": signed.checkpoint.root, "cosignatures": signed.cosignatures, "key": key.to_string(),
    });
    let text = format!(
        "{}: sound\n  {} of {} {} by {} at {}\n  index {} of {} entries\n  signed by {key}\n{}",
        path.display(),
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.actor,
        Instant(entry.at_us),
        proven.index,
        signed.checkpoint.size,
        cosigned_said(&signed.cosignatures, signed.other_signatures),
    );
    out.result(&object, &text);
    Ok(ExitCode::SUCCESS)
}

/// A proof of consistency: the checkpoint in it continues the older one that somebody kept.
pub fn consistency(path: &Path, kept: &[PathBuf], trust: &Trust, out: Output) -> Outcome<ExitCode> {
    let key = needed(trust)?;
    if kept.is_empty() {
        return Err(Fault::new("usage", "Give the older checkpoint with --kept."));
    }
    let bad = |code: &str, message: String| Fault::new(code, message).at(path.display());
    let proof = AddCheckpoint::parse(&read(path, REQUEST_BYTES_MAX)?)
        .map_err(|error| bad("bad_proof", error.to_string()))?;
    let mut newest = None;
    for older in kept {
        let older = kept_checkpoint(older, key)?;
        let continued = proof.continues(&older.checkpoint, key).map_err(|refusal| {
            let code = match refusal {
                WitnessRefusal::OtherRoot { .. } | WitnessRefusal::BadProof => "forked",
                WitnessRefusal::SizesReversed => "rolled_back",
                _ => "bad_proof",
            };
            bad(code, refusal.to_string())
        });
        newest = Some((older.checkpoint.size, continued?));
    }
    let (old, signed) = newest.ok_or_else(|| bad("bad_proof", "nothing was kept".to_owned()))?;
    let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
    let object = json!({ "verified": "consistency", "file": path, "old": old, "size": size, "root": root });
    let text = format!(
        "{}: sound\n  the log of {} entries continues the log of {old}\n  signed by {key}",
        path.display(),
        size
    );
    out.result(&object, &text);
    Ok(ExitCode::SUCCESS)
}

/// Nothing in a proof says whose log it is: whoever checks must know.
fn needed(trust: &Trust) -> Outcome<&VerifierKey> {
    let message = "Give the log's key with --key: a proof says nothing about whose log it is.";
    trust.key.as_ref().ok_or_else(|| Fault::new("no_key", message))
}

fn read(path: &Path, limit: usize) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Fault::file(path, &error))?;
    Ok(bytes)
}
