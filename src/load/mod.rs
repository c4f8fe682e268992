//! Data files into typed rows: CSV and NDJSON. Bytes in, rows out; one bad value refuses the file.

mod csv;
mod ndjson;

use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Kind, Place, Result, did_you_mean};
use crate::googlesql::{Ident, SqlType, SqlValue};

/// What a data file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl FileFormat {
    /// The format that goes with a file's extension. Errors: it is none of the known ones.
    pub fn of_path(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "ndjson" | "jsonl" | "json" => Ok(Self::Ndjson),
            _ => Err(Error::new(
                Kind::Usage,
                format!("`{}` is of no known format", path.display()),
            )
            .help("name the file *.csv, or *.ndjson, *.jsonl or *.json with one object a line")),
        }
    }
}

/// The rows of a data file, with the columns that it has.
struct Table {
    columns: Vec<(Ident, SqlType)>,
    rows: Vec<Vec<SqlValue>>,
}

impl Table {
    /// One value for each of these columns; NULL where the file lacks the column.
    fn widened(self, columns: &[(Ident, SqlType)]) -> Vec<Vec<SqlValue>> {
        let from: Vec<Option<usize>> =
            columns.iter().map(|c| self.columns.iter().position(|own| own == c)).collect();
        let widen = |mut row: Vec<SqlValue>| {
            let value = |i: &Option<usize>| match i {
                Some(i) => std::mem::replace(&mut row[*i], SqlValue::Null),
                None => SqlValue::Null,
            };
            from.iter().map(value).collect()
        };
        self.rows.into_iter().map(widen).collect()
    }
}

/// Reads the rows of a data file: at least one, each with one value for each of `columns`, which
/// also give the types. `file` is how messages call it. An empty CSV field (unless it is a quoted
/// STRING), a missing JSON key and a column that the file lacks are NULL. Errors name line and column: a
/// file that is empty or not UTF-8, an unknown column, a value that is not of its column's type.
pub fn read(
    file: &str,
    bytes: &[u8],
    format: FileFormat,
    columns: &[(Ident, SqlType)],
) -> Result<Vec<Vec<SqlValue>>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let line = bytes[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::new(Kind::Input, format!("`{file}` is not UTF-8: line {line}, byte {valid}"))
            .help("save the file as UTF-8 and load it again")
    })?;
    let source = Source { file, text: text.strip_prefix('\u{feff}').unwrap_or(text) };
    source.refuse_long_lines()?;
    let table = match format {
        FileFormat::Csv => csv::read(&source, columns)?,
        FileFormat::Ndjson => ndjson::read(&source, columns)?,
    };
    match table.rows.is_empty() {
        true => Err(Error::new(Kind::Input, format!("`{file}` is empty: it holds no row"))
            .help("check how the file was made; nothing was loaded")),
        false => Ok(table.widened(columns)),
    }
}

/// A file's text and how messages call it.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

/// The longest line of a data file: BigQuery takes no longer row from a stream.
/// Source: <https://cloud.google.com/bigquery/quotas#streaming_inserts>
const MAX_LINE: usize = 10 * 1024 * 1024;

impl Source<'_> {
    fn refuse_long_lines(&self) -> Result<()> {
        if self.text.len() <= MAX_LINE {
            return Ok(());
        }
        let Some(line) = self.text.lines().position(|line| line.len() > MAX_LINE) else {
            return Ok(());
        };
        let message = format!("`{}`: line {} is longer than {MAX_LINE} bytes", self.file, line + 1);
        Err(Error::new(Kind::Input, message)
            .help("check how the file was made; nothing was loaded"))
    }

    fn error(&self, range: Range<usize>, message: impl Into<String>) -> Error {
        Error::new(Kind::Input, message)
            .at(Place::new(self.file, self.text, range))
            .help("mend the file and load it again; nothing was loaded")
    }

    /// The known column of this name; BigQuery's column names ignore case.
    fn column<'c>(
        &self,
        range: Range<usize>,
        name: &str,
        columns: &'c [(Ident, SqlType)],
    ) -> Result<&'c (Ident, SqlType)> {
        columns.iter().find(|(known, _)| known.same_column(name)).ok_or_else(|| {
            let known = columns.iter().map(|(known, _)| known.as_str());
            self.error(range, format!("the rule lists no column `{}`", name.escape_debug()))
                .help(did_you_mean(name, known))
        })
    }

    fn value(
        &self,
        range: Range<usize>,
        text: &str,
        (name, sql_type): &(Ident, SqlType),
    ) -> Result<SqlValue> {
        match SqlValue::parse(text, *sql_type) {
            Ok(SqlValue::Float64(number)) if !number.is_finite() => {
                Err(self.error(range, format!("column {name}: `{text}` is no finite number")))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(self.error(range, format!("column {name}: {}", error.headline()))),
        }
    }
}

#[cfg(test)]
mod tests {
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

    fn csv(text: impl AsRef<[u8]>) -> Result<Vec<Vec<SqlValue>>> {
        read("data.csv", text.as_ref(), FileFormat::Csv, &columns())
    }

    fn ndjson(text: &str) -> Result<Vec<Vec<SqlValue>>> {
        read("data.ndjson", text.as_bytes(), FileFormat::Ndjson, &columns())
    }

    /// The rows without the columns that are NULL to the end.
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
            ("id,x\na,NaN\n", "data.csv:2:3", "no finite number"),
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
            ("[1]", "data.ndjson:1:1", "not a JSON object"),
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
        let error = csv(format!("id,n\n{},1\n", "x".repeat(MAX_LINE))).unwrap_err().to_string();
        assert!(error.contains("line 2 is longer than"), "{error}");
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
