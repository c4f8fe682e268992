//! A rule without dates: its table is one group, and no command needs dates.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::whole;

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
    for strategy in ["deactivate", "delete", "rewrite"] {
        let project = project(strategy);
        project.onerow("check").exits(0);
        let found = project.onerow("status --format json").exits(0).json();
        let dates = found["dates"].as_array().unwrap();
        assert_eq!((dates.len(), &dates[0]["date"]), (1, &json!("all")), "{strategy}");
        assert_eq!(dates[0]["duplicates"], 2);
        assert!(found.get("undated").is_none(), "{strategy}: there are no rows without a date");
        project.onerow("plan").exits(0).prints(&["all"]);
        project.onerow("explain").exits(0).prints(&["all"]);
        let applied = project.onerow("apply --yes --format json").exits(0).json();
        assert_eq!(applied["dates"][0]["deactivated"], 2, "{strategy}");
        assert_eq!(left(&project), ["2", "3", "5"], "{strategy}");
        let again = project.onerow("apply --yes --format json").exits(0).json();
        assert_eq!(again["dates"][0]["status"], "clean", "{strategy}");
        let run = applied["run_id"].as_str().unwrap();
        project.onerow(&format!("explain --run {run}")).exits(0).prints(&["all"]);
        project.onerow("log").exits(0).prints(&["all"]);
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(left(&project), ["1", "2", "3", "4", "5"], "{strategy}");
        project.onerow("view create").exits(0);
        project.onerow("doctor").exits(0).prints(&["no partitions"]);
        project.onerow("report --html report.html").exits(0);
    }
}

#[test]
fn a_table_without_dates_is_looked_at_where_it_was_written() {
    let project = Project::new(&RULES.replace("STRATEGY", "strategy = \"delete\""));
    let apply = |words: &str| {
        let ended = project.onerow("apply --changed --yes --format json").exits(0);
        ended.says(&[words]).json()["totals"]["deactivated"].clone()
    };
    project.write("rows.csv", ROWS);
    project.onerow("load rows.csv").exits(0);
    assert_eq!(apply("1 date to check"), json!(2));
    apply("0 dates to check; 1 date unchanged");
    let (header, _) = ROWS.split_once('\n').unwrap();
    project.write(
        "rows.csv",
        format!("{header}\n6,101,u1@example.org,2026-01-20 10:00:00 UTC,true\n"),
    );
    project.onerow("load rows.csv").exits(0);
    assert_eq!(apply("1 date to check"), json!(1));
}

#[test]
fn dates_for_a_rule_without_dates_are_a_mistake_unless_they_are_those_of_other_rules() {
    let project = project("delete");
    for dates in ["--date 2026-01-28", "--last 3", "--date NULL"] {
        for command in ["status", "plan", "apply --yes", "render"] {
            project
                .onerow(&format!("{command} {dates}"))
                .exits(2)
                .says(&["rule contacts has no dates", "leave out the dates"]);
        }
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
    quoted
        .onerow("render --date 2026-01-28 --step detect")
        .exits(0)
        .prints(&["none = DATE '2026-01-28'"]);
    for (key, name) in [
        ("partition_type = \"DATE\"", "partition_type"),
        ("partition_format = \"yyyy\"", "partition_format"),
        ("across = \"1d\"", "across"),
    ] {
        Project::new(&rule(&format!("partition = \"none\"\n{key}"))).onerow("check").exits(2).says(
            &[
                &format!("`{name}` has no effect with partition = \"none\""),
                "partition = \"`none`\"",
            ],
        );
    }
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
