//! Faults that no real part makes on demand: metadata that lags, a table that changes between two
//! statements, a process that dies, a ledger that cannot be written. Each is a thin layer around
//! the real embedded warehouse.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use onerow::check::Checked;
use onerow::clock::Clock;
use onerow::error::{Error, Kind, Result};
use onerow::interrupt::Interrupt;
use onerow::ledger::{Filter, Ledger, Outcome};
use onerow::plan;
use onerow::project;
use onerow::run::{self, Context, Ending, Limits, Report, Status};
use onerow::statement::StepName;
use onerow::template::Renderer;
use onerow::window::{Day, Window};

use crate::common::faulty::{Faulty, Notes, now, open};
use crate::common::whole::whole;
use crate::common::{Project, RULE};

/// Three duplicates on each of two dates.
const ROWS: &str = "a1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z\n\
                    a2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z\n\
                    a3,2026-01-28,g1,a,,true,2026-01-28T03:00:00Z\n\
                    a4,2026-01-28,g1,a,,true,2026-01-28T04:00:00Z\n\
                    b1,2026-01-29,g1,a,,true,2026-01-28T01:00:00Z\n\
                    b2,2026-01-29,g1,a,,true,2026-01-28T02:00:00Z\n\
                    b3,2026-01-29,g1,a,,true,2026-01-28T03:00:00Z\n\
                    b4,2026-01-29,g1,a,,true,2026-01-28T04:00:00Z";

fn apply(project: &Project, faulty: &Faulty<'_>, notes: &Notes) -> Result<Report> {
    let project = project::Project::open(&project.path("")).unwrap();
    let renderer = Renderer::new(&project.file.rules[0], &project.templates, &[]).unwrap();
    let day = |text| Day::parse(text).unwrap();
    let window = Window::range(day("2026-01-28"), day("2026-01-29")).unwrap();
    let plan = plan::plan(&renderer, &plan::steps_of(&renderer), &window).unwrap().unwrap();
    let context = Context {
        renderer: &renderer,
        warehouse: faulty,
        ledger: faulty,
        clock: Clock::Fixed(now()),
        who: "test",
        progress: notes,
        interrupt: &faulty.interrupt,
        limits: Limits::default(),
        run: None,
    };
    run::apply(&context, &plan)
}

fn is_update(statement: &Checked, date: &str) -> bool {
    let statement = statement.statement();
    statement.step == *StepName::DEACTIVATE && statement.window.to_string() == date
}

#[test]
fn metadata_that_lags_costs_a_second_attempt_with_an_earlier_cutoff() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project.streamed(
        "2026-01-30T09:30:00Z",
        "a5,2026-01-28,g1,a,,true,2026-01-30T09:29:00Z\na6,2026-01-28,g1,a,,true,2026-01-30T09:30:00Z",
    );
    let sqlite = open(&project);
    let faulty = Faulty { hides_buffer: true, ..Faulty::new(&sqlite) };
    let notes = Notes::default();
    let report = apply(&project, &faulty, &notes).unwrap();
    let day = &report.days[0];
    assert_eq!((day.counts.duplicates, day.counts.buffered, day.deactivated), (5, 1, Some(4)));
    assert_eq!(day.status(), Status::Partial);
    assert_eq!(report.days[1].status(), Status::Cleaned);
    assert_eq!(report.ending(), Ending::Buffered);
    assert!(
        notes.0.lock().unwrap()[0].contains("written before 2026-01-30T08:30:00Z"),
        "{:?}",
        notes.0
    );
    assert_eq!(project.active(), ["a5", "a6", "b4"]);
}

#[test]
fn a_second_refusal_makes_the_date_buffered_and_the_others_go_on() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let old = "a0,2026-01-28,g1,a,,true,2026-01-27T00:00:00Z";
    project.streamed("2026-01-30T09:30:00Z", old);
    let sqlite = open(&project);
    let faulty = Faulty { hides_buffer: true, ..Faulty::new(&sqlite) };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(report.days[0].status(), Status::Buffered);
    assert_eq!(report.days[0].deactivated, Some(0));
    assert_eq!(report.days[1].status(), Status::Cleaned);
    assert_eq!(project.active(), ["a0", "a1", "a2", "a3", "a4", "b4"]);
}

