//! Appending to a log: from a batch of entries to the files to write.

use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, Hash, leaf_hash, perfect_root};
use crate::source::{LogSource, Unreadable, read_entries, read_tile};
use crate::tiles::{
    ENTRY_BYTES_MAX, TILE_WIDTH, decode_tile, encode_tile, entries_path, next_entry, push_entry, tile_path,
};

/// Largest log, in entries. Far above need; it keeps all index arithmetic clear of overflow.
pub const LOG_ENTRIES_MAX: u64 = 1 << 48;
/// Levels that a log of [`LOG_ENTRIES_MAX`] entries has.
const LEVELS_MAX: usize = 7;

/// One file of the log, to be written whole. Full tiles and bundles never change once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Path below the log's folder.
    pub path: String,
    /// The whole content.
    pub bytes: Vec<u8>,
}

/// What appending some entries leads to: write `files` (each whole or not at all: beside, then rename), sign and write
/// a checkpoint for (`size`, `root`), remove `superseded`, then go on from `next`.
///
/// After a crash before the checkpoint, [`LogState::resume`] at the old checkpoint's size and append the same entries
/// in the same order again: the same files come out.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Index of the first entry of the batch.
    pub first: u64,
    /// Entries in the log after the batch.
    pub size: u64,
    /// Root of the log after the batch.
    pub root: Hash,
    /// The files to write before the checkpoint.
    pub files: Vec<LogFile>,
    /// Folders of partial tiles whose full tile is among `files`; they may be removed once the checkpoint is written.
    pub superseded: Vec<String>,
    /// The state to append the next batch to.
    pub next: LogState,
}

/// Why a batch cannot be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// An entry is longer than [`ENTRY_BYTES_MAX`].
    #[error("entry {position} of the batch has {bytes} bytes, the limit is {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// Position in the batch, from 0.
        position: usize,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The log has reached [`LOG_ENTRIES_MAX`].
    #[error("the log is full")]
    LogFull,
}

/// Why a log cannot be continued from its files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// A file of the right edge is missing.
    #[error("{path} is missing")]
    Missing {
        /// Path below the log's folder.
        path: String,
    },
    /// A file of the right edge is not what the tree size asks for.
    #[error("{path} is damaged")]
    Damaged {
        /// Path below the log's folder.
        path: String,
    },
    /// The size is above [`LOG_ENTRIES_MAX`].
    #[error("a log of {size} entries is above the limit")]
    TooLarge {
        /// The size asked for.
        size: u64,
    },
    /// The storage failed.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// The right edge of a log: the unfinished tile of each level and the unfinished entry bundle.
///
/// At most 255 hashes per level and 255 entries; all of it can be read back from the files of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    frontier: Frontier,
    /// The unfinished tile of each level: fewer than 256 hashes.
    edges: Vec<Vec<Hash>>,
    bundle: Vec<u8>,
}

impl LogState {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Entries in the log.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root of the log.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Works out the files for a batch of entries; `self` stays as it was, so that a failed write can be tried again.
    ///
    /// # Errors
    /// [`AppendError`] when an entry is too long or the log is full; nothing of the batch is appended then.
    pub fn append<E: AsRef<[u8]>>(&self, entries: &[E]) -> Result<Batch, AppendError> {
        let mut next = self.clone();
        let mut files = Vec::new();
        let mut superseded = Vec::new();
        let mut changed = [false; LEVELS_MAX];
        for (position, entry) in entries.iter().enumerate() {
            let entry = entry.as_ref();
            if next.size() >= LOG_ENTRIES_MAX {
                return Err(AppendError::LogFull);
            }
            if !push_entry(&mut next.bundle, entry) {
                return Err(AppendError::EntryTooLong { position, bytes: entry.len() });
            }
            next.push(leaf_hash(entry), &mut files, &mut superseded, &mut changed);
        }
        next.unfinished_files(&changed, &mut files);
        Ok(Batch { first: self.size(), size: next.size(), root: next.root(), files, superseded, next })
    }

