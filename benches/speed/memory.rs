//! The most memory that a command takes for a window of 3,650 dates that are all dirty.

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
/// A process started again to measure finds here the command line.
const ENTRY: &str = "ONEROW_PEAK";

/// A project whose table has ten rows of five keys on each date.
pub struct Project(TempDir);

impl Project {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
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
        std::fs::write(folder.path().join("onerow.toml"), RULE).unwrap();
        std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
        output(onerow(&["load", "rows.csv"]).current_dir(folder.path()));
        Self(folder)
    }

    /// Of a command from the first to the last date, in kilobytes. A process of its own, which has to call
    /// [`measured`], waits for the command and for no other.
    pub fn peak(&self, command: &str, [from, to]: [&str; 2], mut measuring: Command) -> u64 {
        let line = format!("{command} --from {from} --to {to} --now {NOW}");
        let printed = output(measuring.env(ENTRY, line).current_dir(self.0.path()));
        let figure = printed.lines().find_map(|line| line.split_once("most memory: "));
        figure.unwrap().1.parse().unwrap()
    }
}

/// Does what [`ENTRY`] asks for, if it is there.
pub fn measured() -> bool {
    let Ok(line) = std::env::var(ENTRY) else { return false };
    output(&mut onerow(&line.split(' ').collect::<Vec<_>>()));
    println!("\nmost memory: {}", getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss());
    true
}
