//! What commands take for twice and four times as many rows, and `consolidate` beside SQLite's own upsert.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onerow::window::Day;
use tempfile::TempDir;

use super::measured::{Measured, Work};
use super::rule::{NOW, RULE};
use super::run::{Ratio, median, onerow, time};
use super::sides::{self, Other, Side};

pub const HEADER: [&str; 8] = [
    "what",
    "once",
    "twice",
    "four times",
    "growth",
    "bound",
    "holds",
    "memory, once and four times",
];
/// Four times the rows may take so many times as long; what is quadratic takes sixteen times.
const BOUND: f64 = 5.0;
const TURNS: usize = 3;
const DATES: usize = 10;
const SIZES: [usize; 3] = [1, 2, 4];

/// A line of the growth table.
pub struct Growth {
    what: String,
    /// Of the processors.
    times: [Duration; 3],
    kilobytes: [u64; 3],
}

impl Growth {
    fn growth(&self) -> f64 {
        self.times[2].as_secs_f64() / self.times[0].as_secs_f64()
    }

    pub fn holds(&self) -> bool {
        self.growth() <= BOUND
    }

    pub fn cells(&self) -> Vec<String> {
        let [once, twice, four] = self.times.map(time);
        let growth = format!("{:.2} ×", self.growth());
        let holds = if self.holds() { "yes" } else { "NO" };
        vec![
            self.what.clone(),
            once,
            twice,
            four,
            growth,
            format!("{BOUND:.2} ×"),
            holds.to_owned(),
            format!("{} and {} MiB", self.kilobytes[0] / 1024, self.kilobytes[2] / 1024),
        ]
    }
}

/// One command after the other, each over the three sizes in turn.
pub fn growths() -> Vec<Growth> {
    let mut growths = Vec::new();
    let merges = SIZES.map(|times| Table::new("", 1_000 * times, true));
    let each = "10,000 staged rows";
    growths.extend(grown(&merges, &[(&consolidate(DATES), &format!("`consolidate` of {each}"))]));
    for (strategy, more) in [
        ("deactivate", ""),
        ("delete, with `keep_rows`", "strategy = \"delete\"\nkeep_rows = true\n"),
        ("rewrite", "strategy = \"rewrite\"\n"),
        ("rewrite, with `merge`", "strategy = \"rewrite\"\nmerge = \"last_non_null\"\n"),
    ] {
        let tables = SIZES.map(|times| Table::new(more, 1_000 * times, false));
        let of = format!("10,000 rows, half of them duplicates, {strategy}");
        let yes = if more.is_empty() { "" } else { " --yes" };
        growths.extend(grown(
            &tables,
            &[
                (&format!("apply {}{yes}", window(DATES)), &format!("`apply` of {of}")),
                ("explain --run last", &format!("`explain` of that run, {strategy}")),
                ("undo last", &format!("`undo` of it, {strategy}")),
            ],
        ));
    }
    let ledgers = SIZES.map(Table::with_runs);
    let of = format!("{} runs in the ledger", 2 * Table::RUNS);
    growths.extend(grown(
        &ledgers,
        &[
            ("log --limit 20", &format!("`log --limit 20` with {of}")),
            (&format!("status {} --changed", window(1)), &format!("`status --changed` with {of}")),
            (&format!("apply {}", window(1)), &format!("`apply` of a clean date with {of}")),
            ("undo last --dry-run", &format!("`undo --dry-run` with {of}")),
        ],
    ));
    growths
}

/// The commands one after the other, `TURNS` times from the same rows; each at all sizes in turn.
fn grown(tables: &[Table; 3], commands: &[(&str, &str)]) -> Vec<Growth> {
    let mut all = commands.iter().map(|_| Default::default()).collect::<Vec<[Vec<Measured>; 3]>>();
    for _ in 0..TURNS {
        tables.iter().for_each(Table::restore);
        for ((line, _), all) in commands.iter().zip(&mut all) {
            for (table, all) in tables.iter().zip(all) {
                all.push(table.onerow(line));
            }
        }
    }
    let growth = commands.iter().zip(all).map(|((_, what), all)| {
        let times = all.each_ref().map(|all| median(all.iter().map(|m| m.processor).collect()));
        let kilobytes = all.map(|all| all.iter().map(|m| m.kilobytes).max().unwrap_or_default());
        let growth = Growth { what: (*what).to_owned(), times, kilobytes };
        eprintln!("{}", growth.cells().join(" | "));
        growth
    });
    growth.collect()
}

