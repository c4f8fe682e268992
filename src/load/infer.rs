//! The columns of a data file that no rule describes: their names and types.

use std::io::BufRead;

use indexmap::IndexMap;

use super::TextFormat;
use super::csv::Csv;
use super::ndjson::{self, Json};
use super::part::Part;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlType, SqlValue};

/// The types that a text may have, the most telling first. Every text is a STRING.
const TYPES: [SqlType; 6] = [
    SqlType::Bool,
    SqlType::Int64,
    SqlType::Float64,
    SqlType::Date,
    SqlType::Timestamp,
    SqlType::Datetime,
];

/// The types that all values so far have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    /// There was no value.
    Nothing,
    /// Those of [`TYPES`] at these positions.
    Some([bool; TYPES.len()]),
    /// Nested values.
    Nested,
}

impl Guess {
    fn see(&mut self, text: &str, can_be: impl Fn(SqlType) -> bool) {
        let mut possible = match self {
            Self::Nothing => [true; TYPES.len()],
            Self::Some(possible) => *possible,
            Self::Nested => return,
        };
        for (possible, sql_type) in possible.iter_mut().zip(TYPES) {
            *possible &= can_be(sql_type) && is(text, sql_type);
        }
        *self = Self::Some(possible);
    }

    fn sql_type(self) -> SqlType {
        match self {
            Self::Nothing => SqlType::String,
            Self::Nested => SqlType::Json,
            Self::Some(possible) => {
                let found = TYPES.into_iter().zip(possible).find(|(_, possible)| *possible);
                found.map_or(SqlType::String, |(sql_type, _)| sql_type)
            }
        }
    }
}

/// Whether a text is most likely a value of this type. `007` and `+1` are read as numbers, and are usually none.
fn is(text: &str, sql_type: SqlType) -> bool {
    let looks_like = match sql_type {
        SqlType::Bool => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        SqlType::Int64 | SqlType::Float64 => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let starts = digits.starts_with(|c: char| c.is_ascii_digit());
            let leads = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
            let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
            // A FLOAT64 cannot hold each number of so many digits, and `1e5` may be an id.
            let is_fraction = digits.contains(['.', '+', '-']);
            let fits =
                sql_type == SqlType::Int64 || is_fraction || is_whole && is(text, SqlType::Int64);
            starts && !leads && fits && !digits.contains(['x', 'X'])
        }
        _ => text.starts_with(|c: char| c.is_ascii_digit()),
    };
    match looks_like.then(|| SqlValue::parse(text, sql_type)) {
        Some(Ok(SqlValue::Float64(number))) => number.is_finite(),
        Some(parsed) => parsed.is_ok(),
        None => false,
    }
}

/// Reads a whole file, and returns its columns with the types that all of their values have. Nested values are
/// JSON, and a column without values is a STRING.
///
/// # Errors
/// The file has no rows, no header, or a mistake; it cannot be read.
pub fn columns<R: BufRead>(
    file: &str,
    reader: R,
    format: TextFormat,
) -> Result<Vec<(Ident, SqlType)>> {
    let mut part = Part::new(file, reader);
    let guesses = match format {
        TextFormat::Csv(separator) => of_csv(&mut part, Csv::new(separator))?,
        TextFormat::Json => of_json(&mut part)?,
    };
    Ok(guesses.into_iter().map(|(name, guess)| (name, guess.sql_type())).collect())
}

fn of_csv<R: BufRead>(part: &mut Part<R>, mut csv: Csv) -> Result<Vec<(Ident, Guess)>> {
    let Some(header) = csv.texts(part)? else { return Err(part.empty()) };
    let mut columns: Vec<(Ident, Guess)> = Vec::new();
    for (place, name) in header {
        let name = name.unwrap_or_default();
        let is_value = TYPES.into_iter().any(|sql_type| is(name.trim(), sql_type));
        if name.trim().is_empty() || is_value {
            let message = "the first line is not a header: this is a value, not a column's name";
            return Err(part
                .error(place, message)
                .help("add a line with the columns' names at the top of the file"));
        }
        let ident = Ident::parse(name.trim()).map_err(|error| {
            part.error(place.clone(), error.headline())
                .help("rename the column in the file's header")
        })?;
        if columns.iter().any(|(known, _)| known.same_column(ident.as_str())) {
            return Err(part.error(place, format!("column `{}` is listed twice", ident.as_str())));
        }
        columns.push((ident, Guess::Nothing));
    }
    let mut some = false;
    while let Some(fields) = csv.texts(part)? {
        some = true;
        if fields.len() != columns.len() {
            let start = fields[0].0.start;
            let message = super::csv::other_length(fields.len(), columns.len());
            return Err(part.error(start..start, message));
        }
        for ((_, text), (_, guess)) in fields.into_iter().zip(&mut columns) {
            if let Some(text) = text {
                guess.see(&text, |_| true);
            }
        }
    }
    match some {
        true => Ok(columns),
        false => Err(part.empty()),
    }
}

