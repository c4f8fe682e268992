//! `--changed`: what BigQuery's books say of partitions decides which dates are looked at. The books are a table
//! that stands for `INFORMATION_SCHEMA.PARTITIONS`, of its form.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::fixture::{Fixture, a_year};
use super::proxy::Call;
use crate::common::whole::whole;
use crate::common::{RULE, part};

const YEAR: &str = "--from 2025-01-01 --to 2025-12-31";

/// Each date of the year, as its partition is called, and how it stands.
fn year() -> Vec<(String, String, i64)> {
    let first = jiff::civil::date(2025, 1, 1);
    let day = |number| first + jiff::Span::new().days(number);
    let stand =
        |number| (day(number).strftime("%Y%m%d").to_string(), "2026-01-01T00:00:00Z".to_owned(), 1);
    (0..365).map(stand).collect()
}

pub(super) fn keep_books(fixture: &Fixture, partitions: &[(String, String, i64)]) {
    let table = fixture.table("partitions");
    let columns = "table_name STRING, partition_id STRING, last_modified_time TIMESTAMP, total_rows INT64, \
                   total_logical_bytes INT64";
    fixture.emulator.query(&format!("CREATE OR REPLACE TABLE {table} ({columns})"));
    let rows = partitions.iter().map(|(id, modified, rows)| {
        format!("('predictions', '{id}', TIMESTAMP '{modified}', {rows}, {})", rows * 100)
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    fixture.emulator.query(&format!("INSERT INTO {table} VALUES {rows}"));
}

/// The jobs about the rule's table, and the question after its partitions.
fn jobs(fixture: &Fixture) -> Vec<String> {
    let seen = fixture.proxy.seen().into_iter();
    let jobs = seen.filter_map(|(call, _)| match call {
        Call::Insert { sql, .. } if sql.contains("INFORMATION_SCHEMA.PARTITIONS") => {
            Some("partitions".to_owned())
        }
        Call::Insert { dry_run: false, step, .. } if step != "ledger" && step != "log" => {
            Some(step)
        }
        _ => None,
    });
    jobs.collect()
}

/// When the statement that changed this date ran.
fn changed_at(fixture: &Fixture, date: &str) -> String {
    let entries = fixture.entries();
    let of_date = |entry: &&Json| {
        entry["step"] == "deactivate" && entry["outcome"] == "done" && entry["first_date"] == date
    };
    let entry = entries.iter().rfind(of_date).unwrap_or_else(|| panic!("no UPDATE of {date}"));
    entry["ended_at"].as_str().unwrap().to_owned()
}

#[test]
fn a_year_of_which_one_date_is_dirty_takes_the_jobs_of_that_date() {
    if !part::is_turn(0, 3) {
        return;
    }
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    let mut books = year();
    keep_books(&fixture, &books);
    let first = fixture.project.onerow("apply --changed --format json").exits(0).json();
    assert_eq!(first["dates"].as_array().unwrap().len(), 365, "nothing is known of them yet");
    assert_eq!(first["totals"]["deactivated"], 10);

    // What the run itself has changed is no change once it is verified.
    for date in first["dates"].as_array().unwrap().iter().filter(|date| date["deactivated"] == 1) {
        let date = date["date"].as_str().unwrap();
        let id = date.replace('-', "");
        let at = changed_at(&fixture, date);
        let book = books.iter_mut().find(|(known, _, _)| *known == id).unwrap();
        (book.1, book.2) = (at, 2);
    }
    keep_books(&fixture, &books);
    fixture.proxy.forget();
    let nothing = fixture.project.onerow("apply --changed").exits(0);
    whole!(nothing, @"
    $ onerow apply --changed
    -- stderr
    predictions: 0 dates to check; 365 dates unchanged since last found clean
    ");
    assert_eq!(jobs(&fixture), ["partitions"], "and nothing else");

    // Three dates are written to, and one of them gets a duplicate.
    let insert = format!(
        "INSERT INTO {} (id, game_date, game_id, player, is_active, created_at) VALUES \
         ('late', DATE '2025-03-05', 'g', 'p', TRUE, TIMESTAMP '2025-03-05 09:00:00')",
        fixture.table("predictions")
    );
    fixture.emulator.query(&insert);
    for id in ["20250305", "20250306", "20250901"] {
        let book = books.iter_mut().find(|(known, _, _)| known == id).unwrap();
        book.1 = "2026-02-01T00:00:00Z".to_owned();
    }
    keep_books(&fixture, &books);
    fixture.proxy.forget();
    let ended = fixture.project.onerow(&format!("apply --changed {YEAR} --format json")).exits(0);
    whole!(ended.stderr, @"predictions: 3 dates to check; 362 dates unchanged since last found clean");
    let report = ended.json();
    assert_eq!(report["dates"].as_array().unwrap().len(), 3);
    assert_eq!(report["totals"]["deactivated"], 1);
    assert_eq!(jobs(&fixture), ["partitions", "detect", "record", "deactivate", "verify"]);
}

#[test]
fn another_definition_of_a_duplicate_makes_every_date_one_to_look_at() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(super::fixture::ROWS);
    let books = ["20260127", "20260128", "20260129"]
        .map(|id| (id.to_owned(), "2026-01-30T00:00:00Z".to_owned(), 1));
    keep_books(&fixture, &books);
    fixture.project.onerow("apply --changed").exits(0);
    whole!(fixture.project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      2            0          0            0   clean
     2026-01-29        1      1            0          0            0   clean
    ────────
     total             3      3            0          0            0
    -- stderr
    predictions: 2 dates to check; 1 date unchanged since last found clean
    ");
    let rules = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    let other = rules.replace("created_at DESC", "created_at ASC");
    assert_ne!(rules, other);
    fixture.project.write("onerow.toml", other);
    whole!(fixture.project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        2      2            0          0            0   clean
     2026-01-29        1      1            0          0            0   clean
    ────────
     total             4      4            0          0            0
    -- stderr
    predictions: 3 dates to check; 0 dates unchanged since last found clean
    ");
}

#[test]
fn dates_of_rows_that_are_being_streamed_are_looked_at_and_rows_without_a_partition_are_said() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(super::fixture::ROWS);
    let now = Timestamp::now();
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let old = ("20260127".to_owned(), "2026-01-30T00:00:00Z".to_owned(), 1);
    let new = (today.strftime("%Y%m%d").to_string(), "2026-01-30T00:00:00Z".to_owned(), 0);
    keep_books(&fixture, &[old.clone(), new.clone()]);
    let window = format!("--date 2026-01-27,{today}");
    fixture.project.onerow(&format!("apply --changed {window}")).exits(0);
    let looks = |words: &str| {
        fixture.project.onerow(&format!("status --changed {window}")).exits(0).says(&[words]);
    };
    looks("0 dates to check");
    fixture.proxy.habits(|habits| habits.buffer_since = Some(now));
    looks("1 date to check");
    fixture.proxy.habits(|habits| habits.buffer_since = None);
    let outside = ("__UNPARTITIONED__".to_owned(), "2026-01-30T00:00:00Z".to_owned(), 7);
    keep_books(&fixture, &[old, new, outside]);
    looks("7 rows");
}

#[test]
fn where_nobody_says_when_dates_were_written_all_of_them_are_taken() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(super::fixture::ROWS);
    let table = fixture.table("partitions");
    fixture.emulator.query(&format!(
        "CREATE TABLE {table} (table_name STRING, partition_id STRING, last_modified_time STRING, \
         total_rows INT64, total_logical_bytes INT64)"
    ));
    fixture
        .emulator
        .query(&format!("INSERT INTO {table} VALUES ('predictions', '20260128', 'no time', 1, 1)"));
    let window = super::fixture::WINDOW;
    whole!(fixture.project.onerow(&format!("status --changed {window}")), @"
    $ onerow status --changed --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    -- stderr
    predictions: INFORMATION_SCHEMA.PARTITIONS has another form than BigQuery's; all dates are taken
    predictions: 3 dates to check; 0 dates unchanged since last found clean
    ");
    whole!(fixture.project.onerow("status --changed"), @"
    $ onerow status --changed
    exit code 1
    -- stderr
    error[unsupported]: INFORMATION_SCHEMA.PARTITIONS has another form than BigQuery's
      help: name the dates, such as `--last 30 --changed`
    ");
}

#[test]
fn a_table_without_dates_is_looked_at_where_it_was_written_or_nobody_says() {
    let rule = RULE.replace("nba.", "DATASET.").replace("\"game_date\"", "\"none\"");
    let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
    let fixture = fixture.rows(super::fixture::ROWS);
    let looks = |words: &str| {
        fixture.project.onerow("apply --changed").exits(0).says(&[words]);
    };
    fixture.proxy.habits(|habits| habits.buffer_since = None);
    let table = fixture.table("partitions");
    let columns = "table_name STRING, partition_id STRING, last_modified_time STRING, total_rows INT64, \
                   total_logical_bytes INT64";
    fixture.emulator.query(&format!("CREATE TABLE {table} ({columns})"));
    let rows = "('predictions', NULL, 'no time', 1, 1)";
    fixture.emulator.query(&format!("INSERT INTO {table} VALUES {rows}"));
    looks("1 date to check");
    looks("all dates are taken");
    let books = |at: &str| {
        keep_books(&fixture, &[("20260127".to_owned(), at.to_owned(), 4)]);
    };
    books("2026-01-30T00:00:00Z");
    looks("1 date to check");
    looks("0 dates to check; 1 date unchanged");
    books("2026-01-31T00:00:00Z");
    looks("1 date to check");
}

/// The key is looked for on the dates that have a partition, and what that bills is said before it is sent.
#[test]
fn a_key_is_looked_for_on_every_date_that_has_a_partition() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    keep_books(&fixture, &year());
    fixture.proxy.forget();
    let ended = fixture.project.onerow("explain --key player=p --format json").exits(0);
    assert_eq!(ended.json()["superseded"].as_array().unwrap().len(), 10);
    let said = "predictions: looking for the key on all 365 dates of the table, 2025-01-01 to 2025-12-31; that bills \
                at most ";
    assert!(ended.stderr.starts_with(said), "{ended}");
    assert_eq!(jobs(&fixture), ["partitions", "explain"]);
}

/// A table that is not cut by the rule's dates says none.
#[test]
fn where_no_partition_says_a_date_the_last_ones_are_looked_at() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    keep_books(&fixture, &year());
    let table = fixture.table("partitions");
    fixture.emulator.query(&format!("UPDATE {table} SET partition_id = NULL WHERE TRUE"));
    let words = "explain --key player=p --format json --now 2026-01-01T12:00:00Z";
    let ended = fixture.project.onerow(words).exits(0);
    whole!(ended, @r#"
    $ onerow explain --key player=p --format json --now [TIME]
    -- stdout
    {
      "rule": "predictions",
      "superseded": []
    }
    -- stderr
    predictions: the warehouse does not say which dates the table has, so the key is looked for on the last 14 only; name others with --from or --last
    "#);
}
