//! Where the bytes of a log come from. This crate reads no files: the caller brings them.

use std::collections::BTreeMap;

use crate::hash::HASH_BYTES;
use crate::tiles::{TILE_WIDTH, entries_path, tile_path};

/// The bytes could not be read for a reason that says nothing about the log (disk, permission, network).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be read: {reason}")]
pub struct Unreadable {
    /// Path below the log's folder.
    pub path: String,
    /// What the storage said.
    pub reason: String,
}

/// A folder with the files of one log: `checkpoint`, `tile/…`.
pub trait LogSource {
    /// The whole file at a path below the log's folder; `None` when there is no such file.
    ///
    /// # Errors
    /// [`Unreadable`] when the storage fails; "not there" is not an error.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable>;
}

/// A log in memory, by path.
impl LogSource for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.get(path).cloned())
    }
}

impl<S: LogSource + ?Sized> LogSource for &S {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        (**self).read(path)
    }
}

/// A file of the log together with the path under which it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub path: String,
    pub bytes: Vec<u8>,
    /// The full file stood in for a partial one: only its beginning belongs to the tree.
    pub is_wider: bool,
}

/// Reads a tile of the width that the tree size asks for, or the full tile that replaced it.
pub(crate) fn read_tile(
    source: &dyn LogSource,
    level: u8,
    index: u64,
    width: u16,
) -> Result<Result<Found, String>, Unreadable> {
    let mut found = read_either(source, tile_path(level, index, width), tile_path(level, index, TILE_WIDTH))?;
    if let Ok(f) = &mut found
        && f.is_wider
    {
        f.bytes.truncate(usize::from(width) * HASH_BYTES);
    }
    Ok(found)
}

/// Reads an entry bundle of the width that the tree size asks for, or the full bundle that replaced it.
pub(crate) fn read_entries(
    source: &dyn LogSource,
    index: u64,
    width: u16,
) -> Result<Result<Found, String>, Unreadable> {
    read_either(source, entries_path(index, width), entries_path(index, TILE_WIDTH))
}

/// `Err` inside carries the path that was looked for in vain.
fn read_either(
    source: &dyn LogSource,
    path: String,
    full: String,
) -> Result<Result<Found, String>, Unreadable> {
    if let Some(bytes) = source.read(&path)? {
        return Ok(Ok(Found { path, bytes, is_wider: false }));
    }
    if path != full
        && let Some(bytes) = source.read(&full)?
    {
        return Ok(Ok(Found { path: full, bytes, is_wider: true }));
    }
    Ok(Err(path))
}
