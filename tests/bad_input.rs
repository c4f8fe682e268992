//! Bad input gets a clear message, the right exit code, and nothing is changed.

use std::io::Read;
use std::process::Stdio;

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
    let cases: [(&str, &str, &[&str]); 4] = [
        ("partition = ", "partion = ", &["onerow.toml:7:1", "did you mean `partition`?"]),
        ("\"player\"]", "\"points\"]", &["no column `points`", "onerow.toml:8:"]),
        ("player = \"STRING\"", "player = \"FLOAT64\"", &["FLOAT64", "cannot be part of a key"]),
        ("type = \"sqlite\"", "type = \"sqlit\"", &["onerow.toml:3:", "sqlit"]),
    ];
    for (from, to, says) in cases {
        let project = Project::new(&RULE.replacen(from, to, 1));
        project.onerow(&format!("apply {DATE}")).exits(2).says(says).prints_nothing();
        assert!(!project.path(".onerow").exists(), "nothing is created");
    }
}

#[test]
fn a_rule_file_that_is_missing_or_not_utf_8_is_named() {
    let project = Project::new(RULE);
    project.write("onerow.toml", b"\xff\xfe");
    project.onerow("check").exits(2).says(&["onerow.toml", "not UTF-8"]);
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().display().to_string();
    let ended = project.onerow(&format!("check --project-dir {folder}")).exits(2);
    ended.says(&["there is no onerow.toml", "onerow init"]);
}

#[test]
fn dates_that_do_not_exist_or_run_backwards_are_refused() {
    let project = loaded();
    for (dates, says) in [
        ("--date 2026-02-30", "not a date"),
        ("--date tomorrow", "TODAY"),
        ("--date 2026-01-28,", "`` is not a date"),
        ("--date 28.01.2026", "YYYY-MM-DD"),
        ("--from 2026-01-29 --to 2026-01-28", "is after --to 2026-01-28"),
        ("--to 2026-01-29", "--from"),
        ("--from 2026-01-30 --now 2026-01-30T12:00:00Z", "is after yesterday, 2026-01-29"),
        ("--from null --to today", "NULL is no end of a range"),
        ("--last 0", "--last 0 names no date"),
        ("--last x", "x"),
        ("--last 99999", "at most 10000 dates"),
        ("--date 2026-01-28 --last 3", "cannot be used with"),
        ("", "no dates given"),
    ] {
        project.onerow(&format!("apply {dates}")).exits(2).says(&[says]).prints_nothing();
    }
    assert_eq!(project.active(), ["p1", "p2"]);
    assert!(project.ledger().is_empty());
}

#[test]
fn a_name_that_does_not_exist_offers_the_nearest() {
    let project = loaded();
    let cases = [
        (format!("status prediction {DATE}"), "did you mean `predictions`?"),
        (format!("run detekt {DATE}"), "did you mean `detect`?"),
        (format!("render --step curent {DATE}"), "did you mean `current`?"),
        (format!("status {DATE} --warehouse locl"), "did you mean `local`?"),
        (format!("run ../x {DATE}"), "is not a step name"),
        (format!("apply {DATE} --var limit=3"), "no template of rule predictions reads it"),
    ];
    for (command, says) in cases {
        project.onerow(&command).exits(2).says(&[says]).prints_nothing();
    }
}

#[test]
fn several_rules_and_none_named_is_refused() {
    let project = Project::example();
    let ended = project.onerow(&format!("apply {DATE}")).exits(2);
    ended.says(&["several rules", "player_prop_predictions, by_line", "--all"]);
}

