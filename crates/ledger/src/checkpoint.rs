//! Signed tree heads (C2SP tlog-checkpoint): origin, size and root as a signed note.

use serde::Serialize;

use crate::cosignature::{Cosigned, Cosigner, CosignerKey};
use crate::hash::Hash;
use crate::note::{Note, NoteError, NoteSigner, VerifierKey};

/// Longest origin line, in bytes.
pub const ORIGIN_BYTES_MAX: usize = 200;
/// Most extension lines that are read.
pub const EXTENSION_LINES_MAX: usize = 16;

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The signed note around it is wrong.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The first line is empty or too long.
    #[error("the origin line is empty or too long")]
    BadOrigin,
    /// The origin is not the name of the key.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
    /// The second line is not a decimal number without leading zeroes.
    #[error("the size line is not a number")]
    BadSize,
    /// The third line is not 32 bytes in base64.
    #[error("the root line is not a hash")]
    BadRoot,
    /// An extension line is empty, or there are more than [`EXTENSION_LINES_MAX`].
    #[error("the extension lines are malformed")]
    BadExtension,
}

/// The state of a log at one size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The log's identity.
    pub origin: String,
    /// Entries in the log.
    pub size: u64,
    /// Root of the tree of these entries.
    pub root: Hash,
    /// Further signed lines; this product writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The whole checkpoint file: text, blank line, signature line. Cosignature lines may be appended to it.
    ///
    /// # Errors
    /// [`CheckpointError::OtherOrigin`] when the origin is not the signer's name; [`CheckpointError`] when the text
    /// would not read back.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, CheckpointError> {
        let text = self.text();
        if Self::parse_text(&text)? != *self {
            return Err(CheckpointError::BadExtension);
        }
        if self.origin != signer.verifier().name() {
            return Err(CheckpointError::OtherOrigin);
        }
        Ok(format!("{text}\n{}", signer.signature_line(&text)))
    }

    /// As [`Checkpoint::sign`], with the log's own timestamp: the statement that, at this moment, the log was no larger.
    ///
    /// # Errors
    /// As [`Checkpoint::sign`].
    pub fn sign_at(&self, signer: &NoteSigner, at_seconds: i64) -> Result<String, CheckpointError> {
        Ok(self.sign(signer)? + &Cosigner::of_log(signer)?.line(&self.text(), at_seconds))
    }

    fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(NoteError::Malformed)?.split('\n');
        let origin = lines.next().unwrap_or_default();
        if origin.is_empty() || origin.len() > ORIGIN_BYTES_MAX {
            return Err(CheckpointError::BadOrigin);
        }
        let size = parse_decimal(lines.next().unwrap_or_default()).ok_or(CheckpointError::BadSize)?;
        let root = lines.next().and_then(Hash::from_base64).ok_or(CheckpointError::BadRoot)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.len() > EXTENSION_LINES_MAX || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::BadExtension);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

/// A checkpoint whose signature by the log's key was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// When the log last said that this is its newest state, seconds since 1970; absent where it did not say.
    pub signed_at_seconds: Option<i64>,
    /// Cosignatures of the witnesses whose keys were given, verified.
    pub cosignatures: Vec<Cosigned>,
    /// Signature lines by keys that were not given; not verified.
    pub other_signatures: usize,
}

impl SignedCheckpoint {
    /// Reads a checkpoint file and verifies the log's signature. The origin must be the key's name.
    ///
    /// # Errors
    /// [`CheckpointError`]; nothing of an unverified checkpoint is handed out.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::open_with(bytes, key, &[])
    }

    /// As [`SignedCheckpoint::open`], and verifies the cosignatures of witnesses whose keys are known. One that is
    /// absent is no error, one that does not fit is.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::open`].
    pub fn open_with(
        bytes: &[u8],
        key: &VerifierKey,
        witnesses: &[CosignerKey],
    ) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        note.verify(key)?;
        let checkpoint = Checkpoint::parse_text(note.text)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::OtherOrigin);
        }
        let stamp = CosignerKey::of_log(key);
        let (mut signed_at_seconds, mut cosignatures, mut other_signatures) = (None, Vec::new(), 0);
        for line in note.signatures.iter().filter(|line| !line.names(key)) {
            if let Some(stamp) = stamp.as_ref().filter(|stamp| stamp.is_named_by(line)) {
                signed_at_seconds = signed_at_seconds.max(Some(stamp.verify(note.text, line)?.at_seconds));
            } else if let Some(witness) = witnesses.iter().find(|witness| witness.is_named_by(line)) {
                cosignatures.push(witness.verify(note.text, line)?);
            } else {
                other_signatures += 1;
            }
        }
        Ok(Self { checkpoint, signed_at_seconds, cosignatures, other_signatures })
    }
}

