use std::collections::BTreeMap;

use super::*;
use crate::run::PastDay;
use crate::statement::StepName;
use crate::window::Window;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn counted(duplicates: u64, buffered: u64) -> Counts {
    let (active, keys) = (10 + duplicates, 10);
    let settled = active - buffered;
    Counts { total: active, active, keys, duplicates, buffered, settled, ..Counts::default() }
}

/// A run over 2026-01-20 and 2026-01-21 that found and left these counts, and took a minute.
fn run(rule: &str, began: &str, outcome: PastOutcome, days: &[(&str, Counts, Counts)]) -> PastRun {
    let began = at(began);
    let past = |(date, found, left): &(&str, Counts, Counts)| {
        let deactivated = found.duplicates - left.duplicates;
        (day(date), PastDay { found: *found, left: *left, deactivated, ..PastDay::default() })
    };
    PastRun {
        id: RunId::new(began),
        rule: RuleName::parse(rule).unwrap(),
        window: Window::range(day("2026-01-20"), day("2026-01-21")).unwrap(),
        steps: vec![StepName::detect()],
        began,
        ended: began + SignedDuration::from_mins(1),
        who: "ana".to_owned(),
        outcome,
        statements: 1,
        failed: 0,
        bytes_billed: Some(10),
        counted: BTreeSet::from([day("2026-01-20"), day("2026-01-21")]),
        days: days.iter().map(past).collect(),
        undoes: None,
        undone: BTreeMap::new(),
    }
}

fn rule() -> Rule {
    let text = "[rule.a]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                row_id = \"id\"\nactive = \"a\"\n";
    crate::rule::RuleFile::parse("onerow.toml", text).unwrap().rules.remove(0)
}

/// What is known of rule `a` after these runs, oldest first, at noon of 2026-01-25.
fn of(mut runs: Vec<PastRun>) -> Known {
    runs.reverse();
    known(&runs, at("2026-01-25T12:00:00Z")).remove(&RuleName::parse("a").unwrap()).unwrap()
}

const NONE: Counts = Counts {
    total: 0,
    active: 0,
    keys: 0,
    duplicates: 0,
    buffered: 0,
    shared_ids: 0,
    settled: 0,
    keyless: 0,
    unflagged: 0,
};

#[test]
fn a_date_is_as_the_last_run_that_counted_it_left_it() {
    let first = [
        ("2026-01-20", counted(5, 0), counted(0, 0)),
        ("2026-01-21", counted(3, 3), counted(3, 3)),
    ];
    let first = run("a", "2026-01-22T10:00:00Z", PastOutcome::Buffered, &first);
    let known = of(vec![first.clone()]);
    let latest = known.latest_status(&rule(), None);
    assert_eq!(latest.status, Some(Status::Buffered));
    assert_eq!((latest.duplicates, latest.buffered, latest.undated), (3, 3, None));
    assert_eq!(known.last_clean, None);
    let then = run(
        "a",
        "2026-01-23T10:00:00Z",
        PastOutcome::Done,
        &[("2026-01-21", counted(3, 0), counted(0, 0))],
    );
    let known = of(vec![first, then.clone()]);
    assert_eq!(known.latest_status(&rule(), None).status, Some(Status::Clean));
    assert_eq!(known.last_clean, Some(at("2026-01-23T10:01:00Z")));
    assert_eq!(known.left.len(), 1, "the other date has no rows any more");
    assert_eq!(known.last_run.unwrap().id, then.id);
}

#[test]
fn what_is_counted_now_takes_the_place_of_what_the_ledger_knows_and_the_rest_stays() {
    let days = [
        ("2026-01-20", counted(5, 0), counted(5, 0)),
        ("2026-01-21", counted(0, 0), counted(0, 0)),
    ];
    let known = of(vec![run("a", "2026-01-22T10:00:00Z", PastOutcome::Failed, &days)]);
    let mut report = Report::nothing(&rule());
    report.days.push(crate::run::DayReport {
        day: day("2026-01-21"),
        counts: counted(2, 1),
        deactivated: None,
        failed: false,
        on_keyless: rule().on_keyless,
    });
    let latest = known.latest_status(&rule(), Some(&report));
    assert_eq!(latest.status, Some(Status::Dirty), "2026-01-20 was not counted again");
    assert_eq!((latest.duplicates, latest.buffered, latest.undated), (7, 1, Some(0)));
    let unknown = Known::default().latest_status(&rule(), None);
    assert_eq!((unknown.status, unknown.duplicates), (None, 0));
}

