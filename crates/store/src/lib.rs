//! Where things are kept: rows (SQLite or PostgreSQL), bytes, the evidence log, keys.
//!
//! Nothing above this room holds SQL. State and evidence commit together: [`Store::write`] is the only way to change
//! anything, and a write that recorded no event does not commit.

mod actor;
pub mod assets;
pub mod audits;
mod backup;
mod blobs;
mod certify;
pub mod checkpoints;
pub mod cleanings;
mod clock;
pub mod comparisons;
mod conn;
mod error;
pub mod events;
mod evidence;
pub mod exposures;
pub mod face_models;
pub mod gate;
pub mod holds;
pub mod ingests;
pub mod items;
pub mod jobs;
mod keyring;
mod keys;
pub mod leaks;
mod log;
pub mod masks;
pub mod moves;
pub mod privacy;
pub mod projects;
pub mod protocols;
pub mod reads;
pub mod releases;
pub mod risks;
mod schema;
mod seal;
mod sequencer;
pub mod sessions;
mod sqlite;
mod store;
pub mod subjects;
pub mod tasks;
mod tx;
pub mod users;
mod value;
mod vault;
mod verify;
pub mod witness;
mod write;

pub use actor::{Actor, ActorKind};
pub use backup::{BackupReport, TableReport, backup_columns};
pub use blobs::{Address, BLOB_BYTES_MAX, ClearedBlobs, Put, QuarantineBlobs, ReleasedBlobs, VaultBlobs};
pub use certify::{Attested, STATEMENT_START};
pub use conn::{Conn, Engine, Query};
pub use error::{StoreError, is_full};
pub use evidence::{DETAILS_BYTES_MAX, Evidence};
pub use keyring::Keyring;
pub use keys::{KEY_BYTES, Key, Keys, keyed_hash, random};
pub use sequencer::Sequenced;
pub use store::{Store, StoreConfig};
pub use tx::{Reader, Tx};
pub use value::{Bind, Column, FromRow, Get, Json, Kind, Raw, Record, Row, Value};
pub use vault::{CrosswalkEntry, Vault};
pub use write::GROUP_WRITES_MAX;
