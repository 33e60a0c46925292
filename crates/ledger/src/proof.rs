//! Self-contained proofs that an entry is in a log (C2SP tlog-proof): one text file, checked without a server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{CheckpointError, SignedCheckpoint, parse_decimal};
use crate::cosignature::CosignerKey;
use crate::hash::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::source::LogSource;
use crate::tiles::ENTRY_BYTES_MAX;
use crate::tree::{PROOF_HASHES_MAX, ProofError, TreeError, inclusion_proof_at, verify_inclusion};

/// Largest proof file that is read, in bytes: the checkpoint, the entry in base64, 64 hashes.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX + 64 * 64;
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Larger than [`PROOF_BYTES_MAX`].
    #[error("the proof is above the size limit")]
    TooLarge,
    /// A line is not what the format asks for.
    #[error("line {line} of the proof is malformed")]
    Malformed {
        /// Counted from 1.
        line: usize,
    },
    /// The proof does not carry the entry that it is about.
    #[error("the proof does not carry its entry")]
    NoEntry,
    /// The checkpoint in it is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from the entry to the checkpoint's root.
    #[error(transparent)]
    Path(#[from] ProofError),
}

/// An inclusion proof together with the checkpoint it leads to and the entry it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's bytes, in the format's `extra` line. The format does not authenticate that line; the path does,
    /// because the leaf is hashed from it.
    pub entry: Option<Vec<u8>>,
    /// Index of the entry, from 0.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint file, word for word.
    pub checkpoint: String,
}

/// What a verified proof says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEntry {
    /// Index of the entry, from 0.
    pub index: u64,
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// The checkpoint whose tree holds it.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Makes the proof for one entry of the log at a checkpoint.
    ///
    /// # Errors
    /// [`TreeError`] when the entry is not in that tree or tiles are missing.
    pub fn make(
        index: u64,
        entry: &[u8],
        checkpoint: &SignedCheckpoint,
        checkpoint_file: &str,
        source: &dyn LogSource,
    ) -> Result<Self, TreeError> {
        let stored = checkpoint.checkpoint.size;
        Self::make_at(index, entry, checkpoint, checkpoint_file, (source, stored))
    }

    /// The same for an older checkpoint, from the tiles of a log that has grown to a number of entries since.
    ///
    /// # Errors
    /// As [`TlogProof::make`].
    pub fn make_at(
        index: u64,
        entry: &[u8],
        checkpoint: &SignedCheckpoint,
        checkpoint_file: &str,
        (source, stored): (&dyn LogSource, u64),
    ) -> Result<Self, TreeError> {
        let path = inclusion_proof_at(index, checkpoint.checkpoint.size, stored, source)?;
        Ok(Self { entry: Some(entry.to_vec()), index, path, checkpoint: checkpoint_file.to_owned() })
    }

    /// The proof file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(entry) = &self.entry {
            text.push_str(&format!("extra {}\n", STANDARD.encode(entry)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof file; nothing is verified yet.
    ///
    /// # Errors
    /// [`TlogProofError::TooLarge`] or [`TlogProofError::Malformed`] with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| TlogProofError::Malformed { line: 1 })?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::Malformed { line: 1 })?;
        let mut lines = head.split('\n').zip(1usize..).peekable();
        if lines.next().map(|(l, _)| l) != Some(FIRST_LINE) {
            return Err(TlogProofError::Malformed { line: 1 });
        }
        let mut entry = None;
        if let Some((extra, line)) = lines.next_if(|(l, _)| l.starts_with("extra ")) {
            let bytes = STANDARD.decode(&extra[6..]).map_err(|_| TlogProofError::Malformed { line })?;
            entry = Some(bytes).filter(|b| b.len() <= ENTRY_BYTES_MAX);
        }
        let (index_line, line) = lines.next().ok_or(TlogProofError::Malformed { line: 2 })?;
        let index = index_line.strip_prefix("index ").and_then(parse_decimal);
        let index = index.ok_or(TlogProofError::Malformed { line })?;
        let mut path = Vec::new();
        for (hash, line) in lines {
            let hash = Hash::from_base64(hash).filter(|_| path.len() < PROOF_HASHES_MAX);
            path.push(hash.ok_or(TlogProofError::Malformed { line })?);
        }
        Ok(Self { entry, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Verifies checkpoint and path for the entry that the proof carries.
    ///
    /// # Errors
    /// [`TlogProofError`] naming what does not hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<ProvenEntry, TlogProofError> {
        self.verify_with(key, &[])
    }

    /// Verifies checkpoint and path for a leaf hash that the caller worked out.
    ///
    /// # Errors
    /// [`TlogProofError`] naming what does not hold.
    pub fn verify_leaf(&self, leaf: Hash, key: &VerifierKey) -> Result<SignedCheckpoint, TlogProofError> {
        self.verify_leaf_with(leaf, key, &[])
    }

    /// As [`TlogProof::verify`], and verifies the cosignatures of the witnesses whose keys are given.
    ///
    /// # Errors
    /// As [`TlogProof::verify`].
    pub fn verify_with(
        &self,
        key: &VerifierKey,
        witnesses: &[CosignerKey],
    ) -> Result<ProvenEntry, TlogProofError> {
        let entry = self.entry.clone().ok_or(TlogProofError::NoEntry)?;
        let checkpoint = self.verify_leaf_with(leaf_hash(&entry), key, witnesses)?;
        Ok(ProvenEntry { index: self.index, entry, checkpoint })
    }

    fn verify_leaf_with(
        &self,
        leaf: Hash,
        key: &VerifierKey,
        witnesses: &[CosignerKey],
    ) -> Result<SignedCheckpoint, TlogProofError> {
        let opened = SignedCheckpoint::open_with(self.checkpoint.as_bytes(), key, witnesses)?;
        verify_inclusion(self.index, opened.checkpoint.size, leaf, &self.path, &opened.checkpoint.root)?;
        Ok(opened)
    }
}
