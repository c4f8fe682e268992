//! `--format csv`: one table, with the names that JSON has.

use serde_json::Value as Json;

use crate::common::whole::whole;
use crate::common::{Project, RULE};

use super::{NOW, project};

/// The lines by the names of their columns.
fn read(text: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let line = |record: ::csv::StringRecord| {
        names.iter().zip(record.iter()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    };
    reader.records().map(|record| line(record.unwrap())).collect()
}

/// A value of JSON is in the cell of its name.
fn agrees(line: &[(String, String)], name: &str, value: &Json) {
    if let Some(object) = value.as_object() {
        return object
            .iter()
            .for_each(|(inner, value)| agrees(line, &format!("{name}.{inner}"), value));
    }
    let cell = &line
        .iter()
        .find(|(known, _)| known == name)
        .unwrap_or_else(|| panic!("{name}: {line:?}"))
        .1;
    let expected = match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    assert_eq!(*cell, expected, "{name}");
}

fn dirty() -> Project {
    let project = Project::new(RULE);
    project.rows(
        "a,2026-01-28,g1,\"ann, \"\"x\"\"\",20.5,true,2026-01-28T08:00:00Z\n\
         b,2026-01-28,g1,\"ann, \"\"x\"\"\",21.5,true,2026-01-28T09:00:00Z\n\
         c,2026-01-29,g1,,21.5,true,2026-01-29T09:00:00Z\n\
         d,2026-01-29,g1,,21.5,true,2026-01-29T08:00:00Z",
    );
    project
}

#[test]
fn every_table_is_what_json_has() {
    let project = dirty();
    let last = format!("--last 2 {NOW}");
    let compared = |words: &str, list: &str| {
        let json = project.onerow(&format!("{words} --format json")).json();
        let csv = project.onerow(&format!("{words} --format csv"));
        let lines = read(&csv.stdout);
        let rows = if list.is_empty() { &json } else { &json[list] };
        let rows = rows.as_array().unwrap();
        assert!(!rows.is_empty() && lines.len() == rows.len(), "{csv}");
        for (line, row) in lines.iter().zip(rows) {
            row.as_object().unwrap().iter().for_each(|(name, value)| agrees(line, name, value));
            if !list.is_empty() {
                agrees(line, "rule", &json["rule"]);
            }
        }
    };
    compared(&format!("status {last}"), "dates");
    compared(&format!("plan {last}"), "dates");
    compared(&format!("plan --forecast {last}"), "forecasts");
    compared(&format!("explain {last}"), "superseded");
    project.write("sql/all.sql", "SELECT a.id FROM nba.predictions AS a, nba.settings AS b");
    compared("check", "");
    std::fs::remove_file(project.path("sql/all.sql")).unwrap();
    project.onerow(&format!("apply {last}")).exits(0);
    compared("log", "");
    compared("log --statements", "");
    compared("explain --run last", "removed");
    compared("undo last --dry-run", "dates");
    compared(&format!("doctor {last}"), "");
}

#[test]
fn what_runs_did_is_a_line_for_each_date() {
    let project = dirty();
    let applied = project.onerow(&format!("apply --last 2 --format csv {NOW}")).exits(0);
    let lines = read(&applied.stdout);
    assert_eq!(lines.len(), 2);
    agrees(&lines[0], "deactivated", &1.into());
    agrees(&lines[1], "status", &"cleaned".into());
    assert!(!lines[0].iter().find(|(name, _)| name == "run_id").unwrap().1.is_empty());
    let undone = project.onerow(&format!("undo last --format csv {NOW}")).exits(0);
    agrees(&read(&undone.stdout)[1], "status", &"restored".into());
    project.write("sql/who.sql", "SELECT {{ rule.row_id }} AS id, 'x,y' AS rule FROM {{ rule.table }} WHERE {{ rule.partition }} = {{ window.first }} ORDER BY 1");
    let step = project.onerow(&format!("run who --date 2026-01-28 --format csv {NOW}"));
    let lines = read(&step.exits(0).stdout);
    agrees(&lines[0], "row.rule", &"x,y".into());
    agrees(&lines[1], "id", &"b".into());
    let nothing = project.onerow(&format!("explain --date 2026-01-20 --format csv {NOW}")).exits(0);
    assert_eq!(
        nothing.stdout,
        "rule,date,key.game_id,key.player,row_id,survivor,decided_by,status\n"
    );
}

#[test]
fn where_csv_makes_no_sense_it_is_refused() {
    let project = project();
    let commands = [
        "render --date 2026-01-28 --format csv",
        "view show --format csv",
        "review --base HEAD --format csv",
        "review --base HEAD --format table",
    ];
    whole!(project.transcript(commands), @"
    $ onerow render --date 2026-01-28 --format csv
    exit code 2
    -- stderr
    error[usage]: SQL cannot be written as CSV
      help: use --format table for the SQL alone, or --format json

    $ onerow view show --format csv
    exit code 2
    -- stderr
    error[usage]: SQL cannot be written as CSV
      help: use --format table for the SQL alone, or --format json

    $ onerow review --base HEAD --format csv
    exit code 2
    -- stderr
    error[usage]: a review is Markdown or JSON, not a table
      help: leave --format out for Markdown, or write --format json

    $ onerow review --base HEAD --format table
    exit code 2
    -- stderr
    error[usage]: a review is Markdown or JSON, not a table
      help: leave --format out for Markdown, or write --format json
    ");
}

#[test]
fn a_view_and_the_tests_of_a_project_have_formats_too() {
    let project = project();
    let sql = project.onerow("view show").exits(0).stdout;
    let json = project.onerow("view show --format json").exits(0).json();
    assert_eq!(json[0]["sql"], sql);
    whole!(project.onerow("view show --format markdown"), @"
    $ onerow view show --format markdown
    -- stdout
    ### predictions: create_view

    `3edd35720c08e6ec3fd05e28f3e85c241f381f02cc2970dede032c9cd128a7e6`

    ```sql
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
    ```
    ");
    let example = Project::new("");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/player_props");
    let words = |format: &str| format!("test --project-dir {folder} --format {format}");
    let json = example.onerow(&words("json")).exits(0).json();
    let tests = json.as_array().unwrap();
    assert!(!tests.is_empty() && tests.iter().all(|test| test["passed"] == true), "{json}");
    let lines = read(&example.onerow(&words("csv")).exits(0).stdout);
    assert_eq!(lines.len(), tests.len());
    agrees(&lines[0], "name", &tests[0]["name"]);
    let page = example.onerow(&words("markdown")).exits(0).stdout;
    whole!(page.replace(env!("CARGO_MANIFEST_DIR"), "[REPOSITORY]"), @"
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the newest prediction survives
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the tie: rows of one batch, of which the higher id survives
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the NULL line: by line, no line is a line of its own, and NULL equals NULL
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the points line is no part of the other rule's key
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: a date with a shared row id is left alone, survivors and all
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the buffered row: it waits, and what is settled is cleaned without it
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the other system: its predictions are another key's
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the inactive row: it is no duplicate, and stays as it is
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: readers of the view see one row for each key while duplicates wait
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: detect counts each date by itself
    - ok: [REPOSITORY]/examples/player_props/tests/seed_case.toml: the project's own step counts rows without a line
    - ok: [REPOSITORY]/examples/player_props/tests/staging.toml: five lines of one player arrive as one row, the newest
    - ok: [REPOSITORY]/examples/player_props/tests/staging.toml: a prediction that is there takes over the values and keeps its id
    - ok: [REPOSITORY]/examples/player_props/tests/staging.toml: a prediction in the streaming buffer waits
    ");
    let wrong = "rule = \"predictions\"\n[[test]]\nname = \"wrong\"\nexpect.counts = { duplicates = 1 }\n\
                 rows = [{ id = \"a\", game_date = 2026-01-28, is_active = true }]\n";
    project.write("tests/wrong.toml", wrong);
    let failed = project.onerow("test --format json").exits(1).json();
    let difference = failed[0]["difference"].as_str().unwrap();
    assert!(failed[0]["passed"] == false && difference.contains("duplicates"), "{failed}");
    let lines = read(&project.onerow("test --format csv").exits(1).stdout);
    ["rule", "passed", "difference"]
        .iter()
        .for_each(|name| agrees(&lines[0], name, &failed[0][*name]));
    let page = project.onerow("test --format markdown").exits(1);
    whole!(page, @"
    $ onerow test --format markdown
    exit code 1
    -- stdout
    - **FAILED**: ./tests/wrong.toml: wrong

      ```text
      duplicates: expected 1, found 0
      ```

    -- stderr
    0 passed, 1 failed
    ");
}
