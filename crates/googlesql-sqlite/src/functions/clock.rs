//! Seconds since 1970, and times as text in a format.
//! Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_elements_date_time>

use jiff::civil::{Date, DateTime, Time};
use rusqlite::types::Value;

use super::time::{civil, day, local, zone};
use super::{Entry, Outcome, unknown};
use crate::storage::{datetime_micros, in_range, instant};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_unix_seconds", 1, |a| Ok(Value::Integer(a.int(0)?.div_euclid(1_000_000)))),
    ("onerow_unix_millis", 1, |a| Ok(Value::Integer(a.int(0)?.div_euclid(1_000)))),
    ("onerow_unix_date", 1, |a| {
        let since = day(a.text(0)?)?.duration_since(jiff::civil::date(1970, 1, 1));
        Ok(Value::Integer(since.as_hours() / 24))
    }),
    ("onerow_timestamp_seconds", 1, |a| timestamp(a.int(0)?.checked_mul(1_000_000))),
    ("onerow_timestamp_millis", 1, |a| timestamp(a.int(0)?.checked_mul(1_000))),
    ("onerow_timestamp_micros", 1, |a| timestamp(Some(a.int(0)?))),
    ("onerow_date_from_unix", 1, |a| {
        let micros = timestamp(a.int(0)?.checked_mul(crate::storage::DAY))?;
        let Value::Integer(micros) = micros else { return Ok(micros) };
        Ok(Value::Text(civil(micros)?.date().to_string()))
    }),
    ("onerow_format_timestamp", 3, |a| {
        let (format, zone_name) = (a.text(0)?, a.text(2)?);
        let at = local(a.int(1)?, zone_name)?;
        let instant = instant(a.int(1)?).map_err(|error| error.headline())?;
        let zone = zone(zone_name).ok_or_else(|| unknown("the time zone"))?;
        written(
            format,
            at,
            Some((a.int(1)?.div_euclid(1_000_000), zone.to_offset(instant).seconds())),
        )
    }),
    ("onerow_format_datetime", 2, |a| written(a.text(0)?, civil(a.int(1)?)?, None)),
    ("onerow_parse_timestamp", 2, |a| parse_timestamp(a.text(0)?, a.text(1)?)),
];

fn timestamp(micros: Option<i64>) -> Outcome {
    let micros = micros.and_then(|micros| in_range(micros).ok());
    micros.map(Value::Integer).ok_or_else(|| super::time::OUT_OF_RANGE.to_owned())
}

/// The elements of a format: those after a % without it, and every other character separately.
fn elements(format: &str) -> Vec<Result<&str, char>> {
    let mut elements = Vec::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c != '%' {
            elements.push(Err(c));
            rest = after;
            continue;
        }
        let length = match after.as_bytes() {
            [b'E', b'0'..=b'9' | b'*', b'S' | b'Y', ..] => 3,
            [b'E', b'z', ..] => 2,
            _ => after.chars().next().map_or(0, char::len_utf8),
        };
        elements.push(Ok(&after[..length]));
        rest = &after[length..];
    }
    elements
}

/// `at` in the format; `instant` has the seconds since 1970 and the UTC offset.
fn written(format: &str, at: DateTime, instant: Option<(i64, i32)>) -> Outcome {
    let element = |element| match element {
        Err(c) => Ok(String::from(c)),
        Ok(name) => date_element(name, at.date())
            .or_else(|| time_element(name, at))
            .or_else(|| zone_element(name, instant?))
            .ok_or_else(|| unknown(&format!("the format element %{name}"))),
    };
    elements(format).into_iter().map(element).collect::<Result<_, _>>().map(Value::Text)
}

fn date_element(name: &str, date: Date) -> Option<String> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    Some(match name {
        "Y" => year.to_string(),
        "y" => format!("{:02}", year.rem_euclid(100)),
        "C" => format!("{:02}", year / 100),
        "E4Y" => format!("{year:04}"),
        "m" => format!("{month:02}"),
        "d" => format!("{day:02}"),
        "e" => format!("{day:2}"),
        "j" => format!("{:03}", date.day_of_year()),
        "Q" => ((month - 1) / 3 + 1).to_string(),
        "F" => date.to_string(),
        "D" | "x" => format!("{month:02}/{day:02}/{:02}", year.rem_euclid(100)),
        "a" | "A" | "b" | "h" | "B" => date.strftime(&format!("%{name}")).to_string(),
        "u" => date.weekday().to_monday_one_offset().to_string(),
        "w" => date.weekday().to_sunday_zero_offset().to_string(),
        "G" => format!("{:04}", date.iso_week_date().year()),
        "V" => format!("{:02}", date.iso_week_date().week()),
        "n" => "\n".to_owned(),
        "t" => "\t".to_owned(),
        "%" => "%".to_owned(),
        _ => return None,
    })
}

