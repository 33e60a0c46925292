//! Full check of a log from its files alone: signature, every entry, every tile, root and size.

use serde::Serialize;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::cosignature::{Cosigned, CosignerKey};
use crate::fault::{LogFault, LogFaultKind};
use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, Hash, leaf_hash, perfect_root};
use crate::note::VerifierKey;
use crate::source::{LogSource, read_entries, read_tile};
use crate::state::LOG_ENTRIES_MAX;
use crate::tiles::{CHECKPOINT_PATH, TILE_WIDTH, decode_tile, next_entry, tile_path, tile_width};

/// Height of the tree below a full tile.
const TILE_HEIGHT: u32 = TILE_WIDTH.trailing_zeros();
/// Entries per tile as an index step.
const STEP: u64 = TILE_WIDTH as u64;

/// What a sound log was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// The log's identity.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of all entries.
    pub root: Hash,
    /// Bytes of all entries together.
    pub entry_bytes: u64,
    /// Files that were read and checked, the checkpoint included.
    pub files: u64,
    /// When the log last said that this is its newest state, seconds since 1970.
    pub signed_at_seconds: Option<i64>,
    /// Cosignatures of the witnesses whose keys were given, verified.
    pub cosignatures: Vec<Cosigned>,
    /// Signature lines by keys that were not given; not verified.
    pub other_signatures: usize,
    /// Sizes of the kept checkpoints that this log was found to continue, in ascending order.
    pub continues: Vec<u64>,
}

/// What somebody knows of a log before they check it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The key that signs it.
    pub key: &'a VerifierKey,
    /// Keys of witnesses: a cosignature that says it is by one of them must be.
    pub witnesses: &'a [CosignerKey],
    /// Older checkpoints of the same log whose signatures were verified ([`SignedCheckpoint::open`]): the log must
    /// continue each of them, which finds a log put back to an earlier state or rewritten.
    pub kept: &'a [SignedCheckpoint],
}

impl<'a> Known<'a> {
    /// Nothing but the key.
    #[must_use]
    pub const fn key(key: &'a VerifierKey) -> Self {
        Self { key, witnesses: &[], kept: &[] }
    }
}

/// Checks a whole log. See [`verify_log_with`].
///
/// # Errors
/// [`LogFault`] naming the first bad index.
pub fn verify_log(source: &dyn LogSource, key: &VerifierKey) -> Result<LogReport, LogFault> {
    verify_log_with(source, Known::key(key), &mut |_, _| {})
}

/// Checks a whole log in one pass and O(log n) memory: the checkpoint's signature, each entry against its leaf hash,
/// each tile against the level below, the root against the checkpoint.
///
/// `visit` gets every verified entry with its index, in order.
///
/// # Errors
/// [`LogFault`] naming the first bad index and the file.
pub fn verify_log_with(
    source: &dyn LogSource,
    known: Known<'_>,
    visit: &mut dyn FnMut(u64, &[u8]),
) -> Result<LogReport, LogFault> {
    let signed = open_checkpoint(source, known)?;
    let size = signed.checkpoint.size;
    let mut kept: Vec<_> = known.kept.iter().map(|k| (k.checkpoint.size, k.checkpoint.root)).collect();
    kept.sort_unstable();
    if let Some((newest, _)) = kept.last().filter(|(s, _)| *s > size) {
        return Err(LogFault::new(LogFaultKind::RolledBack, size, CHECKPOINT_PATH).span(newest - size));
    }
    let mut walk = Walk {
        source,
        size,
        frontier: Frontier::new(),
        uppers: Vec::new(),
        kept,
        continues: Vec::new(),
        entry_bytes: 0,
        files: 1,
        visit,
    };
    walk.check_kept()?;
    for index in 0..size.div_ceil(STEP) {
        walk.tile(index)?;
    }
    if walk.frontier.root() != signed.checkpoint.root {
        // Entries and tiles agree with each other and not with the signature: what was rewritten begins somewhere
        // behind the newest kept checkpoint that still fits.
        let from = walk.continues.last().copied().unwrap_or(0);
        return Err(LogFault::new(LogFaultKind::RootMismatch, from, CHECKPOINT_PATH).span(size - from));
    }
    Ok(LogReport {
        origin: signed.checkpoint.origin.clone(),
        size,
        root: signed.checkpoint.root,
        entry_bytes: walk.entry_bytes,
        files: walk.files,
        signed_at_seconds: signed.signed_at_seconds,
        cosignatures: signed.cosignatures,
        other_signatures: signed.other_signatures,
        continues: walk.continues,
    })
}

