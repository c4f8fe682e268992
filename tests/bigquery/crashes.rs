//! A process that dies at each point between two effects of a run on the emulator: before each call
//! of the warehouse, of the ledger and of the lock, and in the middle of each request.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use super::fixture::Fixture;
use super::proxy::{Call, Moment};
use crate::common::mortal::{self, Act};
use crate::common::oracle::{self, Expected, MAIN, ROWS, Row, STAGED, WINDOW};
use crate::common::{honest, part};

/// What is run and dies. The kinds of a group pass the same points.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The cure of this strategy.
    Cure(&'static str),
    /// The undo of that.
    Undo(&'static str),
    /// Staging tables merged and dropped.
    Consolidate,
}

const CURES: [Kind; 3] = [Kind::Cure("deactivate"), Kind::Cure("delete"), Kind::Cure("rewrite")];
/// An undo by an UPDATE, and those that insert rows again from a before image.
const UNDOS: [&[Kind]; 2] =
    [&[Kind::Undo("deactivate")], &[Kind::Undo("delete"), Kind::Undo("rewrite")]];

#[test]
fn a_run_that_dies_at_any_point_is_finished_by_the_next_one() {
    if !part::is_turn(0, 2) {
        return;
    }
    at_any_point(&CURES);
}

#[test]
fn an_undo_that_dies_at_any_point_is_finished_by_the_next_one() {
    part::of(UNDOS, 2).for_each(at_any_point);
}

#[test]
fn a_consolidation_that_dies_at_any_point_is_finished_by_the_next_one() {
    if part::is_turn(0, 2) {
        at_any_point(&[Kind::Consolidate]);
    }
}

fn at_any_point(kinds: &[Kind]) {
    if super::emulator::emulator().is_none() {
        return;
    }
    let points = ready(kinds[0]).points();
    let plays = (1..=points.len()).map(|at| (at, Death::At(at))).collect();
    die_everywhere(kinds, &points, plays);
}

#[test]
fn a_run_that_dies_at_any_request_is_finished_by_the_next_one() {
    if !part::is_turn(1, 2) {
        return;
    }
    at_any_request(&CURES);
}

#[test]
fn an_undo_that_dies_at_any_request_is_finished_by_the_next_one() {
    part::of(UNDOS.into_iter().rev(), 2).for_each(at_any_request);
}

#[test]
fn a_consolidation_that_dies_at_any_request_is_finished_by_the_next_one() {
    if part::is_turn(1, 2) {
        at_any_request(&[Kind::Consolidate]);
    }
}

fn at_any_request(kinds: &[Kind]) {
    if super::emulator::emulator().is_none() {
        return;
    }
    let calls = ready(kinds[0]).calls();
    let moments = [(Moment::Sent, "sent"), (Moment::Executed, "executed, not answered")];
    let (mut names, mut plays) = (Vec::new(), Vec::new());
    for (number, call) in calls.iter().enumerate() {
        for (moment, name) in moments {
            names.push(format!("{call}: {name}"));
            plays.push((names.len(), Death::During(number + 1, moment)));
        }
    }
    die_everywhere(kinds, &names, plays);
}

#[derive(Debug, Clone, Copy)]
enum Death {
    /// Before the effect with this number.
    At(usize),
    /// During the request with this number.
    During(usize, Moment),
}

/// Each point is played with one of the kinds in turn, which come to the same.
fn die_everywhere(kinds: &[Kind], names: &[String], plays: Vec<(usize, Death)>) {
    // No multiple of the number of kinds, so that each of them has its turn.
    let one_in = if matches!(kinds[0], Kind::Cure(_)) { 25 } else { 29 };
    let turn = match kinds[0] {
        // Played every other day: half the number, so that each kind of the group has its turn.
        Kind::Undo(_) => part::turn() / 2,
        _ => part::turn(),
    } as usize;
    let plays = plays.into_iter().filter(|(row, _)| part::has(*row, one_in));
    let plays =
        Mutex::new(plays.map(|(row, death)| (kinds[(row + turn) % kinds.len()], row, death)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some((kind, row, death)) = plays.lock().unwrap().next() else { return };
                    let name = &names[row - 1];
                    println!("{kind:?}, dead: {name}: {}", ready(kind).die(death, name));
                }
            });
        }
    });
}

