//! A rule without dates: its table is one group, and no command needs dates.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::{Transcript, whole};

/// Case 05: one row for each contact in the whole table, and a rule with dates beside it.
const RULES: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.contacts]
table = "raw.contacts"
partition = "none"
STRATEGY
key = ["contact_id"]
keep = ["updated_at DESC", "rid"]
row_id = "rid"
keep_rows = true

[rule.contacts.columns]
rid = "STRING"
contact_id = "INT64"
email = "STRING"
updated_at = "TIMESTAMP"
is_active = "BOOL"
"#;

const ROWS: &str = "rid,contact_id,email,updated_at,is_active
1,101,u1@example.org,2026-01-15 10:00:00 UTC,true
2,101,u1@example.org,2026-01-16 14:30:00 UTC,true
3,102,u2@example.org,2026-01-15 09:00:00 UTC,true
4,103,u3@example.org,2026-01-14 08:00:00 UTC,true
5,103,u3b@example.org,2026-01-17 11:00:00 UTC,true
";

const DATED: &str = r#"
[rule.visits]
table = "raw.visits"
partition = "day"
strategy = "delete"
key = ["visitor"]
keep = ["vid"]
row_id = "vid"

[rule.visits.columns]
vid = "STRING"
day = "DATE"
visitor = "STRING"
"#;

fn project(strategy: &str) -> Project {
    let keys = match strategy {
        "deactivate" => "active = \"is_active\"".to_owned(),
        other => format!("strategy = \"{other}\""),
    };
    let project = Project::new(&RULES.replace("STRATEGY", &keys));
    project.write("rows.csv", ROWS);
    project.write(
        "sql/left.sql",
        "SELECT rid FROM {{ rule.table }} WHERE {{ window.filter }} AND COALESCE(is_active, TRUE) ORDER BY rid",
    );
    project.onerow("load rows.csv").exits(0);
    project
}

