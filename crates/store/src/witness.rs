//! What a witness keeps: its own key, and one record per log, the newest checkpoint that it cosigned.
//!
//! A folder of its own, on a machine of its own if it can be: it knows nothing of the database.

use std::{
    collections::BTreeMap,
    fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use countersign_ledger::{
    Cosigner, CosignerKey, SignedCheckpoint, VerifierKey,
    note::NOTE_BYTES_MAX,
    witness::{AddCheckpoint, WitnessRefusal, decide},
};
use countersign_model::Instant;
use sha2::{Digest, Sha256};

use crate::{
    StoreError,
    keys::{create_private_folder, read_or_make},
    log::fault,
};

/// Most logs of one witness.
pub const LOGS_MAX: usize = 1_000;
/// Lock file that keeps a second process out.
const LOCK_NAME: &str = ".lock";

/// A witness with its key and its records. One process at a time holds it.
pub struct WitnessFolder {
    folder: PathBuf,
    cosigner: Cosigner,
    logs: BTreeMap<String, VerifierKey>,
    /// Held from the comparison with the record to the new record on disk.
    recording: Mutex<()>,
    _lock: fs::File,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// By the rules of the protocol.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// The record could not be read or written: nothing was cosigned.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WitnessFolder {
    /// Opens (and on first start makes) a witness. `name` is its name in cosignatures; without one it is named after
    /// its key. `logs` are the keys of the logs that it watches.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process holds the folder; [`StoreError::Log`] for a name that cannot be used,
    /// or more than [`LOGS_MAX`] logs; [`StoreError::Io`].
    pub fn open(folder: &Path, name: Option<&str>, logs: Vec<VerifierKey>) -> Result<Self, StoreError> {
        create_private_folder(folder)?;
        let failed = |error| StoreError::file(folder, error);
        let lock =
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK_NAME));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Busy),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        if logs.len() > LOGS_MAX {
            return Err(fault(&format!("a witness watches at most {LOGS_MAX} logs")));
        }
        let seed = read_or_make(folder, "witness.key")?;
        let wrong = |error: countersign_ledger::note::NoteError| fault(&error.to_string());
        let cosigner = match name {
            Some(name) => Cosigner::from_seed(name, &seed),
            None => {
                let unnamed = Cosigner::from_seed("witness", &seed).map_err(wrong)?;
                let digest = Sha256::digest(unnamed.public().to_string().as_bytes());
                Cosigner::from_seed(&format!("countersign-witness/{}", hex::encode(&digest[..8])), &seed)
            }
        };
        let cosigner = cosigner.map_err(wrong)?;
        let logs = logs.into_iter().map(|key| (key.name().to_owned(), key)).collect();
        let witness =
            Self { folder: folder.to_owned(), cosigner, logs, recording: Mutex::new(()), _lock: lock };
        witness.write("witness.pub", &format!("{}\n", witness.key()))?;
        Ok(witness)
    }

    /// The key that verifies its cosignatures.
    pub fn key(&self) -> &CosignerKey {
        self.cosigner.public()
    }

    /// The keys of the logs that it watches.
    pub fn logs(&self) -> impl Iterator<Item = &VerifierKey> {
        self.logs.values()
    }

    /// Cosigns a checkpoint that continues the record of its log; the new record is durable when this returns. The
    /// answer is the signature line with its line end.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn cosign(&self, request: &AddCheckpoint, now: Instant) -> Result<String, WitnessError> {
        let key = self.logs.get(request.origin()).ok_or(WitnessRefusal::UnknownLog)?;
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let record = self.record(key)?;
        let opened = decide(request, record.as_ref().map(|record| &record.checkpoint), key)?;
        // Over the text alone; the record keeps the checkpoint as it came, with the log's signature that shows a fork.
        let text = opened.checkpoint.text();
        self.write(&record_name(key), &request.checkpoint)?;
        drop(recording);
        Ok(self.cosigner.line(&text, now.seconds()))
    }

    /// The newest checkpoint that was cosigned for a log.
    ///
    /// # Errors
    /// [`StoreError::Log`] when the record is damaged: then nothing is cosigned until somebody looked.
    pub fn record(&self, key: &VerifierKey) -> Result<Option<SignedCheckpoint>, StoreError> {
        let path = self.folder.join(record_name(key));
        let mut bytes = Vec::new();
        match fs::File::open(&path)
            .and_then(|file| file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file(&path, error)),
        }
        let opened = SignedCheckpoint::open(&bytes, key);
        opened.map(Some).map_err(|error| fault(&format!("the record of {}: {error}", key.name())))
    }

    /// A whole file under its name, durable on return.
    fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let draft = self.folder.join(format!(".{name}.part"));
        let written = || {
            let mut file = fs::File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        written().map_err(|error| StoreError::file(&path, error))
    }
}

/// Names of logs hold slashes: the file is called after their hash.
fn record_name(key: &VerifierKey) -> String {
    format!("log-{}", hex::encode(&Sha256::digest(key.name().as_bytes())[..16]))
}
