//! A window of 3,650 dates takes little more memory than one date. `benches/report process` holds each
//! command to 64 MiB in a release build; here the binary itself is much of that.

#[path = "../benches/speed/memory.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod benchmark;
#[path = "../benches/speed/rule.rs"]
mod rule;
#[path = "../benches/speed/run.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod run;

use std::process::Command;

use benchmark::DATES;

/// For the texts of ten years, in kilobytes.
const MORE: u64 = 32 * 1024;

#[test]
#[ignore = "what the process does that measures"]
fn measures() {
    assert!(benchmark::measured());
}

#[test]
fn ten_years_of_dates_take_little_more_memory_than_one() {
    let project = benchmark::Project::new();
    for command in ["check", "plan"] {
        let [one, all] = [[DATES[0], DATES[0]], DATES].map(|dates| {
            let mut measuring = Command::new(std::env::current_exe().unwrap());
            measuring.args(["--exact", "memory::measures", "--ignored", "--nocapture"]);
            project.peak(command, dates, measuring)
        });
        println!("{command}: {one} kB for one date, {all} kB for 3,650");
        assert!(all - one <= MORE, "{command} took {one} kB for one date, {all} kB for 3,650");
    }
}
