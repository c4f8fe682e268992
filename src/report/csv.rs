//! Results as CSV: one table, whose columns have the names that they have in JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::{
    RunSummary, doctor_json, findings_json, forecast_json, steps_json, tests_json, undone_json,
};
use super::{consolidated_json, days_json, entries_json, explained_json, ran_json, removed_json};
use crate::check::Finding;
use crate::doctor::Line;
use crate::engine::Outlook;
use crate::ledger::Entry;
use crate::rule::{Rule, RuleName};
use crate::run::{Consolidated, PastRun, RemovedRows, Report, Superseded, Undone};
use crate::suite::{Case, Verdict};
use crate::visible::visible;
use crate::window::Window;

/// The figures of dates, a line for each; totals are left out.
pub fn days_csv(reports: &[Report]) -> String {
    const COLUMNS: [&str; 12] = [
        "rule",
        "run_id",
        "date",
        "active",
        "keys",
        "duplicates",
        "buffered",
        "shared_ids",
        "keyless",
        "unflagged",
        "deactivated",
        "status",
    ];
    let rows = reports.iter().map(days_json).flat_map(|document| {
        let mut rows = rows_of(&document, "dates");
        let undated = json!({ "rule": document["rule"], "undated": [document["undated"]] });
        rows.extend(rows_of(&undated, "undated"));
        rows
    });
    csv(COLUMNS, rows)
}

/// What runs did, as one table: the figures of dates; where there are none, what was merged; else what steps gave
/// back.
pub fn ran_csv(reports: &[Report]) -> String {
    if reports.iter().any(|report| !report.days.is_empty()) {
        return days_csv(reports);
    }
    let merged: Vec<Json> =
        reports.iter().filter(|r| r.consolidated.is_some()).map(ran_json).collect();
    match merged.is_empty() && reports.iter().any(|report| !report.steps.is_empty()) {
        _ if !merged.is_empty() => merged_rows(&merged),
        true => csv(["rule", "run_id", "statement"], reports.iter().flat_map(step_rows)),
        false => days_csv(reports),
    }
}

/// Whether [`ran_csv`] leaves out something that these reports hold.
pub fn is_more_than_csv(reports: &[Report]) -> bool {
    let has_days = reports.iter().any(|report| !report.days.is_empty());
    let has_merged = reports.iter().any(|report| report.consolidated.is_some());
    let has_steps = reports.iter().any(|report| !report.steps.is_empty());
    usize::from(has_days) + usize::from(has_merged) + usize::from(has_steps) > 1
}

fn step_rows(report: &Report) -> Vec<Json> {
    let steps = steps_json(&report.steps);
    let mut all = Vec::new();
    for step in steps.as_array().into_iter().flatten() {
        let head = json!({
            "rule": report.rule.as_str(), "run_id": report.run, "statement": step["statement"],
        });
        let head = head.as_object().cloned().unwrap_or_default();
        match step["rows"].as_array() {
            Some(rows) => all.extend(rows.iter().map(|row| {
                let mut line = head.clone();
                for (name, value) in row.as_object().into_iter().flatten() {
                    // A column of the query's own that is called `rule` stands beside ours.
                    let name =
                        if head.contains_key(name) { format!("row.{name}") } else { name.clone() };
                    line.insert(name, value.clone());
                }
                Json::Object(line)
            })),
            None => {
                let rest = step.as_object().cloned().unwrap_or_default();
                all.push(Json::Object(head.into_iter().chain(rest).collect()));
            }
        }
    }
    all
}

/// What waits in staging tables, a line for each date.
pub fn consolidated_csv<'a>(
    found: impl IntoIterator<Item = (&'a RuleName, &'a Consolidated)>,
) -> String {
    let documents = found.into_iter().map(|(rule, found)| consolidated_json(rule, None, found));
    merged_rows(&documents.collect::<Vec<Json>>())
}

fn merged_rows(documents: &[Json]) -> String {
    const COLUMNS: [&str; 11] = [
        "rule", "run_id", "date", "staged", "left_out", "inserts", "updates", "deletes",
        "buffered", "merged", "status",
    ];
    csv(COLUMNS, documents.iter().flat_map(|document| rows_of(document, "dates")))
}

/// The duplicates of these rules, a line each.
pub fn explained_csv<'a>(
    explained: impl Iterator<Item = (&'a Rule, &'a [Superseded])> + Clone,
) -> String {
    let keys = explained.clone().flat_map(|(rule, _)| &rule.key).map(|key| format!("key.{key}"));
    let columns = ["rule", "date"].map(str::to_owned).into_iter().chain(keys);
    let columns = columns.chain(["row_id", "survivor", "decided_by", "status"].map(str::to_owned));
    let documents = explained.map(|(rule, rows)| explained_json(rule, rows));
    csv(columns, documents.flat_map(|document| rows_of(&document, "superseded")))
}

/// The rows that a run removed, a line each.
pub fn removed_csv(rule: &Rule, removed: &RemovedRows) -> String {
    const COLUMNS: [&str; 10] = [
        "rule",
        "run_id",
        "date",
        "step",
        "row_id",
        "survivor",
        "rank",
        "decided_by",
        "status",
        "restored_by",
    ];
    csv(COLUMNS, rows_of(&removed_json(rule, removed), "removed"))
}

/// What runs of these sizes would take, a line each.
pub fn forecast_csv(found: &[(&Rule, Window, Outlook)]) -> String {
    const COLUMNS: [&str; 8] = [
        "rule",
        "dirty_dates",
        "dates_per_statement",
        "jobs",
        "bytes",
        "billed_at_most",
        "usd",
        "seconds",
    ];
    let documents =
        found.iter().map(|(rule, window, outlook)| forecast_json(rule, window, outlook));
    csv(COLUMNS, documents.flat_map(|document| rows_of(&document, "forecasts")))
}

