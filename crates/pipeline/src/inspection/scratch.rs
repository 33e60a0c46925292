//! Where a copy lies until it was fetched: a file that goes with whoever holds it, and is found again if they died.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{PipelineError, Result, release::file_failed};

/// What the names of these files begin with.
const PREFIX: &str = "inspection-";

/// A file for a copy. It is locked while it is held, and goes when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Where it lies.
    pub path: PathBuf,
    held: File,
}

fn failed(error: std::io::Error) -> PipelineError {
    file_failed("an inspector's copy", error)
}

impl Scratch {
    /// Makes the file, beside a fresh name in the folder of unfinished files.
    pub fn begin(fresh: PathBuf) -> Result<Self> {
        let name = fresh.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = fresh.with_file_name(format!("{PREFIX}{name}.zip"));
        let held = File::create_new(&path).map_err(failed)?;
        let scratch = Self { path, held };
        scratch.held.lock().map_err(failed)?;
        Ok(scratch)
    }

    /// The file, to be written.
    pub fn file(&self) -> Result<File> {
        self.held.try_clone().map_err(failed)
    }

    /// Removes the files in the folder of `fresh` that nobody holds any more. How many.
    pub fn sweep(fresh: &Path) -> Result<u64> {
        let Some(folder) = fresh.parent() else { return Ok(0) };
        let mut removed = 0;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_copy = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let is_held = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_err());
            if is_copy && !is_held() {
                fs::remove_file(entry.path()).map_err(failed)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may have been moved away.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_with_its_holder_and_what_nobody_holds_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("1");
        let held = Scratch::begin(fresh.clone()).unwrap();
        let left = folder.path().join(format!("{PREFIX}2.zip"));
        fs::write(&left, b"half").unwrap();
        fs::write(folder.path().join("upload"), b"somebody else's").unwrap();
        assert_eq!(Scratch::sweep(&fresh).unwrap(), 1);
        assert!(held.path.exists() && !left.exists() && folder.path().join("upload").exists());
        let path = held.path.clone();
        drop(held);
        assert!(!path.exists());
    }
}
