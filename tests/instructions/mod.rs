//! Rendering and checking is held to a number of instructions, which repeats where a time does not.
//! The number is a multiple of what minijinja and sqlparser alone take in the same build, so that it
//! holds with other compilers too. `benches/report instructions` counts in a release build.

#[path = "../../benches/speed/bare.rs"]
mod bare;
#[path = "../../benches/speed/instructions.rs"]
mod benchmark;
#[path = "../../benches/speed/templates.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod templates;

use std::process::Command;

use benchmark::{Way, of_one_date};

/// Three percent above what was counted; almost a quarter of it is the look for what BigQuery always refuses.
/// Less is better: then make it smaller.
const BOUND: f64 = 2.23;

#[test]
#[ignore = "what the process does that is counted"]
fn counted() {
    assert!(benchmark::counted());
}

#[test]
fn a_plan_takes_no_more_instructions_than_it_did() {
    if std::env::var_os("ONEROW_VALGRIND").is_none() {
        eprintln!("skipped: this test needs Valgrind; `tests/run` finds it");
        return;
    }
    let counted = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "instructions::counted", "--ignored"]);
        command
    };
    let [ours, bare] = [Way::Ours, Way::Bare].map(|way| of_one_date(way, counted));
    let ratio = ours as f64 / bare as f64;
    println!("{ours} instructions, {bare} with minijinja and sqlparser alone: {ratio:.3}");
    assert!(ratio <= BOUND, "{ratio:.3} times as many, and not {BOUND}");
}
