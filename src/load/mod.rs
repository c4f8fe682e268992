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

#[cfg(test)]
mod tests {
    use super::part::MAX_BYTES;
    use super::*;

    fn columns() -> Vec<(Ident, SqlType)> {
        [
            ("id", SqlType::String),
            ("n", SqlType::Int64),
            ("points", SqlType::Numeric),
            ("x", SqlType::Float64),
            ("ok", SqlType::Bool),
            ("d", SqlType::Date),
            ("at", SqlType::Timestamp),
        ]
        .map(|(name, sql_type)| (Ident::parse(name).unwrap(), sql_type))
        .to_vec()
    }

    #[test]
    fn an_ignored_column_is_left_out_whatever_it_holds() {
        let known = columns();
        let ignored = |name: &str, must_be_there| Ignored {
            name: Ident::parse(name).unwrap(),
            must_be_there,
        };
        let ignored = [ignored("Event Params", true), ignored("y", false)];
        let read = |text: &str, format| {
            let columns = Columns { known: &known, nested: &[], needed: &[], ignored: &ignored };
            Rows::new("data", text.as_bytes(), format, columns).collect::<Result<Vec<_>>>()
        };
        let files = [
            ("id,event params,n\na,\"[{\"\"x\"\"\n: 1\",2\n", TextFormat::Csv(None)),
            (r#"{"id":"a","event params":[{"x":{"y":null}}],"n":2,"Y":{}}"#, TextFormat::Json),
        ];
        for (text, format) in files {
            assert_eq!(shown(read(text, format)), ["a | 2"]);
        }
        let none = [("id,n\na,2\n", TextFormat::Csv(None)), (r#"{"id":"a"}"#, TextFormat::Json)];
        let twice = [
            ("event params,id,Event Params\n1,a,2\n", TextFormat::Csv(None)),
            (r#"{"event params":1,"EVENT PARAMS":2}"#, TextFormat::Json),
        ];
        let wrong = none.map(|case| (case, "no column `Event Params` to ignore"));
        for ((text, format), says) in wrong.into_iter().chain(twice.map(|case| (case, "twice"))) {
            let error = read(text, format).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_name_may_have_spaces_quotes_and_letters_of_any_script() {
        let names = ["Order ID", "größe", " at the ends ", "it's <5%"];
        let known = names.map(|name| (Ident::parse(name).unwrap(), SqlType::String));
        let files = [
            ("order id,\"größe\", at the ends , it's <5% \na,b,c,d\n", TextFormat::Csv(None)),
            (
                r#"{"ORDER ID":"a","größe":"b"," at the ends ":"c","it's <5%":"d"}"#,
                TextFormat::Json,
            ),
        ];
        for (text, format) in files {
            let rows = Rows::new("data", text.as_bytes(), format, all(&known)).collect();
            assert_eq!(shown(rows), ["a | b | c | d"]);
        }
        let error = Rows::new("data", "GRÖßE\na\n".as_bytes(), TextFormat::Csv(None), all(&known));
        let error = error.collect::<Result<Vec<_>>>().unwrap_err().to_string();
        assert!(error.contains("the rule lists no column `GRÖßE`"), "{error}");
    }

    fn all(known: &[(Ident, SqlType)]) -> Columns<'_> {
        Columns { known, nested: &[], needed: &[], ignored: &[] }
    }

    #[test]
    fn a_file_that_lacks_what_the_rule_works_with_is_refused() {
        let (known, needed) = (columns(), ["N".to_owned()]);
        let read = |text: &str, format| {
            let columns = Columns { known: &known, nested: &[], needed: &needed, ignored: &[] };
            let rows = Rows::new("data", text.as_bytes(), format, columns);
            rows.collect::<Result<Vec<_>>>().map(|rows| rows.len()).map_err(|e| e.to_string())
        };
        let error = read("id\na\n", TextFormat::Csv(None)).unwrap_err();
        assert!(error.contains("`data` has no column `N`"), "{error}");
        let error = read("{\"id\": \"a\"}\n{\"id\": \"b\"}\n", TextFormat::Json).unwrap_err();
        assert!(error.contains("`data` has no column `N`"), "{error}");
        assert_eq!(read("id,n\na,\n", TextFormat::Csv(None)), Ok(1), "NULL is a value");
        assert_eq!(read("{\"id\": \"a\"}\n{\"n\": null}\n", TextFormat::Json), Ok(2));
    }

    fn csv(text: impl AsRef<[u8]>) -> Result<Vec<Vec<SqlValue>>> {
        Rows::new("data.csv", text.as_ref(), TextFormat::Csv(None), all(&columns())).collect()
    }

    fn ndjson(text: &str) -> Result<Vec<Vec<SqlValue>>> {
        Rows::new("data.ndjson", text.as_bytes(), TextFormat::Json, all(&columns())).collect()
    }

    /// The rows without trailing NULL columns.
    fn shown(rows: Result<Vec<Vec<SqlValue>>>) -> Vec<String> {
        let row = |row: &Vec<SqlValue>| {
            let values: Vec<String> = row.iter().map(ToString::to_string).collect();
            values.join(" | ").trim_end_matches(" | NULL").to_owned()
        };
        rows.unwrap().iter().map(row).collect()
    }

    #[test]
    fn values_take_the_types_of_the_rules_columns() {
        let expected = ["a | 1 | 22.5 | 1.5 | true | 2026-01-28 | 2026-01-28 07:41:28+00"];
        let row = "a,1,22.50,1.5,TRUE,2026-01-28,2026-01-28 07:41:28 UTC";
        assert_eq!(shown(csv(format!("id,n,points,x,ok,d,at\n{row}\n"))), expected);
        let row = r#"{"id":"a","n":1,"points":22.50,"x":1.5,"ok":true,"d":"2026-01-28","at":"2026-01-28T07:41:28Z"}"#;
        assert_eq!(shown(ndjson(row)), expected);
    }

    #[test]
    fn an_empty_field_and_a_missing_key_are_null() {
        assert_eq!(shown(csv("ID,points\na,\n,1\n")), ["a", "NULL | NULL | 1"]);
        assert_eq!(shown(csv("id,n\n\"\",\"\"\n")), [""], "a quoted empty STRING is one");
        let rows = "{\"id\": \"a\"}\n\n{\"points\": \"1\", \"id\": null}\n{\"id\": \"\"}";
        assert_eq!(shown(ndjson(rows)), ["a", "NULL | NULL | 1", ""]);
    }

    #[test]
    fn a_number_is_kept_to_the_last_digit() {
        let digits = "12345678901234567890.123456789";
        assert_eq!(
            shown(ndjson(&format!("{{\"points\": {digits}}}"))),
            [format!("NULL | NULL | {digits}")]
        );
        assert_eq!(shown(ndjson("{\"n\": 9223372036854775807}")), ["NULL | 9223372036854775807"]);
    }

    #[test]
    fn a_csv_may_have_a_bom_crlf_and_quotes() {
        let text = "\u{feff}id,n\r\n\"a \"\"b\"\",\nc\",1\r\n";
        assert_eq!(shown(csv(text)), ["a \"b\",\nc | 1"]);
    }

    #[test]
    fn a_mistake_names_line_and_column() {
        let cases = [
            ("id,n\na,1\nb,x\n", "data.csv:3:3", "column n: `x` is not an INT64"),
            ("id,n\n\"a\nb\",1\n\"c,d\",x\n", "data.csv:4:7", "column n"),
            ("id,nn\na,1\n", "data.csv:1:4", "did you mean `n`?"),
            ("id,id\na,1\n", "data.csv:1:4", "twice"),
            ("id,n\na\n", "data.csv:2:1", "1 field"),
            ("id,n\na,1,2\n", "data.csv:2:1", "3 fields"),
            ("id,d\na,2026-02-30\n", "data.csv:2:3", "2026-02-30"),
            ("id,x\na,NaN\n", "data.csv:2:3", "not a finite number"),
            ("id,n\r\na,1\r\nb,x\r\n", "data.csv:3:3", "column n"),
            ("n,id\r\n1,a\r\nx,b\r\n", "data.csv:3:1", "column n"),
            ("id,n\r\na,1\r\nb\r\n", "data.csv:3:1", "1 field"),
            ("id,n\na,1\n\n\nb,x\n", "data.csv:5:3", "column n"),
            ("id,n\na,1\n\n\nb\n", "data.csv:5:1", "1 field"),
            ("\n\nid,nn\na,1\n", "data.csv:3:4", "did you mean `n`?"),
            ("id,n\n5\" x,y\n", "data.csv:2:6", "column n"),
        ];
        for (text, place, message) in cases {
            let error = csv(text).unwrap_err().to_string();
            assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
        }
        let cases = [
            ("{\"n\": 1}\n{\"n\": \"x\"}", "data.ndjson:2:7", "column n: `x` is not an INT64"),
            ("{\"n\": 1.5}", "data.ndjson:1:7", "1.5"),
            ("{\"id\": 1}", "data.ndjson:1:8", "a JSON string"),
            ("{\"ok\": 1}", "data.ndjson:1:8", "true or false"),
            ("{\"nn\": 1}", "data.ndjson:1:", "did you mean `n`?"),
            ("{\"n\": 1, \"n\": 2}", "data.ndjson:1:", "twice"),
            ("{\"n\": [1]}", "data.ndjson:1:7", "nested"),
            ("{\"n\": 1", "data.ndjson:1:7", "not a JSON object"),
            ("[1]", "data.ndjson:1:2", "not a JSON object"),
        ];
        for (text, place, message) in cases {
            let error = ndjson(text).unwrap_err().to_string();
            assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_quote_left_open_swallows_no_row() {
        let cases = [
            ("n,id\n1,\"a\n2,b\n3,c\n", "data.csv:2:3", "no closing quote"),
            ("id,n\n\"a,1\nb,2\n", "data.csv:2:1", "no closing quote"),
            ("\"id,n\na,1\n", "data.csv:1:1", "no closing quote"),
            ("n,id\n1,\"a\n2,\"b\n3,c\n", "data.csv:3:3", "text follows"),
            ("id,n\n\"a\"b,1\n", "data.csv:2:3", "text follows"),
        ];
        for (text, place, message) in cases {
            let error = csv(text).unwrap_err().to_string();
            assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
        }
        assert_eq!(
            shown(csv("id,n\n5\" x,1\n\"\",2\r\n\"a\"\"\",3")),
            ["5\" x | 1", " | 2", "a\" | 3"]
        );
    }

    #[test]
    fn a_line_has_an_end() {
        let error = csv(format!("id,n\n{},1\n", "x".repeat(MAX_BYTES))).unwrap_err().to_string();
        assert!(error.contains("line 2 is longer than"), "{error}");
        let field = format!("\"{}", "x\n".repeat(MAX_BYTES / 2 + 1));
        let error = csv(format!("id,n\na,1\n{field}\",1\n")).unwrap_err().to_string();
        assert!(error.contains("the row of line 3 is longer than"), "{error}");
        let error = csv(format!("id,n\na,1\n{field}b,1\n")).unwrap_err().to_string();
        assert!(error.contains("data.csv:3:1") && error.contains("no closing quote"), "{error}");
    }

    #[test]
    fn the_rows_before_a_mistake_are_given_and_none_after_it() {
        let columns = columns();
        let rows = |text: &str| {
            let rows = Rows::new("data.csv", text.as_bytes(), TextFormat::Csv(None), all(&columns))
                .take(9);
            rows.map(|row| row.is_ok()).collect::<Vec<_>>()
        };
        assert_eq!(rows("id,n\na,1\nb,x\nc,1\n"), [true, false]);
        assert_eq!(rows("id,n\na,1\nb,2\n"), [true, true]);
        assert_eq!(rows("id\rn\ra,1\r"), [true, false], "a lone CR ends a line too");
    }

    #[test]
    fn a_file_without_rows_or_not_in_utf_8_is_refused() {
        for empty in ["", "\n", "id,n\n"] {
            assert!(csv(empty).unwrap_err().to_string().contains("is empty"), "{empty:?}");
        }
        assert!(ndjson("\n \n").unwrap_err().to_string().contains("is empty"));
        let error = csv(b"id,n\na\xff,1\n").unwrap_err().to_string();
        assert!(error.contains("not UTF-8: line 2"), "{error}");
    }
}
