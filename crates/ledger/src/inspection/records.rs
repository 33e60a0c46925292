//! The lines of an inspector's copy.

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::hash::Hash;

/// Longest line of a file of lines, in bytes: an entry, its details, and what is readable of both.
pub const LINE_BYTES_MAX: usize = 256 * 1024;
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
/// except `name` and `details`, which the log holds as a commitment only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Private details, where there are any and nobody erased them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
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
    /// What the content hashed to when the copy was made; absent where it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
