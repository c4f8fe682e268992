//! The course of cleaning dates.

use super::*;
use crate::rule::{Rule, RuleFile};

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

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// The only date of a batch.
fn only() -> Day {
    day("2026-01-28")
}

fn state(keys: &str, counts: Counts) -> Batch {
    batch(keys, &[("2026-01-28", counts)])
}

fn batch(keys: &str, dates: &[(&str, Counts)]) -> Batch {
    let now: Timestamp = "2026-01-30T10:00:00Z".parse().unwrap();
    let state = |counts| DateState::new(&rule(keys), counts, Cutoff::At(now), now);
    Batch::new(dates.iter().map(|(date, counts)| (day(date), state(*counts))).collect())
}

impl Batch {
    fn only(&self) -> &DateState {
        &self.dates[&only()]
    }
}

const RECORD: Course = Next::Do(Action::Record);
const REMOVE: Course = Next::Do(Action::Remove);
const CORRECT: Course = Next::Do(Action::Correct);
const COUNT: Course = Next::Do(Action::Count);
const STOP: Course = Next::End(End::Stop);

/// The courses after these events, preceded by the first action.
fn played(state: &mut Batch, events: &[Event<Answer>]) -> Vec<Course> {
    let mut course = vec![state.begin()];
    course.extend(events.iter().map(|event| state.next(event.clone()).0));
    course
}

fn recorded(rows: u64) -> Event<Answer> {
    Event::Done(Answer::Recorded(Some(ByDate::from([(only(), rows)]))))
}

fn removed(rows: u64) -> Event<Answer> {
    Event::Done(Answer::Removed(Some(rows)))
}

/// This many rows remain in the removal log.
fn corrected(left: u64) -> Event<Answer> {
    Event::Done(Answer::Corrected(ByDate::from([(only(), left)])))
}

fn counted(counts: Counts) -> Event<Answer> {
    Event::Done(Answer::Counted(BTreeMap::from([(only(), counts)])))
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
    assert_eq!((date.only().removed, date.only().touched, date.only().failed), (4, true, false));
    assert_eq!(date.only().as_found(), counts(10, 6));
}

#[test]
fn a_rewrite_reports_what_it_deletes_and_inserts() {
    let mut date = state("strategy = \"rewrite\"", counts(10, 6));
    played(&mut date, &[recorded(4), removed(16)]);
    assert_eq!(date.only().removed, 4);
    let mut date = state("strategy = \"rewrite\"", counts(10, 6));
    let actions = played(&mut date, &[recorded(4), removed(18)]);
    assert_eq!(actions[2], COUNT, "another number: it is counted");
    assert_eq!(date.next(counted(counts(7, 6))).0, CORRECT);
    assert_eq!(date.only().removed, 3);
}

#[test]
fn what_was_recorded_and_not_removed_is_taken_out_of_the_log_and_detected_again() {
    let mut date = state("", counts(10, 6));
    let events =
        [recorded(4), removed(3), corrected(3), counted(counts(7, 6)), recorded(1), removed(1)];
    let expected = [RECORD, REMOVE, CORRECT, COUNT, RECORD, REMOVE, STOP];
    assert_eq!(played(&mut date, &events), expected);
    assert_eq!((date.only().removed, date.only().since_baseline), (4, 1));
}

#[test]
fn what_does_not_add_up_is_said() {
    let mut date = state("", counts(10, 6));
    played(&mut date, &[recorded(4), removed(3)]);
    let note = date.next(corrected(4)).1;
    assert_eq!(note, Some(Note::Inexact { recorded: 4, removed: 3 }));
}

#[test]
fn a_refused_statement_is_sent_once_more_with_an_earlier_cutoff_and_then_waits() {
    let mut date = state("written_at = \"w\"", counts(10, 6));
    let events = [recorded(4), Event::Refused, counted(counts(10, 6)), recorded(4), Event::Refused];
    assert_eq!(played(&mut date, &events), [RECORD, REMOVE, COUNT, RECORD, REMOVE, STOP]);
    assert_eq!((date.only().baseline.buffered, date.only().touched), (4, false));
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
            Action::Correct => date.next(corrected(3)).0,
            Action::Count => date.next(counted(counts(10, 6))).0,
        };
    }
    assert_eq!((next, records), (Next::End(End::GiveUp), ROUNDS));
}

