//! A rule for tables that each hold one date: `events_*`.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::{Transcript, whole};

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
    let mut looks = Transcript::default();
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
        looks.add(&project.onerow(&format!("plan {WINDOW}")).exits(0));
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
        looks.add(&project.onerow("log").exits(0));
        looks.add(&project.onerow(&format!("explain --run {run}")).exits(0));
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(left(&project), ["a1", "a2", "a3", "b1", "b2"], "{strategy}");
    }
    whole!(looks, @r#"
    $ onerow plan --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        0      0            0          0            0   empty
     2026-01-28        3      2            1          0            0   dirty
     2026-01-29        0      0            0          0            0   empty
     2026-01-30        2      1            1          0            0   dirty
    ────────
     total             5      3            2          0            0
    apply would send 8 statements: 2 detect, 2 record, 2 deactivate, 2 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    events: no rows at all on 2026-01-27, 2026-01-29
      help: if rows were expected there, look at what loads the table

    $ onerow log
    -- stdout
     run                         rule     dates                    steps                                outcome   removed   restored   undone by
    ────────
     [RUN]   events   2026-01-28, 2026-01-30   detect                               done
     [RUN]   events   2026-01-28, 2026-01-30   left                                 done
     [RUN]   events   2026-01-28, 2026-01-30   detect, record, deactivate, verify   done            2

    $ onerow explain --run [RUN]
    -- stdout
    rule events, removed by run [RUN]
     date         row id   survivor   rank   decided by                removed by   now
    ────────
     2026-01-28   a1       a2            2   seq DESC: 1, survivor 2   deactivate   removed
     2026-01-30   b1       b2            2   seq DESC: 1, survivor 2   deactivate   removed

    $ onerow plan --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        0      0            0          0            0   empty
     2026-01-28        3      2            1          0            0   dirty
     2026-01-29        0      0            0          0            0   empty
     2026-01-30        2      1            1          0            0   dirty
    ────────
     total             5      3            2          0            0
    apply would send 8 statements: 2 detect, 2 record, 2 delete, 2 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    events: no rows at all on 2026-01-27, 2026-01-29
      help: if rows were expected there, look at what loads the table

    $ onerow log
    -- stdout
     run                         rule     dates                    steps                            outcome   removed   restored   undone by
    ────────
     [RUN]   events   2026-01-28, 2026-01-30   detect                           done
     [RUN]   events   2026-01-28, 2026-01-30   left                             done
     [RUN]   events   2026-01-28, 2026-01-30   detect, record, delete, verify   done            2

    $ onerow explain --run [RUN]
    -- stdout
    rule events, removed by run [RUN]
     date         row id   survivor   rank   decided by                removed by   now
    ────────
     2026-01-28   a1       a2            2   seq DESC: 1, survivor 2   delete       removed
     2026-01-30   b1       b2            2   seq DESC: 1, survivor 2   delete       removed

    $ onerow plan --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        0      0            0          0            0   empty
     2026-01-28        3      2            1          0            0   dirty
     2026-01-29        0      0            0          0            0   empty
     2026-01-30        2      1            1          0            0   dirty
    ────────
     total             5      3            2          0            0
    apply would send 8 statements: 2 detect, 2 record, 2 rewrite, 2 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    events: no rows at all on 2026-01-27, 2026-01-29
      help: if rows were expected there, look at what loads the table

    $ onerow log
    -- stdout
     run                         rule     dates                    steps                             outcome   removed   restored   undone by
    ────────
     [RUN]   events   2026-01-28, 2026-01-30   detect                            done
     [RUN]   events   2026-01-28, 2026-01-30   left                              done
     [RUN]   events   2026-01-28, 2026-01-30   detect, record, rewrite, verify   done            2

    $ onerow explain --run [RUN]
    -- stdout
    rule events, removed by run [RUN]
     date         row id                                                                       survivor                                                                     rank   decided by                removed by   now
    ────────
     2026-01-28   {"id":"a1","user":"ann","name":"view","moment":1,"seq":1,"is_active":true}   {"id":"a2","user":"ann","name":"view","moment":1,"seq":2,"is_active":true}      2   seq DESC: 1, survivor 2   rewrite      removed
     2026-01-30   {"id":"b1","user":"ann","name":"view","moment":1,"seq":1,"is_active":true}   {"id":"b2","user":"ann","name":"view","moment":1,"seq":2,"is_active":true}      2   seq DESC: 1, survivor 2   rewrite      removed
    "#);
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
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let rules = rules(strategy);
        let project = Project::new(rules.split("[rule.events.columns]").next().unwrap());
        project.onerow("check --date 2026-01-28").exits(0);
        said.add(&project.onerow("render --date 2026-01-28 --step undo"));
    }
    whole!(said, @"
    $ onerow render --date 2026-01-28 --step undo
    exit code 2
    -- stderr
    error[usage]: undo names the columns of the table, and rule events lists none: they are looked up when it is sent
      help: to see the statement, list the columns in a section [rule.events.columns]

    $ onerow render --date 2026-01-28 --step undo
    exit code 2
    -- stderr
    error[usage]: undo names the columns of the table, and rule events lists none: they are looked up when it is sent
      help: to see the statement, list the columns in a section [rule.events.columns]
    ");
}

