//! Dates that share a statement: one record, one removal, and counts per date.

use serde_json::Value as Json;

use crate::common::whole::whole;
use crate::common::{Project, RULE};

/// Forty dates, each with a key that has three rows; the ids are the same on each.
fn rows() -> String {
    let first = jiff::civil::date(2026, 1, 1);
    let mut csv = String::new();
    for number in 0..40 {
        let day = first + jiff::Span::new().days(number);
        for (id, hour) in [("a", 1 + number % 3), ("b", 2), ("c", 1 + (number + 1) % 3)] {
            csv.push_str(&format!("{id},{day},g,p,,true,{day}T0{hour}:00:00Z\n"));
        }
    }
    csv
}

fn project(keys: &str) -> Project {
    let project = Project::new(&RULE.replace("row_id =", &format!("{keys}\nrow_id =")));
    project.rows(rows().trim_end());
    project
}

const WINDOW: &str = "--from 2026-01-01 --to 2026-02-09";

fn statements(project: &Project, run: &str) -> Vec<String> {
    let log = project.onerow(&format!("log {run} --statements --format json")).exits(0).json();
    let done = |entry: &&Json| entry["outcome"] == "done";
    let step = |entry: &Json| entry["step"].as_str().unwrap().to_owned();
    log.as_array().unwrap().iter().rev().filter(done).map(step).collect()
}

fn table(project: &Project) -> Vec<(String, String, bool)> {
    let database = project.database();
    let sql = "SELECT id, game_date, is_active FROM \"nba.predictions\" ORDER BY game_date, id";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_same_ids_on_other_dates_are_other_rows() {
    let (alone, shared) = (project(""), project("dates_per_statement = 30"));
    for project in [&alone, &shared] {
        let report = project.onerow(&format!("apply {WINDOW} --format json")).exits(0).json();
        assert_eq!(report["totals"]["deactivated"], 80);
        let dates = report["dates"].as_array().unwrap().iter();
        assert!(dates.clone().all(|date| date["deactivated"] == 2), "{report}");
    }
    assert_eq!(table(&alone), table(&shared));
    let active = table(&shared).into_iter().filter(|row| row.2);
    assert_eq!(active.count(), 40, "one of each date");
}

#[test]
fn forty_dates_at_thirty_a_statement_are_two_of_each() {
    let project = project("dates_per_statement = 30");
    let report = project.onerow(&format!("apply {WINDOW} --format json")).exits(0).json();
    let run = report["run_id"].as_str().unwrap();
    assert_eq!(
        statements(&project, run),
        [
            "detect",
            "record",
            "recorded",
            "deactivate",
            "record",
            "recorded",
            "deactivate",
            "verify"
        ]
    );
    let log = project.onerow(&format!("log {run} --format json")).exits(0).json();
    let dates = &log["dates"];
    assert!(dates.as_array().is_none_or(|dates| dates.len() == 40), "{log}");
    let again = project.onerow(&format!("apply {WINDOW} --format json")).exits(0).json();
    assert_eq!(statements(&project, again["run_id"].as_str().unwrap()), ["detect"]);
}

#[test]
fn the_command_line_says_how_many_dates_share_a_statement() {
    let project = project("");
    let count = |arguments: &str| {
        let printed = project.onerow(&format!("render {WINDOW} {arguments}")).exits(0).stdout;
        printed.matches("step deactivate").count()
    };
    assert_eq!(count(""), 40);
    assert_eq!(count("--dates-per-statement 30"), 2);
    assert_eq!(count("--dates-per-statement 4000"), 1);
    project.onerow(&format!("check {WINDOW}")).exits(0);
    whole!(project.onerow(&format!("render {WINDOW} --dates-per-statement 0")), @"
    $ onerow render --from 2026-01-01 --to 2026-02-09 --dates-per-statement 0
    exit code 2
    -- stderr
    error[usage]: --dates-per-statement: a statement holds 1 to 4000 dates, not 0: BigQuery changes no more partitions in a job
    ");
    let plan = project.onerow(&format!("plan {WINDOW} --dates-per-statement 7")).exits(0);
    whole!(plan.stdout.lines().last().unwrap(), @"apply would send 20 statements: 1 detect, 6 record, 6 recorded, 6 deactivate, 1 verify. Cost: the embedded warehouse charges nothing.");
}

#[test]
fn an_undo_restores_each_date_by_itself_whatever_shared_its_statement() {
    for strategy in ["deactivate", "delete", "rewrite"] {
        let keys = format!("dates_per_statement = 30\nkeep_rows = true\nstrategy = \"{strategy}\"");
        let rule = RULE.replace("row_id =", &format!("{keys}\nrow_id ="));
        let project = Project::new(&match strategy {
            "deactivate" => rule,
            _ => rule.replace("touched_at = \"updated_at\"\n", ""),
        });
        project.rows(rows().trim_end());
        let before = table(&project);
        let apply = format!("apply --yes {WINDOW} --format json");
        let report = project.onerow(&apply).exits(0).json();
        assert_eq!(report["totals"]["deactivated"], 80, "{strategy}");
        assert_ne!(table(&project), before);
        let run = report["run_id"].as_str().unwrap();
        let plan = project.onerow(&format!("undo {run} --dry-run --format json")).exits(0).json();
        let dates = plan["dates"].as_array().unwrap();
        assert_eq!(dates.len(), 40, "{plan}");
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(table(&project), before, "{strategy}");
        let removed = project.onerow(&format!("explain --run {run} --format json"));
        assert_eq!(removed.exits(0).json()["rows"].as_array().map_or(80, Vec::len), 80);
    }
}

#[test]
fn where_a_table_holds_one_date_no_statement_can_be_shared() {
    let whole =
        RULE.replace("partition = \"game_date\"", "partition = \"none\"\ndates_per_statement = 30");
    let project = Project::new(&whole);
    whole!(project.onerow("check"), @"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `dates_per_statement` has no effect: the rule has no dates
     --> ./onerow.toml:8:23
      |
    8 | dates_per_statement = 30
      |                       ^^
      |
      = help: remove it
    ");
    let too_many = Project::new(&RULE.replace("row_id =", "dates_per_statement = 4001\nrow_id ="));
    whole!(too_many.onerow("check --date 2026-01-28"), @"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: a statement holds 1 to 4000 dates, not 4001: BigQuery changes no more partitions in a job
      --> ./onerow.toml:10:23
       |
    10 | dates_per_statement = 4001
       |                       ^^^^
    ");
}

#[test]
fn the_date_of_a_row_that_is_compared_across_dates_is_the_one_that_was_looked_up() {
    let rule = RULE
        .replace(
            "partition = \"game_date\"",
            "partition = \"_PARTITIONTIME\"\npartition_type = \"TIMESTAMP\"\nacross = \"1d\"",
        )
        .replace("game_date = \"DATE\"", "_PARTITIONTIME = \"TIMESTAMP\"");
    let project = Project::new(&rule);
    let printed =
        project.onerow(&format!("render {WINDOW} --dates-per-statement 30")).exits(0).stdout;
    let record = printed.split("-- onerow: rule predictions, step record").nth(1).unwrap();
    assert!(record.contains("    onerow_date AS date,"), "{record}");
}
