//! Functions of dates and times.

use sqlparser::ast::{DateTimeField, Expr, Interval};

use super::function::Call;
use super::scope::Scope;
use super::table::Row;
use super::term::Term;
use super::{Lowering, refused, unsupported};
use crate::error::{Error, Result};
use crate::functions;
use crate::googlesql::{SqlType, SqlValue};

/// Microseconds of each part that always lasts equally long.
const FIXED: &[(&str, i64)] = &[
    ("MICROSECOND", 1),
    ("MILLISECOND", 1_000),
    ("SECOND", 1_000_000),
    ("MINUTE", 60_000_000),
    ("HOUR", 3_600_000_000),
    ("DAY", 86_400_000_000),
];

/// Parts that a TIMESTAMP is not shifted by.
const MONTHS: &[&str] = &["WEEK", "MONTH", "QUARTER", "YEAR"];

impl Lowering<'_> {
    /// `CURRENT_DATE([zone])` and the like.
    pub(super) fn current(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let now = self.now.as_microsecond();
        let zone = match (args, row.list(args.len())) {
            ([], Some(_)) => "'UTC'".to_owned(),
            ([zone], Some(_)) => self.zone(zone, scope)?,
            _ => return Err(refused(format!("{name} does not take {} arguments", args.len()))),
        };
        Ok(match name {
            "CURRENT_DATE" => Term::new(format!("onerow_date_of({now}, {zone})"), SqlType::Date),
            "CURRENT_DATETIME" => {
                Term::new(format!("onerow_datetime_of({now}, {zone})"), SqlType::Datetime)
            }
            _ => Term::new(now.to_string(), SqlType::Timestamp),
        })
    }

    /// A time zone, which must be a literal or parameter that names a known one.
    fn zone(&self, zone: &Expr, scope: &Scope<'_>) -> Result<String> {
        let term = self.expr(zone, scope)?;
        match &term.constant {
            Some(SqlValue::String(name)) if functions::zone(name).is_some() => {
                Ok(self.constant(SqlValue::String(name.clone()))?.sql)
            }
            _ => Err(unsupported(format!("the time zone {zone}"))),
        }
    }

    /// `DATE(…)`, of a date's numbers too.
    pub(super) fn date(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        if call.args.len() != 3 {
            return self.converted_time(row, call, scope);
        }
        let mut texts = Vec::new();
        for term in self.arguments(&call.args, scope)? {
            texts.push(self.expect(term, SqlType::Int64, "an argument of DATE")?.sql);
        }
        Ok(Term::new(format!("onerow_make_date({})", texts.join(", ")), SqlType::Date))
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
        let sql = &term.sql;
        let unknown = || unsupported(format!("{name} of {}", term.type_name()));
        let from = term.sql_type.ok_or_else(unknown)?;
        let in_zone = zone.as_deref().unwrap_or("'UTC'");
        let utc = zone.is_none();
        Ok(match (name, from) {
            ("DATE", Timestamp) => Term::new(format!("onerow_date_of({sql}, {in_zone})"), Date),
            ("DATE", Datetime) if utc => Term::new(format!("onerow_date_of({sql}, 'UTC')"), Date),
            ("DATE", Date) | ("DATETIME", Datetime) | ("TIMESTAMP", Timestamp) if utc => {
                Term { constant: None, ..term }
            }
            ("DATETIME", Timestamp) => {
                Term::new(format!("onerow_datetime_of({sql}, {in_zone})"), Datetime)
            }
            ("DATETIME", Date) if utc => Term::new(format!("onerow_midnight({sql})"), Datetime),
            ("TIMESTAMP", Date) if utc => Term::new(format!("onerow_midnight({sql})"), Timestamp),
            ("TIMESTAMP", Datetime) if utc => Term::new(sql.clone(), Timestamp),
            ("TIMESTAMP", String) if utc => {
                Term::new(format!("onerow_cast({sql}, 'TIMESTAMP')"), Timestamp)
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
        let direction = direction.to_ascii_lowercase();
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
        let sql = &term.sql;
        let sql = match (sql_type, micros(&part)) {
            (SqlType::Datetime | SqlType::Timestamp, Some(micros)) => {
                let micros = if direction == "sub" { -micros } else { micros };
                format!("onerow_shift({sql}, {count}, {micros})")
            }
            _ => {
                let kind = kind.to_ascii_lowercase();
                format!("onerow_{kind}_{direction}({sql}, {count}, '{part}')")
            }
        };
        Ok(Term::new(sql, sql_type))
    }

    fn interval(&self, interval: &Interval, scope: &Scope<'_>) -> Result<(String, String)> {
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
        Ok((count.sql, part.to_string().to_ascii_uppercase()))
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
        Ok(Term::new(format!("onerow_trunc('{kind}', {}, '{part}')", term.sql), sql_type))
    }

    /// `DATE_DIFF(later, earlier, part)` and the like.
    pub(super) fn difference(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let (name, args) = (row.name, call.args.as_slice());
        let [later, earlier, part] = args else {
            return Err(unsupported(format!("{name} with {} arguments", args.len())));
        };
        let part = part_name(part)?;
        let sql_type: SqlType = name.trim_end_matches("_DIFF").parse()?;
        let mut texts = Vec::new();
        for term in self.arguments(&[later, earlier], scope)? {
            if term.sql_type != Some(sql_type) && is_temporal(&term) {
                return Err(unsupported(format!("{name} of {}", term.type_name())));
            }
            texts.push(self.expect(term, sql_type, &format!("an argument of {name}"))?.sql);
        }
        let (later, earlier) = (&texts[0], &texts[1]);
        if !row.parts().contains(&part.as_str()) {
            return Err(unsupported(format!("{name} in {part}")));
        }
        let sql = match (sql_type, micros(&part)) {
            (SqlType::Timestamp, Some(micros)) => format!("(({later} - {earlier}) / {micros})"),
            _ => format!("onerow_date_diff({later}, {earlier}, '{part}')"),
        };
        Ok(Term::new(sql, SqlType::Int64))
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
        let (takes, gives) = match name {
            "PARSE_DATE" => (SqlType::String, SqlType::Date),
            _ => (SqlType::Date, SqlType::String),
        };
        let operand = self.expr(operand, scope)?;
        if operand.sql_type != Some(takes) && is_temporal(&operand) {
            return Err(unsupported(format!("{name} of {}", operand.type_name())));
        }
        let operand = self.expect(operand, takes, &format!("the second argument of {name}"))?;
        let function = format!("onerow_{}", name.to_ascii_lowercase());
        Ok(Term::new(format!("{function}({}, {})", format.sql, operand.sql), gives))
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
        let zone = zone.unwrap_or_else(|| "'UTC'".to_owned());
        let local = &term.sql;
        let kind = if term.sql_type == Some(SqlType::Date) { "DATE" } else { "DATETIME" };
        if part == "DATE" && kind == "DATETIME" {
            return Ok(Term::new(format!("onerow_date_of({local}, {zone})"), SqlType::Date));
        }
        let dates =
            ["YEAR", "QUARTER", "MONTH", "DAY", "DAYOFWEEK", "DAYOFYEAR", "ISOWEEK", "ISOYEAR"];
        let times = ["HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];
        let known = dates.contains(&part.as_str())
            || (kind == "DATETIME" && times.contains(&part.as_str()));
        if !known {
            return Err(unsupported(format!("EXTRACT({part} FROM {})", term.type_name())));
        }
        let sql = format!("onerow_extract('{kind}', {local}, '{part}', {zone})");
        Ok(Term::new(sql, SqlType::Int64))
    }
}

/// The microseconds of a part that always lasts equally long.
fn micros(part: &str) -> Option<i64> {
    FIXED.iter().find(|(known, _)| *known == part).map(|(_, micros)| *micros)
}

/// The error for a time that is not shifted by such an interval.
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

/// Whether it is of a type that functions of another such type may take too.
fn is_temporal(term: &Term) -> bool {
    matches!(term.sql_type, Some(SqlType::Date | SqlType::Datetime | SqlType::Timestamp))
}

fn part_name(part: &Expr) -> Result<String> {
    match part {
        Expr::Identifier(name) if name.quote_style.is_none() => Ok(name.value.to_ascii_uppercase()),
        other => Err(unsupported(format!("the date part `{other}`"))),
    }
}
