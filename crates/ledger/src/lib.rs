//! The evidence of Countersign: an append-only Merkle log that outside tools can verify, and release packages that
//! carry their own proof.
//!
//! Pure: no files, no database, no clock, no randomness. The caller brings bytes ([`LogSource`]), times and keys.
//!
//! * [`entry`]: one event, with exactly one encoding
//! * [`state`]: from a batch of entries to the files to write (C2SP tlog-tiles)
//! * [`checkpoint`], [`note`], [`cosignature`]: the signed tree head, the keys, who cosigns it
//! * [`excerpt`]: some entries of a log with the tiles that check them
//! * [`tree`], [`proof`]: inclusion and consistency, also as a self-contained file
//! * [`witness`]: what somebody outside asks before cosigning, so that no past is rolled back or forked
//! * [`verify`], [`rows`]: the offline checks; they name the first bad index
//! * [`inspection`]: evidence as files that an inspector takes along, and their offline check
//! * [`release`]: the package in which a dataset leaves, and its offline check

pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod excerpt;
pub mod fault;
pub mod frontier;
pub mod hash;
pub mod inspection;
pub mod note;
pub mod proof;
pub mod release;
pub mod rows;
pub mod source;
pub mod state;
pub mod tiles;
pub mod tree;
pub mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::{Cosigned, Cosigner, CosignerKey};
pub use entry::{Entry, Opening, commitment, opening_key};
pub use excerpt::Excerpt;
pub use fault::{EXPOSURES, LogFault, LogFaultKind, ROWS};
pub use frontier::Frontier;
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{NoteSigner, VerifierKey};
pub use proof::{ProvenEntry, TlogProof};
pub use rows::{RowCheck, compare_rows};
pub use source::{LogSource, Unreadable};
pub use state::{Batch, LogFile, LogState};
pub use verify::{Known, LogReport, verify_log, verify_log_with};
