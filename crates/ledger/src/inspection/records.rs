//! The lines of an inspector's copy.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::entry::{Entry, Opening};
use crate::hash::Hash;

/// Longest line of a file of lines, in bytes: an entry, its details, and what is readable of both.
pub const LINE_BYTES_MAX: usize = 256 * 1024;
/// Longest line of a mark, in bytes: twice the longest mask.
pub const LABEL_LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most marks in one read: as many as the product takes.
pub const MARKS_PER_READ_MAX: usize = 50_000;
/// Most bytes of the last versions of the marks of one read, which are hashed together.
pub const READ_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Largest manifest, in bytes: about 200,000 files.
pub const MANIFEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a copy is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One project.
    Project {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// Everything.
    Installation,
}

/// One entry of the log with what is readable of it. Fields beside `index` and `entry` say again what the entry says,
/// except `name`, which [`PersonLine`]s bind, and `details`, which the log holds as a commitment that `opening` opens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    /// Index in the log.
    pub index: u64,
    /// The entry, word for word.
    pub entry: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Pseudonymous id of who acted.
    pub actor: String,
    /// Printed name of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was done.
    pub action: String,
    /// Kind of the object.
    pub object_kind: String,
    /// The object.
    pub object_id: String,
    /// Item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// `ok`, `refused` …
    pub outcome: String,
    /// Reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Private details, where there are any and nobody erased them: the bytes that were committed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RawValue>>,
    /// What opens the commitment to them. Entries of before there were any have none: their details are not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// There are details, and whoever the copy was made for may not read them.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub withheld: bool,
}

impl EventLine {
    /// The first readable field that does not say what the entry says.
    pub(super) fn disagreement(&self, entry: &Entry, at: &str) -> Option<&'static str> {
        let fields = [
            ("at", self.at == at),
            ("actor", self.actor == entry.actor),
            ("action", self.action == entry.action),
            ("object_kind", self.object_kind == entry.object_kind),
            ("object_id", self.object_id == entry.object_id),
            ("item", self.item == entry.item),
            ("outcome", self.outcome == entry.outcome),
            ("reason", self.reason == entry.reason),
        ];
        fields.into_iter().find(|(_, agrees)| !agrees).map(|(field, _)| field)
    }
}

/// The entry by which an account got its printed name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonLine {
    /// Pseudonymous id.
    pub user: String,
    /// Printed name from then on.
    pub name: String,
    /// Index of the entry in the log.
    pub index: u64,
    /// The entry, word for word.
    pub entry: String,
    /// Its details: the bytes that were committed to.
    pub details: Box<RawValue>,
    /// What opens the commitment.
    pub opening: Opening,
}

/// Something that was said about an item, on which the next read of it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Index of the entry.
    pub index: u64,
    /// What was done: `review.reject`, `adjudication.decide`, `appeal.decided` …
    pub action: String,
    /// Reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// In words, out of the details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Acts that say why a mark is drawn, or drawn again.
const REASONED: [&str; 6] =
    ["read.submitted", "review.", "adjudication.", "appeal.decided", "signature.rejected", "item.relabelled"];

impl Why {
    /// What an entry says of why; `None` where it gives no reason.
    #[must_use]
    pub fn of(index: u64, entry: &Entry, details: Option<&str>) -> Option<Self> {
        if !REASONED.iter().any(|action| entry.action.starts_with(action)) {
            return None;
        }
        let details: Option<serde_json::Value> = details.and_then(|text| serde_json::from_str(text).ok());
        let words = details.as_ref().and_then(|details| {
            let fields = ["comment", "reason"].into_iter();
            fields.filter_map(|field| details[field].as_str()).next().map(str::to_owned)
        });
        let is_said = entry.reason.is_some() || words.is_some() || entry.action == "item.relabelled";
        is_said.then(|| Self { index, action: entry.action.clone(), reason: entry.reason.clone(), words })
    }
}

/// One version of one mark in one read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelLine {
    /// Item.
    pub item: String,
    /// Read.
    pub read: String,
    /// Index of the entry that binds the content of the read; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The mark.
    pub mark: String,
    /// Its version, from 1.
    pub version: i64,
    /// When it was drawn, RFC 3339 in UTC, as the row says: nothing binds it.
    pub at: String,
    /// Time of the entry at `index`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_at: Option<String>,
    /// Pseudonymous id of the person; absent for models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Printed name, or the model.
    pub who: String,
    /// The mark; absent when it was removed, or erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<serde_json::Value>,
    /// What was said about the item since the read before, and with this one; nothing for marks that were taken over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Why>,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseLine {
    /// Its id.
    pub id: String,
    /// Index of the entry that binds its root, or its list while it has none.
    pub index: u64,
    /// Name.
    pub name: String,
    /// `proposed`, `building`, `done`, `failed`, `withdrawn` or `recalled`.
    pub state: String,
    /// Root hash of the package, where there is one.
    pub root: Option<String>,
    /// Items in it.
    pub items: u64,
    /// Begun, RFC 3339 in UTC.
    pub at: String,
    /// Printed name of who began it.
    pub begun_by: Option<String>,
    /// Printed name of the second person.
    pub countersigned_by: Option<String>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureLine {
    /// Its id.
    pub id: String,
    /// Index of its entry in the log.
    pub index: u64,
    /// Who signed, by pseudonymous id.
    pub actor: String,
    /// Their name as printed when they signed.
    pub printed_name: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What the signature says: `authored`, `reviewed`, …
    pub meaning: String,
    /// Item.
    pub item: String,
    /// The read that was signed.
    pub read: String,
    /// SHA-256 of the content that it is bound to.
    pub content_hash: String,
    /// In copies of before the marks were hashed again by the check: what the server said that they hash to. Not used.
    #[serde(default, skip_serializing)]
    pub content_now: Option<String>,
}

/// One file of the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyFile {
    /// Its path in the copy.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Hash,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyManifest {
    /// What the copy is about.
    pub scope: Scope,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// Who asked for it, by pseudonymous id.
    pub made_by: String,
    /// The log.
    pub origin: String,
    /// Entries in the log at its checkpoint.
    pub size: u64,
    /// Root at that checkpoint.
    pub root: Hash,
    /// Entries in the copy.
    pub events: u64,
    /// Every other file but the manifest's signature, in the order of the copy.
    pub files: Vec<CopyFile>,
}