#[test]
fn a_template_that_reads_the_tables_of_other_dates_is_refused() {
    let project = project("deactivate");
    let update = "UPDATE {{ rule.table }}\nSET is_active = FALSE\nWHERE id IN (SELECT id FROM OTHER WHERE seq = 1)\n";
    let mut said = Transcript::default();
    for other in [
        "analytics_1.events_20260129",
        "`analytics_1.events_*`",
        "`analytics_1.*`",
        "`demo.analytics_1.events_2026*`",
    ] {
        project.write("sql/clean.sql", update.replace("OTHER", other));
        said.case(other, project.onerow("check --date 2026-01-28 --step clean"));
    }
    whole!(said, @"
    # analytics_1.events_20260129
    $ onerow check --date 2026-01-28 --step clean
    exit code 3
    -- stdout
    error[reads-other-partition]: it reads analytics_1.events_20260129, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:4:29
      |
    4 | WHERE id IN (SELECT id FROM analytics_1.events_20260129 WHERE seq = 1)
      |                             ^
      |
      = note: the line comes from ./sql/clean.sql:3:1
      = help: write {{ rule.table }}, which is the table of the statement's date
    -- stderr
    3 statements checked, 1 error, 0 warnings

    # `analytics_1.events_*`
    $ onerow check --date 2026-01-28 --step clean
    exit code 3
    -- stdout
    error[reads-other-partition]: it reads analytics_1.events_*, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:4:29
      |
    4 | WHERE id IN (SELECT id FROM `analytics_1.events_*` WHERE seq = 1)
      |                             ^
      |
      = note: the line comes from ./sql/clean.sql:3:1
      = help: write {{ rule.table }}, which is the table of the statement's date
    -- stderr
    3 statements checked, 1 error, 0 warnings

    # `analytics_1.*`
    $ onerow check --date 2026-01-28 --step clean
    exit code 3
    -- stdout
    error[reads-other-partition]: it reads analytics_1.*, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:4:29
      |
    4 | WHERE id IN (SELECT id FROM `analytics_1.*` WHERE seq = 1)
      |                             ^
      |
      = note: the line comes from ./sql/clean.sql:3:1
      = help: write {{ rule.table }}, which is the table of the statement's date
    -- stderr
    3 statements checked, 1 error, 0 warnings

    # `demo.analytics_1.events_2026*`
    $ onerow check --date 2026-01-28 --step clean
    exit code 3
    -- stdout
    error[reads-other-partition]: it reads demo.analytics_1.events_2026*, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:4:29
      |
    4 | WHERE id IN (SELECT id FROM `demo.analytics_1.events_2026*` WHERE seq = 1)
      |                             ^
      |
      = note: the line comes from ./sql/clean.sql:3:1
      = help: write {{ rule.table }}, which is the table of the statement's date
    -- stderr
    3 statements checked, 1 error, 0 warnings
    ");
    let other = "analytics_1.events_20260129";
    project
        .write("sql/clean.sql", update.replace("{{ rule.table }}", other).replace("OTHER", other));
    whole!(project.onerow("check --date 2026-01-28 --step clean"), @"
    $ onerow check --date 2026-01-28 --step clean
    exit code 3
    -- stdout
    error[other-table]: it changes `analytics_1.events_20260129`, but the rule is about `analytics_1.events_20260128`
     --> events: clean of 2026-01-28:2:8
      |
    2 | UPDATE analytics_1.events_20260129
      |        ^
      |
      = note: the line comes from ./sql/clean.sql:1:1
      = help: write {{ rule.table }}, without a join

    error[reads-other-partition]: it reads analytics_1.events_20260129, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:2:8
      |
    2 | UPDATE analytics_1.events_20260129
      |        ^
      |
      = note: the line comes from ./sql/clean.sql:1:1
      = help: write {{ rule.table }}, which is the table of the statement's date

    error[reads-other-partition]: it reads analytics_1.events_20260129, a table of other dates: their rows would decide
     --> events: clean of 2026-01-28:4:29
      |
    4 | WHERE id IN (SELECT id FROM analytics_1.events_20260129 WHERE seq = 1)
      |                             ^
      |
      = note: the line comes from ./sql/clean.sql:3:1
      = help: write {{ rule.table }}, which is the table of the statement's date
    -- stderr
    3 statements checked, 3 errors, 0 warnings
    ");
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
    let mut said = Transcript::default();
    for table in
        ["analytics_1.events_2026013", "analytics_1.events_20260230", "other.events_20260128"]
    {
        said.add(&project.onerow(&format!("load rows.csv --into {table}")));
    }
    whole!(said, @"
    $ onerow load rows.csv --into analytics_1.events_2026013
    exit code 2
    -- stderr
    error[usage]: `analytics_1.events_2026013` is none of `analytics_1.events_*`, whose names end in a date
      help: say which date's table the rows are of: --into analytics_1.events_20260128

    $ onerow load rows.csv --into analytics_1.events_20260230
    exit code 2
    -- stderr
    error[usage]: `analytics_1.events_20260230` is none of `analytics_1.events_*`, whose names end in a date
      help: say which date's table the rows are of: --into analytics_1.events_20260128

    $ onerow load rows.csv --into other.events_20260128
    exit code 2
    -- stderr
    error[usage]: `other.events_20260128` is none of `analytics_1.events_*`, whose names end in a date
      help: say which date's table the rows are of: --into analytics_1.events_20260128
    ");
    let mut refused = Transcript::default();
    for (from, to) in [
        ("events_*", "events"),
        ("_TABLE_SUFFIX", "seq"),
        ("keep_rows", "across = \"1d\"\nkeep_rows"),
        ("keep_rows", "partition_granularity = \"MONTH\"\nkeep_rows"),
        ("keep_rows", "view = \"a.b\"\nkeep_rows"),
    ] {
        project.write("onerow.toml", rules("delete").replacen(from, to, 1));
        refused.case(to, project.onerow("check --date 2026-01-28"));
    }
    whole!(refused, @r#"
    # events
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `_TABLE_SUFFIX` is the end of the names of several tables, and the rule names one
     --> ./onerow.toml:6:9
      |
    6 | table = "analytics_1.events"
      |         ^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `table` as dataset.events_*, for tables such as dataset.events_20260128

    # seq
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: the rule is about tables that each hold one date, and `partition` is not part of their names
     --> ./onerow.toml:7:13
      |
    7 | partition = "seq"
      |             ^^^^^
      |
      = help: write partition = "_TABLE_SUFFIX"; for one of these tables alone, name it in `table`

    # across = "1d"
    keep_rows
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `across` cannot be combined with partition = "_TABLE_SUFFIX"
      --> ./onerow.toml:12:10
       |
    12 | across = "1d"
       |          ^^^^
       |
       = help: remove it: each date has a table of its own, which is looked at by itself

    # partition_granularity = "MONTH"
    keep_rows
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `partition_granularity` cannot be combined with partition = "_TABLE_SUFFIX"
      --> ./onerow.toml:12:25
       |
    12 | partition_granularity = "MONTH"
       |                         ^^^^^^^
       |
       = help: remove it: each date has a table of its own, which is looked at by itself

    # view = "a.b"
    keep_rows
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `view` cannot be combined with partition = "_TABLE_SUFFIX"
      --> ./onerow.toml:12:8
       |
    12 | view = "a.b"
       |        ^^^^^
       |
       = help: remove it: each date has a table of its own, which is looked at by itself
    "#);
}
