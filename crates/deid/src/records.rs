//! Tables of records (CSV): every column has a rule, and what has none stops the file.
//!
//! A table is cleaned by the rules that a protocol states for its columns. Nothing is guessed: a column
//! without a rule, a value that is not of the form its rule expects, and free text in a column that is kept
//! are refused with their place, and the file stays in quarantine. A value that was dropped or replaced in a
//! row and stands in another column of it is refused as a leak.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
/// Shortest dropped value that is looked for in the other columns, characters.
const MIN_LEAK: usize = 4;

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
}

/// A cleaned table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanedRecords {
    /// The table, UTF-8 with line feeds.
    pub bytes: Vec<u8>,
    /// What was done.
    pub report: RecordsReport,
}

/// Why a table stays in quarantine. Rows count from 1 behind the first line, columns from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Larger than [`MAX_RECORDS_BYTES`].
    #[error("the table has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size, bytes.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// No table: not UTF-8, or rows of different lengths.
    #[error("no table at row {row}")]
    Broken {
        /// Where.
        row: u64,
    },
    /// The rules have nothing for a column.
    #[error("no rule for column {column}")]
    UnknownColumn {
        /// Which.
        column: usize,
    },
    /// Dates move by the patient, but no column is the patient's number, or more than one.
    #[error("moving dates needs exactly one column with the patient's number")]
    NoPatient,
    /// A value is not of the form that its rule expects.
    #[error("row {row}, column {column}: not of the form that its rule expects")]
    BadValue {
        /// Row.
        row: u64,
        /// Column.
        column: usize,
    },
    /// Words in a column that is kept.
    #[error("row {row}, column {column}: free text in a column that is kept")]
    FreeText {
        /// Row.
        row: u64,
        /// Column.
        column: usize,
    },
    /// A value that was dropped or replaced stands in a column that is kept.
    #[error("row {row}, column {column}: repeats a value that was taken out")]
    Leak {
        /// Row.
        row: u64,
        /// Column.
        column: usize,
    },
}

impl RecordsError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "records-too-large",
            Self::Broken { .. } => "records-broken",
            Self::UnknownColumn { .. } => "records-unknown-column",
            Self::NoPatient => "records-no-patient",
            Self::BadValue { .. } => "records-bad-value",
            Self::FreeText { .. } => "records-free-text",
            Self::Leak { .. } => "records-leak",
        }
    }
}

/// Cleans a table by its rules.
///
/// # Errors
/// [`RecordsError`] with row and column; the table then stays where it is.
pub fn clean_records(bytes: &[u8], rules: &Rules, keys: &Keys) -> Result<CleanedRecords, RecordsError> {
    if bytes.len() > MAX_RECORDS_BYTES {
        return Err(RecordsError::TooLarge { bytes: bytes.len() as u64, limit: MAX_RECORDS_BYTES as u64 });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|_| RecordsError::Broken { row: 0 })?.clone();
    let mut columns = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let action = rules.columns.get(name).ok_or(RecordsError::UnknownColumn { column: i + 1 })?;
        columns.push((name.to_owned(), action.clone(), 0u64));
    }
    let patient = patient_column(&columns)?;
    let broken = |row| move |_: csv::Error| RecordsError::Broken { row };
    let mut out = csv::Writer::from_writer(Vec::with_capacity(bytes.len()));
    let kept_names = columns.iter().filter(|c| c.1 != Action::Drop).map(|c| &c.0);
    out.write_record(kept_names).map_err(broken(0))?;
    let mut rows = 0;
    for record in reader.records() {
        rows += 1;
        let record = record.map_err(broken(rows))?;
        let id = patient.and_then(|p| record.get(p)).map(str::trim).unwrap_or_default();
        if patient.is_some() && id.is_empty() {
            return Err(RecordsError::BadValue { row: rows, column: patient.unwrap_or_default() + 1 });
        }
        let row = Row { keys, issuer: &rules.issuer, id, number: rows };
        let cleaned = row.clean(&record, &mut columns)?;
        out.write_record(&cleaned).map_err(broken(rows))?;
    }
    let bytes = out.into_inner().map_err(|_| RecordsError::Broken { row: rows })?;
    let report = RecordsReport {
        rules: rules.version.clone(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        zip3_table: ZIP3_TABLE.to_owned(),
        rows,
        columns,
    };
    Ok(CleanedRecords { bytes, report })
}

fn patient_column(columns: &[(String, Action, u64)]) -> Result<Option<usize>, RecordsError> {
    let is = |wanted: Action| move |c: &(String, Action, u64)| c.1 == wanted;
    let patients = columns.iter().filter(|c| is(Action::Pseudonym)(c)).count();
    if patients > 1 || patients == 0 && columns.iter().any(is(Action::DateShift)) {
        return Err(RecordsError::NoPatient);
    }
    Ok(columns.iter().position(is(Action::Pseudonym)))
}

struct Row<'a> {
    keys: &'a Keys,
    issuer: &'a str,
    id: &'a str,
    number: u64,
}

impl Row<'_> {
    fn clean(
        &self,
        record: &csv::StringRecord,
        columns: &mut [(String, Action, u64)],
    ) -> Result<Vec<String>, RecordsError> {
        let mut out = Vec::with_capacity(record.len());
        let mut gone: Vec<String> = Vec::new();
        let mut stayed: Vec<(usize, String)> = Vec::new();
        for (i, value) in record.iter().enumerate() {
            let (_, action, changed) = &mut columns[i];
            let value = value.trim();
            let new = self.value(action, value, i + 1)?;
            match action {
                Action::Drop | Action::Pseudonym if value.chars().count() >= MIN_LEAK => {
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
        match stayed.iter().find(|(_, text)| repeats(text)) {
            Some((column, _)) => Err(RecordsError::Leak { row: self.number, column: *column }),
            None => Ok(out),
        }
    }

    /// The value of a column; `None` where the column goes.
    fn value(&self, action: &Action, value: &str, column: usize) -> Result<Option<String>, RecordsError> {
        let bad = RecordsError::BadValue { row: self.number, column };
        if value.is_empty() && *action != Action::Drop {
            return Ok(Some(String::new()));
        }
        Ok(Some(match action {
            Action::Drop => return Ok(None),
            Action::Keep if is_number(value) || is_code(value) => value.to_owned(),
            Action::Keep => return Err(RecordsError::FreeText { row: self.number, column }),
            Action::OneOf(values) if values.iter().any(|v| v == value) => value.to_owned(),
            Action::OneOf(_) => return Err(bad),
            Action::Pseudonym => self.keys.pseudonym(self.issuer, value),
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

/// Words that may name somebody.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= MIN_LEAK)
}

fn is_number(value: &str) -> bool {
    value.len() <= MAX_CODE && value.parse::<f64>().is_ok_and(f64::is_finite) && !has_long_digits(value, 8)
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
