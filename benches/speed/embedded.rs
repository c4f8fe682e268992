//! `status` and `apply` on the embedded warehouse, against the same SQL in SQLite's shell.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use onerow::clock::Clock;
use onerow::googlesql::SqlValue;
use onerow::rule::RuleFile;
use onerow::warehouse::sqlite::{Access, Sqlite, Streaming};
use onerow::window::{Day, Window};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::rule::{NOW, RULE};
use super::run::{Ratio, median, onerow, output, timed};
use super::shell::{self, Script};

const FIRST: &str = "2026-01-01";
/// In every tenth date, every fourth row is superseded.
const ROWS_OF_A_DATE: u64 = 100_000;
const BOUND: f64 = 1.2;
/// The most dates of a window: a clean-up looks at the last weeks, and not at years.
const DATES: usize = 100;

/// The figures for so many million rows.
pub fn ratios(millions: u64) -> Vec<Ratio> {
    let bench = Bench::new(millions * 1_000_000);
    let turns = if millions < 5 { 3 } else { 1 };
    let (of, all) = (bench.window.days().len(), bench.days.len());
    let dates = if of < all { format!("{of} of {all} dates") } else { format!("{all} dates") };
    let rows = format!("{millions} million rows, {dates}");
    let mut ratios = Vec::new();
    let mut measured = |what: &str, times: [Duration; 2]| {
        let [ours, other] = times;
        let ratio = Ratio { what: format!("{what}, {rows}"), ours, other, bound: Some(BOUND) };
        eprintln!("{}", ratio.cells().join(" | "));
        ratios.push(ratio);
    };
    measured("`status`", bench.status(turns));
    measured("`apply`", bench.apply(turns));
    ratios
}

/// One database of onerow's, one of the shell's, with the same rows.
struct Bench {
    folder: TempDir,
    days: Vec<Day>,
    /// The last of them.
    window: Window,
}

impl Bench {
    fn new(rows: u64) -> Self {
        let first = Day::parse(FIRST).unwrap();
        let days = std::iter::successors(Some(first), |day| day.next());
        let days: Vec<Day> = days.take((rows / ROWS_OF_A_DATE) as usize).collect();
        let window = Window::of_days(days[days.len().saturating_sub(DATES)..].to_vec()).unwrap();
        let bench = Self { folder: tempfile::tempdir().unwrap(), days, window };
        bench.fill();
        shell::copy(&bench.path("full.db"), &bench.path("shell-full.db"));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Some names are NULL, some rows inactive.
    fn fill(&self) {
        let file = RuleFile::parse("onerow.toml", RULE).unwrap();
        let rule = &file.rules[0];
        let now = Clock::Fixed(NOW.parse().unwrap());
        let drain = SignedDuration::from_mins(90);
        let sqlite = Sqlite::open(&self.path("full.db"), Access::Create, now, drain).unwrap();
        let start: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        let mut values = self.days.iter().zip(0_u64..).flat_map(|(day, date)| {
            (0..ROWS_OF_A_DATE).map(move |of_date| {
                let n = date * ROWS_OF_A_DATE + of_date;
                let is_dirty = date % 10 == 0;
                let thing = if is_dirty { of_date * 3 / 4 } else { of_date };
                Ok(vec![
                    SqlValue::String(format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
                    SqlValue::from(*day),
                    SqlValue::String(format!("game {}", thing % 12)),
                    match thing % 97 {
                        0 if is_dirty => SqlValue::Null,
                        _ => SqlValue::String(format!("player {}", thing / 12)),
                    },
                    SqlValue::Bool(of_date % 50 != 0),
                    SqlValue::Timestamp(start + SignedDuration::from_secs(n as i64)),
                ])
            })
        });
        sqlite
            .load(&rule.table, &rule.columns, &rule.nested, &mut values, Streaming::Settled)
            .unwrap();
        sqlite.index(&rule.table, rule.partition.column().unwrap()).unwrap();
    }

    fn status(&self, turns: usize) -> [Duration; 2] {
        self.project("full.db");
        let script = Script::status(&self.window);
        let (mut ours, mut other) = (0, 0);
        let mut times: [Vec<_>; 2] = Default::default();
        for _ in 0..turns {
            times[0].push(timed(|| ours = self.onerow("status")));
            let database = self.path("shell-full.db");
            times[1].push(timed(|| other = duplicates(&script.run(&database))));
        }
        assert_eq!(ours, other);
        times.map(median)
    }

    /// Each turn begins with the rows as they were.
    fn apply(&self, turns: usize) -> [Duration; 2] {
        self.project("used.db");
        let script = Script::apply(&self.window);
        let (ours, other) = (self.path("used.db"), self.path("shell-used.db"));
        let mut times: [Vec<_>; 2] = Default::default();
        for _ in 0..turns {
            std::fs::copy(self.path("full.db"), &ours).unwrap();
            times[0].push(timed(|| _ = self.onerow("apply")));
            std::fs::copy(self.path("shell-full.db"), &other).unwrap();
            times[1].push(timed(|| _ = script.run(&other)));
            assert_eq!(shell::digest(&ours), shell::digest(&other));
        }
        for used in [ours, other] {
            std::fs::remove_file(used).unwrap();
        }
        times.map(median)
    }

    fn project(&self, database: &str) {
        let path = format!("type = \"sqlite\"\npath = \"{database}\"");
        let rule = RULE.replace("type = \"sqlite\"", &path);
        std::fs::write(self.path("onerow.toml"), rule).unwrap();
    }

    /// The whole process; how many duplicates it found.
    fn onerow(&self, command: &str) -> i64 {
        let (first, last) = (self.window.first().to_string(), self.window.last().to_string());
        let mut command = onerow(&[command, "--from", &first, "--to", &last, "--now", NOW]);
        command.args(["--format", "json"]).current_dir(self.folder.path());
        let report: Json = serde_json::from_str(&output(&mut command)).unwrap();
        report["totals"]["duplicates"].as_i64().unwrap()
    }
}

/// The fourth column of what the shell printed, summed up.
fn duplicates(printed: &str) -> i64 {
    let rows = printed.lines().map(|line| line.split('|').nth(3).unwrap());
    rows.map(|count| count.parse::<i64>().unwrap()).sum()
}

/// The versions of the library here and of the shell.
pub fn versions() -> [String; 2] {
    let shell = output(Command::new(shell::PROGRAM).arg("--version"));
    let version = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    [rusqlite::version().to_owned(), version(&shell)]
}
