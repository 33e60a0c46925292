//! The bijection between a verified log and the rows of the database that it stands for.

use core::iter::Peekable;

use crate::fault::{LogFault, LogFaultKind};
use crate::source::{LogSource, read_entries};
use crate::tiles::{TILE_WIDTH, next_entry, tile_width};

/// Where a fault between log and database is said to be.
const ROWS: &str = "rows";

/// Reads the entries of a log one after the other, one bundle in memory.
struct Entries<'a> {
    source: &'a dyn LogSource,
    size: u64,
    bundle: Vec<u8>,
    /// Offset in the bundle of the next entry.
    at: usize,
    index: u64,
}

impl Entries<'_> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, LogFault> {
        if self.index >= self.size {
            return Ok(None);
        }
        let step = u64::from(TILE_WIDTH);
        if self.index.is_multiple_of(step) {
            let number = self.index / step;
            let found = read_entries(self.source, number, tile_width(0, number, self.size))?
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

/// Compares the first `size` entries of a log that was verified ([`crate::verify_log`]) with rows of the database,
/// given in the order of their index. Memory: one bundle.
///
/// Returns the number of rows compared, which is `size`.
///
/// # Errors
/// [`LogFault`] with path `rows` and the first index whose row is missing, extra, changed (kind `flipped`) or out of
/// order; or the fault met while reading the log. `E` is whatever reading the rows gives.
pub fn compare_rows<I, B, E>(source: &dyn LogSource, size: u64, rows: I) -> Result<Result<u64, LogFault>, E>
where
    I: IntoIterator<Item = Result<(u64, B), E>>,
    B: AsRef<[u8]>,
{
    let mut rows = rows.into_iter().peekable();
    let mut entries = Entries { source, size, bundle: Vec::new(), at: 0, index: 0 };
    let mut upcoming = None;
    for index in 0..size {
        let entry = match upcoming.take().map_or_else(|| entries.next(), |e| Ok(Some(e))) {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(fault) => return Ok(Err(fault)),
        };
        let Some(row) = rows.next() else {
            return Ok(Err(LogFault::new(LogFaultKind::Missing, index, ROWS).span(size - index)));
        };
        let (row_index, row) = row?;
        if row_index == index && row.as_ref() == entry {
            continue;
        }
        let following = match entries.next() {
            Ok(following) => following,
            Err(fault) => return Ok(Err(fault)),
        };
        let kind = classify((index, &entry), (row_index, row.as_ref()), following.as_deref(), &mut rows)?;
        return Ok(Err(LogFault::new(kind, index, ROWS)));
    }
    match rows.next() {
        Some(row) => {
            row?;
            Ok(Err(LogFault::new(LogFaultKind::Extra, size, ROWS)))
        }
        None => Ok(Ok(size)),
    }
}

/// Names what happened to the first row that does not fit, looking one entry and one row ahead.
fn classify<R, B, E>(
    (index, entry): (u64, &[u8]),
    (row_index, row): (u64, &[u8]),
    following: Option<&[u8]>,
    rows: &mut Peekable<R>,
) -> Result<LogFaultKind, E>
where
    R: Iterator<Item = Result<(u64, B), E>>,
    B: AsRef<[u8]>,
{
    let next_row_is_it = match rows.next() {
        Some(next) => next?.1.as_ref() == entry,
        None => false,
    };
    let row_is_following = following == Some(row);
    Ok(match (row_is_following, next_row_is_it) {
        (true, true) => LogFaultKind::Reordered,
        (true, false) => LogFaultKind::Missing,
        (false, true) => LogFaultKind::Extra,
        (false, false) if row_index > index => LogFaultKind::Missing,
        (false, false) if row_index < index => LogFaultKind::Extra,
        (false, false) => LogFaultKind::Flipped,
    })
}