/// A project before the run, and what must come of it.
struct Ready {
    fixture: Fixture,
    kind: Kind,
    act: Act,
    /// The command that does the same.
    command: String,
    before: Vec<Row>,
    expected: Expected,
    /// How many entries the ledger had before the run.
    known: usize,
}

fn ready(kind: Kind) -> Ready {
    match kind {
        Kind::Cure(strategy) => cure(strategy),
        Kind::Undo(strategy) => undo(strategy),
        Kind::Consolidate => consolidation(),
    }
}

fn cure(strategy: &'static str) -> Ready {
    Ready {
        fixture: Fixture::with_rules(&rule(strategy), "").unwrap().rows(ROWS),
        kind: Kind::Cure(strategy),
        act: Act::Apply,
        command: format!("apply --yes {WINDOW}"),
        before: oracle::table(ROWS),
        expected: oracle::cured(ROWS, strategy == "deactivate"),
        known: 0,
    }
}

fn undo(strategy: &'static str) -> Ready {
    let cure = cure(strategy);
    cure.fixture.project.onerow(&cure.command).exits(0);
    let log = cure.fixture.entries();
    cure.fixture.proxy.forget();
    let run = log[0]["run_id"].as_str().unwrap().to_owned();
    Ready {
        kind: Kind::Undo(strategy),
        command: format!("undo {run}"),
        act: Act::Undo(run),
        before: cure.expected.table,
        expected: oracle::undone(ROWS),
        known: log.len(),
        ..cure
    }
}

fn consolidation() -> Ready {
    let staging = "[rule.predictions.staging]\ntables = [\"DATASET.staging\"]\ndrop = true\n";
    let rules = format!("{}{staging}", rule("deactivate"));
    let fixture = Fixture::with_rules(&rules, "").unwrap().rows(MAIN);
    fixture.fill("staging", STAGED);
    Ready {
        fixture,
        kind: Kind::Consolidate,
        act: Act::Consolidate,
        command: format!("consolidate {WINDOW}"),
        before: oracle::table(MAIN),
        expected: oracle::merged(MAIN, STAGED),
        known: 0,
    }
}

fn rule(strategy: &str) -> String {
    let keys = format!("strategy = \"{strategy}\"\nrow_id");
    let rule = crate::common::RULE.replace("nba.", "DATASET.").replace("row_id", &keys);
    match strategy {
        "deactivate" => rule,
        _ => rule.replace("touched_at = \"updated_at\"\n", ""),
    }
}

