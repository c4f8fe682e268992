//! The streaming buffer: what the metadata tells of it, and an UPDATE that runs into it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::fixture::{Fixture, WINDOW};
use super::proxy::Fault;
use crate::common::whole::whole;
use crate::common::{Ended, RULE};

/// Rows of long ago, and rows that were written a moment ago: of those, `c2` is superseded.
fn rows() -> String {
    let now = Timestamp::now();
    let newer = now + SignedDuration::from_millis(1);
    format!(
        "b1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z\n\
         b2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z\n\
         b3,2026-01-28,g1,a,,true,{now}\n\
         c1,2026-01-29,g1,a,,true,2026-01-29T01:00:00Z\n\
         c2,2026-01-29,g1,a,,true,{now}\n\
         c3,2026-01-29,g1,a,,true,{newer}"
    )
}

fn with_buffer(rule: &str, hidden: bool) -> Option<Fixture> {
    let fixture = Fixture::with_rules(&rule.replace("nba.", "DATASET."), "")?.rows(&rows());
    fixture.proxy.habits(|habits| {
        habits.buffer_since = Some(Timestamp::now() - SignedDuration::from_secs(60));
        habits.hides_buffer = hidden;
    });
    Some(fixture)
}

/// A rule that cannot tell which rows are in the buffer.
fn without_written_at() -> String {
    RULE.replace("written_at = \"created_at\"\n", "")
}

fn updates(fixture: &Fixture) -> usize {
    fixture.proxy.names().iter().filter(|name| *name == "insert deactivate").count()
}

#[test]
fn settled_rows_are_deactivated_and_buffered_ones_are_counted() {
    let Some(fixture) = with_buffer(RULE, false) else { return };
    let apply = fixture.project.onerow(&format!("apply {WINDOW} --format json")).exits(75).json();
    let dates = apply["dates"].as_array().unwrap();
    let statuses: Vec<_> = dates.iter().map(|date| &date["status"]).collect();
    assert_eq!(statuses, ["empty", "cleaned", "partial"]);
    assert_eq!((&dates[2]["buffered"], &dates[2]["deactivated"]), (&1.into(), &1.into()));
    assert_eq!(fixture.active(), ["b3", "c2", "c3"]);
}

#[test]
fn metadata_that_lags_costs_a_second_attempt_and_changes_nothing_else() {
    let Some(fixture) = with_buffer(RULE, true) else { return };
    let mut ended = fixture.project.onerow(&format!("apply {WINDOW}"));
    // Two dates are changed at a time: either may be refused first.
    let (refused, rest): (Vec<&str>, Vec<&str>) =
        ended.stderr.split_inclusive('\n').partition(|line| line.contains(": refused"));
    let refused: BTreeSet<&str> = refused.into_iter().collect();
    ended.stderr = refused.into_iter().chain(rest).collect();
    whole!(ended, @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 75
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        0      0            0          0            0         0   empty
     2026-01-28        3      1            2          0            0         2   cleaned
     2026-01-29        3      1            2          1            0         1   partial
    ────────
     total             6      2            4          1            0         3
    -- stderr
    2026-01-28: refused because of rows in the streaming buffer; retrying with rows written before [TIME]
    2026-01-29: refused because of rows in the streaming buffer; retrying with rows written before [TIME]
    predictions: no rows at all on 2026-01-27
      help: if rows were expected there, look at what loads the table
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(fixture.active(), ["b3", "c2", "c3"]);
    let story = fixture.story();
    for date in ["2026-01-28", "2026-01-29"] {
        let of_date = story.iter().filter(|line| line.starts_with(&format!("deactivate {date}")));
        let states: Vec<&str> =
            of_date.filter_map(|line| line.split(' ').nth(2)).filter(|s| *s != "started").collect();
        assert_eq!(states, ["failed", "done"], "{date}: {story:?}");
    }
}

/// BigQuery refuses a statement that would touch buffered rows, and no other.
#[test]
fn a_rule_that_cannot_tell_is_tried_date_by_date() {
    let Some(fixture) = with_buffer(&without_written_at(), false) else { return };
    fixture.proxy.habits(|habits| habits.buffered_dates = vec!["2026-01-29"]);
    let apply = fixture.project.onerow(&format!("apply {WINDOW} --format json")).exits(75).json();
    let dates = apply["dates"].as_array().unwrap();
    let statuses: Vec<_> = dates.iter().map(|date| &date["status"]).collect();
    assert_eq!(statuses, ["empty", "cleaned", "buffered"]);
    assert_eq!(
        (&apply["totals"]["buffered"], &apply["totals"]["deactivated"]),
        (&2.into(), &2.into())
    );
    assert_eq!(updates(&fixture), 2, "one for each date, and no second try");
    assert_eq!(fixture.active(), ["b3", "c1", "c2", "c3"]);
}

/// The metadata may report a buffer for rows that were written with the Storage Write API, and DML takes them.
/// Source: <https://cloud.google.com/bigquery/docs/write-api#use_data_manipulation_language_dml_with_recently_streamed_data>
#[test]
fn rows_of_the_storage_write_api_are_cleaned_at_once() {
    let Some(fixture) = with_buffer(&without_written_at(), false) else { return };
    fixture.proxy.habits(|habits| habits.buffered_dates = vec!["none"]);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), ["b3", "c3"]);
}

