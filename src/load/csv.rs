//! CSV with a header line.

use std::ops::Range;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

use super::{Source, Table};
use crate::error::{Error, Result};
use crate::googlesql::{Ident, SqlType, SqlValue};

pub(super) fn read(source: &Source<'_>, known: &[(Ident, SqlType)]) -> Result<Table> {
    check_quotes(source)?;
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
                return Ok(empty(source, &record, i, column.1));
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

/// BigQuery reads an empty field as NULL, and a quoted one as the empty STRING.
/// Source: <https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#csv-options>
fn empty(source: &Source<'_>, record: &StringRecord, index: usize, sql_type: SqlType) -> SqlValue {
    let quoted = || source.text[field(source, record, index)].starts_with('"');
    match sql_type {
        SqlType::String if quoted() => SqlValue::String(String::new()),
        _ => SqlValue::Null,
    }
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
            let start = pos.as_ref().map_or(0, |pos| start(source, pos));
            let plural = if *len == 1 { "" } else { "s" };
            let message =
                format!("this row has {len} field{plural}, the header has {expected_len}");
            source.error(start..start, message)
        }
        _ => source.error(0..0, error.to_string()),
    }
}

/// Refuses quotes that the parser would take as it can: with a quote left open, it reads the rest
/// of the file as one field, and every row in it is lost without a word.
fn check_quotes(source: &Source<'_>) -> Result<()> {
    if !source.text.contains('"') {
        return Ok(());
    }
    let mut at = 0;
    while at < source.text.len() {
        at = 1 + field_end(source.text, at).map_err(|slip| {
            let (at, message) = match slip {
                Slip::Open => (at, "this quoted field has no closing quote"),
                Slip::TextAfterQuote(at) => (at, "text follows the closing quote of this field"),
            };
            source
                .error(at..at + 1, message)
                .help("write a quote inside a quoted field twice, and close the field with one")
        })?;
    }
    Ok(())
}

/// What is wrong with the quotes of a field.
enum Slip {
    Open,
    TextAfterQuote(usize),
}

/// Where the field that begins at `start` ends: at a comma, a line end or the end of the text.
fn field_end(text: &str, start: usize) -> Result<usize, Slip> {
    let find = |from: usize, what: &[char]| text[from..].find(what).map(|i| from + i);
    if !text[start..].starts_with('"') {
        return Ok(find(start, &[',', '\n', '\r']).unwrap_or(text.len()));
    }
    let mut from = start + 1;
    while let Some(quote) = find(from, &['"']) {
        match text.as_bytes().get(quote + 1) {
            Some(b'"') => from = quote + 2,
            None | Some(b',' | b'\n' | b'\r') => return Ok(quote + 1),
            Some(_) => return Err(Slip::TextAfterQuote(quote)),
        }
    }
    Err(Slip::Open)
}

/// Where a field stands in the file: quotes and all.
fn field(source: &Source<'_>, record: &StringRecord, index: usize) -> Range<usize> {
    let length = source.text.len();
    let end = |at: usize| field_end(source.text, at).unwrap_or(length);
    let first = record.position().map_or(0, |position| start(source, position));
    let from = (0..index).fold(first, |at, _| (end(at) + 1).min(length));
    from..end(from)
}

/// Where a record begins. The parser's position is where it went on reading, which may be before
/// the line feed of the line above and before blank lines.
fn start(source: &Source<'_>, position: &Position) -> usize {
    let rest = usize::try_from(position.byte()).ok().and_then(|at| source.text.get(at..));
    rest.map_or(0, |rest| source.text.len() - rest.trim_start_matches(['\r', '\n']).len())
}
