//! The case that onerow grew from, with its published figures, through the real binary.

use serde_json::{Value as Json, json};

use crate::common::Project;
use crate::common::whole::whole;
use crate::docs::Page;
use crate::docs::session::Runs;
use crate::predictions;

const WINDOW: &str = "--from 2026-01-20 --to 2026-01-29";

/// Date, active rows, superseded by (game, player, system, points line), superseded by (game,
/// player, system): the published table.
pub const PUBLISHED: [(&str, u64, u64, u64); 10] = [
    ("2026-01-20", 809, 252, 589),
    ("2026-01-21", 216, 0, 0),
    ("2026-01-22", 369, 1, 286),
    ("2026-01-23", 2892, 2477, 2807),
    ("2026-01-24", 441, 125, 360),
    ("2026-01-25", 1682, 695, 1400),
    ("2026-01-26", 1075, 271, 836),
    ("2026-01-27", 1047, 236, 811),
    ("2026-01-28", 1097, 632, 776),
    ("2026-01-29", 113, 0, 0),
];

fn loaded() -> Project {
    let project = Project::example();
    project.write("predictions.csv", predictions::csv());
    project.onerow("load by_line predictions.csv").exits(0);
    project
}

/// The published figures as the JSON document of a command; `done` where rows were deactivated.
fn published(rule: &str, done: bool) -> Json {
    let duplicates = |row: &(&str, u64, u64, u64)| if rule == "by_line" { row.2 } else { row.3 };
    let figures = |active: u64, duplicates: u64| {
        let mut figures = json!({
            "active": active, "keys": active - duplicates, "duplicates": duplicates,
            "buffered": 0, "shared_ids": 0,
        });
        if done {
            figures["deactivated"] = duplicates.into();
        }
        figures
    };
    let dates: Vec<Json> = PUBLISHED
        .iter()
        .map(|row| {
            let mut date = figures(row.1, duplicates(row));
            date["date"] = row.0.into();
            date["status"] = match (duplicates(row), done) {
                (0, _) => "clean".into(),
                (_, true) => "cleaned".into(),
                (_, false) => "dirty".into(),
            };
            date
        })
        .collect();
    let total = PUBLISHED.iter().map(duplicates).sum();
    json!({ "rule": rule, "dates": dates, "totals": figures(9741, total) })
}

/// The document without what the published figures do not say: keys that were withdrawn.
fn as_published(mut document: Json) -> Json {
    let dates = document["dates"].as_array_mut().unwrap().iter_mut();
    for figures in dates {
        figures.as_object_mut().unwrap().retain(|name, _| name != "keyless" && name != "unflagged");
    }
    let totals = document["totals"].as_object_mut().unwrap();
    totals.retain(|name, _| name != "keyless" && name != "unflagged");
    document
}

fn without(mut document: Json, keys: &[&str]) -> Json {
    for key in keys {
        assert!(document.as_object_mut().unwrap().remove(*key).is_some(), "{key} is missing");
    }
    document
}

#[test]
fn status_plan_and_apply_print_the_published_figures_for_both_rules() {
    for rule in ["by_line", "player_prop_predictions"] {
        let project = loaded();
        let status = project.onerow(&format!("status {rule} {WINDOW} --format json")).exits(0);
        assert_eq!(as_published(status.json()), published(rule, false));
        let plan = project.onerow(&format!("plan {rule} {WINDOW} --format json")).exits(0);
        assert_eq!(without(as_published(plan.json()), &["statements"]), published(rule, false));
        let apply = project.onerow(&format!("apply {rule} {WINDOW} --format json")).exits(0);
        let own_steps: &[&str] = if rule == "by_line" { &["run_id", "steps"] } else { &["run_id"] };
        assert_eq!(without(as_published(apply.json()), own_steps), published(rule, true));
    }
    assert_eq!(published("by_line", false)["totals"]["duplicates"], 4689);
    assert_eq!(published("player_prop_predictions", true)["totals"]["deactivated"], 7865);
}

