//! The inspector's copy: the evidence of one project (or of the whole installation) as files that a person reads and a
//! program checks, on a machine without the server.
//!
//! The entries come out of the database as it is, the list of what must be there out of the log. So a copy that was made
//! after somebody had edited, deleted or reordered rows does not verify, and the first bad index is named. The manifest
//! carries size and SHA-256 of every file under the log's signature: a copy that is changed afterwards does not verify
//! either.

mod records;
mod verify;

#[cfg(test)]
mod tests;

pub use records::{
    CopyFile, CopyManifest, EventLine, LINE_BYTES_MAX, MANIFEST_BYTES_MAX, Scope, SignatureLine,
};
pub use verify::{CopyFault, CopyFiles, CopyReport, verify_copy};

/// What the copy is, for whoever opens it.
pub const README: &str = "README.txt";
/// The readable form.
pub const PAGE: &str = "index.html";
/// One [`EventLine`] per entry, in the order of the log.
pub const EVENTS: &str = "events.jsonl";
/// The indices that must be in [`EVENTS`], one decimal number per line, ascending.
pub const INDICES: &str = "log/indices.txt";
/// One [`SignatureLine`] per signature.
pub const SIGNATURES: &str = "signatures.jsonl";
/// One line per version of a mark: who, what, when.
pub const LABELS: &str = "labels.jsonl";
/// One line per release.
pub const RELEASES: &str = "releases.jsonl";
/// The signed list of files.
pub const MANIFEST: &str = "manifest.json";
/// Signature line over the bytes of the manifest.
pub const MANIFEST_SIGNATURE: &str = "manifest.sig";
/// The key that signs log and manifest.
pub const LOG_KEY: &str = "log/log.pub";
/// Folder of the log: `checkpoint`, `tile/…`.
pub const LOG: &str = "log/";
/// Folder of older checkpoints, `SIZE.checkpoint`, each with `SIZE.consistency`: the proof that the newest continues it.
pub const KEPT: &str = "log/kept/";
/// Folder of `.tlog-proof` files.
pub const PROOFS: &str = "proofs/";
/// How the text begins over which a manifest is signed: no checkpoint does.
pub const MANIFEST_START: &str = "Countersign inspection copy v1\n";

/// Content of `README.txt`: the same in every copy.
pub const README_TEXT: &str = "\
This is an inspector's copy of evidence, made by Countersign.

  index.html        to be read: who did what, when and why; signatures with name, UTC time and meaning
  events.jsonl      the same for programs: each entry of the log, word for word, with what is readable beside it
  signatures.jsonl  each signature: name, meaning, UTC time, hash of the content, index in the log
  labels.jsonl      each version of each mark: who, when, what
  releases.jsonl    each release with its root
  log/              signed checkpoint, the tiles that check these entries, older checkpoints with consistency proofs
  proofs/           one file per signature and release that stands alone (C2SP tlog-proof)
  manifest.json     size and SHA-256 of every file, signed in manifest.sig by the log's key

To check it, without a network and without the server:

  countersign verify COPY.zip --key log.pub

The check is as good as the key: take log.pub from where the organization gave it to you by another way, not from here.
The first bad index is named when an entry was edited, deleted, put in another place or cut off.

What it does not prove: that whoever made the copy put every entry of the project into it (a copy of the whole
installation has no such gap), and that nothing happened outside of the product.
";
