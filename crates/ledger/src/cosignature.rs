//! Timestamped signatures over checkpoints (C2SP tlog-cosignature, version 1, Ed25519): what a witness gives, and the
//! stamp by which a log says that a checkpoint is still its newest.

use core::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Serialize;

use crate::note::{
    COSIGNATURE, NoteError, NoteSignature, NoteSigner, VerifierKey, check_name, key_id, key_text,
    signature_line, split_key,
};

/// Bytes of the time before the signature itself.
const TIME_BYTES: usize = 8;

/// A public key of somebody who cosigns checkpoints.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

/// Somebody's statement that a checkpoint was, at that moment, the newest that they knew of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// Name of the key.
    pub name: String,
    /// Seconds since 1970, UTC.
    pub at_seconds: i64,
}

impl CosignerKey {
    /// Names a public key of 32 bytes.
    ///
    /// # Errors
    /// [`NoteError::BadName`], or [`NoteError::MalformedKey`] when the bytes are not a point of the curve.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| NoteError::MalformedKey)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, COSIGNATURE, public), key })
    }

    /// Reads the one-line form `name+hash+base64` with type 4; a line end behind it is allowed.
    ///
    /// # Errors
    /// [`NoteError::MalformedKey`] or [`NoteError::BadName`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, id, public) = split_key(text.strip_suffix('\n').unwrap_or(text), COSIGNATURE)?;
        let key = Self::new(name, &public)?;
        if key.id == id { Ok(key) } else { Err(NoteError::MalformedKey) }
    }

    /// The key under which a log stamps its own checkpoints: the same secret, another type.
    #[must_use]
    pub fn of_log(log: &VerifierKey) -> Option<Self> {
        Self::new(log.name(), &log.public_bytes()).ok()
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a line says that it is by this key; says nothing about the signature itself.
    #[must_use]
    pub fn is_named_by(&self, line: &NoteSignature) -> bool {
        self.name == line.name && self.id == line.id
    }

    /// Checks one line over the text of a checkpoint; when it was made.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`].
    pub fn verify(&self, text: &str, line: &NoteSignature) -> Result<Cosigned, NoteError> {
        let (time, signature) =
            line.signature.split_first_chunk::<TIME_BYTES>().ok_or(NoteError::BadSignature)?;
        let at_seconds = i64::try_from(u64::from_be_bytes(*time)).map_err(|_| NoteError::BadSignature)?;
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::BadSignature)?;
        let message = message(at_seconds, text);
        self.key.verify_strict(message.as_bytes(), &signature).map_err(|_| NoteError::BadSignature)?;
        Ok(Cosigned { name: self.name.clone(), at_seconds })
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, COSIGNATURE, &self.key.to_bytes()))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({self})")
    }
}

/// A secret key that cosigns. Its `Debug` form does not show the secret.
#[derive(Clone)]
pub struct Cosigner {
    public: CosignerKey,
    key: SigningKey,
}

impl Cosigner {
    /// Makes the cosigner from a secret seed of 32 random bytes.
    ///
    /// # Errors
    /// [`NoteError::BadName`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { public: CosignerKey::new(name, &key.verifying_key().to_bytes())?, key })
    }

    /// The log itself, stamping its own checkpoints.
    ///
    /// # Errors
    /// [`NoteError`] when the log's key cannot be used so.
    pub fn of_log(log: &NoteSigner) -> Result<Self, NoteError> {
        let key = log.signing_key().clone();
        Ok(Self { public: CosignerKey::new(log.verifier().name(), &key.verifying_key().to_bytes())?, key })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &CosignerKey {
        &self.public
    }

    /// The signature line over the text of a checkpoint, with its line end. `at_seconds` is counted from 1970, UTC;
    /// a time before that counts as 0.
    #[must_use]
    pub fn line(&self, text: &str, at_seconds: i64) -> String {
        let at_seconds = at_seconds.max(0);
        let signature = self.key.sign(message(at_seconds, text).as_bytes());
        let mut bytes = at_seconds.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signature.to_bytes());
        signature_line(&self.public.name, self.public.id, &bytes)
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.public)
    }
}

/// What is signed: a header line, a line with the time, the whole text of the checkpoint.
fn message(at_seconds: i64, text: &str) -> String {
    format!("cosignature/v1\ntime {at_seconds}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::parse_signature_lines;

    /// Made by Python's `cryptography` 48 from the seed 04…04: base64(SHA-256(name, "\n\x04", key)[:4], time as eight
    /// bytes, Ed25519 over "cosignature/v1\ntime 1679315147\n" and the text).
    const LINE: &str = "\u{2014} witness.example/w R9NM5AAAAABkGFDL8KgAPXozQ3DkKSndWlu2pxmpUatQfVdaQhwPakZTThNAlSctWNzKbny\
        bfq5vNueqGq8CWFtjiXNqqdP7YfqXCw==\n";
    /// The public key of the same seed.
    const KEY: &str = "witness.example/w+47d34ce4+BMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58";

    #[test]
    fn a_cosignature_verifies_and_no_bit_of_it_is_free() {
        let cosigner = Cosigner::from_seed("witness.example/w", &[4; 32]).expect("key");
        let text = "log.example/a\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let line = cosigner.line(text, 1_679_315_147);
        assert_eq!((line.as_str(), cosigner.public().to_string().as_str()), (LINE, KEY));
        let parsed = parse_signature_lines(&line).expect("line").remove(0);
        let key = CosignerKey::parse(KEY).expect("key");
        assert!(key.is_named_by(&parsed));
        let said = key.verify(text, &parsed).expect("holds");
        assert_eq!(said, Cosigned { name: "witness.example/w".into(), at_seconds: 1_679_315_147 });
        assert!(key.verify("log.example/a\n8\n", &parsed).is_err());
        for bit in 0..parsed.signature.len() * 8 {
            let mut bad = parsed.clone();
            bad.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.verify(text, &bad), Err(NoteError::BadSignature), "bit {bit}");
        }
    }

    #[test]
    fn keys_of_the_two_types_are_not_taken_for_each_other() {
        let log = NoteSigner::from_seed("log.example/a", &[3; 32]).expect("signer");
        let stamp = Cosigner::of_log(&log).expect("cosigner");
        assert_eq!(Some(stamp.public().clone()), CosignerKey::of_log(log.verifier()));
        assert!(CosignerKey::parse(&log.verifier().to_string()).is_err());
        assert!(VerifierKey::parse(&stamp.public().to_string()).is_err());
        let line = parse_signature_lines(&stamp.line("t\n", -5)).expect("line").remove(0);
        assert!(!line.names(log.verifier()));
        assert_eq!(stamp.public().verify("t\n", &line).map(|said| said.at_seconds), Ok(0));
    }
}