#[test]
fn after_apply_every_date_is_clean_and_a_second_apply_sends_no_update() {
    let project = loaded();
    let rule = "player_prop_predictions";
    project.onerow(&format!("apply {rule} {WINDOW}")).exits(0);
    let after = project.onerow(&format!("status {rule} {WINDOW} --format json")).exits(0).json();
    for date in after["dates"].as_array().unwrap() {
        assert_eq!(date["status"], "clean", "{date}");
        assert_eq!(date["active"], date["keys"], "{date}");
    }
    assert_eq!(after["totals"]["active"], 1876);
    let database = project.path(".onerow/local.db");
    let rows = || -> Vec<(String, bool, i64)> {
        let database = rusqlite::Connection::open(&database).unwrap();
        let sql = r#"SELECT prediction_id, is_active, updated_at
                     FROM "nba_predictions.player_prop_predictions" ORDER BY 1"#;
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let before = rows();
    let second = project.onerow(&format!("apply {rule} {WINDOW} --format json")).exits(0).json();
    assert_eq!(second["totals"]["deactivated"], 0);
    assert_eq!(rows(), before);
    let run = second["run_id"].as_str().unwrap();
    let log = project.onerow(&format!("log {run} --format json")).exits(0).json();
    let steps: Vec<&Json> = log.as_array().unwrap().iter().map(|entry| &entry["step"]).collect();
    assert_eq!(steps, ["detect", "detect"], "started and done, and nothing else");
}

#[test]
fn the_survivors_are_the_newest_rows_and_the_id_decides_between_equals() {
    let project = loaded();
    project.onerow(&format!("apply player_prop_predictions {WINDOW}")).exits(0);
    let mut best: std::collections::BTreeMap<Vec<&str>, (&str, &str)> = Default::default();
    let text = predictions::csv();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        if f[7] == "true" {
            let survivor = best.entry(vec![f[2], f[1], f[3], f[4]]).or_default();
            *survivor = (*survivor).max((f[8], f[0]));
        }
    }
    let mut expected: Vec<&str> = best.values().map(|(_, id)| *id).collect();
    expected.sort_unstable();
    let database = project.database();
    let sql = r#"SELECT prediction_id FROM "nba_predictions.player_prop_predictions"
                 WHERE is_active ORDER BY 1"#;
    let mut statement = database.prepare(sql).unwrap();
    let survivors = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(survivors.map(Result::unwrap).collect::<Vec<_>>(), expected);
}

#[test]
fn the_fingerprints_in_the_ledger_are_those_of_render() {
    let project = loaded();
    let rule = "player_prop_predictions";
    project.onerow(&format!("apply {rule} {WINDOW}")).exits(0);
    let log = project.onerow("log --statements --format json").exits(0).json();
    let entries = log.as_array().unwrap();
    assert_eq!(
        entries.len(),
        2 * 18,
        "1 detect, 8 record, 8 deactivate, 1 verify, each started and done"
    );
    for entry in entries {
        let dates = entry["dates"].as_array().unwrap().iter();
        let dates: Vec<String> =
            dates.map(|date| format!("--date {}", date.as_str().unwrap())).collect();
        let step = entry["step"].as_str().unwrap();
        let command = format!("render {rule} --step {step} {} --format json", dates.join(" "));
        let rendered = project.onerow(&command).exits(0).json();
        assert_eq!(rendered[0]["fingerprint"], entry["fingerprint"], "{command}");
        assert_eq!(rendered[0]["sql"], entry["sql"], "{command}");
    }
}

#[test]
fn the_race_with_the_streaming_buffer_is_reported_and_finished_later() {
    let project = Project::example();
    project.write("history.csv", predictions::history_csv());
    project.write("backfill.csv", predictions::backfill_csv());
    let rule = "player_prop_predictions";
    project.onerow(&format!("load {rule} history.csv")).exits(0);
    let load = format!("load {rule} backfill.csv --streamed --now 2026-01-30T08:37:08Z");
    project.onerow(&load).exits(0);

    let apply = format!("apply {rule} {WINDOW} --format json --now");
    let first = project.onerow(&format!("{apply} 2026-01-30T08:37:10Z")).exits(75);
    whole!(first.stderr, @"player_prop_predictions: 2,866 duplicates in the streaming buffer; run the same command again when it has drained (within 90 minutes)");
    let first = first.json();
    let totals = &first["totals"];
    assert_eq!(totals["duplicates"], 7865);
    let (buffered, done) = (totals["buffered"].as_u64(), totals["deactivated"].as_u64());
    assert_eq!(buffered.unwrap() + done.unwrap(), 7865);
    assert!(buffered > Some(0) && done > Some(0), "{totals}");
    for date in first["dates"].as_array().unwrap() {
        let expected = if date["duplicates"] == 0 { "clean" } else { "partial" };
        assert_eq!(date["status"], expected, "{date}");
    }

    let second = project.onerow(&format!("{apply} 2026-01-30T10:37:10Z")).exits(0).json();
    assert_eq!(second["totals"]["deactivated"].as_u64(), buffered);
    let after = project.onerow(&format!("status {rule} {WINDOW} --format json")).exits(0).json();
    assert_eq!(after["totals"]["active"], 1876);
    assert_eq!(after["totals"]["duplicates"], 0);
}

#[test]
fn the_readme_shows_what_apply_prints() {
    let ended = loaded().onerow(&format!("apply player_prop_predictions {WINDOW}")).exits(0);
    let printed = Runs::default().as_shown(&ended.stdout);
    let mut lines = printed.lines();
    for line in Page::read("README.md").texts("text")[0].lines().filter(|line| line.trim() != "…")
    {
        assert!(lines.any(|printed| printed == line), "`{line}` is not printed there:\n{printed}");
    }
}
