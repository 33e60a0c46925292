//! The files of a release that is being built, and how another process sees that it still is.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use countersign_model::ReleaseId;
use countersign_store::Store;

use crate::{PipelineError, Result, release::file_failed};

/// Package and lock of one release under construction. Both files go when this is dropped; the operating system frees
/// the lock when the process dies.
pub(super) struct Workplace {
    /// Where the package is written.
    pub package: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Workplace {
    /// Takes the lock of a release that is about to be built. Never waits: the thread that would wait may be needed by who
    /// holds it.
    ///
    /// # Errors
    /// `not_proposed` while somebody else builds it or is about to.
    pub fn open(store: &Store, id: ReleaseId) -> Result<Self> {
        let (package, lock) = paths(store, id)?;
        let failed = |error| file_failed("the lock of a release", error);
        let held = File::create(&lock).map_err(failed)?;
        match held.try_lock() {
            // Whoever had it may have taken it away in between.
            Ok(()) if lock.exists() => Ok(Self { package, lock, _held: held }),
            Ok(()) | Err(TryLockError::WouldBlock) => Err(PipelineError::refused(
                "not_proposed",
                "Somebody else is signing or building this release right now.",
            )),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
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
