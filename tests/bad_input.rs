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
    whole!(said, @"");
}

#[test]
fn a_rule_file_that_is_missing_or_not_utf_8_is_named() {
    let project = Project::new(RULE);
    project.write("onerow.toml", b"\xff\xfe");
    whole!(project.onerow("check"), @"");
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().display().to_string();
    whole!(project.onerow(&format!("check --project-dir {folder}")), @"");
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
    whole!(said, @"");
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
    whole!(said, @"");
}

#[test]
fn several_rules_and_none_named_is_refused() {
    let project = Project::example();
    whole!(project.onerow(&format!("apply {DATE}")), @"");
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
        "{% import 'survivors.sql' as s %}SELECT 1",
    ] {
        project.write("sql/deactivate.sql", template);
        said.add(&project.onerow(&format!("apply {DATE}")).exits(2));
    }
    whole!(said, @"");
    project.write("sql/deactivate.sql", b"SELECT \xff");
    whole!(project.onerow("check"), @"");
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_folder_of_templates_that_belongs_to_no_rule_is_refused() {
    let project = loaded();
    project.write("sql/prediction/detect.sql", "SELECT 1");
    whole!(project.onerow("check"), @"");
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
    let mut said = Transcript::default();
    for command in ["apply", "plan", "run deactivate"] {
        said.add(&project.onerow(&format!("{command} {DATE}")).exits(3));
    }
    whole!(said, @"");
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
    whole!(project.onerow(&format!("apply {DATE}")), @"");
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn a_table_or_database_that_does_not_exist_is_not_created() {
    let project = Project::new(RULE);
    let mut said = Transcript::default();
    for command in ["status", "plan", "apply", "run detect"] {
        said.add(&project.onerow(&format!("{command} {DATE}")).exits(1));
    }
    whole!(said, @"");
    whole!(project.onerow("log"), @"");
    assert!(!project.path(".onerow").exists());
    let project = loaded();
    project.write("onerow.toml", RULE.replace("nba.predictions", "nba.prediction"));
    whole!(project.onerow(&format!("apply {DATE}")), @"");
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
    whole!(said, @"");
    let project = loaded();
    project.write("good.csv", format!("{HEADER}{good}"));
    project.write("bad.csv", b"id\n\xff\n");
    whole!(project.onerow("load good.csv bad.csv"), @"");
    assert_eq!(project.active(), ["p1", "p2"]);
    whole!(project.onerow("load missing.csv"), @"");
}

#[test]
fn a_locked_database_is_said_to_be_locked() {
    let project = loaded();
    let lock = project.database();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    whole!(project.onerow(&format!("status {DATE}")), @"");
    drop(lock);
    project.onerow(&format!("status {DATE}")).exits(0);
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let project = Project::new(RULE);
    project.write(".onerow/local.db", "this is a letter to my aunt, not a database");
    whole!(project.onerow(&format!("apply {DATE}")), @"");
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
    whole!(project.onerow(&format!("apply {DATE}")), @"");
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
    whole!(said, @"");
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
    whole!(said, @"");
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
    whole!(said, @"");
}
