//! A table with three columns of every type that the embedded warehouse holds, full of the values
//! at which implementations part: NULLs, extremes, ties, Unicode.

use onerow::googlesql::{Ident, SqlType, SqlValue};
use serde_json::{Value as Json, json};

pub const TABLE: &str = "lowering.edges";
/// The same columns with small numbers only, whose sums are exact and do not overflow.
pub const CALM: &str = "lowering.calm";

/// The types, and how their columns are called.
pub const TYPES: [(SqlType, &str); 10] = [
    (SqlType::String, "s"),
    (SqlType::Int64, "i"),
    (SqlType::Float64, "f"),
    (SqlType::Numeric, "n"),
    (SqlType::BigNumeric, "b"),
    (SqlType::Bool, "o"),
    (SqlType::Date, "d"),
    (SqlType::Datetime, "dt"),
    (SqlType::Timestamp, "ts"),
    (SqlType::Time, "h"),
];

/// Columns of each type.
pub const COPIES: usize = 3;

/// The name of a type's column, `copy` from 0.
pub fn column(sql_type: SqlType, copy: usize) -> String {
    let known = TYPES.iter().find(|(known, _)| *known == sql_type);
    format!("{}{}", known.expect("a type that has columns").1, copy + 1)
}

/// What a cell of this type may hold besides NULL.
pub fn values(sql_type: SqlType) -> &'static [&'static str] {
    match sql_type {
        SqlType::String => &[
            "",
            "a",
            "A",
            "ab",
            " a ",
            "é",
            "É",
            "e\u{301}",
            "日本",
            "%a_",
            "\\",
            "'\"`",
            "12",
            "{\"id\": 7.50}",
            "{\"id\": \"a\\u00e9\", \"x\": [1, {}]}",
            "a,b",
            "-5",
            "0x1F",
            "1.5",
            "1e3",
            "true",
            "2026-01-28",
            "20260128",
            "%Y%m%d",
            "%F",
            "2026-01-28 07:41:30.000001",
            "2026-01-28T07:41:30Z",
            "23:59:59",
            "İ",
            "ß",
            "a\nb",
            "\u{a0}x",
        ],
        SqlType::Int64 => &[
            "0",
            "1",
            "-1",
            "2",
            "3",
            "-7",
            "10",
            "1000",
            "9223372036854775807",
            "-9223372036854775808",
            "9007199254740993",
            "1769586090",
        ],
        SqlType::Float64 => &[
            "0",
            "-0",
            "1",
            "-1",
            "0.5",
            "-2.5",
            "3",
            "0.1",
            "1e308",
            "-1e308",
            "5e-324",
            "9007199254740992",
            "9.3e18",
            "123456789.123456789",
            "1e-7",
        ],
        SqlType::Numeric => &[
            "0",
            "1",
            "-1",
            "0.5",
            "-2.5",
            "2",
            "0.000000001",
            "22.5",
            "123456789.123456789",
            "99999999999999999999999999999.999999999",
            "-99999999999999999999999999999.999999999",
            "9223372036854775807.5",
        ],
        SqlType::BigNumeric => &[
            "0",
            "1",
            "-1",
            "0.5",
            "-2.5",
            "2",
            "0.00000000000000000000000000000000000001",
            "22.5",
            "12345678901234567890123456789012345678.5",
            "9223372036854775808",
            "0.0000000005",
        ],
        SqlType::Bool => &["true", "false"],
        SqlType::Date => &[
            "0001-01-01",
            "9999-12-31",
            "2026-01-28",
            "2026-01-31",
            "2024-02-29",
            "2023-03-01",
            "1969-12-31",
            "1970-01-01",
            "2026-12-28",
            "2027-01-03",
        ],
        SqlType::Datetime => &[
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59.999999",
            "2026-01-28 00:00:00",
            "2026-01-31 23:59:59.5",
            "2024-02-29 12:00:00.000001",
            "1969-12-31 23:59:59.999999",
            "2026-03-08 02:30:00",
        ],
        SqlType::Timestamp => &[
            "0001-01-01 00:00:00 UTC",
            "9999-12-30 21:59:59.999999 UTC",
            "2026-01-28 00:00:00 UTC",
            "2026-01-31 23:59:59.5 UTC",
            "1969-12-31 23:59:59.999999 UTC",
            "2026-03-08 07:00:00 UTC",
            "2026-11-01 05:30:00.000001 UTC",
            "1883-11-18 17:00:00 UTC",
        ],
        SqlType::Time => {
            &["00:00:00", "23:59:59.999999", "12:00:00", "07:41:30.000001", "07:41:30.5"]
        }
        _ => &[],
    }
}

