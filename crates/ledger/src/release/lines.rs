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
    end: u64,
    /// Offset in the package of what comes after `buffer`.
    read_to: u64,
    buffer: Vec<u8>,
    /// What of `buffer` was handed out already.
    used: usize,
    max: usize,
}

/// One line without its line end, and where it stands in the member (with its line end).
pub(super) struct Line {
    pub bytes: Vec<u8>,
    pub range: Range<u64>,
}

impl Lines {
    /// `max` is the longest line that is read, in bytes.
    pub fn of(member: &Member, max: usize) -> Self {
        let (start, end) = (member.data(), member.end());
        Self { name: member.name.clone(), start, end, read_to: start, buffer: Vec::new(), used: 0, max }
    }

    /// The next line; `None` at the end of the member.
    pub fn next<R: Read + Seek>(&mut self, package: &mut Package<R>) -> Result<Option<Line>, ReleaseFault> {
        let mut searched = self.used;
        loop {
            let from = self.read_to - self.start - (self.buffer.len() - self.used) as u64;
            if let Some(found) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                let line_end = searched + found;
                let bytes = self.buffer[self.used..line_end].to_vec();
                self.used = line_end + 1;
                return Ok(Some(Line { range: from..from + bytes.len() as u64 + 1, bytes }));
            }
            let pending = self.buffer.len() - self.used;
            let more = usize::try_from(self.end - self.read_to).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            let (kind, detail) = match (more, pending) {
                (0, 0) => return Ok(None),
                (0, _) => (ReleaseFaultKind::Malformed, "the last line has no end".to_owned()),
                (_, n) if n > self.max => {
                    (ReleaseFaultKind::Limit, format!("a line is above the limit of {} bytes", self.max))
                }
                _ => {
                    self.refill(package, more)?;
                    searched = pending;
                    continue;
                }
            };
            let range = from..self.read_to - self.start;
            return Err(ReleaseFault::new(kind, detail).file(&self.name).in_member(self.start, range));
        }
    }

    fn refill<R: Read + Seek>(&mut self, package: &mut Package<R>, more: usize) -> Result<(), ReleaseFault> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let pending = self.buffer.len();
        self.buffer.resize(pending + more, 0);
        package.read_at(self.read_to, &mut self.buffer[pending..])?;
        self.read_to += more as u64;
        Ok(())
    }
}