/// Changes the table without onerow, as another program would.
fn change_beside(project: &Project, sql: &str) {
    let database = project.database();
    let flags = rusqlite::functions::FunctionFlags::default();
    database.create_scalar_function("onerow_drained", 0, flags, |_| Ok(i64::MAX)).unwrap();
    database.execute_batch(sql).unwrap();
}

#[test]
fn a_table_that_changed_since_detect_is_cleaned_again_and_the_run_says_so() {
    let changed = "rows to be deactivated: 3, deactivated: 4";
    let arrived = "new duplicates arrived meanwhile";
    for (step, said) in [(StepName::RECORD, changed), (StepName::DEACTIVATE, arrived)] {
        let project = Project::new(RULE);
        project.rows(ROWS);
        let sqlite = open(&project);
        let arrived = AtomicBool::new(false);
        let faulty = Faulty {
            before: Box::new(|statement| {
                if statement.statement().step == *step && !arrived.swap(true, Ordering::SeqCst) {
                    project.rows("a9,2026-01-28,g1,a,,true,2026-01-29T00:00:00Z");
                }
                Ok(())
            }),
            ..Faulty::new(&sqlite)
        };
        let notes = Notes::default();
        let report = apply(&project, &faulty, &notes).unwrap();
        assert!(notes.0.lock().unwrap()[0].contains(said), "{step}: {:?}", notes.0);
        assert_eq!(report.days[0].deactivated, Some(4));
        assert_eq!(report.days[0].counts.duplicates, 4);
        assert_eq!(report.ending(), Ending::Clean, "{:?}", report.problems);
        assert_eq!(project.active(), ["a9", "b4"]);
    }
}

/// A writer that changes rows between record and the removal: no survivor is lost, what was not
/// removed is not in the removal log, and what does not add up is said.
#[test]
fn a_writer_between_record_and_removal_costs_no_survivor_and_the_counts_add_up() {
    let cases = [
        ("DELETE", "DELETE FROM \"nba.predictions\" WHERE id = 'a4'", 2, 0),
        ("deactivate", "UPDATE \"nba.predictions\" SET is_active = 0 WHERE id = 'a1'", 2, 1),
    ];
    for (what, change, removed, inexact) in cases {
        let project = Project::new(RULE);
        project.rows(ROWS);
        let sqlite = open(&project);
        let changed = AtomicBool::new(false);
        let faulty = Faulty {
            before: Box::new(|statement| {
                if is_update(statement, "2026-01-28") && !changed.swap(true, Ordering::SeqCst) {
                    change_beside(&project, change);
                }
                Ok(())
            }),
            ..Faulty::new(&sqlite)
        };
        let notes = Notes::default();
        let report = apply(&project, &faulty, &notes).unwrap();
        assert_eq!(report.days[0].deactivated, Some(removed), "{what}: {:?}", report.problems);
        let left = project.active();
        assert_eq!(left.iter().filter(|id| id.starts_with('a')).count(), 1, "{what}: {left:?}");
        let said = notes.0.lock().unwrap().iter().any(|n| n.contains("cannot be undone exactly"));
        assert_eq!(said, inexact == 1, "{what}: {:?}", notes.0);
        let sql = "SELECT COUNT(*) FROM \"onerow.removals\" WHERE date = '2026-01-28'";
        let recorded: i64 = project.database().query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(recorded as u64, removed + inexact, "{what}");
        let undone = project.onerow("undo last");
        let said =
            "error[verification]: 2026-01-28 cannot be undone exactly, so it was left as it is: ";
        assert_eq!(undone.stderr.contains(said), inexact == 1, "{what}: {undone}");
        assert_eq!(undone.code, Some(i32::from(inexact == 1)), "{what}: {undone}");
        if inexact == 1 {
            // Nothing more is sent, so the ledger has no such run; the log is closed all the same.
            let again = project.onerow("undo last --log-format json").exits(1);
            assert!(again.stdout.contains(", nothing more of run "), "{what}: {again}");
            let log = &again.stderr;
            let closing: serde_json::Value =
                serde_json::from_str(log.lines().last().unwrap()).unwrap();
            let reason = closing["reason"].as_str().expect(log);
            assert!(reason.contains("2026-01-28 cannot be undone exactly"), "{what}: {log}");
            assert_eq!(closing["error_code"], "verification", "{what}: {log}");
            assert_eq!(closing["run_id"], serde_json::Value::Null, "{what}: {log}");
        }
    }
}

