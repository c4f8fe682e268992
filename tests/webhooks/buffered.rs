//! Rows that are buffered still, hours after a run first found them so.

use super::receiver::{Receiver, run};
use crate::common::whole::whole;
use crate::common::{Project, RULE};

/// Streamed rows stay for ten hours, so that there is something to tell.
fn project() -> Project {
    let rules = RULE.replace("type = \"sqlite\"", "type = \"sqlite\"\ndrain = \"10h\"");
    Project::new(&format!(
        "{rules}\n[webhook.ops]\nurl_env = \"OPS_URL\"\nallow_local = true\nbuffered_for = \"3h\"\n"
    ))
}

/// A pair of rows of this date, streamed at this time.
fn stream(project: &Project, day: u8, hour: u8) {
    let row = |n: u8| {
        format!("r{day}{hour}{n},2026-01-{day},g{hour},p1,,true,2026-01-30T{hour:02}:00:0{n}Z")
    };
    project.streamed(&format!("2026-01-30T{hour:02}:00:00Z"), &[row(1), row(2)].join("\n"));
}

fn apply(project: &Project, receiver: &Receiver, dates: &str, now: &str) {
    let command = format!("apply {dates} --now 2026-01-30T{now}Z");
    run(project, receiver, &command).exits(75);
}

#[test]
fn it_is_told_from_the_hour_on_and_not_a_second_before() {
    let (project, receiver) = (project(), Receiver::new());
    stream(&project, 28, 9);
    for quiet in ["09:05:00", "10:00:00", "12:04:59"] {
        apply(&project, &receiver, "--date 2026-01-28", quiet);
    }
    assert_eq!(receiver.messages().len(), 0);
    apply(&project, &receiver, "--date 2026-01-28", "12:05:00");
    whole!(receiver.text(), @"
    *predictions: rows are still in the streaming buffer*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 1 buffered
    • 2026-01-28: buffered since at least 2026-01-30 09:05 UTC, for 3h
    Next: the streaming buffer drains within 90 minutes, so something still writes to the table: find it, then run the same command again
    ");
}

#[test]
fn each_date_counts_by_itself() {
    let (project, receiver) = (project(), Receiver::new());
    stream(&project, 27, 9);
    stream(&project, 28, 9);
    apply(&project, &receiver, "--date 2026-01-27", "09:05:00");
    apply(&project, &receiver, "--date 2026-01-28", "10:30:00");
    apply(&project, &receiver, "--date 2026-01-27 --date 2026-01-28", "12:30:00");
    whole!(receiver.text(), @"
    *predictions: rows are still in the streaming buffer*
    apply of 2026-01-27 to 2026-01-28, run `[RUN]`
    duplicates: 2 found, 0 removed, 2 buffered
    • 2026-01-27: buffered since at least 2026-01-30 09:05 UTC, for 3h 25m
    Next: the streaming buffer drains within 90 minutes, so something still writes to the table: find it, then run the same command again
    ");
}

#[test]
fn the_count_begins_anew_after_a_run_that_left_nothing_buffered() {
    let (project, receiver) = (project(), Receiver::new());
    stream(&project, 28, 1);
    apply(&project, &receiver, "--date 2026-01-28", "01:05:00");
    run(&project, &receiver, "apply --date 2026-01-28 --now 2026-01-30T11:30:00Z").exits(0);
    stream(&project, 28, 12);
    apply(&project, &receiver, "--date 2026-01-28", "12:05:00");
    apply(&project, &receiver, "--date 2026-01-28", "15:04:00");
    assert_eq!(receiver.messages().len(), 0);
    apply(&project, &receiver, "--date 2026-01-28", "15:06:00");
    whole!(receiver.text(), @"
    *predictions: rows are still in the streaming buffer*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 1 buffered
    • 2026-01-28: buffered since at least 2026-01-30 12:05 UTC, for 3h 1m
    Next: the streaming buffer drains within 90 minutes, so something still writes to the table: find it, then run the same command again
    ");
}
