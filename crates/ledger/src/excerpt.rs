//! Part of a log: the tiles that are needed to check some entries of it, without the rest.
//!
//! Each full tile is held against the hash above it, up to the right edge, and the edge against the signed root. So a
//! leaf hash that comes out of an excerpt is the one under the checkpoint, whatever is left out.

use std::collections::BTreeSet;

use crate::checkpoint::Checkpoint;
use crate::fault::{LogFault, LogFaultKind};
use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, Hash, perfect_root};
use crate::source::{LogSource, read_tile};
use crate::state::{LOG_ENTRIES_MAX, peaks_of};
use crate::tiles::{CHECKPOINT_PATH, TILE_WIDTH, decode_tile, tile_path, tile_width};

const STEP: u64 = TILE_WIDTH as u64;

/// The tiles, by level and position, that check these entries of a log of `size` entries.
#[must_use]
pub fn tiles_for(indices: impl IntoIterator<Item = u64>, size: u64) -> BTreeSet<(u8, u64)> {
    let mut tiles: BTreeSet<(u8, u64)> = edges(size)
        .into_iter()
        .filter(|(_, _, width)| *width > 0)
        .map(|(level, at, _)| (level, at))
        .collect();
    for index in indices.into_iter().filter(|index| *index < size) {
        let mut at = index / STEP;
        for level in 0u8.. {
            // What is there already has everything above it; the edge ends the way up.
            if tile_width(level, at, size) == 0 || !tiles.insert((level, at)) {
                break;
            }
            at /= STEP;
        }
    }
    tiles
}

/// The path of one of these tiles.
#[must_use]
pub fn tile_file((level, index): (u8, u64), size: u64) -> String {
    tile_path(level, index, tile_width(level, index, size))
}

/// Level, position and width of the unfinished tile of each level.
fn edges(size: u64) -> Vec<(u8, u64, u16)> {
    let mut found = Vec::new();
    let mut rest = size;
    for level in 0u8.. {
        if rest == 0 {
            break;
        }
        let width = u16::try_from(rest % STEP).unwrap_or(0);
        rest /= STEP;
        found.push((level, rest, width));
    }
    found
}

/// Checked leaf hashes out of some tiles of a log. Memory: one tile per level.
pub struct Excerpt<S> {
    source: S,
    size: u64,
    /// The unfinished tile of each level.
    edges: Vec<Vec<Hash>>,
    /// The full tile of each level that was checked last.
    checked: Vec<Option<(u64, Vec<Hash>)>>,
}

impl<S: LogSource> Excerpt<S> {
    /// Reads the right edge and holds it against the root of a checkpoint whose signature was verified.
    ///
    /// # Errors
    /// [`LogFault`] naming the tile that is missing or damaged.
    pub fn open(source: S, checkpoint: &Checkpoint) -> Result<Self, LogFault> {
        let size = checkpoint.size;
        if size > LOG_ENTRIES_MAX {
            return Err(LogFault::without_index(LogFaultKind::SizeMismatch, CHECKPOINT_PATH));
        }
        let mut excerpt = Self { source, size, edges: Vec::new(), checked: Vec::new() };
        for (level, at, width) in edges(size) {
            let edge = if width == 0 { Vec::new() } else { excerpt.read(level, at, width)? };
            excerpt.edges.push(edge);
            excerpt.checked.push(None);
        }
        let peaks = excerpt.edges.iter().rev().flat_map(|edge| peaks_of(edge)).collect();
        let root = Frontier::from_peaks(size, peaks).unwrap_or_default().root();
        if root != checkpoint.root {
            return Err(LogFault::new(LogFaultKind::RootMismatch, 0, CHECKPOINT_PATH).span(size));
        }
        Ok(excerpt)
    }

    /// The leaf hash of an entry.
    ///
    /// # Errors
    /// [`LogFault`] naming the tile between the entry and the root that is missing or does not fit.
    pub fn leaf(&mut self, index: u64) -> Result<Hash, LogFault> {
        let hash = self.hash(0, index)?;
        hash.ok_or_else(|| LogFault::new(LogFaultKind::Extra, index, CHECKPOINT_PATH))
    }

