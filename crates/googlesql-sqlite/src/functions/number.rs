//! Arithmetic that fails where BigQuery fails, and casts.

use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use rusqlite::types::Value;

use super::json::float;
use super::{Arguments, Entry, Outcome, unknown};
use crate::error::Error;
use crate::googlesql::{Numeric, SqlType, SqlValue};
use crate::storage;

pub(super) const TABLE: &[Entry] = &[
    ("onerow_add", 2, |a| int(a.int(0)?.checked_add(a.int(1)?))),
    ("onerow_subtract", 2, |a| int(a.int(0)?.checked_sub(a.int(1)?))),
    ("onerow_multiply", 2, |a| int(a.int(0)?.checked_mul(a.int(1)?))),
    ("onerow_negate", 1, |a| int(a.int(0)?.checked_neg())),
    ("onerow_abs", 1, |a| int(a.int(0)?.checked_abs())),
    ("onerow_mod", 2, |a| match a.int(1)? {
        0 => Err("division by zero".to_owned()),
        divisor => Ok(Value::Integer(a.int(0)?.wrapping_rem(divisor))),
    }),
    ("onerow_div", 2, |a| match a.int(1)? {
        0 => Err("division by zero".to_owned()),
        divisor => int(a.int(0)?.checked_div(divisor)),
    }),
    ("onerow_real_add", 2, |a| real(a.real(0)? + a.real(1)?)),
    ("onerow_real_subtract", 2, |a| real(a.real(0)? - a.real(1)?)),
    ("onerow_real_multiply", 2, |a| real(a.real(0)? * a.real(1)?)),
    // Where SQLite's SUM is infinite, BigQuery's may fail, or not overflow in another order.
    ("onerow_finite", 1, |a| {
        real(a.real(0)?).map_err(|_| unknown("a sum of FLOAT64 that overflows"))
    }),
    ("onerow_divide", 2, |a| match a.real(1)? {
        0.0 => Err("division by zero".to_owned()),
        divisor => real(a.real(0)? / divisor),
    }),
    ("onerow_safe_divide", 2, |a| match a.real(1)? {
        0.0 => Ok(Value::Null),
        divisor => Ok(real(a.real(0)? / divisor).unwrap_or(Value::Null)),
    }),
    ("onerow_decimal_add", 2, |a| decimal(a.decimal(0)? + a.decimal(1)?)),
    ("onerow_decimal_subtract", 2, |a| decimal(a.decimal(0)? - a.decimal(1)?)),
    ("onerow_decimal_multiply", 2, |a| decimal(a.decimal(0)? * a.decimal(1)?)),
    ("onerow_decimal_negate", 1, |a| decimal(-a.decimal(0)?)),
    ("onerow_decimal_abs", 1, |a| decimal(a.decimal(0)?.abs())),
    ("onerow_decimal_to_real", 1, |a| {
        a.text(0)?.parse().map(Value::Real).map_err(|_| "not a NUMERIC".to_owned())
    }),
    ("onerow_decimal_to_int", 1, |a| {
        let rounded = a.decimal(0)?.with_scale_round(0, RoundingMode::HalfUp);
        int(rounded.to_i64())
    }),
    ("onerow_real_to_int", 1, |a| real_to_int(a.real(0)?.round())),
    ("onerow_real_to_text", 1, |a| Ok(Value::Text(float(a.real(0)?)))),
    ("onerow_real_to_decimal", 1, |a| real_to_decimal(a.real(0)?)),
    ("onerow_safe_real_to_decimal", 1, |a| Ok(real_to_decimal(a.real(0)?).unwrap_or(Value::Null))),
    ("onerow_safe_real_to_int", 1, |a| Ok(real_to_int(a.real(0)?.round()).unwrap_or(Value::Null))),
    ("onerow_cast", 2, cast),
    ("onerow_safe_int", 1, |a| Ok(cast_int(a.text(0)?).map_or(Value::Null, Value::Integer))),
];

fn int(number: Option<i64>) -> Outcome {
    number.map(Value::Integer).ok_or_else(|| "INT64 overflow".to_owned())
}

fn real(number: f64) -> Outcome {
    match number.is_finite() {
        true => Ok(Value::Real(number)),
        false => Err("FLOAT64 overflow".to_owned()),
    }
}

fn real_to_int(rounded: f64) -> Outcome {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    match (-LIMIT..LIMIT).contains(&rounded) {
        true => Ok(Value::Integer(rounded as i64)),
        false => Err("INT64 overflow".to_owned()),
    }
}

/// The exact value of the number, rounded to nine digits after the point, half away from zero.
fn real_to_decimal(number: f64) -> Outcome {
    let overflow = || format!("{number} is beyond NUMERIC");
    let exact = BigDecimal::try_from(number).map_err(|_| overflow())?;
    let rounded = exact.with_scale_round(9, RoundingMode::HalfUp);
    Numeric::parse(&rounded.to_plain_string(), SqlType::Numeric)
        .map(|number| Value::Text(number.to_string()))
        .map_err(|_| overflow())
}

/// The number if it is exact: BigQuery rounds a product to nine digits, which is not supported here.
pub(super) fn decimal(number: BigDecimal) -> Outcome {
    Numeric::parse(&number.to_plain_string(), SqlType::Numeric)
        .map(|number| Value::Text(number.to_string()))
        .map_err(|_| unknown("a NUMERIC result that must be rounded or overflows"))
}

fn cast(arguments: &Arguments<'_>) -> Outcome {
    let target = SqlType::from_str(arguments.text(1)?).map_err(|error| error.to_string())?;
    cast_text(arguments.text(0)?, target)
        .and_then(|value| storage::encode(&value))
        .map_err(|error| error.headline())
}

/// `CAST(text AS target)`.
fn cast_text(text: &str, target: SqlType) -> Result<SqlValue, Error> {
    match (target, cast_int(text)) {
        (SqlType::Int64, Some(number)) => Ok(SqlValue::Int64(number)),
        (SqlType::Float64, _) if text.contains(['x', 'X']) => {
            Err(Error::unsupported("a FLOAT64 in hexadecimal"))
        }
        (SqlType::Numeric | SqlType::BigNumeric, _) => {
            SqlValue::parse(text, target).map_err(|error| match BigDecimal::from_str(text.trim()) {
                Ok(_) => Error::unsupported(format!(
                    "CAST of a text to {target} that rounds or overflows"
                )),
                Err(_) => error,
            })
        }
        _ => SqlValue::parse(text, target),
    }
}

fn cast_int(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['-', '+']) {
        return None;
    }
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if hex.starts_with(['-', '+']) => None,
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16).ok(),
        None => format!("{sign}{digits}").parse().ok(),
    }
}
