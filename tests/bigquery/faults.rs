//! Each fault at each step. A run comes to the end that it has without the fault, or fails honestly
//! and the next one gets there; no statement changes rows twice; the ledger tells what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use comfy_table::{Table, presets};

use super::documented::DOCUMENTED;
use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::Fault;
use crate::common::part;

/// No call may take longer than the statement's timeout, so a slow answer is one that is lost.
const KEYS: &str = "timeout = \"6s\"\nretry_for = \"12s\"";

/// The calls of a run, in order.
const CALLS: [&str; 10] = [
    "table",
    "insert detect",
    "results detect",
    "insert record",
    "insert deactivate",
    "get deactivate",
    "insert verify",
    "results verify",
    "insert ledger",
    "create table",
];

/// What may go wrong with any call.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("500", Fault::Refuse(500, "internalError")),
        ("503", Fault::Refuse(503, "backendError")),
        ("429", Fault::Refuse(429, "rateLimitExceeded")),
        ("403 rateLimitExceeded", Fault::Refuse(403, "rateLimitExceeded")),
        ("executed, then 503", Fault::ExecuteAndRefuse(503, "backendError")),
        ("cut before it arrives", Fault::CutBefore),
        ("cut after it was executed", Fault::CutAfter),
        ("cut in the middle of the answer", Fault::CutMidBody),
        ("malformed JSON", Fault::Malformed),
        ("answer after the time-out", Fault::Slow(Duration::from_secs(7))),
    ]
}

/// What may go wrong with a job.
fn job_faults() -> Vec<(&'static str, Fault)> {
    let serialize = "Could not serialize access to table demo:d.t due to concurrent update";
    vec![
        ("arrives late: 409 for the repeated id", Fault::Late),
        ("job ends with backendError", Fault::End("jobBackendError", "try again")),
        ("job ends with concurrent update", Fault::End("invalidQuery", serialize)),
        ("job is running for a while", Fault::Running(2)),
    ]
}

#[derive(Clone, Copy)]
enum Times {
    Once,
    Always,
}

#[derive(Clone)]
struct Scenario {
    call: &'static str,
    name: &'static str,
    fault: Fault,
    times: Times,
}

fn scenarios() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for call in CALLS {
        let of_jobs = if call.starts_with("insert") { job_faults() } else { Vec::new() };
        for (name, fault) in faults().into_iter().chain(of_jobs) {
            scenarios.push(Scenario { call, name, fault, times: Times::Once });
        }
        for (name, fault) in [
            ("503, without end", Fault::Refuse(503, "backendError")),
            ("cut before it arrives, without end", Fault::CutBefore),
            ("cut after it was executed, without end", Fault::CutAfter),
            ("accessDenied", Fault::Refuse(403, "accessDenied")),
        ] {
            scenarios.push(Scenario { call, name, fault, times: Times::Always });
        }
    }
    for call in CALLS.into_iter().filter(|call| call.starts_with("insert")) {
        let always = DOCUMENTED.iter().map(|answer| (answer.name, answer.fault()));
        scenarios.extend(always.map(|(name, fault)| Scenario {
            call,
            name,
            fault,
            times: Times::Always,
        }));
    }
    scenarios
}

#[test]
fn every_fault_at_every_step_ends_as_if_it_had_not_been_or_fails_honestly() {
    if super::emulator::emulator().is_none() {
        return;
    }
    let scenarios = Mutex::new(part::of(scenarios(), 40));
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = scenarios.lock().unwrap().next() else { return };
                    let outcome = play(&scenario);
                    outcomes.lock().unwrap().insert((scenario.name, scenario.call), outcome);
                }
            });
        }
    });
    // Written past the test harness, which would keep it to itself.
    writeln!(std::io::stdout(), "\n{}", table(&outcomes.into_inner().unwrap())).unwrap();
}

