//! Own steps, overrides and variables: rendered, checked, run and logged like the shipped ones.

use serde_json::json;

use crate::common::whole::{Transcript, whole, with_times};
use crate::common::{Ended, Project, RULE};

const DATE: &str = "--date 2026-01-28";

const ROWS: &str = "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
                    p2,2026-01-28,g1,a,22.5,true,2026-01-28T07:00:00Z\n\
                    p3,2026-01-28,g2,b,9.5,true,2026-01-28T07:00:00Z\n\
                    p4,2026-01-29,g2,b,10.5,true,2026-01-28T07:00:00Z";

const NULL_LINES: &str = "\
SELECT {{ rule.row_id }} AS id, points_line
FROM {{ rule.table }}
WHERE {{ window.filter }} AND points_line IS NULL
LIMIT {{ vars.limit }}
";

const VOID: &str = "\
UPDATE {{ rule.table }}
SET {{ rule.active }} = FALSE
WHERE {{ window.filter }} AND player = {{ vars.player }} AND {{ rule.written_at }} < @cutoff
";

fn project(steps: &str) -> Project {
    let rule = RULE.replace("[rule.predictions.columns]", &format!(
        "{steps}\n[rule.predictions.vars]\nlimit = 20\nplayer = \"nobody\"\n[rule.predictions.columns]"
    ));
    let project = Project::new(&rule);
    project.write("sql/null_lines.sql", NULL_LINES);
    project.write("sql/predictions/void.sql", VOID);
    project.rows(ROWS);
    project
}

