//! Functions and a collation that SQLite lacks, or implements differently from BigQuery. Every function
//! returns NULL for a NULL argument.

pub(crate) mod bytes;
pub(crate) mod clock;
mod first;
pub(crate) mod format;
pub(crate) mod json;
mod number;
pub(crate) mod path;
pub(crate) mod regex;
mod round;
pub(crate) mod text;
mod time;
mod unicode;

pub(crate) use first::FIRST_NOT_NULL;
pub(crate) use time::{PARSED, zone};

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use crate::error::UNKNOWN;
use crate::storage::NUMERIC;

/// The result of a function: a value, or an error message.
type Outcome = Result<Value, String>;
/// Name, number of arguments, and the function itself.
type Entry = (&'static str, i32, fn(&Arguments<'_>) -> Outcome);

/// Deterministic and without side effects.
const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// Registers all functions that lowered statements call.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation(NUMERIC, compare)?;
    connection.create_scalar_function(
        "onerow_many",
        0,
        FunctionFlags::SQLITE_UTF8,
        |_| -> rusqlite::Result<Value> {
            Err(user("a scalar subquery gave more than one row".to_owned()))
        },
    )?;
    connection.create_scalar_function(
        "onerow_merged_twice",
        0,
        FunctionFlags::SQLITE_UTF8,
        |_| -> rusqlite::Result<Value> {
            Err(user("MERGE must match at most one source row for each target row".to_owned()))
        },
    )?;
    connection.create_window_function(FIRST_NOT_NULL, 1, PURE, first::FirstNotNull)?;
    // Accepts any number of values, which may be NULL.
    connection.create_scalar_function("onerow_format", -1, PURE, |context| {
        let first = (0..2).map(|i| context.get_raw(i));
        match first.into_iter().any(|value| value == ValueRef::Null) {
            true => Ok(Value::Null),
            false => format::format(&Arguments(context)).map_err(user),
        }
    })?;
    let tables = [
        bytes::TABLE,
        clock::TABLE,
        json::TABLE,
        number::TABLE,
        path::TABLE,
        regex::TABLE,
        round::TABLE,
        text::TABLE,
        time::TABLE,
        unicode::TABLE,
    ];
    for table in tables {
        for (name, arity, function) in table {
            scalar(connection, name, *arity, *function)?;
        }
    }
    Ok(())
}

fn scalar(
    connection: &Connection,
    name: &'static str,
    arity: i32,
    function: fn(&Arguments<'_>) -> Outcome,
) -> rusqlite::Result<()> {
    connection.create_scalar_function(name, arity, PURE, move |context| {
        let arguments = Arguments(context);
        if (0..context.len()).any(|i| context.get_raw(i) == ValueRef::Null) {
            return Ok(Value::Null);
        }
        function(&arguments).map_err(user)
    })
}

fn user(message: String) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(message.into())
}

/// The message for an argument whose result in BigQuery is uncertain.
fn unknown(what: &str) -> String {
    format!("{UNKNOWN}does not know {what}")
}

struct Arguments<'a>(&'a Context<'a>);

