//! A process that dies at each point between two effects of a run on the emulator: before each call
//! of the warehouse, of the ledger and of the lock, and in the middle of each request.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::fixture::Fixture;
use crate::mortal::{self, Act};
use crate::oracle::{self, Expected, ROWS, Row, WINDOW};
use crate::proxy::{Call, Moment};
use crate::{document, honest};

const STRATEGIES: [&str; 3] = ["deactivate", "delete", "rewrite"];

#[test]
#[ignore = "played by the other tests, in a process of its own"]
fn a_run_that_may_die() {
    mortal::run();
}

#[test]
fn a_run_that_dies_at_any_point_is_finished_by_the_next_one() {
    if crate::emulator::emulator().is_none() {
        return;
    }
    let points = ready("deactivate").points();
    let plays = (1..=points.len()).map(|at| (at, Death::At(at))).collect();
    let table = die_everywhere(&points, plays);
    document::section("crashes.md", "bigquery", &table);
}

#[test]
fn a_run_that_dies_at_any_request_is_finished_by_the_next_one() {
    if crate::emulator::emulator().is_none() {
        return;
    }
    let calls = ready("deactivate").calls();
    let moments = [(Moment::Sent, "sent"), (Moment::Executed, "executed, not answered")];
    let (mut names, mut plays) = (Vec::new(), Vec::new());
    for (number, call) in calls.iter().enumerate() {
        for (moment, name) in moments {
            names.push(format!("{call}: {name}"));
            plays.push((names.len(), Death::During(number + 1, moment)));
        }
    }
    let table = die_everywhere(&names, plays);
    document::section("crashes.md", "requests", &table);
}

#[derive(Debug, Clone, Copy)]
enum Death {
    /// Before the effect with this number.
    At(usize),
    /// During the request with this number.
    During(usize, Moment),
}

