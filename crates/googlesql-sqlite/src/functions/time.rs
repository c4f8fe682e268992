//! Functions of DATE, DATETIME and TIMESTAMP. A DATE is stored as text, the others as microseconds.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use rusqlite::types::Value;

use super::{Arguments, Entry, Outcome, unknown};
use crate::googlesql::strict_date;
use crate::storage::{datetime, datetime_micros, in_range, instant};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_date_of", 2, |a| written(local(a.int(0)?, a.text(1)?)?.date())),
    ("onerow_datetime_of", 2, |a| micros(local(a.int(0)?, a.text(1)?)?)),
    ("onerow_midnight", 1, |a| micros(day(a.text(0)?)?.to_datetime(jiff::civil::Time::midnight()))),
    ("onerow_make_date", 3, make_date),
    ("onerow_date_add", 3, |a| later_date(a, Some(a.int(1)?))),
    ("onerow_date_sub", 3, |a| later_date(a, a.int(1)?.checked_neg())),
    ("onerow_datetime_add", 3, |a| later_datetime(a, Some(a.int(1)?))),
    ("onerow_datetime_sub", 3, |a| later_datetime(a, a.int(1)?.checked_neg())),
    ("onerow_shift", 3, shift),
    ("onerow_date_diff", 3, date_diff),
    ("onerow_extract", 4, |a| {
        let at = match a.text(0)? {
            "DATE" => at(a)?,
            _ => local(a.int(1)?, a.text(3)?)?,
        };
        extract(a.text(0)?, at, a.text(2)?)
    }),
    ("onerow_trunc", 3, |a| {
        let truncated = trunc(at(a)?, a.text(2)?)?;
        match a.text(0)? {
            "DATE" => written(truncated.date()),
            _ => micros(truncated),
        }
    }),
    ("onerow_parse_date", 2, |a| parse_date(a.text(0)?, a.text(1)?)),
    ("onerow_safe_date", 1, |a| Ok(cast_date(a.text(0)?).map_or(Value::Null, Value::Text))),
    ("onerow_format_date", 2, |a| format_date(a.text(0)?, day(a.text(1)?)?)),
];

pub(super) const OUT_OF_RANGE: &str = "the result is out of range";

/// The time zone of this name in the IANA database.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
}

pub(super) fn local(micros: i64, zone_name: &str) -> Result<DateTime, String> {
    if zone_name == "UTC" {
        return civil(micros);
    }
    let zone = zone(zone_name).ok_or_else(|| unknown(&format!("the time zone `{zone_name}`")))?;
    Ok(zone.to_datetime(instant(micros).map_err(|error| error.headline())?))
}

pub(super) fn civil(micros: i64) -> Result<DateTime, String> {
    datetime(micros).map_err(|error| error.headline())
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    strict_date(text).ok_or_else(|| format!("`{text}` is not a date"))
}

/// The second argument, of the type that the first one names.
fn at(arguments: &Arguments<'_>) -> Result<DateTime, String> {
    match arguments.text(0)? {
        "DATE" => Ok(day(arguments.text(1)?)?.to_datetime(jiff::civil::Time::midnight())),
        _ => civil(arguments.int(1)?),
    }
}

fn written(date: Date) -> Outcome {
    match date.year() {
        1.. => Ok(Value::Text(date.to_string())),
        _ => Err(OUT_OF_RANGE.to_owned()),
    }
}

fn micros(datetime: DateTime) -> Outcome {
    let micros = datetime_micros(datetime).map_err(|error| error.headline())?;
    in_range(micros).map(Value::Integer).map_err(|error| error.headline())
}

/// The date shifted by `count` parts; `None` means an overflow.
fn later_date(arguments: &Arguments<'_>, count: Option<i64>) -> Outcome {
    let span = span(count.ok_or(OUT_OF_RANGE)?, arguments.text(2)?)?;
    written(day(arguments.text(0)?)?.checked_add(span).map_err(|_| OUT_OF_RANGE.to_owned())?)
}

fn later_datetime(arguments: &Arguments<'_>, count: Option<i64>) -> Outcome {
    let span = span(count.ok_or(OUT_OF_RANGE)?, arguments.text(2)?)?;
    micros(civil(arguments.int(0)?)?.checked_add(span).map_err(|_| OUT_OF_RANGE.to_owned())?)
}

/// `onerow_shift(instant, count, microseconds)`
fn shift(arguments: &Arguments<'_>) -> Outcome {
    let (from, count, micros) = (arguments.int(0)?, arguments.int(1)?, arguments.int(2)?);
    let shifted = count.checked_mul(micros).and_then(|by| from.checked_add(by));
    let shifted = shifted.and_then(|shifted| in_range(shifted).ok());
    shifted.map(Value::Integer).ok_or_else(|| OUT_OF_RANGE.to_owned())
}

fn make_date(arguments: &Arguments<'_>) -> Outcome {
    let (year, month, day) = (arguments.int(0)?, arguments.int(1)?, arguments.int(2)?);
    if [year, month, day].iter().any(|number| i32::try_from(*number).is_err()) {
        return Err(unknown("DATE of numbers beyond 32 bits"));
    }
    let wrong = || format!("{year}-{month}-{day} is not a date");
    let date = Date::new(
        i16::try_from(year).map_err(|_| wrong())?,
        i8::try_from(month).map_err(|_| wrong())?,
        i8::try_from(day).map_err(|_| wrong())?,
    )
    .map_err(|_| wrong())?;
    written(date)
}

