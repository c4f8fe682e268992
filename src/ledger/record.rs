//! An entry as a row of named columns, which both kinds of ledger share.

use jiff::Timestamp;

use super::Entry;
use crate::error::{Error, Kind, Result};
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{JobId, Usage};

/// The columns of the ledger's table, in order, with their BigQuery types and whether each entry
/// has a value.
pub(super) const COLUMNS: [(&str, &str, bool); 21] = [
    ("run_id", "STRING", true),
    ("sequence", "INT64", true),
    ("rule", "STRING", true),
    ("dates", "STRING", true),
    ("step", "STRING", true),
    ("job_id", "STRING", true),
    ("fingerprint", "STRING", true),
    ("sql", "STRING", true),
    ("parameters", "STRING", true),
    ("state", "STRING", true),
    ("affected", "INT64", false),
    ("bytes_processed", "INT64", false),
    ("bytes_billed", "INT64", false),
    ("slot_ms", "INT64", false),
    ("started_at", "TIMESTAMP", false),
    ("ended_at", "TIMESTAMP", false),
    ("logged_at", "TIMESTAMP", true),
    ("figures", "STRING", false),
    ("error", "STRING", false),
    ("version", "STRING", true),
    ("who", "STRING", true),
];

/// One value per column, as text.
pub(super) type Cells = [Option<String>; COLUMNS.len()];

/// The column names with commas between.
pub(super) fn column_list() -> String {
    COLUMNS.map(|(name, _, _)| name).join(", ")
}

pub(super) fn cells(entry: &Entry) -> Cells {
    let number = |number: Option<u64>| number.map(|n| n.min(i64::MAX as u64).to_string());
    let instant = |instant: Option<Timestamp>| instant.map(|at| at.to_string());
    [
        Some(entry.run.clone()),
        Some(entry.sequence.to_string()),
        Some(entry.rule.clone()),
        Some(entry.dates.clone()),
        Some(entry.step.to_string()),
        Some(entry.job.to_string()),
        Some(entry.fingerprint.to_string()),
        Some(entry.sql.clone()),
        Some(entry.parameters.to_string()),
        Some(entry.state.to_string()),
        number(entry.affected),
        number(entry.usage.bytes_processed),
        number(entry.usage.bytes_billed),
        number(entry.usage.slot_ms),
        instant(entry.usage.started),
        instant(entry.usage.ended),
        Some(entry.at.to_string()),
        entry.figures.as_ref().map(ToString::to_string),
        entry.error.clone(),
        Some(entry.version.clone()),
        Some(entry.who.clone()),
    ]
}

/// Reads an entry back. Errors: a value that this version would not have written.
pub(super) fn entry(cells: &Cells) -> Result<Entry> {
    let text = |i: usize| cells[i].clone().ok_or_else(|| damaged(i, "NULL"));
    Ok(Entry {
        run: text(0)?,
        sequence: parsed(cells, 1)?.ok_or_else(|| damaged(1, "NULL"))?,
        rule: text(2)?,
        dates: text(3)?,
        step: StepName::parse(&text(4)?).map_err(|_| damaged(4, &text(4).unwrap_or_default()))?,
        job: JobId::from_ledger(text(5)?),
        fingerprint: Fingerprint::from_ledger(text(6)?),
        sql: text(7)?,
        parameters: parsed(cells, 8)?.ok_or_else(|| damaged(8, "NULL"))?,
        state: text(9)?.parse()?,
        affected: parsed(cells, 10)?,
        usage: Usage {
            bytes_processed: parsed(cells, 11)?,
            bytes_billed: parsed(cells, 12)?,
            slot_ms: parsed(cells, 13)?,
            started: parsed(cells, 14)?,
            ended: parsed(cells, 15)?,
        },
        at: parsed(cells, 16)?.ok_or_else(|| damaged(16, "NULL"))?,
        figures: parsed(cells, 17)?,
        error: cells[18].clone(),
        version: text(19)?,
        who: text(20)?,
    })
}

fn parsed<T: std::str::FromStr>(cells: &Cells, i: usize) -> Result<Option<T>> {
    let Some(text) = &cells[i] else { return Ok(None) };
    text.parse().map(Some).map_err(|_| damaged(i, text))
}

fn damaged(i: usize, value: &str) -> Error {
    Error::new(Kind::Warehouse, format!("the ledger holds the {} `{value}`", COLUMNS[i].0))
        .help("it was written by another version of onerow; use that version")
}
