//! Tables of reads as people keep them: CSV with a line of titles.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read as _},
    path::Path,
};

use countersign_quality::{CLASSES_MAX, READS_MAX, Read, Reads, ReadsError, agreement::Measured};
use csv::{ByteRecord, Reader};

use super::no_table;
use crate::fault::{Fault, Outcome};

/// Largest table, bytes.
const TABLE_BYTES_MAX: u64 = 8 << 30;
/// Longest cell, bytes.
const CELL_BYTES_MAX: usize = 1024;

/// Titles that name an item.
pub const ITEM: &[&str] = &["item", "question", "task", "unit"];
/// Titles that name a reader.
pub const READER: &[&str] = &["reader", "worker", "annotator", "rater"];
/// Titles that name an answer.
pub const ANSWER: &[&str] = &["answer", "label"];
/// Titles that name what an item is.
pub const TRUTH: &[&str] = &["truth", "answer", "label"];

/// Names in the order of first appearance.
#[derive(Default)]
pub struct Names {
    places: HashMap<Vec<u8>, u32>,
    pub list: Vec<String>,
}

impl Names {
    /// Index of a name, given out at its first appearance.
    fn index(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        let place = u32::try_from(self.list.len()).ok()?;
        self.list.push(std::str::from_utf8(name).ok()?.to_owned());
        self.places.insert(name.to_owned(), place);
        Some(place)
    }

    /// Index of a name that was given out.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.places.get(name.as_bytes()).copied()
    }
}

/// A table of reads with the names behind its indices. Classes are in the order of their names, as numbers where all
/// are numbers.
pub struct Table {
    pub reads: Reads,
    pub items: Names,
    pub readers: Names,
    pub classes: Vec<String>,
}

/// A table of measured values, of which more differ than there may be classes.
pub struct Values {
    pub measured: Measured,
    pub readers: u64,
    pub reads: u64,
    /// Whether one of them is below 0.
    pub negative: bool,
}

/// A table of answers that are numbers.
pub enum Answers {
    /// So few of them differ that each is a class.
    Classes(Table),
    Values(Values),
}

/// Rows of a file, with the place of each for faults.
pub struct Rows<'a> {
    path: &'a Path,
    reader: Reader<BufReader<File>>,
    titles: Vec<String>,
    row: ByteRecord,
    /// Where in the file the row that was read last begins, bytes; blank lines before it count as its own.
    pub offset: u64,
}

impl<'a> Rows<'a> {
    /// Opens a file and reads its titles.
    pub fn open(path: &'a Path) -> Outcome<Self> {
        let file = File::open(path).map_err(|error| Fault::file(path, &error))?;
        let bytes = file.metadata().map_err(|error| Fault::file(path, &error))?.len();
        if bytes > TABLE_BYTES_MAX {
            return Err(Fault::new("too_large", "A table has at most 8 GiB.").at(path.display()));
        }
        let mut reader = Reader::from_reader(BufReader::new(file));
        let titles = reader.byte_headers().map_err(|error| broken(path, &error))?;
        let clean = |title: &[u8]| {
            let title = String::from_utf8_lossy(title);
            title.trim_start_matches('\u{feff}').trim().to_owned()
        };
        let titles = titles.iter().map(clean).collect();
        Ok(Self { path, reader, titles, row: ByteRecord::new(), offset: 0 })
    }

    /// Titles of the columns.
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// The column whose title is one of these, the earlier name first.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.titles.iter().position(|title| title.eq_ignore_ascii_case(name)))
    }

    /// The same, or a fault that names the title.
    pub fn need(&self, names: &[&str]) -> Outcome<usize> {
        self.column(names).ok_or_else(|| {
            let message = format!("There is no column `{}` (or {}).", names[0], names[1..].join(", "));
            Fault::new("missing_column", message).at(format!("{}:1", self.path.display()))
        })
    }

    /// Reads the next row. `false` at the end.
    pub fn next(&mut self) -> Outcome<bool> {
        let more = self.reader.read_byte_record(&mut self.row).map_err(|error| broken(self.path, &error))?;
        if let (true, Some(position)) = (more, self.row.position()) {
            self.offset = position.byte();
        }
        Ok(more)
    }

    /// A cell of the row: not empty, not too long.
    pub fn cell(&self, column: usize) -> Outcome<&[u8]> {
        let empty = || self.fault("empty_cell", &format!("`{}` is empty.", self.titles[column]));
        self.optional(column)?.ok_or_else(empty)
    }

    /// A cell that may be empty.
    pub fn optional(&self, column: usize) -> Outcome<Option<&[u8]>> {
        let cell = self.row.get(column).unwrap_or_default().trim_ascii();
        if cell.len() > CELL_BYTES_MAX {
            return Err(self.fault("too_large", "A cell has at most 1024 bytes."));
        }
        Ok((!cell.is_empty()).then_some(cell))
    }

    /// A fault at the row.
    pub fn fault(&self, code: &str, message: &str) -> Fault {
        fault_at(self.path, self.offset, code, message)
    }
}

