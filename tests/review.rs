//! `onerow review`: what a change means, against a real git repository.

use std::process::Command;

use crate::common::whole::whole;
use crate::common::{Ended, Project, RULE};
use crate::predictions;

const MAIN: &str = "player_prop_predictions";

fn git(project: &Project, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
    let output = command.current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

/// A repository whose one commit holds this project.
fn committed(project: Project) -> Project {
    project.write(".gitignore", ".onerow/\n");
    git(&project, &["init", "--quiet", "--initial-branch", "main"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "base"]);
    project
}

/// The example project with one change to its rule file.
fn changed(from: &str, to: &str) -> Project {
    let project = committed(Project::example());
    edit(&project, from, to);
    project
}

fn edit(project: &Project, from: &str, to: &str) {
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    assert!(rules.contains(from), "{from}");
    project.write("onerow.toml", rules.replacen(from, to, 1));
}

/// A small project with an own step, and another version of that step.
fn own(old: &str, new: &str) -> Project {
    let project = Project::new(RULE);
    project.write("sql/own.sql", old);
    let project = committed(project);
    project.write("sql/own.sql", new);
    project
}

fn review(project: &Project) -> Ended {
    project.onerow("review --base main").exits(0)
}

#[test]
fn nothing_changed_is_one_line() {
    let project = committed(Project::example());
    let ended = project.onerow("review --base main --exit-code").exits(0);
    assert_eq!(ended.stdout, "onerow review: no rule and no rendered SQL changed.\n");
}

#[test]
fn exit_code_says_that_something_changed() {
    let project = own("SELECT 1 AS one", "SELECT 2 AS one");
    project.onerow("review --base main --exit-code").exits(4);
    project.onerow("review --base main").exits(0);
}

/// The example's table, loaded into the project's embedded warehouse.
fn loaded(project: &Project) {
    project.write("predictions.csv", predictions::csv());
    project.onerow(&format!("load {MAIN} predictions.csv")).exits(0);
}

const IMPACT: &str =
    "review --base main player_prop_predictions --impact --from 2026-01-20 --to 2026-01-29";

#[test]
fn history_system_id_added_to_the_key() {
    let project = Project::example();
    edit(&project, "\"player_lookup\", \"system_id\"]", "\"player_lookup\"]");
    let project = committed(project);
    edit(&project, "\"player_lookup\"]", "\"player_lookup\", \"system_id\"]");
    loaded(&project);
    let ended = project.onerow(IMPACT).exits(0).prints(&[
        "- the key is widened by `system_id`: rows that differ in it are no longer duplicates of \
         each other, so fewer rows are duplicates (detect, deactivate, verify, consolidate, current)",
    ]);
    let total = ended.stdout.lines().find(|line| line.starts_with("| total")).unwrap();
    let figures: Vec<u64> = total.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    assert_eq!((figures[0], figures[2]), (9741, 7865), "{total}");
    assert!(figures[1] > 7865, "{total}");
}

#[test]
fn history_the_points_line_added() {
    let project = changed(
        "\"player_lookup\", \"system_id\"]",
        "\"player_lookup\", \"system_id\", \"current_points_line\"]",
    );
    loaded(&project);
    let before = project
        .database()
        .query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0))
        .unwrap();
    let ended = project.onerow(IMPACT).exits(0);
    for row in [
        "| 2026-01-20 |         809 |               589 |              252 |",
        "| 2026-01-23 |        2892 |              2807 |             2477 |",
        "| 2026-01-28 |        1097 |               776 |              632 |",
        "| total      |        9741 |              7865 |             4689 |",
    ] {
        assert!(ended.stdout.contains(row), "{row}: {ended}");
    }
    let ended = ended.prints(&["- the key is widened by `current_points_line`"]);
    assert!(!ended.stdout.contains("For example"), "values from the table only when asked for");
    let ended = project.onerow(&format!("{IMPACT} --examples 2")).exits(0);
    let examples = ended.stdout.lines().filter(|line| line.contains("| superseded | survives |"));
    assert_eq!(examples.count(), 2, "{ended}");
    assert_eq!(before, 0);
    assert_eq!(
        project.onerow("log --statements --format json").exits(0).json(),
        serde_json::json!([])
    );
}

#[test]
fn history_the_tie_break_dropped() {
    let project = changed("[\"created_at DESC\", \"prediction_id DESC\"]", "[\"created_at DESC\"]");
    review(&project).prints(&[
        "- the tie-break `prediction_id DESC` was dropped from the order of survival: between rows \
         that are equal in `created_at DESC` the survivor is left to chance (deactivate, consolidate, current)",
        "are equal in `COALESCE(is_active, false) DESC`, `created_at DESC` the survivor is left to chance (detect, verify)",
        "**What `check` says of it**",
        "it would not run, `undetermined-survivor`",
    ]);
}