/// Runs, a line each.
pub fn runs_csv(runs: &[PastRun]) -> String {
    const COLUMNS: [&str; 20] = [
        "run_id",
        "rule",
        "steps",
        "first_date",
        "last_date",
        "dates",
        "outcome",
        "began_at",
        "ended_at",
        "who",
        "statements",
        "failed",
        "duplicates_found",
        "duplicates_deactivated",
        "rows_removed",
        "duplicates_buffered",
        "rows_restored",
        "undoes",
        "undone_by",
        "partly_undone",
    ];
    csv(COLUMNS, runs.iter().map(|run| json!(RunSummary::of(run))))
}

/// Entries of the ledger, a line each.
pub fn entries_csv(entries: &[Entry]) -> String {
    csv(["run_id", "sequence", "rule", "table_name", "step"], listed(entries_json(entries)))
}

/// What an undo did, a line for each date.
pub fn undone_csv(undone: &Undone) -> String {
    const COLUMNS: [&str; 7] = ["rule", "run_id", "undone", "date", "status", "rows", "left_alone"];
    let document = undone_json(undone);
    // A date that an earlier run has restored names that run.
    let rows = document["dates"].as_array().into_iter().flatten().map(|date| {
        let mut row = json!({
            "rule": document["rule"], "run_id": document["run_id"], "undone": document["undone"],
        });
        for (name, value) in date.as_object().into_iter().flatten() {
            let name = if name == "run_id" { "restored_by" } else { name };
            row[name] = value.clone();
        }
        row
    });
    csv(COLUMNS, rows)
}

/// What `doctor` saw, a line each.
pub fn doctor_csv(lines: &[Line]) -> String {
    csv(["rule", "topic", "verdict", "seen", "remedy"], listed(doctor_json(lines)))
}

/// Findings, a line each.
pub fn findings_csv(findings: &[Finding]) -> String {
    const COLUMNS: [&str; 10] = [
        "code",
        "severity",
        "place.file",
        "place.line",
        "place.column",
        "template.file",
        "template.line",
        "template.column",
        "reason",
        "help",
    ];
    csv(COLUMNS, listed(findings_json(findings)))
}

/// What came of tests, a line each.
pub fn tests_csv(results: &[(Verdict, Case)]) -> String {
    csv(["file", "name", "rule", "passed", "difference"], listed(tests_json(results)))
}

fn listed(document: Json) -> Vec<Json> {
    match document {
        Json::Array(rows) => rows,
        _ => Vec::new(),
    }
}

/// The rows in a list of a document, each with the rule and the run of the document in front.
fn rows_of(document: &Json, list: &str) -> Vec<Json> {
    let heads = ["rule", "run_id"].into_iter();
    let head: Map<String, Json> =
        heads.filter_map(|name| Some((name.to_owned(), document.get(name)?.clone()))).collect();
    let rows = document[list].as_array().into_iter().flatten().filter_map(Json::as_object);
    rows.map(|row| Json::Object(head.clone().into_iter().chain(row.clone()).collect())).collect()
}

/// The names, and a line for each row. The columns are these, and behind them what else the rows have. What is in an
/// object has its name behind a dot, a list is JSON; NULL is an empty cell, and an empty text is `""`.
fn csv<S: Into<String>>(
    columns: impl IntoIterator<Item = S>,
    rows: impl IntoIterator<Item = Json>,
) -> String {
    let mut columns: Vec<String> = columns.into_iter().map(S::into).collect();
    let mut known = std::collections::HashSet::new();
    columns.retain(|name| known.insert(name.clone()));
    let mut lines: Vec<Map<String, Json>> = Vec::new();
    for row in rows {
        let mut cells = Map::new();
        flatten("", row, &mut cells);
        let new = cells.keys().filter(|name| known.insert((*name).clone()));
        columns.extend(new.cloned().collect::<Vec<_>>());
        lines.push(cells);
    }
    let mut text = String::new();
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let _ = writeln!(text, "{}", names.join(","));
    for line in lines {
        let cells: Vec<String> =
            columns.iter().map(|name| line.get(name).map_or_else(String::new, cell)).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

fn flatten(name: &str, value: Json, cells: &mut Map<String, Json>) {
    match value {
        Json::Object(object) => {
            for (inner, value) in object {
                let name = if name.is_empty() { inner } else { format!("{name}.{inner}") };
                flatten(&name, value, cells);
            }
        }
        value => _ = cells.insert(name.to_owned(), value),
    }
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    }
}

/// A text as a cell. What would steer a terminal is written out.
fn quoted(text: &str) -> String {
    let text = visible(text);
    match text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let rows = [
            json!({ "a": "x,\"y\"\nz", "n": 1, "k": { "p": null, "q": "" } }),
            json!({ "a": "\u{1b}[2J", "list": ["b", 2], "k": { "p": true } }),
        ];
        let text = csv(["n", "a"], rows);
        assert_eq!(
            text,
            "n,a,k.p,k.q,list\n1,\"x,\"\"y\"\"\nz\",,\"\",\n,\\u{1b}[2J,true,,\"[\"\"b\"\",2]\"\n"
        );
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(&read[0][1], "x,\"y\"\nz");
        assert_eq!(&read[1][4], "[\"b\",2]");
        assert_eq!(csv(["a", "b"], []), "a,b\n", "names are there without rows");
    }
}