/// A fault at the row that begins at an offset.
pub fn fault_at(path: &Path, offset: u64, code: &str, message: &str) -> Fault {
    let fault = Fault::new(code, message);
    match line_at(path, offset) {
        Ok(line) => fault.at(format!("{}:{line}", path.display())),
        Err(_) => fault.at(path.display()),
    }
}

/// The line on which the row behind an offset begins. Counted only when something is wrong: whoever parses counts neither blank
/// lines nor both kinds of line ends the way editors do.
fn line_at(path: &Path, offset: u64) -> io::Result<u64> {
    let mut bytes = BufReader::new(File::open(path)?).bytes();
    let mut line = 1;
    for byte in bytes.by_ref().take(usize::try_from(offset).unwrap_or(usize::MAX)) {
        line += u64::from(byte? == b'\n');
    }
    for byte in bytes {
        match byte? {
            b'\n' => line += 1,
            b'\r' => {}
            _ => break,
        }
    }
    Ok(line)
}

fn broken(path: &Path, error: &csv::Error) -> Fault {
    match (error.kind(), error.position()) {
        (csv::ErrorKind::Io(error), _) => Fault::file(path, error),
        (csv::ErrorKind::UnequalLengths { expected_len, len, .. }, Some(position)) => {
            let message = format!("The row has {len} cells instead of {expected_len}.");
            fault_at(path, position.byte(), "bad_csv", &message)
        }
        (_, position) => {
            fault_at(path, position.map_or(0, csv::Position::byte), "bad_csv", "This is no CSV.")
        }
    }
}

/// Reads a table of reads.
pub fn read(path: &Path) -> Outcome<Table> {
    Gathered::read(path, false)?.classes(path)
}

/// Reads a table of measured values.
pub fn read_values(path: &Path) -> Outcome<Answers> {
    let gathered = Gathered::read(path, true)?;
    if gathered.many {
        gathered.values(path).map(Answers::Values)
    } else {
        gathered.classes(path).map(Answers::Classes)
    }
}

/// A table as it came.
#[derive(Default)]
struct Gathered {
    items: Names,
    readers: Names,
    /// Answers in the order of first appearance, at most [`CLASSES_MAX`].
    answers: Names,
    /// Classes are indices of answers, or 0 where too many differ.
    list: Vec<Read>,
    /// Where the rows begin.
    offsets: Vec<u64>,
    /// The answers as numbers, where they are measured values.
    values: Vec<f64>,
    /// Whether more answers differ than can be classes.
    many: bool,
}

impl Gathered {
    fn read(path: &Path, measured: bool) -> Outcome<Self> {
        let mut rows = Rows::open(path)?;
        let columns = [rows.need(ITEM)?, rows.need(READER)?, rows.need(ANSWER)?];
        let mut all = Self::default();
        while rows.next()? {
            if all.list.len() == READS_MAX {
                return Err(rows.fault("too_large", &format!("A table has at most {READS_MAX} reads.")));
            }
            let index = |names: &mut Names, column: usize| -> Outcome<u32> {
                let no_words =
                    || rows.fault("bad_csv", &format!("`{}` is not UTF-8.", rows.titles()[column]));
                names.index(rows.cell(column)?).ok_or_else(no_words)
            };
            let (item, reader) = (index(&mut all.items, columns[0])?, index(&mut all.readers, columns[1])?);
            if measured {
                let value = number(rows.cell(columns[2])?);
                let none = || rows.fault("not_numbers", "This scale needs answers that are numbers.");
                all.values.push(value.ok_or_else(none)?);
            }
            let answer = if all.many { 0 } else { index(&mut all.answers, columns[2])? };
            if answer as usize >= CLASSES_MAX {
                if !measured {
                    let message =
                        format!("This is answer {}; at most {CLASSES_MAX} can be told apart.", answer + 1);
                    return Err(rows.fault("too_large", &message));
                }
                all.many = true;
            }
            let class = if all.many { 0 } else { u16::try_from(answer).unwrap_or(u16::MAX) };
            all.list.push(Read { item, reader, class });
            all.offsets.push(rows.offset);
        }
        Ok(all)
    }

