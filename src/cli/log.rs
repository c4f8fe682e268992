//! `onerow log`

use super::common::ProjectArgs;
use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};
use crate::ledger::{Entry, Filter};
use crate::report::{self, Format};

/// Read the ledger, newest first
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow log
  onerow log --run 20260130T0741 --sql
  onerow log --warehouse prod --limit 5
  onerow log player_prop_predictions --format json")]
pub(super) struct Args {
    /// Only this rule
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// Only this run; the start of its id is enough
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Show the SQL that was sent
    #[arg(long)]
    sql: bool,
    /// At most this many statements
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.connecting(effects)?;
    if let Some(rule) = &args.rule {
        engine.project().file.rule(rule)?;
    }
    let wanted = Filter { run: args.run.as_deref(), rule: args.rule.as_deref(), since: None };
    let mut entries = engine.entries(&wanted)?;
    if let (Some(run), true) = (&args.run, entries.is_empty()) {
        return Err(Error::new(
            Kind::Usage,
            format!("the ledger has no run `{}`", run.escape_debug()),
        )
        .help("`onerow log` lists the runs; the start of an id is enough"));
    }
    keep_newest(&mut entries, args.limit);
    let style = effects.style(args.format);
    effects.print(&match args.format {
        Format::Json => report::json(&report::entries_json(&entries)),
        _ if args.sql => report::entries_sql(&entries),
        _ => report::entries(style, &entries),
    })?;
    Ok(Outcome::Done)
}

/// Keeps the entries of the newest `limit` statements; entries are oldest first.
fn keep_newest(entries: &mut Vec<Entry>, limit: usize) {
    let mut statements: Vec<(String, u32)> = Vec::new();
    for entry in entries.iter().rev() {
        let statement = (entry.run.clone(), entry.sequence);
        if !statements.contains(&statement) {
            if statements.len() == limit {
                break;
            }
            statements.push(statement);
        }
    }
    entries.retain(|entry| {
        statements.iter().any(|(run, sequence)| *run == entry.run && *sequence == entry.sequence)
    });
}