#[test]
fn a_rule_that_cannot_tell_waits_until_what_was_there_has_left_the_buffer() {
    let Some(fixture) = with_buffer(&without_written_at(), false) else { return };
    // The table is streamed to without end: the buffer is never empty, and what is in it gets younger.
    let moves_on = || {
        fixture.proxy.habits(|habits| {
            habits.buffered_dates = vec!["none"];
            habits.buffer_since = Some(Timestamp::now() + SignedDuration::from_secs(1));
        });
    };
    let apply = apply_and_wait(&fixture, moves_on).exits(0);
    assert_eq!(apply.json()["totals"]["deactivated"], 4);
    assert_eq!(updates(&fixture), 4, "each date was tried once before the wait and once after it");
    assert_eq!(fixture.active(), ["b3", "c3"]);
}

/// The time of writing as another type: the table, its rows as CSV cells, and the rule's own words for it.
#[test]
fn written_at_may_be_a_datetime_or_a_number() {
    let now = Timestamp::now();
    let datetime = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let micros = |at: Timestamp| at.as_microsecond().to_string();
    type Written<'a> = &'a dyn Fn(Timestamp) -> String;
    for (sql_type, unit, written) in [
        ("DATETIME", "", &datetime as Written<'_>),
        ("INT64", "written_unit = \"micros\"\n", &micros),
    ] {
        let rule = RULE
            .replace("nba.", "DATASET.")
            .replace("time_zone", &format!("{unit}time_zone"))
            .replace("created_at = \"TIMESTAMP\"", &format!("created_at = \"{sql_type}\""));
        let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
        let mut columns = super::fixture::COLUMNS;
        columns[6].1 = sql_type;
        let table = fixture.table("predictions");
        fixture.emulator.create_table(&table, &columns, "game_date", "game_id");
        let old: Timestamp = "2026-01-28T01:00:00Z".parse().unwrap();
        let row = |id: &str, at: Timestamp| format!("{id},2026-01-28,g1,a,,true,{}\n", written(at));
        let hour = SignedDuration::from_hours(1);
        let rows =
            [row("b1", old), row("b2", old + hour), row("b3", now), row("b4", now + hour / 3600)];
        fixture.emulator.load(&table, &format!("{}{}", crate::common::HEADER, rows.concat()));
        fixture.proxy.habits(|habits| habits.buffer_since = Some(now - hour / 60));
        let doctor = fixture.project.onerow("doctor --date 2026-01-28").exits(0);
        doctor.prints(&["`created_at` tells which ones can be touched"]);
        let apply =
            fixture.project.onerow("apply --date 2026-01-28 --format json").exits(75).json();
        let date = &apply["dates"][0];
        assert_eq!((&date["buffered"], &date["deactivated"]), (&1.into(), &2.into()), "{sql_type}");
        assert_eq!(fixture.active(), ["b3", "b4"], "{sql_type}");
    }
}

#[test]
fn a_rule_that_cannot_tell_is_refused_once_where_the_metadata_lags() {
    let Some(fixture) = with_buffer(&without_written_at(), true) else { return };
    let apply = fixture.project.onerow(&format!("apply {WINDOW} --format json")).exits(75).json();
    assert_eq!(
        (&apply["totals"]["buffered"], &apply["totals"]["deactivated"]),
        (&4.into(), &0.into())
    );
    assert_eq!(updates(&fixture), 2, "one for each date");
}

/// Runs `apply --wait`, and does this while it waits.
fn apply_and_wait(fixture: &Fixture, then: impl FnOnce()) -> Ended {
    let command = format!("apply {WINDOW} --wait 60s --format json");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| fixture.project.onerow(&command));
        while updates(fixture) < 2 {
            std::thread::sleep(Duration::from_millis(50));
        }
        then();
        run.join().unwrap()
    })
}

#[test]
fn wait_stays_until_the_buffer_has_drained() {
    let Some(fixture) = with_buffer(RULE, false) else { return };
    let drain = || fixture.proxy.habits(|habits| habits.buffer_since = None);
    let apply = apply_and_wait(&fixture, drain);
    let apply = apply.exits(0);
    whole!(apply.stderr, @"
    predictions: waiting for 1 row in the streaming buffer to settle, at most [PAUSE] more
    predictions: no rows at all on 2026-01-27
      help: if rows were expected there, look at what loads the table
    ");
    assert_eq!(apply.json()["totals"]["deactivated"], 4);
    assert_eq!(fixture.active(), ["b3", "c3"]);
}

#[test]
fn a_wait_that_breaks_off_reports_what_was_done_before_it() {
    let Some(fixture) = with_buffer(RULE, false) else { return };
    let lock = || fixture.proxy.arm("table", Fault::Refuse(403, "accessDenied"), 9);
    let apply = apply_and_wait(&fixture, lock);
    let apply = apply.exits(1);
    whole!(apply.stderr, @"
    predictions: waiting for 1 row in the streaming buffer to settle, at most [PAUSE] more
    error[access-denied]: BigQuery says accessDenied: said the proxy
      note: while reading the metadata of [DATASET].predictions
      note: while waiting for buffered rows
      help: compare the granted roles with docs/bigquery.md; `onerow doctor` tries each
    predictions: no rows at all on 2026-01-27
      help: if rows were expected there, look at what loads the table
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(apply.json()["totals"]["deactivated"], 3);
    assert_eq!(fixture.active(), ["b3", "c2", "c3"]);
}

#[test]
fn wait_gives_up_when_its_time_is_up() {
    let Some(fixture) = with_buffer(RULE, false) else { return };
    fixture.project.onerow(&format!("apply {WINDOW} --wait 2s")).exits(75).says(&["waiting for"]);
    assert_eq!(fixture.active(), ["b3", "c2", "c3"]);
}
