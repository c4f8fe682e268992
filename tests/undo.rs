//! `onerow undo`: a run taken back exactly.

use crate::common::{self, Project, RULE};

const ROWS: &str = "\
a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
b,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
c,2026-01-28,g1,ann,22.5,true,2026-01-28T10:00:00Z
d,2026-01-28,g1,bob,,false,2026-01-28T08:00:00Z
e,2026-01-29,g1,ann,,true,2026-01-29T08:00:00Z
f,2026-01-29,g1,ann,,true,2026-01-29T09:00:00Z";
const WINDOW: &str = "--from 2026-01-28 --to 2026-01-29";

fn rule(strategy: &str) -> String {
    let strategy = format!("row_id = \"id\"\nstrategy = \"{strategy}\"");
    RULE.replace("row_id = \"id\"", &strategy).replace("touched_at = \"updated_at\"\n", "")
}

fn loaded(rule: &str) -> Project {
    let project = Project::new(rule);
    project.rows(ROWS);
    project
}

/// Runs `apply` and returns the run's id.
fn applied(project: &Project) -> String {
    let applied = project.onerow(&format!("apply --yes {WINDOW} --format json")).exits(0).json();
    applied["run_id"].as_str().unwrap().to_owned()
}

fn undo(project: &Project, run: &str) -> serde_json::Value {
    project.onerow(&format!("undo {run} --format json")).exits(0).json()
}

/// Changes the table without onerow, as another program would.
fn change(project: &Project, sql: &str) {
    let database = project.database();
    database
        .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
        .unwrap();
    database.execute_batch(sql).unwrap();
    assert!(database.changes() > 0);
}

#[test]
fn what_a_run_took_out_comes_back_and_the_undo_itself_is_not_undone() {
    for strategy in ["deactivate", "delete", "rewrite"] {
        let project = loaded(&rule(strategy));
        let run = applied(&project);
        assert_eq!(project.active(), ["c", "f"], "{strategy}");
        let undone = undo(&project, &run);
        assert_eq!(undone["undone"], *run);
        let brief: Vec<_> =
            undone["dates"].as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            brief,
            [
                r#"{"date":"2026-01-28","status":"brought_back","rows":2,"left_alone":0}"#,
                r#"{"date":"2026-01-29","status":"brought_back","rows":1,"left_alone":0}"#,
            ]
        );
        assert_eq!(project.active(), ["a", "b", "c", "e", "f"], "{strategy}");
        let undo_run = undone["run_id"].as_str().unwrap();
        let story = project.ledger();
        let undos: Vec<&String> = story.iter().filter(|l| l.starts_with("undo ")).collect();
        assert_eq!(undos.len(), 2, "each date is a statement in the ledger: {story:?}");
        project.onerow(&format!("undo {undo_run}")).exits(2).says(&[
            &format!("run {undo_run} is an undo"),
            "to remove those rows again, run `onerow apply`",
        ]);
        assert_eq!(project.active(), ["a", "b", "c", "e", "f"], "{strategy}");
        assert_eq!(project.ledger(), story, "nothing was sent");
        applied(&project);
        assert_eq!(project.active(), ["c", "f"], "{strategy}");
    }
}

#[test]
fn a_run_is_undone_once_and_the_next_apply_does_it_again() {
    let project = loaded(RULE);
    let run = applied(&project);
    let first = undo(&project, &run);
    let second = undo(&project, &run);
    for date in second["dates"].as_array().unwrap() {
        assert_eq!(date["status"], "already");
        assert_eq!(date["run_id"], first["run_id"]);
    }
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
    applied(&project);
    assert_eq!(project.active(), ["c", "f"]);
}

#[test]
fn rows_that_have_changed_since_are_left_alone_and_reported() {
    let project = loaded(RULE);
    let run = applied(&project);
    change(&project, r#"UPDATE "nba.predictions" SET points_line = '99' WHERE id = 'a'"#);
    change(&project, r#"DELETE FROM "nba.predictions" WHERE id = 'e'"#);
    let ended = project.onerow(&format!("undo {run}")).exits(0);
    ended
        .says(&[&format!("2 rows have changed since run {run}, or are gone, and were left alone")]);
    assert_eq!(project.active(), ["b", "c", "f"]);
}

#[test]
fn a_row_that_came_back_by_itself_is_not_doubled() {
    let project = loaded(&rule("delete"));
    let run = applied(&project);
    project.rows("a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z");
    let undone = undo(&project, &run);
    assert_eq!(undone["dates"][0]["left_alone"], 1);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
}

#[test]
fn what_cannot_be_undone_is_said() {
    let without = RULE.replace("row_id", "audit = false\nrow_id");
    let project = loaded(&without);
    let run = applied(&project);
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["nobody knows which rows the run took out on 2026-01-28", "`audit = false`"]);
    assert_eq!(project.active(), ["c", "f"]);
    let clean = applied(&project);
    project.onerow(&format!("undo {clean}")).exits(2).says(&["took nothing out"]);
    project.onerow("undo 1999").exits(2).says(&["the ledger has no run `1999`", "onerow log"]);
    project.onerow("undo 2").exits(2).says(&["2 runs start with `2`", "write more of it"]);
    let project = loaded(RULE);
    let run = applied(&project);
    project.write("onerow.toml", rule("delete"));
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["the run did deactivate, and the rule's strategy is delete now"]);
    for step in ["audit", "undo"] {
        let ended = project.onerow(&format!("run {step} --date 2026-01-28")).exits(2);
        ended.says(&["does not run by itself"]);
    }
}

