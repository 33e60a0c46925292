//! TIFF 6.0 and BigTIFF: pages are written anew from the tags that say how pixels are read.
//!
//! Descriptions, artists, dates, computers, software, EXIF and GPS directories, XMP, IPTC, Photoshop, ICC
//! profiles and private tags have no place in what is written. Strips and tiles are copied byte for byte, but
//! for comments within those that are JPEG or JPEG 2000. Of a tiled file (a slide) only tiled pages stay:
//! thumbnail, label and overview are stripped images, and label and overview show the slide's label.

use super::{CleanedImage, ImageError, MAX_PARTS, Stripped, check_size};
use crate::{Kind, codestream};

/// Most pages of a file.
const MAX_PAGES: usize = 1000;
/// Longest value of a tag that is kept, bytes (offsets and sizes of the tiles of a large slide).
const MAX_VALUE: u64 = 64 * 1024 * 1024;

/// Tags that say how pixels are read (TIFF 6.0, its technical notes, the sub-file type of a page).
const KEPT: [u16; 31] = [
    254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 296, 317, 318, 319,
    320, 322, 323, 324, 325, 338, 339, 530, 531, 532,
];
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const COMPRESSION: u16 = 259;
const DESCRIPTION: u16 = 270;
const STRIPS: (u16, u16) = (273, 279);
const ORIENTATION: u16 = 274;
const TILES: (u16, u16) = (324, 325);
/// Tables of JPEG strips: a JPEG of its own.
const JPEG_TABLES: u16 = 347;
/// Compressions: JPEG of TIFF 6.0 (offsets into the file, given up by everyone), JPEG, and JPEG 2000.
const OLD_JPEG: u64 = 6;
const JPEG: u64 = 7;
const JPEG2000: [u64; 3] = [33_003, 33_005, 34_712];

/// How numbers are written.
#[derive(Clone, Copy)]
struct Layout {
    big_endian: bool,
    big_tiff: bool,
}

impl Layout {
    fn number(self, raw: &[u8]) -> u64 {
        let digits = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if self.big_endian { raw.iter().fold(0, digits) } else { raw.iter().rev().fold(0, digits) }
    }

    fn put(self, out: &mut Vec<u8>, n: u64, bytes: usize) {
        if self.big_endian {
            out.extend_from_slice(&n.to_be_bytes()[8 - bytes..]);
        } else {
            out.extend_from_slice(&n.to_le_bytes()[..bytes]);
        }
    }

    /// Bytes of an offset.
    fn word(self) -> usize {
        if self.big_tiff { 8 } else { 4 }
    }
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    value: Vec<u8>,
}

struct Page {
    entries: Vec<Entry>,
    /// Where the next one is, 0 for none.
    next: u64,
}

/// Bytes of one value of a type; 0 for a type that does not exist.
fn width_of(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

impl<'a> Reader<'a> {
    fn slice(&self, at: u64, length: u64) -> Result<&'a [u8], ImageError> {
        let truncated = ImageError::Truncated { offset: at };
        let end = at.checked_add(length).ok_or(ImageError::Truncated { offset: at })?;
        let range = usize::try_from(at).ok().zip(usize::try_from(end).ok());
        range.and_then(|(a, b)| self.bytes.get(a..b)).ok_or(truncated)
    }

    fn number(&self, at: u64, bytes: usize) -> Result<u64, ImageError> {
        Ok(self.layout.number(self.slice(at, bytes as u64)?))
    }

    fn page(&self, at: u64, stripped: &mut Vec<Stripped>) -> Result<Page, ImageError> {
        let word = self.layout.word();
        let (counter, size) = if self.layout.big_tiff { (8, 20) } else { (2, 12) };
        let count = self.number(at, counter)?;
        let start = at + counter as u64;
        let entries_bytes = count.checked_mul(size).ok_or(ImageError::Truncated { offset: at })?;
        let raw = self.slice(start, entries_bytes)?;
        let mut entries = Vec::new();
        for (i, entry) in raw.chunks_exact(size as usize).enumerate() {
            // A tag and a type are 16 bits.
            let tag = self.layout.number(&entry[..2]) as u16;
            let kind = self.layout.number(&entry[2..4]) as u16;
            let count = self.layout.number(&entry[4..4 + word]);
            let offset = start + i as u64 * size;
            let length = count.saturating_mul(width_of(kind));
            if tag != DESCRIPTION && tag != JPEG_TABLES && !KEPT.contains(&tag) {
                stripped.push(Stripped { part: format!("tag {tag}"), offset, bytes: length });
                continue;
            }
            if length > MAX_VALUE || width_of(kind) == 0 {
                return Err(ImageError::Broken { offset, why: "a tag of no size or too large" });
            }
            let inline = &entry[4 + word..];
            let value = match usize::try_from(length).ok().and_then(|l| inline.get(..l)) {
                Some(value) => value,
                None => self.slice(self.layout.number(inline), length)?,
            };
            entries.push(Entry { tag, kind, count, value: value.to_vec() });
        }
        Ok(Page { entries, next: self.number(start + entries_bytes, word)? })
    }
}

