//! The guarantees of the embedded warehouse, on real SQLite in memory.

mod change;
mod changed;
mod lowering;
mod plans;
mod refused;
mod semantics;
mod shipped;
mod statements;
mod table;

use jiff::{SignedDuration, Timestamp};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

use super::*;
use crate::googlesql::Ident;

/// A table with the columns of the seed case, and one of every other type.
const COLUMNS: &[(&str, SqlType)] = &[
    ("prediction_id", SqlType::String),
    ("game_id", SqlType::String),
    ("game_date", SqlType::Date),
    ("player_lookup", SqlType::String),
    ("system_id", SqlType::String),
    ("current_points_line", SqlType::Numeric),
    ("is_active", SqlType::Bool),
    ("created_at", SqlType::Timestamp),
    ("updated_at", SqlType::Timestamp),
    ("copies", SqlType::Int64),
    ("share", SqlType::Float64),
    ("local_time", SqlType::Datetime),
];

const TABLE: &str = "nba.predictions";

fn now() -> Timestamp {
    "2026-01-30T21:00:00Z".parse().unwrap()
}

fn drain() -> SignedDuration {
    SignedDuration::from_mins(90)
}

fn empty() -> Sqlite {
    Sqlite::in_memory(Clock::Fixed(now()), drain()).unwrap()
}

fn table() -> TableName {
    TableName::parse(TABLE).unwrap()
}

/// Rows as words: `p1 g1 2026-01-28 ann s1 22.5 true 07:00`, `-` for NULL. Further columns may follow.
fn rows(text: &str) -> Vec<Vec<SqlValue>> {
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let value = |(i, (name, sql_type)): (usize, &(&str, SqlType))| match words.get(i) {
            None | Some(&"-") => SqlValue::Null,
            Some(word) if *name == "created_at" => {
                SqlValue::parse(&format!("2026-01-30 {word}:00 UTC"), *sql_type).unwrap()
            }
            Some(word) => SqlValue::parse(&word.replace('_', " "), *sql_type).unwrap(),
        };
        COLUMNS.iter().enumerate().map(value).collect()
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(parse).collect()
}

fn columns() -> Vec<(Ident, SqlType)> {
    COLUMNS.iter().map(|(name, t)| (Ident::parse(name).unwrap(), *t)).collect()
}

fn load(warehouse: &Sqlite, text: &str, streaming: Streaming) -> Result<u64> {
    warehouse.load(&table(), &columns(), &[], &mut rows(text).into_iter().map(Ok), streaming)
}

fn with(text: &str) -> Sqlite {
    let warehouse = empty();
    load(&warehouse, text, Streaming::Settled).unwrap();
    warehouse
}

fn parse(sql: &str) -> ast::Statement {
    Parser::parse_sql(&BigQueryDialect, sql).unwrap_or_else(|e| panic!("{sql}: {e}")).remove(0)
}

fn job(name: &str) -> JobId {
    JobId::from_ledger(name.to_owned())
}

fn params() -> Params {
    Params::none()
        .with("cutoff", SqlValue::parse("2026-01-30 12:00:00 UTC", SqlType::Timestamp).unwrap())
        .with(
            "ids",
            SqlValue::Array(vec![SqlValue::String("p1".into()), SqlValue::String("p3".into())]),
        )
        .with("name", SqlValue::String("ann".into()))
}

fn run(warehouse: &Sqlite, sql: &str) -> Result<Returned> {
    let parsed = parse(sql);
    let text = Text { sql, parsed, window: None };
    let rule = crate::rule::RuleName::parse("p").unwrap();
    warehouse.execute(&job(sql), &rule, &text, &params()).map(|answer| answer.result)
}

/// The rows of an answer, one line each, columns separated by blanks.
fn answer(warehouse: &Sqlite, sql: &str) -> String {
    match run(warehouse, sql).unwrap_or_else(|error| panic!("{sql}\n{error}")) {
        Returned::Affected(n) => format!("{} affected", n.unwrap()),
        Returned::Nothing => "nothing".to_owned(),
        Returned::Rows(rows) => {
            let line = |row: &Vec<SqlValue>| {
                row.iter().map(SqlValue::to_string).collect::<Vec<_>>().join(" ")
            };
            rows.rows.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

fn active(warehouse: &Sqlite) -> String {
    answer(warehouse, "SELECT prediction_id FROM nba.predictions WHERE is_active ORDER BY 1")
        .replace('\n', " ")
}