#[test]
fn history_only_white_space() {
    let old = "SELECT id\nFROM {{ rule.table }}\nWHERE {{ window.filter }}";
    let new = "-- by line\nSELECT  id FROM {{ rule.table }}\n\n  WHERE {{ window.filter }}";
    let ended = review(&own(old, new))
        .prints(&["- formatting and comments only: the same statement (own)"]);
    assert!(!ended.stdout.contains("could not be compared"), "{ended}");
    assert!(!ended.stdout.contains("SQL of detect"), "{ended}");
}

#[test]
fn each_part_of_a_statement_has_its_sentence() {
    let update = "UPDATE {{ rule.table }} SET is_active = FALSE WHERE {{ window.filter }} AND created_at < @cutoff";
    let ranked = "SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }}";
    for (old, new, sentence) in [
        ("SELECT id FROM nba.a", "SELECT id FROM nba.b", "tables changed from `nba.a` to `nba.b`"),
        ("SELECT id FROM nba.a", "SELECT id, player FROM nba.a", "it returns `player` in addition"),
        ("SELECT id, player FROM nba.a", "SELECT id FROM nba.a", "it no longer returns `player`"),
        (
            "SELECT id FROM nba.a",
            "SELECT id FROM nba.a WHERE x = 1",
            "the condition `x = 1` was added",
        ),
        (
            "SELECT id FROM nba.a WHERE x = 1 AND (y AND z)",
            "SELECT id FROM nba.a WHERE z AND x = 1",
            "the condition `y` was dropped",
        ),
        (
            update,
            &update.replace(" SET ", " SET updated_at = CURRENT_TIMESTAMP(), "),
            "the UPDATE sets `updated_at = CURRENT_TIMESTAMP()`, `is_active = false`; before, it set `is_active = false`",
        ),
        (
            ranked,
            &ranked.replace("BY game_id", "BY player"),
            "the key changed: `player` joined it, `game_id` left it",
        ),
        (
            &ranked.replace("BY game_id", "BY game_id, player"),
            ranked,
            "the key is narrowed, `player` is no longer part of it",
        ),
        (
            ranked,
            &ranked.replace("BY id", "BY created_at"),
            "the order of survival changed from `id` to `created_at`",
        ),
        (ranked, &ranked.replace("BY id", "BY id, player"), "the tie-break `player` was added"),
    ] {
        let ended = review(&own(old, new)).prints(&[sentence]);
        assert!(!ended.stdout.contains("could not be compared"), "{ended}");
    }
}

