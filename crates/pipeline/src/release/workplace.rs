//! The files of a release that is being built, and how another process sees that it still is.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use countersign_model::ReleaseId;
use countersign_store::Store;

use crate::{Result, release::file_failed};

/// Package and lock of one release under construction. Both files go when this is dropped; the operating system frees
/// the lock when the process dies.
pub(super) struct Workplace {
    /// Where the package is written.
    pub package: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Workplace {
    /// Takes the lock of a release that is about to be built.
    pub fn open(store: &Store, id: ReleaseId) -> Result<Self> {
        let (package, lock) = paths(store, id)?;
        let held = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let held = held.map_err(|error| file_failed("the lock of a release", error))?;
        Ok(Self { package, lock, _held: held })
    }

    /// Whether nobody builds this release any more. Then its files are removed.
    pub fn is_abandoned(store: &Store, id: ReleaseId) -> Result<bool> {
        let (package, lock) = paths(store, id)?;
        let failed = |error| file_failed("the lock of a release", error);
        match File::open(&lock) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(file) => match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            },
        }
        remove(&package);
        remove(&lock);
        Ok(true)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        remove(&self.package);
        remove(&self.lock);
    }
}

fn paths(store: &Store, id: ReleaseId) -> Result<(PathBuf, PathBuf)> {
    let scratch = store.scratch()?;
    Ok((
        scratch.with_file_name(format!("release-{id}.zip")),
        scratch.with_file_name(format!("release-{id}.lock")),
    ))
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "a file of an unfinished release could not be removed");
        }
        _ => {}
    }
}