fn left(project: &Project) -> Vec<String> {
    let rows = project.onerow("run left --format json").exits(0).json();
    let rows = rows["steps"][0]["rows"].as_array().unwrap().clone();
    rows.iter().map(|row| row["rid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_table_without_dates_is_cleaned_as_one_group_and_restored() {
    let mut looks = Transcript::default();
    for strategy in ["deactivate", "delete", "rewrite"] {
        let project = project(strategy);
        project.onerow("check").exits(0);
        let found = project.onerow("status --format json").exits(0).json();
        let dates = found["dates"].as_array().unwrap();
        assert_eq!((dates.len(), &dates[0]["date"]), (1, &json!("all")), "{strategy}");
        assert_eq!(dates[0]["duplicates"], 2);
        assert!(found.get("undated").is_none(), "{strategy}: there are no rows without a date");
        looks.add(&project.onerow("plan").exits(0));
        looks.add(&project.onerow("explain").exits(0));
        let applied = project.onerow("apply --yes --format json").exits(0).json();
        assert_eq!(applied["dates"][0]["deactivated"], 2, "{strategy}");
        assert_eq!(left(&project), ["2", "3", "5"], "{strategy}");
        let again = project.onerow("apply --yes --format json").exits(0).json();
        assert_eq!(again["dates"][0]["status"], "clean", "{strategy}");
        let run = applied["run_id"].as_str().unwrap();
        looks.add(&project.onerow(&format!("explain --run {run}")).exits(0));
        looks.add(&project.onerow("log").exits(0));
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(left(&project), ["1", "2", "3", "4", "5"], "{strategy}");
        project.onerow("view create").exits(0);
        looks.add(&project.onerow("doctor").exits(0));
        project.onerow("report --html report.html").exits(0);
    }
    whole!(looks, @"
    $ onerow plan
    -- stdout
    rule contacts
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     all          5      3            2          0            0   dirty
    ────────
     total        5      3            2          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 deactivate, 1 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    contacts: each statement reads the whole table: the rule has no dates

    $ onerow explain
    -- stdout
    rule contacts
     date   contact_id   row id   survivor   decided by                                                                 a run would
    ────────
     all    101          1        2          updated_at DESC: [TIME]+00, survivor [TIME]+00   deactivate it
     all    103          4        5          updated_at DESC: [TIME]+00, survivor [TIME]+00   deactivate it

    $ onerow explain --run [RUN]
    -- stdout
    rule contacts, removed by run [RUN]
     date   row id   survivor   rank   decided by                                                             removed by   now
    ────────
     all    1        2             2   updated_at DESC: [TIME], survivor [TIME]   deactivate   removed
     all    4        5             2   updated_at DESC: [TIME], survivor [TIME]   deactivate   removed

    $ onerow log
    -- stdout
     run                         rule       dates   steps                                outcome   removed   restored   undone by
    ────────
     [RUN]   contacts   all     detect                               done
     [RUN]   contacts   all     left                                 done
     [RUN]   contacts   all     detect, record, deactivate, verify   done            2

    $ onerow doctor
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule contacts
      good     table             raw.contacts: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of all
      good     row id            `rid` is unique and not NULL in 5 active rows of all

    $ onerow plan
    -- stdout
    rule contacts
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     all          5      3            2          0            0   dirty
    ────────
     total        5      3            2          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 delete, 1 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    contacts: each statement reads the whole table: the rule has no dates

    $ onerow explain
    -- stdout
    rule contacts
     date   contact_id   row id   survivor   decided by                                                                 a run would
    ────────
     all    101          1        2          updated_at DESC: [TIME]+00, survivor [TIME]+00   delete it
     all    103          4        5          updated_at DESC: [TIME]+00, survivor [TIME]+00   delete it

    $ onerow explain --run [RUN]
    -- stdout
    rule contacts, removed by run [RUN]
     date   row id   survivor   rank   decided by                                                             removed by   now
    ────────
     all    1        2             2   updated_at DESC: [TIME], survivor [TIME]   delete       removed
     all    4        5             2   updated_at DESC: [TIME], survivor [TIME]   delete       removed

    $ onerow log
    -- stdout
     run                         rule       dates   steps                            outcome   removed   restored   undone by
    ────────
     [RUN]   contacts   all     detect                           done
     [RUN]   contacts   all     left                             done
     [RUN]   contacts   all     detect, record, delete, verify   done            2

    $ onerow doctor
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule contacts
      good     table             raw.contacts: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, delete, verify of all
      good     row id            `rid` is unique and not NULL in 5 active rows of all

    $ onerow plan
    -- stdout
    rule contacts
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     all          5      3            2          0            0   dirty
    ────────
     total        5      3            2          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 rewrite, 1 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    contacts: each statement reads the whole table: the rule has no dates

    $ onerow explain
    -- stdout
    rule contacts
     date   contact_id   row id   survivor   decided by                                                                 a run would
    ────────
     all    101          1        2          updated_at DESC: [TIME]+00, survivor [TIME]+00   delete it
     all    103          4        5          updated_at DESC: [TIME]+00, survivor [TIME]+00   delete it

    $ onerow explain --run [RUN]
    -- stdout
    rule contacts, removed by run [RUN]
     date   row id   survivor   rank   decided by                                                             removed by   now
    ────────
     all    1        2             2   updated_at DESC: [TIME], survivor [TIME]   rewrite      removed
     all    4        5             2   updated_at DESC: [TIME], survivor [TIME]   rewrite      removed

    $ onerow log
    -- stdout
     run                         rule       dates   steps                             outcome   removed   restored   undone by
    ────────
     [RUN]   contacts   all     detect                            done
     [RUN]   contacts   all     left                              done
     [RUN]   contacts   all     detect, record, rewrite, verify   done            2

    $ onerow doctor
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule contacts
      good     table             raw.contacts: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, rewrite, verify of all
      good     row id            `rid` is unique and not NULL in 5 active rows of all
    ");
}

#[test]
fn a_table_without_dates_is_looked_at_where_it_was_written() {
    let project = Project::new(&RULES.replace("STRATEGY", "strategy = \"delete\""));
    let apply = |words: &str| {
        let ended = project.onerow("apply --changed --yes --format json").exits(0);
        assert_eq!(ended.stderr, format!("contacts: {words}\n"));
        ended.json()["totals"]["deactivated"].clone()
    };
    project.write("rows.csv", ROWS);
    project.onerow("load rows.csv").exits(0);
    assert_eq!(apply("1 date to check; 0 dates unchanged since last found clean"), json!(2));
    apply("0 dates to check; 1 date unchanged since last found clean");
    let (header, _) = ROWS.split_once('\n').unwrap();
    project.write(
        "rows.csv",
        format!("{header}\n6,101,u1@example.org,2026-01-20 10:00:00 UTC,true\n"),
    );
    project.onerow("load rows.csv").exits(0);
    assert_eq!(apply("1 date to check; 0 dates unchanged since last found clean"), json!(1));
}

#[test]
fn dates_for_a_rule_without_dates_are_a_mistake_unless_they_are_those_of_other_rules() {
    let project = project("delete");
    let refused = |dates: &str| {
        let commands = ["status", "plan", "apply --yes", "render"];
        let said = commands.map(|command| {
            project.onerow(&format!("{command} {dates}")).exits(2).prints_nothing().stderr
        });
        said.concat()
    };
    whole!(refused("--date 2026-01-28"), @"
    error[dates]: rule contacts has no dates: it is about the whole table
      help: leave out the dates
    contacts: each statement reads the whole table: the rule has no dates
    error[dates]: rule contacts has no dates: it is about the whole table
      help: leave out the dates
    error[dates]: rule contacts has no dates: it is about the whole table
      help: leave out the dates
    error[dates]: rule contacts has no dates: it is about the whole table
      help: leave out the dates
    ");
    for dates in ["--last 3", "--date NULL"] {
        assert_eq!(refused(dates), refused("--date 2026-01-28"), "{dates}");
    }
    let both = format!("{}{DATED}", RULES.replace("STRATEGY", "strategy = \"delete\""));
    let project = Project::new(&both);
    project.write("rows.csv", ROWS);
    project.write("visits.csv", "vid,day,visitor\na,2026-01-28,v\nb,2026-01-28,v\n");
    project.onerow("load contacts rows.csv").exits(0);
    project.onerow("load visits visits.csv").exits(0);
    whole!(project.onerow("apply contacts --yes --date 2026-01-28"), @"
    $ onerow apply contacts --yes --date 2026-01-28
    exit code 2
    -- stderr
    error[dates]: rule contacts has no dates: it is about the whole table
      help: leave out the dates
    ");
    let all = project.onerow("status --all --date 2026-01-28 --format json").exits(0).json();
    let dates: Vec<_> =
        all.as_array().unwrap().iter().map(|rule| &rule["dates"][0]["date"]).collect();
    assert_eq!(dates, ["all", "2026-01-28"]);
    project.onerow("apply --all --yes --date 2026-01-28").exits(0);
    project.onerow("status --all --date 2026-01-28 --exit-code").exits(0);
    let line = project.onerow("schedule cron contacts").exits(0).stdout;
    assert!(line.contains("apply contacts") && line.contains("--changed --yes"), "{line}");
}

#[test]
fn a_column_that_is_called_none_stands_in_backquotes() {
    let rule = |partition: &str| {
        RULES
            .replace("STRATEGY", "strategy = \"delete\"")
            .replace("partition = \"none\"", partition)
            .replace("email = \"STRING\"", "none = \"DATE\"")
    };
    let quoted = Project::new(&rule("partition = \"`none`\""));
    whole!(quoted.onerow("render --date 2026-01-28 --step detect"), @"
    $ onerow render --date 2026-01-28 --step detect
    -- stdout
    -- onerow: rule contacts, step detect, 2026-01-28
    SELECT
      date,
      COUNT(*) AS total,
      COUNT(*) AS active,
      COUNTIF(rank = 1) AS keys,
      COUNTIF(rank > 1) AS duplicates,
      COUNTIF(rank > 1 AND NOT settled) AS buffered,
      COUNTIF(row_id IS NULL OR copies > 1) AS shared_ids,
      COUNTIF(settled) AS settled,
      0 AS keyless,
      0 AS unflagged
    FROM (
      SELECT
        none AS date,
        rid AS row_id,
        ROW_NUMBER() OVER (
          PARTITION BY none, contact_id
          ORDER BY updated_at DESC, rid
        ) AS rank,
        COUNT(*) OVER (PARTITION BY none, rid) AS copies,
        TRUE AS settled
      FROM `raw.contacts`
      WHERE (none = DATE '2026-01-28' OR none IS NULL)
    )
    GROUP BY date
    ORDER BY date;
    ");
    let mut said = Transcript::default();
    for key in ["partition_type = \"DATE\"", "partition_format = \"yyyy\"", "across = \"1d\""] {
        said.case(
            key,
            Project::new(&rule(&format!("partition = \"none\"\n{key}"))).onerow("check"),
        );
    }
    whole!(said, @r#"
    # partition_type = "DATE"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `partition_type` has no effect with partition = "none"
     --> ./onerow.toml:8:18
      |
    8 | partition_type = "DATE"
      |                  ^^^^^^
      |
      = help: remove it; for a column that is called none write partition = "`none`"

    # partition_format = "yyyy"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `partition_format` has no effect with partition = "none"
     --> ./onerow.toml:8:20
      |
    8 | partition_format = "yyyy"
      |                    ^^^^^^
      |
      = help: remove it; for a column that is called none write partition = "`none`"

    # across = "1d"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `across` has no effect with partition = "none"
     --> ./onerow.toml:8:10
      |
    8 | across = "1d"
      |          ^^^^
      |
      = help: remove it; for a column that is called none write partition = "`none`"
    "#);
}

/// What a project writes for tables with dates is right for one without.
#[test]
fn a_custom_step_may_name_the_window() {
    let project = project("deactivate");
    let file = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    let steps = "steps = [\"void\", \"detect\", \"deactivate\", \"verify\"]\nkey = ";
    project.write("onerow.toml", file.replacen("key = ", steps, 1));
    project.write(
        "sql/void.sql",
        "UPDATE {{ rule.table }}\nSET {{ rule.active }} = FALSE\nWHERE {{ window.filter }}\n  \
         AND contact_id = 101 AND email = 'u1@example.org' AND rid = '1'\n",
    );
    let rendered = project.onerow("render --step void").exits(0).stdout;
    assert!(!rendered.contains("TRUE") && !rendered.contains('\u{fdd0}'), "{rendered}");
    project.onerow("check").exits(0);
    project.onerow("apply").exits(0);
    assert_eq!(left(&project), ["2", "3", "5"]);
}