/// Two dates with four and one duplicates, in a batch.
fn two() -> Batch {
    batch("written_at = \"w\"", &[("2026-01-28", counts(10, 6)), ("2026-01-29", counts(3, 2))])
}

fn by_date(first: u64, second: u64) -> ByDate {
    ByDate::from([(only(), first), (day("2026-01-29"), second)])
}

fn both_counted(first: Counts, second: Counts) -> Event<Answer> {
    Event::Done(Answer::Counted(BTreeMap::from([(only(), first), (day("2026-01-29"), second)])))
}

fn both_recorded(first: u64, second: u64) -> Event<Answer> {
    Event::Done(Answer::Recorded(Some(by_date(first, second))))
}

fn removed_of(batch: &Batch) -> Vec<u64> {
    batch.dates.values().map(|state| state.removed).collect()
}

#[test]
fn one_statement_removes_the_duplicates_of_several_dates() {
    let mut dates = two();
    let actions = played(&mut dates, &[both_recorded(4, 1), removed(5)]);
    assert_eq!(actions, [RECORD, REMOVE, STOP]);
    assert_eq!(removed_of(&dates), [4, 1]);
    assert!(dates.dates.values().all(|state| state.touched && !state.failed));
}

#[test]
fn of_which_dates_fewer_rows_were_removed_the_corrected_log_says() {
    let mut dates = two();
    let corrected = Event::Done(Answer::Corrected(by_date(3, 1)));
    let events = [
        both_recorded(4, 1),
        removed(4),
        corrected,
        both_counted(counts(7, 6), counts(2, 2)),
        recorded(1),
        removed(1),
    ];
    let actions = played(&mut dates, &events);
    assert_eq!(actions, [RECORD, REMOVE, CORRECT, COUNT, RECORD, REMOVE, STOP]);
    assert_eq!(removed_of(&dates), [4, 1]);
    assert_eq!(
        dates.window(),
        Window::day(only()),
        "the second round is about the other date alone"
    );
}

#[test]
fn equal_sums_of_other_dates_are_not_the_rows_that_were_detected() {
    let mut dates = two();
    let actions = played(&mut dates, &[both_recorded(3, 2), removed(5)]);
    assert_eq!(actions, [RECORD, REMOVE, COUNT]);
    assert_eq!(removed_of(&dates), [3, 2]);
}

#[test]
fn dates_that_the_buffer_refuses_together_are_tried_each_by_itself() {
    let mut dates = two();
    let again = both_counted(counts(10, 6), counts(3, 2));
    let events = [both_recorded(4, 1), Event::Refused, again, both_recorded(4, 1), Event::Refused];
    let actions = played(&mut dates, &events);
    assert_eq!(actions, [RECORD, REMOVE, COUNT, RECORD, REMOVE, Next::End(End::Separate)]);
    assert!(dates.dates.values().all(|state| state.baseline.buffered == 0 && !state.touched));
}

#[test]
fn a_date_that_needs_nothing_is_in_no_statement() {
    let mut dates = batch("", &[("2026-01-28", counts(10, 6)), ("2026-01-29", counts(2, 2))]);
    assert_eq!(dates.begin(), RECORD);
    assert_eq!(dates.window(), Window::day(only()));
}

#[test]
fn no_more_rows_are_said_to_be_removed_than_the_statement_reports() {
    let mut dates = two();
    // Another process was faster: the rows are in the log, but this run did not remove them.
    let corrected = Event::Done(Answer::Corrected(by_date(4, 1)));
    played(&mut dates, &[both_recorded(4, 1), removed(0)]);
    let note = dates.next(corrected).1;
    assert_eq!(note, Some(Note::Inexact { recorded: 5, removed: 0 }));
    assert_eq!(removed_of(&dates), [0, 0]);
}

#[test]
fn dates_of_a_rewrite_are_compared_one_by_one() {
    let mut dates = batch(
        "strategy = \"rewrite\"",
        &[("2026-01-28", counts(10, 6)), ("2026-01-29", counts(3, 2))],
    );
    let fell = both_counted(counts(5, 5), counts(3, 2));
    let events = [both_recorded(4, 1), removed(99), fell];
    assert_eq!(played(&mut dates, &events), [RECORD, REMOVE, COUNT, CORRECT]);
}
