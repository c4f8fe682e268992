//! Results of merging staging tables, done or planned.

use serde_json::{Value as Json, json};

use super::grid::{Entry, grid};
use super::{Format, Style};
use crate::rule::RuleName;
use crate::run::{Consolidated, ConsolidatedDay, Staged};

/// The counts per date as a grid, under the rule's name.
pub fn consolidated(
    style: Style,
    rule: &RuleName,
    run: Option<&str>,
    found: &Consolidated,
) -> String {
    let ran = run.is_some();
    let mut header =
        vec!["date", "staged", "left out", "inserts", "updates", "deletes", "buffered"];
    header.extend(ran.then_some("merged"));
    header.push("status");
    let rows = found.days.iter().map(|(date, day)| {
        let mut row: Vec<Entry> = vec![date.to_string().into()];
        let Staged { staged, left_out, inserts, updates, deletes, .. } = day.found;
        let figures = [staged, left_out, inserts, updates, deletes, day.waiting];
        row.extend(figures.map(Entry::Number));
        row.extend(ran.then(|| Entry::from(day.merged)));
        row.push(status(day).into());
        row
    });
    let title = match run {
        Some(run) => format!("staging of rule {rule}, run {run}"),
        None => format!("staging of rule {rule}"),
    };
    let title = if style.format == Format::Markdown { format!("**{title}**\n") } else { title };
    format!("{title}\n{}", grid(style, &header, rows.collect(), None))
}

/// The counts per date as a JSON document.
pub fn consolidated_json(rule: &RuleName, run: Option<&str>, found: &Consolidated) -> Json {
    let mut document = json!({ "rule": rule.as_str() });
    if let Some(run) = run {
        document["run_id"] = run.into();
    }
    let days = found.days.iter().map(|(date, day)| {
        let mut figures = json!({
            "date": date.to_string(),
            "staged": day.found.staged,
            "left_out": day.found.left_out,
            "inserts": day.found.inserts,
            "updates": day.found.updates,
            "deletes": day.found.deletes,
            "buffered": day.waiting,
        });
        if let Some(merged) = day.merged {
            figures["merged"] = merged.into();
        }
        figures["status"] = status(day).into();
        figures
    });
    document["dates"] = days.collect();
    if run.is_some() {
        document["dropped"] = json!(found.dropped);
        let kept = found.kept.iter();
        document["kept"] =
            kept.map(|(table, reason)| json!({ "table": table, "reason": reason })).collect();
    }
    document
}

/// The number of staged rows not merged, and why, in a sentence; `None` if there are none.
pub fn left_out(rule: &RuleName, found: &Consolidated) -> Option<String> {
    let rows: u64 = found.days.values().map(|day| day.found.left_out).sum();
    let is = if rows == 1 { "row is" } else { "rows are" };
    (rows > 0).then(|| {
        format!(
            "{rule}: {rows} staged {is} left out: rows that are not active take no part, nor do deletion \
             markers whose first `keep` value is NULL; `deleted` in [rule.{rule}.staging] says which rows \
             are deletion markers"
        )
    })
}

/// The staging status of a date, as a word.
fn status(day: &ConsolidatedDay) -> &'static str {
    match (day.merged, day.waiting) {
        _ if day.failed => "failed",
        (Some(1..), 0) => "merged",
        (Some(1..), _) => "partial",
        (_, 0) if day.found.changes() > 0 => "dirty",
        // A date with rows left out is not clean.
        (_, 0) if day.found.left_out > 0 => "left_out",
        (_, 0) => "clean",
        _ if day.found.changes() > 0 && day.merged.is_none() => "partial",
        _ => "buffered",
    }
}
