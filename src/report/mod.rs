//! Results as a table or a page for people, and as JSON and Markdown for machines.

mod annotations;
mod consolidated;
mod csv;
mod days;
mod doctor;
mod entries;
mod explain;
mod failure;
mod findings;
mod forecast;
mod grid;
pub mod html;
mod markdown;
mod plan;
mod ran;
mod removed;
mod review;
mod runs;
mod statements;
mod steps;
mod tests;
mod undo;

use serde_json::Value as Json;

pub use crate::connection::Tariff;
pub use annotations::{github, sarif};
pub use consolidated::{consolidated, consolidated_json, left_out};
pub use csv::{
    consolidated_csv, days_csv, doctor_csv, entries_csv, explained_csv, findings_csv, forecast_csv,
    is_more_than_csv, ran_csv, removed_csv, runs_csv, tests_csv, undone_csv,
};
pub use days::{DateFigures, Figures, RuleFigures, UndatedFigures, days, days_json};
pub use doctor::{doctor, doctor_json};
pub use entries::{entries, entries_json, entries_sql};
pub use explain::{explained, explained_json};
pub use failure::Failure;
pub use findings::{findings, findings_json};
pub use forecast::{forecast, forecast_json};
pub use grid::count;
pub use plan::{plan, plan_json, slots_json};
pub use ran::{ran, ran_json};
pub use removed::{removed, removed_json};
pub use review::{Reviewed, review, review_json};
pub use runs::{RunSummary, runs};
pub use statements::{statements, statements_json};
pub use steps::{steps, steps_json};
pub use tests::{junit, tests, tests_json};
pub use undo::{changed_columns, undone, undone_json};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For a pull request or a chat.
    Markdown,
    /// For a spreadsheet, and for programs that read tables: one table, with the names that JSON has.
    Csv,
}

/// The style of results.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// Whether status words are coloured; only ever in a table.
    pub colour: bool,
    /// The width of a table in columns; `None` outside a terminal, where a row is always one line.
    pub width: Option<u16>,
    /// Whether a table of many dates also shows those that are clean or empty.
    pub full: bool,
}

impl Style {
    /// The style for results outside a terminal: no colour, each row on one line.
    pub const fn plain(format: Format) -> Self {
        Self { format, colour: false, width: None, full: false }
    }
}

/// A JSON document as text: indented, with one final newline.
pub fn json(value: &Json) -> String {
    format!("{value:#}\n")
}

/// One document for one rule, a list for several.
pub(crate) fn one_or_all(mut documents: Vec<Json>) -> Json {
    match documents.len() {
        1 => documents.remove(0),
        _ => Json::Array(documents),
    }
}