#[test]
fn a_run_that_only_found_duplicates_or_brought_them_back_is_not_a_clean_one() {
    let found = [("2026-01-20", counted(5, 0), counted(5, 0))];
    let detected = run("a", "2026-01-22T10:00:00Z", PastOutcome::Done, &found);
    assert_eq!(of(vec![detected.clone()]).last_clean, None);
    let clean = [("2026-01-20", counted(0, 0), counted(0, 0))];
    let undo = PastRun {
        undoes: Some(detected.id.clone()),
        ..run("a", "2026-01-22T11:00:00Z", PastOutcome::Done, &clean)
    };
    assert_eq!(of(vec![undo]).last_clean, None);
    let own = PastRun {
        counted: BTreeSet::new(),
        steps: vec![StepName::parse("own").unwrap()],
        ..run("a", "2026-01-22T12:00:00Z", PastOutcome::Done, &[])
    };
    let known = of(vec![detected, own]);
    assert_eq!((known.last_clean, known.left.len()), (None, 1), "a step of its own counts nothing");
}

#[test]
fn figures_are_those_of_the_day_on_which_a_run_began_and_of_each_rule_alone() {
    let days = [("2026-01-20", counted(5, 1), counted(1, 1))];
    let runs = vec![
        run("a", "2026-01-22T23:59:30Z", PastOutcome::Buffered, &days),
        run("b", "2026-01-22T12:00:00Z", PastOutcome::Failed, &days),
        run(
            "a",
            "2026-01-23T06:00:00Z",
            PastOutcome::Done,
            &[("2026-01-20", counted(1, 0), counted(0, 0))],
        ),
    ];
    let known = of(runs);
    let of_day = |day: &str| known.by_day[&day.parse::<Date>().unwrap()];
    let first = of_day("2026-01-22");
    assert_eq!((first.runs, first.found, first.removed, first.failed), (1, 5, 4, 0));
    assert_eq!(first.bytes_billed, Some(10));
    let second = of_day("2026-01-23");
    assert_eq!((second.found, second.removed), (1, 1));
    assert_eq!(known.total().found, 6);
}

#[test]
fn rows_wait_from_the_run_that_left_them_until_the_run_that_did_not_across_midnight() {
    let waits = [("2026-01-20", counted(1, 1), counted(1, 1))];
    let first = run("a", "2026-01-22T22:59:00Z", PastOutcome::Buffered, &waits);
    let again = run("a", "2026-01-22T23:29:00Z", PastOutcome::Buffered, &waits);
    let gone = [("2026-01-20", counted(1, 0), counted(0, 0))];
    let last = run("a", "2026-01-23T01:59:00Z", PastOutcome::Done, &gone);
    let seconds = |known: &Known| -> Vec<(String, u64)> {
        let days = known.by_day.iter().filter(|(_, day)| day.buffered_seconds > 0);
        days.map(|(day, of)| (day.to_string(), of.buffered_seconds)).collect()
    };
    let known = of(vec![first.clone(), again, last]);
    let wanted = [("2026-01-22", 3600), ("2026-01-23", 7200)];
    assert_eq!(seconds(&known), wanted.map(|(day, of)| (day.to_owned(), of)));
    let open = of(vec![first]);
    assert_eq!(seconds(&open).len(), 4, "until now: {:?}", seconds(&open));
    assert_eq!(seconds(&open)[3], ("2026-01-25".to_owned(), 12 * 3600));
}

#[test]
fn a_run_that_could_not_count_leaves_what_was_known_before_it() {
    let days = [
        ("2026-01-20", counted(5, 2), counted(5, 2)),
        ("2026-01-21", counted(0, 0), counted(0, 0)),
    ];
    let found = run("a", "2026-01-22T10:00:00Z", PastOutcome::Failed, &days);
    let failed = PastRun {
        counted: BTreeSet::new(),
        ..run("a", "2026-01-23T10:00:00Z", PastOutcome::Failed, &[])
    };
    let (before, after) = (of(vec![found.clone()]), of(vec![found, failed.clone()]));
    assert_eq!((&after.left, after.counted), (&before.left, before.counted));
    assert_eq!(after.latest_status(&rule(), None).status, Some(Status::Partial));
    assert_eq!(after.total().buffered_seconds, before.total().buffered_seconds);
    assert_eq!(after.last_run.unwrap().id, failed.id);
}

#[test]
fn restored_rows_that_were_not_counted_again_are_not_clean() {
    let clean = [("2026-01-20", counted(5, 0), counted(0, 0))];
    let cleaned = run("a", "2026-01-22T10:00:00Z", PastOutcome::Done, &clean);
    let restored = PastDay { restored_rows: 5, ..PastDay::default() };
    let stopped = PastRun {
        counted: BTreeSet::new(),
        days: BTreeMap::from([(day("2026-01-20"), restored)]),
        undoes: Some(cleaned.id.clone()),
        ..run("a", "2026-01-23T10:00:00Z", PastOutcome::Unverified, &[])
    };
    let latest = of(vec![cleaned, stopped]).latest_status(&rule(), None);
    assert_eq!((latest.status, latest.duplicates), (Some(Status::Dirty), 5));
}

#[test]
fn a_date_without_rows_is_not_known() {
    let days = [("2026-01-20", NONE, NONE)];
    let known = of(vec![run("a", "2026-01-22T10:00:00Z", PastOutcome::Done, &days)]);
    assert!(known.left.is_empty());
    assert_eq!(known.latest_status(&rule(), None).status, None);
}
