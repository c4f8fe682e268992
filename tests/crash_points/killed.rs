//! SIGKILL at random instants, on the real binary. `ONEROW_SEED` repeats what a seed made.

use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::scenario::{Scenario, cures_of};
use crate::common::part;

const WINDOW: &str = "--from 2026-01-20 --to 2026-01-23";

/// Each of four dates has 50 keys of 5 rows each.
fn rows() -> String {
    let mut csv = String::new();
    for day in 20..24 {
        for number in 0..250 {
            let (key, hour) = (number % 50, number / 50);
            csv.push_str(&format!(
                "{day}-{number},2026-01-{day},g{key},p,,true,2026-01-{day}T0{hour}:00:00Z\n"
            ));
        }
    }
    csv.trim_end().to_owned()
}

#[test]
fn killed_at_random_instants_the_next_run_converges_each_time() {
    let (seed, kills) = (part::seed(), part::cases(200, 12));
    // Written past the test harness, which would keep it to itself.
    writeln!(std::io::stdout(), "\nseed {seed}").unwrap();
    let timed = |scenario: Scenario| (undisturbed(&scenario), scenario);
    let scenarios: Vec<(Duration, Scenario)> =
        cures_of(&rows(), WINDOW).into_iter().map(timed).collect();
    let (next, interrupted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Most die before the first date or after the last: it goes on until enough of them did not.
    let are_enough = || interrupted.load(Ordering::SeqCst) * 40 > kills;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= kills && (are_enough() || number >= 5 * kills) {
                        return;
                    }
                    let (whole_run, scenario) = &scenarios[number % scenarios.len()];
                    let mut random = fastrand::Rng::with_seed(seed + number as u64);
                    let instant = whole_run.mul_f64(random.f64());
                    let told = format!("seed {seed}, kill {number} after {instant:?}");
                    if kill(scenario, instant, &told) {
                        interrupted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let killed = next.load(Ordering::SeqCst) - 2;
    let between = interrupted.load(Ordering::SeqCst);
    writeln!(std::io::stdout(), "{between} of {killed} killed with some dates done and some not")
        .unwrap();
    assert!(are_enough(), "of {killed} kills {between} come between two dates");
}

/// How long the run takes here and now.
fn undisturbed(scenario: &Scenario) -> Duration {
    let project = scenario.copy();
    let begun = Instant::now();
    project.onerow_with(&scenario.arguments()).exits(0);
    begun.elapsed()
}

/// Returns whether the process died between two dates.
fn kill(scenario: &Scenario, after: Duration, told: &str) -> bool {
    let project = scenario.copy();
    let mut command = project.command(&scenario.arguments());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
    let done = scenario.dates_done(&project, told);
    scenario.finishes(&project, told);
    (1..4).contains(&done)
}
