//! `onerow status`

use super::common::{ChangedArgs, Common};
use super::each::{Looked, look_at_each, say_notes};
use super::plan::outcome;
use super::{Effects, Outcome};
use crate::engine::Task;
use crate::error::Result;
use crate::report::{self, Format};
use crate::rule::RuleName;
use crate::run::Report;

/// Show the counts of duplicates per date, of the last 14 dates by default (read-only)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow status
  onerow status --last 7
  onerow status --changed
  onerow status orders --from 2026-01-20 --to 2026-01-29 --format json
  onerow status --date YESTERDAY --exit-code || alert")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: ChangedArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Exit with 4 when there are duplicates
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.common.connecting(effects)?;
    let rules = args.common.rules(engine.project())?;
    let names: Vec<RuleName> = rules.iter().map(|rule| rule.name.clone()).collect();
    let engine = engine.reading_ledger_once(names.len());
    let Looked { seen: reports, failed } = look_at_each(&names, effects, |name| {
        let rule = engine.rule(name)?;
        if !args.which.changed {
            return engine.status(rule, &args.common.window_to_look(rule, effects)?);
        }
        match args.common.changed(&engine, rule, &Task::detect(), effects)?.window {
            Some(window) => engine.status(rule, &window),
            None => Ok(Report::nothing(rule)),
        }
    })?;
    let style = effects.style(args.format);
    let outcome = outcome(args.exit_code, &reports, &failed);
    let text = match args.format {
        Format::Json => {
            let documents = reports.iter().map(report::days_json).chain(failed);
            report::json(&report::one_or_all(documents.collect()))
        }
        Format::Csv => report::days_csv(&reports),
        _ => reports.iter().map(|r| report::days(style, r)).collect::<Vec<_>>().join("\n"),
    };
    effects.print(&text)?;
    say_notes(&reports, effects);
    Ok(outcome)
}