impl Page {
    fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag)
    }

    fn numbers(&self, tag: u16, layout: Layout) -> Vec<u64> {
        let Some(entry) = self.get(tag) else { return Vec::new() };
        // At most 8: see `width_of`.
        entry.value.chunks_exact(width_of(entry.kind) as usize).map(|raw| layout.number(raw)).collect()
    }

    fn is_tiled(&self) -> bool {
        self.get(TILES.0).is_some()
    }

    /// Whether the description calls the page a slide's label or overview.
    fn is_label(&self) -> bool {
        let text = self.get(DESCRIPTION).map(|e| e.value.to_ascii_lowercase()).unwrap_or_default();
        [&b"label"[..], b"macro", b"overview"].iter().any(|w| text.windows(w.len()).any(|t| t == *w))
    }
}

pub(super) fn clean(bytes: &[u8]) -> Result<CleanedImage, ImageError> {
    let truncated = || ImageError::Truncated { offset: 0 };
    let head = bytes.get(..16).or(bytes.get(..8)).ok_or_else(truncated)?;
    let big_endian = head[0] == b'M';
    let version = Layout { big_endian, big_tiff: false }.number(&head[2..4]);
    let layout = Layout { big_endian, big_tiff: version == 43 };
    let reader = Reader { bytes, layout };
    let mut next = if layout.big_tiff { reader.number(8, 8)? } else { reader.number(4, 4)? };
    let mut stripped = Vec::new();
    let mut pages: Vec<(u64, Page)> = Vec::new();
    while next != 0 {
        if pages.len() >= MAX_PAGES || pages.iter().any(|(at, _)| *at == next) {
            return Err(ImageError::Broken { offset: next, why: "too many pages, or pages in a circle" });
        }
        let page = reader.page(next, &mut stripped)?;
        let after = page.next;
        pages.push((next, page));
        next = after;
    }
    let tiled = pages.first().is_some_and(|(_, p)| p.is_tiled());
    pages.retain(|(at, page)| {
        let stays = !page.is_label() && (!tiled || page.is_tiled());
        if !stays {
            stripped.push(Stripped { part: "page".to_owned(), offset: *at, bytes: 0 });
        }
        stays
    });
    write(&reader, &pages, stripped)
}

fn write(
    reader: &Reader,
    pages: &[(u64, Page)],
    mut stripped: Vec<Stripped>,
) -> Result<CleanedImage, ImageError> {
    let layout = reader.layout;
    let (at, first) = pages.first().ok_or(ImageError::Broken { offset: 0, why: "no page that may stay" })?;
    let one = |page: &Page, tag| page.numbers(tag, layout).first().copied();
    let size = check_size(one(first, WIDTH).unwrap_or(0), one(first, HEIGHT).unwrap_or(0), *at as usize)?;
    let mut out = Vec::with_capacity(reader.bytes.len());
    out.extend_from_slice(if layout.big_endian { b"MM" } else { b"II" });
    layout.put(&mut out, if layout.big_tiff { 43 } else { 42 }, 2);
    if layout.big_tiff {
        layout.put(&mut out, 8, 2);
        layout.put(&mut out, 0, 2);
    }
    let mut link = out.len();
    layout.put(&mut out, 0, layout.word());
    for (at, page) in pages {
        let entries = copy_page(reader, page, *at, &mut out, &mut stripped)?;
        let directory = put_directory(layout, entries, &mut out);
        let mut raw = Vec::new();
        layout.put(&mut raw, directory.0, layout.word());
        out[link..link + raw.len()].copy_from_slice(&raw);
        link = directory.1;
    }
    // Strips may be named twice; then a small file would grow without bound.
    if out.len() > reader.bytes.len() + 1024 {
        return Err(ImageError::Broken { offset: *at, why: "strips that overlap" });
    }
    let dropped = reader.bytes.len().saturating_sub(out.len());
    if stripped.is_empty() && dropped > 0 {
        stripped.push(Stripped { part: "gaps".to_owned(), offset: 0, bytes: dropped as u64 });
    }
    let orientation =
        one(first, ORIENTATION).and_then(|o| u8::try_from(o).ok()).filter(|o| (1..=8).contains(o));
    let (width, height) = size;
    Ok(CleanedImage { bytes: out, kind: Kind::Tiff, width, height, orientation, stripped })
}

