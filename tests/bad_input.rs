//! Bad input gets a clear message, the right exit code, and nothing is changed.

use std::io::Read;
use std::process::Stdio;

use crate::common::whole::{Transcript, whole};
use crate::common::{HEADER, Project, RULE};

const DATE: &str = "--date 2026-01-28";

fn loaded() -> Project {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z",
    );
    project
}

#[test]
fn a_mistake_in_the_rule_file_names_its_place_and_the_way_out() {
    let mut said = Transcript::default();
    for (from, to) in [
        ("partition = ", "partion = "),
        ("\"player\"]", "\"points\"]"),
        ("player = \"STRING\"", "player = \"FLOAT64\""),
        ("type = \"sqlite\"", "type = \"sqlit\""),
        ("type = \"sqlite\"", "typ = \"sqlite\""),
        ("key = [\"game_id\", \"player\"]", "key = \"game_id, player\""),
        ("key = [\"game_id\", \"player\"]", ""),
        ("[rule.predictions]\n", "[rule.predictions\n"),
        ("table = \"nba.predictions\"", "table = nba.predictions"),
        ("time_zone = \"America/New_York\"", "time_zone = \"America/NewYork\""),
    ] {
        let project = Project::new(&RULE.replacen(from, to, 1));
        said.add(&project.onerow(&format!("apply {DATE}")).exits(2));
        assert!(!project.path(".onerow").exists(), "nothing is created");
    }
    whole!(said, @r#"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: unknown key `partion` in [rule.predictions]
     --> ./onerow.toml:7:1
      |
    7 | partion = "game_date"
      | ^^^^^^^
      |
      = help: did you mean `partition`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `nba.predictions` has no column `points`
     --> ./onerow.toml:8:19
      |
    8 | key = ["game_id", "points"]
      |                   ^^^^^^^^
      |
      = help: did you mean `points_line`? If not, add it to the rule's columns

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: key column `player` is of type FLOAT64, which cannot be part of a key
     --> ./onerow.toml:8:19
      |
    8 | key = ["game_id", "player"]
      |                   ^^^^^^^^
      |
      = help: BigQuery refuses PARTITION BY FLOAT64; write `TO_JSON_STRING(player)`

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `sqlit` is not a value of `type`
     --> ./onerow.toml:3:8
      |
    3 | type = "sqlit"
      |        ^^^^^^^
      |
      = help: did you mean `sqlite`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: unknown key `typ` in [warehouse.local]
     --> ./onerow.toml:3:1
      |
    3 | typ = "sqlite"
      | ^^^
      |
      = help: did you mean `type`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: this is text, and it must be a list
     --> ./onerow.toml:8:7
      |
    8 | key = "game_id, player"
      |       ^^^^^^^^^^^^^^^^^
      |
      = help: write a list: ["…", "…"]

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `key` is missing here
     --> ./onerow.toml:5:1
      |
    5 | [rule.predictions]
      | ^^^^^^^^^^^^^^^^^^
      |
      = help: add it to this section; docs/rules.md describes every key

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: this is not TOML: unclosed table, expected `]`
     --> ./onerow.toml:5:18
      |
    5 | [rule.predictions
      |                  ^
      |
      = help: close each bracket and each quote, and write one `key = value` a line

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: this is not TOML: invalid float, expected `nan`
     --> ./onerow.toml:6:9
      |
    6 | table = nba.predictions
      |         ^^^^^^^^^^^^^^^
      |
      = help: text goes in quotes: "…"

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: there is no time zone `America/NewYork`
      --> ./onerow.toml:14:13
       |
    14 | time_zone = "America/NewYork"
       |             ^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `America/New_York`?
    "#);
}

#[test]
fn a_rule_file_that_is_missing_or_not_utf_8_is_named() {
    let project = Project::new(RULE);
    project.write("onerow.toml", b"\xff\xfe");
    whole!(project.onerow("check"), @"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `./onerow.toml` is not UTF-8: line 1, column 1
      help: save the file as UTF-8 and run the command again
    ");
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().display().to_string();
    whole!(project.onerow(&format!("check --project-dir {folder}")), @"
    $ onerow check --project-dir [DIR]
    exit code 2
    -- stderr
    error[no-project]: there is no onerow.toml in `[DIR]`
      help: name the folder with --project-dir, or start a project with `onerow init`
    ");
}

#[test]
fn dates_that_do_not_exist_or_run_backwards_are_refused() {
    let project = loaded();
    let mut said = Transcript::default();
    for dates in [
        "--date 2026-02-30",
        "--date tomorrow",
        "--date 2026-01-28,",
        "--date 28.01.2026",
        "--from 2026-01-29 --to 2026-01-28",
        "--to 2026-01-29",
        "--from 2026-01-30 --now 2026-01-30T12:00:00Z",
        "--from null --to today",
        "--last 0",
        "--last x",
        "--last 99999",
        "--date 2026-01-28 --last 3",
        "",
    ] {
        said.add(&project.onerow(&format!("apply {dates}")).exits(2));
    }
    whole!(said, @"
    $ onerow apply --date 2026-02-30
    exit code 2
    -- stderr
    error[dates]: --date: `2026-02-30` is not a date
      help: write a date that exists as YYYY-MM-DD, or TODAY, YESTERDAY, or NULL for the rows without a date

    $ onerow apply --date tomorrow
    exit code 2
    -- stderr
    error[dates]: --date: `tomorrow` is not a date
      help: write a date that exists as YYYY-MM-DD, or TODAY, YESTERDAY, or NULL for the rows without a date

    $ onerow apply --date 2026-01-28,
    exit code 2
    -- stderr
    error[dates]: --date: `` is not a date
      help: write a date that exists as YYYY-MM-DD, or TODAY, YESTERDAY, or NULL for the rows without a date

    $ onerow apply --date 28.01.2026
    exit code 2
    -- stderr
    error[dates]: --date: `28.01.2026` is not a date
      help: write a date that exists as YYYY-MM-DD, or TODAY, YESTERDAY, or NULL for the rows without a date

    $ onerow apply --from 2026-01-29 --to 2026-01-28
    exit code 2
    -- stderr
    error[dates]: --from 2026-01-29 is after --to 2026-01-28
      help: swap the two dates

    $ onerow apply --to 2026-01-29
    exit code 2
    -- stderr
    error[usage]: `--from <D>` is missing
      help: `onerow apply --help` has examples

    $ onerow apply --from 2026-01-30 --now [TIME]
    exit code 2
    -- stderr
    error[dates]: --from 2026-01-30 is after yesterday, 2026-01-29, which ends the range
      help: say the last date with --to, or name the date with --date

    $ onerow apply --from null --to today
    exit code 2
    -- stderr
    error[dates]: NULL cannot be the end of a range
      help: use --date NULL for the rows without a date

    $ onerow apply --last 0
    exit code 2
    -- stderr
    error[dates]: --last 0 is no dates: N is 1 or more

    $ onerow apply --last x
    exit code 2
    -- stderr
    error[usage]: `x` is not a value of --last
      help: write a whole number

    $ onerow apply --last 99999
    exit code 2
    -- stderr
    error[dates]: 99999 dates are too many for one command
      help: a window holds at most 10000 dates, BigQuery's limit of partitions

    $ onerow apply --date 2026-01-28 --last 3
    exit code 2
    -- stderr
    error[usage]: `--date <D>` cannot be used with `--last <N>`
      help: leave out `--date <D>` or `--last <N>`

    $ onerow apply
    exit code 2
    -- stderr
    error[dates]: no dates given
      help: use --date YESTERDAY, --date 2026-01-28, --from A --to B, --from A, --last N, or --changed for those written since they were last found clean
    ");
    assert_eq!(project.active(), ["p1", "p2"]);
    assert!(project.ledger().is_empty());
}

#[test]
fn a_name_that_does_not_exist_offers_the_nearest() {
    let project = loaded();
    let mut said = Transcript::default();
    for command in [
        format!("status prediction {DATE}"),
        format!("run detekt {DATE}"),
        format!("render --step curent {DATE}"),
        format!("status {DATE} --warehouse locl"),
        format!("run ../x {DATE}"),
        format!("apply {DATE} --var limit=3"),
        format!("appyl {DATE}"),
        "apply --dates 2026-01-28".to_owned(),
    ] {
        said.add(&project.onerow(&command).exits(2));
    }
    whole!(said, @"
    $ onerow status prediction --date 2026-01-28
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `prediction`
      help: did you mean `predictions`?

    $ onerow run detekt --date 2026-01-28
    exit code 2
    -- stderr
    error[unknown-name]: there is no step `detekt`: it is not built in, and there is no sql/predictions/detekt.sql or sql/detekt.sql
      help: did you mean `detect`?

    $ onerow render --step curent --date 2026-01-28
    exit code 2
    -- stderr
    error[unknown-name]: there is no step `curent`: it is not built in, and there is no sql/predictions/curent.sql or sql/curent.sql
      help: did you mean `current`?

    $ onerow status --date 2026-01-28 --warehouse locl
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `locl`
      help: did you mean `local`?

    $ onerow run ../x --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: <STEP>: `../x` is not a step name
      help: a step name has lower-case letters, digits, `_` and `-`, and starts with a letter

    $ onerow apply --date 2026-01-28 --var limit=3
    exit code 2
    -- stderr
    error[unknown-name]: --var limit: no template of rule predictions reads it
      help: leave it out: the templates read no variables

    $ onerow appyl --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: there is no command `appyl`
      help: did you mean `onerow apply`?

    $ onerow apply --dates 2026-01-28
    exit code 2
    -- stderr
    error[usage]: `onerow apply` has no option `--dates`
      help: did you mean `--date`?
    ");
}

#[test]
fn several_rules_and_none_named_is_refused() {
    let project = Project::example();
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[unknown-name]: there are several rules, and none was named
      help: name one of player_prop_predictions, by_line, or use --all
    ");
}

#[test]
fn a_mistake_in_a_template_names_file_line_and_column_and_shows_the_line() {
    let project = loaded();
    let mut said = Transcript::default();
    for template in [
        "SELECT 1\nFROM {{ rule.tabel }}\n",
        "SELECT 1\nFROM {{ rule.table \n",
        "{% if true %}SELECT 1",
        "SELECT {{ rule.key | comas }}",
        "SELECT {{ vars.limit }}",
        "SELECT {{ limit }} FROM {{ rule.table }}",
        "SELECT {{ rule.kye | commas }}",
        "SELECT {{ rule.kye | of('t') }}",
        "SELECT {{ tabel | indent(2) }}",
        "SELECT {{ rule.kye | join(', ') }}",
        "SELECT {{ vars.limits | sort }}",
        "{% import 'survivors.sql' as s %}SELECT 1",
    ] {
        project.write("sql/deactivate.sql", template);
        said.add(&project.onerow(&format!("apply {DATE}")).exits(2));
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `rule.tabel` has no value
     --> ./sql/deactivate.sql:2:9
      |
    2 | FROM {{ rule.tabel }}
      |         ^^^^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `rule.table`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: the expression does not end: unexpected end of input, expected end of variable block
     --> ./sql/deactivate.sql:2:14
      |
    2 | FROM {{ rule.table
      |              ^^^^^
      |
      = help: close it with `}}`

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: a block does not end before the end of the file
     --> ./sql/deactivate.sql:1:14
      |
    1 | {% if true %}SELECT 1
      |              ^^^^^^^^
      |
      = help: close it, such as `{% if … %}` with `{% endif %}`

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: there is no filter `comas`
     --> ./sql/deactivate.sql:1:22
      |
    1 | SELECT {{ rule.key | comas }}
      |                      ^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `commas`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `vars.limit` has no value
     --> ./sql/deactivate.sql:1:11
      |
    1 | SELECT {{ vars.limit }}
      |           ^^^^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or with --var name=value

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `limit` has no value
     --> ./sql/deactivate.sql:1:11
      |
    1 | SELECT {{ limit }} FROM {{ rule.table }}
      |           ^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or with --var name=value

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `rule.kye` has no value
     --> ./sql/deactivate.sql:1:22
      |
    1 | SELECT {{ rule.kye | commas }}
      |                      ^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `rule.key`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `rule.kye` has no value
     --> ./sql/deactivate.sql:1:22
      |
    1 | SELECT {{ rule.kye | of('t') }}
      |                      ^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `rule.key`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `tabel` has no value
     --> ./sql/deactivate.sql:1:19
      |
    1 | SELECT {{ tabel | indent(2) }}
      |                   ^^^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or with --var name=value

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: `rule.kye` has no value
     --> ./sql/deactivate.sql:1:22
      |
    1 | SELECT {{ rule.kye | join(', ') }}
      |                      ^^^^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `rule.key`?

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: a name that is used here has no value
     --> ./sql/deactivate.sql:1:25
      |
    1 | SELECT {{ vars.limits | sort }}
      |                         ^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or with --var name=value

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[template]: there is no template `survivors.sql`
     --> ./sql/deactivate.sql:1:4
      |
    1 | {% import 'survivors.sql' as s %}SELECT 1
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: while rendering deactivate of 2026-01-28
      = help: did you mean `_survivors.sql`?
    ");
    project.write("sql/deactivate.sql", b"SELECT \xff");
    whole!(project.onerow("check"), @"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `./sql/deactivate.sql` is not UTF-8: line 1, column 8
      help: save the file as UTF-8 and run the command again
    ");
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_folder_of_templates_that_belongs_to_no_rule_is_refused() {
    let project = loaded();
    project.write("sql/prediction/detect.sql", "SELECT 1");
    whole!(project.onerow("check"), @"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `./sql/prediction/detect.sql` is in a folder that matches no rule, so it would never be used
      help: did you mean `predictions`?
    ");
}

#[test]
fn findings_stop_apply_before_anything_is_sent() {
    let project = loaded();
    project.write(
        "sql/deactivate.sql",
        "UPDATE {{ rule.table }} SET {{ rule.active }} = FALSE WHERE {{ rule.active }}",
    );
    whole!(project.onerow(&format!("check {DATE}")), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[no-partition]: its WHERE does not restrict game_date to 2026-01-28: the statement would scan every partition and could change any
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: put {{ window.filter }} into the WHERE, joined to the rest with AND

    error[drops-cutoff]: the rule has created_at as written_at, and what has to hold lacks COALESCE(created_at < @cutoff, TRUE): BigQuery would refuse the whole statement because of rows in the streaming buffer
     --> predictions: deactivate of 2026-01-28:2:1
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      | ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: call the macro `settled` of `_survivors.sql`; as a condition, join it to the rest with AND

    error[drops-condition]: its WHERE lacks a condition of the shipped one: `COALESCE(created_at < @cutoff, true)`
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    error[drops-condition]: its WHERE lacks a condition of the shipped one: `TO_JSON_STRING(id) IN (SELECT row_id FROM `onerow`.`removals` WHERE date = DATE  …`
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    error[drops-condition]: its WHERE lacks a condition of the shipped one: `game_date = DATE '2026-01-28'`
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    error[drops-condition]: its WHERE lacks a condition of the shipped one: `id IN (SELECT row_id FROM (SELECT game_date AS date, id AS row_id, ROW_NUMBER()  …`
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: join every condition of the shipped text with AND: `recorded` and `superseded` of `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows

    error[other-ranking]: deactivate does not rank rows as the rule's key and keep say
     --> predictions: deactivate of 2026-01-28:2:1
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      | ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: call `rank`, `ranked` or `counts` of `_survivors.sql`; to change who survives, change the rule
    -- stderr
    14 statements checked, 7 errors, 0 warnings
    ");
    let findings = project.onerow("check --format json").exits(3).json();
    assert_eq!(findings[0]["code"], "no-partition");
    assert_eq!(findings[0]["place"]["line"], 2);
    let mut said = Transcript::default();
    for command in ["apply", "plan", "run deactivate"] {
        said.add(&project.onerow(&format!("{command} {DATE}")).exits(3));
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: no-partition: its WHERE does not restrict game_date to 2026-01-28: the statement would scan every partition and could change any (and 6 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: put {{ window.filter }} into the WHERE, joined to the rest with AND

    $ onerow plan --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: no-partition: its WHERE does not restrict game_date to 2026-01-28: the statement would scan every partition and could change any (and 6 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: put {{ window.filter }} into the WHERE, joined to the rest with AND

    $ onerow run deactivate --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: no-partition: its WHERE does not restrict game_date to 2026-01-28: the statement would scan every partition and could change any (and 6 more; `onerow check` shows all)
     --> predictions: deactivate of 2026-01-28:2:54
      |
    2 | UPDATE `nba.predictions` SET is_active = FALSE WHERE is_active
      |                                                      ^
      |
      = note: the line comes from ./sql/deactivate.sql:1:1
      = help: put {{ window.filter }} into the WHERE, joined to the rest with AND
    ");
    assert_eq!(project.active(), ["p1", "p2"]);
    assert!(project.ledger().is_empty());
}

#[test]
fn a_keep_that_does_not_determine_the_survivor_is_a_finding() {
    let project = Project::new(&RULE.replace(", \"id DESC\"]", "]"));
    whole!(project.onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[undetermined-survivor]: keep ends in `created_at DESC`, which two rows can share: which of them survives would be chance
     --> ./onerow.toml:9:9
      |
    9 | keep = ["created_at DESC"]
      |         ^^^^^^^^^^^^^^^^^
      |
      = help: end keep with the row id: "id DESC"
    -- stderr
    14 statements checked, 1 error, 0 warnings
    "#);
}

#[test]
fn a_column_that_the_table_lacks_is_named() {
    let project = loaded();
    project.write("onerow.toml", RULE.replace("player", "player_name"));
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no column `player_name`
      note: while running detect of 2026-01-28
      help: did you mean `player`?
    ");
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_table_or_database_that_does_not_exist_is_not_created() {
    let project = Project::new(RULE);
    let mut said = Transcript::default();
    for command in ["status", "plan", "apply", "run detect"] {
        said.add(&project.onerow(&format!("{command} {DATE}")).exits(1));
    }
    whole!(said, @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`

    $ onerow plan --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`

    $ onerow run detect --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    whole!(project.onerow("log"), @"
    $ onerow log
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    assert!(!project.path(".onerow").exists());
    let project = loaded();
    project.write("onerow.toml", RULE.replace("nba.predictions", "nba.prediction"));
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `nba.prediction`
      help: did you mean `nba.predictions`?
    ");
}

#[test]
fn a_bad_row_is_named_and_nothing_is_loaded() {
    let good = "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n";
    let mut said = Transcript::default();
    for (name, text) in [
        ("a.csv", format!("{HEADER}{good}p2,2026-01-28,g,a,x,true,\n")),
        ("a.csv", format!("{HEADER}{good}p2,2026-01-28\n")),
        ("a.csv", "id,playr\np1,a\n".to_owned()),
        ("a.csv", String::new()),
        ("a.csv", HEADER.to_owned()),
        ("a.ndjson", "{\"id\": \"p1\"}\n{\"id\": 7}\n".to_owned()),
        ("a.ndjson", "{\"id\": \"p1\"\n".to_owned()),
        ("a.txt", good.to_owned()),
    ] {
        let project = Project::new(RULE);
        project.write(name, text);
        let ended = project.onerow(&format!("load {name}"));
        assert_ne!(ended.code, Some(0), "{ended}");
        said.add(&ended);
        assert!(!project.path(".onerow").exists(), "{name}: nothing is created");
    }
    whole!(said, @r#"
    $ onerow load a.csv
    exit code 1
    -- stderr
    error[data-file]: column points_line: `x` is not a NUMERIC, such as 22.5
     --> a.csv:3:19
      |
    3 | p2,2026-01-28,g,a,x,true,
      |                   ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load a.csv
    exit code 1
    -- stderr
    error[data-file]: this row has 2 fields, the header has 7
     --> a.csv:3:1
      |
    3 | p2,2026-01-28
      | ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load a.csv
    exit code 1
    -- stderr
    error[data-file]: the rule lists no column `playr`
     --> a.csv:1:4
      |
    1 | id,playr
      |    ^^^^^
      |
      = help: did you mean `player`?

    $ onerow load a.csv
    exit code 1
    -- stderr
    error[data-file]: `a.csv` is empty: it holds no row
      help: check how the file was made; nothing was loaded

    $ onerow load a.csv
    exit code 1
    -- stderr
    error[data-file]: `a.csv` is empty: it holds no row
      help: check how the file was made; nothing was loaded

    $ onerow load a.ndjson
    exit code 1
    -- stderr
    error[data-file]: column id is of type STRING; write a JSON string
     --> a.ndjson:2:8
      |
    2 | {"id": 7}
      |        ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load a.ndjson
    exit code 1
    -- stderr
    error[data-file]: this is not a JSON object: EOF while parsing an object
     --> a.ndjson:1:11
      |
    1 | {"id": "p1"
      |           ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load a.txt
    exit code 2
    -- stderr
    error[usage]: `a.txt` has an unknown format
      help: name the file *.csv, *.tsv, *.ndjson, *.jsonl or *.json, each also with .gz at the end, or *.parquet; or say what it is, with --file-format
    "#);
    let project = loaded();
    project.write("good.csv", format!("{HEADER}{good}"));
    project.write("bad.csv", b"id\n\xff\n");
    whole!(project.onerow("load good.csv bad.csv"), @"
    $ onerow load good.csv bad.csv
    exit code 1
    -- stderr
    error[data-file]: `bad.csv` is not UTF-8: line 2, column 1
      help: save the file as UTF-8 and run the command again
    ");
    assert_eq!(project.active(), ["p1", "p2"]);
    whole!(project.onerow("load missing.csv"), @"
    $ onerow load missing.csv
    exit code 1
    -- stderr
    error[file]: cannot read `missing.csv`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists
    ");
}

#[test]
fn a_locked_database_is_said_to_be_locked() {
    let project = loaded();
    let lock = project.database();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    whole!(project.onerow(&format!("status {DATE}")), @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[locked]: the embedded database is locked by another process
      note: while opening `./.onerow/local.db`
      help: wait until it has finished, then run the command again
    ");
    drop(lock);
    project.onerow(&format!("status {DATE}")).exits(0);
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let project = Project::new(RULE);
    project.write(".onerow/local.db", "this is a letter to my aunt, not a database");
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stderr
    error[database]: the file is not an SQLite database
      note: while opening `./.onerow/local.db`
      help: check `path` of the embedded warehouse
    ");
    let text = std::fs::read_to_string(project.path(".onerow/local.db")).unwrap();
    assert!(text.starts_with("this is a letter"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = loaded();
    let mut child = project
        .command(&["render", "--from", "2020-01-01", "--to", "2029-12-31"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_bigquery_warehouse_can_be_rendered_for_and_checked_without_credentials() {
    let project = Project::new(&RULE.replace(
        "type = \"sqlite\"",
        "type = \"bigquery\"\nproject = \"p\"\nledger = \"ops.ledger\"\nkey_file = \"no.json\"",
    ));
    project.onerow("check").exits(0);
    whole!(project.onerow(&format!("render {DATE} --step deactivate")), @"
    $ onerow render --date 2026-01-28 --step deactivate
    -- stdout
    -- onerow: rule predictions, step deactivate, 2026-01-28
    UPDATE `nba.predictions`
    SET
      is_active = FALSE,
      updated_at = CURRENT_TIMESTAMP()
    WHERE game_date = DATE '2026-01-28'
      AND is_active
      AND COALESCE(created_at < @cutoff, TRUE)
      AND id IN (
        SELECT row_id
        FROM (
          SELECT
            game_date AS date,
            id AS row_id,
            ROW_NUMBER() OVER (
              PARTITION BY game_date, game_id, player
              ORDER BY created_at DESC, id DESC
            ) AS rank,
            COUNT(*) OVER (PARTITION BY game_date, id) AS copies,
            COALESCE(created_at < @cutoff, TRUE) AS settled
          FROM `nba.predictions`
          WHERE game_date = DATE '2026-01-28'
            AND is_active
        )
        WHERE rank > 1
          AND copies = 1
      )
      AND TO_JSON_STRING(id) IN (
        SELECT row_id
        FROM `ops.ledger_removals`
        WHERE run_id = @run_id
          AND run_started_at = @run_started_at
          AND rule = 'predictions'
          AND date = DATE '2026-01-28'
      );
    ");
    whole!(project.onerow(&format!("apply {DATE}")), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stderr
    error[credentials]: cannot read the credentials file `./no.json`: No such file or directory (os error 2)
      help: name a file that is there, and that the user who runs onerow may read
    ");
    project.onerow("load rows.csv").exits(1);
    assert!(!project.path(".onerow").exists(), "nothing was created");
}

/// Deactivating sets it, and undoing does: another row would survive the next time.
#[test]
fn touched_at_is_not_what_rows_are_ranked_by() {
    let mut said = Transcript::default();
    for (from, to) in [
        ("keep = [\"created_at", "keep = [\"COALESCE(updated_at, created_at)"),
        ("key = [", "key = [\"DATE(updated_at)\", "),
    ] {
        said.add(&Project::new(&RULE.replace(from, to)).onerow("check").exits(2));
    }
    whole!(said, @r#"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `touched_at` is updated_at, which the rule's keep reads
      --> ./onerow.toml:12:14
       |
    12 | touched_at = "updated_at"
       |              ^^^^^^^^^^^^
       |
       = help: deactivating a row would change it; name another column, or none

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `touched_at` is updated_at, which the rule's key reads
      --> ./onerow.toml:12:14
       |
    12 | touched_at = "updated_at"
       |              ^^^^^^^^^^^^
       |
       = help: deactivating a row would change it; name another column, or none
    "#);
}

/// Editors of other systems write it, and nobody sees it.
#[test]
fn a_byte_order_mark_is_no_part_of_a_file() {
    let project = Project::new(&format!("\u{feff}{RULE}"));
    project.write("sql/detect_more.sql", "\u{feff}SELECT 1 AS one\n");
    let header = "id,game_date,game_id,player,is_active,created_at";
    project.write(
        "rows.csv",
        format!("\u{feff}{header}\na,2026-01-28,g1,ann,true,2026-01-28T08:00:00Z\n"),
    );
    project.write(
        "rows.ndjson",
        "\u{feff}{\"id\": \"b\", \"game_date\": \"2026-01-28\", \"game_id\": \"g1\", \"player\": \"ann\", \
         \"is_active\": true, \"created_at\": \"2026-01-28T09:00:00Z\"}\n",
    );
    project.onerow("load rows.csv rows.ndjson").exits(0);
    project.onerow("check --date 2026-01-28").exits(0);
    let rendered = project.onerow("render --step detect_more --date 2026-01-28").exits(0);
    assert!(!rendered.stdout.contains('\u{feff}'), "{rendered}");
    project.onerow("run detect_more --date 2026-01-28").exits(0);
    project.onerow("apply --date 2026-01-28").exits(0);
    assert_eq!(project.active(), ["b"]);
}

#[test]
fn a_column_of_onerows_own_is_refused_at_its_place() {
    let mut said = Transcript::default();
    for (given, instead) in [
        ("points_line = \"NUMERIC\"", "onerow_rank = \"NUMERIC\""),
        ("row_id = \"id\"", "row_id = \"Onerow_Row\""),
        ("\"player\"]", "\"LOWER(onerow_row)\"]"),
        ("\"id DESC\"]", "\"_onerow_streamed_at\"]"),
    ] {
        let project = Project::new(&RULE.replacen(given, instead, 1));
        said.add(&project.onerow("check --date 2026-01-28").exits(2));
    }
    whole!(said, @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `onerow_rank` is a name of onerow's own
      --> ./onerow.toml:21:1
       |
    21 | onerow_rank = "NUMERIC"
       | ^^^^^^^^^^^
       |
       = help: rename the column: names that begin with `onerow_` are those of columns that its statements add

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `Onerow_Row` is a name of onerow's own
      --> ./onerow.toml:10:10
       |
    10 | row_id = "Onerow_Row"
       |          ^^^^^^^^^^^^
       |
       = help: rename the column: names that begin with `onerow_` are those of columns that its statements add

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `onerow_row` is a name of onerow's own
     --> ./onerow.toml:8:19
      |
    8 | key = ["game_id", "LOWER(onerow_row)"]
      |                   ^^^^^^^^^^^^^^^^^^^
      |
      = help: rename the column: names that begin with `onerow_` are those of columns that its statements add

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `_onerow_streamed_at` is a name of onerow's own
     --> ./onerow.toml:9:28
      |
    9 | keep = ["created_at DESC", "_onerow_streamed_at"]
      |                            ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: rename the column: names that begin with `onerow_` are those of columns that its statements add
    "#);
}

#[test]
fn an_entry_of_keep_is_a_value_of_one_row_and_a_direction() {
    let keep = "\"id DESC\"]";
    let mut said = Transcript::default();
    for (given, instead) in [
        (keep, "\"MAX(created_at) DESC\", \"id DESC\"]"),
        (keep, "\"id DSC\"]"),
        ("active = \"is_active\"", "active = \"is_active\"\nstrategy = 3"),
    ] {
        let rule = RULE.replacen(given, instead, 1);
        assert_ne!(rule, RULE, "{given}");
        said.add(&Project::new(&rule).onerow("check --date 2026-01-28").exits(2));
    }
    whole!(said, @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: keep entry `MAX(created_at) DESC` cannot be used: it holds the aggregate function MAX, but its value must come from one row
     --> ./onerow.toml:9:28
      |
    9 | keep = ["created_at DESC", "MAX(created_at) DESC", "id DESC"]
      |                            ^^^^^^^^^^^^^^^^^^^^^^

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: keep entry `id DSC` cannot be used: `DSC` is not a direction; did you mean DESC?
     --> ./onerow.toml:9:28
      |
    9 | keep = ["created_at DESC", "id DSC"]
      |                            ^^^^^^^^
      |
      = help: if that is one column, write it as `id DSC`

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: this value must be text
      --> ./onerow.toml:12:12
       |
    12 | strategy = 3
       |            ^
       |
       = help: write it in quotes: "…"
    "#);
}

#[test]
fn a_name_that_bigquery_takes_for_no_column_is_refused_with_the_way_out() {
    let (partition, key, keep) = ("partition = \"game_date\"", "\"player\"]", "\"id DESC\"]");
    let mut said = Transcript::default();
    for (given, instead) in [
        (partition, "partition = \"game.date\""),
        ("active = \"is_active\"", "active = \"`is_active`\""),
        (partition, "partition = \"game\\tdate\""),
        (key, "\"player name\"]"),
        (keep, "\"größe DESC\"]"),
        ("points_line = \"NUMERIC\"", "_FILE_NAME = \"STRING\""),
        ("points_line = \"NUMERIC\"", "\"a;b\" = \"NUMERIC\""),
    ] {
        let rule = RULE.replacen(given, instead, 1);
        assert_ne!(rule, RULE, "{given}");
        said.add(&Project::new(&rule).onerow("check --date 2026-01-28").exits(2));
    }
    whole!(said, @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `game.date` is not a name
     --> ./onerow.toml:7:13
      |
    7 | partition = "game.date"
      |             ^^^^^^^^^^^
      |
      = help: `.` cannot be in a column's name: it has letters, digits and marks of any script, spaces, dashes, underscores, and & % = + : ' < > # |

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: ``is_active`` is not a name
      --> ./onerow.toml:11:10
       |
    11 | active = "`is_active`"
       |          ^^^^^^^^^^^^^
       |
       = help: write the name here without backquotes

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `game\tdate` is not a name
     --> ./onerow.toml:7:13
      |
    7 | partition = "game\tdate"
      |             ^^^^^^^^^^^^
      |
      = help: `\t` cannot be in a column's name: it has letters, digits and marks of any script, spaces, dashes, underscores, and & % = + : ' < > # |

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: key entry `player name` cannot be used: `name` comes after the end of the expression
     --> ./onerow.toml:8:19
      |
    8 | key = ["game_id", "player name"]
      |                   ^^^^^^^^^^^^^
      |
      = help: if that is one column, write it as `player name`

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: keep entry `größe DESC` cannot be used: `ö` comes after the end of the expression
     --> ./onerow.toml:9:28
      |
    9 | keep = ["created_at DESC", "größe DESC"]
      |                            ^^^^^^^^^^^^
      |
      = help: if that is one column, write it as `größe`

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `_FILE_NAME` cannot be the name of a column
      --> ./onerow.toml:21:1
       |
    21 | _FILE_NAME = "STRING"
       | ^^^^^^^^^^
       |
       = help: BigQuery keeps names that begin so for itself; leave it out of the rule's columns

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `a;b` is not a name
      --> ./onerow.toml:21:1
       |
    21 | "a;b" = "NUMERIC"
       | ^^^^^
       |
       = help: `;` cannot be in a column's name: it has letters, digits and marks of any script, spaces, dashes, underscores, and & % = + : ' < > # |
    "#);
}

/// As one that may not be read: that it is missing would be untrue.
#[test]
fn a_database_that_cannot_be_looked_for_is_not_said_to_be_missing() {
    let project = Project::new(RULE);
    project.write(".onerow", "a file where the folder would be");
    whole!(project.onerow(&format!("status {DATE}")), @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[file]: cannot look for the database `./.onerow/local.db`: Not a directory (os error 20)
      note: while opening `./.onerow/local.db`
      help: move it away, or give another path
    ");
}