impl Ready {
    /// The step that changes rows.
    fn step(&self) -> &'static str {
        match self.kind {
            Kind::Cure(strategy) => strategy,
            Kind::Undo(_) => "undo",
            Kind::Consolidate => "consolidate",
        }
    }

    /// The points of the run, in order, for any strategy.
    fn points(&self) -> Vec<String> {
        let points = mortal::play(&self.fixture.project.path(""), &self.act, 0);
        assert_eq!(self.table(), self.expected.table, "{:?}: without dying", self.kind);
        points.iter().map(|point| format!("before {}", self.generic(point))).collect()
    }

    /// The requests of the run, in order, for any strategy.
    fn calls(&self) -> Vec<String> {
        self.fixture.project.onerow(&self.command).exits(0);
        let calls = self.fixture.proxy.names();
        calls.iter().map(|call| self.generic(call)).collect()
    }

    fn generic(&self, name: &str) -> String {
        name.replace(self.step(), "REMOVAL")
    }

    /// Runs, dies there, runs again, and once more.
    fn die(&self, death: Death, name: &str) -> String {
        let told = format!("{:?}, dead: {name}", self.kind);
        match death {
            Death::At(at) => {
                mortal::play(&self.fixture.project.path(""), &self.act, at);
            }
            Death::During(call, moment) => self.die_during(call, moment, &told),
        }
        let done = self.dates_done(&told);
        let again = || self.fixture.project.onerow(&self.command).exits(0);
        again();
        assert_eq!(self.table(), self.expected.table, "{told}");
        let log = self.fixture.entries();
        honest::is_whole_of_several(&log, 2, &told);
        // A MERGE reports the rows that it deletes and those that it inserts.
        let reported = match self.kind {
            Kind::Cure("rewrite") => oracle::rewritten(ROWS),
            _ => self.expected.changed.clone(),
        };
        assert_eq!(honest::changed(&log, self.step(), &told), reported, "{told}");
        self.no_job_was_executed_twice(&told);
        self.the_removal_log_has_each_row_once(&told);
        self.fixture.proxy.forget();
        again();
        assert!(self.jobs().is_empty(), "{told}: {:?}", self.jobs());
        assert_eq!(self.table(), self.expected.table, "{told}");
        match honest::completed(&log[self.known..]) {
            (0, 0) => format!("{done} of 2"),
            (executed, 0) => format!("{done} of 2, {executed} was executed"),
            (0, nothing) => format!("{done} of 2, {nothing} changed nothing"),
            (1, 1) => format!("{done} of 2, 1 was executed, 1 changed nothing"),
            both => panic!("{told}: a process dies in two statements at most: {both:?}"),
        }
    }

    fn die_during(&self, call: usize, moment: Moment, told: &str) {
        let arguments: Vec<&str> = self.command.split_whitespace().collect();
        let mut command = self.fixture.project.command(&arguments);
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
             COALESCE(CAST(CAST(points_line AS INT64) AS STRING), ''), CAST(is_active AS STRING) FROM {} ORDER BY id",
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
            assert!(done || rows == of(&self.before, date), "{told}: half done: {rows:?}");
            done
        };
        self.expected.changed.keys().filter(is_done).count()
    }

    /// The ids of the jobs that changed rows, of those that the emulator has executed.
    fn jobs(&self) -> Vec<String> {
        let seen = self.fixture.proxy.seen().into_iter().filter(|(_, executed)| *executed);
        let jobs = seen.filter_map(|(call, _)| match call {
            Call::Insert { id, step, dry_run: false, .. } if step == self.step() => Some(id),
            _ => None,
        });
        jobs.collect()
    }

    fn no_job_was_executed_twice(&self, told: &str) {
        let jobs = self.jobs();
        let once: BTreeSet<&String> = jobs.iter().collect();
        assert_eq!(once.len(), jobs.len(), "{told}: {jobs:?}");
    }

    /// What was removed, and nothing else that counts: a record counts where the ledger has it, in the
    /// same run, that the rows were removed.
    fn the_removal_log_has_each_row_once(&self, told: &str) {
        let Kind::Cure(step) = self.kind else { return };
        let log = self.fixture.entries();
        let done = |step: &str| {
            let of_step = log.iter().filter(|e| e["step"] == *step && e["outcome"] == "done");
            of_step.collect::<Vec<_>>()
        };
        let mut kept = BTreeMap::new();
        for removal in done(step) {
            let same = |e: &&&serde_json::Value| {
                e["run_id"] == removal["run_id"] && e["dates"] == removal["dates"]
            };
            let records = done("record");
            let record = records.iter().rfind(same).unwrap();
            let sql = format!(
                "SELECT CAST(COUNT(*) AS STRING) FROM {} WHERE record_id = '{}'",
                self.fixture.table("ledger_removals"),
                record["job_id"].as_str().unwrap()
            );
            let rows: u64 = self.fixture.emulator.query(&sql)[0][0].parse().unwrap();
            kept.insert(removal["first_date"].as_str().unwrap().to_owned(), rows);
        }
        assert_eq!(kept, self.expected.changed, "{told}");
    }
}
