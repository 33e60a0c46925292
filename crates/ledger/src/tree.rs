//! Inclusion and consistency proofs: making them from tiles, checking them against roots.

use std::collections::HashMap;

use crate::hash::{HASH_BYTES, Hash, node_hash, perfect_root};
use crate::source::{LogSource, Unreadable, read_tile};
use crate::tiles::{decode_tile, tile_width};

/// Longest possible proof: one hash per level of a tree of 2^63 leaves, and one more for consistency.
pub const PROOF_HASHES_MAX: usize = 64;

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The entry is not in a tree of this size.
    #[error("entry {index} is not in a tree of {size}")]
    OutOfRange {
        /// The entry asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {old} cannot come before a tree of {new}")]
    SizesReversed {
        /// Size called old.
        old: u64,
        /// Size called new.
        new: u64,
    },
    /// A tile that the size asks for is not there.
    #[error("tile {path} is missing")]
    MissingTile {
        /// Path below the log's folder.
        path: String,
    },
    /// A tile is shorter than its width.
    #[error("tile {path} has {bytes} bytes, expected {expected}")]
    ShortTile {
        /// Path below the log's folder.
        path: String,
        /// Bytes found.
        bytes: usize,
        /// Bytes that its width asks for.
        expected: usize,
    },
    /// The storage failed.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not below the size.
    #[error("the index is not in the tree")]
    OutOfRange,
    /// Too few or too many hashes for these sizes.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    WrongRoot,
}

/// Reads subtree hashes out of tiles, each tile once.
struct Tiles<'a> {
    source: &'a dyn LogSource,
    size: u64,
    seen: HashMap<(u8, u64), Vec<Hash>>,
}

impl Tiles<'_> {
    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], TreeError> {
        if !self.seen.contains_key(&(level, index)) {
            let width = tile_width(level, index, self.size);
            let found = read_tile(self.source, level, index, width)?
                .map_err(|path| TreeError::MissingTile { path })?;
            let expected = usize::from(width) * HASH_BYTES;
            if found.bytes.len() != expected {
                return Err(TreeError::ShortTile { path: found.path, bytes: found.bytes.len(), expected });
            }
            self.seen.insert((level, index), decode_tile(&found.bytes));
        }
        Ok(&self.seen[&(level, index)])
    }

    /// Root of the perfect subtree of 2^height leaves that starts at leaf `start` (a multiple of 2^height).
    fn subtree(&mut self, height: u32, start: u64) -> Result<Hash, TreeError> {
        // A tile holds eight levels: take the 2^(height mod 8) hashes below the wanted node and fold them.
        let level = u8::try_from(height / 8).unwrap_or(u8::MAX);
        let first = start >> (8 * u32::from(level));
        let count = 1usize << (height % 8);
        let offset = usize::try_from(first & 255).unwrap_or(0);
        let size = self.size;
        let tile = self.tile(level, first >> 8)?;
        fold_range(tile, offset, count).ok_or(TreeError::OutOfRange { index: start, size })
    }

    /// Merkle tree hash of the leaves `lo..hi`, where `lo` is a left edge of the recursion of RFC 6962.
    fn range(&mut self, lo: u64, hi: u64) -> Result<Hash, TreeError> {
        let n = hi - lo;
        if n.is_power_of_two() {
            return self.subtree(n.trailing_zeros(), lo);
        }
        let mid = lo + split(n);
        let left = self.range(lo, mid)?;
        Ok(node_hash(&left, &self.range(mid, hi)?))
    }
}

fn fold_range(tile: &[Hash], offset: usize, count: usize) -> Option<Hash> {
    tile.get(offset..offset + count).and_then(perfect_root)
}

/// The largest power of two below `n`, for n ≥ 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Root of the tree of the first `size` leaves, from the tiles of a tree of `stored` leaves.
///
/// # Errors
/// [`TreeError::SizesReversed`] when `size > stored`; otherwise what reading the tiles gave.
pub fn root_at(size: u64, stored: u64, source: &dyn LogSource) -> Result<Hash, TreeError> {
    if size > stored {
        return Err(TreeError::SizesReversed { old: size, new: stored });
    }
    if size == 0 {
        return Ok(Hash::EMPTY_ROOT);
    }
    Tiles { source, size: stored, seen: HashMap::new() }.range(0, size)
}

