//! The bytes of the container: PKWARE's ZIP (APPNOTE 6.3.10), narrowed to one way of writing each thing.
//!
//! Stored members, sizes in the local header, date fixed to 1980-01-01, no comments, no encryption, no data
//! descriptors; ZIP64 only for offsets and counts that need it. A header is a function of (name, size, checksum,
//! offset), so a reader can rebuild it and compare.

/// Largest member in bytes: what a header without ZIP64 fields can say.
pub const MEMBER_BYTES_MAX: u64 = u32::MAX as u64 - 1;
/// Most members of one package.
pub const MEMBERS_MAX: usize = 2_000_000;
/// Longest member name, in bytes.
pub const NAME_BYTES_MAX: usize = 240;

pub(super) const LOCAL_BYTES: usize = 30;
pub(super) const CENTRAL_BYTES: usize = 46;
pub(super) const END_BYTES: usize = 22;
/// ZIP64 end record and its locator.
pub(super) const END64_BYTES: usize = 56 + 20;
const OFFSET64_BYTES: usize = 12;

pub(super) const LOCAL_MARK: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL_MARK: [u8; 4] = *b"PK\x01\x02";
const END_MARK: [u8; 4] = *b"PK\x05\x06";
const END64_MARK: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_MARK: [u8; 4] = *b"PK\x06\x07";

/// Version 2.0 of the format; 4.5 where ZIP64 is used.
const VERSION: u16 = 20;
const VERSION64: u16 = 45;
/// 1980-01-01, the first day that the format can say: a package depends on its content only.
const DATE: u16 = 0x21;
/// Made on Unix: regular file, rw-r--r--.
const MADE_BY: u16 = 0x0300 | VERSION;
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// One file in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub name: String,
    pub size: u64,
    pub crc: u32,
    /// Where its local header starts.
    pub offset: u64,
}

impl Member {
    /// Where its data starts.
    pub fn data(&self) -> u64 {
        self.offset + (LOCAL_BYTES + self.name.len()) as u64
    }

    /// Where the next header starts.
    pub fn end(&self) -> u64 {
        self.data() + self.size
    }

    fn needs_offset64(&self) -> bool {
        self.offset >= u64::from(u32::MAX)
    }

    /// Length of its record in the central directory.
    pub fn central_len(&self) -> u64 {
        (CENTRAL_BYTES + self.name.len() + if self.needs_offset64() { OFFSET64_BYTES } else { 0 }) as u64
    }

    /// The header before the data.
    pub fn local_header(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LOCAL_BYTES + self.name.len());
        out.extend_from_slice(&LOCAL_MARK);
        self.common(VERSION, &mut out);
        push16(&mut out, 0);
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    /// The record in the central directory.
    pub fn central_record(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CENTRAL_BYTES + self.name.len() + OFFSET64_BYTES);
        let is_wide = self.needs_offset64();
        out.extend_from_slice(&CENTRAL_MARK);
        push16(&mut out, MADE_BY);
        self.common(if is_wide { VERSION64 } else { VERSION }, &mut out);
        push16(&mut out, if is_wide { OFFSET64_BYTES as u16 } else { 0 });
        // No comment, first disk, binary content.
        out.extend_from_slice(&[0; 6]);
        push32(&mut out, ATTRIBUTES);
        push32(&mut out, narrow32(self.offset));
        out.extend_from_slice(self.name.as_bytes());
        if is_wide {
            push16(&mut out, 1);
            push16(&mut out, 8);
            push64(&mut out, self.offset);
        }
        out
    }

    /// What both headers share, from "version needed" to the length of the name.
    fn common(&self, version: u16, out: &mut Vec<u8>) {
        push16(out, version);
        // Flags, method "stored", time of day.
        out.extend_from_slice(&[0; 6]);
        push16(out, DATE);
        push32(out, self.crc);
        push32(out, narrow32(self.size));
        push32(out, narrow32(self.size));
        push16(out, u16::try_from(self.name.len()).unwrap_or(u16::MAX));
    }

    /// Reads a local header that was written this way; `None` for any other bytes. `bytes` is the header with its
    /// name.
    pub fn from_local(bytes: &[u8], offset: u64) -> Option<Member> {
        let name = core::str::from_utf8(bytes.get(LOCAL_BYTES..)?).ok()?;
        let member = Member {
            name: name.to_owned(),
            crc: u32::from_le_bytes(*bytes.get(14..)?.first_chunk()?),
            size: u64::from(u32::from_le_bytes(*bytes.get(18..)?.first_chunk()?)),
            offset,
        };
        (is_member_name(name) && member.size <= MEMBER_BYTES_MAX && member.local_header() == bytes)
            .then_some(member)
    }

    /// Reads a central record that was written this way; `None` for any other bytes. `bytes` is the whole record.
    pub fn from_central(bytes: &[u8]) -> Option<Member> {
        let name_len = usize::from(u16::from_le_bytes(*bytes.get(28..)?.first_chunk()?));
        let name = core::str::from_utf8(bytes.get(CENTRAL_BYTES..CENTRAL_BYTES + name_len)?).ok()?;
        let short = u32::from_le_bytes(*bytes.get(42..)?.first_chunk()?);
        let offset = if short == u32::MAX {
            u64::from_le_bytes(*bytes.get(CENTRAL_BYTES + name_len + 4..)?.first_chunk()?)
        } else {
            u64::from(short)
        };
        let member = Member {
            name: name.to_owned(),
            crc: u32::from_le_bytes(*bytes.get(16..)?.first_chunk()?),
            size: u64::from(u32::from_le_bytes(*bytes.get(20..)?.first_chunk()?)),
            offset,
        };
        (is_member_name(name) && member.size <= MEMBER_BYTES_MAX && member.central_record() == bytes)
            .then_some(member)
    }
}

