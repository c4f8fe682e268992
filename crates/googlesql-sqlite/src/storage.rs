//! How SQLite stores a BigQuery value. Equal values are stored equal, so grouping and equality need nothing
//! special; only the order of NUMERIC needs the collation [`NUMERIC`].

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::{Value, ValueRef};

use crate::error::{Error, Kind, Result};
use crate::functions::bytes::base64;
use crate::googlesql::{SqlType, SqlValue};

/// The collation that orders NUMERIC and BIGNUMERIC text by value.
pub const NUMERIC: &str = "onerow_numeric";

/// Microseconds of one day.
pub const DAY: i64 = 86_400_000_000;

/// SQLite's storage class for this type.
pub fn class(sql_type: SqlType) -> Result<&'static str> {
    Ok(match sql_type {
        SqlType::String
        | SqlType::Date
        | SqlType::Numeric
        | SqlType::BigNumeric
        | SqlType::Json
        | SqlType::Array
        | SqlType::Struct => "TEXT",
        SqlType::Int64 | SqlType::Bool | SqlType::Datetime | SqlType::Time | SqlType::Timestamp => {
            "INTEGER"
        }
        SqlType::Float64 => "REAL",
        SqlType::Bytes | SqlType::Interval | SqlType::Geography | SqlType::Range => {
            return Err(Error::new(
                Kind::Unsupported,
                format!("cannot hold values of type {sql_type}"),
            ));
        }
    })
}

/// Whether values of this type are stored as the JSON text of TO_JSON_STRING and only copied: expressions
/// cannot access their contents.
pub fn is_opaque(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::Array | SqlType::Struct | SqlType::Json)
}

/// A name in SQLite's quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Encodes a value for SQLite.
pub fn encode(value: &SqlValue) -> Result<Value> {
    Ok(match value {
        SqlValue::Null => Value::Null,
        SqlValue::Bool(value) => Value::Integer((*value).into()),
        SqlValue::Int64(number) => Value::Integer(*number),
        SqlValue::Float64(number) if number.is_finite() => Value::Real(*number),
        SqlValue::Float64(number) => {
            return Err(Error::new(
                Kind::Unsupported,
                format!("cannot hold the FLOAT64 value {number}"),
            ));
        }
        SqlValue::Numeric(number) => Value::Text(number.to_string()),
        SqlValue::String(text) => Value::Text(text.clone()),
        SqlValue::Date(date) => Value::Text(date.to_string()),
        SqlValue::Datetime(datetime) => Value::Integer(datetime_micros(*datetime)?),
        SqlValue::Time(time) => {
            Value::Integer(datetime_micros(DateTime::from_parts(epoch(), *time))?)
        }
        SqlValue::Timestamp(instant) => Value::Integer(instant.as_microsecond()),
        SqlValue::Array(_) => {
            return Err(Error::new(Kind::Unsupported, "cannot hold an ARRAY as a value"));
        }
    })
}