fn open_checkpoint(source: &dyn LogSource, known: Known<'_>) -> Result<SignedCheckpoint, LogFault> {
    let Some(bytes) = source.read(CHECKPOINT_PATH)? else {
        return Err(LogFault::without_index(LogFaultKind::Missing, CHECKPOINT_PATH));
    };
    let signed = SignedCheckpoint::open_with(&bytes, known.key, known.witnesses).map_err(|e| {
        let kind = match e {
            CheckpointError::BadSize => LogFaultKind::SizeMismatch,
            _ => LogFaultKind::BadSignature,
        };
        LogFault::without_index(kind, CHECKPOINT_PATH).because(e.to_string())
    })?;
    if signed.checkpoint.size > LOG_ENTRIES_MAX {
        return Err(LogFault::without_index(LogFaultKind::SizeMismatch, CHECKPOINT_PATH));
    }
    Ok(signed)
}

/// A tile above level 0 that is being compared hash by hash while the level below is worked out.
struct Upper {
    path: String,
    index: u64,
    stored: Vec<Hash>,
    computed: Vec<Hash>,
}

struct Walk<'a> {
    source: &'a dyn LogSource,
    size: u64,
    frontier: Frontier,
    /// Level 1 first.
    uppers: Vec<Upper>,
    /// Sizes and roots that are still ahead, ascending.
    kept: Vec<(u64, Hash)>,
    continues: Vec<u64>,
    entry_bytes: u64,
    files: u64,
    visit: &'a mut dyn FnMut(u64, &[u8]),
}

