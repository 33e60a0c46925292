//! One event of the evidence log, in a form that has exactly one encoding.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::hash::{Hash, leaf_hash};
use crate::tiles::ENTRY_BYTES_MAX;

/// Version of the entry format.
pub const ENTRY_VERSION: u32 = 1;
/// Version of an entry whose commitment is made with a key of its own ([`opening_key`]), so that an [`Opening`] shows what
/// was committed to without showing anything of another event.
pub const ENTRY_VERSION_OPENABLE: u32 = 2;
/// Version of an entry that names the session in which the act was done. Its commitment, where it has one, can be opened.
pub const ENTRY_VERSION_SESSION: u32 = 3;
/// Bytes of the salt of a commitment.
pub const SALT_BYTES: usize = 16;
/// Longest code (`action`, `object_kind`, `outcome`, `reason`), in bytes.
pub const CODE_BYTES_MAX: usize = 64;
/// Longest id (`actor`, `object_id`, `project`, `item`, `session`, one policy), in bytes.
pub const ID_BYTES_MAX: usize = 200;
/// Most policy ids in one entry.
pub const POLICIES_MAX: usize = 16;

/// Why an entry is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A version that this program does not know.
    #[error("entry version {0} is not known")]
    UnknownVersion(u32),
    /// A field is empty, too long, or has characters that codes and ids may not have (a space, for one: free text
    /// has no place in the log).
    #[error("field {field} is not a code or id")]
    BadField {
        /// Name of the field.
        field: &'static str,
    },
    /// The encoding is longer than [`ENTRY_BYTES_MAX`].
    #[error("the entry has {0} bytes, the limit is {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    /// Not the JSON of an entry.
    #[error("not an entry, at byte {at}")]
    Malformed {
        /// Offset in bytes where reading stopped.
        at: usize,
    },
    /// The JSON of an entry, but not in its one canonical spelling.
    #[error("the entry is not in canonical form, first at byte {at}")]
    NotCanonical {
        /// Offset of the first byte that differs from the canonical form.
        at: usize,
    },
}

/// One event: who did what to which object, when, with which outcome.
///
/// It holds pseudonymous ids, codes and hashes only. What a person could be known by goes into the side table and is
/// bound here by `commit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`ENTRY_VERSION`]; [`ENTRY_VERSION_OPENABLE`] where `commit` can be opened; [`ENTRY_VERSION_SESSION`] where
    /// `session` is named.
    pub v: u32,
    /// UTC, microseconds since 1970.
    pub at_us: i64,
    /// Pseudonymous id of the user, service or model.
    pub actor: String,
    /// Code of the act, such as `read.submit`.
    pub action: String,
    /// Kind of the object, such as `item`.
    pub object_kind: String,
    /// Id of the object.
    pub object_id: String,
    /// Project that the object belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Item that the object belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Session in which it was done, by a person who was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// SHA-256 of the content that the act is about, when that content identifies nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<Hash>,
    /// `ok`, `refused`, …
    pub outcome: String,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Ids of the policies that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<String>,
    /// Keyed commitment to the details: [`commitment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Hash>,
}

impl Entry {
    /// An entry with the fields that every event has; the optional ones are empty.
    #[must_use]
    pub fn new(
        at_us: i64,
        actor: &str,
        action: &str,
        (object_kind, object_id): (&str, &str),
        outcome: &str,
    ) -> Self {
        Self {
            v: ENTRY_VERSION,
            at_us,
            actor: actor.to_owned(),
            action: action.to_owned(),
            object_kind: object_kind.to_owned(),
            object_id: object_id.to_owned(),
            project: None,
            item: None,
            session: None,
            content_hash: None,
            outcome: outcome.to_owned(),
            reason: None,
            policy: Vec::new(),
            commit: None,
        }
    }

    /// Binds details that an [`Opening`] can show later.
    pub fn commit_openably(&mut self, key: &[u8; 32], salt: &[u8; SALT_BYTES], details: &[u8]) {
        self.v = self.v.max(ENTRY_VERSION_OPENABLE);
        self.commit = Some(Hash(commitment(key, salt, details)));
    }

    /// Names the session.
    pub fn in_session(&mut self, session: String) {
        self.v = ENTRY_VERSION_SESSION;
        self.session = Some(session);
    }

    /// The commitment, where it can be opened.
    #[must_use]
    pub fn openable(&self) -> Option<Hash> {
        self.commit.filter(|_| self.v >= ENTRY_VERSION_OPENABLE)
    }