/// An override that takes out other rows than the audit keeps changes nothing at all.
#[test]
fn the_audit_and_the_statement_are_one() {
    let project = loaded(RULE);
    project.write(
        "sql/deactivate.sql",
        "{% from \"_survivors.sql\" import place, settled %}UPDATE {{ rule.table }} SET is_active = FALSE
WHERE {{ window.filter }} AND is_active AND {{ settled(rule) }} AND id IN (
  SELECT id FROM (SELECT id, {{ place(rule) }} AS place FROM {{ rule.table }} WHERE {{ window.filter }} AND is_active)
  WHERE place = 2)",
    );
    let ended = project.onerow("apply --date 2026-01-28").exits(1);
    ended.says(&["the statement would change 1 rows, and its audit keeps 2; nothing was changed"]);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
    let kept: i64 = project
        .database()
        .query_row("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'onerow.audit'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(kept, 0, "nor is anything kept");
}

/// What was settled for the run is settled for its undo, whatever is streamed in between.
#[test]
fn rows_that_stream_in_later_do_not_keep_a_run_from_being_undone() {
    let project = loaded(RULE);
    let late = "h,2026-01-28,g7,eve,,true,2026-01-29T09:50:00Z\n\
                i,2026-01-28,g7,eve,,true,2026-01-29T09:51:00Z";
    project.rows(late);
    let apply = format!("apply {WINDOW} --now 2026-01-29T10:00:00Z --format json");
    let run = project.onerow(&apply).exits(0).json()["run_id"].as_str().unwrap().to_owned();
    project.streamed("2026-01-29T10:05:00Z", "j,2026-01-28,g8,new,,true,2026-01-29T10:05:00Z");
    let ended = project.onerow(&format!("undo {run} --now 2026-01-29T10:10:00Z --format json"));
    assert_eq!(ended.exits(0).json()["dates"][0]["left_alone"], 0);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f", "h", "i", "j"]);
}

#[test]
fn an_undo_that_could_do_nothing_does_not_stand_in_the_way_of_the_next() {
    let project = loaded(RULE);
    let run = applied(&project);
    change(&project, r#"UPDATE "nba.predictions" SET player = 'x' || player"#);
    assert_eq!(undo(&project, &run)["dates"][0]["rows"], 0);
    change(&project, r#"UPDATE "nba.predictions" SET player = substr(player, 2)"#);
    assert_eq!(undo(&project, &run)["dates"][0]["rows"], 2);
}

/// Where the ledger of the first undo is lost, as on a machine that is gone, the audit table knows.
#[test]
fn a_rewrite_is_not_undone_twice_although_the_ledger_forgot_the_first_time() {
    let project = loaded(&rule("rewrite"));
    let run = applied(&project);
    let first = undo(&project, &run);
    change(
        &project,
        &format!(
            "DROP TRIGGER _onerow_ledger_delete; DELETE FROM _onerow_ledger WHERE run_id = '{}'",
            first["run_id"].as_str().unwrap()
        ),
    );
    let second = undo(&project, &run);
    assert_eq!(second["dates"][0]["rows"], 0, "{second}");
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
}

/// An ingestion-time partition is set by nobody, so a row that is inserted again is today's.
#[test]
fn deleted_rows_of_a_table_partitioned_by_arrival_are_not_inserted_into_today() {
    let by_arrival = rule("delete").replace("game_date", "_PARTITIONDATE");
    let project = Project::new(&by_arrival);
    project.write(
        "rows.csv",
        format!("{}{ROWS}\n", common::HEADER.replace("game_date", "_PARTITIONDATE")),
    );
    project.onerow("load rows.csv").exits(0);
    let run = applied(&project);
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["rows of _PARTITIONDATE cannot be brought back", "FOR SYSTEM_TIME AS OF"]);
    assert_eq!(project.active(), ["c", "f"]);
}

/// An UPDATE by row id would activate both: the one that the run deactivated, and the other.
#[test]
fn a_row_that_shares_its_id_with_another_inactive_one_is_left_alone() {
    let project = loaded(RULE);
    project.rows("a,2026-01-28,g9,zoe,,false,2026-01-28T08:00:00Z");
    let run = applied(&project);
    let undone = undo(&project, &run);
    assert_eq!(
        (&undone["dates"][0]["rows"], &undone["dates"][0]["left_alone"]),
        (&1.into(), &1.into())
    );
    assert_eq!(project.active(), ["b", "c", "e", "f"]);
}
