//! The bijection between a verified log and the rows of the database that it stands for.

use crate::fault::{LogFault, LogFaultKind, ROWS};
use crate::source::{LogSource, read_entries};
use crate::tiles::{TILE_WIDTH, next_entry, tile_width};

/// Compares the first `size` entries of a log that was verified ([`crate::verify_log`]) with rows of the database,
/// one after the other in the order of their index. Memory: one bundle.
pub struct RowCheck<S> {
    entries: Entries<S>,
    suspect: Option<Suspect>,
}

/// The first row that does not fit; the row after it tells what happened.
struct Suspect {
    index: u64,
    entry: Vec<u8>,
    row_index: u64,
    is_following_entry: bool,
}

impl<S: LogSource> RowCheck<S> {
    /// Starts at index 0.
    pub fn new(source: S, size: u64) -> Self {
        Self { entries: Entries { source, size, bundle: Vec::new(), at: 0, index: 0 }, suspect: None }
    }

    /// Takes the next row. A row that does not fit is reported by the call after it, or by [`RowCheck::finish`].
    ///
    /// # Errors
    /// [`LogFault`] with path `rows` and the first index whose row is missing, extra, changed (kind `flipped`) or out
    /// of order; or the fault met while reading the log.
    pub fn push(&mut self, row_index: u64, row: &[u8]) -> Result<(), LogFault> {
        if let Some(suspect) = self.suspect.take() {
            return Err(suspect.fault(Some(row)));
        }
        let index = self.entries.index;
        let Some(entry) = self.entries.next()? else {
            return Err(LogFault::new(LogFaultKind::Extra, index, ROWS));
        };
        if row_index != index || row != entry {
            let is_following_entry = self.entries.next()?.as_deref() == Some(row);
            self.suspect = Some(Suspect { index, entry, row_index, is_following_entry });
        }
        Ok(())
    }

    /// Says that there are no more rows. Returns how many there were: the size of the log.
    ///
    /// # Errors
    /// As [`RowCheck::push`]; also when the rows end before the log does.
    pub fn finish(self) -> Result<u64, LogFault> {
        let Entries { index, size, .. } = self.entries;
        match self.suspect {
            Some(suspect) => Err(suspect.fault(None)),
            None if index < size => Err(LogFault::new(LogFaultKind::Missing, index, ROWS).span(size - index)),
            None => Ok(size),
        }
    }
}

impl Suspect {
    fn fault(self, next_row: Option<&[u8]>) -> LogFault {
        let is_pushed_down = next_row == Some(self.entry.as_slice());
        let kind = match (self.is_following_entry, is_pushed_down) {
            (true, true) => LogFaultKind::Reordered,
            (true, false) => LogFaultKind::Missing,
            (false, true) => LogFaultKind::Extra,
            (false, false) if self.row_index > self.index => LogFaultKind::Missing,
            (false, false) if self.row_index < self.index => LogFaultKind::Extra,
            (false, false) => LogFaultKind::Flipped,
        };
        LogFault::new(kind, self.index, ROWS)
    }
}

/// [`RowCheck`] over an iterator of rows. The outer error is whatever reading the rows gives.
///
/// # Errors
/// Inside: as [`RowCheck::push`] and [`RowCheck::finish`].
pub fn compare_rows<I, B, E>(source: &dyn LogSource, size: u64, rows: I) -> Result<Result<u64, LogFault>, E>
where
    I: IntoIterator<Item = Result<(u64, B), E>>,
    B: AsRef<[u8]>,
{
    let mut check = RowCheck::new(source, size);
    for row in rows {
        let (index, bytes) = row?;
        if let Err(fault) = check.push(index, bytes.as_ref()) {
            return Ok(Err(fault));
        }
    }
    Ok(check.finish())
}

/// Reads the entries of a log one after the other, one bundle in memory.
struct Entries<S> {
    source: S,
    size: u64,
    bundle: Vec<u8>,
    /// Offset in the bundle of the next entry.
    at: usize,
    index: u64,
}

impl<S: LogSource> Entries<S> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, LogFault> {
        if self.index >= self.size {
            return Ok(None);
        }
        let step = u64::from(TILE_WIDTH);
        if self.index.is_multiple_of(step) {
            let number = self.index / step;
            let found = read_entries(&self.source, number, tile_width(0, number, self.size))?
                .map_err(|path| LogFault::new(LogFaultKind::Missing, self.index, &path))?;
            self.bundle = found.bytes;
            self.at = 0;
        }
        let mut rest = self.bundle.get(self.at..).unwrap_or_default();
        let entry = next_entry(&mut rest)
            .ok_or_else(|| LogFault::new(LogFaultKind::Truncated, self.index, "tile/entries"))?
            .to_vec();
        self.at = self.bundle.len() - rest.len();
        self.index += 1;
        Ok(Some(entry))
    }
}
