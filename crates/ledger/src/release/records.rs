//! The words of a release package: manifest records, file list, certificate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hash::Hash;

/// Longest line of the manifest, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest line of the file list, in bytes: 65,536 chunk hashes of 67 bytes each, and the rest.
pub const FILE_LINE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Largest certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 1024 * 1024;
/// What every certificate is.
const CERTIFICATE_KIND: &str = "countersign release certificate";

/// What a certificate of this product states about every release.
pub const STANDARD_CLAIMS: [&str; 4] = [
    "Each file is the one listed, byte for byte.",
    "Each record names the accepted read of its item and the signatures over exactly that content.",
    "The release was recorded in the evidence log before this certificate was signed.",
    "Nobody countersigned their own work: the product refuses it for every role.",
];

/// What it does not state.
pub const NOT_CLAIMED: [&str; 3] = [
    "That every label is right: see the counts for what was reviewed and signed.",
    "That no copy of an image exists outside the product.",
    "That the log has not been forked, unless its checkpoint carries the signature of an independent witness.",
];

/// Why a record cannot be part of a release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not the JSON of a record, or not in its one spelling.
    #[error("not a record in canonical form")]
    NotCanonical,
    /// None of the signatures is over the content of the accepted read.
    #[error("item {item} has no signature over its accepted content")]
    NotSigned {
        /// The item's id.
        item: String,
    },
    /// Longer than [`RECORD_BYTES_MAX`].
    #[error("the record has {0} bytes, the limit is {RECORD_BYTES_MAX}")]
    TooLong(usize),
}

/// A person or model who acted on an item, or who signed the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatory {
    /// Pseudonymous id.
    pub actor: String,
    /// Name as the person prints it; for a model its name and version.
    pub printed_name: String,
    /// Role under which they acted.
    pub role: String,
    /// `authored`, `reviewed`, `adjudicated`, `approved`, `released`, …
    pub meaning: String,
    /// UTC, RFC 3339.
    pub at: String,
    /// SHA-256 of the content that was in front of them.
    pub content_hash: Hash,
}

/// One annotation in the version that was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnotationRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
}

/// The protocol that work was done under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// SHA-256 of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<Hash>,
}

/// One item of a release: a line of `manifest.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The item's id.
    pub item: String,
    /// Its name within the project.
    pub name: String,
    /// SHA-256 of each cleared asset, in frame order.
    pub assets: Vec<Hash>,
    /// The annotations of the accepted read.
    pub annotations: Vec<AnnotationRef>,
    /// SHA-256 of the accepted read's canonical content.
    pub content_hash: Hash,
    /// The protocol it was done under.
    pub protocol: ProtocolRef,
    /// Who drew, reviewed and signed, in order of time.
    pub authors: Vec<Signatory>,
}

impl Record {
    /// The line without its line end: JSON in field order without white space.
    ///
    /// # Errors
    /// [`RecordError`] when no signature is over the accepted content, or the line is too long.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        if !self.authors.iter().any(|a| a.content_hash == self.content_hash) {
            return Err(RecordError::NotSigned { item: self.item.clone() });
        }
        let line = to_line(self);
        if line.len() > RECORD_BYTES_MAX { Err(RecordError::TooLong(line.len())) } else { Ok(line) }
    }

    /// Reads a line that [`Record::encode`] wrote.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn decode(line: &[u8]) -> Result<Self, RecordError> {
        let record: Record = serde_json::from_slice(line).map_err(|_| RecordError::NotCanonical)?;
        if record.encode()? == line { Ok(record) } else { Err(RecordError::NotCanonical) }
    }
}

/// One file of a release: a line of `files.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine {
    /// Path in the package.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of all of it.
    pub sha256: Hash,
    /// SHA-256 of each 64 KiB, the last one shorter; left out when the file is no longer than that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<Hash>,
}

impl FileLine {
    /// The line without its line end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_line(self)
    }

    /// Reads a line that [`FileLine::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(line: &[u8]) -> Option<Self> {
        let file: FileLine = serde_json::from_slice(line).ok()?;
        (file.encode() == line).then_some(file)
    }
}

fn to_line<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("a struct of strings, numbers and lists always has a JSON form")
}

/// What binds file list and manifest: SHA-256("countersign release v1\n" ‖ files root ‖ files ‖ records root ‖
/// records), the counts as eight big-endian bytes.
#[must_use]
pub fn release_root(files: (Hash, u64), records: (Hash, u64)) -> Hash {
    let mut h = Sha256::new();
    h.update(b"countersign release v1\n");
    for (root, count) in [files, records] {
        h.update(root.0);
        h.update(count.to_be_bytes());
    }
    Hash(h.finalize().into())
}

/// The listed files taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTotals {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Merkle root over the lines of `files.jsonl`.
    pub root: Hash,
}

/// The records taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordTotals {
    /// How many.
    pub count: u64,
    /// Merkle root over the lines of `manifest.jsonl`.
    pub root: Hash,
}

/// Where the release event stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPlace {
    /// The log's identity.
    pub origin: String,
    /// Index of the release event.
    pub index: u64,
    /// Entries in the log at the checkpoint of the proof.
    pub size: u64,
    /// Root of the log at that checkpoint.
    pub root: Hash,
    /// SHA-256 of `log-proof.txt`.
    pub proof_sha256: Hash,
    /// SHA-256 of `log.pub`.
    pub key_sha256: Hash,
}

/// What the caller knows about a release and this crate does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFields {
    /// Name of the project.
    pub project: String,
    /// Id of the project, as the release event names it.
    pub project_id: String,
    /// Name of the release.
    pub release: String,
    /// UTC, RFC 3339.
    pub released_at: String,
    /// What the counts of the release are, such as `items`, `annotations`, `signatures`.
    pub counts: BTreeMap<String, u64>,
    /// Every protocol version that work in it was done under.
    pub protocols: Vec<ProtocolRef>,
    /// The guideline that was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guideline: Option<String>,
    /// Who signed the release.
    pub signatories: Vec<Signatory>,
    /// What is stated: [`STANDARD_CLAIMS`] and what the caller can add.
    pub claims: Vec<String>,
    /// What is not stated: [`NOT_CLAIMED`] and what the caller can add.
    pub not_claimed: Vec<String>,
}

/// The signed statement: `certificate.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What this is.
    pub kind: String,
    /// Version of the format: 1.
    pub version: u32,
    /// The release root: [`release_root`].
    pub root: Hash,
    /// What the caller states.
    pub statement: CertificateFields,
    /// The files.
    pub files: FileTotals,
    /// The records.
    pub records: RecordTotals,
    /// The release event.
    pub log: LogPlace,
}

impl Certificate {
    pub(super) fn new(
        statement: CertificateFields,
        files: FileTotals,
        records: RecordTotals,
        log: LogPlace,
    ) -> Certificate {
        let root = release_root((files.root, files.count), (records.root, records.count));
        Certificate { kind: CERTIFICATE_KIND.to_owned(), version: 1, root, statement, files, records, log }
    }

    /// The text that is signed: indented JSON with a line end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("strings, numbers and lists always have a JSON form");
        text.push('\n');
        text
    }

    /// Reads a certificate; `None` when it is not one of this version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let certificate: Certificate = serde_json::from_str(text).ok()?;
        (certificate.kind == CERTIFICATE_KIND && certificate.version == 1).then_some(certificate)
    }
}