/// The audit path of entry `index` in the tree of the first `size` entries, from the leaf's sibling upwards
/// (RFC 6962 section 2.1.1).
///
/// # Errors
/// [`TreeError::OutOfRange`] when the entry is not in the tree; otherwise what reading the tiles gave.
pub fn inclusion_proof(index: u64, size: u64, source: &dyn LogSource) -> Result<Vec<Hash>, TreeError> {
    inclusion_proof_at(index, size, size, source)
}

/// As [`inclusion_proof`], from the tiles of a log that has grown to `stored` entries since.
///
/// # Errors
/// As [`inclusion_proof`]; [`TreeError::SizesReversed`] when `size > stored`.
pub fn inclusion_proof_at(
    index: u64,
    size: u64,
    stored: u64,
    source: &dyn LogSource,
) -> Result<Vec<Hash>, TreeError> {
    if index >= size {
        return Err(TreeError::OutOfRange { index, size });
    }
    if size > stored {
        return Err(TreeError::SizesReversed { old: size, new: stored });
    }
    let mut tiles = Tiles { source, size: stored, seen: HashMap::new() };
    let (mut lo, mut hi) = (0, size);
    let mut siblings = Vec::new();
    while hi - lo > 1 {
        let mid = lo + split(hi - lo);
        if index < mid {
            siblings.push((mid, hi));
            hi = mid;
        } else {
            siblings.push((lo, mid));
            lo = mid;
        }
    }
    siblings.into_iter().rev().map(|(a, b)| tiles.range(a, b)).collect()
}

/// The proof that the tree of the first `new` entries starts with the tree of the first `old` ones (RFC 6962
/// section 2.1.2). Empty when `old` is 0 or equals `new`.
///
/// # Errors
/// [`TreeError::SizesReversed`] when `old > new`; otherwise what reading the tiles gave.
pub fn consistency_proof(old: u64, new: u64, source: &dyn LogSource) -> Result<Vec<Hash>, TreeError> {
    consistency_proof_at(old, new, new, source)
}

/// As [`consistency_proof`], from the tiles of a log that has grown to `stored` entries since.
///
/// # Errors
/// [`TreeError::SizesReversed`] when `old > new` or `new > stored`; otherwise what reading the tiles gave.
pub fn consistency_proof_at(
    old: u64,
    new: u64,
    stored: u64,
    source: &dyn LogSource,
) -> Result<Vec<Hash>, TreeError> {
    if old > new || new > stored {
        return Err(TreeError::SizesReversed { old, new: new.min(stored) });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut tiles = Tiles { source, size: stored, seen: HashMap::new() };
    let (mut lo, mut hi) = (0, new);
    let mut ranges = Vec::new();
    // Walk down to the subtree that ends where the old tree ended.
    while hi != old {
        let mid = lo + split(hi - lo);
        if old <= mid {
            ranges.push((mid, hi));
            hi = mid;
        } else {
            ranges.push((lo, mid));
            lo = mid;
        }
    }
    // A left edge at 0 is the old tree itself: the verifier has its root.
    if lo != 0 {
        ranges.push((lo, hi));
    }
    ranges.into_iter().rev().map(|(a, b)| tiles.range(a, b)).collect()
}

/// Checks an audit path (the algorithm of RFC 9162 section 2.1.3.2).
///
/// # Errors
/// [`ProofError`] saying whether the index, the number of hashes or the root is wrong.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// Checks that the tree of `new` leaves with root `new_root` starts with the tree of `old` leaves with root
/// `old_root` (the algorithm of RFC 9162 section 2.1.4.2; an empty old tree is the start of every tree).
///
/// # Errors
/// [`ProofError`] saying whether the sizes, the number of hashes or a root is wrong.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == new {
        let start = if old == 0 { &Hash::EMPTY_ROOT } else { new_root };
        return match (proof.is_empty(), old_root == start) {
            (false, _) => Err(ProofError::WrongLength),
            (true, false) => Err(ProofError::WrongRoot),
            (true, true) => Ok(()),
        };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // An old tree of 2^k leaves is itself the first node of the path.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::WrongLength)?
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(ProofError::WrongRoot) }
}
