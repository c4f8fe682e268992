//! One JSON object a line.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Source, Table};
use crate::error::Result;
use crate::googlesql::{Ident, SqlType, SqlValue};

pub(super) fn read(source: &Source<'_>, known: &[(Ident, SqlType)]) -> Result<Table> {
    let mut used = vec![false; known.len()];
    let mut rows = Vec::new();
    for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
        let object = parse(source, line)?;
        let mut row = vec![None; known.len()];
        for (name, raw) in object.0 {
            let place = place(source, raw.get());
            let column = source.column(place.clone(), &name, known)?;
            let index = known.iter().position(|one| one == column).unwrap_or_default();
            if row[index].is_some() {
                return Err(source.error(place, format!("key {} stands twice", column.0)));
            }
            used[index] = true;
            row[index] = Some(value(source, place, raw.get(), column)?);
        }
        rows.push(row);
    }
    let used: Vec<usize> = (0..known.len()).filter(|i| used[*i]).collect();
    let rows = rows
        .into_iter()
        .map(|mut row| used.iter().map(|i| row[*i].take().unwrap_or(SqlValue::Null)).collect());
    Ok(Table { columns: used.iter().map(|i| known[*i].clone()).collect(), rows: rows.collect() })
}

fn parse<'a>(source: &Source<'_>, line: &'a str) -> Result<Object<'a>> {
    serde_json::from_str(line).map_err(|error| {
        let start = place(source, line).start;
        let column = error.column().saturating_sub(1).min(line.len());
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        source.error(start + column..start + column, format!("this is not a JSON object: {what}"))
    })
}

fn value(
    source: &Source<'_>,
    place: Range<usize>,
    raw: &str,
    column: &(Ident, SqlType),
) -> Result<SqlValue> {
    let wrong = |wanted: &str| {
        let message = format!("column {} is of type {}; write {wanted}", column.0, column.1);
        Err(source.error(place.clone(), message))
    };
    let takes_numbers = matches!(
        column.1,
        SqlType::Int64 | SqlType::Float64 | SqlType::Numeric | SqlType::BigNumeric
    );
    match raw.as_bytes().first() {
        Some(b'n') => Ok(SqlValue::Null),
        Some(b't' | b'f') if column.1 == SqlType::Bool => Ok(SqlValue::Bool(raw == "true")),
        Some(b'"') => match serde_json::from_str::<String>(raw) {
            Ok(text) => source.value(place, &text, column),
            Err(error) => Err(source.error(place, error.to_string())),
        },
        Some(b'{' | b'[') => wrong("a scalar; nested values cannot be loaded"),
        Some(b'-' | b'0'..=b'9') if takes_numbers => source.value(place, raw, column),
        _ if column.1 == SqlType::Bool => wrong("true or false"),
        _ if takes_numbers => wrong("a number"),
        _ => wrong("a JSON string"),
    }
}

/// Where a part of the source's text stands in it. Both are slices of one text.
fn place(source: &Source<'_>, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(source.text.as_ptr() as usize);
    start..start.wrapping_add(part.len())
}

/// A JSON object whose values are still text, with every key, also one that stands twice.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
