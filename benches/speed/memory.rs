//! The most memory that a command takes: for a window of 3,650 dates that are all dirty, for many rules,
//! for many rows.

use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use onerow::window::Day;
use tempfile::TempDir;

use super::rule::{NOW, RULE};
use super::run::{onerow, output};

/// In kilobytes.
pub const BOUND: u64 = 64 * 1024;
pub const COMMANDS: [&str; 5] = ["render", "check", "status", "plan", "apply"];
pub const DATES: [&str; 2] = ["2016-01-01", "2025-12-28"];
/// In kilobytes: for [`RULES`] rules, and for a file of [`ROWS`] rows.
pub const BOUND_OF_RULES: u64 = 128 * 1024;
pub const BOUND_OF_ROWS: u64 = 96 * 1024;
pub const RULES: usize = 2_000;
pub const ROWS: usize = 1_000_000;
pub const FILES: [&str; 2] = ["many.csv", "many.ndjson"];
pub const RENDER: &str = "render --all --date 2026-01-28";
/// A process started again to measure finds here the command line.
const ENTRY: &str = "ONEROW_PEAK";

/// A project in a folder of its own.
pub struct Project(TempDir);

impl Project {
    /// One whose table has ten rows of five keys on each date.
    pub fn new() -> Self {
        let project = Self::with_rules(RULE);
        let mut rows = "id,d,game,player,active,created_at\n".to_owned();
        let first = Day::parse(DATES[0]).unwrap();
        for day in std::iter::successors(Some(first), |day| day.next()).take(3650) {
            for n in 0..10 {
                let player = n / 2;
                rows.push_str(&format!(
                    "{day}/{n},{day},g,p{player},true,2026-01-01T00:00:0{n}Z\n"
                ));
            }
        }
        project.write("rows.csv", &rows);
        project.run("load rows.csv");
        project
    }

    /// One with so many rules, each like [`RULE`].
    pub fn of_rules(count: usize) -> Self {
        let (warehouse, rule) = RULE.split_at(RULE.find("[rule.p]").unwrap());
        let rules: String = (0..count)
            .map(|n| {
                rule.replace("[rule.p", &format!("[rule.p{n}")).replace("a.b", &format!("a.b{n}"))
            })
            .collect();
        Self::with_rules(&format!("{warehouse}{rules}"))
    }

    /// One without a table, and beside it the files of [`FILES`] with so many rows.
    pub fn of_files(rows: usize) -> Self {
        let project = Self::with_rules(RULE);
        let (mut csv, mut ndjson) =
            ("id,d,game,player,active,created_at\n".to_owned(), String::new());
        for n in 0..rows {
            let (day, game, player) = (n % 28 + 1, n % 1000, n % 5000);
            let (day, at) = (format!("2026-01-{day:02}"), "2026-01-01T00:00:00Z");
            csv.push_str(&format!("id{n},{day},\"g{game}\",p{player},true,{at}\n"));
            ndjson.push_str(&format!(
                "{{\"id\": \"id{n}\", \"d\": \"{day}\", \"game\": \"g{game}\", \
                 \"player\": \"p{player}\", \"active\": true, \"created_at\": \"{at}\"}}\n"
            ));
        }
        project.write(FILES[0], &csv);
        project.write(FILES[1], &ndjson);
        project
    }

    /// Runs a command line.
    pub fn run(&self, line: &str) {
        output(onerow(&words(line)).current_dir(self.0.path()));
    }

    fn with_rules(rules: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("onerow.toml", rules);
        project
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Of a command from the first to the last date, in kilobytes.
    pub fn peak(&self, command: &str, [from, to]: [&str; 2], measuring: Command) -> u64 {
        self.peak_of(&format!("{command} --from {from} --to {to} --now {NOW}"), measuring)
    }

    /// Of a command line, in kilobytes. A process of its own, which has to call [`measured`], waits for the
    /// command and for no other.
    pub fn peak_of(&self, line: &str, mut measuring: Command) -> u64 {
        let printed = output(measuring.env(ENTRY, line).current_dir(self.0.path()));
        let figure = printed.lines().find_map(|line| line.split_once("most memory: "));
        figure.unwrap().1.parse().unwrap()
    }
}

/// Does what [`ENTRY`] asks for, if it is there.
pub fn measured() -> bool {
    let Ok(line) = std::env::var(ENTRY) else { return false };
    output(&mut onerow(&words(&line)));
    println!("\nmost memory: {}", getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss());
    true
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}
