//! A rule for tables that each hold one date: `events_*`.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::whole;

/// Case 19: an export that writes a table for each day.
const RULES: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.events]
table = "analytics_1.events_*"
partition = "_TABLE_SUFFIX"
STRATEGY
key = ["user", "name", "moment"]
keep = ["seq DESC", "id"]
keep_rows = true

[rule.events.columns]
id = "STRING"
user = "STRING"
name = "STRING"
moment = "INT64"
seq = "INT64"
is_active = "BOOL"
"#;

const HEADER: &str = "id,user,name,moment,seq,is_active\n";
const WINDOW: &str = "--from 2026-01-27 --to 2026-01-30";

pub fn rules(strategy: &str) -> String {
    RULES.replace(
        "STRATEGY",
        match strategy {
            "deactivate" => "row_id = \"id\"\nactive = \"is_active\"",
            "delete" => "row_id = \"id\"\nstrategy = \"delete\"",
            _ => "strategy = \"rewrite\"",
        },
    )
}

/// Tables of the 28th and the 30th; the same event on both is two. There is no table of the 27th and the 29th.
fn project(strategy: &str) -> Project {
    let project = Project::new(&rules(strategy));
    project.write(
        "sql/left.sql",
        "SELECT id FROM {{ rule.table }} WHERE COALESCE(is_active, TRUE) ORDER BY id",
    );
    fill(
        &project,
        "20260128",
        "a1,ann,view,1,1,true\na2,ann,view,1,2,true\na3,bob,view,1,1,true\n",
    );
    fill(&project, "20260130", "b1,ann,view,1,1,true\nb2,ann,view,1,2,true\n");
    project
}

pub fn fill(project: &Project, date: &str, rows: &str) {
    project.write("rows.csv", format!("{HEADER}{rows}"));
    project.onerow(&format!("load rows.csv --into analytics_1.events_{date}")).exits(0);
}