/// `consolidate` of 100,000 staged rows over ten dates of a table that has as many: beside the same counts,
/// an upsert for each date, and the same counts again; and beside one upsert of everything, and nothing else.
pub fn merges(tools: &Path) -> [Ratio; 2] {
    let table = Table::new("", 10_000, true);
    let folder = table.folder.path();
    let shell = Side { other: Other::Sqlite, folder, tools };
    let days = days(DATES);
    let prepare = || {
        shell.load("rows.csv");
        shell.stage("staged.csv");
        shell.keys(true);
    };
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..TURNS {
        table.restore();
        times[0].push(table.onerow(&consolidate(DATES)).processor);
        let works: [&dyn Fn() -> Measured; 2] =
            [&|| shell.consolidate(&days), &|| shell.upsert(&days)];
        for (work, times) in works.into_iter().zip(&mut times[1..]) {
            prepare();
            times.push(work().processor);
            assert_eq!(sides::digest(folder), shell.digest());
        }
    }
    let [ours, counted, alone] = times.map(median);
    let what = "`consolidate` of 100,000 staged rows over 10 dates, against";
    let ratio =
        |other, bound, name: &str| Ratio { what: format!("{what} {name}"), ours, other, bound };
    [
        ratio(counted, Some(1.5), "the same counts and an upsert for each date, in SQLite's shell"),
        ratio(alone, None, "one upsert alone, which counts and logs nothing"),
    ]
}

/// A table of ten dates, on the embedded warehouse.
struct Table {
    folder: TempDir,
}

impl Table {
    const RUNS: usize = 50;

    /// One with so many rows a date: with as many staged, or half of them superseded.
    fn new(more: &str, of_date: usize, is_staged: bool) -> Self {
        let table = Self { folder: tempfile::tempdir().unwrap() };
        let warehouse = "type = \"sqlite\"\npath = \"onerow.db\"";
        let section = format!("{more}\n[rule.p.staging]\ntables = [\"a.staged\"]\n");
        let section = if is_staged { section } else { more.to_owned() };
        let rule = RULE.replace("type = \"sqlite\"", warehouse).replace(
            "[rule.p.columns]",
            &format!("{section}\n[rule.p.columns]\nscore = \"INT64\""),
        );
        table.write("onerow.toml", &rule);
        let (mut rows, mut staged) = (HEAD.to_owned(), HEAD.to_owned());
        for (date, day) in days(DATES).into_iter().enumerate() {
            for n in 0..of_date {
                let thing = if is_staged { n } else { n / 2 };
                let id = (date * of_date + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let at = format!("2020-01-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
                let (game, player) = (thing % 12, thing / 12);
                writeln!(rows, "{id:016x},{day},game {game},player {player},{},1,{at}", n % 100)
                    .unwrap();
                let new = if n % 2 == 0 { of_date + n } else { n };
                let (game, player) = (new % 12, new / 12);
                writeln!(
                    staged,
                    "s{date}-{n},{day},game {game},player {player},{},1,2029-01-01T00:00:00Z",
                    n + 1000
                )
                .unwrap();
            }
        }
        table.write("rows.csv", &rows);
        table.write("staged.csv", &staged);
        table.onerow("load rows.csv");
        if is_staged {
            table.onerow("load staged.csv --into a.staged");
        }
        table.keep();
        table
    }

    /// A small one, whose ledger has so many times [`Self::RUNS`] runs, and as many that undo them.
    fn with_runs(times: usize) -> Self {
        let table = Self::new("", 10, false);
        for _ in 0..times * Self::RUNS {
            table.onerow(&format!("apply {}", window(1)));
            table.onerow("undo last");
        }
        table.onerow(&format!("apply {}", window(1)));
        table.keep();
        table
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Remembers the rows as they are.
    fn keep(&self) {
        std::fs::copy(self.path(sides::OURS), self.path("full.db")).unwrap();
    }

    fn restore(&self) {
        std::fs::copy(self.path("full.db"), self.path(sides::OURS)).unwrap();
    }

    fn onerow(&self, line: &str) -> Measured {
        let now = if line.starts_with("load") || line.starts_with("log") {
            String::new()
        } else {
            format!(" --now {NOW}")
        };
        let arguments = format!("{line}{now}").split(' ').map(str::to_owned).collect();
        let folder = self.folder.path().to_owned();
        let program = PathBuf::from(onerow(&[]).get_program());
        Work { program, arguments, folder, input: None }.measure()
    }
}

const HEAD: &str = "id,d,game,player,score,active,created_at\n";

fn days(count: usize) -> Vec<Day> {
    let first = Day::parse("2026-01-01").unwrap();
    std::iter::successors(Some(first), |day| day.next()).take(count).collect()
}

fn window(dates: usize) -> String {
    let days = days(dates);
    format!("--from {} --to {}", days[0], days[dates - 1])
}

fn consolidate(dates: usize) -> String {
    format!("consolidate {}", window(dates))
}
