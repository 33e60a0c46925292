//! Bounded reading of a package: nothing is allocated from a declared length beyond what is there.

use core::ops::Range;
use std::io::{Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::CHUNK_BYTES;
use super::fault::{ReleaseFault, ReleaseFaultKind};
use super::layout::Member;
use super::records::FileLine;
use crate::hash::Hash;

/// A package with its length.
pub(super) struct Package<R> {
    reader: R,
    pub len: u64,
}

/// What a member's data turned out to be.
pub(super) struct Measured {
    pub line: FileLine,
    pub crc: u32,
}

impl<R: Read + Seek> Package<R> {
    pub fn open(mut reader: R) -> Result<Self, ReleaseFault> {
        let len = reader.seek(SeekFrom::End(0))?;
        Ok(Self { reader, len })
    }

    /// Fills `buffer` from `offset`; the caller has checked that so much is there.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), ReleaseFault> {
        self.reader.seek(SeekFrom::Start(offset))?;
        Ok(self.reader.read_exact(buffer)?)
    }

    /// The bytes of a range that lies within the package; `None` when it does not.
    pub fn bytes(&mut self, range: Range<u64>) -> Result<Option<Vec<u8>>, ReleaseFault> {
        if range.start > range.end || range.end > self.len {
            return Ok(None);
        }
        let Ok(length) = usize::try_from(range.end - range.start) else { return Ok(None) };
        let mut out = vec![0; length];
        self.read_at(range.start, &mut out)?;
        Ok(Some(out))
    }

    /// A whole small member.
    pub fn small(&mut self, member: &Member, limit: usize) -> Result<Vec<u8>, ReleaseFault> {
        let over = || {
            ReleaseFault::new(ReleaseFaultKind::Limit, format!("above the limit of {limit} bytes"))
                .file(&member.name)
        };
        if member.size > limit as u64 {
            return Err(over());
        }
        self.bytes(member.data()..member.end())?.ok_or_else(over)
    }

    /// Gives a range to `each` in pieces of at most [`CHUNK_BYTES`].
    pub fn chunks(
        &mut self,
        range: Range<u64>,
        mut each: impl FnMut(&[u8]) -> Result<(), ReleaseFault>,
    ) -> Result<(), ReleaseFault> {
        let next = |at: u64| usize::try_from(range.end - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let mut at = range.start;
        let mut buffer = vec![0; next(at)];
        while at < range.end {
            let length = next(at);
            self.read_at(at, &mut buffer[..length])?;
            each(&buffer[..length])?;
            at += length as u64;
        }
        Ok(())
    }

    /// Checksum of a range; `None` when it does not lie within the package.
    pub fn crc(&mut self, range: Range<u64>) -> Result<Option<u32>, ReleaseFault> {
        if range.start > range.end || range.end > self.len {
            return Ok(None);
        }
        let mut crc = crc32fast::Hasher::new();
        self.chunks(range, |chunk| {
            crc.update(chunk);
            Ok(())
        })?;
        Ok(Some(crc.finalize()))
    }

    /// Hashes a member's data as the file list does.
    pub fn measure(&mut self, member: &Member) -> Result<Measured, ReleaseFault> {
        let mut meter = Meter::default();
        self.chunks(member.data()..member.end(), |chunk| {
            meter.update(chunk);
            Ok(())
        })?;
        Ok(meter.finish(&member.name))
    }
}

/// Size, checksum, hash and chunk hashes of a stream of bytes.
#[derive(Default)]
pub(super) struct Meter {
    size: u64,
    crc: crc32fast::Hasher,
    whole: Sha256,
    chunk: Sha256,
    in_chunk: usize,
    chunks: Vec<Hash>,
}

impl Meter {
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.crc.update(bytes);
        self.whole.update(bytes);
        while !bytes.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.in_chunk));
            self.chunk.update(head);
            self.in_chunk += head.len();
            if self.in_chunk == CHUNK_BYTES {
                self.end_chunk();
            }
            bytes = tail;
        }
    }

    fn end_chunk(&mut self) {
        self.chunks.push(Hash(core::mem::take(&mut self.chunk).finalize().into()));
        self.in_chunk = 0;
    }

    pub fn finish(mut self, name: &str) -> Measured {
        if self.in_chunk > 0 {
            self.end_chunk();
        }
        // One chunk is the whole file: its hash would only stand there twice.
        let chunks = if self.chunks.len() > 1 { self.chunks } else { Vec::new() };
        let sha256 = Hash(self.whole.finalize().into());
        Measured {
            line: FileLine { name: name.to_owned(), size: self.size, sha256, chunks },
            crc: self.crc.finalize(),
        }
    }
}
