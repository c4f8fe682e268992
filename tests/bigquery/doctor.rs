//! `doctor`: one line for each thing that a run depends on, and the way out where one is needed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::emulator::emulator;
use super::fixture::{Fixture, ROWS, WINDOW};
use super::proxy::{Call, Fault};
use crate::common::RULE;
use crate::common::whole::whole;

/// The lines, as JSON; the exit code is 1 when any is bad.
pub(super) fn lines(fixture: &Fixture) -> Vec<Json> {
    let ended = fixture.project.onerow(&format!("doctor {WINDOW} --format json"));
    let lines = ended.json().as_array().unwrap().clone();
    let bad = lines.iter().any(|line| line["verdict"] == "bad");
    ended.exits(i32::from(bad));
    lines
}

/// The line of a topic: verdict, and what was seen with the way out.
fn line(lines: &[Json], topic: &str) -> (String, String) {
    let of_topic: Vec<_> = lines.iter().filter(|line| line["topic"] == topic).collect();
    let [line] = of_topic[..] else { panic!("{topic}: {lines:#?}") };
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), format!("{} → {}", text("seen"), text("remedy")))
}

/// The topic's line is of this verdict and holds all of these.
#[track_caller]
pub(super) fn expect(lines: &[Json], topic: &str, verdict: &str, parts: &[&str]) {
    let (found, text) = line(lines, topic);
    assert_eq!(found, verdict, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{text}` lacks `{part}`");
    }
}

pub(super) fn with(change: impl FnOnce(&str) -> String) -> Option<Fixture> {
    Some(Fixture::with_rules(&change(&RULE.replace("nba.", "DATASET.")), "")?.rows(ROWS))
}

pub(super) fn as_it_is(rule: &str) -> String {
    rule.to_owned()
}

#[test]
fn a_good_project_has_a_line_for_everything_and_nothing_is_changed() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture.proxy.habits(|habits| habits.table = json!({ "requirePartitionFilter": true }));
    let lines = lines(&fixture);
    let topics: Vec<&str> = lines.iter().map(|line| line["topic"].as_str().unwrap()).collect();
    assert_eq!(
        topics,
        [
            "credentials",
            "clock",
            "ledger",
            "table",
            "columns",
            "partition",
            "partition filter",
            "streaming buffer",
            "statements",
            "row id",
        ]
    );
    assert!(lines.iter().all(|line| line["verdict"] == "good"), "{lines:#?}");
    expect(&lines, "ledger", "good", &["the first run creates"]);
    expect(&lines, "row id", "good", &["7 active rows"]);
    let writes =
        |sql: &str| sql.lines().any(|l| l.starts_with("UPDATE") || l.starts_with("INSERT"));
    let changes = fixture.proxy.seen().into_iter().filter(|(call, _)| match call {
        Call::CreateTable | Call::Cancel { .. } | Call::Other => true,
        Call::Insert { sql, dry_run: false, .. } => writes(sql),
        _ => false,
    });
    assert_eq!(changes.collect::<Vec<_>>(), []);
    assert!(!fixture.project.path(".onerow").exists());
}

#[test]
fn for_people_each_is_one_line_with_its_way_out() {
    let Some(fixture) = with(|rule| rule.replace("player = \"STRING\"", "player = \"INT64\""))
    else {
        return;
    };
    whole!(fixture.project.onerow(&format!("doctor {WINDOW}")), @"
    $ onerow doctor --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      good     clock             this machine's clock agrees with the warehouse's
      good     ledger            the table [DATASET].ledger, which the first run creates

    rule predictions
      good     table             [DATASET].predictions: 8 columns
      bad      columns           `player` is STRING in the table, and the rule needs INT64 → write STRING in the rule if that is right, or name another column
      good     partition         `game_date` is the table's partition column
      advice   partition filter  queries need not name partitions → a query without a filter scans the whole table; ALTER TABLE `[DATASET].predictions` SET OPTIONS (require_partition_filter = TRUE)
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-29
      good     row id            `id` is unique and not NULL in 7 active rows of 2026-01-27 to 2026-01-29
    ");
}

#[test]
fn a_ledger_that_exists_is_tried_without_writing_to_it() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let before = fixture.entries().len();
    expect(&lines(&fixture), "ledger", "good", &["takes entries"]);
    assert_eq!(fixture.entries().len(), before);
    fixture.proxy.arm("dry run ledger", Fault::Refuse(403, "accessDenied"), 9);
    expect(&lines(&fixture), "ledger", "bad", &["accessDenied"]);
}

#[test]
fn columns_are_compared_by_name_and_type() {
    let rule = |rule: &str| {
        rule.replace("written_at = \"created_at\"", "written_at = \"created\"")
            .replace("created_at = \"TIMESTAMP\"", "created = \"TIMESTAMP\"")
            .replace("created_at DESC", "created DESC")
    };
    let Some(fixture) = with(rule) else { return };
    let lines = lines(&fixture);
    expect(&lines, "columns", "bad", &["no column `created`", "`created_at`"]);
    let statements = lines.iter().filter(|line| line["topic"] == "statements");
    assert!(statements.clone().count() > 1);
    assert!(statements.clone().all(|line| line["verdict"] == "bad"), "{lines:#?}");
    expect(&lines, "row id", "skipped", &["detect cannot run"]);
}

#[test]
fn the_partition_column_has_to_be_the_tables() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture.proxy.habits(|habits| {
        habits.table = json!({ "timePartitioning": { "type": "DAY", "field": "created_at" } });
    });
    let found = lines(&fixture);
    expect(&found, "partition", "bad", &["`created_at`", "`game_date`", "whole table"]);
    expect(&found, "partition filter", "advice", &["require_partition_filter = TRUE"]);
    fixture.proxy.habits(|habits| habits.table = json!({ "timePartitioning": null }));
    let found = lines(&fixture);
    expect(&found, "partition", "advice", &["not partitioned", "`game_date`"]);
}

#[test]
fn row_ids_that_are_shared_or_null_are_counted_with_their_dates() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&format!("{ROWS}\nc2,2026-01-29,g9,z,,true,2026-01-29T03:00:00Z"));
    expect(
        &lines(&fixture),
        "row id",
        "bad",
        &["2 of 8 active rows", "on 2026-01-29", "choose another `row_id`"],
    );
}

#[test]
fn what_a_buffer_means_depends_on_written_at() {
    let without = |rule: &str| rule.replace("written_at = \"created_at\"\n", "");
    for (rule, part) in [
        (as_it_is as fn(&str) -> String, "`created_at` tells which ones can be touched"),
        (without, "each date is tried"),
    ] {
        let Some(fixture) = with(rule) else { return };
        fixture.proxy.habits(|habits| habits.buffer_since = Some(Timestamp::now()));
        expect(&lines(&fixture), "streaming buffer", "good", &["holds rows", part]);
    }
}

#[test]
fn a_missing_table_and_a_missing_dataset_are_told_apart() {
    let Some(fixture) = Fixture::new("") else { return };
    expect(&lines(&fixture), "table", "bad", &["predictions", "the table's name"]);
    let Some(fixture) = with(|rule| rule.replace("DATASET.", "nowhere.")) else { return };
    expect(&lines(&fixture), "table", "bad", &["nowhere", "create the dataset"]);
}

#[test]
fn a_dataset_elsewhere_than_the_jobs_is_found_and_named() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture.proxy.habits(|habits| {
        habits.table = json!({ "location": "us-west2" });
        habits.dataset = json!({ "location": "europe-west1" });
    });
    let found = lines(&fixture);
    expect(
        &found,
        "table",
        "bad",
        &["us-west2", "`location` is not set", "location = \"us-west2\""],
    );
    expect(&found, "ledger", "bad", &["europe-west1"]);
}

#[test]
fn a_location_that_is_set_has_to_be_the_tables() {
    for (location, verdict) in [("EU", "good"), ("eu", "good"), ("us-west2", "bad")] {
        let Some(fixture) = Fixture::new("location = \"EU\"") else { return };
        let fixture = fixture.rows(ROWS);
        fixture.proxy.habits(|habits| {
            habits.table = json!({ "location": location });
            habits.dataset = json!({ "location": "EU" });
        });
        expect(&lines(&fixture), "table", verdict, &[location]);
    }
}

#[test]
fn every_permission_is_tried() {
    for (call, topic, permission, role) in [
        ("insert probe", "credentials", "bigquery.jobs.create", "bigquery.jobUser"),
        ("table", "table", "bigquery.tables.get", "bigquery.dataViewer"),
        ("dry run deactivate", "statements", "bigquery.tables.updateData", "bigquery.dataEditor"),
        ("insert detect", "row id", "bigquery.tables.getData", "bigquery.dataViewer"),
    ] {
        let Some(fixture) = with(as_it_is) else { return };
        fixture.proxy.arm(call, Fault::Refuse(403, "accessDenied"), 99);
        fixture.proxy.habits(|habits| habits.said = format!("Permission {permission} denied"));
        expect(&lines(&fixture), topic, "bad", &["accessDenied", permission, role]);
    }
}

#[test]
fn a_clock_that_is_wrong_is_found() {
    for (seconds, expected) in [(-300, "ahead of"), (300, "behind")] {
        let Some(fixture) = with(as_it_is) else { return };
        fixture.proxy.habits(|habits| {
            habits.began = Some(Timestamp::now() + SignedDuration::from_secs(seconds));
        });
        expect(&lines(&fixture), "clock", "bad", &[expected, "set the machine's clock"]);
    }
}

#[test]
fn nobody_there_is_one_line_and_soon() {
    let Some(_) = emulator() else { return };
    let Some(fixture) = Fixture::new("retry_for = \"1s\"") else { return };
    fixture.proxy.arm("insert probe", Fault::CutBefore, 999);
    fixture.proxy.arm("get probe", Fault::CutBefore, 999);
    let found = lines(&fixture);
    assert_eq!(found.len(), 1, "{found:#?}");
    expect(&found, "credentials", "bad", &["no answer from BigQuery"]);
}
