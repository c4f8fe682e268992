//! Typed values: template variables, query parameters, cells of an answer.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{Fragment, Numeric, SqlType};
use crate::error::{Error, Kind, Result};
use crate::hidden::is_invisible;

/// One BigQuery value with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL of any type.
    Null,
    /// BOOL
    Bool(bool),
    /// INT64
    Int64(i64),
    /// FLOAT64
    Float64(f64),
    /// NUMERIC or BIGNUMERIC
    Numeric(Numeric),
    /// STRING
    String(String),
    /// DATE
    Date(Date),
    /// DATETIME, to the microsecond
    Datetime(DateTime),
    /// TIME, to the microsecond
    Time(Time),
    /// TIMESTAMP, to the microsecond
    Timestamp(Timestamp),
    /// ARRAY of values of one type
    Array(Vec<SqlValue>),
}

impl SqlValue {
    /// Parses `text` as a value of this type, as BigQuery reads a CSV field; the empty string is a value only
    /// for STRING.
    ///
    /// # Errors
    /// The text is not a value of the type; the error says what was expected.
    pub fn parse(text: &str, sql_type: SqlType) -> Result<Self> {
        let wrong = |expected: &str| {
            Error::new(Kind::Value, format!("`{}` is not {expected}", text.escape_debug()))
        };
        Ok(match sql_type {
            SqlType::String => Self::String(text.to_owned()),
            SqlType::Int64 => {
                Self::Int64(text.trim().parse().map_err(|_| wrong("an INT64, such as 42"))?)
            }
            SqlType::Float64 => {
                Self::Float64(text.trim().parse().map_err(|_| wrong("a FLOAT64, such as 1.5"))?)
            }
            SqlType::Numeric | SqlType::BigNumeric => {
                Self::Numeric(Numeric::parse(text, sql_type)?)
            }
            SqlType::Bool => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Self::Bool(true),
                "false" | "f" | "no" | "n" | "0" => Self::Bool(false),
                _ => return Err(wrong("a BOOL: true or false")),
            },
            SqlType::Date => Self::Date(
                strict_date(text.trim()).ok_or_else(|| wrong("a DATE, such as 2026-01-28"))?,
            ),
            SqlType::Datetime => Self::Datetime(
                strict_datetime(text.trim())
                    .ok_or_else(|| wrong("a DATETIME, such as 2026-01-28 07:41:30"))?,
            ),
            SqlType::Time => {
                let time = text.trim().parse().ok().filter(|_| is_exact(text));
                Self::Time(time.ok_or_else(|| wrong("a TIME, such as 07:41:30"))?)
            }
            SqlType::Timestamp => match parse_timestamp(text.trim()) {
                Some(instant) => Self::Timestamp(instant),
                None if is_after_the_last(text.trim()) => {
                    return Err(Error::new(
                        Kind::Unreadable,
                        "a TIMESTAMP after 9999-12-30 22:00:00 UTC cannot be held here",
                    ));
                }
                None => {
                    return Err(wrong(
                        "a TIMESTAMP, such as 2026-01-28 07:41:30 UTC or 2026-01-28T07:41:30Z",
                    ));
                }
            },
            SqlType::Bytes
            | SqlType::Interval
            | SqlType::Json
            | SqlType::Geography
            | SqlType::Array
            | SqlType::Struct
            | SqlType::Range => {
                return Err(Error::new(
                    Kind::Unreadable,
                    format!("a value of type {sql_type} cannot be read from text here"),
                ));
            }
        })
    }

    /// The value's type; `None` for NULL, which has every type.
    pub fn sql_type(&self) -> Option<SqlType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => SqlType::Bool,
            Self::Int64(_) => SqlType::Int64,
            Self::Float64(_) => SqlType::Float64,
            Self::Numeric(number) => number.sql_type(),
            Self::String(_) => SqlType::String,
            Self::Date(_) => SqlType::Date,
            Self::Datetime(_) => SqlType::Datetime,
            Self::Time(_) => SqlType::Time,
            Self::Timestamp(_) => SqlType::Timestamp,
            Self::Array(_) => SqlType::Array,
        })
    }

    /// The value as a typed GoogleSQL literal, such as `DATE '2026-01-28'`. No text inside the
    /// value can end the literal.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#literals>
    pub fn literal(&self) -> Fragment {
        Fragment::trusted(match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Int64(number) => number.to_string(),
            Self::Float64(number) if number.is_finite() => format!("{number:?}"),
            Self::Float64(number) => format!("CAST('{number}' AS FLOAT64)"),
            Self::Numeric(number) => format!("{} '{number}'", number.sql_type()),
            Self::String(text) => quote(text),
            Self::Date(date) => format!("DATE '{date}'"),
            Self::Datetime(_) => format!("DATETIME '{self}'"),
            Self::Time(_) => format!("TIME '{self}'"),
            Self::Timestamp(_) => format!("TIMESTAMP '{self}'"),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(|i| i.literal().to_string()).collect();
                format!("[{}]", items.join(", "))
            }
        })
    }

    /// The value as JSON: a number if JSON holds it exactly, otherwise text.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int64(number) => (*number).into(),
            Self::Float64(number) if number.is_finite() => (*number).into(),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            other => other.to_string().into(),
        }
    }
}

/// The value as BigQuery's console shows it.
impl fmt::Display for SqlValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int64(number) => write!(f, "{number}"),
            Self::Float64(number) => write!(f, "{number}"),
            Self::Numeric(number) => write!(f, "{number}"),
            Self::String(text) => f.write_str(text),
            Self::Date(date) => write!(f, "{date}"),
            Self::Datetime(datetime) => write!(f, "{} {}", datetime.date(), datetime.time()),
            Self::Time(time) => write!(f, "{time}"),
            Self::Timestamp(instant) => {
                let utc = TimeZone::UTC.to_datetime(*instant);
                write!(f, "{} {}+00", utc.date(), utc.time())
            }
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_invisible(c) => {
                quoted.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Parses exactly `YYYY-MM-DD`.
pub fn strict_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let date: Date = shape.then(|| text.parse().ok())??;
    (date.year() >= 1).then_some(date)
}

