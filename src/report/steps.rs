//! Results of single steps.

use serde_json::{Map, Value as Json, json};

use super::Style;
use super::grid::{Entry, grid};
use crate::googlesql::SqlValue;
use crate::run::StepReport;
use crate::warehouse::{Returned, Rows};

/// The rows of queries as grids, the changed rows of mutations as sentences.
pub fn steps(style: Style, reports: &[StepReport]) -> String {
    let blocks = reports.iter().map(|report| match &report.answer.result {
        Returned::Rows(rows) => format!("{}\n{}", report.title, rows_grid(style, rows)),
        Returned::Affected(Some(count)) => {
            let keys = report.keys_lost;
            let keys = keys.map(|keys| format!("; keys without an active row now: {keys}"));
            let rows = super::count(*count, "row");
            format!("{}: {rows} changed{}\n", report.title, keys.unwrap_or_default())
        }
        Returned::Affected(None) => {
            format!("{}: done; the warehouse does not say how many rows\n", report.title)
        }
        Returned::Nothing => format!("{}: done\n", report.title),
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn rows_grid(style: Style, rows: &Rows) -> String {
    let header: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
    let cell = |value: &SqlValue| match value {
        SqlValue::Int64(number) if *number >= 0 => Entry::Number(number.unsigned_abs()),
        other => Entry::Text(other.to_string()),
    };
    grid(style, &header, rows.rows.iter().map(|row| row.iter().map(cell).collect()).collect(), None)
}

/// Each statement's result as a JSON object.
pub fn steps_json(reports: &[StepReport]) -> Json {
    let objects = reports.iter().map(|report| match &report.answer.result {
        Returned::Rows(rows) => json!({ "statement": report.title, "rows": rows_json(rows) }),
        Returned::Affected(count) => match report.keys_lost {
            None => json!({ "statement": report.title, "affected": count }),
            keys => json!({ "statement": report.title, "affected": count, "keys_lost": keys }),
        },
        Returned::Nothing => json!({ "statement": report.title }),
    });
    Json::Array(objects.collect())
}

fn rows_json(rows: &Rows) -> Json {
    let object = |row: &Vec<SqlValue>| {
        let cells = rows.columns.iter().cloned().zip(row.iter().map(SqlValue::to_json));
        Json::Object(cells.collect::<Map<_, _>>())
    };
    rows.rows.iter().map(object).collect()
}
