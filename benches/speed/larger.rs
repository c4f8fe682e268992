//! `load`, `status`, `apply`, `consolidate` and `undo` over a table of many million rows, each with its
//! peak memory, beside the same work in SQLite's shell and in DuckDB's command line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use onerow::window::Day;
use tempfile::TempDir;

use super::measured::{Measured, Work};
use super::rule::{NOW, RULE};
use super::run::{median, time};
use super::sides::{self, Other, Side};

pub const HEADER: [&str; 9] = [
    "what",
    "onerow",
    "SQLite's shell",
    "DuckDB",
    "onerow : SQLite",
    "onerow : DuckDB",
    "memory of onerow",
    "of SQLite's shell",
    "of DuckDB",
];
const FIRST: &str = "2026-01-01";
const ROWS_OF_A_DATE: u64 = 100_000;
const STAGED_OF_A_DATE: u64 = 10_000;
/// In every tenth date every fourth row is superseded; for every tenth date, and another one, rows are staged.
const EVERY: usize = 10;
const WITH_STAGED: usize = 5;

/// The lines for so many rows.
pub fn rows(rows: u64, turns: usize, tools: &Path) -> Vec<Vec<String>> {
    let bench = Bench::new(rows, tools);
    let mut lines: Vec<Line> = Vec::new();
    for _ in 0..turns {
        let mut measured = bench.turn().into_iter();
        if lines.is_empty() {
            lines = measured.by_ref().map(Line::new).collect();
        }
        lines.iter_mut().zip(measured).for_each(|(line, (_, all))| line.add(all));
    }
    let title = if turns == 1 { "one turn".to_owned() } else { format!("{turns} turns") };
    let of = format!("{} million rows, {title}", rows as f64 / 1e6);
    lines.into_iter().map(|line| line.cells(&of)).collect()
}

/// What was measured of a command, on each side.
struct Line {
    what: String,
    /// Of the processors.
    times: [Vec<Duration>; 3],
    kilobytes: [u64; 3],
}

impl Line {
    fn new((what, measured): (String, [Measured; 3])) -> Self {
        let mut line = Self { what, times: Default::default(), kilobytes: [0; 3] };
        line.add(measured);
        line
    }

    fn add(&mut self, measured: [Measured; 3]) {
        for (side, measured) in measured.into_iter().enumerate() {
            self.times[side].push(measured.processor);
            self.kilobytes[side] = self.kilobytes[side].max(measured.kilobytes);
        }
    }

    fn cells(self, of: &str) -> Vec<String> {
        let [ours, shell, duck] = self.times.map(median);
        let ratio = |other: Duration| format!("{:.2} ×", ours.as_secs_f64() / other.as_secs_f64());
        let mut cells = vec![format!("{}, {of}", self.what), time(ours), time(shell), time(duck)];
        cells.extend([ratio(shell), ratio(duck)]);
        cells.extend(self.kilobytes.map(|of| format!("{:.0} MiB", of as f64 / 1024.0)));
        cells
    }
}

/// The files to load, in a folder where each side makes its database.
struct Bench<'a> {
    folder: TempDir,
    tools: &'a Path,
    days: Vec<Day>,
}

impl<'a> Bench<'a> {
    fn new(rows: u64, tools: &'a Path) -> Self {
        let days = std::iter::successors(Some(Day::parse(FIRST).unwrap()), |day| day.next());
        let days = days.take((rows / ROWS_OF_A_DATE) as usize).collect();
        let bench = Self { folder: tempfile::tempdir().unwrap(), tools, days };
        let warehouse = "type = \"sqlite\"\npath = \"onerow.db\"";
        let rule = RULE.replace("type = \"sqlite\"", warehouse).replace(
            "[rule.p.columns]",
            "[rule.p.staging]\ntables = [\"a.staged\"]\n\n[rule.p.columns]\nscore = \"INT64\"",
        );
        std::fs::write(bench.folder.path().join("onerow.toml"), rule).unwrap();
        bench.write_rows();
        bench.write_staged();
        bench
    }

    fn file(&self, name: &str) -> BufWriter<File> {
        let mut file = BufWriter::new(File::create(self.folder.path().join(name)).unwrap());
        writeln!(file, "id,d,game,player,score,active,created_at").unwrap();
        file
    }

