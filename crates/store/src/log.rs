//! The files of the evidence log under `log/`: written whole, made durable, never half there.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use countersign_ledger::{
    Batch, Checkpoint, Cosigner, CosignerKey, LogSource, LogState, NoteSigner, SignedCheckpoint, Unreadable,
    VerifierKey,
    note::parse_signature_lines,
    tiles::{BUNDLE_BYTES_MAX, CHECKPOINT_PATH, LogPath},
};
use countersign_model::Instant;
use sha2::{Digest, Sha256};

use crate::{StoreError, keys::Keys};

/// Lock file that lets one process at a time append.
const LOCK_NAME: &str = ".lock";
/// Folder in which files are written before they take their names.
const DRAFTS_NAME: &str = ".drafts";

/// The log's folder and the key that signs it.
pub(crate) struct LogFolder {
    folder: PathBuf,
    signer: NoteSigner,
}

impl LogFolder {
    /// Opens the folder; a log that never was begins with a signed checkpoint of size 0.
    pub(crate) fn open(data: &Path, keys: &Keys, may_begin: bool, now: Instant) -> Result<Self, StoreError> {
        let folder = data.join("log");
        let drafts = folder.join(DRAFTS_NAME);
        fs::create_dir_all(&drafts).map_err(|error| StoreError::file(&folder, error))?;
        let log = Self { folder, signer: signer(keys)? };
        let key_file = data.join("keys").join("log.pub");
        if !key_file.exists() {
            let text = format!("{}\n", log.key());
            log.write_at(&key_file, text.as_bytes()).map_err(|error| StoreError::file(&key_file, error))?;
        }
        let lock = log.lock()?;
        if may_begin && !log.folder.join(CHECKPOINT_PATH).exists() {
            log.write_checkpoint(&LogState::new(), now).map_err(|error| StoreError::io("log", error))?;
        }
        drop(lock);
        Ok(log)
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    pub(crate) const fn signer(&self) -> &NoteSigner {
        &self.signer
    }

    /// Waits until no other process appends. The lock ends when the file is dropped, or its process dies.
    pub(crate) fn lock(&self) -> Result<fs::File, StoreError> {
        let path = self.folder.join(LOCK_NAME);
        let open = || {
            let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|error| StoreError::io("log lock", error))
    }

    /// The newest signed checkpoint.
    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.signed_checkpoint()?.1.checkpoint)
    }

    /// The newest checkpoint as its file has it, and opened.
    pub(crate) fn signed_checkpoint(&self) -> Result<(String, SignedCheckpoint), StoreError> {
        self.signed_checkpoint_with(&[])
    }

    /// The same, with the cosignatures of these witnesses verified.
    pub(crate) fn signed_checkpoint_with(
        &self,
        witnesses: &[CosignerKey],
    ) -> Result<(String, SignedCheckpoint), StoreError> {
        let bytes = self.read(CHECKPOINT_PATH).map_err(|error| fault(&error.to_string()))?;
        let bytes = bytes.ok_or_else(|| fault("the checkpoint is missing"))?;
        let opened = SignedCheckpoint::open_with(&bytes, self.key(), witnesses);
        let opened = opened.map_err(|error| fault(&format!("the checkpoint: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| fault("the checkpoint is no text"))?;
        Ok((text, opened))
    }

    /// The newest checkpoint with no other line than the log's plain signature: what packages carry, so that no bit of
    /// them is free.
    pub(crate) fn plain_checkpoint(&self) -> Result<(String, SignedCheckpoint), StoreError> {
        let (_, opened) = self.signed_checkpoint()?;
        let text = opened.checkpoint.sign(&self.signer).map_err(|error| fault(&error.to_string()))?;
        let opened = SignedCheckpoint { signed_at_seconds: None, other_signatures: 0, ..opened };
        Ok((text, opened))
    }

    /// Signs a checkpoint again, with this moment, and writes it; cosignatures over the same text stay.
    pub(crate) fn stamp(&self, file: &str, now: Instant) -> Result<(String, SignedCheckpoint), StoreError> {
        let (text, lines) = file.split_once("\n\n").unwrap_or((file, ""));
        let stamp = Cosigner::of_log(&self.signer).map_err(|error| fault(&error.to_string()))?;
        let is_stamp = |line: &str| {
            parse_signature_lines(line)
                .is_ok_and(|parsed| parsed.iter().any(|parsed| stamp.public().is_named_by(parsed)))
        };
        let mut whole = format!("{text}\n\n");
        whole.extend(lines.split_inclusive('\n').filter(|line| !is_stamp(line)));
        whole.push_str(&stamp.line(&format!("{text}\n"), now.seconds()));
        self.replace_checkpoint(&whole)?;
        self.signed_checkpoint()
    }

    /// Writes the same checkpoint with other signature lines. The caller holds the lock.
    pub(crate) fn replace_checkpoint(&self, file: &str) -> Result<(), StoreError> {
        self.write_at(&self.folder.join(CHECKPOINT_PATH), file.as_bytes())
            .map_err(|error| StoreError::io("log checkpoint", error))
    }

    /// The state to append to: the one in memory if it is what the checkpoint says, else read back from the files.
    pub(crate) fn state(&self, known: Option<LogState>) -> Result<LogState, StoreError> {
        let checkpoint = self.checkpoint()?;
        if let Some(state) = known
            && state.size() == checkpoint.size
            && state.root() == checkpoint.root
        {
            return Ok(state);
        }
        let state = LogState::resume(&self, checkpoint.size).map_err(|error| fault(&error.to_string()))?;
        if state.root() == checkpoint.root {
            Ok(state)
        } else {
            Err(fault("the tiles do not lead to the root of the checkpoint"))
        }
    }

    /// Writes the files of a batch and makes them durable; the checkpoint does not name them yet.
    pub(crate) fn write_tiles(&self, batch: &Batch) -> Result<(), StoreError> {
        let write = || {
            let mut folders = BTreeSet::new();
            for file in &batch.files {
                let path = self.folder.join(&file.path);
                let folder = path.parent().unwrap_or(&self.folder).to_owned();
                fs::create_dir_all(&folder)?;
                self.write_file(&path, &file.bytes)?;
                folders.extend(
                    folder.ancestors().take_while(|f| f.starts_with(&self.folder)).map(Path::to_owned),
                );
            }
            folders.iter().try_for_each(|folder| fs::File::open(folder)?.sync_all())
        };
        write().map_err(|error: io::Error| StoreError::io("log tiles", error))
    }

    /// Signs and writes the checkpoint of a batch whose tiles are durable, then removes the partial tiles that full
    /// ones replaced.
    pub(crate) fn commit(&self, batch: &Batch, now: Instant) -> Result<(), StoreError> {
        self.write_checkpoint(&batch.next, now).map_err(|error| StoreError::io("log checkpoint", error))?;
        for partial in &batch.superseded {
            match fs::remove_dir_all(self.folder.join(partial)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "a replaced partial tile could not be removed");
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write_checkpoint(&self, state: &LogState, now: Instant) -> io::Result<()> {
        let checkpoint = Checkpoint::new(self.key().name(), state.size(), state.root());
        let text = checkpoint.sign_at(&self.signer, now.seconds()).map_err(io::Error::other)?;
        self.write_at(&self.folder.join(CHECKPOINT_PATH), text.as_bytes())
    }

    /// A whole file under its name, durable with its folder.
    fn write_at(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write_file(path, bytes)?;
        fs::File::open(path.parent().unwrap_or(path))?.sync_all()
    }

    /// A whole file under its name; its folder is not made durable yet.
    fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let digest = hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..16]);
        let draft = self.folder.join(DRAFTS_NAME).join(format!("{digest}.{}", std::process::id()));
        let mut file = fs::File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    }

    /// A file of the log by its path below the folder; only paths that a log has.
    pub(crate) fn file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if LogPath::parse(path).is_none() {
            return Ok(None);
        }
        self.read(path).map_err(|error| fault(&error.to_string()))
    }
}

impl LogSource for LogFolder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        let unreadable =
            |error: io::Error| Unreadable { path: path.to_owned(), reason: error.kind().to_string() };
        let file = self.folder.join(path);
        match fs::metadata(&file) {
            Ok(found) if found.len() > BUNDLE_BYTES_MAX as u64 => {
                Err(unreadable(io::Error::from(io::ErrorKind::FileTooLarge)))
            }
            Ok(_) => fs::read(&file).map(Some).map_err(unreadable),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error)),
        }
    }
}

/// The log is named after its key: nobody else can claim the name.
fn signer(keys: &Keys) -> Result<NoteSigner, StoreError> {
    let wrong = |error: countersign_ledger::note::NoteError| fault(&error.to_string());
    let unnamed = NoteSigner::from_seed("countersign", keys.log_seed()).map_err(wrong)?;
    let digest = Sha256::digest(unnamed.verifier().public_bytes());
    NoteSigner::from_seed(&format!("countersign/{}", hex::encode(&digest[..8])), keys.log_seed())
        .map_err(wrong)
}

pub(crate) fn fault(message: &str) -> StoreError {
    StoreError::Log { message: message.to_owned() }
}