/// Decodes a stored value of this type. Only NULL has no type.
pub fn decode(kept: ValueRef<'_>, sql_type: Option<SqlType>) -> Result<SqlValue> {
    let Some(sql_type) = sql_type else {
        return match kept {
            ValueRef::Null => Ok(SqlValue::Null),
            _ => Err(odd(kept, "NULL")),
        };
    };
    Ok(match (sql_type, kept) {
        (_, ValueRef::Null) => SqlValue::Null,
        (SqlType::Bool, ValueRef::Integer(0)) => SqlValue::Bool(false),
        (SqlType::Bool, ValueRef::Integer(1)) => SqlValue::Bool(true),
        (SqlType::Int64, ValueRef::Integer(number)) => SqlValue::Int64(number),
        (SqlType::Float64, ValueRef::Real(number)) if number.is_finite() => {
            SqlValue::Float64(number)
        }
        // Text, as BigQuery answers with BYTES.
        (SqlType::Bytes, ValueRef::Blob(bytes)) => SqlValue::String(base64(bytes)),
        (SqlType::Datetime, ValueRef::Integer(micros)) => SqlValue::Datetime(datetime(micros)?),
        (SqlType::Time, ValueRef::Integer(micros)) => SqlValue::Time(time(micros)?),
        (SqlType::Timestamp, ValueRef::Integer(micros)) => SqlValue::Timestamp(instant(micros)?),
        (
            SqlType::String | SqlType::Date | SqlType::Numeric | SqlType::BigNumeric,
            ValueRef::Text(bytes),
        ) => {
            let text = std::str::from_utf8(bytes).map_err(|_| odd(kept, "UTF-8 text"))?;
            SqlValue::parse(text, sql_type)?
        }
        (SqlType::Array | SqlType::Struct | SqlType::Json, ValueRef::Text(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| odd(kept, "UTF-8 text"))?;
            SqlValue::String(text.to_owned())
        }
        _ => return Err(odd(kept, &sql_type.to_string())),
    })
}

fn odd(kept: ValueRef<'_>, expected: &str) -> Error {
    Error::new(Kind::Refused, format!("the database holds {kept:?} where {expected} belongs"))
        .help("the value is out of range, or another program has changed the database")
}

/// 0001-01-01 00:00:00 to 9999-12-31 23:59:59.999999, BigQuery's range.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Checks that `micros`, counted from the epoch, is in BigQuery's range.
pub fn in_range(micros: i64) -> Result<i64> {
    match RANGE.contains(&micros) {
        true => Ok(micros),
        false => Err(out_of_range()),
    }
}

fn out_of_range() -> Error {
    Error::new(Kind::Refused, "a TIMESTAMP or DATETIME is out of range")
}

/// The instant `micros` microseconds after the epoch. BigQuery's last 26 hours are excluded, so that every
/// time zone stays within the calendar.
pub fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(in_range(micros)?).map_err(|_| {
        Error::new(Kind::Unsupported, "cannot hold a TIMESTAMP after 9999-12-30 22:00:00 UTC")
    })
}

/// The civil time `micros` microseconds after 1970-01-01 00:00:00.
pub fn datetime(micros: i64) -> Result<DateTime> {
    let since = SignedDuration::from_micros(in_range(micros)?);
    epoch().to_datetime(Time::midnight()).checked_add(since).map_err(|_| out_of_range())
}

/// Microseconds from 1970-01-01 00:00:00 to this civil time.
pub fn datetime_micros(datetime: DateTime) -> Result<i64> {
    let since = datetime.duration_since(epoch().to_datetime(Time::midnight()));
    i64::try_from(since.as_micros()).map_err(|_| out_of_range())
}

fn time(micros: i64) -> Result<Time> {
    Ok(datetime(micros.rem_euclid(DAY))?.time())
}

fn epoch() -> jiff::civil::Date {
    jiff::civil::date(1970, 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_and_read_back() {
        for (text, sql_type) in [
            ("x'\0\"y", SqlType::String),
            ("-9223372036854775808", SqlType::Int64),
            ("22.5", SqlType::Numeric),
            ("0.00000000000000000000000000000000000001", SqlType::BigNumeric),
            ("1.5", SqlType::Float64),
            ("true", SqlType::Bool),
            ("2026-01-28", SqlType::Date),
            ("1969-12-31 23:59:59.999999", SqlType::Datetime),
            ("07:41:30.000001", SqlType::Time),
            ("0001-01-01 00:00:00 UTC", SqlType::Timestamp),
        ] {
            let value = SqlValue::parse(text, sql_type).unwrap();
            let kept = encode(&value).unwrap();
            assert_eq!(decode(ValueRef::from(&kept), Some(sql_type)).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn nan_is_refused_because_sqlite_would_keep_null() {
        assert_eq!(encode(&SqlValue::Float64(f64::NAN)).unwrap_err().kind(), Kind::Unsupported);
    }
}