impl Walk<'_> {
    /// Checks level-0 tile `index`, its entries, and whatever becomes full above it.
    fn tile(&mut self, index: u64) -> Result<(), LogFault> {
        let width = tile_width(0, index, self.size);
        let first = index * STEP;
        let stored = self.read_hashes(0, index, width, first)?;
        let bundle = match read_entries(self.source, index, width)? {
            Ok(found) => found,
            Err(path) => {
                let have = self.narrower(index, width)?;
                let kind = if have > 0 { LogFaultKind::Truncated } else { LogFaultKind::Missing };
                return Err(LogFault::new(kind, first + u64::from(have), &path).span(u64::from(width - have)));
            }
        };
        self.files += 1;
        let root = perfect_root(&stored).filter(|_| width == TILE_WIDTH);
        // A checkpoint that was kept may lie within the tile: then its root is worked out leaf by leaf.
        let is_kept_within = self.kept.first().is_some_and(|(size, _)| *size < first + STEP);
        let mut rest = bundle.bytes.as_slice();
        for (index, hash) in (first..).zip(&stored) {
            let here = rest;
            let entry = next_entry(&mut rest).filter(|e| leaf_hash(e) == *hash);
            let Some(entry) = entry else {
                let at = usize::try_from(index - first).unwrap_or(0);
                let kind = classify(here, &stored, at);
                return Err(LogFault::new(kind, index, &bundle.path));
            };
            (self.visit)(index, entry);
            self.entry_bytes += entry.len() as u64;
            if root.is_none() || is_kept_within {
                self.frontier.append(*hash);
                self.check_kept()?;
            }
        }
        if !rest.is_empty() && !bundle.is_wider {
            return Err(LogFault::new(LogFaultKind::Extra, first + u64::from(width), &bundle.path));
        }
        let Some(root) = root else { return Ok(()) };
        if !is_kept_within {
            // Full tiles before this one: the tree ends at a multiple of their width.
            let _ = self.frontier.append_subtree(TILE_HEIGHT, root);
            self.check_kept()?;
        }
        self.rise(root, index)
    }

    /// Compares the root of the full tile `index` of level 0 with the hash above it, and so on upwards.
    fn rise(&mut self, root: Hash, mut index: u64) -> Result<(), LogFault> {
        let mut carry = root;
        for level in 1u8.. {
            let position = usize::from(level) - 1;
            let (above, offset) = (index / STEP, usize::try_from(index % STEP).unwrap_or(0));
            // Entries below one hash of this level.
            let span = 1u64 << (8 * u32::from(level));
            if self.uppers.get(position).is_none_or(|u| u.index != above) {
                let width = tile_width(level, above, self.size);
                let stored = self.read_hashes(level, above, width, above * span * STEP)?;
                let path = tile_path(level, above, width);
                let upper = Upper { path, index: above, stored, computed: Vec::new() };
                self.uppers.truncate(position);
                self.uppers.push(upper);
            }
            let upper = &mut self.uppers[position];
            if upper.stored.get(offset) != Some(&carry) {
                let is_elsewhere = upper.stored.contains(&carry);
                let kind = if is_elsewhere { LogFaultKind::Reordered } else { LogFaultKind::Flipped };
                return Err(LogFault::new(kind, index * span, &upper.path).span(span));
            }
            upper.computed.push(carry);
            match perfect_root(&upper.computed) {
                Some(root) if upper.computed.len() == usize::from(TILE_WIDTH) => carry = root,
                _ => return Ok(()),
            }
            index = above;
        }
        Ok(())
    }

    /// Reads a tile and checks its length; `first` is the index of the first entry below it.
    fn read_hashes(&mut self, level: u8, index: u64, width: u16, first: u64) -> Result<Vec<Hash>, LogFault> {
        let span = 1u64 << (8 * u32::from(level));
        let found = match read_tile(self.source, level, index, width)? {
            Ok(found) => found,
            Err(path) => {
                let have = if level == 0 { self.narrower(index, width)? } else { 0 };
                let kind = if have > 0 { LogFaultKind::Truncated } else { LogFaultKind::Missing };
                return Err(
                    LogFault::new(kind, first + u64::from(have), &path).span(u64::from(width - have) * span)
                );
            }
        };
        self.files += 1;
        let expected = usize::from(width) * HASH_BYTES;
        if found.bytes.len() == expected {
            return Ok(decode_tile(&found.bytes));
        }
        let (kind, whole) = if found.bytes.len() < expected {
            (LogFaultKind::Truncated, found.bytes.len() / HASH_BYTES)
        } else {
            (LogFaultKind::Extra, usize::from(width))
        };
        Err(LogFault::new(kind, first + whole as u64 * span, &found.path).span(span))
    }

    /// How many entries of an unfinished tile are there at least, going by older and narrower files: a log cut short
    /// is named by the first entry that is gone.
    fn narrower(&self, index: u64, width: u16) -> Result<u16, LogFault> {
        for narrow in (1..width).rev() {
            let tile = self.source.read(&tile_path(0, index, narrow))?;
            let entries = self.source.read(&crate::tiles::entries_path(index, narrow))?;
            if tile.is_some() && entries.is_some() {
                return Ok(narrow);
            }
        }
        Ok(0)
    }

    fn check_kept(&mut self) -> Result<(), LogFault> {
        let size = self.frontier.size();
        while let Some((kept_size, root)) = self.kept.first().copied().filter(|(s, _)| *s == size) {
            if self.frontier.root() != root {
                let from = self.continues.last().copied().unwrap_or(0);
                return Err(LogFault::new(LogFaultKind::Forked, from, CHECKPOINT_PATH).span(kept_size - from));
            }
            self.kept.remove(0);
            self.continues.push(kept_size);
        }
        Ok(())
    }
}

/// Says what happened to the entry at `at` of a bundle, `rest` being the bundle from its length bytes on.
fn classify(rest: &[u8], stored: &[Hash], at: usize) -> LogFaultKind {
    let mut after = rest;
    let Some(found) = next_entry(&mut after).map(leaf_hash) else {
        // The bytes end early, or the length bytes themselves were changed: then the entry is still there.
        let body = rest.get(2..).unwrap_or_default();
        let limit = body.len().min(crate::tiles::ENTRY_BYTES_MAX);
        let is_there = (0..=limit).any(|n| leaf_hash(&body[..n]) == stored[at]);
        return if is_there { LogFaultKind::Flipped } else { LogFaultKind::Truncated };
    };
    let following = next_entry(&mut after).map(leaf_hash);
    if following == Some(stored[at]) {
        // Two entries in each other's place look like one put in, unless the displaced one comes next.
        return if stored.get(at + 1) == Some(&found) {
            LogFaultKind::Reordered
        } else {
            LogFaultKind::Extra
        };
    }
    if stored.get(at + 1) == Some(&found) {
        return LogFaultKind::Missing;
    }
    if stored.contains(&found) { LogFaultKind::Reordered } else { LogFaultKind::Flipped }
}
