//! `onerow review`: what a change means, against a real git repository.

use std::process::Command;

use crate::common::whole::{Transcript, whole, with_times};
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

/// What a review says in words, without the diffs of the SQL.
fn sentences(review: &Ended) -> String {
    assert_eq!((review.code, review.stderr.as_str()), (Some(0), ""), "{review}");
    review.stdout.split("<details>").next().unwrap().to_owned()
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
    whole!(sentences(&project.onerow(IMPACT)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-20 to 2026-01-29.

    ### Rule `player_prop_predictions`

    **What it means**

    - the key is widened by `system_id`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, deactivate, verify, consolidate, current)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (consolidate)

    **What it does to the data**

    | date       | active rows | duplicates before | duplicates after |
    |------------|-------------|-------------------|------------------|
    | 2026-01-20 |         809 |               754 |              589 |
    | 2026-01-21 |         216 |               162 |                0 |
    | 2026-01-22 |         369 |               348 |              286 |
    | 2026-01-23 |        2892 |              2870 |             2807 |
    | 2026-01-24 |         441 |               420 |              360 |
    | 2026-01-25 |        1682 |              1611 |             1400 |
    | 2026-01-26 |        1075 |              1015 |              836 |
    | 2026-01-27 |        1047 |               988 |              811 |
    | 2026-01-28 |        1097 |              1016 |              776 |
    | 2026-01-29 |         113 |                84 |                0 |
    | total      |        9741 |              9268 |             7865 |

    Keys that have rows and no active one: 17 before, 40 after.
    ");
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
    // Values of the table are shown only when they are asked for.
    whole!(sentences(&project.onerow(IMPACT)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-20 to 2026-01-29.

    ### Rule `player_prop_predictions`

    **What it means**

    - the key is widened by `current_points_line`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, deactivate, verify, consolidate, current)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (consolidate)

    **What it does to the data**

    | date       | active rows | duplicates before | duplicates after |
    |------------|-------------|-------------------|------------------|
    | 2026-01-20 |         809 |               589 |              252 |
    | 2026-01-21 |         216 |                 0 |                0 |
    | 2026-01-22 |         369 |               286 |                1 |
    | 2026-01-23 |        2892 |              2807 |             2477 |
    | 2026-01-24 |         441 |               360 |              125 |
    | 2026-01-25 |        1682 |              1400 |              695 |
    | 2026-01-26 |        1075 |               836 |              271 |
    | 2026-01-27 |        1047 |               811 |              236 |
    | 2026-01-28 |        1097 |               776 |              632 |
    | 2026-01-29 |         113 |                 0 |                0 |
    | total      |        9741 |              7865 |             4689 |

    Keys that have rows and no active one: 40 before, 48 after.
    ");
    with_times!(sentences(&project.onerow(&format!("{IMPACT} --examples 2"))), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-20 to 2026-01-29.

    ### Rule `player_prop_predictions`

    **What it means**

    - the key is widened by `current_points_line`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, deactivate, verify, consolidate, current)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (consolidate)

    **What it does to the data**

    | date       | active rows | duplicates before | duplicates after |
    |------------|-------------|-------------------|------------------|
    | 2026-01-20 |         809 |               589 |              252 |
    | 2026-01-21 |         216 |                 0 |                0 |
    | 2026-01-22 |         369 |               286 |                1 |
    | 2026-01-23 |        2892 |              2807 |             2477 |
    | 2026-01-24 |         441 |               360 |              125 |
    | 2026-01-25 |        1682 |              1400 |              695 |
    | 2026-01-26 |        1075 |               836 |              271 |
    | 2026-01-27 |        1047 |               811 |              236 |
    | 2026-01-28 |        1097 |               776 |              632 |
    | 2026-01-29 |         113 |                 0 |                0 |
    | total      |        9741 |              7865 |             4689 |

    Keys that have rows and no active one: 40 before, 48 after.

    For example:

    | date       | row id                               | key                                                  | before     | after    |
    |------------|--------------------------------------|------------------------------------------------------|------------|----------|
    | 2026-01-20 | 004733d4-5906-48f3-a851-[FINGERPRINT] | 20260120_NYK_PHX, nikolabutler, moving_average, 14.5 | superseded | survives |
    | 2026-01-20 | 00b79b87-f835-4991-ab47-[FINGERPRINT] | 20260120_NYK_PHX, lukasabonis, similarity, 24.5      | superseded | survives |
    ");
    assert_eq!(before, 0);
    assert_eq!(
        project.onerow("log --statements --format json").exits(0).json(),
        serde_json::json!([])
    );
}

#[test]
fn history_the_tie_break_dropped() {
    let project = changed("[\"created_at DESC\", \"prediction_id DESC\"]", "[\"created_at DESC\"]");
    whole!(sentences(&review(&project)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `player_prop_predictions`

    **What it means**

    - the tie-break `prediction_id DESC` was dropped from the order of survival: between rows that are equal in `COALESCE(is_active, false) DESC`, `created_at DESC` the survivor is left to chance (detect, verify)
    - the tie-break `prediction_id DESC` was dropped from the order of survival: between rows that are equal in `created_at DESC` the survivor is left to chance (deactivate, consolidate, current)

    **What `check` says of it**

    - it would not run, `undetermined-survivor`: keep ends in `created_at DESC`, which two rows can share: which of them survives would be chance
    ");
}

#[test]
fn history_only_white_space() {
    let old = "SELECT id\nFROM {{ rule.table }}\nWHERE {{ window.filter }}";
    let new = "-- by line\nSELECT  id FROM {{ rule.table }}\n\n  WHERE {{ window.filter }}";
    whole!(review(&own(old, new)), @"
    $ onerow review --base main
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - formatting and comments only: the same statement (own)

    <details><summary>SQL of own</summary>

    ```diff
    --- base
    +++ work tree
    @@ -1,4 +1,5 @@
     -- onerow: rule predictions, step own, 2026-01-28
    -SELECT id
    -FROM `nba.predictions`
    -WHERE game_date = DATE '2026-01-28'
    +-- by line
    +SELECT  id FROM `nba.predictions`
    +
    +  WHERE game_date = DATE '2026-01-28'
    ```

    </details>
    ");
}

#[test]
fn each_part_of_a_statement_has_its_sentence() {
    let update = "UPDATE {{ rule.table }} SET is_active = FALSE WHERE {{ window.filter }} AND created_at < @cutoff";
    let ranked = "SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }}";
    let mut said = Transcript::default();
    for (old, new) in [
        ("SELECT id FROM nba.a", "SELECT id FROM nba.b"),
        ("SELECT id FROM nba.a", "SELECT id, player FROM nba.a"),
        ("SELECT id, player FROM nba.a", "SELECT id FROM nba.a"),
        ("SELECT id FROM nba.a", "SELECT id FROM nba.a WHERE x = 1"),
        (
            "SELECT id FROM nba.a WHERE x = 1 AND (y AND z)",
            "SELECT id FROM nba.a WHERE z AND x = 1",
        ),
        (update, &update.replace(" SET ", " SET updated_at = CURRENT_TIMESTAMP(), ")),
        (ranked, &ranked.replace("BY game_id", "BY player")),
        (&ranked.replace("BY game_id", "BY game_id, player"), ranked),
        (ranked, &ranked.replace("BY id", "BY created_at")),
        (ranked, &ranked.replace("BY id", "BY id, player")),
    ] {
        said.case(&format!("{old} → {new}"), sentences(&review(&own(old, new))));
    }
    whole!(said, @"
    # SELECT id FROM nba.a → SELECT id FROM nba.b
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - tables changed from `nba.a` to `nba.b` (own)

    # SELECT id FROM nba.a → SELECT id, player FROM nba.a
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - it returns `player` in addition (own)

    # SELECT id, player FROM nba.a → SELECT id FROM nba.a
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - it no longer returns `player` (own)

    # SELECT id FROM nba.a → SELECT id FROM nba.a WHERE x = 1
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `x = 1` was added: fewer rows are looked at or changed (own)

    # SELECT id FROM nba.a WHERE x = 1 AND (y AND z) → SELECT id FROM nba.a WHERE z AND x = 1
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `y` was dropped: more rows are looked at or changed (own)

    # UPDATE {{ rule.table }} SET is_active = FALSE WHERE {{ window.filter }} AND created_at < @cutoff → UPDATE {{ rule.table }} SET updated_at = CURRENT_TIMESTAMP(), is_active = FALSE WHERE {{ window.filter }} AND created_at < @cutoff
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the UPDATE sets `updated_at = CURRENT_TIMESTAMP()`, `is_active = false`; before, it set `is_active = false` (own)

    # SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }} → SELECT id, ROW_NUMBER() OVER (PARTITION BY player ORDER BY id) AS place FROM {{ rule.table }}
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the key changed: `player` joined it, `game_id` left it; other rows are duplicates (own)

    # SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id, player ORDER BY id) AS place FROM {{ rule.table }} → SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }}
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the key is narrowed, `player` is no longer part of it: rows that differ in it become duplicates of each other, so more rows are duplicates (own)

    # SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }} → SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at) AS place FROM {{ rule.table }}
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the order of survival changed from `id` to `created_at`: other rows may survive (own)

    # SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM {{ rule.table }} → SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id, player) AS place FROM {{ rule.table }}
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the tie-break `player` was added to the order of survival: rows that were equal before are told apart (own)
    ");
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
    let mut said = Transcript::default();
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
        let ended = review(&own(old, new));
        assert!(ended.stdout.contains("```diff"), "{ended}");
        said.case(&format!("{old} → {new}"), sentences(&ended));
    }
    whole!(said, @"
    # SELECT id FROM nba.a LIMIT 5 → SELECT id FROM nba.a LIMIT 6
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    # SELECT id FROM nba.a GROUP BY id → SELECT id FROM nba.a GROUP BY id HAVING COUNT(*) > 1
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    # SELECT a.id FROM nba.a JOIN nba.b ON a.x = b.x → SELECT a.id FROM nba.a JOIN nba.b ON a.x = b.y
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    # SELECT id FROM nba.a → SELECT DISTINCT id FROM nba.a
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    # SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b) → SELECT id FROM nba.a WHERE id NOT IN (SELECT id FROM nba.b)
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    # SELECT id FROM nba.a → FROM nba.a |> WINDOW COUNT(*) OVER () AS n
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What could not be compared; read the SQL**

    - the parser cannot read both versions (own)

    **What `check` says of it**

    - it would not run, `unparsable`: it does not parse as GoogleSQL: Expected: one of SELECT or EXTEND or SET or DROP or AS or WHERE or LIMIT or AGGREGATE or ORDER or TABLESAMPLE or RENAME or UNION or INTERSECT or EXCEPT or CALL or PIVOT or UNPIVOT or JOIN or INNER or LEFT or RIGHT or FULL or CROSS, found: WINDOW (own)
    ");
    let more = "SELECT id FROM nba.b LIMIT 6";
    whole!(review(&own("SELECT id FROM nba.a LIMIT 5", more)), @"
    $ onerow review --base main
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - tables changed from `nba.a` to `nba.b` (own)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (own)

    <details><summary>SQL of own</summary>

    ```diff
    --- base
    +++ work tree
    @@ -1,2 +1,2 @@
     -- onerow: rule predictions, step own, 2026-01-28
    -SELECT id FROM nba.a LIMIT 5
    +SELECT id FROM nba.b LIMIT 6
    ```

    </details>
    ");
}

#[test]
fn conditions_inside_a_subquery_are_seen() {
    let sql = "SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b WHERE x = 1)";
    let mut said = Transcript::default();
    for sql in [sql.to_owned(), sql.replace("IN", "NOT IN")] {
        let ended = review(&own(&sql, &sql.replace("x = 1", "x = 1 AND y")));
        said.case(&sql, sentences(&ended));
    }
    let derived = "SELECT id FROM (SELECT id FROM nba.b WHERE x = 1)".to_owned();
    let after = "SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b)
        UNION ALL SELECT id FROM nba.c WHERE x = 1";
    for sql in [derived, after.to_owned()] {
        let ended = review(&own(&sql, &sql.replace("x = 1", "x = 1 AND y")));
        said.case(&sql, sentences(&ended));
    }
    whole!(said, @"
    # SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b WHERE x = 1)
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `y` was added to a subquery: fewer rows take part in it (own)

    # SELECT id FROM nba.a WHERE id NOT IN (SELECT id FROM nba.b WHERE x = 1)
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `y` was added to a subquery: fewer rows take part in it (own)

    # SELECT id FROM (SELECT id FROM nba.b WHERE x = 1)
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `y` was added: fewer rows are looked at or changed (own)

    # SELECT id FROM nba.a WHERE id IN (SELECT id FROM nba.b)
            UNION ALL SELECT id FROM nba.c WHERE x = 1
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the condition `y` was added: fewer rows are looked at or changed (own)
    ");
}

#[test]
fn rules_and_steps_that_come_and_go_are_named() {
    let (head, rule) = RULE.split_at(RULE.find("[rule.").unwrap());
    let project = committed(Project::new(RULE));
    project.write("onerow.toml", format!("{head}{}", rule.replace("predictions", "others")));
    whole!(sentences(&review(&project)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `others`

    The rule is new; `onerow plan` shows what it would do.

    ### Rule `predictions`

    The rule was removed: it no longer cleans its table.
    ");
    let project = committed(Project::new(RULE));
    project.write("sql/own.sql", "SELECT 1 AS one");
    whole!(review(&project), @"
    $ onerow review --base main
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the step is new; read its SQL (own)

    <details><summary>SQL of own</summary>

    ```diff
    --- base
    +++ work tree
    @@ -0,0 +1,2 @@
    +-- onerow: rule predictions, step own, 2026-01-28
    +SELECT 1 AS one
    ```

    </details>
    ");
}

#[test]
fn settings_without_a_trace_in_the_sql_are_seen() {
    let project = committed(Project::new(RULE));
    edit(&project, "time_zone = \"America/New_York\"", "time_zone = \"UTC\"\nsettle = \"30m\"");
    whole!(review(&project), @"
    $ onerow review --base main
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - settle changed from 1h 30m to 30m: rows count as settled sooner
    - the time zone changed: TODAY and YESTERDAY may be other dates
    ");
    let project = committed(Project::new(RULE));
    edit(&project, "touched_at = \"updated_at\"", "strategy = \"delete\"\nview = \"nba.best\"");
    whole!(sentences(&review(&project)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - apply runs detect, delete, verify, and ran detect, deactivate, verify
    - duplicates are deleted, and were deactivated
    - the read-side view is `nba.best`, and was `nba.predictions_current`: create the one, drop the other
    - the step is new; read its SQL (delete)
    - the step was removed (deactivate)
    ");
}

#[test]
fn an_own_explain_is_reviewed_and_a_built_in_one_says_nothing_new() {
    let project = committed(Project::new(RULE));
    edit(&project, "\"game_id\", \"player\"", "\"game_id\"");
    let ended = review(&project);
    assert!(!ended.stdout.contains("explain"), "{ended}");
    project.write("sql/explain.sql", "SELECT 1 AS one");
    whole!(sentences(&review(&project)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the key is narrowed, `player` is no longer part of it: rows that differ in it become duplicates of each other, so more rows are duplicates (detect, deactivate, verify, current)
    - the step is new; read its SQL (explain)

    **What `check` says of it**

    - it would not run, `other-ranking`: explain does not rank rows as the rule's key and keep say (explain)
    ");
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
    whole!(outer.onerow(review), @"
    $ onerow review --base main --project-dir teams/nba
    -- stdout
    onerow review: no rule and no rendered SQL changed.
    ");
    outer.write("teams/nba/sql/predictions/own.sql", "SELECT 2 AS one");
    whole!(outer.onerow(review), @"
    $ onerow review --base main --project-dir teams/nba
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - it returns `2 AS one` in addition (own)
    - it no longer returns `1 AS one` (own)

    <details><summary>SQL of own</summary>

    ```diff
    --- base
    +++ work tree
    @@ -1,2 +1,2 @@
     -- onerow: rule predictions, step own, 2026-01-28
    -SELECT 1 AS one
    +SELECT 2 AS one
    ```

    </details>
    ");
}

#[test]
fn a_base_without_the_project_makes_every_rule_new() {
    let project = committed(Project::new(RULE));
    git(&project, &["mv", "onerow.toml", "elsewhere.toml"]);
    git(&project, &["commit", "--quiet", "--message", "before there was a project"]);
    git(&project, &["mv", "elsewhere.toml", "onerow.toml"]);
    whole!(sentences(&review(&project)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    The rule is new; `onerow plan` shows what it would do.
    ");
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
    error[usage]: `--impact` is missing
      help: `onerow review --help` has examples
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
    error[usage]: `.` is not in a git repository
      help: review compares the project with an earlier revision: run it in a clone of the repository
    ");
}

#[test]
fn a_change_cannot_break_out_of_its_place_in_the_comment() {
    let project = own("SELECT 1 AS one", "SELECT '``` </details> @everyone' AS one -- ````\n");
    whole!(review(&project), @"
    $ onerow review --base main
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - it returns `' </details> @everyone' AS one` in addition (own)
    - it no longer returns `1 AS one` (own)

    <details><summary>SQL of own</summary>

    `````diff
    --- base
    +++ work tree
    @@ -1,2 +1,2 @@
     -- onerow: rule predictions, step own, 2026-01-28
    -SELECT 1 AS one
    +SELECT '``` </details> @everyone' AS one -- ````
    `````

    </details>
    ");
}

#[test]
fn an_impact_that_cannot_be_counted_is_said_and_the_rest_stands() {
    let project = changed("\"system_id\"]", "\"system_id\", \"current_points_line\"]");
    loaded(&project);
    edit(&project, "nba_predictions.player", "nba_predictions.other");
    whole!(sentences(&project.onerow(IMPACT)), @"
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-20 to 2026-01-29.

    ### Rule `player_prop_predictions`

    **What it means**

    - the read-side view is `nba_predictions.other_prop_predictions_current`, and was `nba_predictions.player_prop_predictions_current`: create the one, drop the other
    - the key is widened by `current_points_line`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, deactivate, verify, consolidate, current)
    - tables changed from `nba_predictions.player_prop_predictions` to `nba_predictions.other_prop_predictions` (detect, verify, current)
    - tables changed from `nba_predictions.player_prop_predictions`, `onerow.removals` to `nba_predictions.other_prop_predictions`, `onerow.removals` (deactivate)
    - tables changed from `nba_predictions.player_prop_predictions`, `nba_predictions.staging_worker_1`, `nba_predictions.staging_worker_2` to `nba_predictions.other_prop_predictions`, `nba_predictions.staging_worker_1`, `nba_predictions.staging_worker_2` (consolidate)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (consolidate)

    **What it does to the data** could not be counted: the embedded warehouse has no table `nba_predictions.other_prop_predictions`; did you mean `nba_predictions.player_prop_predictions`?
    ");
}
