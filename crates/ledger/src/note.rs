//! Signed notes (C2SP signed-note): a text, a blank line, signature lines. Ed25519 keys only.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// Largest note that is read, in bytes: room for 16 post-quantum cosignatures of about 5 kB.
pub const NOTE_BYTES_MAX: usize = 128 * 1024;
/// Most signature lines that are read.
pub const NOTE_SIGNATURES_MAX: usize = 64;
/// Longest key name, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 200;
/// Signature type byte of plain Ed25519.
const ED25519: u8 = 1;
/// Signature type byte of timestamped Ed25519 cosignatures.
pub(crate) const COSIGNATURE: u8 = 4;
const SIGNATURE_START: &str = "\u{2014} ";
const SECRET_START: &str = "PRIVATE+KEY+";

/// Why a key or a note is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than [`NOTE_BYTES_MAX`] or more lines than [`NOTE_SIGNATURES_MAX`].
    #[error("the note is above the size limit")]
    TooLarge,
    /// Not UTF-8, a control character, no blank line, or no line end.
    #[error("not a signed note")]
    Malformed,
    /// A signature line is not `— name base64`.
    #[error("signature line {line} is malformed")]
    MalformedSignature {
        /// Counted from 1 after the blank line.
        line: usize,
    },
    /// None of the signatures is by the expected key.
    #[error("the note is not signed by the expected key")]
    NotSigned,
    /// A signature claims to be by the expected key and is not.
    #[error("the signature does not fit the text")]
    BadSignature,
    /// Not a key in the `name+hash+base64` form, or its hash does not fit, or not an Ed25519 key.
    #[error("not a key of the form name+hash+base64")]
    MalformedKey,
    /// Empty, too long, or with a space, a plus sign or a control character.
    #[error("not a usable key name")]
    BadName,
}

/// A public key with its name: who may sign a log's checkpoints.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names a public key of 32 bytes.
    ///
    /// # Errors
    /// [`NoteError::BadName`], or [`NoteError::MalformedKey`] when the bytes are not a point of the curve.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| NoteError::MalformedKey)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, ED25519, public), key })
    }

    /// Reads the one-line form `name+hash+base64`; a line end behind it is allowed.
    ///
    /// # Errors
    /// [`NoteError::MalformedKey`] or [`NoteError::BadName`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, id, public) = split_key(text.strip_suffix('\n').unwrap_or(text), ED25519)?;
        let key = Self::new(name, &public)?;
        if key.id == id { Ok(key) } else { Err(NoteError::MalformedKey) }
    }

    /// The key's name; for a log's key it is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key itself.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::BadSignature)?;
        // Strict: refuses the other encodings of the same signature, so that no bit of it is free.
        self.key.verify_strict(text, &signature).map_err(|_| NoteError::BadSignature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, ED25519, &self.key.to_bytes()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// A secret key with its name. Its `Debug` form does not show the secret.
#[derive(Clone)]
pub struct NoteSigner {
    verifier: VerifierKey,
    key: SigningKey,
}

impl NoteSigner {
    /// Makes the signer from a secret seed of 32 random bytes.
    ///
    /// # Errors
    /// [`NoteError::BadName`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { verifier: VerifierKey::new(name, &key.verifying_key().to_bytes())?, key })
    }

    /// Reads the form that [`NoteSigner::to_secret_text`] writes.
    ///
    /// # Errors
    /// [`NoteError::MalformedKey`] or [`NoteError::BadName`].
    pub fn parse_secret(text: &str) -> Result<Self, NoteError> {
        let body = text.strip_suffix('\n').unwrap_or(text);
        let (name, id, seed) =
            split_key(body.strip_prefix(SECRET_START).ok_or(NoteError::MalformedKey)?, ED25519)?;
        let signer = Self::from_seed(name, &seed)?;
        if signer.verifier.id == id { Ok(signer) } else { Err(NoteError::MalformedKey) }
    }

    /// `PRIVATE+KEY+name+hash+base64`: the form in which note signing keys are kept. Secret: never log it.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let VerifierKey { name, id, .. } = &self.verifier;
        format!("{SECRET_START}{}", key_text(name, *id, ED25519, &self.key.to_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line over a text, with its line end.
    #[must_use]
    pub fn signature_line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        signature_line(&self.verifier.name, self.verifier.id, &signature)
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

/// One line of a note: em dash, name, base64 of key id and signature.
pub(crate) fn signature_line(name: &str, id: u32, signature: &[u8]) -> String {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend_from_slice(signature);
    format!("{SIGNATURE_START}{name} {}\n", STANDARD.encode(bytes))
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier)
    }
}

/// One signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key that is said to have signed.
    pub name: String,
    /// Its 32-bit id.
    pub id: u32,
    /// The signature itself; its form depends on the key's type.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// Whether the line says that it is by this key; says nothing about the signature itself.
    #[must_use]
    pub fn names(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.id == key.id
    }
}

/// A note taken apart; nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// The text with its last line end.
    pub text: &'a str,
    /// All signature lines, known keys and unknown ones.
    pub signatures: Vec<NoteSignature>,
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    ///
    /// # Errors
    /// [`NoteError::TooLarge`], [`NoteError::Malformed`] or [`NoteError::MalformedSignature`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge);
        }
        let note = core::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(NoteError::Malformed);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let signatures = parse_signature_lines(&note[at + 2..])?;
        Ok(Self { text: &note[..=at], signatures })
    }

    /// Checks that the key signed the text. Signatures by other keys are left alone.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`] or [`NoteError::BadSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        verify_signatures(self.text, &self.signatures, key)
    }
}

