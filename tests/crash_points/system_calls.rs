//! Deaths inside a call of the warehouse or the ledger: the real binary, killed by `strace` at each
//! system call that makes a change durable, on a project that has no database yet.

use std::process::{Command, Output, Stdio};

use super::scenario::{self, Scenario, cures};
use crate::common::oracle::ROWS;
use crate::common::{HEADER, Project, part};

/// What SQLite makes changes durable with, and what it ends a transaction with.
const CALLS: [&str; 2] = ["fsync,fdatasync", "unlink,unlinkat"];

#[test]
fn a_process_that_dies_at_any_durable_change_is_followed_by_one_that_finishes() {
    if !can_trace() {
        eprintln!("skipped: this test kills processes at their system calls, with `strace`");
        return;
    }
    let scenarios = cures();
    let scenario = &scenarios[0];
    std::thread::scope(|scope| {
        for calls in CALLS {
            scope.spawn(move || die_at_each(scenario, calls));
        }
    });
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// First the load into a new database, then the run; at one call in six today.
fn die_at_each(scenario: &Scenario, calls: &str) {
    let mut deaths = 0;
    let numbers = || (1..).filter(|number| part::has(*number, 6));
    for number in numbers() {
        let project = scenario.copy();
        std::fs::remove_file(project.path(".onerow/local.db")).unwrap();
        project.write("rows.csv", format!("{HEADER}{ROWS}\n"));
        let told = format!("load, dead at {calls} number {number}");
        let ended = traced(&project, &["load", "rows.csv"], calls, number);
        if is_loaded(&project) {
            assert_eq!(scenario.dates_done(&project, &told), 0, "{told}");
        } else {
            project.onerow("load rows.csv").exits(0);
        }
        scenario.finishes(&project, &told);
        if ended.status.success() {
            break;
        }
        deaths += 1;
    }
    for number in numbers() {
        let project = scenario.copy();
        let told = format!("apply, dead at {calls} number {number}");
        let ended = traced(&project, &scenario.arguments(), calls, number);
        scenario.finishes(&project, &told);
        if ended.status.success() {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > part::cases(8, 1), "only {deaths} deaths at {calls}");
}

fn is_loaded(project: &Project) -> bool {
    let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'nba.predictions'";
    let tables: i64 = project.database().query_row(sql, [], |row| row.get(0)).unwrap();
    tables > 0 && !scenario::table(project).is_empty()
}

/// Runs the binary, killed at the call with this number; each name counts for itself.
fn traced(project: &Project, arguments: &[&str], calls: &str, number: usize) -> Output {
    let inject = format!("inject={calls}:signal=KILL:when={number}");
    Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject])
        .arg(env!("CARGO_BIN_EXE_onerow"))
        .args(arguments)
        .current_dir(project.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
