//! Start-up, and the most memory that a process takes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use super::embedded::{NOW, RULE};
use super::run::{median, onerow, output, time, timed};

pub const HEADER: [&str; 4] = ["what", "figure", "bound", "holds"];
const DATES: [&str; 4] = ["--from", "2016-01-01", "--to", "2025-12-28"];
const MEMORY: u64 = 64;
/// A process started again to be measured finds here that it has to.
const ENTRY: &str = "ONEROW_PEAK";

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
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("onerow.toml"), RULE).unwrap();
    output(onerow(&["load"]).arg(rows(folder.path())).current_dir(folder.path()));
    let commands = ["render", "check", "status", "plan", "apply"];
    let figure = |command: &&str| {
        let kilobytes = peak(command, folder.path());
        Figure {
            what: format!("`onerow {command}` of 3,650 dates, the most memory"),
            figure: format!("{:.1} MiB", kilobytes as f64 / 1024.0),
            bound: format!("{MEMORY} MiB"),
            holds: kilobytes <= MEMORY * 1024,
        }
    };
    commands.iter().map(figure).collect()
}

/// Ten rows of five keys on each date.
fn rows(folder: &Path) -> PathBuf {
    let path = folder.join("rows.csv");
    let mut text = "id,d,game,player,active,created_at\n".to_owned();
    let first = onerow::window::Day::parse(DATES[1]).unwrap();
    for day in std::iter::successors(Some(first), |day| day.next()).take(3650) {
        for n in 0..10 {
            let player = n / 2;
            text.push_str(&format!("{day}/{n},{day},g,p{player},true,2026-01-01T00:00:0{n}Z\n"));
        }
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// In kilobytes. A process of its own waits for the command, and for no other.
fn peak(command: &str, folder: &Path) -> u64 {
    let mut measuring = Command::new(std::env::current_exe().unwrap());
    measuring.env(ENTRY, command).current_dir(folder);
    output(&mut measuring).trim().parse().unwrap()
}

/// Does what [`ENTRY`] asks for, if it is there.
pub fn measured() -> bool {
    let Ok(command) = std::env::var(ENTRY) else { return false };
    output(onerow(&[&command]).args(DATES).args(["--now", NOW]));
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss());
    true
}
