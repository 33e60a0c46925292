//! Tables of records (CSV): every column has a rule, and what has none stops the file.
//!
//! A table is cleaned by the rules that a protocol states for its columns. Nothing is guessed: a column
//! without a rule, a value that is not of the form its rule expects, and free text in a column that is kept
//! are refused with their place, and the file stays in quarantine. A value that was dropped or replaced in a
//! row and stands in another column of it is refused as a leak.

mod error;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

pub use self::error::RecordsError;
use crate::dates::{Day, is_time};
use crate::{Keys, ZIP3_TABLE, zip3};

/// Largest table, bytes.
pub const MAX_RECORDS_BYTES: usize = 256 * 1024 * 1024;
/// Longest code that is kept, characters.
const MAX_CODE: usize = 32;
/// Longest run of digits within a code that is kept: longer ones number somebody.
const MAX_DIGITS: usize = 5;
/// Oldest age that is told, years.
const OLDEST: u32 = 89;
/// Shortest dropped value that is looked for in the other columns of its row, characters.
const MIN_LEAK: usize = 4;
/// Shortest dropped value that is looked for in the whole table, characters: shorter ones recur by chance.
const MIN_LEAK_ELSEWHERE: usize = 6;

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Kept: a number, or a code without blanks.
    Keep,
    /// Kept: one of these values.
    OneOf(Vec<String>),
    /// Dropped with its column.
    Drop,
    /// The patient's number: replaced by the pseudonym that the patient's images have.
    Pseudonym,
    /// Study Instance UID: replaced by the one that the study's images have.
    Study,
    /// Accession number: rows are joined to studies by it, then it is dropped with its column.
    Accession,
    /// A date (`YYYYMMDD` or `YYYY-MM-DD`, a time may follow): moved back by the patient's weeks.
    DateShift,
    /// A date: its year stays.
    Year,
    /// An age in whole years: those over 89 are told as 90.
    AgeCap,
    /// A postal code of the United States: its first three digits, by the table of small areas.
    Zip3,
}

/// The rules of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Their version, stated in the report.
    pub version: String,
    /// Who issued the patients' numbers; as in Issuer of Patient ID, so that pseudonyms meet.
    #[serde(default)]
    pub issuer: String,
    /// Action by the column's name as the first line has it.
    pub columns: BTreeMap<String, Action>,
}

/// What was done. Holds names of columns that the rules name, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsReport {
    /// Version of the rules.
    pub rules: String,
    /// Version of the code.
    pub code_version: String,
    /// Version of the table of small areas.
    pub zip3_table: String,
    /// Rows, without the first line.
    pub rows: u64,
    /// Columns in their order: name, action, number of values that are not as they were.
    pub columns: Vec<(String, Action, u64)>,
    /// Different values of the source that were looked for in what stays.
    pub searched: u64,
}

/// What a table may measure. Nothing is allocated for what a table merely says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordsLimits {
    /// Bytes of the table.
    pub bytes: usize,
    /// Rows, without the first line.
    pub rows: u64,
    /// Columns.
    pub columns: usize,
    /// Bytes of one field.
    pub field_bytes: usize,
}

impl Default for RecordsLimits {
    fn default() -> Self {
        Self { bytes: MAX_RECORDS_BYTES, rows: 10_000_000, columns: 4_096, field_bytes: 1024 * 1024 }
    }
}

/// One row of a table as its rules leave it, with what the source calls its patient and study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanedRow<'a> {
    /// Number of the row, from 1 behind the first line.
    pub number: u64,
    /// The patient's number at the source; identifying. Absent where no column is one.
    pub patient: Option<&'a str>,
    /// Study Instance UID at the source; identifying.
    pub study: Option<&'a str>,
    /// Accession number at the source; identifying.
    pub accession: Option<&'a str>,
    /// Name and value of each column that stays, in their order, without patient and study.
    pub values: &'a [(&'a str, String)],
}

/// A cleaned table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanedRecords {
    /// The table, UTF-8 with line feeds.
    pub bytes: Vec<u8>,
    /// What was done.
    pub report: RecordsReport,
}

/// Cleans a table (fields between commas) by its rules.
///
/// # Errors
/// [`RecordsError`] with row and column; the table then stays where it is.
pub fn clean_records(bytes: &[u8], rules: &Rules, keys: &Keys) -> Result<CleanedRecords, RecordsError> {
    clean_rows(bytes, (b',', RecordsLimits::default()), rules, keys, &mut |_| {})
}

