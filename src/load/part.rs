//! The current part of a data file: a line, or the lines of one row.

use std::io::{BufRead, Read};
use std::ops::Range;
use std::sync::Arc;

use super::{Columns, Missing};
use crate::error::{Error, Kind, Place, Result, did_you_mean, nearest, not_utf8};
use crate::googlesql::{Ident, Nested, SqlType, SqlValue};

/// The longest line and row of a data file, which is BigQuery's limit for a streamed row.
/// Source: <https://cloud.google.com/bigquery/quotas#streaming_inserts>
pub(super) const MAX_BYTES: usize = 10 * 1024 * 1024;

pub(super) struct Part<R> {
    pub file: Arc<str>,
    pub reader: R,
    text: String,
    /// The number of the text's first line.
    first_line: usize,
    /// The last line read.
    line: Vec<u8>,
    /// The number of lines read.
    lines: usize,
}

impl<R: BufRead> Part<R> {
    pub fn new(file: &str, reader: R) -> Self {
        let (text, line) = (String::new(), Vec::new());
        Self { file: file.into(), reader, text, first_line: 1, line, lines: 0 }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Moves to the next line; returns false at the end of the file.
    pub fn next_line(&mut self) -> Result<bool> {
        self.text.clear();
        self.first_line = self.lines + 1;
        self.another_line()
    }

    /// Appends the next line, with its line end.
    pub fn another_line(&mut self) -> Result<bool> {
        if !self.read()? {
            return Ok(false);
        }
        let line = std::str::from_utf8(&self.line)
            .map_err(|error| not_utf8(&self.file, &self.line, error, self.lines))?;
        let line = match self.lines {
            1 => line.strip_prefix('\u{feff}').unwrap_or(line),
            _ => line,
        };
        self.text.push_str(line);
        Ok(true)
    }

    /// Whether the rest of the file contains a byte. Consumes the rest.
    pub fn is_left(&mut self, byte: u8) -> Result<bool> {
        while self.read()? {
            if self.line.contains(&byte) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&mut self) -> Result<bool> {
        self.line.clear();
        // A line end has at most two bytes.
        let most = MAX_BYTES as u64 + 2;
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.line);
        read.map_err(|cause| Error::io(format!("cannot read `{}`", self.file), cause))?;
        if self.line.is_empty() {
            return Ok(false);
        }
        self.lines += 1;
        let line =
            self.line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        match line.unwrap_or(&self.line).len() > MAX_BYTES {
            true => Err(self.too_long("line", self.lines)),
            false => Ok(true),
        }
    }

    /// Sets the text that was read at this line. Errors: it is not UTF-8.
    pub fn set(&mut self, text: Vec<u8>, first_line: usize) -> Result<()> {
        self.first_line = first_line;
        self.text = String::from_utf8(text).map_err(|error| {
            not_utf8(&self.file, error.as_bytes(), error.utf8_error(), first_line)
        })?;
        Ok(())
    }

    /// The first byte of the file that is not blank, if it is near the beginning. Consumes nothing.
    pub fn first_byte(&mut self) -> Option<u8> {
        first_byte(self.reader.fill_buf().ok()?)
    }

    /// The error for the current row.
    pub fn row_too_long(&self) -> Error {
        self.too_long("the row of line", self.first_line)
    }

    pub fn too_long(&self, what: &str, line: usize) -> Error {
        let message = format!("`{}`: {what} {line} is longer than {MAX_BYTES} bytes", self.file);
        Error::new(Kind::DataFile, message).help("check how the file was made; nothing was loaded")
    }

    pub fn empty(&self) -> Error {
        empty(&self.file)
    }

    pub fn error(&self, range: Range<usize>, message: impl Into<String>) -> Error {
        let place = Place::new(self.file.clone(), self.text.as_str(), range);
        Error::new(Kind::DataFile, message)
            .at(place.counted_from(self.first_line))
            .help("correct the file and load it again; nothing was loaded")
    }

    /// The column with this name; BigQuery's column names ignore case.
    pub fn column(&self, range: Range<usize>, name: &str, columns: Columns<'_>) -> Result<usize> {
        columns.place(name).ok_or_else(|| {
            let (message, help) = no_column(name, columns);
            self.error(range, message).help(help)
        })
    }

    pub fn value(
        &self,
        range: Range<usize>,
        text: &str,
        (name, sql_type): &(Ident, SqlType),
        nested: Option<&Nested>,
    ) -> Result<SqlValue> {
        if let Some(nested) = nested {
            let kept = nested.canonical(text);
            return kept.map(SqlValue::String).map_err(|what| {
                let between = if what.starts_with('[') { "" } else { ": " };
                self.error(range, format!("column {name}{between}{what}"))
            });
        }
        match SqlValue::parse(text, *sql_type) {
            Ok(SqlValue::Float64(number)) if !number.is_finite() => {
                Err(self.error(range, format!("column {name}: `{text}` is not a finite number")))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(self.error(range, format!("column {name}: {}", error.headline()))),
        }
    }
}

/// The error for a file without rows.
pub(super) fn empty(file: &str) -> Error {
    Error::new(Kind::DataFile, format!("`{file}` is empty: it holds no row"))
        .help("check how the file was made; nothing was loaded")
}

/// The error for a file without a column that it has to have.
pub(super) fn lacks(file: &str, missing: Missing<'_>) -> Error {
    match missing {
        Missing::Needed(column) => {
            let message =
                format!("`{file}` has no column `{column}`: every row would be NULL there");
            Error::new(Kind::DataFile, message)
                .help("the rule needs this column: add it to the file, or load another file")
        }
        Missing::Ignored(column) => {
            let message = format!("`{file}` has no column `{column}` to ignore");
            Error::new(Kind::DataFile, message)
                .help("leave out `--ignore` for it, or correct its name")
        }
    }
}

/// Message and help for a column that the rule does not list.
pub(super) fn no_column(name: &str, columns: Columns<'_>) -> (String, String) {
    let known = columns.known.iter().map(|(known, _)| known.as_str());
    let help = match nearest(name, known.clone()) {
        Some(_) => did_you_mean(name, known),
        None => "list it in the rule's columns, or leave it out with `--ignore`".to_owned(),
    };
    (format!("the rule lists no column `{}`", name.escape_debug()), help)
}

/// The first byte of a text that is not blank; a byte order mark is blank too.
pub fn first_byte(text: &[u8]) -> Option<u8> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    text.iter().find(|byte| !byte.is_ascii_whitespace()).copied()
}
