//! What a witness asks before it cosigns (C2SP tlog-witness): the exchange as text, and the decision.
//!
//! A witness keeps one record per log, the newest checkpoint that it cosigned. It cosigns only what continues that
//! record, so a log that was put back to an earlier state, or that tells two people two pasts, gets no cosignature for it.
//! The same text, an older size with a proof and a newer checkpoint, is how consistency is proved to anybody else.

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, parse_decimal};
use crate::hash::Hash;
use crate::note::{NOTE_BYTES_MAX, NoteError, VerifierKey};
use crate::source::LogSource;
use crate::tree::{ProofError, TreeError, consistency_proof_at, verify_consistency};

/// Most lines of a proof that is taken.
pub const PROOF_LINES_MAX: usize = 63;
/// Largest request that is read, in bytes: the checkpoint, the proof, the first line.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_LINES_MAX * 45 + 64;
/// Media type of the size that a conflict answers with.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A newer checkpoint with the proof that it continues a tree of `old` leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Leaves of the older tree.
    pub old: u64,
    /// Consistency proof from `old` to the checkpoint's size.
    pub proof: Vec<Hash>,
    /// The checkpoint file, word for word.
    pub checkpoint: String,
}

/// Text that is not an exchange of this form, with the line (from 1) at which it stops being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is malformed")]
pub struct MalformedRequest {
    /// Counted from 1; 0 when the whole is too large or no text.
    pub line: usize,
}

impl AddCheckpoint {
    /// Works out the proof from the tiles of a log of `stored` entries, which may have grown since the checkpoint.
    ///
    /// # Errors
    /// [`TreeError`] when `old` is larger than the checkpoint, or tiles are missing.
    pub fn make(
        old: u64,
        signed: &SignedCheckpoint,
        checkpoint_file: &str,
        (source, stored): (&dyn LogSource, u64),
    ) -> Result<Self, TreeError> {
        let proof = consistency_proof_at(old, signed.checkpoint.size, stored, source)?;
        Ok(Self { old, proof, checkpoint: checkpoint_file.to_owned() })
    }

    /// The text: `old N`, one line per hash, an empty line, the checkpoint.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text; nothing is verified yet.
    ///
    /// # Errors
    /// [`MalformedRequest`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedRequest> {
        let text = Some(bytes).filter(|bytes| bytes.len() <= REQUEST_BYTES_MAX);
        let text = text.and_then(|bytes| core::str::from_utf8(bytes).ok());
        let text = text.ok_or(MalformedRequest { line: 0 })?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(MalformedRequest { line: 1 })?;
        let mut lines = head.split('\n').zip(1usize..);
        let old = lines.next().and_then(|(line, _)| line.strip_prefix("old ")).and_then(parse_decimal);
        let old = old.ok_or(MalformedRequest { line: 1 })?;
        let mut proof = Vec::new();
        for (line, number) in lines {
            let hash = Hash::from_base64(line).filter(|_| proof.len() < PROOF_LINES_MAX);
            proof.push(hash.ok_or(MalformedRequest { line: number })?);
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }

    /// The origin line of the checkpoint, before anything is verified: which log's key is to be asked for.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.split('\n').next().unwrap_or_default()
    }

    /// Whether the newer checkpoint continues an older one that somebody kept.
    ///
    /// # Errors
    /// [`WitnessRefusal`]: as a witness whose record is `older` would refuse.
    pub fn continues(
        &self,
        older: &Checkpoint,
        key: &VerifierKey,
    ) -> Result<SignedCheckpoint, WitnessRefusal> {
        decide(self, Some(older), key)
    }
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// The text is no exchange, or the checkpoint in it no checkpoint.
    #[error("the request is malformed")]
    Malformed,
    /// The older size is above the checkpoint's own.
    #[error("the older size is above the checkpoint's")]
    SizesReversed,
    /// No key of this log is known.
    #[error("this log is not known")]
    UnknownLog,
    /// The checkpoint is not signed by the log's key.
    #[error("the checkpoint is not signed by the log")]
    NotSigned,
    /// The proof begins elsewhere than the record; a log that fell back to an earlier state is seen by this.
    #[error("the record is of size {recorded}, not of the size that the proof begins with")]
    OtherSize {
        /// Size of the record.
        recorded: u64,
    },
    /// The same size with another root: the log has two pasts.
    #[error("the record of size {recorded} has another root")]
    OtherRoot {
        /// Size of the record.
        recorded: u64,
    },
    /// The proof does not lead from the record to the checkpoint.
    #[error("the checkpoint does not continue the record")]
    BadProof,
}

impl WitnessRefusal {
    /// The HTTP status that the protocol names.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::SizesReversed => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::OtherSize { .. } | Self::OtherRoot { .. } => 409,
            Self::BadProof => 422,
        }
    }
}

