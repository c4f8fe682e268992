//! What merging staging tables has come to, or would come to.

use serde_json::{Value as Json, json};

use super::grid::{Entry, grid};
use super::{Format, Style};
use crate::rule::RuleName;
use crate::run::{Consolidated, ConsolidatedDay};

/// The figures per date as a grid, with the rule's name above.
pub fn consolidated(
    style: Style,
    rule: &RuleName,
    run: Option<&str>,
    found: &Consolidated,
) -> String {
    let ran = run.is_some();
    let mut header = vec!["date", "staged", "inserts", "updates", "buffered"];
    header.extend(ran.then_some("merged"));
    header.push("status");
    let rows = found.days.iter().map(|(date, day)| {
        let mut row: Vec<Entry> = vec![date.to_string().into()];
        let figures = [day.found.staged, day.found.inserts, day.found.updates, day.waiting];
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

/// The figures per date as a JSON document.
pub fn consolidated_json(rule: &RuleName, run: Option<&str>, found: &Consolidated) -> Json {
    let mut document = json!({ "rule": rule.as_str() });
    if let Some(run) = run {
        document["run_id"] = run.into();
    }
    let days = found.days.iter().map(|(date, day)| {
        let mut figures = json!({
            "date": date.to_string(),
            "staged": day.found.staged,
            "inserts": day.found.inserts,
            "updates": day.found.updates,
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

/// How the staging of a date stands, in a word.
fn status(day: &ConsolidatedDay) -> &'static str {
    match (day.merged, day.waiting) {
        _ if day.failed => "failed",
        (Some(1..), 0) => "merged",
        (Some(1..), _) => "partial",
        (_, 0) if day.found.changes() > 0 => "dirty",
        (_, 0) => "clean",
        _ if day.found.changes() > 0 && day.merged.is_none() => "partial",
        _ => "buffered",
    }
}
