//! Proofs that stand alone: that an entry is in a log, that one checkpoint continues another.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use countersign_ledger::{
    Entry, SignedCheckpoint, TlogProof, VerifierKey,
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
        continued?;
        newest = Some(older.checkpoint.size);
    }
    let old = newest.ok_or_else(|| bad("bad_proof", "nothing was kept".to_owned()))?;
    let signed = SignedCheckpoint::open_with(proof.checkpoint.as_bytes(), key, &trust.witnesses)
        .map_err(|error| bad("bad_checkpoint", error.to_string()))?;
    trust.require(&signed.cosignatures)?;
    let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
    let object = json!({
        "verified": "consistency", "file": path, "old": old, "size": size, "root": root,
        "cosignatures": signed.cosignatures,
    });
    let text = format!(
        "{}: sound\n  the log of {size} entries continues the log of {old}\n  signed by {key}\n{}",
        path.display(),
        cosigned_said(&signed.cosignatures, signed.other_signatures),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_ledger::{Checkpoint, Cosigner, LogState, NoteSigner};

    use super::*;

    const ORIGIN: &str = "log.example/a";

    /// A proof that a log of five entries continues one of three, in a folder, with the older checkpoint beside it. A
    /// witness cosigned the newer one.
    fn proof_in(folder: &Path, log: &NoteSigner, witness: &Cosigner) -> (PathBuf, PathBuf) {
        let signed = |words: &[&str]| {
            let batch = LogState::new().append(words).unwrap();
            let text = Checkpoint::new(ORIGIN, batch.size, batch.root).sign(log).unwrap();
            let opened = SignedCheckpoint::open(text.as_bytes(), log.verifier()).unwrap();
            let files: BTreeMap<String, Vec<u8>> =
                batch.files.into_iter().map(|file| (file.path, file.bytes)).collect();
            (files, text, opened)
        };
        let (_, older, _) = signed(&["a", "b", "c"]);
        let (files, mut newer, opened) = signed(&["a", "b", "c", "d", "e"]);
        let body = newer.split_once("\n\n").unwrap().0.to_owned() + "\n";
        newer.push_str(&witness.line(&body, 1_000));
        let request = AddCheckpoint::make(3, &opened, &newer, (&files, 5)).unwrap();
        let (proof, kept) = (folder.join("proof"), folder.join("kept"));
        std::fs::write(&proof, request.to_text()).unwrap();
        std::fs::write(&kept, older).unwrap();
        (proof, kept)
    }

    #[test]
    fn a_proof_of_consistency_needs_the_witnesses_that_were_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let log = NoteSigner::from_seed(ORIGIN, &[3; 32]).unwrap();
        let witness = Cosigner::from_seed("witness.example/w", &[4; 32]).unwrap();
        let other = Cosigner::from_seed("witness.example/other", &[5; 32]).unwrap();
        let (proof, kept) = proof_in(folder.path(), &log, &witness);
        let check = |witness: Option<&Cosigner>, cosigned_by| {
            let witnesses = witness.map(|witness| witness.public().clone()).into_iter().collect();
            let trust = Trust { key: Some(log.verifier().clone()), witnesses, cosigned_by };
            consistency(&proof, std::slice::from_ref(&kept), &trust, Output { json: true })
        };
        assert!(check(None, 0).is_ok());
        assert!(check(Some(&witness), 1).is_ok());
        assert_eq!(check(None, 1).unwrap_err().code, "not_cosigned");
        assert_eq!(check(Some(&other), 1).unwrap_err().code, "not_cosigned");
        assert_eq!(check(Some(&witness), 2).unwrap_err().code, "not_cosigned");
    }
}