fn table(outcomes: &BTreeMap<(&'static str, &'static str), &'static str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["fault"].iter().chain(&CALLS));
    let mut names: Vec<&str> = faults().into_iter().chain(job_faults()).map(|f| f.0).collect();
    names.extend(
        outcomes
            .keys()
            .map(|key| key.0)
            .filter(|name| !names.contains(name))
            .collect::<BTreeSet<_>>(),
    );
    for name in names {
        let cell = |call: &&'static str| outcomes.get(&(name, *call)).copied().unwrap_or("–");
        table.add_row([name].into_iter().chain(CALLS.iter().map(cell)));
    }
    table
}

/// Plays one scenario; returns how it ended.
fn play(scenario: &Scenario) -> &'static str {
    let Scenario { call, name, fault, times } = scenario;
    let fixture = Fixture::new(KEYS).unwrap().rows(ROWS);
    let times = match times {
        Times::Once => 1,
        Times::Always => u32::MAX,
    };
    if *call == "get deactivate" {
        fixture.proxy.arm("insert deactivate", Fault::Running(2), 1);
    }
    fixture.proxy.arm(call, fault.clone(), times);
    let apply = || fixture.project.onerow(&format!("apply {WINDOW}"));
    let first = apply();
    let context = format!("{name} at {call}: {first}");
    let outcome = match first.code {
        Some(0) => "same",
        // Only what the streaming buffer refuses is not a failure.
        Some(code @ (1 | 75)) if times > 1 => {
            match code {
                75 => assert!(name.starts_with("streaming buffer"), "{context}"),
                _ => assert!(first.stderr.contains("error"), "nothing is said of it: {context}"),
            }
            fixture.proxy.heal();
            let second = apply();
            assert_eq!(
                second.code,
                Some(0),
                "the next run does not get there: {second}\nafter {context}"
            );
            if code == 75 { "buffered" } else { "next run" }
        }
        _ => panic!("{context}"),
    };
    assert_eq!(fixture.active(), SURVIVORS, "{context}");
    nothing_was_executed_twice(&fixture, &context);
    the_ledger_is_whole(&fixture, &context);
    outcome
}

fn nothing_was_executed_twice(fixture: &Fixture, context: &str) {
    let (mut ids, mut updates) = (BTreeSet::new(), BTreeSet::new());
    for (id, sql) in fixture.proxy.executed() {
        assert!(ids.insert(id.clone()), "{id} was executed twice: {context}");
        if sql.contains("\nUPDATE ") {
            assert!(updates.insert(sql), "{id} repeats an UPDATE: {context}");
        }
    }
    assert_eq!(updates.len(), 2, "{context}");
}

/// As another client reads it: each entry once, and each statement with a beginning and one end.
fn the_ledger_is_whole(fixture: &Fixture, context: &str) {
    let sql = format!(
        "SELECT run_id, sequence, step, outcome, affected_rows FROM {}.ledger ORDER BY logged_at, outcome DESC",
        fixture.dataset
    );
    let mut statements: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut deactivated = 0;
    for row in fixture.emulator.query(&sql) {
        let [run, sequence, step, outcome, affected] = row.try_into().unwrap();
        if step == "deactivate" && outcome == "done" {
            deactivated += affected.parse::<u64>().unwrap();
        }
        statements.entry((run, sequence)).or_default().push(outcome);
    }
    for ((run, sequence), outcomes) in statements {
        let once: BTreeSet<&String> = outcomes.iter().collect();
        assert_eq!(once.len(), outcomes.len(), "{run} {sequence} {outcomes:?}: {context}");
        assert!(once.contains(&"started".to_owned()), "{run} {sequence}: {context}");
        let ends = outcomes.iter().filter(|outcome| matches!(outcome.as_str(), "done" | "failed"));
        assert_eq!(ends.count(), 1, "{run} {sequence} {outcomes:?}: {context}");
    }
    assert_eq!(deactivated, 3, "{context}");
}