/// Cleans a table within limits and hands out its rows one by one. What was handed out counts only once the whole table has
/// passed: a later row may stop it.
///
/// `format` is what stands between two fields (a comma, a tab) and the limits.
///
/// # Errors
/// As [`clean_records`].
pub fn clean_rows(
    bytes: &[u8],
    (delimiter, limits): (u8, RecordsLimits),
    rules: &Rules,
    keys: &Keys,
    each: &mut dyn FnMut(CleanedRow<'_>),
) -> Result<CleanedRecords, RecordsError> {
    if bytes.len() > limits.bytes {
        return Err(RecordsError::TooLarge { bytes: bytes.len() as u64, limit: limits.bytes as u64 });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let header = reader.headers().map_err(|_| RecordsError::Broken { row: 0 })?.clone();
    let mut table = Table::of(&header, rules, limits)?;
    let broken = |row| move |_: csv::Error| RecordsError::Broken { row };
    let mut out = csv::Writer::from_writer(Vec::with_capacity(bytes.len()));
    out.write_record(table.kept().map(|i| &table.columns[i].0)).map_err(broken(0))?;
    let mut rows = 0;
    for record in reader.records() {
        rows += 1;
        if rows > limits.rows {
            return Err(RecordsError::TooManyRows { limit: limits.rows });
        }
        let record = record.map_err(broken(rows))?;
        within(&record, rows, limits)?;
        let key = |column: Option<usize>| column.and_then(|c| record.get(c)).map(str::trim);
        let id = key(table.patient).unwrap_or_default();
        if let Some(column) = table.patient.filter(|_| id.is_empty()) {
            return Err(RecordsError::BadValue { row: rows, column: column + 1 });
        }
        let row = Row { keys, issuer: &rules.issuer, id, number: rows };
        let cleaned = row.clean(&record, &mut table)?;
        out.write_record(&cleaned).map_err(broken(rows))?;
        let named = |wanted: Option<usize>| key(wanted).filter(|value| !value.is_empty());
        let told = table.kept().zip(cleaned).filter(|(i, _)| !table.joins(*i));
        let values: Vec<_> = told.map(|(i, value)| (table.columns[i].0.as_str(), value)).collect();
        each(CleanedRow {
            number: rows,
            patient: named(table.patient),
            study: named(table.study),
            accession: named(table.accession),
            values: &values,
        });
    }
    let bytes = out.into_inner().map_err(|_| RecordsError::Broken { row: rows })?;
    table.search(&bytes)?;
    let report = RecordsReport {
        rules: rules.version.clone(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        zip3_table: ZIP3_TABLE.to_owned(),
        rows,
        searched: table.gone.len() as u64,
        columns: table.columns,
    };
    Ok(CleanedRecords { bytes, report })
}

fn within(record: &csv::StringRecord, row: u64, limits: RecordsLimits) -> Result<(), RecordsError> {
    let limit = limits.field_bytes;
    match record.iter().position(|field| field.len() > limit) {
        Some(at) => Err(RecordsError::TooLong { row, column: at + 1, limit }),
        None => Ok(()),
    }
}

/// The columns of a table, which of them name patient and study, and what was taken out of all of its rows.
struct Table {
    columns: Vec<(String, Action, u64)>,
    patient: Option<usize>,
    study: Option<usize>,
    accession: Option<usize>,
    gone: HashSet<String>,
}

impl Table {
    fn of(header: &csv::StringRecord, rules: &Rules, limits: RecordsLimits) -> Result<Self, RecordsError> {
        if header.len() > limits.columns {
            return Err(RecordsError::TooManyColumns { limit: limits.columns });
        }
        within(header, 0, limits)?;
        let (mut columns, mut seen) = (Vec::new(), HashSet::new());
        for (i, name) in header.iter().enumerate() {
            let action = rules.columns.get(name).ok_or(RecordsError::UnknownColumn { column: i + 1 })?;
            if !seen.insert(name) {
                return Err(RecordsError::RepeatedColumn { column: i + 1 });
            }
            columns.push((name.to_owned(), action.clone(), 0u64));
        }
        let one = |wanted: Action| {
            let mut all = columns.iter().enumerate().filter(|(_, column)| column.1 == wanted).map(|(i, _)| i);
            let first = all.next();
            all.next().map_or(Ok(first), |second| Err(RecordsError::TwoKeys { column: second + 1 }))
        };
        let patient = one(Action::Pseudonym).map_err(|_| RecordsError::NoPatient)?;
        let (study, accession) = (one(Action::Study)?, one(Action::Accession)?);
        if patient.is_none() && columns.iter().any(|column| column.1 == Action::DateShift) {
            return Err(RecordsError::NoPatient);
        }
        Ok(Self { columns, patient, study, accession, gone: HashSet::new() })
    }

    /// Columns that stay.
    fn kept(&self) -> impl Iterator<Item = usize> + '_ {
        let gone = |action: &Action| matches!(action, Action::Drop | Action::Accession);
        self.columns.iter().enumerate().filter(move |(_, column)| !gone(&column.1)).map(|(i, _)| i)
    }

    /// Whether rows are joined by a column.
    fn joins(&self, column: usize) -> bool {
        Some(column) == self.patient || Some(column) == self.study
    }

    /// Looks in the output for what was taken out of any of its rows.
    fn search(&self, output: &[u8]) -> Result<(), RecordsError> {
        let kept: Vec<usize> = self.kept().collect();
        for (row, record) in (1..).zip(csv::Reader::from_reader(output).records()) {
            let record = record.map_err(|_| RecordsError::Broken { row })?;
            for (value, column) in record.iter().zip(&kept) {
                let value = value.to_lowercase();
                let known = |text: &str| self.gone.contains(text);
                if self.columns[*column].1 == Action::Keep && (known(&value) || words(&value).any(known)) {
                    return Err(RecordsError::Leak { row, column: column + 1 });
                }
            }
        }
        Ok(())
    }
}

struct Row<'a> {
    keys: &'a Keys,
    issuer: &'a str,
    id: &'a str,
    number: u64,
}

impl Row<'_> {
    fn clean(&self, record: &csv::StringRecord, table: &mut Table) -> Result<Vec<String>, RecordsError> {
        let mut out = Vec::with_capacity(record.len());
        let mut gone: Vec<String> = Vec::new();
        let mut stayed: Vec<(usize, String)> = Vec::new();
        for (i, value) in record.iter().enumerate() {
            let (_, action, changed) = &mut table.columns[i];
            let value = value.trim();
            let new = self.value(action, value, i + 1)?;
            match action {
                Action::Drop | Action::Pseudonym | Action::Study | Action::Accession
                    if value.chars().count() >= MIN_LEAK =>
                {
                    gone.push(value.to_lowercase());
                }
                Action::Keep => stayed.push((i + 1, value.to_lowercase())),
                _ => {}
            }
            *changed += u64::from(new.as_deref() != Some(value));
            out.extend(new);
        }
        let repeats =
            |text: &String| gone.iter().any(|g| text == g || words(g).any(|w| words(text).any(|t| t == w)));
        if let Some((column, _)) = stayed.iter().find(|(_, text)| repeats(text)) {
            return Err(RecordsError::Leak { row: self.number, column: *column });
        }
        table.gone.extend(gone.into_iter().filter(|value| value.chars().count() >= MIN_LEAK_ELSEWHERE));
        Ok(out)
    }

    /// The value of a column; `None` where the column goes.
    fn value(&self, action: &Action, value: &str, column: usize) -> Result<Option<String>, RecordsError> {
        let bad = RecordsError::BadValue { row: self.number, column };
        if matches!(action, Action::Drop | Action::Accession) {
            return Ok(None);
        }
        if value.is_empty() {
            return Ok(Some(String::new()));
        }
        Ok(Some(match action {
            Action::Drop | Action::Accession => return Ok(None),
            Action::Keep if is_number(value) || is_code(value) => value.to_owned(),
            Action::Keep => return Err(RecordsError::FreeText { row: self.number, column }),
            Action::OneOf(values) if values.iter().any(|v| v == value) => value.to_owned(),
            Action::OneOf(_) => return Err(bad),
            Action::Pseudonym => self.keys.pseudonym(self.issuer, value),
            Action::Study if is_uid(value) => self.keys.uid(value),
            Action::Study => return Err(bad),
            Action::DateShift => {
                shifted(value, self.keys.date_shift_weeks(self.issuer, self.id)).ok_or(bad)?
            }
            Action::Year => split_date(value).ok_or(bad)?.0[..4].to_owned(),
            Action::AgeCap => {
                let age: u32 = value.parse().map_err(|_| bad)?;
                if age > OLDEST { (OLDEST + 1).to_string() } else { age.to_string() }
            }
            Action::Zip3 => zip3(value).ok_or(bad)?,
        }))
    }
}

