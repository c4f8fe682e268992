//! `onerow check`: what it prints for people, for GitHub and for code scanning, and how it exits.

use onerow::check::CHECKS;

use crate::common::whole::whole;
use crate::common::{Ended, Project, RULE};

/// A project with a step of its own, which is only rendered and checked.
fn with(sql: &str) -> Project {
    let project = Project::new(RULE);
    project.write("sql/own.sql", sql);
    project
}

const WARNED: &str = "SELECT a.id\nFROM {{ rule.table }} AS a\nCROSS JOIN nba.settings AS s\n";
const REFUSED: &str = "SELECT\n  playr\nFROM {{ rule.table }}\n";

fn check(project: &Project, arguments: &str) -> Ended {
    project.onerow(&format!("check --date 2026-01-28 {arguments}"))
}

#[test]
fn an_error_exits_3_and_a_warning_only_with_strict() {
    whole!(check(&with(REFUSED), ""), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[unknown-column]: unknown column `playr`: it is not among the columns that the rule lists
     --> predictions: own of 2026-01-28:3:3
      |
    3 |   playr
      |   ^
      |
      = note: the line comes from ./sql/own.sql:2:3
      = help: did you mean `player`?
    -- stderr
    15 statements checked, 1 error, 0 warnings
    ");
    whole!(check(&with(WARNED), ""), @"
    $ onerow check --date 2026-01-28
    -- stdout
    warning[cross-join]: it joins every row with every row: counts and cost multiply
     --> predictions: own of 2026-01-28:4:12
      |
    4 | CROSS JOIN nba.settings AS s
      |            ^
      |
      = note: the line comes from ./sql/own.sql:3:1
      = help: join with ON; where one side has a single row, allow it and say so
    -- stderr
    15 statements checked, 0 errors, 1 warning
    ");
    check(&with(WARNED), "--strict").exits(3);
    whole!(check(&with("SELECT 1 AS one"), "--strict"), @"
    $ onerow check --date 2026-01-28 --strict
    -- stderr
    15 statements checked, no findings
    ");
}

/// What nobody can change has no findings, whatever the key's columns are called: names of the shipped
/// templates' own columns too.
#[test]
fn the_shipped_templates_have_no_findings_also_where_warnings_count() {
    const NAMES: [&str; 14] = [
        "rank",
        "copies",
        "settled",
        "row_id",
        "removes",
        "others",
        "matches",
        "survivor",
        "active",
        "keys",
        "duplicates",
        "buffered",
        "keep_values",
        "times",
    ];
    for strategy in ["deactivate", "delete", "rewrite"] {
        for name in NAMES {
            let active = if strategy == "deactivate" { "active = \"is_active\"\n" } else { "" };
            let rule = format!(
                "[warehouse.local]\ntype = \"sqlite\"\n\n[rule.pings]\ntable = \"telemetry.pings\"\n\
                 strategy = \"{strategy}\"\npartition = \"day\"\nkey = [\"{name}\"]\n\
                 keep = [\"received_at\", \"document_id\"]\nrow_id = \"document_id\"\n\
                 written_at = \"received_at\"\n{active}\n[rule.pings.columns]\n{name} = \"STRING\"\n\
                 document_id = \"STRING\"\nday = \"DATE\"\nreceived_at = \"TIMESTAMP\"\n\
                 is_active = \"BOOL\"\n"
            );
            check(&Project::new(&rule), "--strict").exits(0).says(&["no findings"]);
        }
    }
}

#[test]
fn one_step_can_be_checked_by_itself() {
    let project = with(REFUSED);
    whole!(check(&project, "--step detect"), @"
    $ onerow check --date 2026-01-28 --step detect
    -- stderr
    1 statement checked, no findings
    ");
    whole!(check(&project, "--step own"), @"
    $ onerow check --date 2026-01-28 --step own
    exit code 3
    -- stdout
    error[unknown-column]: unknown column `playr`: it is not among the columns that the rule lists
     --> predictions: own of 2026-01-28:3:3
      |
    3 |   playr
      |   ^
      |
      = note: the line comes from ./sql/own.sql:2:3
      = help: did you mean `player`?
    -- stderr
    1 statement checked, 1 error, 0 warnings
    ");
    whole!(check(&project, "--step nobody"), @"
    $ onerow check --date 2026-01-28 --step nobody
    exit code 2
    -- stderr
    error[unknown-name]: there is no step `nobody`: it is not built in, and there is no sql/predictions/nobody.sql or sql/nobody.sql
      help: known: correct, create_view, current, deactivate, detect, drop_view, explain, keyless, numbers, own, record, recorded, removed, undo, verify
    ");
}

#[test]
fn a_finding_names_the_rendered_line_and_the_templates() {
    whole!(check(&with(REFUSED), ""), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[unknown-column]: unknown column `playr`: it is not among the columns that the rule lists
     --> predictions: own of 2026-01-28:3:3
      |
    3 |   playr
      |   ^
      |
      = note: the line comes from ./sql/own.sql:2:3
      = help: did you mean `player`?
    -- stderr
    15 statements checked, 1 error, 0 warnings
    ");
}

#[test]
fn what_a_template_allows_is_counted_and_not_found() {
    let allowed = format!("-- onerow: allow cross-join: settings has one row\n{WARNED}");
    whole!(check(&with(&allowed), "--strict"), @"
    $ onerow check --date 2026-01-28 --strict
    -- stderr
    15 statements checked, no findings, 1 allowed
    ");
}

#[test]
fn warnings_do_not_keep_a_plan_from_running() {
    let rule = RULE.replace(
        "time_zone",
        "steps = [\"own\", \"detect\", \"deactivate\", \"verify\"]\ntime_zone",
    );
    let project = Project::new(&rule);
    project.write("sql/own.sql", "SELECT * FROM {{ rule.table }} WHERE {{ window.filter }}");
    project.rows("a1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z");
    whole!(check(&project, ""), @"
    $ onerow check --date 2026-01-28
    -- stdout
    warning[select-star]: SELECT * reads every column: more bytes, and a different result when a column is added
     --> predictions: own of 2026-01-28:2:8
      |
    2 | SELECT * FROM `nba.predictions` WHERE game_date = DATE '2026-01-28'
      |        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: name the columns
    -- stderr
    15 statements checked, 0 errors, 1 warning
    ");
    project.onerow("apply --date 2026-01-28").exits(0);
}

#[test]
fn a_query_that_the_parser_cannot_read_runs_nowhere_but_on_bigquery() {
    let pipe = "FROM {{ rule.table }} |> WINDOW COUNT(*) OVER (PARTITION BY player) AS n\n";
    let project = with(&format!("-- onerow: allow unparsable: read by two people\n{pipe}"));
    project.rows("a1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z");
    whole!(check(&project, "--strict"), @"
    $ onerow check --date 2026-01-28 --strict
    -- stderr
    15 statements checked, no findings, 1 allowed
    ");
    whole!(project.onerow("run own --date 2026-01-28"), @"
    $ onerow run own --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse cannot run a query that the parser cannot read
      note: while running own of 2026-01-28
      help: use a warehouse of type bigquery for it
    ");
    whole!(check(&with(pipe), ""), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[unparsable]: it does not parse as GoogleSQL: Expected: one of SELECT or EXTEND or SET or DROP or AS or WHERE or LIMIT or AGGREGATE or ORDER or TABLESAMPLE or RENAME or UNION or INTERSECT or EXCEPT or CALL or PIVOT or UNPIVOT or JOIN or INNER or LEFT or RIGHT or FULL or CROSS, found: WINDOW
     --> predictions: own of 2026-01-28:2:27
      |
    2 | FROM `nba.predictions` |> WINDOW COUNT(*) OVER (PARTITION BY player) AS n
      |                           ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: fix the template; `onerow render` shows the whole text
    -- stderr
    15 statements checked, 1 error, 0 warnings
    ");
}

#[test]
fn github_gets_an_annotation_for_each_finding_in_the_projects_folder() {
    let project = with(REFUSED);
    let lines = check(&project, "--format github").exits(3).stdout;
    whole!(lines, @"::error file=sql/own.sql,line=2,col=3,title=unknown-column::unknown column `playr`: it is not among the columns that the rule lists; did you mean `player`? (in predictions: own of 2026-01-28:3:3)");
    let outer = Project::new("");
    outer.write("nested/onerow.toml", RULE.replace("\"id DESC\"]", "\"player\"]"));
    let ended = outer.onerow("check --date 2026-01-28 --project-dir nested --format github");
    whole!(ended, @r#"
    $ onerow check --date 2026-01-28 --project-dir nested --format github
    exit code 3
    -- stdout
    ::error file=nested/onerow.toml,line=9,col=28,title=undetermined-survivor::keep ends in `player`, which two rows can share: which of them survives would be chance; end keep with the row id: "id DESC" (in nested/onerow.toml:9:28)
    -- stderr
    14 statements checked, 1 error, 0 warnings
    "#);
}

#[test]
fn an_annotation_stays_on_its_line_whatever_it_holds() {
    let project = with("SELECT `a%b\nc` FROM {{ rule.table }}");
    let lines = check(&project, "--format github").exits(3).stdout;
    whole!(lines, @"::error file=sql/own.sql,line=1,col=1,title=unknown-column::unknown column `a%25b%0Ac`: it is not among the columns that the rule lists; known: id, game_date, game_id, player, points_line, is_active, created_at, updated_at (in predictions: own of 2026-01-28:2:8)");
}

#[test]
fn what_could_have_been_meant_is_listed_once() {
    let found = check(&with("SELECT zzz AS y\nFROM {{ rule.table }}\n"), "").exits(3);
    assert_eq!(found.stdout.matches("is_active").count(), 1, "{found}");
}

#[test]
fn what_a_statement_says_is_no_link_in_a_sarif_log() {
    let sql = "SELECT\n  `[x](1)` AS y\nFROM {{ rule.table }}\n";
    let log = check(&with(sql), "--format sarif").exits(3).json();
    let text = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(text.contains(r"`[x\](1)`"), "{text}");
}

#[test]
fn code_scanning_gets_a_sarif_log() {
    let log = check(&with(REFUSED), "--format sarif").exits(3).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "onerow");
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), CHECKS.len());
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-column".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "sql/own.sql");
    assert_eq!(place["region"]["startLine"], 2);
    let clean = check(&with("SELECT 1 AS one"), "--format sarif").exits(0).json();
    assert_eq!(clean["runs"][0]["results"], serde_json::json!([]));
}