/// A key is left alone unless all of its duplicates were recorded: whatever a writer does in between, no value is
/// lost.
#[test]
fn a_writer_between_record_and_rewrite_loses_no_value_of_a_survivor_that_is_put_together() {
    let rule = RULE.replace(
        "touched_at = \"updated_at\"",
        "strategy = \"rewrite\"\nmerge = \"last_non_null\"",
    );
    let rows = "a1,2026-01-28,g1,a,7.5,true,2026-01-28T01:00:00Z\n\
                a2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z";
    let newer = "INSERT INTO \"nba.predictions\" (id, game_date, game_id, player, is_active, created_at) \
                 SELECT 'a3', game_date, game_id, player, 1, created_at + 1 FROM \"nba.predictions\" WHERE id = 'a2'";
    for (what, change, left) in [
        ("a newer row", newer, "a3 7.5"),
        (
            "other values",
            "UPDATE \"nba.predictions\" SET points_line = '8' WHERE id = 'a1'",
            "a2 8",
        ),
        ("no survivor", "DELETE FROM \"nba.predictions\" WHERE id = 'a2'", "a1 7.5"),
    ] {
        let project = Project::new(&rule);
        project.rows(rows);
        let sqlite = open(&project);
        let changed = AtomicBool::new(false);
        let faulty = Faulty {
            before: Box::new(|statement| {
                let rewrites = statement.statement().step == *StepName::REWRITE;
                if rewrites && !changed.swap(true, Ordering::SeqCst) {
                    change_beside(&project, change);
                }
                Ok(())
            }),
            ..Faulty::new(&sqlite)
        };
        let report = apply(&project, &faulty, &Notes::default()).unwrap();
        assert_eq!(report.ending(), Ending::Clean, "{what}: {:?}", report.problems);
        let sql = "SELECT id || ' ' || points_line FROM \"nba.predictions\"";
        let database = project.database();
        let mut statement = database.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        let found: Vec<String> = found.collect::<Result<_, _>>().unwrap();
        assert_eq!(found, [left], "{what}");
    }
}

/// What one run put together twice is taken back in the other order: each survivor is found as its run left it.
#[test]
fn a_survivor_that_a_run_put_together_twice_becomes_what_it_was() {
    let rule = RULE.replace(
        "touched_at = \"updated_at\"",
        "strategy = \"rewrite\"\nmerge = \"last_non_null\"",
    );
    let project = Project::new(&rule);
    project.rows(
        "a1,2026-01-28,g1,a,7.5,true,2026-01-28T01:00:00Z\na2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z",
    );
    let found = |project: &Project| -> Vec<String> {
        let sql =
            "SELECT id || ' ' || coalesce(points_line, '-') FROM \"nba.predictions\" ORDER BY id";
        let database = project.database();
        let mut statement = database.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    };
    let sqlite = open(&project);
    let arrived = AtomicBool::new(false);
    let faulty = Faulty {
        before: Box::new(|statement| {
            let verifies = statement.statement().step == *StepName::VERIFY;
            if verifies && !arrived.swap(true, Ordering::SeqCst) {
                project.rows("a3,2026-01-28,g1,a,,true,2026-01-28T03:00:00Z");
            }
            Ok(())
        }),
        ..Faulty::new(&sqlite)
    };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!((report.ending(), report.deactivated()), (Ending::Clean, Some(2)));
    assert_eq!(found(&project), ["a3 7.5"]);
    let undone = project.onerow("undo last --format json").exits(0).json();
    assert_eq!(undone["dates"][0]["left_alone"], 0, "{undone}");
    assert_eq!(found(&project), ["a1 7.5", "a2 -", "a3 -"]);
}

