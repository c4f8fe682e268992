//! The ledger in BigQuery, and the outbox in front of it.

use serde_json::json;

use super::fixture::{Fixture, ROWS, WINDOW};
use super::proxy::Fault;
use crate::common::whole::whole;
use crate::common::{RULE, part};

#[test]
fn the_table_is_created_partitioned_by_day_and_clustered_by_rule() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let table = fixture.emulator.table(&fixture.table("ledger"));
    assert_eq!(table["timePartitioning"]["type"], "DAY", "{table}");
    assert_eq!(table["timePartitioning"]["field"], "logged_at", "{table}");
    assert_eq!(table["clustering"]["fields"], json!(["rule"]), "{table}");
}

#[test]
fn a_run_writes_one_batch_and_reading_writes_none() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let apply = || fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    apply();
    fixture.proxy.forget();
    apply();
    fixture.project.onerow(&format!("status {WINDOW}")).exits(0);
    fixture.project.onerow("log").exits(0);
    let written =
        fixture.proxy.executed().into_iter().filter(|(id, _)| id.starts_with("onerow_ledger_"));
    assert_eq!(written.count(), 1);
}

#[test]
fn log_reads_what_was_written_by_run_and_rule() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let apply = format!("apply {WINDOW} --format json");
    let run = fixture.project.onerow(&apply).exits(0).json()["run_id"].clone();
    fixture.project.onerow(&apply).exits(0);
    // Another machine has no outbox: what it reads comes from BigQuery.
    std::fs::remove_dir_all(fixture.project.path(".onerow")).unwrap();
    let log = |arguments: &str| {
        fixture
            .project
            .onerow(&format!("log --statements --warehouse prod --format json {arguments}"))
            .exits(0)
            .json()
    };
    assert_eq!(log("").as_array().unwrap().len(), 14, "12 of the first run, 2 of the second");
    let of_run = log(run.as_str().unwrap());
    assert_eq!(of_run.as_array().unwrap().len(), 12);
    assert!(of_run.as_array().unwrap().iter().all(|entry| entry["run_id"] == run), "{of_run}");
    assert_eq!(log("--rule predictions").as_array().unwrap().len(), 14);
}

#[test]
fn entries_wait_in_the_outbox_until_they_can_be_written_and_log_shows_them_meanwhile() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert ledger", Fault::Refuse(403, "accessDenied"), 1_000);
    whole!(fixture.project.onerow(&format!("apply {WINDOW}")), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        1      1            0          0            0         0   clean
     2026-01-28        4      2            2          0            0         2   cleaned
     2026-01-29        2      1            1          0            0         1   cleaned
    ────────
     total             7      4            3          0            0         3
    -- stderr
    error[access-denied]: BigQuery says accessDenied: said the proxy
      note: the entries are kept in the outbox, and the next run delivers them
      note: while running job [JOB]
      note: while writing 12 entries to the ledger [DATASET].ledger
      help: compare the granted roles with docs/bigquery.md; `onerow doctor` tries each
    ");
    assert_eq!(fixture.entries().len(), 12);
    // A run that cannot write its ledger does not start.
    fixture.proxy.forget();
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(1).prints_nothing();
    // What was refused is given up before it is sent under a new id, and nothing else is executed.
    let executed = fixture.proxy.executed();
    let [(refused, statement)] = executed.as_slice() else { panic!("{executed:?}") };
    assert!(
        refused.starts_with("onerow_ledger_") && statement.contains("given up"),
        "{executed:?}"
    );
    fixture.proxy.heal();
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let count = format!("SELECT COUNT(*) FROM {}", fixture.table("ledger"));
    assert_eq!(fixture.emulator.query(&count), [["14"]]);
}

/// Both are partitioned by day, and BigQuery charges for the partitions that a query names.
#[test]
fn every_statement_on_ledger_and_removal_log_names_their_days() {
    if !part::is_turn(2, 3) {
        return;
    }
    let rules = RULE.replace("nba.", "DATASET.").replace(
        "row_id =",
        "steps = [{ name = \"void\", may_remove_keys = true }, \"detect\", \"deactivate\", \"verify\"]\nrow_id =",
    );
    let Some(fixture) = Fixture::with_rules(&rules, "price_per_tib = 0") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.write(
        "sql/void.sql",
        "UPDATE {{ rule.table }} SET {{ rule.active }} = FALSE\n\
         WHERE {{ window.filter }} AND created_at < @cutoff AND player = 'b'",
    );
    let onerow = |line: &str| fixture.project.onerow(line);
    let run = onerow(&format!("apply {WINDOW} --format json")).exits(0).json()["run_id"].clone();
    let run = run.as_str().unwrap();
    for command in [
        format!("plan {WINDOW}"),
        format!("status {WINDOW}"),
        "log".to_owned(),
        "log --statements --sql".to_owned(),
        format!("log {run}"),
        format!("explain --run {run}"),
        format!("report {WINDOW} --html page.html"),
        "undo last --dry-run".to_owned(),
        "undo last".to_owned(),
        format!("apply {WINDOW}"),
        format!("undo {run}"),
    ] {
        _ = onerow(&command);
    }
    let removals = ["= @run_started_at", "= @undone_run_started_at", ">= @removed_since"]
        .map(|bound| format!("run_started_at {bound}"));
    let bounds = [
        ("ledger", vec!["ledger.logged_at >= @since".to_owned()]),
        ("ledger_removals", removals.to_vec()),
    ];
    let mut seen = [0, 0];
    for (id, sql) in fixture.proxy.executed() {
        for ((table, bounds), seen) in bounds.iter().zip(&mut seen) {
            let name = format!("`{}`", fixture.table(table));
            // What is only written to is not read.
            let written = sql.matches(&format!("INSERT INTO {name} (")).count();
            let read = sql.matches(&name).count() - written;
            let bounded: usize = bounds.iter().map(|bound| sql.matches(bound).count()).sum();
            assert!(read <= bounded, "{id}:\n{sql}");
            *seen += read;
        }
    }
    assert!(seen[0] >= 8 && seen[1] >= 8, "{seen:?}");
}

