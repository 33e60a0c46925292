//! Release packages: a ZIP file that carries its own proof.
//!
//! Members, in this order: `README.txt`; `manifest.jsonl` (one [`Record`] per item); the exported files;
//! `files.jsonl` (one [`FileLine`] per member before it: size, SHA-256, SHA-256 per 64 KiB); `certificate.json` with
//! `certificate.sig`; `log-proof.txt` (the release event's place in the evidence log); `log.pub`.
//!
//! The release root binds the file list and the manifest: see [`release_root`]. The event in the log carries it as
//! its content hash, and the certificate states it, so the order of making is: all files, [`ReleaseWriter::seal`],
//! the event, [`SealedRelease::finish`].
//!
//! The container is a ZIP that any tool opens, written in exactly one way (stored, fixed dates, ZIP64 only where
//! needed), so that the verifier can hold every byte of it against what it must be.

mod fault;
mod layout;
mod let_go;
mod lines;
mod package;
mod records;
mod structure;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use fault::{ReleaseFault, ReleaseFaultKind};
pub use layout::{MEMBER_BYTES_MAX, MEMBERS_MAX, NAME_BYTES_MAX};
pub use records::{
    AnnotationRef, CERTIFICATE_BYTES_MAX, Certificate, CertificateFields, FILE_LINE_BYTES_MAX, FileLine,
    FileTotals, LogPlace, NOT_CLAIMED, ProtocolRef, RECORD_BYTES_MAX, Record, RecordError, RecordTotals,
    STANDARD_CLAIMS, Signatory, release_root,
};
pub use verify::{ReleaseReport, release_member, verify_release, verify_release_with};
pub use writer::{ReleaseWriter, SealedRelease, WriteError};

/// Bytes that one hash in the file list covers.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// What the package is, for whoever opens it.
pub const README: &str = "README.txt";
/// One line per item.
pub const MANIFEST: &str = "manifest.jsonl";
/// One line per file before it.
pub const FILES: &str = "files.jsonl";
/// The signed statement.
pub const CERTIFICATE: &str = "certificate.json";
/// Signature line over the certificate's bytes.
pub const SIGNATURE: &str = "certificate.sig";
/// Where the release stands in the evidence log.
pub const LOG_PROOF: &str = "log-proof.txt";
/// The key that signed certificate and log.
pub const LOG_KEY: &str = "log.pub";

/// Members at the beginning, in order.
const HEAD: [&str; 2] = [README, MANIFEST];
/// Members at the end, in order.
const FOOT: [&str; 5] = [FILES, CERTIFICATE, SIGNATURE, LOG_PROOF, LOG_KEY];

/// Content of `README.txt`: the same in every package.
pub const README_TEXT: &str = "\
This is a dataset release made by Countersign.

  manifest.jsonl    one line per item: assets, annotations, the accepted read, who signed what
  files.jsonl       one line per file: size, SHA-256, SHA-256 of each 64 KiB
  certificate.json  what is stated about this release, and what is not
  certificate.sig   Ed25519 signature line over certificate.json (C2SP signed-note form)
  log-proof.txt     proof that the release is recorded in the evidence log (C2SP tlog-proof form)
  log.pub           the key that signs both
  everything else   the exported annotations

To check it, without a network and without the server:

  countersign verify FILE.zip

The check is as good as the key: compare log.pub with the key that the issuing organization gave you by another way.

By hand: `sha256sum` of each file is in files.jsonl. A leaf is SHA-256(0x00, line without its line end); the lines of
files.jsonl and those of manifest.jsonl each form a Merkle tree as in RFC 6962. The release root is
SHA-256(\"countersign release v1\\n\", root of files, number of files, root of records, number of records), numbers as
eight bytes, most significant first.
";