    /// The canonical bytes: JSON with the fields in the order of this struct, no white space, absent fields left out.
    ///
    /// # Errors
    /// [`EntryError`] when a field is not a code or id, or the whole is too long.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        self.check()?;
        let bytes = self.to_json();
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads canonical bytes; anything that [`Entry::encode`] would not have written is refused.
    ///
    /// # Errors
    /// [`EntryError`] with the offset where the bytes stop being an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(bytes.len()));
        }
        // Canonical bytes are one line, so the column is the offset.
        let entry: Entry = serde_json::from_slice(bytes)
            .map_err(|e| EntryError::Malformed { at: e.column().saturating_sub(1).min(bytes.len()) })?;
        entry.check()?;
        let again = entry.to_json();
        if again == bytes {
            return Ok(entry);
        }
        let at = again.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(again.len().min(bytes.len()));
        Err(EntryError::NotCanonical { at })
    }

    /// Leaf hash of the canonical bytes.
    ///
    /// # Errors
    /// As [`Entry::encode`].
    pub fn leaf(&self) -> Result<Hash, EntryError> {
        self.encode().map(|bytes| leaf_hash(&bytes))
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a struct of strings and numbers always has a JSON form")
    }

    fn check(&self) -> Result<(), EntryError> {
        match self.v {
            ENTRY_VERSION => {}
            ENTRY_VERSION_OPENABLE if self.commit.is_some() => {}
            ENTRY_VERSION_OPENABLE => return Err(EntryError::BadField { field: "commit" }),
            ENTRY_VERSION_SESSION => {}
            other => return Err(EntryError::UnknownVersion(other)),
        }
        if self.session.is_some() != (self.v == ENTRY_VERSION_SESSION) {
            return Err(EntryError::BadField { field: "session" });
        }
        let reason = self.reason.as_deref();
        let codes = [
            ("action", Some(self.action.as_str())),
            ("object_kind", Some(self.object_kind.as_str())),
            ("outcome", Some(self.outcome.as_str())),
            ("reason", reason),
        ];
        let ids = [
            ("actor", Some(self.actor.as_str())),
            ("object_id", Some(self.object_id.as_str())),
            ("project", self.project.as_deref()),
            ("item", self.item.as_deref()),
            ("session", self.session.as_deref()),
        ];
        for (field, value) in codes {
            if !value.is_none_or(is_code) {
                return Err(EntryError::BadField { field });
            }
        }
        for (field, value) in ids {
            if !value.is_none_or(is_id) {
                return Err(EntryError::BadField { field });
            }
        }
        if self.policy.len() > POLICIES_MAX || !self.policy.iter().all(|p| is_id(p)) {
            return Err(EntryError::BadField { field: "policy" });
        }
        Ok(())
    }
}

/// Letters, digits and `_ . : -`, at most [`CODE_BYTES_MAX`] of them.
fn is_code(text: &str) -> bool {
    (1..=CODE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b))
}

/// Visible ASCII without quotation mark and backslash, so that JSON needs no escapes.
fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

/// Keyed commitment to the human-readable details of an event: HMAC-SHA256(key, salt ‖ details).
///
/// Destroying `key` and `salt` makes the details unprovable and unguessable while every proof over the entry stays
/// valid. A plain hash would let anybody try out names.
#[must_use]
pub fn commitment(key: &[u8; 32], salt: &[u8; SALT_BYTES], details: &[u8]) -> [u8; 32] {
    mac(key, &[salt, details])
}

/// The key that the commitment of one event is made with: HMAC-SHA256(key, "countersign opening v1\n" ‖ event id).
/// Whoever is shown it learns nothing of `key`, nor of the keys of other events.
#[must_use]
pub fn opening_key(key: &[u8; 32], event: &[u8; 16]) -> [u8; 32] {
    mac(key, &[b"countersign opening v1\n", event])
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What opens the commitment of one event: with it anybody can work out that the details are those that the log
/// commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// [`opening_key`] of the event.
    pub key: Hash,
    /// Salt, 32 hexadecimal digits.
    pub salt: String,
}

impl Opening {
    /// Out of key and salt.
    #[must_use]
    pub fn new(key: [u8; 32], salt: &[u8; SALT_BYTES]) -> Self {
        Self { key: Hash(key), salt: hex::encode(salt) }
    }