/// The same where a custom step removes rows: whatever changes after it was looked at, the UPDATE takes
/// no key's last row, and only what is recorded.
#[test]
fn a_writer_around_the_update_of_a_custom_step_costs_no_key_its_last_row() {
    const VOID: &str = "UPDATE {{ rule.table }} SET {{ rule.active }} = FALSE\n\
                        WHERE {{ window.filter }} AND created_at < @cutoff AND id IN ('a3', 'a4')";
    let others = "UPDATE \"nba.predictions\" SET is_active = 0 WHERE id IN ('a1', 'a2')";
    let matching = "UPDATE \"nba.predictions\" SET is_active = 0 WHERE id = 'a3'";
    for (step, change, left) in
        [(StepName::RECORD_CUSTOM, others, "a4"), ("void", others, "a4"), ("void", matching, "a2")]
    {
        let steps = "steps = [\"void\", \"detect\", \"deactivate\", \"verify\"]\nrow_id =";
        let project = Project::new(&RULE.replace("row_id =", steps));
        project.write("sql/void.sql", VOID);
        project.rows(ROWS);
        let sqlite = open(&project);
        let changed = AtomicBool::new(false);
        let faulty = Faulty {
            before: Box::new(|statement| {
                let statement = statement.statement();
                let is_meant =
                    statement.step == *step && statement.window.first().to_string() == "2026-01-28";
                if is_meant && !changed.swap(true, Ordering::SeqCst) {
                    change_beside(&project, change);
                }
                Ok(())
            }),
            ..Faulty::new(&sqlite)
        };
        let report = apply(&project, &faulty, &Notes::default()).unwrap();
        assert_eq!(report.days[0].counts.keys, 1, "{step} {change}: {:?}", report.problems);
        let active = project.active();
        let of_key: Vec<&String> = active.iter().filter(|id| id.starts_with('a')).collect();
        assert_eq!(of_key, [left], "{step} {change}: {:?}", report.problems);
    }
}

#[test]
fn a_row_that_supersedes_a_survivor_before_verify_makes_the_date_be_cleaned_again() {
    for rule in [RULE.to_owned(), RULE.replace("written_at = \"created_at\"\n", "")] {
        let project = Project::new(&rule);
        project.rows(ROWS);
        let sqlite = open(&project);
        let arrived = AtomicBool::new(false);
        let faulty = Faulty {
            before: Box::new(|statement| {
                let verifies = statement.statement().step == *StepName::VERIFY;
                if verifies && !arrived.swap(true, Ordering::SeqCst) {
                    project.rows("a9,2026-01-28,g1,a,,true,2026-02-01T00:00:00Z");
                    project.rows("c1,2026-01-29,g9,c,,true,2026-02-01T00:00:00Z");
                }
                Ok(())
            }),
            ..Faulty::new(&sqlite)
        };
        let notes = Notes::default();
        let report = apply(&project, &faulty, &notes).unwrap();
        assert!(notes.0.lock().unwrap()[0].contains("cleaning it again"), "{:?}", notes.0);
        assert_eq!(report.ending(), Ending::Clean, "{:?}", report.problems);
        assert_eq!(report.days[0].deactivated, Some(4));
        assert_eq!(project.active(), ["a9", "b4", "c1"]);
    }
}

#[test]
fn a_date_that_could_not_be_verified_is_not_called_clean() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let faulty = Faulty {
        before: Box::new(|statement| match statement.statement().step.as_str() {
            StepName::VERIFY => Err(Error::new(Kind::Refused, "quota exceeded")),
            _ => Ok(()),
        }),
        ..Faulty::new(&sqlite)
    };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(report.days[0].status(), Status::Dirty);
    assert_eq!(report.ending(), Ending::Failed);
}

#[test]
fn shared_ids_that_arrive_after_detect_do_not_take_a_survivor_down() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let faulty = Faulty {
        before: Box::new(|statement| {
            if is_update(statement, "2026-01-28") {
                // The survivor of another key has the id of a duplicate.
                project.rows("a1,2026-01-28,g2,b,,true,2026-01-28T01:00:00Z");
            }
            Ok(())
        }),
        ..Faulty::new(&sqlite)
    };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(project.active(), ["a1", "a1", "a4", "b4"]);
    assert_eq!(report.days[0].status(), Status::SharedIds);
    assert_eq!(report.ending(), Ending::Failed);
}

#[test]
fn one_date_that_fails_does_not_stop_the_others() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let faulty = Faulty {
        before: Box::new(|statement| match is_update(statement, "2026-01-28") {
            true => Err(Error::new(Kind::Refused, "quota exceeded")),
            false => Ok(()),
        }),
        ..Faulty::new(&sqlite)
    };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(report.ending(), Ending::Failed);
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(
        problems[0].contains("quota exceeded; while running deactivate of 2026-01-28"),
        "{problems:?}"
    );
    assert_eq!(project.active(), ["a1", "a2", "a3", "a4", "b4"]);
    let ledger = project.ledger();
    assert!(ledger.contains(&"deactivate 2026-01-28 failed".to_owned()), "{ledger:?}");
}

