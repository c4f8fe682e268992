//! The removal log and `undo` on the emulator: single statements, and time travel.

use super::fixture::{COLUMNS, Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::{Call, Fault};
use crate::common::part;
use crate::common::whole::{Transcript, whole};

fn fixture(strategy: &str) -> Option<Fixture> {
    let strategy = match strategy {
        "deactivate" => String::new(),
        "merge" => "strategy = \"rewrite\"\nmerge = \"last_non_null\"\n".to_owned(),
        other => format!("strategy = \"{other}\"\n"),
    };
    let rule = crate::common::RULE
        .replace("nba.", "DATASET.")
        .replace("row_id", &format!("{strategy}row_id"));
    let rule = match strategy.is_empty() {
        true => rule,
        false => rule.replace("touched_at = \"updated_at\"\n", ""),
    };
    Some(Fixture::with_rules(&rule, "")?.rows(ROWS))
}

/// Every row of the table, but for the time of its last change.
fn table(fixture: &Fixture) -> Vec<Vec<String>> {
    let sql =
        format!("SELECT * EXCEPT (updated_at) FROM {}.predictions ORDER BY id", fixture.dataset);
    fixture.emulator.query(&sql)
}

fn applied(fixture: &Fixture) -> String {
    let applied =
        fixture.project.onerow(&format!("apply --yes {WINDOW} --format json")).exits(0).json();
    assert_eq!(applied["totals"]["deactivated"], 3);
    applied["run_id"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_run_removed_is_restored() {
    for strategy in part::of(["deactivate", "delete", "rewrite"], 3) {
        let Some(fixture) = fixture(strategy) else { return };
        let before = table(&fixture);
        let run = applied(&fixture);
        assert_eq!(fixture.active(), SURVIVORS);
        let undone = fixture.project.onerow(&format!("undo {run} --format json")).exits(0).json();
        assert_eq!(table(&fixture), before, "{strategy}: {undone}");
        assert_eq!(undone["dates"][0]["rows"], 2);
    }
}

#[test]
fn a_survivor_that_was_put_together_becomes_what_it_was() {
    let Some(fixture) = fixture("merge") else { return };
    let line = |id: &str| {
        let sql = "SELECT CAST(points_line AS STRING) FROM";
        let found = fixture
            .emulator
            .query(&format!("{sql} {}.predictions WHERE id = '{id}'", fixture.dataset));
        found.concat().concat()
    };
    fixture.emulator.query(&format!(
        "UPDATE {}.predictions SET points_line = 7 WHERE id = 'b1'",
        fixture.dataset
    ));
    let (before, lacking) = (table(&fixture), line("b3"));
    let run = applied(&fixture);
    assert_eq!(fixture.active(), SURVIVORS);
    assert_ne!(line("b3"), lacking, "it has the line of b1");
    let undone = fixture.project.onerow(&format!("undo {run} --format json")).exits(0).json();
    assert_eq!(table(&fixture), before, "{undone}");
    assert_eq!(
        (&undone["dates"][0]["rows"], &undone["dates"][0]["left_alone"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn the_removal_log_has_each_row_once_whatever_happens_to_the_statement() {
    let Some(fixture) = fixture("deactivate") else { return };
    fixture.proxy.arm(
        "insert deactivate",
        Fault::End("invalidQuery", "Could not serialize access to table due to concurrent update"),
        1,
    );
    fixture.proxy.arm("insert deactivate", Fault::CutAfter, 1);
    let run = applied(&fixture);
    let kept = fixture.emulator.query(&format!(
        "SELECT row_id, step, survivor_row_id, CAST(date AS STRING) FROM {}.ledger_removals WHERE run_id = '{run}' ORDER BY 1",
        fixture.dataset
    ));
    let kept: Vec<String> = kept.iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        kept,
        [
            "\"b1\" deactivate \"b3\" 2026-01-28",
            "\"b2\" deactivate \"b3\" 2026-01-28",
            "\"c1\" deactivate \"c2\" 2026-01-29",
        ]
    );
    for (_, sql) in fixture.proxy.executed() {
        assert!(!sql.contains("TRANSACTION"), "one statement a job: {sql}");
    }
}

/// It is made before the first record, partitioned by day and clustered.
#[test]
fn the_removal_log_is_created_before_it_is_needed() {
    let keys = "removals_expire_after = \"90 days\"";
    let Some(fixture) = Fixture::new(keys) else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0);
    let creates = || {
        let seen = fixture.proxy.seen().into_iter();
        let creates = seen.filter(|(call, _)| *call == Call::CreateTable);
        creates.count()
    };
    assert_eq!(creates(), 0, "plan creates nothing");
    applied(&fixture);
    let log = fixture.emulator.table(&fixture.table("ledger_removals"));
    assert_eq!(log["timePartitioning"]["type"], "DAY");
    assert_eq!(log["timePartitioning"]["field"], "run_started_at");
    assert_eq!(log["timePartitioning"]["expirationMs"], (90_u64 * 24 * 3_600_000).to_string());
    assert_eq!(log["clustering"]["fields"], serde_json::json!(["rule", "run_id"]));
}

#[test]
fn rows_that_have_changed_since_are_left_alone() {
    let Some(fixture) = fixture("deactivate") else { return };
    let run = applied(&fixture);
    fixture.emulator.query(&format!(
        "UPDATE {}.predictions SET created_at = TIMESTAMP_ADD(created_at, INTERVAL 1 SECOND) WHERE id = 'b1'",
        fixture.dataset
    ));
    whole!(fixture.project.onerow(&format!("undo {run}")), @"
    $ onerow undo [RUN]
    -- stdout
    rule predictions, run [RUN] undoes run [RUN]
     date         rows   left alone   status
    ────────
     2026-01-28      1            1   partly restored
     2026-01-29      1            0   restored
    -- stderr
    1 row was left alone: since run [RUN] it was changed, deleted or made active again
    ");
    assert_eq!(fixture.active(), ["a1", "b2", "b3", "b4", "c1", "c2"]);
}

/// Nobody can wait for days in a test, so the proxy says what BigQuery says then.
#[test]
fn rows_beyond_time_travel_are_out_of_reach_and_nothing_is_changed() {
    let Some(fixture) = fixture("delete") else { return };
    let run = applied(&fixture);
    let after = table(&fixture);
    let message = "Invalid snapshot time 1601168925462 for table demo:d.predictions@1601168925462. \
                   Cannot read before 1601573410026.";
    fixture.proxy.arm("insert before_image", Fault::End("invalidQuery", message), 2);
    whole!(fixture.project.onerow(&format!("undo {run}")), @"
    $ onerow undo [RUN]
    exit code 1
    -- stdout
    rule predictions, run [RUN] undoes run [RUN]
     date         rows   left alone   status
    ────────
     2026-01-28                       failed
     2026-01-29                       failed
    -- stderr
    error[refused]: BigQuery says invalidQuery: Invalid snapshot time 1601168925462 for table demo:d.predictions@1601168925462. Cannot read before 1601573410026.
      note: while running job onerow_[RUN]_2_before_image_2026-01-28
      note: while running before_image of 2026-01-28
      help: cannot restore rows of before [TIME]: they are outside the table's time-travel window (2 to 7 days)
    error[refused]: BigQuery says invalidQuery: Invalid snapshot time 1601168925462 for table demo:d.predictions@1601168925462. Cannot read before 1601573410026.
      note: while running job onerow_[RUN]_4_before_image_2026-01-29
      note: while running before_image of 2026-01-29
      help: cannot restore rows of before [TIME]: they are outside the table's time-travel window (2 to 7 days)
    ");
    assert_eq!(table(&fixture), after);
    fixture.project.onerow(&format!("undo {run}")).exits(0);
    assert_eq!(fixture.active().len(), 7, "within the window it works");
}

/// Where the clock was set by hand, the warehouse's own time is what rows are looked up by.
#[test]
fn a_rehearsed_run_is_undone_by_the_warehouses_clock() {
    let Some(fixture) = fixture("rewrite") else { return };
    let before = table(&fixture);
    let apply = format!("apply --yes {WINDOW} --now 2026-02-01T00:00:00Z --format json");
    let applied = fixture.project.onerow(&apply).exits(0).json();
    fixture.project.onerow(&format!("undo {}", applied["run_id"].as_str().unwrap())).exits(0);
    assert_eq!(table(&fixture), before);
}

/// The ledger is read by day, and an undo is looked for from when the run began, whatever `--now` says.
#[test]
fn an_undo_that_is_rehearsed_in_the_past_is_not_done_again() {
    let Some(fixture) = fixture("rewrite") else { return };
    let before = table(&fixture);
    let undo = format!("undo {} --format json", applied(&fixture));
    fixture.project.onerow(&format!("{undo} --now 2020-01-01T00:00:00Z")).exits(0);
    let again = fixture.project.onerow(&undo).exits(0).json();
    assert_eq!(again["dates"][0]["status"], "already", "{again}");
    assert_eq!(table(&fixture), before, "each row is there once");
}

/// Of rows that are equal in everything, as many come back as were taken out, though more were there.
#[test]
fn of_equal_rows_as_many_come_back_as_went() {
    let Some(fixture) = fixture("rewrite") else { return };
    let twin = "t,2026-01-28,g5,t,,true,2026-01-28T01:00:00Z\n".repeat(3);
    let rows = format!("id,game_date,game_id,player,points_line,is_active,created_at\n{twin}");
    fixture.emulator.load(&fixture.table("predictions"), &rows);
    let before = table(&fixture);
    let apply = format!("apply --yes {WINDOW} --format json");
    let applied = fixture.project.onerow(&apply).exits(0).json();
    assert_eq!(applied["totals"]["deactivated"], 5);
    fixture.project.onerow(&format!("undo {}", applied["run_id"].as_str().unwrap())).exits(0);
    assert_eq!(table(&fixture), before);
}

/// FOR SYSTEM_TIME AS OF has the definition of then; the INSERT names the columns that both have.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#for_system_time_as_of>
#[test]
fn columns_that_were_dropped_and_added_since_are_said_and_take_no_others_values() {
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let Some(fixture) = fixture(strategy) else { return };
        let run = applied(&fixture);
        let name = fixture.table("predictions");
        // The emulator's metadata do not follow ALTER TABLE, and it has one definition for all times.
        let column = |(name, t): (&str, &str)| serde_json::json!({ "name": name, "type": t });
        let kept = COLUMNS.into_iter().filter(|(name, _)| *name != "updated_at");
        let now: Vec<_> = kept.chain([("note", "TIMESTAMP")]).map(column).collect();
        fixture.proxy.habits(|habits| {
            habits.then = COLUMNS.map(column).to_vec().into();
            habits.table = serde_json::json!({ "schema": { "fields": now } });
        });
        fixture.emulator.query(&format!("ALTER TABLE {name} DROP COLUMN updated_at"));
        fixture.emulator.query(&format!("ALTER TABLE {name} ADD COLUMN note TIMESTAMP"));
        said.add(&fixture.project.onerow(&format!("undo {run} --dry-run")));
        assert_eq!(fixture.active(), SURVIVORS);
        said.add(&fixture.project.onerow(&format!("undo {run}")));
        assert_eq!(fixture.active().len(), 7, "{strategy}");
        let notes = format!("SELECT COUNT(*) FROM {name} WHERE note IS NOT NULL");
        assert_eq!(fixture.emulator.query(&notes), [["0"]], "{strategy}");
    }
    whole!(said, @"
    $ onerow undo [RUN] --dry-run
    -- stdout
    rule predictions, what undoing run [RUN] would do
     date         rows   left alone   status
    ────────
     2026-01-28      2                to be restored
     2026-01-29      1                to be restored
    -- stderr
    the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many
    2026-01-28: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL
    2026-01-29: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL

    $ onerow undo [RUN]
    -- stdout
    rule predictions, run [RUN] undoes run [RUN]
     date         rows   left alone   status
    ────────
     2026-01-28      2            0   restored
     2026-01-29      1            0   restored
    -- stderr
    2026-01-28: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL
    2026-01-29: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL

    $ onerow undo [RUN] --dry-run
    -- stdout
    rule predictions, what undoing run [RUN] would do
     date         rows   left alone   status
    ────────
     2026-01-28      2                to be restored
     2026-01-29      1                to be restored
    -- stderr
    the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many
    2026-01-28: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL
    2026-01-29: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL

    $ onerow undo [RUN]
    -- stdout
    rule predictions, run [RUN] undoes run [RUN]
     date         rows   left alone   status
    ────────
     2026-01-28      2            0   restored
     2026-01-29      1            0   restored
    -- stderr
    2026-01-28: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL
    2026-01-29: column `updated_at` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL
    ");
}