/// Whether a witness that recorded `recorded` (nothing yet: `None`) may cosign. The answer is the verified checkpoint, to
/// be recorded durably before the cosignature is given; nothing else may be recorded for this log in between.
///
/// # Errors
/// [`WitnessRefusal`].
pub fn decide(
    request: &AddCheckpoint,
    recorded: Option<&Checkpoint>,
    key: &VerifierKey,
) -> Result<SignedCheckpoint, WitnessRefusal> {
    let opened = SignedCheckpoint::open(request.checkpoint.as_bytes(), key).map_err(|error| match error {
        CheckpointError::Note(NoteError::NotSigned | NoteError::BadSignature) => WitnessRefusal::NotSigned,
        CheckpointError::OtherOrigin => WitnessRefusal::UnknownLog,
        _ => WitnessRefusal::Malformed,
    })?;
    let new = &opened.checkpoint;
    if request.old > new.size {
        return Err(WitnessRefusal::SizesReversed);
    }
    let (size, root) = recorded.map_or((0, Hash::EMPTY_ROOT), |record| (record.size, record.root));
    if request.old != size {
        return Err(WitnessRefusal::OtherSize { recorded: size });
    }
    if size == new.size && root != new.root {
        return Err(WitnessRefusal::OtherRoot { recorded: size });
    }
    match verify_consistency((size, &root), (new.size, &new.root), &request.proof) {
        Ok(()) => Ok(opened),
        Err(ProofError::OutOfRange | ProofError::WrongLength | ProofError::WrongRoot) => {
            Err(WitnessRefusal::BadProof)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::note::NoteSigner;
    use crate::state::LogState;

    type Files = BTreeMap<String, Vec<u8>>;

    const ORIGIN: &str = "log.example/a";

    fn signer() -> NoteSigner {
        NoteSigner::from_seed(ORIGIN, &[3; 32]).expect("signer")
    }

    /// A log of `words`, signed; its files and its checkpoint.
    fn log(words: &[&str]) -> (Files, String, SignedCheckpoint) {
        let batch = LogState::new().append(words).expect("append");
        let text = Checkpoint::new(ORIGIN, batch.size, batch.root).sign(&signer()).expect("sign");
        let files: Files = batch.files.into_iter().map(|file| (file.path, file.bytes)).collect();
        let opened = SignedCheckpoint::open(text.as_bytes(), signer().verifier()).expect("open");
        (files, text, opened)
    }

    fn request(old: u64, words: &[&str]) -> AddCheckpoint {
        let (files, text, opened) = log(words);
        AddCheckpoint::make(old, &opened, &text, (&files, opened.checkpoint.size)).expect("proof")
    }

    fn recorded(words: &[&str]) -> Checkpoint {
        log(words).2.checkpoint
    }

    #[test]
    fn the_text_reads_back_and_odd_texts_name_their_line() {
        let request = request(3, &["a", "b", "c", "d", "e"]);
        assert!(!request.proof.is_empty());
        assert_eq!(AddCheckpoint::parse(request.to_text().as_bytes()), Ok(request.clone()));
        assert_eq!(request.origin(), ORIGIN);
        for (bad, line) in [
            ("".to_owned(), 1),
            ("old 03\n\n".to_owned(), 1),
            ("old -1\n\n".to_owned(), 1),
            ("new 3\n\n".to_owned(), 1),
            ("old 3\nAAAA\n\n".to_owned(), 2),
            (format!("old 3{}\n\n", format!("\n{}", Hash::EMPTY_ROOT.to_base64()).repeat(64)), 65),
        ] {
            assert_eq!(AddCheckpoint::parse(bad.as_bytes()), Err(MalformedRequest { line }), "{bad:?}");
        }
        let large = vec![b'a'; REQUEST_BYTES_MAX + 1];
        assert_eq!(AddCheckpoint::parse(&large), Err(MalformedRequest { line: 0 }));
    }

    #[test]
    fn growth_is_cosigned_and_rollback_and_fork_are_not() {
        let key = signer();
        let key = key.verifier();
        let decide = |request: &AddCheckpoint, record: Option<&Checkpoint>| decide(request, record, key);
        let three = recorded(&["a", "b", "c"]);
        assert!(decide(&request(0, &["a", "b", "c"]), None).is_ok(), "the first is taken on trust");
        assert!(decide(&request(3, &["a", "b", "c", "d", "e"]), Some(&three)).is_ok());
        assert!(decide(&request(3, &["a", "b", "c"]), Some(&three)).is_ok(), "the same again");
        // Put back to yesterday: whatever size the log believes in, it is not the recorded one.
        let refused = decide(&request(2, &["a", "b"]), Some(&three));
        assert_eq!(refused, Err(WitnessRefusal::OtherSize { recorded: 3 }));
        let back = AddCheckpoint { old: 3, ..request(2, &["a", "b"]) };
        assert_eq!(decide(&back, Some(&three)), Err(WitnessRefusal::SizesReversed));
        // Two pasts: the same size, and a larger one.
        let refused = decide(&request(3, &["a", "b", "X"]), Some(&three));
        assert_eq!(refused, Err(WitnessRefusal::OtherRoot { recorded: 3 }));
        let forked = request(3, &["a", "X", "c", "d", "e"]);
        assert_eq!(decide(&forked, Some(&three)), Err(WitnessRefusal::BadProof));
        let mut padded = request(3, &["a", "b", "c", "d"]);
        padded.proof.push(Hash::EMPTY_ROOT);
        assert_eq!(decide(&padded, Some(&three)), Err(WitnessRefusal::BadProof));
        assert_eq!(
            decide(&request(0, &["a", "b", "c"]), Some(&three)).map_err(WitnessRefusal::status),
            Err(409)
        );
    }

    #[test]
    fn only_the_known_log_is_cosigned() {
        let request = request(0, &["a"]);
        let stranger = NoteSigner::from_seed(ORIGIN, &[9; 32]).expect("signer");
        assert_eq!(decide(&request, None, stranger.verifier()), Err(WitnessRefusal::NotSigned));
        let garbage = AddCheckpoint { checkpoint: "no checkpoint\n".into(), ..request };
        assert_eq!(decide(&garbage, None, signer().verifier()), Err(WitnessRefusal::Malformed));
    }
}
