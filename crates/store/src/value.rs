//! Values on their way into a statement and out of a row, the same on both engines.

use countersign_model as model;
use model::Instant;
use rusqlite::types::Value as Cell;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{StoreError, sqlite::LiteRow};

/// A value to bind. NULL keeps its type because PostgreSQL wants to know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Truth value.
    Bool(Option<bool>),
    /// 64-bit integer; also times in microseconds.
    Int(Option<i64>),
    /// Double.
    Real(Option<f64>),
    /// Text without U+0000.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// Id.
    Uuid(Option<Uuid>),
}

/// What can be bound to a placeholder.
pub trait Bind {
    /// The value to bind.
    fn value(self) -> Value;
}

/// A type with a column representation. Implemented by plain types, ids, words and [`Json`].
pub trait Column: Sized {
    /// The representation in the database.
    type Raw: Raw;
    /// From the representation.
    ///
    /// # Errors
    /// A description of what the column holds instead.
    fn from_raw(raw: Self::Raw) -> Result<Self, String>;
    /// To the representation.
    fn into_raw(self) -> Self::Raw;
}

/// The kinds of column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Truth value.
    Bool,
    /// 64-bit integer.
    Int,
    /// Double.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// Id.
    Uuid,
}

/// What both databases store as is.
pub trait Raw: Sized {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    fn bind(value: Option<Self>) -> Value;
    #[doc(hidden)]
    fn sqlite(cell: &Cell) -> Option<Self>;
    #[doc(hidden)]
    fn postgres(row: &PgRow, column: &str) -> Result<Option<Self>, sqlx::Error>;
}

macro_rules! raws {
    ($($type:ty => $variant:ident from $($cell:pat => $value:expr),+;)+) => {$(
        impl Raw for $type {
            const KIND: Kind = Kind::$variant;
            fn bind(value: Option<Self>) -> Value {
                Value::$variant(value)
            }
            fn sqlite(cell: &Cell) -> Option<Self> {
                match cell {
                    $($cell => $value,)+
                    _ => None,
                }
            }
            fn postgres(row: &PgRow, column: &str) -> Result<Option<Self>, sqlx::Error> {
                row.try_get(column)
            }
        }
        impl Column for $type {
            type Raw = $type;
            fn from_raw(raw: $type) -> Result<Self, String> {
                Ok(raw)
            }
            fn into_raw(self) -> $type {
                self
            }
        }
    )+};
}
raws! {
    bool => Bool from Cell::Integer(value) => Some(*value != 0);
    i64 => Int from Cell::Integer(value) => Some(*value);
    f64 => Real from Cell::Real(value) => Some(*value);
    String => Text from Cell::Text(value) => Some(value.clone());
    Vec<u8> => Bytes from Cell::Blob(value) => Some(value.clone());
    Uuid => Uuid from Cell::Blob(value) => Self::from_slice(value).ok();
}

macro_rules! ids {
    ($($name:ident),+ $(,)?) => {$(
        impl Column for model::$name {
            type Raw = Uuid;
            fn from_raw(raw: Uuid) -> Result<Self, String> {
                Ok(Self(raw))
            }
            fn into_raw(self) -> Uuid {
                self.0
            }
        }
    )+};
}
ids! {
    AccessAlertId, AlarmId, AnnotationId, AppealId, AppraisalId, AssetId, AuditId, BatchId, CampaignId, CertificationId, ClaimId, ClickModelId, ComparisonId, DoubtId, EventId, ExampleId, FaceModelId, FaceRunId, FindingId, GateEntryId, GoldId, GuidelineId, HoldId, IngestId, ItemId, JobId, LabelSearchId, LeakId, MixId, OntologyChangeId, OrganizationId,
    PrivacyRequestId, ProjectId, QualificationId, ReadId, RecordFileId, ReleaseId, SessionId, SignatureId, SubjectId, TaskId, TicketId, TokenId, UserId, WideHoldId,
}

macro_rules! words {
    ($($name:ty),+ $(,)?) => {$(
        impl Column for $name {
            type Raw = String;
            fn from_raw(raw: String) -> Result<Self, String> {
                raw.parse()
            }
            fn into_raw(self) -> String {
                self.as_str().to_owned()
            }
        }
    )+};
}
words! {
    model::Role, model::Industry, model::ItemKind, model::StreamKind, model::Zone, model::Telltale, model::AssetKind,
    model::StageKind, model::SignatureMeaning,
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl Column for $type {
            type Raw = i64;
            fn from_raw(raw: i64) -> Result<Self, String> {
                Self::try_from(raw).map_err(|_| format!("{raw}, which is out of range"))
            }
            fn into_raw(self) -> i64 {
                // Counts beyond i64 cannot occur: byte and row counts end far below 2^63.
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        }
    )+};
}
integers! { u16, u32, i32, u64, usize }

