//! A window of 3,650 dates (731 outside of `tests/run --thorough`) takes little more memory than one date, many rules as much as their texts, and a file
//! of many rows what one of few does. `benches/report process many` holds each command to its bound in a
//! release build; here the binary itself is much of that.

#[path = "../benches/speed/memory.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod benchmark;
#[path = "../benches/speed/rule.rs"]
mod rule;
#[path = "../benches/speed/run.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod run;

use std::process::Command;

use benchmark::{DATES, FILES, Project, RENDER};

use crate::common::part;

/// For the texts of ten years, in kilobytes.
const MORE: u64 = 32 * 1024;
/// For the texts of one more rule. With a copy of the rule file in each rule it was some 300.
const MORE_FOR_A_RULE: u64 = 60;
/// For ten times as many rows: what SQLite holds in memory. With the rows in memory it was some 40,000.
const MORE_FOR_ROWS: u64 = 12 * 1024;

#[test]
#[ignore = "what the process does that measures"]
fn measures() {
    assert!(benchmark::measured());
}

fn measuring() -> Command {
    let mut measuring = Command::new(std::env::current_exe().unwrap());
    measuring.args(["--exact", "memory::measures", "--ignored", "--nocapture"]);
    measuring
}

#[test]
fn ten_years_of_dates_take_little_more_memory_than_one() {
    let project = Project::new();
    let [ten_years_ago, last] = DATES;
    let first = if part::is_thorough() { ten_years_ago } else { "2023-12-29" };
    for command in ["check", "plan"] {
        let [one, all] =
            [[last, last], [first, last]].map(|dates| project.peak(command, dates, measuring()));
        println!("{command}: {one} kB for one date, {all} kB from {first} to {last}");
        assert!(all - one <= MORE, "{command}: {one} kB for one date, {all} kB from {first} on");
    }
}

#[test]
fn a_rule_among_many_takes_no_more_memory_than_one_among_few() {
    let counts = [100, 400];
    let [few, many] = counts.map(|count| Project::of_rules(count).peak_of(RENDER, measuring()));
    println!("render: {few} kB for 100 rules, {many} kB for 400");
    assert!(many - few <= 300 * MORE_FOR_A_RULE, "{few} kB for 100 rules, {many} kB for 400");
}

#[test]
fn a_file_of_many_rows_takes_no_more_memory_than_one_of_few() {
    let [few, many] = [10_000, 100_000].map(Project::of_files);
    for file in FILES {
        let peak = |files: &Project| files.peak_of(&format!("load {file}"), measuring());
        let (few, many) = (peak(&few), peak(&many));
        println!("load {file}: {few} kB for 10,000 rows, {many} kB for 100,000");
        assert!(
            many <= few + MORE_FOR_ROWS,
            "{file}: {few} kB for 10,000 rows, {many} for 100,000"
        );
    }
}