fn left(project: &Project) -> Vec<String> {
    let dates = "--date 2026-01-28 --date 2026-01-30";
    let found = project.onerow(&format!("run left {dates} --format json")).exits(0).json();
    let steps = found["steps"].as_array().unwrap();
    let rows = steps.iter().flat_map(|step| step["rows"].as_array().unwrap());
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_dates_of_a_window_choose_the_tables_and_each_is_cleaned_and_restored() {
    for strategy in ["deactivate", "delete", "rewrite"] {
        let project = project(strategy);
        let found = project.onerow(&format!("status {WINDOW} --format json")).exits(0).json();
        let standing: Vec<_> = found["dates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|date| {
                (
                    date["date"].as_str().unwrap(),
                    date["duplicates"].clone(),
                    date["status"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            standing,
            [
                ("2026-01-27", json!(0), "empty"),
                ("2026-01-28", json!(1), "dirty"),
                ("2026-01-29", json!(0), "empty"),
                ("2026-01-30", json!(1), "dirty"),
            ],
            "{strategy}: a date without a table is empty"
        );
        project.onerow(&format!("plan {WINDOW}")).exits(0).prints(&["2 detect, 2 record"]);
        let explained = project.onerow(&format!("explain {WINDOW} --format json")).exits(0).json();
        let days =
            explained["superseded"].as_array().unwrap().iter().map(|row| row["date"].clone());
        assert_eq!(days.collect::<Vec<_>>(), ["2026-01-28", "2026-01-30"]);
        let applied =
            project.onerow(&format!("apply --yes {WINDOW} --format json")).exits(0).json();
        assert_eq!(applied["totals"]["deactivated"], 2, "{strategy}");
        assert_eq!(left(&project), ["a2", "a3", "b2"], "{strategy}");
        let again = project.onerow(&format!("apply --yes {WINDOW} --format json")).exits(0).json();
        assert_eq!(again["totals"]["deactivated"], 0);
        let run = applied["run_id"].as_str().unwrap();
        let log = project.onerow("log --statements --format json").exits(0).json();
        let tables =
            log.as_array().unwrap().iter().map(|entry| entry["table_name"].as_str().unwrap());
        assert!(tables.clone().all(|table| !table.ends_with('*')), "{strategy}");
        assert!(tables.clone().any(|table| table == "analytics_1.events_20260130"));
        project.onerow("log").exits(0).prints(&["2026-01-28, 2026-01-30"]);
        project.onerow(&format!("explain --run {run}")).exits(0).prints(&["2026-01-30"]);
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(left(&project), ["a1", "a2", "a3", "b1", "b2"], "{strategy}");
    }
}

#[test]
fn every_statement_is_about_the_table_of_its_date() {
    let project = project("rewrite");
    project.onerow("check --date 2026-01-28 --strict").exits(0);
    let rendered = project.onerow(&format!("render {WINDOW} --step rewrite")).exits(0);
    rendered.prints(&[
        "MERGE INTO `analytics_1.events_20260127`",
        "MERGE INTO `analytics_1.events_20260130`",
    ]);
}

/// Case 19: the rule lists no columns, so that nothing says which ones an undo names.
#[test]
fn a_rule_without_columns_is_checked_all_the_same() {
    for strategy in ["delete", "rewrite"] {
        let rules = rules(strategy);
        let project = Project::new(rules.split("[rule.events.columns]").next().unwrap());
        project.onerow("check --date 2026-01-28").exits(0);
        project
            .onerow("render --date 2026-01-28 --step undo")
            .exits(2)
            .says(&["undo names the columns of the table", "[rule.events.columns]"]);
    }
}

#[test]
fn a_template_that_reads_the_tables_of_other_dates_is_refused() {
    let project = project("deactivate");
    let update = "UPDATE {{ rule.table }}\nSET is_active = FALSE\nWHERE id IN (SELECT id FROM OTHER WHERE seq = 1)\n";
    for other in [
        "analytics_1.events_20260129",
        "`analytics_1.events_*`",
        "`analytics_1.*`",
        "`demo.analytics_1.events_2026*`",
    ] {
        project.write("sql/clean.sql", update.replace("OTHER", other));
        project.onerow("check --date 2026-01-28 --step clean").exits(3).prints(&[
            "reads-other-partition",
            "a table of other dates",
            "{{ rule.table }}",
        ]);
    }
    let other = "analytics_1.events_20260129";
    project
        .write("sql/clean.sql", update.replace("{{ rule.table }}", other).replace("OTHER", other));
    project
        .onerow("check --date 2026-01-28 --step clean")
        .exits(3)
        .prints(&["other-table", "about `analytics_1.events_20260128`"]);
}

#[test]
fn what_cannot_be_said_of_such_tables_is_refused() {
    let project = project("delete");
    whole!(project.onerow("status --date 2026-02-01"), @"
    $ onerow status --date 2026-02-01
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `analytics_1.events_20260201`
      help: did you mean `analytics_1.events_20260128`?
    ");
    whole!(project.onerow("status --from 2026-02-01 --to 2026-02-03"), @"
    $ onerow status --from 2026-02-01 --to 2026-02-03
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `analytics_1.events_20260201`
      help: analytics_1.events_* has no table for any of 2026-02-01 to 2026-02-03: check the dates, and `table` in the rule
    ");
    whole!(project.onerow("status --date NULL"), @"
    $ onerow status --date NULL
    exit code 2
    -- stderr
    error[usage]: each row of analytics_1.events_* has the date of its table
      help: name a date
    ");
    whole!(project.onerow("view create"), @"
    $ onerow view create
    exit code 2
    -- stderr
    error[usage]: rule events has a table for each date, and create_view is about one table
      help: read the tables themselves: after `apply` each key has one active row in each
    ");
    whole!(project.onerow("load rows.csv"), @"
    $ onerow load rows.csv
    exit code 2
    -- stderr
    error[usage]: `analytics_1.events_*` stands for tables that each hold one date
      help: say which date's table the rows are of: --into analytics_1.events_20260128
    ");
    for table in
        ["analytics_1.events_2026013", "analytics_1.events_20260230", "other.events_20260128"]
    {
        project
            .onerow(&format!("load rows.csv --into {table}"))
            .exits(2)
            .says(&["whose names end in a date"]);
    }
    for (from, to, said) in [
        ("events_*", "events", "is the end of the names of several tables"),
        ("_TABLE_SUFFIX", "seq", "tables that each hold one date"),
        ("keep_rows", "across = \"1d\"\nkeep_rows", "`across` cannot be combined with"),
        (
            "keep_rows",
            "partition_granularity = \"MONTH\"\nkeep_rows",
            "`partition_granularity` cannot be combined with",
        ),
        ("keep_rows", "view = \"a.b\"\nkeep_rows", "`view` cannot be combined with"),
    ] {
        project.write("onerow.toml", rules("delete").replacen(from, to, 1));
        project.onerow("check --date 2026-01-28").exits(2).says(&[said, "onerow.toml:"]);
    }
}
