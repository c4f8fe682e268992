//! `onerow log`

use std::collections::HashSet;

use clap_complete::engine::ArgValueCompleter;

use super::common::ProjectArgs;
use super::{Effects, Outcome, completions};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::ledger::{Entry, Filter, latest};
use crate::report::{self, Format, RunSummary};
use crate::run::{RunId, history};

/// Read the ledger, newest first: the runs, or the statements of one
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow log
  onerow log 20260130T0741
  onerow log 20260130T0741 --sql
  onerow log --rule orders --limit 5 --warehouse prod
  onerow log --statements --format json")]
pub(super) struct Args {
    /// Show the statements of this run; the start of its id is enough
    #[arg(value_name = "RUN", conflicts_with = "runs")]
    run: Option<String>,
    /// Show one line a run (the default without RUN)
    #[arg(long, conflicts_with_all = ["statements", "sql"])]
    runs: bool,
    /// Show one line a statement, of all runs
    #[arg(long)]
    statements: bool,
    /// Show the SQL of each statement
    #[arg(long)]
    sql: bool,
    /// Only this rule
    #[arg(long, value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
    rule: Option<String>,
    /// At most this many runs, or statements
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.connecting(effects)?;
    if let Some(rule) = &args.rule {
        engine.project().file.rule(rule)?;
    }
    let text = match args.run.is_some() || args.statements || args.sql {
        true => statements(args, &engine, effects)?,
        false => runs(args, &engine, effects)?,
    };
    effects.print(&text)?;
    Ok(Outcome::Done)
}

fn runs(args: &Args, engine: &Engine, effects: &Effects) -> Result<String> {
    let wanted = Filter { rule: args.rule.as_deref(), ..Filter::default() };
    // The oldest run may have begun before the first entry read.
    let mut runs = history(&engine.newest(&wanted, |found| history(found).len() > args.limit)?);
    runs.truncate(args.limit);
    Ok(match args.format {
        Format::Json => {
            let summaries = runs.iter().map(|run| serde_json::to_value(RunSummary::of(run)));
            let summaries: Result<_, _> = summaries.collect();
            report::json(&summaries.map_err(|cause| {
                Error::new(Kind::Internal, "cannot write the runs as JSON").caused_by(cause)
            })?)
        }
        Format::Csv => report::runs_csv(&runs),
        _ => report::runs(effects.style(args.format), &runs),
    })
}

fn statements(args: &Args, engine: &Engine, effects: &Effects) -> Result<String> {
    let of_run = args.run.as_deref().map_or_else(Filter::default, Filter::run);
    let with_sql = args.sql || matches!(args.format, Format::Json | Format::Csv);
    let wanted = Filter { rule: args.rule.as_deref(), with_sql, ..of_run };
    let mut entries = match wanted.since {
        Some(_) => engine.entries(&wanted)?,
        None => engine.newest(&wanted, |found| latest(found).len() > args.limit)?,
    };
    if let (Some(run), true) = (&args.run, entries.is_empty()) {
        return Err(Error::new(
            Kind::UnknownRun,
            format!("the ledger has no run `{}`", run.escape_debug()),
        )
        .help("`onerow log` lists the runs; the start of an id is enough"));
    }
    keep_newest(&mut entries, args.limit);
    Ok(match args.format {
        Format::Json => report::json(&report::entries_json(&entries)),
        Format::Csv => report::entries_csv(&entries),
        _ if args.sql => report::entries_sql(&entries),
        _ => report::entries(effects.style(args.format), &entries),
    })
}

/// Keeps the entries of the newest `limit` statements; entries are sorted oldest first.
fn keep_newest(entries: &mut Vec<Entry>, limit: usize) {
    let all = latest(entries);
    let kept: HashSet<(RunId, u32)> = all[all.len().saturating_sub(limit)..]
        .iter()
        .map(|entry| (entry.run.clone(), entry.sequence))
        .collect();
    entries.retain(|entry| kept.contains(&(entry.run.clone(), entry.sequence)));
}
