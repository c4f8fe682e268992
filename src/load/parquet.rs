//! Parquet, as BigQuery, Spark, pandas and DuckDB export it.

use std::fmt::Write as _;
use std::fs::File;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::{Type, TypePtr};

use super::Columns;
use super::part::{lacks, no_column};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlType, SqlValue};

/// The rows of a Parquet file, read lazily: each with one value per column.
///
/// # Errors
/// The iterator's last item: the file has no rows or cannot be read; a value does not have its column's type.
pub struct ParquetRows<'a> {
    name: String,
    columns: Columns<'a>,
    /// For each column of the file, its position among the known ones; `None` for one that is left out.
    places: Vec<Option<usize>>,
    /// For each column of the file, how its values are read.
    kinds: Vec<Reading>,
    rows: RowIter<'static>,
    /// The number of the last row.
    number: u64,
    ended: bool,
}

fn open(name: &str, file: File) -> Result<SerializedFileReader<File>> {
    let reader = SerializedFileReader::new(file).map_err(|error| {
        let message = format!("`{name}` is not a Parquet file that can be read: {error}");
        Error::new(Kind::DataFile, message).help("check how the file was made; nothing was loaded")
    })?;
    fields(&reader).iter().try_for_each(|field| readable(name, field))?;
    Ok(reader)
}

fn fields(reader: &SerializedFileReader<File>) -> Vec<TypePtr> {
    reader.metadata().file_metadata().schema().get_fields().to_vec()
}

/// The columns of a file, with the types that are nearest to theirs. Nested columns are JSON.
///
/// # Errors
/// The file cannot be read, or a column's name is none of BigQuery's.
pub fn columns_of(name: &str, file: File) -> Result<Vec<(Ident, SqlType)>> {
    let reader = open(name, file)?;
    let column = |field: &TypePtr| {
        let ident = Ident::parse(field.name()).map_err(|error| {
            Error::new(Kind::DataFile, format!("`{name}`: {}", error.headline()))
                .help("rename the column where the file is made")
        })?;
        Ok((ident, sql_type(field)))
    };
    fields(&reader).iter().map(column).collect()
}

fn sql_type(field: &Type) -> SqlType {
    let info = field.get_basic_info();
    if field.is_group() || info.has_repetition() && info.repetition() == Repetition::REPEATED {
        return SqlType::Json;
    }
    match (info.logical_type_ref(), info.converted_type(), field.get_physical_type()) {
        (Some(LogicalType::Date), ..) | (_, ConvertedType::DATE, _) => SqlType::Date,
        (Some(LogicalType::Timestamp(of)), ..) => match of.is_adjusted_to_u_t_c {
            true => SqlType::Timestamp,
            false => SqlType::Datetime,
        },
        (_, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS, _)
        | (.., Physical::INT96) => SqlType::Timestamp,
        (Some(LogicalType::Time(_)), ..)
        | (_, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS, _) => SqlType::Time,
        (Some(LogicalType::Decimal(_)), ..) | (_, ConvertedType::DECIMAL, _) => decimal(field),
        (_, ConvertedType::UINT_64, _) => SqlType::Numeric,
        (_, _, Physical::BOOLEAN) => SqlType::Bool,
        (_, _, Physical::INT32 | Physical::INT64) => SqlType::Int64,
        (_, _, Physical::FLOAT | Physical::DOUBLE) => SqlType::Float64,
        (_, _, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY) => SqlType::String,
    }
}

/// NUMERIC has 29 digits before the point and 9 after it.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types>
fn decimal(field: &Type) -> SqlType {
    let Type::PrimitiveType { scale, precision, .. } = field else { return SqlType::Numeric };
    match *scale > 9 || precision - scale > 29 {
        true => SqlType::BigNumeric,
        false => SqlType::Numeric,
    }
}

/// How a value is read that the library returns as a mere number or as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Plain,
    /// An instant in nanoseconds.
    InstantNanos,
    /// A time of day in nanoseconds.
    TimeNanos,
    Uuid,
}

impl Reading {
    fn of(field: &Type) -> Self {
        match field.get_basic_info().logical_type_ref() {
            Some(LogicalType::Timestamp(of)) if of.unit == TimeUnit::NANOS => Self::InstantNanos,
            Some(LogicalType::Time(of)) if of.unit == TimeUnit::NANOS => Self::TimeNanos,
            Some(LogicalType::Uuid) => Self::Uuid,
            _ => Self::Plain,
        }
    }

