//! Results of an undo.

use serde_json::{Value as Json, json};

use super::Style;
use super::failure::Failure;
use super::grid::{Entry, grid};
use crate::run::{Change, ColumnChange, Undone, UndoneOutcome};

/// The dates as a grid, under the undone run.
pub fn undone(style: Style, undone: &Undone) -> String {
    let rows = undone.days.iter().map(|day| {
        let (rows, left): (Option<u64>, Option<u64>) = match &day.outcome {
            UndoneOutcome::Planned { rows } | UndoneOutcome::Buffered { rows } => {
                (Some(*rows), None)
            }
            UndoneOutcome::Restored { rows, of } => (Some(*rows), Some(of.saturating_sub(*rows))),
            UndoneOutcome::Already(_) | UndoneOutcome::Inexact { .. } | UndoneOutcome::Failed => {
                (None, None)
            }
        };
        vec![day.day.to_string().into(), rows.into(), left.into(), Entry::from(word(&day.outcome))]
    });
    let header = ["date", "rows", "left alone", "status"];
    let grid = grid(style, &header, rows.collect(), None);
    let (rule, of) = (&undone.rule, &undone.undone);
    let title = match &undone.run {
        Some(run) => format!("rule {rule}, run {run} undoes run {of}"),
        None if undone.is_planned() => format!("rule {rule}, what undoing run {of} would do"),
        None if undone.is_already() => format!("rule {rule}, run {of} is undone already"),
        None => format!("rule {rule}, nothing more of run {of} was restored"),
    };
    format!("{title}\n{grid}")
}

/// The outcome of a date in words.
pub(super) fn word(outcome: &UndoneOutcome) -> String {
    match outcome {
        UndoneOutcome::Planned { .. } => "to be restored".to_owned(),
        UndoneOutcome::Restored { rows: 0, of } if *of > 0 => "left alone".to_owned(),
        UndoneOutcome::Restored { rows, of } if rows < of => "partly restored".to_owned(),
        UndoneOutcome::Restored { .. } => "restored".to_owned(),
        UndoneOutcome::Already(run) => format!("restored by run {run}"),
        UndoneOutcome::Inexact { recorded, removed } => {
            let removed = removed.map_or("some".to_owned(), |removed| removed.to_string());
            format!("left alone: {removed} rows removed, {recorded} in the removal log")
        }
        UndoneOutcome::Buffered { .. } => "buffered".to_owned(),
        UndoneOutcome::Failed => "failed".to_owned(),
    }
}

/// Notes on columns that differ from before the run, a sentence per date.
pub fn changed_columns(undone: &Undone) -> Vec<String> {
    let told = undone.days.iter().filter(|day| !day.changes.is_empty()).map(|day| {
        let sentences: Vec<String> = day.changes.iter().map(ColumnChange::sentence).collect();
        format!("{}: {}", day.day, sentences.join("; "))
    });
    told.collect()
}

fn changed(change: &ColumnChange) -> Json {
    let column = &change.column;
    match &change.change {
        Change::Dropped => json!({ "column": column, "change": "dropped", "restored": false }),
        Change::Added => json!({ "column": column, "change": "added", "restored": false }),
        Change::Converted { then, now } => json!({
            "column": column, "change": "retyped", "then": then, "now": now, "restored": true,
        }),
        Change::Retyped { then, now } => json!({
            "column": column, "change": "retyped", "then": then, "now": now, "restored": false,
        }),
    }
}

/// The dates as a JSON document.
pub fn undone_json(undone: &Undone) -> Json {
    let days = undone.days.iter().map(|day| {
        let date = day.day.to_string();
        let mut shown = match &day.outcome {
            UndoneOutcome::Planned { rows } => {
                json!({ "date": date, "status": "planned", "rows": rows })
            }
            UndoneOutcome::Restored { rows, of } => json!({
                "date": date,
                "status": "restored",
                "rows": rows,
                "left_alone": of.saturating_sub(*rows),
            }),
            UndoneOutcome::Already(run) => {
                json!({ "date": date, "status": "already", "run_id": run })
            }
            UndoneOutcome::Inexact { recorded, removed } => json!({
                "date": date, "status": "inexact", "recorded": recorded, "removed": removed,
            }),
            UndoneOutcome::Buffered { rows } => {
                json!({ "date": date, "status": "buffered", "rows": rows })
            }
            UndoneOutcome::Failed => json!({ "date": date, "status": "failed" }),
        };
        if !day.changes.is_empty() {
            shown["columns"] = day.changes.iter().map(changed).collect();
        }
        shown
    });
    let mut document = json!({
        "rule": undone.rule.as_str(),
        "run_id": undone.run,
        "undone": undone.undone,
        "dates": days.collect::<Vec<_>>(),
    });
    if !undone.problems.is_empty() {
        let problems: Vec<Failure> = undone.problems.iter().map(Failure::from).collect();
        document["problems"] = json!(problems);
    }
    document
}
