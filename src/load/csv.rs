//! CSV with a header line.

use std::ops::Range;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

use super::{Source, Table};
use crate::error::{Error, Result};
use crate::googlesql::{Ident, SqlType, SqlValue};

pub(super) fn read(source: &Source<'_>, known: &[(Ident, SqlType)]) -> Result<Table> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(source.text.as_bytes());
    let mut records = reader.records();
    let Some(header) = records.next() else {
        return Ok(Table { columns: Vec::new(), rows: Vec::new() });
    };
    let columns = header_columns(source, &header.map_err(|e| malformed(source, &e))?, known)?;
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|error| malformed(source, &error))?;
        let row = record.iter().zip(&columns).enumerate().map(|(i, (text, column))| {
            if text.is_empty() {
                return Ok(SqlValue::Null);
            }
            // The place is looked for only when there is something to say about it.
            super::SqlValue::parse(text, column.1)
                .ok()
                .filter(|value| !matches!(value, SqlValue::Float64(x) if !x.is_finite()))
                .map_or_else(|| source.value(field(source, &record, i), text, column), Ok)
        });
        rows.push(row.collect::<Result<_>>()?);
    }
    Ok(Table { columns, rows })
}

fn header_columns(
    source: &Source<'_>,
    header: &StringRecord,
    known: &[(Ident, SqlType)],
) -> Result<Vec<(Ident, SqlType)>> {
    let mut columns: Vec<(Ident, SqlType)> = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let place = field(source, header, i);
        let column = source.column(place.clone(), name.trim(), known)?;
        if columns.contains(column) {
            return Err(source.error(place, format!("column {} stands twice", column.0)));
        }
        columns.push(column.clone());
    }
    Ok(columns)
}

fn malformed(source: &Source<'_>, error: &csv::Error) -> Error {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let start = pos.as_ref().map_or(0, start);
            let plural = if *len == 1 { "" } else { "s" };
            let message =
                format!("this row has {len} field{plural}, the header has {expected_len}");
            source.error(start..start, message)
        }
        _ => source.error(0..0, error.to_string()),
    }
}

/// Where a field stands in the file: quotes and all.
fn field(source: &Source<'_>, record: &StringRecord, index: usize) -> Range<usize> {
    let start = record.position().map_or(0, start);
    let (mut quoted, mut fields, mut from) = (false, 0, start);
    for (i, c) in source.text[start..].char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' | '\n' | '\r' if !quoted => {
                if fields == index {
                    return from..start + i;
                }
                fields += 1;
                from = start + i + 1;
            }
            _ => {}
        }
    }
    from..source.text.len()
}

fn start(position: &Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}