#[test]
fn nothing_is_sent_that_is_not_in_the_ledger_first() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let faulty = Faulty {
        before: Box::new(|_| panic!("a statement was sent")),
        fails_to_append: true,
        ..Faulty::new(&sqlite)
    };
    let error = apply(&project, &faulty, &Notes::default()).unwrap_err().to_string();
    whole!(error, @"no space left on device; detect of 2026-01-28 to 2026-01-29 was not sent; while writing to the ledger");
}

#[test]
fn two_runs_at_once_do_each_row_once() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let arguments = ["apply", "--from", "2026-01-28", "--to", "2026-01-29", "--format", "json"];
    let spawn = || {
        let mut command = project.command(&arguments);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    let both = [spawn(), spawn()].map(|child| child.wait_with_output().unwrap());
    let deactivated = both.map(|output| {
        assert_eq!(output.status.code(), Some(0));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        document["totals"]["deactivated"].as_u64().unwrap()
    });
    assert_eq!(deactivated.iter().sum::<u64>(), 6);
    assert_eq!(project.active(), ["a4", "b4"]);
}

#[test]
fn where_the_warehouse_does_not_say_how_many_rows_changed_they_are_counted() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let faulty = Faulty { hides_affected: true, ..Faulty::new(&sqlite) };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(report.ending(), Ending::Clean, "{:?}", report.problems);
    assert_eq!(report.deactivated(), Some(6));
    let updates = sqlite.entries(&Filter::default()).unwrap().into_iter();
    let mut updates = updates.filter(|e| e.step == *StepName::DEACTIVATE && e.outcome.is_done());
    assert!(
        updates.all(|entry| entry.outcome.affected().is_none()),
        "unknown stays unknown in the ledger"
    );
}

#[test]
fn what_fails_in_passing_is_tried_again_and_each_attempt_is_in_the_ledger() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let failures = AtomicUsize::new(0);
    let faulty = Faulty {
        before: Box::new(|statement| {
            match is_update(statement, "2026-01-28") && failures.fetch_add(1, Ordering::SeqCst) < 2
            {
                true => Err(Error::new(Kind::Transient, "could not serialize access")),
                false => Ok(()),
            }
        }),
        ..Faulty::new(&sqlite)
    };
    let notes = Notes::default();
    let report = apply(&project, &faulty, &notes).unwrap();
    assert_eq!(report.ending(), Ending::Clean, "{:?}", report.problems);
    assert!(notes.0.lock().unwrap()[0].contains("retrying"), "{:?}", notes.0);
    let mut jobs: Vec<String> = sqlite
        .entries(&Filter::default())
        .unwrap()
        .iter()
        .filter(|e| e.window.to_string() == "2026-01-28" && e.outcome != Outcome::Started)
        .map(|e| format!("{} {}", e.job, e.outcome.as_str()))
        .collect();
    jobs.dedup();
    let ends = |word: &str| jobs.iter().filter(|job| job.ends_with(word)).count();
    assert_eq!((ends("failed"), ends("done")), (2, 2), "{jobs:?}");
}

#[test]
fn after_an_interrupt_nothing_more_is_sent_and_the_next_run_goes_on() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    let sqlite = open(&project);
    let interrupt = Interrupt::default();
    let faulty = Faulty {
        before: Box::new(|statement| {
            if statement.statement().step == *StepName::DETECT {
                interrupt.request();
            }
            Ok(())
        }),
        interrupt: interrupt.clone(),
        ..Faulty::new(&sqlite)
    };
    let report = apply(&project, &faulty, &Notes::default()).unwrap();
    assert_eq!(report.problems[0].kind(), Kind::Interrupted);
    assert_eq!(project.ledger(), ["detect 2026-01-28 to 2026-01-29 done"]);
    let report = apply(&project, &Faulty::new(&sqlite), &Notes::default()).unwrap();
    assert_eq!(report.ending(), Ending::Clean);
    assert_eq!(project.active(), ["a4", "b4"]);
}
