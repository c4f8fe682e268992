//! `onerow report`

mod rows;

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use jiff::Timestamp;

use self::rows::DatesRead;
use super::common::{ChangedArgs, Common, DATES};
use super::{Effects, Outcome};
use crate::engine::{Engine, Task};
use crate::error::Result;
use crate::files;
use crate::ledger::Filter;
use crate::report::html::{self, FilePage, RuleOverview, Rules, Viewer};
use crate::report::{Tariff, count};
use crate::rule::Rule;
use crate::run::{self, PastRun, Report};
use crate::window::Window;

/// The number of runs shown per rule.
const MOST_RUNS: usize = 50;

/// Write how the table stands, and what runs did, as one HTML page; changes nothing
#[derive(clap::Args)]
#[command(after_help = "\
The page is self-contained: no scripts, no requests to other servers. Send it by mail, or keep it with a build. It shows every rule unless one is named, and the last 14 dates up to
yesterday unless dates are given. A rule that cannot be read is shown as such, and the exit code is 1.
The values of rows are in it with --explain only.

Examples:
  onerow report --html report.html
  onerow report orders --last 92 --html report.html
  onerow report --changed --html report.html
  onerow report orders --explain --html report.html
  onerow report --warehouse prod --days 7 --html - | mail-to team")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: ChangedArgs,
    /// The file to write; - is stdout
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// Show the runs of the last N days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Also list the duplicates of each date, and the rows that the last run removed of it, with their values and why
    /// each is a duplicate; up to 50 a date
    #[arg(long)]
    explain: bool,
}

/// The results of one rule.
struct Seen<'p> {
    rule: &'p Rule,
    window: Window,
    status: Result<Report>,
    runs: Vec<PastRun>,
    dates: DatesRead,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.common.connecting(effects)?;
    let rules = args.common.rule.as_ref().map_or(engine.project().file.rules.len(), |_| 1);
    let engine = engine.reading_ledger_once(rules);
    let file = &engine.project().file;
    let only = args.common.rule.as_ref().map(|name| file.rule(name)).transpose()?;
    let rules: Vec<&Rule> = only.map_or_else(|| file.rules.iter().collect(), |rule| vec![rule]);
    let windows = rules.iter().map(|rule| args.common.window_or_last(DATES, rule, effects));
    let windows: Vec<Window> = windows.collect::<Result<_>>()?;
    let now = engine.now();
    let only = only.map(|rule| rule.name.as_str());
    let entries = engine.entries(&Filter::recent(only, now, args.days).with_sql())?;
    let mut runs = run::history(&entries);
    let mut seen = Vec::new();
    for (rule, window) in rules.into_iter().zip(windows) {
        let of_rule = runs.extract_if(.., |run| run.rule == rule.name);
        let runs: Vec<PastRun> = of_rule.collect();
        let (window, status) = match args.which.changed {
            true => changed(args, &engine, rule, window, effects),
            false => (window.clone(), engine.status(rule, &window)),
        };
        let dates = match &status {
            Ok(report) => DatesRead::of(&engine, rule, report, &runs, args.explain),
            Err(_) => DatesRead::default(),
        };
        seen.push(Seen { rule, window, status, runs, dates });
    }
    let dates = seen.iter().filter_map(|of| {
        let report = of.status.as_ref().ok()?;
        Some(of.dates.facts(of.rule, report, &of.runs))
    });
    let page = FilePage {
        rules: rules_of(&seen, engine.tariff()?, now),
        dates: dates.flatten().collect(),
        entries: &entries,
        days: args.days,
    };
    let page = html::file(&page)?;
    write(&args.html, &page, &seen, effects)?;
    let failed =
        seen.iter().flat_map(|of| of.status.as_ref().err().into_iter().chain(of.dates.errors()));
    Ok(failed.fold(Outcome::Done, |_, error| {
        effects.report(error);
        Outcome::Failed
    }))
}

/// The status of changed dates; `window` is shown if there are none, or if the changes are unknown.
fn changed(
    args: &Args,
    engine: &Engine,
    rule: &Rule,
    window: Window,
    effects: &Effects,
) -> (Window, Result<Report>) {
    match args.common.changed(engine, rule, &Task::detect(), effects).map(|changed| changed.window)
    {
        Ok(Some(changed)) => {
            let status = engine.status(rule, &changed);
            (changed, status)
        }
        Ok(None) => (window, Ok(Report::nothing(rule))),
        Err(error) => (window, Err(error)),
    }
}

fn rules_of<'a>(seen: &'a [Seen<'_>], tariff: Option<Tariff>, now: Timestamp) -> Rules<'a> {
    let rules = seen.iter().map(|of| RuleOverview {
        rule: of.rule,
        window: &of.window,
        status: of.status.as_ref().map_err(ToString::to_string),
        runs: of.runs.iter().collect(),
    });
    Rules {
        rules: rules.collect(),
        // A rule file has at least one rule, and the form is not part of a file.
        window: &seen[0].window,
        most_runs: MOST_RUNS,
        now,
        tariff,
        viewer: Viewer::Nobody,
    }
}

/// Writes the page, and reports the path if it is a file.
fn write(path: &Path, page: &str, seen: &[Seen<'_>], effects: &Effects) -> Result<()> {
    if path == Path::new("-") {
        return effects.print(page);
    }
    files::write_named(path, page)?;
    let runs: usize = seen.iter().map(|of| of.runs.len().min(MOST_RUNS)).sum();
    effects.say(&format!(
        "wrote {}: {}, {}, {}",
        path.display(),
        count(seen.len() as u64, "rule"),
        count(runs as u64, "run"),
        ByteSize(page.len() as u64)
    ));
    Ok(())
}
