//! The directories of a TIFF 6.0 or BigTIFF file: tags with the places of their values. Nothing is copied, and nothing is
//! believed before it was compared with what is there.

use super::SlideFileError;

/// Most directories of a file.
const MAX_DIRECTORIES: usize = 1000;
/// Most tags of a directory; slides have some thirty.
const MAX_TAGS: u64 = 4096;

/// How numbers are written.
#[derive(Clone, Copy)]
struct Layout {
    big_endian: bool,
    big_tiff: bool,
}

/// A tag: what kind its values are of, how many there are, and where.
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    at: u64,
}

/// One directory: mostly a picture.
pub(super) struct Directory {
    /// Where it stands in the file, bytes.
    pub at: u64,
    entries: Vec<Entry>,
}

/// A file with its directories.
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    layout: Layout,
    /// In the order of the file.
    pub directories: Vec<Directory>,
}

/// Bytes of one value of a kind; `None` for a kind that does not exist.
const fn width_of(kind: u16) -> Option<u64> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => return None,
    })
}

/// Whether bytes begin as a TIFF file does.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    matches!(bytes.get(..4), Some(b"II\x2a\0" | b"MM\0\x2a" | b"II\x2b\0" | b"MM\0\x2b"))
}

impl<'a> Tiff<'a> {
    /// The directories that follow one another, and those below the first one (as OME-TIFF keeps its levels).
    pub fn open(bytes: &'a [u8]) -> Result<Self, SlideFileError> {
        if !is_tiff(bytes) {
            return Err(SlideFileError::broken(0, "no TIFF file"));
        }
        let layout = Layout { big_endian: bytes[0] == b'M', big_tiff: bytes[2..4].contains(&43) };
        let mut tiff = Self { bytes, layout, directories: Vec::new() };
        let first = if layout.big_tiff { tiff.word(8, 8)? } else { tiff.word(4, 4)? };
        tiff.chain(first)?;
        let below = match tiff.directories.first() {
            Some(first) => tiff.numbers(first, tag::SUB_DIRECTORIES, MAX_DIRECTORIES as u64)?,
            None => Vec::new(),
        };
        // Each of them is named, whether they are linked with each other or not.
        for at in below {
            if tiff.directories.len() < MAX_DIRECTORIES && tiff.directories.iter().all(|known| known.at != at)
            {
                let (directory, _) = tiff.directory(at)?;
                tiff.directories.push(directory);
            }
        }
        Ok(tiff)
    }

    fn chain(&mut self, first: u64) -> Result<(), SlideFileError> {
        let mut next = first;
        while next != 0 {
            let again = self.directories.iter().any(|known| known.at == next);
            if again || self.directories.len() >= MAX_DIRECTORIES {
                return Err(SlideFileError::broken(next, "too many directories, or directories in a circle"));
            }
            let (directory, after) = self.directory(next)?;
            self.directories.push(directory);
            next = after;
        }
        Ok(())
    }

    fn directory(&self, at: u64) -> Result<(Directory, u64), SlideFileError> {
        let big = self.layout.big_tiff;
        let (counter, size, word) = if big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.word(at, counter)?;
        if count > MAX_TAGS {
            return Err(SlideFileError::broken(at, "too many tags in a directory"));
        }
        let start = at.saturating_add(counter as u64);
        let mut entries = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(64));
        for place in (0..count).map(|number| start.saturating_add(number * size)) {
            // A tag and a kind are two bytes each.
            let (tag, kind) = (self.word(place, 2)? as u16, self.word(place + 2, 2)? as u16);
            let count = self.word(place + 4, word)?;
            let inline = place + 4 + word as u64;
            let Some(width) = width_of(kind) else { continue };
            let fits = count.checked_mul(width).is_some_and(|bytes| bytes <= word as u64);
            let at = if fits { inline } else { self.word(inline, word)? };
            entries.push(Entry { tag, kind, count, at });
        }
        let next = self.word(start.saturating_add(count * size), word)?;
        Ok((Directory { at, entries }, next))
    }

    /// A part of the file.
    pub fn slice(&self, at: u64, length: u64) -> Result<std::ops::Range<usize>, SlideFileError> {
        let end = at.checked_add(length).and_then(|end| usize::try_from(end).ok());
        let range = usize::try_from(at).ok().zip(end).filter(|(_, end)| *end <= self.bytes.len());
        range.map(|(at, end)| at..end).ok_or_else(|| SlideFileError::broken(at, "the file ends before"))
    }

    fn word(&self, at: u64, bytes: usize) -> Result<u64, SlideFileError> {
        let raw = &self.bytes[self.slice(at, bytes as u64)?];
        Ok(self.layout.number(raw))
    }

    /// The values of a tag as whole numbers, of which there may be so many; none where it is missing.
    pub fn numbers(&self, of: &Directory, tag: u16, most: u64) -> Result<Vec<u64>, SlideFileError> {
        let Some(entry) = of.entry(tag) else { return Ok(Vec::new()) };
        let width = width_of(entry.kind).unwrap_or(1);
        if entry.count > most {
            return Err(SlideFileError::broken(of.at, "a tag with too many values"));
        }
        let raw = &self.bytes[self.slice(entry.at, entry.count.saturating_mul(width))?];
        Ok(raw.chunks_exact(usize::try_from(width).unwrap_or(1)).map(|raw| self.layout.number(raw)).collect())
    }

    /// The first value of a tag.
    pub fn number(&self, of: &Directory, tag: u16) -> Result<Option<u64>, SlideFileError> {
        let Some(entry) = of.entry(tag).filter(|entry| entry.count > 0) else { return Ok(None) };
        let width = width_of(entry.kind).unwrap_or(1);
        Ok(Some(self.word(entry.at, usize::try_from(width).unwrap_or(1))?))
    }

    /// A fraction, where a tag is one.
    pub fn fraction(&self, of: &Directory, tag: u16) -> Result<Option<f64>, SlideFileError> {
        const FRACTION: u16 = 5;
        let Some(entry) = of.entry(tag).filter(|e| e.count > 0 && e.kind == FRACTION) else {
            return Ok(None);
        };
        let (above, below) = (self.word(entry.at, 4)?, self.word(entry.at.saturating_add(4), 4)?);
        Ok((below != 0).then(|| above as f64 / below as f64))
    }

    /// The value of a tag as it stands.
    pub fn raw(&self, of: &Directory, tag: u16) -> Result<Option<&'a [u8]>, SlideFileError> {
        let Some(entry) = of.entry(tag) else { return Ok(None) };
        let bytes = entry.count.saturating_mul(width_of(entry.kind).unwrap_or(1));
        Ok(Some(&self.bytes[self.slice(entry.at, bytes)?]))
    }
}

impl Directory {
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    pub fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }
}

impl Layout {
    fn number(self, raw: &[u8]) -> u64 {
        let digits = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.big_endian { raw.iter().fold(0, digits) } else { raw.iter().rev().fold(0, digits) }
    }
}

/// Tags that are looked at.
pub(super) mod tag {
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const DESCRIPTION: u16 = 270;
    pub const SAMPLES: u16 = 277;
    pub const X_RESOLUTION: u16 = 282;
    pub const Y_RESOLUTION: u16 = 283;
    pub const PLANAR: u16 = 284;
    pub const RESOLUTION_UNIT: u16 = 296;
    pub const PREDICTOR: u16 = 317;
    pub const TILE_WIDTH: u16 = 322;
    pub const TILE_HEIGHT: u16 = 323;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTES: u16 = 325;
    pub const SUB_DIRECTORIES: u16 = 330;
    pub const JPEG_TABLES: u16 = 347;
}
