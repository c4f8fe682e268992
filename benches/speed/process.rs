//! Start-up, and the most memory that a process takes.

use std::process::Command;
use std::time::Duration;

use super::memory;
use super::run::{in_turn, median, onerow, output, time, timed};

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
        most_memory(&format!("`onerow {command}` of 3,650 dates"), kilobytes, memory::BOUND)
    };
    memory::COMMANDS.iter().map(figure).collect()
}

/// Many rules, and files of many rows.
pub fn many() -> Vec<Figure> {
    let exe = std::env::current_exe().unwrap();
    let [some, all] = [memory::RULES / 4, memory::RULES].map(memory::Project::of_rules);
    let [more, less] = in_turn(5, || all.run(memory::RENDER), || some.run(memory::RENDER));
    let times = more.as_secs_f64() / less.as_secs_f64();
    let time = Figure {
        what: "`onerow render --all` of 2,000 rules, times what it takes for 500".to_owned(),
        figure: format!("{times:.2} ×"),
        bound: "4.00 ×".to_owned(),
        holds: times <= 4.0,
    };
    let kilobytes = all.peak_of(memory::RENDER, Command::new(&exe));
    let rendered = "`onerow render --all` of 2,000 rules";
    let rendered = most_memory(rendered, kilobytes, memory::BOUND_OF_RULES);
    let rows = memory::Project::of_files(memory::ROWS);
    let loaded = memory::FILES.map(|file| {
        let kilobytes = rows.peak_of(&format!("load {file}"), Command::new(&exe));
        let what = format!("`onerow load {file}` of 1,000,000 rows");
        most_memory(&what, kilobytes, memory::BOUND_OF_ROWS)
    });
    [time, rendered].into_iter().chain(loaded).collect()
}

fn most_memory(what: &str, kilobytes: u64, bound: u64) -> Figure {
    Figure {
        what: format!("{what}, the most memory"),
        figure: format!("{:.1} MiB", kilobytes as f64 / 1024.0),
        bound: format!("{} MiB", bound / 1024),
        holds: kilobytes <= bound,
    }
}
