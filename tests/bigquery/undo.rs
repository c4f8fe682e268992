//! The audit and `undo` on the emulator: a transaction, and time travel.

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::Fault;

fn fixture(strategy: &str) -> Option<Fixture> {
    let strategy = match strategy {
        "deactivate" => String::new(),
        other => format!("strategy = \"{other}\"\n"),
    };
    let rule = crate::common::RULE
        .replace("nba.", "DATASET.")
        .replace("row_id", &format!("audit = true\n{strategy}row_id"));
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
fn what_a_run_took_out_comes_back_and_the_next_apply_removes_it_again() {
    for strategy in ["deactivate", "delete", "rewrite"] {
        let Some(fixture) = fixture(strategy) else { return };
        let before = table(&fixture);
        let run = applied(&fixture);
        let after = table(&fixture);
        assert_eq!(fixture.active(), SURVIVORS);
        let undone = fixture.project.onerow(&format!("undo {run} --format json")).exits(0).json();
        assert_eq!(table(&fixture), before, "{strategy}: {undone}");
        assert_eq!(undone["dates"][0]["rows"], 2);
        applied(&fixture);
        assert_eq!(table(&fixture), after, "{strategy}");
    }
}

#[test]
fn the_audit_keeps_each_row_once_and_nothing_of_a_transaction_that_failed() {
    let Some(fixture) = fixture("deactivate") else { return };
    fixture.proxy.arm(
        "insert deactivate",
        Fault::End("invalidQuery", "Transaction is aborted due to concurrent update against table"),
        1,
    );
    fixture.proxy.arm("insert deactivate", Fault::CutAfter, 1);
    let run = applied(&fixture);
    let kept = fixture.emulator.query(&format!(
        "SELECT row_id, step, CAST(date AS STRING) FROM {}.ledger_audit WHERE run_id = '{run}' ORDER BY 1",
        fixture.dataset
    ));
    let kept: Vec<String> = kept.iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        kept,
        [
            "\"b1\" deactivate 2026-01-28",
            "\"b2\" deactivate 2026-01-28",
            "\"c1\" deactivate 2026-01-29",
        ]
    );
    let transactions = fixture.proxy.executed();
    let transactions = transactions.iter().filter(|(_, sql)| sql.contains("BEGIN TRANSACTION"));
    assert!(transactions.clone().count() >= 2);
    for (_, sql) in transactions {
        assert!(
            sql.contains("INSERT INTO")
                && sql.contains("UPDATE")
                && sql.contains("COMMIT TRANSACTION"),
            "{sql}"
        );
    }
}

#[test]
fn transactions_of_one_table_go_one_at_a_time() {
    let Some(fixture) = fixture("deactivate") else { return };
    fixture.proxy.habits(|habits| habits.delay = std::time::Duration::from_millis(100));
    applied(&fixture);
    assert_eq!(fixture.proxy.updates_at_a_time(), 1);
}

#[test]
fn the_buffer_refuses_the_whole_transaction() {
    let Some(fixture) = fixture("deactivate") else { return };
    fixture.proxy.habits(|habits| {
        habits.buffer_since = Some("2026-01-28T00:00:00Z".parse().unwrap());
        habits.hides_buffer = true;
    });
    fixture.project.onerow(&format!("apply {WINDOW} --now 2026-01-29T03:00:00Z")).exits(75);
    let executed = fixture.proxy.executed();
    assert!(executed.iter().all(|(_, sql)| !sql.contains("BEGIN TRANSACTION")), "{executed:?}");
    assert_eq!(fixture.active().len(), 7);
}

#[test]
fn rows_that_have_changed_since_are_left_alone() {
    let Some(fixture) = fixture("deactivate") else { return };
    let run = applied(&fixture);
    fixture.emulator.query(&format!(
        "UPDATE {}.predictions SET points_line = 99 WHERE id = 'b1'",
        fixture.dataset
    ));
    fixture.project.onerow(&format!("undo {run}")).exits(0).says(&["1 rows have changed since"]);
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
    fixture.proxy.arm("insert undo", Fault::End("invalidQuery", message), 2);
    let ended = fixture.project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["Invalid snapshot time", "are out of reach", "time travel window, 2 to 7 days"]);
    assert_eq!(table(&fixture), after);
    fixture.project.onerow(&format!("undo {run}")).exits(0);
    assert_eq!(fixture.active().len(), 7, "within the window it works");
}

/// A script goes on after its COMMIT, and can fail or be cancelled there.
#[test]
fn a_transaction_that_was_committed_is_done_whatever_its_job_says() {
    for reason in ["stopped", "invalidQuery"] {
        let Some(fixture) = fixture("deactivate") else { return };
        let run = applied(&fixture);
        fixture.proxy.arm("insert undo", Fault::ExecuteAndEnd(reason, "too late"), 1);
        fixture.project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(fixture.active().len(), 7);
        let story = fixture.story();
        assert!(story.contains(&"undo 2026-01-28 done 2".to_owned()), "{story:?}");
    }
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
