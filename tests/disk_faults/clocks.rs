//! Clocks that jump, between two runs and within one.

use super::world::{self, Fault, entries, project};
use crate::common::Project;
use crate::common::oracle::WINDOW;

const FAULTS: [Fault; 2] = [
    ("the clock jumps forth by years between two runs, and back again", between_runs),
    ("the clock is set back between a statement and its outcome", within_a_run),
];

#[test]
fn the_order_of_the_ledger_does_not_depend_on_the_clock() {
    world::play("clocks", &FAULTS);
}

fn between_runs() -> String {
    let project = project();
    let at = |now: &str, command: &str| {
        project.onerow(&format!("{command} --now {now}")).exits(0);
    };
    at("2036-01-30T10:00:00Z", &format!("run detect {WINDOW}"));
    at("2026-02-01T10:00:00Z", &format!("apply {WINDOW}"));
    world::is_done_and_honest(&project, "the clock went back by ten years");
    at("2036-01-30T10:00:00Z", &format!("apply {WINDOW}"));
    let order: Vec<String> = entries(&project)
        .iter()
        .filter(|entry| entry["outcome"] == "done")
        .map(|entry| entry["step"].as_str().unwrap().to_owned())
        .collect();
    let removals = ["record", "deactivate", "record", "deactivate"];
    assert_eq!(order, [&["detect", "detect"], &removals[..], &["verify", "detect"]].concat());
    "the right result; entries stay in the order in which they were written".to_owned()
}

/// A process that died after it had sent a statement, at a time that is yet to come; the run that
/// finds out what became of it is earlier.
fn within_a_run() -> String {
    let project = project();
    project.onerow(&format!("run detect {WINDOW} --now 2036-01-30T10:00:00Z")).exits(0);
    forget_the_last_outcome(&project);
    project.onerow(&format!("apply {WINDOW} --now 2026-02-01T10:00:00Z")).exits(0);
    world::is_done_and_honest(&project, "the outcome is older than the statement");
    "the right result; an outcome follows its statement, whatever the time".to_owned()
}

fn forget_the_last_outcome(project: &Project) {
    let sql = "DROP TRIGGER _onerow_ledger_delete; \
               DELETE FROM _onerow_ledger WHERE id = (SELECT max(id) FROM _onerow_ledger)";
    project.database().execute_batch(sql).unwrap();
}
