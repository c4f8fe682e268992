//! JSON_VALUE and JSON_EXTRACT_SCALAR: a scalar in JSON text.
//! Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_value>

use std::borrow::Cow;
use std::fmt;

use rusqlite::types::Value;
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[("onerow_json_value", 2, json_value)];

/// The names and indexes of a path such as `$.a[0]."b c"`; `None` for other forms.
pub(crate) fn steps(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(quoted) = rest.strip_prefix(".\"") {
            quoted.split_once('"').filter(|(name, _)| !name.is_empty() && !name.contains('\\'))?
        } else if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            name.split_at_checked(end).filter(|(n, _)| !n.is_empty() && n.chars().all(plain))?
        } else {
            let place = rest.strip_prefix('[')?.split_once(']')?;
            let canonical =
                |digits: &str| digits.parse::<u32>().is_ok_and(|n| n.to_string() == digits);
            Some(place).filter(|(digits, _)| canonical(digits))?
        };
        steps.push(step.to_owned());
        rest = after;
    }
    Some(steps)
}

/// GoogleSQL partly reads texts that are not valid JSON; those are unsupported.
fn json_value(arguments: &Arguments<'_>) -> Outcome {
    let (text, path) = (arguments.text(0)?, arguments.text(1)?);
    let steps = steps(path).ok_or_else(|| unknown(&format!("the JSONPath '{path}'")))?;
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return match is_certainly_none(text) {
            true => Ok(Value::Null),
            false => Err(unknown("a value in a text that is not well-formed JSON")),
        };
    }
    let mut value = text.trim();
    for step in &steps {
        match member(value, step)? {
            Some(member) => value = member,
            None => return Ok(Value::Null),
        }
    }
    scalar(value)
}

/// Whether GoogleSQL too finds no value at the start of the text.
fn is_certainly_none(text: &str) -> bool {
    text.trim_ascii_start().chars().next().is_none_or(|c| {
        c.is_alphabetic() && !matches!(c, 't' | 'f' | 'n' | 'N' | 'I' | 'i') || c == '%'
    })
}

fn scalar(value: &str) -> Outcome {
    Ok(match value.as_bytes().first() {
        Some(b'{' | b'[' | b'n') => Value::Null,
        Some(b'"') => Value::Text(serde_json::from_str(value).map_err(|_| escaped())?),
        _ => Value::Text(value.to_owned()),
    })
}

fn escaped() -> String {
    unknown("an escape sequence in JSON that stands for no character")
}

/// The member of an object, or the element of an array.
fn member<'a>(value: &'a str, step: &str) -> Result<Option<&'a str>, String> {
    let mut reader = serde_json::Deserializer::from_str(value);
    let found = match value.as_bytes().first() {
        Some(b'{') => reader.deserialize_map(Member(step)),
        Some(b'[') => reader.deserialize_seq(Element(step.parse().ok())),
        _ => return Ok(None),
    };
    match found.map_err(|_| escaped())? {
        Found::Nothing => Ok(None),
        Found::One(value) => Ok(Some(value.get())),
        Found::Several => Err(unknown(&format!("JSON in which `{step}` is listed twice"))),
    }
}

enum Found<'a> {
    Nothing,
    One(&'a RawValue),
    Several,
}

struct Member<'s>(&'s str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Nothing;
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let value: &'de RawValue = map.next_value()?;
            if name.0 == self.0 {
                found = match found {
                    Found::Nothing => Found::One(value),
                    _ => Found::Several,
                };
            }
        }
        Ok(found)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Element(Option<usize>);

impl<'de> Visitor<'de> for Element {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Nothing;
        let mut place = 0;
        while let Some(value) = elements.next_element::<&'de RawValue>()? {
            if Some(place) == self.0 {
                found = Found::One(value);
            }
            place += 1;
        }
        Ok(found)
    }
}
