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

/// The embedded warehouse has no time travel, so the rule keeps the rows.
fn rule(strategy: &str) -> String {
    let strategy = format!("row_id = \"id\"\nkeep_rows = true\nstrategy = \"{strategy}\"");
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
fn what_a_run_removed_is_restored() {
    for strategy in ["deactivate", "delete", "rewrite"] {
        let project = loaded(&rule(strategy));
        let run = applied(&project);
        assert_eq!(project.active(), ["c", "f"], "{strategy}");
        let planned = undo(&project, &format!("{run} --dry-run"));
        assert_eq!(planned["dates"][0].to_string(), PLANNED, "{strategy}");
        assert_eq!(project.active(), ["c", "f"], "a dry run changes nothing");
        let undone = undo(&project, &run);
        assert_eq!(undone["undone"], *run);
        let brief: Vec<_> =
            undone["dates"].as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            brief,
            [
                r#"{"date":"2026-01-28","status":"restored","rows":2,"left_alone":0}"#,
                r#"{"date":"2026-01-29","status":"restored","rows":1,"left_alone":0}"#,
            ]
        );
        assert_eq!(project.active(), ["a", "b", "c", "e", "f"], "{strategy}");
        let story = project.ledger();
        let undos = story.iter().filter(|line| line.starts_with("undo "));
        assert_eq!(undos.count(), 2, "each date is a statement in the ledger: {story:?}");
        let undo_run = undone["run_id"].as_str().unwrap();
        let ended = project.onerow(&format!("undo {undo_run}")).exits(2);
        ended.says(&["is an undo", "to remove those rows again, run `onerow apply`"]);
    }
}

const PLANNED: &str = r#"{"date":"2026-01-28","status":"planned","rows":2}"#;

#[test]
fn the_last_run_needs_no_id() {
    let project = loaded(RULE);
    project.onerow("undo last").exits(2).says(&["no run of this rule that could be undone"]);
    let first = applied(&project);
    project.rows("x,2026-01-29,g1,ann,,true,2026-01-29T07:00:00Z");
    let second = applied(&project);
    assert_eq!(undo(&project, "last --dry-run")["undone"], *second);
    assert_eq!(undo(&project, "last")["undone"], *second);
    assert_eq!(undo(&project, "last")["undone"], *first, "the second is undone already");
    assert_eq!(project.active(), ["a", "b", "c", "e", "f", "x"]);
    project.onerow("undo last predictions").exits(2).says(&["could be undone"]);
    project.onerow("undo last other").exits(2).says(&["there is no rule `other`"]);
}

/// The removal log holds each removed row with its survivor, its rank and what `keep` orders by.
#[test]
fn what_was_removed_is_in_the_removal_log_with_its_survivor() {
    let project = loaded(RULE);
    applied(&project);
    let database = project.database();
    let sql = "SELECT date, row_id, survivor_row_id, rank, keep_values, survivor_keep_values, \
               removed_row IS NULL FROM \"onerow.removals\" ORDER BY date, rank";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let text = |i| row.get::<_, String>(i);
        let numbers = (row.get::<_, i64>(3)?, row.get::<_, bool>(6)?);
        Ok(format!("{} {} {} {numbers:?} {}", text(0)?, text(1)?, text(2)?, text(4)?))
    });
    let rows: Vec<String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        rows,
        [
            r#"2026-01-28 "b" "c" (2, true) {"keep_1":"2026-01-28T09:00:00Z","keep_2":"b"}"#,
            r#"2026-01-28 "a" "c" (3, true) {"keep_1":"2026-01-28T08:00:00Z","keep_2":"a"}"#,
            r#"2026-01-29 "e" "f" (2, true) {"keep_1":"2026-01-29T08:00:00Z","keep_2":"e"}"#,
        ]
    );
}

/// What `keep` orders by is a part of what names a removed row.
const LATER: &str = "created_at = created_at + 1";
const EARLIER: &str = "created_at = created_at - 1";

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
    change(&project, &format!("UPDATE \"nba.predictions\" SET {LATER} WHERE id = 'a'"));
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
fn what_was_deactivated_is_restored_also_where_the_rule_deletes_now() {
    let project = loaded(RULE);
    let run = applied(&project);
    project.write("onerow.toml", rule("delete"));
    undo(&project, &run);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
}

#[test]
fn what_cannot_be_undone_is_said() {
    let project = loaded(&rule("delete").replace("keep_rows = true\n", ""));
    let run = applied(&project);
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["ids of 2 removed rows and not the rows", "keep_rows"]);
    assert_eq!(project.active(), ["c", "f"]);
    let clean = applied(&project);
    project.onerow(&format!("undo {clean}")).exits(2).says(&["removed nothing"]);
    project.onerow("undo 1999").exits(2).says(&["the ledger has no run `1999`", "onerow log"]);
    project.onerow("undo 2").exits(2).says(&["3 runs start with `2`", "write more of it"]);
    let project = loaded(&rule("delete"));
    let run = applied(&project);
    project.write("onerow.toml", rule("deactivate"));
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["the run did delete, and the rule's strategy is deactivate now"]);
    for step in ["record", "correct", "before_image", "undo"] {
        let ended = project.onerow(&format!("run {step} --date 2026-01-28")).exits(2);
        ended.says(&["does not run by itself"]);
    }
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
    change(&project, &format!("UPDATE \"nba.predictions\" SET {LATER}"));
    assert_eq!(undo(&project, &run)["dates"][0]["rows"], 0);
    change(&project, &format!("UPDATE \"nba.predictions\" SET {EARLIER}"));
    assert_eq!(undo(&project, &run)["dates"][0]["rows"], 2);
}

#[test]
fn a_run_of_another_strategy_is_not_undone() {
    let project = loaded(&rule("delete"));
    let run = applied(&project);
    project.write("onerow.toml", rule("rewrite"));
    let ended = project.onerow(&format!("undo {run}")).exits(1);
    ended.says(&["the run did delete, and the rule's strategy is rewrite now"]);
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
    ended.says(&[
        "rows of an ingestion-time partitioned table cannot be restored",
        "FOR SYSTEM_TIME AS OF",
    ]);
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
