//! Reading a member line by line.

use core::ops::Range;
use std::io::{Read, Seek};

use super::CHUNK_BYTES;
use super::fault::{ReleaseFault, ReleaseFaultKind};
use super::layout::Member;
use super::package::Package;

/// A place in a member that consists of lines.
pub(super) struct Lines {
    name: String,
    start: u64,
    /// Offset in the package of what `buffer` begins with.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    max: usize,
}

/// One line without its line end, and where it stands in the member (with its line end).
pub(super) struct Line {
    pub bytes: Vec<u8>,
    pub range: Range<u64>,
}

impl Lines {
    pub fn of(member: &Member, max: usize) -> Self {
        let (start, end) = (member.data(), member.end());
        Self { name: member.name.clone(), start, at: start, end, buffer: Vec::new(), max }
    }

    /// The next line; `None` at the end of the member.
    pub fn next<R: Read + Seek>(&mut self, package: &mut Package<R>) -> Result<Option<Line>, ReleaseFault> {
        let mut searched = 0;
        loop {
            if let Some(found) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                let length = searched + found + 1;
                let rest = self.buffer.split_off(length);
                let mut bytes = core::mem::replace(&mut self.buffer, rest);
                bytes.pop();
                let from = self.at - self.start;
                self.at += length as u64;
                return Ok(Some(Line { bytes, range: from..from + length as u64 }));
            }
            searched = self.buffer.len();
            let read_to = self.at + searched as u64;
            let more = usize::try_from(self.end - read_to).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            if more == 0 && searched == 0 {
                return Ok(None);
            }
            let here = self.at - self.start..read_to - self.start;
            if more == 0 || searched > self.max {
                let (kind, detail) = if more == 0 {
                    (ReleaseFaultKind::Malformed, "the last line has no end".to_owned())
                } else {
                    (ReleaseFaultKind::Limit, format!("a line is above the limit of {} bytes", self.max))
                };
                return Err(ReleaseFault::new(kind, detail).file(&self.name).in_member(self.start, here));
            }
            self.buffer.resize(searched + more, 0);
            package.read_at(read_to, &mut self.buffer[searched..])?;
        }
    }
}
