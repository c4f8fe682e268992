//! `onerow consolidate`

use std::time::Duration;

use super::common::Common;
use super::execute::{Manner, execute};
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome};
use crate::error::Result;
use crate::plan;
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::sqlite::Access;

/// Merge staging tables into the rule's table, so that each key arrives once
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow consolidate --date TODAY --dry-run
  onerow consolidate player_prop_predictions --date TODAY
  onerow consolidate --date TODAY --staging nba_predictions.staging_batch_7 --drop")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    staging: StagingArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Change nothing: show what would be merged
    #[arg(long)]
    dry_run: bool,
    /// Stay until buffered rows have settled, at most this long, such as 2h or 90m
    #[arg(long, value_name = "DURATION", value_parser = super::apply::duration, conflicts_with_all = ["dry_run", "now"])]
    wait: Option<Duration>,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if args.dry_run {
        return show(args, effects);
    }
    execute(
        &args.common,
        effects,
        &Manner {
            wait: args.wait.unwrap_or_default(),
            merges: merges(args),
            staging: args.staging.clone(),
            ..Manner::of("consolidate", args.format, true)
        },
        steps,
        run::consolidate,
    )
}

/// Which rules it is about: with --all, those that have staging tables.
fn merges(args: &Args) -> fn(&Rule) -> bool {
    if args.common.all { |rule| rule.staging.is_some() } else { |_| true }
}

/// Where no staging table is left, there is nothing to merge.
fn steps(renderer: &Renderer<'_>) -> Vec<StepName> {
    renderer.rule().stages().then(StepName::consolidate).into_iter().collect()
}

fn show(args: &Args, effects: &Effects) -> Result<Outcome> {
    let mut project = args.common.project.open()?;
    let rules = args.common.rules(&project)?;
    let rules = rules.into_iter().filter(|rule| merges(args)(rule));
    let names: Vec<String> = rules.map(|rule| rule.name.to_string()).collect();
    let connection = args.common.project.connect(&project, effects, Access::ReadOnly)?;
    staging::look(&mut project, &names, &args.staging, &connection, effects)?;
    let style = effects.style(args.format);
    let (mut texts, mut documents) = (Vec::new(), Vec::new());
    for name in &names {
        let rule = project.file.rule(name)?;
        let renderer = args.common.renderer(&project, rule)?;
        let window = args.common.window(rule, effects)?;
        let steps = steps(&renderer);
        if steps.is_empty() {
            continue;
        }
        plan::make(&renderer, &steps, &window)?;
        let now = args.common.project.clock(effects).now();
        let found = run::staged(&renderer, &*connection.warehouse, now, &window)?;
        texts.push(report::consolidated(style, &rule.name, None, &found));
        documents.push(report::consolidated_json(&rule.name, None, &found));
    }
    match args.format {
        Format::Json => effects.print(&report::json(&report::one_or_all(documents)))?,
        _ => effects.print(&texts.join("\n"))?,
    }
    Ok(Outcome::Done)
}