    /// The value as the library would return it, had it known the kind.
    fn told(self, field: &Field) -> Option<Field> {
        match (self, field) {
            (Self::InstantNanos, Field::Long(nanos)) => {
                Some(Field::TimestampMicros(nanos.div_euclid(1000)))
            }
            (Self::TimeNanos, Field::Long(nanos)) => {
                Some(Field::TimeMicros(nanos.div_euclid(1000)))
            }
            (Self::Uuid, Field::Bytes(bytes)) => Some(Field::Str(uuid(bytes.data()))),
            _ => None,
        }
    }
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Refuses columns whose values the library loses or cannot read.
fn readable(name: &str, field: &Type) -> Result<()> {
    let info = field.get_basic_info();
    let column = field.name();
    if field.is_group() {
        let Type::GroupType { fields, .. } = field else { return Ok(()) };
        return fields.iter().try_for_each(|inner| readable(name, inner));
    }
    let refused = |what: &str, help: &str| {
        Err(Error::new(Kind::DataFile, format!("`{name}`: column `{column}` is {what}")).help(help))
    };
    if info.converted_type() == ConvertedType::INTERVAL {
        return refused("an INTERVAL, which cannot be read", "leave it out where the file is made");
    }
    match field.get_physical_type() {
        Physical::INT96 => refused(
            "an INT96, of which the microseconds would be lost",
            "write timestamps as INT64; in Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS",
        ),
        _ => Ok(()),
    }
}

impl<'a> ParquetRows<'a> {
    /// Reads the rows of a file. `name` is its name in messages.
    ///
    /// # Errors
    /// The file is not Parquet; a column is unknown; a required or ignored column is missing.
    pub fn new(name: &str, file: File, columns: Columns<'a>) -> Result<Self> {
        let reader = open(name, file)?;
        let mut places = Vec::new();
        let mut present = vec![false; columns.count()];
        for field in fields(&reader) {
            let Some(place) = columns.place(field.name()) else {
                let (message, help) = no_column(field.name(), columns);
                return Err(Error::new(Kind::DataFile, format!("`{name}`: {message}")).help(help));
            };
            if std::mem::replace(&mut present[place], true) {
                let message = format!("`{name}`: column `{}` is listed twice", field.name());
                return Err(Error::new(Kind::DataFile, message));
            }
            places.push((place < columns.known.len()).then_some(place));
        }
        if let Some(missing) = columns.missing(&present) {
            return Err(lacks(name, missing));
        }
        let kinds = fields(&reader).iter().map(|field| Reading::of(field)).collect();
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { name: name.to_owned(), columns, places, kinds, rows, number: 0, ended: false })
    }

    fn row(&self, row: &Row) -> Result<Vec<SqlValue>> {
        let mut values = vec![SqlValue::Null; self.columns.known.len()];
        let places = self.places.iter().zip(&self.kinds);
        for ((_, field), (place, kind)) in row.get_column_iter().zip(places) {
            let Some(place) = *place else { continue };
            let told = kind.told(field);
            values[place] =
                self.value(told.as_ref().unwrap_or(field), &self.columns.known[place])?;
        }
        Ok(values)
    }

    fn value(&self, field: &Field, column: &(Ident, SqlType)) -> Result<SqlValue> {
        let wrong = |what: &str| {
            let message =
                format!("`{}`, row {}: column {}: {what}", self.name, self.number, column.0);
            Error::new(Kind::DataFile, message)
                .help("correct the file, or the column's type in the rule; nothing was loaded")
        };
        if matches!(field, Field::Null) {
            return Ok(SqlValue::Null);
        }
        if let Some(nested) = self.columns.nested(column) {
            let text = field.to_json_value().to_string();
            return nested.canonical(&text).map(SqlValue::String).map_err(|what| wrong(&what));
        }
        let text = text(field, column.1)
            .ok_or_else(|| wrong(&format!("a value of the file cannot be read as {}", column.1)))?;
        match SqlValue::parse(&text, column.1) {
            Ok(SqlValue::Float64(number)) if !number.is_finite() => {
                Err(wrong(&format!("`{text}` is not a finite number")))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(wrong(&error.headline())),
        }
    }
}

/// A value as text; `None` if it has none, or is out of range.
fn text(field: &Field, of: SqlType) -> Option<String> {
    Some(match field {
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?.to_owned(),
        Field::Date(days) => Date::constant(1970, 1, 1)
            .checked_add(Span::new().try_days(i64::from(*days)).ok()?)
            .ok()?
            .to_string(),
        Field::TimeMillis(millis) => time(i64::from(*millis).checked_mul(1000)?)?,
        Field::TimeMicros(micros) => time(*micros)?,
        Field::TimestampMillis(millis) => instant(millis.checked_mul(1000)?, of)?,
        Field::TimestampMicros(micros) => instant(*micros, of)?,
        Field::Float16(number) => number.to_string(),
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) | Field::Null => {
            return None;
        }
        plain => plain.to_string(),
    })
}

fn time(micros: i64) -> Option<String> {
    let time = Time::midnight().checked_add(Span::new().try_microseconds(micros).ok()?).ok()?;
    Some(time.to_string())
}

fn instant(micros: i64, of: SqlType) -> Option<String> {
    let text = Timestamp::from_microsecond(micros).ok()?.to_string();
    // A DATETIME has no zone.
    Some(match of {
        SqlType::Datetime => text.trim_end_matches('Z').to_owned(),
        _ => text,
    })
}

impl Iterator for ParquetRows<'_> {
    type Item = Result<Vec<SqlValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = match self.rows.next() {
            Some(Ok(row)) => {
                self.number += 1;
                self.row(&row)
            }
            Some(Err(error)) => {
                let message =
                    format!("cannot read row {} of `{}`: {error}", self.number + 1, self.name);
                Err(Error::new(Kind::DataFile, message)
                    .help("check how the file was made; nothing was loaded"))
            }
            None if self.number == 0 => Err(super::part::empty(&self.name)),
            None => return None,
        };
        self.ended = row.is_err();
        Some(row)
    }
}
