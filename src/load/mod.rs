//! Reading data files as typed rows: CSV, JSON and Parquet. Rows are returned one at a time; one bad value refuses the
//! file.

mod array;
mod csv;
mod infer;
mod input;
mod ndjson;
mod parquet;
mod part;

use std::fs::File;
use std::io::{BufRead, Read};
use std::path::Path;

use self::csv::Csv;
use self::ndjson::Json;
use self::parquet::ParquetRows;
use self::part::Part;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, Nested, SqlType, SqlValue};

pub use self::csv::Separator;
pub use self::input::{decompressed, sha256};
pub use self::part::first_byte;

/// The format of a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Text, which is read from front to back.
    Text(TextFormat),
    /// Apache Parquet.
    Parquet,
}

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// Separated values with a header line; without a separator, that of the header is found.
    Csv(Option<Separator>),
    /// JSON objects: one a line, or the elements of one array.
    Json,
}

/// The rows of a file of any format, as [`Rows`] has them.
pub type FileRows<'a> = Box<dyn Iterator<Item = Result<Vec<SqlValue>>> + 'a>;

/// The rows of a file. `name` is its name in messages.
///
/// # Errors
/// The file cannot be read, or is not of this format.
pub fn rows<'a>(
    name: &str,
    file: File,
    format: FileFormat,
    columns: Columns<'a>,
) -> Result<FileRows<'a>> {
    Ok(match format {
        FileFormat::Text(format) => Box::new(Rows::new(name, opened(name, file)?, format, columns)),
        FileFormat::Parquet => Box::new(ParquetRows::new(name, file, columns)?),
    })
}

/// The columns of a file, with the types that all of their values have. Nested values are JSON.
///
/// # Errors
/// The file has no rows, no header, or a mistake; it cannot be read.
pub fn columns_of(name: &str, file: File, format: FileFormat) -> Result<Vec<(Ident, SqlType)>> {
    match format {
        FileFormat::Text(format) => infer::columns(name, opened(name, file)?, format),
        FileFormat::Parquet => parquet::columns_of(name, file),
    }
}

fn opened(name: &str, raw: impl Read + 'static) -> Result<Box<dyn BufRead>> {
    decompressed(raw).map_err(|cause| Error::io(format!("cannot read `{name}`"), cause))
}

impl FileFormat {
    /// The format for a file's extension; before `.gz`, if that is the last one.
    ///
    /// # Errors
    /// The extension is unknown.
    pub fn of_path(path: &Path) -> Result<Self> {
        let extension_of = |path: &Path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.unwrap_or_default().to_ascii_lowercase()
        };
        let extension = match extension_of(path).as_str() {
            "gz" => extension_of(&path.with_extension("")),
            other => other.to_owned(),
        };
        match extension.as_str() {
            "csv" => Ok(Self::Text(TextFormat::Csv(None))),
            "tsv" | "tab" => Ok(Self::Text(TextFormat::Csv(Some(Separator::Tab)))),
            "ndjson" | "jsonl" | "json" => Ok(Self::Text(TextFormat::Json)),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::new(
                Kind::Usage,
                format!("`{}` has an unknown format", path.display()),
            )
            .help("name the file *.csv, *.tsv, *.ndjson, *.jsonl or *.json, each also with .gz at the end, or *.parquet")),
        }
    }
}

/// The columns of a file's rows.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// The columns that the file may have, with their types.
    pub known: &'a [(Ident, SqlType)],
    /// The full types of the nested columns.
    pub nested: &'a [(Ident, Nested)],
    /// The required columns: without them every row would be NULL there.
    pub needed: &'a [String],
    /// The columns that are left out.
    pub ignored: &'a [Ignored],
}

/// A column of a file that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The column's name.
    pub name: Ident,
    /// Whether the file must have the column, to detect a misspelled name.
    pub must_be_there: bool,
}

