//! Functions of dates and times.

use sqlparser::ast::{DateTimeField, Expr, Interval};

use super::function::Call;
use super::scope::Scope;
use super::table::Row;
use super::{Binder, refused, unsupported};
use crate::error::{Error, Result};
use crate::functions;
use crate::googlesql::{SqlType, SqlValue};
use crate::tree::{Form, Term};

/// Microseconds of each part that has a fixed length.
const FIXED: &[(&str, i64)] = &[
    ("MICROSECOND", 1),
    ("MILLISECOND", 1_000),
    ("SECOND", 1_000_000),
    ("MINUTE", 60_000_000),
    ("HOUR", 3_600_000_000),
    ("DAY", 86_400_000_000),
];

/// Parts by which a TIMESTAMP cannot be shifted.
const MONTHS: &[&str] = &["WEEK", "MONTH", "QUARTER", "YEAR"];

impl Binder<'_> {
    /// `CURRENT_DATE([zone])` and the like.
    pub(super) fn current(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let now = Term::number(self.now.as_microsecond(), SqlType::Timestamp);
        let zone = match (args, row.list(args.len())) {
            ([], Some(_)) => Term::word("UTC"),
            ([zone], Some(_)) => self.zone(zone, scope)?,
            _ => return Err(refused(format!("{name} does not take {} arguments", args.len()))),
        };
        Ok(match name {
            "CURRENT_DATE" => call_of("onerow_date_of", vec![now, zone], SqlType::Date),
            "CURRENT_DATETIME" => call_of("onerow_datetime_of", vec![now, zone], SqlType::Datetime),
            _ => now,
        })
    }

    /// A time zone, which must be a literal or parameter that names a supported one.
    pub(super) fn zone(&self, zone: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let term = self.expr(zone, scope)?;
        match &term.constant {
            Some(SqlValue::String(name)) if functions::zone(name).is_some() => Ok(Term::word(name)),
            _ => Err(unsupported(format!("the time zone {zone}"))),
        }
    }

    /// `DATE(…)`, also of year, month and day.
    pub(super) fn date(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        if call.args.len() != 3 {
            return self.converted_time(row, call, scope);
        }
        let mut parts = Vec::new();
        for term in self.arguments(&call.args, scope)? {
            parts.push(self.expect(term, SqlType::Int64, "an argument of DATE")?);
        }
        Ok(call_of("onerow_make_date", parts, SqlType::Date))
    }

    /// `DATE(value[, zone])` and the like.
    pub(super) fn converted_time(
        &self,
        row: &Row,
        call: &Call<'_>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        use SqlType::{Date, Datetime, String, Timestamp};
        let (name, args) = (row.name, call.args.as_slice());
        let (first, zone) = match args {
            [first] => (first, None),
            [first, zone] => (first, Some(self.zone(zone, scope)?)),
            _ => return Err(unsupported(format!("{name} with {} arguments", args.len()))),
        };
        let term = self.expr(first, scope)?;
        let unknown = || unsupported(format!("{name} of {}", term.type_name()));
        let from = term.sql_type.ok_or_else(unknown)?;
        let utc = zone.is_none();
        let in_zone = zone.unwrap_or_else(|| Term::word("UTC"));
        Ok(match (name, from) {
            ("DATE", Timestamp) => call_of("onerow_date_of", vec![term, in_zone], Date),
            ("DATE", Datetime) if utc => call_of("onerow_date_of", vec![term, in_zone], Date),
            ("DATE", Date) | ("DATETIME", Datetime) | ("TIMESTAMP", Timestamp) if utc => {
                Term { constant: None, ..term }
            }
            ("DATETIME", Timestamp) => call_of("onerow_datetime_of", vec![term, in_zone], Datetime),
            ("DATETIME", Date) if utc => call_of("onerow_midnight", vec![term], Datetime),
            ("TIMESTAMP", Date) if utc => call_of("onerow_midnight", vec![term], Timestamp),
            ("TIMESTAMP", Datetime) if utc => Term::of(term.node, Some(Timestamp)),
            ("TIMESTAMP", String) if utc => {
                call_of("onerow_cast", vec![term, Term::word("TIMESTAMP")], Timestamp)
            }
            _ => return Err(unknown()),
        })
    }

    /// `DATE_ADD(value, INTERVAL …)` and the like.
    pub(super) fn shifted_time(
        &self,
        row: &Row,
        call: &Call<'_>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let (operand, interval) = match args {
            [operand, Expr::Interval(interval)] => (operand, interval),
            [_, Expr::Value(_)] => {
                return Err(refused(format!("{name} takes an INTERVAL, not a number"))
                    .help(format!("write `{name}(value, INTERVAL 1 DAY)`")));
            }
            _ => return Err(unsupported(format!("{name} without INTERVAL"))),
        };
        let (kind, direction) = name.split_once('_').unwrap_or((name, ""));
        let back = direction == "SUB";
        let sql_type: SqlType = kind.parse()?;
        let term = self.expr(operand, scope)?;
        if term.constant.is_none() && term.sql_type != Some(sql_type) {
            return Err(unsupported(format!("{name} of {}", term.type_name())));
        }
        let term = self.expect(term, sql_type, &format!("the first argument of {name}"))?;
        let (count, part) = self.interval(interval, scope)?;
        if !row.parts().contains(&part.as_str()) {
            return Err(not_shifted(name, sql_type, &part));
        }
        let shifted = match (sql_type, micros(&part)) {
            (SqlType::Datetime | SqlType::Timestamp, Some(micros)) => {
                let micros = if back { -micros } else { micros };
                let args = vec![term, count, Term::number(micros, SqlType::Int64)];
                call_of("onerow_shift", args, sql_type)
            }
            _ => {
                let function = match (sql_type, back) {
                    (SqlType::Date, false) => "onerow_date_add",
                    (SqlType::Date, true) => "onerow_date_sub",
                    (_, false) => "onerow_datetime_add",
                    (_, true) => "onerow_datetime_sub",
                };
                call_of(function, vec![term, count, Term::word(&part)], sql_type)
            }
        };
        Ok(shifted)
    }

    fn interval(&self, interval: &Interval, scope: &Scope<'_>) -> Result<(Term, String)> {
        let Interval {
            value,
            leading_field,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        } = interval
        else {
            return Err(unsupported(format!("`{interval}`")));
        };
        let Some(part) = leading_field else {
            return Err(unsupported(format!("`{interval}`")));
        };
        let count = self.expr(value, scope)?;
        let count = self.expect(count, SqlType::Int64, "the number of INTERVAL")?;
        Ok((count, part.to_string().to_ascii_uppercase()))
    }

    /// `DATE_TRUNC(value, part)` and the like.
    pub(super) fn truncated(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let [operand, part] = args else {
            return Err(unsupported(format!("{name} with {} arguments", args.len())));
        };
        let part = part_name(part)?;
        let kind = name.trim_end_matches("_TRUNC");
        let sql_type: SqlType = kind.parse()?;
        let term = self.expr(operand, scope)?;
        let term = match term.sql_type {
            Some(given) if given == sql_type => term,
            _ => return Err(unsupported(format!("{name} of {}", term.type_name()))),
        };
        if !row.parts().contains(&part.as_str()) {
            return Err(unsupported(format!("{name} to {part}")));
        }
        let args = vec![Term::word(kind), term, Term::word(&part)];
        Ok(call_of("onerow_trunc", args, sql_type))
    }

    /// `DATE_DIFF(later, earlier, part)` and the like.
    pub(super) fn difference(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let [later, earlier, part] = args else {
            return Err(unsupported(format!("{name} with {} arguments", args.len())));
        };
        let part = part_name(part)?;
        let sql_type: SqlType = name.trim_end_matches("_DIFF").parse()?;
        let mut sides = Vec::new();
        for term in self.arguments(&[later, earlier], scope)? {
            if term.sql_type != Some(sql_type) && is_temporal(&term) {
                return Err(unsupported(format!("{name} of {}", term.type_name())));
            }
            sides.push(self.expect(term, sql_type, &format!("an argument of {name}"))?);
        }
        if !row.parts().contains(&part.as_str()) {
            return Err(unsupported(format!("{name} in {part}")));
        }
        Ok(match (sql_type, micros(&part)) {
            (SqlType::Timestamp, Some(micros)) => {
                Term::call(Form::Elapsed(micros), sides, SqlType::Int64)
            }
            _ => {
                sides.push(Term::word(&part));
                call_of("onerow_date_diff", sides, SqlType::Int64)
            }
        })
    }

    /// `PARSE_DATE(format, text)` and `FORMAT_DATE(format, date)`.
    pub(super) fn formatted(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let [format, operand] = args else {
            return Err(unsupported(format!("{name} with {} arguments", args.len())));
        };
        let format = self.expr(format, scope)?;
        let format = self.expect(format, SqlType::String, "a format")?;
        if let ("PARSE_DATE", Some(SqlValue::String(text))) = (name, &format.constant)
            && !row.formats().contains(&text.as_str())
        {
            return Err(unsupported(format!("PARSE_DATE('{text}', …)")));
        }
        let (function, takes, gives) = match name {
            "PARSE_DATE" => ("onerow_parse_date", SqlType::String, SqlType::Date),
            _ => ("onerow_format_date", SqlType::Date, SqlType::String),
        };
        let operand = self.expr(operand, scope)?;
        if operand.sql_type != Some(takes) && is_temporal(&operand) {
            return Err(unsupported(format!("{name} of {}", operand.type_name())));
        }
        let operand = self.expect(operand, takes, &format!("the second argument of {name}"))?;
        Ok(call_of(function, vec![format, operand], gives))
    }

    /// `EXTRACT(field FROM operand [AT TIME ZONE …])`.
    pub(super) fn extract(
        &self,
        field: &DateTimeField,
        operand: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let (operand, zone) = match operand {
            Expr::AtTimeZone { timestamp, time_zone } => {
                (timestamp.as_ref(), Some(self.zone(time_zone, scope)?))
            }
            other => (other, None),
        };
        let term = self.expr(operand, scope)?;
        let part = field.to_string().to_ascii_uppercase();
        let known = match term.sql_type {
            Some(SqlType::Timestamp) => true,
            Some(SqlType::Datetime | SqlType::Date) => zone.is_none(),
            _ => false,
        };
        if !known {
            return Err(unsupported(format!("EXTRACT from {}", term.type_name())));
        }
        let zone = zone.unwrap_or_else(|| Term::word("UTC"));
        let kind = if term.sql_type == Some(SqlType::Date) { "DATE" } else { "DATETIME" };
        if part == "DATE" && kind == "DATETIME" {
            return Ok(call_of("onerow_date_of", vec![term, zone], SqlType::Date));
        }
        let dates =
            ["YEAR", "QUARTER", "MONTH", "DAY", "DAYOFWEEK", "DAYOFYEAR", "ISOWEEK", "ISOYEAR"];
        let times = ["HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];
        let known = dates.contains(&part.as_str())
            || (kind == "DATETIME" && times.contains(&part.as_str()));
        if !known {
            return Err(unsupported(format!("EXTRACT({part} FROM {})", term.type_name())));
        }
        let args = vec![Term::word(kind), term, Term::word(&part), zone];
        Ok(call_of("onerow_extract", args, SqlType::Int64))
    }
}