#[test]
fn an_own_step_runs_in_its_place_and_stands_in_the_ledger() {
    let project = project(r#"steps = ["null_lines", "detect", "deactivate", "verify"]"#);
    whole!(project.onerow(&format!("render {DATE} --step null_lines")), @"
    $ onerow render --date 2026-01-28 --step null_lines
    -- stdout
    -- onerow: rule predictions, step null_lines, 2026-01-28
    SELECT id AS id, points_line
    FROM `nba.predictions`
    WHERE game_date = DATE '2026-01-28' AND points_line IS NULL
    LIMIT 20;
    ");
    project.onerow("check").exits(0);
    let document = project.onerow(&format!("apply {DATE} --format json")).exits(0).json();
    assert_eq!(document["steps"][0]["rows"][0]["id"], "p1");
    assert_eq!(
        project.ledger(),
        [
            "null_lines 2026-01-28 done",
            "detect 2026-01-28 done",
            "record 2026-01-28 done",
            "deactivate 2026-01-28 done",
            "verify 2026-01-28 done"
        ]
    );
}

#[test]
fn an_own_mutation_runs_before_detect_once_for_each_date() {
    let project = project(
        r#"steps = [{ name = "void", may_remove_keys = true }, "detect", "deactivate", "verify"]"#,
    );
    project.onerow("apply --from 2026-01-28 --to 2026-01-29 --var player=b").exits(0);
    assert_eq!(project.active(), ["p2"]);
    assert_eq!(
        project.ledger()[..6],
        [
            "guard 2026-01-28 to 2026-01-29 done",
            "record_custom 2026-01-28 done",
            "void 2026-01-28 done",
            "record_custom 2026-01-29 done",
            "void 2026-01-29 done",
            "detect 2026-01-28 to 2026-01-29 done"
        ]
    );
    let run = project.onerow("log --format json").exits(0).json()[0].clone();
    assert_eq!((&run["duplicates_deactivated"], &run["rows_removed"]), (&1.into(), &3.into()));
    project.onerow("undo last").exits(0);
    assert_eq!(project.active(), ["p1", "p2", "p3", "p4"]);
}

#[test]
fn an_own_mutation_that_would_take_a_keys_last_row_stops_the_run_before_anything_changes() {
    let project = project(r#"steps = ["void", "detect", "deactivate", "verify"]"#);
    let mut said = Transcript::default();
    for command in ["apply", "run void"] {
        let command = format!("{command} --from 2026-01-28 --to 2026-01-29 --var player=b");
        let ended = project.onerow(&command).exits(1);
        said.add(&ended);
        assert_eq!(project.active(), ["p1", "p2", "p3", "p4"]);
    }
    whole!(said, @r#"
    $ onerow apply --from 2026-01-28 --to 2026-01-29 --var player=b
    exit code 1
    -- stderr
    error[verification]: step void would remove the last active row of keys: 1 on 2026-01-28, 1 on 2026-01-29; nothing was changed
      help: change the WHERE of its UPDATE; or, if these keys should disappear, write { name = "void", may_remove_keys = true } in the rule's steps

    $ onerow run void --from 2026-01-28 --to 2026-01-29 --var player=b
    exit code 1
    -- stderr
    error[verification]: step void would remove the last active row of keys: 1 on 2026-01-28, 1 on 2026-01-29; nothing was changed
      help: change the WHERE of its UPDATE; or, if these keys should disappear, write { name = "void", may_remove_keys = true } in the rule's steps
    "#);
    assert_eq!(project.ledger(), ["guard 2026-01-28 to 2026-01-29 done"; 2]);
    let run = project.onerow("log --format json").exits(0).json()[0].clone();
    assert_eq!(run["outcome"], "failed", "{run}");
}

/// What is found is the template's, once and with its line; what is put around it is onerow's.
#[test]
fn an_own_mutation_is_checked_as_its_template_gives_it() {
    let project = project(r#"steps = ["void", "detect", "deactivate", "verify"]"#);
    whole!(project.onerow(&format!("check {DATE} --strict")), @"
    $ onerow check --date 2026-01-28 --strict
    -- stderr
    18 statements checked, no findings
    ");
    project.write("sql/predictions/void.sql", format!("{VOID}  AND playr = 'x'\n"));
    whole!(project.onerow(&format!("check {DATE}")), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[unknown-column]: unknown column `playr`: it is not among the columns that the rule lists
     --> predictions: void of 2026-01-28:5:7
      |
    5 |   AND playr = 'x'
      |       ^
      |
      = note: the line comes from ./sql/predictions/void.sql:4:3
      = help: did you mean `player`?
    -- stderr
    18 statements checked, 1 error, 0 warnings
    ");
    project.onerow(&format!("apply {DATE}")).exits(3);
    let mut said = Transcript::default();
    for step in ["guard", "record_custom"] {
        let ended = project.onerow(&format!("render {DATE} --step {step}")).exits(2);
        said.add(&ended);
    }
    whole!(said, @"
    $ onerow render --date 2026-01-28 --step guard
    exit code 2
    -- stderr
    error[usage]: guard is rendered with the custom step whose UPDATE it guards
      help: name the custom step

    $ onerow render --date 2026-01-28 --step record_custom
    exit code 2
    -- stderr
    error[usage]: record_custom is rendered with the custom step whose UPDATE it guards
      help: name the custom step
    ");
}

#[test]
fn what_guards_an_own_mutation_is_rendered_into_files_of_its_own() {
    let project = project(r#"steps = ["void", "detect", "deactivate", "verify"]"#);
    project.write("sql/late.sql", VOID.replace("vars.player", "'late'"));
    let files = || {
        let folder = std::fs::read_dir(project.path("build/predictions")).unwrap();
        let mut files: Vec<String> = folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("void") || name.starts_with("late"))
            .collect();
        files.sort();
        files
    };
    let of = |step: &str| {
        [".guard_", ".record_custom_", "_"].map(|part| format!("{step}{part}2026-01-28.sql"))
    };
    for step in ["void", "late"] {
        project.onerow(&format!("render {DATE} --step {step} --out build")).exits(0);
    }
    assert_eq!(files(), [of("late"), of("void")].concat());
    let statements = project.onerow(&format!("render {DATE} --step void --format json")).json();
    assert_eq!(
        (&statements[0]["step"], &statements[0]["guards"]),
        (&"guard".into(), &"void".into())
    );
    project.onerow(&format!("render {DATE} --step void --out build --check")).exits(0);
    project.write("sql/predictions/void.sql", "SELECT 1 AS one");
    project.onerow(&format!("render {DATE} --step void --out build")).exits(0);
    assert_eq!(files()[..3], of("late"));
    assert_eq!(files()[3..], ["void_2026-01-28.sql"]);
    project.write("sql/late_2.sql", "SELECT 1 AS one");
    project.onerow(&format!("render {DATE} --step late_2 --out build")).exits(0);
    project.onerow(&format!("render {DATE} --step late --out build")).exits(0);
    assert!(files().contains(&"late_2_2026-01-28.sql".to_owned()), "it is another step's");
}

/// What survives is what the step leaves: the row that superseded it is gone.
#[test]
fn an_own_mutation_may_remove_a_survivor_where_its_key_keeps_another_row() {
    let project = project(r#"steps = ["void", "detect", "deactivate", "verify"]"#);
    project.write(
        "sql/predictions/void.sql",
        format!("{VOID}  AND points_line > {{{{ vars.limit }}}}"),
    );
    let applied = project.onerow(&format!("apply {DATE} --var player=a --format json"));
    let steps = &applied.exits(0).json()["steps"];
    assert_eq!(*steps, json!([{ "statement": "void of 2026-01-28", "affected": 1 }]));
    assert_eq!(project.active(), ["p1", "p3", "p4"]);
    let sql = "SELECT step || ' ' || row_id || ' ' || survivor_row_id FROM \"onerow.removals\"";
    let log: String = project.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(log, r#"void "p2" "p1""#);
    project.onerow("undo last").exits(0);
    assert_eq!(project.active(), ["p1", "p2", "p3", "p4"]);
}

#[test]
fn an_own_mutation_leaves_alone_rows_that_share_their_id_and_says_so() {
    let project = project(r#"steps = ["void", "detect", "deactivate", "verify"]"#);
    project.rows("p1,2026-01-28,g3,a,,true,2026-01-28T06:00:00Z");
    project.write("sql/predictions/void.sql", format!("{VOID}  AND points_line IS NULL"));
    whole!(project.onerow(&format!("apply {DATE} --var player=a")), @"
    $ onerow apply --date 2026-01-28 --var player=a
    exit code 1
    -- stderr
    error[verification]: void of 2026-01-28: 2 rows that it matches share their row id with other rows, and were left alone
      help: make the row ids unique
    ");
    assert_eq!(project.active().len(), 5);
}

#[test]
fn an_own_mutation_between_detect_and_verify_is_a_finding() {
    let project = project(r#"steps = ["detect", "void", "deactivate", "verify"]"#);
    whole!(project.onerow(&format!("check {DATE}")), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[mutates-between]: this step changes rows after `detect` has counted them, so `verify` could not check the result
     --> predictions: void of 2026-01-28:2:1
      |
    2 | UPDATE `nba.predictions`
      | ^
      |
      = note: the line comes from ./sql/predictions/void.sql:1:1
      = help: put it before detect in the rule's steps
    -- stderr
    18 statements checked, 1 error, 0 warnings
    ");
    project.onerow(&format!("apply {DATE}")).exits(3);
    assert_eq!(project.active().len(), 4);
}

#[test]
fn run_runs_one_step_by_itself() {
    let project = project(
        r#"steps = [{ name = "void", may_remove_keys = true }, "detect", "deactivate", "verify"]"#,
    );
    let document = project.onerow(&format!("run null_lines {DATE} --format json")).exits(0).json();
    assert_eq!(document["steps"][0]["rows"], json!([{ "id": "p1", "points_line": null }]));
    let ended = project.onerow(&format!("run void {DATE} --var player=b")).exits(0);
    whole!(ended, @"
    $ onerow run void --date 2026-01-28 --var player=b
    -- stdout
    void of 2026-01-28: 1 row changed; keys without an active row now: 1
    ");
    whole!(project.onerow(&format!("run current {DATE}")), @"
    $ onerow run current --date 2026-01-28
    -- stdout
    current of 2026-01-28
     id   game_date    game_id   player   points_line   is_active   created_at               updated_at
    ────────
     p2   2026-01-28   g1        a        22.5          true        [TIME]+00   NULL
     p4   2026-01-29   g2        b        10.5          true        [TIME]+00   NULL
    ");
    assert_eq!(
        project.ledger(),
        [
            "null_lines 2026-01-28 done",
            "guard 2026-01-28 done",
            "record_custom 2026-01-28 done",
            "void 2026-01-28 done",
            "current 2026-01-28 done"
        ]
    );
}

#[test]
fn run_deactivate_leaves_buffered_rows_and_says_so() {
    let project = project("");
    project.streamed("2026-01-28T09:00:00Z", "p5,2026-01-28,g1,a,,true,2026-01-27T00:00:00Z");
    let run = format!("run deactivate {DATE} --now 2026-01-28T09:01:00Z");
    whole!(project.onerow(&run), @"
    $ onerow run deactivate --date 2026-01-28 --now [TIME]
    exit code 75
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        4      2            2          2            0   buffered
    ────────
     total             4      2            2          2            0

    deactivate of 2026-01-28: 0 rows changed
    -- stderr
    2026-01-28: refused because of rows in the streaming buffer; the date is buffered
    predictions: 2 duplicates in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(project.active().len(), 5);
}

#[test]
fn run_deactivate_says_what_it_could_not_touch() {
    let buffered = project("");
    buffered.streamed("2026-01-28T09:00:00Z", "p5,2026-01-28,g1,a,,true,2026-01-28T08:59:00Z");
    buffered.streamed("2026-01-28T09:00:00Z", "p6,2026-01-28,g1,a,,true,2026-01-28T08:58:00Z");
    let run = format!("run deactivate {DATE} --now 2026-01-28T09:01:00Z");
    whole!(buffered.onerow(&run), @"
    $ onerow run deactivate --date 2026-01-28 --now [TIME]
    exit code 75
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        3      2            1          1            0   buffered
    ────────
     total             3      2            1          1            0

    deactivate of 2026-01-28: 2 rows changed
    -- stderr
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(buffered.active(), ["p3", "p4", "p5", "p6"]);

    let shared_ids = project("");
    shared_ids.rows("p1,2026-01-28,g9,z,,true,2026-01-28T06:00:00Z");
    whole!(shared_ids.onerow(&format!("run deactivate {DATE}")), @r#"
    $ onerow run deactivate --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        4      3            1          0            2   shared_ids
    ────────
     total             4      3            1          0            2

    deactivate of 2026-01-28: 0 rows changed
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}

#[test]
fn run_goes_on_after_a_date_that_fails_and_prints_what_was_done() {
    let steps = r#"steps = ["detect", "deactivate", "verify", { name = "sum", per = "date" }]"#;
    let project = project(steps);
    project.rows("p9,2026-01-30,g1,a,,true,2026-01-28T06:00:00Z");
    let sum = "SELECT COUNT(*) + (CASE WHEN {{ window.first }} = DATE '2026-01-29' \
               THEN 9223372036854775807 ELSE 0 END) AS n FROM {{ rule.table }} WHERE {{ window.filter }}";
    project.write("sql/sum.sql", sum);
    whole!(project.onerow("run sum --from 2026-01-28 --to 2026-01-30"), @"
    $ onerow run sum --from 2026-01-28 --to 2026-01-30
    exit code 1
    -- stdout
    sum of 2026-01-28
     n
    ───
     3

    sum of 2026-01-30
     n
    ───
     1
    -- stderr
    error[refused]: cannot run the query: INT64 overflow: Error code 1: SQL logic error
      note: while running sum of 2026-01-29
    ");
}

#[test]
fn an_own_mutation_that_meets_the_streaming_buffer_ends_in_try_again_later() {
    let project = project(
        r#"steps = [{ name = "void", may_remove_keys = true }, "detect", "deactivate", "verify"]"#,
    );
    let allowed = "-- onerow: allow drops-cutoff: buffered rows have to be void too\n";
    let whole = VOID.replace(" AND {{ rule.written_at }} < @cutoff", "");
    project.write("sql/predictions/void.sql", format!("{allowed}{whole}"));
    project.streamed("2026-01-28T09:00:00Z", "p5,2026-01-28,g7,b,,true,2026-01-28T09:00:00Z");
    let mut said = Transcript::default();
    for command in ["apply", "run void"] {
        let command = format!("{command} {DATE} --var player=b --now 2026-01-28T09:01:00Z");
        said.add(&project.onerow(&command));
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28 --var player=b --now [TIME]
    exit code 75
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      3            1          0            0         1   cleaned
    ────────
     total             4      3            1          0            0         1
    -- stderr
    2026-01-28: refused because of rows in the streaming buffer; the date is buffered
    void of 2026-01-28: refused because of rows in the streaming buffer; nothing was changed

    $ onerow run void --date 2026-01-28 --var player=b --now [TIME]
    exit code 75
    -- stderr
    2026-01-28: refused because of rows in the streaming buffer; the date is buffered
    void of 2026-01-28: refused because of rows in the streaming buffer; nothing was changed
    ");
    assert!(project.active().contains(&"p3".to_owned()));
}

#[test]
fn variables_are_typed_and_stand_in_the_ledger() {
    let project = project("");
    let odd = "player=x'; DROP TABLE t --";
    project.onerow_with(&["run", "void", "--date", "2026-01-28", "--var", odd]).exits(0);
    let entries = project.onerow("log --statements --format json").exits(0).json();
    assert_eq!(entries[0]["vars"]["player"], r"'x\'; DROP TABLE t --'");
    assert_eq!(entries[0]["vars"]["limit"], "20");
    assert!(entries[0]["sql"].as_str().unwrap().contains(r"player = 'x\'; DROP TABLE t --'"));
    whole!(project.onerow(&format!("run null_lines {DATE} --var limit=many")), @"
    $ onerow run null_lines --date 2026-01-28 --var limit=many
    exit code 2
    -- stderr
    error[usage]: --var limit: the rule declares it as INT64: `many` is not an INT64, such as 42
    ");
}

#[test]
fn a_template_that_misses_a_variable_says_where_it_could_come_from() {
    let project = project("");
    project.write("sql/ask.sql", "SELECT {{ vars.unknown }} AS x");
    whole!(project.onerow(&format!("run ask {DATE}")), @"
    $ onerow run ask --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `vars.unknown` has no value
     --> ./sql/ask.sql:1:11
      |
    1 | SELECT {{ vars.unknown }} AS x
      |           ^^^^^^^^^^^^
      |
      = note: while rendering ask of 2026-01-28
      = help: a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or with --var name=value
    ");
    whole!(project.onerow(&format!("run ask {DATE} --var unknown=7")), @"
    $ onerow run ask --date 2026-01-28 --var unknown=7
    -- stdout
    ask of 2026-01-28
     x
    ───
     7
    ");
}

#[test]
fn an_override_for_one_rule_comes_before_one_for_all() {
    let project = project("");
    project.write("sql/look.sql", "SELECT 'all' AS whose");
    whole!(project.onerow(&format!("run look {DATE}")), @"
    $ onerow run look --date 2026-01-28
    -- stdout
    look of 2026-01-28
     whose
    ───────
     all
    ");
    project.write("sql/predictions/look.sql", "SELECT 'mine' AS whose");
    whole!(project.onerow(&format!("run look {DATE}")), @"
    $ onerow run look --date 2026-01-28
    -- stdout
    look of 2026-01-28
     whose
    ───────
     mine
    ");
}

/// A deactivate that ranks as the rule says, and then takes the wrong rows.
fn careless(condition: &str) -> String {
    format!(
        "{{% from \"_survivors.sql\" import ranked, settled %}}\n\
         UPDATE {{{{ rule.table }}}} SET {{{{ rule.active }}}} = FALSE\n\
         WHERE {{{{ window.filter }}}} AND {{{{ settled(rule) }}}} AND {{{{ rule.row_id }}}} IN (\n\
         SELECT row_id FROM ({{{{ ranked(rule, window) }}}}) WHERE {condition})"
    )
}

/// What removes rows keeps every condition of the shipped text, so that it can remove fewer rows, and
/// never another one.
#[test]
fn an_override_that_could_remove_another_row_is_refused() {
    let mut said = Transcript::default();
    for condition in ["rank >= 1", "rank = 1", "rank > 99"] {
        let project = project("");
        project.write("sql/deactivate.sql", careless(condition));
        let ended = project.onerow(&format!("apply {DATE}")).exits(3);
        said.add(&ended);
        assert_eq!(project.active().len(), 4);
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: drops-condition: its WHERE lacks a condition of the shipped one: `TO_JSON_STRING(id) IN (SELECT row_id FROM `onerow`.`removals` WHERE date = DATE  …` (and 2 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:3:7
      |
    3 | WHERE game_date = DATE '2026-01-28' AND COALESCE(created_at < @cutoff, TRUE) AND id IN (
      |       ^
      |
      = note: the line comes from ./sql/deactivate.sql:3:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    $ onerow apply --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: drops-condition: its WHERE lacks a condition of the shipped one: `TO_JSON_STRING(id) IN (SELECT row_id FROM `onerow`.`removals` WHERE date = DATE  …` (and 2 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:3:7
      |
    3 | WHERE game_date = DATE '2026-01-28' AND COALESCE(created_at < @cutoff, TRUE) AND id IN (
      |       ^
      |
      = note: the line comes from ./sql/deactivate.sql:3:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    $ onerow apply --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: drops-condition: its WHERE lacks a condition of the shipped one: `TO_JSON_STRING(id) IN (SELECT row_id FROM `onerow`.`removals` WHERE date = DATE  …` (and 2 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:3:7
      |
    3 | WHERE game_date = DATE '2026-01-28' AND COALESCE(created_at < @cutoff, TRUE) AND id IN (
      |       ^
      |
      = note: the line comes from ./sql/deactivate.sql:3:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows
    ");
}

/// The shipped conditions, and one more.
const NARROWER: &str = "\
{% from \"_removals.sql\" import recorded, superseded %}
{% from \"_survivors.sql\" import set_active, touchable %}
UPDATE {{ rule.table }}
{{ set_active(rule, false) }}
WHERE {{ touchable(rule, window) }}
  AND {{ superseded(rule, window) }}
  AND {{ recorded(rule, window, removals) }}
  AND id != 'p1'
";

#[test]
fn an_override_that_removes_too_little_fails_the_run_loudly_and_its_record_is_corrected() {
    let project = project("");
    project.write("sql/deactivate.sql", NARROWER);
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        3      2            1          0            0         0   dirty
    ────────
     total             3      2            1          0            0         0
    -- stderr
    2026-01-28: counting again, because the table changed in between: rows to be deactivated: 1, deactivated: 0
    2026-01-28: counting again, because the table changed in between: rows to be deactivated: 1, deactivated: 0
    2026-01-28: counting again, because the table changed in between: rows to be deactivated: 1, deactivated: 0
    error[verification]: 2026-01-28: gave up after 3 attempts because the table kept changing
      help: run again when the other process that writes to this date is done
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 1
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
    assert_eq!(project.active().len(), 4);
    let sql = "SELECT COUNT(*) FROM \"onerow.removals\"";
    let left: i64 = project.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "what was not removed is not in the removal log");
}

/// Counts that decide, and what is recorded and restored, are always the shipped text.
#[test]
fn a_step_that_decides_cannot_be_overridden() {
    let mut said = Transcript::default();
    for step in ["detect", "verify", "record", "correct", "undo", "before_image", "rewrite"] {
        let project = project("");
        project.write(&format!("sql/{step}.sql"), "SELECT 0 AS duplicates");
        let ended = project.onerow(&format!("status {DATE}")).exits(2);
        said.add(&ended);
    }
    whole!(said, @"
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/detect.sql` would replace the step detect, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_detect.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/verify.sql` would replace the step verify, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_verify.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/record.sql` would replace the step record, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_record.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/correct.sql` would replace the step correct, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_correct.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/undo.sql` would replace the step undo, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_undo.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/before_image.sql` would replace the step before_image, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_before_image.sql, and name it in the rule's `steps`

    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `./sql/rewrite.sql` would replace the step rewrite, which is always the shipped text
      help: what is removed is decided by it; to see the result of a query of your own beside it, make it a custom step: rename the file, for example to my_rewrite.sql, and name it in the rule's `steps`
    ");
}

#[test]
fn render_writes_whole_files() {
    let project = project("");
    project.onerow("render --from 2026-01-28 --to 2026-01-29 --out build").exits(0);
    let mut files: Vec<String> = std::fs::read_dir(project.path("build/predictions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "deactivate_2026-01-28.sql",
            "deactivate_2026-01-29.sql",
            "detect_2026-01-28_to_2026-01-29.sql",
            "record_2026-01-28.sql",
            "record_2026-01-29.sql",
            "verify_2026-01-28_to_2026-01-29.sql"
        ]
    );
    let written =
        std::fs::read_to_string(project.path("build/predictions/deactivate_2026-01-28.sql"));
    let printed = project.onerow(&format!("render {DATE} --step deactivate --format json")).json();
    assert_eq!(written.unwrap(), printed[0]["sql"].as_str().unwrap());
}

/// The files of a folder, with the list of what was written left out.
fn files(project: &Project, folder: &str) -> Vec<String> {
    let walk = walkdir::WalkDir::new(project.path(folder)).sort_by_file_name().into_iter();
    let files = walk.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let paths = files.map(|entry| entry.into_path());
    let root = project.path(folder);
    let names = paths.map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name != ".onerow-rendered").collect()
}

#[test]
fn a_folder_of_rendered_sql_loses_what_is_no_longer_rendered_and_nothing_else() {
    let project = project("");
    project.onerow(&format!("render {DATE} --out build")).exits(0);
    project.onerow("render --date 2026-01-29 --step current --out build").exits(0);
    project.write("build/predictions/notes.txt", "mine");
    project.write("build/predictions/deactivate_old.sql", "mine too");
    whole!(project.onerow("render --date 2026-01-29 --out build"), @"
    $ onerow render --date 2026-01-29 --out build
    -- stderr
    wrote 4 files to build, removed 5
    ");
    assert_eq!(
        files(&project, "build"),
        [
            "predictions/deactivate_2026-01-29.sql",
            "predictions/deactivate_old.sql",
            "predictions/detect_2026-01-29.sql",
            "predictions/notes.txt",
            "predictions/record_2026-01-29.sql",
            "predictions/verify_2026-01-29.sql",
        ]
    );
}

#[test]
fn one_rule_or_step_leaves_the_files_of_others_alone_and_a_rule_that_is_gone_goes() {
    let (head, rule) = RULE.split_at(RULE.find("[rule.").unwrap());
    let both = format!("{head}{rule}{}", rule.replace("predictions", "others"));
    let project = Project::new(&both);
    project.onerow(&format!("render --all {DATE} --out build")).exits(0);
    whole!(project.onerow("render others --date 2026-01-29 --step detect --out build"), @"
    $ onerow render others --date 2026-01-29 --step detect --out build
    -- stderr
    wrote 1 file to build, removed 1
    ");
    assert_eq!(files(&project, "build").len(), 8);
    project.write("onerow.toml", RULE);
    whole!(project.onerow(&format!("render {DATE} --out build")), @"
    $ onerow render --date 2026-01-28 --out build
    -- stderr
    wrote 4 files to build, removed 4
    ");
    assert!(!project.path("build/others").exists());
    assert_eq!(files(&project, "build").len(), 4);
}

/// Which files a diff is about, and what is said of it.
fn files_of(ended: &Ended) -> String {
    let is_name = |line: &&str| {
        ["--- a/", "+++ b/", "--- /dev", "+++ /dev"].iter().any(|start| line.starts_with(start))
    };
    let names: Vec<&str> = ended.stdout.lines().filter(is_name).collect();
    format!("{}\n{}", names.join("\n"), ended.stderr)
}

#[test]
fn check_fails_with_a_diff_when_the_folder_is_not_up_to_date_and_changes_nothing() {
    let project = project("");
    let check = format!("render {DATE} --out build --check");
    whole!(files_of(&project.onerow(&check).exits(1)), @"
    --- /dev/null
    +++ b/predictions/deactivate_2026-01-28.sql
    --- /dev/null
    +++ b/predictions/detect_2026-01-28.sql
    --- /dev/null
    +++ b/predictions/record_2026-01-28.sql
    --- /dev/null
    +++ b/predictions/verify_2026-01-28.sql
    build is not up to date: 4 files differ; run the same command without --check
    ");
    assert!(!project.path("build").exists());
    project.onerow(&format!("render {DATE} --out build")).exits(0);
    whole!(project.onerow(&check), @"
    $ onerow render --date 2026-01-28 --out build --check
    -- stderr
    build is up to date
    ");
    let file = project.path("build/predictions/detect_2026-01-28.sql");
    let edited = std::fs::read_to_string(&file).unwrap().replace("GROUP BY date", "GROUP BY 1");
    std::fs::write(&file, &edited).unwrap();
    whole!(project.onerow(&check), @"
    $ onerow render --date 2026-01-28 --out build --check
    exit code 1
    -- stdout
    --- a/predictions/detect_2026-01-28.sql
    +++ b/predictions/detect_2026-01-28.sql
    @@ -25,5 +25,5 @@
       FROM `nba.predictions`
       WHERE (game_date = DATE '2026-01-28' OR game_date IS NULL)
     )
    -GROUP BY 1
    +GROUP BY date
     ORDER BY date
    -- stderr
    build is not up to date: 1 file differs; run the same command without --check
    ");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited);
    let other = project.onerow("render --date 2026-01-29 --out build --check").exits(1);
    whole!(files_of(&other), @"
    --- a/predictions/deactivate_2026-01-28.sql
    +++ /dev/null
    --- /dev/null
    +++ b/predictions/deactivate_2026-01-29.sql
    --- /dev/null
    +++ b/predictions/detect_2026-01-29.sql
    --- a/predictions/record_2026-01-28.sql
    +++ /dev/null
    --- /dev/null
    +++ b/predictions/record_2026-01-29.sql
    --- a/predictions/verify_2026-01-28.sql
    +++ /dev/null
    --- /dev/null
    +++ b/predictions/verify_2026-01-29.sql
    note: build/predictions/detect_2026-01-28.sql is no longer rendered, but was changed since onerow wrote it, so it was kept; remove it if it is not needed
    build is not up to date: 7 files differ; run the same command without --check
    ");
    whole!(project.onerow(&format!("render {DATE} --check")), @"
    $ onerow render --date 2026-01-28 --check
    exit code 2
    -- stderr
    error[usage]: `--out <DIR>` is missing
      help: `onerow render --help` has examples
    ");
}

#[test]
fn a_list_that_leads_elsewhere_removes_nothing() {
    let project = project("");
    project.write("precious.sql", "mine");
    let mut said = Transcript::default();
    for line in [
        "../precious.sql",
        "/etc/x.sql",
        "predictions/../../precious.sql",
        "precious.sql",
        "a/b.txt",
    ] {
        project.write("build/.onerow-rendered", format!("{line}\n"));
        let ended = project.onerow(&format!("render {DATE} --out build")).exits(1);
        said.case(line, ended);
        assert_eq!(files(&project, "build"), [""; 0]);
    }
    whole!(said, @"
    # ../precious.sql
    $ onerow render --date 2026-01-28 --out build
    exit code 1
    -- stderr
    error[data-file]: `build/.onerow-rendered` names `../precious.sql`, which onerow cannot have written
      help: remove the line; nothing was changed

    # /etc/x.sql
    $ onerow render --date 2026-01-28 --out build
    exit code 1
    -- stderr
    error[data-file]: `build/.onerow-rendered` names `/etc/x.sql`, which onerow cannot have written
      help: remove the line; nothing was changed

    # predictions/../../precious.sql
    $ onerow render --date 2026-01-28 --out build
    exit code 1
    -- stderr
    error[data-file]: `build/.onerow-rendered` names `predictions/../../precious.sql`, which onerow cannot have written
      help: remove the line; nothing was changed

    # precious.sql
    $ onerow render --date 2026-01-28 --out build
    exit code 1
    -- stderr
    error[data-file]: `build/.onerow-rendered` names `precious.sql`, which onerow cannot have written
      help: remove the line; nothing was changed

    # a/b.txt
    $ onerow render --date 2026-01-28 --out build
    exit code 1
    -- stderr
    error[data-file]: `build/.onerow-rendered` names `a/b.txt`, which onerow cannot have written
      help: remove the line; nothing was changed
    ");
    assert!(project.path("precious.sql").is_file());
}

#[test]
fn the_log_shows_runs_newest_first_and_their_sql() {
    let project = project("");
    project.onerow(&format!("apply {DATE} --now 2026-02-01T10:00:00Z")).exits(0);
    project.onerow(&format!("apply {DATE} --now 2026-02-02T10:00:00Z")).exits(0);
    let table = project.onerow("log").exits(0);
    let first = table.stdout.find("20260202T100000Z").unwrap();
    assert!(first < table.stdout.find("20260201T100000Z").unwrap(), "{table}");
    whole!(table, @"
    $ onerow log
    -- stdout
     run                         rule          dates        steps                                outcome   removed   restored   undone by
    ────────
     [RUN]   predictions   2026-01-28   detect                               done
     [RUN]   predictions   2026-01-28   detect, record, deactivate, verify   done            1
    ");
    let one = project.onerow("log 20260201 --sql").exits(0);
    assert!(!one.stdout.contains("20260202"), "{one}");
    // Above each statement is what became of it.
    let is_about = |line: &&str| line.starts_with("-- ") || line.starts_with("UPDATE");
    let about: Vec<&str> = one.stdout.lines().filter(is_about).collect();
    with_times!(about.join("\n"), @r#"
    -- run [RUN] #4, 2026-02-01 10:00:00 UTC, done, 1 row
    -- fingerprint ca48d6c836ade3f095d4702a0383a3e5c1d7df7f0da0631b25e0e5d9da9eb609
    -- parameters {"cutoff":"2026-02-01 10:00:00+00","removed_since":"2025-01-31 10:00:00+00","run_id":"[RUN]","run_started_at":"2026-02-01 10:00:00+00"}
    -- onerow: rule predictions, step verify, 2026-01-28
    -- run [RUN] #3, 2026-02-01 10:00:00 UTC, done, 1 row
    -- fingerprint ecc1f10b543902cde1cfd9e980e720ebf28e9d30bc4e807a7e92f24e883ff036
    -- parameters {"cutoff":"2026-02-01 10:00:00+00","removed_since":"2025-01-31 10:00:00+00","run_id":"[RUN]","run_started_at":"2026-02-01 10:00:00+00"}
    -- onerow: rule predictions, step deactivate, 2026-01-28
    UPDATE `nba.predictions`
    -- run [RUN] #2, 2026-02-01 10:00:00 UTC, done, 1 row
    -- fingerprint 3bb5018113763f0444a55c3675c4d587242866790eb9bd242b5c0a600c080bd5
    -- parameters {"cutoff":"2026-02-01 10:00:00+00","record_id":"onerow_[RUN]_2_record_2026-01-28","removed_since":"2025-01-31 10:00:00+00","run_id":"[RUN]","run_started_at":"2026-02-01 10:00:00+00"}
    -- onerow: rule predictions, step record, 2026-01-28
    -- run [RUN] #1, 2026-02-01 10:00:00 UTC, done, 1 row
    -- fingerprint 642c2082f697bbf1904461310c3824bfac1a699060fc785e936451d9b2f23a1b
    -- parameters {"cutoff":"2026-02-01 10:00:00+00","removed_since":"2025-01-31 10:00:00+00","run_id":"[RUN]","run_started_at":"2026-02-01 10:00:00+00"}
    -- onerow: rule predictions, step detect, 2026-01-28
    "#);
    whole!(project.onerow("log 1999"), @"
    $ onerow log 1999
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run `1999`
      help: `onerow log` lists the runs; the start of an id is enough
    ");
    whole!(project.onerow("log --rule nothing"), @"
    $ onerow log --rule nothing
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `nothing`
      help: known: predictions
    ");
}

#[test]
fn the_log_has_a_line_a_run_and_says_which_run_undid_it() {
    let project = project("");
    let apply = format!("apply {DATE} --now 2026-02-01T10:00:00Z --format json");
    let applied = project.onerow(&apply).exits(0).json();
    let applied = applied["run_id"].as_str().unwrap().to_owned();
    project.onerow(&format!("status {DATE}")).exits(0);
    let runs = project.onerow("log --format json").exits(0).json();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    assert_eq!(runs[0]["steps"], json!(["detect", "record", "deactivate", "verify"]));
    assert_eq!(runs[0]["dates"], json!(["2026-01-28"]));
    assert_eq!(
        (&runs[0]["outcome"], &runs[0]["duplicates_deactivated"], &runs[0]["undone_by"]),
        (&json!("done"), &json!(1), &json!([]))
    );
    let undo = format!("undo {applied} --now 2026-02-02T10:00:00Z --format json");
    let undone = project.onerow(&undo).exits(0).json();
    let runs = project.onerow("log --runs --format json").exits(0).json();
    assert_eq!(runs[0]["run_id"], undone["run_id"]);
    assert_eq!((&runs[0]["undoes"], &runs[0]["rows_restored"]), (&json!(applied), &json!(1)));
    assert_eq!(runs[1]["undone_by"], json!([undone["run_id"]]));
    let table = project.onerow("log").exits(0);
    let line = table.stdout.lines().find(|line| line.contains("deactivate")).unwrap();
    assert!(
        line.contains(&applied) && line.contains(undone["run_id"].as_str().unwrap()),
        "{table}"
    );
    assert_eq!(
        project.onerow("log --limit 1 --format json").exits(0).json().as_array().unwrap().len(),
        1
    );
}

#[test]
fn the_schema_is_json_and_completions_are_printed() {
    let project = project("");
    let schema = project.onerow("schema").exits(0).json();
    assert!(schema["$defs"]["RuleSection"]["properties"]["keep"].is_object());
    project.onerow("completions bash").exits(0).prints(&["onerow"]);
    project.onerow("--version").exits(0).prints(&["onerow 0.1.0"]);
}
