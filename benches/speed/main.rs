//! Speed, memory and cost, as figures that others can repeat: `benches/report` (see
//! benches/README.md). Exits 1 when a bound does not hold.

mod bare;
#[path = "../../tests/common/document.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod document;
mod embedded;
mod growth;
mod instructions;
mod jobs;
mod larger;
mod machine;
mod measured;
mod memory;
mod others;
mod process;
mod rule;
mod run;
mod shell;
mod sides;
mod templates;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use instructions::Way;
use onerow::window::Window;
use run::Ratio;

/// A table of the report.
struct Table {
    text: String,
    holds: bool,
}

const TABLES: [&str; 10] = [
    "machine",
    "rendering",
    "instructions",
    "embedded",
    "larger",
    "upsert",
    "growth",
    "jobs",
    "process",
    "many",
];

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    /// The tables to make; all where none is named.
    tables: Vec<String>,
    /// `--rows 10000000,50000000`: how many the table of `larger` has.
    rows: Vec<u64>,
    /// `--turns 3`: how often that is measured from the beginning.
    turns: Option<usize>,
}

impl Asked {
    fn of(arguments: &[String]) -> Self {
        let mut asked = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("a value after the option");
            match argument.as_str() {
                "--rows" => asked.rows = value().split(',').map(|n| n.parse().unwrap()).collect(),
                "--turns" => asked.turns = Some(value().parse().unwrap()),
                option if option.starts_with("--") => {}
                table => asked.tables.push(table.to_owned()),
            }
        }
        if asked.rows.is_empty() {
            asked.rows.push(1_000_000);
        }
        asked
    }
}

fn main() -> ExitCode {
    if instructions::counted() || memory::measured() || measured::measured() {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this file too, without this argument; a benchmark is no test.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let Some(tools) = std::env::var_os("ONEROW_BENCH_OTHERS").map(PathBuf::from) else {
        eprintln!("these benchmarks need other tools; benches/report prepares them");
        return ExitCode::FAILURE;
    };
    let asked = Asked::of(&arguments);
    let mut holds = true;
    for name in TABLES {
        if !asked.tables.is_empty() && !asked.tables.iter().any(|asked| asked == name) {
            continue;
        }
        let table = table(name, &tools, &asked);
        println!("{}", table.text);
        if std::env::var_os("ONEROW_WRITE_DOCS").is_some() {
            document::section("speed.md", name, &table.text);
        }
        holds &= table.holds;
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn table(name: &str, tools: &std::path::Path, asked: &Asked) -> Table {
    match name {
        "machine" => Table {
            text: document::markdown(&["what", "which"], &machine::rows(tools)),
            holds: true,
        },
        "rendering" => {
            ratios(render_and_check().into_iter().chain(others::ratios(tools)).collect())
        }
        "instructions" => instructions(),
        "embedded" => ratios(millions().into_iter().flat_map(embedded::ratios).collect()),
        "larger" => {
            let of = |rows: &u64| larger::rows(*rows, asked.turns.unwrap_or(3), tools);
            let rows: Vec<_> = asked.rows.iter().flat_map(of).collect();
            Table { text: document::markdown(&larger::HEADER, &rows), holds: true }
        }
        "upsert" => ratios(growth::merges(tools).into()),
        "growth" => {
            let growths = growth::growths();
            let rows: Vec<_> = growths.iter().map(growth::Growth::cells).collect();
            let holds = growths.iter().all(growth::Growth::holds);
            Table { text: document::markdown(&growth::HEADER, &rows), holds }
        }
        "jobs" => Table { text: document::markdown(&jobs::HEADER, &jobs::rows()), holds: true },
        "many" => figures(&process::many()),
        _ => figures(&process::start_up().into_iter().chain(process::memory()).collect::<Vec<_>>()),
    }
}

fn figures(figures: &[process::Figure]) -> Table {
    let rows: Vec<_> = figures.iter().map(process::Figure::cells).collect();
    let holds = figures.iter().all(|figure| figure.holds);
    Table { text: document::markdown(&process::HEADER, &rows), holds }
}

fn ratios(ratios: Vec<Ratio>) -> Table {
    let rows: Vec<_> = ratios.iter().map(Ratio::cells).collect();
    let holds = ratios.iter().all(Ratio::holds);
    Table { text: document::markdown(&Ratio::HEADER, &rows), holds }
}

/// How many million rows: `ONEROW_BENCH_MILLIONS=1,10,50`.
fn millions() -> Vec<u64> {
    let asked = std::env::var("ONEROW_BENCH_MILLIONS").unwrap_or("1".to_owned());
    asked.split(',').map(|millions| millions.trim().parse().unwrap()).collect()
}

/// A year as one window, as `apply --last 365` plans it, and each of its dates as a window of its own.
fn render_and_check() -> [Ratio; 2] {
    let project = templates::example();
    let (ours, bare) = (templates::Ours::new(&project), templates::Bare::new(&project));
    let ratio = |what: &str, windows: &[Window], bound: f64| {
        windows.iter().for_each(|window| templates::assert_same_texts(&ours, &bare, window));
        let render_and_check = || windows.iter().for_each(|window| ours.render_and_check(window));
        let render_and_parse = || windows.iter().for_each(|window| bare.render_and_parse(window));
        let [ours, other] = run::in_turn(31, render_and_check, render_and_parse);
        let what = format!("{what}, against minijinja and sqlparser alone");
        Ratio { what, ours, other, bound: Some(bound) }
    };
    [
        ratio("render and check the plan of 365 dates", &[templates::window(365)], 2.10),
        ratio("render and check 365 plans of one date", &templates::dates(365), 2.40),
    ]
}

fn instructions() -> Table {
    let exe = std::env::current_exe().unwrap();
    let [ours, bare] =
        [Way::Ours, Way::Bare].map(|way| instructions::of_one_date(way, || Command::new(&exe)));
    let row = |what: &str, count: u64| {
        let ratio = format!("{:.2} ×", count as f64 / bare as f64);
        vec![what.to_owned(), count.to_string(), ratio]
    };
    let rows = [row("onerow", ours), row("minijinja and sqlparser alone", bare)];
    let header = ["the plan of one date", "instructions", "ratio"];
    Table { text: document::markdown(&header, &rows), holds: true }
}