#[test]
fn a_mistake_in_a_template_names_file_line_and_column_and_shows_the_line() {
    let project = loaded();
    for (template, place) in [
        ("SELECT 1\nFROM {{ rule.tabel }}\n", "deactivate.sql:2:"),
        ("SELECT 1\nFROM {{ rule.table \n", "deactivate.sql:"),
        ("{% if true %}SELECT 1", "deactivate.sql:1:"),
    ] {
        project.write("sql/deactivate.sql", template);
        let ended = project.onerow(&format!("apply {DATE}")).exits(2).prints_nothing();
        ended.says(&[place, template.lines().last().unwrap()]);
    }
    project.write("sql/deactivate.sql", b"SELECT \xff");
    project.onerow("check").exits(2).says(&["deactivate.sql", "not UTF-8"]);
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_folder_of_templates_that_belongs_to_no_rule_is_refused() {
    let project = loaded();
    project.write("sql/prediction/detect.sql", "SELECT 1");
    project.onerow("check").exits(2).says(&["sql/prediction", "did you mean `predictions`?"]);
}

#[test]
fn findings_stop_apply_before_anything_is_sent() {
    let project = loaded();
    project.write(
        "sql/deactivate.sql",
        "UPDATE {{ rule.table }} SET {{ rule.active }} = FALSE WHERE {{ rule.active }}",
    );
    let ended = project.onerow("check").exits(3);
    ended.prints(&["no-partition", "deactivate of", "window.filter"]);
    let findings = project.onerow("check --format json").exits(3).json();
    assert_eq!(findings[0]["code"], "no-partition");
    assert_eq!(findings[0]["place"]["line"], 2);
    for command in ["apply", "plan", "run deactivate"] {
        project.onerow(&format!("{command} {DATE}")).exits(3).says(&["no-partition"]);
    }
    assert_eq!(project.active(), ["p1", "p2"]);
    assert!(project.ledger().is_empty());
}

#[test]
fn a_keep_that_does_not_determine_the_survivor_is_a_finding() {
    let project = Project::new(&RULE.replace(", \"id DESC\"]", "]"));
    let ended = project.onerow("check").exits(3);
    ended.prints(&["undetermined-survivor", "onerow.toml:9:", "\"id DESC\""]);
}

#[test]
fn a_column_that_the_table_lacks_is_named() {
    let project = loaded();
    project.write("onerow.toml", RULE.replace("player", "player_name"));
    let ended = project.onerow(&format!("apply {DATE}")).exits(1);
    ended.says(&["player_name", "did you mean `player`?", "detect of 2026-01-28"]);
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_table_or_database_that_does_not_exist_is_not_created() {
    let project = Project::new(RULE);
    for command in ["status", "plan", "apply", "run detect"] {
        project.onerow(&format!("{command} {DATE}")).exits(1).says(&["onerow load"]);
    }
    project.onerow("log").exits(1).says(&["onerow load"]);
    assert!(!project.path(".onerow").exists());
    let project = loaded();
    project.write("onerow.toml", RULE.replace("nba.predictions", "nba.prediction"));
    let ended = project.onerow(&format!("apply {DATE}")).exits(1);
    ended.says(&["nba.prediction", "nba.predictions"]);
}

#[test]
fn a_bad_row_is_named_and_nothing_is_loaded() {
    let good = "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n";
    let cases: [(&str, String, &[&str]); 7] = [
        (
            "a.csv",
            format!("{HEADER}{good}p2,2026-01-28,g,a,x,true,\n"),
            &["a.csv:3:", "points_line", "`x`"],
        ),
        ("a.csv", format!("{HEADER}{good}p2,2026-01-28\n"), &["a.csv:3:", "2 fields"]),
        ("a.csv", "id,playr\np1,a\n".to_owned(), &["a.csv:1:4", "did you mean `player`?"]),
        ("a.csv", String::new(), &["a.csv", "is empty"]),
        ("a.csv", HEADER.to_owned(), &["a.csv", "is empty"]),
        ("a.ndjson", "{\"id\": \"p1\"}\n{\"id\": 7}\n".to_owned(), &["a.ndjson:2:8", "STRING"]),
        ("a.txt", good.to_owned(), &["of no known format"]),
    ];
    for (name, text, says) in cases {
        let project = Project::new(RULE);
        project.write(name, text);
        let ended = project.onerow(&format!("load {name}"));
        assert_ne!(ended.code, Some(0), "{ended}");
        ended.says(says);
        assert!(!project.path(".onerow").exists(), "{name}: nothing is created");
    }
    let project = loaded();
    project.write("good.csv", format!("{HEADER}{good}"));
    project.write("bad.csv", b"id\n\xff\n");
    project.onerow("load good.csv bad.csv").exits(1).says(&["bad.csv", "not UTF-8"]);
    assert_eq!(project.active(), ["p1", "p2"]);
    project.onerow("load missing.csv").exits(1).says(&["cannot read `missing.csv`"]);
}

#[test]
fn a_locked_database_is_said_to_be_locked() {
    let project = loaded();
    let lock = project.database();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ended = project.onerow(&format!("status {DATE}")).exits(1);
    ended.says(&["locked", "local.db"]);
    drop(lock);
    project.onerow(&format!("status {DATE}")).exits(0);
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let project = Project::new(RULE);
    project.write(".onerow/local.db", "this is a letter to my aunt, not a database");
    project.onerow(&format!("apply {DATE}")).exits(1).says(&["local.db"]);
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
    project.onerow(&format!("render {DATE}")).exits(0).prints(&["UPDATE `nba.predictions`"]);
    project
        .onerow(&format!("apply {DATE}"))
        .exits(1)
        .says(&["cannot read the credentials file", "no.json"]);
    project.onerow("load rows.csv").exits(1);
    assert!(!project.path(".onerow").exists(), "nothing was created");
}

/// Deactivating sets it, and undoing does: another row would survive the next time.
#[test]
fn touched_at_is_not_what_rows_are_ranked_by() {
    for (from, to, role) in [
        ("keep = [\"created_at", "keep = [\"COALESCE(updated_at, created_at)", "keep"),
        ("key = [", "key = [\"DATE(updated_at)\", ", "key"),
    ] {
        let project = Project::new(&RULE.replace(from, to));
        let message = format!("`touched_at` is updated_at, which the rule's {role} reads");
        project.onerow("check").exits(2).says(&[&message, "onerow.toml:", "name another column"]);
    }
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
    for (given, instead) in [
        ("points_line = \"NUMERIC\"", "onerow_rank = \"NUMERIC\""),
        ("row_id = \"id\"", "row_id = \"Onerow_Row\""),
        ("\"player\"]", "\"LOWER(onerow_row)\"]"),
        ("\"id DESC\"]", "\"_onerow_streamed_at\"]"),
    ] {
        let project = Project::new(&RULE.replacen(given, instead, 1));
        let refused = project.onerow("check --date 2026-01-28").exits(2);
        refused.says(&["is a name of onerow's own", "onerow.toml:", "rename the column"]);
    }
}

#[test]
fn a_name_that_bigquery_takes_for_no_column_is_refused_with_the_way_out() {
    let (partition, key, keep) = ("partition = \"game_date\"", "\"player\"]", "\"id DESC\"]");
    for (given, instead, says) in [
        (partition, "partition = \"game.date\"", "`.` cannot be in a column's name"),
        (
            "active = \"is_active\"",
            "active = \"`is_active`\"",
            "write the name here without backquotes",
        ),
        (partition, "partition = \"game\\tdate\"", "`\\t` cannot be in a column's name"),
        (key, "\"player name\"]", "if that is one column, write it as `player name`"),
        (keep, "\"größe DESC\"]", "write it as `größe`"),
        (
            "points_line = \"NUMERIC\"",
            "_FILE_NAME = \"STRING\"",
            "BigQuery keeps names that begin so",
        ),
        ("points_line = \"NUMERIC\"", "\"a;b\" = \"NUMERIC\"", "`;` cannot be in a column's name"),
    ] {
        let rule = RULE.replacen(given, instead, 1);
        assert_ne!(rule, RULE, "{given}");
        Project::new(&rule)
            .onerow("check --date 2026-01-28")
            .exits(2)
            .says(&["onerow.toml:", says]);
    }
}
