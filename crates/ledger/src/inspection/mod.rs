//! The inspector's copy: the evidence of one project (or of the whole installation) as files that a person reads and a
//! program checks, on a machine without the server.
//!
//! What is readable is bound to the entries: details by what opens the commitment of their own entry and no other, printed
//! names by the entries that gave them, marks by their content hash, releases by their root.
//!
//! The entries come out of the database as it is, the list of what must be there out of the log. So a copy that was made
//! after somebody had edited, deleted or reordered rows does not verify, and the first bad index is named. The manifest
//! carries size and SHA-256 of every file under the log's signature: a copy that is changed afterwards does not verify
//! either.

mod events;
mod files;
mod labels;
mod people;
mod records;
mod releases;
mod signatures;
mod utc;
mod verify;

#[cfg(test)]
mod tests;

pub use files::CopyFiles;
pub use labels::{ContentHash, made_by};
pub use records::{
    CopyFile, CopyManifest, EventLine, LABEL_LINE_BYTES_MAX, LINE_BYTES_MAX, LabelLine, MANIFEST_BYTES_MAX,
    MARKS_PER_READ_MAX, PersonLine, READ_BYTES_MAX, ReleaseLine, Scope, SignatureLine, Why,
};
pub use verify::{CopyFault, CopyKnown, CopyReport, CosignedPart, Proven, verify_copy};

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
/// One [`LabelLine`] per version of a mark.
pub const LABELS: &str = "labels.jsonl";
/// One [`PersonLine`] per printed name that an account of the copy was given, in the order of the log.
pub const PEOPLE: &str = "people.jsonl";
/// One [`ReleaseLine`] per release.
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
  people.jsonl      the entries by which the people in it got their printed names
  labels.jsonl      each version of each mark: who, when, what
  releases.jsonl    each release with its root
  log/              signed checkpoint, the tiles that check these entries, older checkpoints with consistency proofs
  proofs/           one file per signature, signed act and release that stands alone (C2SP tlog-proof)
  manifest.json     size and SHA-256 of every file, signed in manifest.sig by the log's key

To check it, without a network and without the server:

  countersign verify COPY.zip --key log.pub

The check is as good as the key: take log.pub from where the organization gave it to you by another way, not from here.
The first bad index is named when an entry was edited, deleted, put in another place or cut off, when a mark, a name, the
details of an entry or the root of a release are not those that the log binds, and when a signature is void.

What it does not prove: details and names that were written before the log bound them in a way that can be shown (the
check counts them, \"of before\"); versions of a mark that their author replaced before handing in; that whoever made the copy put every entry of the project into it (a copy of the whole
installation has no such gap), so that a printed name is one that the log gave, and not that it is the last one; and that
nothing happened outside of the product.
";
