//! `onerow undo`: a run taken back exactly.

use std::collections::BTreeMap;

use crate::common::whole::{Transcript, whole};
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
    let mut said = Transcript::default();
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
        said.add(&ended);
    }
    whole!(said, @"
    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[unknown-run]: run [RUN] is an undo, of run [RUN]
      help: `onerow explain --run [RUN]` shows its rows; `onerow apply` removes them again

    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[unknown-run]: run [RUN] is an undo, of run [RUN]
      help: `onerow explain --run [RUN]` shows its rows; `onerow apply` removes them again

    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[unknown-run]: run [RUN] is an undo, of run [RUN]
      help: `onerow explain --run [RUN]` shows its rows; `onerow apply` removes them again
    ");
}

const PLANNED: &str = r#"{"date":"2026-01-28","status":"planned","rows":2}"#;

#[test]
fn the_last_run_needs_no_id() {
    let project = loaded(RULE);
    whole!(project.onerow("undo last"), @"
    $ onerow undo last
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run of this rule that could be undone
      help: `onerow log` shows what each run did; name a run of more than a year ago by its id
    ");
    let first = applied(&project);
    project.rows("x,2026-01-29,g1,ann,,true,2026-01-29T07:00:00Z");
    let second = applied(&project);
    assert_eq!(undo(&project, "last --dry-run")["undone"], *second);
    assert_eq!(undo(&project, "last")["undone"], *second);
    assert_eq!(undo(&project, "last")["undone"], *first, "the second is undone already");
    assert_eq!(project.active(), ["a", "b", "c", "e", "f", "x"]);
    whole!(project.onerow("undo last predictions"), @"
    $ onerow undo last predictions
    exit code 2
    -- stderr
    error[unknown-run]: every run of the last year that removed rows is undone; the last, [RUN], by run [RUN]
      help: `onerow apply` removes the duplicates again
    ");
    whole!(project.onerow("undo last other"), @"
    $ onerow undo last other
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `other`
      help: known: predictions
    ");
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
    // The ledger has no second undo, so none is named.
    assert_eq!(second["run_id"], serde_json::Value::Null);
    whole!(project.onerow(&format!("undo {run}")), @"
    $ onerow undo [RUN]
    -- stdout
    rule predictions, run [RUN] is undone already
     date         rows   left alone   status
    ────────
     2026-01-28                       restored by run [RUN]
     2026-01-29                       restored by run [RUN]
    ");
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
    whole!(project.onerow(&format!("undo {run}")), @"
    $ onerow undo [RUN]
    -- stdout
    rule predictions, run [RUN] undoes run [RUN]
     date         rows   left alone   status
    ────────
     2026-01-28      1            1   partly restored
     2026-01-29      0            1   left alone
    -- stderr
    2 rows were left alone: since run [RUN] they were changed, deleted or made active again
    ");
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
    whole!(project.onerow(&format!("undo {run}")), @"
    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[unknown-run]: the removal log has only the ids of the removed rows, not the rows themselves
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: the embedded warehouse has no time travel: set `keep_rows = true` in the rule, and later runs can be undone
    ");
    assert_eq!(project.active(), ["c", "f"]);
    let clean = applied(&project);
    whole!(project.onerow(&format!("undo {clean}")), @"
    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[unknown-run]: run [RUN] removed nothing
      help: `onerow log` shows what each run did
    ");
    whole!(project.onerow("undo 1999"), @"
    $ onerow undo 1999
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run `1999`
      help: `onerow log` lists the runs; the start of an id is enough
    ");
    whole!(project.onerow("undo 2"), @"
    $ onerow undo 2
    exit code 2
    -- stderr
    error[unknown-run]: 2 runs start with `2`
      help: write more of it: [RUN], [RUN]
    ");
    let project = loaded(&rule("delete"));
    let run = applied(&project);
    project.write("onerow.toml", rule("deactivate"));
    whole!(project.onerow(&format!("undo {run}")), @r#"
    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[rule-changed]: the run removed rows by delete, and the rule's strategy is deactivate now
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: set `strategy = "delete"` in the rule while you undo it
    "#);
    let mut said = Transcript::default();
    for step in ["record", "correct", "before_image", "undo"] {
        let ended = project.onerow(&format!("run {step} --date 2026-01-28")).exits(2);
        said.add(&ended);
    }
    whole!(said, @"
    $ onerow run record --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: the step record cannot be run alone
      help: `onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables

    $ onerow run correct --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: the step correct cannot be run alone
      help: `onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables

    $ onerow run before_image --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: the step before_image cannot be run alone
      help: `onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables

    $ onerow run undo --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: the step undo cannot be run alone
      help: `onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables
    ");
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
    whole!(project.onerow(&format!("undo {run}")), @r#"
    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[rule-changed]: the run removed rows by delete, and the rule's strategy is rewrite now
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: set `strategy = "delete"` in the rule while you undo it
    "#);
}

/// The rule of a table partitioned by ingestion time, whose rows have no date but that of their arrival.
fn by_arrival(strategy: &str) -> String {
    rule(strategy)
        .replace(
            "partition = \"game_date\"",
            "partition = \"_PARTITIONTIME\"\npartition_type = \"TIMESTAMP\"",
        )
        .replace("game_date = \"DATE\"", "_PARTITIONTIME = \"TIMESTAMP\"")
}

/// The ids of all rows and the hour of their partition, in order.
fn arrivals(project: &Project) -> Vec<String> {
    let database = project.database();
    let sql = "SELECT id || ' ' || strftime('%dT%H', _PARTITIONTIME / 1000000, 'unixepoch') \
               FROM \"nba.predictions\" ORDER BY 1";
    let mut found = database.prepare(sql).unwrap();
    found.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Each row is inserted with its `_PARTITIONTIME`: without it, it would be today's.
/// Source: <https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#inserting_data_into_ingestion-time_partitioned_tables>
#[test]
fn deleted_rows_of_a_table_partitioned_by_arrival_are_inserted_where_they_were() {
    for strategy in ["delete", "rewrite"] {
        let project = Project::new(&by_arrival(strategy));
        let rows = ROWS
            .replace("2026-01-28,g1", "2026-01-28T05:00:00Z,g1")
            .replace("2026-01-28,g", "2026-01-28T17:00:00Z,g")
            .replace("2026-01-29,g", "2026-01-29T00:00:00Z,g");
        let header = common::HEADER.replace("game_date", "_PARTITIONTIME");
        project.write("rows.csv", format!("{header}{rows}\n"));
        project.onerow("load rows.csv").exits(0);
        let before = arrivals(&project);
        assert!(before.iter().any(|row| row.ends_with("28T05")), "{before:?}");
        let run = applied(&project);
        let cleaned = arrivals(&project);
        assert_eq!((project.active(), cleaned.len()), (vec!["c".into(), "f".into()], 3));
        assert!(cleaned.iter().all(|row| before.contains(row)), "{strategy}: {cleaned:?}");
        let undone = undo(&project, &run);
        assert_eq!(undone["dates"][0]["left_alone"], 0, "{strategy}: {undone}");
        assert_eq!(arrivals(&project), before, "{strategy}");
    }
}

/// Rows by arrival that are rewritten are known by their columns.
#[test]
fn a_column_that_is_added_to_a_table_by_arrival_does_not_keep_its_rows_from_being_restored() {
    let project = Project::new(&by_arrival("rewrite"));
    let header = common::HEADER.replace("game_date", "_PARTITIONTIME");
    let rows = ROWS.replace(",2026-01-28,", ",2026-01-28T05:00:00Z,");
    let rows = rows.replace(",2026-01-29,", ",2026-01-29T05:00:00Z,");
    project.write("rows.csv", format!("{header}{rows}\n"));
    project.onerow("load rows.csv").exits(0);
    let (before, run) = (arrivals(&project), applied(&project));
    reshape(&project, "ALTER TABLE \"nba.predictions\" ADD COLUMN note TEXT");
    reshape(
        &project,
        "INSERT INTO _onerow_columns SELECT tbl, MAX(position) + 1, 'note', 'STRING' \
         FROM _onerow_columns WHERE tbl = 'nba.predictions'",
    );
    let with_note = by_arrival("rewrite").replace("player =", "note = \"STRING\"\nplayer =");
    project.write("onerow.toml", &with_note);
    whole!(project.transcript(["undo last --dry-run", "undo last"]), @"
    $ onerow undo last --dry-run
    exit code 2
    -- stderr
    error[rule-changed]: the removed rows are known by the columns that the table had then, and the rule lists `note`, which the table had not: nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: while you undo the run, list the columns of then in [rule.predictions.columns]

    $ onerow undo last
    exit code 2
    -- stderr
    error[rule-changed]: the removed rows are known by the columns that the table had then, and the rule lists `note`, which the table had not: nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: while you undo the run, list the columns of then in [rule.predictions.columns]
    ");
    project.write("onerow.toml", by_arrival("rewrite"));
    whole!(project.onerow(&format!("apply --yes {WINDOW}")), @"
    $ onerow apply --yes --from 2026-01-28 --to 2026-01-29
    exit code 2
    -- stderr
    error[rule-file]: table `nba.predictions` has columns that the rule does not list: note; a rewrite would lose their values
      help: list all columns of the table in [rule.predictions.columns]: in a table partitioned by ingestion time rows are written column by column
    ");
    assert_eq!(undo(&project, &run)["dates"][0]["left_alone"], 0);
    assert_eq!(arrivals(&project), before);
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

/// A DELETE by row id took the active one alone, and that is the one that is inserted again.
#[test]
fn a_deleted_row_is_restored_beside_an_inactive_one_of_its_id() {
    let project = loaded(&rule("delete"));
    project.rows("a,2026-01-28,g9,zoe,,false,2026-01-28T08:00:00Z");
    let run = applied(&project);
    assert_eq!(project.active(), ["c", "f"]);
    let undone = undo(&project, &run);
    assert_eq!(undone["dates"][0]["left_alone"], 0);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"]);
    undo(&project, &run);
    assert_eq!(project.active(), ["a", "b", "c", "e", "f"], "it is not doubled");
}

/// Adds a column to the table, or drops one, as another program would.
fn reshape(project: &Project, sql: &str) {
    let database = project.database();
    database
        .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
        .unwrap();
    database.execute_batch(sql).unwrap();
}

const DROP_LINE: &str = r#"ALTER TABLE "nba.predictions" DROP COLUMN points_line;
    DELETE FROM _onerow_columns WHERE tbl = 'nba.predictions' AND name = 'points_line'"#;
const ADD_NOTE: &str = r#"ALTER TABLE "nba.predictions" ADD COLUMN note TEXT;
    INSERT INTO _onerow_columns VALUES ('nba.predictions', 8, 'note', 'STRING')"#;
const RETYPE_PLAYER: &str = r#"ALTER TABLE "nba.predictions" DROP COLUMN player;
    ALTER TABLE "nba.predictions" ADD COLUMN player INTEGER;
    UPDATE _onerow_columns SET type = 'INT64', position = 9 WHERE tbl = 'nba.predictions' AND name = 'player'"#;

/// Every row as text, column by column, by name.
fn cells(project: &Project, columns: &str) -> Vec<String> {
    let database = project.database();
    let sql = format!("SELECT {columns} FROM \"nba.predictions\" ORDER BY 1");
    let mut statement = database.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The rule by which the date is one row, so that no column but those that matter is in it.
fn by_game(strategy: &str) -> String {
    rule(strategy).replace(r#"["game_id", "player"]"#, r#"["game_id"]"#)
}

#[test]
fn columns_that_were_dropped_added_or_retyped_since_are_said_and_take_no_others_values() {
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let project = loaded(&by_game(strategy));
        let run = applied(&project);
        reshape(&project, &[DROP_LINE, ADD_NOTE, RETYPE_PLAYER].join(";"));
        let dry = project.onerow(&format!("undo {run} --dry-run --format json")).exits(0);
        said.case(&format!("{strategy}, dry run"), &dry.stderr);
        assert_eq!(
            dry.json()["dates"][0]["columns"],
            serde_json::json!([
                { "column": "points_line", "change": "dropped", "restored": false },
                { "column": "note", "change": "added", "restored": false },
                { "column": "player", "change": "retyped", "then": "STRING", "now": "INT64", "restored": false },
            ]),
            "{strategy}"
        );
        assert_eq!(project.active(), ["c", "f"]);
        let undone = project.onerow(&format!("undo {run} --format json")).exits(0);
        said.case(strategy, &undone.stderr);
        assert_eq!(undone.json()["dates"][0]["rows"], 2, "{strategy}: {}", undone.json());
        assert_eq!(project.active(), ["a", "b", "c", "e", "f"], "{strategy}");
        let restored = cells(
            &project,
            "id || ' ' || game_id || ' ' || coalesce(player, '-') || coalesce(note, '-')",
        );
        assert_eq!(restored[0], "a g1 --", "{strategy}");
    }
    whole!(said, @"
    # delete, dry run
    the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many
    2026-01-28: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL
    2026-01-29: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL

    # delete
    2026-01-28: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL
    2026-01-29: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL

    # rewrite, dry run
    the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many
    2026-01-28: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL
    2026-01-29: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL

    # rewrite
    2026-01-28: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL
    2026-01-29: column `points_line` was dropped since: its values are not restored; column `note` was added since: restored rows have its default, or NULL; column `player` was STRING and is INT64: its values are not restored, and restored rows have its default, or NULL
    ");
}

/// Without a change nothing is said, and JSON is what it was.
#[test]
fn columns_in_another_order_are_the_same_columns() {
    let project = loaded(&rule("delete"));
    let run = applied(&project);
    reshape(
        &project,
        "UPDATE _onerow_columns SET position = -position WHERE tbl = 'nba.predictions'",
    );
    let undone = project.onerow(&format!("undo {run} --format json")).exits(0);
    assert_eq!(undone.stderr, "");
    assert!(undone.json()["dates"][0]["columns"].is_null());
    let line = cells(&project, "id || coalesce(points_line, '-') || player");
    assert_eq!(line[0], "a20.5ann");
}

/// A rule that reads a column that is gone, or is another now, restores nothing.
#[test]
fn a_column_that_the_rule_reads_and_that_is_gone_is_a_clear_error() {
    let mut said = BTreeMap::new();
    for strategy in ["deactivate", "delete", "rewrite"] {
        for column in ["id", "is_active", "player", "created_at", "game_date"] {
            let rules = match strategy {
                "deactivate" => RULE.to_owned(),
                _ => rule(strategy),
            };
            let project = loaded(&rules);
            let run = applied(&project);
            reshape(
                &project,
                &format!(
                    "ALTER TABLE \"nba.predictions\" RENAME COLUMN {column} TO other; \
                     UPDATE _onerow_columns SET name = 'other' WHERE tbl = 'nba.predictions' AND name = '{column}'"
                ),
            );
            for dry in ["--dry-run", ""] {
                let ended = project.onerow(&format!("undo {run} {dry}")).exits(2);
                let known = said.entry(column).or_insert_with(|| ended.stderr.clone());
                assert_eq!(
                    (ended.stdout.as_str(), &ended.stderr),
                    ("", &*known),
                    "{strategy} {dry}"
                );
            }
            let count = cells(&project, "CAST(COUNT(*) AS TEXT)").remove(0);
            let rows = if strategy == "deactivate" { "6" } else { "3" };
            assert_eq!(count, rows, "{strategy} without {column}: nothing is restored");
        }
    }
    whole!(said.into_values().collect::<String>(), @"
    error[rule-changed]: table `nba.predictions` has no column `created_at`, which is the rule's written_at: nothing was restored
      help: put the column back while you undo the run, or change the rule to what the table has
    error[rule-changed]: table `nba.predictions` has no column `game_date`, which is the rule's partition: nothing was restored
      help: put the column back while you undo the run, or change the rule to what the table has
    error[rule-changed]: table `nba.predictions` has no column `id`, which is the rule's row_id: nothing was restored
      help: put the column back while you undo the run, or change the rule to what the table has
    error[rule-changed]: table `nba.predictions` has no column `is_active`, which is the rule's active: nothing was restored
      help: put the column back while you undo the run, or change the rule to what the table has
    error[rule-changed]: table `nba.predictions` has no column `player`, which is the rule's key: nothing was restored
      help: put the column back while you undo the run, or change the rule to what the table has
    ");
}

#[test]
fn a_key_column_of_another_type_is_a_clear_error_for_the_date() {
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let project = loaded(&rule(strategy));
        let run = applied(&project);
        reshape(&project, RETYPE_PLAYER);
        for dry in ["--dry-run", ""] {
            let ended = project.onerow(&format!("undo {run} {dry}")).exits(2);
            said.add(&ended);
        }
        assert_eq!(project.active(), ["c", "f"]);
    }
    whole!(said, @"
    $ onerow undo [RUN] --dry-run
    exit code 2
    -- stderr
    error[rule-changed]: column `player`, the rule's key, was STRING and is INT64: the removed rows do not fit, and nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: undo the run with the rule, and the column, that it was made with

    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[rule-changed]: column `player`, the rule's key, was STRING and is INT64: the removed rows do not fit, and nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: undo the run with the rule, and the column, that it was made with

    $ onerow undo [RUN] --dry-run
    exit code 2
    -- stderr
    error[rule-changed]: column `player`, the rule's key, was STRING and is INT64: the removed rows do not fit, and nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: undo the run with the rule, and the column, that it was made with

    $ onerow undo [RUN]
    exit code 2
    -- stderr
    error[rule-changed]: column `player`, the rule's key, was STRING and is INT64: the removed rows do not fit, and nothing was restored
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: undo the run with the rule, and the column, that it was made with
    ");
}

/// What keeps an undo from working is said before it is run.
#[test]
fn a_dry_run_says_that_rows_were_not_kept() {
    let project = loaded(&rule("delete").replace("keep_rows = true\n", ""));
    let run = applied(&project);
    whole!(project.onerow(&format!("undo {run} --dry-run")), @"
    $ onerow undo [RUN] --dry-run
    exit code 2
    -- stderr
    error[unknown-run]: the removal log has only the ids of the removed rows, not the rows themselves
      note: no other date of the run can be restored either
      note: while undoing 2026-01-28
      help: the embedded warehouse has no time travel: set `keep_rows = true` in the rule, and later runs can be undone
    ");
}

/// A log of another version: nothing could be recorded, so nothing is removed.
#[test]
fn a_removal_log_that_lacks_a_column_is_an_error_before_anything_changes() {
    let project = loaded(RULE);
    applied(&project);
    project.rows("x,2026-01-29,g1,ann,,true,2026-01-29T07:00:00Z");
    reshape(
        &project,
        "UPDATE _onerow_columns SET name = 'place' WHERE tbl = 'onerow.removals' AND name = 'rank'",
    );
    whole!(project.onerow(&format!("apply {WINDOW}")), @r#"
    $ onerow apply --from 2026-01-28 --to 2026-01-29
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   keyless   removed   status
    ────────
     2026-01-28        1      1            0          0            0         1         0   keyless
     2026-01-29        2      1            1          0            0         0         0   dirty
    ────────
     total             3      2            1          0            0         1         0
    -- stderr
    error[ledger-format]: the removal log `onerow.removals` has no column `rank`: another version of onerow made it
      help: rename the table: the next run makes a new one, and the runs in the old one are undone with that version
    predictions: 1 of 2 keys has rows and no active one on 2026-01-28
      help: if keys are meant to end, set `on_keyless = "ignore"` in the rule
    "#);
    assert_eq!(project.active(), ["c", "f", "x"]);
}
