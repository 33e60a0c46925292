//! Names and contents of the files of a log: tiles of hashes and bundles of entries (C2SP tlog-tiles).

use crate::hash::{HASH_BYTES, Hash};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of a full tile.
pub const TILE_BYTES: usize = TILE_WIDTH as usize * HASH_BYTES;
/// Highest tile level that a path can name (tlog-tiles).
pub const TILE_LEVEL_MAX: u8 = 63;
/// Largest entry that this log accepts, in bytes. The format itself could carry 65,535.
pub const ENTRY_BYTES_MAX: usize = 4096;
/// Largest possible entry bundle: each entry with its two length bytes.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (ENTRY_BYTES_MAX + 2);
/// Where the signed tree head is kept.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// What a path below the log's folder names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogPath {
    /// The signed tree head.
    Checkpoint,
    /// A tile of hashes.
    Tile {
        /// 0 = leaf hashes; each hash of level n + 1 is the root of a full tile of level n.
        level: u8,
        /// Position within the level.
        index: u64,
        /// Hashes in the tile, 1 to 256.
        width: u16,
    },
    /// A bundle of entries.
    Entries {
        /// Position; the first entry is number `256 · index`.
        index: u64,
        /// Entries in the bundle, 1 to 256.
        width: u16,
    },
}

impl LogPath {
    /// Reads a path; only the one canonical spelling is accepted, so that a route can use it as a guard.
    #[must_use]
    pub fn parse(path: &str) -> Option<LogPath> {
        if path == CHECKPOINT_PATH {
            return Some(LogPath::Checkpoint);
        }
        // 7 index elements cover every u64; the longest canonical path is well below this.
        if path.len() > 64 {
            return None;
        }
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let (index_text, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                (index, width.parse::<u16>().ok().filter(|w| (1..TILE_WIDTH).contains(w))?)
            }
            None => (rest, TILE_WIDTH),
        };
        let index = parse_index(index_text)?;
        let parsed = match kind {
            "entries" => LogPath::Entries { index, width },
            level => {
                LogPath::Tile { level: level.parse().ok().filter(|l| *l <= TILE_LEVEL_MAX)?, index, width }
            }
        };
        // Leading zeroes and plus signs parse as numbers too: writing it again settles the spelling.
        (parsed.to_string() == path).then_some(parsed)
    }
}

impl core::fmt::Display for LogPath {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            LogPath::Checkpoint => f.write_str(CHECKPOINT_PATH),
            LogPath::Tile { level, index, width } => {
                write!(f, "tile/{level}/{}{}", index_text(index), width_text(width))
            }
            LogPath::Entries { index, width } => {
                write!(f, "tile/entries/{}{}", index_text(index), width_text(width))
            }
        }
    }
}

/// `tile/<level>/<index>`, with `.p/<width>` when the tile is not full.
#[must_use]
pub fn tile_path(level: u8, index: u64, width: u16) -> String {
    LogPath::Tile { level, index, width }.to_string()
}

/// `tile/entries/<index>`, with `.p/<width>` when the bundle is not full.
#[must_use]
pub fn entries_path(index: u64, width: u16) -> String {
    LogPath::Entries { index, width }.to_string()
}

fn width_text(width: u16) -> String {
    if width >= TILE_WIDTH { String::new() } else { format!(".p/{width}") }
}

/// Three digits per path element, all but the last with an `x` before them: 1234067 is `x001/x234/067`.
fn index_text(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0u64;
    for element in text.split('/') {
        let digits = element.strip_prefix('x').unwrap_or(element);
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

/// Width of tile `index` at `level` in a tree of `size` leaves: 0 when the tree has no such tile.
#[must_use]
pub fn tile_width(level: u8, index: u64, size: u64) -> u16 {
    let hashes = u32::from(level).checked_mul(8).and_then(|s| size.checked_shr(s)).unwrap_or(0);
    let start = index.saturating_mul(u64::from(TILE_WIDTH));
    u16::try_from(hashes.saturating_sub(start).min(u64::from(TILE_WIDTH))).unwrap_or(TILE_WIDTH)
}

/// The hashes of a tile, one after the other.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    let mut out = Vec::with_capacity(hashes.len() * HASH_BYTES);
    hashes.iter().for_each(|h| out.extend_from_slice(&h.0));
    out
}

/// Reads the hashes of a tile; bytes after the last whole hash are dropped (check the length first).
#[must_use]
pub fn decode_tile(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice).collect()
}

/// Appends one entry with its big-endian 16-bit length to a bundle.
///
/// Returns `false`, and appends nothing, when the entry is longer than [`ENTRY_BYTES_MAX`].
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Some(length) = u16::try_from(entry.len()).ok().filter(|n| usize::from(*n) <= ENTRY_BYTES_MAX) else {
        return false;
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// Takes the next entry from a bundle and moves the slice behind it. `None` when what is left is not a whole entry
/// (or nothing is left); the slice then stays where it was.
pub fn next_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<2>()?;
    let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_follow_the_specification() {
        assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path(3, 5, 17), "tile/3/005.p/17");
        assert_eq!(entries_path(273, 112), "tile/entries/273.p/112");
        for bad in [
            "",
            "tile/0/1",
            "tile/00/001",
            "tile/64/001",
            "tile/0/x000/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/07",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/entries/../001",
            "tile/+1/001",
            "tile/0/001.p/+7",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "checkpoint/",
        ] {
            assert_eq!(LogPath::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn widths_of_the_worked_example_in_the_specification() {
        // A tree of 70,000: 273 full tiles and one of 112; one full level 1 tile and one of 17; one level 2 hash.
        assert_eq!(tile_width(0, 272, 70_000), 256);
        assert_eq!(tile_width(0, 273, 70_000), 112);
        assert_eq!(tile_width(0, 274, 70_000), 0);
        assert_eq!((tile_width(1, 0, 70_000), tile_width(1, 1, 70_000)), (256, 17));
        assert_eq!((tile_width(2, 0, 70_000), tile_width(3, 0, 70_000)), (1, 0));
        assert_eq!(tile_width(63, 0, u64::MAX), 0);
    }

    proptest! {
        #[test]
        fn a_path_reads_back(level in 0u8..=63, index in 0u64..=u64::MAX, width in 1u16..=256) {
            for path in [LogPath::Tile { level, index, width }, LogPath::Entries { index, width }] {
                prop_assert_eq!(LogPath::parse(&path.to_string()), Some(path));
            }
        }

        #[test]
        fn a_bundle_reads_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut bundle = Vec::new();
            for e in &entries {
                prop_assert!(push_entry(&mut bundle, e));
            }
            let mut rest = bundle.as_slice();
            for e in &entries {
                prop_assert_eq!(next_entry(&mut rest), Some(e.as_slice()));
            }
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn an_entry_over_the_limit_is_not_added() {
        let mut bundle = Vec::new();
        assert!(push_entry(&mut bundle, &vec![0; ENTRY_BYTES_MAX]));
        let before = bundle.len();
        assert!(!push_entry(&mut bundle, &vec![0; ENTRY_BYTES_MAX + 1]));
        assert_eq!(bundle.len(), before);
    }
}