fn time_element(name: &str, at: DateTime) -> Option<String> {
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let micros = format!("{:06}", at.subsec_nanosecond() / 1000);
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    Some(match name {
        "H" => format!("{hour:02}"),
        "I" => format!("{twelve:02}"),
        "M" => format!("{minute:02}"),
        "S" => format!("{second:02}"),
        "p" => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
        "T" | "X" => format!("{hour:02}:{minute:02}:{second:02}"),
        "R" => format!("{hour:02}:{minute:02}"),
        "E*S" => match micros.trim_end_matches('0') {
            "" => format!("{second:02}"),
            fraction => format!("{second:02}.{fraction}"),
        },
        "E3S" => format!("{second:02}.{}", &micros[..3]),
        "E6S" => format!("{second:02}.{micros}"),
        _ => return None,
    })
}

/// Offsets of whole minutes only.
fn zone_element(name: &str, (seconds, offset): (i64, i32)) -> Option<String> {
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() % 3600 / 60);
    Some(match name {
        "s" => seconds.to_string(),
        "z" if offset % 60 == 0 => format!("{sign}{hours:02}{minutes:02}"),
        "Ez" if offset % 60 == 0 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => return None,
    })
}

/// The first unsupported element of a format of FORMAT_TIMESTAMP or FORMAT_DATETIME.
pub(crate) fn unknown_element(format: &str, of_instant: bool) -> Option<&str> {
    let at = jiff::civil::datetime(2026, 1, 28, 0, 0, 0, 0);
    elements(format).into_iter().filter_map(Result::ok).find(|name| {
        date_element(name, at.date()).is_none()
            && time_element(name, at).is_none()
            && (!of_instant || zone_element(name, (0, 0)).is_none())
    })
}

/// Whether PARSE_TIMESTAMP supports this format: it has a whole date and no element twice. `%F` is left out:
/// BigQuery documents it, but the reference implementation used in tests reads nothing with it.
pub(crate) fn is_parsed(format: &str) -> bool {
    let mut fields: Vec<char> = Vec::new();
    for element in elements(format) {
        match element {
            Err(c) if c.is_whitespace() && c != ' ' => return false,
            Err(_) => {}
            Ok("T") => fields.extend("HMS".chars()),
            Ok("R") => fields.extend("HM".chars()),
            Ok("E*S") => fields.push('S'),
            Ok(name @ ("Y" | "m" | "d" | "H" | "M" | "S")) => fields.extend(name.chars()),
            Ok(_) => return false,
        }
    }
    let count = |field| fields.iter().filter(|known| **known == field).count();
    "Ymd".chars().all(|field| count(field) == 1) && "HMS".chars().all(|field| count(field) <= 1)
}

/// Accepts only text written exactly in the format; BigQuery also accepts looser texts.
fn parse_timestamp(format: &str, text: &str) -> Outcome {
    let open = || unknown(&format!("PARSE_TIMESTAMP('{format}', '{text}')"));
    let spelled = format.replace("%T", "%H:%M:%S").replace("%R", "%H:%M");
    let (at, rest) = read(&spelled, text).ok_or_else(open)?;
    if !rest.is_empty() || at.year() < 1 {
        return Err(open());
    }
    let micros = datetime_micros(at).map_err(|error| error.headline())?;
    in_range(micros).map(Value::Integer).map_err(|error| error.headline())
}

/// Reads a text by a format, and returns the rest of the text.
fn read<'t>(format: &str, text: &'t str) -> Option<(DateTime, &'t str)> {
    let mut rest = text;
    let mut fields = [0_i16, 1, 1, 0, 0, 0];
    let mut nanos = 0;
    for element in elements(format) {
        let name = match element {
            Ok(name) => name,
            Err(c) => {
                rest = rest.strip_prefix(c)?;
                continue;
            }
        };
        let place = "YmdHMS".find(name.chars().last()?)?;
        (fields[place], rest) = number(rest, if place == 0 { 4 } else { 2 })?;
        if name == "E*S"
            && let Some(fraction) = rest.strip_prefix('.')
        {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let micros: i32 =
                (1..=6).contains(&digits).then(|| fraction[..digits].parse().ok())??;
            nanos = micros * 10_i32.pow(9 - u32::try_from(digits).ok()?);
            rest = &fraction[digits..];
        }
    }
    let [year, month, day, hour, minute, second] = fields;
    let small = |field: i16| i8::try_from(field).ok();
    let date = Date::new(year, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()?;
    Some((date.to_datetime(time), rest))
}

/// The number of exactly this many digits, and the rest.
fn number(text: &str, digits: usize) -> Option<(i16, &str)> {
    let (digits, after) = text.split_at_checked(digits)?;
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some((number, after))
}
