//! FORMAT: values in a text.
//! Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_string>

use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode};
use rusqlite::types::{Value, ValueRef};

use super::json::{float, plain};
use super::{Arguments, Outcome, unknown};
use crate::googlesql::{SqlType, SqlValue};
use crate::storage;

/// A part of a format.
#[derive(Debug, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Value(Spec),
}

/// A format specifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spec {
    left: bool,
    zeros: bool,
    width: usize,
    places: Option<usize>,
    pub kind: Kind,
}

/// The conversion of a specifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// `%s`: a STRING.
    Text,
    /// `%d`, `%i`: an INT64.
    Whole,
    /// `%f`: a FLOAT64 or NUMERIC.
    Fixed,
    /// `%t`: any value as CAST prints it, but a FLOAT64 always with a decimal point.
    Plain,
    /// `%T`: any value as a literal.
    Literal,
}

/// The greatest width and precision.
const MOST: usize = 100;

/// The parts of a format. The error names an unsupported part.
pub(crate) fn parts(format: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some((text, after)) = rest.split_once('%') {
        parts.push(Part::Text(text.to_owned()));
        let end = after
            .find(|c: char| !matches!(c, '-' | '0'..='9' | '.'))
            .ok_or("the % at the end of a format")?;
        let letter = after[end..].chars().next().unwrap_or_default();
        let how = &after[..end];
        parts.push(match (how, letter) {
            ("", '%') => Part::Text("%".to_owned()),
            _ => Part::Value(
                spec(how, letter).ok_or_else(|| format!("the format element %{how}{letter}"))?,
            ),
        });
        rest = &after[end + letter.len_utf8()..];
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn spec(how: &str, letter: char) -> Option<Spec> {
    let kind = match letter {
        's' => Kind::Text,
        'd' | 'i' => Kind::Whole,
        'f' => Kind::Fixed,
        't' => Kind::Plain,
        'T' => Kind::Literal,
        _ => return None,
    };
    let (left, how) = match how.strip_prefix('-') {
        Some(how) => (true, how),
        None => (false, how),
    };
    let (zeros, how) = match how.strip_prefix('0') {
        Some(how) => (true, how),
        None => (false, how),
    };
    let (width, places) = match how.split_once('.') {
        Some((width, places)) => (width, Some(places.parse().ok()?)),
        None => (how, None),
    };
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    let fits = (!zeros || (!left && matches!(kind, Kind::Whole | Kind::Fixed)))
        && (places.is_none() || kind == Kind::Fixed)
        && width <= MOST
        && places.is_none_or(|places| places <= MOST);
    fits.then_some(Spec { left, zeros, width, places, kind })
}

/// `onerow_format(format, types, values…)`, with a comma after each type.
pub(super) fn format(arguments: &Arguments<'_>) -> Outcome {
    let mut types = arguments.text(1)?.split_terminator(',').map(SqlType::from_str);
    let mut text = String::new();
    let mut place = 2;
    for part in parts(arguments.text(0)?).map_err(|what| unknown(&what))? {
        match part {
            Part::Text(part) => text.push_str(&part),
            Part::Value(spec) => {
                let sql_type = types.next().transpose().map_err(|error| error.to_string())?;
                match value(spec, arguments.0.get_raw(place), sql_type)? {
                    Some(value) => text.push_str(&padded(spec, value)),
                    None => return Ok(Value::Null),
                }
                place += 1;
            }
        }
    }
    Ok(Value::Text(text))
}

/// `None` where a NULL makes the whole text NULL.
fn value(
    spec: Spec,
    kept: ValueRef<'_>,
    sql_type: Option<SqlType>,
) -> Result<Option<String>, String> {
    let value = storage::decode(kept, sql_type).map_err(|error| error.headline())?;
    Ok(Some(match (spec.kind, &value) {
        (Kind::Plain | Kind::Literal, SqlValue::Null) => "NULL".to_owned(),
        (_, SqlValue::Null) => return Ok(None),
        (Kind::Fixed, SqlValue::Float64(number)) => {
            // Adding 0 removes the sign of a zero.
            format!("{:.places$}", number + 0.0, places = spec.places.unwrap_or(6))
        }
        (Kind::Fixed, SqlValue::Numeric(number)) => {
            let number = BigDecimal::from_str(&number.to_string());
            fixed(&number.map_err(|error| error.to_string())?, spec.places.unwrap_or(6))
        }
        (Kind::Literal, _) => literal(&value, sql_type)?,
        (_, SqlValue::Float64(number)) => pointed(*number)?,
        _ => plain(&value),
    }))
}

/// Rounds half away from zero; a number rounded to 0 keeps its sign.
fn fixed(number: &BigDecimal, places: usize) -> String {
    let rounded = number.with_scale_round(places as i64, RoundingMode::HalfUp);
    let sign = if *number < 0 { "-" } else { "" };
    format!("{sign}{}", rounded.abs().to_plain_string())
}

/// BigQuery prints the sign of a zero, which SQLite does not keep.
fn pointed(number: f64) -> Result<String, String> {
    let text = float(number);
    match (number == 0.0, text.contains(['.', 'e'])) {
        (true, _) => {
            Err(unknown("the sign of a FLOAT64 that is 0, which FORMAT writes with %t and %T"))
        }
        (false, true) => Ok(text),
        (false, false) => Ok(text + ".0"),
    }
}

fn literal(value: &SqlValue, sql_type: Option<SqlType>) -> Result<String, String> {
    Ok(match (value, sql_type) {
        (SqlValue::Float64(number), _) => pointed(*number)?,
        (SqlValue::String(text), Some(SqlType::String)) => {
            let plain = |c: char| (c.is_ascii_graphic() && !"\"'\\`".contains(c)) || c == ' ';
            if !text.chars().all(plain) {
                return Err(unknown(&format!("'{text}' as FORMAT writes it with %T")));
            }
            format!("\"{text}\"")
        }
        (SqlValue::Bool(_) | SqlValue::Int64(_), _) => value.to_string(),
        (_, Some(sql_type)) => format!("{sql_type} \"{}\"", plain(value)),
        _ => return Err(unknown("FORMAT of such a value")),
    })
}

/// Padded to the width, in characters.
fn padded(spec: Spec, value: String) -> String {
    let missing = spec.width.saturating_sub(value.chars().count());
    match (spec.left, spec.zeros, value.strip_prefix('-')) {
        (true, ..) => value + &" ".repeat(missing),
        (_, true, Some(digits)) => format!("-{}{digits}", "0".repeat(missing)),
        (_, true, None) => "0".repeat(missing) + &value,
        _ => " ".repeat(missing) + &value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_a_format_is_named() {
        for (format, what) in [
            ("a%", "the % at the end"),
            ("%x", "%x"),
            ("%'d", "%'"),
            ("%*d", "%*"),
            ("%05s", "%05s"),
            ("%.2s", "%.2s"),
            ("%1000d", "%1000d"),
            ("%-05d", "%-05d"),
        ] {
            let error = parts(format).unwrap_err();
            assert!(error.contains(what), "{format}: {error}");
        }
        assert!(parts("a%%%s-%-5d|%08.2f%t%T").is_ok());
    }
}