/// Returns a table of point × outcome. Each point is played with one strategy in turn, and with all of
/// them where the tables are made anew; they all come to the same.
fn die_everywhere(names: &[String], plays: Vec<(usize, Death)>) -> String {
    let all = std::env::var_os("ONEROW_WRITE_DOCS").is_some();
    let strategies = |row: usize| match all {
        true => STRATEGIES.to_vec(),
        false => vec![STRATEGIES[row % STRATEGIES.len()]],
    };
    let plays: Vec<_> = plays
        .into_iter()
        .flat_map(|(row, death)| strategies(row).into_iter().map(move |of| (of, row, death)))
        .collect();
    let (plays, outcomes) = (Mutex::new(plays.into_iter()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some((strategy, row, death)) = plays.lock().unwrap().next() else { return };
                    let outcome = ready(strategy).die(death, &names[row - 1]);
                    let before = outcomes.lock().unwrap().insert(row, outcome.clone());
                    assert!(before.is_none_or(|b| b == outcome), "{strategy}: {}", names[row - 1]);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let row = |(i, name): (usize, &String)| {
        vec![(i + 1).to_string(), name.clone(), outcomes[&(i + 1)].clone()]
    };
    let rows: Vec<Vec<String>> = names.iter().enumerate().map(row).collect();
    document::markdown(&["", "dies", "deactivate, delete, rewrite"], &rows)
}

/// A project with superseded rows, and what must come of them.
struct Ready {
    fixture: Fixture,
    strategy: &'static str,
    expected: Expected,
}

fn ready(strategy: &'static str) -> Ready {
    let keys = format!("audit = true\nstrategy = \"{strategy}\"\nrow_id");
    let rule = crate::common::RULE.replace("nba.", "DATASET.").replace("row_id", &keys);
    let rule = match strategy {
        "deactivate" => rule,
        _ => rule.replace("touched_at = \"updated_at\"\n", ""),
    };
    let fixture = Fixture::with_rules(&rule, "").unwrap().rows(ROWS);
    Ready { fixture, strategy, expected: oracle::cured(ROWS, strategy == "deactivate") }
}

impl Ready {
    /// The points of the run, in order, for any strategy.
    fn points(&self) -> Vec<String> {
        let points = mortal::play(&self.fixture.project.path(""), &Act::Apply, 0);
        points
            .iter()
            .map(|point| format!("before {}", point.replace(self.strategy, "CURE")))
            .collect()
    }

    /// The requests of the run, in order, for any strategy.
    fn calls(&self) -> Vec<String> {
        self.fixture.project.onerow(&format!("apply --yes {WINDOW}")).exits(0);
        let calls = self.fixture.proxy.names();
        calls.iter().map(|call| call.replace(self.strategy, "CURE")).collect()
    }

    /// Runs, dies there, runs again, and once more.
    fn die(&self, death: Death, name: &str) -> String {
        let told = format!("{}, dead: {name}", self.strategy);
        match death {
            Death::At(at) => {
                mortal::play(&self.fixture.project.path(""), &Act::Apply, at);
            }
            Death::During(call, moment) => self.die_during(call, moment, &told),
        }
        let done = self.dates_done(&told);
        let apply = || self.fixture.project.onerow(&format!("apply --yes {WINDOW}")).exits(0);
        apply();
        assert_eq!(self.table(), self.expected.table, "{told}");
        let log = self.fixture.entries();
        honest::is_whole(&log, &told);
        let changed = honest::changed(&log, self.strategy, &told);
        assert_eq!(changed, self.expected.changed, "{told}");
        self.no_job_was_executed_twice(&told);
        self.the_audit_has_each_row_once(&told);
        self.fixture.proxy.forget();
        apply();
        assert!(self.cures().is_empty(), "{told}: {:?}", self.cures());
        assert_eq!(self.table(), self.expected.table, "{told}");
        match honest::completed(&log) {
            (0, 0) => format!("{done} of 2"),
            (executed, 0) => format!("{done} of 2, {executed} was executed"),
            (0, nothing) => format!("{done} of 2, {nothing} changed nothing"),
            both => panic!("{told}: a process dies in one statement: {both:?}"),
        }
    }

    fn die_during(&self, call: usize, moment: Moment, told: &str) {
        let mut command = self.fixture.project.command(&[
            "apply",
            "--yes",
            "--from",
            oracle::FIRST,
            "--to",
            oracle::LAST,
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = Arc::new(Mutex::new(None::<std::process::Child>));
        let (victim, died) = (child.clone(), Arc::new(Mutex::new(false)));
        let noted = died.clone();
        let mut started = child.lock().unwrap();
        self.fixture.proxy.kill_at(call, moment, move || {
            *noted.lock().unwrap() = true;
            victim.lock().unwrap().as_mut().unwrap().kill().unwrap();
        });
        *started = Some(command.spawn().unwrap());
        drop(started);
        // Not held while waiting: the proxy needs it to kill.
        while child.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(*died.lock().unwrap(), "{told}: it has not died");
    }

    fn table(&self) -> Vec<Row> {
        let sql = format!(
            "SELECT id, CAST(game_date AS STRING), game_id, COALESCE(player, ''), \
             COALESCE(CAST(points_line AS STRING), ''), CAST(is_active AS STRING) FROM {} ORDER BY id",
            self.fixture.table("predictions")
        );
        self.fixture.emulator.query(&sql).iter().map(|cells| Row::of(cells)).collect()
    }

    /// How many dates are as they should be; the others are as they were, and none is between.
    fn dates_done(&self, told: &str) -> usize {
        let found = self.table();
        let of = |rows: &[Row], date: &String| -> Vec<Row> {
            rows.iter().filter(|row| row.date == *date).cloned().collect()
        };
        let is_done = |date: &&String| {
            let rows = of(&found, date);
            let done = rows == of(&self.expected.table, date);
            assert!(done || rows == of(&oracle::table(ROWS), date), "{told}: half done: {rows:?}");
            done
        };
        self.expected.changed.keys().filter(is_done).count()
    }

    /// The ids of the jobs of this strategy that the emulator has executed.
    fn cures(&self) -> Vec<String> {
        let seen = self.fixture.proxy.seen().into_iter().filter(|(_, executed)| *executed);
        let jobs = seen.filter_map(|(call, _)| match call {
            Call::Insert { id, step, dry_run: false, .. } if step == self.strategy => Some(id),
            _ => None,
        });
        jobs.collect()
    }

    /// A job that fails because the audit table is not there yet is followed by another one.
    fn no_job_was_executed_twice(&self, told: &str) {
        let jobs = self.cures();
        let once: BTreeSet<&String> = jobs.iter().collect();
        assert_eq!(once.len(), jobs.len(), "{told}: {jobs:?}");
    }

    /// It is written in the transaction that changes the rows, so it tells what was executed.
    fn the_audit_has_each_row_once(&self, told: &str) {
        let sql = format!(
            "SELECT CAST(date AS STRING), CAST(COUNT(*) AS STRING) FROM {} GROUP BY job_id, date ORDER BY 1",
            self.fixture.table("ledger_audit")
        );
        let kept = self.fixture.emulator.query(&sql);
        let kept: Vec<(String, u64)> =
            kept.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
        let expected: Vec<(String, u64)> = self.expected.changed.clone().into_iter().collect();
        assert_eq!(kept, expected, "{told}");
    }
}
