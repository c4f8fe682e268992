//! CSV with a header line.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::Range;

use super::Columns;
use super::part::{MAX_BYTES, Part};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, Nested, SqlType, SqlValue};

/// The character between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Separator {
    const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// A separator as written by a user: itself, or `tab`, `\t`.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "\\t" | "tab" => Ok(Self::Tab),
            _ => Self::ALL
                .into_iter()
                .find(|known| *text == char::from(known.byte()).to_string())
                .ok_or_else(|| {
                    Error::new(Kind::Usage, "not a separator").help("use `,`, `;`, `|` or `tab`")
                }),
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// The separator that a header line has most of, outside quotes; the comma, if it has none.
    fn of_header(line: &str) -> Self {
        let mut quoted = false;
        let mut counts = [0_usize; Self::ALL.len()];
        for byte in line.bytes() {
            quoted ^= byte == b'"';
            if let Some(found) = Self::ALL.iter().position(|known| known.byte() == byte && !quoted)
            {
                counts[found] += 1;
            }
        }
        let all = Self::ALL.into_iter().zip(counts);
        all.rev().max_by_key(|(_, count)| *count).map_or(Self::Comma, |(found, _)| found)
    }
}

/// The state of reading the file.
#[derive(Default)]
pub(super) struct Csv {
    /// What is between two fields; `None` until the header was read.
    separator: Option<Separator>,
    /// The column of each field.
    header: Option<Vec<usize>>,
    /// The fields' ranges in the part, including quotes.
    fields: Vec<Range<usize>>,
    /// The start of the next row in the part.
    next: usize,
}

impl Csv {
    /// Without a separator, that of the header is found.
    pub fn new(separator: Option<Separator>) -> Self {
        Self { separator, ..Self::default() }
    }

    /// The next row, with one value per column.
    pub fn row<R: BufRead>(
        &mut self,
        part: &mut Part<R>,
        columns: Columns<'_>,
        present: &mut [bool],
    ) -> Result<Option<Vec<SqlValue>>> {
        let header = match self.header.take() {
            Some(header) => header,
            None if !self.read(part)? => return Ok(None),
            None => self.columns(part, columns)?,
        };
        for index in &header {
            present[*index] = true;
        }
        if !self.read(part)? {
            return Ok(None);
        }
        let (len, expected) = (self.fields.len(), header.len());
        if len != expected {
            let start = self.fields[0].start;
            return Err(part.error(start..start, other_length(len, expected)));
        }
        let mut row = vec![SqlValue::Null; columns.known.len()];
        for (field, index) in self.fields.iter().zip(&header) {
            if let Some(column) = columns.known.get(*index) {
                row[*index] = value(part, field.clone(), column, columns.nested(column))?;
            }
        }
        self.header = Some(header);
        Ok(Some(row))
    }

    /// The fields of the next row, or of the header, each with its place; `None` for an empty one without quotes.
    pub fn texts<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<Option<Texts>> {
        if !self.read(part)? {
            return Ok(None);
        }
        let texts = self.fields.iter().map(|place| {
            let field = &part.text()[place.clone()];
            (place.clone(), (!field.is_empty()).then(|| text(field).into_owned()))
        });
        Ok(Some(texts.collect()))
    }

    /// The columns that the current header names.
    fn columns<R: BufRead>(&self, part: &Part<R>, known: Columns<'_>) -> Result<Vec<usize>> {
        let mut columns = Vec::new();
        for field in &self.fields {
            let name = text(&part.text()[field.clone()]);
            let name = if known.place(&name).is_some() { &*name } else { name.trim() };
            let column = part.column(field.clone(), name, known)?;
            if columns.contains(&column) {
                let message = format!("column `{name}` is listed twice");
                return Err(part.error(field.clone(), message));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// Finds the fields of the next row; returns false at the end of the file. Blank lines are skipped.
    fn read<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<bool> {
        self.fields.clear();
        while part.text()[self.next..].trim_start_matches(['\r', '\n']).is_empty() {
            self.next = 0;
            if !part.next_line()? {
                return Ok(false);
            }
        }
        let rest = part.text()[self.next..].trim_start_matches(['\r', '\n']);
        let mut start = part.text().len() - rest.len();
        let separator = *self.separator.get_or_insert_with(|| Separator::of_header(rest));
        let separator = separator.byte();
        loop {
            let end = field_end(part, start, separator)?;
            self.fields.push(start..end);
            if part.text().as_bytes().get(end) != Some(&separator) {
                self.next = end;
                return Ok(true);
            }
            start = end + 1;
        }
    }
}

/// The end of the field that begins at `start`: a separator, a line end or the end of the file. A quoted field
/// may contain line ends; then more of the file is read. Errors: malformed quotes. Other parsers accept an
/// unclosed quote, read the rest of the file as one field, and silently lose every row in it.
fn field_end<R: BufRead>(part: &mut Part<R>, start: usize, separator: u8) -> Result<usize> {
    if !part.text()[start..].starts_with('"') {
        let rest = &part.text().as_bytes()[start..];
        let is_end = |byte: &u8| *byte == separator || matches!(byte, b'\n' | b'\r');
        let length = rest.iter().position(is_end);
        return Ok(start + length.unwrap_or(rest.len()));
    }
    let mut from = start + 1;
    loop {
        let Some(quote) = part.text()[from..].find('"').map(|at| from + at) else {
            from = part.text().len();
            let too_long = from > MAX_BYTES;
            match too_long {
                true if part.is_left(b'"')? => return Err(part.row_too_long()),
                false if part.another_line()? => continue,
                _ => return Err(slip(part, start, "this quoted field has no closing quote")),
            }
        };
        match part.text().as_bytes().get(quote + 1) {
            Some(b'"') => from = quote + 2,
            None | Some(b'\n' | b'\r') => return Ok(quote + 1),
            Some(byte) if *byte == separator => return Ok(quote + 1),
            Some(_) => {
                return Err(slip(part, quote, "text follows the closing quote of this field"));
            }
        }
    }
}

/// The fields of a row, each with its place.
pub(super) type Texts = Vec<(Range<usize>, Option<String>)>;

/// That a row has another number of fields than the header.
pub(super) fn other_length(len: usize, expected: usize) -> String {
    let plural = if len == 1 { "" } else { "s" };
    format!("this row has {len} field{plural}, the header has {expected}")
}

fn slip<R: BufRead>(part: &Part<R>, at: usize, message: &str) -> Error {
    part.error(at..at + 1, message)
        .help("write a quote inside a quoted field twice, and close the field with one")
}

/// A field without its quotes.
fn text(field: &str) -> Cow<'_, str> {
    match field.strip_prefix('"').and_then(|field| field.strip_suffix('"')) {
        Some(quoted) if quoted.contains('"') => quoted.replace("\"\"", "\"").into(),
        Some(quoted) => quoted.into(),
        None => field.into(),
    }
}

/// A value: BigQuery reads an empty field as NULL, and a quoted empty field as the empty STRING.
/// Source: <https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#csv-options>
fn value<R: BufRead>(
    part: &Part<R>,
    range: Range<usize>,
    column: &(Ident, SqlType),
    nested: Option<&Nested>,
) -> Result<SqlValue> {
    let field = &part.text()[range.clone()];
    match (text(field), column.1) {
        (text, SqlType::String) if text.is_empty() && !field.is_empty() => {
            Ok(SqlValue::String(String::new()))
        }
        (text, _) if text.is_empty() => Ok(SqlValue::Null),
        (text, _) => part.value(range, &text, column, nested),
    }
}