fn span(count: i64, part: &str) -> Result<Span, String> {
    let empty = Span::new();
    match part {
        "DAY" => empty.try_days(count),
        "WEEK" => empty.try_weeks(count),
        "MONTH" => empty.try_months(count),
        "QUARTER" => empty.try_months(count.saturating_mul(3)),
        "YEAR" => empty.try_years(count),
        "HOUR" => empty.try_hours(count),
        "MINUTE" => empty.try_minutes(count),
        "SECOND" => empty.try_seconds(count),
        "MILLISECOND" => empty.try_milliseconds(count),
        "MICROSECOND" => empty.try_microseconds(count),
        _ => return Err(unknown(&format!("intervals of {part}"))),
    }
    .map_err(|_| OUT_OF_RANGE.to_owned())
}

fn date_diff(arguments: &Arguments<'_>) -> Outcome {
    let (later, earlier) = (day(arguments.text(0)?)?, day(arguments.text(1)?)?);
    let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
    Ok(Value::Integer(match arguments.text(2)? {
        "DAY" => i64::from((later - earlier).get_days()),
        "MONTH" => months(later) - months(earlier),
        "YEAR" => i64::from(later.year() - earlier.year()),
        part => return Err(unknown(&format!("differences in {part}"))),
    }))
}

fn extract(kind: &str, at: DateTime, part: &str) -> Outcome {
    let micros = i64::from(at.subsec_nanosecond() / 1000);
    Ok(Value::Integer(match part {
        "YEAR" => at.year().into(),
        "QUARTER" => i64::from((at.month() - 1) / 3 + 1),
        "MONTH" => at.month().into(),
        "DAY" => at.day().into(),
        "DAYOFWEEK" => i64::from(at.weekday().to_sunday_one_offset()),
        "DAYOFYEAR" => at.day_of_year().into(),
        "ISOWEEK" => at.date().iso_week_date().week().into(),
        "ISOYEAR" => at.date().iso_week_date().year().into(),
        "HOUR" if kind != "DATE" => at.hour().into(),
        "MINUTE" if kind != "DATE" => at.minute().into(),
        "SECOND" if kind != "DATE" => at.second().into(),
        "MILLISECOND" if kind != "DATE" => micros / 1000,
        "MICROSECOND" if kind != "DATE" => micros,
        _ => return Err(unknown(&format!("EXTRACT({part} FROM {kind})"))),
    }))
}

fn trunc(at: DateTime, part: &str) -> Result<DateTime, String> {
    let date = at.date();
    let first = |month: i8| jiff::civil::date(date.year(), month, 1);
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let midnight = |date: Date| date.at(0, 0, 0, 0);
    Ok(match part {
        "DAY" => midnight(date),
        "WEEK" => midnight(back_to(date, Weekday::Sunday)?),
        "ISOWEEK" => midnight(back_to(date, Weekday::Monday)?),
        "MONTH" => midnight(first(date.month())),
        "QUARTER" => midnight(first((date.month() - 1) / 3 * 3 + 1)),
        "YEAR" => midnight(first(1)),
        "HOUR" => date.at(hour, 0, 0, 0),
        "MINUTE" => date.at(hour, minute, 0, 0),
        "SECOND" => date.at(hour, minute, second, 0),
        _ => return Err(unknown(&format!("truncation to {part}"))),
    })
}

fn back_to(date: Date, weekday: Weekday) -> Result<Date, String> {
    let days = weekday.until(date.weekday());
    date.checked_sub(i64::from(days).days()).map_err(|_| OUT_OF_RANGE.to_owned())
}

/// The supported formats of PARSE_DATE.
pub(crate) const PARSED: [&str; 2] = ["%Y%m%d", "%Y-%m-%d"];

/// Accepts only text written exactly in the format; BigQuery also accepts looser texts.
fn parse_date(format: &str, text: &str) -> Outcome {
    let rearranged = match format {
        "%Y%m%d" if text.len() == 8 && text.is_ascii() => {
            format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
        }
        "%Y-%m-%d" => text.to_owned(),
        _ => String::new(),
    };
    strict_date(&rearranged)
        .map(|date| Value::Text(date.to_string()))
        .ok_or_else(|| unknown(&format!("PARSE_DATE('{format}', '{text}')")))
}

/// `SAFE_CAST(text AS DATE)`: a year of four digits, month and day of one or two, and nothing else.
fn cast_date(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let mut part = |least: usize, most: usize| {
        let digits = parts.next()?;
        let fits = (least..=most).contains(&digits.len());
        (fits && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    };
    let (year, month, day) = (part(4, 4)?, part(1, 2)?, part(1, 2)?);
    let date = strict_date(&format!("{year}-{month:0>2}-{day:0>2}"))?;
    parts.next().is_none().then(|| date.to_string())
}

fn format_date(format: &str, date: Date) -> Outcome {
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        text.push_str(&match (c, c == '%') {
            (c, false) => c.to_string(),
            _ => match chars.next() {
                Some('Y') => date.year().to_string(),
                Some('m') => format!("{:02}", date.month()),
                Some('d') => format!("{:02}", date.day()),
                Some('F') => date.to_string(),
                Some('%') => "%".to_owned(),
                _ => return Err(unknown(&format!("FORMAT_DATE('{format}', …)"))),
            },
        });
    }
    Ok(Value::Text(text))
}