fn of_json<R: BufRead>(part: &mut Part<R>) -> Result<Vec<(Ident, Guess)>> {
    let mut json = Json::default();
    let mut columns: IndexMap<String, Guess> = IndexMap::new();
    while json.next(part)? {
        for (name, raw) in ndjson::parse(part)?.0 {
            let guess = columns.entry(name.into_owned()).or_insert(Guess::Nothing);
            match raw.get().as_bytes().first() {
                Some(b'n') => {}
                Some(b'{' | b'[') => *guess = Guess::Nested,
                Some(b'"') => {
                    let text: String = serde_json::from_str(raw.get()).map_err(|error| {
                        Error::new(Kind::DataFile, format!("`{}`: {error}", part.file))
                    })?;
                    // What is written in quotes is no number, even if it looks like one.
                    guess.see(&text, |sql_type| {
                        matches!(sql_type, SqlType::Date | SqlType::Timestamp | SqlType::Datetime)
                    });
                }
                _ => guess.see(raw.get(), |_| true),
            }
        }
    }
    if columns.is_empty() {
        return Err(part.empty());
    }
    let named = |(name, guess): (String, Guess)| match Ident::parse(&name) {
        Ok(ident) => Ok((ident, guess)),
        Err(error) => {
            let message = format!("`{}`: {}", part.file, error.headline());
            Err(Error::new(Kind::DataFile, message).help("rename the key in the file"))
        }
    };
    columns.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, format: TextFormat) -> Result<Vec<String>> {
        let columns = columns("data", text.as_bytes(), format)?;
        Ok(columns.iter().map(|(name, sql_type)| format!("{} {sql_type}", name.as_str())).collect())
    }

    #[test]
    fn a_column_has_the_type_of_all_its_values() {
        let csv = "id,n,x,zip,ok,d,at,note,none,long,hash\n\
                   a,1,1,01069,true,2026-01-28,2026-01-28T08:00:00Z,x,,12345678901234567890,1e5\n\
                   b,-2,1.5,10115,FALSE,2026-01-29,2026-01-28 08:00:00+01,2,,1,2e7\n";
        let expected = [
            "id STRING",
            "n INT64",
            "x FLOAT64",
            "zip STRING",
            "ok BOOL",
            "d DATE",
            "at TIMESTAMP",
            "note STRING",
            "none STRING",
            "long STRING",
            "hash STRING",
        ];
        assert_eq!(found(csv, TextFormat::Csv(None)).unwrap(), expected);
        let json =
            r#"[{"id": "1", "n": 1, "tags": ["a"]}, {"n": 2.5, "d": "2026-01-28", "ok": null}]"#;
        let expected = ["id STRING", "n FLOAT64", "tags JSON", "d DATE", "ok STRING"];
        assert_eq!(found(json, TextFormat::Json).unwrap(), expected);
    }

    #[test]
    fn a_file_without_a_header_is_refused() {
        for (text, place) in [
            ("a1,2026-01-28\nb2,2026-01-29\n", "data:1:4"),
            ("1,x\n", "data:1:1"),
            ("id,\n", "data:1:4"),
        ] {
            let error = found(text, TextFormat::Csv(None)).unwrap_err().to_string();
            assert!(error.contains("not a header") && error.contains(place), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_without_rows_has_no_types() {
        for (text, format) in
            [("", TextFormat::Csv(None)), ("id\n", TextFormat::Csv(None)), ("[]", TextFormat::Json)]
        {
            assert!(found(text, format).unwrap_err().to_string().contains("is empty"), "{text}");
        }
    }
}
