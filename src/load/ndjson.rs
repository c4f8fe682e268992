//! JSON objects: one a line, or the elements of an array.

use std::io::BufRead;
use std::ops::Range;

use super::Columns;
use super::array::Elements;
use super::part::Part;
use crate::error::Result;
use crate::googlesql::{Ident, Members, Nested, SqlType, SqlValue};

/// How the objects are written, found when the first is read.
#[derive(Default)]
pub(super) enum Json {
    #[default]
    Unread,
    Lines,
    Array(Elements),
}

impl Json {
    /// The next row, with one value per column. Blank lines are skipped.
    pub fn row<R: BufRead>(
        &mut self,
        part: &mut Part<R>,
        columns: Columns<'_>,
        present: &mut [bool],
    ) -> Result<Option<Vec<SqlValue>>> {
        if !self.next(part)? {
            return Ok(None);
        }
        let row = values(part, columns, present).map(Some);
        row.map_err(|error| match self {
            Self::Array(elements) => {
                error.while_doing(format!("reading element {} of the array", elements.number))
            }
            _ => error,
        })
    }

    /// Moves to the next object; returns false at the end of the file.
    pub fn next<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<bool> {
        if matches!(self, Self::Unread) {
            *self = match part.first_byte() {
                Some(b'[') => Self::Array(Elements::default()),
                _ => Self::Lines,
            };
        }
        if let Self::Array(elements) = self {
            return elements.next(part);
        }
        while part.next_line()? {
            if !part.text().trim().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn values<R: BufRead>(
    part: &Part<R>,
    columns: Columns<'_>,
    present: &mut [bool],
) -> Result<Vec<SqlValue>> {
    let mut row = vec![None; columns.count()];
    for (name, raw) in parse(part)?.0 {
        let place = place(part.text(), raw.get());
        let index = part.column(place.clone(), &name, columns)?;
        if row[index].is_some() {
            return Err(part.error(place, format!("key `{name}` is listed twice")));
        }
        present[index] = true;
        row[index] = Some(match columns.known.get(index) {
            Some(column) => value(part, place, raw.get(), column, columns.nested(column))?,
            None => SqlValue::Null,
        });
    }
    row.truncate(columns.known.len());
    Ok(row.into_iter().map(|value| value.unwrap_or(SqlValue::Null)).collect())
}

/// The members of the current object.
pub(super) fn parse<R: BufRead>(part: &Part<R>) -> Result<Members<'_>> {
    let text = part.text().trim_end_matches(['\r', '\n']);
    serde_json::from_str(text).map_err(|error| {
        // An element of an array may have several lines.
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let start: usize = lines.map(str::len).sum();
        let column = (start + error.column().saturating_sub(1)).min(text.len());
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or_default();
        part.error(column..column, format!("this is not a JSON object: {what}"))
    })
}

fn value<R: BufRead>(
    part: &Part<R>,
    place: Range<usize>,
    raw: &str,
    column: &(Ident, SqlType),
    nested: Option<&Nested>,
) -> Result<SqlValue> {
    if nested.is_some() && raw != "null" {
        return part.value(place, raw, column, nested);
    }
    let wrong = |wanted: &str| {
        let message = format!("column {} is of type {}; write {wanted}", column.0, column.1);
        Err(part.error(place.clone(), message))
    };
    let takes_numbers = matches!(
        column.1,
        SqlType::Int64 | SqlType::Float64 | SqlType::Numeric | SqlType::BigNumeric
    );
    match raw.as_bytes().first() {
        Some(b'n') => Ok(SqlValue::Null),
        Some(b't' | b'f') if column.1 == SqlType::Bool => Ok(SqlValue::Bool(raw == "true")),
        Some(b'"') => match serde_json::from_str::<String>(raw) {
            Ok(text) => part.value(place, &text, column, None),
            Err(error) => Err(part.error(place, error.to_string())),
        },
        Some(b'{' | b'[') => wrong("a scalar, not a nested value"),
        Some(b'-' | b'0'..=b'9') if takes_numbers => part.value(place, raw, column, None),
        _ if column.1 == SqlType::Bool => wrong("true or false"),
        _ if takes_numbers => wrong("a number"),
        _ => wrong("a JSON string"),
    }
}

/// The range of a slice in its text.
fn place(text: &str, piece: &str) -> Range<usize> {
    let start = (piece.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    start..start.wrapping_add(piece.len())
}