impl Columns<'_> {
    /// The position of this column among the known ones followed by the ignored ones.
    fn place(&self, name: &str) -> Option<usize> {
        let known = self.known.iter().map(|(column, _)| column);
        known
            .chain(self.ignored.iter().map(|column| &column.name))
            .position(|c| c.same_column(name))
    }

    /// The full type of a column whose values are written as JSON.
    pub(crate) fn nested(&self, (name, sql_type): &(Ident, SqlType)) -> Option<&Nested> {
        if *sql_type == SqlType::Json {
            return Some(&Nested::Scalar(SqlType::Json));
        }
        self.nested.iter().find(|(known, _)| known.same_column(name.as_str())).map(|(_, of)| of)
    }

    fn count(&self) -> usize {
        self.known.len() + self.ignored.len()
    }

    /// The first column that a file has to have and lacks; `present` says of each column whether it is there.
    fn missing(&self, present: &[bool]) -> Option<Missing<'_>> {
        let needed = self.needed.iter().find(|needed| {
            let known = self.known.iter().zip(present).filter(|(_, present)| **present);
            !known.into_iter().any(|((column, _), _)| column.same_column(needed))
        });
        let mut ignored = self.ignored.iter().zip(&present[self.known.len()..]);
        let ignored = ignored.find(|(column, present)| column.must_be_there && !**present);
        let ignored = ignored.map(|(column, _)| Missing::Ignored(column.name.as_str()));
        needed.map(|needed| Missing::Needed(needed)).or(ignored)
    }
}

/// A column that a file has to have.
#[derive(Debug, Clone, Copy)]
enum Missing<'a> {
    /// The rule reads it.
    Needed(&'a str),
    /// It is to be left out.
    Ignored(&'a str),
}

/// The rows of a data file, read lazily: each with one value per column.
///
/// An empty CSV field (unless it is a quoted STRING), a missing JSON key and a column that the file
/// lacks are NULL.
///
/// # Errors
/// The iterator's last item, with line and column: the file has no rows, is not UTF-8 or cannot be read; a
/// column is unknown; a required or ignored column is missing; a value does not have its column's type; a row
/// exceeds 10 MiB.
pub struct Rows<'a, R> {
    part: Part<R>,
    columns: Columns<'a>,
    reading: Reading,
    /// The columns found in the file so far.
    present: Vec<bool>,
    /// Whether the file had a row.
    some: bool,
    ended: bool,
}

enum Reading {
    Csv(Csv),
    Json(Json),
}

impl<'a, R: BufRead> Rows<'a, R> {
    /// Reads rows from `reader`. `file` is its name in messages.
    pub fn new(file: &str, reader: R, format: TextFormat, columns: Columns<'a>) -> Self {
        let reading = match format {
            TextFormat::Csv(separator) => Reading::Csv(Csv::new(separator)),
            TextFormat::Json => Reading::Json(Json::default()),
        };
        let present = vec![false; columns.count()];
        Self { part: Part::new(file, reader), columns, reading, present, some: false, ended: false }
    }

    fn row(&mut self) -> Result<Option<Vec<SqlValue>>> {
        let (columns, present) = (self.columns, &mut self.present);
        let row = match &mut self.reading {
            Reading::Csv(csv) => csv.row(&mut self.part, columns, present)?,
            Reading::Json(json) => json.row(&mut self.part, columns, present)?,
        };
        match (row, &self.reading) {
            (None, _) if !self.some => Err(self.part.empty()),
            // A header shows missing columns at once, objects only at the end: one row may lack what the next
            // one has.
            (None, Reading::Json(_)) => self.refuse_missing().map(|()| None),
            (row, Reading::Csv(_)) if !self.some => self.refuse_missing().map(|()| row),
            (row, _) => Ok(row),
        }
    }

    fn refuse_missing(&self) -> Result<()> {
        match self.columns.missing(&self.present) {
            Some(missing) => Err(part::lacks(&self.part.file, missing)),
            None => Ok(()),
        }
    }
}

impl<R: BufRead> Iterator for Rows<'_, R> {
    type Item = Result<Vec<SqlValue>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.row();
        self.some = true;
        self.ended = !matches!(row, Ok(Some(_)));
        row.transpose()
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) use self::infer::columns as inferred;

#[cfg(test)]
mod tests;
