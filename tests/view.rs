//! The read-side view: readers are right while duplicates wait.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::common::whole::whole;
use crate::common::{Project, RULE};

const ROWS: &str = "\
a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
b,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
c,2026-01-28,g1,bob,,false,2026-01-28T08:00:00Z
d,2026-01-29,g1,ann,,true,2026-01-29T08:00:00Z";

/// A project with an own step that reads the view, as a grading job would.
fn project() -> Project {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project.write(
        "sql/grade.sql",
        "SELECT id, points_line + 1 AS line FROM {{ rule.view }} ORDER BY id\n",
    );
    project
}

fn graded(project: &Project) -> Vec<String> {
    let read = project.onerow("run grade --date 2026-01-28 --format json").exits(0).json();
    let rows = read["steps"][0]["rows"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_view_has_the_survivors_while_duplicates_wait() {
    let project = project();
    let created = project.onerow("view create").exits(0);
    whole!(created, @"
    $ onerow view create
    -- stdout
    create_view: done
    ");
    assert_eq!(graded(&project), ["b", "d"]);
    let late = "2026-01-28T12:00:00Z";
    project.streamed(late, &format!("e,2026-01-28,g1,ann,,true,{late}"));
    assert_eq!(graded(&project), ["d", "e"], "a buffered row is a survivor at once");
    project.onerow("apply --date 2026-01-28").exits(0);
    assert_eq!(graded(&project), ["d", "e"]);
    project.onerow("view drop").exits(0);
    whole!(project.onerow("run grade --date 2026-01-28"), @"
    $ onerow run grade --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `nba.predictions_current`
      note: while running grade of 2026-01-28
      help: did you mean `nba.predictions`?
    ");
    let story = project.ledger();
    assert!(story[0].starts_with("create_view ") && story[0].ends_with(" done"), "{story:?}");
    assert!(story[story.len() - 2].starts_with("drop_view "), "{story:?}");
}

/// The view has the columns of when it was made, and says clearly which it lacks.
#[test]
fn a_column_that_is_added_to_the_table_is_in_the_view_once_that_is_made_again() {
    let project = project();
    project.onerow("view create").exits(0);
    let database = project.database();
    database
        .execute_batch(
            r#"ALTER TABLE "nba.predictions" ADD COLUMN note TEXT;
            INSERT INTO _onerow_columns VALUES ('nba.predictions', 8, 'note', 'STRING')"#,
        )
        .unwrap();
    project.write("onerow.toml", format!("{RULE}note = \"STRING\"\n"));
    project.write("sql/grade.sql", "SELECT id, note FROM {{ rule.view }} ORDER BY id\n");
    whole!(project.onerow("run grade --date 2026-01-28"), @"
    $ onerow run grade --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no column `note`
      note: while running grade of 2026-01-28
      help: known: id, game_date, game_id, player, points_line, is_active, created_at, updated_at
    ");
    project.onerow("view create --replace").exits(0);
    assert_eq!(graded(&project), ["b", "d"]);
}

#[test]
fn show_prints_what_create_sends() {
    let project = project();
    let shown = project.onerow("view show").exits(0).stdout;
    whole!(shown, @"
    -- onerow: rule predictions, step create_view
    CREATE OR REPLACE VIEW `nba.predictions_current` AS
    SELECT * EXCEPT (onerow_rank)
    FROM (
      SELECT
        *,
        ROW_NUMBER() OVER (
          PARTITION BY game_date, game_id, player
          ORDER BY created_at DESC, id DESC
        ) AS onerow_rank
      FROM `nba.predictions`
      WHERE is_active
    )
    WHERE onerow_rank = 1
    ");
    project.onerow("view create").exits(0);
    let sent = project.onerow("log --sql").exits(0).stdout;
    assert!(sent.contains(shown.trim_end()), "{sent}");
}

#[test]
fn a_view_that_is_there_is_replaced_only_when_asked() {
    let project = project();
    project.onerow("view create").exits(0);
    whole!(project.onerow("view create"), @"
    $ onerow view create
    exit code 2
    -- stderr
    error[usage]: there is a `nba.predictions_current` already
      help: replace it with --replace, or set `view` in the rule to another name
    ");
    let rule = RULE.replace("\"id DESC\"]", "\"id DESC\"]\nview = \"nba.best\"");
    project.write("onerow.toml", rule.replace("\"created_at DESC\"", "\"created_at\""));
    project.onerow("view create").exits(0);
    assert_eq!(graded(&project), ["a", "d"], "the other definition has a view of its own");
    project.onerow("view create --replace").exits(0);
    project.onerow("view drop").exits(0);
    whole!(project.onerow("view drop"), @"
    $ onerow view drop
    exit code 1
    -- stderr
    error[refused]: there is no view `nba.best`
      note: while running drop_view
    ");
}

#[test]
fn a_view_cannot_take_a_tables_or_another_rules_place() {
    let project = project();
    project
        .write("onerow.toml", RULE.replace("time_zone", "view = \"nba.predictions\"\ntime_zone"));
    whole!(project.onerow("view create"), @r#"
    $ onerow view create
    exit code 2
    -- stderr
    error[rule-file]: `view` is the table itself
      --> ./onerow.toml:14:8
       |
    14 | view = "nba.predictions"
       |        ^^^^^^^^^^^^^^^^^
    "#);
    let other =
        RULE.split_once("[rule.predictions]").unwrap().1.replace("rule.predictions", "rule.other");
    project.write("onerow.toml", format!("{RULE}\n[rule.other]{other}"));
    whole!(project.onerow("view create other"), @"
    $ onerow view create other
    exit code 2
    -- stderr
    error[rule-file]: rules other and predictions would both be the view `nba.predictions_current`
      help: set `view` in one of them, as `dataset.view`
    ");
}

/// The rule of the small table with its date in a column of this type, and its other columns as DuckDB has them.
fn by(column: &str, partition_type: &str) -> Project {
    let partition = format!("partition = \"{column}\"\npartition_type = \"{partition_type}\"");
    let rule = RULE.replace("partition = \"game_date\"", &partition);
    Project::new(&rule.replace("game_date = \"DATE\"", &format!("{column} = \"{partition_type}\"")))
}

/// Where DuckDB applies a filter on the view: above the ranking, and below it. `None` where there is no DuckDB.
fn plan(project: &Project, column: (&str, &str), filter: &str) -> Option<(String, String)> {
    let Some(program) = std::env::var_os("ONEROW_LOCALBIGQUERY") else {
        eprintln!("skipped: this test needs DuckDB; `tests/run` prepares it");
        return None;
    };
    let view = project.onerow("view show").exits(0).stdout;
    let request = json!({
        "table": "nba.predictions",
        "columns": {
            "id": "VARCHAR", column.0: column.1, "game_id": "VARCHAR", "player": "VARCHAR",
            "points_line": "DECIMAL", "is_active": "BOOLEAN", "created_at": "TIMESTAMPTZ",
        },
        "view": view,
        "query": format!("SELECT id FROM `nba.predictions_current` WHERE {filter}"),
    });
    let mut python = Command::new(std::path::Path::new(&program).with_file_name("python"))
        .arg("tests/view_plan.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let answer = python.wait_with_output().unwrap();
    assert!(answer.status.success(), "{view}");
    let plan = String::from_utf8(answer.stdout).unwrap();
    let (above, below) = plan.split_once("WINDOW").unwrap();
    Some((above.to_owned(), below.to_owned()))
}

/// What can be pushed below the ranking is a condition on a plain column of its PARTITION BY.
#[test]
fn a_filter_on_the_date_reaches_the_table_beneath_the_view() {
    for (column, partition_type, duck, filter) in [
        ("game_date", "DATE", "DATE", "game_date = DATE '2026-01-28'"),
        ("game_date", "DATETIME", "TIMESTAMP", "onerow_date = DATE '2026-01-28'"),
        ("game_date", "TIMESTAMP", "TIMESTAMPTZ", "onerow_date = DATE '2026-01-28'"),
        ("game_date", "INT64", "BIGINT", "game_date = 20260128"),
        ("_PARTITIONDATE", "DATE", "DATE", "onerow_date = DATE '2026-01-28'"),
        ("_PARTITIONTIME", "TIMESTAMP", "TIMESTAMPTZ", "onerow_date = DATE '2026-01-28'"),
    ] {
        let project = by(column, partition_type);
        let Some((above, below)) = plan(&project, (column, duck), filter) else { return };
        let is_there = |part: &str| part.contains("2026-01-28") || part.contains("20260128");
        assert!(is_there(&below) && !is_there(&above), "{column} {partition_type}: {above}{below}");
    }
    // A condition on an instant is none on its date: it stays above.
    let project = by("game_date", "TIMESTAMP");
    let filter = "game_date >= TIMESTAMP '2026-01-28 00:00:00+00'";
    let Some((above, below)) = plan(&project, ("game_date", "TIMESTAMPTZ"), filter) else { return };
    assert!(above.contains("2026-01-28") && !below.contains("2026-01-28"), "{above}{below}");
}

/// Of a table by instants the view has the date as a column; it ranks as the rule does.
#[test]
fn the_view_of_a_table_by_instants_has_their_dates() {
    for strategy in ["deactivate", "rewrite"] {
        let rule = RULE
            .replace(
                "partition = \"game_date\"",
                "partition = \"game_date\"\npartition_type = \"TIMESTAMP\"",
            )
            .replace("game_date = \"DATE\"", "game_date = \"TIMESTAMP\"")
            .replace("touched_at = \"updated_at\"\n", "")
            .replace("row_id", &format!("strategy = \"{strategy}\"\nrow_id"));
        let project = Project::new(&rule);
        project.rows(
            "a,2026-01-28T01:00:00Z,g1,ann,20.5,true,2026-01-28T08:00:00Z\n\
             b,2026-01-28T23:00:00Z,g1,ann,21.5,true,2026-01-28T09:00:00Z\n\
             c,2026-01-29T00:00:00Z,g1,ann,,true,2026-01-28T08:00:00Z",
        );
        project.write(
            "sql/grade.sql",
            "SELECT id FROM {{ rule.view }} WHERE onerow_date = DATE '2026-01-28' ORDER BY id\n",
        );
        project.onerow("view create").exits(0);
        assert_eq!(graded(&project), ["b"], "{strategy}");
    }
}