/// Reads signature lines, each with its line end; at least one.
///
/// # Errors
/// [`NoteError::Malformed`], [`NoteError::MalformedSignature`] or [`NoteError::TooLarge`].
pub fn parse_signature_lines(block: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let lines = block.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    let mut signatures = Vec::new();
    for (line, number) in lines.split('\n').zip(1..) {
        if number > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooLarge);
        }
        signatures.push(parse_signature(line).ok_or(NoteError::MalformedSignature { line: number })?);
    }
    Ok(signatures)
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
    check_name(name).ok()?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (!signature.is_empty()).then(|| NoteSignature {
        name: name.to_owned(),
        id: u32::from_be_bytes(*id),
        signature: signature.to_vec(),
    })
}

/// Checks that one of the signatures over `text` is by the key, and that none that claims to be by it is wrong.
///
/// # Errors
/// [`NoteError::NotSigned`] or [`NoteError::BadSignature`].
pub fn verify_signatures(
    text: &str,
    signatures: &[NoteSignature],
    key: &VerifierKey,
) -> Result<(), NoteError> {
    let mut by_key = signatures.iter().filter(|s| s.names(key)).peekable();
    if by_key.peek().is_none() {
        return Err(NoteError::NotSigned);
    }
    by_key.try_for_each(|s| key.verify(text.as_bytes(), &s.signature))
}

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > KEY_NAME_BYTES_MAX || name.contains(is_bad) {
        return Err(NoteError::BadName);
    }
    Ok(())
}

/// First four bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> u32 {
    let mut h = Sha256::new();
    h.update(name.as_bytes());
    h.update([b'\n', kind]);
    h.update(public);
    let digest: [u8; 32] = h.finalize().into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// `name+hash+base64`, the type byte before the key.
pub(crate) fn key_text(name: &str, id: u32, kind: u8, key: &[u8; 32]) -> String {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(key);
    format!("{name}+{id:08x}+{}", STANDARD.encode(bytes))
}

/// The parts of a key line of one type; whether its id fits is the caller's to check.
pub(crate) fn split_key(text: &str, kind: u8) -> Result<(&str, u32, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::MalformedKey);
    };
    if id.len() != 8
        || encoded.len() != 44
        || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return Err(NoteError::MalformedKey);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| NoteError::MalformedKey)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::MalformedKey)?;
    match bytes.split_first() {
        Some((first, key)) if *first == kind => {
            Ok((name, id, key.try_into().map_err(|_| NoteError::MalformedKey)?))
        }
        _ => Err(NoteError::MalformedKey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example key and note of the Go note package and of the specification it grew from.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_published_example_verifies() {
        let key = VerifierKey::parse(PETER).expect("key");
        assert_eq!(key.to_string(), PETER);
        assert_eq!(Note::parse(NOTE.as_bytes()).expect("note").verify(&key), Ok(()));
        let edited = NOTE.replace("don't", "do");
        assert_eq!(Note::parse(edited.as_bytes()).expect("note").verify(&key), Err(NoteError::BadSignature));
    }

    #[test]
    fn keys_read_back_and_any_changed_character_is_refused() {
        let signer = NoteSigner::from_seed("log.example/a", &[7; 32]).expect("signer");
        let secret = signer.to_secret_text();
        assert_eq!(NoteSigner::parse_secret(&secret).expect("secret").verifier(), signer.verifier());
        assert!(!format!("{signer:?}").contains(&secret[secret.len() - 20..]));
        let public = signer.verifier().to_string();
        for at in 0..public.len() {
            let mut bytes = public.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(VerifierKey::parse(&text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn unknown_signatures_are_left_alone_and_odd_notes_are_refused() {
        let signer = NoteSigner::from_seed("log.example/a", &[7; 32]).expect("signer");
        let other = NoteSigner::from_seed("witness.example/w", &[8; 32]).expect("signer");
        let text = "one\n\ntwo\n";
        let note = format!("{text}\n{}{}", other.signature_line("else"), signer.signature_line(text));
        let parsed = Note::parse(note.as_bytes()).expect("note");
        assert_eq!(parsed.text, text);
        assert_eq!(parsed.verify(signer.verifier()), Ok(()));
        assert_eq!(parsed.verify(other.verifier()), Err(NoteError::BadSignature));
        let third = NoteSigner::from_seed("log.example/a", &[9; 32]).expect("signer");
        assert_eq!(parsed.verify(third.verifier()), Err(NoteError::NotSigned));
        for bad in [
            "",
            "a\n",
            "a\n\n",
            "a\n\n\u{2014} n AAAA\n",
            "a\n\n- n AAAAAAA=\n",
            "a\tb\n\n\u{2014} n AAAAAAA=\n",
        ] {
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert_eq!(Note::parse(&vec![b'a'; NOTE_BYTES_MAX + 1]), Err(NoteError::TooLarge));
        assert!(matches!(NoteSigner::from_seed("a b", &[1; 32]), Err(NoteError::BadName)));
    }
}
