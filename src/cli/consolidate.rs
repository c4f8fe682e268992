//! `onerow consolidate`

use std::time::Duration;

use super::common::{ChangedArgs, Common};
use super::execute::{RunSettings, execute};
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome};
use crate::engine::Task;
use crate::error::Result;
use crate::report::{self, Format};
use crate::rule::RuleName;

/// Merge staging tables into the rule's table, so that each key arrives once
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow consolidate --date TODAY --dry-run
  onerow consolidate --changed
  onerow consolidate orders --date TODAY
  onerow consolidate --date TODAY --staging shop.staging_batch_7 --drop")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: ChangedArgs,
    #[command(flatten)]
    staging: StagingArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Change nothing: show what would be merged
    #[arg(long)]
    dry_run: bool,
    /// Delete rows without asking, where deletion markers delete rows for good
    #[arg(long)]
    yes: bool,
    /// Stay until buffered rows have settled, at most this long, such as 2h or 90m
    #[arg(long, value_name = "DURATION", value_parser = super::apply::duration, conflicts_with = "dry_run")]
    wait: Option<Duration>,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if args.dry_run {
        return show(args, effects);
    }
    let settings = RunSettings {
        wait: args.common.project.wait(args.wait)?,
        staging: args.staging.clone(),
        changed: args.which.changed,
        ..RunSettings::of("consolidate", Task::Consolidate, args.format, args.yes)
    };
    execute(&args.common, effects, &settings)
}

fn show(args: &Args, effects: &Effects) -> Result<Outcome> {
    let mut engine = args.common.connecting(effects)?;
    let rules = args.common.rules(engine.project())?;
    // With --all, the rules that have staging tables.
    let rules = rules.iter().filter(|rule| !args.common.all || rule.staging.is_some());
    let names: Vec<RuleName> = rules.map(|rule| rule.name.clone()).collect();
    engine = engine.reading_ledger_once(names.len());
    staging::look(&mut engine, &names, &Task::Consolidate, &args.staging, effects)?;
    let style = effects.style(args.format);
    let (mut texts, mut documents, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for name in &names {
        let rule = engine.rule(name)?;
        let window = match args.which.changed {
            true => args.common.changed(&engine, rule, &Task::Consolidate, effects)?.window,
            false => Some(args.common.window_of(&Task::Consolidate, rule, effects)?),
        };
        let plan = window.map(|window| engine.plan(rule, &Task::Consolidate, &window));
        let Some(plan) = plan.transpose()?.filter(|plan| !plan.is_empty()) else { continue };
        let found = engine.staged(&plan)?;
        if let Some(sentence) = report::left_out(&rule.name, &found) {
            effects.say(&sentence);
        }
        texts.push(report::consolidated(style, &rule.name, None, &found));
        documents.push(report::consolidated_json(&rule.name, None, &found));
        all.push((&rule.name, found));
    }
    match args.format {
        Format::Json => effects.print(&report::json(&report::one_or_all(documents)))?,
        Format::Csv => {
            let found = all.iter().map(|(rule, found)| (*rule, found));
            effects.print(&report::consolidated_csv(found))?;
        }
        _ => effects.print(&texts.join("\n"))?,
    }
    Ok(Outcome::Done)
}
