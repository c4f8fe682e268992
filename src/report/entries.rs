//! The ledger's entries, for people.

use serde_json::{Value as Json, json};

use super::Style;
use super::grid::{Entry as Cell, grid, printable};
use crate::ledger::{Entry, Outcome, latest};

/// One line per statement, newest first, from its last entry.
pub fn entries(style: Style, entries: &[Entry]) -> String {
    let header =
        ["run", "#", "time (UTC)", "rule", "step", "dates", "outcome", "rows", "fingerprint"];
    let rows = latest(entries).into_iter().rev().map(|entry| {
        vec![
            entry.run.as_str().into(),
            u64::from(entry.sequence).into(),
            entry.at.strftime("%F %T").to_string().into(),
            entry.rule.as_str().into(),
            entry.step.as_str().into(),
            entry.window.to_string().into(),
            outcome(entry).into(),
            Cell::from(entry.outcome.affected()),
            entry.fingerprint.short().into(),
        ]
    });
    let mut text = grid(style, &header, rows.collect(), None);
    for entry in latest(entries).into_iter().rev() {
        if let Some(remark) = entry.remark() {
            let remark = printable(&remark, style.format);
            text.push_str(&format!("{}, statement {}: {remark}\n", entry.run, entry.sequence));
        }
    }
    text
}

/// The SQL of each statement, newest first, with its outcome in a comment.
pub fn entries_sql(entries: &[Entry]) -> String {
    let blocks = latest(entries).into_iter().rev().map(|entry| {
        format!(
            "-- run {} #{}, {}, {}{}\n-- fingerprint {}\n-- parameters {}\n{};\n",
            entry.run,
            entry.sequence,
            entry.at.strftime("%F %T UTC"),
            outcome(entry),
            entry
                .outcome
                .affected()
                .map_or(String::new(), |rows| format!(", {}", super::count(rows, "row"))),
            entry.fingerprint,
            Json::Object(entry.parameters.clone()),
            entry.sql.trim_end()
        )
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// Every entry in full, newest first, by the ledger's column names.
pub fn entries_json(entries: &[Entry]) -> Json {
    let objects = entries.iter().rev().map(|entry| {
        json!({
            "run_id": entry.run,
            "sequence": entry.sequence,
            "rule": entry.rule.as_str(),
            "table_name": entry.table.dotted(),
            "step": entry.step.as_str(),
            "first_date": entry.window.first(),
            "last_date": entry.window.last(),
            "dates": entry.window.days(),
            "outcome": entry.outcome.as_str(),
            "affected_rows": entry.outcome.affected(),
            "error_code": entry.outcome.error_kind().map(|kind| kind.code()),
            "error": entry.outcome.message(),
            "detail": entry.detail,
            "cutoff": entry.cutoff.map(|at| at.to_string()),
            "job_id": entry.job.as_str(),
            "fingerprint": entry.fingerprint.as_str(),
            "sql": entry.sql,
            "parameters": entry.parameters,
            "vars": entry.vars,
            "bytes_processed": entry.usage.bytes_processed,
            "bytes_billed": entry.usage.bytes_billed,
            "slot_ms": entry.usage.slot_ms,
            "started_at": entry.usage.started.map(|at| at.to_string()),
            "ended_at": entry.usage.ended.map(|at| at.to_string()),
            "logged_at": entry.at.to_string(),
            "rehearsed_at": entry.rehearsed_at.map(|at| at.to_string()),
            "recovered_by": entry.recovered_by,
            "version": entry.version,
            "who": entry.who,
        })
    });
    Json::Array(objects.collect())
}

/// The outcome; a started statement without outcome is shown as such.
pub(super) fn outcome(entry: &Entry) -> &'static str {
    match entry.outcome {
        Outcome::Started => "no outcome",
        _ => entry.outcome.as_str(),
    }
}