#[test]
fn runs_of_more_than_a_year_ago_are_read_by_their_ids_alone() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    std::fs::remove_dir_all(fixture.project.path(".onerow")).unwrap();
    let old = "20240101T000000Z-0a1b2c3d";
    let age = format!(
        "UPDATE {} SET run_id = '{old}', logged_at = TIMESTAMP '2024-01-01 00:00:05+00' WHERE TRUE",
        fixture.table("ledger")
    );
    fixture.emulator.query(&age);
    let entries = |line: &str| fixture.project.onerow(line).exits(0).json();
    assert_eq!(entries("log --format json"), json!([]));
    assert_eq!(entries("log --statements --format json"), json!([]));
    for start in [old, "20240101T", "202401", "2024"] {
        let found = entries(&format!("log {start} --format json"));
        assert_eq!(found.as_array().unwrap().len(), 12, "{start}");
    }
    let undo = |which: &str| fixture.project.onerow(&format!("undo {which} --dry-run"));
    whole!(undo("last"), @"
    $ onerow undo last --dry-run
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run of this rule that could be undone
      help: `onerow log` shows what each run did; name a run of more than a year ago by its id
    ");
    whole!(undo("2024"), @"
    $ onerow undo 2024 --dry-run
    -- stdout
    rule predictions, what undoing run [RUN] would do
     date         rows   left alone   status
    ────────
     2026-01-28      2                to be restored
     2026-01-29      1                to be restored
    -- stderr
    the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many
    ");
}

#[test]
fn whatever_a_statement_holds_arrives_as_it_was_sent() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let sql = "SELECT 'ü \\' \" \\\\ $.x {} 日本' AS odd, CAST(NULL AS STRING) AS nothing";
    fixture.project.write("sql/odd.sql", sql);
    whole!(fixture.project.onerow("run odd --date 2026-01-28"), @r#"
    $ onerow run odd --date 2026-01-28
    -- stdout
    odd of 2026-01-28
     odd                   nothing
    ────────
     ü ' " \ $.x {} 日本   NULL
    "#);
    let rendered =
        fixture.project.onerow("render --step odd --date 2026-01-28 --format json").exits(0);
    let rendered = rendered.json();
    let entry = fixture.entries().pop().unwrap();
    let statement = rendered["statements"].as_array().map_or(&rendered[0], |s| &s[0]);
    assert_eq!(entry["sql"], statement["sql"], "{rendered}");
    assert_eq!(entry["fingerprint"], statement["fingerprint"]);
}

#[test]
fn a_ledger_of_the_old_format_is_refused_before_anything_is_sent_and_stays_as_it_is() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let old = [("run_id", "STRING"), ("state", "STRING"), ("logged_at", "TIMESTAMP")];
    fixture.emulator.create_table(&fixture.table("ledger"), &old, "logged_at", "run_id");
    let commands = [format!("apply {WINDOW}"), "log".to_owned(), "undo last".to_owned()];
    whole!(fixture.project.transcript(&commands), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[ledger-format]: the ledger has format 0, this onerow knows 2
      note: while looking at the ledger [DATASET].ledger
      help: an onerow before the first release wrote it; rename or drop the table, and the next run creates a new one

    $ onerow log
    exit code 1
    -- stderr
    error[ledger-format]: the ledger has format 0, this onerow knows 2
      note: while looking at the ledger [DATASET].ledger
      help: an onerow before the first release wrote it; rename or drop the table, and the next run creates a new one

    $ onerow undo last
    exit code 1
    -- stderr
    error[ledger-format]: the ledger has format 0, this onerow knows 2
      note: while looking at the ledger [DATASET].ledger
      help: an onerow before the first release wrote it; rename or drop the table, and the next run creates a new one
    ");
    let executed = fixture.proxy.executed().into_iter().filter(|(id, _)| !id.contains("_log_"));
    assert_eq!(executed.collect::<Vec<_>>(), []);
    whole!(fixture.project.onerow("doctor --date 2026-01-28"), @"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      good     clock             this machine's clock agrees with the warehouse's
      bad      ledger            the ledger has format 0, this onerow knows 2 → an onerow before the first release wrote it; rename or drop the table, and the next run creates a new one

    rule predictions
      good     table             [DATASET].predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      good     partition         `game_date` is the table's partition column
      advice   partition filter  queries need not name partitions → a query without a filter scans the whole table; ALTER TABLE `[DATASET].predictions` SET OPTIONS (require_partition_filter = TRUE)
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      good     row id            `id` is unique and not NULL in 4 active rows of 2026-01-28
    ");
    assert_eq!(fixture.active().len(), 7);
}
