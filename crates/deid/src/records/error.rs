//! Why a table of records stays in quarantine, with the place and without any value.

#[cfg(doc)]
use super::RecordsLimits;

/// Why a table stays in quarantine. Rows count from 1 behind the first line, columns from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Larger than [`RecordsLimits::bytes`].
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
    /// More rows than [`RecordsLimits::rows`].
    #[error("more than {limit} rows")]
    TooManyRows {
        /// The limit.
        limit: u64,
    },
    /// More columns than [`RecordsLimits::columns`].
    #[error("more than {limit} columns")]
    TooManyColumns {
        /// The limit.
        limit: usize,
    },
    /// A field is longer than [`RecordsLimits::field_bytes`].
    #[error("row {row}, column {column}: longer than {limit} bytes")]
    TooLong {
        /// Row; 0 for the first line.
        row: u64,
        /// Column.
        column: usize,
        /// The limit, bytes.
        limit: usize,
    },
    /// Two columns have the same name, so that a rule would not say which it means.
    #[error("column {column} has the name of one before it")]
    RepeatedColumn {
        /// Which.
        column: usize,
    },
    /// Two columns that rows are joined by mean the same.
    #[error("column {column}: rows are joined by another column of this kind already")]
    TwoKeys {
        /// Which.
        column: usize,
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
            Self::TooManyRows { .. } => "records-too-many-rows",
            Self::TooManyColumns { .. } => "records-too-many-columns",
            Self::TooLong { .. } => "records-too-long",
            Self::RepeatedColumn { .. } => "records-repeated-column",
            Self::TwoKeys { .. } => "records-two-keys",
            Self::UnknownColumn { .. } => "records-unknown-column",
            Self::NoPatient => "records-no-patient",
            Self::BadValue { .. } => "records-bad-value",
            Self::FreeText { .. } => "records-free-text",
            Self::Leak { .. } => "records-leak",
        }
    }

    /// Row, 0 for the first line, and column, as far as the fault has them.
    #[must_use]
    pub const fn place(&self) -> (Option<u64>, Option<usize>) {
        match self {
            Self::TooLarge { .. }
            | Self::TooManyRows { .. }
            | Self::TooManyColumns { .. }
            | Self::NoPatient => (None, None),
            Self::Broken { row } => (Some(*row), None),
            Self::RepeatedColumn { column } | Self::TwoKeys { column } | Self::UnknownColumn { column } => {
                (None, Some(*column))
            }
            Self::TooLong { row, column, .. }
            | Self::BadValue { row, column }
            | Self::FreeText { row, column }
            | Self::Leak { row, column } => (Some(*row), Some(*column)),
        }
    }
}