fn call_of(function: &'static str, args: Vec<Term>, sql_type: SqlType) -> Term {
    Term::call(Form::Call(function), args, sql_type)
}

/// The microseconds of a part that has a fixed length.
fn micros(part: &str) -> Option<i64> {
    FIXED.iter().find(|(known, _)| *known == part).map(|(_, micros)| *micros)
}

/// The error for a type that cannot be shifted by such an interval.
fn not_shifted(name: &str, sql_type: SqlType, part: &str) -> Error {
    let taken = || refused(format!("{name} does not take INTERVAL … {part}"));
    match (sql_type, micros(part)) {
        (SqlType::Timestamp, None) if MONTHS.contains(&part) => taken().help(
            "write the interval in DAY, or shift a DATETIME: \
             `TIMESTAMP(DATETIME_SUB(DATETIME(value), INTERVAL 3 MONTH))`",
        ),
        (SqlType::Date, Some(_)) => {
            taken().help("shift a DATETIME or TIMESTAMP by hours, minutes and seconds")
        }
        _ => unsupported(format!("{name} with INTERVAL … {part}")),
    }
}

/// Whether the term is a temporal value, which functions of another temporal type may accept too.
fn is_temporal(term: &Term) -> bool {
    matches!(term.sql_type, Some(SqlType::Date | SqlType::Datetime | SqlType::Timestamp))
}

fn part_name(part: &Expr) -> Result<String> {
    match part {
        Expr::Identifier(name) if name.quote_style.is_none() => Ok(name.value.to_ascii_uppercase()),
        other => Err(unsupported(format!("the date part `{other}`"))),
    }
}
