//! The files of a copy, and reading them within limits.

use std::io::{BufRead, Read};

use serde::de::DeserializeOwned;

use super::LOG;
use super::verify::CopyFault;
use crate::fault::{LogFault, LogFaultKind};
use crate::source::{LogSource, Unreadable};
use crate::tiles::BUNDLE_BYTES_MAX;

/// The files of a copy, wherever they lie.
pub trait CopyFiles {
    /// The names of all files.
    fn names(&self) -> Vec<String>;

    /// A file from its beginning; `None` when it is not there.
    ///
    /// # Errors
    /// [`Unreadable`] when the storage fails.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Unreadable>;
}

pub(super) fn bad(kind: LogFaultKind, path: &str) -> CopyFault {
    LogFault::without_index(kind, path)
}

/// A fault of the log, with the path that its file has in the copy; what could not be read is named by it already.
pub(super) fn inside(mut fault: LogFault) -> LogFault {
    if !fault.path.starts_with(LOG) {
        fault.path = format!("{LOG}{}", fault.path);
    }
    fault
}

/// The log's folder within the copy.
pub(super) struct Log<'a> {
    pub files: &'a dyn CopyFiles,
}

impl LogSource for Log<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        whole(self.files, &format!("{LOG}{path}"), BUNDLE_BYTES_MAX)
    }
}

/// A whole file of limited size.
pub(super) fn whole(files: &dyn CopyFiles, name: &str, limit: usize) -> Result<Option<Vec<u8>>, Unreadable> {
    let Some(file) = files.open(name)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let unreadable = |reason: String| Unreadable { path: name.to_owned(), reason };
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > limit {
        return Err(unreadable(format!("more than {limit} bytes")));
    }
    Ok(Some(bytes))
}

pub(super) fn text(files: &dyn CopyFiles, name: &str, limit: usize) -> Result<String, CopyFault> {
    let bytes = whole(files, name, limit)?.ok_or_else(|| bad(LogFaultKind::Missing, name))?;
    String::from_utf8(bytes).map_err(|_| bad(LogFaultKind::Flipped, name))
}

/// The lines of a file, each of limited length.
pub(super) struct Lines<'a> {
    name: &'static str,
    limit: usize,
    reader: std::io::BufReader<Box<dyn Read + 'a>>,
}

impl<'a> Lines<'a> {
    /// `limit`: longest line, bytes.
    pub fn open(files: &'a dyn CopyFiles, name: &'static str, limit: usize) -> Result<Self, CopyFault> {
        let file = files.open(name)?.ok_or_else(|| bad(LogFaultKind::Missing, name))?;
        Ok(Self { name, limit, reader: std::io::BufReader::new(file) })
    }

    /// The next line without its end; `None` at the end of the file. A last line without an end is cut off.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, CopyFault> {
        let mut line = Vec::new();
        let limited = (&mut self.reader).take(self.limit as u64 + 1).read_until(b'\n', &mut line);
        limited.map_err(|error| Unreadable { path: self.name.to_owned(), reason: error.to_string() })?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(bad(LogFaultKind::Truncated, self.name)),
        }
    }

    /// The next line as what it is of.
    pub fn read<T: DeserializeOwned>(&mut self, what: &str) -> Result<Option<T>, CopyFault> {
        Ok(self.read_sized(what)?.map(|(line, _)| line))
    }

    /// The same, with its bytes.
    pub fn read_sized<T: DeserializeOwned>(&mut self, what: &str) -> Result<Option<(T, usize)>, CopyFault> {
        let Some(line) = self.next()? else { return Ok(None) };
        let foreign = |_| bad(LogFaultKind::Flipped, self.name).because(format!("not a line of {what}"));
        serde_json::from_slice(&line).map(|read| Some((read, line.len()))).map_err(foreign)
    }
}
