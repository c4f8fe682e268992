//! What an undo has come to.

use serde_json::{Value as Json, json};

use super::Style;
use super::grid::{Entry, grid};
use crate::run::{Undone, UndoneOutcome};

/// The dates as a grid, with the run that was taken back above.
pub fn undone(style: Style, undone: &Undone) -> String {
    let rows = undone.days.iter().map(|day| {
        let (rows, left, word): (Option<u64>, Option<u64>, String) = match &day.outcome {
            UndoneOutcome::Done { rows, of } => {
                (Some(*rows), of.map(|of| of.saturating_sub(*rows)), "brought back".to_owned())
            }
            UndoneOutcome::Already(run) => (None, None, format!("taken back by run {run}")),
            UndoneOutcome::Buffered => (None, None, "buffered".to_owned()),
            UndoneOutcome::Failed => (None, None, "failed".to_owned()),
        };
        vec![day.day.to_string().into(), rows.into(), left.into(), Entry::from(word)]
    });
    let header = ["date", "rows", "left alone", "status"];
    let grid = grid(style, &header, rows.collect(), None);
    format!("rule {}, run {} takes back run {}\n{grid}", undone.rule, undone.run, undone.undone)
}

/// The dates as a JSON document.
pub fn undone_json(undone: &Undone) -> Json {
    let days = undone.days.iter().map(|day| {
        let date = day.day.to_string();
        match &day.outcome {
            UndoneOutcome::Done { rows, of } => json!({
                "date": date,
                "status": "brought_back",
                "rows": rows,
                "left_alone": of.map(|of| of.saturating_sub(*rows)),
            }),
            UndoneOutcome::Already(run) => {
                json!({ "date": date, "status": "already", "run_id": run })
            }
            UndoneOutcome::Buffered => json!({ "date": date, "status": "buffered" }),
            UndoneOutcome::Failed => json!({ "date": date, "status": "failed" }),
        }
    });
    let mut document = json!({
        "rule": undone.rule.as_str(),
        "run_id": undone.run,
        "undone": undone.undone,
        "dates": days.collect::<Vec<_>>(),
    });
    if !undone.problems.is_empty() {
        let problems: Vec<String> = undone.problems.iter().map(ToString::to_string).collect();
        document["problems"] = json!(problems);
    }
    document
}