/// Copies the strips or tiles of a page; returns its tags, pointing to them.
fn copy_page(
    reader: &Reader,
    page: &Page,
    at: u64,
    out: &mut Vec<u8>,
    stripped: &mut Vec<Stripped>,
) -> Result<Vec<Entry>, ImageError> {
    let layout = reader.layout;
    let broken = |why| ImageError::Broken { offset: at, why };
    let compression = page.numbers(COMPRESSION, layout).first().copied().unwrap_or(1);
    if compression == OLD_JPEG {
        return Err(broken("JPEG of an old kind, whose parts cannot be followed"));
    }
    let (offsets_tag, counts_tag) = if page.is_tiled() { TILES } else { STRIPS };
    let (offsets, counts) = (page.numbers(offsets_tag, layout), page.numbers(counts_tag, layout));
    if offsets.is_empty() || offsets.len() != counts.len() || offsets.len() > MAX_PARTS * 100 {
        return Err(broken("offsets and sizes of the pixels do not match"));
    }
    let mut new_offsets = Vec::with_capacity(offsets.len());
    let mut new_counts = Vec::with_capacity(offsets.len());
    for (offset, count) in offsets.into_iter().zip(counts) {
        let raw = if count == 0 { &[][..] } else { reader.slice(offset, count)? };
        if out.len() + raw.len() > reader.bytes.len() + 1024 {
            return Err(broken("strips that overlap"));
        }
        let cleaned = without_comments(compression, raw).map_err(broken)?;
        if let Some(cleaned) = &cleaned {
            let bytes = (raw.len() - cleaned.len().min(raw.len())) as u64;
            stripped.push(Stripped { part: "comment".to_owned(), offset, bytes });
        }
        let raw = cleaned.as_deref().unwrap_or(raw);
        new_offsets.push(if raw.is_empty() { 0 } else { out.len() as u64 });
        new_counts.push(raw.len() as u64);
        out.extend_from_slice(raw);
        if !out.len().is_multiple_of(2) {
            out.push(0);
        }
    }
    let mut entries = Vec::new();
    for entry in page.entries.iter().filter(|e| e.tag != DESCRIPTION) {
        let (kind, numbers) = match entry.tag {
            t if t == offsets_tag => (if layout.big_tiff { 16 } else { 4 }, &new_offsets),
            t if t == counts_tag => (if layout.big_tiff { 16 } else { 4 }, &new_counts),
            t if t == STRIPS.0 || t == STRIPS.1 || t == TILES.0 || t == TILES.1 => continue,
            tag => {
                let mut value = entry.value.clone();
                if tag == JPEG_TABLES {
                    value = without_comments(JPEG, &value).map_err(broken)?.unwrap_or(value);
                }
                let count = if tag == JPEG_TABLES { value.len() as u64 } else { entry.count };
                entries.push(Entry { tag, kind: entry.kind, count, value });
                continue;
            }
        };
        let mut value = Vec::new();
        numbers.iter().for_each(|n| layout.put(&mut value, *n, layout.word()));
        entries.push(Entry { tag: entry.tag, kind, count: numbers.len() as u64, value });
    }
    entries.sort_by_key(|e| e.tag);
    Ok(entries)
}

fn without_comments(compression: u64, raw: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    match compression {
        JPEG => codestream::jpeg(raw),
        c if JPEG2000.contains(&c) => codestream::jpeg2000(raw),
        _ => Ok(None),
    }
}

/// Writes a directory; returns where it is, and where the link to the next one has to be written.
fn put_directory(layout: Layout, entries: Vec<Entry>, out: &mut Vec<u8>) -> (u64, usize) {
    let word = layout.word();
    let mut placed = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut inline = entry.value;
        if inline.len() > word {
            let at = out.len() as u64;
            out.append(&mut inline);
            if !out.len().is_multiple_of(2) {
                out.push(0);
            }
            layout.put(&mut inline, at, word);
        }
        inline.resize(word, 0);
        placed.push((entry.tag, entry.kind, entry.count, inline));
    }
    let at = out.len() as u64;
    layout.put(out, placed.len() as u64, if layout.big_tiff { 8 } else { 2 });
    for (tag, kind, count, inline) in placed {
        layout.put(out, u64::from(tag), 2);
        layout.put(out, u64::from(kind), 2);
        layout.put(out, count, word);
        out.extend_from_slice(&inline);
    }
    let link = out.len();
    layout.put(out, 0, word);
    (at, link)
}