    /// Whether these details, byte for byte, are what was committed to.
    #[must_use]
    pub fn opens(&self, commit: &Hash, details: &[u8]) -> bool {
        let mut salt = [0; SALT_BYTES];
        hex::decode_to_slice(&self.salt, &mut salt).is_ok()
            && commitment(&self.key.0, &salt, details) == commit.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full() -> Entry {
        let mut e = Entry::new(1_795_000_000_000_001, "u-17", "read.submit", ("read", "r-9"), "ok");
        e.project = Some("p-1".into());
        e.item = Some("i-4".into());
        e.content_hash = Some(Hash::of(b"content"));
        e.reason = Some("fixed_margin".into());
        e.policy = vec!["permit-reader".into()];
        e.commit = Some(Hash(commitment(&[1; 32], &[2; 16], b"Jane")));
        e
    }

    #[test]
    fn the_encoding_is_fixed() {
        let short = Entry::new(-5, "u-17", "login", ("session", "s-1"), "refused");
        assert_eq!(
            String::from_utf8(short.encode().expect("encode")).expect("utf-8"),
            r#"{"v":1,"at_us":-5,"actor":"u-17","action":"login","object_kind":"session","object_id":"s-1","outcome":"refused"}"#
        );
        let bytes = full().encode().expect("encode");
        assert_eq!(Entry::decode(&bytes), Ok(full()));
    }

    #[test]
    fn the_session_is_named_by_entries_of_its_own_version() {
        let mut e = full();
        e.in_session("s-4".into());
        e.commit_openably(&[1; 32], &[2; 16], b"Jane");
        let bytes = e.encode().expect("encode");
        let text = String::from_utf8(bytes.clone()).expect("utf-8");
        assert!(
            text.starts_with("{\"v\":3,") && text.contains(r#","item":"i-4","session":"s-4","content_hash""#),
            "{text}"
        );
        assert_eq!(Entry::decode(&bytes), Ok(e.clone()));
        assert_eq!(e.openable(), e.commit);
        e.v = ENTRY_VERSION_OPENABLE;
        assert_eq!(e.encode(), Err(EntryError::BadField { field: "session" }), "of before");
    }

    #[test]
    fn other_spellings_are_refused_with_the_place() {
        let good = String::from_utf8(full().encode().expect("encode")).expect("utf-8");
        for (bad, error) in [
            (good.replacen(":1,", ": 1,", 1), EntryError::NotCanonical { at: 5 }),
            (good.replace("\"u-17\"", "\"u\\u002d17\""), EntryError::NotCanonical { at: 42 }),
            (good.replace("{\"v\":1", "{\"v\":4"), EntryError::UnknownVersion(4)),
            (good.replace("{\"v\":1", "{\"v\":3"), EntryError::BadField { field: "session" }),
            (good.replace("u-17", "Jane Doe"), EntryError::BadField { field: "actor" }),
            (good.replace("fixed_margin", "she looked tired"), EntryError::BadField { field: "reason" }),
        ] {
            assert_eq!(Entry::decode(bad.as_bytes()), Err(error), "{bad}");
        }
        assert!(matches!(
            Entry::decode(good.replace("}", ",\"x\":1}").as_bytes()),
            Err(EntryError::Malformed { .. })
        ));
        assert!(matches!(Entry::decode(b""), Err(EntryError::Malformed { at: 0 })));
        assert!(matches!(Entry::decode(&[b' '; ENTRY_BYTES_MAX + 1]), Err(EntryError::TooLong(_))));
    }

    #[test]
    fn the_longest_entry_that_the_fields_allow_is_refused_when_it_does_not_fit() {
        let mut e = full();
        e.policy = vec!["p".repeat(ID_BYTES_MAX); POLICIES_MAX];
        e.object_id = "o".repeat(ID_BYTES_MAX);
        e.actor = "a".repeat(ID_BYTES_MAX);
        e.project = Some("p".repeat(ID_BYTES_MAX));
        e.item = Some("i".repeat(ID_BYTES_MAX));
        assert!(matches!(e.encode(), Err(EntryError::TooLong(n)) if n > ENTRY_BYTES_MAX));
    }

    #[test]
    fn the_commitment_is_hmac_sha256() {
        // RFC 4231 test case 2 does not fit the fixed key length; this value was worked out with Python's hmac module:
        // hmac.new(bytes([1])*32, bytes([2])*16 + b"Jane", "sha256").
        let value = hex::encode(commitment(&[1; 32], &[2; 16], b"Jane"));
        assert_eq!(value, "12e71431538f4d916cf137b64f3d9672c4e5260c8f45328199c04e8c3b977839");
        assert_ne!(commitment(&[1; 32], &[3; 16], b"Jane"), commitment(&[1; 32], &[2; 16], b"Jane"));
    }

    #[test]
    fn an_opening_shows_one_event_and_no_other() {
        // Worked out with Python: k = hmac.new(bytes([1])*32, b"countersign opening v1\n" + bytes([7])*16, "sha256"),
        // then hmac.new(k.digest(), bytes([2])*16 + b"Jane", "sha256").
        let keys = [7, 8].map(|event| opening_key(&[1; 32], &[event; 16]));
        assert_eq!(hex::encode(keys[0]), "b7b2e63b41d05fe0df4eb91249821c325a17f706a2c2dc5cd1d2692a91f6c29c");
        let mut e = full();
        e.commit_openably(&keys[0], &[2; 16], b"Jane");
        assert_eq!(Entry::decode(&e.encode().expect("encode")), Ok(e.clone()));
        let commit = e.openable().expect("openable");
        assert_eq!(commit.to_hex(), "083d96de451c65f6a3d70589962dec538dfc4edea27f2788628f00b63f9567fa");
        assert!(Opening::new(keys[0], &[2; 16]).opens(&commit, b"Jane"));
        for (key, salt, details) in
            [(keys[1], [2; 16], "Jane"), (keys[0], [3; 16], "Jane"), (keys[0], [2; 16], "June")]
        {
            assert!(!Opening::new(key, &salt).opens(&commit, details.as_bytes()));
        }
        assert_eq!(full().openable(), None, "made with the key of all events");
        e.commit = None;
        assert_eq!(e.encode(), Err(EntryError::BadField { field: "commit" }));
    }

    proptest! {
        #[test]
        fn a_flipped_byte_never_decodes_to_the_same_entry(at in 0usize..300, bit in 0u8..8) {
            let mut bytes = full().encode().expect("encode");
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(Entry::decode(&bytes), Ok(full()));
        }
    }
}