impl Arguments<'_> {
    fn text(&self, i: usize) -> Result<&str, String> {
        self.0.get_raw(i).as_str().map_err(|_| "a text was expected".to_owned())
    }

    /// A BYTES value, or the UTF-8 of a text.
    fn bytes(&self, i: usize) -> Result<&[u8], String> {
        self.0.get_raw(i).as_bytes().map_err(|_| "BYTES were expected".to_owned())
    }

    fn int(&self, i: usize) -> Result<i64, String> {
        self.0.get_raw(i).as_i64().map_err(|_| "an integer was expected".to_owned())
    }

    fn real(&self, i: usize) -> Result<f64, String> {
        self.0.get_raw(i).as_f64().map_err(|_| "a FLOAT64 was expected".to_owned())
    }

    fn decimal(&self, i: usize) -> Result<BigDecimal, String> {
        BigDecimal::from_str(self.text(i)?).map_err(|_| "a NUMERIC was expected".to_owned())
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    match (BigDecimal::from_str(a), BigDecimal::from_str(b)) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(sql: &str) -> Result<Value, String> {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection
            .query_row(&format!("SELECT {sql}"), [], |row| row.get(0))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn functions_do_as_bigquery_does() {
        for (sql, expected) in [
            ("onerow_like('Abc', 'a%')", Value::Integer(0)),
            ("onerow_like('a%c', 'a\\%_')", Value::Integer(1)),
            ("onerow_like('abc', 'a\\%_')", Value::Integer(0)),
            ("onerow_like('aXbXc', '%X%c')", Value::Integer(1)),
            ("onerow_like('', '')", Value::Integer(1)),
            ("onerow_like(NULL, '%')", Value::Null),
            ("onerow_lower('ÄB')", Value::Text("äb".into())),
            ("onerow_upper('é')", Value::Text("É".into())),
            ("onerow_trim('B', '  a ')", Value::Text("a".into())),
            ("onerow_trim('L', 'xxax', 'x')", Value::Text("ax".into())),
            ("onerow_length('né')", Value::Integer(2)),
            ("onerow_substr('apple', 2)", Value::Text("pple".into())),
            ("onerow_substr('apple', -3, 2)", Value::Text("pl".into())),
            ("onerow_substr('apple', 0, 2)", Value::Text("ap".into())),
            ("onerow_substr('apple', 123)", Value::Text("".into())),
            ("onerow_substr('apple', -123, 2)", Value::Text("ap".into())),
            ("onerow_replace('aXa', 'a', 'bb')", Value::Text("bbXbb".into())),
            ("onerow_replace('abc', '', 'x')", Value::Text("abc".into())),
            ("onerow_starts_with('abc', 'ab')", Value::Integer(1)),
            ("onerow_left('né!', 2)", Value::Text("né".into())),
            ("onerow_right('né!', 2)", Value::Text("é!".into())),
            ("onerow_right('a', 9)", Value::Text("a".into())),
            ("onerow_lpad('é', 4, 'xy')", Value::Text("xyxé".into())),
            ("onerow_rpad('abc', 2)", Value::Text("ab".into())),
            ("onerow_strpos('né!', '!')", Value::Integer(3)),
            ("onerow_strpos('a', 'b')", Value::Integer(0)),
            ("onerow_split_at('a@b', '@', 1, 'SAFE_OFFSET')", Value::Text("b".into())),
            ("onerow_split_at('a@b', '@', 1, 'ORDINAL')", Value::Text("a".into())),
            ("onerow_split_at('né', '', 1, 'OFFSET')", Value::Text("é".into())),
            ("onerow_split_at('', '', 0, 'OFFSET')", Value::Text("".into())),
            ("onerow_split_at('a', '@', 1, 'SAFE_OFFSET')", Value::Null),
            ("onerow_farm_fingerprint('foo')", Value::Integer(6_150_913_649_986_995_171)),
            (
                "onerow_to_hex(onerow_md5('a'))",
                Value::Text("0cc175b9c0f1b6a831c399e269772661".into()),
            ),
            ("onerow_to_hex(onerow_from_hex('abc'))", Value::Text("0abc".into())),
            ("onerow_to_base64(onerow_from_base64('YWI'))", Value::Text("YWI=".into())),
            ("onerow_normalize_and_casefold('ﬁ Straße', 'NFC')", Value::Text("fi strasse".into())),
            ("onerow_real_to_text(1e20)", Value::Text("1e+20".into())),
            ("onerow_real_to_decimal(1.0000000005)", Value::Text("1.000000001".into())),
            ("onerow_safe_real_to_decimal(1e30)", Value::Null),
            ("onerow_json_value('{\"id\": 7.50}', '$.id')", Value::Text("7.50".into())),
            (
                "onerow_json_value('{\"a\": [1, {\"b c\": \"é\"}]}', '$.a[1].\"b c\"')",
                Value::Text("é".into()),
            ),
            ("onerow_json_value('{\"id\": {}}', '$.id')", Value::Null),
            ("onerow_json_value('{\"id\": null}', '$.id')", Value::Null),
            ("onerow_json_value('abc', '$.id')", Value::Null),
            ("onerow_regexp_extract('a/documents/x', 'documents/(.*)$')", Value::Text("x".into())),
            ("onerow_regexp_extract('abc', '(x)?b')", Value::Null),
            ("onerow_regexp_replace('baac', 'a*', '-')", Value::Text("-b-c-".into())),
            ("onerow_regexp_replace('ab', '(a)b', '\\1\\0')", Value::Text("aab".into())),
            ("onerow_format('%s-%05d', 'STRING,INT64,', 'x', -5)", Value::Text("x--0005".into())),
            (
                "onerow_format('%t|%T', 'STRING,STRING,', NULL, 'a')",
                Value::Text("NULL|\"a\"".into()),
            ),
            ("onerow_format('%s', 'STRING,', NULL)", Value::Null),
            (
                "onerow_format('%.2f %.1f', 'FLOAT64,NUMERIC,', 2.675, '0.25')",
                Value::Text("2.67 0.3".into()),
            ),
            ("onerow_unix_seconds(-1)", Value::Integer(-1)),
            ("onerow_unix_date('1969-12-31')", Value::Integer(-1)),
            ("onerow_date_from_unix(-5)", Value::Text("1969-12-27".into())),
            (
                "onerow_format_timestamp('%Y-%m-%d %H:%M:%E*S %a %Ez', 0, 'America/New_York')",
                Value::Text("1969-12-31 19:00:00 Wed -05:00".into()),
            ),
            (
                "onerow_parse_timestamp('%Y-%m-%d %H:%M:%E*S', '1970-01-01 00:00:01.5')",
                Value::Integer(1_500_000),
            ),
            ("onerow_add(1, 2)", Value::Integer(3)),
            ("onerow_mod(-7, 3)", Value::Integer(-1)),
            ("onerow_divide(1.0, 4.0)", Value::Real(0.25)),
            ("onerow_safe_divide(1.0, 0.0)", Value::Null),
            ("onerow_real_to_int(-2.5)", Value::Integer(-3)),
            ("onerow_decimal_to_int('2.5')", Value::Integer(3)),
            ("onerow_decimal_to_int('-2.5')", Value::Integer(-3)),
            ("onerow_decimal_add('22.5', '0.50')", Value::Text("23".into())),
            ("onerow_date_of(-1, 'UTC')", Value::Text("1969-12-31".into())),
            ("onerow_date_add('2026-01-31', 1, 'MONTH')", Value::Text("2026-02-28".into())),
            ("onerow_extract('DATE', '2026-01-25', 'DAYOFWEEK', 'UTC')", Value::Integer(1)),
            ("onerow_trunc('DATE', '2026-01-28', 'WEEK')", Value::Text("2026-01-25".into())),
            ("onerow_trunc('DATE', '2026-01-28', 'ISOWEEK')", Value::Text("2026-01-26".into())),
            ("onerow_parse_date('%Y%m%d', '20260128')", Value::Text("2026-01-28".into())),
            ("onerow_format_date('%Y%m', '2026-01-28')", Value::Text("202601".into())),
        ] {
            assert_eq!(evaluate(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn a_local_date_follows_the_time_zone() {
        let instant: jiff::Timestamp = "2026-01-28T03:00:00Z".parse().unwrap();
        let sql = format!("onerow_date_of({}, 'America/New_York')", instant.as_microsecond());
        assert_eq!(evaluate(&sql), Ok(Value::Text("2026-01-27".into())));
    }

    #[test]
    fn what_bigquery_refuses_is_refused() {
        for (sql, expected) in [
            ("onerow_add(9223372036854775807, 1)", "overflow"),
            ("onerow_multiply(-9223372036854775808, -1)", "overflow"),
            ("onerow_divide(1.0, 0.0)", "division by zero"),
            ("onerow_mod(1, 0)", "division by zero"),
            ("onerow_real_multiply(1e308, 10.0)", "overflow"),
            ("onerow_substr('a', 1, -1)", "negative"),
            ("onerow_like('a', 'a\\')", "backslash"),
            ("onerow_upper('ß')", "does not know"),
            ("onerow_cast('x', 'INT64')", "not an int64"),
            ("onerow_make_date(2026, 2, 30)", "not a date"),
            ("onerow_parse_date('%Y%m%d', '2026-01-28')", "does not know"),
            ("onerow_left('a', -1)", "negative"),
            ("onerow_lpad('a', 2, '')", "empty"),
            ("onerow_split_at('a', '@', 1, 'OFFSET')", "out of bounds"),
            ("onerow_from_hex('xx')", "not hexadecimal"),
            ("onerow_from_base64('Y W')", "does not know"),
            ("onerow_bytes_to_text(x'ff')", "utf-8"),
            ("onerow_real_to_decimal(1e30)", "beyond numeric"),
            ("onerow_json_value('{\"id\": 7} x', '$.id')", "not well-formed"),
            ("onerow_json_value('{\"a\": 1, \"a\": 2}', '$.a')", "is listed twice"),
            ("onerow_regexp_replace('b', 'b', '\\1')", "no group 1"),
            ("onerow_regexp_replace('b', 'b', '\\q')", "no digit"),
            ("onerow_timestamp_seconds(253402300800)", "out of range"),
            ("onerow_date_from_unix(9223372036854775807)", "out of range"),
            ("onerow_parse_timestamp('%Y-%m-%d %T', '2026-01-04 1:02:03')", "does not know"),
            ("onerow_many()", "more than one row"),
        ] {
            let error = evaluate(sql).unwrap_err();
            assert!(error.to_lowercase().contains(expected), "{sql}: {error}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        assert_eq!(evaluate("'9' < '10' COLLATE onerow_numeric"), Ok(Value::Integer(1)));
        assert_eq!(evaluate("'-10' < '-9.5' COLLATE onerow_numeric"), Ok(Value::Integer(1)));
    }
}
