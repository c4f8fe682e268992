//! Reading runs from entries.

use super::*;
use crate::ledger::fixed::{self, removing, statements as entries, undoing};
use crate::rule::Strategy;

const DAY: &str = "2026-01-28";

fn refused() -> Outcome {
    fixed::failed("r1", 1).outcome
}

fn run(statements: &[(&str, Outcome, Option<Detail>)]) -> PastRun {
    history(&entries("r1", statements)).remove(0)
}

fn counted(active: u64, buffered: u64) -> Option<Detail> {
    let (keys, duplicates) = (321, active - 321);
    let settled = active - buffered;
    let counts =
        Counts { total: active, active, keys, duplicates, buffered, settled, ..Counts::default() };
    Some(Detail::counts(&[(Day::parse(DAY).unwrap(), counts)].into()))
}

fn removal() -> Option<Detail> {
    removing("r1", 1, Strategy::Deactivate)
}

#[test]
fn what_custom_steps_removed_is_counted_apart_from_the_duplicates() {
    let ran = run(&[
        ("void", Outcome::done(3), removal()),
        ("detect", Outcome::done(1), counted(1097, 0)),
        ("deactivate", Outcome::done(776), removal()),
        ("verify", Outcome::done(1), counted(321, 0)),
    ]);
    assert_eq!((ran.found(), ran.deactivated(), ran.removed()), (776, 776, 779));
}

#[test]
fn a_run_that_cleaned_is_done_and_its_figures_add_up() {
    let ran = run(&[
        ("detect", Outcome::done(1), counted(1097, 0)),
        ("deactivate", Outcome::done(776), removal()),
        ("verify", Outcome::done(1), counted(321, 0)),
    ]);
    assert_eq!(ran.outcome, PastOutcome::Done);
    assert_eq!((ran.found(), ran.deactivated(), ran.buffered()), (776, 776, 0));
    assert_eq!((ran.statements, ran.failed, ran.bytes_billed), (3, 0, Some(30)));
    assert_eq!(
        (ran.began.to_string(), ran.ended.to_string()),
        ("2026-01-30T07:41:10Z".to_owned(), "2026-01-30T07:41:15Z".to_owned())
    );
}

#[test]
fn what_the_streaming_buffer_refused_is_buffered_and_not_failed() {
    let ran =
        run(&[("detect", Outcome::done(1), counted(1097, 0)), ("deactivate", refused(), None)]);
    assert_eq!((ran.outcome, ran.buffered()), (PastOutcome::Buffered, 776));
}

#[test]
fn what_was_left_or_has_no_outcome_is_said() {
    let detected = || ("detect", Outcome::done(1), counted(1097, 0));
    let left = run(&[
        detected(),
        ("deactivate", Outcome::done(700), removal()),
        ("verify", Outcome::done(1), counted(397, 0)),
    ]);
    assert_eq!(left.outcome, PastOutcome::Failed);
    let stopped = run(&[detected(), ("deactivate", Outcome::done(776), removal())]);
    assert_eq!(stopped.outcome, PastOutcome::Unverified);
    assert_eq!(run(&[("deactivate", Outcome::done(776), removal())]).outcome, PastOutcome::Done);
    let died = run(&[detected(), ("deactivate", Outcome::Started, None)]);
    assert_eq!((died.outcome, died.bytes_billed), (PastOutcome::Unfinished, Some(10)));
    assert_eq!(run(&[detected()]).outcome, PastOutcome::Counted, "only looked");
}

#[test]
fn an_undo_brings_back_and_has_not_failed() {
    let ran = run(&[
        ("undo", Outcome::done(776), undoing("r0", 1)),
        ("verify", Outcome::done(1), counted(1097, 0)),
    ]);
    assert_eq!(ran.outcome, PastOutcome::Done);
    assert_eq!((ran.days.values().next().unwrap().restored_rows, ran.deactivated()), (776, 0));
}

/// A merged survivor gets its former values back: the statement reports it, but it is not an additional row.
#[test]
fn a_survivor_that_becomes_what_it_was_is_no_row_that_is_brought_back() {
    let ran = run(&[
        ("detect", Outcome::done(1), counted(321, 0)),
        ("undo", Outcome::done(1000), undoing("r0", 1)),
        ("verify", Outcome::done(1), counted(1097, 0)),
    ]);
    assert_eq!(ran.restored_rows(), 776);
}

#[test]
fn a_run_whose_rows_are_restored_is_said_to_be_undone_and_by_which_run() {
    let cleaned = entries(
        "r1",
        &[
            ("detect", Outcome::done(1), counted(1097, 0)),
            ("deactivate", Outcome::done(776), removal()),
        ],
    );
    let undo = |rows| entries("r2", &[("undo", Outcome::done(rows), undoing("r1", 2))]);
    let of_first = |undo: Vec<Entry>| {
        let runs = history(&[cleaned.clone(), undo].concat());
        assert_eq!(runs[0].undoes.as_ref().map(RunId::as_str), Some("r1"));
        let undone = runs[1].undone_by().into_iter().map(ToString::to_string);
        (undone.collect::<Vec<_>>(), runs[1].is_partly_undone())
    };
    assert_eq!(of_first(undo(776)), (vec!["r2".to_owned()], false));
    assert_eq!(of_first(undo(0)), (vec![], false), "nothing was restored");
}

#[test]
fn a_run_that_is_undone_on_one_of_its_dates_is_partly_undone() {
    let next = Day::parse("2026-01-29").unwrap();
    let removed = [
        ("deactivate", Outcome::done(776), removal()),
        ("deactivate", Outcome::done(1), removal()),
    ];
    let mut all = entries("r1", &removed);
    for entry in all.iter_mut().filter(|entry| entry.sequence == 2) {
        entry.window = Window::day(next);
    }
    all.extend(entries("r2", &[("undo", Outcome::done(776), undoing("r1", 2))]));
    let runs = history(&all);
    assert!(runs[1].is_partly_undone() && !runs[0].is_partly_undone());
    assert_eq!(runs[1].undone.keys().map(ToString::to_string).collect::<Vec<_>>(), [DAY]);
}

#[test]
fn dates_are_counted_by_statements_that_are_done() {
    let day = Day::parse(DAY).unwrap();
    let counts = |outcome: Outcome, detail| run(&[("detect", outcome, detail)]).counted;
    assert_eq!(counts(Outcome::done(1), counted(321, 0)), BTreeSet::from([day]));
    let nothing = Some(Detail::counts(&BTreeMap::new()));
    assert_eq!(counts(Outcome::done(0), nothing), BTreeSet::from([day]), "it has no rows");
    assert!(counts(refused(), None).is_empty());
    assert!(counts(Outcome::Started, None).is_empty());
    assert!(run(&[("own", Outcome::done(1), None)]).counted.is_empty());
}

#[test]
fn restored_rows_are_duplicates_until_they_are_counted() {
    let left = |statements: &[(&str, Outcome, Option<Detail>)]| {
        let left = run(statements).days[&Day::parse(DAY).unwrap()].left;
        (left.active, left.duplicates)
    };
    let found = ("detect", Outcome::done(1), counted(321, 0));
    let undone = ("undo", Outcome::done(776), undoing("r0", 776));
    assert_eq!(left(std::slice::from_ref(&undone)), (776, 776));
    assert_eq!(left(&[found.clone(), undone.clone()]), (1097, 776));
    let verified = ("verify", Outcome::done(1), counted(1096, 0));
    assert_eq!(left(&[found, undone, verified]), (1096, 775));
}