impl Column for Instant {
    type Raw = i64;
    fn from_raw(raw: i64) -> Result<Self, String> {
        Ok(Self(raw))
    }
    fn into_raw(self) -> i64 {
        self.0
    }
}

/// A value kept as JSON text. Never hash what is read back: hash the bytes that were signed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    type Raw = String;
    fn from_raw(raw: String) -> Result<Self, String> {
        serde_json::from_str(&raw).map(Self).map_err(|error| format!("JSON that does not parse: {error}"))
    }
    fn into_raw(self) -> String {
        // The types kept here have string keys and no failing serialisers.
        serde_json::to_string(&self.0).unwrap_or_else(|_| "null".to_owned())
    }
}

impl<T: Column> Bind for T {
    fn value(self) -> Value {
        T::Raw::bind(Some(self.into_raw()))
    }
}
impl<T: Column> Bind for Option<T> {
    fn value(self) -> Value {
        T::Raw::bind(self.map(Column::into_raw))
    }
}
impl Bind for &str {
    fn value(self) -> Value {
        Value::Text(Some(self.to_owned()))
    }
}
impl Bind for Option<&str> {
    fn value(self) -> Value {
        Value::Text(self.map(ToOwned::to_owned))
    }
}
impl Bind for &String {
    fn value(self) -> Value {
        Value::Text(Some(self.clone()))
    }
}
impl Bind for &[u8] {
    fn value(self) -> Value {
        Value::Bytes(Some(self.to_vec()))
    }
}
impl Bind for Value {
    fn value(self) -> Value {
        self
    }
}

/// One row of a result.
#[derive(Debug)]
pub enum Row {
    #[doc(hidden)]
    Sqlite(LiteRow),
    #[doc(hidden)]
    Postgres(PgRow),
}

/// What [`Row::get`] can return: a [`Column`], or an `Option` of one.
pub trait Get: Sized {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    fn get(row: &Row, column: &str) -> Result<Self, StoreError>;
}

impl<T: Column> Get for Option<T> {
    const KIND: Kind = T::Raw::KIND;
    fn get(row: &Row, column: &str) -> Result<Self, StoreError> {
        let raw = match row {
            Row::Sqlite(row) => match row.cell(column) {
                None => Err(wrong(column, "no such column")),
                Some(Cell::Null) => Ok(None),
                Some(cell) => T::Raw::sqlite(cell).map(Some).ok_or_else(|| wrong(column, cell.data_type())),
            },
            Row::Postgres(row) => T::Raw::postgres(row, column).map_err(|error| wrong(column, error)),
        };
        raw?.map(|raw| {
            T::from_raw(raw).map_err(|message| StoreError::Column { column: column.to_owned(), message })
        })
        .transpose()
    }
}
impl<T: Column> Get for T {
    const KIND: Kind = T::Raw::KIND;
    fn get(row: &Row, column: &str) -> Result<Self, StoreError> {
        <Option<T> as Get>::get(row, column)?
            .ok_or_else(|| StoreError::Column { column: column.to_owned(), message: "NULL".to_owned() })
    }
}

fn wrong(column: &str, found: impl std::fmt::Display) -> StoreError {
    StoreError::Column { column: column.to_owned(), message: format!("another type than expected: {found}") }
}

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Column`] when it is missing, NULL where `T` is not an `Option`, or of another type.
    pub fn get<T: Get>(&self, column: &str) -> Result<T, StoreError> {
        T::get(self, column)
    }
}

/// A record that can be read from a row.
pub trait FromRow: Sized {
    /// Reads the record.
    ///
    /// # Errors
    /// [`StoreError::Column`] naming the column that does not fit.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// A record that is one row of one table.
pub trait Record: FromRow {
    /// Table name.
    const TABLE: &'static str;
    /// Column names, in the order of [`Record::values`].
    const COLUMNS: &'static [&'static str];
    /// Kinds of these columns.
    const KINDS: &'static [Kind];
    /// The values to insert.
    fn values(self) -> Vec<Value>;
}

/// Declares what is read from rows: a struct whose fields are columns.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),+ }

        impl $crate::FromRow for $name {
            fn from_row(row: &$crate::Row) -> Result<Self, $crate::StoreError> {
                Ok(Self { $($field: row.get(stringify!($field))?),+ })
            }
        }
    };
}
pub(crate) use row;

/// Declares a record: a struct whose fields are the columns of a table.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident in $table:literal { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $crate::value::row! { $(#[$meta])* $name { $($(#[$field_meta])* $field: $type),+ } }

        impl $crate::Record for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
            const KINDS: &'static [$crate::Kind] = &[$(<$type as $crate::Get>::KIND),+];
            fn values(self) -> Vec<$crate::Value> {
                vec![$($crate::Bind::value(self.$field)),+]
            }
        }
    };
}
pub(crate) use record;