/// Parses a date and time without offset or zone: jiff would ignore such a suffix.
fn strict_datetime(text: &str) -> Option<DateTime> {
    strict_date(text.get(..10)?)?;
    let civil = text[10..].chars().all(|c| c.is_ascii_digit() || " Tt:.".contains(c));
    (civil && is_exact(text)).then(|| text.parse().ok())?
}

/// Whether the fraction of a second, if any, has at most the digits that BigQuery keeps.
pub fn is_exact(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.chars().take_while(char::is_ascii_digit).count() <= 6
}

/// Parses an instant with an offset or zone, as BigQuery prints it or RFC 3339 writes it; without either it
/// is UTC, as in BigQuery.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    strict_date(text.get(..10)?)?;
    if !is_exact(text) {
        return None;
    }
    let instant = match text.strip_suffix(" UTC") {
        Some(civil) => strict_datetime(civil)?.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp(),
        None => match text.parse::<Timestamp>() {
            Ok(instant) => instant,
            Err(_) => strict_datetime(text)?.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp(),
        },
    };
    Timestamp::from_microsecond(instant.as_microsecond()).ok()
}

/// Whether this is a TIMESTAMP of BigQuery's last 26 hours, which jiff lacks so that every time zone stays
/// within its calendar.
fn is_after_the_last(text: &str) -> bool {
    let year_before = text.strip_prefix("9999").map(|rest| format!("9998{rest}"));
    year_before.is_some_and(|text| parse_timestamp(&text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_timestamps_are_no_typing_errors() {
        let error = |text| SqlValue::parse(text, SqlType::Timestamp).unwrap_err().kind();
        assert!(SqlValue::parse("9999-12-30 21:59:59 UTC", SqlType::Timestamp).is_ok());
        assert_eq!(error("9999-12-30 22:00:01 UTC"), Kind::Unreadable);
        assert_eq!(error("9999-12-31T23:59:59+00:00"), Kind::Unreadable);
        assert_eq!(error("9999-12-32 00:00:00 UTC"), Kind::Value);
        assert_eq!(error("9999-12-31 noon"), Kind::Value);
    }

    #[test]
    fn a_literal_names_its_type() {
        let cases = [
            (SqlValue::parse("2026-01-28", SqlType::Date).unwrap(), "DATE '2026-01-28'"),
            (SqlValue::String("it's \\ a\nline".into()), r"'it\'s \\ a\nline'"),
            (SqlValue::parse("22.50", SqlType::Numeric).unwrap(), "NUMERIC '22.5'"),
            (SqlValue::Float64(2.0), "2.0"),
            (SqlValue::Float64(f64::NAN), "CAST('NaN' AS FLOAT64)"),
            (SqlValue::Null, "NULL"),
            (SqlValue::Array(vec![SqlValue::Int64(1), SqlValue::Int64(2)]), "[1, 2]"),
            (
                SqlValue::parse("2026-01-28T07:41:30.5-05:00", SqlType::Timestamp).unwrap(),
                "TIMESTAMP '2026-01-28 12:41:30.5+00'",
            ),
            (
                SqlValue::parse("2026-01-28 07:41:30", SqlType::Datetime).unwrap(),
                "DATETIME '2026-01-28 07:41:30'",
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(value.literal().as_str(), expected);
        }
    }

    #[test]
    fn text_is_read_strictly() {
        for (text, sql_type) in [
            ("2026-02-30", SqlType::Date),
            ("20260128", SqlType::Date),
            ("2026-1-28", SqlType::Date),
            ("0000-01-01", SqlType::Date),
            ("maybe", SqlType::Bool),
            ("1.5", SqlType::Int64),
            ("9223372036854775808", SqlType::Int64),
            ("1.0000000001", SqlType::Numeric),
            ("0.000000000000000000000000000000000000001", SqlType::BigNumeric),
            (
                "578960446186580977117854925043439539266.34992332820282019728792003956564819968",
                SqlType::BigNumeric,
            ),
            (
                "-578960446186580977117854925043439539266.34992332820282019728792003956564819969",
                SqlType::BigNumeric,
            ),
            ("1000000000000000000000000000000000000000", SqlType::BigNumeric),
            ("123456789012345678901234567890", SqlType::Numeric),
            ("1e9223372036854775807", SqlType::Numeric),
            ("1e-9223372036854775807", SqlType::BigNumeric),
            ("x", SqlType::Timestamp),
            ("é26-01-28 00:00", SqlType::Timestamp),
            ("2026-01-28T00:00:00[America/New_York]", SqlType::Timestamp),
            ("2026-01-28 00:00:00.1234567", SqlType::Timestamp),
            ("2026-01-28 00:00:00-05:00", SqlType::Datetime),
            ("07:41:30.1234567", SqlType::Time),
        ] {
            assert!(SqlValue::parse(text, sql_type).is_err(), "{text} as {sql_type}");
        }
    }

    #[test]
    fn every_way_of_writing_an_instant_is_the_same_instant() {
        let expected = parse_timestamp("2026-01-28T07:41:30Z").unwrap();
        for text in [
            "2026-01-28 07:41:30 UTC",
            "2026-01-28 07:41:30",
            "2026-01-28 07:41:30+00",
            "2026-01-28T02:41:30-05:00",
        ] {
            assert_eq!(parse_timestamp(text), Some(expected), "{text}");
        }
    }
}
