//! Start-up, and the most memory that a process takes.

use std::process::Command;
use std::time::Duration;

use super::memory;
use super::run::{median, onerow, output, time, timed};

pub const HEADER: [&str; 4] = ["what", "figure", "bound", "holds"];

/// A figure that is no ratio.
pub struct Figure {
    what: String,
    figure: String,
    bound: String,
    pub holds: bool,
}

impl Figure {
    pub fn cells(&self) -> Vec<String> {
        let holds = if self.holds { "yes" } else { "NO" };
        vec![self.what.clone(), self.figure.clone(), self.bound.clone(), holds.to_owned()]
    }
}

/// How long the binary takes from start to end.
pub fn start_up() -> [Figure; 2] {
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/player_props");
    let render =
        ["render", "player_prop_predictions", "--date", "2026-01-28", "--project-dir", project];
    let figure = |what: &str, arguments: &[&str], bound: u64| {
        let times = (0..50).map(|_| timed(|| _ = output(&mut onerow(arguments)))).collect();
        let (taken, bound) = (median(times), Duration::from_millis(bound));
        Figure {
            what: format!("{what}, the whole process"),
            figure: time(taken),
            bound: time(bound),
            holds: taken <= bound,
        }
    };
    [
        figure("`onerow --version`", &["--version"], 10),
        figure("`onerow render` of one date", &render, 20),
    ]
}

/// The most memory of each command, for a window of 3,650 dates that are all dirty.
pub fn memory() -> Vec<Figure> {
    let project = memory::Project::new();
    let exe = std::env::current_exe().unwrap();
    let figure = |command: &&str| {
        let kilobytes = project.peak(command, memory::DATES, Command::new(&exe));
        Figure {
            what: format!("`onerow {command}` of 3,650 dates, the most memory"),
            figure: format!("{:.1} MiB", kilobytes as f64 / 1024.0),
            bound: format!("{} MiB", memory::BOUND / 1024),
            holds: kilobytes <= memory::BOUND,
        }
    };
    memory::COMMANDS.iter().map(figure).collect()
}