#[test]
fn a_review_for_programs_has_what_the_one_for_people_has() {
    let project = Project::example();
    edit(&project, "\"player_lookup\", \"system_id\"]", "\"player_lookup\"]");
    let project = committed(project);
    edit(&project, "\"player_lookup\"]", "\"player_lookup\", \"system_id\"]");
    loaded(&project);
    let review = "review --base main --impact --date 2026-01-28 --examples 1 --format json";
    let mut found = project.onerow(review).exits(0).json();
    for step in found["rules"][0]["steps"].as_array_mut().unwrap() {
        // Compared in the review for people.
        assert!(step["diff"].take().as_str().unwrap().contains("\n+"));
    }
    insta::assert_snapshot!(format!("{found:#}"), @r#"
    {
      "dates": [
        "2026-01-28"
      ],
      "rules": [
        {
          "rule": "player_prop_predictions",
          "change": "changed",
          "settings": [],
          "findings": [],
          "steps": [
            {
              "step": "detect",
              "means": [
                "the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates"
              ],
              "not_judged": [],
              "findings": [],
              "diff": null
            },
            {
              "step": "deactivate",
              "means": [
                "the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates"
              ],
              "not_judged": [],
              "findings": [],
              "diff": null
            },
            {
              "step": "verify",
              "means": [
                "the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates"
              ],
              "not_judged": [],
              "findings": [],
              "diff": null
            },
            {
              "step": "consolidate",
              "means": [
                "the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates"
              ],
              "not_judged": [
                "something besides key, order, conditions, tables, columns set and columns returned changed"
              ],
              "findings": [],
              "diff": null
            },
            {
              "step": "current",
              "means": [
                "the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates"
              ],
              "not_judged": [],
              "findings": [],
              "diff": null
            }
          ],
          "impact": {
            "dates": [
              {
                "date": "2026-01-28",
                "active": 1097,
                "duplicates_before": 1016,
                "duplicates_after": 776,
                "keyless_before": 2,
                "keyless_after": 4
              }
            ],
            "keyless_runs": [],
            "examples": [
              {
                "date": "2026-01-28",
                "row_id": "00403e62-f87c-441c-af87-dae87c40eb64",
                "key": [
                  "20260128_LAL_BOS",
                  "jalensabonis",
                  "moving_average"
                ],
                "survives_before": false,
                "survives_after": true
              }
            ]
          }
        }
      ]
    }
    "#);
    let nothing = committed(Project::example()).onerow("review --base main --format json").exits(0);
    assert_eq!(nothing.json(), serde_json::json!({ "dates": ["2026-01-28"], "rules": [] }));
    let renamed = committed(Project::new(RULE));
    renamed.write("onerow.toml", RULE.replace("rule.predictions", "rule.others"));
    let found = renamed.onerow("review --base main --format json").exits(0).json();
    let rules = serde_json::json!([
        { "rule": "others", "change": "added" },
        { "rule": "predictions", "change": "removed" },
    ]);
    assert_eq!(found["rules"], rules);
}

#[test]
fn what_no_part_explains_is_said_to_be_unjudged() {
    for (old, new) in [
        ("SELECT id FROM nba.a LIMIT 5", "SELECT id FROM nba.a LIMIT 6"),
        (
            "SELECT id FROM nba.a GROUP BY id",
            "SELECT id FROM nba.a GROUP BY id HAVING COUNT(*) > 1",
        ),
        (
            "SELECT a.id FROM nba.a JOIN nba.b ON a.x = b.x",
            "SELECT a.id FROM nba.a JOIN nba.b ON a.x = b.y",
        ),
        ("SELECT id FROM nba.a", "SELECT DISTINCT id FROM nba.a"),
        (
            "SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b)",
            "SELECT id FROM nba.a WHERE id NOT IN (SELECT id FROM nba.b)",
        ),
        ("SELECT id FROM nba.a", "FROM nba.a |> WINDOW COUNT(*) OVER () AS n"),
    ] {
        review(&own(old, new)).prints(&["could not be compared", "```diff"]);
    }
    let more = "SELECT id FROM nba.b LIMIT 6";
    review(&own("SELECT id FROM nba.a LIMIT 5", more)).prints(&[
        "tables changed from `nba.a` to `nba.b`",
        "something besides key, order, conditions, tables, columns set and columns returned",
    ]);
}

#[test]
fn conditions_inside_a_subquery_are_seen() {
    let sql = "SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b WHERE x = 1)";
    for sql in [sql.to_owned(), sql.replace("IN", "NOT IN")] {
        let ended = review(&own(&sql, &sql.replace("x = 1", "x = 1 AND y")));
        ended.prints(&["the condition `y` was added to a subquery: fewer rows take part in it"]);
    }
    let derived = "SELECT id FROM (SELECT id FROM nba.b WHERE x = 1)".to_owned();
    let after = "SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b)
        UNION ALL SELECT id FROM nba.c WHERE x = 1";
    for sql in [derived, after.to_owned()] {
        let ended = review(&own(&sql, &sql.replace("x = 1", "x = 1 AND y")));
        ended.prints(&["the condition `y` was added: fewer rows are looked at or changed"]);
    }
}

#[test]
fn rules_and_steps_that_come_and_go_are_named() {
    let (head, rule) = RULE.split_at(RULE.find("[rule.").unwrap());
    let project = committed(Project::new(RULE));
    project.write("onerow.toml", format!("{head}{}", rule.replace("predictions", "others")));
    let ended = review(&project);
    ended.prints(&[
        "### Rule `others`\n\nThe rule is new",
        "### Rule `predictions`\n\nThe rule was removed",
    ]);
    let project = committed(Project::new(RULE));
    project.write("sql/own.sql", "SELECT 1 AS one");
    review(&project).prints(&["- the step is new; read its SQL (own)"]);
}

#[test]
fn settings_without_a_trace_in_the_sql_are_seen() {
    let project = committed(Project::new(RULE));
    edit(&project, "time_zone = \"America/New_York\"", "time_zone = \"UTC\"\nsettle = \"30m\"");
    review(&project).prints(&[
        "settle changed from 1h 30m to 30m: rows count as settled sooner",
        "the time zone changed",
    ]);
    let project = committed(Project::new(RULE));
    edit(&project, "touched_at = \"updated_at\"", "strategy = \"delete\"\nview = \"nba.best\"");
    review(&project).prints(&[
        "superseded rows are deleted, and were deactivated",
        "apply runs detect, delete, verify, and ran detect, deactivate, verify",
        "the read-side view is `nba.best`, and was `nba.predictions_current`",
        "- the step is new; read its SQL (delete)",
    ]);
}

#[test]
fn an_own_explain_is_reviewed_and_a_built_in_one_says_nothing_new() {
    let project = committed(Project::new(RULE));
    edit(&project, "\"game_id\", \"player\"", "\"game_id\"");
    let ended = review(&project);
    assert!(!ended.stdout.contains("explain"), "{ended}");
    project.write("sql/explain.sql", "SELECT 1 AS one");
    review(&project).prints(&["- the step is new; read its SQL (explain)"]);
}

#[test]
fn the_text_is_the_same_each_time_and_the_work_tree_is_left_alone() {
    let project = changed("\"system_id\"]", "\"system_id\", \"current_points_line\"]");
    let status = || {
        let output = Command::new("git")
            .args(["status", "--porcelain"])
            .current_dir(project.path("."))
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let before = status();
    let first = review(&project).stdout;
    assert_eq!(first, review(&project).stdout);
    assert_eq!(status(), before);
}

#[test]
fn a_project_below_the_root_of_its_repository_is_found() {
    let outer = Project::new("");
    outer.write("teams/nba/onerow.toml", RULE);
    outer.write("teams/nba/sql/predictions/own.sql", "SELECT 1 AS one");
    outer.write("onerow.toml", "no rule file at all");
    let outer = committed(outer);
    let review = "review --base main --project-dir teams/nba";
    outer.onerow(review).exits(0).prints(&["no rule and no rendered SQL changed"]);
    outer.write("teams/nba/sql/predictions/own.sql", "SELECT 2 AS one");
    outer.onerow(review).exits(0).prints(&["SQL of own"]);
}

#[test]
fn a_base_without_the_project_makes_every_rule_new() {
    let project = committed(Project::new(RULE));
    git(&project, &["mv", "onerow.toml", "elsewhere.toml"]);
    git(&project, &["commit", "--quiet", "--message", "before there was a project"]);
    git(&project, &["mv", "elsewhere.toml", "onerow.toml"]);
    review(&project).prints(&["The rule is new"]);
}

#[test]
fn what_cannot_be_compared_is_an_error_that_says_so() {
    let project = committed(Project::new(RULE));
    whole!(project.onerow("review --base nowhere"), @"
    $ onerow review --base nowhere
    exit code 2
    -- stderr
    error[unknown-name]: git knows no revision `nowhere`
      help: in CI, fetch it first: a shallow clone has no other branches
    ");
    whole!(project.onerow("review --base=--all"), @"
    $ onerow review --base=--all
    exit code 2
    -- stderr
    error[unknown-name]: git knows no revision `--all`
      help: in CI, fetch it first: a shallow clone has no other branches
    ");
    whole!(project.onerow("review --base main --impact"), @"
    $ onerow review --base main --impact
    exit code 2
    -- stderr
    error[dates]: --impact needs dates
      help: say which dates are counted, such as --last 7
    ");
    whole!(project.onerow("review --base main --examples 5"), @"
    $ onerow review --base main --examples 5
    exit code 2
    -- stderr
    error[usage]: the following required arguments were not provided:
      --impact

    Usage: onerow review --base <REV> --impact --examples <N> [RULE]

    For more information, try '--help'.
    ");
    whole!(project.onerow("review --base main nothing"), @"
    $ onerow review --base main nothing
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `nothing`
      help: known: predictions
    ");
    let elsewhere = Project::new(RULE);
    whole!(elsewhere.onerow("review --base main"), @"
    $ onerow review --base main
    exit code 2
    -- stderr
    error[usage]: git: fatal: not a git repository (or any of the parent directories): .git
    ");
}

#[test]
fn a_change_cannot_break_out_of_its_place_in_the_comment() {
    let project = own("SELECT 1 AS one", "SELECT '``` </details> @everyone' AS one -- ````\n");
    let ended = review(&project);
    assert!(ended.stdout.contains("`````diff\n"), "{ended}");
}

#[test]
fn an_impact_that_cannot_be_counted_is_said_and_the_rest_stands() {
    let project = changed("\"system_id\"]", "\"system_id\", \"current_points_line\"]");
    loaded(&project);
    edit(&project, "nba_predictions.player", "nba_predictions.other");
    project.onerow(IMPACT).exits(0).prints(&["could not be counted", "tables changed"]);
}