    /// The hash at a position of a level; `None` beyond the end.
    fn hash(&mut self, level: u8, position: u64) -> Result<Option<Hash>, LogFault> {
        let (at, offset) = (position / STEP, usize::try_from(position % STEP).unwrap_or(0));
        let row = usize::from(level);
        match tile_width(level, at, self.size) {
            0 => Ok(None),
            TILE_WIDTH => {
                let is_known = self.checked[row].as_ref().is_some_and(|(known, _)| *known == at);
                if !is_known {
                    let tile = self.read(level, at, TILE_WIDTH)?;
                    if self.hash(level + 1, at)? != perfect_root(&tile) {
                        let span = 1u64 << (8 * u32::from(level));
                        let path = tile_path(level, at, TILE_WIDTH);
                        return Err(
                            LogFault::new(LogFaultKind::Flipped, at * span * STEP, &path).span(span * STEP)
                        );
                    }
                    self.checked[row] = Some((at, tile));
                }
                Ok(self.checked[row].as_ref().and_then(|(_, tile)| tile.get(offset).copied()))
            }
            _ => Ok(self.edges.get(row).and_then(|edge| edge.get(offset).copied())),
        }
    }

    fn read(&self, level: u8, at: u64, width: u16) -> Result<Vec<Hash>, LogFault> {
        let span = 1u64 << (8 * u32::from(level));
        let (first, expected) = (at * span * STEP, usize::from(width) * HASH_BYTES);
        let fault = |kind, path: &str| LogFault::new(kind, first, path).span(u64::from(width) * span);
        let found =
            read_tile(&self.source, level, at, width)?.map_err(|path| fault(LogFaultKind::Missing, &path))?;
        match found.bytes.len() {
            length if length == expected => Ok(decode_tile(&found.bytes)),
            length if length < expected => Err(fault(LogFaultKind::Truncated, &found.path)),
            _ => Err(fault(LogFaultKind::Extra, &found.path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::hash::leaf_hash;
    use crate::state::LogState;

    type Files = BTreeMap<String, Vec<u8>>;

    fn log(size: u64) -> (Files, Checkpoint) {
        let entries: Vec<_> = (0..size).map(|index| index.to_be_bytes()).collect();
        let batch = LogState::new().append(&entries).expect("append");
        let files = batch.files.into_iter().map(|file| (file.path, file.bytes)).collect();
        (files, Checkpoint::new("log.example/a", batch.size, batch.root))
    }

    fn cut(files: &Files, indices: &[u64], size: u64) -> Files {
        let tiles = tiles_for(indices.iter().copied(), size);
        let paths = tiles.into_iter().map(|tile| tile_file(tile, size));
        paths.map(|path| (path.clone(), files[&path].clone())).collect()
    }

    #[test]
    fn a_few_tiles_carry_a_few_entries_of_a_large_log() {
        let size = 256 * 256 + 3 * 256 + 7;
        let (files, checkpoint) = log(size);
        let wanted = [0, 255, 256, 40_000, 65_535, 65_536, 66_303, size - 1];
        let few = cut(&files, &wanted, size);
        assert_eq!(few.len(), 10, "{:?}", few.keys());
        let mut excerpt = Excerpt::open(&few, &checkpoint).expect("edge");
        for index in wanted {
            assert_eq!(excerpt.leaf(index), Ok(leaf_hash(&index.to_be_bytes())), "{index}");
        }
        assert_eq!(excerpt.leaf(size).map_err(|fault| fault.kind), Err(LogFaultKind::Extra));
        let absent = excerpt.leaf(30_000).expect_err("its tile is not there");
        assert_eq!((absent.kind, absent.index), (LogFaultKind::Missing, Some(30_000 / 256 * 256)));
        let (_, other) = log(size - 1);
        assert!(Excerpt::open(&few, &other).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_bit_of_an_excerpt_is_free(
            size in 1u64..1_500,
            at in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
            file in any::<prop::sample::Index>(),
            bit in any::<prop::sample::Index>(),
        ) {
            let (files, checkpoint) = log(size);
            let mut indices: Vec<u64> = at.iter().map(|at| at.index(size as usize) as u64).collect();
            indices.sort_unstable();
            let good = cut(&files, &indices, size);
            let check = |files: &Files| -> Result<(), LogFault> {
                let mut excerpt = Excerpt::open(files, &checkpoint)?;
                for index in &indices {
                    let is_right = excerpt.leaf(*index)? == leaf_hash(&index.to_be_bytes());
                    assert!(is_right, "a wrong leaf was handed out for {index}");
                }
                Ok(())
            };
            prop_assert_eq!(check(&good), Ok(()));
            let mut bad = good.clone();
            let path = bad.keys().nth(file.index(bad.len())).expect("file").clone();
            let bytes = bad.get_mut(&path).expect("file");
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(check(&bad).is_err(), "{path} bit {bit}");
            bad.remove(&path);
            prop_assert!(check(&bad).is_err(), "{path} removed");
        }
    }
}