    /// Adds a leaf and emits every tile that becomes full by it.
    fn push(
        &mut self,
        leaf: Hash,
        files: &mut Vec<LogFile>,
        superseded: &mut Vec<String>,
        changed: &mut [bool; LEVELS_MAX],
    ) {
        let index = self.size() / u64::from(TILE_WIDTH);
        self.frontier.append(leaf);
        let mut carry = Some(leaf);
        let mut tile_index = index;
        for (level, level_number) in (0..LEVELS_MAX).zip(0u8..) {
            let Some(hash) = carry.take() else { return };
            if self.edges.len() == level {
                self.edges.push(Vec::new());
            }
            let edge = &mut self.edges[level];
            edge.push(hash);
            changed[level] = true;
            if edge.len() == usize::from(TILE_WIDTH) {
                let path = tile_path(level_number, tile_index, TILE_WIDTH);
                superseded.push(format!("{path}.p"));
                files.push(LogFile { path, bytes: encode_tile(edge) });
                carry = perfect_root(edge);
                edge.clear();
                if level == 0 {
                    let path = entries_path(index, TILE_WIDTH);
                    superseded.push(format!("{path}.p"));
                    files.push(LogFile { path, bytes: core::mem::take(&mut self.bundle) });
                }
                tile_index /= u64::from(TILE_WIDTH);
            }
        }
    }

    fn unfinished_files(&self, changed: &[bool; LEVELS_MAX], files: &mut Vec<LogFile>) {
        let mut index = self.size() / u64::from(TILE_WIDTH);
        for ((edge, level), changed) in self.edges.iter().zip(0u8..).zip(changed) {
            let width = u16::try_from(edge.len()).unwrap_or(TILE_WIDTH);
            if *changed && width > 0 {
                files.push(LogFile { path: tile_path(level, index, width), bytes: encode_tile(edge) });
                if level == 0 {
                    files.push(LogFile { path: entries_path(index, width), bytes: self.bundle.clone() });
                }
            }
            index /= u64::from(TILE_WIDTH);
        }
    }

    /// Reads the right edge of a log of `size` entries back from its files (at most 8 of them).
    ///
    /// The entries of the unfinished bundle are checked against their hashes; compare [`LogState::root`] with the
    /// checkpoint to know that the whole edge is right.
    ///
    /// # Errors
    /// [`ResumeError`] naming the file that is missing, damaged or unreadable.
    pub fn resume(source: &dyn LogSource, size: u64) -> Result<LogState, ResumeError> {
        if size > LOG_ENTRIES_MAX {
            return Err(ResumeError::TooLarge { size });
        }
        let mut edges = Vec::new();
        let mut rest = size;
        for level in 0u8.. {
            if rest == 0 {
                break;
            }
            let width = u16::try_from(rest % u64::from(TILE_WIDTH)).unwrap_or(0);
            rest /= u64::from(TILE_WIDTH);
            edges.push(if width == 0 { Vec::new() } else { read_edge(source, level, rest, width)? });
        }
        let bundle = match edges.first() {
            Some(leaves) if !leaves.is_empty() => read_bundle(source, size / u64::from(TILE_WIDTH), leaves)?,
            _ => Vec::new(),
        };
        let peaks = edges.iter().rev().flat_map(|edge| peaks_of(edge)).collect();
        // The widths of the edges are the digits of the size in base 256, so the number of peaks always fits.
        let frontier = Frontier::from_peaks(size, peaks).unwrap_or_default();
        Ok(LogState { frontier, edges, bundle })
    }
}

fn read_edge(source: &dyn LogSource, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, ResumeError> {
    let found = read_tile(source, level, index, width)?.map_err(|path| ResumeError::Missing { path })?;
    if found.bytes.len() != usize::from(width) * HASH_BYTES {
        return Err(ResumeError::Damaged { path: found.path });
    }
    Ok(decode_tile(&found.bytes))
}

fn read_bundle(source: &dyn LogSource, index: u64, leaves: &[Hash]) -> Result<Vec<u8>, ResumeError> {
    let width = u16::try_from(leaves.len()).unwrap_or(TILE_WIDTH);
    let found = read_entries(source, index, width)?.map_err(|path| ResumeError::Missing { path })?;
    let mut rest = found.bytes.as_slice();
    for leaf in leaves {
        if next_entry(&mut rest).map(leaf_hash) != Some(*leaf) {
            return Err(ResumeError::Damaged { path: found.path });
        }
    }
    if !rest.is_empty() && !found.is_wider {
        return Err(ResumeError::Damaged { path: found.path });
    }
    let used = found.bytes.len() - rest.len();
    let mut bytes = found.bytes;
    bytes.truncate(used);
    Ok(bytes)
}

/// Splits an unfinished tile into its perfect subtrees, largest first.
pub(crate) fn peaks_of(edge: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    let mut rest = edge;
    for bit in (0..8).rev() {
        if edge.len() & (1 << bit) != 0 {
            let (head, tail) = rest.split_at(1 << bit);
            peaks.extend(perfect_root(head));
            rest = tail;
        }
    }
    peaks
}
