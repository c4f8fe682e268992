//! The course of a date that is cleaned.

use super::*;
use crate::rule::RuleFile;

fn rule(keys: &str) -> Rule {
    let text = format!(
        "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
         row_id = \"id\"\nactive = \"a\"\n{keys}"
    );
    RuleFile::parse("onerow.toml", &text).unwrap().rules[0].clone()
}

fn counts(active: u64, keys: u64) -> Counts {
    let duplicates = active - keys;
    Counts { total: active, active, keys, duplicates, settled: active, ..Counts::default() }
}

fn state(keys: &str, counts: Counts) -> DateState {
    let now: Timestamp = "2026-01-30T10:00:00Z".parse().unwrap();
    DateState::new(&rule(keys), counts, Cutoff::At(now), now)
}

const RECORD: Course = Next::Do(Action::Record);
const REMOVE: Course = Next::Do(Action::Remove);
const CORRECT: Course = Next::Do(Action::Correct);
const COUNT: Course = Next::Do(Action::Count);
const STOP: Course = Next::End(End::Stop);

/// What these events lead to, the first action before any of them.
fn played(state: &mut DateState, events: &[Event<Answer>]) -> Vec<Course> {
    let mut course = vec![state.begin()];
    course.extend(events.iter().map(|event| state.next(*event).0));
    course
}

fn recorded(rows: u64) -> Event<Answer> {
    Event::Done(Answer::Recorded(Some(rows)))
}

fn removed(rows: u64) -> Event<Answer> {
    Event::Done(Answer::Removed(Some(rows)))
}

fn corrected(rows: u64) -> Event<Answer> {
    Event::Done(Answer::Corrected(rows))
}

fn counted(counts: Counts) -> Event<Answer> {
    Event::Done(Answer::Counted(counts))
}

#[test]
fn a_clean_date_costs_nothing() {
    assert_eq!(played(&mut state("", counts(6, 6)), &[]), [STOP]);
}

#[test]
fn what_was_detected_is_recorded_and_then_removed() {
    let mut date = state("", counts(10, 6));
    let actions = played(&mut date, &[recorded(4), removed(4)]);
    assert_eq!(actions, [RECORD, REMOVE, STOP]);
    assert_eq!((date.removed, date.touched, date.failed), (4, true, false));
    assert_eq!(date.as_found(), counts(10, 6));
}

#[test]
fn a_rewrite_reports_what_it_deletes_and_inserts() {
    let mut date = state("strategy = \"rewrite\"", counts(10, 6));
    played(&mut date, &[recorded(4), removed(16)]);
    assert_eq!(date.removed, 4);
    let mut date = state("strategy = \"rewrite\"", counts(10, 6));
    let actions = played(&mut date, &[recorded(4), removed(18)]);
    assert_eq!(actions[2], COUNT, "another number: it is counted");
    assert_eq!(date.next(counted(counts(7, 6))).0, CORRECT);
    assert_eq!(date.removed, 3);
}

#[test]
fn what_was_recorded_and_not_removed_is_taken_out_of_the_log_and_detected_again() {
    let mut date = state("", counts(10, 6));
    let events =
        [recorded(4), removed(3), corrected(1), counted(counts(7, 6)), recorded(1), removed(1)];
    let expected = [RECORD, REMOVE, CORRECT, COUNT, RECORD, REMOVE, STOP];
    assert_eq!(played(&mut date, &events), expected);
    assert_eq!((date.removed, date.since_baseline), (4, 1));
}

#[test]
fn what_does_not_add_up_is_said() {
    let mut date = state("", counts(10, 6));
    played(&mut date, &[recorded(4), removed(3)]);
    let note = date.next(corrected(0)).1;
    assert_eq!(note, Some(Note::Inexact { recorded: 4, removed: 3 }));
}

#[test]
fn a_refused_statement_is_sent_once_more_with_an_earlier_cutoff_and_then_waits() {
    let mut date = state("written_at = \"w\"", counts(10, 6));
    let events = [recorded(4), Event::Refused, counted(counts(10, 6)), recorded(4), Event::Refused];
    assert_eq!(played(&mut date, &events), [RECORD, REMOVE, COUNT, RECORD, REMOVE, STOP]);
    assert_eq!((date.baseline.buffered, date.touched), (4, false));
    let mut date = state("", counts(10, 6));
    let actions = played(&mut date, &[recorded(4), Event::Refused]);
    assert_eq!(actions, [RECORD, REMOVE, STOP], "no rows to tell apart");
}

#[test]
fn a_date_that_keeps_changing_is_tombstoned() {
    let mut date = state("", counts(10, 6));
    let mut next = date.begin();
    let mut records = 0;
    while let Next::Do(action) = next {
        next = match action {
            Action::Record => {
                records += 1;
                date.next(recorded(4)).0
            }
            Action::Remove => date.next(removed(3)).0,
            Action::Correct => date.next(corrected(1)).0,
            Action::Count => date.next(counted(counts(10, 6))).0,
        };
    }
    assert_eq!((next, records), (Next::End(End::GiveUp), ROUNDS));
}
