//! Staged deletion markers, and staged rows that take no part: merged, or counted and kept.

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};
use crate::consolidate::{DATE, MAIN, change, has_table, project, rule, stage, table};

/// The rule with staged rows that are no longer active as deletion markers.
fn marking(keys: &str) -> String {
    rule(&format!("deleted = \"NOT is_active\"\n{keys}"))
}

/// The same without an active flag: rows without a line are markers.
fn deleting(keys: &str) -> String {
    let without = |rules: String| {
        rules
            .replace("active = \"is_active\"", "strategy = \"delete\"")
            .replace("touched_at = \"updated_at\"\n", "")
    };
    without(rule(&format!("deleted = \"points_line IS NULL\"\n{keys}")))
}

fn figures(project: &Project, command: &str) -> serde_json::Value {
    project.onerow(&format!("{command} --format json")).exits(0).json()["dates"][0].clone()
}

#[test]
fn a_newer_marker_deactivates_the_live_row_and_is_not_inserted() {
    let project = project(&marking(""), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,,false,2026-01-28T09:00:00Z\n\
         s2,2026-01-28,g1,bob,,false,2026-01-28T07:00:00Z\n\
         s3,2026-01-28,g1,zoe,,false,2026-01-28T09:00:00Z\n\
         s4,2026-01-28,g1,new,7,true,2026-01-28T09:00:00Z",
    );
    let dry = figures(&project, &format!("consolidate {DATE} --dry-run"));
    let expected = serde_json::json!({
        "date": "2026-01-28", "staged": 4, "left_out": 0, "inserts": 1, "updates": 0, "deletes": 1,
        "buffered": 0, "status": "dirty",
    });
    assert_eq!(dry, expected);
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        4          0         1         0         1          0        2   merged
    ");
    let rows = ["m1 20.5 inactive", "m2 -", "m3 9 inactive", "s4 7"];
    assert_eq!(table(&project), rows, "bob's marker is older than bob; zoe has no row");
    let touched: bool = project
        .database()
        .query_row(
            r#"SELECT updated_at IS NOT NULL FROM "nba.predictions" WHERE id = 'm1'"#,
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert!(touched, "touched_at is set");
    let entries = project.ledger().len();
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        4          0         0         0         0          0        0   clean
    ");
    assert_eq!(project.ledger()[entries..], ["staged 2026-01-28 done"], "no MERGE the second time");
    assert_eq!(table(&project), rows);
    let log: String = project
        .database()
        .query_row(
            "SELECT detail FROM _onerow_ledger WHERE step = 'consolidate' LIMIT 1",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert!(log.contains(r#""deletes":1"#), "{log}");
}

#[test]
fn without_an_active_flag_the_row_is_deleted_for_which_someone_has_to_say_yes() {
    let project = project(&deleting(""), MAIN);
    stage(&project, "b", "s1,2026-01-28,g1,ann,,true,2026-01-28T09:00:00Z");
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[not-confirmed]: this deletes rows that staged deletion markers name of nba.predictions (2026-01-28)
      help: pass `--yes` to confirm; `onerow explain` with the same dates shows the rows
    ");
    assert_eq!(table(&project).len(), 3);
    let merged = figures(&project, &format!("consolidate {DATE} --yes"));
    assert_eq!((&merged["deletes"], &merged["merged"]), (&1.into(), &1.into()));
    assert_eq!(table(&project), ["m2 -", "m3 9 inactive"]);
    figures(&project, &format!("consolidate {DATE} --yes"));
    assert_eq!(table(&project), ["m2 -", "m3 9 inactive"]);
}

/// The key's last active row goes on purpose; what came back after it stays, and so does what came before
/// it in the other staging table.
#[test]
fn a_marker_between_two_rows_of_its_key_leaves_the_newer_one() {
    let project = project(&marking(""), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,1,true,2026-01-28T09:00:00Z\n\
         s2,2026-01-28,g1,ann,,false,2026-01-28T10:00:00Z\n\
         s3,2026-01-28,g1,ann,3,true,2026-01-28T11:00:00Z",
    );
    stage(&project, "b", "s4,2026-01-28,g2,ann,1,true,2026-01-28T09:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project), ["m1 3", "m2 -", "m3 9 inactive", "s4 1"]);
    stage(&project, "a", "s5,2026-01-28,g2,ann,,false,2026-01-28T10:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project)[3], "s4 1 inactive");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(
        table(&project)[3..],
        ["s4 1 inactive"],
        "its staged original does not bring it back"
    );
}

/// A marker made from the row itself has its id and its time; then the row is gone.
#[test]
fn a_marker_that_is_equal_to_the_row_in_the_keep_order_deletes_it() {
    for strategy in ["deactivate", "rewrite"] {
        let keys = format!("strategy = \"{strategy}\"\nrow_id");
        let mut rules = marking("").replacen("row_id", &keys, 1);
        if strategy == "rewrite" {
            rules = rules.replace("touched_at = \"updated_at\"\n", "");
        }
        let project = project(&rules, MAIN);
        stage(&project, "a", "m1,2026-01-28,g1,ann,99,false,2026-01-28T08:00:00Z");
        project.onerow(&format!("consolidate {DATE}")).exits(0);
        assert_eq!(table(&project)[0], "m1 20.5 inactive", "{strategy}");
    }
}

/// NULL sorts last, so that the marker would be older than every row, and lost with its table.
#[test]
fn a_marker_without_a_position_is_left_out_and_its_table_kept() {
    let project = project(&marking("drop = true\n"), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,,false,");
    let name = "--staging nba.staging_a";
    whole!(project.onerow(&format!("consolidate {DATE} {name}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        0          1         0         0         0          0        0   left_out
    -- stderr
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    nba.staging_a: not dropped: 1 row of 2026-01-28 was left out of the merge
    ");
    assert_eq!(table(&project)[0], "m1 20.5");
}

#[test]
fn a_marker_waits_where_a_row_of_its_key_is_in_the_streaming_buffer() {
    let project = project(&marking("drop = true\n"), "");
    project.streamed("2026-01-28T07:41:28Z", "p1,2026-01-28,g1,ann,20.5,true,2026-01-28T07:41:28Z");
    stage(&project, "a", "s1,2026-01-28,g1,ann,,false,2026-01-28T07:41:29Z");
    let name = "--staging nba.staging_a";
    let early = project.onerow(&format!("consolidate {DATE} {name} --now 2026-01-28T07:41:30Z"));
    whole!(early, @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a --now [TIME]
    exit code 75
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         0          1        0   buffered
    -- stderr
    nba.staging_a: not dropped: rows of 2026-01-28 wait for the streaming buffer
    predictions: staged rows wait: rows that they would update are in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(table(&project), ["p1 20.5"]);
    let later = project.onerow(&format!("consolidate {DATE} {name} --now 2026-01-28T09:41:30Z"));
    whole!(later, @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a --now [TIME]
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         1          0        1   merged
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    ");
    assert_eq!(table(&project), ["p1 20.5 inactive"]);
}

/// A marker whose key has no row has nothing to do, and is merged all the same.
#[test]
fn a_table_of_markers_is_dropped_once_they_are_merged() {
    let project = project(&marking("drop = true\n"), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,,false,2026-01-28T09:00:00Z\n\
         s2,2026-01-28,g9,zoe,,false,2026-01-28T09:00:00Z",
    );
    let name = "--staging nba.staging_a";
    whole!(project.onerow(&format!("consolidate {DATE} {name}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        2          0         0         0         1          0        1   merged
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    ");
    assert!(!has_table(&project, "nba.staging_a"));
    assert_eq!(table(&project)[0], "m1 20.5 inactive");
}

/// The deactivation of a row arrives as a staged row that is inactive: it is not merged, and not lost.
#[test]
fn inactive_staged_rows_are_counted_and_keep_their_table() {
    let mut said = Transcript::default();
    for flag in ["false", ""] {
        let project = project(&rule("drop = true\n"), MAIN);
        stage(
            &project,
            "a",
            &format!(
                "s1,2026-01-28,g1,ann,,{flag},2026-01-28T09:00:00Z\n\
                 s2,2026-01-28,g5,new,1,true,2026-01-28T09:00:00Z"
            ),
        );
        let name = "--staging nba.staging_a";
        let merged = project.onerow(&format!("consolidate {DATE} {name} --format json")).exits(0);
        assert_eq!(merged.json()["dates"][0]["left_out"], 1, "{flag:?}");
        assert_eq!(
            merged.json()["kept"][0]["reason"],
            "1 row of 2026-01-28 was left out of the merge"
        );
        said.case(flag, &merged.stderr);
        assert!(has_table(&project, "nba.staging_a"), "{flag:?}");
        assert_eq!(table(&project), ["m1 20.5", "m2 -", "m3 9 inactive", "s2 1"]);
        change(&project, r#"DELETE FROM "nba.staging_a" WHERE id = 's2'"#);
        let again = project.onerow(&format!("consolidate {DATE} {name} --dry-run")).exits(0);
        said.add(&again);
    }
    whole!(said, @"
    # false
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    nba.staging_a: not dropped: 1 row of 2026-01-28 was left out of the merge

    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a --dry-run
    -- stdout
    staging of rule predictions
     date         staged   left out   inserts   updates   deletes   buffered   status
    ────────
     2026-01-28        0          1         0         0         0          0   left_out
    -- stderr
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers

    # 
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    nba.staging_a: not dropped: 1 row of 2026-01-28 was left out of the merge

    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a --dry-run
    -- stdout
    staging of rule predictions
     date         staged   left out   inserts   updates   deletes   buffered   status
    ────────
     2026-01-28        0          1         0         0         0          0   left_out
    -- stderr
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    ");
}

#[test]
fn what_is_dropped_rests_on_the_shipped_macros_too() {
    let project = project(&rule("drop = true\n"), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,,false,2026-01-28T09:00:00Z");
    let own = include_str!("../sql/_staging.sql")
        .replace("NOT COALESCE({{ takes_part(rule, staging) }}, FALSE)", "FALSE");
    project.write("sql/_staging.sql", own);
    whole!(project.onerow(&format!("consolidate {DATE} --staging nba.staging_a")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        0          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: not dropped: _staging.sql is overridden by the project, so onerow cannot verify that every row was merged
    ");
    assert!(has_table(&project, "nba.staging_a"));
}

#[test]
fn the_condition_of_markers_is_checked_where_it_stands() {
    let mut said = Transcript::default();
    for condition in
        ["points_line", "TRUE", "is_active)", "EXISTS (SELECT 1)", "@cutoff > created_at"]
    {
        let project = Project::new(&rule(&format!("deleted = \"{condition}\"")));
        said.case(condition, project.onerow("check"));
    }
    whole!(said, @r#"
    # points_line
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `deleted` is points_line, which is of type NUMERIC; it must be BOOL
      --> ./onerow.toml:28:11
       |
    28 | deleted = "points_line"
       |           ^^^^^^^^^^^^^
       |
       = help: write a condition, such as "op = 'D'"

    # TRUE
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `deleted` is `TRUE`: it reads no column, so that it is the same for every row
      --> ./onerow.toml:28:11
       |
    28 | deleted = "TRUE"
       |           ^^^^^^
       |
       = help: write a condition, such as "op = 'D'"

    # is_active)
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `deleted` is `is_active)`: `)` comes after the end of the expression
      --> ./onerow.toml:28:11
       |
    28 | deleted = "is_active)"
       |           ^^^^^^^^^^^^
       |
       = help: write a condition, such as "op = 'D'"

    # EXISTS (SELECT 1)
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `deleted` is `EXISTS (SELECT 1)`: it holds a subquery
      --> ./onerow.toml:28:11
       |
    28 | deleted = "EXISTS (SELECT 1)"
       |           ^^^^^^^^^^^^^^^^^^^
       |
       = help: write a condition, such as "op = 'D'"

    # @cutoff > created_at
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `deleted` is `@cutoff > created_at`: it holds the parameter `@cutoff`
      --> ./onerow.toml:28:11
       |
    28 | deleted = "@cutoff > created_at"
       |           ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write a condition, such as "op = 'D'"
    "#);
    let project = project(&rule("deleted = \"is_activ = FALSE\""), MAIN);
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `nba.staging_a` has no column `is_activ`, which `deleted` reads
      help: did you mean `is_active`?
    ");
}

/// The column that tells markers need not be one of the table.
#[test]
fn the_column_that_tells_markers_is_not_a_column_left_out() {
    let rules = rule("deleted = \"op = 'D'\"\ndrop = true\n");
    let project = project(&rules, MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,,true,2026-01-28T09:00:00Z");
    change(
        &project,
        r#"ALTER TABLE "nba.staging_a" ADD COLUMN op TEXT; UPDATE "nba.staging_a" SET op = 'D';
        INSERT INTO _onerow_columns VALUES ('nba.staging_a', 8, 'op', 'STRING')"#,
    );
    let name = "--staging nba.staging_a";
    whole!(project.onerow(&format!("consolidate {DATE} {name}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         1          0        1   merged
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    ");
    assert_eq!(table(&project)[0], "m1 20.5 inactive");
}

#[test]
fn apply_merges_markers_and_then_cleans() {
    let steps = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]\nrow_id";
    let twice = format!("{MAIN}\nm4,2026-01-28,g1,ann,20.5,true,2026-01-28T08:30:00Z");
    let project = project(&marking("").replacen("row_id", steps, 1), &twice);
    stage(&project, "a", "s1,2026-01-28,g1,ann,,false,2026-01-28T09:00:00Z");
    let plan = project.onerow(&format!("plan {DATE} --format json")).exits(0).json();
    assert_eq!(plan["consolidated"]["dates"][0]["deletes"], 2, "both rows of the key");
    project.onerow(&format!("apply {DATE}")).exits(0);
    assert_eq!(table(&project)[0], "m1 20.5 inactive");
    assert_eq!(table(&project)[3], "m4 20.5 inactive");
}

#[test]
fn a_template_of_ones_own_deletes_only_what_markers_name() {
    let shipped = include_str!("../sql/consolidate.sql");
    let mut said = Transcript::default();
    for (from, to) in [
        ("  AND onerow_staged.onerow_deletes\n", ""),
        ("set_active(rule, false)", "set_active(rule, true)"),
        (
            "{% if rule.active %}UPDATE {{ set_active(rule, false) | indent(2) }}{% else %}DELETE{% endif %}",
            "DELETE",
        ),
    ] {
        let project = Project::new(&marking(""));
        assert!(shipped.contains(from), "{from}");
        project.write("sql/consolidate.sql", shipped.replacen(from, to, 1));
        said.add(&project.onerow(&format!("check --step consolidate {DATE}")));
    }
    whole!(said, @"
    $ onerow check --step consolidate --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets `is_active` of an existing row, which must keep its value
       --> predictions: consolidate of 2026-01-28:101:5
        |
    101 |     is_active = FALSE,
        |     ^
        |
        = note: the line comes from ./sql/consolidate.sql:54:5
        = help: set {{ staging.values }} alone
    -- stderr
    1 statement checked, 1 error, 0 warnings

    $ onerow check --step consolidate --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets `is_active` to `true` of a row that a deletion marker names
       --> predictions: consolidate of 2026-01-28:102:5
        |
    102 |     is_active = TRUE,
        |     ^
        |
        = note: the line comes from ./sql/consolidate.sql:55:5
        = help: write {{ rule.active_column }} = {{ rule.inactive_value }}, and set touched_at to the current time
    -- stderr
    1 statement checked, 1 error, 0 warnings

    $ onerow check --step consolidate --date 2026-01-28
    exit code 3
    -- stdout
    error[wrong-kind]: the MERGE does more than update matched rows and insert new ones
      --> predictions: consolidate of 2026-01-28:99:1
       |
    99 | WHEN MATCHED
       | ^
       |
       = help: write WHEN MATCHED … THEN UPDATE SET … and WHEN NOT MATCHED BY TARGET THEN INSERT …
    -- stderr
    1 statement checked, 1 error, 0 warnings
    ");
    let project = Project::new(&deleting(""));
    project.onerow("check --strict").exits(0);
    project.write(
        "sql/consolidate.sql",
        shipped.replacen("  AND onerow_staged.onerow_deletes\n", "", 1),
    );
    project.onerow("check --step consolidate").exits(3);
    assert!(!RULE.contains("deleted"));
}