/// A decimal number in its one spelling: digits only, no leading zero.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> NoteSigner {
        NoteSigner::from_seed("log.example/a", &[3; 32]).expect("signer")
    }

    #[test]
    fn a_checkpoint_reads_back_and_tolerates_cosignatures() {
        let checkpoint = Checkpoint::new("log.example/a", 20_852_163, Hash::of(b"root"));
        let witness = NoteSigner::from_seed("witness.example/w", &[4; 32]).expect("signer");
        let file = checkpoint.sign(&signer()).expect("sign") + &witness.signature_line(&checkpoint.text());
        let opened = SignedCheckpoint::open(file.as_bytes(), signer().verifier()).expect("open");
        assert_eq!((opened.checkpoint, opened.other_signatures), (checkpoint, 1));
        assert_eq!((opened.signed_at_seconds, opened.cosignatures), (None, Vec::new()));
    }

    #[test]
    fn stamps_and_cosignatures_are_verified_where_the_key_is_known() {
        let checkpoint = Checkpoint::new("log.example/a", 9, Hash::of(b"root"));
        let witness = Cosigner::from_seed("witness.example/w", &[4; 32]).expect("cosigner");
        let stranger = Cosigner::from_seed("witness.example/x", &[5; 32]).expect("cosigner");
        let file = checkpoint.sign_at(&signer(), 1_000).expect("sign")
            + &witness.line(&checkpoint.text(), 1_001)
            + &stranger.line(&checkpoint.text(), 1_002);
        let open = |file: &str| {
            let keys = [witness.public().clone()];
            SignedCheckpoint::open_with(file.as_bytes(), signer().verifier(), &keys)
        };
        let opened = open(&file).expect("open");
        assert_eq!((opened.signed_at_seconds, opened.other_signatures), (Some(1_000), 1));
        assert_eq!(opened.cosignatures, [Cosigned { name: "witness.example/w".into(), at_seconds: 1_001 }]);
        let other = Checkpoint::new("log.example/a", 8, Hash::of(b"root"));
        let transplanted = other.sign(&signer()).expect("sign") + &witness.line(&checkpoint.text(), 1_001);
        assert_eq!(open(&transplanted), Err(NoteError::BadSignature.into()));
        let stamped_elsewhere = other.sign(&signer()).expect("sign")
            + &Cosigner::of_log(&signer()).expect("stamp").line(&checkpoint.text(), 1_000);
        assert_eq!(open(&stamped_elsewhere), Err(NoteError::BadSignature.into()));
    }

    #[test]
    fn the_independent_implementation_reads_it() {
        let checkpoint = Checkpoint::new("log.example/a", 1234, Hash::of(b"root"));
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.text().as_bytes()).expect("their parser");
        assert_eq!((theirs.origin(), theirs.size()), ("log.example/a", 1234));
        assert_eq!(theirs.hash().0, checkpoint.root.0);
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let file =
            Checkpoint::new("log.example/a", 7, Hash::of(b"r")).sign(&signer()).expect("sign").into_bytes();
        for bit in 0..file.len() * 8 {
            let mut bad = file.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(SignedCheckpoint::open(&bad, signer().verifier()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn malformed_texts_get_their_own_error() {
        let root = Hash::of(b"r").to_base64();
        for (text, error) in [
            (format!("\n1\n{root}\n"), CheckpointError::BadOrigin),
            (format!("o\n01\n{root}\n"), CheckpointError::BadSize),
            (format!("o\n18446744073709551616\n{root}\n"), CheckpointError::BadSize),
            (format!("o\n-1\n{root}\n"), CheckpointError::BadSize),
            ("o\n1\n".to_owned(), CheckpointError::BadRoot),
            ("o\n1\nAAAA\n".to_owned(), CheckpointError::BadRoot),
            (format!("o\n1\n{root}\n\n"), CheckpointError::BadExtension),
        ] {
            assert_eq!(Checkpoint::parse_text(&text), Err(error), "{text:?}");
        }
        let named = Checkpoint::new("other", 1, Hash::of(b"r"));
        assert_eq!(named.sign(&signer()), Err(CheckpointError::OtherOrigin));
    }
}