/// The same for the table of small numbers.
pub fn calm(sql_type: SqlType) -> &'static [&'static str] {
    match sql_type {
        SqlType::Int64 => &["0", "1", "-1", "2", "3", "-7", "10", "1000"],
        SqlType::Float64 => &["0", "1", "-1", "0.5", "-2.5", "3", "1024"],
        SqlType::Numeric | SqlType::BigNumeric => &["0", "1", "-1", "0.5", "-2.5", "22.5"],
        other => values(other),
    }
}

/// The columns, `id` first.
pub fn columns() -> Vec<(Ident, SqlType)> {
    let id = (Ident::parse("id").unwrap(), SqlType::Int64);
    let each = TYPES.iter().flat_map(|(sql_type, _)| {
        (0..COPIES).map(|copy| (Ident::parse(&column(*sql_type, copy)).unwrap(), *sql_type))
    });
    std::iter::once(id).chain(each).collect()
}

/// The texts of the first rows: dates, in each way that functions read them, so that each of these has
/// a row in which it gives a value.
const DATES: [[&str; COPIES]; 3] =
    [["2026-01-28"; COPIES], ["20260128"; COPIES], ["%Y%m%d", "20260128", "20260128"]];

/// So many rows; each cell is one of its type's values or, one time in eight, NULL.
pub fn rows(table: &str, seed: u64, count: usize) -> Vec<Vec<SqlValue>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let columns = columns();
    let mut row = |id: usize| {
        let mut cells = vec![SqlValue::Int64(id as i64)];
        for (number, (_, sql_type)) in columns[1..].iter().enumerate() {
            let values = if table == CALM { calm(*sql_type) } else { values(*sql_type) };
            let mut text = values[random.usize(..values.len())];
            let mut null = random.u8(..8) == 0;
            if *sql_type == SqlType::String
                && let Some(date) = DATES.get(id)
            {
                (text, null) = (date[number % COPIES], false);
            }
            cells.push(if null {
                SqlValue::Null
            } else {
                SqlValue::parse(text, *sql_type).unwrap()
            });
        }
        cells
    };
    (0..count).map(&mut row).collect()
}

/// A value as GoogleSQL.
pub fn literal(value: &SqlValue, sql_type: SqlType) -> String {
    match (value, sql_type) {
        (SqlValue::Numeric(_), SqlType::BigNumeric) => format!("BIGNUMERIC '{value}'"),
        _ => value.literal().to_string(),
    }
}

/// Rows of both tables.
#[derive(Clone)]
pub struct Tables {
    pub edges: Vec<Vec<SqlValue>>,
    pub calm: Vec<Vec<SqlValue>>,
}

impl Tables {
    pub fn new(seed: u64, count: usize) -> Self {
        Self { edges: rows(TABLE, seed, count), calm: rows(CALM, seed, count) }
    }

    pub fn named(&self, name: &str) -> &[Vec<SqlValue>] {
        if name == CALM { &self.calm } else { &self.edges }
    }

    /// As Google's reference implementation is told of them.
    pub fn described(&self) -> Json {
        json!({ TABLE: table(&self.edges), CALM: table(&self.calm) })
    }
}

fn table(rows: &[Vec<SqlValue>]) -> Json {
    let columns = columns();
    let types: serde_json::Map<String, Json> =
        columns.iter().map(|(name, t)| (name.as_str().to_owned(), t.to_string().into())).collect();
    let row = |row: &Vec<SqlValue>| {
        let cells = row.iter().zip(&columns);
        let cell = |(value, (_, t)): (&SqlValue, &(Ident, SqlType))| {
            format!("CAST({} AS {t})", literal(value, *t))
        };
        format!("SELECT {}", cells.map(cell).collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    json!({ "columns": types, "rows": rows })
}
