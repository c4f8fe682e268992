//! Values as TO_JSON_STRING prints them.
//! Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings>

use std::collections::HashMap;

use jiff::civil::{DateTime, Time};
use rusqlite::types::Value;
use serde_json::value::RawValue;

use super::{Arguments, Entry, Outcome};
use crate::googlesql::{SqlType, SqlValue};
use crate::storage;

pub(super) const TABLE: &[Entry] = &[
    ("onerow_json", 2, json),
    ("onerow_from_json", 3, from_json),
    ("onerow_field", 3, field),
    ("onerow_time_to_text", 2, time_to_text),
];

/// Larger integers are not exact in a JSON number, and are written as text.
const EXACT: u64 = 1 << 53;

/// `onerow_json(value, type)`
fn json(arguments: &Arguments<'_>) -> Outcome {
    let sql_type: SqlType = arguments.text(1)?.parse().map_err(|_| "not a type".to_owned())?;
    let kept = arguments.0.get_raw(0);
    let value = storage::decode(kept, Some(sql_type)).map_err(|error| error.headline())?;
    Ok(Value::Text(text(&value)))
}

/// `onerow_from_json(object, member, type)`: a member that `onerow_json` wrote.
fn from_json(arguments: &Arguments<'_>) -> Outcome {
    member(arguments).map_err(|what| format!("the removal log holds {what}"))
}

/// `onerow_field(struct, field, type)`
fn field(arguments: &Arguments<'_>) -> Outcome {
    match arguments.text(0)? {
        "null" => Ok(Value::Null),
        _ => member(arguments).map_err(|what| format!("a STRUCT holds {what}")),
    }
}

/// Reads a member of a JSON object as a value. The error says what the object is instead.
fn member(arguments: &Arguments<'_>) -> Outcome {
    let object: HashMap<String, &RawValue> =
        serde_json::from_str(arguments.text(0)?).map_err(|_| "a state that is not JSON")?;
    let name = arguments.text(1)?;
    let sql_type: SqlType = arguments.text(2)?.parse().map_err(|_| "not a type".to_owned())?;
    let raw = object.get(name).map(|raw| raw.get());
    let text = match raw.ok_or_else(|| format!("a row without the column {name}"))? {
        "null" => return Ok(Value::Null),
        nested if storage::is_opaque(sql_type) => return Ok(Value::Text(nested.to_owned())),
        quoted if quoted.starts_with('"') => {
            serde_json::from_str(quoted).map_err(|_| "a text that is not JSON")?
        }
        other => other.to_owned(),
    };
    let value = SqlValue::parse(&text, sql_type).map_err(|error| error.headline())?;
    storage::encode(&value).map_err(|error| error.headline())
}

/// The value as JSON text, as TO_JSON_STRING prints it.
pub fn text(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "null".to_owned(),
        SqlValue::Bool(value) => value.to_string(),
        SqlValue::Int64(number) if number.unsigned_abs() <= EXACT => number.to_string(),
        SqlValue::Float64(number) => float(*number),
        SqlValue::Numeric(number) => {
            let text = number.to_string();
            match text.parse::<i64>() {
                Ok(number) if number.unsigned_abs() <= EXACT => text,
                _ => quoted(&text),
            }
        }
        SqlValue::Datetime(at) => quoted(&datetime(*at)),
        SqlValue::Time(at) => quoted(&time(*at)),
        SqlValue::Timestamp(instant) => {
            quoted(&format!("{}Z", datetime(jiff::tz::TimeZone::UTC.to_datetime(*instant))))
        }
        other => quoted(&other.to_string()),
    }
}

/// `onerow_time_to_text(value, type)`: a DATETIME, TIMESTAMP or TIME as CAST to STRING prints it.
fn time_to_text(arguments: &Arguments<'_>) -> Outcome {
    let sql_type: SqlType = arguments.text(1)?.parse().map_err(|_| "not a type".to_owned())?;
    let value = storage::decode(arguments.0.get_raw(0), Some(sql_type));
    Ok(Value::Text(plain(&value.map_err(|error| error.headline())?)))
}

/// A value as CAST to STRING prints it, for the types whose console text differs.
pub(super) fn plain(value: &SqlValue) -> String {
    match value {
        SqlValue::Datetime(at) => spaced(*at),
        SqlValue::Time(at) => time(*at),
        SqlValue::Timestamp(instant) => {
            format!("{}+00", spaced(jiff::tz::TimeZone::UTC.to_datetime(*instant)))
        }
        other => other.to_string(),
    }
}

fn spaced(at: DateTime) -> String {
    format!("{} {}", at.date(), time(at.time()))
}

fn datetime(at: DateTime) -> String {
    format!("{}T{}", at.date(), time(at.time()))
}

/// With no fraction, or one of three or six digits.
fn time(at: Time) -> String {
    let micros = at.subsec_nanosecond() / 1_000;
    let precision = match micros {
        0 => 0,
        _ if micros % 1_000 == 0 => 3,
        _ => 6,
    };
    format!("{at:.precision$}")
}

/// Fifteen digits, or seventeen where fifteen would read back as another number.
pub(super) fn float(number: f64) -> String {
    let short = digits(number, 15);
    if short.parse() == Ok(number) { short } else { digits(number, 17) }
}

/// As C's `%.*g` prints it.
fn digits(number: f64, precision: usize) -> String {
    let scientific = format!("{number:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let places = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - exponent;
    if exponent < -4 || places < 0 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs());
    }
    match trimmed(&format!("{number:.*}", places.unsigned_abs() as usize)) {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

fn trimmed(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

/// JSON text, with the line separators of JavaScript escaped too.
pub(crate) fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