/// A UID by its form (PS3.5 section 9.1): digits and points, at most 64 characters.
fn is_uid(value: &str) -> bool {
    value.len() <= 64
        && value.contains('.')
        && value.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Words that may name somebody.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= MIN_LEAK)
}

fn is_number(value: &str) -> bool {
    value.len() <= MAX_CODE
        && value.parse::<f64>().is_ok_and(f64::is_finite)
        && split_date(value).is_none()
        && !has_long_digits(value, 8)
}

/// A code of a vocabulary: one word, no address, no date, no long number.
fn is_code(value: &str) -> bool {
    value.chars().count() <= MAX_CODE
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.+/%<>=:".contains(&b))
        && split_date(value).is_none()
        && !has_long_digits(value, MAX_DIGITS)
}

fn has_long_digits(value: &str, most: usize) -> bool {
    value.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > most)
}

/// A date as eight digits, whether it was written with dashes, and what follows it.
fn split_date(value: &str) -> Option<(String, bool, &str)> {
    let dashed = value.as_bytes().get(4) == Some(&b'-');
    let (date, rest) = value.split_at_checked(if dashed { 10 } else { 8 })?;
    let digits = if dashed {
        (date.as_bytes()[7] == b'-').then(|| date.split('-').collect::<String>())?
    } else {
        date.to_owned()
    };
    Day::parse(&digits)?;
    let time = rest.strip_prefix(['T', ' ']).unwrap_or(rest).trim_end_matches('Z');
    let time: String = time.chars().filter(|c| *c != ':').collect();
    (rest.is_empty() || is_time(&time)).then_some((digits, dashed, rest))
}

fn shifted(value: &str, weeks: i32) -> Option<String> {
    let (digits, dashed, rest) = split_date(value)?;
    let moved = crate::dates::shift_date(&digits, weeks)?;
    Some(if dashed {
        format!("{}-{}-{}{rest}", &moved[..4], &moved[4..6], &moved[6..])
    } else {
        moved + rest
    })
}