    fn classes(mut self, path: &Path) -> Outcome<Table> {
        let (classes, ranks) = ordered(&self.answers.list);
        for read in &mut self.list {
            read.class = ranks[usize::from(read.class)];
        }
        let reads = self.rows(path, classes.len())?;
        Ok(Table { reads, items: self.items, readers: self.readers, classes })
    }

    fn values(mut self, path: &Path) -> Outcome<Values> {
        self.list.iter_mut().for_each(|read| read.class = 0);
        // Refuses who answered twice.
        self.rows(path, 1)?;
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_unstable_by_key(|place| (self.list[*place].item, self.list[*place].reader));
        let (mut measured, mut own) = (Measured::default(), Vec::new());
        for item in order.chunk_by(|a, b| self.list[*a].item == self.list[*b].item) {
            own.clear();
            own.extend(item.iter().map(|place| self.values[*place]));
            measured.item(&own);
        }
        let negative = self.values.iter().any(|value| *value < 0.0);
        Ok(Values {
            measured,
            readers: self.readers.list.len() as u64,
            reads: self.values.len() as u64,
            negative,
        })
    }

    /// Rows of items, or a fault at the second answer of a reader about an item.
    fn rows(&self, path: &Path, classes: usize) -> Outcome<Reads> {
        let reads = Reads::new(self.items.list.len(), self.readers.list.len(), classes, &self.list);
        reads.map_err(|error| match error {
            ReadsError::Twice { item, reader } => {
                let at = self.list.iter().zip(&self.offsets);
                let mut same = at.filter(|(read, _)| (read.item, read.reader) == (item, reader));
                let offset = same.nth(1).map_or(0, |(_, offset)| *offset);
                fault_at(path, offset, "answered_twice", "This reader answered this item before.")
            }
            other => no_table(&other).at(path.display()),
        })
    }
}

/// A cell as a number, if it is one.
fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Names in their order, and for each name as it came its place there.
fn ordered(names: &[String]) -> (Vec<String>, Vec<u16>) {
    let mut order: Vec<usize> = (0..names.len()).collect();
    match numbers(names) {
        Some(values) => {
            order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(names[*a].cmp(&names[*b])))
        }
        None => order.sort_by(|a, b| names[*a].cmp(&names[*b])),
    }
    let mut ranks = vec![0; names.len()];
    for (rank, place) in (0..).zip(&order) {
        ranks[*place] = rank;
    }
    (order.iter().map(|place| names[*place].clone()).collect(), ranks)
}

/// The names as numbers, if all are.
pub fn numbers(names: &[String]) -> Option<Vec<f64>> {
    names.iter().map(|name| number(name.as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn fault(text: &[u8]) -> (String, String) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let fault = read(file.path()).err().unwrap();
        (fault.code, fault.place.unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned())
    }

    #[test]
    fn faults_name_the_line() {
        for (text, code, line) in [
            (&b"item,reader\na,b\n"[..], "missing_column", "1"),
            (b"item,reader,answer\na,b,1\na,c\n", "bad_csv", "3"),
            (b"item,reader,answer\na,b,1\n\na,,1\n", "empty_cell", "4"),
            (b"item,reader,answer\na,b,1\na,c,1\na,b,2\n", "answered_twice", "4"),
            (b"item,reader,answer\na,b,\xff\xfe\n", "bad_csv", "2"),
            (b"item,reader,answer\r\na,b,1\r\na,c,\r\n", "empty_cell", "3"),
            (b"item,reader,answer\na,b,\"1\n2\"\n\n\na,c", "bad_csv", "6"),
        ] {
            assert_eq!(fault(text), (code.to_owned(), line.to_owned()), "{text:?}");
        }
        assert_eq!(fault(b"item,reader,answer\n").0, "empty");
        assert_eq!(fault(b"").0, "missing_column");
        let long = [&b"item,reader,answer\na,b,"[..], &vec![b'x'; 2000], b"\n"].concat();
        assert_eq!(fault(&long), ("too_large".to_owned(), "2".to_owned()));
    }

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let names: Vec<String> = ["10", "9", "-1"].iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(ordered(&names), (vec!["-1".to_owned(), "9".to_owned(), "10".to_owned()], vec![2, 1, 0]));
    }
}
