//! The rows that an earlier run removed.

use serde_json::{Map, Value as Json, json};

use super::Style;
use super::grid::{Entry, grid};
use crate::rule::Rule;
use crate::run::{RemovedFate, RemovedRow, RemovedRows};

/// The removed rows as a grid, under the run.
pub fn removed(style: Style, rule: &Rule, removed: &RemovedRows) -> String {
    let merges = rule.puts_together();
    let mut header = vec!["date", "row id", "survivor", "rank", "decided by"];
    header.extend(merges.then_some("survivor took"));
    header.extend(["removed by", "now"]);
    let line = |row: &RemovedRow| {
        let mut line = vec![
            Entry::from(row.day.to_string()),
            plain(&row.row_id).into(),
            row.survivor.as_ref().map_or("none".to_owned(), plain).into(),
            Entry::Number(row.rank),
            decision(rule, row).into(),
        ];
        line.extend(merges.then(|| Entry::from(columns(&row.gave))));
        line.extend([row.step.to_string().into(), now(row).into()]);
        line
    };
    let grid = grid(style, &header, removed.rows.iter().map(line).collect(), None);
    format!("rule {}, removed by run {}\n{grid}", rule.name, removed.run)
}

/// The removed rows as a JSON document.
pub fn removed_json(rule: &Rule, removed: &RemovedRows) -> Json {
    let object = |row: &RemovedRow| {
        let named = |values: Vec<Json>| -> Json {
            let cells = values.into_iter().enumerate();
            Json::Object(cells.map(|(i, value)| (order(rule, i), value)).collect::<Map<_, _>>())
        };
        let own = row.keep.iter().map(|(own, _)| own.clone());
        let survivors = row.keep.iter().map(|(_, of)| of.clone().unwrap_or(Json::Null));
        let mut object = json!({
            "date": row.day.to_string(),
            "step": row.step.as_str(),
            "row_id": row.row_id,
            "survivor": row.survivor,
            "rank": row.rank,
            "keep": named(own.collect()),
            "survivor_keep": named(survivors.collect()),
            "decided_by": row.decided_by().map(|i| order(rule, i)),
            "status": match &row.fate {
                RemovedFate::Removed => "removed",
                RemovedFate::Restored(_) => "restored",
                RemovedFate::Inexact => "inexact",
            },
            "restored_by": match &row.fate {
                RemovedFate::Restored(run) => Some(run.to_string()),
                _ => None,
            },
        });
        if rule.puts_together() {
            object["survivor_took"] = json!(row.gave);
        }
        object
    };
    json!({
        "rule": rule.name.as_str(),
        "run_id": removed.run.to_string(),
        "removed": removed.rows.iter().map(object).collect::<Vec<_>>(),
    })
}

/// The columns whose values a survivor takes over.
pub(super) fn columns(columns: &[String]) -> String {
    match columns {
        [] => "nothing".to_owned(),
        columns => columns.join(", "),
    }
}

/// An entry of `keep`. The rule may have differed at the time of the run.
fn order(rule: &Rule, i: usize) -> String {
    rule.keep.get(i).map_or_else(|| format!("keep {}", i + 1), |keep| keep.order.to_string())
}

/// Why a row was removed, without values of rows.
pub(super) fn decisive(rule: &Rule, row: &RemovedRow) -> String {
    match (&row.survivor, row.decided_by()) {
        (None, _) => "nothing: its key has no active row left".to_owned(),
        (_, None) => "nothing: they are equal".to_owned(),
        (_, Some(i)) => order(rule, i),
    }
}

/// A value as text.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Why a row was removed, with the values that decided.
pub(super) fn decision(rule: &Rule, row: &RemovedRow) -> String {
    if row.survivor.is_none() {
        return "nothing: its key has no active row left".to_owned();
    }
    let Some(i) = row.decided_by() else { return "nothing: they are equal".to_owned() };
    let (own, survivors) = &row.keep[i];
    // The row ids have their own columns.
    if (Some(own), survivors) == (Some(&row.row_id), &row.survivor) {
        return order(rule, i);
    }
    let survivors = survivors.as_ref().map_or_else(String::new, plain);
    format!("{}: {}, survivor {survivors}", order(rule, i), plain(own))
}

/// What became of a removed row.
pub(super) fn now(row: &RemovedRow) -> String {
    match &row.fate {
        RemovedFate::Removed => "removed".to_owned(),
        RemovedFate::Restored(run) => format!("restored by run {run}"),
        RemovedFate::Inexact => "not certain: rows of its date changed in between".to_owned(),
    }
}
