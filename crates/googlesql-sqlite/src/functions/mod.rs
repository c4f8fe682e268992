//! What SQLite lacks or does otherwise than BigQuery, as functions and a collation of the
//! connection. Every function gives NULL for a NULL argument.

pub(crate) mod json;
mod number;
mod text;
mod time;

pub(crate) use time::{PARSED, zone};

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use crate::error::UNKNOWN;
use crate::storage::NUMERIC;

/// What a function gives: a value, or a message.
type Outcome = Result<Value, String>;
/// Name, number of arguments, and the function itself.
type Entry = (&'static str, i32, fn(&Arguments<'_>) -> Outcome);

/// Registers everything that lowered statements call.
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
    for table in [json::TABLE, text::TABLE, number::TABLE, time::TABLE] {
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
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(name, arity, flags, move |context| {
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

/// The message for an argument whose result in BigQuery is not certain.
fn unknown(what: &str) -> String {
    format!("{UNKNOWN}does not know {what}")
}

struct Arguments<'a>(&'a Context<'a>);

impl Arguments<'_> {
    fn text(&self, i: usize) -> Result<&str, String> {
        self.0.get_raw(i).as_str().map_err(|_| "a text was expected".to_owned())
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
