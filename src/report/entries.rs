//! The ledger, for reading.

use serde_json::{Value as Json, json};

use super::Style;
use super::grid::{Entry as Cell, grid, printable};
use crate::ledger::{Entry, State, latest};

/// One line per statement, newest first: what the last entry about it says.
pub fn entries(style: Style, entries: &[Entry]) -> String {
    let header =
        ["run", "#", "time (UTC)", "rule", "step", "dates", "state", "rows", "fingerprint"];
    let rows = latest(entries).into_iter().rev().map(|entry| {
        vec![
            entry.run.as_str().into(),
            u64::from(entry.sequence).into(),
            entry.at.strftime("%F %T").to_string().into(),
            entry.rule.as_str().into(),
            entry.step.as_str().into(),
            entry.dates.as_str().into(),
            state(entry).into(),
            Cell::from(entry.affected),
            entry.fingerprint.short().into(),
        ]
    });
    let mut text = grid(style, &header, rows.collect(), None);
    for entry in latest(entries).into_iter().rev() {
        if let Some(error) = &entry.error {
            let error = printable(error, style.format);
            text.push_str(&format!("{}, statement {}: {error}\n", entry.run, entry.sequence));
        }
    }
    text
}

/// The SQL of each statement, newest first, with what became of it in a comment.
pub fn entries_sql(entries: &[Entry]) -> String {
    let blocks = latest(entries).into_iter().rev().map(|entry| {
        format!(
            "-- run {} #{}, {}, {}{}\n-- fingerprint {}\n-- parameters {}\n{};\n",
            entry.run,
            entry.sequence,
            entry.at.strftime("%F %T UTC"),
            state(entry),
            entry.affected.map_or(String::new(), |rows| format!(", {rows} rows")),
            entry.fingerprint,
            entry.parameters,
            entry.sql.trim_end()
        )
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// Every entry, newest first, whole.
pub fn entries_json(entries: &[Entry]) -> Json {
    let objects = entries.iter().rev().map(|entry| {
        json!({
            "run_id": entry.run,
            "sequence": entry.sequence,
            "rule": entry.rule,
            "dates": entry.dates,
            "step": entry.step.as_str(),
            "job_id": entry.job.as_str(),
            "fingerprint": entry.fingerprint.as_str(),
            "sql": entry.sql,
            "parameters": entry.parameters,
            "state": entry.state.to_string(),
            "affected": entry.affected,
            "bytes_processed": entry.usage.bytes_processed,
            "bytes_billed": entry.usage.bytes_billed,
            "slot_ms": entry.usage.slot_ms,
            "started_at": entry.usage.started.map(|at| at.to_string()),
            "ended_at": entry.usage.ended.map(|at| at.to_string()),
            "at": entry.at.to_string(),
            "figures": entry.figures,
            "error": entry.error,
            "version": entry.version,
            "who": entry.who,
        })
    });
    Json::Array(objects.collect())
}

/// A statement that was started and has no outcome is said to have none.
pub(super) fn state(entry: &Entry) -> &'static str {
    match entry.state {
        State::Started => "no outcome",
        State::Done => "done",
        State::Failed => "failed",
        State::Unknown => "unknown",
    }
}