/// Size and place of the central directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub members: u64,
    pub offset: u64,
    pub bytes: u64,
}

impl Directory {
    fn needs64(self) -> bool {
        self.members >= u64::from(u16::MAX)
            || self.offset >= u64::from(u32::MAX)
            || self.bytes >= u64::from(u32::MAX)
    }

    /// Length of what follows the directory.
    pub fn end_len(self) -> u64 {
        (END_BYTES + if self.needs64() { END64_BYTES } else { 0 }) as u64
    }

    /// What follows the directory: the ZIP64 end record and locator where needed, the end record.
    pub fn end_records(self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.needs64() {
            out.extend_from_slice(&END64_MARK);
            push64(&mut out, 44);
            push16(&mut out, 0x0300 | VERSION64);
            push16(&mut out, VERSION64);
            out.extend_from_slice(&[0; 8]);
            push64(&mut out, self.members);
            push64(&mut out, self.members);
            push64(&mut out, self.bytes);
            push64(&mut out, self.offset);
            out.extend_from_slice(&LOCATOR_MARK);
            push32(&mut out, 0);
            push64(&mut out, self.offset + self.bytes);
            push32(&mut out, 1);
        }
        out.extend_from_slice(&END_MARK);
        push32(&mut out, 0);
        let count = u16::try_from(self.members).unwrap_or(u16::MAX);
        push16(&mut out, count);
        push16(&mut out, count);
        push32(&mut out, narrow32(self.bytes));
        push32(&mut out, narrow32(self.offset));
        push16(&mut out, 0);
        out
    }

    /// Reads the end records from the last bytes of a file (at least [`END_BYTES`], up to both). `None` when they
    /// were not written this way.
    pub fn from_end(tail: &[u8]) -> Option<Directory> {
        let end = tail.get(tail.len().checked_sub(END_BYTES)?..)?;
        let short = Directory {
            members: u64::from(u16::from_le_bytes(*end.get(10..)?.first_chunk()?)),
            bytes: u64::from(u32::from_le_bytes(*end.get(12..)?.first_chunk()?)),
            offset: u64::from(u32::from_le_bytes(*end.get(16..)?.first_chunk()?)),
        };
        let directory = if short.needs64() {
            let wide = tail.get(tail.len().checked_sub(END_BYTES + END64_BYTES)?..)?;
            Directory {
                members: u64::from_le_bytes(*wide.get(32..)?.first_chunk()?),
                bytes: u64::from_le_bytes(*wide.get(40..)?.first_chunk()?),
                offset: u64::from_le_bytes(*wide.get(48..)?.first_chunk()?),
            }
        } else {
            short
        };
        directory.offset.checked_add(directory.bytes)?;
        tail.ends_with(&directory.end_records()).then_some(directory)
    }
}

/// Relative, forward slashes, letters, digits and `. _ -` only, no element that starts with a dot: safe to unpack on
/// every system.
pub(super) fn is_member_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        })
}

fn narrow32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn push16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn push32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn push64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}