    /// Some players are NULL, some rows inactive.
    fn write_rows(&self) {
        let start: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        let mut file = self.file("rows.csv");
        for (day, date) in self.days.iter().zip(0_u64..) {
            let is_dirty = date.is_multiple_of(EVERY as u64);
            for of_date in 0..ROWS_OF_A_DATE {
                let n = date * ROWS_OF_A_DATE + of_date;
                let is_active = !of_date.is_multiple_of(50);
                // A row that is not active has an active one of the same key.
                let of_key = if is_active { of_date } else { of_date + 1 };
                let thing = if is_dirty { of_key * 3 / 4 } else { of_key };
                let player = match thing % 97 {
                    0 if is_dirty => String::new(),
                    _ => format!("player {}", thing / 12),
                };
                let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let created_at = start + SignedDuration::from_secs(n as i64);
                writeln!(
                    file,
                    "{id:016x},{day},game {},{player},{},{},{created_at}",
                    thing % 12,
                    of_date % 100,
                    u8::from(is_active)
                )
                .unwrap();
            }
        }
    }

    /// Half of them are new, half have another score than the row of the key.
    fn write_staged(&self) {
        let mut file = self.file("staged.csv");
        for (date, day) in self.staged().iter().enumerate() {
            for n in 0..STAGED_OF_A_DATE {
                let thing = if n % 2 == 0 { ROWS_OF_A_DATE + n } else { n * 9 };
                writeln!(
                    file,
                    "s{date}-{n},{day},game {},player {},{},1,2029-01-01T00:00:00Z",
                    thing % 12,
                    thing / 12,
                    n + 1000
                )
                .unwrap();
            }
        }
    }

    fn dirty(&self) -> Vec<Day> {
        self.days.iter().copied().step_by(EVERY).collect()
    }

    fn staged(&self) -> Vec<Day> {
        self.days.iter().copied().skip(WITH_STAGED).step_by(EVERY).collect()
    }

    /// Each command once, from the files on, on one side after the other.
    fn turn(&self) -> Vec<(String, [Measured; 3])> {
        let sides = Other::ALL.map(|other| {
            let (folder, tools) = (self.folder.path(), self.tools);
            Side { other, folder, tools }
        });
        let _ = std::fs::remove_file(self.folder.path().join(sides::OURS));
        let (dirty, staged) = (self.dirty(), self.staged());
        let mut lines = Vec::new();
        let mut add = |what: &str, ours: Measured, others: [Measured; 2]| {
            let [shell, duck] = others;
            let measured = [ours, shell, duck];
            let times = measured.each_ref().map(|of| time(of.time)).join(", ");
            let processor = measured.each_ref().map(|of| time(of.processor)).join(", ");
            eprintln!("{what}: {times}; of the processors {processor}");
            lines.push((format!("`{what}`"), measured));
        };
        let both = |work: &dyn Fn(&Side<'_>) -> Measured| [work(&sides[0]), work(&sides[1])];
        let window = format!("--from {} --to {}", self.days[0], self.days[self.days.len() - 1]);
        add("load", self.onerow("load rows.csv"), both(&|side| side.load("rows.csv")));
        self.onerow("load staged.csv --into a.staged");
        sides.iter().for_each(|side| side.stage("staged.csv"));
        let status = self.onerow(&format!("status {window} --now {NOW}"));
        add("status", status, both(&|side| side.status(&self.days)));
        let apply = self.onerow(&format!("apply {window} --now {NOW}"));
        add("apply", apply, both(&|side| side.apply(&self.days, &dirty)));
        self.assert_same(&sides);
        sides.iter().for_each(|side| side.keys(true));
        let list = staged.iter().map(Day::to_string).collect::<Vec<_>>().join(",");
        let merged = self.onerow(&format!("consolidate --date {list} --now {NOW}"));
        add("consolidate", merged, both(&|side| side.consolidate(&staged)));
        self.assert_same(&sides);
        sides.iter().for_each(|side| side.keys(false));
        let undone = self.onerow(&format!("undo last --now {NOW}"));
        add("undo", undone, both(&|side| side.undo(&dirty)));
        self.assert_same(&sides);
        lines
    }

    fn onerow(&self, line: &str) -> Measured {
        let arguments = line.split(' ').map(str::to_owned).collect();
        let folder = self.folder.path().to_owned();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_onerow"));
        Work { program, arguments, folder, input: None }.measure()
    }

    fn assert_same(&self, sides: &[Side<'_>; 2]) {
        let ours = sides::digests(self.folder.path());
        for side in sides {
            assert_eq!(ours, [side.digest(), side.digest_of_removals()]);
        }
    }
}
